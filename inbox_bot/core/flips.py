"""What a change of rules does to cases: which verdicts flip, by which rule, and the money behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from inbox_bot.core.case import Case
from inbox_bot.core.model import Decision, Money, Verdict


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One case judged by two sets of rules."""

    case: Case
    old: Decision
    new: Decision

    @property
    def flips(self) -> bool:
        """Whether the verdict is another one; another rule alone changes nothing for the seller."""
        return self.old.verdict is not self.new.verdict


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A case that could not be judged again, and why."""

    case_id: str
    because: str


@dataclass(frozen=True, slots=True)
class Total:
    """All flips of one direction in one currency; `currency` is empty for cases that name no amount."""

    old: Verdict
    new: Verdict
    currency: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of judging cases twice."""

    judged: tuple[Verdicts, ...]
    not_judged: tuple[NotJudged, ...]

    @property
    def flips(self) -> tuple[Verdicts, ...]:
        """The cases whose verdict is another one."""
        return tuple(one for one in self.judged if one.flips)

    @property
    def other_rule(self) -> int:
        """How many keep their verdict by another rule."""
        return sum(not one.flips and one.old.rule != one.new.rule for one in self.judged)

    @property
    def totals(self) -> tuple[Total, ...]:
        """The money behind the flips by direction and currency."""
        return totals_of(self.flips)


def totals_of(flips: Iterable[Verdicts]) -> tuple[Total, ...]:
    """The flips added up by direction and currency; amounts of different currencies are never added."""
    counted: dict[tuple[Verdict, Verdict, str], tuple[int, Decimal]] = {}
    for one in flips:
        money = one.case.notice.amount or Money(Decimal(0), "")
        key = (one.old.verdict, one.new.verdict, money.currency)
        count, amount = counted.get(key, (0, Decimal(0)))
        counted[key] = (count + 1, amount + money.amount)
    order = list(Verdict)
    keys = sorted(counted, key=lambda key: (order.index(key[0]), order.index(key[1]), key[2]))
    return tuple(Total(*key, *counted[key]) for key in keys)
