"""One row of an order report: from its cells to typed values, each flaw a `Problem` that names line and column.

A row without an order id is worth nothing and left out; any other unreadable cell is left empty and the row kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from inbox_bot.core.errors import Problem
from inbox_bot.core.model import Destination, Money
from inbox_bot.core.text import one_line
from inbox_bot.orders.report_columns import ALL_ORDERS, FULFILLED_SHIPMENTS, KNOWN_COLUMNS, Header
from inbox_bot.orders.report_values import (
    CellError,
    parse_amount,
    parse_currency,
    parse_day,
    parse_instant,
    parse_order_id,
    parse_quantity,
    parse_tracking_id,
)

_Value = TypeVar("_Value")

_CHARGES = ("item-price", "shipping-price", "gift-wrap-price")
_TAXES = ("item-tax", "shipping-tax", "gift-wrap-tax")
_DISCOUNTS = ("item-promotion-discount", "ship-promotion-discount")
_LINES = ("recipient-name", "ship-address-1", "ship-address-2", "ship-address-3")
# Sales tax of the United States and Canada comes on top of the price. Amazon documents prices with the tax in them
# for the order reports of Europe and Japan. Elsewhere nobody says, and a total nobody vouches for is not stated.
_TAX_ON_TOP = frozenset({"USD", "CAD"})
_TAX_INCLUDED = frozenset({"EUR", "GBP", "SEK", "PLN", "JPY"})
_SHOWN_PER_FLAW = 20
_SHARED_AT_MOST = 50_000
_PLACEHOLDERS = frozenset({"--", "-"})
_NOWHERE = Destination()


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row, usually one item of an order; empty or None means: the report does not say.

    `item_price` is that of the whole line, not of one piece; `total` is what the buyer paid for the line with tax,
    shipping and gift wrap, less promotions. `shipped_on` is the day in the row's own zone. `extra` are the other
    columns that are not empty, named as in the file.
    """

    kind: str
    file: str
    line: int
    order_id: str
    order_item_id: str = ""
    shipment_item_id: str = ""
    purchased_at: datetime | None = None
    updated_at: datetime | None = None
    status: str = ""
    item_status: str = ""
    sales_channel: str = ""
    fulfillment_channel: str = ""
    ship_service_level: str = ""
    title: str = ""
    sku: str = ""
    asin: str = ""
    quantity: int | None = None
    item_price: Money | None = None
    total: Money | None = None
    destination: Destination = _NOWHERE
    carrier: str = ""
    tracking_id: str = ""
    method: str = ""
    shipped_on: date | None = None
    extra: tuple[tuple[str, str], ...] = ()


