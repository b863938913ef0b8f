"""Values in running text: order ids here; amounts from `core/money.py` and dates from `core/dates.py` pass through.

Works on text that went through `core.text.plain_text`; every pattern is linear-time (re2). What a value means
for a case is decided by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import re2

from inbox_bot.core.counted_days import FoundDays, find_day_counts
from inbox_bot.core.dates import FoundDate, find_dates
from inbox_bot.core.money import FoundMoney, find_money, parse_amount

__all__ = [
    "FoundDate",
    "FoundDays",
    "FoundMoney",
    "find_amazon_pay_ids",
    "find_dates",
    "find_day_counts",
    "find_money",
    "find_order_ids",
    "parse_amount",
]

# A hard wrap is tolerated right behind a hyphen, with the next line's indentation or quote marks.
_WRAP = r"(?:[ \t]{0,8}\n[ \t>]{0,8})?"
_ORDER_ID = re2.compile(rf"[0-9]{{3}}-{_WRAP}[0-9]{{7}}-{_WRAP}[0-9]{{7}}")
_MOST_IDS = 2_000  # more is a flood, not a mail
_PAY_ID = re2.compile(rf"(?i)[PSB]01-{_WRAP}[0-9]{{7}}-{_WRAP}[0-9]{{7}}(?:-[A-Z][0-9]{{6}})?")


def find_order_ids(text: str) -> tuple[str, ...]:
    """The distinct order ids (3-7-7 digits) of a clean text, in order of appearance."""
    return _distinct(_unglued(_ORDER_ID, text))


def find_amazon_pay_ids(text: str) -> tuple[str, ...]:
    """The distinct Amazon Pay ids (`P01-`, `S01-`, `B01-` and 7-7 digits) of a clean text, in upper case."""
    return _distinct(found.upper()[:19] for found in _unglued(_PAY_ID, text))


def _unglued(pattern: re2._Regexp, text: str) -> Iterable[str]:
    for match in islice(pattern.finditer(text), _MOST_IDS):
        start, end = match.span()
        if not _is_glued(text[max(0, start - 2) : start][::-1]) and not _is_glued(text[end : end + 2]):
            yield "".join(match.group().replace(">", "").split())


def _is_glued(neighbours: str) -> bool:
    """True when the neighbours, nearest first, go on with the id: a letter or digit, or a hyphen before one."""
    if neighbours[:1] == "-":
        neighbours = neighbours[1:]
    return neighbours[:1].isascii() and neighbours[:1].isalnum()


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
