"""The cells of one row, found by their column's name and made plain; each flaw a `Problem` with line and column.

What a cell means is decided in `report_values.py`, what a row means in the readers of the reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from inbox_bot.core.errors import Problem
from inbox_bot.core.text import one_line
from inbox_bot.orders.report_columns import Header, known_columns
from inbox_bot.orders.report_values import CellError

_Value = TypeVar("_Value")

_SHOWN_PER_FLAW = 20
_SHARED_AT_MOST = 50_000


class Flaws:
    """The problems of one file by line; of each sort the first twenty, then how many more there were.

    A file that a spreadsheet has mangled has the same flaw in every row: a hundred thousand lines help nobody.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._counts: Counter[tuple[str | None, str | None]] = Counter()

    def add(self, line: int, key: str | None, what: str, remedy: str) -> None:
        """Note a flaw of a column (None: of the row) at a line."""
        self._counts[key, remedy] += 1
        if self._counts[key, remedy] <= _SHOWN_PER_FLAW:
            self._problems.append(Problem(what, self._file, line, key, remedy))

    def problems(self) -> tuple[Problem, ...]:
        """All problems noted, with the sums of those that are not listed one by one."""
        sums = [
            Problem(f"the same flaw in {count - _SHOWN_PER_FLAW} more rows", self._file, None, key, remedy)
            for (key, remedy), count in self._counts.items()
            if count > _SHOWN_PER_FLAW
        ]
        return (*sorted(self._problems, key=lambda problem: problem.line or 0), *sums)


class CellReader:
    """Reads the cells of the rows below one header, one row after the other."""

    def __init__(self, header: Header, flaws: Flaws) -> None:
        self.header = header
        self.line = 0
        self._flaws = flaws
        self._at: dict[str, int] = {}
        known = known_columns(header.kind)
        for position, name in enumerate(header.names):
            if name in known:
                self._at.setdefault(name, position)
        taken = set(self._at.values())
        self._other = [(i, label) for i, label in enumerate(header.labels) if i not in taken]
        self._cells: list[str] = []
        self._seen: dict[str, str] = {"": ""}

    def begin(self, line: int, cells: list[str]) -> None:
        """Go on to the row at a line; what is asked from now on is asked of it."""
        self.line, self._cells = line, cells

    def text(self, name: str) -> str:
        """The plain text of a column's cell, "" when there is no such column or cell."""
        position = self._at.get(name)
        if position is None or position >= len(self._cells):
            return ""
        cell = self._cells[position]
        text = self._seen.get(cell)
        return self._shared(cell) if text is None else text

    def value(self, name: str, parse: Callable[[str], _Value]) -> _Value | None:
        """The value of a column's cell; None when it is empty, or unreadable, which is noted."""
        text = self.text(name)
        if not text:
            return None
        try:
            return parse(text)
        except CellError as error:
            self.note(name, error)
            return None

    def raw(self, name: str) -> str:
        """The cell as it stands in the file, without the blanks round it."""
        position = self._at.get(name, len(self._cells))
        return self._cells[position].strip() if position < len(self._cells) else ""

    def others(self) -> tuple[tuple[str, str], ...]:
        """The cells of unknown columns that are not empty, each with its label."""
        cells = self._cells
        return tuple(
            (label, text)
            for position, label in self._other
            if position < len(cells) and cells[position] and (text := self._shared(cells[position]))
        )

    def note(self, name: str, error: CellError, line: int | None = None) -> None:
        """Note a flaw of a column's cell, in the present row or an earlier one."""
        position = self._at.get(name)
        label = name if position is None else self.header.labels[position]
        self._flaws.add(self.line if line is None else line, label, error.what, error.remedy)

    def _shared(self, cell: str) -> str:
        """The plain text of a cell, one object for all cells alike: a report repeats itself in most columns."""
        text = self._seen.get(cell)
        if text is None:
            text = _plain(cell)
            if len(self._seen) < _SHARED_AT_MOST:
                self._seen[cell] = text
        return text


def clean(cell: str) -> str:
    """The cell's text on one line, without invisible characters."""
    return cell.strip() if cell.isascii() and cell.isprintable() else one_line(cell)


def _plain(cell: str) -> str:
    """A cell's text without what a spreadsheet puts round it to keep a number as text."""
    cell = cell.strip()
    if not cell:
        return ""
    if cell.startswith(('="', "='")):
        cell = cell[1:]
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"')
    elif cell.startswith("'") and cell[1:2].isdigit():
        cell = cell[1:]
    return clean(cell)
