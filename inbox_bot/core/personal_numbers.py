"""Numbers that identify people in running text: phones, bank cards, bank accounts, national ids.

Only what has a sure shape is found: a check digit, or a plan that phonenumbers knows; a bare run of digits is a phone
only where the order's country dials it. The library stops here. What is put in place of a find is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import re2

from inbox_bot.core.spans import Span, SpanSet

# --- cards, accounts, identity numbers: their own check digits tell --------------------

_RUN_OF_GROUPS = re2.compile(r"[0-9]+(?:(?:[ .-]{1,2}|[ ]?\n[ ]?)[0-9]+)*")
_GROUP = re2.compile(r"[0-9]+")
_FEWEST, _MOST = 13, 19  # digits of a card
_KNOWN_GROUPS = ([4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [4, 4, 4, 4, 3])
_BRAND = re2.compile(r"^(?:[3-6]|2[2-7])")
_IBAN_START = re2.compile(r"(?i)\b(?P<country>[A-Z]{2})[0-9]{2}[ -]?[0-9A-Z]")
_IBAN_LENGTHS = """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20
LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27
ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"""
_IBAN_LENGTH = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}
_NATIONAL = (
    ("CN", re2.compile(r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]")),
    ("US", re2.compile(r"(?:00[1-9]|0[1-9][0-9]|[1-578][0-9]{2}|6[0-57-9][0-9]|66[0-57-9])-[0-9]{2}-[0-9]{4}")),
    ("GB", re2.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?[0-9]{2}[ ]?[0-9]{2}[ ]?[0-9]{2}[ ]?[A-D]")),
    ("IT", re2.compile(r"(?i)[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]")),
    ("ES", re2.compile(r"(?i)(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-Z]")),
    ("FR", re2.compile(r"[12][ ]?[0-9]{2}[ ]?(?:0[1-9]|1[0-2])[ ]?[0-9]{2}[ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[0-9]{2}")),
)  # fmt: skip


def find_account_numbers(plain: str, taken: SpanSet) -> Iterator[Span]:
    """Cards, bank accounts and national ids of a text, outside of what is taken."""
    for start, end, kind in (*_ibans(plain), *_nationals(plain), *_cards(plain)):
        if not taken.touches(start, end):
            yield Span(start, end, kind)


def _cards(plain: str) -> Iterator[tuple[int, int, str]]:
    for run in _RUN_OF_GROUPS.finditer(plain):
        if run.end() - run.start() < _FEWEST or _is_glued(plain, *run.span()):
            continue
        groups = [
            (run.start() + one.start(), run.start() + one.end()) for one in _GROUP.finditer(run.group())
        ]
        first = 0
        while first < len(groups):
            last = _card_end(plain, groups, first)
            if last > first:
                yield groups[first][0], groups[last - 1][1], "card"
            first = max(last, first + 1)


def _card_end(plain: str, groups: list[tuple[int, int]], first: int) -> int:
    """Behind which group the card ends that begins with this one; the first itself when none begins here.

    Inside a longer run of groups only the usual grouping of a known brand is believed.
    """
    for last in range(min(len(groups), first + 8), first, -1):
        sizes = [end - start for start, end in groups[first:last]]
        if not _FEWEST <= sum(sizes) <= _MOST:
            continue
        digits = "".join(plain[start:end] for start, end in groups[first:last])
        is_whole = (
            first == 0
            and last == len(groups)
            and (len(sizes) == 1 or (max(sizes) <= 10 and min(sizes[:-1]) >= 3))
        )
        is_known = sizes in _KNOWN_GROUPS and _BRAND.match(digits) is not None
        if (is_whole or is_known) and len(set(digits)) > 1 and _luhn(digits):
            return last
    return first


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _ibans(plain: str) -> Iterator[tuple[int, int, str]]:
    for match in _IBAN_START.finditer(plain):
        length = _IBAN_LENGTH.get(match.group("country").upper(), 0)
        shown, position = "", match.start()
        while len(shown) < length and position < min(len(plain), match.start() + 2 * length):
            char = plain[position]
            if char.isascii() and char.isalnum():
                shown += char.upper()
            elif char not in " -":
                break
            position += 1
        is_whole = length and len(shown) == length and not plain[position : position + 1].isalnum()
        if is_whole and int("".join(str(int(char, 36)) for char in shown[4:] + shown[:4])) % 97 == 1:
            yield match.start(), position, "bank_account"


def _nationals(plain: str) -> Iterator[tuple[int, int, str]]:
    for country, pattern in _NATIONAL:
        for match in pattern.finditer(plain):
            shown = "".join(char for char in match.group().upper() if char.isalnum())
            if not _is_glued(plain, *match.span()) and _CHECKS[country](shown):
                yield match.start(), match.end(), "national_id"


def _is_chinese(shown: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(a) * b for a, b in zip(shown[:17], weights, strict=True)) % 11] == shown[17]


_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def _is_italian(shown: str) -> bool:
    places = [int(char) if char.isdigit() else ord(char) - 65 for char in shown]
    total = sum(_ODD[value] if at % 2 == 0 else value for at, value in enumerate(places[:15]))
    return total % 26 == places[15]


def _is_spanish(shown: str) -> bool:
    number = shown[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == shown[-1]


def _is_french(shown: str) -> bool:
    return 97 - int(shown[:13]) % 97 == int(shown[13:])


_CHECKS = {
    "CN": _is_chinese,
    "US": lambda shown: shown[3:5] != "00" and shown[5:] != "0000",
    "GB": lambda shown: shown[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"),
    "IT": _is_italian,
    "ES": _is_spanish,
    "FR": _is_french,
}

_COUNTRIES = """US usa|united states|united states of america|美国
GB uk|united kingdom|great britain|england|scotland|wales|英国
DE germany|deutschland|德国
FR france|法国
IT italy|italia|意大利
ES spain|españa|西班牙
JP japan|日本
CN china|中国|中國
CA canada|加拿大
AU australia|澳大利亚
MX mexico|méxico
NL netherlands|the netherlands|nederland
SE sweden|sverige
PL poland|polska
BE belgium|belgique|belgië
AT austria|österreich
CH switzerland|schweiz|suisse
IE ireland
IN india
SG singapore
BR brazil|brasil
TR turkey|türkiye
AE united arab emirates|uae
SA saudi arabia
HK hong kong|香港"""
_COUNTRY_CODES = {name: line[:2] for line in _COUNTRIES.split("\n") for name in line[3:].split("|")}
# --- phones --------------------

_RUN = re2.compile(r"[+(]{0,2}[0-9](?:[ ().\-/ ]{0,3}[0-9]){5,39}")
_LABEL = re2.compile(
    r"(?i)(?:\b(?:phone|tel|telephone|mobile|cell|cellphone|call|text|sms|whatsapp|wechat|handy|telefon|rufnummer|"
    r"téléphone|portable|telefono|cellulare|teléfono|móvil)\b|电话|手机|微信|致电|打给|電話|携帯)[^0-9+(\n]{0,25}[+(]{0,2}$"
)
_MOBILE_CHINA = re2.compile(r"^(?:\+?86)?1[3-9][0-9]{9}$")
_REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "JP", "CN")
_MOST_CANDIDATES = 400  # a text with more is a flood of numbers, and nobody's evidence


def find_phones(plain: str, taken: SpanSet, countries: tuple[str, ...]) -> Iterator[Span]:
    """Phone numbers of a text, outside of what is taken; `countries` are those of the order, as written."""
    own = tuple(dict.fromkeys(code for one in countries if (code := _country_code(one))))
    seen = 0
    for match in _RUN.finditer(plain):
        for start, end in taken.gaps(*match.span()):
            start, end = _trimmed(plain, start, end)
            digits = _digits(plain[start:end])
            if len(digits) < 7 or _is_glued(plain, start, end):
                continue
            seen += 1
            labelled = _LABEL.search(plain[max(0, start - 45) : start]) is not None
            if seen > _MOST_CANDIDATES or (labelled and len(digits) <= 15):
                yield Span(start, end, "phone")
                continue
            for first, last in _phones_in(plain[start:end], own):
                yield Span(start + first, start + last, "phone")


def _country_code(words: str) -> str:
    words = words.strip().lower().rstrip(".").replace("u.s", "us").replace("u.k", "uk")
    return _COUNTRY_CODES.get(
        words, words.upper() if len(words) == 2 and words.isascii() and words.isalpha() else ""
    )


@lru_cache(maxsize=4096)
def _phones_in(words: str, own: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    from phonenumbers import Leniency, PhoneNumberMatcher  # loads slowly, and most texts hold no number

    found: dict[int, int] = {}
    for region in dict.fromkeys((*own, *_REGIONS)):
        for match in islice(PhoneNumberMatcher(words, region, leniency=Leniency.VALID, max_tries=20), 5):
            raw = match.raw_string
            if raw.isdigit() and region not in own and _MOBILE_CHINA.match(raw) is None:
                continue  # without a sign of a phone, a number is one only at home
            if any(match.start < last and first < match.end for first, last in found.items()):
                continue
            found[match.start] = match.end
    return tuple(sorted(found.items()))


def _trimmed(plain: str, start: int, end: int) -> tuple[int, int]:
    while start < end and plain[start] not in "+(0123456789":
        start += 1
    while end > start and not plain[end - 1].isdigit():
        end -= 1
    return start, end


def _digits(words: str) -> str:
    return "".join(char for char in words if char.isdigit())


def _is_glued(plain: str, start: int, end: int) -> bool:
    """Whether a Latin letter or a digit touches the stretch, or one behind a hyphen or a point: a part of more."""
    before, behind = plain[max(0, start - 2) : start][::-1], plain[end : end + 2]
    return _goes_on(before) or _goes_on(behind)


def _goes_on(neighbours: str) -> bool:
    if neighbours[:1] in ("-", "_", "#") and len(neighbours) > 1:
        neighbours = neighbours[1:]
    elif neighbours[:1] == "." and neighbours[1:2].isdigit():
        return True
    return neighbours[:1].isascii() and neighbours[:1].isalnum()
