"""What there is to show: each parcel, message, refund, return, settlement line and document of the record, in words.

How strong it is says the table of `rules/evidence.toml` (`evidence.py`); how it is numbered and printed is the business
of `exhibits.py` and of the book.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from inbox_bot.core.exhibits import ExhibitKind
from inbox_bot.core.model import Destination, Money
from inbox_bot.core.record import (
    Document,
    DocumentKind,
    Dossier,
    Message,
    Party,
    Posting,
    PostingKind,
    Return,
    Shipment,
    ShipmentStatus,
)
from inbox_bot.core.text import one_line


class Shown(StrEnum):
    """What a row of the evidence table can point at; an exhibit is graded by the rows that point at it."""

    PARCEL = "parcel"  # one that moved
    DELIVERED_PARCEL = "delivered parcel"
    SIGNED_PARCEL = "signed parcel"
    REPLACEMENT = "replacement"
    LABEL = "label"
    OTHER_PARCEL = "other order's parcel"
    ORDER = "order"
    OTHER_ORDER = "other order"
    REFUND = "refund"
    RETURN = "return"
    POSTING = "settlement line"
    MESSAGE = "message"
    ADMISSION = "buyer admits receipt"
    CANCELLATION = "buyer asks to cancel"
    OFFER = "seller's offer"
    PHOTO = "photo"
    INVOICE = "invoice"
    LISTING = "listing"
    ITEM = "item document"
    DELIVERY_DOCUMENT = "delivery document"
    SIGNATURE_DOCUMENT = "signature document"
    OTHER_DOCUMENT = "other document"


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that an exhibit holds; `collected_at` is None when its source does not say."""

    kind: ExhibitKind
    key: str
    shows: frozenset[Shown]
    statement: str
    source: str
    collected_at: datetime | None = None
    sha256: str = ""


def proofs_of(dossiers: Sequence[Dossier]) -> Iterator[Proof]:
    """Everything there is to show for a case; `dossiers` begin with the order in dispute."""
    for position, dossier in enumerate(dossiers):
        is_other = position > 0
        if dossier.order is not None:
            shown = {Shown.OTHER_ORDER if is_other else Shown.ORDER}
            what = f"order {dossier.order_id}"
            yield _proof(dossier, ExhibitKind.ORDER, "", shown, what, dossier.order.source)
        for parcel in dossier.shipments:
            shown, what = _shown_by(parcel, is_other), _of_parcel(parcel)
            yield _proof(dossier, ExhibitKind.TRACKING, parcel.tracking_id, shown, what, parcel.source)
        for proof in (*_of_money(dossier), *_of_words(dossier), *_of_documents(dossier)):
            # What rows say of refunds and words is about the order in dispute.
            yield replace(proof, shows=frozenset()) if is_other else proof


def _of_words(dossier: Dossier) -> Iterator[Proof]:
    spoken = (message for message in dossier.messages if message.party in (Party.BUYER, Party.SELLER))
    return (_of_message(dossier, message) for message in spoken)


def _of_documents(dossier: Dossier) -> Iterator[Proof]:
    return (_of_document(dossier, document) for document in dossier.documents)


def _proof(
    dossier: Dossier, kind: ExhibitKind, key: str, shows: set[Shown], statement: str, source: str
) -> Proof:
    cited = dossier.cited(source)
    collected = max((one.collected_at for one in cited), default=None)
    sha256 = cited[0].sha256 if len(cited) == 1 else ""
    return Proof(kind, key, frozenset(shows), statement, source, collected, sha256)


def _shown_by(parcel: Shipment, is_other: bool) -> set[Shown]:
    if parcel.status is ShipmentStatus.LABEL_CREATED or (
        parcel.status is ShipmentStatus.NOT_KNOWN and not parcel.shipped_on
    ):
        return {Shown.LABEL}
    if is_other:
        return {Shown.OTHER_PARCEL}
    if parcel.status is not ShipmentStatus.DELIVERED:
        return set() if parcel.replacement else {Shown.PARCEL}
    if parcel.replacement:
        return {Shown.REPLACEMENT}
    signed = {Shown.SIGNED_PARCEL} if parcel.signed_by else set()
    return {Shown.PARCEL, Shown.DELIVERED_PARCEL} | signed


