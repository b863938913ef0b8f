"""The places of a letter's statements, held against where the parcels went and the order was to go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import re2

from inbox_bot.core.dates import find_dates
from inbox_bot.core.model import NOWHERE, Destination
from inbox_bot.core.places import PlaceMatch, compare_places
from inbox_bot.core.record import Shipment, ShipmentStatus
from inbox_bot.core.truth_known import Ground, folded, places_on_order, words_of, words_of_place
from inbox_bot.core.truth_scope import Known, Scope, Wrong
from inbox_bot.core.truth_text import Statement, not_inside
from inbox_bot.core.truth_words import StatementWords

_PLACE = re2.compile(
    r"\b(?:in|at|to|near)[ ](?P<place>(?:[A-Z\x{C0}-\x{17F}][\w'’.-]*|[0-9]{3,}[\w-]*)"
    r"(?:[ ,]{1,2}(?:[A-Z\x{C0}-\x{17F}][\w'’.-]*|[0-9]{3,}[\w-]*"
    r"|[0-9][A-Z]{2}|(?:de|of|am|an|der|la|le|upon|on)[ ][A-Z][\w'’.-]*))*)"
)
_PLACE_ZH = re2.compile(r"(?:送达|妥投|送到|签收)[ ]?(?:至|到|于|在)?[ ]?[（(](?P<place>[^）)\n]{1,80})[）)]")
_PLACE_ZH_BARE = re2.compile(
    r"(?:送达|送到|妥投于|妥投至|寄往|寄至)[ ]?(?:至|到|于|在)?[ ]?"
    r"(?P<place>[A-Z][A-Za-z .'-]{1,40}(?:[ ][0-9]{3,10})?|[\p{Han}]{2,8}(?:市|州|省|县|区))"
)
_SOME_DAY = date(2000, 1, 1)


def places(
    statement: Statement, known: Known, scope: Scope, words: StatementWords
) -> Iterator[tuple[Wrong, int, int]]:
    """Towns that the letter says it was delivered in, and that it was not."""
    text = statement.text
    roles = [hit for hit in not_inside(words.roles.find_all(text)) if hit.name in ("delivered", "shipped")]
    if not roles:
        return
    dates = [(one.start, one.end) for one in find_dates(text, near=_SOME_DAY)]
    for pattern in (_PLACE, _PLACE_ZH, _PLACE_ZH_BARE):
        for match in pattern.finditer(text):
            start, end = match.span(1)
            if any(one < end and start < two for one, two in dates):
                continue
            before = [hit for hit in roles if hit.start <= start]
            role = before[-1].name if before else ""
            if not role or "_" in match.group("place"):
                continue
            value = match.group("place").rstrip(" .,-")
            if any(one.start == 0 for one in words.reading.find_all(value[:20], {"anybody"})):
                continue
            wrong = _delivered_at(value, known, scope, is_delivery=role == "delivered")
            if wrong is not None:
                yield wrong, start, end


def _delivered_at(value: str, known: Known, scope: Scope, *, is_delivery: bool) -> Wrong | None:
    bare = folded(value)
    if bare in _NO_PLACES or not bare or (value.isdigit() and len(value) < 4):
        return None
    ground = known.ground
    went = _went(scope.parcels)
    places = went if is_delivery and went else (*went, *places_on_order(ground))
    if any(fits(value, place) for place in places):
        return None
    if any(
        bare in folded(one) or folded(one) in bare for one in _names(ground, scope.parcels) if folded(one)
    ):
        return None
    record = ", ".join(" ".join(part for part in (one.city, one.postal_code) if part) for one in places[:3])
    shown = f"the record says {record}" if record else "no such place is on record"
    return Wrong("place", f"the letter says that the parcel went to {value[:80]}; {shown}")


_NO_PLACES = frozenset({"amazon", "sellercentral", "am", "pm", "usps", "ups", "fedex", "dhl", "exhibit", "i"})


def _went(parcels: Iterable[Shipment]) -> tuple[Destination, ...]:
    found = (one.delivered_to for one in parcels if one.status is ShipmentStatus.DELIVERED)
    return tuple(
        dict.fromkeys(place for place in found if place != NOWHERE and (place.city or place.postal_code))
    )


def _names(ground: Ground, parcels: Iterable[Shipment]) -> Iterator[str]:
    """Names and places that may stand behind "to": who signed, where it was scanned, the carrier, the address."""
    for parcel in parcels:
        yield from (parcel.signed_by, parcel.carrier, parcel.method)
        yield from parcel.delivered_to.lines
        for scan in parcel.scans:
            yield from (scan.place, scan.text)
    for place in places_on_order(ground):
        yield from place.lines


def fits(value: str, place: Destination) -> bool:
    """Whether every part of the value is that of the place: its town, its postal code, its state, its country."""
    words = words_of(value)
    known = words_of_place(place)
    left = [word for word in words if word not in known]
    if not left:
        return True
    codes = [word for word in left if any(char.isdigit() for char in word)]
    towns = [word for word in left if word not in codes]
    joined = "".join(code for code in words if any(char.isdigit() for char in code))
    if codes and not _same(Destination(postal_code=joined), Destination(postal_code=place.postal_code)):
        return False
    if not towns:
        return True
    said = " ".join(word for word in words if not any(char.isdigit() for char in word))
    without_state = " ".join(
        word for word in said.split() if word not in words_of(f"{place.state} {place.country}")
    )
    city = Destination(city=place.city)
    return any(_same(Destination(city=one), city) for one in (said, without_state, *_shorter(said)) if one)


def _shorter(said: str) -> Iterator[str]:
    """The town without one or two words behind it: a state or a country spelt out."""
    words = said.split()
    for count in (1, 2):
        if len(words) > count and _is_region(" ".join(words[-count:])):
            yield " ".join(words[:-count])


def _is_region(words: str) -> bool:
    """Whether the words name a state or a country: places differ by them though the town is the same."""
    return folded(words) in _REGIONS


_REGIONS = frozenset(
    [
        "tx",
        "texas",
        "ca",
        "california",
        "ny",
        "newyork",
        "fl",
        "florida",
        "il",
        "illinois",
        "wa",
        "washington",
        "usa",
        "us",
        "unitedstates",
        "uk",
        "unitedkingdom",
        "germany",
        "deutschland",
        "france",
        "japan",
        "canada",
        "china",
        "italy",
        "spain",
        "australia",
    ]
)


def _same(one: Destination, other: Destination) -> bool:
    return compare_places(one, other) not in (PlaceMatch.DIFFERENT, PlaceMatch.NOT_KNOWN)
