"""Labels and their values in any layout: on one line, on the next, in a table's row or under its head.

Which labels there are is data (`[[label]]` in the notice rules); what a value means is decided in the modules that
ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import re2

from inbox_bot.core.notice_rules import FIELDS, NoticeRules

_CELLS = re2.compile(r"[ ]*(?:\t|[ ]\|[ ]|│|\|\|)[ ]*|[ ]{3,}")
_HEAD_CELLS = re2.compile(r"[ ]*(?:\t|[ ]?\|[ ]?|│)[ ]*|[ ]{2,}")
_FREE_TEXT = frozenset({"items", "destination", "reason"})
_TYPED = frozenset({"order_id", "amount", "disputed_amount", "respond_by", "other_amount", "quantity"})
_LEAD = r"[ \t]{0,20}(?:[-*•·–●■◆▪▶>_#\[【(]|[0-9]{1,2}[.)、])?[ \t]{0,4}[*_【\[]{0,2}"
_ASIDE = r"(?:[ \t]{0,2}[(（][^()（）\n]{0,40}[)）])?[ \t]{0,2}[*_】\]]{0,3}"
_CHINESE_HEAD = re2.compile(r"^[ \t]{0,20}(?P<head>\p{Han}{3,10})[ \t]{1,3}(?P<value>\S)")
_EDGES = " \t;,，；|/"
_VALUE_LINES = 12
_LOOKED_AT = 3000  # lines
_MOST = 300  # labels; more are a flood


@dataclass(frozen=True, slots=True)
class Label:
    """A label's field and the lines of its value, the first being the one that is nearest."""

    field: str
    lines: tuple[str, ...]

    @property
    def value(self) -> str:
        """All lines as one."""
        return " ".join(self.lines)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    field: str = ""
    value: str = ""
    is_indented: bool = False


def read_labels(text: str, rules: NoticeRules) -> tuple[Label, ...]:
    """All labels of a clean text with their values; a label without a value is left out."""
    patterns = _patterns(rules)
    lines = text.split("\n")[:_LOOKED_AT]
    found = list(islice(_table_labels(lines, patterns), _MOST))
    written = [one for line in lines for one in _split(line, patterns)]
    found += _stacked(written)
    found += [label for index in range(len(written)) if (label := _label(written, index)) is not None]
    return tuple(found[: 2 * _MOST])


def _label(lines: Sequence[_Line], index: int) -> Label | None:
    line = lines[index]
    if not line.field:
        return None
    values = [line.value] if line.value else []
    blanks = 0
    for later in lines[index + 1 : index + 1 + _VALUE_LINES]:
        if later.field:
            break
        if not later.text:
            blanks += 1
            if values or blanks > 2:
                break
        elif line.field == "items" and line.value and later.is_indented:
            values[-1] += f" {later.text}"  # a cell's text wrapped under itself
        else:
            values.append(later.text)
    return Label(line.field, tuple(values)) if values else None


def _stacked(lines: list[_Line]) -> list[Label]:
    """Two or more labels below each other, then as many values: a table that lost its layout.

    What was read is taken out of `lines`.
    """
    found: list[Label] = []
    index = 0
    while index < len(lines):
        heads, after = _run(lines, index, labels=True)
        values, behind = _run(lines, after, labels=False)
        if len(heads) >= 2 and len(values) == len(heads):
            pairs = zip(heads, values, strict=True)
            found += [Label(lines[head].field, (lines[value].text,)) for head, value in pairs]
            for used in (*heads, *values):
                lines[used] = _Line("")
            index = behind
        else:
            index = max(after, index + 1)
    return found


def _run(lines: Sequence[_Line], start: int, *, labels: bool) -> tuple[list[int], int]:
    """The places of the lines from `start` that are bare labels, or that are none; blank lines between them skipped.

    A run of values ends at a blank line.
    """
    places: list[int] = []
    index = start
    while index < len(lines) and len(places) <= _VALUE_LINES:
        line = lines[index]
        if line.text:
            if (bool(line.field) and not line.value) != labels or (line.field and not labels):
                break
            places.append(index)
        elif not labels and places:
            break
        index += 1
    return places, index


