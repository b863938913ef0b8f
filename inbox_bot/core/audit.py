"""What a mailbox shows of past disputes: which notices were answered, which were missed, and what it cost.

Works on the cases that the mails of the time make, with their histories. Reading the mailbox is the business of
`inbox_bot/audit.py`. Pure: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inbox_bot.core.case import Case
from inbox_bot.core.events import Event
from inbox_bot.core.model import Kind, Money, Outcome
from inbox_bot.core.report import Sum, sum_of
from inbox_bot.core.report_lines import Asked, asked_of, first_notice


class Finding(StrEnum):
    """What became of one dispute, as far as mails show it."""

    IN_TIME = "answered in time"
    LATE = "answered late"
    MISSED = "missed"
    OPEN = "still open"
    NO_NOTICE = "decided, and no notice was found"
    UNVOUCHED = "nothing vouches for it"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One dispute: of several questions the one that was answered worst counts."""

    order_id: str
    noticed_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    finding: Finding
    outcome: Outcome | None
    reason: str
    amount: Money | None
    why_unvouched: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """All disputes of a mailbox, the oldest first, and their sums.

    `missed_debited` and `missed_silent` are the missed ones by whether Amazon wrote that it debited them;
    `lost_all_the_same` were answered in time and debited.
    """

    lines: tuple[AuditLine, ...]
    notices: Sum
    in_time: Sum
    late: Sum
    missed: Sum
    missed_debited: Sum
    missed_silent: Sum
    still_open: Sum
    no_notice: Sum
    lost_all_the_same: Sum
    unvouched: Sum

    def of(self, *findings: Finding) -> tuple[AuditLine, ...]:
        """The disputes of those findings."""
        return tuple(line for line in self.lines if line.finding in findings)


_WORST_FIRST = (Finding.MISSED, Finding.LATE, Finding.OPEN, Finding.IN_TIME)


def audit_line(case: Case, history: Iterable[tuple[datetime, Event]], now: datetime) -> AuditLine:
    """What became of the dispute of a case."""
    history = tuple(history)
    asked = asked_of(case.case_id, history)
    notice = first_notice(case, history)
    finding, worst = _worst(asked, now)
    amount = notice.amount or case.notice.amount
    if case.decision_mail is not None and amount is None:
        amount = case.decision_mail.amount
    return AuditLine(
        order_id=case.order_id or "",
        noticed_at=notice.received_at,
        due_at=worst.cutoff_at if worst else None,
        answered_at=worst.answered_at if worst else None,
        finding=finding if case.trusted else Finding.UNVOUCHED,
        outcome=case.outcome,
        reason=case.reason.value,
        amount=amount,
        why_unvouched="" if case.trusted else notice.trust_reason,
    )


def _worst(asked: Sequence[Asked], now: datetime) -> tuple[Finding, Asked | None]:
    if not asked:
        return Finding.NO_NOTICE, None
    found = [(_finding(one, now), one) for one in asked]
    return min(found, key=lambda pair: _WORST_FIRST.index(pair[0]))


def _finding(asked: Asked, now: datetime) -> Finding:
    if asked.answered_at is not None:
        return Finding.IN_TIME if asked.in_time else Finding.LATE
    return Finding.OPEN if asked.cutoff_at is None or asked.cutoff_at >= now else Finding.MISSED


def audit_of(lines: Iterable[AuditLine]) -> Audit:
    """The sums over all disputes."""
    ordered = tuple(sorted(lines, key=lambda line: (line.noticed_at, line.order_id)))

    def of(*findings: Finding, debited: bool | None = None) -> Sum:
        return sum_of(
            line.amount
            for line in ordered
            if line.finding in findings and (debited is None or (line.outcome is Outcome.DEBITED) == debited)
        )

    return Audit(
        lines=ordered,
        notices=of(Finding.IN_TIME, Finding.LATE, Finding.MISSED, Finding.OPEN),
        in_time=of(Finding.IN_TIME),
        late=of(Finding.LATE),
        missed=of(Finding.MISSED),
        missed_debited=of(Finding.MISSED, debited=True),
        missed_silent=of(Finding.MISSED, debited=False),
        still_open=of(Finding.OPEN),
        no_notice=of(Finding.NO_NOTICE),
        lost_all_the_same=of(Finding.IN_TIME, debited=True),
        unvouched=of(Finding.UNVOUCHED),
    )


def is_dispute(case: Case) -> bool:
    """Whether the case is one of its own, and not the shadow of a decision nobody vouches for."""
    return case.trusted or case.notice.kind is not Kind.DECISION
