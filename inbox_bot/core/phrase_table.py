"""Named groups of phrases, with a list for each language: looked for in a text, and loaded from parsed TOML.

How a phrase is written and what it matches is in `core/phrases.py`; what a group means is said by the table's owner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from inbox_bot.core.errors import Problem
from inbox_bot.core.folded import FoldedText, fold
from inbox_bot.core.pattern_set import PatternSet
from inbox_bot.core.phrases import Phrase, compile_phrase
from inbox_bot.core.tomlfile import Path, TomlFile

MOST_HITS = 100  # of one phrase


@dataclass(frozen=True, slots=True)
class PhraseHit:
    """Where a phrase of the named group stands, and the words that matched, white space folded."""

    name: str
    start: int
    end: int
    words: str


class PhraseTable:
    """Named groups of phrases, in the order of the file; immutable."""

    __slots__ = ("_lists", "_phrases", "_set", "_told")

    def __init__(self, phrases: Mapping[str, Sequence[Phrase]] | None = None) -> None:
        self._take({(name, ""): tuple(group) for name, group in (phrases or {}).items()})

    def _take(self, lists: dict[tuple[str, str], tuple[Phrase, ...]]) -> None:
        """Lists by group and language; a list for all languages has none."""
        self._lists = lists
        self._phrases: dict[str, tuple[Phrase, ...]] = {}
        for (name, _), phrases in lists.items():
            self._phrases[name] = (*self._phrases.get(name, ()), *phrases)
        told: dict[str, list[tuple[str, Phrase]]] = {}
        for name, phrases in self._phrases.items():
            for phrase in phrases:
                told.setdefault(phrase.telling, []).append((name, phrase))
        self._told = tuple(told.values())
        self._set = PatternSet(list(told))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups, in the order of the file."""
        return tuple(self._phrases)

    def phrases(self, name: str) -> tuple[Phrase, ...]:
        """The phrases of a group; none when there is no such group."""
        return self._phrases.get(name, ())

    def find_all(self, text: str, names: Collection[str] | None = None) -> tuple[PhraseHit, ...]:
        """All hits in a clean text in order of appearance, the longer one first at the same place.

        `names` limits the search to these groups. Two phrases of one group may both hit the same words.
        """
        folded = fold(text)
        hits = []
        for name, phrases in self._may_stand(folded, names).items():
            for span in _spans(phrases, folded):
                start, end = folded.original(*span)
                hits.append(PhraseHit(name, start, end, " ".join(text[start:end].split())))
        return tuple(sorted(hits, key=lambda hit: (hit.start, -hit.end)))

    def hits(self, text: str) -> bool:
        """Whether any phrase stands in a clean text."""
        folded = fold(text)
        told = self._may_stand(folded, None).values()
        return any(True for phrases in told for phrase in phrases for _ in phrase.spans(folded))

    def _may_stand(self, text: FoldedText, names: Collection[str] | None) -> dict[str, list[Phrase]]:
        """The phrases whose telling words stand in the text, by group."""
        told: dict[str, list[Phrase]] = {}
        for place in text.told_by(self._set):
            for name, phrase in self._told[place]:
                if names is None or name in names:
                    told.setdefault(name, []).append(phrase)
        return {name: told[name] for name in self._phrases if name in told}

    def find_first(self, text: str, names: Collection[str] | None = None) -> PhraseHit | None:
        """The hit that stands first in a clean text (the longest at the same place), or None."""
        return next(iter(self.find_all(text, names)), None)

    def merged(self, other: PhraseTable) -> PhraseTable:
        """This table with the other's lists put in place of those of the same group and language.

        A list for all languages takes the place of the whole group.
        """
        whole = {name for name, language in other._lists if not language}
        kept = {key: phrases for key, phrases in self._lists.items() if key[0] not in whole}
        order = {name: place for place, name in enumerate(dict.fromkeys((*self.names, *other.names)))}
        lists = {**kept, **other._lists}
        return _table_of({key: lists[key] for key in sorted(lists, key=lambda key: order[key[0]])})


def _spans(phrases: Sequence[Phrase], text: FoldedText) -> Iterator[tuple[int, int]]:
    """Where phrases of one group stand: of those without a gap that overlap, the first and longest."""
    plain: set[tuple[int, int]] = set()
    for phrase in phrases:
        found = islice(phrase.spans(text), MOST_HITS)
        if phrase.has_gap:
            yield from found
        else:
            plain.update(found)
    last = 0
    for start, end in sorted(plain, key=lambda span: (span[0], -span[1])):
        if start >= last:
            yield start, end
            last = end


def _table_of(lists: dict[tuple[str, str], tuple[Phrase, ...]]) -> PhraseTable:
    table = PhraseTable()
    table._take(lists)
    return table


def load_phrases(tomlfile: TomlFile, path: Path) -> tuple[PhraseTable, tuple[Problem, ...]]:
    """The phrase table below a key path, and what is wrong with it, by file, line and key.

    Each key of the table is a group: a list of phrases, or a table of such lists by language code. A missing
    table is an empty one.
    """
    table = _value_at(tomlfile.data, path)
    if table is None:
        return PhraseTable(), ()
    problems: list[Problem] = []
    if not isinstance(table, dict):
        return PhraseTable(), (tomlfile.problem(path, "a table of phrase groups is expected"),)
    lists: dict[tuple[str, str], tuple[Phrase, ...]] = {}
    for name, value in table.items():
        for language, phrases in value.items() if isinstance(value, dict) else (("", value),):
            key_path = (*path, name, language) if language else (*path, name)
            lists[name, language] = tuple(_load_list(tomlfile, key_path, phrases, problems))
    return _table_of(lists), tuple(problems)


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        is_item = isinstance(part, int) and isinstance(value, list) and part < len(value)
        if not is_item and not (isinstance(value, dict) and part in value):
            return None
        value = value[part]
    return value


def _load_list(tomlfile: TomlFile, path: Path, value: Any, problems: list[Problem]) -> Iterator[Phrase]:
    if not isinstance(value, list):
        problems.append(
            tomlfile.problem(path, "a list of phrases is expected", 'write it as ["one", "another"]')
        )
        return
    for phrase in value:
        if not isinstance(phrase, str):
            problems.append(tomlfile.problem(path, f"{phrase!r} is no phrase", "put it in quotes"))
            continue
        try:
            yield compile_phrase(phrase)
        except ValueError as error:
            remedy = "see the syntax of phrases at the top of the file"
            problems.append(tomlfile.problem(path, f"phrase {phrase!r}: {error}", remedy, needle=phrase))
