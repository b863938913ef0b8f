"""What contesting a dispute is worth against refunding it, as typed facts beside those of the record.

A range, because the chance is one: it comes from the seller's own history (`history.py`) and from nothing else. What
is not known stays None, and a rule that asks for it stops the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from inbox_bot.core.facts import Facts
from inbox_bot.core.goods import Goods
from inbox_bot.core.history import History, chance_of
from inbox_bot.core.model import Money, Reason
from inbox_bot.core.record import OrderItem

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Worth:
    """The money side of a case in the currency of the notice; docs/rules.md explains each name."""

    history_n: int | None = None
    win_chance_low: Decimal | None = None
    win_chance_high: Decimal | None = None
    goods_cost: Decimal | None = None
    represent_value_low: Decimal | None = None
    represent_value_high: Decimal | None = None
    refund_value: Decimal | None = None
    expected_gain_low: Decimal | None = None
    expected_gain_high: Decimal | None = None


def worth_of(facts: Facts, items: Sequence[OrderItem], goods: Goods, history: History | None) -> Worth:
    """What the case is worth; `history` None: nobody looked it up, so its part is not known."""
    amount = Money(facts.amount, facts.currency) if facts.amount is not None else None
    known = goods.cost_of(items, amount)
    cost = known.amount if known else None
    spent, kept = _goods_gone(facts, cost)
    refund_value = -kept if kept is not None else None
    ends = history.of(Reason(facts.reason)) if history is not None else None
    chance = chance_of(ends) if ends is not None else None
    if ends is None or chance is None:
        return Worth(
            history_n=ends.count if ends is not None else None, goods_cost=cost, refund_value=refund_value
        )
    low = high = None
    if amount is not None and spent is not None:
        low = (chance.low * amount.amount - spent).quantize(_CENT, ROUND_FLOOR)
        high = (chance.high * amount.amount - spent).quantize(_CENT, ROUND_CEILING)
    return Worth(
        history_n=ends.count,
        win_chance_low=chance.low,
        win_chance_high=chance.high,
        goods_cost=cost,
        represent_value_low=low,
        represent_value_high=high,
        refund_value=refund_value,
        expected_gain_low=low - refund_value if low is not None and refund_value is not None else None,
        expected_gain_high=high - refund_value if high is not None and refund_value is not None else None,
    )


def _goods_gone(facts: Facts, cost: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """What the goods that stay away cost when the dispute is contested, and when it is refunded."""
    if facts.never_shipped or facts.label_only or facts.returned_to_sender:
        return Decimal(0), Decimal(0)  # the seller has them, whatever becomes of the money
    if facts.return_received and not facts.partly_returned:
        return Decimal(0), Decimal(0)
    # A buyer who asked for a return sends the goods for a refund, and keeps them with a dispute.
    return cost, (Decimal(0) if facts.return_requested and not facts.partly_returned else cost)
