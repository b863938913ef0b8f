"""Carriers: which one a tracking id belongs to, whether its check digit is right, and its public tracking page.

The carriers are data (`rules/carriers*.toml`); the check digits of the large ones come from the tracking-numbers
library, which stays in here. Reading ids out of mails is the business of `orders/tracking.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from tracking_numbers import DEFINITIONS  # type: ignore[import-untyped]

from inbox_bot.core.text import one_line
from inbox_bot.core.tomlfile import TomlFile
from inbox_bot.orders.carrier_table import LONGEST_NAME, Carrier, name_words, read_carriers

_S10 = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_PLAUSIBLE = re.compile(r"[A-Z0-9]{8,34}")
_ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
# The library's names that are not ours; what it calls by none of our names is left to our own table.
_LIBRARY_NAMES = {"Amazon": "Amazon Logistics", "United States Postal Service": "USPS"}
_PRODUCTS = frozenset({"ems", "post", "other", "others", "registered mail", "airmail", "air mail"})
_NO_CARRIER = frozenset({"S10 International Standard", "CDL"})


@dataclass(frozen=True, slots=True)
class CarrierMatch:
    """Whose a tracking id is.

    `name` is empty when that is open; `candidates` then are those it may belong to. `certain`: by an unmistakable
    shape, or because the record and the shape agree. `valid` is what the check digit says, False also for an id that
    cannot be one of the carrier's; None: there is nothing to check. `country` is that of a postal id.
    """

    name: str
    certain: bool
    valid: bool | None
    candidates: tuple[str, ...] = ()
    country: str = ""


@dataclass(frozen=True, slots=True)
class Carriers:
    """All carriers by name, and the posts that issue postal ids by country."""

    table: Mapping[str, Carrier]
    posts: Mapping[str, str]
    _names: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def named(self, said: str) -> str:
        """The name of the carrier that a record calls so ("ups", "UPS Ground", "云途"), or ""."""
        words = name_words(said)
        spans = (
            words[start:end]
            for size in range(len(words), 0, -1)
            for start, end in ((at, at + size) for at in range(len(words) - size + 1))
        )
        return next((self._names[span] for span in spans if span in self._names), "")

    def recognise(self, tracking_id: str, said: str = "") -> CarrierMatch:
        """Whose the id is; `said` is what the record calls the carrier. What is ambiguous is said to be."""
        plain = plain_tracking_id(tracking_id)
        fits = _Fits(self, plain)
        named = self.named(said)
        if named:
            return self._confirmed(named, fits)
        if len(fits.strong) == 1:
            (name,) = fits.strong
            return CarrierMatch(name, True, fits.strong[name], (name,), fits.country)
        words = one_line(said)[:LONGEST_NAME]
        open_ones = fits.strong or {name: valid for name, valid in fits.weak.items() if valid is not False}
        if words and not _names_a_product(words):
            return CarrierMatch(words, False, None, tuple(open_ones), fits.country)
        if fits.country and not fits.s10_valid:
            return CarrierMatch(fits.post, False, False, (fits.post,) if fits.post else (), fits.country)
        name = next(iter(open_ones)) if len(open_ones) == 1 else ""
        return CarrierMatch(name, False, open_ones.get(name), tuple(open_ones), fits.country)

    def _confirmed(self, named: str, fits: _Fits) -> CarrierMatch:
        """What the record says, held against the id."""
        carrier = self.table.get(named)
        is_post = carrier is None or carrier.post or bool(carrier.s10)
        if named in fits.strong:
            return CarrierMatch(named, True, fits.strong[named], (named,), fits.country)
        if fits.country and is_post:
            certain = named == fits.post
            return CarrierMatch(
                named, certain, fits.s10_valid, (fits.post,) if fits.post else (), fits.country
            )
        if named in fits.weak:
            digit = fits.weak[named]
            # A shared shape may be another kind of number, unless nothing else of this length would pass either.
            refuted = digit is False and (
                carrier is None or carrier.complete or False in fits.strong.values()
            )
            valid = False if refuted else digit or None
            return CarrierMatch(named, digit is not False and not fits.strong, valid, tuple(fits.weak))
        if len(fits.strong) == 1:
            (other,) = fits.strong
            return CarrierMatch(other, True, fits.strong[other], (other,), fits.country)
        cannot_be = carrier is not None and carrier.complete
        return CarrierMatch(named, False, False if cannot_be else None, tuple(fits.strong or fits.weak))

    def link(self, name: str, tracking_id: str) -> str:
        """The carrier's public page of the parcel, always https; "" when there is none or the id is no tracking id."""
        carrier = self.table.get(self.named(name))
        plain = plain_tracking_id(tracking_id)
        if carrier is None or not carrier.link or not is_plausible(tracking_id):
            return ""
        return carrier.link.replace("{id}", quote(plain, safe=""))

    def track17_code(self, tracking_id: str, said: str = "") -> int:
        """The carrier's number at 17TRACK, 0 (the service finds it) unless the carrier is certain.

        Postal ids name their post themselves.
        """
        match = self.recognise(tracking_id, said)
        carrier = self.table.get(match.name)
        return carrier.track17 if carrier is not None and match.certain and not match.country else 0


