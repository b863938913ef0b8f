"""A report as read, and what it says about each order as records to keep; a record of the same report meets its own.

Nothing is read or stored here. How records of different sources are made one is the business of `dossiers.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Protocol, TypeVar

from inbox_bot.core.ending import SettlementPeriod
from inbox_bot.core.errors import Problem
from inbox_bot.core.model import aware
from inbox_bot.core.record import (
    Dossier,
    Order,
    OrderRecord,
    Origin,
    Provenance,
    Refund,
    Return,
    Shipment,
)
from inbox_bot.orders.dossiers import merge_dossiers
from inbox_bot.orders.report_columns import FBA_RETURNS, RETURNS, SETTLEMENT
from inbox_bot.orders.report_orders import assemble_orders
from inbox_bot.orders.report_returns import ReturnRow, find_refund, find_returns
from inbox_bot.orders.report_rows import ReportRow
from inbox_bot.orders.report_settlement import SettlementLine, find_refunds, sum_postings


@dataclass(frozen=True, slots=True)
class Report:
    """A report as read: what could be read, in the file's order, and what is wrong with the rest.

    `rows` are those of the three order reports, `settlement` the lines of a settlement, `periods` the days that it
    covers, `returned` the rows of a returns report.
    """

    kind: str
    file: str
    sha256: str
    rows: tuple[ReportRow, ...]
    problems: tuple[Problem, ...]
    settlement: tuple[SettlementLine, ...] = ()
    returned: tuple[ReturnRow, ...] = ()
    periods: tuple[SettlementPeriod, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its folder, as data taken from it name their source."""
        return source_name(self.file)


def source_name(file: str) -> str:
    """The name by which data of a file name their source; "; " parts several sources and stands in none."""
    return PurePath(file).name.replace("; ", ", ") or file


class _OfOrder(Protocol):
    @property
    def order_id(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfOrder)


def records_of(report: Report, collected_at: datetime) -> tuple[OrderRecord, ...]:
    """One record an order of the report, in the order of first appearance; one a settlement when a file holds several.

    The record's data name the file as their source, and its one provenance is that of the file.
    """
    provenance = Provenance(report.name, Origin.REPORT, aware(collected_at), report.sha256)
    if report.kind == SETTLEMENT:
        records = _settled(report, provenance)
    elif report.kind in (FBA_RETURNS, RETURNS):
        records = _returned(report, provenance)
    else:
        records = _ordered(report, provenance)
    return tuple(records)


def merge_records(kept: OrderRecord, new: OrderRecord) -> OrderRecord:
    """The record after another import under the same key; an import that is known already only fills gaps.

    Of a settlement, which never changes once it is closed, the import with more postings counts. Returns are
    completed, and of what was refunded for them the larger amount counts: the report grows, it does not shrink.
    """
    if kept.key != new.key:
        raise ValueError(f"{kept.key} and {new.key} are two sources")
    known = {one.sha256 for one in kept.dossier.provenance}
    is_known = all(one.sha256 in known for one in new.dossier.provenance)
    first, second = (new.dossier, kept.dossier) if is_known else (kept.dossier, new.dossier)
    merged = merge_dossiers(first, second)
    if kept.key.startswith(f"{SETTLEMENT} "):
        fuller = first if len(first.postings) > len(second.postings) else second
        merged = replace(merged, postings=fuller.postings, refunds=fuller.refunds)
    else:
        merged = replace(
            merged,
            returns=_merge_returns(kept.dossier.returns, new.dossier.returns),
            refunds=_larger(kept.dossier.refunds, new.dossier.refunds),
        )
    return OrderRecord(kept.key, replace(merged, provenance=_once(kept.dossier, new.dossier)))


def _once(kept: Dossier, new: Dossier) -> tuple[Provenance, ...]:
    """Each file once, with the day of its first import, the newest first: it says how fresh the record is."""
    files = {(one.name, one.sha256): one for one in (*new.provenance, *kept.provenance)}
    return tuple(sorted(files.values(), key=lambda one: one.collected_at, reverse=True))


def _larger(kept: tuple[Refund, ...], new: tuple[Refund, ...]) -> tuple[Refund, ...]:
    both = (*kept, *new)
    if not both:
        return ()
    return (max(both, key=lambda one: (one.amount is not None, one.amount.amount if one.amount else 0)),)


def _merge_returns(kept: tuple[Return, ...], new: tuple[Return, ...]) -> tuple[Return, ...]:
    merged, free = list(kept), set(range(len(kept)))
    for one in new:
        twin = next((position for position in sorted(free) if _is_same_return(merged[position], one)), None)
        if twin is None:
            merged.append(one)
            continue
        free.discard(twin)
        known = merged[twin]
        merged[twin] = replace(
            known,
            received_on=known.received_on or one.received_on,
            quantity=max(known.quantity, one.quantity),
            condition=known.condition or one.condition,
            comment=known.comment or one.comment,
        )
    return tuple(merged)


def _is_same_return(first: Return, second: Return) -> bool:
    if (first.requested_on, first.sku, first.reason) != (second.requested_on, second.sku, second.reason):
        return False
    parts = (
        (first.received_on, second.received_on),
        (first.condition, second.condition),
        (first.comment, second.comment),
    )
    return all(not ours or not theirs or ours == theirs for ours, theirs in parts)


def _ordered(report: Report, provenance: Provenance) -> Iterator[OrderRecord]:
    orders, shipments = assemble_orders(report.rows)
    parcels: dict[str, list[Shipment]] = {}
    for shipment in shipments:
        parcels.setdefault(shipment.order_id, []).append(shipment)
    known: dict[str, Order] = {order.order_id: order for order in orders}
    for order_id in dict.fromkeys(row.order_id for row in report.rows):
        if order_id not in known and order_id not in parcels:
            continue  # a row of a confirmation that names neither parcel nor line says nothing
        own = tuple(parcels.get(order_id, ()))
        dossier = Dossier(order_id, known.get(order_id), own, provenance=(provenance,))
        yield OrderRecord(report.kind, dossier)


def _returned(report: Report, provenance: Provenance) -> Iterator[OrderRecord]:
    for order_id, rows in _by_order(report.returned):
        refund = find_refund(rows, provenance.name)
        dossier = Dossier(
            order_id,
            refunds=(refund,) if refund is not None else (),
            marks=("atoz_open",) if any(row.atoz_filed for row in rows) else (),
            returns=find_returns(rows, provenance.name),
            provenance=(provenance,),
        )
        yield OrderRecord(report.kind, dossier)


def _settled(report: Report, provenance: Provenance) -> Iterator[OrderRecord]:
    for order_id, lines in _by_order(report.settlement):
        for settlement_id in dict.fromkeys(line.settlement_id for line in lines):
            own = [line for line in lines if line.settlement_id == settlement_id]
            dossier = Dossier(
                order_id,
                refunds=find_refunds(own, provenance.name),
                postings=sum_postings(own, provenance.name),
                provenance=(provenance,),
            )
            yield OrderRecord(f"{SETTLEMENT} {settlement_id}", dossier)


def _by_order(rows: Iterable[_Row]) -> Iterable[tuple[str, list[_Row]]]:
    by_order: dict[str, list[_Row]] = {}
    for row in rows:
        if row.order_id:
            by_order.setdefault(row.order_id, []).append(row)
    return by_order.items()
