"""What comes next for a case after its answer, and after its end: silence, decisions, debits. Part of the planner.

::

    answered --(90 days of silence)--> lapsed: presumed won
    decision -> told once -> no notice was ever seen: it is looked for
                          -> debited: the record is held against the answer -> something new: a draft to the decider
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from inbox_bot.core.case import Case
from inbox_bot.core.ending import readings_of
from inbox_bot.core.ladder import DueAlarm
from inbox_bot.core.model import Kind, Outcome, Policy
from inbox_bot.core.record import Evidence, Grade

_COUNTS = (Grade.STRONG, Grade.MODERATE)
FEW_WIN = "the bank's decision is usually final, so the chance is small"


@dataclass(frozen=True, slots=True)
class Lapse:
    """Nobody wrote for as long as Amazon says that it takes: the case is over."""


@dataclass(frozen=True, slots=True)
class LookForMissedNotice:
    """Search the whole mailbox for the notice of a dispute that Amazon has decided."""


@dataclass(frozen=True, slots=True)
class WeighDebit:
    """Hold what is on record now against what the answer held."""


AfterStep = Lapse | LookForMissedNotice | WeighDebit


def lapses_at(case: Case, policy: Policy) -> datetime:
    """When the silence about a case has lasted long enough: the later reading, never earlier."""
    return readings_of(case, policy.presume_won_days).later_at


def is_decision_without_notice(case: Case) -> bool:
    """Whether Amazon's decision was the first mail of the case."""
    mail = case.decision_mail
    return mail is not None and case.mail_sha256s[:1] == (mail.mail_sha256,)


def is_contest(case: Case) -> bool:
    """Whether the case was opened again to say that a debit was an error."""
    return case.notice.kind is Kind.DECISION and bool(case.weighed)


def new_evidence(case: Case, evidence: Collection[Evidence]) -> tuple[Evidence, ...]:
    """What carries weight and was in no answer of the case so far."""
    told = frozenset(case.told_evidence)
    return tuple(one for one in evidence if one.grade in _COUNTS and one.statement not in told)


def may_be_contested(case: Case) -> bool:
    """Whether new proof could still be put before who decided: the account was debited after an answer."""
    is_debited = case.decision_mail is not None and case.outcome is Outcome.DEBITED
    return is_debited and case.closed_at is not None and bool(case.weighed)


def after_end(case: Case) -> AfterStep | DueAlarm | None:
    """What is left to do about a closed case, None when nothing is."""
    if not case.trusted:
        return None
    if (alarm := _news(case)) is not None:
        return alarm
    if is_decision_without_notice(case) and not case.missed_notice_looked_for:
        return LookForMissedNotice()
    mail = case.decision_mail
    if mail is None or case.outcome is not Outcome.DEBITED or case.weighed == mail.mail_sha256:
        return None
    return WeighDebit() if case.told_evidence or case.answered_at is not None else None


def _news(case: Case) -> DueAlarm | None:
    """How the case ended, told once."""
    mail = case.decision_mail
    if mail is not None:
        name = f"decided {case.outcome.value if case.outcome else 'unread'} {mail.mail_sha256[:8]}"
        if name not in case.alerts:
            return DueAlarm(name, _decided(case))
    if case.settled is not None and not case.settled.kept and case.outcome is not Outcome.DEBITED:
        name = "debited in a settlement"
        if name not in case.alerts:
            said = "Amazon had decided in your favour" if case.outcome else "no decision of Amazon's was seen"
            return DueAlarm(name, f"{case.settled.because}, and {said}: look into Seller Central")
    return None


def _decided(case: Case) -> str:
    mail, amount = case.decision_mail, ""
    if mail is not None and mail.amount is not None:
        amount = f" ({mail.amount})"
    if case.outcome is None:
        return "Amazon sent a decision whose outcome could not be read: look at it yourself"
    if case.outcome is Outcome.IN_FAVOUR:
        return f"Amazon decided in your favour{amount}"
    answered = "" if case.answered_at is not None else "; no answer of yours is on record"
    return f"Amazon decided against you: your account is debited{amount}{answered}"
