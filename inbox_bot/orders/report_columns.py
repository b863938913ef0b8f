"""The header line of Amazon's reports: which report it is, how its cells are parted, what its columns mean.

Columns may stand in any order and be written in any of the ways Amazon writes them. Cells are read in
`report_cells.py` and `report_values.py`; what is said of a file without such a line stands in `report_refusals.py`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

from inbox_bot.core.text import plain_line

ALL_ORDERS = "all_orders"
FULFILLED_SHIPMENTS = "fulfilled_shipments"
SHIPPING_CONFIRMATION = "shipping_confirmation"

SETTLEMENT = "settlement"
FBA_RETURNS = "fba_returns"
RETURNS = "returns"

_ORDER_COLUMNS = frozenset(
    {
        *("amazon-order-id", "order-id", "order-item-id", "shipment-item-id", "order-status", "item-status"),
        *("purchase-date", "last-updated-date", "sales-channel", "fulfillment-channel", "ship-service-level"),
        *("product-name", "sku", "asin", "quantity", "currency", "item-price", "item-tax", "shipping-price"),
        *("shipping-tax", "gift-wrap-price", "gift-wrap-tax"),
        *("item-promotion-discount", "ship-promotion-discount", "item-condition"),
        *("recipient-name", "ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state"),
        *("ship-postal-code", "ship-country", "ship-date", "ship-method"),
        *("carrier", "carrier-code", "carrier-name", "tracking-number"),
    }
)
_COLUMNS = {
    SETTLEMENT: frozenset(
        {
            *("settlement-id", "settlement-start-date", "settlement-end-date"),
            *("total-amount", "currency", "transaction-type", "order-id"),
            *("amount-type", "amount-description", "amount", "posted-date", "posted-date-time"),
        }
    ),
    FBA_RETURNS: frozenset(
        {
            *("return-date", "order-id", "sku", "quantity", "detailed-disposition", "reason"),
            *("license-plate-number", "customer-comments"),
        }
    ),
    RETURNS: frozenset(
        {
            *("order-id", "order-item-id", "return-request-date", "return-delivery-date", "amazon-rma-id"),
            *("a-to-z-claim", "currency", "sku", "quantity", "reason", "refunded-amount", "order-amount"),
        }
    ),
}
_NEEDED = {
    SETTLEMENT: (
        "settlement-id",
        "transaction-type",
        "order-id",
        "amount-type",
        "amount-description",
        "amount",
    ),
    FBA_RETURNS: ("order-id", "return-date"),
    RETURNS: ("order-id", "return-request-date"),
}

_LONGEST_HEADER = 20_000
DELIMITERS = ("\t", ",", ";", "|")
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
    "item-name": "product-name",
    "currency-code": "currency",
    "condition": "item-condition",
    "return-quantity": "quantity",
    "return-reason": "reason",
    "refund-amount": "refunded-amount",
    "rma-id": "amazon-rma-id",
    "a-to-z-guarantee-claim": "a-to-z-claim",
    "disposition": "detailed-disposition",
    "licence-plate-number": "license-plate-number",
    "customer-comment": "customer-comments",
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
        return self.names.index(
            "amazon-order-id" if self.kind in (ALL_ORDERS, FULFILLED_SHIPMENTS) else "order-id"
        )


def known_columns(kind: str) -> frozenset[str]:
    """The columns that are read in a report of the kind; those of the three order reports are the same."""
    return _COLUMNS.get(kind, _ORDER_COLUMNS)


def find_header(lines: Iterable[tuple[int, str]]) -> Header | None:
    """The header among the first lines of a file (a template may have two lines above it), None for no report."""
    seen = [(number, line) for number, line in lines if line.strip()]
    for number, line in seen:
        if len(line) > _LONGEST_HEADER:
            continue
        for delimiter in DELIMITERS:
            if header := _read_header(number, line, delimiter):
                return header
    return None


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
    for kind, needed in _NEEDED.items():
        if names.issuperset(needed):
            return kind
    if names & {"settlement-id", "transaction-type", "return-date", "return-request-date"}:
        return None
    shipping = bool({"ship-date", "tracking-number"} & names)
    if "amazon-order-id" in names:
        if shipping:
            return FULFILLED_SHIPMENTS
        return ALL_ORDERS if "order-status" in names or {"purchase-date", "sku"} <= names else None
    return SHIPPING_CONFIRMATION if "order-id" in names and shipping else None
