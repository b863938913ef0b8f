"""What the seller's goods cost: `goods-anything.toml` of the rules folder, by SKU or as a share of the amount.

Nothing is bundled and nothing is guessed: what is not written down is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Money
from inbox_bot.core.record import OrderItem
from inbox_bot.core.tomlfile import TomlFile

_COST = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,4})?) ([A-Z]{3})")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Goods:
    """The cost of one piece by SKU, and the share of the disputed amount that stands for what has no SKU here."""

    cost: Mapping[str, Money] = field(default_factory=dict)
    default_share: Decimal | None = None

    def cost_of(self, items: Sequence[OrderItem], amount: Money | None) -> Money | None:
        """What the items of an order cost, in the currency of the disputed amount; None when that is not known.

        Costs in another currency are not converted. The share stands for the whole order as soon as one item of it
        has no cost.
        """
        if amount is None:
            return None
        costs = [self.cost.get(item.sku) if item.sku else None for item in items]
        known = [one for one in costs if one is not None and one.currency == amount.currency]
        if costs and len(known) == len(costs):
            pieces = zip(known, items, strict=True)
            total = sum((one.amount * item.quantity for one, item in pieces), Decimal(0))
        elif self.default_share is not None:
            total = amount.amount * self.default_share
        else:
            return None
        return Money(total.quantize(_CENT), amount.currency)


def load_goods(files: Sequence[TomlFile]) -> Goods:
    """The costs of all files, a later one over an earlier one; raises UserError with every problem."""
    problems: list[Problem] = []
    cost: dict[str, Money] = {}
    share: Decimal | None = None
    for file in files:
        table = _table(file, file.data, ("goods",), problems)
        for key in sorted((file.data.keys() - {"goods"}) | (table.keys() - {"cost", "default_share"})):
            path = (key,) if key in file.data else ("goods", key)
            remedy = "write [goods] with default_share, and [goods.cost] with one SKU a line"
            problems.append(file.problem(path, f"unknown key {key!r}", remedy))
        for sku, text in _table(file, table, ("goods", "cost"), problems).items():
            found = _COST.fullmatch(text.strip()) if isinstance(text, str) else None
            if found is None:
                what = f"{text!r} is not what a piece costs"
                problems.append(file.problem(("goods", "cost", sku), what, 'write it like "4.20 USD"'))
            else:
                cost[sku] = Money(Decimal(found.group(1)), found.group(2))
        if "default_share" in table:
            share = _share(file, table["default_share"], problems)
    if problems:
        raise UserError(problems)
    return Goods(cost, share)


def _table(
    file: TomlFile, within: Mapping[str, Any], path: tuple[str, ...], problems: list[Problem]
) -> Mapping[str, Any]:
    value = within.get(path[-1], {})
    if isinstance(value, dict):
        return value
    problems.append(file.problem(path, f"{path[-1]} must be a table", f"write [{'.'.join(path)}]"))
    return {}


def _share(file: TomlFile, value: Any, problems: list[Problem]) -> Decimal | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return Decimal(str(value))
    what = f"default_share is {value!r}"
    problems.append(
        file.problem(("goods", "default_share"), what, "write a share of the amount from 0 to 1, like 0.35")
    )
    return None
