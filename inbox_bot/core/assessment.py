"""How a case stands: its graded proofs, the checklist of its reason, the score, and what settles it either way.

The values only, so that a case can be read without the rule engine; how they come about is said in `evidence.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inbox_bot.core.record import Evidence, Grade


class Role(StrEnum):
    """What a row of the table is to the reason: points count for the first two, and against for the third."""

    REQUIRED = "required"
    HELPS = "helps"
    HURTS = "hurts"
    STATES = "states"  # shown in the checklist, never counted


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of the checklist; `gain` is what the score would rise by if it were on record."""

    name: str
    says: str
    role: Role
    grade: Grade
    present: bool
    points: int
    get: str
    gain: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the decision rules know beside the facts of the record; docs/rules.md explains each name."""

    evidence_score: int | None = None
    strong_evidence: int | None = None
    required_missing: int | None = None
    fatal: bool | None = None
    fatal_findings: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a case stands: the graded exhibits (the strongest first), the score of 100, and the checklist.

    `missing` is what is not on record, ordered by what would raise the score most; `fatal` says in words what settles
    the case whatever else is on record.
    """

    evidence: tuple[Evidence, ...]
    score: int
    checklist: tuple[CheckItem, ...]
    missing: tuple[CheckItem, ...]
    fatal: tuple[str, ...]

    @property
    def required_missing(self) -> tuple[str, ...]:
        """What the reason needs and nobody has on record, in words, the most worth first."""
        return tuple(item.says for item in self.missing if item.role is Role.REQUIRED)

    @property
    def standing(self) -> Standing:
        """The assessment as the decision rules see it."""
        strong = sum(
            item.present and item.grade is Grade.STRONG and item.role in FOR_THE_SELLER
            for item in self.checklist
        )
        missing, findings = len(self.required_missing), "; ".join(self.fatal)
        return Standing(self.score, strong, missing, bool(self.fatal), findings)


FOR_THE_SELLER = (Role.REQUIRED, Role.HELPS)
