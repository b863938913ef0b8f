"""Town, state and postal code out of the lines of an address or the place a carrier prints.

Only what is printed is taken: nothing is looked up or guessed. Whether two places are the same is judged in
`core/places.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import re2

from inbox_bot.core.model import Destination

_COUNTRIES = frozenset(
    name
    for line in (
        "usa|u.s.a.|united states|united states of america|ca|canada|mx|mexico|méxico|br|brazil|brasil|gb|uk",
        "united kingdom|great britain|england|scotland|wales|northern ireland|ie|ireland|de|germany|deutschland",
        "at|austria|österreich|ch|switzerland|schweiz|fr|france|it|italy|italia|es|spain|españa|pt|portugal|nl",
        "netherlands|nederland|be|belgium|belgique|belgië|se|sweden|sverige|pl|poland|polska|au|australia|nz",
        "new zealand|jp|japan|日本|cn|china|中国|sg|singapore|ae|united arab emirates|sa|saudi arabia|eg|egypt|in",
        "india|tr|turkey|türkiye|us|hk|hong kong|taiwan|美国|英国|德国|法国|加拿大|澳大利亚|意大利|西班牙",
    )
    for name in line.split("|")
)
_CITY = r"(?P<city>[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ .'’-]{1,40}?)"
_US_CODE = r"(?P<code>[0-9]{5}(?:-[0-9]{4})?)"
_CA_CODE = r"(?P<code>[A-Z][0-9][A-Z][ ]?[0-9][A-Z][0-9])"
_UK_CODE = r"(?P<code>[A-Z]{1,2}[0-9][0-9A-Z]?[ ]?[0-9][A-Z]{2})"
_EU_CODE = r"(?P<code>[0-9]{2}-[0-9]{3}|[0-9]{3}[ ][0-9]{2}|[0-9]{4,6})"
_TOWN_LINES = tuple(
    re2.compile(pattern)
    for pattern in (
        rf"^{_CITY},[ ]*(?P<state>[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ .]{{1,24}}?),?[ ]+{_US_CODE}$",
        rf"^{_CITY},?[ ]+(?P<state>[A-Z]{{2}}),?[ ]+{_US_CODE}$",
        rf"^{_CITY},?[ ]+(?P<state>[A-Z]{{2}}),?[ ]+{_CA_CODE}$",
        rf"^{_CITY},?[ ]+(?P<state>NSW|VIC|QLD|WA|SA|TAS|ACT|NT),?[ ]+(?P<code>[0-9]{{4}})$",
        rf"^{_CITY},[ ]*(?P<state>[A-Z]{{2}})$",
        rf"^{_CITY},?[ ]+{_UK_CODE}$",
        r"^(?P<code>[0-9]{4}[ ]?[A-Z]{2})[ ]+(?P<city>[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ .'-]{1,40})$",
        rf"^(?:[A-Z]{{1,2}}-)?{_EU_CODE}[ ]+(?P<city>[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ .'()-]{{1,40}})$",
        rf"^{_CITY},?[ ]+(?P<code>[0-9]{{5,6}})$",
        r"^〒?[ ]?(?P<code>[0-9]{3}-[0-9]{4})(?:[ ]+(?P<city>[^ ]{1,40}))?$",
        rf"^{_UK_CODE}$",
        r"^(?P<code>[0-9]{5,6})$",
    )
)
_STATE_AND_CODE = re2.compile(r"^[A-Z]{2}(?:[ ]+[0-9]{5}(?:-[0-9]{4})?)?$")
_CHINESE_TOWN = re2.compile(r"^(?:\p{Han}{2,7}(?:省|自治区))?(?P<city>\p{Han}{2,8}?市)")
# A place inside a sentence: behind a word that leads to it, or behind a comma and with its postal code.
_SPOT = r"[A-Z][A-Za-zÀ-ɏ.'-]{1,30}(?:[ ][A-Z][A-Za-zÀ-ɏ.'-]{1,30}){0,3}"
_PLACES_IN_SENTENCE = (
    re2.compile(
        rf"\b(?:in|at|to|near)\s+(?P<city>{_SPOT}),\s*(?P<state>[A-Z]{{2}})\b(?:,?\s+(?P<code>[0-9]{{5}}(?:-[0-9]{{4}})?))?"
    ),
    re2.compile(
        rf"(?:^|[,;]\s+)(?P<city>{_SPOT}),\s*(?P<state>[A-Z]{{2}}),?\s+(?P<code>[0-9]{{5}}(?:-[0-9]{{4}})?)"
    ),
)


def parse_address(lines: Sequence[str]) -> Destination:
    """The destination of an address block: its lines as printed, and of town, state, code, country what is found."""
    kept = [line.strip(" ,;") for line in lines if line.strip(" ,;")]
    place = Destination(tuple(kept))
    if len(kept) == 1:
        kept = _one_line_address(kept[0])
    if kept and kept[-1].lower() in _COUNTRIES and len(kept) > 1:
        place = replace(place, country=kept[-1])
        kept = kept[:-1]
    for position in range(len(kept) - 1, -1, -1):
        town = _town(kept[position])
        if town is None:
            continue
        if not town.city and position:
            town = replace(town, city=_town_above(kept[position - 1]))
        return replace(town, lines=place.lines, country=place.country)
    return place


def _one_line_address(line: str) -> list[str]:
    """An address on one line, cut at its commas; a state and its code stay with their town."""
    parts: list[str] = []
    for part in line.split(","):
        part = part.strip()
        if parts and _STATE_AND_CODE.match(part) and not parts[-1][-5:].isdigit():
            parts[-1] = f"{parts[-1]}, {part}"
        elif part:
            parts.append(part)
    return parts


def parse_place(words: str) -> Destination:
    """The destination of one printed place ("SEATTLE, WA 98109, US", "10115 Berlin"); empty when it is none."""
    words = words.strip(" .;,")[:120]
    town = _town(words)
    for length in (1, 2, 3):
        parts = words.replace(",", " , ").split()
        country = " ".join(parts[-length:])
        if town is None and len(parts) > length and country.lower() in _COUNTRIES:
            town = _town(words[: words.rfind(parts[-length])].strip(" ,"))
            town = replace(town, country=country) if town is not None else None
    return town or Destination()


def find_place(sentence: str) -> Destination:
    """The place that a sentence names ("was delivered in Seattle, WA 98109"); empty when it names none."""
    for pattern in _PLACES_IN_SENTENCE:
        found = pattern.search(sentence)
        if found is not None:
            return Destination((), found.group("city"), found.group("state"), found.group("code") or "")
    return Destination()


def _town(line: str) -> Destination | None:
    line = line[:120]
    for pattern in _TOWN_LINES:
        found = pattern.search(line)
        if found is not None:
            parts = {name: value or "" for name, value in found.groupdict().items()}
            return Destination((), parts.get("city", ""), parts.get("state", ""), parts.get("code", ""))
    chinese = _CHINESE_TOWN.search(line)
    return Destination((), chinese.group("city")) if chinese is not None else None


def _town_above(line: str) -> str:
    """The town of the line above a postal code that stands alone: a British or Chinese address."""
    return line if not any(char.isdigit() for char in line) and len(line) <= 40 else ""
