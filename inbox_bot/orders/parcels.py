"""Parcels out of mails: tracking id, carrier, dates, status and place, and several mails about one parcel merged.

Only mails of sellers, Amazon and carriers come here; who wrote a mail is decided in `orders/correspondence.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

import re2

from inbox_bot.core.dates import FoundDate, find_dates
from inbox_bot.core.model import Destination, Shipment, ShipmentStatus
from inbox_bot.core.phrases import Sentence
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


@dataclass(frozen=True, slots=True)
class ParcelMail:
    """A mail that may tell of parcels: `text` is clean, `mailed_on` its date, `domain` that of its sender."""

    order_id: str
    subject: str
    text: str
    mailed_on: date
    domain: str
    source: str


def read_parcels(mail: ParcelMail, rules: CorrespondenceRules) -> tuple[Shipment, ...]:
    """The parcels a mail tells of; one without a tracking id when it only says what became of the order's parcel."""
    text = mail.text[:_LONGEST_TEXT]
    found = find_tracking_ids(text, rules) or find_tracking_ids(mail.subject, rules)
    if len(found) <= 1:
        tracking_id = found[0][0] if found else ""
        parcel = _read_one(mail, text, tracking_id, (0, len(text)), mail.subject, rules)
        return (parcel,) if parcel is not None else ()
    parcels = []
    for number, (tracking_id, start) in enumerate(found):
        # What stands before the first id is said of all parcels, what stands behind an id of that parcel alone.
        end = found[number + 1][1] if number + 1 < len(found) else len(text)
        parcel = _read_one(mail, text, tracking_id, (start, end), mail.subject, rules)
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
    )


def _fuller(first: Destination, second: Destination) -> Destination:
    return first if first.city or first.postal_code or not (second.city or second.postal_code) else second


def _read_one(
    mail: ParcelMail,
    text: str,
    tracking_id: str,
    span: tuple[int, int],
    subject: str,
    rules: CorrespondenceRules,
) -> Shipment | None:
    start, end = span
    own, head = text[start:end], text[:start]
    kinds, sentences = _kinds(own, mail.mailed_on, rules)
    if not kinds:
        kinds, sentences = _kinds(head, mail.mailed_on, rules)
    kinds |= _subject_kinds(subject, rules)
    status = max((_STATUSES[kind] for kind in kinds), key=_FURTHEST.index, default=ShipmentStatus.NOT_KNOWN)
    if status is ShipmentStatus.NOT_KNOWN and not tracking_id:
        return None
    parcel = Shipment(
        order_id=mail.order_id,
        carrier=_carrier(mail, own, head, tracking_id, rules),
        tracking_id=tracking_id,
        method=one_line(rules.labels.first("method", own) or rules.labels.first("method", head))[:_METHODS],
        shipped_on=_shipped_on(mail, own, head, kinds, sentences, rules),
        status=status,
        replacement=_is_replacement(subject, text, rules),
        source=mail.source,
    )
    return (
        _with_delivery(parcel, mail, own, sentences, rules) if status is ShipmentStatus.DELIVERED else parcel
    )


def _kinds(text: str, mailed_on: date, rules: CorrespondenceRules) -> tuple[set[str], dict[str, Sentence]]:
    """What the text states about a parcel, with the first sentence that states it."""
    sentences: dict[str, Sentence] = {}
    for hit, sentence in find_statements(text, rules.text, rules.statements, _STATUSES):
        sentences.setdefault(hit.name, sentence)
    kinds = set(sentences)
    for labelled in islice(rules.labels.find("status", text), 20):
        kinds |= _subject_kinds(labelled.value[:80], rules)
    for labelled in rules.labels.find("delivered_on", text):
        if _past_date(labelled.value[:80], mailed_on) is not None:
            kinds.add("delivered")
    return kinds, sentences


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


def _shipped_on(
    mail: ParcelMail,
    own: str,
    head: str,
    kinds: set[str],
    sentences: dict[str, Sentence],
    rules: CorrespondenceRules,
) -> date | None:
    for text in (own, head):
        if (printed := _past_date(rules.labels.first("shipped_on", text), mail.mailed_on)) is not None:
            return printed.on
    if "shipped" not in kinds:
        return None
    sentence = sentences.get("shipped")
    printed = _past_date(sentence.text, mail.mailed_on) if sentence is not None else None
    if printed is not None:
        return printed.on
    return mail.mailed_on if kinds <= {"shipped", "in_transit"} else None


def _past_date(words: str, mailed_on: date) -> FoundDate | None:
    """The first date of the words that is not after the mail (a day of grace for time zones)."""
    latest = mailed_on + timedelta(days=1)
    return next((one for one in find_dates(words[:400], near=mailed_on, past=True) if one.on <= latest), None)


def _with_delivery(
    parcel: Shipment, mail: ParcelMail, own: str, sentences: dict[str, Sentence], rules: CorrespondenceRules
) -> Shipment:
    """The parcel with day, clock time, place and signature of its delivery, as far as they are printed."""
    sentence = sentences.get("delivered")
    words = sentence.text if sentence is not None else ""
    places = (rules.labels.first("delivered_on", own), rules.labels.first("delivery_date", own), words)
    printed = next((found for one in places if (found := _past_date(one, mail.mailed_on)) is not None), None)
    place = parse_place(one_line(rules.labels.first("delivered_to", own)))
    if not (place.city or place.postal_code):
        place = find_place(words)
    return replace(
        parcel,
        delivered_on=printed.on if printed is not None else None,
        delivered_at_text=printed.clock if printed is not None else "",
        delivered_to=place,
        signed_by=_signed_by(own, words, rules),
    )


def _signed_by(text: str, sentence: str, rules: CorrespondenceRules) -> str:
    name = one_line(rules.labels.first("signed_by", text))[:60].strip(" .,;'\"-")
    if not name:
        match = _SIGNED_IN_SENTENCE.search(sentence)
        name = (match.group(1) or match.group(2) or match.group(3)).strip() if match is not None else ""
    refused = rules.wording.find_first(name, {"not_a_name"})
    is_name = any(char.isalpha() for char in name) and (refused is None or refused.start > 0)
    return name if is_name else ""


def _is_replacement(subject: str, text: str, rules: CorrespondenceRules) -> bool:
    if rules.subject.find_first(subject, {"replacing"}) is not None:
        return True
    return any(find_statements(text, rules.text, rules.statements, {"replacing"}))