def _of_parcel(parcel: Shipment) -> str:
    name = " ".join(part for part in (parcel.carrier, parcel.tracking_id) if part) or "a parcel"
    words = parcel.status.value.replace("_", " ")
    if parcel.status is not ShipmentStatus.DELIVERED:
        return one_line(
            f"{name}: " + (f"shipped on {parcel.shipped_on}, {words}" if parcel.shipped_on else words)
        )
    place = _town(parcel.delivered_to)
    signed = f", signed for by {parcel.signed_by}" if parcel.signed_by else ""
    return one_line(
        f"{name}: delivered on {_day(parcel.delivered_on)}{f' in {place}' if place else ''}{signed}"
    )


def _of_money(dossier: Dossier) -> Iterator[Proof]:
    def proof(shown: Shown, statement: str, source: str) -> Proof:
        return _proof(dossier, ExhibitKind.REFUNDS, "", {shown}, one_line(statement), source)

    for refund in dossier.refunds:
        amount = refund.amount or "an amount not on record"
        yield proof(Shown.REFUND, f"refund of {amount} on {_day(refund.refunded_on)}", refund.source)
    for back in dossier.returns:
        yield proof(Shown.RETURN, _of_return(back), back.source)
    for posting in dossier.postings:
        if posting.kind in (PostingKind.CHARGEBACK, PostingKind.ATOZ):
            yield proof(Shown.POSTING, _of_posting(posting), posting.source)


def _of_return(back: Return) -> str:
    what = f"{back.quantity} x {back.sku}" if back.sku else f"{back.quantity} piece(s)"
    if back.received_on is not None:
        return f"return of {what} received on {back.received_on}"
    return f"return of {what} asked for on {_day(back.requested_on)}, its arrival is not on record"


def _of_posting(posting: Posting) -> str:
    what = "an A-to-z claim" if posting.kind is PostingKind.ATOZ else "a chargeback"
    taken = posting.amount.amount < 0
    amount = Money(abs(posting.amount.amount), posting.amount.currency)
    what = f"{amount} {'taken' if taken else 'given back'} for {what} on {_day(posting.posted_on)}"
    return f"settlement {posting.reference}: {what}"


_BY_MARK = {
    "admits_receipt": Shown.ADMISSION,
    "asks_to_cancel": Shown.CANCELLATION,
    "offers_refund": Shown.OFFER,
    "offers_replacement": Shown.OFFER,
}


def _of_message(dossier: Dossier, message: Message) -> Proof:
    marks = ", ".join(mark.replace("_", " ") for mark in message.marks)
    collected = (one.collected_at for one in dossier.provenance if one.sha256 == message.mail_sha256)
    return Proof(
        ExhibitKind.CORRESPONDENCE,
        "",
        frozenset({Shown.MESSAGE, *(_BY_MARK[mark] for mark in message.marks if mark in _BY_MARK)}),
        f"{message.party.value} on {message.at.date()}{f' ({marks})' if marks else ''}",
        f"mail {message.mail_sha256[:12]}",
        next(collected, None),
        message.mail_sha256,
    )


_BY_WHAT = {
    "delivery": Shown.DELIVERY_DOCUMENT,
    "signature": Shown.SIGNATURE_DOCUMENT,
    "item": Shown.ITEM,
    "invoice": Shown.INVOICE,
    "listing": Shown.LISTING,
}


def _of_document(dossier: Dossier, document: Document) -> Proof:
    shown = {_BY_WHAT.get(document.shows, Shown.OTHER_DOCUMENT)}
    if document.kind is DocumentKind.PHOTO:
        shown.add(Shown.PHOTO)
    cited = dossier.cited(document.source)
    return Proof(
        ExhibitKind.DOCUMENT,
        document.sha256,
        frozenset(shown),
        one_line(f"{document.name} ({document.shows}, {document.kind.value})"),
        document.source,
        max((one.collected_at for one in cited), default=None),
        document.sha256,
    )


def _town(place: Destination) -> str:
    return " ".join(part for part in (place.city, place.state, place.postal_code) if part)


def _day(day: date | None) -> str:
    return str(day) if day else "a day not on record"
