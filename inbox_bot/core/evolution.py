"""How events change a case: folding all events of a case gives the case, whenever it is done.

`evolve` is the only place where an event changes anything; the store derives its row with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case, ComposedReply, LookBack, SendState
from inbox_bot.core.deadline import earliest
from inbox_bot.core.events import Event
from inbox_bot.core.evolution_after import AFTERLIFE, filled_up, with_mail
from inbox_bot.core.evolution_sending import SENDING, done, fresh_answer
from inbox_bot.core.model import Decision, Kind, Notice, Reason

# A notice that is older when it is first read may have been answered before: by hand, or by another store.
PROMPT = timedelta(minutes=10)


def fold(case_id: str, history: Iterable[tuple[datetime, Event]]) -> Case:
    """The case that a whole history gives; raises ValueError when it does not begin with `CaseOpened`."""
    case: Case | None = None
    for at, event in history:
        case = evolve(case, case_id, at, event)
    if case is None:
        raise ValueError(f"case {case_id} has no events")
    return case


def evolve(case: Case | None, case_id: str, at: datetime, event: Event) -> Case:
    """The case after one more event at the instant `at`."""
    if isinstance(event, happened.CaseOpened):
        if case is not None:
            raise ValueError(f"case {case_id} was opened twice")
        return _opened(case_id, at, event)
    if case is None:
        raise ValueError(f"case {case_id} begins with {type(event).__name__}")
    return _EVOLVE[type(event)](case, at, event)


def _opened(case_id: str, at: datetime, event: happened.CaseOpened) -> Case:
    notice = event.notice
    case = Case(
        case_id=case_id,
        account=event.account,
        opened_at=at,
        notice=notice,
        deadline=event.deadline,
        trusted=notice.trusted,
        order_id=notice.order_id,
        reason=notice.reason,
        look_back=_look_back(notice, at),
    )
    return with_mail(case, notice)


def _look_back(notice: Notice, at: datetime) -> LookBack:
    return LookBack.DUE if at - notice.received_at > PROMPT else LookBack.NO_NEED


def _restored(case: Case, at: datetime, event: happened.StoreRestored) -> Case:
    return replace(case, look_back=LookBack.DUE, retry_at=None)


def _looked_back(case: Case, at: datetime, event: happened.LookedBack) -> Case:
    return replace(done(case), look_back=LookBack.DONE)


def _joined(case: Case, at: datetime, event: happened.NoticeJoined) -> Case:
    case = with_mail(case, event.notice)
    if event.notice.kind is Kind.INFORMATION_REQUEST:
        return _reopened(case, at, event)
    deadline = earliest(event.deadline, case.deadline) if event.deadline else case.deadline
    if case.answered_at is None and case.send_state is SendState.NONE and _says_more(event.notice, case):
        case = replace(fresh_answer(case), dossier_sha256=None)
    if case.reply is not None or case.answered_at is not None:
        return replace(case, deadline=deadline)
    merged = replace(event.notice, reason=_known(event.notice.reason, case.reason))
    return replace(
        case, notice=_fuller(case.notice, merged), reason=merged.reason, deadline=deadline, decision=None
    )


def _says_more(notice: Notice, case: Case) -> bool:
    """Whether a claim that came later makes an answer that has not gone out the wrong one."""
    gives_the_reason = case.reason is Reason.UNKNOWN and notice.reason is not Reason.UNKNOWN
    return gives_the_reason or case.notice.kind is Kind.INFORMATION_REQUEST


def _known(new: Reason, old: Reason) -> Reason:
    return old if new is Reason.UNKNOWN else new


def _fuller(old: Notice, new: Notice) -> Notice:
    """The newer notice, unless it says less than the older one did."""
    return old if new.order_id is None and old.order_id is not None else new


def _reopened(case: Case, at: datetime, event: happened.NoticeJoined) -> Case:
    """A request for information needs an answer of its own, also in a case that was answered before."""
    notice = filled_up(event.notice, case)
    return replace(
        fresh_answer(case),
        notice=notice,
        reason=notice.reason,
        order_id=notice.order_id,
        deadline=event.deadline,
        look_back=_look_back(event.notice, at),
        decision=None,
        overruled=False,
        dossier_sha256=None,
        closed_at=None,
        lapsed_at=None,
    )


def _evidence_changed(case: Case, at: datetime, event: happened.EvidenceChanged) -> Case:
    if case.closed_at is not None:
        return replace(case, weighed="")
    if case.answered_at is not None or case.send_state not in _NOT_SENT:
        return case
    fresh = replace(fresh_answer(case), dossier_sha256=None, held_because=case.held_because)
    return fresh if case.overruled else replace(fresh, decision=None)


_NOT_SENT = (SendState.NONE, SendState.INTENDED, SendState.REFUSED)


def _gathered(case: Case, at: datetime, event: happened.EvidenceGathered) -> Case:
    return replace(
        done(case),
        dossier_sha256=event.dossier_sha256,
        evidence=event.evidence,
        assessment=event.assessment,
        problems=event.problems,
        in_folder=event.in_folder,
        order_known=event.order_known,
    )


def _decided(case: Case, at: datetime, event: happened.Decided) -> Case:
    return replace(done(case), decision=event.decision)


def _overruled(case: Case, at: datetime, event: happened.Overruled) -> Case:
    decision = Decision(event.verdict, "a person's choice", event.note or "A person decided so.")
    if case.decision is not None:
        decision = replace(decision, missing=case.decision.missing)
    changed = replace(case, decision=decision, overruled=True, held_because="", blocked_because="")
    if case.send_state in _NOT_SENT:
        return replace(fresh_answer(changed), alerts=case.alerts)
    return changed


def _composed(case: Case, at: datetime, event: happened.ReplyComposed) -> Case:
    reply = ComposedReply(
        event.revision,
        event.message_id,
        event.sha256,
        event.sender,
        event.recipient,
        event.subject,
        event.attachment_names,
        at,
    )
    return replace(
        done(case),
        reply=reply,
        revisions=max(case.revisions, event.revision),
        blocked_because="",
        draft_state="",
        thread_ids=tuple(dict.fromkeys((*case.thread_ids, event.message_id))),
    )


def _blocked(case: Case, at: datetime, event: happened.ReplyBlocked) -> Case:
    return replace(done(case), blocked_because=event.because, blocked_letter_sha256=event.letter_sha256)


def _draft_intended(case: Case, at: datetime, event: happened.DraftIntended) -> Case:
    return replace(case, draft_state="intended")


def _draft_placed(case: Case, at: datetime, event: happened.DraftPlaced) -> Case:
    return replace(done(case), draft_state="placed")


def _draft_removed(case: Case, at: datetime, event: happened.DraftRemoved) -> Case:
    return replace(done(case), draft_state="")


def _old_draft_settled(case: Case, at: datetime, event: happened.OldDraftSettled) -> Case:
    left = tuple(one for one in case.old_drafts if one.message_id != event.message_id)
    return replace(done(case), old_drafts=left)


def _held(case: Case, at: datetime, event: happened.CaseHeld) -> Case:
    return replace(case, held_because=event.because)


def _refund_task_made(case: Case, at: datetime, event: happened.RefundTaskMade) -> Case:
    return replace(done(case), refund_task=event.task, refund_asked_at=at, refund_looked_at=at)


def _refund_looked_for(case: Case, at: datetime, event: happened.RefundLookedFor) -> Case:
    return replace(done(case), refund_looked_at=at)


def _refund_confirmed(case: Case, at: datetime, event: happened.RefundConfirmed) -> Case:
    # The record of the refund has to be looked up again before anything is said about it.
    return replace(done(case), refund_confirmed=True, held_because="", dossier_sha256=None)


def _postponed(case: Case, at: datetime, event: happened.StepPostponed) -> Case:
    return replace(case, retry_at=event.retry_at, failures=case.failures + 1)


def _alerted(case: Case, at: datetime, event: happened.AlertRaised) -> Case:
    return replace(case, alerts=tuple(dict.fromkeys((*case.alerts, event.name))))


_EVOLVE: dict[type[Event], Callable[[Case, datetime, Any], Case]] = {
    happened.NoticeJoined: _joined,
    happened.StoreRestored: _restored,
    happened.LookedBack: _looked_back,
    happened.EvidenceGathered: _gathered,
    happened.EvidenceChanged: _evidence_changed,
    happened.Decided: _decided,
    happened.Overruled: _overruled,
    happened.ReplyComposed: _composed,
    happened.ReplyBlocked: _blocked,
    happened.DraftIntended: _draft_intended,
    happened.DraftPlaced: _draft_placed,
    happened.DraftRemoved: _draft_removed,
    happened.OldDraftSettled: _old_draft_settled,
    **SENDING,
    **AFTERLIFE,
    happened.CaseHeld: _held,
    happened.RefundTaskMade: _refund_task_made,
    happened.RefundLookedFor: _refund_looked_for,
    happened.RefundConfirmed: _refund_confirmed,
    happened.StepPostponed: _postponed,
    happened.AlertRaised: _alerted,
}
