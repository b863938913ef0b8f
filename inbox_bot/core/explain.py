"""Why a case was decided as it was: which lines held, which did not, and which single fact would change the verdict.

The search changes one fact at a time and asks the tables anew, so every change it names is one. What the notice itself
is (its kind, reason, language and currency) is not varied: nobody can bring that. Numbers and days are narrowed down
to the value nearest to the present one. The number of questions is bounded and their order fixed.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from inbox_bot.core.assessment import Standing
from inbox_bot.core.conditions import Condition, engine_values, known_by
from inbox_bot.core.decide import DecisionRule
from inbox_bot.core.fact_words import line_in_words, supposed
from inbox_bot.core.facts import Facts
from inbox_bot.core.history import History
from inbox_bot.core.judgement import Judgement, Tables, judge
from inbox_bot.core.model import Decision, Verdict
from inbox_bot.core.record import Dossier
from inbox_bot.core.worth import Worth

OF_THE_NOTICE = frozenset({"kind", "reason", "language", "currency"})
MOST_QUESTIONS = 1500  # about two seconds; the bundled tables need a tenth of it
_NUMBER = re.compile(r"(?<![\w.\"-])\d+(?:\.\d+)?(?![\w\"-])")
_DAY = re.compile(r'd"(\d{4}-\d{2}-\d{2})')
_TEXT = re.compile(r"(?<![\w])[\"']([^\"']*)[\"']")
_ROUND = (0, 1, 10, 100, 1000, 10_000, 100_000)  # for conditions that compute instead of naming a value
_HINTS = typing.get_type_hints(Facts)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

Ask = Callable[[str, Any], Decision | None]


@dataclass(frozen=True, slots=True)
class LineRead:
    """One line of a rule; `held` None: a value that it needs is not on record."""

    text: str
    held: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class RuleRead:
    """A rule with all its lines as they stood."""

    rule: str
    verdict: Verdict
    lines: tuple[LineRead, ...]


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that, were it `value`, would lead to another verdict; `words` say it as the trade does."""

    name: str
    value: Any
    verdict: Verdict
    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict of the tables; the rules that were tried, the deciding one last, and what would change the verdict.

    `other_rules` are for other reasons and only counted. `complete` is false when the search was cut short.
    """

    decision: Decision
    tried: tuple[RuleRead, ...]
    other_rules: int
    changes: tuple[FactChange, ...]
    complete: bool = True


def explain(
    facts: Facts, dossiers: Sequence[Dossier], tables: Tables, history: History | None
) -> Explanation:
    """Explain what the tables make of the facts; `dossiers` begin with the order in dispute and may be none."""
    judged = judge(facts, dossiers, tables, history, _ANY_TIME)
    known = known_by(facts, judged.assessment.standing, judged.worth)
    tried, others = _tried(judged.decision, tables, known)
    search = _Search(judged, dossiers, tables, history)
    changes = tuple(search.changes(known))
    return Explanation(judged.decision, tried, others, changes, search.left > 0)


def _tried(decision: Decision, tables: Tables, known: Mapping[str, Any]) -> tuple[tuple[RuleRead, ...], int]:
    values = engine_values(known)
    tried: list[RuleRead] = []
    count = len(decision.misses) + bool(decision.hits)
    for rule in tables.decisions.rules[:count]:
        if not _is_for_another(rule, values):
            lines = tuple(
                LineRead(one.text, one.holds(values), line_in_words(one.text, one.names, known))
                for one in rule.when
            )
            tried.append(RuleRead(rule.name, rule.verdict, lines))
    return tuple(tried), count - len(tried)


def _is_for_another(rule: DecisionRule, values: Mapping[str, Any]) -> bool:
    return any(one.names <= OF_THE_NOTICE and one.holds(values) is False for one in rule.when)


class _Search:
    """Asks the tables about one changed fact after the other, so often and no more."""

    def __init__(
        self, judged: Judgement, dossiers: Sequence[Dossier], tables: Tables, history: History | None
    ) -> None:
        self._judged, self._tables, self._history = judged, tables, history
        # What is weighed follows from the facts; only the items of the order are needed beside them.
        self._dossiers = tuple(Dossier(one.order_id, one.order) for one in dossiers[:1])
        self._conditions = tuple(_conditions(tables))
        self.left = MOST_QUESTIONS

    def changes(self, known: Mapping[str, Any]) -> Iterator[FactChange]:
        """The changes in the order in which the facts are listed."""
        names = frozenset(name for one in self._conditions for name in one.names)
        if names & frozenset(field.name for field in fields(Worth)):
            names |= _BEHIND_WORTH
        for field in fields(Facts):
            if field.name in names - OF_THE_NOTICE:
                for value, decision in self._of(field.name, known):
                    words = supposed(field.name, value, known)
                    yield FactChange(field.name, value, decision.verdict, decision.rule, words)

    def _of(self, name: str, known: Mapping[str, Any]) -> Iterator[tuple[Any, Decision]]:
        was = known[name]
        if isinstance(was, bool):
            if decision := self._ask(name, not was):
                yield not was, decision
            return
        candidates = _candidates(name, was, self._conditions, known)
        told: set[tuple[Verdict, int]] = set()
        for value in candidates:
            decision = self._ask(name, value)
            if decision is None or (decision.verdict, _side(value, was)) in told:
                continue
            if was is not None and value is not None and not isinstance(value, str):
                value, decision = self._nearest(name, was, value, decision)
            told.add((decision.verdict, _side(value, was)))
            yield value, decision

    def _ask(self, name: str, value: Any) -> Decision | None:
        """The decision on the changed facts when its verdict is another one."""
        if self.left <= 0:
            return None
        self.left -= 1
        facts = replace(self._judged.facts, **{name: value})
        decision = judge(facts, self._dossiers, self._tables, self._history, _ANY_TIME).decision
        return decision if decision.verdict is not self._judged.decision.verdict else None

    def _nearest(self, name: str, was: Any, value: Any, decision: Decision) -> tuple[Any, Decision]:
        """Halve the way to the present value, keeping to those that change the verdict."""
        near, far = _as_steps(was), _as_steps(value)
        step_kind = type(was)
        while abs(far - near) > 1:
            middle = (near + far) // 2
            found = self._ask(name, _from_steps(middle, step_kind))
            if found is None:
                near = middle
            else:
                far, decision = middle, found
        return _from_steps(far, step_kind), decision


# What decides whether goods are gone or come back.
_BEHIND_WORTH = frozenset(
    {"amount", "never_shipped", "label_only", "returned_to_sender"}
    | {"return_requested", "return_received", "partly_returned"}
)


def _conditions(tables: Tables) -> Iterator[Condition]:
    """The lines of the decision rules, and those of the evidence table when a rule asks how the record was weighed."""
    for rule in tables.decisions.rules:
        yield from rule.when
    asked = {name for rule in tables.decisions.rules for one in rule.when for name in one.names}
    if asked & {"fatal", "fatal_findings"}:
        for fatal in tables.evidence.fatal:
            yield from fatal.when
    if asked & {field.name for field in fields(Standing)} - {"fatal", "fatal_findings"}:
        for row in tables.evidence.rows:
            yield from row.when


def _candidates(name: str, was: Any, conditions: Iterable[Condition], known: Mapping[str, Any]) -> list[Any]:
    """Values of the fact's type at which a condition may tip over, those nearest to the present value first."""
    kinds = typing.get_args(_HINTS[name]) or (_HINTS[name],)
    spoken = [one for one in conditions if name in one.names]
    found: set[Any] = set()
    if str in kinds:
        found = {text for one in spoken for text in _TEXT.findall(one.text)} | {""}
        return sorted(found - {was})
    for one in spoken:
        others = (known[other] for other in one.names - {name})
        found.update(_around(one.text, [other for other in others if other is not None], kinds[0]))
    found.discard(was)
    nearest = sorted(found, key=lambda value: (abs(_as_steps(value) - _as_steps(was)) if was else 0, value))
    return [*nearest, *([None] if type(None) in kinds and was is not None else [])]


