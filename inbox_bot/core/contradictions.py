"""Where the sources of an order do not say the same, or one source says what cannot be: each named with both values.

What is odd but explains itself (a depot's postal code, a mail dated a day later) is no contradiction; the allowances
stand here with their reasons. What follows from a contradiction is said by the decision rules.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations
from typing import TypeVar

from inbox_bot.core.model import Destination, Money, Notice
from inbox_bot.core.places import same_place
from inbox_bot.core.record import Contradiction, Dossier, Order, OrderItem, Refund, Shipment, ShipmentStatus
from inbox_bot.core.text import one_line

Datum = TypeVar("Datum", bound=Hashable)
NOTICE = "the notice"

# A mail often goes out the day after what it tells, and a report's day may be counted in another zone than the
# carrier's: days of two sources may lie one apart, those of one source may not.
_TWO_SOURCES = timedelta(days=1)
# An order placed late in Seattle is of the next day in UTC; a parcel handed over before midnight may be scanned after.
_ZONES = timedelta(days=1)
# From the seller's shipping confirmation to the carrier's first scan, by a week-end.
_HANDING_OVER = timedelta(days=3)
_ROUNDING = Decimal("0.02")  # taxes are rounded by line here and by order there
_MOST = 50
_MOST_IN_WORDS = 6
_MOST_LINES = 8  # of an order whose parts are tried

# What the parcel's carrier is called differs between a seller's report and the carrier's own word, and parcels are
# handed over; a part of the order may be disputed. They are named, but nobody has to look before an answer goes out.
CARRIER = "carrier"
DISPUTED_PART = "disputed amount below the order's total"
DISPUTED_MORE = "disputed amount above the order's total"
_MINOR = frozenset({CARRIER, DISPUTED_PART})


def is_material(contradiction: Contradiction) -> bool:
    """Whether an answer must not go out before a person has looked at it."""
    return contradiction.about.partition(" of ")[0] not in _MINOR


def in_words(contradictions: Sequence[Contradiction]) -> str:
    """The contradictions in one sentence: what, and each value with its source; of many, the first and how many."""
    told = [
        f"{one.about}: {' / '.join(f'{value} ({source})' for value, source in one.said)}"
        for one in contradictions[:_MOST_IN_WORDS]
    ]
    more = len(contradictions) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def find_contradictions(notice: Notice, fragments: Sequence[Dossier]) -> tuple[Contradiction, ...]:
    """What the sources of one order say against each other, against themselves and against the notice.

    `fragments` are what each source says, before they are made one; fragments of another order are left out. The first
    fifty are told.
    """
    own = [one for one in fragments if one.order_id in (notice.order_id, "")] or list(fragments)
    parcels = _by_tracking_id(_once(parcel for one in own for parcel in one.shipments))
    orders = _once(one.order for one in own if one.order is not None)
    refunds = _once(refund for one in own for refund in one.refunds)
    found = chain(
        _of_notice(orders, refunds, notice),
        _of_refunds(refunds, orders, notice),
        _between_orders(orders),
        *(_of_parcel(records, orders, notice) for records in parcels),
        *(_between_records(records) for records in parcels),
    )
    unique: dict[Contradiction, None] = {}
    for one in found:
        unique[one] = None
        if len(unique) == _MOST:  # a flood of mails about one parcel says no more than its first ones
            break
    return tuple(unique)


def _once(data: Iterable[Datum]) -> tuple[Datum, ...]:
    return tuple(dict.fromkeys(data))


def _said(about: str, *said: tuple[object, str]) -> Contradiction:
    return Contradiction(about, tuple((str(value), source or "a source not named") for value, source in said))


def _of(what: str, parcel: Shipment) -> str:
    return f"{what} of {parcel.tracking_id}" if parcel.tracking_id else what


def _by_tracking_id(parcels: Iterable[Shipment]) -> list[list[Shipment]]:
    """The records of each parcel; one without a tracking number stands for itself."""
    records: dict[object, list[Shipment]] = {}
    for parcel in parcels:
        records.setdefault(_plain(parcel.tracking_id) or parcel, []).append(parcel)
    return list(records.values())


def _between_records(records: Sequence[Shipment]) -> Iterator[Contradiction]:
    """Records of one parcel, each with each."""
    for first, second in combinations(records, 2):
        apart = timedelta(0) if first.source == second.source else _TWO_SOURCES
        for what, ours, theirs in (
            ("delivery day", first.delivered_on, second.delivered_on),
            ("ship day", first.shipped_on, second.shipped_on),
        ):
            allowed = apart if what == "delivery day" else apart + _HANDING_OVER
            if ours and theirs and abs(ours - theirs) > allowed:
                yield _said(_of(what, first), (ours, first.source), (theirs, second.source))
        if same_place(first.delivered_to, second.delivered_to) is False:
            places = (_place(first.delivered_to), first.source), (_place(second.delivered_to), second.source)
            yield _said(_of("place of delivery", first), *places)
        if {first.status, second.status} in _CLASHES:
            statuses = (_status(first), first.source), (_status(second), second.source)
            yield _said(_of("status", first), *statuses)
        if first.carrier and second.carrier and not _same_carrier(first.carrier, second.carrier):
            yield _said(_of(CARRIER, first), (first.carrier, first.source), (second.carrier, second.source))
        if first.signed_by and second.signed_by and _plain(first.signed_by) != _plain(second.signed_by):
            signed = (first.signed_by, first.source), (second.signed_by, second.source)
            yield _said(_of("signature", first), *signed)


_CLASHES = (
    {ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED_TO_SENDER},
    {ShipmentStatus.DELIVERED, ShipmentStatus.LOST},
)


def _of_parcel(
    records: Sequence[Shipment], orders: Sequence[Order], notice: Notice
) -> Iterator[Contradiction]:
    """Days of one parcel that cannot be."""
    noticed_on = notice.received_at.date()
    for parcel in records:
        for other in records:
            apart = timedelta(0) if other.source == parcel.source else _TWO_SOURCES
            if _is_after(other.shipped_on, parcel.delivered_on, apart):
                shipped, delivered = (other.shipped_on, other.source), (parcel.delivered_on, parcel.source)
                yield _said(_of("shipped after it was delivered", parcel), shipped, delivered)
        for order in orders:
            ordered_on = order.purchased_at.date() if order.purchased_at else None
            if _is_after(ordered_on, parcel.shipped_on, _ZONES):
                ordered, shipped = (ordered_on, order.source), (parcel.shipped_on, parcel.source)
                yield _said(_of("shipped before it was ordered", parcel), ordered, shipped)
        if _is_after(parcel.delivered_on, noticed_on, _ZONES):
            delivered = (parcel.delivered_on, parcel.source)
            yield _said(_of("delivered after the notice", parcel), (noticed_on, NOTICE), delivered)
        yield from _of_scans(parcel)


def _of_scans(parcel: Shipment) -> Iterator[Contradiction]:
    """The carrier's history against what is said of the parcel; a parcel is delivered once, by its last scan."""
    days = [
        one.scanned_on for one in parcel.scans if one.status is ShipmentStatus.DELIVERED and one.scanned_on
    ]
    if days and parcel.delivered_on and all(abs(day - parcel.delivered_on) > _TWO_SOURCES for day in days):
        source = f"tracking history, {parcel.source}"
        yield _said(_of("delivery day", parcel), (parcel.delivered_on, parcel.source), (max(days), source))


