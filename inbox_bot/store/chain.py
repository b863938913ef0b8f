"""The chain of hashes over the log of events: whoever changes, drops or reorders a line breaks every later one.

The chain shows a change to somebody who knows an earlier head. Against a forger who rewrites the whole store it
helps only together with a head that was written down elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BEGIN = ""  # what stands before the first event

# account, case_id, at, type, data: as they stand in the row
EventRow = tuple[str, str | None, str, str, str]


@dataclass(frozen=True, slots=True)
class Head:
    """The newest line of the log: its number and its hash, which speaks for all lines before it."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def link(previous: str, row: EventRow) -> str:
    """The hash (SHA-256, lower-case hex) of an event that follows the one with the hash `previous`."""
    written = json.dumps((previous, *row), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def chained(previous: str, rows: Iterable[EventRow]) -> Iterator[tuple[EventRow, str]]:
    """Every row with its hash, beginning behind `previous`."""
    for row in rows:
        previous = link(previous, row)
        yield row, previous


def breaks(lines: Iterable[tuple[int, EventRow, str]]) -> Iterator[int]:
    """The numbers of the events whose hash does not follow from themselves and the line before them."""
    previous = BEGIN
    for number, row, hash_ in lines:
        if link(previous, row) != hash_:
            yield number
        previous = hash_
