"""Labelled values in a mail: `Tracking ID: 1Z...`, a label above its value, a table row of label and value.

Which labels mean what is data; what a value means is read by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import re2

from inbox_bot.core.phrase_table import PhraseTable
from inbox_bot.core.phrases import Phrase

_MOST_VALUES = 500
_MOST_BLOCK_LINES = 9


@dataclass(frozen=True, slots=True)
class LabelledValue:
    """The value of a field, and where it stands; `start` is that of the label."""

    field: str
    start: int
    end: int
    value: str


class Labels:
    """All labels of all fields, ready to be found; immutable."""

    __slots__ = ("_any", "_by_field")

    def __init__(self, table: PhraseTable) -> None:
        self._by_field: Mapping[str, re2._Regexp] = {
            name: _label_pattern(table.phrases(name)) for name in table.names if table.phrases(name)
        }
        every = [phrase for name in table.names for phrase in table.phrases(name)]
        self._any = _label_pattern(every) if every else None

    def find(self, field: str, text: str) -> Iterator[LabelledValue]:
        """The values of a field in a clean text, in order of appearance; empty values are left out."""
        pattern = self._by_field.get(field)
        if pattern is None:
            return
        for match in islice(pattern.finditer(text), _MOST_VALUES):
            value = match.group("value").strip(" \t|*")
            if value and not (match.group("wrap") and self.opens(value)):
                yield LabelledValue(field, match.start(), match.end(), value)

    def first(self, field: str, text: str) -> str:
        """The first value of a field, or ""."""
        found = next(self.find(field, text), None)
        return found.value if found is not None else ""

    def block(self, field: str, text: str) -> tuple[str, ...]:
        """The lines of the first value of a field: from its label to an empty line or the next label."""
        pattern = self._by_field.get(field)
        match = pattern.search(text) if pattern is not None else None
        if match is None:
            return ()
        lines = [match.group("value")]
        for line in text[match.end() + 1 : match.end() + 1200].split("\n")[: _MOST_BLOCK_LINES - 1]:
            if (not line.strip(" \t>|") and any(lines)) or self.opens(line):
                break
            lines.append(line)
        return tuple(line.strip(" \t>|*") for line in lines if line.strip(" \t>|*"))

    def field_of(self, words: str, fields: Sequence[str]) -> str:
        """Which of the fields the words are a label of, or ""."""
        line = f"{words[:60]}:x"
        for field in fields:
            match = self._by_field[field].match(line) if field in self._by_field else None
            if match is not None and match.group("value") == "x":
                return field
        return ""

    def opens(self, line: str) -> bool:
        """True when the line begins with any known label."""
        return self._any is not None and self._any.match(line + "\n") is not None


def _label_pattern(phrases: Sequence[Phrase]) -> re2._Regexp:
    """A label at the start of a line, its mark or a wide gap or a line end, and the value up to the line's end."""
    labels = "|".join(phrase.pattern for phrase in phrases)
    return re2.compile(
        rf"(?m)^[ \t>*•·|-]{{0,8}}(?:{labels})[ \t]{{0,4}}(?:\([^)\n]{{0,40}}\)[ \t]{{0,4}})?"
        r"(?:(?P<wrap>[:：]?\n[ \t>|]{0,8})|[:：=][ \t]*|#:?[ \t]*|\|[ \t]*|[ \t]{0,2}\.{2,}[ \t]*|"
        r"[ \t]{2,}|\t)(?P<value>[^\n]*)"
    )
