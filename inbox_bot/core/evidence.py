"""What of the record speaks for the seller and how strongly, by the table of `rules/evidence.toml`.

A row says what it takes (`when`, over the typed facts), how strong it is, and which fact it `proves`: of several rows
that prove one fact the best one counts. The score is

    100 x (points of the best row on record, for each fact, added up) / (points of the best row there is, likewise)

rounded down, less the points of the rows that hurt, never below 0. What a case is decided to be is said in `decide.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox_bot.core.assessment import FOR_THE_SELLER, Assessment, CheckItem, Role
from inbox_bot.core.conditions import Condition, Known, all_hold, engine_values, known_by
from inbox_bot.core.exhibits import ExhibitKind
from inbox_bot.core.facts import Facts
from inbox_bot.core.proofs import Proof, Shown, proofs_of
from inbox_bot.core.record import Dossier, Evidence, Grade


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """One row: what is shown to a dispute of the reasons (all when empty), and what it is worth."""

    name: str
    reasons: frozenset[str]
    role: Role
    when: tuple[Condition, ...]
    grade: Grade
    proves: str
    points: int
    shown_by: tuple[Shown, ...]
    says: str
    get: str


@dataclass(frozen=True, slots=True)
class FatalRule:
    """One finding that settles a dispute of the reasons (all when empty) whatever else is on record."""

    name: str
    reasons: frozenset[str]
    when: tuple[Condition, ...]
    says: str


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """The whole table."""

    rows: tuple[EvidenceRule, ...]
    fatal: tuple[FatalRule, ...]


def assess(
    facts: Facts, dossiers: Sequence[Dossier], rules: EvidenceRules, collected_at: datetime
) -> Assessment:
    """Weigh the record of a case; `dossiers` begin with the order in dispute.

    `collected_at` is when it was gathered, for data whose source does not say.
    """
    known = engine_values(known_by(facts))
    rows = [row for row in rules.rows if not row.reasons or facts.reason in row.reasons]
    present = [row for row in rows if all_hold(row.when, known)]
    checklist = tuple(_item(row, rows, present) for row in rows)
    return Assessment(
        evidence=_evidence(proofs_of(dossiers), present, collected_at),
        score=score_of(rows, present),
        checklist=checklist,
        missing=_missing(checklist),
        fatal=_fatal(facts, rules, known),
    )


def score_of(rows: Iterable[EvidenceRule], present: Iterable[EvidenceRule]) -> int:
    """How much of what the rows can show is on record, 0 to 100."""
    present = list(present)
    possible = sum(_best(rows).values())
    shown = 100 * sum(_best(present).values()) // possible if possible else 0
    return max(0, shown - sum(row.points for row in present if row.role is Role.HURTS))


def _best(rows: Iterable[EvidenceRule]) -> dict[str, int]:
    """The points of the best row for each fact: one fact counts once."""
    best: dict[str, int] = {}
    for row in rows:
        if row.role in FOR_THE_SELLER:
            best[row.proves] = max(best.get(row.proves, 0), row.points)
    return best


def _item(row: EvidenceRule, rows: Sequence[EvidenceRule], present: Sequence[EvidenceRule]) -> CheckItem:
    is_present = row in present
    counts = row.role in FOR_THE_SELLER and not is_present
    gain = score_of(rows, (*present, row)) - score_of(rows, present) if counts else 0
    return CheckItem(row.name, row.says, row.role, row.grade, is_present, row.points, row.get, gain)


def _missing(checklist: Sequence[CheckItem]) -> tuple[CheckItem, ...]:
    """What is required, and what would raise the score; more of a fact that is well shown already is not missed."""
    wanted = [
        item
        for item in checklist
        if not item.present and (item.role is Role.REQUIRED or (item.role is Role.HELPS and item.gain > 0))
    ]
    return tuple(sorted(wanted, key=lambda item: (-item.gain, item.role is not Role.REQUIRED)))


def _fatal(facts: Facts, rules: EvidenceRules, known: Known) -> tuple[str, ...]:
    rows = [row for row in rules.fatal if not row.reasons or facts.reason in row.reasons]
    return tuple(row.says for row in rows if all_hold(row.when, known))


def _evidence(
    proofs: Iterable[Proof], present: Sequence[EvidenceRule], collected_at: datetime
) -> tuple[Evidence, ...]:
    """Each exhibit's matter with the best grade of the rows that it shows; what no row speaks of supports."""
    order = list(Grade)
    found = [_graded(proof, present, collected_at) for proof in proofs]
    return tuple(sorted(found, key=lambda one: order.index(one.grade)))


def _graded(proof: Proof, present: Sequence[EvidenceRule], collected_at: datetime) -> Evidence:
    grades = [
        row.grade for row in present if row.role is not Role.HURTS and proof.shows.intersection(row.shown_by)
    ]
    grade = min(grades, key=list(Grade).index, default=Grade.SUPPORTING)
    if proof.kind is ExhibitKind.TRACKING and Shown.LABEL in proof.shows:
        grade = Grade.INVALID  # a label that was only made never counts, whatever a table says
    return Evidence(
        kind=proof.kind.value,
        grade=grade,
        statement=proof.statement,
        source=proof.source,
        collected_at=proof.collected_at or collected_at,
        sha256=proof.sha256,
        key=proof.key,
    )
