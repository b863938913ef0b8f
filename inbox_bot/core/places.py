"""Whether a parcel went where it was to go, by city and postal code as different people write them."""

from __future__ import annotations

import unicodedata

from inbox_bot.core.model import Destination

_WORDS = {"saint": "st", "ste": "st", "sainte": "st", "mount": "mt", "fort": "ft", "north": "n", "south": "s"}
_WORDS |= {"east": "e", "west": "w", "heights": "hts", "township": "twp", "village": "vlg"}
_DROPPED = {"city", "of", "the", "shi", "市"}


def same_place(first: Destination, second: Destination) -> bool | None:
    """Whether both name the same town; None when one of them does not say.

    Tolerant of case, accents, punctuation, common abbreviations and of a postal code's extension (ZIP+4). When both
    name a city and a postal code, one match is enough: carriers print the town of the depot as often as the address.
    """
    cities = _compare(_city(first.city), _city(second.city))
    codes = _compare_codes(_code(first.postal_code), _code(second.postal_code))
    known = [answer for answer in (cities, codes) if answer is not None]
    return any(known) if known else None


def _compare(first: str, second: str) -> bool | None:
    return first == second if first and second else None


def _compare_codes(first: str, second: str) -> bool | None:
    if not first or not second:
        return None
    if first.isdigit() and second.isdigit() and {len(first), len(second)} == {5, 9}:
        return first[:5] == second[:5]
    return first == second


def _city(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    kept = [_WORDS.get(word, word) for word in words if word not in _DROPPED] or words
    return "".join(kept).removesuffix("市")


def _code(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())
