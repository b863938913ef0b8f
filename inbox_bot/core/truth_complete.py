"""Whether an answer says everything of weight that is on record: in the letter or in what is attached.

A value is looked for as it is written, whatever the case, the blanks, the hyphens and the line breaks in it. What is
not known, or was purged, is not asked for.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date

import re2

from inbox_bot.core.facts import items_of
from inbox_bot.core.model import Money
from inbox_bot.core.money import find_money
from inbox_bot.core.record import Dossier, Shipment
from inbox_bot.core.truth_known import Ground, days_of, spoken
from inbox_bot.core.truth_text import MOST_CHARACTERS, days_in, lines_of
from inbox_bot.core.truth_words import StatementWords

_NEAR = 60
_TITLE = 40  # characters of an item's title that must stand there
_CUT = "characters left out here"


def missing_from(
    letter: str, exhibits: str, ground: Ground, words: StatementWords
) -> Iterator[tuple[str, str]]:
    """What the answer lacks: about what, and in plain words."""
    own = _Text(letter, ground, words)
    yield from _in_letter(own, ground)
    if not ground.exhibits:
        return
    both = _Text(f"{letter}\n{exhibits}", ground)
    for number, dossier in enumerate(ground.dossiers):
        for about, value in _values(dossier, ground, is_own=number == 0):
            if not both.has(value):
                yield about, f"the answer does not say {value} ({about}), which is on record"
        for scan in (scan for parcel in dossier.shipments for scan in parcel.scans):
            if not both.has_together(_day(scan.scanned_on), scan.place):
                what = " ".join(part for part in (_day(scan.scanned_on), scan.place) if part)
                yield "scan", f"the answer does not say that the parcel was scanned: {what}"
    charged = ground.notice.amount or (ground.dossiers[0].order.total if ground.dossiers[0].order else None)
    if charged is not None and not own.has_amount(charged) and not both.has(str(charged)):
        yield "amount", f"the answer does not say {charged}, the amount in dispute"
    if _CUT not in exhibits:
        yield from _messages(both, ground.dossiers[0])


def _messages(both: _Text, dossier: Dossier) -> Iterator[tuple[str, str]]:
    channel = dossier.order.sales_channel if dossier.order else ""
    for message in spoken(dossier):
        if not any(both.has(day.isoformat()) for day in days_of(message.at, channel or "amazon.com")):
            day = message.at.date().isoformat()
            yield "message", f"the answer leaves out the {message.party.value}'s message of {day}"


def _in_letter(own: _Text, ground: Ground) -> Iterator[tuple[str, str]]:
    if ground.notice.order_id and not own.has(ground.notice.order_id):
        yield "order id", f"the letter does not name the order {ground.notice.order_id}"
    dossier = ground.dossiers[0]
    for refund in dossier.refunds:
        if refund.amount is not None and not own.has_amount(refund.amount):
            yield "refund", f"the letter leaves out a refund of {refund.amount}, which is on record"
        if refund.refunded_on is not None and not own.has_day(refund.refunded_on, "refunded"):
            yield "refund", f"the letter leaves out the refund of {refund.refunded_on}, which is on record"
    if not ground.exhibits:
        return
    for back in dossier.returns:
        if back.received_on is not None and not own.has_day(back.received_on, "return_received"):
            yield "return", f"the letter leaves out the return that came back on {back.received_on}"
    for parcel in dossier.shipments:
        if parcel.replacement and parcel.tracking_id and not own.has(parcel.tracking_id):
            yield "replacement", f"the letter leaves out the replacement {parcel.tracking_id}"


def _values(dossier: Dossier, ground: Ground, *, is_own: bool) -> Iterator[tuple[str, str]]:
    order = dossier.order
    yield "order id", dossier.order_id
    if order is not None:
        channel_days = days_of(order.purchased_at, order.sales_channel) if order.purchased_at else frozenset()
        yield "order date", "|".join(sorted(day.isoformat() for day in channel_days))
        yield "ship-to city", order.destination.city
        yield "ship-to postal code", order.destination.postal_code
        yield "order total", str(order.total) if order.total else ""
    for item in items_of(ground.notice, order) if is_own or order else ():
        if item.quantity > 0:
            yield "item", " ".join(item.title.split())[:_TITLE].strip()
            for amount in (item.price, item.tax, item.shipping, item.shipping_tax, item.discount):
                yield "item amount", str(amount) if amount is not None and amount.amount else ""
    for parcel in dossier.shipments:
        yield from _of_parcel(parcel)
    for refund in dossier.refunds:
        yield "refund amount", str(refund.amount) if refund.amount else ""
        yield "refund date", _day(refund.refunded_on)
        yield "refund reference", refund.reference
    for back in dossier.returns:
        yield "return", _day(back.received_on or back.requested_on)
    for posting in dossier.postings:
        yield "settlement amount", str(posting.amount)
        yield "settlement date", _day(posting.posted_on)


def _of_parcel(parcel: Shipment) -> Iterator[tuple[str, str]]:
    yield "carrier", parcel.carrier
    yield "tracking id", parcel.tracking_id
    yield "ship date", _day(parcel.shipped_on)
    yield "delivery date", _day(parcel.delivered_on)
    yield "delivery time", parcel.delivered_at_text
    yield "delivery city", parcel.delivered_to.city
    yield "delivery postal code", parcel.delivered_to.postal_code
    yield "signature", parcel.signed_by


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


class _Text:
    """A text to look values up in; several spellings of one value are parted by "|"."""

    def __init__(self, text: str, ground: Ground, words: StatementWords | None = None) -> None:
        self._folded = _light(text)
        self._days: frozenset[tuple[str, date]] = frozenset()
        self._amounts: frozenset[Money] = frozenset()
        if words is not None:
            self._days = frozenset(_days_by_line(text, ground.notice.received_at.date(), words))
            dollar = ground.notice.amount.currency if ground.notice.amount else "USD"
            self._amounts = frozenset(one.money for one in find_money(text, dollar=dollar))

    def has(self, value: str) -> bool:
        """Whether the value stands there; nothing is lacking when it is empty."""
        return not _bare(value) or any(self._stands(one) for one in value.split("|"))

    def has_day(self, day: date, role: str) -> bool:
        """Whether the day stands in a line, or right below one, that speaks of such a thing."""
        return (role, day) in self._days

    def has_amount(self, amount: Money) -> bool:
        same = [one for one in self._amounts if one.currency == amount.currency]
        return any(one.amount == abs(amount.amount) for one in same) or self._stands(str(amount))

    def has_together(self, day: str, place: str) -> bool:
        """Whether the place stands right behind the day: the same day may stand anywhere for another reason."""
        if not day or not _bare(place):
            return self.has(day)
        places = [match.start() for match in self._found(place)]
        return any(
            at < len(places) and places[at] <= match.start() + _NEAR
            for match in self._found(day)
            for at in (bisect_left(places, match.start()),)
        )

    def _stands(self, value: str) -> bool:
        return next(self._found(value), None) is not None

    def _found(self, value: str) -> Iterator[re2._Match]:
        chars = list(_bare(_light(value)))
        if not chars:
            return iter(())
        words = r"[\s\-]*".join(re2.escape(char) for char in chars[:200])
        before = r"(?:^|[^a-z0-9])" if chars[0].isascii() and chars[0].isalnum() else ""
        behind = (
            r"(?:$|[^a-z0-9])"
            if chars[-1].isascii() and chars[-1].isalnum() and len(chars) < _TITLE - 8
            else ""
        )
        return iter(re2.finditer(before + words + behind, self._folded))


def _days_by_line(text: str, near: date, words: StatementWords) -> Iterator[tuple[str, date]]:
    """Each day of the letter with each thing that its line speaks of; a line without words goes with the one before."""
    roles: set[str] = set()
    for line in lines_of(text[:MOST_CHARACTERS]):
        roles = {hit.name for hit in words.roles.find_all(line.text)} or roles
        for _, days in days_in(line.text, near) if roles else ():
            yield from ((role, day) for role in roles for day in days)


def _bare(value: str) -> str:
    return "".join(char for char in value if not char.isspace() and char != "-")


def _light(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("\u00ad", "")
