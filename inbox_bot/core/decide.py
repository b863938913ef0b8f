"""Deciding a case by the rule table of `rules/decisions.toml`.

A rule is a list of conditions in the language of the rule-engine package, one a line, over the typed names of
`Facts`. Unknown names, wrong types and syntax errors are refused when the table is loaded. A condition that meets a
value which is not on record cannot be answered, and a rule that cannot be answered stops the table: a person decides.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import rule_engine
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.facts import Facts, known_by
from inbox_bot.core.model import Decision, Reason, Verdict
from inbox_bot.core.tomlfile import Path, TomlFile

_TYPES = {
    str: rule_engine.DataType.STRING,
    bool: rule_engine.DataType.BOOLEAN,
    Decimal | None: rule_engine.DataType.FLOAT,
    date | None: rule_engine.DataType.DATETIME,
}
_FACT_TYPES = {name: _TYPES[hint] for name, hint in typing.get_type_hints(Facts).items()}
_WORDS = SandboxedEnvironment(
    undefined=StrictUndefined, finalize=lambda value: "(not on record)" if value in (None, "") else value
)
_RULE_KEYS = {"name", "when", "verdict", "because", "off"}
_NEED_KEYS = {"reason", "fact", "says"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a rule, compiled, with the facts it speaks of."""

    text: str
    names: frozenset[str]
    compiled: Any

    def holds(self, known: dict[str, Any]) -> bool | None:
        """Whether it holds; None when a fact it needs is not on record and it does not ask for that itself."""
        if "null" not in self.text and any(known[name] is None for name in self.names):
            return None
        try:
            return bool(self.compiled.matches(known))
        except rule_engine.EvaluationError:
            return None


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """One row of the table."""

    name: str
    when: tuple[Condition, ...]
    verdict: Verdict
    because: str


@dataclass(frozen=True, slots=True)
class Need:
    """Something an answer to a dispute of the reasons has to show."""

    reasons: frozenset[str]
    condition: Condition
    says: str


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """The whole table, in the order in which it is tried."""

    rules: tuple[DecisionRule, ...]
    needs: tuple[Need, ...]


def decide(facts: Facts, rules: DecisionRules) -> Decision:
    """The first rule whose conditions all hold; `review` when none does or one cannot be answered."""
    known = _engine_values(facts)
    missing = missing_for(facts, rules)
    misses: list[str] = []
    for rule in rules.rules:
        failed = _first_failure(rule, known)
        if failed is None:
            hits = tuple(condition.text for condition in rule.when)
            because = _WORDS.from_string(rule.because).render(known_by(facts))
            return Decision(rule.verdict, rule.name, because, hits, tuple(misses), missing)
        condition, answer = failed
        misses.append(f"{rule.name}: {condition.text}")
        if answer is None and not _surely_fails(rule, known):
            return _undecided(rule, condition, known, tuple(misses), missing)
    because = "No rule fits what is on record" + (f"; missing: {', '.join(missing)}." if missing else ".")
    return Decision(Verdict.REVIEW, "no rule matches", because, (), tuple(misses), missing)


def missing_for(facts: Facts, rules: DecisionRules) -> tuple[str, ...]:
    """What the reason of the dispute needs and nobody has on record."""
    known = _engine_values(facts)
    return tuple(
        need.says
        for need in rules.needs
        if facts.reason in need.reasons and not _shown(need.condition, known)
    )


def _shown(condition: Condition, known: dict[str, Any]) -> bool:
    return all(known[name] is not None for name in condition.names) and bool(
        condition.compiled.matches(known)
    )


def _first_failure(rule: DecisionRule, known: dict[str, Any]) -> tuple[Condition, bool | None] | None:
    for condition in rule.when:
        answer = condition.holds(known)
        if not answer:
            return condition, answer
    return None


def _surely_fails(rule: DecisionRule, known: dict[str, Any]) -> bool:
    return any(condition.holds(known) is False for condition in rule.when)


def _undecided(
    rule: DecisionRule,
    condition: Condition,
    known: dict[str, Any],
    misses: tuple[str, ...],
    missing: tuple[str, ...],
) -> Decision:
    names = sorted(name for name in condition.names if known[name] is None)
    because = f'The rule "{rule.name}" cannot be answered: {", ".join(names)} is not on record.'
    return Decision(Verdict.REVIEW, "a needed value is missing", because, (), misses, missing)


def _engine_values(facts: Facts) -> dict[str, Any]:
    return {
        name: datetime.combine(value, time.min, UTC) if isinstance(value, date) else value
        for name, value in known_by(facts).items()
    }


def load_decision_rules(files: Sequence[TomlFile]) -> DecisionRules:
    """The table from the bundled file and the user's own, in that order; raises UserError with every problem.

    A rule of a later file replaces the earlier rule of the same name where it stands; new ones are tried first.
    """
    problems: list[Problem] = []
    rules: dict[str, DecisionRule] = {}
    needs: list[Need] = []
    for file in files:
        added: dict[str, DecisionRule] = {}
        _refuse_unknown_keys(file, (), file.data, {"rule", "need"}, problems)
        for position, entry in enumerate(_tables(file, "rule", problems)):
            _read_rule(file, ("rule", position), entry, rules, added, problems)
        for position, entry in enumerate(_tables(file, "need", problems)):
            if (need := _read_need(file, ("need", position), entry, problems)) is not None:
                needs.append(need)
        rules = {**added, **rules}
    if problems:
        raise UserError(problems)
    return DecisionRules(tuple(rules.values()), tuple(needs))


