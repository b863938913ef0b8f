"""One row of an order report: from its cells to typed values, each flaw a `Problem` that names line and column.

A row without an order id is worth nothing and left out; any other unreadable cell is left empty and the row kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from inbox_bot.core.model import Destination, Money
from inbox_bot.orders.report_cells import CellReader, Flaws, clean
from inbox_bot.orders.report_columns import ALL_ORDERS, FULFILLED_SHIPMENTS, Header
from inbox_bot.orders.report_values import (
    CellError,
    parse_amount,
    parse_currency,
    parse_day,
    parse_instant,
    parse_item_id,
    parse_order_id,
    parse_quantity,
    parse_tracking_id,
)

_CHARGES = ("item-price", "shipping-price", "gift-wrap-price")
_TAXES = ("item-tax", "shipping-tax", "gift-wrap-tax")
_DISCOUNTS = ("item-promotion-discount", "ship-promotion-discount")
_AMOUNTS = (*_CHARGES, *_TAXES, *_DISCOUNTS)
_LINES = ("recipient-name", "ship-address-1", "ship-address-2", "ship-address-3")
# Sales tax of the United States and Canada comes on top of the price. Amazon documents prices with the tax in them
# for the order reports of Europe and Japan. Elsewhere nobody says, and a total nobody vouches for is not stated.
_TAX_ON_TOP = frozenset({"USD", "CAD"})
_TAX_INCLUDED = frozenset({"EUR", "GBP", "SEK", "PLN", "JPY"})
_PLACEHOLDERS = frozenset({"--", "-"})
_NOWHERE = Destination()


@dataclass(frozen=True, slots=True)
class Charges:
    """What the buyer paid for a line, all pieces together; None means: the report does not say.

    The `discount` is positive. The `total` is with tax, shipping and gift wrap, less promotions.
    """

    price: Money | None = None
    tax: Money | None = None
    shipping: Money | None = None
    shipping_tax: Money | None = None
    discount: Money | None = None
    total: Money | None = None


_NO_CHARGES = Charges()


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row, usually one item of an order; empty or None means: the report does not say.

    `shipped_on` is the day in the row's own zone. `extra` are the other columns that are not empty, named as in the
    file.
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
    condition: str = ""
    quantity: int | None = None
    charges: Charges = _NO_CHARGES
    destination: Destination = _NOWHERE
    carrier: str = ""
    tracking_id: str = ""
    method: str = ""
    shipped_on: date | None = None
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def item_price(self) -> Money | None:
        """The price of the whole line, not of one piece."""
        return self.charges.price

    @property
    def total(self) -> Money | None:
        """What the buyer paid for the line."""
        return self.charges.total


class RowReader:
    """Reads the rows below the header of an order report."""

    def __init__(self, header: Header, file: str, flaws: Flaws) -> None:
        self._cells = CellReader(header, flaws)
        self._text = self._cells.text
        self._value = self._cells.value
        self._kind = header.kind
        self._file = file
        self._order_id = header.names[header.order_id_at]
        self._is_quoted = header.quoted
        self._has_money = header.kind in (ALL_ORDERS, FULFILLED_SHIPMENTS)
        self._has_parcels = header.kind != ALL_ORDERS

    def read(self, line: int, cells: list[str]) -> ReportRow | None:
        """The row of the cells; None when it holds no order id."""
        self._cells.begin(line, cells)
        text = self._text
        try:
            order_id = parse_order_id(text(self._order_id))
        except CellError as error:
            self._cells.note(self._order_id, error)
            return None
        charges = self._charges() if self._has_money else _NO_CHARGES
        level = text("ship-service-level")
        return ReportRow(
            kind=self._kind,
            file=self._file,
            line=line,
            order_id=order_id,
            order_item_id=self._value("order-item-id", parse_item_id) or "",
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
            condition=text("item-condition"),
            quantity=self._value("quantity", parse_quantity),
            charges=charges,
            destination=self._destination(),
            carrier=self._carrier(),
            tracking_id=self._value("tracking-number", parse_tracking_id) or "",
            method=text("ship-method") or (level if self._has_parcels else ""),
            shipped_on=self._value("ship-date", parse_day),
            extra=self._cells.others(),
        )

    def _carrier(self) -> str:
        code = self._text("carrier-code")
        name = self._text("carrier-name") or self._text("carrier")
        return name if not code or (code.lower() in ("other", "others", "その他") and name) else code

    def _charges(self) -> Charges:
        """What the buyer paid for the line, each part for itself and in total."""
        currency = self._value("currency", parse_currency)
        if currency is None:
            return _NO_CHARGES
        amounts = {
            name: self._value(name, lambda text: parse_amount(text, currency))
            for name in _AMOUNTS
            if self._text(name)
        }
        readable = {name: amount for name, amount in amounts.items() if amount is not None}
        is_whole = len(readable) == len(amounts) and "item-price" in readable
        discounts = [amounts[name] for name in _DISCOUNTS if name in amounts]
        known = [abs(discount) for discount in discounts if discount is not None]
        parts = {name: Money(amount, currency) for name, amount in readable.items()}
        return Charges(
            price=parts.get("item-price"),
            tax=parts.get("item-tax"),
            shipping=parts.get("shipping-price"),
            shipping_tax=parts.get("shipping-tax"),
            discount=Money(sum(known, Decimal(0)), currency)
            if known and len(known) == len(discounts)
            else None,
            total=_total(readable, currency, self._kind) if is_whole else None,
        )

    def _destination(self) -> Destination:
        parts = [
            "" if text in _PLACEHOLDERS else text
            for text in map(self._text, ("ship-city", "ship-state", "ship-postal-code", "ship-country"))
        ]
        lines = tuple(text for name in _LINES if (text := self._text(name)))
        return Destination(lines, *parts)

    def _title(self) -> str:
        """The title, where a quotation mark may stand for inches: only those of a spreadsheet are taken off."""
        cell = self._cells.raw("product-name")
        if len(cell) > 1 and cell[0] == cell[-1] == '"':
            inner = cell[1:-1]
            doubled = '""' in inner and '"' not in inner.replace('""', "")
            if doubled or self._is_quoted:
                cell = inner.replace('""', '"')
        return clean(cell)


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
