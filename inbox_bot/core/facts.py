"""What the record shows about a case, as typed facts for the rules that weigh and decide.

Every yes/no fact means "the record shows it": false says that nothing on record shows it, never that the opposite is
proved. Dates and amounts are None when they are not on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from inbox_bot.core.contradictions import in_words, is_material
from inbox_bot.core.model import NOWHERE, Kind, Notice
from inbox_bot.core.money_moved import Refunds, net_of
from inbox_bot.core.parcels import Parcels
from inbox_bot.core.places import PlaceMatch, same_place
from inbox_bot.core.record import (
    DocumentKind,
    Dossier,
    Message,
    Order,
    OrderItem,
    Party,
    PostingKind,
    Shipment,
    ShipmentStatus,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The vocabulary of `rules/evidence.toml` and `rules/decisions.toml`; docs/rules.md explains each name."""

    kind: str
    reason: str
    language: str
    readable: bool
    time_frame_stated: bool
    form_only: bool
    amount: Decimal | None
    currency: str
    order_known: bool
    item_known: bool
    order_cancelled: bool
    never_shipped: bool
    shipped: bool
    shipped_on: date | None
    carrier_known: bool
    tracking_known: bool
    label_only: bool
    in_transit: bool
    delivered: bool
    delivered_on: date | None
    delivered_city: str
    partly_delivered: bool
    destination_matches: bool
    destination_match: str
    delivered_elsewhere: bool
    address_differs: bool
    signed: bool
    scans: int
    delivered_scan: bool
    claims_protected: bool
    returned_to_sender: bool
    lost: bool
    replacement_offered: bool
    replacement_sent: bool
    replacement_delivered: bool
    refunded: bool
    partly_refunded: bool
    refunded_amount: Decimal | None
    refunded_on: date | None
    debited: bool
    debited_amount: Decimal | None
    debited_on: date | None
    atoz_open: bool
    atoz_granted: bool
    correspondence: bool
    buyer_wrote: bool
    seller_wrote: bool
    buyer_went_silent: bool
    buyer_admits_receipt: bool
    buyer_complained: bool
    cancellation_asked: bool
    cancellation_asked_on: date | None
    shipped_before_cancellation: bool
    seller_admits_fault: bool
    refund_offered: bool
    refund_asked: bool
    return_requested: bool
    return_requested_on: date | None
    return_received: bool
    return_received_on: date | None
    returned_pieces: int
    partly_returned: bool
    charged_twice: bool
    second_order_known: bool
    two_shipments: bool
    photos: int
    invoice_known: bool
    delivery_document: bool
    signature_document: bool
    item_document: bool
    listing_document: bool
    other_documents: int
    contradicted: bool
    contradictions: str


def find_facts(notice: Notice, dossier: Dossier, others: Sequence[Dossier] = ()) -> Facts:
    """The facts of one case; `others` are the dossiers of the further orders that the notice names."""
    parcels = Parcels.of(notice, dossier)
    return Facts(
        **_of_notice(notice),
        **_of_order(notice, dossier, parcels),
        **_of_parcels(dossier, parcels),
        **_of_refunds(Refunds.of(notice, dossier)),
        **_of_postings(dossier),
        **_of_words(notice, dossier, parcels),
        **_of_returns(dossier),
        **_of_documents(dossier),
        **_of_contradictions(dossier),
        **_of_marks(dossier),
        address_differs=_address_differs(notice, dossier),
        charged_twice=_is_charged_twice(dossier),
        second_order_known=any(other.order is not None or other.shipments for other in others),
        two_shipments=_two_shipments(dossier, others),
    )


# Facts that are true when the correspondence carries the phrase mark of rules/correspondence.toml.
_MARKS = {
    "atoz_open": "atoz_open",
    "buyer_admits_receipt": "admits_receipt",
    "buyer_complained": "complains_of_fault",
    "cancellation_asked": "asks_to_cancel",
    "seller_admits_fault": "admits_fault",
    "refund_asked": "asks_for_refund",
    "refund_offered": "offers_refund",
    "replacement_offered": "offers_replacement",
}


