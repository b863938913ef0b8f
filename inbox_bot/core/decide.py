"""Deciding a case by the rule table of `rules/decisions.toml`.

A rule is a list of conditions (`conditions.py`), one a line, over the names of `Facts`, `Standing` and `Worth`: what
the record shows, how it was weighed (`evidence.py`), and what contesting is worth (`worth.py`). A condition that meets
a value which is not on record cannot be answered, and a rule that cannot be answered stops the table: a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from inbox_bot.core.assessment import Assessment, Standing
from inbox_bot.core.conditions import Condition, Known, RowReader, engine_values, known_by, vocabulary_of
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.facts import Facts
from inbox_bot.core.model import Decision, Verdict
from inbox_bot.core.tomlfile import Path, TomlFile
from inbox_bot.core.worth import Worth

VOCABULARY = vocabulary_of(Facts, Standing, Worth)
_WORDS = SandboxedEnvironment(
    undefined=StrictUndefined, finalize=lambda value: "(not on record)" if value in (None, "") else value
)
NO_RULE = "no rule matches"
VALUE_MISSING = "a needed value is missing"
_RULE_KEYS = frozenset({"name", "when", "verdict", "because", "off"})


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """One row of the table."""

    name: str
    when: tuple[Condition, ...]
    verdict: Verdict
    because: str


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """The whole table, in the order in which it is tried."""

    rules: tuple[DecisionRule, ...]


def decide(
    facts: Facts, rules: DecisionRules, assessment: Assessment | None = None, worth: Worth | None = None
) -> Decision:
    """The first rule whose conditions all hold; `review` when none does or one cannot be answered.

    Without an assessment, or without a worth, its values count as not on record: a rule that asks for one cannot be
    answered.
    """
    standing = assessment.standing if assessment else Standing()
    missing = assessment.required_missing if assessment else ()
    return decide_by(known_by(facts, standing, worth or Worth()), rules, missing)


def decide_by(known: Known, rules: DecisionRules, missing: tuple[str, ...] = ()) -> Decision:
    """The same for values by name; all names of `VOCABULARY` must be there, None for what is not on record."""
    values = engine_values(known)
    misses: list[str] = []
    for rule in rules.rules:
        failed = _first_failure(rule, values)
        if failed is None:
            hits = tuple(condition.text for condition in rule.when)
            because = _WORDS.from_string(rule.because).render(known)
            return Decision(rule.verdict, rule.name, because, hits, tuple(misses), missing)
        condition, answer = failed
        misses.append(f"{rule.name}: {condition.text}")
        if answer is None and not _surely_fails(rule, values):
            return _undecided(rule, condition, values, tuple(misses), missing)
    because = "No rule fits what is on record" + (f"; missing: {', '.join(missing)}." if missing else ".")
    return Decision(Verdict.REVIEW, NO_RULE, because, (), tuple(misses), missing)


def _first_failure(rule: DecisionRule, values: Known) -> tuple[Condition, bool | None] | None:
    for condition in rule.when:
        answer = condition.holds(values)
        if not answer:
            return condition, answer
    return None


def _surely_fails(rule: DecisionRule, values: Known) -> bool:
    return any(condition.holds(values) is False for condition in rule.when)


def _undecided(
    rule: DecisionRule, condition: Condition, values: Known, misses: tuple[str, ...], missing: tuple[str, ...]
) -> Decision:
    names = ", ".join(condition.unknown_in(values))
    because = f'The rule "{rule.name}" cannot be answered: {names} is not on record.'
    return Decision(Verdict.REVIEW, VALUE_MISSING, because, (), misses, missing)


def load_decision_rules(files: Sequence[TomlFile]) -> DecisionRules:
    """The table from the bundled file and the user's own, in that order; raises UserError with every problem.

    A rule of a later file replaces the earlier rule of the same name where it stands; new ones are tried first.
    """
    problems: list[Problem] = []
    rules: dict[str, DecisionRule] = {}
    for file in files:
        reader = RowReader(file, VOCABULARY, problems)
        _refuse_needs(reader)
        reader.refuse_unknown_keys((), file.data, {"rule", "need"})
        added: dict[str, DecisionRule] = {}
        for path, row in reader.rows("rule"):
            _read_rule(reader, path, row, rules, added)
        rules = {**added, **rules}
    if problems:
        raise UserError(problems)
    return DecisionRules(tuple(rules.values()))


def _refuse_needs(reader: RowReader) -> None:
    """What an answer needs stood in this table once."""
    needs = reader.file.data.get("need", [])
    for position in range(len(needs) if isinstance(needs, list) else 1):
        what = "[[need]] is not read here any more"
        remedy = (
            'write it as an [[evidence]] row with role = "required" in evidence-yours.toml; see docs/rules.md'
        )
        reader.note(("need", position), what, remedy)


def _read_rule(
    reader: RowReader,
    path: Path,
    row: dict[str, Any],
    rules: dict[str, DecisionRule],
    added: dict[str, DecisionRule],
) -> None:
    reader.refuse_unknown_keys(path, row, _RULE_KEYS)
    name = reader.name("rule", path, row, added)
    if not name:
        return
    if reader.is_off(path, row):
        if rules.pop(name, None) is None:
            reader.note(path, f"there is no rule {name!r} to take out", "check the name")
        return
    rule = DecisionRule(
        name, reader.conditions("rule", path, row), _verdict(reader, path, row), _because(reader, path, row)
    )
    (rules if name in rules else added)[name] = rule


def _verdict(reader: RowReader, path: Path, row: dict[str, Any]) -> Verdict:
    word = reader.word(path, row, "verdict", tuple(verdict.value for verdict in Verdict))
    return Verdict(word or Verdict.REVIEW.value)


def _because(reader: RowReader, path: Path, row: dict[str, Any]) -> str:
    text = reader.text(path, row, "because", f"the rule {row['name']!r} gives no reason")
    try:
        unknown = meta.find_undeclared_variables(_WORDS.parse(text)) - set(VOCABULARY)
    except TemplateError as error:
        reader.note((*path, "because"), f"not a text template: {error}", "check the {{ }}")
        return ""
    for name in sorted(unknown):
        reader.note((*path, "because"), f"unknown fact {name!r}", "docs/rules.md lists the facts")
    return text
