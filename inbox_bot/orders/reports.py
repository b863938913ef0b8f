"""Amazon's order reports, as a seller downloads them from Seller Central or uploads them there.

Three are read: all orders (no tracking), Amazon fulfilled shipments (FBA) and the seller's own shipping
confirmation. What their rows say about orders and parcels is put together in `report_orders.py`; settlements and
refunds are not read here, and nothing is stored.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from inbox_bot.core.errors import Problem
from inbox_bot.orders.report_columns import (
    ALL_ORDERS,
    FULFILLED_SHIPMENTS,
    KNOWN_COLUMNS,
    SHIPPING_CONFIRMATION,
    Header,
    column_name,
    find_header,
    split_cells,
)
from inbox_bot.orders.report_orders import assemble_orders, merge_orders
from inbox_bot.orders.report_rows import Flaws, ReportRow, RowReader
from inbox_bot.orders.report_text import find_charset, read_lines
from inbox_bot.orders.report_values import NOT_EXCEL, looks_like_order_id

__all__ = [
    "ALL_ORDERS",
    "FULFILLED_SHIPMENTS",
    "SHIPPING_CONFIRMATION",
    "Report",
    "ReportRow",
    "assemble_orders",
    "merge_orders",
    "read_report",
]

_HEADER_WITHIN_LINES = 20
_PIECES_AT_MOST = 10
_NUMBER = re.compile(r"-?[0-9]*(?:[.,][0-9]+)*")
_DAY = re.compile(r"(?:[0-9].*)?")
_TYPED = {
    **dict.fromkeys(("quantity", "item-price", "item-tax", "shipping-price", "shipping-tax"), _NUMBER),
    **dict.fromkeys(("gift-wrap-price", "gift-wrap-tax", "ship-promotion-discount"), _NUMBER),
    **dict.fromkeys(("purchase-date", "last-updated-date", "ship-date"), _DAY),
    "currency": re.compile("(?:[A-Za-z]{3})?"),
}
_MAY_BE_CUT_OFF = frozenset({"ship-method", "sales-channel", "ship-promotion-discount"})


@dataclass(frozen=True, slots=True)
class Report:
    """A report as read: the rows that could be read, in the file's order, and what is wrong with the others."""

    kind: str
    file: str
    sha256: str
    rows: tuple[ReportRow, ...]
    problems: tuple[Problem, ...]


def read_report(content: bytes, file: str) -> Report:
    """Read one report in any charset and column order; `file` is the name that problems point to.

    Raises UserError when it is none of the three reports. Anything wrong in a row is a `Problem` of the result.
    """
    charset = find_charset(content)
    lines = read_lines(content, charset)
    first = list(islice(lines, _HEADER_WITHIN_LINES))
    header = find_header(first, file)
    flaws = Flaws(file)
    below = chain((line for line in first if line[0] > header.line), lines)
    reader = RowReader(header, file, flaws)
    rows = [
        row
        for line, cells in _checked(_records(below, header, flaws), header, flaws)
        if (row := reader.read(line, cells)) is not None
    ]
    return Report(header.kind, file, hashlib.sha256(content).hexdigest(), tuple(rows), flaws.problems())


def _records(
    lines: Iterator[tuple[int, str]], header: Header, flaws: Flaws
) -> Iterator[tuple[int, list[str]]]:
    filled = ((line, text) for line, text in lines if text.strip('\t ,;|\ufeff"\x1a'))
    if header.delimiter == "\t":
        return _tab_records(filled, header)
    return _quoted_records(filled, header, flaws)


def _tab_records(lines: Iterator[tuple[int, str]], header: Header) -> Iterator[tuple[int, list[str]]]:
    """Rows of a tab-separated report; one that a line break inside a title has torn apart is put together again."""
    width, order_id_at = len(header.names), header.order_id_at
    torn: list[tuple[int, list[str]]] = []
    for line, text in lines:
        cells = text.split("\t")
        begins = len(cells) >= width or (len(cells) > order_id_at and looks_like_order_id(cells[order_id_at]))
        joined = sum(len(piece) - 1 for _, piece in torn) + len(cells)
        if begins or not torn or joined > width or len(torn) >= _PIECES_AT_MOST:
            yield from torn
            torn = []
            joined = len(cells)
        if joined >= width and not torn:
            yield line, cells
            continue
        torn.append((line, cells))
        if joined == width:
            yield torn[0][0], _joined([piece for _, piece in torn])
            torn = []
    yield from torn


