"""The numbers of a period, told straight: what was disputed, refunded, kept and lost, each with its count. Pure.

Money stays in its own currency. What is presumed is counted apart from what is confirmed, what is open is in no rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median

from inbox_bot.core.ending import Ending
from inbox_bot.core.model import Money
from inbox_bot.core.report_causes import find_causes
from inbox_bot.core.report_lines import ReportLine

FEE_SHARE = Decimal("0.20")  # what services take of what they bring back, by their own price lists 12 to 30 %
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sum:
    """A number of cases and their money by currency; `without_amount` of the cases name none."""

    cases: int = 0
    money: tuple[Money, ...] = ()
    without_amount: int = 0

    def in_currency(self, currency: str) -> Decimal:
        """The amount in one currency."""
        return next((one.amount for one in self.money if one.currency == currency), Decimal(0))


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    of: int

    @property
    def percent(self) -> int | None:
        """Rounded to whole percent; None of nothing."""
        return round(100 * self.part / self.of) if self.of else None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some cases. Every case stands in exactly one of the six sums below `disputed`."""

    name: str
    disputed: Sum
    refunded: Sum
    kept_confirmed: Sum
    kept_presumed: Sum
    lost: Sum
    unanswered: Sum
    open: Sum

    @property
    def kept(self) -> Share:
        """Kept, presumed or confirmed, of all that ended one way or the other; refunds are no dispute that was lost."""
        kept = self.kept_confirmed.cases + self.kept_presumed.cases
        return Share(kept, kept + self.lost.cases)


@dataclass(frozen=True, slots=True)
class Hours:
    """How long answers took, in hours."""

    count: int
    median: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class Fee:
    """What a service would have taken, by currency: of what is confirmed, and with what is presumed."""

    confirmed: tuple[Money, ...]
    with_presumed: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    first_at: datetime | None
    last_at: datetime | None
    total: Tally
    answered_in_time: Share
    hours: Hours
    fee: Fee
    by: Mapping[str, tuple[Tally, ...]]
    by_month: tuple[Tally, ...]
    causes: tuple[str, ...]
    untrusted: int


GROUPS: Mapping[str, Callable[[ReportLine], tuple[str, ...]]] = {
    "reason": lambda line: (line.reason,),
    "rule": lambda line: (line.rule or "no rule yet",),
    "marketplace": lambda line: (line.marketplace,),
    "carrier": lambda line: (line.carrier,),
    "SKU": lambda line: line.skus,
}


def report_on(
    lines: Iterable[ReportLine],
    now: datetime,
    first_at: datetime | None = None,
    last_at: datetime | None = None,
    untrusted: int = 0,
) -> Report:
    """The report on the cases whose notice came from `first_at` on and before `last_at`; None: no bound.

    A question whose clock still runs at `now` is neither in time nor late. `untrusted` only counts imitations.
    """
    chosen = [
        line
        for line in lines
        if (first_at is None or line.noticed_at >= first_at)
        and (last_at is None or line.noticed_at < last_at)
    ]
    asked = [one for line in chosen for one in line.asked]
    over = [one for one in asked if one.answered_at or (one.cutoff_at is not None and one.cutoff_at <= now)]
    took = [one.took.total_seconds() / 3600 for one in asked if one.took is not None]
    total = tally("all", chosen)
    return Report(
        first_at=first_at,
        last_at=last_at,
        total=total,
        answered_in_time=Share(sum(one.in_time for one in over), len(over)),
        hours=Hours(len(took), median(took) if took else None, max(took, default=None)),
        fee=_fee(total),
        by={name: _grouped(chosen, keys) for name, keys in GROUPS.items()},
        by_month=tuple(
            sorted(_grouped(chosen, lambda line: (f"{line.noticed_at:%Y-%m}",)), key=lambda one: one.name)
        ),
        causes=find_causes(chosen),
        untrusted=untrusted,
    )


def tally(name: str, lines: Sequence[ReportLine]) -> Tally:
    """What became of the cases."""
    by_ending: dict[Ending | None, list[ReportLine]] = {}
    for line in lines:
        by_ending.setdefault(line.ending, []).append(line)

    def of(*endings: Ending | None) -> list[ReportLine]:
        return [line for ending in endings for line in by_ending.get(ending, ())]

    return Tally(
        name=name,
        disputed=sum_of(line.disputed for line in lines),
        refunded=sum_of(line.refunded for line in of(Ending.REFUNDED)),
        kept_confirmed=sum_of(line.disputed for line in of(Ending.CONFIRMED_KEPT, Ending.IN_FAVOUR)),
        kept_presumed=sum_of(line.disputed for line in of(Ending.PRESUMED_WON)),
        lost=sum_of(line.lost for line in of(Ending.DEBITED)),
        unanswered=sum_of(line.disputed for line in of(Ending.UNANSWERED)),
        open=sum_of(line.disputed for line in of(None)),
    )


def sum_of(amounts: Iterable[Money | None]) -> Sum:
    """The cases that the amounts are of, one each, None where a case names none."""
    totals: dict[str, Decimal] = {}
    cases = without = 0
    for amount in amounts:
        cases += 1
        if amount is None:
            without += 1
        else:
            totals[amount.currency] = totals.get(amount.currency, Decimal(0)) + amount.amount
    return Sum(cases, tuple(Money(total, currency) for currency, total in sorted(totals.items())), without)


def _grouped(lines: Sequence[ReportLine], keys: Callable[[ReportLine], tuple[str, ...]]) -> tuple[Tally, ...]:
    groups: dict[str, list[ReportLine]] = {}
    for line in lines:
        for key in dict.fromkeys(keys(line)):
            groups.setdefault(key, []).append(line)
    tallies = [tally(name, own) for name, own in groups.items()]
    return tuple(sorted(tallies, key=lambda one: (-one.disputed.cases, one.name)))


def _fee(total: Tally) -> Fee:
    confirmed = {one.currency: one.amount for one in total.kept_confirmed.money}
    both = dict(confirmed)
    for one in total.kept_presumed.money:
        both[one.currency] = both.get(one.currency, Decimal(0)) + one.amount
    return Fee(_share_of(confirmed), _share_of(both))


def _share_of(totals: Mapping[str, Decimal]) -> tuple[Money, ...]:
    return tuple(
        Money((amount * FEE_SHARE).quantize(_CENT), currency) for currency, amount in sorted(totals.items())
    )
