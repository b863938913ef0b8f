"""What the record shows about a case, as typed facts for the decision rules.

Every yes/no fact means "the record shows it": false says that nothing on record shows it, never that the opposite is
proved. Dates and amounts are None when they are not on record.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from inbox_bot.core.model import Kind, Money, Notice
from inbox_bot.core.places import same_place
from inbox_bot.core.record import Dossier, Message, Order, OrderItem, Party, Shipment, ShipmentStatus


@dataclass(frozen=True, slots=True)
class Facts:
    """The vocabulary of `rules/decisions.toml`; docs/rules.md explains each name."""

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
    destination_matches: bool
    delivered_elsewhere: bool
    signed: bool
    returned_to_sender: bool
    lost: bool
    replacement_sent: bool
    replacement_delivered: bool
    refunded: bool
    partly_refunded: bool
    refunded_amount: Decimal | None
    refunded_on: date | None
    atoz_open: bool
    atoz_granted: bool
    correspondence: bool
    buyer_admits_receipt: bool
    buyer_complained: bool
    cancellation_asked: bool
    cancellation_asked_on: date | None
    shipped_before_cancellation: bool
    seller_admits_fault: bool
    refund_offered: bool
    return_requested: bool
    return_received: bool
    charged_twice: bool
    second_order_known: bool
    two_shipments: bool


def find_facts(notice: Notice, dossier: Dossier, others: Sequence[Dossier] = ()) -> Facts:
    """The facts of one case; `others` are the dossiers of the further orders that the notice names."""
    parcels = _Parcels.of(notice, dossier)
    return Facts(
        **_of_notice(notice),
        **_of_order(notice, dossier, parcels),
        **_of_parcels(dossier, parcels),
        **_of_refunds(_Refunds.of(notice, dossier)),
        **_of_words(dossier, parcels),
        **_of_marks(dossier),
        second_order_known=any(other.order is not None or other.shipments for other in others),
        two_shipments=_two_shipments(dossier, others),
    )


# Facts that are true when the correspondence carries the phrase mark of rules/correspondence.toml.
_MARKS = {
    "atoz_open": "atoz_open",
    "atoz_granted": "atoz_granted",
    "buyer_admits_receipt": "admits_receipt",
    "buyer_complained": "complains_of_fault",
    "cancellation_asked": "asks_to_cancel",
    "seller_admits_fault": "admits_fault",
    "refund_offered": "offers_refund",
    "return_requested": "return_requested",
    "return_received": "return_received",
    "charged_twice": "charged_twice",
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


def _of_order(notice: Notice, dossier: Dossier, parcels: _Parcels) -> dict[str, Any]:
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


def _of_parcels(dossier: Dossier, parcels: _Parcels) -> dict[str, Any]:
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
        "destination_matches": parcels.matches,
        "delivered_elsewhere": parcels.elsewhere,
        "signed": parcels.signed,
        "returned_to_sender": parcels.has(ShipmentStatus.RETURNED_TO_SENDER) and delivered is None,
        "lost": parcels.has(ShipmentStatus.LOST) and delivered is None,
        "replacement_sent": sent_again or "replacement_sent" in dossier.marks,
        "replacement_delivered": parcels.replacement_delivered,
    }


def _of_refunds(refunds: _Refunds) -> dict[str, Any]:
    return {
        "refunded": refunds.full,
        "partly_refunded": refunds.partial,
        "refunded_amount": refunds.amount,
        "refunded_on": refunds.refunded_on,
    }


def _of_words(dossier: Dossier, parcels: _Parcels) -> dict[str, Any]:
    asked_on = _first_on(dossier.messages, "asks_to_cancel")
    shipped_on = parcels.shipped_on
    return {
        "correspondence": any(message.party in (Party.BUYER, Party.SELLER) for message in dossier.messages),
        "cancellation_asked_on": asked_on,
        "shipped_before_cancellation": shipped_on is not None
        and asked_on is not None
        and shipped_on <= asked_on,
    }


def items_of(notice: Notice, order: Order | None) -> tuple[OrderItem, ...]:
    """The items as the seller's records list them, or else as the notice does."""
    if order is not None and order.items:
        return order.items
    return tuple(OrderItem(title) for title in notice.items)


