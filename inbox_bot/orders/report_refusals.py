"""What to say of a file that is none of the reports: what it looks like, and which file to download instead."""

from __future__ import annotations

from collections.abc import Sequence

from inbox_bot.core.errors import Problem
from inbox_bot.core.text import plain_line
from inbox_bot.orders.report_columns import DELIMITERS, column_name

_SETTLEMENT_V2 = (
    "download the settlement as Flat File V2 (Seller Central: Reports, Payments, All Statements, "
    'the button "Download Flat File V2"), with the columns amount-type, amount-description and amount'
)
_EXPECTED = (
    "expected one of: all orders (amazon-order-id, purchase-date, order-status, ...), Amazon fulfilled shipments "
    "(amazon-order-id, shipment-date, carrier, tracking-number, ...), shipping confirmation (order-id, ship-date, "
    "carrier-code, tracking-number, ...), settlement Flat File V2 (settlement-id, transaction-type, amount-type, "
    "amount, ...), FBA customer returns (return-date, order-id, detailed-disposition, ...), returns (Order ID, "
    "Return request date, Amazon RMA ID, ...)"
)
_NAMED_SHOWN = 12
_LONGEST_READ = 10_000
_V1_COLUMNS = frozenset({"price-type", "item-related-fee-type", "shipment-fee-type", "order-fee-type"})


def not_a_report(lines: Sequence[tuple[int, str]], file: str) -> Problem:
    """The problem of a file whose first lines hold no header of a report, with the right file to download."""
    seen = [(number, line[:_LONGEST_READ]) for number, line in lines if line.strip()]
    if not seen:
        return Problem("the file is empty", file, 1, remedy="download the report again")
    number, line = seen[0]
    if any("<settlementreport" in text.lower() for _, text in seen):
        return Problem("this is a settlement report in XML", file, number, remedy=_SETTLEMENT_V2)
    if kind := _foreign_format(line):
        remedy = f"{kind[1]}; {_EXPECTED}"
        return Problem(f"this is {kind[0]}, not a report in plain text", file, number, remedy=remedy)
    for at, text in seen:
        if known := _other_report({column_name(label) for label in _labels(text)}):
            return Problem(known[0], file, at, remedy=known[1])
    labels = [plain_line(label)[:40].strip('"') for label in _labels(line)]
    found = ", ".join(labels[:_NAMED_SHOWN]) + (", ..." if len(labels) > _NAMED_SHOWN else "")
    what = f"not a report that can be read here; the columns found are: {found or 'none'}"
    return Problem(what, file, number, remedy=_EXPECTED)


def _labels(line: str) -> list[str]:
    return line.split(max(DELIMITERS, key=line.count))


def _foreign_format(line: str) -> tuple[str, str] | None:
    start = line.lstrip("\ufeff ")[:200].lower()
    if start.startswith("pk\x03\x04"):
        return "an Excel workbook or a zip archive", "unpack it, or save the sheet as text (tab delimited)"
    if start.startswith("%pdf"):
        return "a PDF", "download the report as text"
    if start.startswith("<?xml") or "<amazonenvelope" in start:
        return "an XML report", "download the tab-delimited (flat file) version"
    if start.startswith(("<!doctype", "<html")):
        return "a web page", "download the report instead of saving the page"
    return None


def _other_report(names: set[str]) -> tuple[str, str] | None:
    """What a header of another report of Amazon's is, and what helps."""
    if names & _V1_COLUMNS:
        return "this is a settlement report in the older layout (V1)", _SETTLEMENT_V2
    if {"date-time", "settlement-id"} <= names or {"settlement-id", "type", "total"} <= names:
        return "this is a date range (transaction) report, not a settlement", _SETTLEMENT_V2
    if {"settlement-id", "transaction-type"} & names:
        needed = {
            "settlement-id",
            "transaction-type",
            "order-id",
            "amount-type",
            "amount-description",
            "amount",
        }
        missing = ", ".join(sorted(needed - names))
        return f"a settlement report without the columns {missing}", _SETTLEMENT_V2
    if "reimbursement-id" in names:
        what = "this is the report of reimbursements: they are paid to the seller, no refund to a buyer"
        return what, f"nothing to import here; refunds stand in the settlement: {_SETTLEMENT_V2}"
    if {"return-date", "return-request-date", "detailed-disposition", "amazon-rma-id"} & names:
        return "a returns report without the column order-id or the day of the return", _EXPECTED
    if {"order-id", "quantity-purchased"} <= names:
        return "it looks like the report of new or unshipped orders, which holds no tracking", _EXPECTED
    return None