def _of_marks(dossier: Dossier) -> dict[str, Any]:
    return {name: mark in dossier.marks for name, mark in _MARKS.items()}


def _of_notice(notice: Notice) -> dict[str, Any]:
    stated = notice.stated_days is not None or notice.stated_on is not None
    return {
        "kind": notice.kind.value,
        "reason": notice.reason.value,
        "language": notice.language or "",
        "readable": notice.order_id is not None,
        "time_frame_stated": notice.kind is Kind.CLAIM or stated,
        "form_only": notice.form_only,
        "amount": notice.amount.amount if notice.amount else None,
        "currency": notice.amount.currency if notice.amount else "",
    }


def _of_order(notice: Notice, dossier: Dossier, parcels: Parcels) -> dict[str, Any]:
    order = dossier.order
    status = order.status if order else ""
    cancelled = "order_cancelled" in dossier.marks or status in _CANCELLED
    nothing_left = not parcels.any_moved and not parcels.label_only
    return {
        "order_known": order is not None or bool(dossier.shipments),
        "item_known": bool(items_of(notice, order)),
        "order_cancelled": cancelled,
        "never_shipped": nothing_left and (cancelled or status in _UNSHIPPED),
    }


def _of_parcels(dossier: Dossier, parcels: Parcels) -> dict[str, Any]:
    delivered = parcels.delivered
    sent_again = any(parcel.replacement for parcel in dossier.shipments)
    return {
        "shipped": parcels.any_moved,
        "shipped_on": parcels.shipped_on,
        "carrier_known": any(shipment.carrier for shipment in dossier.shipments),
        "tracking_known": any(shipment.tracking_id for shipment in dossier.shipments),
        "label_only": parcels.label_only,
        "in_transit": parcels.has(ShipmentStatus.IN_TRANSIT),
        "delivered": delivered is not None,
        "delivered_on": delivered.delivered_on if delivered else None,
        "delivered_city": delivered.delivered_to.city if delivered else "",
        "partly_delivered": parcels.partly_delivered(dossier.order),
        "destination_matches": parcels.match not in (PlaceMatch.NOT_KNOWN, PlaceMatch.DIFFERENT),
        "destination_match": "" if parcels.elsewhere else parcels.match.value,
        "delivered_elsewhere": parcels.elsewhere,
        "signed": parcels.signed,
        "scans": sum(len(parcel.scans) for parcel in parcels.parcels),
        "delivered_scan": any(
            scan.status is ShipmentStatus.DELIVERED for parcel in parcels.parcels for scan in parcel.scans
        ),
        "claims_protected": any(_is_protected(parcel) for parcel in parcels.parcels),
        "returned_to_sender": parcels.has(ShipmentStatus.RETURNED_TO_SENDER) and delivered is None,
        "lost": parcels.has(ShipmentStatus.LOST) and delivered is None,
        "replacement_sent": sent_again or "replacement_sent" in dossier.marks,
        "replacement_delivered": parcels.replacement_delivered,
    }


def _of_refunds(refunds: Refunds) -> dict[str, Any]:
    return {
        "refunded": refunds.full,
        "partly_refunded": refunds.partial,
        "refunded_amount": refunds.amount,
        "refunded_on": refunds.refunded_on,
    }


def _of_postings(dossier: Dossier) -> dict[str, Any]:
    taken = net_of(dossier, PostingKind.CHARGEBACK)
    debited = [money for money in taken if money.amount < 0]
    days = [
        posting.posted_on
        for posting in dossier.postings
        if posting.kind is PostingKind.CHARGEBACK and posting.posted_on and posting.amount.amount < 0
    ]
    granted = any(money.amount < 0 for money in net_of(dossier, PostingKind.ATOZ))
    return {
        "debited": bool(debited),
        "debited_amount": -debited[0].amount if len(debited) == 1 else None,
        "debited_on": max(days, default=None) if debited else None,
        "atoz_granted": granted or "atoz_granted" in dossier.marks,
    }


