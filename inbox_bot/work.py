"""A case being worked on: its events gather here and become durable together.

A case costs as few disk syncs as possible that way, and an intent is always on disk before its effect begins.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.events import Event
from inbox_bot.core.evolution import evolve
from inbox_bot.store.protocol import CaseRecord, Change, MailOutcome, Store, StoredFile


class Work:
    """A case being worked on: what happened to it and is not on disk yet."""

    def __init__(self, store: Store, case: Case, version: int, at: datetime) -> None:
        self._store = store
        self.case = case
        self.at = at
        self._version = version
        self._events: list[Event] = []
        self._files: list[StoredFile] = []
        self._mails: list[MailOutcome] = []

    @classmethod
    def on(cls, store: Store, record: CaseRecord, at: datetime) -> Work:
        """Work on a stored case."""
        return cls(store, record.case, record.version, at)

    @classmethod
    def opening(cls, store: Store, case_id: str, event: happened.CaseOpened, at: datetime) -> Work:
        """Work on a case that begins with the event."""
        work = cls(store, evolve(None, case_id, at, event), 0, at)
        work._events.append(event)
        return work

    def happen(self, event: Event) -> None:
        """Let the event change the case; durable with the next `save`."""
        self.case = evolve(self.case, self.case.case_id, self.at, event)
        self._events.append(event)

    def keep(self, content: bytes, media_type: str) -> str:
        """Keep a file with the next `save`; returns its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._files.append(StoredFile(sha256, media_type, content))
        return sha256

    def settle(self, outcome: MailOutcome) -> None:
        """Mark a mail as handled with the next `save`."""
        self._mails.append(outcome)

    def save(self, wake_at: datetime | None) -> None:
        """Make everything durable in one transaction; `wake_at` is when the case is looked at again."""
        change = Change(
            account=self.case.account,
            at=self.at,
            case_id=self.case.case_id,
            events=tuple(self._events),
            case=self.case,
            version=self._version,
            wake_at=wake_at,
            files=tuple(self._files),
            mails=tuple(self._mails),
        )
        self._store.commit(change)
        self._version += 1
        self._events, self._files, self._mails = [], [], []

    def file(self, sha256: str) -> bytes:
        """A stored file, also one that is not on disk yet."""
        for kept in self._files:
            if kept.sha256 == sha256:
                return kept.content
        return self._store.file(sha256)
