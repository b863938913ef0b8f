"""How long what is kept: what of the records, mails and files may go at an instant. Pure; the store carries it out.

Buyers' personal data from reports (name, street lines, what a buyer wrote into a return) goes first, some days after
delivery. Town, state, postal code and country stay with the shipping facts: a delivery is won by comparing them with
the carrier's word (and they name no person), while a name or a street never won one. Amounts, dates, carrier and
tracking number stay as long. An order is looked at as a whole, because one source knows the buyer and another one
when the parcel arrived; nothing of an order that an open case names ever goes.

Events are never deleted. They hold order ids, amounts and decisions. Of a buyer they may hold the town that a notice or
a delivery names, the name under which a parcel was signed for, the notice's own few words on why the charge is
disputed, and what the seller wrote into a note or a file's name; no street and no mail's body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby

from inbox_bot.core.case import Case
from inbox_bot.core.record import Dossier, OrderRecord, Origin

# Where no delivery is on record it is taken to have been this long after the shipping, or after the purchase.
_TRANSIT = timedelta(days=30)
_HANDLING = timedelta(days=60)
_LOOSE = timedelta(days=30)  # mails and files that belong to no case
_MAIL_TYPE = "message/rfc822"

RecordKey = tuple[str, str, str]  # account, order id, key


@dataclass(frozen=True, slots=True)
class Days:
    """The numbers of `[retention]`."""

    buyer_days: int = 30
    shipping_days: int = 548
    case_days: int = 548


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record without its contents: the days it speaks of, and whether it holds what identifies a buyer.

    No day is later than the one on which the record was collected: nobody knew it then, and a misprinted year must
    not keep data for ever. `latest_on` is the last of all its days, or else the one on which it was collected.
    """

    account: str
    order_id: str
    key: str
    origin: Origin
    collected_at: datetime | None
    purchased_on: date | None
    shipped_on: date | None
    delivered_on: date | None
    latest_on: date
    personal: bool


@dataclass(frozen=True, slots=True)
class SavedFile:
    """What is known of a stored mail or file without its bytes."""

    sha256: str
    media_type: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class PurgeLine:
    """One line of what goes: from which source, what, how many, the oldest, and why."""

    source: str
    what: str
    count: int
    oldest: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Going:
    """What may go: in words, and as the keys of records that lose the buyer, of records, and of files (SHA-256)."""

    lines: tuple[PurgeLine, ...] = ()
    bare: tuple[RecordKey, ...] = ()
    gone: tuple[RecordKey, ...] = ()
    files: tuple[str, ...] = ()


def is_over(case: Case, days: Days, now: datetime) -> bool:
    """Whether the mails and files of the case may go: long enough after it was closed, or answered and never closed."""
    ended_at = case.closed_at or case.answered_at
    return ended_at is not None and now - ended_at > timedelta(days=days.case_days)


def is_open(case: Case) -> bool:
    """Whether the case was not closed; see `orders_in_use` for how long it holds the record of its orders."""
    return case.closed_at is None


def orders_in_use(cases: Iterable[Case], days: Days, now: datetime) -> frozenset[tuple[str, str]]:
    """Account and order id of every order that a case may still need: all that its notice names.

    Amazon does not tell of a win, so a case that was answered and never closed lets go of them when it is over.
    """
    return frozenset(
        (case.account, order_id)
        for case in cases
        if is_open(case) and not is_over(case, days, now)
        for order_id in (case.order_id, case.notice.order_id, *case.notice.order_ids)
        if order_id
    )


def what_goes(
    records: Iterable[KeptRecord],
    in_use: frozenset[tuple[str, str]],
    files: Iterable[SavedFile],
    needed: frozenset[str],
    days: Days,
    now: datetime,
) -> Going:
    """What may go now.

    `records` stand together by account and order, `in_use` are the orders of `orders_in_use`, `needed` the files that
    a case which is not over refers to, and the mails that wait or were put aside.
    """
    tally = _Tally()
    bare: list[RecordKey] = []
    gone: list[RecordKey] = []
    for order, together in groupby(records, key=lambda one: (one.account, one.order_id)):
        if order not in in_use:
            _sort_out(tuple(together), days, now, tally, bare, gone)
    loose = tuple(_loose(files, needed, days, now, tally))
    return Going(tally.lines(), tuple(bare), tuple(gone), loose)


def _sort_out(
    records: Sequence[KeptRecord],
    days: Days,
    now: datetime,
    tally: _Tally,
    bare: list[RecordKey],
    gone: list[RecordKey],
) -> None:
    """Put the records of one order where they belong: the whole order goes, or its buyer does, or nothing."""
    if _is_past(records, days, now):
        for one in records:
            gone.append((one.account, one.order_id, one.key))
            tally.add(one, "order records", f"older than {days.shipping_days} days", now)
    elif _buyer_may_go(records, days, now):
        for one in records:
            if one.personal:
                bare.append((one.account, one.order_id, one.key))
                tally.add(one, "buyers' data", f"delivered more than {days.buyer_days} days ago", now)


