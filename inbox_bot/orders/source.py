"""The one door through which everything on record about an order comes: what a source is asked, and what it gives.

The sources are the imported reports, the mailbox, the watched folder, a tracking service, and what a person typed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from inbox_bot.core.errors import Problem
from inbox_bot.core.record import Dossier, OrderRecord


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source adds: its part of the dossier, and the bytes that the dossier refers to, by their SHA-256.

    `keep` are records to keep for the next time: what may be gone then, like a carrier's scans. `parts` are what its
    single records say, for a source that holds several; contradictions between them are looked for.
    """

    dossier: Dossier
    files: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    keep: tuple[OrderRecord, ...] = ()
    parts: tuple[Dossier, ...] = ()


class RecordSource(Protocol):
    """One place where data about an order may be found."""

    @property
    def name(self) -> str:
        """What the source is called where it is spoken of."""

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        """What this source has about the order of `known`, the dossier of all sources asked before.

        Raises TemporaryError when the source cannot be asked now. A flaw in somebody's data is a problem of the
        finding, never an exception.
        """
