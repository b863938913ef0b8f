"""Printed dates in running text, in the languages Amazon writes.

Works on text that went through `core.text.plain_text`; every pattern is linear-time (re2). Which date is a
deadline and which a delivery is not decided here. Numbers of days are read in
`core/counted_days.py`, money in `core/money.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import islice

import re2

from inbox_bot.core.cldr import full_month_names, month_numbers
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


def _either(words: Iterable[str]) -> str:
    return "|".join(re2.escape(word) for word in sorted(words, key=len, reverse=True))


_S = r"(?:[ \t]{1,3}|[ \t]{0,3}\n[ \t>]{0,8})"  # a blank or one hard wrap
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[ ]?[AaPp][Mm]\b|[ ]?[AaPp]\.[Mm]\.)?"
_HEAD = rf"(?:(?P<head>{_TIME}),?{_S}(?:on{_S})?)?"
_WEEKDAYS = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?[ ]{1,2})?"
_CLOCK = rf"(?:(?:,?{_S}(?:(?:at|by|um|à|às|as|alle|a las|kl\.?|om|o|o godz\.|godz\.|saat){_S})?|T)(?P<clock>{_TIME}))?"
_CLOCK_CJK = r"(?:[ ]{0,2}(?P<clock>(?:上午|下午|晚上|凌晨|中午)?[ ]?[0-9]{1,2}(?::|：|时|時|点)[0-9]{0,2}))?"
_CJK_DIGITS = "〇零○一二三四五六七八九"
CJK_NUMBER = r"[一二三四五六七八九十廿两]{1,4}"


def find_dates(text: str, *, near: date, past: bool = False) -> tuple[FoundDate, ...]:
    """All dates printed in a clean text, in order of appearance.

    Where day and month could be swapped, and where the year is missing, `near` decides: the earliest reading that
    is not before it (a day of grace for a missing year). With `past` it is the latest reading that is not
    after `near`: for things that have happened, such as a delivery. If no reading is on that side, the closest.
    """
    found = [
        one
        for place in sorted(_form_set().which(text))
        for one in _read_all(*_date_forms()[place], text, near, past)
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
    return behind[:1] in ("-", "/", ".") and behind[1:].isdigit()


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
    return [(int(parts["year"] or 0), _month_number(parts["month"]), int(parts["day"]))]


def _month_number(name: str) -> int:
    return month_numbers().get(name.lower(), 0)


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
_SUFFIX = r"(?:st|nd|rd|th|er|re|º|ª|\.|e|:[ea])?"
_OF = rf"(?:(?:of|de|di|d'|del){_S}?)?"
_THEN = rf"(?:-|,?{_S})(?:(?:de|del|do|di|of){_S})?"
_Reader = Callable[[dict[str, str]], list[tuple[int, int, int]]]


_NUMBERED_FORMS: tuple[tuple[re2._Regexp, _Reader], ...] = (
    (re2.compile(rf"{_YEAR}[-/.](?P<month>[01]?[0-9])[-/.]{_DAY}{_CLOCK}"), _read_numbered),
    (
        re2.compile(rf"(?P<day>[0-3]?[0-9])\.[ ]?(?P<month>[01]?[0-9])\.[ ]?{_YEAR}{_CLOCK}"),
        _read_numbered,
    ),
    (  # 12.10.26
        re2.compile(rf"(?P<day>[0-3]?[0-9])\.(?P<month>[01]?[0-9])\.(?P<year>[2-4][0-9]){_CLOCK}"),
        lambda parts: _read_numbered({**parts, "year": "20" + parts["year"]}),
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
    (  # the year of the Japanese era that began in 2019
        re2.compile(rf"令和(?P<year>[0-9]{{1,2}}|元)年[ ]?(?P<month>[01]?[0-9])月[ ]?{_DAY}日{_CLOCK_CJK}"),
        lambda parts: _read_numbered({**parts, "year": f"{2018 + int(parts['year'].replace('元', '1'))}"}),
    ),
    (
        re2.compile(
            rf"(?:(?P<year>[{_CJK_DIGITS}]{{4}})年)?(?P<month>{CJK_NUMBER})月(?P<day>{CJK_NUMBER})[日号號]{_CLOCK_CJK}"
        ),
        _read_chinese,
    ),
)


@cache
def _date_forms() -> tuple[tuple[re2._Regexp, _Reader], ...]:
    return (*_named_forms(), *_NUMBERED_FORMS)


def _named_forms() -> tuple[tuple[re2._Regexp, _Reader], ...]:
    english, every, full = _either(month_numbers("en")), _either(month_numbers()), _either(full_month_names())
    return (
        (  # October 12, 2026
            re2.compile(
                rf"(?i){_HEAD}{_WEEKDAYS}(?P<month>{english})\.?{_S}{_DAY}(?:st|nd|rd|th)?"
                rf"(?:,?{_S}{_YEAR})?{_CLOCK}"
            ),
            _read_named,
        ),
        (  # 12 October 2026, 12-Oct-2026
            re2.compile(
                rf"(?i){_HEAD}{_WEEKDAYS}{_DAY}{_SUFFIX}(?:-|{_S}){_OF}(?P<month>{english})\.?"
                rf"(?:{_THEN}{_YEAR})?{_CLOCK}"
            ),
            _read_named,
        ),
        (  # 12. Oktober 2026, 12 de octubre de 2026, 12 paź 2026
            re2.compile(
                rf"(?i){_HEAD}{_DAY}{_SUFFIX}(?:-|{_S}){_OF}(?P<month>{every})\.?{_THEN}{_YEAR}{_CLOCK}"
            ),
            _read_named,
        ),
        (  # other languages' short months need a year: English words look like them
            re2.compile(rf"(?i){_DAY}{_SUFFIX}{_S}{_OF}(?P<month>{full}){_CLOCK}"),
            lambda parts: _read_named({**parts, "year": ""}),
        ),
        (  # Ekim 12, 2026
            re2.compile(rf"(?i)(?P<month>{every})\.?{_S}{_DAY}{_SUFFIX},?{_S}{_YEAR}{_CLOCK}"),
            _read_named,
        ),
    )


@cache
def _form_set() -> PatternSet:
    """All forms at once; a name may stand only once in a pattern, and here they are joined."""
    return PatternSet([re2.sub(r"\(\?P<[a-z]+>", "(?:", pattern.pattern) for pattern, _ in _date_forms()])
