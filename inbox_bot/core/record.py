"""What is on record about an order: the order, its parcels, the correspondence, refunds, and what they prove.

Like `model.py` these are frozen values; where they come from is the business of `orders/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inbox_bot.core.model import NOWHERE, Destination, Money


class ShipmentStatus(StrEnum):
    """The last thing known of a parcel."""

    NOT_KNOWN = "not_known"
    LABEL_CREATED = "label_created"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    RETURNED_TO_SENDER = "returned_to_sender"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line of an order."""

    title: str
    sku: str = ""
    asin: str = ""
    quantity: int = 1
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What the seller's own records say about an order; empty means: not on record.

    `status` is the report's word in lower case ("shipped", "unshipped", "pending", "cancelled").
    `source` names the report file or mail the data came from.
    """

    order_id: str
    purchased_at: datetime | None = None
    status: str = ""
    sales_channel: str = ""
    fulfillment_channel: str = ""
    ship_service_level: str = ""
    items: tuple[OrderItem, ...] = ()
    destination: Destination = NOWHERE
    total: Money | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel of an order.

    `shipped_on` and `delivered_on` are dates as printed at their place; the clock time, where one is printed,
    stands in `delivered_at_text`. `method` is the speed or service ("Standard", "UPS Ground").
    """

    order_id: str
    carrier: str = ""
    tracking_id: str = ""
    method: str = ""
    shipped_on: date | None = None
    status: ShipmentStatus = ShipmentStatus.NOT_KNOWN
    delivered_on: date | None = None
    delivered_at_text: str = ""
    delivered_to: Destination = NOWHERE
    signed_by: str = ""
    replacement: bool = False
    source: str = ""


class Party(StrEnum):
    """Who wrote a message."""

    BUYER = "buyer"
    SELLER = "seller"
    AMAZON = "amazon"
    CARRIER = "carrier"


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of correspondence about an order.

    `text` is what was newly written, quotes and footers stripped. `marks` are the phrase marks of
    `rules/correspondence.toml` that hold for it ("admits_receipt", "asks_to_cancel", ...).
    """

    order_id: str
    at: datetime
    party: Party
    author: str
    subject: str
    text: str
    marks: tuple[str, ...]
    mail_sha256: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund that is on record; `amount` None means: a refund whose amount the record does not name."""

    order_id: str
    refunded_on: date | None
    amount: Money | None
    reference: str
    source: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything on record about one order, from all sources, each part oldest first."""

    order_id: str
    order: Order | None = None
    shipments: tuple[Shipment, ...] = ()
    messages: tuple[Message, ...] = ()
    refunds: tuple[Refund, ...] = ()
    marks: tuple[str, ...] = ()


class Grade(StrEnum):
    """How much an exhibit carries; INVALID never counts (a label that was only created)."""

    STRONG = "strong"
    MODERATE = "moderate"
    SUPPORTING = "supporting"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exhibit: what it shows, how strongly, where it came from and when it was collected."""

    kind: str
    grade: Grade
    statement: str
    source: str
    collected_at: datetime
    sha256: str = ""
