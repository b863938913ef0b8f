"""The seller's own history: how the disputes that were contested ended, by reason, and what may be said from that.

Won is what Amazon decided in favour, what settlements show as kept, and silence that lasted long enough; lost is what
was debited. What was refunded or never answered says nothing about contesting and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from inbox_bot.core.case import Case
from inbox_bot.core.ending import Ending, ending_of
from inbox_bot.core.model import Reason

FEWEST = 20  # under so many ends a rate says more about chance than about the seller
WON = frozenset({Ending.IN_FAVOUR, Ending.CONFIRMED_KEPT, Ending.PRESUMED_WON})
LOST = frozenset({Ending.DEBITED})
_Z = Decimal("1.959964")  # 95 % of a normal distribution lie within so many deviations
_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Ends:
    """How many contested disputes were won and lost."""

    won: int = 0
    lost: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.won + self.lost


@dataclass(frozen=True, slots=True)
class Chance:
    """A share that is known as a range only: 95 % Wilson interval, rounded outwards to four places."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """The known ends by reason."""

    by_reason: Mapping[Reason, Ends] = field(default_factory=dict)

    def of(self, reason: Reason) -> Ends:
        """The ends of disputes for the reason."""
        return self.by_reason.get(reason, Ends())


def history_of(cases: Iterable[Case], before: datetime | None = None) -> History:
    """The history that the cases give; with `before` only of those that were over by that instant."""
    counted: dict[Reason, Ends] = {}
    for case in cases:
        ending = ending_of(case)
        if ending is None or case.told_at is None or not _was_over(case, before):
            continue
        ends = counted.get(case.reason, Ends())
        won, lost = ending in WON, ending in LOST
        counted[case.reason] = Ends(ends.won + won, ends.lost + lost)
    return History(counted)


def _was_over(case: Case, before: datetime | None) -> bool:
    return before is None or (case.closed_at is not None and case.closed_at <= before)


def chance_of(ends: Ends) -> Chance | None:
    """The chance to win, None while there are too few ends to say anything."""
    return wilson(ends.won, ends.count) if ends.count >= FEWEST else None


def wilson(won: int, count: int) -> Chance:
    """The 95 % Wilson interval of `won` out of `count`; raises ValueError unless 0 <= won <= count and count > 0."""
    if count <= 0 or not 0 <= won <= count:
        raise ValueError(f"{won} of {count} is no share")
    share, z2 = Decimal(won) / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = _Z / (1 + z2 / count) * (share * (1 - share) / count + z2 / (4 * count * count)).sqrt()
    low = (middle - spread).quantize(_STEP, ROUND_FLOOR)
    high = (middle + spread).quantize(_STEP, ROUND_CEILING)
    return Chance(max(low, Decimal(0)), min(high, Decimal(1)))
