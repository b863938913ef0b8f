"""The two returns reports: what came back to Amazon's warehouses (FBA), and what buyers asked the seller to take back.

FBA names the day a piece arrived and in which state. The seller's own report names the day of the request and of the
delivery, whether an A-to-z claim was filed, and what was refunded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from inbox_bot.core.model import Money
from inbox_bot.core.record import Refund, Return
from inbox_bot.orders.report_cells import CellReader, Flaws
from inbox_bot.orders.report_columns import FBA_RETURNS, Header
from inbox_bot.orders.report_values import (
    NOT_EXCEL,
    CellError,
    parse_amount,
    parse_currency,
    parse_day,
    parse_order_id,
    parse_quantity,
    shown,
)

_YES = frozenset(
    {"y", "yes", "true", "1", "ja", "j", "oui", "sí", "si", "sì", "sim", "tak", "はい", "有", "是"}
)
_NO = frozenset(
    {"", "n", "no", "false", "0", "nein", "non", "não", "nie", "いいえ", "否", "n/a", "na", "-", "--"}
)
_NOTHING = frozenset({"", "n/a", "na", "-", "--"})


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """One row of a returns report; `unit` names the piece or the request where the report does.

    `refunded` has the amount that the buyer got back for it, None inside when it is not legible.
    """

    line: int
    order_id: str
    unit: str
    requested_on: date | None
    received_on: date | None
    sku: str
    quantity: int
    reason: str
    condition: str
    comment: str
    is_refunded: bool = False
    refunded: Money | None = None
    order_amount: Money | None = None
    atoz_filed: bool = False


class ReturnReader:
    """Reads the rows below the header of a returns report."""

    def __init__(self, header: Header, flaws: Flaws) -> None:
        self._cells = CellReader(header, flaws)
        self._is_fba = header.kind == FBA_RETURNS

    def read(self, line: int, cells: list[str]) -> ReturnRow | None:
        """The row of the cells; None when it holds no order id."""
        self._cells.begin(line, cells)
        text, value = self._cells.text, self._cells.value
        try:
            order_id = parse_order_id(text("order-id"))
        except CellError as error:
            self._cells.note("order-id", error)
            return None
        quantity = value("quantity", parse_quantity)
        units = ("license-plate-number",) if self._is_fba else ("amazon-rma-id", "order-item-id")
        row = ReturnRow(
            line=line,
            order_id=order_id,
            unit=" ".join(part for name in units if (part := text(name))),
            requested_on=None if self._is_fba else value("return-request-date", parse_day),
            received_on=value("return-date" if self._is_fba else "return-delivery-date", parse_day),
            sku=text("sku"),
            quantity=1 if quantity is None else quantity,
            reason=text("reason"),
            condition=text("detailed-disposition"),
            comment=text("customer-comments"),
        )
        return row if self._is_fba else self._with_money(row)

    def _with_money(self, row: ReturnRow) -> ReturnRow:
        cell = self._cells.text("refunded-amount")
        refunded = self._money("refunded-amount")
        is_refunded = (
            refunded.amount > 0 if refunded is not None else any(sign in "123456789" for sign in cell)
        )
        return replace(
            row,
            is_refunded=is_refunded,
            refunded=refunded if is_refunded else None,
            order_amount=self._money("order-amount"),
            atoz_filed=self._atoz_filed(),
        )

    def _money(self, name: str) -> Money | None:
        """A positive amount in the row's currency."""
        cell = self._cells.text(name)
        if cell.lower() in _NOTHING:
            return None
        currency = self._cells.value("currency", parse_currency)
        amount = self._cells.value(name, lambda text: parse_amount(text, currency or ""))
        if amount is None or (currency is None and not amount):
            return None
        if currency is None:
            what = f"the currency of {shown(cell)} is not named; the amount was left out"
            self._cells.note(name, CellError(what, NOT_EXCEL))
            return None
        return Money(abs(amount), currency)

    def _atoz_filed(self) -> bool:
        cell = self._cells.text("a-to-z-claim")
        if cell.casefold() not in _YES | _NO:
            what = f"{shown(cell)} does not say whether an A-to-z claim was filed (Y or N)"
            self._cells.note("a-to-z-claim", CellError(what, "look at the order in Seller Central"))
        return cell.casefold() in _YES


def find_returns(rows: Iterable[ReturnRow], source: str) -> tuple[Return, ...]:
    """The returned lines, the oldest first; pieces that are alike in all but their number are one line.

    A piece that is listed twice (reports joined by hand) counts once.
    """
    returns: dict[Return, int] = {}
    seen: dict[tuple[Return, str], int] = {}
    for row in rows:
        line = Return(
            row.order_id,
            row.requested_on,
            row.received_on,
            row.sku,
            0,
            row.reason,
            row.condition,
            row.comment,
            source,
        )
        before = seen.get((line, row.unit), 0) if row.unit else 0
        seen[line, row.unit] = max(before, row.quantity)
        returns[line] = returns.get(line, 0) + max(0, row.quantity - before)
    counted = [replace(line, quantity=quantity) for line, quantity in returns.items()]
    return tuple(sorted(counted, key=lambda one: one.received_on or one.requested_on or date.max))


def find_refund(rows: Sequence[ReturnRow], source: str) -> Refund | None:
    """What the buyer of one order got back for its returns, None when nothing.

    Nobody documents whether the amount of a row is that of the row or of the order. They are added up, unless that is
    more than the order cost: then the largest one counts. The report does not name the day of the refund.
    """
    refunded = {(row.unit or row.line, row.sku): row for row in rows if row.is_refunded}
    if not refunded:
        return None
    amounts = [row.refunded for row in refunded.values() if row.refunded is not None]
    amount: Money | None = None
    if len(amounts) == len(refunded) and len({one.currency for one in amounts}) == 1:
        total = sum((one.amount for one in amounts), Decimal(0))
        paid = [row.order_amount.amount for row in rows if row.order_amount is not None]
        if paid and total > max(paid):
            total = max(one.amount for one in amounts)
        amount = Money(total, amounts[0].currency)
    return Refund(rows[0].order_id, None, amount, "", source)
