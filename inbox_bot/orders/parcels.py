"""Parcels out of mails: tracking id, carrier, dates, status and place, and several mails about one parcel merged.

Only mails of sellers, Amazon and carriers come here; who wrote a mail is decided in `orders/correspondence.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

import re2

from inbox_bot.core.dates import FoundDate, find_dates
from inbox_bot.core.model import Destination
from inbox_bot.core.record import Scan, Shipment, ShipmentStatus
from inbox_bot.core.text import one_line
from inbox_bot.orders.addresses import find_place, parse_place
from inbox_bot.orders.correspondence_rules import CorrespondenceRules
from inbox_bot.orders.statements import find_statements
from inbox_bot.orders.tracking import carrier_by_shape, carrier_of, find_tracking_ids, plain_id

_STATUSES = {
    "shipped": ShipmentStatus.IN_TRANSIT,
    "label_created": ShipmentStatus.LABEL_CREATED,
    "in_transit": ShipmentStatus.IN_TRANSIT,
    "delivered": ShipmentStatus.DELIVERED,
    "returned_to_sender": ShipmentStatus.RETURNED_TO_SENDER,
    "lost": ShipmentStatus.LOST,
}
# A parcel that came back is not delivered, whatever was said before; one that was found again is not lost.
_FURTHEST = (
    ShipmentStatus.NOT_KNOWN,
    ShipmentStatus.LABEL_CREATED,
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.LOST,
    ShipmentStatus.DELIVERED,
    ShipmentStatus.RETURNED_TO_SENDER,
)
_LONGEST_TEXT = 60_000
_SIGNED_IN_SENTENCE = re2.compile(
    r"(?i:signed (?:for )?by):?[ ]{0,2}([A-Z][A-Za-zÀ-ɏ.'-]{0,30}(?:[ ][A-Z][A-Za-zÀ-ɏ.'-]{0,30}){0,3})"
    r"|由(\p{Han}{2,4}?)签收|签[收字]人[:：]?[ ]{0,2}(\p{Han}{2,4})"
)
_METHODS = 60
_LONGEST_DATED = 20_000
_OLDEST = timedelta(days=300)


@dataclass(frozen=True, slots=True)
class ParcelMail:
    """A mail that may tell of parcels: `text` is clean, `mailed_on` its date, `domain` that of its sender.

    `is_replacement` says that it is about an order made to replace this one.
    """

    order_id: str
    subject: str
    text: str
    mailed_on: date
    domain: str
    source: str
    by_carrier: bool = False
    is_replacement: bool = False


def read_parcels(mail: ParcelMail, rules: CorrespondenceRules) -> tuple[Shipment, ...]:
    """The parcels a mail tells of; one without a tracking id when it only says what became of the order's parcel."""
    text = mail.text[:_LONGEST_TEXT]
    found = find_tracking_ids(text, rules) or find_tracking_ids(mail.subject, rules)
    if len(found) <= 1:
        tracking_id = found[0][0] if found else ""
        parcel = _read_one(mail, text, "", tracking_id, rules)
        return (parcel,) if parcel is not None else ()
    parcels = []
    for number, (tracking_id, start) in enumerate(found):
        # What stands before the first id is said of all parcels, what stands behind an id of that parcel alone.
        end = found[number + 1][1] if number + 1 < len(found) else len(text)
        parcel = _read_one(mail, text[start:end], text[:start], tracking_id, rules)
        if parcel is not None:
            parcels.append(parcel)
    return tuple(parcels)