def _tables(file: TomlFile, key: str, problems: list[Problem]) -> list[dict[str, Any]]:
    value = file.data.get(key, [])
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    problems.append(file.problem((key,), f"{key} must be a list of tables", f"write [[{key}]] above each"))
    return []


def _read_rule(
    file: TomlFile,
    path: Path,
    entry: dict[str, Any],
    rules: dict[str, DecisionRule],
    added: dict[str, DecisionRule],
    problems: list[Problem],
) -> None:
    _refuse_unknown_keys(file, path, entry, _RULE_KEYS, problems)
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        problems.append(file.problem(path, "a rule has no name", 'add name = "..."'))
        return
    if name in added:
        problems.append(file.problem((*path, "name"), f"the rule {name!r} stands here twice", "rename one"))
        return
    if entry.get("off") is True:
        if rules.pop(name, None) is None:
            problems.append(file.problem(path, f"there is no rule {name!r} to take out", "check the name"))
        return
    rule = DecisionRule(
        name,
        _conditions(file, path, entry, problems),
        _verdict(file, path, entry, problems),
        _because(file, path, entry, problems),
    )
    (rules if name in rules else added)[name] = rule


def _conditions(
    file: TomlFile, path: Path, entry: dict[str, Any], problems: list[Problem]
) -> tuple[Condition, ...]:
    lines = entry.get("when")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
        what = f"the rule {entry.get('name')!r} needs when = [ ... ], a list of conditions"
        problems.append(file.problem((*path, "when"), what, "write one condition a line, each in quotes"))
        return ()
    compiled = [_condition(file, (*path, "when"), line, problems) for line in lines]
    return tuple(condition for condition in compiled if condition is not None)


def _condition(file: TomlFile, path: Path, text: str, problems: list[Problem]) -> Condition | None:
    names: set[str] = set()
    resolve = rule_engine.type_resolver_from_dict(_FACT_TYPES)

    def remember(name: str) -> Any:
        names.add(name)
        return resolve(name)

    try:
        compiled = rule_engine.Rule(text, context=rule_engine.Context(type_resolver=remember))
    except rule_engine.SymbolResolutionError as error:
        remedy = f"did you mean {error.suggestion}?" if error.suggestion else "docs/rules.md lists the facts"
        what = f"unknown fact {error.symbol_name!r} in {text!r}"
    except rule_engine.RuleSyntaxError:
        what, remedy = f"not a condition: {text!r}", "see docs/rules.md for how conditions are written"
    except rule_engine.EngineError as error:
        what, remedy = f"wrong types in {text!r}: {error}", "compare text with text and numbers with numbers"
    else:
        return Condition(text, frozenset(names), compiled)
    problems.append(file.problem(path, what, remedy, needle=text))
    return None


def _verdict(file: TomlFile, path: Path, entry: dict[str, Any], problems: list[Problem]) -> Verdict:
    try:
        return Verdict(entry.get("verdict", ""))
    except ValueError:
        what = f"the verdict of rule {entry.get('name')!r} is {entry.get('verdict')!r}"
        remedy = "choose one of: " + ", ".join(verdict.value for verdict in Verdict)
        problems.append(file.problem((*path, "verdict"), what, remedy))
        return Verdict.REVIEW


def _because(file: TomlFile, path: Path, entry: dict[str, Any], problems: list[Problem]) -> str:
    text = entry.get("because")
    if not isinstance(text, str) or not text.strip():
        what = f"the rule {entry.get('name')!r} gives no reason"
        problems.append(file.problem((*path, "because"), what, 'add because = "..."'))
        return ""
    try:
        unknown = meta.find_undeclared_variables(_WORDS.parse(text)) - set(_FACT_TYPES)
    except TemplateError as error:
        problems.append(file.problem((*path, "because"), f"not a text template: {error}", "check the {{ }}"))
        return ""
    problems.extend(
        file.problem((*path, "because"), f"unknown fact {name!r}", "docs/rules.md lists the facts")
        for name in sorted(unknown)
    )
    return text


def _read_need(file: TomlFile, path: Path, entry: dict[str, Any], problems: list[Problem]) -> Need | None:
    _refuse_unknown_keys(file, path, entry, _NEED_KEYS, problems)
    reasons, fact, says = entry.get("reason"), entry.get("fact"), entry.get("says")
    if not isinstance(fact, str) or not isinstance(says, str) or not isinstance(reasons, list):
        what = "a need has a list of reasons, a fact and what it says"
        problems.append(file.problem(path, what, 'write reason = ["..."], fact = "...", says = "..."'))
        return None
    for reason in reasons:
        if reason not in {known.value for known in Reason}:
            remedy = "choose from: " + ", ".join(known.value for known in Reason)
            problems.append(file.problem((*path, "reason"), f"unknown reason {reason!r}", remedy))
    condition = _condition(file, (*path, "fact"), fact, problems)
    return Need(frozenset(map(str, reasons)), condition, says) if condition is not None else None


def _refuse_unknown_keys(
    file: TomlFile, path: Path, entry: dict[str, Any], allowed: set[str], problems: list[Problem]
) -> None:
    for key in entry.keys() - allowed:
        remedy = "choose from: " + ", ".join(sorted(allowed))
        problems.append(file.problem((*path, key), f"unknown key {key!r}", remedy))
