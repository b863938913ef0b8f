"""What a reply may speak of: the record of a case laid out for the templates, nothing computed in them.

Every text is cleaned and on one line where the letter needs one; what is not on record is an empty string, and the
templates say so in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inbox_bot.core.exhibits import Exhibit, ExhibitKind, parcel_keys
from inbox_bot.core.facts import Facts, items_of
from inbox_bot.core.model import Ask, Decision, Destination, Money, Notice, Policy
from inbox_bot.core.record import (
    Document,
    Dossier,
    Evidence,
    Message,
    Order,
    Party,
    Posting,
    PostingKind,
    Return,
    Shipment,
    ShipmentStatus,
)
from inbox_bot.core.redact import Keep, redact
from inbox_bot.core.text import clean_text, one_line
from inbox_bot.core.zones import local_time, ordered_at

QUOTE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier answer of the case means for the next: when it went out, and what it did not hold."""

    told_on: date | None = None
    new: tuple[Evidence, ...] = ()


NOTHING_EARLIER = Earlier()


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
    """One parcel as the letter shows it; dates are ISO, `status` is the model's word, `exhibit` its number or 0."""

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
    exhibit: int


@dataclass(frozen=True, slots=True)
class LetterRefund:
    """One refund on record."""

    amount: str
    refunded_on: str
    reference: str


@dataclass(frozen=True, slots=True)
class LetterReturn:
    """One returned line of the order; `received_on` is empty when its arrival is not on record."""

    requested_on: str
    received_on: str
    sku: str
    quantity: int
    reason: str
    condition: str


@dataclass(frozen=True, slots=True)
class LetterPosting:
    """What a settlement says was taken from the seller's account for a chargeback or a claim."""

    kind: str
    amount: str
    posted_on: str
    reference: str


@dataclass(frozen=True, slots=True)
class LetterDocument:
    """One file that the seller added: what it shows ("delivery", "item", "invoice", ...) and its exhibit's number."""

    exhibit: int
    name: str
    kind: str
    shows: str


@dataclass(frozen=True, slots=True)
class LetterNews:
    """One exhibit that no earlier answer of the case held; `parcel` or `document` is what it shows, where it is one."""

    exhibit: int
    kind: str
    parcel: LetterParcel | None
    document: LetterDocument | None


@dataclass(frozen=True, slots=True)
class Citations:
    """The exhibits' numbers by what they hold; 0: there is none."""

    order: int = 0
    refunds: int = 0
    correspondence: int = 0


@dataclass(frozen=True, slots=True)
class LetterMessage:
    """One message of the correspondence: `who` is buyer, seller, amazon or carrier.

    `at` is UTC, `local` the same instant in the marketplace's zone. What is nobody's business is taken out of `text`.
    """

    at: str
    local: str
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
    returns: tuple[LetterReturn, ...]
    postings: tuple[LetterPosting, ...]
    documents: tuple[LetterDocument, ...]
    messages: tuple[LetterMessage, ...]
    quotes: tuple[LetterMessage, ...]
    news: tuple[LetterNews, ...]
    told_on: str
    cite: Citations
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
    exhibits: Sequence[Exhibit] = (),
    earlier: Earlier = NOTHING_EARLIER,
) -> Letter:
    """The letter's matter for one case; `others` are the further orders that the notice names.

    Without `exhibits` nothing is cited (a short reply has no book). `earlier` is what Amazon was shown before.
    """
    order = dossier.order
    ordered = ordered_at(order) if order else None
    numbers = {(one.kind, one.order_id, one.key): one.number for one in exhibits}
    parcels = _parcels(dossier, numbers)
    documents = tuple(_document(one, numbers) for one in dossier.documents)
    messages = _messages(notice, dossier, policy)
    total = notice.amount or (order.total if order else None)
    return Letter(
        order_id=notice.order_id or "",
        order_ids=notice.order_ids,
        amount=_money(total),
        reason=notice.reason.value,
        asks=tuple(ask.value for ask in _asked(notice)),
        purchased_on=ordered[0].isoformat() if ordered else "",
        destination=place_in_words(order.destination) if order else "",
        items=_items(notice, order),
        parcel=_main_parcel(dossier.shipments, parcels),
        parcels=parcels,
        other_parcels=tuple(parcel for other in others for parcel in _parcels(other, numbers)),
        refunds=tuple(
            LetterRefund(
                _money(refund.amount),
                _day(refund.refunded_on),
                one_line(refund.reference),
            )
            for refund in dossier.refunds
        ),
        returns=tuple(_return(one) for one in dossier.returns),
        postings=tuple(_posting(one) for one in dossier.postings if one.kind in _TAKEN),
        documents=documents,
        messages=messages,
        cite=Citations(
            order=numbers.get((ExhibitKind.ORDER, dossier.order_id, ""), 0),
            refunds=numbers.get((ExhibitKind.REFUNDS, dossier.order_id, ""), 0),
            correspondence=numbers.get((ExhibitKind.CORRESPONDENCE, dossier.order_id, ""), 0),
        ),
        quotes=tuple(message for message in messages if message.marks),
        news=_news(earlier.new, exhibits, parcels, documents),
        told_on=_day(earlier.told_on),
        facts=facts,
        decision=decision,
        seller=one_line(policy.display_name) or policy.address,
        signature=clean_text(policy.signature) or one_line(policy.display_name) or policy.address,
    )