def plain_tracking_id(tracking_id: str) -> str:
    """The id as it is compared: upper case, plain characters, without blanks and hyphens."""
    return re.sub(r"[\s\-‐-―]", "", unicodedata.normalize("NFKC", one_line(tracking_id))).upper()


def is_plausible(tracking_id: str) -> bool:
    """True for what may be a carrier's id; False for an order id, a word, a rounded number or a placeholder."""
    plain = plain_tracking_id(tracking_id)
    if not _PLAUSIBLE.fullmatch(plain) or _ORDER_ID.fullmatch(tracking_id.strip()):
        return False
    digits = [char for char in plain if char.isdigit()]
    return len(digits) >= 6 and len(set(digits)) > 1 and plain not in "01234567890123456789"


class _Fits:
    """The carriers whose ids look like this one: `strong` by a shape of their own, `weak` by one that they share.

    The value is what the check digit says. `country` and `post` are those of a postal id.
    """

    def __init__(self, carriers: Carriers, plain: str) -> None:
        self.strong: dict[str, bool | None] = {}
        self.weak: dict[str, bool | None] = {}
        checked = _library_says(plain)
        for carrier in carriers.table.values():
            for shapes, found in ((carrier.shapes, self.strong), (carrier.possible, self.weak)):
                fitting = [shape for shape in shapes if shape.pattern.fullmatch(plain)]
                if fitting:
                    says = [
                        *checked.get(carrier.name, ()),
                        *(_check(shape.check, plain) for shape in fitting),
                    ]
                    found[carrier.name] = _together(says)
        for name, says in checked.items():
            if name not in self.strong:
                self.weak[name] = _together([*says, self.weak.get(name)])
        postal = _S10.fullmatch(plain)
        self.country = postal[4] if postal and postal[4] in carriers.posts else ""
        self.post = carriers.posts.get(self.country, "")
        self.s10_valid = bool(postal and self.country and s10_check_digit(postal[2]) == int(postal[3]))
        if self.s10_valid:
            self.strong[self.post] = True


def s10_check_digit(serial: str) -> int:
    """The ninth digit of a postal id (UPU standard S10) by its first eight."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def mod7_check_digit(number: str) -> int:
    """The last digit of the ids that are checked by the rest of a division by seven."""
    return int(number) % 7


def gs1_check_digit(number: str) -> int:
    """The last digit of a GS1 number by those before it."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number)))
    return -total % 10


_CHECKS: Mapping[str, Callable[[str], int]] = {"mod7": mod7_check_digit, "gs1": gs1_check_digit}


def _check(kind: str, plain: str) -> bool | None:
    return _CHECKS[kind](plain[:-1]) == int(plain[-1]) if kind and plain.isdigit() else None


def _together(says: Sequence[bool | None]) -> bool | None:
    """One kind of number whose check digit is right is enough."""
    known = [one for one in says if one is not None]
    return any(known) if known else None


def _library_says(plain: str) -> dict[str, list[bool | None]]:
    """By carrier what the library's check digits say of the id; None: of this shape, nothing to check."""
    found: dict[str, list[bool | None]] = {}
    for definition in DEFINITIONS if _PLAUSIBLE.fullmatch(plain) else ():
        if definition.courier.name in _NO_CARRIER:
            continue
        try:
            number = definition.test(plain)
        except ValueError:  # a letter where the check digit should be
            valid: bool | None = False
        else:
            if number is None:
                continue
            # Its lists of service types lack many that are in use: the check digit alone counts.
            wrong = any(kind == "checksum" for kind, _ in number.validation_errors)
            valid = not wrong if definition.checksum_validator is not None else None
        name = _LIBRARY_NAMES.get(definition.courier.name, definition.courier.name)
        found.setdefault(name, []).append(valid)
    return found


def _names_a_product(words: str) -> bool:
    """True for what names a kind of mail that every post offers, and no carrier."""
    return " ".join(name_words(words)) in _PRODUCTS


def load_carriers(files: Sequence[TomlFile]) -> Carriers:
    """The carriers of all files (`resources.rule_files("carriers*.toml")`), the user's own last.

    Raises UserError with every problem of every file.
    """
    table, posts = read_carriers(files)
    called = {name_words(post): post for post in posts.values()}
    called |= {name_words(other): carrier.name for carrier in table.values() for other in carrier.called}
    called |= {name_words(name): name for name in table}
    return Carriers(table, posts, called)
