"""From the lines of a report to its rows: what a line break or a stray delimiter has torn is put together again.

A row whose cells cannot be put under their columns is left out with a word: shifted, it would tell lies. What the
cells mean is none of this module's business.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from inbox_bot.orders.report_cells import Flaws
from inbox_bot.orders.report_columns import SETTLEMENT, Header, column_name, known_columns, split_cells
from inbox_bot.orders.report_values import NOT_EXCEL, looks_like_order_id

Row = tuple[int, list[str]]

_PIECES_AT_MOST = 10
_NUMBER = re.compile(r"-?[0-9]*(?:[.,][0-9]+)*")
_DAY = re.compile("(?:[0-9]{1,4}[-/.年 ].{4,40})?")
_TYPED = {
    **dict.fromkeys(("quantity", "item-price", "item-tax", "shipping-price", "shipping-tax"), _NUMBER),
    **dict.fromkeys(("gift-wrap-price", "gift-wrap-tax", "ship-promotion-discount"), _NUMBER),
    **dict.fromkeys(("amount", "total-amount", "refunded-amount", "order-amount"), _NUMBER),
    **dict.fromkeys(("purchase-date", "last-updated-date", "ship-date"), _DAY),
    **dict.fromkeys(("posted-date", "posted-date-time"), _DAY),
    **dict.fromkeys(("return-date", "return-request-date", "return-delivery-date"), _DAY),
    "currency": re.compile("(?:[A-Za-z]{3})?"),
}
_IDS = frozenset(
    {
        *("order-id", "amazon-order-id", "order-item-id", "settlement-id", "tracking-number"),
        *("sku", "asin", "license-plate-number", "amazon-rma-id"),
    }
)
_MAY_BE_CUT_OFF = frozenset(
    {
        *("ship-method", "sales-channel", "ship-promotion-discount", "item-condition"),
        *("order-item-id", "sku", "customer-comments", "license-plate-number", "status"),
        *("order-amount", "refunded-amount", "return-delivery-date"),
    }
)
_SETTLEMENT_ID = re.compile(r"\W{0,3}[0-9]{4,20}\W{0,2}")
# columns in which a stranger writes what he likes, also tabs and line breaks
_FREE_TEXT = ("product-name", "customer-comments")
_LAST_TEXT = frozenset({"customer-comments", "promotion-id", "promotion-ids"})


def read_rows(lines: Iterable[tuple[int, str]], header: Header, flaws: Flaws) -> Iterator[Row]:
    """The rows below the header, each with its first line, whose cells stand under their columns."""
    filled = ((line, text) for line, text in lines if text.strip('\t ,;|\ufeff"\x1a'))
    if header.delimiter == "\t":
        return _checked(_tab_rows(filled, header), header, flaws)
    return _checked(_quoted_rows(filled, header, flaws), header, flaws)


def _tab_rows(lines: Iterator[tuple[int, str]], header: Header) -> Iterator[Row]:
    """Rows of a tab-separated report; one that a line break inside a text has torn apart is put together again."""
    width = len(header.names)
    torn: list[Row] = []
    held: Row | None = None  # a whole row whose last cell may go on in the next line
    ends_in_text = header.names[-1] in _LAST_TEXT
    for line, text in lines:
        cells = text.split("\t")
        if held is not None:
            if len(cells) == 1 and not _begins(cells, header):
                held = (held[0], [*held[1][:-1], f"{held[1][-1]} {text}"])
                continue
            yield held
            held = None
        begins = len(cells) >= width or _begins(cells, header)
        joined = sum(len(piece) - 1 for _, piece in torn) + len(cells)
        if begins or not torn or joined > width or len(torn) >= _PIECES_AT_MOST:
            yield from torn
            torn = []
            joined = len(cells)
        torn.append((line, cells))
        if joined < width:
            continue
        whole = (torn[0][0], _joined([piece for _, piece in torn], header))
        torn = []
        if ends_in_text:
            held = whole
        else:
            yield whole
    yield from torn
    if held is not None:
        yield held


def _begins(cells: list[str], header: Header) -> bool:
    """Whether a row begins with these cells: most lines of a settlement have no order id, but all have its own."""
    if header.kind == SETTLEMENT:
        return bool(_SETTLEMENT_ID.fullmatch(_at(cells, header.names.index("settlement-id"))))
    return looks_like_order_id(_at(cells, header.order_id_at))


def _joined(pieces: list[list[str]], header: Header) -> list[str]:
    """The pieces as one row; a text goes on behind a blank, a number, a date or an id without one."""
    cells = pieces[0]
    for piece in pieces[1:]:
        name = header.names[len(cells) - 1]
        blank = "" if name in _TYPED or name in _IDS else " "
        cells = [*cells[:-1], f"{cells[-1]}{blank}{piece[0]}", *piece[1:]]
    return cells


def _quoted_rows(lines: Iterator[tuple[int, str]], header: Header, flaws: Flaws) -> Iterator[Row]:
    """Rows of a comma-separated file, where a quoted cell may go on over several lines."""
    open_at, pieces = 0, list[str]()
    for line, text in lines:
        if pieces and (_begins(text.split(header.delimiter), header) or len(pieces) >= _PIECES_AT_MOST):
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


def _split(line: int, text: str, header: Header, flaws: Flaws) -> Iterator[Row]:
    try:
        yield line, split_cells(text, header.delimiter)
    except csv.Error as error:
        flaws.add(line, None, f"the row cannot be taken apart ({error}); it was left out", NOT_EXCEL)


def _checked(rows: Iterator[Row], header: Header, flaws: Flaws) -> Iterator[Row]:
    """The rows whose cells stand under their columns; a repeated header line is passed over."""
    width = len(header.names)
    may_not_miss = known_columns(header.kind) - _MAY_BE_CUT_OFF
    for line, found in rows:
        cells = found if len(found) <= width else _fitted(found, header)
        if cells is None:
            what = f"the row has {len(found)} cells for {width} columns; it was left out"
            flaws.add(
                line, None, what, "look for a tab or comma inside a title, or download the report again"
            )
            continue
        if not _begins(cells, header):
            if column_name(_at(cells, header.order_id_at)) == header.names[header.order_id_at]:
                continue
        elif _is_summary(cells, header):
            pass  # the first row of a settlement ends after the currency
        elif missing := may_not_miss.intersection(header.names[len(cells) :]):
            what = f"the row ends after {len(cells)} of {width} columns; the others were taken as empty"
            flaws.add(line, min(missing), what, "download the report again if it was cut off")
        if any("\ufffd" in cell for cell in cells):
            flaws.add(line, None, "some characters of the row could not be read", "save the report as UTF-8")
        yield line, cells


def _is_summary(cells: list[str], header: Header) -> bool:
    return header.kind == SETTLEMENT and not _at(cells, header.names.index("transaction-type")).strip()


def _fitted(cells: list[str], header: Header) -> list[str] | None:
    """A row with too many cells cut at its empty end, or with a text put together that holds the delimiter.

    None unless the numbers, dates and currency then stand under their columns.
    """
    width, extra = len(header.names), len(cells) - len(header.names)
    if not any(cell.strip() for cell in cells[width:]) and _fits(cells[:width], header):
        return cells[:width]
    for name in _FREE_TEXT:
        if name not in header.names:
            continue
        text_at = header.names.index(name)
        rest_at = text_at + extra + 1
        text = (header.delimiter.strip() + " ").join(cells[text_at:rest_at])
        joined = [*cells[:text_at], text, *cells[rest_at:]]
        if _fits(joined, header, text_at):
            return joined
    return None


def _fits(cells: list[str], header: Header, text_at: int | None = None) -> bool:
    """Whether all typed cells fit, with one behind the joined text, unless that is the last column."""
    if text_at is None:
        text_at = header.names.index("product-name") if "product-name" in header.names else -1
    typed = [
        (position > text_at and bool(cell.strip()), _TYPED[name].fullmatch(cell.strip("\"' ")) is not None)
        for position, (name, cell) in enumerate(zip(header.names, cells, strict=True))
        if name in _TYPED
    ]
    is_last = text_at == len(header.names) - 1
    return all(fits for _, fits in typed) and (is_last or any(behind for behind, _ in typed))


def _at(cells: list[str], position: int) -> str:
    return cells[position] if position < len(cells) else ""
