"""The exhibits of an answer: what goes into the book, numbered, the strongest first.

A letter points at exhibits by their numbers; the book prints them in the same order. What an exhibit holds is taken
from the dossier, nothing is made up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from inbox_bot.core.record import Dossier, Evidence, Grade, Party, Provenance, Shipment


class ExhibitKind(StrEnum):
    """What an exhibit is; the book has one way of printing each."""

    ORDER = "order"
    TRACKING = "tracking"
    REFUNDS = "refunds"  # refunds, returns and settlement lines
    CORRESPONDENCE = "correspondence"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One numbered exhibit; `key` is a parcel's (see `parcel_keys`) or the document's SHA-256, empty for the others.

    `order_id` is the order it belongs to: a dispute about a double charge has exhibits of two.
    """

    number: int
    kind: ExhibitKind
    order_id: str
    key: str
    grade: Grade
    provenance: tuple[Provenance, ...]


def parcel_keys(shipments: Sequence[Shipment]) -> tuple[str, ...]:
    """A name for each parcel of an order that no other parcel of it has: the tracking id, or its place in the list."""
    return tuple(parcel.tracking_id or f"parcel {number}" for number, parcel in enumerate(shipments, 1))


def list_exhibits(dossiers: Sequence[Dossier], evidence: Sequence[Evidence]) -> tuple[Exhibit, ...]:
    """The exhibits of a case, the strongest first and numbered from 1; `dossiers` begin with the order in dispute."""
    found = [exhibit for dossier in dossiers for exhibit in _of(dossier, evidence)]
    grades = list(Grade)
    found.sort(key=lambda exhibit: (exhibit.order_id != dossiers[0].order_id, grades.index(exhibit.grade)))
    return tuple(replace(exhibit, number=number) for number, exhibit in enumerate(found, 1))


def _of(dossier: Dossier, evidence: Sequence[Evidence]) -> Iterable[Exhibit]:
    def exhibit(kind: ExhibitKind, key: str, cited: Iterable[Provenance]) -> Exhibit:
        grade = _grade(kind, key, evidence)
        return Exhibit(0, kind, dossier.order_id, key, grade, tuple(dict.fromkeys(cited)))

    for key, parcel in zip(parcel_keys(dossier.shipments), dossier.shipments, strict=True):
        yield exhibit(ExhibitKind.TRACKING, key, dossier.cited(parcel.source))
    money = dict.fromkeys(
        (
            *(refund.source for refund in dossier.refunds),
            *(back.source for back in dossier.returns),
            *(posting.source for posting in dossier.postings),
        )
    )
    if money:
        yield exhibit(ExhibitKind.REFUNDS, "", (source for name in money for source in dossier.cited(name)))
    if dossier.order is not None:
        yield exhibit(ExhibitKind.ORDER, "", dossier.cited(dossier.order.source))
    spoken = [one for one in dossier.messages if one.party in (Party.BUYER, Party.SELLER)]
    if spoken:
        mails = {message.mail_sha256 for message in spoken}
        yield exhibit(
            ExhibitKind.CORRESPONDENCE, "", (one for one in dossier.provenance if one.sha256 in mails)
        )
    for document in dossier.documents:
        yield exhibit(ExhibitKind.DOCUMENT, document.sha256, dossier.cited(document.source))


def _grade(kind: ExhibitKind, key: str, evidence: Sequence[Evidence]) -> Grade:
    """The best grade of the evidence that the exhibit carries; what nothing was said about supports."""
    grades = [one.grade for one in evidence if one.kind == kind.value and (not key or one.key == key)]
    return min(grades, key=list(Grade).index, default=Grade.SUPPORTING)
