"""What happened to an order, moment by moment, from all sources: for the exhibit book and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inbox_bot.core.model import Notice
from inbox_bot.core.record import (
    Dossier,
    Message,
    Party,
    PostingKind,
    Scan,
    Shipment,
    ShipmentStatus,
)
from inbox_bot.core.text import one_line
from inbox_bot.core.zones import local_time, ordered_at


class MomentKind(StrEnum):
    """What a moment is; each is drawn with a shape of its own."""

    ORDERED = "ordered"
    SHIPPED = "shipped"
    SCAN = "scan"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"  # returned to sender, or lost
    BUYER = "buyer"
    SELLER = "seller"
    REFUND = "refund"
    RETURN = "return"
    CLAIM = "claim"  # an A-to-z claim, or money taken for a chargeback
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: on which day and at what clock time (as printed, "" when not known), and its words.

    `words` are taken from the record: a place, a tracking id, an amount; of a message its phrase marks, of the notice
    its reason, of a return "received" or "requested". `order_id` says of which order.
    """

    on: date
    clock: str
    kind: MomentKind
    words: str
    order_id: str


def timeline_of(notice: Notice, dossiers: Sequence[Dossier]) -> tuple[Moment, ...]:
    """Everything with a day, oldest first; what two sources tell of one moment stands once."""
    found = [moment for dossier in dossiers for moment in _of(dossier)]
    channel = dossiers[0].order.sales_channel if dossiers and dossiers[0].order else ""
    at = local_time(min(notice.dated_at or notice.received_at, notice.received_at), channel)
    found.append(Moment(at.date(), _clock(at), MomentKind.NOTICE, notice.reason.value, notice.order_id or ""))
    return tuple(sorted(dict.fromkeys(found), key=_age))


_FIRST = list(MomentKind)
_OPENS_A_DAY = (MomentKind.ORDERED, MomentKind.SHIPPED)


def _age(moment: Moment) -> tuple[date, str, int]:
    # A day without a clock time: what begins things comes first, what ends them last.
    clock = moment.clock or ("" if moment.kind in _OPENS_A_DAY else "99")
    return moment.on, clock, _FIRST.index(moment.kind)


def _of(dossier: Dossier) -> Iterator[Moment]:
    order, order_id = dossier.order, dossier.order_id
    channel = order.sales_channel if order else ""
    if order is not None and (ordered := ordered_at(order)) is not None:
        yield Moment(ordered[0], ordered[1][:5], MomentKind.ORDERED, order_id, order_id)
    for parcel in dossier.shipments:
        yield from _of_parcel(parcel)
    for message in dossier.messages:
        if message.party in (Party.BUYER, Party.SELLER):
            yield _of_message(message, channel)
    for refund in dossier.refunds:
        if refund.refunded_on is not None:
            words = f"{refund.amount or ''} {one_line(refund.reference)}".strip()
            yield Moment(refund.refunded_on, "", MomentKind.REFUND, words, order_id)
    for back in dossier.returns:
        if (on := back.received_on or back.requested_on) is not None:
            words = "received" if back.received_on else "requested"
            yield Moment(on, "", MomentKind.RETURN, words, order_id)
    for posting in dossier.postings:
        if posting.posted_on is not None and posting.kind in (PostingKind.CHARGEBACK, PostingKind.ATOZ):
            words = f"{posting.kind.value} {posting.amount}"
            yield Moment(posting.posted_on, "", MomentKind.CLAIM, words, order_id)


def _of_message(message: Message, channel: str) -> Moment:
    at = local_time(message.at, channel)
    kind = MomentKind.BUYER if message.party is Party.BUYER else MomentKind.SELLER
    words = ", ".join(message.marks)
    return Moment(at.date(), _clock(at), kind, words, message.order_id)


def _of_parcel(parcel: Shipment) -> Iterator[Moment]:
    name = " ".join(part for part in (one_line(parcel.carrier), one_line(parcel.tracking_id)) if part)
    if parcel.shipped_on is not None:
        yield Moment(parcel.shipped_on, "", MomentKind.SHIPPED, name, parcel.order_id)
    delivered = parcel.status is ShipmentStatus.DELIVERED and parcel.delivered_on is not None
    if delivered and parcel.delivered_on is not None:
        place = one_line(
            " ".join(part for part in (parcel.delivered_to.city, parcel.delivered_to.state) if part)
        )
        words = ", ".join(part for part in (place, one_line(parcel.signed_by)) if part)
        clock = one_line(parcel.delivered_at_text)
        yield Moment(parcel.delivered_on, clock, MomentKind.DELIVERED, words or name, parcel.order_id)
    for scan in parcel.scans:
        if scan.scanned_on is None or (delivered and _is_the_delivery(scan, parcel)):
            continue
        words = ", ".join(part for part in (one_line(scan.place), one_line(scan.text)) if part)
        kind = MomentKind.NOT_DELIVERED if scan.status in _NOT_DELIVERED else MomentKind.SCAN
        yield Moment(scan.scanned_on, one_line(scan.clock), kind, words, parcel.order_id)


_NOT_DELIVERED = (ShipmentStatus.RETURNED_TO_SENDER, ShipmentStatus.LOST)


def _is_the_delivery(scan: Scan, parcel: Shipment) -> bool:
    return scan.status is ShipmentStatus.DELIVERED and scan.scanned_on == parcel.delivered_on


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M")