def _around(text: str, others: Sequence[Any], kind: type) -> Iterator[Any]:
    if kind is date:
        for written in _DAY.findall(text):
            yield from _neighbours(_as_steps(date.fromisoformat(written)), date)
        for other in others:
            if isinstance(other, date):
                yield from _neighbours(_as_steps(other), date)
        return
    numbers = [Decimal(written) for written in _NUMBER.findall(text)]
    numbers += [Decimal(other) for other in others if isinstance(other, int | Decimal)]
    for number in (*numbers, *map(Decimal, _ROUND)):
        exact = int(number) if kind is int else number.quantize(Decimal("0.01"))
        yield from (one for one in _neighbours(_as_steps(exact), kind) if one >= 0)


def _neighbours(steps: int, kind: type) -> tuple[Any, ...]:
    return tuple(_from_steps(steps + by, kind) for by in (-1, 0, 1))


def _as_steps(value: Any) -> int:
    """The value in its smallest steps: cents, days, pieces."""
    if isinstance(value, Decimal):
        return int(value * 100)
    return value.toordinal() if isinstance(value, date) else int(value)


def _from_steps(steps: int, kind: type) -> Any:
    if issubclass(kind, Decimal):
        return (Decimal(steps) / 100).quantize(Decimal("0.01"))
    return date.min + timedelta(days=steps - 1) if issubclass(kind, date) else steps


def _side(value: Any, was: Any) -> int:
    if value is None or was is None or isinstance(value, str):
        return 0
    return 1 if value > was else -1
