"""The names and places of a letter's statements, held against those on record: carriers, signatures, towns, ids.

What stands behind a label ("Carrier:", "signed for by") or in a clause about a delivery ("in Austin 78701").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import re2

from inbox_bot.core.dates import find_dates
from inbox_bot.core.model import NOWHERE, Destination
from inbox_bot.core.money import find_money
from inbox_bot.core.phrases import PhraseHit
from inbox_bot.core.places import PlaceMatch, compare_places
from inbox_bot.core.record import Shipment, ShipmentStatus
from inbox_bot.core.truth_known import Ground, folded, main_parcel, places_on_order, words_of, words_of_place
from inbox_bot.core.truth_text import Statement, not_inside
from inbox_bot.core.truth_values import Known, Scope, Wrong
from inbox_bot.core.truth_words import StatementWords

# What may stand between a label and its value: a second label in brackets, a colon, "is".
_GAP = re2.compile(
    r"(?P<brackets>[ ]?[(（][^)）\n]{1,30}[)）]){0,2}[ ]{0,3}(?P<colon>[:：])?[ ]{0,3}(?:(?:is|was|为|是)[ ])?"
)
_VALUE_END = re2.compile(r"[;；。\[【\n(（]|[,，](?:[^0-9]|$)|\.(?:[ ]|$)")
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


def names_in(
    statement: Statement, known: Known, scope: Scope, words: StatementWords
) -> Iterator[tuple[Wrong, int, int]]:
    """What is wrong with the names and places of one statement, each with its span in it."""
    text = statement.text
    for hit in not_inside(words.labels.find_all(text)):
        gap = _GAP.match(text[hit.end : hit.end + 100])
        at = hit.end + (gap.end() if gap else 0)
        has_colon = bool(gap and gap.group("colon"))
        rest = text[at : at + 200]
        is_in_a_word = text[hit.end : hit.end + 1] in ("-", "_")  # "SKU-07" is no label
        if is_in_a_word or not rest.strip() or rest[0] in "_,，.。;；":
            continue
        if any(one.start == 0 for one in words.reading.find_all(rest[:30], {"not_on_record"})):
            if has_colon and _is_on_record(hit.name, known):
                yield (
                    Wrong(hit.words.casefold(), f"the letter has no {hit.words}; the record has one"),
                    hit.start,
                    at,
                )
            continue
        wrong = _behind_label(hit, rest, has_colon, known, scope, words)
        if wrong is not None:
            yield wrong, at, min(at + _value_length(rest), len(text))
    yield from _places(statement, known, scope, words)


def _value_length(rest: str) -> int:
    match = _VALUE_END.search(rest)
    return match.start() if match and match.start() else len(rest)


def _is_on_record(label: str, known: Known) -> bool:
    """Whether the form's parcel, or the order, has what the letter says is not on record."""
    first = known.ground.dossiers[0]
    parcel = main_parcel(first)
    if label == "ordered_on":
        return first.order is not None and first.order.purchased_at is not None
    if label == "ship_to":
        return first.order is not None and bool(words_of_place(first.order.destination))
    if parcel is None:
        return False
    values = {
        "tracking": parcel.tracking_id,
        "carrier": parcel.carrier,
        "method": parcel.method,
        "shipped_on": parcel.shipped_on,
        "delivered_on": parcel.delivered_on,
        "signed_by": parcel.signed_by,
    }
    return bool(values.get(label))


def _behind_label(
    hit: PhraseHit, rest: str, has_colon: bool, known: Known, scope: Scope, words: StatementWords
) -> Wrong | None:
    value = rest[: _value_length(rest)].strip()
    match hit.name:
        case "tracking":
            return _id_behind(value, "tracking id", (one.tracking_id for one in scope.parcels))
        case "reference" if _is_value(value):  # "Settlement: -12.00 USD", "refund number 2026-09-04"
            return None
        case "reference" | "item_code":
            return _id_behind(value, hit.words.casefold(), known.ids.values())
        case "signed_by":
            return _signature(rest, value, known, scope, words)
        case "carrier":
            ends_open = hit.words.casefold().endswith((" by", " via", " with"))
            if not (has_colon or ends_open):
                return None
            return _carrier(rest, value, scope, must_fit=has_colon)
        case "method" if has_colon:
            return _method(value, scope)
        case "ship_to" if has_colon:
            return _ship_to(rest.partition("【")[0].partition("[")[0].strip(), known)
    return None


