"""What is on record about an order: the order, its parcels, the correspondence, money moved, and what they prove.

Like `model.py` these are frozen values; where they come from is the business of `orders/`. Every datum names its
`source`; the dossier's `provenance` says of each source what it is, when it was collected, and its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inbox_bot.core.model import NOWHERE, Destination, Money


class Origin(StrEnum):
    """What kind of place data came from; how long it is kept is set for each."""

    REPORT = "report"  # a file downloaded from Seller Central
    MAILBOX = "mailbox"
    CARRIER = "carrier"  # a tracking service was asked
    FOLDER = "folder"  # the seller put a file into the watched folder
    PERSON = "person"  # typed in by a person


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where data came from: `name` is what the data's own `source` says, the digest is that of the original bytes."""

    name: str
    origin: Origin
    collected_at: datetime
    sha256: str = ""


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
    """One line of an order; the amounts are those of the whole line (all pieces), each without the others.

    `discount` is a positive amount that was taken off.
    """

    title: str
    sku: str = ""
    asin: str = ""
    quantity: int = 1
    price: Money | None = None
    tax: Money | None = None
    shipping: Money | None = None
    shipping_tax: Money | None = None
    discount: Money | None = None
    order_item_id: str = ""
    condition: str = ""


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
class Scan:
    """One entry of a carrier's tracking history: day and clock time as printed at the place, in the carrier's words."""

    scanned_on: date | None
    clock: str
    place: str
    text: str
    status: ShipmentStatus = ShipmentStatus.NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel of an order.

    `shipped_on` and `delivered_on` are dates as printed at their place; the clock time, where one is printed,
    stands in `delivered_at_text`. `method` is the speed or service ("Standard", "UPS Ground"). `scans` are oldest
    first.
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
    scans: tuple[Scan, ...] = ()


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


class PostingKind(StrEnum):
    """What a line of a settlement is about."""

    ORDER = "order"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    ATOZ = "atoz"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Posting:
    """What one settlement says was paid to the seller (positive) or taken (negative) for an order, by kind and day."""

    order_id: str
    kind: PostingKind
    amount: Money
    posted_on: date | None
    reference: str  # the settlement's id
    source: str


@dataclass(frozen=True, slots=True)
class Return:
    """One returned line of an order; `received_on` None: asked for, its arrival is not on record."""

    order_id: str
    requested_on: date | None
    received_on: date | None
    sku: str
    quantity: int
    reason: str
    condition: str  # as received ("SELLABLE", "CUSTOMER_DAMAGED"), in the report's words
    comment: str
    source: str


class DocumentKind(StrEnum):
    """What the bytes of a document are."""

    PHOTO = "photo"
    PDF = "pdf"
    TEXT = "text"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that the seller put into the watched folder of an order.

    `shows` is what it is evidence of ("delivery", "signature", "item", "invoice", "listing", "other"), by its name or
    folder. `sha256` is that of the file as it was dropped, `kept_sha256` that of the bytes as they go out (a photo
    turned upright, shrunk and without EXIF). `pages` counts the pages it needs in the book.
    """

    order_id: str
    name: str
    kind: DocumentKind
    shows: str
    media_type: str
    sha256: str
    kept_sha256: str
    pages: int
    source: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sources that do not say the same: `about` is what ("delivered on"), `said` each value with its source."""

    about: str
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything on record about one order, from all sources, each part oldest first."""

    order_id: str
    order: Order | None = None
    shipments: tuple[Shipment, ...] = ()
    messages: tuple[Message, ...] = ()
    refunds: tuple[Refund, ...] = ()
    marks: tuple[str, ...] = ()
    postings: tuple[Posting, ...] = ()
    returns: tuple[Return, ...] = ()
    documents: tuple[Document, ...] = ()
    provenance: tuple[Provenance, ...] = ()

    contradictions: tuple[Contradiction, ...] = ()

    @property
    def speaks_of_order(self) -> bool:
        """Whether anybody but the notice itself has said something about the order."""
        parts = (self.shipments, self.messages, self.refunds, self.postings, self.returns, self.documents)
        return self.order is not None or any(parts)

    def cited(self, source: str) -> tuple[Provenance, ...]:
        """Where a datum came from; its `source` names several, parted by "; ", when records were made one."""
        names = source.split("; ")
        return tuple(one for one in self.provenance if one.name in names)


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """What one source says about one order, as the store keeps it.

    `key` names the source among those of the order ("all_orders", "settlement 1234", "17track 1Z..."): a later record
    under the same key takes its place. The dossier holds one provenance, that of this source.
    """

    key: str
    dossier: Dossier


class Grade(StrEnum):
    """How much an exhibit carries; INVALID never counts (a label that was only created)."""

    STRONG = "strong"
    MODERATE = "moderate"
    SUPPORTING = "supporting"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of proof: what it shows, how strongly, where it came from and when it was collected.

    `kind` and `key` name the exhibit that carries it (see `core/exhibits.py`).
    """

    kind: str
    grade: Grade
    statement: str
    source: str
    collected_at: datetime
    sha256: str = ""
    key: str = ""
