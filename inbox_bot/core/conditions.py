"""Conditions over typed names, in the language of the rule-engine package, and rows of tables made of them.

What the names mean is the business of the nouns they come from (`Facts`, `Standing`); what a row is for is that of its
table (`decide.py`, `evidence.py`). Unknown names, wrong types and syntax errors are refused when a table is loaded.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import rule_engine

from inbox_bot.core.errors import Problem
from inbox_bot.core.tomlfile import Path, TomlFile

Vocabulary = Mapping[str, Any]  # name to type, as the rule engine calls them
Known = Mapping[str, Any]

_TYPES = {
    str: rule_engine.DataType.STRING,
    str | None: rule_engine.DataType.STRING,
    bool: rule_engine.DataType.BOOLEAN,
    int: rule_engine.DataType.FLOAT,
    int | None: rule_engine.DataType.FLOAT,
    bool | None: rule_engine.DataType.BOOLEAN,
    Decimal | None: rule_engine.DataType.FLOAT,
    date | None: rule_engine.DataType.DATETIME,
}
_ASKS_FOR_ITSELF = re.compile(r"[!=]=\s*null\b|\bnull\s*[!=]=")


def vocabulary_of(*nouns: type) -> Vocabulary:
    """The names that conditions may speak of: the fields of the dataclasses, by their types."""
    return {name: _TYPES[hint] for noun in nouns for name, hint in typing.get_type_hints(noun).items()}


def known_by(*nouns: Any) -> dict[str, Any]:
    """The values of the dataclasses by name, as a text template takes them."""
    return {field.name: getattr(noun, field.name) for noun in nouns for field in dataclasses.fields(noun)}


def engine_values(known: Known) -> dict[str, Any]:
    """The values as the rule engine takes them: a day is its first instant."""
    return {
        name: datetime.combine(value, time.min, UTC) if isinstance(value, date) else value
        for name, value in known.items()
    }


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a rule, compiled, with the names it speaks of."""

    text: str
    names: frozenset[str]
    compiled: Any

    def holds(self, known: Known) -> bool | None:
        """Whether it holds; None when a value it needs is not on record and it does not ask for that itself."""
        if not _ASKS_FOR_ITSELF.search(self.text) and self.unknown_in(known):
            return None
        try:
            return bool(self.compiled.matches(known))
        except rule_engine.EvaluationError:
            return None

    def unknown_in(self, known: Known) -> tuple[str, ...]:
        """The names it speaks of whose values are not on record."""
        return tuple(sorted(name for name in self.names if known[name] is None))


def all_hold(conditions: Collection[Condition], known: Known) -> bool:
    """Whether every condition surely holds; one that cannot be answered does not."""
    return all(condition.holds(known) is True for condition in conditions)


def compile_condition(text: str, vocabulary: Vocabulary) -> Condition:
    """The condition ready to be asked; raises ValueError (what is wrong, the remedy) for one that is none."""
    names: set[str] = set()
    resolve = rule_engine.type_resolver_from_dict(vocabulary)

    def remember(name: str) -> Any:
        names.add(name)
        return resolve(name)

    try:
        compiled = rule_engine.Rule(text, context=rule_engine.Context(type_resolver=remember))
    except rule_engine.SymbolResolutionError as error:
        remedy = f"did you mean {error.suggestion}?" if error.suggestion else "docs/rules.md lists the facts"
        raise ValueError(f"unknown fact {error.symbol_name!r} in {text!r}", remedy) from None
    except rule_engine.errors.SyntaxError:
        what = f"not a condition: {text!r}"
        raise ValueError(what, "see docs/rules.md for how conditions are written") from None
    except rule_engine.EngineError as error:
        what = f"wrong types in {text!r}: {error}"
        raise ValueError(what, "compare text with text and numbers with numbers") from None
    return Condition(text, frozenset(names), compiled)


@dataclass(slots=True)
class RowReader:
    """Reads rows of one file's table and notes in `problems` what is wrong with them."""

    file: TomlFile
    vocabulary: Vocabulary
    problems: list[Problem]

    def rows(self, table: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The rows of `[[table]]` with their paths."""
        value = self.file.data.get(table, [])
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            for position, row in enumerate(value):
                yield (table, position), row
            return
        self.note((table,), f"{table} must be a list of tables", f"write [[{table}]] above each")

    def note(self, path: Path, what: str, remedy: str, needle: str | None = None) -> None:
        """Note a problem at the key path."""
        self.problems.append(self.file.problem(path, what, remedy, needle=needle))

    def refuse_unknown_keys(self, path: Path, row: Mapping[str, Any], allowed: Collection[str]) -> None:
        """Note every key that the row may not have."""
        for key in sorted(row.keys() - set(allowed)):
            first_of_list = (
                (0,) if isinstance(row[key], list) else ()
            )  # a [[table]] stands where its first row does
            remedy = "choose from: " + ", ".join(sorted(allowed))
            self.note((*path, key, *first_of_list), f"unknown key {key!r}", remedy)

    def name(self, table: str, path: Path, row: Mapping[str, Any], seen: Collection[str]) -> str:
        """The row's name; empty, and noted, when it has none or one that stands in the file already."""
        name = row.get("name")
        if not isinstance(name, str) or not name.strip():
            self.note(path, f"a {table} has no name", 'add name = "..."')
            return ""
        if name in seen:
            self.note((*path, "name"), f"the {table} {name!r} stands here twice", "rename one")
            return ""
        return name

    def is_off(self, path: Path, row: Mapping[str, Any]) -> bool:
        """Whether the row takes out the one of its name."""
        off = row.get("off", False)
        if not isinstance(off, bool):
            self.note((*path, "off"), f"off is {off!r}", "write off = true, or take the line out")
        return off is True

    def text(self, path: Path, row: Mapping[str, Any], key: str, what: str) -> str:
        """A text that must not be empty; `what` complains of its absence."""
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self.note((*path, key), what, f'add {key} = "..."')
        return ""

    def word(self, path: Path, row: Mapping[str, Any], key: str, allowed: Collection[str]) -> str:
        """One word out of `allowed`."""
        value = row.get(key)
        if isinstance(value, str) and value in allowed:
            return value
        what = f"the {key} of {row.get('name')!r} is {value!r}"
        self.note((*path, key), what, "choose one of: " + ", ".join(allowed))
        return ""

    def words(
        self, path: Path, row: Mapping[str, Any], key: str, one: str, allowed: Collection[str]
    ) -> tuple[str, ...]:
        """A list of words out of `allowed`; `one` is what each of them is called."""
        value = row.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
            what = f"{row.get('name')!r} needs {key} = [ ... ], a list of texts"
            self.note((*path, key), what, "choose from: " + ", ".join(allowed))
            return ()
        for word in value:
            if word not in allowed:
                remedy = "choose from: " + ", ".join(allowed)
                self.note((*path, key), f"unknown {one} {word!r}", remedy)
        return tuple(value)

    def conditions(self, table: str, path: Path, row: Mapping[str, Any]) -> tuple[Condition, ...]:
        """The conditions of `when`, at least one."""
        lines = row.get("when")
        if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
            what = f"the {table} {row.get('name')!r} needs when = [ ... ], a list of conditions"
            self.note((*path, "when"), what, "write one condition a line, each in quotes")
            return ()
        found: list[Condition] = []
        for line in lines:
            try:
                found.append(compile_condition(line, self.vocabulary))
            except ValueError as error:
                what, remedy = error.args
                self.note((*path, "when"), what, remedy, needle=line)
        return tuple(found)
