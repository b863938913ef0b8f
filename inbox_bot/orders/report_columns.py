"""The header line of Amazon's order reports: which report it is, how its cells are parted, what its columns mean.

Columns may stand in any order and be written in any of the ways Amazon writes them. Cells are read in
`report_values.py` and put together in `report_rows.py`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.text import plain_line

ALL_ORDERS = "all_orders"
FULFILLED_SHIPMENTS = "fulfilled_shipments"
SHIPPING_CONFIRMATION = "shipping_confirmation"

KNOWN_COLUMNS = frozenset(
    {
        *("amazon-order-id", "order-id", "order-item-id", "shipment-item-id", "order-status", "item-status"),
        *("purchase-date", "last-updated-date", "sales-channel", "fulfillment-channel", "ship-service-level"),
        *("product-name", "sku", "asin", "quantity", "currency", "item-price", "item-tax", "shipping-price"),
        *(
            "shipping-tax",
            "gift-wrap-price",
            "gift-wrap-tax",
            "item-promotion-discount",
            "ship-promotion-discount",
        ),
        *("recipient-name", "ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state"),
        *(
            "ship-postal-code",
            "ship-country",
            "ship-date",
            "ship-method",
            "carrier",
            "carrier-code",
            "carrier-name",
        ),
        "tracking-number",
    }
)

_LONGEST_HEADER = 20_000
_DELIMITERS = ("\t", ",", ";", "|")
# Seller Central's page writes the same columns in words, in American and in British English.
_ALIASES = {
    "shipment-date": "ship-date",
    "dispatch-date": "ship-date",
    "merchant-sku": "sku",
    "seller-sku": "sku",
    "title": "product-name",
    "quantity-shipped": "quantity",
    "shipped-quantity": "quantity",
    "dispatched-quantity": "quantity",
    "amazon-order-item-id": "order-item-id",
    "delivery-price": "shipping-price",
    "delivery-tax": "shipping-tax",
    "gift-wrapping-tax": "gift-wrap-tax",
    "item-promo-discount": "item-promotion-discount",
    "shipment-promo-discount": "ship-promotion-discount",
    "fulfilment-channel": "fulfillment-channel",
    "last-update-date": "last-updated-date",
    "delivery-city-town": "ship-city",
    "delivery-county": "ship-state",
    "delivery-postcode": "ship-postal-code",
    "tracking-id": "tracking-number",
    **{
        f"{word}-{there}": f"ship-{here}"
        for word in ("shipping", "delivery")
        for there, here in (
            ("address-1", "address-1"),
            ("address-2", "address-2"),
            ("address-3", "address-3"),
            ("city", "city"),
            ("state", "state"),
            ("postal-code", "postal-code"),
            ("country-code", "country"),
        )
    },
}
_EXPECTED = (
    "expected one of: all orders (amazon-order-id, purchase-date, order-status, ...), Amazon fulfilled shipments "
    "(amazon-order-id, shipment-date, carrier, tracking-number, ...), shipping confirmation (order-id, ship-date, "
    "carrier-code, tracking-number, ...)"
)
_NAMED_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header line: `names` are the known names of the columns, in the file's order.

    `labels` are the columns as written in the file. `quoted` is true when every cell of a tab-separated file stands
    in quotation marks, which Amazon never does and spreadsheets do.
    """

    kind: str
    line: int
    delimiter: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    quoted: bool

    @property
    def order_id_at(self) -> int:
        """The position of the order id."""
        return self.names.index("order-id" if self.kind == SHIPPING_CONFIRMATION else "amazon-order-id")


def find_header(lines: Iterable[tuple[int, str]], file: str) -> Header:
    """The header among the first lines of a file (a template may have two lines above it).

    Raises UserError naming the columns found and what is expected.
    """
    seen = [(number, line) for number, line in lines if line.strip()]
    for number, line in seen:
        if len(line) > _LONGEST_HEADER:
            continue
        for delimiter in _DELIMITERS:
            if header := _read_header(number, line, delimiter):
                return header
    raise UserError(_not_a_report(seen, file))


def split_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line; raises csv.Error for a comma-separated line that cannot be taken apart.

    Amazon's tab-separated reports know no quoting: a quotation mark there is a character like any other.
    """
    if delimiter == "\t":
        return line.split("\t")
    return next(csv.reader([line], delimiter=delimiter), [])


def column_name(label: str) -> str:
    """The known name of a column: lower case, hyphens between the words, one name for all ways to write it."""
    plain = plain_line(label).strip("\"' ").casefold().replace("e-mail", "email")
    name = re.sub(r"[\s_/\-]+", "-", plain).strip("-")
    return _ALIASES.get(name, name)


def _read_header(number: int, line: str, delimiter: str) -> Header | None:
    try:
        labels = split_cells(line, delimiter)
    except csv.Error:
        return None
    names = tuple(column_name(label) for label in labels)
    kind = _kind_of(set(names))
    if kind is None:
        return None
    written = [label.strip("\ufeff ") for label in labels if label.strip()]
    quoted = all(len(label) > 1 and label[0] == label[-1] == '"' for label in written)
    return Header(
        kind, number, delimiter, names, tuple(plain_line(label).strip('"') for label in labels), quoted
    )


def _kind_of(names: set[str]) -> str | None:
    shipping = bool({"ship-date", "tracking-number"} & names)
    if "amazon-order-id" in names:
        if shipping:
            return FULFILLED_SHIPMENTS
        return ALL_ORDERS if "order-status" in names or {"purchase-date", "sku"} <= names else None
    if "order-id" in names and shipping and not {"settlement-id", "transaction-type"} & names:
        return SHIPPING_CONFIRMATION
    return None


def _not_a_report(seen: list[tuple[int, str]], file: str) -> Problem:
    if not seen:
        return Problem("the file is empty", file, 1, remedy="download the report again")
    number, line = seen[0]
    if kind := _foreign_format(line):
        remedy = f"{kind[1]}; {_EXPECTED}"
        return Problem(f"this is {kind[0]}, not a report in plain text", file, number, remedy=remedy)
    delimiter = max(_DELIMITERS, key=line[:10_000].count)
    labels = [plain_line(label)[:40].strip('"') for label in line[:10_000].split(delimiter)]
    found = ", ".join(labels[:_NAMED_SHOWN]) + (", ..." if len(labels) > _NAMED_SHOWN else "")
    known = _other_report({column_name(label) for label in labels})
    what = f"not a report that can be read here{known}; the columns found are: {found or 'none'}"
    return Problem(what, file, number, remedy=_EXPECTED)


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


def _other_report(names: set[str]) -> str:
    if {"settlement-id", "transaction-type"} & names:
        return " (it looks like a settlement report)"
    if {"order-id", "quantity-purchased"} <= names:
        return " (it looks like the report of new or unshipped orders, which holds no tracking)"
    return ""
