"""Loading `rules/evidence.toml`: the bundled rows and the user's own over them, every fault told with file and line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from inbox_bot.core.assessment import Role
from inbox_bot.core.conditions import RowReader, vocabulary_of
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.evidence import EvidenceRule, EvidenceRules, FatalRule
from inbox_bot.core.facts import Facts
from inbox_bot.core.model import Reason
from inbox_bot.core.proofs import Shown
from inbox_bot.core.record import Grade
from inbox_bot.core.tomlfile import Path, TomlFile

_EVIDENCE_KEYS = frozenset(
    {*("name", "reasons", "role", "when", "grade", "proves", "points", "shown_by", "says", "get", "off")}
)
_FATAL_KEYS = frozenset({"name", "reasons", "when", "says", "off"})
_REASONS = tuple(reason.value for reason in Reason)
_GRADES = tuple(grade.value for grade in Grade if grade is not Grade.INVALID)
_ROLES = tuple(role.value for role in Role)
_SHOWN = tuple(shown.value for shown in Shown if shown is not Shown.LABEL)
_VOCABULARY = vocabulary_of(Facts)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=_Named)


def load_evidence_rules(files: Sequence[TomlFile]) -> EvidenceRules:
    """The table from the bundled file and the user's own, in that order; raises UserError with every problem.

    A row of a later file replaces the earlier one of the same name where it stands, or takes it out with `off = true`;
    new ones stand behind.
    """
    problems: list[Problem] = []
    rows: dict[str, EvidenceRule] = {}
    fatal: dict[str, FatalRule] = {}
    for file in files:
        reader = RowReader(file, _VOCABULARY, problems)
        reader.refuse_unknown_keys((), file.data, {"evidence", "fatal"})
        _read_table(reader, "evidence", rows, _read_evidence)
        _read_table(reader, "fatal", fatal, _read_fatal)
    if problems:
        raise UserError(problems)
    return EvidenceRules(tuple(rows.values()), tuple(fatal.values()))


def _read_table(
    reader: RowReader,
    table: str,
    known: dict[str, Row],
    read: Callable[[RowReader, Path, dict[str, Any]], Row],
) -> None:
    seen: set[str] = set()
    for path, row in reader.rows(table):
        name = reader.name(f"[[{table}]] row", path, row, seen)
        if not name:
            continue
        seen.add(name)
        if reader.is_off(path, row):
            if known.pop(name, None) is None:
                reader.note(path, f"there is no [[{table}]] row {name!r} to take out", "check the name")
            continue
        known[name] = read(reader, path, row)


def _read_evidence(reader: RowReader, path: Path, row: dict[str, Any]) -> EvidenceRule:
    reader.refuse_unknown_keys(path, row, _EVIDENCE_KEYS)
    name = row["name"]
    role = reader.word(path, row, "role", _ROLES) or Role.STATES.value
    shown_by = reader.words(path, row, "shown_by", "thing to show", _SHOWN) if "shown_by" in row else ()
    return EvidenceRule(
        name=name,
        reasons=_reasons(reader, path, row),
        role=Role(role),
        when=reader.conditions("row", path, row),
        grade=Grade(reader.word(path, row, "grade", _GRADES) or Grade.SUPPORTING.value),
        proves=reader.text(path, row, "proves", f"{name!r} does not say which fact it proves"),
        points=_points(reader, path, row, Role(role)),
        shown_by=tuple(Shown(shown) for shown in shown_by if shown in _SHOWN),
        says=reader.text(path, row, "says", f"{name!r} says nothing"),
        get=_get(reader, path, row, Role(role)),
    )


def _read_fatal(reader: RowReader, path: Path, row: dict[str, Any]) -> FatalRule:
    reader.refuse_unknown_keys(path, row, _FATAL_KEYS)
    says = reader.text(path, row, "says", f"{row['name']!r} says nothing")
    return FatalRule(row["name"], _reasons(reader, path, row), reader.conditions("row", path, row), says)


def _reasons(reader: RowReader, path: Path, row: dict[str, Any]) -> frozenset[str]:
    """The reasons of the row; none written down: all."""
    return (
        frozenset(reader.words(path, row, "reasons", "reason", _REASONS)) if "reasons" in row else frozenset()
    )


def _points(reader: RowReader, path: Path, row: dict[str, Any], role: Role) -> int:
    points = row.get("points", 0 if role is Role.STATES else None)
    least, most = (0, 0) if role is Role.STATES else (1, 100)
    if isinstance(points, int) and not isinstance(points, bool) and least <= points <= most:
        return points
    remedy = (
        f"write a whole number from {least} to {most}" if most else "leave points out: it is never counted"
    )
    reader.note((*path, "points"), f"the points of {row['name']!r} are {points!r}", remedy)
    return 0


def _get(reader: RowReader, path: Path, row: dict[str, Any], role: Role) -> str:
    """How to get it; what hurts or is only stated need not be got."""
    if role in (Role.REQUIRED, Role.HELPS):
        return reader.text(path, row, "get", f"{row['name']!r} does not say how to get it")
    return reader.text(path, row, "get", "get is empty") if "get" in row else ""
