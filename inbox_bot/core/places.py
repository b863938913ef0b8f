"""Whether a parcel went where it was to go, by city and postal code as different people write them.

How an address is read from a mail is the business of `destination.py` and of `orders/addresses.py`.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from inbox_bot.core.chinese import forms_of
from inbox_bot.core.model import Destination


class PlaceMatch(StrEnum):
    """How far two places are the same, as far as both say."""

    BOTH = "city and postal code"
    CITY = "city"
    POSTAL_CODE = "postal code"
    DIFFERENT = "different"
    NOT_KNOWN = ""


# Words that are written long and short; the words of a street stand here too, for towns that bear its name.
_SHORT = """
st saint sainte ste sankt skt|mt mount|mtn mountain|ft fort|n north|s south|e east|w west|ne northeast|nw northwest
se southeast|sw southwest|hts heights hgts|twp township|vlg village|spgs springs spg spring|jct junction|bch beach
vly valley|pk park|lk lake|ctr center centre|isl island|pt point|prt port|hbr harbor harbour|crk creek|gdn garden
gdns gardens|str strasse|a am an|d der
"""
# One town under several names; the first is the one they are compared by.
_TOWNS = """
newyork newyorkcity nyc|munchen munich|koln cologne|nurnberg nuremberg|hannover hanover|wien vienna|zurich zuerich
geneve geneva genf|roma rome|milano milan|torino turin|firenze florence|venezia venice|napoli naples|genova genoa
praha prague|warszawa warsaw|krakow cracow|lisboa lisbon|bruxelles brussels brussel|antwerpen antwerp|denhaag hague
kobenhavn copenhagen|goteborg gothenburg|sevilla seville|ciudaddemexico mexicocity cdmx
tokyo 东京 东京都|osaka 大阪 大阪府|kyoto 京都 京都府|yokohama 横浜
nagoya 名古屋|sapporo 札幌|fukuoka 福冈 福岡|kobe 神户
beijing 北京|shanghai 上海|shenzhen 深圳|guangzhou 广州|hangzhou 杭州|tianjin 天津|chongqing 重庆|chengdu 成都
wuhan 武汉|nanjing 南京|suzhou 苏州|hongkong 香港|taipei 台北
"""
# Names of countries that are no towns as well, as Singapore and Luxembourg are.
_COUNTRIES = """
us usa unitedstates unitedstatesofamerica uk gb greatbritain unitedkingdom england scotland wales germany deutschland
france italy italia spain espana netherlands nederland belgium canada australia austria sweden poland ireland japan
china india turkey brazil brasil 美国 英国 日本 中国 德国 法国 加拿大 澳大利亚
"""
_SAME_COUNTRY = {
    "UK": "GB",
    "JE": "GB",
    "GG": "GB",
    "IM": "GB",
    "PR": "US",
    "GU": "US",
    "VI": "US",
    "AS": "US",
}
_STATES = """
AL alabama|AK alaska|AZ arizona|AR arkansas|CA california|CO colorado|CT connecticut|DE delaware
DC districtofcolumbia|FL florida|GA georgia|HI hawaii|ID idaho|IL illinois|IN indiana|IA iowa|KS kansas|KY kentucky
LA louisiana|ME maine|MD maryland|MA massachusetts|MI michigan|MN minnesota|MS mississippi|MO missouri|MT montana
NE nebraska|NV nevada|NH newhampshire|NJ newjersey|NM newmexico|NY newyork|NC northcarolina|ND northdakota|OH ohio
OK oklahoma|OR oregon|PA pennsylvania|RI rhodeisland|SC southcarolina|SD southdakota|TN tennessee|TX texas|UT utah
VT vermont|VA virginia|WA washington|WV westvirginia|WI wisconsin|WY wyoming
AB alberta|BC britishcolumbia|MB manitoba|NB newbrunswick|NL newfoundlandandlabrador|NS novascotia|ON ontario
PE princeedwardisland|QC quebec|SK saskatchewan|NSW newsouthwales|VIC victoria|QLD queensland|TAS tasmania
"""


def _groups(table: str) -> list[list[str]]:
    return [group.split() for group in table.replace("\n", "|").split("|") if group.strip()]


def _one_script(text: str) -> str:
    """The text with one form for each Chinese character, whichever script it was written in."""
    return "".join(min(forms_of(char)) for char in text)


_WORDS = {word: group[0] for group in _groups(_SHORT) for word in group}
_SAME_TOWN = {_one_script(name): group[0] for group in _groups(_TOWNS) for name in group}
_NO_TOWNS = frozenset({"", *_COUNTRIES.split()})
_STATE_CODES = {word.casefold(): group[0] for group in _groups(_STATES) for word in group}
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_LONG_S = re.compile(r"strasse$")
_COUNTRY_IN_FRONT = re.compile(r"^[A-Z]{1,2}[- ]*(?=[0-9]{4})")
_BRITISH = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_CANADIAN = re.compile(r"[A-Z][0-9][A-Z][0-9][A-Z][0-9]")


def same_place(first: Destination, second: Destination) -> bool | None:
    """Whether both name the same town; None when one of them does not say (a country or a state is no town)."""
    match = compare_places(first, second)
    return None if match is PlaceMatch.NOT_KNOWN else match is not PlaceMatch.DIFFERENT


def compare_places(first: Destination, second: Destination) -> PlaceMatch:
    """How far both are the same place, whoever is asked first.

    Tolerant of case, accents, script of one language, punctuation, common abbreviations and of what a postal code may
    lack. When both name a city and a postal code, one match is enough: carriers print the town of the depot as often
    as that of the address. The same name in another country, state or far-off postal region is another town.
    """
    cities = _compare_names(_forms(first.city), _forms(second.city))
    ours, theirs = _code(first.postal_code), _code(second.postal_code)
    codes = _compare_codes(ours, theirs)
    if cities is None and codes is None:
        return PlaceMatch.NOT_KNOWN
    if _countries_differ(first.country, second.country):
        return PlaceMatch.DIFFERENT
    if (
        cities
        and codes is not True
        and (_states_differ(first.state, second.state) or _far_apart(ours, theirs))
    ):
        return PlaceMatch.DIFFERENT
    if cities and codes:
        return PlaceMatch.BOTH
    if cities:
        return PlaceMatch.CITY
    return PlaceMatch.POSTAL_CODE if codes else PlaceMatch.DIFFERENT


def _compare_names(first: frozenset[str], second: frozenset[str]) -> bool | None:
    return bool(first & second) if first and second else None


def _compare_codes(first: str, second: str) -> bool | None:
    if not first or not second:
        return None
    if first == second:
        return True
    if first.isdigit() and second.isdigit():
        first, second = (code[:5] if len(code) == 9 else code for code in (first, second))  # ZIP+4
    short, long = sorted((first, second), key=lambda code: (len(code), code))
    if first.isdigit() and second.isdigit():
        if (len(short), len(long)) == (4, 5):  # a spreadsheet eats the zero in front
            short = f"0{short}"
        return short == long
    for full, keeps in ((_BRITISH, -3), (_CANADIAN, 3)):  # the first half names the town
        if full.fullmatch(long) and not full.fullmatch(short):
            return short == long[:keeps]
    return False


def _far_apart(first: str, second: str) -> bool:
    """Whether the first digits show two regions: one Springfield is not the other."""
    return first.isdigit() and second.isdigit() and len(first) >= 5 <= len(second) and first[0] != second[0]


def _countries_differ(first: str, second: str) -> bool:
    ours, theirs = (_SAME_COUNTRY.get(one.strip().upper(), one.strip().upper()) for one in (first, second))
    return len(ours) == len(theirs) == 2 and ours != theirs


def _states_differ(first: str, second: str) -> bool:
    ours, theirs = (_STATE_CODES.get(_joined(_plain(one))) for one in (first, second))
    return ours is not None and theirs is not None and ours != theirs


@lru_cache(maxsize=4096)
def _forms(city: str) -> frozenset[str]:
    """The town as it may be spelt, folded: with umlauts stripped and spelt out; empty when no town is named."""
    lower = _one_script(unicodedata.normalize("NFKC", city).casefold())
    spellings = {_name(_plain(lower)), _name(_plain(lower.translate(_SPELT_OUT)))}
    towns = {_SAME_TOWN.get(one, one) for one in spellings}
    return frozenset(towns - _NO_TOWNS)


def _plain(text: str) -> str:
    """Lower case without accents, punctuation made blanks."""
    lower = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    plain = "".join(char for char in lower if not unicodedata.combining(char))
    return "".join(char if char.isalnum() else "" if char in "'’" else " " for char in plain)


def _joined(text: str) -> str:
    return text.replace(" ", "")


def _name(plain: str) -> str:
    """The town's name as one word, in its short form; empty when it is but the code of a state."""
    words = plain.split()
    if len(words) > 2 and words[0] in ("city", "town") and words[1] == "of":
        words = words[2:]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    if len(words) > 1 and words[-1] in ("shi", "ku", "to", "fu"):  # Sapporo-shi, Tokyo-to
        words = words[:-1]
    if len(words) == 1 and len(words[0]) == 2 and words[0] in _STATE_CODES:
        return ""
    name = "".join(_WORDS.get(word, _LONG_S.sub("str", word)) for word in words)
    return name.removesuffix("市") if len(name) > 2 else name


def _code(text: str) -> str:
    if "*" in text:  # masked
        return ""
    upper = unicodedata.normalize("NFKC", text).upper().strip(" 〒")
    upper = _COUNTRY_IN_FRONT.sub("", upper)
    return "".join(char for char in upper if char.isascii() and char.isalnum())