def merge_shipments(shipments: Iterable[Shipment]) -> tuple[Shipment, ...]:
    """The parcels of one order, several records of one tracking id made one; the furthest status wins.

    A record without a tracking id belongs to the only parcel there is of its kind (replacement or not); if there are
    several it stays for itself. Merging again changes nothing.
    """
    merged: dict[tuple[str, str], Shipment] = {}
    loose: list[Shipment] = []
    for shipment in shipments:
        key = (shipment.order_id, plain_id(shipment.tracking_id))
        if not key[1]:
            loose.append(shipment)
        elif key in merged:
            merged[key] = _joined(merged[key], shipment)
        else:
            merged[key] = shipment
    kept = list(merged.values())
    for shipment in loose:
        homes = [
            index
            for index, one in enumerate(kept)
            if one.order_id == shipment.order_id and one.replacement == shipment.replacement
        ]
        if len(homes) == 1:
            kept[homes[0]] = _joined(kept[homes[0]], shipment)
        elif shipment not in kept:
            kept.append(shipment)
    return tuple(kept)


def tracking_ids(shipments: Sequence[Shipment]) -> frozenset[str]:
    """The tracking ids of the parcels, as they are compared: upper case, without blanks."""
    return frozenset(plain_id(one.tracking_id) for one in shipments if one.tracking_id)


def names_tracking_id(text: str, ids: frozenset[str]) -> bool:
    """True when the clean text holds one of the tracking ids, blanks inside it or not."""
    compact = text[:_LONGEST_TEXT].upper().replace(" ", "")
    return any(one in compact for one in ids)


def _joined(first: Shipment, second: Shipment) -> Shipment:
    """Both records as one: the further one's facts first, gaps filled from the other."""
    further, other = first, second
    if _FURTHEST.index(second.status) > _FURTHEST.index(first.status):
        further, other = second, first
    came_back = further.status is ShipmentStatus.RETURNED_TO_SENDER
    shipped = [one for one in (first.shipped_on, second.shipped_on) if one is not None]
    sources = dict.fromkeys(part for one in (first, second) for part in one.source.split("; ") if part)
    return Shipment(
        order_id=further.order_id,
        carrier=further.carrier or other.carrier,
        tracking_id=first.tracking_id or second.tracking_id,
        method=first.method or second.method,
        shipped_on=min(shipped, default=None),
        status=further.status,
        delivered_on=None if came_back else further.delivered_on or other.delivered_on,
        delivered_at_text="" if came_back else further.delivered_at_text or other.delivered_at_text,
        delivered_to=Destination() if came_back else _fuller(further.delivered_to, other.delivered_to),
        signed_by="" if came_back else further.signed_by or other.signed_by,
        replacement=first.replacement or second.replacement,
        source="; ".join(sources),
        scans=_history(first.scans, second.scans),
    )


def _history(first: tuple[Scan, ...], second: tuple[Scan, ...]) -> tuple[Scan, ...]:
    """Both tracking histories as one, oldest first; scans without a day stay where they were, at the end."""
    once = dict.fromkeys((*first, *second))
    return tuple(sorted(once, key=lambda scan: (scan.scanned_on or date.max, scan.clock)))


def _fuller(first: Destination, second: Destination) -> Destination:
    return first if first.city or first.postal_code or not (second.city or second.postal_code) else second


@dataclass(frozen=True, slots=True)
class _Said:
    """What a piece of text states about a parcel: kinds, the first sentence of each, and the day printed with it."""

    kinds: frozenset[str]
    sentences: Mapping[str, str]
    days: Mapping[str, FoundDate]


def _read_one(
    mail: ParcelMail, own: str, head: str, tracking_id: str, rules: CorrespondenceRules
) -> Shipment | None:
    """The parcel that `own` tells of; what stands above it in `head` fills the gaps."""
    said = _hear(own, mail.mailed_on, rules)
    if not said.kinds:
        said = _hear(head, mail.mailed_on, rules)
    kinds = said.kinds | _subject_kinds(mail.subject, rules)
    status = max((_STATUSES[kind] for kind in kinds), key=_FURTHEST.index, default=ShipmentStatus.NOT_KNOWN)
    shipped_on = _shipped_on(mail, (own, head), said, kinds, rules)
    if status is ShipmentStatus.NOT_KNOWN and shipped_on is not None:
        status = ShipmentStatus.IN_TRANSIT
    if status is ShipmentStatus.NOT_KNOWN and not tracking_id:
        return None
    parcel = Shipment(
        order_id=mail.order_id,
        carrier=_carrier(mail, own, head, tracking_id, rules),
        tracking_id=tracking_id,
        method=_method(own, rules) or _method(head, rules),
        shipped_on=shipped_on,
        status=status,
        replacement=_is_replacement(mail, rules),
        source=mail.source,
    )
    return _with_delivery(parcel, mail, own, said, rules) if status is ShipmentStatus.DELIVERED else parcel


