"""Postal addresses in running text, by their shape: a street with its number, a postal code with its town.

English, German, French, Italian, Spanish, Chinese and Japanese forms. The order's own town stays, and its own street
where the record knows it. A line that only might be an address is left alone: evidence must not be eaten.
"""

# ruff: noqa: E501 - patterns read better whole

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

import re2

from inbox_bot.core.model import Destination
from inbox_bot.core.spans import Span, SpanSet, latin_plain

# Latin letters come here without their accents, so that the patterns stay small.
_CAPITAL = r"[A-Z][A-Za-z'.-]{0,29}"
_NAMES = rf"(?:(?:{_CAPITAL}|[0-9]{{1,3}}(?:st|nd|rd|th))[ ]){{1,4}}"
_US_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_UNIT = r"(?:,?[ ](?i:apt|apartment|unit|suite|ste|flat|floor|fl|room|rm|\#)\.?[ ]?\#?[0-9]{0,5}-?[A-Z]?[0-9]{0,5}\b)?"
_END = r"[ ]*(?:[,;.\n]|$)"
_STREETS = (
    # 12 Example Street Apt 4, 1600 N 5th Ave
    (rf"\b[0-9]{{1,5}}[A-Za-z]?(?:-[0-9]{{1,4}})?,?[ ](?:[NSEW]{{1,2}}\.?[ ])?{_NAMES}"
    r"(?i:street|str|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|ter|circle|cir|"
    r"highway|hwy|parkway|pkwy|close|crescent|gardens|grove|mews|square|sq|row|trail|trl|loop|plaza|alley)\b\.?"
    rf"(?:[ ](?:NE|NW|SE|SW|N|S|E|W)\b)?{_UNIT}"),
    r"(?i:\b(?:p\.?[ ]?o\.?[ ]?box|postfach|apartado(?: de correos)?|casella postale|boite postale)[ ]?\#?[0-9]{1,7}\b)",
    # Beispielstraße 12a, Alter Markt-Weg 3
    (rf"(?:{_CAPITAL}[ ])?[A-Z][A-Za-z.-]{{1,30}}(?:strase|strasse|str\.|weg|platz|allee|gasse|damm|ufer|chaussee|"
    r"ring)[ ]?[0-9]{1,4}(?:[ ]?[a-z]\b)?(?:[ ]?[-/][ ]?[0-9]{1,4}[a-z]?)?"),
    rf"\b(?:{_CAPITAL}[ -]){{1,3}}(?:Strase|Strasse|Str\.|Weg|Platz|Allee|Gasse|Damm|Ufer|Ring)[ ]?[0-9]{{1,4}}(?:[ ]?[a-z]\b)?",
    # 12 bis, rue de l'Exemple
    (r"\b[0-9]{1,4}(?:[ ]?(?:bis|ter|quater|[A-D]))?,?[ ](?i:rue|avenue|av\.|boulevard|bd\.?|place|chemin|allee|impasse|"
    r"route|quai|cours|square|passage|faubourg|villa|residence)[ ](?:(?i:de|du|des|la|le|les|d'|l'|a|aux|sur|sous)[ ]?"
    rf"|l'|d'){{0,3}}{_CAPITAL}(?:[ -](?:(?:de|du|des|la|le|les|et)[ ])?{_CAPITAL}){{0,4}}"),
    # Via Esempio 12, Piazza dell'Esempio, 3
    (r"\b(?:Via|Viale|Piazza|Piazzale|Corso|Vicolo|Largo|Strada|Contrada)[ ](?:(?:dei|degli|delle|della|dello|del|di|da|"
    rf"dell'|la|XX|IV)[ ]?){{0,2}}{_CAPITAL}(?:[ ](?:e[ ]|di[ ]|da[ ])?{_CAPITAL}){{0,3}},?[ ](?:n\.?[ ]?)?[0-9]{{1,4}}"
    r"(?:[ ]?/?[ ]?[A-Za-z]\b)?"),
    # Calle de la Muestra 12, 3º B
    (r"\b(?:(?i:calle|avenida|avda\.?|plaza|paseo|carrera|camino|ronda|travesia)[ ]|[Cc]/[ ]?)(?:(?:de|del|la|los|las|el)[ ])"
    rf"{{0,2}}{_CAPITAL}(?:[ ](?:(?:de|del|la|los|las|y)[ ]){{0,2}}{_CAPITAL}){{0,3}},?[ ](?:n[.º°o]{{0,2}}[ ]?)?[0-9]{{1,4}}"
    r"(?:,?[ ][0-9]{1,2}[ºª°](?:[ ]?[A-Z0-9]{1,3}\b)?)?"),
    # 广东省深圳市南山区示例路1号2栋301室
    (r"(?:[一-鿿]{2,8}?(?:省|自治区))?(?:[一-鿿]{2,7}?市)?(?:[一-鿿]{1,7}?[区区區县縣])?(?:[一-鿿]{1,7}?[镇鎮乡鄉])?"
    r"[一-鿿]{1,10}?(?:大街|大道|路|街|巷|弄|胡同|道)[ ]?(?:[一-鿿]{0,3}段)?[0-9一二三四五六七八九十百]{1,5}[ ]?(?:号|號|弄)(?:[ ]?"
    r"[一-鿿0-9A-Za-z-]{0,14}?(?:室|单元|單元|楼|樓|栋|棟|幢|层|層|座|号|號)){0,4}(?:[0-9]{2,4}\b)?"),
    r"[0-9A-Z]{1,3}(?:栋|棟|幢|号楼|號樓|座)(?:[0-9一二三四五六]{1,2}(?:单元|單元))?[0-9]{2,4}(?:室)?",
    # 東京都渋谷区見本町1-2-3
    (r"(?:東京都|北海道|京都府|大阪府|[一-鿿]{2,3}県)?(?:[一-鿿]{1,5}[市郡])?(?:[一-鿿]{1,4}[区町村])"
    r"[぀-ヿ一-鿿]{0,12}?[0-9]{1,4}(?:丁目|番地?|号|-[0-9]{1,4}){1,4}(?:[0-9]{0,4}(?:番地?|号|-[0-9]{1,4})?){0,2}"),
)  # fmt: skip
_TOWNS = (
    rf"\b(?P<city>(?:{_CAPITAL}[ ]?){{1,4}}),?[ ](?:{_US_STATES})\.?,?[ ](?P<code>[0-9]{{5}}(?:-[0-9]{{4}})?)\b",
    (
        r"\b(?P<code>(?:GIR|[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9]|[A-HK-Y][0-9]{2}|[0-9][A-HJKPSTUW]|[A-HK-Y][0-9][A-Z]))"
        r"[ ][0-9][ABD-HJLNP-UW-Z]{2})\b"
    ),
    r"\b(?P<code>[ABCEGHJ-NPRSTVXY][0-9][A-Z][ ][0-9][A-Z][0-9])\b",
    r"(?P<code>〒[ ]?[0-9]{3}-?[0-9]{4})\b",
    (
        r"\b(?:D-|DE-|F-|FR-|I-|IT-|E-|ES-|A-|AT-)(?P<code>[0-9]{4,5})[ ](?P<city>"
        rf"{_CAPITAL}(?:[ -]{_CAPITAL}){{0,3}})"
    ),
    (
        rf"(?m)(?:^[ >]*|,[ ]?)(?P<code>[0-9]{{5}})[ ](?P<city>{_CAPITAL}(?:[ -](?:(?:am|an|der|de|la|le|les|sur|di)[ ])?{_CAPITAL})"
        r"{0,3})(?:[ ]\(?[A-Z]{2}\)?)?(?:[ ]*,?[ ]?(?:Germany|Deutschland|France|Italy|Italia|Spain|España))?[ .]*$"
    ),
    rf"\b(?P<code>[1-9][0-9]{{3}}[ ]?[A-Z]{{2}})[ ](?P<city>{_CAPITAL}(?:[ -]{_CAPITAL}){{0,2}})[ .]*(?:,|\n|$)",
    r"(?:邮编|郵編|邮政编码)[ ]?[:：]?[ ]?(?P<code>[1-9][0-9]{5})",
)
_NOT_A_TOWN = re2.compile(
    r"(?i)^(?:usd|eur|gbp|jpy|cny|cad|aud|dollars?|euros?|yen|yuan|pounds?|pieces?|units?|items?|orders?|times|points|"
    r"amazon|customers?|buyers?|sellers?|days|hours|miles|grams|watts?|volts?|pcs|sku|asin|stars?|jan|feb|mar|apr|may|jun|jul|"
    r"aug|sep|oct|nov|dec|model|series|edition)\b"
)
_CARRIER = re2.compile(
    r"(?i)^via[ ](?:ups|usps|fedex|dhl|dpd|gls|hermes|evri|ontrac|amazon|royal|priority|first|standard)\b"
)
_LEADS = (
    "寄到",
    "送到",
    "发到",
    "地址",
    "住在",
    "寄给",
    "发往",
    "搬到",
    "收货",
    "是",
    "在",
    "为",
    "到",
    "给",
    "往",
    "请",
    "我",
    "的",
    "于",
)


