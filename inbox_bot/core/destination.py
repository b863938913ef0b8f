"""The shipping address of a notice, and its town, region, postal code and country as different countries write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import re2

from inbox_bot.core.labels import Label
from inbox_bot.core.model import Destination
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.text import one_line

_COUNTRIES = {
    "US": "us usa u.s. u.s.a. united states|united states of america|美国|美國|アメリカ合衆国",
    "CA": "ca canada|加拿大", "GB": "gb uk u.k. great britain|united kingdom|england|scotland|wales|英国|英國",
    "DE": "de germany|deutschland|德国", "FR": "fr france|法国", "IT": "it italy|italia|意大利", "ES": "es spain|españa|西班牙",
    "NL": "nl netherlands|the netherlands|nederland|荷兰", "BE": "be belgium|belgique|belgië|比利时", "AT": "at austria|österreich|奥地利",
    "CH": "ch switzerland|schweiz|suisse|瑞士", "SE": "se sweden|sverige|瑞典", "PL": "pl poland|polska|波兰", "IE": "ie ireland|爱尔兰",
    "JP": "jp japan|日本", "CN": "cn china|中国|中國", "AU": "au australia|澳大利亚", "MX": "mx mexico|méxico|墨西哥", "BR": "br brazil|brasil|巴西",
    "IN": "in india|印度", "SG": "sg singapore|新加坡", "AE": "ae united arab emirates|uae|阿联酋", "SA": "sa saudi arabia|沙特阿拉伯",
    "TR": "tr turkey|türkiye", "EG": "eg egypt", "LU": "lu luxembourg", "PT": "pt portugal", "DK": "dk denmark", "FI": "fi finland",
    "NO": "no norway", "HK": "hk hong kong|香港", "TW": "tw taiwan|台湾", "NZ": "nz new zealand", "PR": "pr puerto rico", "KR": "kr korea|south korea",
}  # fmt: skip
_NAMES = {
    name: code
    for code, names in _COUNTRIES.items()
    for name in [*names.split("|")[0].split(" ", 2 if code == "US" else 1), *names.split("|")[1:]]
} | {"usa": "US", "u.s.a.": "US", "u.s.": "US", "united states": "US", "uk": "GB", "great britain": "GB"}
_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|District of Columbia|Florida|Georgia|Hawaii|Idaho|"
    "Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|"
    "Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|"
    "Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|Puerto Rico"
)
_TOWN = r"(?P<city>[^,，0-9][^,，]{0,58}?)"
_FORMS: tuple[tuple[str, re2._Regexp], ...] = (
    ("US", re2.compile(rf"(?i)^(?:.*,[ ]*)?{_TOWN}[ ]*,?[ ]+(?P<state>[A-Z]{{2}}|{_STATES})\.?[ ]*,?[ ]+(?P<code>[0-9]{{5}}(?:-?[0-9]{{4}})?)$")),
    ("CA", re2.compile(rf"(?i)^(?:.*,[ ]*)?{_TOWN}[ ]*,?[ ]+\(?(?P<state>AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT|Ontario|Quebec|Québec|British Columbia|Alberta|Manitoba|Saskatchewan|Nova Scotia|New Brunswick|Newfoundland and Labrador|Prince Edward Island)\)?[ ]*,?[ ]+(?P<code>[ABCEGHJ-NPRSTVXY][0-9][A-Z][ -]?[0-9][A-Z][0-9])$")),
    ("AU", re2.compile(rf"(?i)^(?:.*,[ ]*)?{_TOWN}[ ]*,?[ ]+(?P<state>NSW|VIC|QLD|SA|WA|TAS|NT|ACT|New South Wales|Victoria|Queensland|Tasmania)[ ]*,?[ ]+(?P<code>[0-9]{{4}})$")),
    ("GB", re2.compile(rf"(?i)^(?:.*,[ ]*)?(?:{_TOWN}[ ]*,?[ ]+)?(?P<code>[A-Z]{{1,2}}[0-9][A-Z0-9]?[ ][0-9][A-Z]{{2}})$")),
    ("NL", re2.compile(r"(?i)^(?:NL-)?(?P<code>[1-9][0-9]{3}[ ]?[A-Z]{2})[ ]+(?P<city>[^0-9,]{2,58})$")),
    ("JP", re2.compile(r"^(?:〒[ ]?)?(?P<code>[0-9]{3}-[0-9]{4})[ ,]*(?P<state>東京都|北海道|京都府|大阪府|[^0-9 ]{2,3}県)?(?P<city>[^0-9 ,]{1,12}?[市区町村])?.*$")),
    ("JP", re2.compile(r"(?i)^(?P<city>[A-Z][A-Z' -]{1,40}?)(?:,[ ]*(?P<state>[A-Z][A-Z -]{1,30}))?,?[ ]+〒?(?P<code>[0-9]{3}-[0-9]{4})$")),
    ("", re2.compile(r"(?i)^(?:(?:[A-Z]{1,2}-)?(?P<code>[0-9]{4,5}|[0-9]{2}-[0-9]{3}|[0-9]{3}[ ][0-9]{2}))[ ]+(?P<city>[^0-9,(]{2,58}?)(?:[ ,]*\(?(?P<state>[A-Z]{2})\)?)?$")),
    ("", re2.compile(r"^(?:.*,[ ]*)?(?P<city>[^,0-9][^,]{1,58}?),[ ]*(?P<state>[^,0-9]{2,40}?),?[ ]+(?P<code>[0-9]{4,6}|[0-9]{5}-[0-9]{3}|[0-9]{2}-[0-9]{3})$")),
    ("", re2.compile(r"^(?:.*,[ ]*)?(?P<city>[^,0-9][^,]{1,58}?),?[ ]+(?P<code>[0-9]{4,6}|[0-9]{5}-[0-9]{3}|[0-9]{2}-[0-9]{3})$")),
)  # fmt: skip
_CHINESE = re2.compile(
    r"(?P<state>[^0-9 ,，]{2,8}?(?:省|自治区)|北京市?|上海市?|天津市?|重庆市?)?[ ,，]{0,2}(?P<city>[^0-9 ,，省]{1,10}?(?:市|自治州|地区|盟))?[ ,，]{0,2}(?P<district>[^0-9 ,，市]{1,10}?[区县])?"
)
_CHINESE_CODE = re2.compile(r"(?:^|[^0-9])([1-9][0-9]{5})(?:[^0-9]|$)")
_MUNICIPALITIES = ("北京", "上海", "天津", "重庆")
_MOST_LINES = 8
_LONGEST_LINE = 110


def read_destination(labels: Sequence[Label], rules: NoticeRules) -> Destination:
    """The first address below or beside an address label; empty when there is none."""
    for label in labels:
        if label.field == "destination":
            lines = _address_lines(label.lines, rules)
            found = _parsed(lines)
            if found.postal_code or found.city or len(lines) > 1:
                return found
    return Destination()


def _address_lines(lines: Sequence[str], rules: NoticeRules) -> tuple[str, ...]:
    kept: list[str] = []
    for line in lines[:_MOST_LINES]:
        line = one_line(line)
        begins = rules.find("wording", line[:60], means="after_address")
        if kept and begins and begins[0].start == 0 and _is_prose(line):
            break
        if len(line) > _LONGEST_LINE and kept:
            break
        kept.append(line[:300].strip(" ,;"))
    if (
        len(kept) == 1
        and kept[0].count(",") >= 2
        and not any("\u4e00" <= char <= "\u9fff" for char in kept[0])
    ):
        kept = _of_one_line(kept[0])
    return tuple(line for line in kept if line)


def _is_prose(line: str) -> bool:
    return len(line) > 34 or line.endswith((".", ":", "。", "：", "，"))


def _of_one_line(line: str) -> list[str]:
    """`Jane Doe, 12 Main St, Springfield, IL 62701, US`: one part a line, but town and code stay together."""
    parts = [part.strip() for part in line.split(",")]
    for size in (3, 2, 1):
        for at in range(max(0, len(parts) - size - 1), len(parts) - size + 1):
            joined = ", ".join(parts[at : at + size])
            if at and _town(joined) is not None:
                return [*parts[:at], joined, *parts[at + size :]]
    return parts


def _parsed(lines: tuple[str, ...]) -> Destination:
    country, body = "", list(lines)
    for position in range(len(body) - 1, max(-1, len(body) - 4), -1):
        if code := _NAMES.get(body[position].lower().rstrip(".")):
            country = code
            del body[position:]
            break
    for position in range(len(body) - 1, -1, -1):
        found = _town(body[position], country) if position or len(body) == 1 else None
        if found is None:
            continue
        if not found.city and position:
            found = replace(found, **_place_above(body[position - 1]))
        return replace(found, lines=lines, country=country or found.country)
    return replace(_chinese(body), lines=lines, country=country or ("CN" if _chinese(body).city else ""))


def _place_above(line: str) -> dict[str, str]:
    """Town and region of the line above a lone postal code."""
    town, _, region = line.partition(",")
    return {"city": town.strip(), "state": region.strip()}


def _town(line: str, country: str = "") -> Destination | None:
    if any("\u4e00" <= char <= "\u9fff" for char in line) and not line.lstrip("〒 ")[:3].isdigit():
        return None
    for form_country, form in _FORMS:
        if (
            country
            and form_country
            and form_country != country
            and not {country, form_country} == {"US", "PR"}
        ):
            continue
        match = form.match(line[:200])
        if match is None:
            continue
        parts = {name: (value or "").strip(" ,()") for name, value in match.groupdict().items()}
        if (
            form_country == "US"
            and not country
            and parts["state"].upper() not in _STATE_CODES
            and len(parts["state"]) == 2
        ):
            continue
        return Destination((), parts["city"], parts.get("state", ""), parts["code"], form_country)
    return None


_STATE_CODES = frozenset(
    ["AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR", "AA", "AE", "AP", "GU", "VI"]
)


def _chinese(lines: Sequence[str]) -> Destination:
    for line in lines:
        if not any(mark in line for mark in ("省", "市", "区", "县")):
            continue
        match = _CHINESE.search(line[:200])
        if match is None:
            continue
        state, city, district = (match.group(name) or "" for name in ("state", "city", "district"))
        if state.startswith(_MUNICIPALITIES):
            city = city or state
        code = next((found.group(1) for one in lines if (found := _CHINESE_CODE.search(one)) is not None), "")
        return Destination((), city or district, state, code, "")
    return Destination()
