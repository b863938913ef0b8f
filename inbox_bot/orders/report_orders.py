"""From the rows of order reports to orders and shipments; how records of an order meet is in `report_merge.py`.

Pure: nothing is read or stored here. The reports hold no carrier scan, so no shipment from here is ever delivered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from inbox_bot.core.model import Destination, Money
from inbox_bot.core.record import Order, OrderItem, Shipment, ShipmentStatus
from inbox_bot.orders.report_columns import ALL_ORDERS, FULFILLED_SHIPMENTS, SHIPPING_CONFIRMATION
from inbox_bot.orders.report_merge import merge_destinations, merge_orders
from inbox_bot.orders.report_rows import Charges, ReportRow

_CANCELLED = "cancelled"
__all__ = ["assemble_orders", "merge_orders"]

_BETWEEN_TRACKING_IDS = re.compile("[,;、，；]")
_NEVER = datetime.min.replace(tzinfo=UTC)


def assemble_orders(rows: Iterable[ReportRow]) -> tuple[tuple[Order, ...], tuple[Shipment, ...]]:
    """The orders and the shipments that rows of any reports tell of, each in the order of first appearance.

    An order's `items` are its rows, `price` that of the whole line; a cancelled line counts zero pieces. `total` is
    None unless every line's is known. A shipping confirmation tells of parcels; of the order it knows the ids of lines.
    """
    by_order: dict[str, list[ReportRow]] = {}
    for row in rows:
        by_order.setdefault(row.order_id, []).append(row)
    orders: list[Order] = []
    shipments: list[Shipment] = []
    for own in by_order.values():
        shipments.extend(_shipments(own))
        order: Order | None = None
        for record in _records(own):
            order = merge_orders(order, record)
        if order is not None:
            orders.append(order)
    return tuple(orders), tuple(shipments)


def _records(rows: list[ReportRow]) -> list[Order]:
    """One record a source, the oldest first: confirmations, all FBA rows, each all-orders report for itself."""
    confirmed = [row for row in rows if row.kind == SHIPPING_CONFIRMATION and (row.order_item_id or row.sku)]
    fulfilled = [row for row in rows if row.kind == FULFILLED_SHIPMENTS]
    by_file: dict[str, list[ReportRow]] = {}
    for row in rows:
        if row.kind == ALL_ORDERS:
            by_file.setdefault(row.file, []).append(row)
    reports = sorted((_newest_lines(own) for own in by_file.values()), key=_updated_at)
    records = [_confirmed(confirmed)] if confirmed else []
    records += [_order(_shipped_lines(fulfilled), "shipped")] if fulfilled else []
    return records + [_order(own, "") for own in reports]


def _confirmed(rows: list[ReportRow]) -> Order:
    """What a confirmation says of the order itself: the ids of its lines, one of them perhaps in several parcels."""
    lines: dict[tuple[str, str], OrderItem] = {}
    for row in rows:
        known = lines.get((row.order_item_id, row.sku))
        quantity = (1 if row.quantity is None else row.quantity) + (known.quantity if known else 0)
        item = OrderItem(row.title, row.sku, row.asin, quantity, order_item_id=row.order_item_id)
        lines[row.order_item_id, row.sku] = item
    return Order(rows[0].order_id, items=tuple(lines.values()), source=rows[0].file)


def _updated_at(rows: Sequence[ReportRow]) -> datetime:
    return max((row.updated_at or _NEVER for row in rows), default=_NEVER)


def _newest_lines(rows: list[ReportRow]) -> list[ReportRow]:
    """The rows of one file without those that a newer row of the same file replaces (reports joined by hand)."""
    newest: dict[tuple[str, str, str], datetime] = {}
    for row in rows:
        key = _product(row)
        newest[key] = max(newest.get(key, _NEVER), row.updated_at or _NEVER)
    return [row for row in rows if (row.updated_at or _NEVER) == newest[_product(row)]]


def _product(row: ReportRow) -> tuple[str, str, str]:
    return (row.order_item_id, row.sku or row.asin, "" if row.sku or row.asin else row.title)


def _shipped_lines(rows: list[ReportRow]) -> list[ReportRow]:
    """FBA rows, one a product: a line sent in several parcels has several rows, and reports may overlap."""
    once: dict[tuple[str, ...], ReportRow] = {}
    for row in rows:
        key = (row.shipment_item_id,) if row.shipment_item_id else (row.file, str(row.line))
        once.setdefault((*key, row.sku or row.title), row)
    lines: dict[str, ReportRow] = {}
    for row in once.values():
        known = lines.get(row.sku or row.title)
        lines[row.sku or row.title] = row if known is None else _added(known, row)
    return list(lines.values())


def _added(first: ReportRow, second: ReportRow) -> ReportRow:
    known = first.quantity is not None and second.quantity is not None
    return replace(
        first,
        quantity=(first.quantity or 0) + (second.quantity or 0) if known else None,
        order_item_id=first.order_item_id if first.order_item_id == second.order_item_id else "",
        charges=_sum_charges(first.charges, second.charges),
    )


def _sum_charges(first: Charges, second: Charges) -> Charges:
    return Charges(
        price=_sum([first.price, second.price]),
        tax=_sum([first.tax, second.tax]),
        shipping=_either_or_both(first.shipping, second.shipping),
        shipping_tax=_either_or_both(first.shipping_tax, second.shipping_tax),
        discount=_either_or_both(first.discount, second.discount),
        total=_sum([first.total, second.total]),
    )


def _either_or_both(first: Money | None, second: Money | None) -> Money | None:
    """The sum of what a cell holds in one row, or in both: shipping stands in the row of one parcel only."""
    known = [amount for amount in (first, second) if amount is not None]
    return _sum(known)


def _order(rows: list[ReportRow], status: str) -> Order:
    newest = sorted(rows, key=lambda row: row.updated_at or _NEVER)[::-1]
    status = _first(newest, lambda row: row.status) or status
    charged = [row for row in rows if _is_charged(row, status)]
    destination = Destination()
    for row in newest:
        destination = merge_destinations(destination, row.destination)
    return Order(
        order_id=rows[0].order_id,
        purchased_at=min((row.purchased_at for row in rows if row.purchased_at), default=None),
        status=status,
        sales_channel=_first(newest, lambda row: row.sales_channel),
        fulfillment_channel=_first(newest, lambda row: row.fulfillment_channel),
        ship_service_level=_first(newest, lambda row: row.ship_service_level),
        items=tuple(_item(row, _is_charged(row, status)) for row in rows),
        destination=destination,
        total=_sum([row.total for row in charged]),
        source=newest[0].file,
    )


def _is_charged(row: ReportRow, order_status: str) -> bool:
    """False for a line cancelled within an order that went on."""
    return row.item_status != _CANCELLED or order_status == _CANCELLED


def _item(row: ReportRow, is_charged: bool) -> OrderItem:
    quantity = (1 if row.quantity is None else row.quantity) if is_charged else 0
    charges = row.charges
    return OrderItem(
        row.title,
        row.sku,
        row.asin,
        quantity,
        charges.price,
        charges.tax,
        charges.shipping,
        charges.shipping_tax,
        charges.discount,
        row.order_item_id,
        row.condition,
    )


def _first(rows: list[ReportRow], field: Callable[[ReportRow], str]) -> str:
    return next((text for row in rows if (text := field(row))), "")


def _sum(amounts: Sequence[Money | None]) -> Money | None:
    """The sum of amounts that are all known and of one currency; None otherwise."""
    known = [amount for amount in amounts if amount is not None]
    if not known or len(known) < len(amounts) or len({amount.currency for amount in known}) > 1:
        return None
    return Money(sum((amount.amount for amount in known), Decimal(0)), known[0].currency)


def _shipments(rows: list[ReportRow]) -> list[Shipment]:
    """The parcels of one order, one a tracking number; the earliest ship date of its rows counts."""
    parcels: dict[tuple[str, str], Shipment] = {}
    days: set[date] = set()
    for row in rows:
        for tracking_id in _tracking_ids(row):
            if not tracking_id and row.shipped_on is None:
                continue
            tracked = "".join(tracking_id.split()).upper()
            if tracked and row.shipped_on is not None:
                days.add(row.shipped_on)
            shipment = _shipment(row, tracking_id)
            key = (tracked, "" if tracked else str(row.shipped_on))
            parcels[key] = _merge_parcels(parcels[key], shipment) if key in parcels else shipment
    # a row without a tracking number beside a tracked parcel of the same day is that parcel
    return [parcel for parcel in parcels.values() if parcel.tracking_id or parcel.shipped_on not in days]


def _tracking_ids(row: ReportRow) -> list[str]:
    """The tracking numbers of a cell: some sellers write those of all parcels into one."""
    return [part for text in _BETWEEN_TRACKING_IDS.split(row.tracking_id) if (part := text.strip())] or [""]


def _shipment(row: ReportRow, tracking_id: str) -> Shipment:
    return Shipment(
        row.order_id,
        row.carrier,
        tracking_id,
        row.method,
        row.shipped_on,
        ShipmentStatus.IN_TRANSIT,
        source=row.file,
    )


def _merge_parcels(first: Shipment, second: Shipment) -> Shipment:
    dates = [day for day in (first.shipped_on, second.shipped_on) if day is not None]
    return replace(
        first,
        carrier=first.carrier or second.carrier,
        method=first.method or second.method,
        shipped_on=min(dates, default=None),
    )
