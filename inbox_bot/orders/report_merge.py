"""How a later record of an order meets an earlier one: which of them counts, and which of their items are the same.

Pure: nothing is read or stored here. Records are made of the rows of reports in `report_orders.py`, of mails in
`order_mails.py`.
"""

from __future__ import annotations

from collections import Counter

from inbox_bot.core.model import NOWHERE, Destination, Money
from inbox_bot.core.record import Order, OrderItem

_CANCELLED = "cancelled"
# how far an order has come, by how its status begins; unknown words say nothing about that
_STAGES = ("pending", "unshipped", "partially", "shipping", "shipped", _CANCELLED)


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
    is_old = _is_stale(new.status, existing.status) or (_is_nameless(new) and not _is_nameless(existing))
    later, earlier = (existing, new) if is_old else (new, existing)
    items = _united(existing.items, new.items, later is new)
    return Order(
        order_id=existing.order_id,
        purchased_at=later.purchased_at or earlier.purchased_at,
        status=later.status or earlier.status,
        sales_channel=later.sales_channel or earlier.sales_channel,
        fulfillment_channel=later.fulfillment_channel or earlier.fulfillment_channel,
        ship_service_level=later.ship_service_level or earlier.ship_service_level,
        items=items,
        destination=merge_destinations(later.destination, earlier.destination),
        total=_merge_totals(later, earlier, items),
        source=later.source or earlier.source,
    )


def _is_nameless(order: Order) -> bool:
    """True for what a shipping confirmation says of an order: the ids of its lines."""
    facts = (order.purchased_at, order.status, order.total, order.sales_channel)
    if any(facts) or order.destination != NOWHERE:
        return False
    return not any(_is_named(item) for item in order.items)


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
    """Both records' items in the known order, each with its gaps filled from the other record's."""
    twins = _twins(existing, new)
    united = [
        item if twin is None else _filled(*((new[twin], item) if new_wins else (item, new[twin])))
        for item, twin in zip(existing, twins, strict=True)
    ]
    taken = set(twins)
    united += [item for position, item in enumerate(new) if position not in taken]
    return _without_nameless(_without_vague(tuple(united)))


def _twins(existing: tuple[OrderItem, ...], new: tuple[OrderItem, ...]) -> list[int | None]:
    """For each known item the position of the new one that is the same: by its id, else the n-th of one product."""
    by_id = {item.order_item_id: position for position, item in enumerate(new) if item.order_item_id}
    twins = [by_id.get(item.order_item_id) if item.order_item_id else None for item in existing]
    taken = set(twins)
    numbered = {name: position for position, name in enumerate(_numbered(new))}
    for position, (name, item) in enumerate(zip(_numbered(existing), existing, strict=True)):
        twin = numbered.get(name) if twins[position] is None else None
        if twin is None or twin in taken or (item.order_item_id and new[twin].order_item_id):
            continue
        twins[position] = twin
        taken.add(twin)
    return twins


def _filled(first: OrderItem, second: OrderItem) -> OrderItem:
    """The first item with its gaps filled from the second; one without a name never comes before one with it."""
    if _is_named(second) and not _is_named(first):
        first, second = second, first
    return OrderItem(
        first.title or second.title,
        first.sku or second.sku,
        first.asin or second.asin,
        first.quantity,
        first.price or second.price,
        first.tax or second.tax,
        first.shipping or second.shipping,
        first.shipping_tax or second.shipping_tax,
        first.discount or second.discount,
        first.order_item_id or second.order_item_id,
        first.condition or second.condition,
    )


def _is_named(item: OrderItem) -> bool:
    """False for an item of a shipping confirmation, which knows the id of a line and not what it is."""
    return bool(item.sku or item.asin or item.title)


def _numbered(items: tuple[OrderItem, ...]) -> list[tuple[str, str, int]]:
    """For each item what names the product best, and its number among those of the same product."""
    counts: Counter[tuple[str, str]] = Counter()
    names = []
    for item in items:
        name = (
            ("sku", item.sku)
            if item.sku
            else ("asin", item.asin)
            if item.asin
            else ("", item.title.casefold())
        )
        counts[name] += 1
        names.append((*name, counts[name]))
    return names


def _without_nameless(items: tuple[OrderItem, ...]) -> tuple[OrderItem, ...]:
    """The items less those that have only an id, when others have names; one line gets its id from one line."""
    named = tuple(item for item in items if _is_named(item))
    nameless = [item for item in items if not _is_named(item)]
    if not named or not nameless:
        return items
    if len(named) == len(nameless) == 1 and not named[0].order_item_id:
        return (_filled(named[0], nameless[0]),)
    return named


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
    named = tuple(item for item in record.items if _is_named(item))
    if not named:
        return record.total is not None or not items
    return len(_without_vague(named)) >= len(items)


def merge_destinations(later: Destination, earlier: Destination) -> Destination:
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
