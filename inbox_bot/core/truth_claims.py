"""What a letter claims happened, held against the record: delivered, signed for, refunded, asked to cancel, denied.

Words are found by `rules/statements.toml`; days, amounts, ids and names are the business of `core/truth.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from inbox_bot.core.money_moved import Refunds
from inbox_bot.core.parcels import Parcels, is_label
from inbox_bot.core.phrase_table import PhraseHit
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
        if any(one.name == "no_claim" and one.start <= hit.start < one.end for one in reading):
            continue
        if any(one.name == "alleged" and one.start < hit.start for one in reading):
            continue
        if any(one.name == "supposed" and begin <= one.start < hit.end for one in reading):
            continue
        denied = hit.name in _DENIES or _is_denied(text, hit, begin, max(end, hit.end), reading)
        yield Claim(hit.name, denied, hit.start, hit.end)


_READING = ("negation", "not_on_record", "no_negation", "no_claim", "supposed", "alleged")
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
        spared_here = any(other.start <= one.start < other.end for other in spared)
        if one.name == "negation" and one.start < hit.end and not spared_here:
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

    def _shows(self, name: str) -> bool:
        return _SHOWS[name](self)

    def _all_show(self, name: str) -> bool:
        """Whether a denial is wrong: of parcels every one must show it, for one of two may be meant."""
        if name in _OF_A_PARCEL:
            own = [one for one in self.parcels if not one.replacement] or list(self.parcels)
            return bool(own) and all(_replace_parcels(self, one)._shows(name) for one in own)
        return self._shows(name)

    def has_status(self, status: ShipmentStatus) -> bool:
        """Whether a parcel is in this state."""
        return any(one.status is status for one in self.parcels)

    def is_shipped(self) -> bool:
        """Whether a carrier had a parcel, or the order's report says so."""
        orders = [one.order for one in self.dossiers if one.order is not None]
        return any(_moved(one) for one in self.parcels) or any(one.status == "shipped" for one in orders)

    def is_signed(self) -> bool:
        """Whether somebody signed for a parcel that arrived, or a document shows it."""
        documents = [one.shows for dossier in self.dossiers for one in dossier.documents]
        return "signature" in documents or any(
            one.signed_by and one.status is ShipmentStatus.DELIVERED for one in self.parcels
        )

    def is_refunded(self, *, full: bool = False) -> bool:
        """Whether a refund is on record, or a person confirmed one."""
        if self.ground.refund_confirmed:
            return True
        if full:
            return any(Refunds.of(self.ground.notice, one).full for one in self.dossiers)
        return any(one.refunds for one in self.dossiers) or self.has_posting(PostingKind.REFUND)

    def has_posting(self, kind: PostingKind) -> bool:
        """Whether a settlement has a line of this kind."""
        return any(one.kind is kind for dossier in self.dossiers for one in dossier.postings)

    def has_return(self, *, received: bool) -> bool:
        """Whether a return is on record, and came back."""
        marks = (
            ("return_received",) if received else ("return_requested", "return_received", "confirms_return")
        )
        returns = [one for dossier in self.dossiers for one in dossier.returns]
        return any(one.received_on or not received for one in returns) or self.marked(*marks)

    def has_replacement(self, *, delivered: bool) -> bool:
        """Whether a replacement went out, and arrived."""
        sent = [one for one in self.parcels if one.replacement]
        if delivered:
            return any(one.status is ShipmentStatus.DELIVERED for one in sent)
        return bool(sent) or self.marked("replacement_sent")

    def wrote(self, *parties: Party) -> bool:
        """Whether one of the parties wrote."""
        return any(one.party in parties for dossier in self.dossiers for one in dossier.messages)

    def is_at_the_place(self) -> bool:
        """Whether no delivery is known to have gone elsewhere."""
        return Parcels.of(self.ground.notice, self.dossiers[0]).match is not PlaceMatch.DIFFERENT


_SHOWS: dict[str, Callable[[Shown], bool]] = {
    "delivered": lambda shown: shown.has_status(ShipmentStatus.DELIVERED),
    "signed": Shown.is_signed,
    "shipped": Shown.is_shipped,
    "returned_to_sender": lambda shown: shown.has_status(ShipmentStatus.RETURNED_TO_SENDER),
    "lost": lambda shown: shown.has_status(ShipmentStatus.LOST),
    "in_transit": lambda shown: shown.has_status(ShipmentStatus.IN_TRANSIT),
    "label_only": lambda shown: any(is_label(one) for one in shown.parcels),
    "refunded": Shown.is_refunded,
    "refunded_in_full": lambda shown: shown.is_refunded(full=True),
    "replacement_delivered": lambda shown: shown.has_replacement(delivered=True),
    "replacement_sent": lambda shown: shown.has_replacement(delivered=False),
    "receipt_admitted": lambda shown: shown.marked("admits_receipt"),
    "cancel_asked": lambda shown: shown.marked("asks_to_cancel"),
    "refund_offered": lambda shown: (
        shown.marked("offers_refund", "offers_return_label", "offers_replacement") or shown.is_refunded()
    ),
    "return_known": lambda shown: shown.has_return(received=False),
    "return_received": lambda shown: shown.has_return(received=True),
    "messages": lambda shown: shown.wrote(Party.BUYER),
    "to_the_place": Shown.is_at_the_place,
    "atoz": lambda shown: shown.has_posting(PostingKind.ATOZ) or shown.marked("atoz_open", "atoz_granted"),
    "no messages": lambda shown: bool(spoken(shown.dossiers[0])),
    "no parcels": lambda shown: any(_moved(one) for one in shown.dossiers[0].shipments),
}
_OF_A_PARCEL = frozenset({"delivered", "signed", "shipped", "returned_to_sender", "lost", "in_transit"})


def _replace_parcels(shown: Shown, parcel: Shipment) -> Shown:
    return Shown(shown.ground, shown.dossiers, (parcel,))


def _moved(parcel: Shipment) -> bool:
    if is_label(parcel):
        return False
    return parcel.status is not ShipmentStatus.NOT_KNOWN or parcel.shipped_on is not None