def _table_labels(lines: list[str], patterns: _Patterns) -> Iterator[Label]:
    """A row whose cells are all labels, and the cells of the rows below; what was read is taken out of `lines`."""
    for index, line in enumerate(lines):
        cells = _cells(line, _HEAD_CELLS)
        if len(cells) < 2 or len(cells) > 12:
            continue
        heads = [patterns.alone(cell) for cell in cells]
        if sum(bool(head) for head in heads) < max(2, len(cells) - 1):
            continue
        starts = _starts(line, cells)
        for below in range(index + 1, min(index + 16, len(lines))):
            if not lines[below] and below == index + 1:
                continue
            row = _row(lines[below], starts)
            if row is None or any(patterns.alone(cell) for cell in row):
                break
            lines[index] = lines[below] = ""
            yield from (Label(head, (cell,)) for head, cell in zip(heads, row, strict=True) if head and cell)


def _starts(line: str, cells: Sequence[str]) -> list[int]:
    """Where the cells begin in the line."""
    starts, at = [], 0
    for cell in cells:
        at = line.find(cell, at)
        starts.append(at)
        at += len(cell)
    return starts


def _row(line: str, starts: Sequence[int]) -> list[str] | None:
    """The cells of a table's row by column; of a row with fewer cells each stands below the nearest head."""
    if not line.strip(" |-+=_\t"):
        return [""] * len(starts) if line.strip() else None
    cells = _cells(line, _HEAD_CELLS)
    if len(cells) == len(starts):
        return cells
    if len(cells) > len(starts) or not line.startswith("   "):
        return None
    row = [""] * len(starts)
    for start, cell in zip(_starts(line, cells), cells, strict=True):
        row[min(range(len(starts)), key=lambda column: abs(starts[column] - start))] = cell
    return row


def _cells(line: str, separator: re2._Regexp) -> list[str]:
    line = _padded(line.strip(" \t"))
    if not line or len(line) > 2000:
        return []
    line = line.removeprefix("|").removesuffix("|").strip(" \t")
    return [cell.strip() for cell in separator.split(line)]


def _padded(line: str) -> str:
    """The line without the blanks that align its label: `Item      : Lamp`, `商    品：台灯`."""
    head, mark, value = line.partition(":") if ":" in line[:40] else line.partition("：")
    if not mark or len(head) > 40:
        return line
    head = head.rstrip().replace("(s)", "s").replace("（s）", "s")
    if " " in head and all(char == " " or "\u4e00" <= char <= "\u9fff" for char in head):
        head = head.replace(" ", "")
    return f"{head}{mark}{value}"


def _split(line: str, patterns: _Patterns) -> Iterator[_Line]:
    """The line cut into cells, and into labels with their values; a blank line is one empty `_Line`."""
    cells = [cell for cell in _cells(line, _CELLS) if cell] if len(line) <= 2000 else [line.strip()]
    if not cells:
        yield _Line("")
    is_indented = line.startswith("   ")
    if len(cells) == 2 and (field := patterns.alone(cells[0])) and not patterns.alone(cells[1]):
        yield _Line(line.strip(), field, cells[1])
        return
    for cell in cells:
        yield from (replace(one, is_indented=is_indented) for one in _labels_of(cell, patterns))


def _labels_of(cell: str, patterns: _Patterns) -> Iterator[_Line]:
    field, value_at = patterns.leading(cell)
    begin = 0
    if field not in _FREE_TEXT:
        for start, inner_field, inner_value_at in patterns.inner(cell, value_at):
            if piece := cell[begin:start].strip(_EDGES):
                yield _Line(piece, field, cell[value_at:start].strip(_EDGES) if field else "")
            begin, field, value_at = start, inner_field, inner_value_at
            if field in _FREE_TEXT:
                break
    yield _Line(cell[begin:], field, cell[value_at:].strip(" \t*_") if field else "")


