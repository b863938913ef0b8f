"""What is on record about a case, laid out to hold a letter against: days and amounts by what they are of, ids, places.

Nothing is read from a letter here; that is the business of `core/truth.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from inbox_bot.core.dates import find_dates
from inbox_bot.core.facts import items_of
from inbox_bot.core.model import NOWHERE, Destination, Money, Notice, Policy
from inbox_bot.core.money import find_money
from inbox_bot.core.record import (
    Dossier,
    Message,
    OrderItem,
    Party,
    PostingKind,
    Shipment,
    ShipmentStatus,
)
from inbox_bot.core.text import plain_text
from inbox_bot.core.truth_text import read_plain
from inbox_bot.core.zones import local_time, zone_of


@dataclass(frozen=True, slots=True)
class Ground:
    """What a letter is held against; `dossiers` begin with the order in dispute, `exhibits` counts them.

    `attachments` are the names of the files. `refund_confirmed`: a person said that the refund was made, although
    none is on record. `told_on` is the day of an earlier answer.
    """

    notice: Notice
    dossiers: tuple[Dossier, ...]
    exhibits: int
    attachments: tuple[str, ...]
    policy: Policy
    refund_confirmed: bool = False
    told_on: date | None = None


def folded(text: str) -> str:
    """Lower case, full-width forms and accents plain, letters and digits only: what two spellings share."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return "".join(char for char in text.casefold() if char.isalnum())


