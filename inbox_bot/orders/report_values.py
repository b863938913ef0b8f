"""The cells of Amazon's order reports: order ids, instants, dates, amounts, quantities, tracking numbers.

Every parser takes a clean cell and returns a value, or raises `CellError` with what is wrong and the remedy.
An empty cell is the caller's business.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from inbox_bot.core.model import aware
from inbox_bot.core.text import plain_line
from inbox_bot.core.values import parse_amount as parse_written_amount

_ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_OTHER_ORDER_ID = re.compile(r"(?i)[A-Z][0-9]{2}-[0-9]{7}-[0-9]{7}")
_PLAIN_AMOUNT = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,2}0{0,4})?")
_MANGLED_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+?[0-9]{1,3}")
_SETTLEMENT_ID = re.compile(r"[0-9]{4,20}")
_QUANTITY = re.compile(r"([0-9]{1,7})(?:[.,]0+)?")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?"
    r" ?(?P<zone>[Zz]|[A-Z]{3}|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_ZONES = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00", "PST": "-08:00", "PDT": "-07:00", "JST": "+09:00"}
_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2|年([0-9]{1,2})月)([0-9]{1,2})日?(?:[T ].{0,30})?"
)
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})(?: .{0,30})?")
_NAMED_MONTH = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3,9})\.?[- ]([0-9]{4}|[0-9]{2})(?:[T ].{0,30})?")
_MONTHS = {
    name: str(number)
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july"),
            *("aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        1,
    )
    for name in names.split()
}
_FIRST_YEAR, _LAST_YEAR = 1995, 2100

NOT_EXCEL = "download the file again and import it without opening it in a spreadsheet"
_ISO_DAY = "write the date as year-month-day, such as 2026-03-31"


class CellError(ValueError):
    """A cell that cannot be read: what is wrong with it and what helps."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def shown(cell: str) -> str:
    """The cell as a message may show it: one short line in quotation marks."""
    text = plain_line(cell)
    return f'"{text[:40]}..."' if len(text) > 40 else f'"{text}"'


def looks_like_order_id(cell: str) -> bool:
    """True when the raw cell holds an order id of any kind, however it is wrapped."""
    text = cell[:40].strip("\"'= \t\ufeff")
    return bool(_ORDER_ID.fullmatch(text) or _OTHER_ORDER_ID.fullmatch(text))


def parse_order_id(cell: str) -> str:
    """An Amazon order id: 3, 7 and 7 digits."""
    if _ORDER_ID.fullmatch(cell):
        return cell
    if _OTHER_ORDER_ID.fullmatch(cell):
        what = f"{shown(cell)} is an order of another channel, not one of Amazon's marketplaces; left out"
        raise CellError(what, "nothing to do: such orders have no chargeback at Amazon")
    if not cell:
        raise CellError("the order id is missing; the row was left out", NOT_EXCEL)
    what = f"{shown(cell)} is not an order id (such as 113-0196033-6384224); the row was left out"
    raise CellError(what, NOT_EXCEL)


@lru_cache(maxsize=8192)
def parse_instant(cell: str) -> datetime:
    """An ISO 8601 instant, in UTC; a date without an offset is refused."""
    found = _INSTANT.fullmatch(cell)
    if found is None:
        raise CellError(f"{shown(cell)} is not a date with time and zone", NOT_EXCEL)
    zone = (found["zone"] or "").upper()
    zone = _ZONES.get(zone, zone)
    if zone[:1] not in ("+", "-"):
        raise CellError(f"{shown(cell)} has no known time zone", NOT_EXCEL)
    try:
        return _in_years(aware(datetime.fromisoformat(f"{found['day']}T{found['clock']}{zone}")))
    except (ValueError, OverflowError):
        raise CellError(f"{shown(cell)} is not a possible date", NOT_EXCEL) from None


def _in_years(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(moment)
    return moment


@lru_cache(maxsize=8192)
def parse_day(cell: str) -> date:
    """The day a cell names, as printed at its place: an offset does not move it.

    Takes ISO 8601 with or without time, English month names, and forms of which only one reading is a possible date.
    """
    readings: set[date] = set()
    if found := _YEAR_FIRST.fullmatch(cell):
        readings = _days((found[1], found[3] or found[4], found[5]))
    elif found := _YEAR_LAST.fullmatch(cell):
        first, sign, second, year = found.groups()
        # dots: the day comes first wherever dates are written so; otherwise either may be the month
        readings = _days((year, second, first), *(() if sign == "." else ((year, first, second),)))
    elif (found := _NAMED_MONTH.fullmatch(cell)) and (month := _MONTHS.get(found[2].lower())):
        # a spreadsheet leaves two digits of the year
        readings = _days((found[3] if len(found[3]) == 4 else f"20{found[3]}", month, found[1]))
    if len(readings) == 1:
        return readings.pop()
    if readings:
        raise CellError(f"{shown(cell)} could be two dates: day and month cannot be told apart", _ISO_DAY)
    raise CellError(f"{shown(cell)} is not a date", _ISO_DAY)


def _days(*parts: tuple[str, str, str]) -> set[date]:
    days = set()
    for year, month, day in parts:
        try:
            days.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return {day for day in days if _FIRST_YEAR <= day.year <= _LAST_YEAR}


@lru_cache(maxsize=8192)
def parse_amount(cell: str, currency: str) -> Decimal:
    """An amount of money with its sign."""
    if _PLAIN_AMOUNT.fullmatch(cell):
        return Decimal(cell)
    cell = plain_line(cell)
    amount = (
        None if len(cell) > 40 or _MANGLED_NUMBER.fullmatch(cell) else parse_written_amount(cell, currency)
    )
    if amount is None:
        raise CellError(f"{shown(cell)} is not an amount", NOT_EXCEL)
    return amount


@lru_cache(maxsize=256)
def parse_currency(cell: str) -> str:
    """An ISO 4217 code in upper case."""
    if len(cell) == 3 and cell.isascii() and cell.isalpha():
        return cell.upper()
    raise CellError(
        f"{shown(cell)} is not a currency (such as USD); the row's amounts were left out", NOT_EXCEL
    )


@lru_cache(maxsize=1024)
def parse_quantity(cell: str) -> int:
    """A number of pieces, zero or more."""
    if found := _QUANTITY.fullmatch(cell):
        return int(found[1])
    raise CellError(f"{shown(cell)} is not a number of pieces", NOT_EXCEL)


def parse_item_id(cell: str) -> str:
    """The number of an order's line as Amazon gave it; refused when a spreadsheet has rounded it."""
    if _MANGLED_NUMBER.fullmatch(cell):
        raise CellError(f"{shown(cell)} is an order item id that a spreadsheet has rounded", NOT_EXCEL)
    return cell


def parse_settlement_id(cell: str) -> str:
    """The number of a settlement."""
    if _SETTLEMENT_ID.fullmatch(cell):
        return cell
    what = f"{shown(cell)} is not a settlement id (such as 24019987611); the row was left out"
    raise CellError(what, NOT_EXCEL)


def parse_tracking_id(cell: str) -> str:
    """A carrier's tracking number as written; refused when a spreadsheet has rounded it or it holds no digit."""
    if _MANGLED_NUMBER.fullmatch(cell):
        raise CellError(f"{shown(cell)} is a tracking number that a spreadsheet has rounded", NOT_EXCEL)
    if not any(char.isdigit() for char in cell):
        raise CellError(f"{shown(cell)} is not a tracking number", "leave the cell empty when there is none")
    return cell