def _is_after(later: date | None, earlier: date | None, allowed: timedelta) -> bool:
    return later is not None and earlier is not None and later - earlier > allowed


def _between_orders(orders: Sequence[Order]) -> Iterator[Contradiction]:
    for first, second in combinations(orders, 2):
        if _totals_differ(first, second):
            yield _said("order total", (first.total, first.source), (second.total, second.source))
        if first.purchased_at and second.purchased_at:
            ours, theirs = first.purchased_at.date(), second.purchased_at.date()
            if abs(ours - theirs) > _ZONES:
                yield _said("order day", (ours, first.source), (theirs, second.source))
        if same_place(first.destination, second.destination) is False:
            ours_to, theirs_to = _place(first.destination), _place(second.destination)
            yield _said("shipping address", (ours_to, first.source), (theirs_to, second.source))
        yield from _between_items(first, second)


def _between_items(first: Order, second: Order) -> Iterator[Contradiction]:
    """Quantities by SKU, where both sources name the SKU."""
    theirs = _pieces(second)
    for sku, pieces in _pieces(first).items():
        if sku in theirs and theirs[sku] != pieces:
            yield _said(f"quantity of {sku}", (pieces, first.source), (theirs[sku], second.source))


def _pieces(order: Order) -> dict[str, int]:
    pieces: dict[str, int] = {}
    for item in order.items:
        if item.sku:
            pieces[item.sku] = pieces.get(item.sku, 0) + item.quantity
    return pieces


