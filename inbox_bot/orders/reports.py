"""Amazon's reports, as a seller downloads them from Seller Central or uploads them there.

Read are all orders (no tracking), Amazon fulfilled shipments (FBA), the seller's own shipping confirmation, settlements
(Flat File V2), FBA customer returns and the returns of the seller's own shipping. What their rows say is put together
in `report_orders.py`, `report_settlement.py` and `report_returns.py`; nothing is stored.
"""

from __future__ import annotations

import hashlib
from itertools import chain, islice

from inbox_bot.core.errors import UserError
from inbox_bot.orders.report_cells import Flaws
from inbox_bot.orders.report_columns import (
    ALL_ORDERS,
    FBA_RETURNS,
    FULFILLED_SHIPMENTS,
    RETURNS,
    SETTLEMENT,
    SHIPPING_CONFIRMATION,
    find_header,
)
from inbox_bot.orders.report_lines import read_rows
from inbox_bot.orders.report_orders import assemble_orders, merge_orders
from inbox_bot.orders.report_records import Report, merge_records, records_of, source_name
from inbox_bot.orders.report_refusals import not_a_report
from inbox_bot.orders.report_returns import ReturnReader
from inbox_bot.orders.report_rows import ReportRow, RowReader
from inbox_bot.orders.report_settlement import SettlementReader
from inbox_bot.orders.report_text import find_charset, read_lines

__all__ = [
    "ALL_ORDERS",
    "FBA_RETURNS",
    "FULFILLED_SHIPMENTS",
    "RETURNS",
    "SETTLEMENT",
    "SHIPPING_CONFIRMATION",
    "Report",
    "ReportRow",
    "assemble_orders",
    "merge_orders",
    "merge_records",
    "read_report",
    "records_of",
]

_HEADER_WITHIN_LINES = 20


def read_report(content: bytes, file: str) -> Report:
    """Read one report in any charset and column order; `file` is the name that problems point to.

    Raises UserError when it is none of the reports. Anything wrong in a row is a `Problem` of the result.
    """
    lines = read_lines(content, find_charset(content))
    first = list(islice(lines, _HEADER_WITHIN_LINES))
    header = find_header(first)
    if header is None:
        raise UserError(not_a_report(first, file))
    flaws = Flaws(file)
    rows = read_rows(chain((line for line in first if line[0] > header.line), lines), header, flaws)
    sha256 = hashlib.sha256(content).hexdigest()
    if header.kind == SETTLEMENT:
        settlement = SettlementReader(header, flaws)
        for line, cells in rows:
            settlement.read(line, cells)
        settled = settlement.lines()
        return Report(
            header.kind, file, sha256, (), flaws.problems(), settlement=settled, periods=settlement.periods()
        )
    if header.kind in (FBA_RETURNS, RETURNS):
        returns = ReturnReader(header, flaws)
        returned = [back for line, cells in rows if (back := returns.read(line, cells))]
        return Report(header.kind, file, sha256, (), flaws.problems(), returned=tuple(returned))
    reader = RowReader(header, source_name(file), flaws)
    ordered = [one for line, cells in rows if (one := reader.read(line, cells))]
    return Report(header.kind, file, sha256, tuple(ordered), flaws.problems())