def _joined(pieces: list[list[str]]) -> list[str]:
    cells = pieces[0]
    for piece in pieces[1:]:
        cells = [*cells[:-1], f"{cells[-1]} {piece[0]}", *piece[1:]]
    return cells


def _quoted_records(
    lines: Iterator[tuple[int, str]], header: Header, flaws: Flaws
) -> Iterator[tuple[int, list[str]]]:
    """Rows of a comma-separated file, where a quoted cell may go on over several lines."""
    open_at, pieces = 0, list[str]()
    for line, text in lines:
        if pieces and (looks_like_order_id(_cell_at(text, header)) or len(pieces) >= _PIECES_AT_MOST):
            # a quotation mark that is never closed must not swallow the rest of the file
            yield from _split(open_at, "\n".join(pieces), header, flaws)
            pieces = []
        open_at = open_at if pieces else line
        pieces.append(text)
        if sum(piece.count('"') for piece in pieces) % 2 == 0:
            yield from _split(open_at, "\n".join(pieces), header, flaws)
            pieces = []
    if pieces:
        yield from _split(open_at, "\n".join(pieces), header, flaws)


def _cell_at(text: str, header: Header) -> str:
    cells = text.split(header.delimiter, header.order_id_at + 1)
    return cells[header.order_id_at] if len(cells) > header.order_id_at else ""


def _split(line: int, text: str, header: Header, flaws: Flaws) -> Iterator[tuple[int, list[str]]]:
    try:
        yield line, split_cells(text, header.delimiter)
    except csv.Error as error:
        flaws.add(line, None, f"the row cannot be taken apart ({error}); it was left out", NOT_EXCEL)


def _checked(
    records: Iterator[tuple[int, list[str]]], header: Header, flaws: Flaws
) -> Iterator[tuple[int, list[str]]]:
    """The rows whose cells stand under their columns; a repeated header line is passed over."""
    width = len(header.names)
    may_not_miss = KNOWN_COLUMNS - _MAY_BE_CUT_OFF
    for line, found in records:
        cells = found if len(found) <= width else _fitted(found, header)
        if cells is None:
            what = f"the row has {len(found)} cells for {width} columns; it was left out"
            flaws.add(
                line, None, what, "look for a tab or comma inside a title, or download the report again"
            )
            continue
        if not looks_like_order_id(order_id := _at(cells, header.order_id_at)):
            if column_name(order_id) == header.names[header.order_id_at]:
                continue
        elif missing := may_not_miss.intersection(header.names[len(cells) :]):
            what = f"the row ends after {len(cells)} of {width} columns; the others were taken as empty"
            flaws.add(line, min(missing), what, "download the report again if it was cut off")
        if any("\ufffd" in cell for cell in cells):
            flaws.add(line, None, "some characters of the row could not be read", "save the report as UTF-8")
        yield line, cells


def _fitted(cells: list[str], header: Header) -> list[str] | None:
    """A row with too many cells cut at its empty end, or with a title put together that holds the delimiter.

    None unless the numbers, dates and currency then stand under their columns: a shifted row would tell lies.
    """
    width, extra = len(header.names), len(cells) - len(header.names)
    if not any(cell.strip() for cell in cells[width:]) and _fits(cells[:width], header):
        return cells[:width]
    if "product-name" not in header.names:
        return None
    title_at = header.names.index("product-name")
    rest_at = title_at + extra + 1
    title = (header.delimiter.strip() + " ").join(cells[title_at:rest_at])
    joined = [*cells[:title_at], title, *cells[rest_at:]]
    return joined if _fits(joined, header) else None


def _fits(cells: list[str], header: Header) -> bool:
    title_at = header.names.index("product-name") if "product-name" in header.names else -1
    typed = [
        (position > title_at and bool(cell.strip()), _TYPED[name].fullmatch(cell.strip("\"' ")) is not None)
        for position, (name, cell) in enumerate(zip(header.names, cells, strict=True))
        if name in _TYPED
    ]
    return all(fits for _, fits in typed) and any(behind for behind, _ in typed)


def _at(cells: list[str], position: int) -> str:
    return cells[position] if position < len(cells) else ""
