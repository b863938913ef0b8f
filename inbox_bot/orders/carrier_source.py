"""What the carriers' scans say of an order's parcels: asked through a tracking service, and kept.

Carriers delete their history; what was seen once stays in the record and is joined with what is seen later. Which
service is asked is not the business of this module (`tracking_provider.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance, Shipment, ShipmentStatus
from inbox_bot.orders.carriers import Carriers, is_plausible, plain_tracking_id
from inbox_bot.orders.dossiers import merge_dossiers
from inbox_bot.orders.parcels import merge_shipments
from inbox_bot.orders.source import Finding
from inbox_bot.orders.tracking_provider import TrackingAnswer, TrackingProvider, TrackingQuery

MOST_PARCELS = 10  # of one order; more is a list of numbers, not an order
FRESH = timedelta(hours=12)
_MOST_SNAPSHOTS = 5


@dataclass(frozen=True, slots=True)
class CarrierSource:
    """`RecordSource` over a tracking service; `kept` gives the records of an order that were kept before."""

    provider: TrackingProvider
    carriers: Carriers
    kept: Callable[[str], Sequence[OrderRecord]]
    name: str = "carrier"

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        """As `RecordSource.look_up`; one that cannot be asked until the configuration is changed is a problem."""
        parcels = _parcels(known)
        problems = list(_left_out(parcels))
        records = {record.key: record for record in self.kept(known.order_id)}
        before = {plain: records.get(self._key(plain)) for plain in list(parcels)[:MOST_PARCELS]}
        wanted = [
            self._query(parcels[plain]) for plain, record in before.items() if not _is_enough(record, at)
        ]
        answers, refused = self._ask(wanted)
        problems.extend(refused)
        dossier = Dossier(known.order_id)
        files: dict[str, bytes] = {}
        keep: list[OrderRecord] = []
        for plain, record in before.items():
            answer = answers.get(plain)
            if answer is not None and answer.shipment is not None:
                record = self._joined(record, answer, answer.shipment, at)
                files[_digest(answer.raw_json)] = answer.raw_json
                keep.append(record)
            elif answer is not None and answer.problem is not None:
                problems.append(answer.problem)
            if record is not None:
                dossier = merge_dossiers(dossier, record.dossier)
        return Finding(dossier, files, tuple(problems), tuple(keep))

    def _key(self, plain: str) -> str:
        return f"{self.provider.name.lower()} {plain}"

    def _query(self, parcel: Shipment) -> TrackingQuery:
        code = self.carriers.track17_code(parcel.tracking_id, parcel.carrier)
        return TrackingQuery(parcel.order_id, plain_tracking_id(parcel.tracking_id), code)

    def _ask(self, wanted: Sequence[TrackingQuery]) -> tuple[dict[str, TrackingAnswer], tuple[Problem, ...]]:
        try:
            answers = self.provider.track(wanted) if wanted else ()
        except UserError as error:
            return {}, error.problems
        return {plain_tracking_id(answer.tracking_id): answer for answer in answers}, ()

    def _joined(
        self, record: OrderRecord | None, answer: TrackingAnswer, shipment: Shipment, at: datetime
    ) -> OrderRecord:
        """What was kept and what is new as one record; a snapshot that held more than the new one stays cited."""
        plain = plain_tracking_id(answer.tracking_id)
        new = replace(shipment, carrier=self.carriers.named(shipment.carrier) or shipment.carrier)
        cited = Provenance(f"{self.provider.name} {plain}", Origin.CARRIER, at, _digest(answer.raw_json))
        new = replace(new, source=cited.name)
        if record is None or not record.dossier.shipments:
            dossier = Dossier(new.order_id, shipments=(new,), provenance=(cited,))
            return OrderRecord(self._key(plain), dossier)
        old = record.dossier.shipments[0]
        if old.status is ShipmentStatus.LOST and new.status in _FOUND_AGAIN:
            old = replace(old, status=ShipmentStatus.IN_TRANSIT)
        (merged,) = merge_shipments((replace(old, tracking_id=new.tracking_id), new))
        snapshots = tuple(one for one in record.dossier.provenance if one.sha256 != cited.sha256)
        if set(old.scans) <= set(new.scans):
            snapshots = ()
        # The first snapshot is that of the notice's day.
        snapshots = (*snapshots[:1], *snapshots[1:][-(_MOST_SNAPSHOTS - 2) :], cited)
        dossier = Dossier(new.order_id, shipments=(merged,), provenance=snapshots)
        return OrderRecord(record.key, dossier)


_FOUND_AGAIN = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED)


def _parcels(known: Dossier) -> dict[str, Shipment]:
    """The order's parcels with an id that may be a carrier's, by the plain id."""
    found: dict[str, Shipment] = {}
    for parcel in known.shipments:
        if is_plausible(parcel.tracking_id) and parcel.tracking_id != known.order_id:
            found.setdefault(plain_tracking_id(parcel.tracking_id), parcel)
    return found


def _left_out(parcels: dict[str, Shipment]) -> Iterator[Problem]:
    if len(parcels) > MOST_PARCELS:
        what = f"{len(parcels)} parcels are on record; only the first {MOST_PARCELS} were looked up"
        yield Problem(
            what, remedy="check the tracking ids of this order, and add the others with `evidence add`"
        )


def _is_enough(record: OrderRecord | None, at: datetime) -> bool:
    """True when what is kept need not be asked for again."""
    if record is None or not record.dossier.shipments:
        return False
    parcel = record.dossier.shipments[0]
    if parcel.status is ShipmentStatus.DELIVERED and parcel.scans:
        return True
    collected = [one.collected_at for one in record.dossier.provenance]
    return bool(collected) and at - max(collected) < FRESH


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
