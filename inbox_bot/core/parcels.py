"""What the parcels of an order show together: whether they moved, arrived, and where.

A label that was only made is no parcel on its way. What mails and reports say of one parcel is put together in
`orders/parcels.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from inbox_bot.core.model import Destination, Notice
from inbox_bot.core.places import PlaceMatch, compare_places
from inbox_bot.core.record import Dossier, Order, Shipment, ShipmentStatus


@dataclass(frozen=True, slots=True)
class Parcels:
    """What the parcels of an order show together; a replacement counts for itself."""

    parcels: tuple[Shipment, ...]
    delivered: Shipment | None  # the last one that arrived
    match: PlaceMatch
    elsewhere: bool
    replacement_delivered: bool

    @classmethod
    def of(cls, notice: Notice, dossier: Dossier) -> Parcels:
        """Those of the dossier, held against where the order and the notice say that they were to go."""
        ordered = dossier.order.destination if dossier.order else notice.destination
        first = tuple(parcel for parcel in dossier.shipments if not parcel.replacement)
        arrived = [parcel for parcel in first if parcel.status is ShipmentStatus.DELIVERED]
        matches = _matches(arrived, (ordered, notice.destination))
        elsewhere = PlaceMatch.DIFFERENT in matches
        return cls(
            parcels=first,
            delivered=max(arrived, key=_arrival) if arrived else None,
            match=PlaceMatch.DIFFERENT if elsewhere else min(matches, key=_BEST.index, default=_BEST[-1]),
            elsewhere=elsewhere,
            replacement_delivered=any(
                parcel.replacement and parcel.status is ShipmentStatus.DELIVERED
                for parcel in dossier.shipments
            ),
        )

    def partly_delivered(self, order: Order | None) -> bool:
        """Whether a parcel arrived and another did not; one piece has one parcel, however many numbers it bears."""
        arrived = {parcel.tracking_id for parcel in self.parcels if parcel.status is ShipmentStatus.DELIVERED}
        away = {parcel.status for parcel in self.parcels if parcel.tracking_id not in arrived}
        pieces = sum(item.quantity for item in order.items) if order else 0
        several = pieces > 1 and ShipmentStatus.IN_TRANSIT in away
        return bool(arrived) and (several or bool(away & {*_CAME_TO_NOTHING}))

    @property
    def any_moved(self) -> bool:
        """Whether the carrier had one."""
        return any(
            parcel.status not in _STANDING or parcel.shipped_on
            for parcel in self.parcels
            if not is_label(parcel)
        )

    @property
    def label_only(self) -> bool:
        """Whether nothing but labels was made."""
        return bool(self.parcels) and all(is_label(parcel) for parcel in self.parcels)

    @property
    def shipped_on(self) -> date | None:
        """The day on which the first one left."""
        dates = [parcel.shipped_on for parcel in self.parcels if parcel.shipped_on and not is_label(parcel)]
        return min(dates, default=None)

    @property
    def signed(self) -> bool:
        """Whether somebody signed for one that arrived."""
        return any(parcel.signed_by and parcel.status is ShipmentStatus.DELIVERED for parcel in self.parcels)

    def has(self, status: ShipmentStatus) -> bool:
        """Whether one is in this state."""
        return any(parcel.status is status for parcel in self.parcels)


# How well a place matches, the best first.
_BEST = (PlaceMatch.BOTH, PlaceMatch.CITY, PlaceMatch.POSTAL_CODE, PlaceMatch.DIFFERENT, PlaceMatch.NOT_KNOWN)
_CAME_TO_NOTHING = (ShipmentStatus.RETURNED_TO_SENDER, ShipmentStatus.LOST)
_STANDING = (ShipmentStatus.NOT_KNOWN, ShipmentStatus.LABEL_CREATED)


def _matches(arrived: Iterable[Shipment], places: Iterable[Destination]) -> tuple[PlaceMatch, ...]:
    """How each delivery matches each place that it should have gone to, as far as anything is known."""
    pairs = [(parcel.delivered_to, place) for parcel in arrived for place in dict.fromkeys(places)]
    found = (compare_places(went, wanted) for went, wanted in pairs)
    return tuple(match for match in found if match is not PlaceMatch.NOT_KNOWN)


def is_label(parcel: Shipment) -> bool:
    """Whether only a label was made for it: the carrier never had it."""
    return parcel.status is ShipmentStatus.LABEL_CREATED


def _arrival(parcel: Shipment) -> date:
    return parcel.delivered_on or date.min
