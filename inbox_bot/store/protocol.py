"""What a store does, and the values that cross its door. SQLite implements it; the contract tests define it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from inbox_bot.core.case import Case
from inbox_bot.core.events import Event
from inbox_bot.core.record import OrderRecord
from inbox_bot.core.retention import KeptRecord, RecordKey, SavedFile


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was read; `last_uid` has a meaning only together with `uidvalidity`."""

    uidvalidity: int
    last_uid: int


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail as it came from a server."""

    uid: int
    internal_at: datetime | None
    message_id: str | None
    raw_bytes: bytes


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail that was stored and not handled yet."""

    account: str
    sha256: str
    folder: str
    internal_at: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """What became of a stored mail."""

    sha256: str
    kind: str
    case_id: str | None
    quarantined: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that an event refers to by their SHA-256 (lower-case hex)."""

    sha256: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case as stored; `version` counts its events and guards against two writers."""

    case: Case
    version: int
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of the log."""

    number: int
    at: datetime
    case_id: str | None
    event: Event


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that becomes true together, in one transaction of one account.

    `events` belong to `case_id` (None: to the account) and lead to `case`. `version` is the one the case was read
    with, 0 for a new case. `wake_at` is when the planner wants to see the case again.
    """

    account: str
    at: datetime
    case_id: str | None = None
    events: tuple[Event, ...] = ()
    case: Case | None = None
    version: int = 0
    wake_at: datetime | None = None
    files: tuple[StoredFile, ...] = ()
    mails: tuple[MailOutcome, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Purge:
    """What goes together: records, the buyer out of `bare` ones, and files by SHA-256.

    `seen` is what `standing` said before it was worked out; "" means that nobody else can have written since.
    """

    gone: tuple[RecordKey, ...] = ()
    files: tuple[str, ...] = ()
    bare: tuple[RecordKey, ...] = ()
    seen: str = ""


class Store(Protocol):
    """Everything that must survive a killed process."""

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """How far the folder was read, None when it never was."""

    def save_mails(
        self, account: str, folder: str, cursor: Cursor, mails: Sequence[FetchedMail], at: datetime
    ) -> int:
        """Store mails and move the cursor in one transaction; returns how many were new to the account."""

    def waiting_mails(self, account: str) -> tuple[StoredMail, ...]:
        """Mails that are stored and not handled, in the order they were stored."""

    def note_failure(self, account: str, sha256: str, what: str) -> int:
        """Record that handling a mail failed; returns how often that has happened."""

    def file(self, sha256: str) -> bytes:
        """The bytes of a stored mail or file; raises KeyError when there is none."""

    def commit(self, change: Change) -> None:
        """Make a change durable; raises TemporaryError when somebody else changed the case meanwhile."""

    def case(self, case_id: str) -> CaseRecord | None:
        """One case, None when there is none of that id."""

    def cases(self, account: str | None = None) -> tuple[CaseRecord, ...]:
        """All cases, or those of one account, the most urgent first."""

    def open_cases(self, account: str | None = None) -> tuple[CaseRecord, ...]:
        """As `cases`, without those that are answered or closed."""

    def bodies_since(self, account: str, since: datetime, most: int) -> tuple[datetime, ...]:
        """When the bodies of replies that went out, or may have, were handed over after `since`.

        The earliest come first, and no more than `most`.
        """

    def replies_until(self, account: str, until: datetime, most: int) -> tuple[CaseRecord, ...]:
        """The cases that our own replies had answered by then, the latest first, and no more than `most`."""

    def refunds_asked(self, account: str, since: datetime, before: datetime) -> tuple[CaseRecord, ...]:
        """The cases whose refund the seller was asked for from `since` on and before `before`, in that order."""

    def due_cases(self, account: str, now: datetime) -> tuple[CaseRecord, ...]:
        """The cases that want to be looked at by now, or would sleep over their cutoff, the most urgent first."""

    def next_wake(self, account: str) -> datetime | None:
        """When the next case wants to be looked at."""

    def has_threads(self, account: str) -> bool:
        """Whether the account has a case with a thread at all."""

    def known_threads(self, account: str, message_ids: Collection[str]) -> frozenset[str]:
        """Those of the Message-IDs that belong to the thread of a case; one query for all."""

    def find_cases(
        self, account: str, order_id: str | None, thread_ids: Sequence[str]
    ) -> tuple[CaseRecord, ...]:
        """The account's cases that share a thread id or the order id, oldest first."""

    def history(self, case_id: str) -> tuple[Recorded, ...]:
        """The events of a case in order."""

    def account_events(self, account: str) -> tuple[Recorded, ...]:
        """The events that belong to no case, in order."""

    def save_records(self, account: str, records: Sequence[OrderRecord]) -> None:
        """Keep what sources say about orders, in one transaction; the same key of an order again is replaced."""

    def records(self, account: str, order_id: str) -> tuple[OrderRecord, ...]:
        """What is kept about an order, one record a source, in the order in which they were collected."""

    def kept_records(self) -> Iterator[KeptRecord]:
        """All records without their contents, those of one account and order together."""

    def saved_files(self) -> Iterator[SavedFile]:
        """All stored mails and files, without their bytes."""

    def mails_held_back(self) -> frozenset[str]:
        """The SHA-256 of every mail that waits to be read or was put aside."""

    def standing(self) -> str:
        """A text that differs as soon as anything in the store has changed."""

    def purge(self, purge: Purge, told: Sequence[Event], at: datetime) -> bool:
        """Remove for good, in one transaction with the events that tell of it; also what an earlier purge left behind.

        Returns whether the bytes are overwritten by now: not while somebody else is reading the old ones; the next
        purge, be it an empty one, does it then. Raises TemporaryError when the store changed since `purge.seen`.
        """

    def close(self) -> None:
        """Let go of the store."""