_CANCELLED = ("cancelled", "canceled")
_UNSHIPPED = ("unshipped",)


def _first_on(messages: Sequence[Message], mark: str) -> date | None:
    return next((message.at.date() for message in messages if mark in message.marks), None)


def _two_shipments(dossier: Dossier, others: Sequence[Dossier]) -> bool:
    own = {shipment.tracking_id for shipment in dossier.shipments if shipment.tracking_id}
    other = {parcel.tracking_id for one in others for parcel in one.shipments if parcel.tracking_id}
    return bool(own) and bool(other) and not own & other


@dataclass(frozen=True, slots=True)
class _Parcels:
    """What the parcels of an order show together; a replacement counts for itself."""

    parcels: tuple[Shipment, ...]
    delivered: Shipment | None
    matches: bool
    elsewhere: bool
    replacement_delivered: bool

    @classmethod
    def of(cls, notice: Notice, dossier: Dossier) -> _Parcels:
        ordered = dossier.order.destination if dossier.order else notice.destination
        places = [place for place in (ordered, notice.destination) if place.city or place.postal_code]
        first = tuple(parcel for parcel in dossier.shipments if not parcel.replacement)
        arrived = [parcel for parcel in first if parcel.status is ShipmentStatus.DELIVERED]
        verdicts = [same_place(parcel.delivered_to, place) for parcel in arrived for place in places]
        return cls(
            parcels=first,
            delivered=max(arrived, key=_arrival) if arrived else None,
            matches=True in verdicts and False not in verdicts,
            elsewhere=False in verdicts,
            replacement_delivered=any(
                parcel.replacement and parcel.status is ShipmentStatus.DELIVERED
                for parcel in dossier.shipments
            ),
        )

    @property
    def any_moved(self) -> bool:
        return any(
            parcel.status not in _STANDING or parcel.shipped_on
            for parcel in self.parcels
            if not _is_label(parcel)
        )

    @property
    def label_only(self) -> bool:
        return bool(self.parcels) and all(_is_label(parcel) for parcel in self.parcels)

    @property
    def shipped_on(self) -> date | None:
        dates = [parcel.shipped_on for parcel in self.parcels if parcel.shipped_on and not _is_label(parcel)]
        return min(dates, default=None)

    @property
    def signed(self) -> bool:
        return any(parcel.signed_by and parcel.status is ShipmentStatus.DELIVERED for parcel in self.parcels)

    def has(self, status: ShipmentStatus) -> bool:
        return any(parcel.status is status for parcel in self.parcels)


_STANDING = (ShipmentStatus.NOT_KNOWN, ShipmentStatus.LABEL_CREATED)


def _is_label(parcel: Shipment) -> bool:
    return parcel.status is ShipmentStatus.LABEL_CREATED


def _arrival(parcel: Shipment) -> date:
    return parcel.delivered_on or date.min


@dataclass(frozen=True, slots=True)
class _Refunds:
    full: bool
    partial: bool
    amount: Decimal | None
    refunded_on: date | None

    @classmethod
    def of(cls, notice: Notice, dossier: Dossier) -> _Refunds:
        if not dossier.refunds:
            return cls(False, False, None, None)
        charged = notice.amount or (dossier.order.total if dossier.order else None)
        amounts = [refund.amount for refund in dossier.refunds if refund.amount is not None]
        total = _total(amounts, charged)
        full = total is not None and charged is not None and total >= charged.amount
        dates = [refund.refunded_on for refund in dossier.refunds if refund.refunded_on]
        return cls(full, not full, total, max(dates, default=None))


def _total(amounts: Sequence[Money], charged: Money | None) -> Decimal | None:
    """The sum in the disputed currency; None when an amount is in another one or none is on record."""
    currencies = {amount.currency for amount in amounts}
    if len(currencies) != 1 or (charged is not None and currencies != {charged.currency}):
        return None
    return sum((amount.amount for amount in amounts), Decimal(0))


def known_by(facts: Facts) -> dict[str, object]:
    """The facts by name, for the rule engine."""
    return {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
