"""Looking over a whole store: SQLite's check, the chain of events, files against hashes, cases against events.

Reads only. What the user is told of it is the business of `commands/keeping.py`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inbox_bot.core.case import Case
from inbox_bot.core.errors import StoreError
from inbox_bot.core.evolution import fold
from inbox_bot.store.chain import EventRow, Head, breaks
from inbox_bot.store.codec import event_from_json, from_json
from inbox_bot.store.connection import damage_in, migrate, schema_of, unusable

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Audit:
    """What stands in a store, and everything that is wrong with it, in plain words; nothing wrong: empty."""

    schema: str
    size_bytes: int
    events: int
    files: int
    cases: int
    mails: int
    head: Head | None
    wrong: tuple[str, ...]


def audit_store(path: Path, known_head: Head | None = None) -> Audit:
    """Look over the store at `path`; raises StoreError when it cannot be read at all.

    `known_head` is one that was written down earlier: the log must still hold that very line. A store of an earlier
    release is looked over as this release would read it, on a copy in memory.
    """
    connection = _read_only(path)
    try:
        wrong = [f"SQLite: {line}" for line in damage_in(connection, thorough=True)]
        if wrong:
            return Audit("", path.stat().st_size, 0, 0, 0, 0, None, tuple(wrong))
        schema = schema_of(connection)
        migrated = _migrated(connection, path)
        try:
            return _audit(migrated, path, schema, known_head)
        finally:
            migrated.close()
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    finally:
        connection.close()


def _read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(f"there is no store {path}")
    try:
        connection = sqlite3.connect(f"file:{path.resolve().as_posix()}?mode=ro", uri=True, timeout=10)
        connection.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    return connection


def _migrated(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """The same store as this release has it; the file itself stays as it is."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.backup(copy)
        migrate(copy, path)
    except BaseException:
        copy.close()
        raise
    return copy


def _audit(connection: sqlite3.Connection, path: Path, schema: str, known_head: Head | None) -> Audit:
    wrong = [*_wrong_events(connection, known_head), *_wrong_files(connection), *_wrong_cases(connection)]
    return Audit(
        schema=schema,
        size_bytes=path.stat().st_size,
        events=_count(connection, "events"),
        files=_count(connection, "files"),
        cases=_count(connection, "cases"),
        mails=_count(connection, "mails"),
        head=_head(connection),
        wrong=_shortened(wrong),
    )


def _shortened(wrong: list[str]) -> tuple[str, ...]:
    more = len(wrong) - _MOST_LINES
    return (*wrong[:_MOST_LINES], *([f"and {more} more"] if more > 0 else []))


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def _head(connection: sqlite3.Connection) -> Head | None:
    row = connection.execute("SELECT number, hash FROM events ORDER BY number DESC LIMIT 1").fetchone()
    return Head(*row) if row else None


def _wrong_events(connection: sqlite3.Connection, known_head: Head | None) -> Iterator[str]:
    sql = "SELECT number, account, case_id, at, type, data, hash FROM events ORDER BY number"
    lines: Iterator[tuple[int, EventRow, str]] = (
        (number, tuple(row), hash_) for number, *row, hash_ in connection.execute(sql)
    )
    for number in breaks(lines):
        yield f"event {number} was changed, or one before it was taken out or put in"
    if known_head is not None:
        row = connection.execute("SELECT hash FROM events WHERE number = ?", (known_head.number,)).fetchone()
        if row is None or row[0] != known_head.hash:
            yield f"the log no longer holds event {known_head.number} with the hash {known_head.hash[:12]}..."


def _wrong_files(connection: sqlite3.Connection) -> Iterator[str]:
    for sha256, content in connection.execute("SELECT sha256, content FROM files"):
        if hashlib.sha256(content).hexdigest() != sha256:
            yield f"file {sha256[:12]} does not hold what its name says"
    missing = (
        "SELECT COUNT(*) FROM mails WHERE state = 'waiting'"
        " AND NOT EXISTS (SELECT 1 FROM files WHERE files.sha256 = mails.sha256)"
    )
    if count := connection.execute(missing).fetchone()[0]:
        yield f"{count} mail(s) that were not handled yet are gone from the store"


def _wrong_cases(connection: sqlite3.Connection) -> Iterator[str]:
    for case_id, state in connection.execute("SELECT case_id, state FROM cases ORDER BY case_id").fetchall():
        try:
            if _told(from_json(state, Case)) != _told(_from_events(connection, case_id)):
                yield f"case {case_id} is not what its events say"
        except (ValueError, TypeError, KeyError) as error:
            yield f"case {case_id} cannot be read: {error}"
    sql = (
        "SELECT DISTINCT case_id FROM events WHERE case_id IS NOT NULL"
        " AND case_id NOT IN (SELECT case_id FROM cases) ORDER BY case_id"
    )
    for (case_id,) in connection.execute(sql):
        yield f"case {case_id} has events and is gone itself"


def _from_events(connection: sqlite3.Connection, case_id: str) -> Case:
    sql = "SELECT at, type, data FROM events WHERE case_id = ? ORDER BY number"
    history = (
        (datetime.fromisoformat(at), event_from_json(name, data))
        for at, name, data in connection.execute(sql, (case_id,))
    )
    return fold(case_id, history)


def _told(case: Case) -> tuple[object, ...]:
    """What the seller's rights hang on; what a later release derives anew may differ from what an older one kept."""
    reply = (case.reply.message_id, case.reply.sha256) if case.reply else None
    due_by = case.deadline.due_by if case.deadline else None
    return (
        *(case.status, case.trusted, case.order_id, case.verdict, due_by, reply),
        *(case.answered_at, case.answered_how, case.answer_id, case.outcome, case.closed_at),
    )