def _hear(text: str, mailed_on: date, rules: CorrespondenceRules) -> _Said:
    sentences: dict[str, str] = {}
    for hit, sentence in find_statements(text, rules.text, rules.statements, _STATUSES):
        sentences.setdefault(hit.name, sentence.text)
    days = dict(_dated(text, mailed_on, rules))
    kinds = {*sentences, *days}
    for labelled in islice(rules.labels.find("status", text), 20):
        kinds |= _subject_kinds(labelled.value[:80], rules)
    return _Said(frozenset(kinds), sentences, days)


def _dated(text: str, mailed_on: date, rules: CorrespondenceRules) -> Iterator[tuple[str, FoundDate]]:
    """The kinds that are stated by a word right before a day of the past: "Delivered 09/17/2026", "10月12日送达"."""
    for found in reversed(_past_dates(text[:_LONGEST_DATED], mailed_on)):
        line = text[max(0, found.start - 60) : found.start].rsplit("\n", 1)[-1]
        before = line.rstrip(" \t:：,-.|(（*=于在")
        behind = text[found.end : found.end + 12]
        if rules.wording.find_first(before, {"condition"}) is not None:
            continue
        for hit in rules.dated.find_all(before):
            denied = rules.wording.find_first(before[: hit.start], {"negation"})
            undone = rules.statements.unless.find_first(before, {hit.name})
            if hit.end == len(before) and denied is None and undone is None:
                yield hit.name, found
        for hit in rules.dated.find_all(behind):
            undone = rules.statements.unless.find_first(line, {hit.name})
            if hit.words[0] >= "\u3000" and not behind[: hit.start].strip(" ,已成功") and undone is None:
                yield hit.name, found


def _subject_kinds(subject: str, rules: CorrespondenceRules) -> set[str]:
    stated = find_statements(subject.strip(), rules.subject, rules.statements, _STATUSES)
    return {hit.name for hit, _ in stated}


def _carrier(mail: ParcelMail, own: str, head: str, tracking_id: str, rules: CorrespondenceRules) -> str:
    labelled = one_line(rules.labels.first("carrier", own) or rules.labels.first("carrier", head))[:40]
    for words in (labelled, mail.subject, *_near(own, tracking_id), head[-400:]):
        named = [one for one in rules.carriers if words and one.words.find_first(words) is not None]
        if named:
            return named[0].name
    if labelled:
        return labelled
    return carrier_of(mail.domain, rules) or carrier_by_shape(tracking_id, rules)


def _near(text: str, tracking_id: str) -> Iterator[str]:
    """The words round the tracking id, where a carrier is named in passing."""
    at = text.upper().find(tracking_id) if tracking_id else -1
    if at >= 0:
        yield text[max(0, at - 80) : at + len(tracking_id) + 80]
    yield text[:400]


def _method(text: str, rules: CorrespondenceRules) -> str:
    """The first shipping method that is more than the carrier's name, else the first one."""
    values = [one_line(one.value)[:_METHODS] for one in islice(rules.labels.find("method", text), 10)]
    names = {one.name.lower() for one in rules.carriers}
    return next((value for value in values if value.lower() not in names), values[0] if values else "")


