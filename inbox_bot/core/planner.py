"""What comes next for a case: one pure function that drives everything.

The shell performs the step, appends its event and asks again, until the answer is `Wait`. Nothing is remembered
between two questions but the case itself, so a killed process goes on where its last event left it.

::

    (late: LookForEarlierAnswer ->)
    Gather -> Decide -> Compose -> PlaceDraft -> (the seller sends) ............... answered
                 |                     |-> approved, auto or last call -> Send ---- answered -> FileSentCopy
                 |-> review, refund: a person                             |-> unknown -> LookUp -> found: answered
                                                                                         |-> still in doubt: a person;
                                                                                             near the cutoff: Send again
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_bot.core.afterlife import (
    AfterStep,
    Lapse,
    after_end,
    is_contest,
    lapses_at,
)
from inbox_bot.core.case import Case, ComposedReply, LookBack, SendState, Status
from inbox_bot.core.ladder import DueAlarm, due_alarm, next_rung_at
from inbox_bot.core.model import LastCall, Mode, Policy, Verdict

# A copy of a sent mail shows up within seconds as a rule; some providers have been seen to take minutes.
LOOK_AFTER = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
# Within this much of the cutoff a twin costs less than a missed day seven.
RESEND_WITHIN = timedelta(hours=24)
MAX_SENDS_IN_DOUBT = 2
MOST_UNASKED = 3  # replies on one case without a person: two machines could go on answering each other
LOOK_FOR_REFUND_EVERY = timedelta(hours=3)
LONGEST_PAUSE = timedelta(hours=25)
MAX_TIDYING_TRIES = 6


@dataclass(frozen=True, slots=True)
class LookForEarlierAnswer:
    """Search the mailbox for an answer of which this store knows nothing: it may be new, or an old backup."""


@dataclass(frozen=True, slots=True)
class Gather:
    """Collect everything on record about the order."""


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask the rule table."""


@dataclass(frozen=True, slots=True)
class Compose:
    """Write the reply and fix its bytes."""


@dataclass(frozen=True, slots=True)
class MakeRefundTask:
    """Work out what exactly the seller has to refund, and whether it may be done without asking again."""


@dataclass(frozen=True, slots=True)
class LookForRefund:
    """See whether a mail or a settlement shows that the seller made the refund."""


@dataclass(frozen=True, slots=True)
class PlaceDraft:
    """Append the reply to Drafts; look there first when an earlier try may have got through."""

    look_first: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Hand the reply to the SMTP server."""

    because: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Search the mailbox for a copy of a reply whose fate is unknown; no `look_again_at`: the last look."""

    look_again_at: datetime | None


@dataclass(frozen=True, slots=True)
class FileSentCopy:
    """See that a copy of the sent reply stands in Sent."""


@dataclass(frozen=True, slots=True)
class RemoveDraft:
    """Take the draft of a reply that we sent out of Drafts, so that nobody sends it again."""


@dataclass(frozen=True, slots=True)
class SettleOldDraft:
    """Take a draft out of Drafts that a newer answer replaced, unless a person has edited it."""

    draft: ComposedReply


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell a person, once per name."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before the instant; None: until something happens."""

    until: datetime | None


Step = (
    LookForEarlierAnswer
    | Gather
    | Decide
    | MakeRefundTask
    | LookForRefund
    | Compose
    | PlaceDraft
    | Send
    | LookUp
    | FileSentCopy
    | RemoveDraft
    | SettleOldDraft
    | AfterStep
    | Alert
    | Wait
)


def next_step(case: Case, policy: Policy, now: datetime) -> Step:
    """The one next step for the case at the instant `now`."""
    if case.status is Status.CLOSED:
        return _after_end(case, now)
    if case.status is Status.ANSWERED:
        return _or_lapse(_after_answer(case, now), case, policy, now)
    step = _or_lapse(_work(case, policy, now), case, policy, now)
    if not isinstance(step, Wait):
        return step
    alarm = due_alarm(case, now)
    return Alert(alarm.name, alarm.text) if alarm else Wait(_sooner(step.until, next_rung_at(case, now)))


def _after_end(case: Case, now: datetime) -> Step:
    if _postponed(case, now):
        return Wait(case.retry_at)
    step = after_end(case)
    if step is None:
        return Wait(None)
    return Alert(step.name, step.text) if isinstance(step, DueAlarm) else step


def _or_lapse(step: Step, case: Case, policy: Policy, now: datetime) -> Step:
    """What there is to do, or the end of the case once nobody has said anything for long enough."""
    if not isinstance(step, Wait) or case.send_state in (SendState.BODY, SendState.UNKNOWN):
        return step
    lapses = lapses_at(case, policy)
    return Lapse() if now >= lapses else Wait(_sooner(step.until, lapses))


