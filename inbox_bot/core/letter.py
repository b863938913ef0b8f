"""What a reply may speak of: the record of a case laid out for the templates, nothing computed in them.

Every text is cleaned and on one line where the letter needs one; what is not on record is an empty string, and the
templates say so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox_bot.core.facts import Facts, items_of
from inbox_bot.core.model import Ask, Decision, Destination, Money, Notice, Policy
from inbox_bot.core.record import Dossier, Message, Party, Shipment, ShipmentStatus
from inbox_bot.core.text import clean_text, one_line

QUOTE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class LetterItem:
    """One line of the order as the letter shows it."""

    title: str
    sku: str
    asin: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True)
class LetterParcel:
    """One parcel as the letter shows it; dates are ISO, `status` is the model's word."""

    carrier: str
    tracking_id: str
    method: str
    shipped_on: str
    status: str
    delivered_on: str
    delivered_clock: str
    delivered_to: str
    signed_by: str
    replacement: bool


@dataclass(frozen=True, slots=True)
class LetterRefund:
    """One refund on record."""

    amount: str
    refunded_on: str
    reference: str


@dataclass(frozen=True, slots=True)
class LetterMessage:
    """One message of the correspondence: `who` is buyer, seller, amazon or carrier; `at` is UTC."""

    at: str
    who: str
    subject: str
    text: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterAttachment:
    """One line of the numbered list of what is attached."""

    number: int
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything a template can say."""

    order_id: str
    order_ids: tuple[str, ...]
    amount: str
    reason: str
    asks: tuple[str, ...]
    purchased_on: str
    destination: str
    items: tuple[LetterItem, ...]
    parcel: LetterParcel | None
    parcels: tuple[LetterParcel, ...]
    other_parcels: tuple[LetterParcel, ...]
    refunds: tuple[LetterRefund, ...]
    messages: tuple[LetterMessage, ...]
    quotes: tuple[LetterMessage, ...]
    facts: Facts
    decision: Decision
    seller: str
    signature: str


def lay_out(
    notice: Notice,
    dossier: Dossier,
    others: Sequence[Dossier],
    facts: Facts,
    decision: Decision,
    policy: Policy,
) -> Letter:
    """The letter's matter for one case; `others` are the further orders that the notice names."""
    order = dossier.order
    parcels = tuple(_parcel(parcel) for parcel in dossier.shipments)
    messages = tuple(_message(message) for message in dossier.messages if _is_correspondence(message))
    total = notice.amount or (order.total if order else None)
    return Letter(
        order_id=notice.order_id or "",
        order_ids=notice.order_ids,
        amount=_money(total),
        reason=notice.reason.value,
        asks=tuple(ask.value for ask in _asked(notice)),
        purchased_on=order.purchased_at.date().isoformat() if order and order.purchased_at else "",
        destination=place_in_words(order.destination) if order else "",
        items=tuple(
            LetterItem(one_line(item.title), item.sku, item.asin, item.quantity, _money(item.price))
            for item in items_of(notice, order)
            if item.quantity > 0  # a line that was cancelled inside the order
        ),
        parcel=_main_parcel(dossier.shipments, parcels),
        parcels=parcels,
        other_parcels=tuple(_parcel(parcel) for other in others for parcel in other.shipments),
        refunds=tuple(
            LetterRefund(
                _money(refund.amount),
                refund.refunded_on.isoformat() if refund.refunded_on else "",
                one_line(refund.reference),
            )
            for refund in dossier.refunds
        ),
        messages=messages,
        quotes=tuple(message for message in messages if message.marks),
        facts=facts,
        decision=decision,
        seller=one_line(policy.display_name) or policy.address,
        signature=clean_text(policy.signature) or one_line(policy.display_name) or policy.address,
    )


def place_in_words(place: Destination) -> str:
    """The place on one line, as much of it as is known; empty when nothing is."""
    town = " ".join(part for part in (place.city, place.state, place.postal_code) if part)
    known = (*place.lines, *((town,) if not place.lines else ()), place.country if not place.lines else "")
    return one_line(", ".join(part for part in known if part))


def town_in_words(place: Destination) -> str:
    """City, state and postal code, as much as is known."""
    return one_line(" ".join(part for part in (place.city, place.state, place.postal_code) if part))


def _asked(notice: Notice) -> tuple[Ask, ...]:
    return tuple(dict.fromkeys(notice.asks))


def _is_correspondence(message: Message) -> bool:
    return message.party in (Party.BUYER, Party.SELLER)


def _message(message: Message) -> LetterMessage:
    return LetterMessage(
        at=message.at.strftime("%Y-%m-%d %H:%M UTC"),
        who=message.party.value,
        subject=one_line(message.subject),
        text=clean_text(message.text).strip(),
        marks=message.marks,
    )


def _parcel(parcel: Shipment) -> LetterParcel:
    return LetterParcel(
        carrier=one_line(parcel.carrier),
        tracking_id=one_line(parcel.tracking_id),
        method=one_line(parcel.method),
        shipped_on=parcel.shipped_on.isoformat() if parcel.shipped_on else "",
        status=parcel.status.value,
        delivered_on=parcel.delivered_on.isoformat() if parcel.delivered_on else "",
        delivered_clock=one_line(parcel.delivered_at_text),
        delivered_to=town_in_words(parcel.delivered_to),
        signed_by=one_line(parcel.signed_by),
        replacement=parcel.replacement,
    )


def _main_parcel(shipments: Sequence[Shipment], parcels: Sequence[LetterParcel]) -> LetterParcel | None:
    """The parcel for the form's five lines: the first one, a delivered one before others."""
    pairs = list(zip(shipments, parcels, strict=True))
    pairs.sort(key=lambda pair: (pair[0].replacement, pair[0].status is not ShipmentStatus.DELIVERED))
    return pairs[0][1] if pairs else None


def _money(money: Money | None) -> str:
    return str(money) if money else ""