def _id_behind(value: str, about: str, on_record: Iterable[str]) -> Wrong | None:
    """An id must be one of those on record, whatever blanks and hyphens it is written with."""
    bare = folded(value)
    first = value.split()[0] if value.split() else ""
    if not any(char.isdigit() for char in first) and not (len(first) >= 3 and first.isupper()):
        return None
    known = [folded(one) for one in on_record if one]
    if any(bare.startswith(one) and not _goes_on(value, one) for one in known if one):
        return None
    return Wrong(about, f"the letter says {about} {first}; it is not on record")


def _is_value(value: str) -> bool:
    """Whether an amount or a day stands there, which are checked as such."""
    found = [one.start for one in find_money(value)]
    found += [one.start for one in find_dates(value, near=_SOME_DAY)]
    return min(found, default=9) <= 1


def _goes_on(value: str, bare: str) -> bool:
    """Whether the value has further characters glued to the id."""
    count = 0
    for position, char in enumerate(value):
        count += len(folded(char))
        if count >= len(bare):
            following = value[position + 1 : position + 2]
            return following.isascii() and following.isalnum()
    return False


def _signature(rest: str, value: str, known: Known, scope: Scope, words: StatementWords) -> Wrong | None:
    names = [one.signed_by for one in scope.parcels if one.signed_by]
    bare = folded(rest)
    if any(bare.startswith(folded(name)) for name in names if folded(name)):
        return None
    first = words_of(value)[:1]
    if not first:
        return None
    if any(one.start == 0 for one in words.reading.find_all(value[:20], {"anybody"})):
        return None
    said = [word for word in words_of(value) if not word.isdigit()]
    if any(said and set(_before_small(value)) <= set(words_of(name)) for name in names):
        return None
    record = f"the record says {names[0]}" if names else "no signature is on record"
    return Wrong("signature", f"the letter says that {value[:60]} signed; {record}")


def _before_small(value: str) -> tuple[str, ...]:
    """The words of a name, up to the first that is no part of one ("P. DOE on Friday")."""
    kept: list[str] = []
    for word in value.split():
        if kept and word.islower() and len(word) <= 4:
            break
        kept.append(word)
    return words_of(" ".join(kept))


def _carrier(rest: str, value: str, scope: Scope, *, must_fit: bool) -> Wrong | None:
    names = [one.carrier for one in scope.parcels if one.carrier]
    methods = [one.method for one in scope.parcels if one.method]
    bare = folded(rest)
    if any(bare.startswith(folded(name)) for name in names if folded(name)):
        return None
    capital = value[:1].isupper() or (value[:1].isdigit() and must_fit) or not value[:1].isascii()
    if not capital and not must_fit:
        return None
    said = set(_before_small(value))
    if any(said & _initials(one) and said <= _initials(one) | _COMMON for one in (*names, *methods)):
        return None
    if not must_fit and (not names or value[:1] in "《“"):
        return None
    record = f"the record says {names[0]}" if names else "no carrier is on record"
    return Wrong("carrier", f"the letter says carrier {value[:60]}; {record}")


_COMMON = frozenset({"the", "by", "express", "ground", "parcel", "service", "inc", "ltd", "air"})


def _initials(name: str) -> set[str]:
    words = words_of(name)
    return {*words, "".join(word[0] for word in words), folded(name)}


def _method(value: str, scope: Scope) -> Wrong | None:
    methods = [one.method for one in scope.parcels if one.method]
    said = set(words_of(value))
    if not said or any(said <= set(words_of(one)) or set(words_of(one)) <= said for one in methods):
        return None
    if any(folded(one).startswith(folded(value)) or folded(value) in folded(one) for one in methods):
        return None
    record = f"the record says {methods[0]}" if methods else "none is on record"
    return Wrong("shipping speed", f"the letter says shipping speed {value[:60]}; {record}")


def _ship_to(value: str, known: Known) -> Wrong | None:
    places = places_on_order(known.ground)
    said = {word for word in words_of(value) if len(word) > 1}
    if not said or any(said <= words_of_place(place) for place in places):
        return None
    if any(folded(value) == folded(" ".join(place.lines)) for place in places):
        return None
    if any(_fits(value, place) for place in places):
        return None
    return Wrong("ship-to", f"the letter says that the order goes to {value[:80]}; the record says otherwise")


# --- where it was delivered --------------------


def _places(
    statement: Statement, known: Known, scope: Scope, words: StatementWords
) -> Iterator[tuple[Wrong, int, int]]:
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
    if any(_fits(value, place) for place in places):
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


def _fits(value: str, place: Destination) -> bool:
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