def _is_past(records: Sequence[KeptRecord], days: Days, now: datetime) -> bool:
    return now.date() - max(one.latest_on for one in records) > timedelta(days=days.shipping_days)


def _buyer_may_go(records: Sequence[KeptRecord], days: Days, now: datetime) -> bool:
    return now.date() - _arrived_on(records) > timedelta(days=days.buyer_days)


def _arrived_on(records: Sequence[KeptRecord]) -> date:
    """When the order was delivered, by any source, or may be taken to have been."""
    if delivered := [one.delivered_on for one in records if one.delivered_on]:
        return max(delivered)
    if shipped := [one.shipped_on for one in records if one.shipped_on]:
        return max(shipped) + _TRANSIT
    if purchased := [one.purchased_on for one in records if one.purchased_on]:
        return max(purchased) + _HANDLING
    return max(one.latest_on for one in records)


def _loose(
    files: Iterable[SavedFile], needed: frozenset[str], days: Days, now: datetime, tally: _Tally
) -> Iterator[str]:
    why = f"no case that is open or was closed within {days.case_days} days needs them"
    for file in files:
        if file.sha256 not in needed and now - file.saved_at > _LOOSE:
            what = "mails" if file.media_type == _MAIL_TYPE else "files"
            tally.count("mailbox and cases", what, why, file.saved_at)
            yield file.sha256


@dataclass(slots=True)
class _Tally:
    """What goes, counted by source, kind and reason."""

    _lines: dict[tuple[str, str, str], PurgeLine] = field(default_factory=dict)

    def add(self, record: KeptRecord, what: str, why: str, now: datetime) -> None:
        self.count(record.key.split(" ")[0], what, why, record.collected_at or now)

    def count(self, source: str, what: str, why: str, at: datetime) -> None:
        before = self._lines.get((source, what, why))
        count, oldest = (before.count, min(before.oldest, at)) if before else (0, at)
        self._lines[source, what, why] = PurgeLine(source, what, count + 1, oldest, why)

    def lines(self) -> tuple[PurgeLine, ...]:
        return tuple(self._lines.values())


def listed(account: str, record: OrderRecord) -> KeptRecord:
    """What retention needs to know of a record, so that its contents need not be read again."""
    dossier = record.dossier
    collected_on = max((source.collected_at.date() for source in dossier.provenance), default=date.max)
    ordered = dossier.order.purchased_at if dossier.order is not None else None
    purchased = [ordered.date() if ordered is not None else None]
    shipped = [parcel.shipped_on for parcel in dossier.shipments]
    delivered = [parcel.delivered_on for parcel in dossier.shipments]
    every = [*purchased, *shipped, *delivered, *_later_days(dossier)]
    source = dossier.provenance[0] if dossier.provenance else None
    return KeptRecord(
        account,
        dossier.order_id,
        record.key,
        source.origin if source else Origin.REPORT,
        source.collected_at if source else None,
        _latest(purchased, collected_on),
        _latest(shipped, collected_on),
        _latest(delivered, collected_on),
        _latest(every, collected_on) or collected_on,
        _is_personal(dossier),
    )


def _later_days(dossier: Dossier) -> Iterator[date | None]:
    yield from (refund.refunded_on for refund in dossier.refunds)
    yield from (posting.posted_on for posting in dossier.postings)
    yield from (one.received_on or one.requested_on for one in dossier.returns)


def _latest(days: Iterable[date | None], collected_on: date) -> date | None:
    return max((min(day, collected_on) for day in days if day is not None), default=None)


def _is_personal(dossier: Dossier) -> bool:
    """Whether `without_buyer` would take something away; made for a hundred thousand records at a time."""
    if not _is_of_a_report(dossier):
        return False
    return (
        (dossier.order is not None and bool(dossier.order.destination.lines))
        or any(parcel.delivered_to.lines for parcel in dossier.shipments)
        or any(one.comment for one in dossier.returns)
    )


def _is_of_a_report(dossier: Dossier) -> bool:
    """A record of unknown origin is taken for a report's: those are the ones that go."""
    return not dossier.provenance or dossier.provenance[0].origin is Origin.REPORT


def without_buyer(record: OrderRecord) -> OrderRecord:
    """The record without what identifies a buyer, when it comes from a report; any other record as it is."""
    dossier, order = record.dossier, record.dossier.order
    if not _is_personal(dossier):
        return record
    bare = replace(order, destination=replace(order.destination, lines=())) if order is not None else None
    parcels = tuple(
        replace(parcel, delivered_to=replace(parcel.delivered_to, lines=())) for parcel in dossier.shipments
    )
    returns = tuple(replace(one, comment="") for one in dossier.returns)
    return replace(record, dossier=replace(dossier, order=bare, shipments=parcels, returns=returns))
