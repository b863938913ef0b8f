"""What a letter claims happened, held against the record: delivered, signed for, refunded, asked to cancel, denied.

Words are found by `rules/statements.toml`; days, amounts, ids and names are the business of `core/truth.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inbox_bot.core.model import Notice
from inbox_bot.core.money_moved import Refunds
from inbox_bot.core.parcels import Parcels, is_label
from inbox_bot.core.phrases import PhraseHit
from inbox_bot.core.places import PlaceMatch
from inbox_bot.core.record import Dossier, Party, PostingKind, Shipment, ShipmentStatus
from inbox_bot.core.sentences import is_conditional
from inbox_bot.core.truth_known import Ground, spoken
from inbox_bot.core.truth_text import Statement, not_inside
from inbox_bot.core.truth_words import StatementWords


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a statement: which one, whether it is denied, and its span in the statement."""

    name: str
    denied: bool
    start: int
    end: int


def claims_in(
    statement: Statement, words: StatementWords, dates: Sequence[tuple[int, int]]
) -> Iterator[Claim]:
    """What the statement says as a fact; `dates` are the spans of its dates ("May 4" supposes nothing)."""
    text = statement.text
    hits = not_inside(words.claims.find_all(text))
    if not hits and words.denials.find_first(text) is None:
        return
    if text.rstrip(" \"'").endswith(("?", "？")) or is_conditional(text):
        return
    reading = words.reading.find_all(text, _READING)
    reading = tuple(one for one in reading if not any(start <= one.start < end for start, end in dates))
    for hit in (*hits, *_denials(words, text)):
        clause = statement.clause_at(hit.start)
        begin, end = statement.clauses[clause]
        if any(one.name == "alleged" and one.start < hit.start for one in reading):
            continue
        if any(one.name == "supposed" and begin <= one.start < hit.end for one in reading):
            continue
        denied = hit.name in _DENIES or _is_denied(text, hit, begin, max(end, hit.end), reading)
        yield Claim(hit.name, denied, hit.start, hit.end)


_READING = ("negation", "not_on_record", "no_negation", "supposed", "alleged")
_DENIES = frozenset({"no messages", "no parcels"})


def _denials(words: StatementWords, text: str) -> Iterator[PhraseHit]:
    for hit in words.denials.find_all(text):
        yield PhraseHit(f"no {hit.name}", hit.start, hit.end, hit.words)


def _is_denied(text: str, hit: PhraseHit, begin: int, end: int, reading: Sequence[PhraseHit]) -> bool:
    spared = [one for one in reading if one.name in ("no_negation", "not_on_record")]
    for one in reading:
        if not begin <= one.start < end:
            continue
        if one.name == "not_on_record" and not _is_missing_value(text, one.start):
            return True
        if one.name == "negation" and one.start < hit.end:
            if not any(other.start <= one.start < other.end for other in spared):
                return True
    return False


def _is_missing_value(text: str, start: int) -> bool:
    """Whether "not on record" stands where a day or a name would: "delivered on not on record"."""
    return text[:start].rstrip(" ").casefold().endswith(_BEFORE_VALUES)