def _shipped_on(
    mail: ParcelMail, texts: tuple[str, str], said: _Said, kinds: frozenset[str], rules: CorrespondenceRules
) -> date | None:
    for text in texts:
        if (printed := _past_date(rules.labels.first("shipped_on", text), mail.mailed_on)) is not None:
            return printed.on
    if "shipped" in said.days:
        return said.days["shipped"].on
    if "shipped" not in kinds:
        return None
    printed = _past_date(said.sentences.get("shipped", ""), mail.mailed_on)
    if printed is not None:
        return printed.on
    return mail.mailed_on if kinds <= {"shipped", "in_transit"} else None


def _past_dates(words: str, mailed_on: date) -> list[FoundDate]:
    """The dates of the last months that are not after the mail (a day of grace for time zones).

    A day of ten months ago is one without a year that is still to come.
    """
    latest, earliest = mailed_on + timedelta(days=1), mailed_on - _OLDEST
    return [one for one in find_dates(words, near=mailed_on, past=True) if earliest <= one.on <= latest]


def _past_date(words: str, mailed_on: date) -> FoundDate | None:
    return next(iter(_past_dates(words[:400], mailed_on)), None)


def _with_delivery(
    parcel: Shipment, mail: ParcelMail, own: str, said: _Said, rules: CorrespondenceRules
) -> Shipment:
    """The parcel with day, clock time, place and signature of its delivery, as far as they are printed."""
    words = said.sentences.get("delivered", "")
    printed = _delivery_day(mail, own, said, rules)
    place = _delivery_place(mail, own, words, rules)
    return replace(
        parcel,
        delivered_on=printed.on if printed is not None else None,
        delivered_at_text=printed.clock if printed is not None else "",
        delivered_to=place,
        signed_by=_signed_by(own, words, rules),
    )


def _delivery_day(mail: ParcelMail, own: str, said: _Said, rules: CorrespondenceRules) -> FoundDate | None:
    places = (
        rules.labels.first("delivered_on", own),
        rules.labels.first("delivery_date", own),
        said.sentences.get("delivered", ""),
    )
    labelled = _past_date(places[0], mail.mailed_on) or said.days.get("delivered")
    printed = labelled or _past_date(places[1], mail.mailed_on) or _past_date(places[2], mail.mailed_on)
    if printed is None and mail.by_carrier:
        # A carrier's note with one day in it means that day.
        every = _past_dates(own[:_LONGEST_DATED], mail.mailed_on)
        printed = every[0] if len({one.on for one in every}) == 1 else None
    return printed


def _delivery_place(mail: ParcelMail, own: str, sentence: str, rules: CorrespondenceRules) -> Destination:
    """The place of delivery by its label, its sentence, or in a carrier's note by being the only one there."""
    for labelled in islice(rules.labels.find("delivered_to", own), 10):
        place = parse_place(one_line(labelled.value))
        if place.city or place.postal_code:
            return place
    place = find_place(sentence)
    if (place.city or place.postal_code) or not mail.by_carrier or rules.labels.block("destination", own):
        return place
    lines = [line for line in own.split("\n")[:200] if line.strip()]
    found = {find_place(line) for line in lines} - {Destination()}
    return found.pop() if len(found) == 1 else Destination()


def _signed_by(text: str, sentence: str, rules: CorrespondenceRules) -> str:
    name = one_line(rules.labels.first("signed_by", text))[:60].strip(" .,;'\"-")
    if not name:
        match = _SIGNED_IN_SENTENCE.search(sentence)
        name = (match.group(1) or match.group(2) or match.group(3)).strip() if match is not None else ""
    refused = rules.wording.find_first(name, {"not_a_name"})
    is_name = any(char.isalpha() for char in name) and (refused is None or refused.start > 0)
    return name if is_name else ""


def _is_replacement(mail: ParcelMail, rules: CorrespondenceRules) -> bool:
    if mail.is_replacement or rules.subject.find_first(mail.subject, {"replacing"}) is not None:
        return True
    return any(find_statements(mail.text[:_LONGEST_TEXT], rules.text, rules.statements, {"replacing"}))
