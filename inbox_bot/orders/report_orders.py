"""From the rows of order reports to orders and shipments, and how a later record of an order meets an earlier one.

Pure: nothing is read or stored here. The reports hold no carrier scan, so no shipment from here is ever delivered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from inbox_bot.core.model import Destination, Money
from inbox_bot.core.record import Order, OrderItem, Shipment, ShipmentStatus
from inbox_bot.orders.report_columns import ALL_ORDERS, FULFILLED_SHIPMENTS
from inbox_bot.orders.report_rows import ReportRow

_CANCELLED = "cancelled"
# how far an order has come, by how its status begins; unknown words say nothing about that
_STAGES = ("pending", "unshipped", "partially", "shipping", "shipped", _CANCELLED)
_BETWEEN_TRACKING_IDS = re.compile("[,;、，；]")
_NEVER = datetime.min.replace(tzinfo=UTC)


def assemble_orders(rows: Iterable[ReportRow]) -> tuple[tuple[Order, ...], tuple[Shipment, ...]]:
    """The orders and the shipments that rows of any reports tell of, each in the order of first appearance.

    An order's `items` are its rows, `price` that of the whole line; a cancelled line counts zero pieces. `total` is
    None unless every line's is known. A shipping confirmation tells of a parcel, not of an order: it makes shipments.
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


def merge_orders(existing: Order | None, new: Order) -> Order:
    """The order after a new record of it: known fields are never erased, and taking in a record twice changes nothing.

    The new record wins, unless it shows an earlier stage (pending, unshipped, partially shipped, shipped; cancelled
    stays) or the same in fewer words: then it is an old report and only fills gaps. Items are united. The total is that
    of the record that covers all items; if neither does, it is not known. Raises ValueError for two different orders.
    """
    if existing is None:
        return new
    if existing.order_id != new.order_id:
        raise ValueError(f"{existing.order_id} and {new.order_id} are two orders")
    later, earlier = (existing, new) if _is_stale(new.status, existing.status) else (new, existing)
    items = _united(existing.items, new.items, later is new)
    return Order(
        order_id=existing.order_id,
        purchased_at=later.purchased_at or earlier.purchased_at,
        status=later.status or earlier.status,
        sales_channel=later.sales_channel or earlier.sales_channel,
        fulfillment_channel=later.fulfillment_channel or earlier.fulfillment_channel,
        ship_service_level=later.ship_service_level or earlier.ship_service_level,
        items=items,
        destination=_merge_destinations(later.destination, earlier.destination),
        total=_merge_totals(later, earlier, items),
        source=later.source or earlier.source,
    )


def _is_stale(new: str, existing: str) -> bool:
    new_stage, existing_stage = _stage(new), _stage(existing)
    if existing_stage is None or not new:
        return False
    if new_stage is None:
        return existing == _CANCELLED
    return new_stage < existing_stage or (new != existing and existing.startswith(new))


def _stage(status: str) -> int | None:
    return next((number for number, start in enumerate(_STAGES) if status.startswith(start)), None)


def _united(
    existing: tuple[OrderItem, ...], new: tuple[OrderItem, ...], new_wins: bool
) -> tuple[OrderItem, ...]:
    """Both records' items in the known order; the n-th of one product meets the n-th of the other."""
    united = _numbered(existing)
    for key, item in _numbered(new).items():
        known = united.get(key)
        first, second = (item, known or item) if new_wins else (known or item, item)
        united[key] = OrderItem(
            first.title or second.title,
            first.sku or second.sku,
            first.asin or second.asin,
            first.quantity,
            first.price or second.price,
        )
    return _without_vague(tuple(united.values()))


def _numbered(items: tuple[OrderItem, ...]) -> dict[tuple[str, str, int], OrderItem]:
    """The items by what names the product best, and the number among those of the same product."""
    counts: Counter[tuple[str, str]] = Counter()
    numbered = {}
    for item in items:
        name = (
            ("sku", item.sku)
            if item.sku
            else ("asin", item.asin)
            if item.asin
            else ("", item.title.casefold())
        )
        counts[name] += 1
        numbered[(*name, counts[name])] = item
    return numbered


def _without_vague(items: tuple[OrderItem, ...]) -> tuple[OrderItem, ...]:
    """The items less those that another names better: a mail knows only the title of what a report has by its SKU."""
    kept = {item.asin for item in items if item.sku and item.asin}
    named = [item for item in items if item.sku or (item.asin and item.asin not in kept)]
    titles = {item.title.casefold() for item in named if item.title}
    return tuple(
        item
        for item in items
        if item.sku or (item.asin not in kept if item.asin else item.title.casefold() not in titles)
    )


def _merge_totals(later: Order, earlier: Order, items: tuple[OrderItem, ...]) -> Money | None:
    if _covers(later, items):
        return later.total or (earlier.total if _covers(earlier, items) else None)
    return earlier.total if _covers(earlier, items) else None


def _covers(record: Order, items: tuple[OrderItem, ...]) -> bool:
    """Whether the record tells of all the united items; one without items but with a total speaks for all of them."""
    if not record.items:
        return record.total is not None or not items
    return len(_without_vague(record.items)) >= len(items)


def _merge_destinations(later: Destination, earlier: Destination) -> Destination:
    """The later destination with its gaps filled, unless the two are different places."""
    for name in ("city", "postal_code", "country"):
        ours, theirs = getattr(later, name), getattr(earlier, name)
        if ours and theirs and ours.casefold() != theirs.casefold():
            return later
    return Destination(
        later.lines or earlier.lines,
        later.city or earlier.city,
        later.state or earlier.state,
        later.postal_code or earlier.postal_code,
        later.country or earlier.country,
    )


def _records(rows: list[ReportRow]) -> list[Order]:
    """One record a source, the oldest first: all FBA rows together, and each all-orders report for itself."""
    fulfilled = [row for row in rows if row.kind == FULFILLED_SHIPMENTS]
    by_file: dict[str, list[ReportRow]] = {}
    for row in rows:
        if row.kind == ALL_ORDERS:
            by_file.setdefault(row.file, []).append(row)
    reports = sorted((_newest_lines(own) for own in by_file.values()), key=_updated_at)
    records = [_order(_shipped_lines(fulfilled), "shipped")] if fulfilled else []
    return records + [_order(own, "") for own in reports]


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
        item_price=_sum([first.item_price, second.item_price]),
        total=_sum([first.total, second.total]),
    )


def _order(rows: list[ReportRow], status: str) -> Order:
    newest = sorted(rows, key=lambda row: row.updated_at or _NEVER)[::-1]
    status = _first(newest, lambda row: row.status) or status
    charged = [row for row in rows if _is_charged(row, status)]
    destination = Destination()
    for row in newest:
        destination = _merge_destinations(destination, row.destination)
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
    return OrderItem(row.title, row.sku, row.asin, quantity, row.item_price)


def _first(rows: list[ReportRow], field: Callable[[ReportRow], str]) -> str:
    return next((text for row in rows if (text := field(row))), "")


def _sum(amounts: list[Money | None]) -> Money | None:
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