def _after_answer(case: Case, now: datetime) -> Step:
    if case.send_state is not SendState.SENT or case.failures >= MAX_TIDYING_TRIES:
        return Wait(None)
    if _postponed(case, now):
        return Wait(case.retry_at)
    if not case.sent_copy:
        return FileSentCopy()
    if case.draft_state:
        return RemoveDraft()
    return SettleOldDraft(case.old_drafts[0]) if case.old_drafts else Wait(None)


def _postponed(case: Case, now: datetime) -> bool:
    # What lies farther ahead than any pause was set by a clock that ran ahead.
    return case.retry_at is not None and now < case.retry_at <= now + LONGEST_PAUSE


def _work(case: Case, policy: Policy, now: datetime) -> Step:
    if _postponed(case, now):
        return Wait(case.retry_at)
    if case.send_state in (SendState.BODY, SendState.UNKNOWN):
        return _in_doubt(case, now)
    if case.held_because:
        return Wait(None)
    if not case.trusted:
        return Decide() if case.decision is None else Wait(None)
    if case.look_back is LookBack.DUE:
        return LookForEarlierAnswer()
    if case.dossier_sha256 is None:
        return Gather()
    if case.decision is None:
        return Decide()
    step = _answer(case, policy, now)
    # The new draft stands first, then the old one goes: at no time is there none.
    return SettleOldDraft(case.old_drafts[0]) if isinstance(step, Wait) and case.old_drafts else step


def _answer(case: Case, policy: Policy, now: datetime) -> Step:
    if case.verdict is Verdict.REVIEW or case.blocked_because:
        return Wait(None)
    if case.verdict is Verdict.REFUND and not case.refund_confirmed:
        return _await_refund(case, now)
    if case.reply is None:
        return Compose()
    if (policy.mode is Mode.DRAFT or is_contest(case)) and case.draft_state != "placed":
        return PlaceDraft(look_first=case.draft_state == "intended" or case.look_back is LookBack.DONE)
    because = _may_send(case, policy, now)
    if because:
        return Send(because)
    return Wait(case.deadline.send_by if case.deadline and _last_call_allows(case, policy) else None)


def _await_refund(case: Case, now: datetime) -> Step:
    if case.refund_task is None:
        return MakeRefundTask()
    look_at = (case.refund_looked_at or now) + LOOK_FOR_REFUND_EVERY
    return LookForRefund() if now >= look_at else Wait(look_at)


def _may_send(case: Case, policy: Policy, now: datetime) -> str:
    """Why the reply may go out now; empty when it may not."""
    if case.approved:
        return "approved by a person"
    if case.replies_sent >= MOST_UNASKED or is_contest(case):
        return ""  # a debit is contested by a person, never by rule
    if policy.mode is Mode.AUTO and _complete(case) and _is_ours(case):
        return "sent by rule"
    if case.deadline is not None and now >= case.deadline.send_by and _last_call_allows(case, policy):
        return "last call before the cutoff"
    return ""


def _complete(case: Case) -> bool:
    return case.decision is not None and not case.decision.missing


def _is_ours(case: Case) -> bool:
    """An order that only the notice speaks of may be somebody else's: a person has to say that it is not."""
    return case.order_known or case.overruled


def _last_call_allows(case: Case, policy: Policy) -> bool:
    if not _is_ours(case):
        return False
    if policy.last_call is LastCall.ALWAYS:
        return True
    return policy.last_call is LastCall.COMPLETE and _complete(case)


def _in_doubt(case: Case, now: datetime) -> Step:
    started_at = min(case.body_at or now, now)
    looks = LOOK_AFTER[case.look_ups :]
    if looks:
        look_at = started_at + looks[0]
        if now < look_at:
            return Wait(look_at)
        return LookUp(max(started_at + looks[1], now) if len(looks) > 1 else None)
    if case.copies_prove and case.bodies_started < MAX_SENDS_IN_DOUBT and not case.held_because:
        return Send("it left no copy, and every reply of late did")
    if case.deadline is None or case.deadline.due_by is None or case.bodies_started >= MAX_SENDS_IN_DOUBT:
        return Wait(None)
    resend_at = case.deadline.due_by - RESEND_WITHIN
    return Send("no copy was found and the cutoff is near") if now >= resend_at else Wait(resend_at)


def _sooner(first: datetime | None, second: datetime | None) -> datetime | None:
    return min((instant for instant in (first, second) if instant is not None), default=None)
