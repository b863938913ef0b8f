"""Numbers of days in running text: "within 7 days", "48 Stunden", "w ciągu siedmiu dni", "7日以内".

Works on text that went through `core.text.plain_text`; the patterns are linear-time (re2). Which period a number is
for is decided by whoever asks. Dates are in `core/dates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice

import re2

from inbox_bot.core.dates import CJK_NUMBER, chinese_number
from inbox_bot.core.pattern_set import PatternSet

_MOST = 2000  # numbers of one language in a mail; more is a flood that is not read on
_S = r"(?:[ \t]{1,3}|[ \t]{0,3}\n[ \t>]{0,8})"  # a blank or one hard wrap


@dataclass(frozen=True, slots=True)
class FoundDays:
    """A printed number of days ("within 7 days", "48 hours") and its span."""

    start: int
    end: int
    days: int


@dataclass(frozen=True, slots=True)
class _Counting:
    """How one language counts days: words by number, words between number and unit, the units, what joins a range."""

    numbers: str
    kinds: str
    days: str
    hours: str
    weeks: str
    joins: str


# A line of numbers is "word ...=number", several words of one number side by side. Units are patterns.
_COUNTINGS = {
    "en": _Counting(
        "one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 "
        "fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 twenty-one=21 thirty=30 "
        "forty-five=45 forty-eight=48 sixty=60 seventy-two=72 ninety=90",
        "calendar|business|working|consecutive|full|more|straight",
        "days?",
        "hours?|hrs?",
        "weeks?",
        "to|or",
    ),
    "de": _Counting(
        "ein einer eine einem einen=1 zwei=2 drei=3 vier=4 fünf fuenf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 "
        "zwölf zwoelf=12 dreizehn=13 vierzehn=14 fünfzehn=15 zwanzig=20 einundzwanzig=21 dreißig dreissig=30 "
        "fünfundvierzig=45 achtundvierzig=48 sechzig=60 zweiundsiebzig=72 neunzig=90",
        "volle[nr]?|weitere[nr]?|aufeinanderfolgende[nr]?|ganze[nr]?",
        "(?:kalender|werk|arbeits|geschäfts|geschaefts)?tage?n?",
        "stunden?|std\\.?",
        "wochen?",
        "bis|oder",
    ),
    "fr": _Counting(
        "un une=1 deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 douze=12 treize=13 "
        "quatorze=14 quinze=15 vingt=20 vingt-et-un=21 trente=30 quarante-cinq=45 quarante-huit=48 soixante=60 "
        "soixante-douze=72 quatre-vingt-dix=90",
        "",
        "jours?",
        "heures?|h",
        "semaines?",
        "à|ou|a",
    ),
    "it": _Counting(
        "un una uno=1 due=2 tre=3 quattro=4 cinque=5 sei=6 sette=7 otto=8 nove=9 dieci=10 undici=11 dodici=12 "
        "tredici=13 quattordici=14 quindici=15 venti=20 ventuno=21 trenta=30 quarantacinque=45 quarantotto=48 "
        "sessanta=60 settantadue=72 novanta=90",
        "",
        "giorn[io]|gg\\.?",
        "or[ae]",
        "settiman[ae]",
        "a|o",
    ),
    "es": _Counting(
        "un una uno=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 trece=13 "
        "catorce=14 quince=15 veinte=20 veintiún veintiuno=21 treinta=30 cuarenta-y-cinco=45 sesenta=60 noventa=90",
        "",
        "d[íi]as?",
        "horas?",
        "semanas?",
        "a|o",
    ),
    "pt": _Counting(
        "um uma=1 dois duas=2 três tres=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12 "
        "treze=13 catorze quatorze=14 quinze=15 vinte=20 trinta=30 quarenta-e-oito=48 sessenta=60 noventa=90",
        "",
        "dias?",
        "horas?",
        "semanas?",
        "a|ou",
    ),
    "nl": _Counting(
        "een één eén=1 twee=2 drie=3 vier=4 vijf=5 zes=6 zeven=7 acht=8 negen=9 tien=10 elf=11 twaalf=12 dertien=13 "
        "veertien=14 vijftien=15 twintig=20 eenentwintig=21 dertig=30 achtenveertig=48 zestig=60 negentig=90",
        "volle|hele|opeenvolgende",
        "(?:kalender|werk)?dag(?:en)?",
        "uur|uren",
        "we(?:ek|ken)",
        "tot|of|à",
    ),
    "sv": _Counting(
        "en ett=1 två tva=2 tre=3 fyra=4 fem=5 sex=6 sju=7 åtta atta=8 nio=9 tio=10 elva=11 tolv=12 tretton=13 "
        "fjorton=14 femton=15 tjugo=20 tjugoen=21 trettio=30 fyrtioåtta=48 sextio=60 nittio=90",
        "hela|på[ ]varandra[ ]följande",
        "(?:kalender|arbets|vardags|bank)?dag(?:ar|ars)?|dygn|vardagar",
        "timm(?:e|ar)|tim\\.?",
        "veck(?:a|or)",
        "till|eller",
    ),
    "pl": _Counting(
        "jeden jednego jedna jedną jednej=1 dwa dwóch dwu dwie=2 trzy trzech=3 cztery czterech=4 pięć pięciu piec=5 "
        "sześć sześciu szesc=6 siedem siedmiu=7 osiem ośmiu osmiu=8 dziewięć dziewięciu=9 dziesięć dziesięciu=10 "
        "dwanaście dwunastu=12 czternaście czternastu=14 piętnaście piętnastu=15 dwadzieścia dwudziestu=20 "
        "trzydzieści trzydziestu=30 czterdziestu-ośmiu=48 sześćdziesiąt sześćdziesięciu=60 dziewięćdziesięciu=90",
        "pełnych|kolejnych|kalendarzowych|roboczych",
        "dni|dnia|dzień|dzien|dniach",
        "godzin[ęya]?|godz\\.?",
        "tygodni[ae]?|tydzień|tydzien",
        "do|lub|albo",
    ),
    "tr": _Counting(
        "bir=1 iki=2 üç uc=3 dört dort=4 beş bes=5 altı alti=6 yedi=7 sekiz=8 dokuz=9 on=10 on-iki=12 on-dört=14 "
        "on-beş=15 yirmi=20 yirmi-bir=21 otuz=30 kırk-sekiz=48 altmış=60 doksan=90",
        "takvim|iş|is|tam|işlem",
        "gün[a-zçğıöşü]{0,6}|gun(?:u|e|lük)?",
        "saat[a-zçğıöşü]{0,6}",
        "hafta[a-zçğıöşü]{0,6}",
        "ila|veya|ile",
    ),
}
_CJK = re2.compile(
    rf"(?P<number>[0-9]{{1,3}}|{CJK_NUMBER})(?:[ ]?(?:-|~|～|至|到|から|ないし)[ ]?(?:[0-9]{{1,3}}|{CJK_NUMBER}))?[ ]?"
    r"(?:(?P<days>[个個]?[ ]?(?:自然|日历|日曆|工作|营业|營業)[日天]|[个個]?[ ]?天|日[之以]?内|日以?內|日間|"
    r"(?:営業|暦|平)日)|"
    r"(?P<hours>[个個]?[ ]?小时|[个個]?[ ]?小時|時間)|(?P<weeks>[个個]?[ ]?(?:星期|周|週|礼拜|禮拜)))"
)


@cache
def _patterns() -> tuple[tuple[re2._Regexp, dict[str, int]], ...]:
    return tuple(map(_pattern, _COUNTINGS.values()))


@cache
def _pattern_set() -> PatternSet:
    return PatternSet([re2.sub(r"\(\?P<[a-z]+>", "(?:", pattern.pattern) for pattern, _ in _patterns()])


def _pattern(counting: _Counting) -> tuple[re2._Regexp, dict[str, int]]:
    numbers: dict[str, int] = {}
    words: list[str] = []
    for word in counting.numbers.split():
        name, _, number = word.partition("=")
        words.append(name)
        if number:
            numbers |= dict.fromkeys(words, int(number))
            words = []
    spelled = "|".join(
        re2.escape(name).replace(r"\-", f"(?:-|{_S})") for name in sorted(numbers, key=len, reverse=True)
    )
    number = f"[0-9]{{1,3}}|{spelled}"
    kinds = f"(?:(?:{counting.kinds})(?:-|{_S}))?" if counting.kinds else ""
    digits = r"(?:[ ]?[(（][0-9]{1,3}[)）])?"
    pattern = re2.compile(
        rf"(?i)(?P<number>{number}){digits}(?:[ ]?(?:-|–|{counting.joins}){_S}?(?:{number}){digits})?(?:-|{_S})?{kinds}"
        rf"(?:(?P<days>{counting.days})|(?P<hours>{counting.hours})|(?P<weeks>{counting.weeks}))"
    )
    return pattern, {name.replace("-", " "): value for name, value in numbers.items()}


def find_day_counts(text: str) -> tuple[FoundDays, ...]:
    """All numbers of days printed in a clean text, in order of appearance, each once.

    Business days count as plain days and hours are rounded down to days, a range gives its first number: always
    the earlier reading. Weeks are seven days.
    """
    found = list(_counted(_CJK, chinese_number, text))
    for place in sorted(_pattern_set().which(text)):
        pattern, numbers = _patterns()[place]
        found += _counted(pattern, partial(_number_of, numbers), text)
    by_start: dict[int, FoundDays] = {}
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        by_start.setdefault(one.start, one)
    return tuple(by_start.values())


def _number_of(numbers: dict[str, int], words: str) -> int:
    if words.isascii() and words.isdigit():
        return int(words)
    return numbers.get(" ".join(words.lower().replace("-", " ").replace(">", " ").split()), 0)


def _counted(pattern: re2._Regexp, number_of: Callable[[str], int], text: str) -> Iterator[FoundDays]:
    for match in islice(pattern.finditer(text), _MOST):
        start, end = match.span()
        words = match.group("number")
        count = number_of(words)
        if not count or _is_counted_otherwise(text, start) or _goes_on(text, end):
            continue
        if match.group("hours"):
            yield FoundDays(start, end, count // 24)
        elif match.group("weeks"):
            yield FoundDays(start, end, count * 7)
        elif count > 1 or words.isdigit():  # "a day" and "ein Tag" are seldom a time frame
            yield FoundDays(start, end, count)


def _goes_on(text: str, end: int) -> bool:
    """True when the unit is the beginning of a longer word."""
    following = text[end : end + 1]
    return following.isalpha() and following < "\u2000" and text[end - 1] < "\u2000"


def _is_counted_otherwise(text: str, start: int) -> bool:
    """True behind a decimal point, a longer number, a word or 月 (a day of the month)."""
    before = text[max(0, start - 2) : start]
    return (
        before[-1:] in ("月", "第")
        or (before[-1:] in (".", ",", "-", "/") and before[:1].isdigit())
        or (before[-1:] < "\u2000" and before[-1:].isalnum())
    )
