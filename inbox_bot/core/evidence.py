"""Exhibits: what of the record speaks for the seller, and how strongly. One fact counts once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from inbox_bot.core.facts import Facts
from inbox_bot.core.letter import town_in_words
from inbox_bot.core.record import Dossier, Evidence, Grade, Message, Party, Shipment, ShipmentStatus


def weigh(dossier: Dossier, facts: Facts, collected_at: datetime) -> tuple[Evidence, ...]:
    """The exhibits of a case, the strongest first."""
    parcels, refunds = _parcels(dossier, facts, collected_at), _refunds(dossier, collected_at)
    exhibits = (*parcels, *refunds, *_words(dossier, collected_at))
    order = list(Grade)
    return tuple(sorted(exhibits, key=lambda exhibit: order.index(exhibit.grade)))


def _parcels(dossier: Dossier, facts: Facts, collected_at: datetime) -> Iterable[Evidence]:
    for parcel in dossier.shipments:
        name = " ".join(part for part in (parcel.carrier, parcel.tracking_id) if part) or "a parcel"
        yield Evidence(
            "tracking",
            _grade(parcel, facts),
            f"{name}: {_status(parcel)}",
            parcel.source,
            collected_at,
            key=parcel.tracking_id,
        )


def _grade(parcel: Shipment, facts: Facts) -> Grade:
    if parcel.status is ShipmentStatus.DELIVERED:
        placed = facts.destination_matches and not facts.delivered_elsewhere
        return Grade.STRONG if parcel.signed_by or placed else Grade.MODERATE
    if parcel.status in (ShipmentStatus.LABEL_CREATED, ShipmentStatus.NOT_KNOWN) and not parcel.shipped_on:
        return Grade.INVALID
    return Grade.SUPPORTING


def _status(parcel: Shipment) -> str:
    words = parcel.status.value.replace("_", " ")
    if parcel.status is not ShipmentStatus.DELIVERED:
        return f"shipped on {parcel.shipped_on}, {words}" if parcel.shipped_on else words
    place = town_in_words(parcel.delivered_to)
    signed = f", signed for by {parcel.signed_by}" if parcel.signed_by else ""
    return f"delivered on {parcel.delivered_on or 'a day not on record'}{f' in {place}' if place else ''}{signed}"


def _refunds(dossier: Dossier, collected_at: datetime) -> Iterable[Evidence]:
    for refund in dossier.refunds:
        amount, on = refund.amount or "an amount not on record", refund.refunded_on or "a day not on record"
        what = f"refund of {amount} on {on}"
        yield Evidence("refunds", Grade.STRONG, what, refund.source, collected_at)


def _words(dossier: Dossier, collected_at: datetime) -> Iterable[Evidence]:
    spoken = [message for message in dossier.messages if message.party in (Party.BUYER, Party.SELLER)]
    for message in spoken:
        yield Evidence(
            "correspondence",
            Grade.SUPPORTING,
            f"{message.party.value} on {message.at.date()}{_marked(message)}",
            f"mail {message.mail_sha256[:12]}",
            collected_at,
            message.mail_sha256,
        )


def _marked(message: Message) -> str:
    return f" ({', '.join(mark.replace('_', ' ') for mark in message.marks)})" if message.marks else ""