def find_addresses(plain: str, taken: SpanSet, own: Sequence[Destination]) -> list[Span]:
    """Streets and towns of a text that are not the order's own, outside of what is taken."""
    plain = latin_plain(plain)
    found = [*_streets(plain, own), *_towns(plain, own)]
    return [span for span in found if not taken.touches(span.start, span.end)]


def _streets(plain: str, own: Sequence[Destination]) -> Iterator[Span]:
    kept = {_bare(line) for place in own for line in place.lines}
    for pattern in _compiled(_STREETS):
        for match in pattern.finditer(plain):
            start, end = match.span()
            words = match.group()
            if _CARRIER.match(words) is not None or _is_glued_digit(plain, start):
                continue
            if any("\u4e00" <= char <= "\u9fff" for char in words):
                start += _lead(words, own)
            shown = _bare(plain[start:end])
            if not any(shown in line or (line in shown and len(line) > 7) for line in kept if line):
                yield Span(start, end, "address")


def _towns(plain: str, own: Sequence[Destination]) -> Iterator[Span]:
    codes = {_bare(place.postal_code) for place in own if place.postal_code}
    codes |= {code[:5] for code in codes if code.isdigit() and len(code) == 9}
    cities = {_bare(place.city) for place in own if place.city}
    for pattern in _compiled(_TOWNS):
        for match in pattern.finditer(plain):
            parts = match.groupdict()
            code, city = _bare(parts["code"] or ""), _bare(parts.get("city") or "")
            if code in codes or (code.isdigit() and code[:5] in codes) or (city and city in cities):
                continue
            start = min(match.start(number) for number in pattern.groupindex.values())
            if _NOT_A_TOWN.match(parts.get("city") or "") is None and not _is_glued_digit(plain, start):
                yield Span(start, match.end(), "address")


def _lead(words: str, own: Sequence[Destination]) -> int:
    """How many characters before a Chinese address are no part of it: "please send it to", or the order's own town."""
    lead = 0
    for word in _LEADS:
        at = words[:14].rfind(word)
        if at >= 0 and words[at + len(word) :][:1] not in ("", "路", "街"):
            lead = max(lead, at + len(word))
    for place in own:
        for name in (place.city, place.state):
            at = words.find(name) if len(name) >= 2 else -1
            if at >= 0:
                lead = max(lead, at + len(name))
    return lead


def _is_glued_digit(plain: str, start: int) -> bool:
    before = plain[max(0, start - 2) : start]
    return before[-1:].isdigit() or (
        before[-1:] in (".", ",", "-", "$", "€", "£") and (before[:1].isdigit() or before[-1] in "$€£")
    )


def _bare(words: str) -> str:
    folded = unicodedata.normalize("NFKD", words.casefold())
    return "".join(char for char in folded if char.isalnum())


@lru_cache(maxsize=4)
def _compiled(patterns: tuple[str, ...]) -> tuple[re2._Regexp, ...]:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return tuple(re2.compile(pattern, options) for pattern in patterns)
