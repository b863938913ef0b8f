"""What the Unicode locale data (CLDR, by way of Babel) says of the languages that sellers get mail in.

Names of months and of currencies, each also without its accents, because many a mail has lost them. Loaded when first
asked for. What else a language needs to be read (numbers in words, "if", "by") stands beside the code that reads it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from babel import Locale
from babel.numbers import get_currency_name

LANGUAGES: Final = ("en", "de", "fr", "it", "es", "nl", "sv", "pl", "pt", "tr", "ja", "zh")
_SPELLED: Final = tuple(language for language in LANGUAGES if language not in ("ja", "zh"))
# The currencies of Amazon's marketplaces and of their neighbours.
_CURRENCIES: Final = (
    *("USD", "EUR", "GBP", "JPY", "CNY", "CAD", "MXN", "BRL", "AUD", "SGD", "INR"),
    *("AED", "SAR", "EGP", "TRY", "SEK", "PLN", "CHF", "NOK", "DKK", "CZK"),
)
_COUNTS: Final = (1, 2, 5)  # enough for every plural form of these languages
# Also written, and not in the data.
_MORE_MONTHS: Final = {
    "jänner": 1,
    "jän": 1,
    "sept": 9,
    "set": 9,
    "setiembre": 9,
    "maerz": 3,
    "okt": 10,
    "mrz": 3,
}


@cache
def month_numbers(language: str = "") -> dict[str, int]:
    """Names of months in lower case and without their dot, full and short ones; of all languages when none is named."""
    if not language:
        every = {name: number for one in _SPELLED for name, number in month_numbers(one).items()}
        return {**_MORE_MONTHS, **every}
    return {
        spelled: number
        for name, number in _names_of(language, ("wide", "abbreviated"))
        for spelled in _with_bare(name)
    }


@cache
def full_month_names() -> frozenset[str]:
    """The names of months that are written out, in all languages but English."""
    others = (language for language in _SPELLED if language != "en")
    return frozenset(
        spelled for one in others for name, _ in _names_of(one, ("wide",)) for spelled in _with_bare(name)
    )


@cache
def currency_names() -> dict[str, str]:
    """The ISO 4217 code by what the currency is called in any language and number, as written and in lower case."""
    names: dict[str, str] = {}
    for currency in _CURRENCIES:
        for language in LANGUAGES:
            for count in _COUNTS:
                name = get_currency_name(currency, count, locale=language)
                for spelled in (name, name.lower()):
                    names |= dict.fromkeys(_with_bare(spelled), currency)
    return names


def _names_of(language: str, widths: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    months = Locale(language).months
    for context in ("format", "stand-alone"):
        for width in widths:
            for number, name in months[context][width].items():
                yield name.lower().rstrip("."), number


def _with_bare(name: str) -> tuple[str, ...]:
    """The name, and as it is written where accents were lost."""
    bare = unicodedata.normalize("NFD", name.replace("ł", "l").replace("ı", "i"))
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return (name,) if bare == name or not bare.isascii() else (name, bare)