_BEFORE_VALUES = (" on", "于", "为", "日期", ":", "：", " speed", " date", " amount", "金额")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the record shows for one statement: the parcels it is about and the orders it names."""

    ground: Ground
    dossiers: tuple[Dossier, ...]
    parcels: tuple[Shipment, ...]

    @property
    def notice(self) -> Notice:
        """The notice that is answered."""
        return self.ground.notice

    def marked(self, *marks: str) -> bool:
        """Whether the correspondence carries one of the marks."""
        return any(
            mark in dossier.marks or any(mark in one.marks for one in dossier.messages)
            for dossier in self.dossiers
            for mark in marks
        )

    def holds(self, claim: Claim) -> bool:
        """Whether what the claim says is on record; a denied one holds when the record does not show it."""
        return not self._all_show(claim.name) if claim.denied else self._shows(claim.name)

    def _status(self, status: ShipmentStatus) -> bool:
        return any(one.status is status for one in self.parcels)

    def _shows(self, name: str) -> bool:
        first = self.dossiers[0]
        match name:
            case "delivered":
                return self._status(ShipmentStatus.DELIVERED)
            case "signed":
                return self._is_signed()
            case "shipped":
                return any(_moved(one) for one in self.parcels) or any(
                    one.order is not None and one.order.status == "shipped" for one in self.dossiers
                )
            case "returned_to_sender":
                return self._status(ShipmentStatus.RETURNED_TO_SENDER)
            case "lost":
                return self._status(ShipmentStatus.LOST)
            case "in_transit":
                return self._status(ShipmentStatus.IN_TRANSIT)
            case "label_only":
                return any(is_label(one) for one in self.parcels)
            case "refunded":
                return self._is_refunded()
            case "refunded_in_full":
                return self.ground.refund_confirmed or any(
                    Refunds.of(self.notice, one).full for one in self.dossiers
                )
            case "replacement_delivered":
                return any(
                    one.replacement and one.status is ShipmentStatus.DELIVERED for one in self.parcels
                )
            case "replacement_sent":
                return any(one.replacement for one in self.parcels) or self.marked("replacement_sent")
            case "receipt_admitted":
                return self.marked("admits_receipt")
            case "cancel_asked":
                return self.marked("asks_to_cancel")
            case "refund_offered":
                return self.marked(
                    "offers_refund", "offers_return_label", "offers_replacement"
                ) or bool(first.refunds)
            case "return_known":
                return self._is_returned() or self.marked("return_requested", "confirms_return")
            case "return_received":
                return any(one.received_on for dossier in self.dossiers for one in dossier.returns) or (
                    self.marked("return_received")
                )
            case "messages" | "no messages":
                party = (Party.BUYER,) if name == "messages" else (Party.BUYER, Party.SELLER)
                return any(one.party in party for dossier in self.dossiers for one in dossier.messages)
            case "to_the_place":
                return self._match is not PlaceMatch.DIFFERENT
            case "atoz":
                kinds = [one.kind for dossier in self.dossiers for one in dossier.postings]
                return PostingKind.ATOZ in kinds or self.marked("atoz_open", "atoz_granted")
        return any(_moved(one) for one in first.shipments)  # "no parcels"

    def _all_show(self, name: str) -> bool:
        """Whether a denial is wrong: of parcels every one must show it, for one of two may be meant."""
        if name in _OF_A_PARCEL:
            own = [one for one in self.parcels if not one.replacement] or list(self.parcels)
            return bool(own) and all(_replace_parcels(self, one)._shows(name) for one in own)
        if name == "no messages":
            return bool(spoken(self.dossiers[0]))
        return self._shows(name)

    def _is_signed(self) -> bool:
        documents = [one.shows for dossier in self.dossiers for one in dossier.documents]
        return "signature" in documents or any(
            one.signed_by and one.status is ShipmentStatus.DELIVERED for one in self.parcels
        )

    def _is_refunded(self) -> bool:
        kinds = [one.kind for dossier in self.dossiers for one in dossier.postings]
        refunds = any(dossier.refunds for dossier in self.dossiers)
        return self.ground.refund_confirmed or refunds or PostingKind.REFUND in kinds

    def _is_returned(self) -> bool:
        return any(dossier.returns for dossier in self.dossiers)

    @property
    def _match(self) -> PlaceMatch:
        return Parcels.of(self.notice, self.dossiers[0]).match


_OF_A_PARCEL = frozenset({"delivered", "signed", "shipped", "returned_to_sender", "lost", "in_transit"})


def _replace_parcels(shown: Shown, parcel: Shipment) -> Shown:
    return Shown(shown.ground, shown.dossiers, (parcel,))


def _moved(parcel: Shipment) -> bool:
    if is_label(parcel):
        return False
    return parcel.status is not ShipmentStatus.NOT_KNOWN or parcel.shipped_on is not None
