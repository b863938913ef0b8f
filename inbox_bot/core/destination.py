"""The shipping address of a notice, and its town, region, postal code and country as different countries write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import re2

from inbox_bot.core.labels import Label
from inbox_bot.core.model import Destination
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.text import one_line

_COUNTRIES = """
US us|usa|u.s.|u.s.a.|united states|united states of america|美国|美國|アメリカ合衆国
CA ca|canada|加拿大
GB gb|uk|u.k.|great britain|united kingdom|england|scotland|wales|英国|英國
DE de|germany|deutschland|德国
FR fr|france|法国
IT it|italy|italia|意大利
ES es|spain|españa|西班牙
NL nl|netherlands|the netherlands|nederland|荷兰
BE be|belgium|belgique|belgië|比利时
AT at|austria|österreich|奥地利
CH ch|switzerland|schweiz|suisse|瑞士
SE se|sweden|sverige|瑞典
PL pl|poland|polska|波兰
IE ie|ireland|爱尔兰
JP jp|japan|日本
CN cn|china|中国|中國
AU au|australia|澳大利亚
MX mx|mexico|méxico|墨西哥
BR br|brazil|brasil|巴西
IN in|india|印度
SG sg|singapore|新加坡
AE ae|united arab emirates|uae|阿联酋
SA sa|saudi arabia|沙特阿拉伯
TR tr|turkey|türkiye
EG eg|egypt
LU lu|luxembourg
PT pt|portugal
DK dk|denmark
FI fi|finland
NO no|norway
HK hk|hong kong|香港
TW tw|taiwan|台湾
NZ nz|new zealand
PR pr|puerto rico
KR kr|south korea
"""
_COUNTRY_CODES = {name: line[:2] for line in _COUNTRIES.strip().splitlines() for name in line[3:].split("|")}
_US_STATE_WORDS = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK "
    "OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AA AE AP"
)
_US_STATE_CODES = frozenset(_US_STATE_WORDS.split())
_US_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|District of Columbia|Florida|"
    "Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|"
    "Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|"
    "North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|"
    "Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|Puerto Rico"
)
_CA_STATES = (
    "AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT|Ontario|Quebec|Québec|British Columbia|Alberta|Manitoba|Saskatchewan|"
    "Nova Scotia|New Brunswick|Newfoundland and Labrador|Prince Edward Island"
)
_AU_STATES = "NSW|VIC|QLD|SA|WA|TAS|NT|ACT|New South Wales|Victoria|Queensland|Tasmania"
_ZIP = r"(?P<code>[0-9]{5}(?:-?[0-9]{4})?)$"
_CA_CODE = r"(?P<code>[A-Z][0-9][A-Z][ -]?[0-9][A-Z][0-9])$"
_START = r"(?i)^(?:.*,[ ]*)?"
_TOWN = r"(?P<city>[^,，0-9][^,，]{0,58}?)[ ]*,?[ ]+"
_CODE = (
    r"(?P<code>[0-9]{4,6}|[0-9]{5}-[0-9]{3}|[0-9]{2}-[0-9]{3}|[0-9]{3}[ ][0-9]{2}|[1-9][0-9]{3}[ ][A-Z]{2})$"
)
_FORMS: tuple[tuple[str, re2._Regexp], ...] = (
    ("US", re2.compile(rf"{_START}{_TOWN}(?P<state>[A-Z]{{2}}|{_US_STATES})\.?[ ]*,?[ ]+{_ZIP}")),
    ("CA", re2.compile(rf"{_START}{_TOWN}\(?(?P<state>{_CA_STATES})\)?[ ]*,?[ ]+{_CA_CODE}")),
    ("AU", re2.compile(rf"{_START}{_TOWN}(?P<state>{_AU_STATES})[ ]*,?[ ]+(?P<code>[0-9]{{4}})$")),
    ("GB", re2.compile(r"(?i)^(?P<city>.*?)[ ,]*\b(?P<code>[A-Z]{1,2}[0-9][A-Z0-9]?[ ][0-9][A-Z]{2})$")),
    ("NL", re2.compile(r"(?i)^(?:NL-)?(?P<code>[1-9][0-9]{3}[ ]?[A-Z]{2})[ ]+(?P<city>[^0-9,]{2,58})$")),
    (
        "JP",
        re2.compile(
            r"^(?:〒[ ]?)?(?P<code>[0-9]{3}-[0-9]{4})[ ,]*(?P<state>東京都|北海道|京都府|大阪府|[^0-9 ]{2,3}県)?"
            r"(?P<city>[^0-9 ,]{1,12}?[市区町村])?.*$"
        ),
    ),
    (
        "JP",
        re2.compile(
            r"(?i)^(?P<city>[A-Z][A-Z' -]{1,40}?)(?:,[ ]*(?P<state>[A-Z][A-Z -]{1,30}))?,?[ ]+〒?"
            r"(?P<code>[0-9]{3}-[0-9]{4})$"
        ),
    ),
    (  # 10115 Berlin, 00184 Roma RM, D-10115 Berlin, 123 45 Stockholm, 01310-100 São Paulo, SP
        "",
        re2.compile(
            r"^(?:[A-Z]{1,2}-)?(?P<code>[0-9]{4,5}|[0-9]{4,5}-[0-9]{3}|[0-9]{2}-[0-9]{3}|[0-9]{3}[ ][0-9]{2})[ ]+"
            r"(?P<city>[^0-9,(]{2,58}?)(?:[ ,]+\(?(?P<state>[A-Z]{2})\)?)?$"
        ),
    ),
    ("", re2.compile(rf"^(?:.*,[ ]*)?(?P<city>[^,0-9][^,]{{1,58}}?),[ ]*(?P<state>[^,0-9]{{2,40}}?),?[ ]+{_CODE}")),
    ("", re2.compile(rf"^(?:.*,[ ]*)?(?P<city>[^,0-9][^,]{{1,58}}?),?[ ]+{_CODE}")),
)  # fmt: skip
_CHINESE = re2.compile(
    r"^(?:中国|中國)?(?P<state>[^省]{2,7}省|[^区]{2,8}自治区|北京市?|上海市?|天津市?|重庆市?)?"
    r"(?P<city>[^市省]{1,10}?(?:市|自治州|地区|盟))?(?P<district>[^市区县]{1,10}?[区县])?"
)
_CHINESE_CODE = re2.compile(r"(?:^|[^0-9])([1-9][0-9]{5})(?:[^0-9]|$)")
_CHINESE_PIECES = re2.compile(r"[，,；;：:、\n]")
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
        if kept and (len(line) > _LONGEST_LINE or _begins_text(line, rules)):
            break
        kept.append(line[:300].strip(" ,;"))
    if len(kept) == 1 and kept[0].count(",") >= 2 and not _is_chinese(kept[0]):
        kept = _of_one_line(kept[0])
    return tuple(line for line in kept if line)


def _begins_text(line: str, rules: NoticeRules) -> bool:
    """Whether the paragraph behind the address begins here: "In response to this dispute, ..."."""
    begins = rules.find("wording", line[:60], means="after_address")
    return bool(begins) and begins[0].start == 0 and (len(line.split()) >= 4 or _is_chinese(line))


def _of_one_line(line: str) -> list[str]:
    """`Jane Doe, 12 Main St, Springfield, IL 62701, US`: one part a line, but town and code stay together."""
    parts = [part.strip() for part in line.split(",")]
    for size in (3, 2, 1):
        for at in range(max(1, len(parts) - size - 1), len(parts) - size + 1):
            joined = ", ".join(parts[at : at + size])
            if not any(char.isdigit() for char in parts[at]) and _town(joined) is not None:
                return [*parts[:at], joined, *parts[at + size :]]
    return parts


def _parsed(lines: tuple[str, ...]) -> Destination:
    country, body = "", list(lines)
    for position in range(len(body) - 1, max(0, len(body) - 4), -1):
        if code := _COUNTRY_CODES.get(body[position].lower().rstrip(".")):
            country, body = code, body[:position]
            break
    for position in range(len(body) - 1, -1, -1):
        found = _town(body[position], country) if position or len(body) == 1 else None
        if found is not None:
            if not found.city and position:
                town, _, region = body[position - 1].partition(",")
                found = replace(found, city=town.strip(), state=found.state or region.strip())
            return replace(found, lines=lines, country=country or found.country)
    chinese = _chinese(body)
    return replace(chinese, lines=lines, country=country or ("CN" if chinese.city else ""))


def _town(line: str, country: str = "") -> Destination | None:
    if _is_chinese(line) and not line.lstrip("〒 ")[:3].isdigit():
        return None
    for form_country, form in _FORMS:
        if country and form_country and form_country != country and (form_country, country) != ("US", "PR"):
            continue
        match = form.match(line[:200])
        if match is None:
            continue
        parts = {name: (value or "").strip(" ,()") for name, value in match.groupdict().items()}
        city, state = parts["city"], parts.get("state", "")
        if form_country == "US" and not country and len(state) == 2 and state.upper() not in _US_STATE_CODES:
            continue
        if form_country == "GB":
            city, state = _british(city)
        return Destination((), city, state, parts["code"], form_country)
    return None


def _british(before_code: str) -> tuple[str, str]:
    """Town and county before a British postcode: `12 High St, Leeds, West Yorkshire`."""
    parts = [part.strip() for part in before_code.split(",") if part.strip()]
    places = [part for part in parts if not any(char.isdigit() for char in part)]
    if not places:
        return "", ""
    return places[0], places[1] if len(places) > 1 else ""


def _chinese(lines: Sequence[str]) -> Destination:
    code = next((found.group(1) for one in lines if (found := _CHINESE_CODE.search(one)) is not None), "")
    for line in lines:
        for piece in _CHINESE_PIECES.split("".join(line[:200].split())):
            match = _CHINESE.match(piece)
            state, city, district = (match.group(name) or "" for name in ("state", "city", "district"))
            if state.startswith(_MUNICIPALITIES):
                city = state
            if city or (state and district):
                return Destination((), city or district, state, code, "")
    return Destination((), "", "", code, "")


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)
