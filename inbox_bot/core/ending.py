"""How a dispute ends: what Amazon wrote, what a settlement shows, and what its silence may be taken for.

Amazon writes only when the seller has to pay, so most disputes end in silence. Money that moved outweighs a letter,
and a letter outweighs silence; nothing here is more certain than what it rests on. Pure: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from inbox_bot.core.model import Money, Outcome
from inbox_bot.core.record import Posting, PostingKind

if TYPE_CHECKING:
    from inbox_bot.core.case import Case


class Ending(StrEnum):
    """How a case ended, by the best that is known of it."""

    DEBITED = "debited"  # Amazon wrote so, or a settlement shows the debit
    IN_FAVOUR = "in_favour"  # Amazon wrote so
    CONFIRMED_KEPT = "confirmed_kept"  # settlements show that the money stayed, or came back
    PRESUMED_WON = "presumed_won"  # answered, and no word for as long as Amazon says that it takes
    REFUNDED = "refunded"  # the seller gave the money back
    UNANSWERED = "unanswered"  # no answer went out, and no word came either


@dataclass(frozen=True, slots=True)
class Settled:
    """What settlements say about the disputed money: `amount` is what was taken (negative) or came back, in all."""

    kept: bool
    amount: Money | None
    on: date | None
    because: str


@dataclass(frozen=True, slots=True)
class SettlementPeriod:
    """The days that one settlement covers, both included."""

    settlement_id: str
    start_on: date
    end_on: date


@dataclass(frozen=True, slots=True)
class Readings:
    """When silence may be taken for a win.

    Amazon's page counts the days from the answer in English, and from the buyer's demand to the bank in Chinese. The
    day of the demand is not known; it lies before the notice. Only the later reading ever closes a case.
    """

    earlier_at: datetime
    later_at: datetime


def readings_of(case: Case, days: int) -> Readings:
    """Both readings for a case; without an answer the days are counted from its cutoff, or from its first mail."""
    start = case.answered_at
    if start is None:
        start = (case.deadline.due_by or case.deadline.send_by) if case.deadline else case.opened_at
    wait = timedelta(days=days)
    return Readings(min(case.notice.received_at, start) + wait, start + wait)


def ending_of(case: Case) -> Ending | None:
    """How the case ended, None while it goes on and for what was never a dispute of the seller's."""
    if not case.trusted:
        return None
    if case.settled is not None:
        return Ending.CONFIRMED_KEPT if case.settled.kept else Ending.DEBITED
    if case.outcome is not None:
        return Ending.IN_FAVOUR if case.outcome is Outcome.IN_FAVOUR else Ending.DEBITED
    if case.refund_confirmed and case.answered_at is not None:
        return Ending.REFUNDED
    if case.lapsed_at is None:
        return None
    return Ending.PRESUMED_WON if case.answered_at is not None else Ending.UNANSWERED


def share_postings(cases: Sequence[Case], postings: Iterable[Posting]) -> Mapping[str, tuple[Posting, ...]]:
    """The chargeback postings of one order by the case they belong to.

    A posting belongs to a case whose notice came before it: to the one of the same amount, else to the latest.
    """
    shared: dict[str, list[Posting]] = {}
    for posting in postings:
        if posting.kind is not PostingKind.CHARGEBACK:
            continue
        before = [case for case in cases if _came_before(case, posting)]
        alike = [case for case in before if _same_amount(case, posting)]
        if before:
            case = max(alike or before, key=lambda one: one.notice.received_at)
            shared.setdefault(case.case_id, []).append(posting)
    return {case_id: tuple(own) for case_id, own in shared.items()}


def _came_before(case: Case, posting: Posting) -> bool:
    # A day of slack: a settlement's day is Amazon's, the notice's instant is UTC.
    return posting.posted_on is None or posting.posted_on >= case.notice.received_at.date() - timedelta(
        days=1
    )


def _same_amount(case: Case, posting: Posting) -> bool:
    amount = case.notice.amount
    return (
        amount is not None
        and amount.currency == posting.amount.currency
        and amount.amount == abs(posting.amount.amount)
    )


def read_postings(postings: Sequence[Posting]) -> Settled | None:
    """What the chargeback postings of one case come to: taken, or taken and given back; None when there are none."""
    if not postings:
        return None
    currencies = {posting.amount.currency for posting in postings}
    days = [posting.posted_on for posting in postings if posting.posted_on is not None]
    last_on = max(days, default=None)
    sources = ", ".join(dict.fromkeys(posting.reference for posting in postings))
    if len(currencies) > 1:
        return Settled(
            False, None, last_on, f"settlement {sources} shows the chargeback in several currencies"
        )
    total = Money(sum((posting.amount.amount for posting in postings), Decimal(0)), currencies.pop())
    if total.amount < 0:
        return Settled(False, total, last_on, f"settlement {sources} shows {total} for the chargeback")
    return Settled(True, total, last_on, f"settlement {sources} shows that the chargeback was given back")


def covered(periods: Iterable[SettlementPeriod], first_on: date, last_on: date) -> bool:
    """Whether the settlements cover every day from the first to the last, both included."""
    next_on = first_on
    for period in sorted(periods, key=lambda one: one.start_on):
        if period.start_on > next_on:
            return False
        next_on = max(next_on, period.end_on + timedelta(days=1))
        if next_on > last_on:
            return True
    return False


def silence_confirmed(case: Case, periods: Iterable[SettlementPeriod]) -> Settled | None:
    """The word of settlements that cover the whole dispute and take nothing for it; None when they do not."""
    was_silent = case.lapsed_at is not None and case.outcome is None and case.settled is None
    if not was_silent or case.answered_at is None or case.lapsed_at is None or case.refund_confirmed:
        return None
    first_on, last_on = case.notice.received_at.date(), case.lapsed_at.date()
    if not covered(periods, first_on, last_on):
        return None
    because = f"the settlements of {first_on} to {last_on} take nothing for this order's chargeback"
    return Settled(True, None, last_on, because)
