"""Printed dates and numbers of days in running text, in the languages Amazon writes.

Works on text that went through `core.text.plain_text`; every pattern is linear-time (re2). Which date is a
deadline and which a delivery is not decided here. Money and ids are in `core/values.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import re2

from inbox_bot.core.pattern_set import PatternSet

_MOST = 2000  # dates of one form in a mail; more is a flood that is not read on


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A printed date and its span; `ambiguous` when day and month could be swapped, `clock` as printed beside it."""

    start: int
    end: int
    on: date
    ambiguous: bool
    clock: str = ""


@dataclass(frozen=True, slots=True)
class FoundDays:
    """A printed number of days ("within 7 days", "48 hours") and its span."""

    start: int
    end: int
    days: int


_MONTHS_EN = (
    "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|"
    "october oct|november nov|december dec"
)
_MONTHS_OTHER = (
    # German, French, Italian, Spanish, one group a month
    "januar jänner jän janvier janv gennaio gen enero ene|februar février fevrier févr fév febbraio febrero|"
    "märz maerz mär mrz mars marzo|avril avr aprile abril abr|mai maggio mag mayo|juni juin giugno giu junio|"
    "juli juillet juil luglio lug julio|août aout agosto ago|settembre set septembre septiembre setiembre|"
    "oktober okt octobre ottobre ott octubre|novembre noviembre|dezember dez décembre déc dicembre dic diciembre"
)


def _month_table(groups: str) -> dict[str, int]:
    return {name: number for number, names in enumerate(groups.split("|"), 1) for name in names.split()}


_ENGLISH = _month_table(_MONTHS_EN)
_MONTH_NUMBERS = {**_month_table(_MONTHS_OTHER), **_ENGLISH}


def _either(words: Iterator[str] | dict[str, int]) -> str:
    return "|".join(re2.escape(word) for word in sorted(words, key=len, reverse=True))


_S = r"(?:[ \t]{1,3}|[ \t]{0,3}\n[ \t>]{0,8})"  # a blank or one hard wrap
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[ ]?[AaPp][Mm]\b|[ ]?[AaPp]\.[Mm]\.)?"
_HEAD = rf"(?:(?P<head>{_TIME}),?{_S}(?:on{_S})?)?"
_WEEKDAYS = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?[ ]{1,2})?"
_CLOCK = rf"(?:(?:,?{_S}(?:(?:at|by|um|à|alle|a las){_S})?|T)(?P<clock>{_TIME}))?"
_CLOCK_CJK = r"(?:[ ]{0,2}(?P<clock>(?:上午|下午|晚上|凌晨|中午)?[ ]?[0-9]{1,2}(?::|：|时|時|点)[0-9]{0,2}))?"
_CJK_DIGITS = "〇零○一二三四五六七八九"
_CJK_NUMBER = r"[一二三四五六七八九十廿两]{1,4}"


def find_dates(text: str, *, near: date, past: bool = False) -> tuple[FoundDate, ...]:
    """All dates printed in a clean text, in order of appearance.

    Where day and month could be swapped, and where the year is missing, `near` decides: the earliest reading that
    is not before it (a day of grace for a missing year). With `past` it is the latest reading that is not
    after `near`: for things that have happened, such as a delivery. If no reading is on that side, the closest.
    """
    found = [
        one
        for place in sorted(_FORM_SET.which(text))
        for one in _read_all(*_DATE_FORMS[place], text, near, past)
    ]
    return tuple(_without_overlaps(sorted(found, key=lambda one: (one.start, -one.end))))


def _without_overlaps(found: list[FoundDate]) -> Iterator[FoundDate]:
    end = -1
    for one in found:
        if one.start >= end:
            yield one
            end = one.end


def _read_all(
    pattern: re2._Regexp,
    read: Callable[[dict[str, str]], list[tuple[int, int, int]]],
    text: str,
    near: date,
    past: bool,
) -> Iterator[FoundDate]:
    for match in islice(pattern.finditer(text), _MOST):
        start, end = match.span()
        if _is_glued(text, start, end):
            continue
        parts = {name: value or "" for name, value in match.groupdict().items()}
        readings = {on for year, month, day in read(parts) for on in _days(year, month, day, near, past)}
        if not readings:
            continue
        has_year = any(year for year, _, _ in read(parts))
        on = _closest(readings, near, past, timedelta(0) if has_year else timedelta(days=1))
        clock = parts.get("clock") or parts.get("head") or ""
        yield FoundDate(start, end, on, has_year and len(readings) > 1, clock)