def _of_words(notice: Notice, dossier: Dossier, parcels: Parcels) -> dict[str, Any]:
    spoken = sorted(
        (message for message in dossier.messages if message.party in (Party.BUYER, Party.SELLER)),
        key=lambda message: message.at,
    )
    asked_on = _first_on(dossier.messages, "asks_to_cancel")
    shipped_on = parcels.shipped_on
    parties = {message.party for message in spoken}
    return {
        "correspondence": bool(spoken),
        "buyer_wrote": Party.BUYER in parties,
        "seller_wrote": Party.SELLER in parties,
        # Somebody who wrote, was answered, and did not come back before the bank did.
        "buyer_went_silent": len(parties) == 2
        and spoken[-1].party is Party.SELLER
        and notice.received_at - spoken[-1].at >= _SILENCE,
        "cancellation_asked_on": asked_on,
        "shipped_before_cancellation": shipped_on is not None
        and asked_on is not None
        and shipped_on < asked_on,  # on the same day either may have been first
    }


_SILENCE = timedelta(days=3)


def _of_returns(dossier: Dossier) -> dict[str, Any]:
    requested = [one.requested_on for one in dossier.returns if one.requested_on]
    arrived = [one for one in dossier.returns if one.received_on]
    pieces = sum(one.quantity for one in arrived)
    ordered = sum(item.quantity for item in dossier.order.items) if dossier.order else 0
    return {
        "return_requested": bool(dossier.returns) or "return_requested" in dossier.marks,
        "return_requested_on": min(requested, default=None),
        "return_received": bool(arrived) or "return_received" in dossier.marks,
        "return_received_on": max((one.received_on for one in arrived if one.received_on), default=None),
        "returned_pieces": pieces,
        "partly_returned": 0 < pieces < ordered,
    }


def _of_documents(dossier: Dossier) -> dict[str, Any]:
    shown = [document.shows for document in dossier.documents]
    return {
        "photos": sum(document.kind is DocumentKind.PHOTO for document in dossier.documents),
        "invoice_known": "invoice" in shown,
        "delivery_document": "delivery" in shown,
        "signature_document": "signature" in shown,
        "item_document": "item" in shown,
        "listing_document": "listing" in shown,
        "other_documents": shown.count("other"),
    }


def _of_contradictions(dossier: Dossier) -> dict[str, Any]:
    material = tuple(one for one in dossier.contradictions if is_material(one))
    return {"contradicted": bool(material), "contradictions": in_words(material)}


def _address_differs(notice: Notice, dossier: Dossier) -> bool:
    ordered = dossier.order.destination if dossier.order else NOWHERE
    return same_place(notice.destination, ordered) is False


def _is_charged_twice(dossier: Dossier) -> bool:
    """Whether somebody other than the buyer says so: the buyer's word alone is the dispute itself."""
    spoken = [message.party for message in dossier.messages if "charged_twice" in message.marks]
    only_buyer = bool(spoken) and set(spoken) == {Party.BUYER}
    return "charged_twice" in dossier.marks and not only_buyer


def _is_protected(parcel: Shipment) -> bool:
    words = f"{parcel.method} {parcel.carrier}".casefold()
    return "buy shipping" in words or "claims protected" in words


def items_of(notice: Notice, order: Order | None) -> tuple[OrderItem, ...]:
    """The items as the seller's records list them, or else as the notice does.

    A shipping confirmation knows the lines of an order and not their titles; those say nothing to a reader.
    """
    if order is not None and (titled := tuple(item for item in order.items if item.title)):
        return titled
    return tuple(OrderItem(title) for title in notice.items)


_CANCELLED = ("cancelled", "canceled")
_UNSHIPPED = ("unshipped",)


def _first_on(messages: Sequence[Message], mark: str) -> date | None:
    return next((message.at.date() for message in messages if mark in message.marks), None)


def _two_shipments(dossier: Dossier, others: Sequence[Dossier]) -> bool:
    own = {shipment.tracking_id for shipment in dossier.shipments if shipment.tracking_id}
    other = {parcel.tracking_id for one in others for parcel in one.shipments if parcel.tracking_id}
    return bool(own) and bool(other) and not own & other
