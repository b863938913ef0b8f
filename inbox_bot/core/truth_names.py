"""The names and places of a letter's statements, held against those on record: carriers, signatures, towns, ids.

What stands behind a label ("Carrier:", "signed for by") or in a clause about a delivery ("in Austin 78701").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import re2

from inbox_bot.core.dates import find_dates
from inbox_bot.core.money import find_money
from inbox_bot.core.phrase_table import PhraseHit
from inbox_bot.core.truth_known import folded, main_parcel, places_on_order, words_of, words_of_place
from inbox_bot.core.truth_places import fits, places
from inbox_bot.core.truth_scope import Known, Scope, Wrong
from inbox_bot.core.truth_text import Statement, not_inside
from inbox_bot.core.truth_words import StatementWords

# What may stand between a label and its value: a second label in brackets, a colon, "is".
_GAP = re2.compile(
    r"(?P<brackets>[ ]?[(（][^)）\n]{1,30}[)）]){0,2}[ ]{0,3}(?P<colon>[:：])?[ ]{0,3}(?:(?:is|was|为|是)[ ])?"
)
_VALUE_END = re2.compile(r"[;；。\[【\n(（]|[,，](?:[^0-9]|$)|\.(?:[ ]|$)")
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
    yield from places(statement, known, scope, words)


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
    said = bool(values.get(label))
    return said and (label != "carrier" or all(one.carrier for one in first.shipments))


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
            ends_open = hit.words.casefold().endswith(
                (" by", " via", " with", " mit", " per", " durch", " met", " door")
            )
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
    if any(fits(value, place) for place in places):
        return None
    return Wrong("ship-to", f"the letter says that the order goes to {value[:80]}; the record says otherwise")
