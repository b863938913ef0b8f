"""TOML with line numbers, so that a complaint about a key can name the line a person has to change.

The standard parser reads the values; this module only finds where a key or a string stands in the text.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from inbox_bot.core.errors import Problem, UserError

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_ERROR_LINE = re.compile(r"\(at line (\d+)")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed TOML text: `data` as tomllib gives it, and the line of each key path."""

    file: str
    text: str
    data: dict[str, Any]
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int | None:
        """The line (from 1) of the key path, or of the nearest parent that is written down."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None

    def line_of_text(self, path: Path, needle: str) -> int | None:
        """The line of the first occurrence of the text at or below the key path; the key's own line otherwise."""
        start = self.line_of(path)
        if start is None:
            return None
        for number, line in enumerate(self.text.splitlines()[start - 1 :], start):
            if needle in line:
                return number
        return start

    def problem(
        self, path: Path, what: str, remedy: str | None = None, *, needle: str | None = None
    ) -> Problem:
        """A `Problem` that points at the key path (or at the text `needle` below it)."""
        line = self.line_of_text(path, needle) if needle else self.line_of(path)
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
        return Problem(what, file=self.file, line=line, key=key or None, remedy=remedy)


def parse_toml(text: str, file: str) -> TomlFile:
    """Parse a TOML text; raises UserError with the line when it is not TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _ERROR_LINE.search(str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        what = str(error).split(" (at ")[0]
        remedy = "check quotes, brackets and commas near this line"
        raise UserError(Problem(f"not valid TOML: {what}", file, line, remedy=remedy)) from None
    return TomlFile(file, text, data, _key_lines(text))


def _key_lines(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    in_string = ""
    for number, line in enumerate(text.splitlines(), 1):
        if in_string:
            in_string = "" if in_string in line else in_string
            continue
        if header := _HEADER.match(line):
            table = _table_path(header.group(2), header.group(1) == "[[", counts)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _split_key(key.group(1)), number)
            in_string = _open_string(line)
    return lines


def _table_path(name: str, is_array: bool, counts: dict[Path, int]) -> Path:
    path: Path = ()
    parts = _split_key(name)
    for position, part in enumerate(parts):
        path = (*path, part)
        if is_array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _split_key(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))


def _open_string(line: str) -> str:
    for quote in ('"""', "'''"):
        if line.count(quote) % 2:
            return quote
    return ""