class _Patterns:
    """The label words compiled: with a strong mark behind them, before a typed value, inside a line, alone."""

    def __init__(self, words: tuple[tuple[str, str], ...]) -> None:
        strong = _either(words, FIELDS)
        typed = _either(words, _TYPED)
        self._strong = _linear(
            rf"^{_LEAD}{strong}{_ASIDE}(?:(?:[ /|]{{0,3}}\p{{Han}}{{1,10}})?[ \t]{{0,3}}[:：=][ \t*_:：]{{0,4}}|"
            rf"[ \t]{{0,3}}(?:\.{{2,}}|…+|·{{2,}}|_{{2,}}|-{{2,}}>?|[→⇒])[ \t]*|[ \t]{{2,}}|[ ][-–][ ]|"
            rf"[ \t]{{0,2}}#[ \t]{{0,2}}|$)(?P<value>.*)$"
        )
        self._typed = _linear(
            rf"^{_LEAD}{typed}{_ASIDE}[ \t]{{0,2}}(?:is|was|of|为|是|ist|est|è|es)?[ \t]{{0,2}}"
            rf"(?P<value>(?:[0-9$€£¥￥]|[A-Z]{{3}}[ ]?[0-9]|within|by|on).*)$"
        )
        inner_free, inner_typed = _either(words, _FREE_TEXT), _either(words, FIELDS - _FREE_TEXT)
        self._inner = _linear(
            rf"(?:[ \t;,，；。.|/]{inner_typed}|(?:[;；。.|/][ \t]?|[ \t]{{2}}){inner_free})"
            rf"{_ASIDE}[ \t]{{0,2}}[:：][ \t]{{0,4}}"
        )

    def leading(self, cell: str) -> tuple[str, int]:
        """The field of the label the cell begins with and where its value begins; "" and 0 for no label."""
        short = cell[:1500]
        match = self._strong.match(short) or self._typed.match(short)
        if match is None:
            return self._chinese(short)
        return _field_of(match), len(short) - len(match.group("value"))

    def _chinese(self, cell: str) -> tuple[str, int]:
        """A Chinese label with nothing but a blank behind it: Chinese prose has no blanks between words."""
        match = _CHINESE_HEAD.match(cell)
        field = self.alone(match.group("head")) if match is not None else ""
        return (field, match.end() - 1) if match is not None and field else ("", 0)

    def alone(self, cell: str) -> str:
        """The field when the cell holds a label and nothing else."""
        match = self._strong.match(cell[:100])
        return _field_of(match) if match is not None and not match.group("value").strip(" *_") else ""

    def inner(self, cell: str, begin: int) -> Iterator[tuple[int, str, int]]:
        """Labels with a colon further inside the cell: start, field, start of the value."""
        for match in self._inner.finditer(cell[:1000], max(begin - 1, 0)):
            yield match.start(), _field_of(match), match.end()


def _field_of(match: re2._Match) -> str:
    groups = match.groupdict()
    return next(field for field in sorted(FIELDS) if groups.get(field) is not None)


def _either(words: tuple[tuple[str, str], ...], fields: frozenset[str]) -> str:
    groups = []
    for field in sorted(fields):
        patterns = [pattern for one, pattern in words if one == field]
        if patterns:
            groups.append(f"(?P<{field}>{'|'.join(patterns)})")
    return f"(?:{'|'.join(groups)})"


def _linear(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.max_mem = 64 << 20
    return re2.compile(pattern, options)


def _patterns(rules: NoticeRules) -> _Patterns:
    kept = rules.kept.get("label patterns")
    if not isinstance(kept, _Patterns):
        words = ((e.means, phrase.pattern_on_a_line) for e in rules.of("label") for phrase in e.phrases)
        kept = rules.kept["label patterns"] = _compiled(tuple(words))
    return kept


@lru_cache(maxsize=8)
def _compiled(words: tuple[tuple[str, str], ...]) -> _Patterns:
    return _Patterns(words)
