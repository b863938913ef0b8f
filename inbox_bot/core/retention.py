"""How long what is kept: what of a record or a case may go at an instant. Pure; the store carries it out.

Buyers' personal data from reports (names, streets, comments) goes first, some days after delivery; town, postal code,
dates, carrier, tracking number and amounts are what a later dispute is answered with and stay longer. Events are
never deleted: they hold order ids, amounts, decisions and the town of a notice, no name, no street and no body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from inbox_bot.core.case import Case
from inbox_bot.core.record import Dossier, OrderRecord, Origin

# Where no delivery is on record it is taken to have been this long after the shipping, or after the purchase.
_TRANSIT = timedelta(days=30)
_HANDLING = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Days:
    """The numbers of `[retention]`."""

    buyer_days: int = 30
    shipping_days: int = 548
    case_days: int = 548


def is_over(case: Case, days: Days, now: datetime) -> bool:
    """Whether the mails and files of the case may go: long enough after it was closed, or answered and never closed."""
    ended_at = case.closed_at or case.answered_at
    return ended_at is not None and now - ended_at > timedelta(days=days.case_days)


def is_open(case: Case) -> bool:
    """Whether the case may still need everything that is on record about its order."""
    return case.closed_at is None


def thinned(record: OrderRecord, days: Days, now: datetime) -> OrderRecord | None:
    """What may stay of a record of an order without an open case: itself, itself without the buyer, or nothing."""
    today = now.date()
    if today - _began_on(record.dossier) > timedelta(days=days.shipping_days):
        return None
    if _origin(record) is Origin.REPORT and today - _arrived_on(record.dossier) > timedelta(
        days=days.buyer_days
    ):
        return _without_buyer(record)
    return record


def _origin(record: OrderRecord) -> Origin:
    sources = record.dossier.provenance
    return sources[0].origin if sources else Origin.REPORT


def _began_on(dossier: Dossier) -> date:
    """The latest of the days that the record speaks of, or else the day it was collected."""
    days = [parcel.shipped_on for parcel in dossier.shipments]
    days += [parcel.delivered_on for parcel in dossier.shipments]
    days += [refund.refunded_on for refund in dossier.refunds]
    days += [posting.posted_on for posting in dossier.postings]
    days += [one.received_on or one.requested_on for one in dossier.returns]
    if dossier.order is not None and dossier.order.purchased_at is not None:
        days.append(dossier.order.purchased_at.date())
    known = [day for day in days if day is not None]
    return max(known) if known else _collected_on(dossier)


def _collected_on(dossier: Dossier) -> date:
    return max((source.collected_at.date() for source in dossier.provenance), default=date.max)


def _arrived_on(dossier: Dossier) -> date:
    delivered = [parcel.delivered_on for parcel in dossier.shipments if parcel.delivered_on]
    if delivered:
        return max(delivered)
    shipped = [parcel.shipped_on for parcel in dossier.shipments if parcel.shipped_on]
    if shipped:
        return max(shipped) + _TRANSIT
    if dossier.order is not None and dossier.order.purchased_at is not None:
        return dossier.order.purchased_at.date() + _HANDLING
    return _began_on(dossier)


def _without_buyer(record: OrderRecord) -> OrderRecord:
    dossier, order = record.dossier, record.dossier.order
    bare = replace(order, destination=replace(order.destination, lines=())) if order is not None else None
    parcels = tuple(
        replace(parcel, delivered_to=replace(parcel.delivered_to, lines=())) for parcel in dossier.shipments
    )
    returns = tuple(replace(one, comment="") for one in dossier.returns)
    return replace(record, dossier=replace(dossier, order=bare, shipments=parcels, returns=returns))