def _is_glued(text: str, start: int, end: int) -> bool:
    """True for a piece of a longer number, id or word."""
    before, behind = text[max(0, start - 2) : start], text[end : end + 2]
    if before[-1:].isascii() and before[-1:].isalnum():
        return True
    if before[-1:] in ("-", "/", ".", ",") and before[:-1].isdigit() and text[start].isdigit():
        return True
    if behind[:1].isascii() and behind[:1].isalnum() and text[end - 1].isascii() and behind[:1] not in "TZ":
        return True
    return behind[:1] in ("-", "/") and behind[1:].isdigit()


def _days(year: int, month: int, day: int, near: date, past: bool) -> Iterator[date]:
    for one in [year] if year else range(near.year - 8, near.year + 9):
        try:
            yield date(one, month, day)
        except ValueError:
            continue


def _closest(readings: set[date], near: date, past: bool, grace: timedelta) -> date:
    if past:
        return max((on for on in readings if on <= near + grace), default=min(readings))
    return min((on for on in readings if on >= near - grace), default=max(readings))


def _read_named(parts: dict[str, str]) -> list[tuple[int, int, int]]:
    return [(int(parts["year"] or 0), _MONTH_NUMBERS[parts["month"].lower()], int(parts["day"]))]


def _read_numbered(parts: dict[str, str]) -> list[tuple[int, int, int]]:
    return [(int(parts["year"] or 0), int(parts["month"]), int(parts["day"]))]


def _read_slashed(parts: dict[str, str]) -> list[tuple[int, int, int]]:
    first, second = int(parts["first"]), int(parts["second"])
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    return [(year, second, first), (year, first, second)]


def _read_chinese(parts: dict[str, str]) -> list[tuple[int, int, int]]:
    digits = [min(_CJK_DIGITS.index(char), 99) for char in parts["year"]]
    year = int("".join(str(max(0, digit - 2)) for digit in digits) or 0)
    return [(year, chinese_number(parts["month"]), chinese_number(parts["day"]))]


def chinese_number(words: str) -> int:
    """A Chinese numeral from 1 to 99 (`十二`, `二十`, `两`), or plain digits; 0 when it is none."""
    if words.isdigit() and words.isascii():
        return int(words)
    words = words.replace("两", "二").replace("廿", "二十")
    units = "零一二三四五六七八九"
    tens, ten, rest = words.partition("十")
    if any(char not in units for char in tens + rest) or len(tens) > 1 or len(rest) > 1:
        return 0
    return (10 * (units.index(tens) if tens else 1) if ten else units.index(tens or "零")) + units.index(
        rest or "零"
    )


_DAY = r"(?P<day>[0-3]?[0-9])"
_DATE_FORMS: tuple[tuple[re2._Regexp, Callable[[dict[str, str]], list[tuple[int, int, int]]]], ...] = (
    (  # October 12, 2026
        re2.compile(
            rf"(?i){_HEAD}{_WEEKDAYS}(?P<month>{_either(_ENGLISH)})\.?{_S}{_DAY}(?:st|nd|rd|th)?"
            rf"(?:,?{_S}{_YEAR})?{_CLOCK}"
        ),
        _read_named,
    ),
    (  # 12 October 2026, 12. Oktober 2026, 12 de octubre de 2026, 12-Oct-2026
        re2.compile(
            rf"(?i){_HEAD}{_WEEKDAYS}{_DAY}(?:st|nd|rd|th|er|º|\.)?(?:-|{_S})(?:(?:of|de|di){_S})?"
            rf"(?P<month>{_either(_ENGLISH)})\.?(?:(?:-|,?{_S})(?:(?:de|del){_S})?{_YEAR})?{_CLOCK}"
        ),
        _read_named,
    ),
    (  # the other languages' months need a year when short, or a full name: English words look like them
        re2.compile(
            rf"(?i){_HEAD}{_DAY}(?:er|º|\.)?{_S}(?:(?:de|di){_S})?(?P<month>{_either(_MONTH_NUMBERS)})\.?"
            rf"(?:{_S}(?:(?:de|del){_S})?{_YEAR}){_CLOCK}"
        ),
        _read_named,
    ),
    (
        re2.compile(
            rf"(?i){_DAY}(?:er|º|\.)?{_S}(?:(?:de|di){_S})?"
            rf"(?P<month>{_either(n for n in _MONTH_NUMBERS if len(n) > 4 or n in ('juni', 'juli', 'märz'))}){_CLOCK}"
        ),
        lambda parts: _read_named({**parts, "year": ""}),
    ),
    (re2.compile(rf"{_YEAR}[-/.](?P<month>[01]?[0-9])[-/.]{_DAY}{_CLOCK}"), _read_numbered),
    (
        re2.compile(rf"(?P<day>[0-3]?[0-9])\.[ ]?(?P<month>[01]?[0-9])\.[ ]?{_YEAR}{_CLOCK}"),
        _read_numbered,
    ),
    (
        re2.compile(
            r"(?P<first>[0-3]?[0-9])[/-](?P<second>[0-3]?[0-9])[/-](?P<year>(?:19|20)[0-9]{2}|[2-4][0-9])"
            + _CLOCK
        ),
        _read_slashed,
    ),
    (
        re2.compile(rf"(?:{_YEAR}[ ]?年[ ]?)?(?P<month>[01]?[0-9])[ ]?月[ ]?{_DAY}[ ]?[日号號]{_CLOCK_CJK}"),
        _read_numbered,
    ),
    (
        re2.compile(
            rf"(?:(?P<year>[{_CJK_DIGITS}]{{4}})年)?(?P<month>{_CJK_NUMBER})月(?P<day>{_CJK_NUMBER})[日号號]{_CLOCK_CJK}"
        ),
        _read_chinese,
    ),
)