def words_of(text: str) -> tuple[str, ...]:
    """The words and numbers of the text, folded."""
    if not text.isascii():
        text = "".join(
            char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
        )
    return tuple("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def main_parcel(dossier: Dossier) -> Shipment | None:
    """The parcel of the form's five lines: the first one, a delivered one before others, replacements last."""
    ranked = sorted(
        dossier.shipments, key=lambda one: (one.replacement, one.status is not ShipmentStatus.DELIVERED)
    )
    return ranked[0] if ranked else None


def spoken(dossier: Dossier) -> tuple[Message, ...]:
    """The messages between buyer and seller."""
    return tuple(one for one in dossier.messages if one.party in (Party.BUYER, Party.SELLER))


def days_of(at: datetime, channel: str) -> frozenset[date]:
    """The days on which the instant fell: in UTC and at the marketplace, or anywhere when that is not known."""
    if zone_of(channel) is not None:
        return frozenset({at.date(), local_time(at, channel).date()})
    return frozenset({at.date(), (at - timedelta(hours=12)).date(), (at + timedelta(hours=14)).date()})


# --- days --------------------


def days_by_role(ground: Ground, parcels: Iterable[Shipment]) -> dict[str, frozenset[date]]:
    """The days on record by role; shipping and delivery are those of the given parcels."""
    found: dict[str, set[date]] = {}

    def add(role: str, *days: date | None) -> None:
        found.setdefault(role, set()).update(day for day in days if day is not None)

    for parcel in parcels:
        scanned = [scan.scanned_on for scan in parcel.scans if scan.status is not ShipmentStatus.DELIVERED]
        add("shipped", *([parcel.shipped_on] if parcel.shipped_on else scanned))
        add("delivered", parcel.delivered_on)
        for scan in parcel.scans:
            add("tried", scan.scanned_on)
            if scan.status is ShipmentStatus.DELIVERED:
                add("delivered", scan.scanned_on)
    for dossier in ground.dossiers:
        _add_days(dossier, add)
    add("notice", *notice_days(ground.notice), *((ground.told_on,) if ground.told_on else ()))
    return {role: frozenset(days) for role, days in found.items()}


def _add_days(dossier: Dossier, add: object) -> None:
    assert callable(add)  # noqa: S101 - tells the type checker what the caller hands over
    channel = dossier.order.sales_channel if dossier.order else ""
    if dossier.order is not None and dossier.order.purchased_at is not None:
        add("ordered", *days_of(dossier.order.purchased_at, channel))
    for refund in dossier.refunds:
        add("refunded", refund.refunded_on)
    for posting in dossier.postings:
        add("taken", posting.posted_on)
        if posting.kind is PostingKind.REFUND:
            add("refunded", posting.posted_on)
    for back in dossier.returns:
        add("return_received", back.received_on)
        add("return_asked", back.requested_on)
    for message in dossier.messages:
        days = days_of(message.at, channel or "amazon.com")
        add("written", *days)
        add("refund_spoken_of", *days)
        if "asks_to_cancel" in message.marks:
            add("cancel", *days)
        if "return_requested" in message.marks:
            add("return_asked", *days)
        if {"return_received", "confirms_return"} & set(message.marks):
            add("return_received", *days)
        if "admits_receipt" in message.marks:
            add("admitted", *days)


def notice_days(notice: Notice) -> Iterator[date]:
    """The days that the notice itself gives: when it came, and when an answer is due."""
    for at in (notice.dated_at, notice.received_at):
        if at is None:
            continue
        for day in days_of(at, ""):
            yield from (day, day + timedelta(days=7))
            if notice.stated_days is not None:
                yield day + timedelta(days=min(notice.stated_days, 400))
    if notice.stated_on is not None:
        yield notice.stated_on


def message_days(ground: Ground) -> frozenset[date]:
    """Days that the correspondence mentions."""
    found: set[date] = set()
    for dossier in ground.dossiers:
        for message in dossier.messages:
            text = plain_text(f"{message.subject}\n{message.text}")[:20_000]
            found.update(one.on for one in find_dates(text, near=message.at.date(), past=True))
            found.update(one.on for one in find_dates(text, near=message.at.date()))
    return frozenset(found)


# --- amounts --------------------


def amounts_by_role(ground: Ground) -> dict[str, frozenset[Money]]:
    """The amounts on record: "refunded" are those of refunds, "any" is every one; none is negative."""
    notice = ground.notice
    every: set[Money] = {notice.amount} if notice.amount else set()
    refunded: set[Money] = set()
    for dossier in ground.dossiers:
        refunds = [one.amount for one in dossier.refunds if one.amount is not None]
        posted = [one.amount for one in dossier.postings if one.kind is PostingKind.REFUND]
        refunded.update((*refunds, *posted, *_sums(refunds), *_sums(posted)))
        every.update(one.amount for one in dossier.postings)
        every.update(_sums([one.amount for one in dossier.postings if one.kind is PostingKind.CHARGEBACK]))
        every.update(_sums([one.amount for one in dossier.postings if one.kind is PostingKind.ATOZ]))
        every.update(_order_amounts(dossier))
        for message in dossier.messages:
            text = plain_text(f"{message.subject}\n{message.text}")[:20_000]
            every.update(one.money for one in find_money(text))
    return {"refunded": _plain(refunded), "any": _plain(every | refunded)}


def _order_amounts(dossier: Dossier) -> Iterator[Money]:
    order = dossier.order
    if order is None:
        return
    if order.total is not None:
        yield order.total
    for item in order.items:
        yield from item_amounts(item)
    for parts in (
        [item.price for item in order.items],
        [item.shipping for item in order.items],
        [item.tax for item in order.items],
        [item.discount for item in order.items],
        [part for item in order.items for part in (item.price, item.tax)],
        [part for item in order.items for part in (item.price, item.shipping)],
        [part for item in order.items for part in (item.price, item.tax, item.shipping, item.shipping_tax)],
    ):
        yield from _sums([part for part in parts if part is not None])


def item_amounts(item: OrderItem) -> Iterator[Money]:
    """What can be said of one line of the order: its parts, their sums, the price of one piece."""
    parts = [part for part in (item.price, item.tax, item.shipping, item.shipping_tax) if part is not None]
    yield from parts
    yield from _sums(parts)
    yield from _sums([part for part in (item.price, item.tax) if part is not None])
    yield from _sums([part for part in (item.price, item.shipping) if part is not None])
    if item.discount is not None:
        yield item.discount
        for part in (*_sums(parts), *([item.price] if item.price else [])):
            yield Money(part.amount - abs(item.discount.amount), part.currency)
    if item.price is not None and item.quantity > 1:
        yield Money((item.price.amount / item.quantity).quantize(Decimal("0.01")), item.price.currency)


def _sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    sums: dict[str, Decimal] = {}
    for one in amounts:
        sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
    return tuple(Money(amount, currency) for currency, amount in sums.items())


def _plain(amounts: Iterable[Money]) -> frozenset[Money]:
    return frozenset(Money(abs(one.amount), one.currency) for one in amounts)


# --- ids, names and places --------------------


def ids_on_record(ground: Ground) -> frozenset[str]:
    """Every id that a letter may name, as written."""
    notice = ground.notice
    found: list[str] = [notice.order_id or "", *notice.order_ids]
    for place in (*places_on_order(ground), *(one.delivered_to for one in _parcels(ground))):
        found += [place.postal_code, *(word for line in place.lines for word in line.split())]
    for dossier in ground.dossiers:
        found.append(dossier.order_id)
        found += [one.tracking_id for one in dossier.shipments]
        found += [one.reference for one in dossier.refunds]
        found += [one.reference for one in dossier.postings]
        found += [one.sku for one in dossier.returns]
        for item in items_of(notice, dossier.order):
            found += [item.sku, item.asin, item.order_item_id]
    return frozenset(one for one in found if folded(one))


def _parcels(ground: Ground) -> Iterator[Shipment]:
    for dossier in ground.dossiers:
        yield from dossier.shipments


def own_words(ground: Ground) -> tuple[str, ...]:
    """Titles, file names and other words of the record that state nothing, whatever they say, longest first."""
    policy, notice = ground.policy, ground.notice
    found = [policy.display_name, policy.address, *policy.aliases, *ground.attachments]
    found += policy.signature.splitlines()
    for dossier in ground.dossiers:
        found += [item.title for item in items_of(notice, dossier.order)]
        found += [one.name for one in dossier.documents]
        for back in dossier.returns:
            found += [back.reason, back.condition, back.comment]
    found = [plain_words(one) for one in found]
    stated = [one for one in dict.fromkeys(found) if len(folded(one)) >= _SHORTEST and not one.isdigit()]
    return tuple(sorted(stated, key=len, reverse=True))[:_MOST]


def plain_words(text: str) -> str:
    """The words as a letter has them once it is made safe to match: dashes and quotation marks plain, blanks single."""
    return " ".join(read_plain(text).text.split())


_SHORTEST = 6  # a shorter one could stand anywhere ("Sent")
_MOST = 400


def places_on_order(ground: Ground) -> tuple[Destination, ...]:
    """Where the parcels were to go, as far as anything is known."""
    found = [ground.notice.destination, *(one.order.destination for one in ground.dossiers if one.order)]
    return tuple(dict.fromkeys(place for place in found if place != NOWHERE))


def words_of_place(place: Destination) -> frozenset[str]:
    """All words of a place, folded."""
    parts = (*place.lines, place.city, place.state, place.postal_code, place.country)
    return frozenset(word for part in parts for word in words_of(part))
