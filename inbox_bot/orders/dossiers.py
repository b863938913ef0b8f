"""Dossiers of several sources about one order, made one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from inbox_bot.core.record import Dossier
from inbox_bot.orders.order_mails import merge_refunds
from inbox_bot.orders.parcels import merge_shipments
from inbox_bot.orders.report_orders import merge_orders

Datum = TypeVar("Datum", bound=Hashable)


def merge_dossiers(first: Dossier, second: Dossier) -> Dossier:
    """Both dossiers of one order as one; where they differ about the order itself, the second one's word counts.

    Merging the same dossier again changes nothing.
    """
    if first.order_id != second.order_id:
        raise ValueError(f"{first.order_id} and {second.order_id} are two orders")
    order = merge_orders(first.order, second.order) if second.order is not None else first.order
    return Dossier(
        order_id=first.order_id,
        order=order,
        shipments=merge_shipments((*first.shipments, *second.shipments)),
        messages=tuple(sorted(_once((*first.messages, *second.messages)), key=lambda message: message.at)),
        refunds=merge_refunds((*first.refunds, *second.refunds)),
        marks=_once((*first.marks, *second.marks)),
        postings=_once((*first.postings, *second.postings)),
        returns=_once((*first.returns, *second.returns)),
        documents=_once((*first.documents, *second.documents)),
        provenance=_once((*first.provenance, *second.provenance)),
        contradictions=_once((*first.contradictions, *second.contradictions)),
    )


def _once(data: Iterable[Datum]) -> tuple[Datum, ...]:
    return tuple(dict.fromkeys(data))