def _items(notice: Notice, order: Order | None) -> tuple[LetterItem, ...]:
    return tuple(
        LetterItem(one_line(item.title), item.sku, item.asin, item.quantity, _money(item.price))
        for item in items_of(notice, order)
        if item.quantity > 0  # a line that was cancelled inside the order
    )


def _news(
    new: Sequence[Evidence],
    exhibits: Sequence[Exhibit],
    parcels: Sequence[LetterParcel],
    documents: Sequence[LetterDocument],
) -> tuple[LetterNews, ...]:
    carried = {(one.kind, one.key) for one in new} | {(one.kind, "") for one in new if not one.key}
    return tuple(
        LetterNews(
            one.number,
            one.kind.value,
            next((parcel for parcel in parcels if parcel.exhibit == one.number), None),
            next((document for document in documents if document.exhibit == one.number), None),
        )
        for one in exhibits
        if (one.kind.value, one.key) in carried or (one.kind.value, "") in carried
    )


def place_in_words(place: Destination) -> str:
    """The place on one line, as much of it as is known; empty when nothing is."""
    said = " ".join(place.lines).casefold()
    town = " ".join(
        part
        for part in (place.city, place.state, place.postal_code)
        if part and part.casefold() not in said  # an address copied from a mail holds its town already
    )
    country = place.country if not place.lines or town else ""
    return one_line(", ".join(part for part in (*place.lines, town, country) if part))


def town_in_words(place: Destination) -> str:
    """City, state and postal code, as much as is known."""
    return one_line(" ".join(part for part in (place.city, place.state, place.postal_code) if part))


def _asked(notice: Notice) -> tuple[Ask, ...]:
    return tuple(dict.fromkeys(notice.asks))


def _is_correspondence(message: Message) -> bool:
    return message.party in (Party.BUYER, Party.SELLER)


def _messages(notice: Notice, dossier: Dossier, policy: Policy) -> tuple[LetterMessage, ...]:
    keep = Keep.of(notice, dossier, policy)
    channel = dossier.order.sales_channel if dossier.order else ""
    return tuple(
        LetterMessage(
            at=message.at.strftime("%Y-%m-%d %H:%M UTC"),
            local=local_time(message.at, channel).strftime("%Y-%m-%d %H:%M %Z"),
            who=message.party.value,
            subject=redact(one_line(message.subject), keep).text,
            text=redact(clean_text(message.text).strip(), keep).text,
            marks=message.marks,
        )
        for message in dossier.messages
        if _is_correspondence(message)
    )


_TAKEN = (PostingKind.CHARGEBACK, PostingKind.ATOZ)
Numbers = Mapping[tuple[ExhibitKind, str, str], int]


def _return(one: Return) -> LetterReturn:
    return LetterReturn(
        _day(one.requested_on),
        _day(one.received_on),
        one_line(one.sku),
        one.quantity,
        one_line(one.reason),
        one_line(one.condition),
    )


def _posting(posting: Posting) -> LetterPosting:
    amount, reference = _money(posting.amount), one_line(posting.reference)
    return LetterPosting(posting.kind.value, amount, _day(posting.posted_on), reference)


def _document(document: Document, numbers: Numbers) -> LetterDocument:
    number = numbers.get((ExhibitKind.DOCUMENT, document.order_id, document.sha256), 0)
    return LetterDocument(number, one_line(document.name), document.kind.value, document.shows)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _parcels(dossier: Dossier, numbers: Numbers) -> tuple[LetterParcel, ...]:
    keys = parcel_keys(dossier.shipments)
    return tuple(
        _parcel(parcel, numbers.get((ExhibitKind.TRACKING, dossier.order_id, key), 0))
        for key, parcel in zip(keys, dossier.shipments, strict=True)
    )


def _parcel(parcel: Shipment, exhibit: int) -> LetterParcel:
    return LetterParcel(
        carrier=one_line(parcel.carrier),
        tracking_id=one_line(parcel.tracking_id),
        method=one_line(parcel.method),
        shipped_on=_day(parcel.shipped_on),
        status=parcel.status.value,
        delivered_on=_day(parcel.delivered_on),
        delivered_clock=one_line(parcel.delivered_at_text),
        delivered_to=town_in_words(parcel.delivered_to),
        signed_by=one_line(parcel.signed_by),
        replacement=parcel.replacement,
        exhibit=exhibit,
    )


def _main_parcel(shipments: Sequence[Shipment], parcels: Sequence[LetterParcel]) -> LetterParcel | None:
    """The parcel for the form's five lines: the first one, a delivered one before others."""
    pairs = list(zip(shipments, parcels, strict=True))
    pairs.sort(key=lambda pair: (pair[0].replacement, pair[0].status is not ShipmentStatus.DELIVERED))
    return pairs[0][1] if pairs else None


def _money(money: Money | None) -> str:
    return str(money) if money else ""