class Flaws:
    """The problems of one file in order; of each sort the first twenty, then how many more there were.

    A file that a spreadsheet has mangled has the same flaw in every row: a hundred thousand lines help nobody.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._counts: Counter[tuple[str | None, str | None]] = Counter()

    def add(self, line: int, key: str | None, what: str, remedy: str) -> None:
        """Note a flaw of a column (None: of the row) at a line."""
        self._counts[key, remedy] += 1
        if self._counts[key, remedy] <= _SHOWN_PER_FLAW:
            self._problems.append(Problem(what, self._file, line, key, remedy))

    def problems(self) -> tuple[Problem, ...]:
        """All problems noted, with the sums of those that are not listed one by one."""
        sums = [
            Problem(f"the same flaw in {count - _SHOWN_PER_FLAW} more rows", self._file, None, key, remedy)
            for (key, remedy), count in self._counts.items()
            if count > _SHOWN_PER_FLAW
        ]
        return (*self._problems, *sums)


class RowReader:
    """Reads the rows below one header."""

    def __init__(self, header: Header, file: str, flaws: Flaws) -> None:
        self._header = header
        self._file = file
        self._flaws = flaws
        self._at: dict[str, int] = {}
        for position, name in enumerate(header.names):
            if name in KNOWN_COLUMNS:
                self._at.setdefault(name, position)
        taken = set(self._at.values())
        self._other = [(i, label) for i, label in enumerate(header.labels) if i not in taken]
        self._line = 0
        self._cells: list[str] = []
        self._plain: list[str] = []
        self._seen: dict[str, str] = {"": ""}
        self._has_money = header.kind in (ALL_ORDERS, FULFILLED_SHIPMENTS)
        self._has_parcels = header.kind != ALL_ORDERS

    def read(self, line: int, cells: list[str]) -> ReportRow | None:
        """The row of the cells; None when it holds no order id."""
        self._line, self._cells, self._plain = line, cells, [self._shared(cell) for cell in cells]
        try:
            order_id = parse_order_id(self._text_at(self._header.order_id_at))
        except CellError as error:
            self._note(self._header.order_id_at, error)
            return None
        text = self._text
        price, total = self._money() if self._has_money else (None, None)
        level = text("ship-service-level")
        return ReportRow(
            kind=self._header.kind,
            file=self._file,
            line=line,
            order_id=order_id,
            order_item_id=text("order-item-id"),
            shipment_item_id=text("shipment-item-id"),
            purchased_at=self._value("purchase-date", parse_instant),
            updated_at=self._value("last-updated-date", parse_instant),
            status=_status(text("order-status")),
            item_status=_status(text("item-status")),
            sales_channel=text("sales-channel"),
            fulfillment_channel=text("fulfillment-channel"),
            ship_service_level=level,
            title=self._title(),
            sku=text("sku"),
            asin=text("asin"),
            quantity=self._value("quantity", parse_quantity),
            item_price=price,
            total=total,
            destination=self._destination(),
            carrier=self._carrier(),
            tracking_id=self._value("tracking-number", parse_tracking_id) or "",
            method=text("ship-method") or (level if self._has_parcels else ""),
            shipped_on=self._value("ship-date", parse_day),
            extra=tuple((label, other) for i, label in self._other if (other := self._text_at(i))),
        )

    def _carrier(self) -> str:
        code = self._text("carrier-code")
        name = self._text("carrier-name") or self._text("carrier")
        return name if not code or (code.lower() in ("other", "others", "その他") and name) else code

    def _money(self) -> tuple[Money | None, Money | None]:
        """The price of the line and what the buyer paid for it."""
        currency = self._value("currency", parse_currency)
        if currency is None:
            return None, None
        amounts = {
            name: self._value(name, lambda text: parse_amount(text, currency))
            for name in (*_CHARGES, *_TAXES, *_DISCOUNTS)
            if self._text(name)
        }
        price = amounts.get("item-price")
        if price is None:
            return None, None
        readable = {name: amount for name, amount in amounts.items() if amount is not None}
        total = _total(readable, currency, self._header.kind) if len(readable) == len(amounts) else None
        return Money(price, currency), total

    def _destination(self) -> Destination:
        parts = [
            "" if text in _PLACEHOLDERS else text
            for text in map(self._text, ("ship-city", "ship-state", "ship-postal-code", "ship-country"))
        ]
        lines = tuple(text for name in _LINES if (text := self._text(name)))
        return Destination(lines, *parts)

    def _title(self) -> str:
        """The title, where a quotation mark may stand for inches: only those of a spreadsheet are taken off."""
        position = self._at.get("product-name", len(self._cells))
        cell = self._cells[position].strip() if position < len(self._cells) else ""
        if len(cell) > 1 and cell[0] == cell[-1] == '"':
            inner = cell[1:-1]
            doubled = '""' in inner and '"' not in inner.replace('""', "")
            if doubled or self._header.quoted:
                cell = inner.replace('""', '"')
        return _clean(cell)

    def _value(self, name: str, parse: Callable[[str], _Value]) -> _Value | None:
        text = self._text(name)
        if not text:
            return None
        try:
            return parse(text)
        except CellError as error:
            self._note(self._at[name], error)
            return None

    def _note(self, position: int, error: CellError) -> None:
        self._flaws.add(self._line, self._header.labels[position], error.what, error.remedy)

    def _shared(self, cell: str) -> str:
        """The plain text of a cell, one object for all cells alike: a report repeats itself in most columns."""
        text = self._seen.get(cell)
        if text is None:
            text = _plain(cell)
            if len(self._seen) < _SHARED_AT_MOST:
                self._seen[cell] = text
        return text

    def _text(self, name: str) -> str:
        position = self._at.get(name)
        return "" if position is None else self._text_at(position)

    def _text_at(self, position: int) -> str:
        return self._plain[position] if position < len(self._plain) else ""


def _plain(cell: str) -> str:
    """A cell's text without what a spreadsheet puts round it to keep a number as text."""
    cell = cell.strip()
    if not cell:
        return ""
    if cell.startswith(('="', "='")):
        cell = cell[1:]
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"')
    elif cell.startswith("'") and cell[1:2].isdigit():
        cell = cell[1:]
    return _clean(cell)


def _clean(cell: str) -> str:
    return cell.strip() if cell.isascii() and cell.isprintable() else one_line(cell)


def _status(text: str) -> str:
    return text.lower().replace("canceled", "cancelled")


def _total(amounts: dict[str, Decimal], currency: str, kind: str) -> Money | None:
    """What the buyer paid for a row; None where it cannot be told whether the tax is in the price already."""
    total = sum((amounts.get(name, Decimal(0)) for name in _CHARGES), Decimal(0))
    # the reports disagree about the sign of a discount; none of them ever adds to the price
    total -= sum((abs(amounts.get(name, Decimal(0))) for name in _DISCOUNTS), Decimal(0))
    tax = sum((amounts.get(name, Decimal(0)) for name in _TAXES), Decimal(0))
    if tax and currency in _TAX_ON_TOP:
        total += tax
    elif tax and not (currency in _TAX_INCLUDED and kind == ALL_ORDERS):
        return None
    return Money(total, currency) if total >= 0 else None