# A name may stand only once in a pattern, and here they are joined.
_FORM_SET = PatternSet([re2.sub(r"\(\?P<[a-z]+>", "(?:", pattern.pattern) for pattern, _ in _DATE_FORMS])

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
_NUMBER_WORDS = {
    **{word: number for number, word in enumerate(f"{_UNITS} seventeen eighteen nineteen".split())},
    "twenty": 20,
    "twenty-one": 21,
    "thirty": 30,
    "forty-five": 45,
    "forty-eight": 48,
    "sixty": 60,
    "seventy-two": 72,
    "ninety": 90,
    "a": 1,
}
_EN_NUMBER = rf"[0-9]{{1,3}}|{_either({w: n for w, n in _NUMBER_WORDS.items() if w not in ('zero', 'a')})}"
_EN_DAYS = re2.compile(
    rf"(?i)\b(?P<number>{_EN_NUMBER})(?:[ ]?\([0-9]{{1,3}}\))?"
    rf"(?:[ ]?(?:-|to|or|bis|à|a){_S}?(?:{_EN_NUMBER})(?:[ ]?\([0-9]{{1,3}}\))?)?(?:-|{_S})?"
    rf"(?:(?:calendar|business|working|consecutive|full|more)(?:-|{_S}))?"
    r"(?P<unit>days?|hours?|hrs?|weeks?|(?:kalender|werk|arbeits)?tagen?|(?:kalender|werk)?tage|stunden|"
    r"jours?|heures?|giorni|giorno|días?|dias?|horas?|ore)\b"
)
_ZH_DAYS = re2.compile(
    rf"(?P<number>[0-9]{{1,3}}|{_CJK_NUMBER})(?:[ ]?(?:-|~|至|到)[ ]?(?:[0-9]{{1,3}}|{_CJK_NUMBER}))?[ ]?"
    r"(?P<unit>[个個]?[ ]?(?:自然|日历|日曆|工作|营业)[日天]|[个個]?[ ]?天|日[之以]?内|日以?內|営業日|"
    r"[个個]?[ ]?小时|[个個]?[ ]?小時|時間|[个個]?[ ]?(?:星期|周|週))"
)


def find_day_counts(text: str) -> tuple[FoundDays, ...]:
    """All numbers of days printed in a clean text, in order of appearance.

    Business days count as plain days and hours are rounded down to days, a range gives its first number: always
    the earlier reading. Weeks are seven days.
    """
    found = [
        FoundDays(match.start(), match.end(), days)
        for pattern in (_EN_DAYS, _ZH_DAYS)
        for match in islice(pattern.finditer(text), _MOST)
        if (days := _count(match.group("number"), match.group("unit").lower())) is not None
        and not _is_counted_otherwise(text, match.start())
    ]
    return tuple(sorted(found, key=lambda one: one.start))


def _count(number: str, unit: str) -> int | None:
    count = int(number) if number.isascii() and number.isdigit() else 0
    count = count or _NUMBER_WORDS.get(number.lower(), 0) or chinese_number(number)
    if not count:
        return None
    if (
        any(word in unit for word in ("hour", "hr", "stunde", "heure", "hora", "小时", "小時", "時間"))
        or unit == "ore"
    ):
        return count // 24
    return count * 7 if any(word in unit for word in ("week", "星期", "周", "週")) else count


def _is_counted_otherwise(text: str, start: int) -> bool:
    """True behind a decimal point, a longer number or 月 (a day of the month)."""
    before = text[max(0, start - 2) : start]
    return (
        before[-1:] in ("月", "第")
        or (before[-1:] in (".", ",", "-", "/") and before[:1].isdigit())
        or (before[-1:].isascii() and before[-1:].isalnum())
    )
