"""Tests of decision rules, as tables: facts, and the verdict that must come of them.

What a test leaves out is a claim of 100.00 USD about a known order of which nothing else is on record. How a case is
weighed follows from its facts by the evidence table, unless the test says so itself (`evidence_score = 20`).
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from inbox_bot.core.assessment import Standing
from inbox_bot.core.conditions import Known, RowReader, engine_values, known_by
from inbox_bot.core.decide import NO_RULE, VALUE_MISSING, VOCABULARY, decide_by
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.facts import Facts
from inbox_bot.core.judgement import Tables, judge
from inbox_bot.core.model import Decision, Kind, Reason, Verdict
from inbox_bot.core.tomlfile import Path, TomlFile
from inbox_bot.core.worth import Worth

_HINTS = {
    name: hint for noun in (Facts, Standing, Worth) for name, hint in typing.get_type_hints(noun).items()
}
_OF_FACTS = frozenset(one.name for one in dataclasses.fields(Facts))
_NOTHING: Mapping[Any, Any] = {bool: False, int: 0, str: ""}
_START: Mapping[str, Any] = {
    "kind": Kind.CLAIM.value,
    "reason": Reason.UNKNOWN.value,
    "language": "en",
    "amount": Decimal(
        "100.00"
    ),  # nearly every notice names one, and a rule about big ones must not stop the small
    "currency": "USD",
    "readable": True,
    "time_frame_stated": True,
    "order_known": True,
}
BLANK = Facts(**{name: _START.get(name, _NOTHING.get(_HINTS[name])) for name in _OF_FACTS})
"""A claim of 100.00 USD about a known order of which nothing else is on record."""
_WORDS: Mapping[str, Collection[str]] = {
    "kind": tuple(one.value for one in Kind),
    "reason": tuple(one.value for one in Reason),
}
_KEYS = frozenset({"name", "facts", "verdict", "rule", "but", "off"})
_BUT_KEYS = frozenset({"facts", "verdict", "rule"})
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # only dates evidence, which a test has none of


@dataclass(frozen=True, slots=True)
class RuleTest:
    """Given these values the verdict, and when `rule` is not empty that rule, must come of it."""

    name: str
    file: str
    line: int | None
    given: tuple[tuple[str, Any], ...]
    verdict: Verdict
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Tested:
    """A test and what came of it; `why` says in lines what decided, empty when the test held."""

    test: RuleTest
    decision: Decision
    why: tuple[str, ...] = field(default=())

    @property
    def held(self) -> bool:
        """Whether all came as the test says."""
        return not self.why


def run_tests(tests: Sequence[RuleTest], tables: Tables) -> tuple[Tested, ...]:
    """Every test asked of the tables, in order."""
    return tuple(_run(test, tables) for test in tests)


def values_of(given: Mapping[str, Any], tables: Tables) -> tuple[dict[str, Any], tuple[str, ...]]:
    """All values that rules may ask for when only `given` is said, and what the reason then misses."""
    facts = dataclasses.replace(BLANK, **{name: given[name] for name in given.keys() & _OF_FACTS})
    judged = judge(facts, (), tables, None, _ANY_TIME)
    known = known_by(facts, judged.assessment.standing, judged.worth)
    return {**known, **given}, judged.assessment.required_missing


def _run(test: RuleTest, tables: Tables) -> Tested:
    known, missing = values_of(dict(test.given), tables)
    decision = decide_by(known, tables.decisions, missing)
    wrong_rule = bool(test.rule) and decision.rule != test.rule
    if decision.verdict is test.verdict and not wrong_rule:
        return Tested(test, decision)
    return Tested(test, decision, _why(test, decision, known, tables))


def _why(test: RuleTest, decision: Decision, known: Known, tables: Tables) -> tuple[str, ...]:
    expected = f"{test.verdict.value}{f' by {test.rule!r}' if test.rule else ''}"
    lines = [f"expected {expected}, got {decision.verdict.value} by {decision.rule!r}"]
    if decision.hits:
        lines += [f"{decision.rule!r} holds: {hit}" for hit in decision.hits]
    else:
        lines.append(decision.because)
    if test.rule and decision.rule != test.rule:
        lines.append(_why_not(test.rule, known, tables))
    return tuple(lines)


def _why_not(name: str, known: Known, tables: Tables) -> str:
    names = [rule.name for rule in tables.decisions.rules]
    if name not in names:
        if name in (NO_RULE, VALUE_MISSING):
            return f"the table did find a rule, so {name!r} is not what came of it"
        near = difflib.get_close_matches(name, names, n=1)
        return f"there is no rule {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    values = engine_values(known)
    for condition in tables.decisions.rules[names.index(name)].when:
        if not condition.holds(values):
            unknown = ", ".join(condition.unknown_in(values))
            return f"{name!r} does not hold: {condition.text}" + (
                f" ({unknown} not on record)" * bool(unknown)
            )
    return f"{name!r} would hold too, but a rule above it was first"


def load_rule_tests(files: Sequence[TomlFile]) -> tuple[RuleTest, ...]:
    """The tests of all files; raises UserError with every problem.

    A test of a later file replaces the earlier one of its name; `off = true` takes one out.
    """
    problems: list[Problem] = []
    tests: dict[str, tuple[RuleTest, ...]] = {}
    for file in files:
        reader = RowReader(file, VOCABULARY, problems)
        reader.refuse_unknown_keys((), file.data, {"test"})
        seen: set[str] = set()
        for path, row in reader.rows("test"):
            reader.refuse_unknown_keys(path, row, _KEYS)
            name = reader.name("test", path, row, seen)
            seen.add(name)
            if not name:
                continue
            if not reader.is_off(path, row):
                tests[name] = _read(reader, path, row, name)
            elif tests.pop(name, None) is None:
                reader.note(path, f"there is no test {name!r} to take out", "check the name")
    if problems:
        raise UserError(problems)
    return tuple(test for group in tests.values() for test in group)


def _read(reader: RowReader, path: Path, row: Mapping[str, Any], name: str) -> tuple[RuleTest, ...]:
    given = _given(reader, path, row)
    tests = [_test(reader, path, row, name, given)]
    others = row.get("but", [])
    if not isinstance(others, list) or not all(isinstance(one, dict) for one in others):
        reader.note((*path, "but"), "but must be a list of tables", "write [[test.but]] above each")
        return tuple(tests)
    for number, other in enumerate(others):
        place = (*path, "but", number)
        reader.refuse_unknown_keys(place, other, _BUT_KEYS)
        changed = _given(reader, place, other)
        said = ", ".join(f"{key} = {_shown(value)}" for key, value in changed.items())
        tests.append(
            _test(reader, place, {**other, "name": name}, f"{name}, but {said}", {**given, **changed})
        )
    return tuple(tests)


def _test(
    reader: RowReader, path: Path, row: Mapping[str, Any], name: str, given: Mapping[str, Any]
) -> RuleTest:
    verdict = reader.word(path, row, "verdict", tuple(one.value for one in Verdict))
    rule = row.get("rule", "")
    if not isinstance(rule, str):
        reader.note((*path, "rule"), f"rule is {rule!r}", "write the name of a rule, in quotes")
        rule = ""
    line = reader.file.line_of(path)
    return RuleTest(name, reader.file.file, line, tuple(given.items()), Verdict(verdict or "review"), rule)


def _given(reader: RowReader, path: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    facts = row.get("facts")
    if not isinstance(facts, dict) or not facts:
        reader.note((*path, "facts"), "a test has no facts", "add facts = { delivered = true }")
        return {}
    found: dict[str, Any] = {}
    for name, value in facts.items():
        try:
            found[name] = _value(name, value)
        except ValueError as error:
            what, remedy = error.args
            reader.note((*path, "facts", name), what, remedy, needle=name)
    return found


def _value(name: str, value: Any) -> Any:
    """The value as the fact has it; raises ValueError (what is wrong, the remedy)."""
    if name not in _HINTS:
        near = difflib.get_close_matches(name, _HINTS, n=1)
        remedy = f"did you mean {near[0]}?" if near else "docs/rules.md lists the facts"
        raise ValueError(f"unknown fact {name!r}", remedy)
    hint = _HINTS[name]
    kinds = typing.get_args(hint) or (hint,)
    if type(None) in kinds and value == "unknown":
        return None
    if Decimal in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if type(value) not in kinds:
        raise ValueError(f"{name} is {_shown(value)}", _REMEDIES[kinds[0]])
    if name in _WORDS and value not in _WORDS[name]:
        raise ValueError(f"{name} is {_shown(value)}", "choose one of: " + ", ".join(_WORDS[name]))
    return value


_REMEDIES: Mapping[Any, str] = {
    bool: "write true or false",
    int: "write a whole number",
    str: "write a text in quotes",
    Decimal: 'write a number, like 108.84, or "unknown"',
    date: 'write a day without quotes, like 2026-10-01, or "unknown"',
}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else "unknown" if value is None else str(value)