def _of_refunds(
    refunds: Sequence[Refund], orders: Sequence[Order], notice: Notice
) -> Iterator[Contradiction]:
    for first, second in combinations(refunds, 2):
        same = first.reference and _plain(first.reference) == _plain(second.reference)
        if same and _money_differs(first.amount, second.amount):
            said = (first.amount, first.source), (second.amount, second.source)
            yield _said(f"amount of refund {first.reference}", *said)
    charges = [(order.total, order.source) for order in orders if order.total]
    charges = charges or ([(notice.amount, NOTICE)] if notice.amount else [])
    for source in dict.fromkeys(refund.source for refund in refunds):
        for paid in _sums(refund.amount for refund in refunds if refund.source == source):
            if charges and all(_is_more(paid, charge) for charge, _ in charges):
                yield _said("refund above the charge", (paid, source), charges[0])


def _sums(amounts: Iterable[Money | None]) -> Iterator[Money]:
    """What one source says was refunded, a sum a currency; two sources may tell of the same refund."""
    sums: dict[str, Decimal] = {}
    for money in amounts:
        if money is not None:
            sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return (Money(amount, currency) for currency, amount in sums.items())


def _of_notice(orders: Sequence[Order], refunds: Sequence[Refund], notice: Notice) -> Iterator[Contradiction]:
    for order in orders:
        if same_place(notice.destination, order.destination) is False:
            ours = (_place(order.destination), order.source)
            yield _said("shipping address", (_place(notice.destination), NOTICE), ours)
    if notice.amount is None or len(notice.order_ids) > 1:
        return  # a notice about several orders names the amount of all or of one
    named = notice.amount
    totals = [order for order in orders if order.total and order.total.currency == named.currency]
    if not totals or any(_explains(order, refunds, named) for order in totals):
        return
    order = totals[0]
    above = order.total is not None and _is_more(named, order.total)
    about = DISPUTED_MORE if above else DISPUTED_PART
    yield _said(about, (named, NOTICE), (order.total, order.source))


def _explains(order: Order, refunds: Sequence[Refund], named: Money) -> bool:
    """Whether the amount is the order's, that of some of its lines, or what a refund left of it."""
    if order.total is None or not _money_differs(order.total, named):
        return True
    left = [order.total.amount - refund.amount.amount for refund in refunds if refund.amount]
    whole, bare = [_whole(item) for item in order.items], [_amount(item.price) for item in order.items]
    parts = [sum(some) for lines in (whole, bare) for some in _some_of(lines[:_MOST_LINES])]
    return any(part and abs(part - named.amount) <= _ROUNDING for part in (*parts, *left))


def _some_of(lines: Sequence[Decimal]) -> Iterator[tuple[Decimal, ...]]:
    return (some for size in range(1, len(lines) + 1) for some in combinations(lines, size))


def _whole(item: OrderItem) -> Decimal:
    paid = sum(map(_amount, (item.price, item.tax, item.shipping, item.shipping_tax)), Decimal(0))
    return paid - _amount(item.discount)


def _amount(money: Money | None) -> Decimal:
    return money.amount if money else Decimal(0)


def _money_differs(first: Money | None, second: Money | None) -> bool:
    if first is None or second is None:
        return False
    return first.currency != second.currency or abs(first.amount - second.amount) > _ROUNDING


def _is_more(first: Money, second: Money) -> bool:
    return first.currency == second.currency and first.amount - second.amount > _ROUNDING


def _totals_differ(first: Order, second: Order) -> bool:
    """Whether the totals differ by more than the taxes or the shipping, which not every source counts in."""
    if not _money_differs(first.total, second.total):
        return False
    apart = abs(_amount(first.total) - _amount(second.total))
    for order in (first, second):
        tax = sum((_amount(item.tax) + _amount(item.shipping_tax) for item in order.items), Decimal(0))
        shipping = sum((_amount(item.shipping) for item in order.items), Decimal(0))
        if any(part and abs(apart - part) <= _ROUNDING for part in (tax, shipping, tax + shipping)):
            return False
    return True


def _same_carrier(first: str, second: str) -> bool:
    ours, theirs = _plain(first), _plain(second)
    return ours in theirs or theirs in ours


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _place(place: Destination) -> str:
    return one_line(" ".join(part for part in (place.city, place.state, place.postal_code) if part))


def _status(parcel: Shipment) -> str:
    return parcel.status.value.replace("_", " ")
