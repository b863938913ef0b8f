"""The store on SQLite: write-ahead log, full sync, one transaction a change.

One object belongs to one thread; several objects may stand on one file.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from inbox_bot.core.case import Case
from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.events import Event
from inbox_bot.core.record import Dossier, OrderRecord
from inbox_bot.core.retention import KeptRecord, RecordKey, SavedFile, listed, without_buyer
from inbox_bot.store.chain import BEGIN, EventRow, chained
from inbox_bot.store.codec import event_from_json, from_json, to_json
from inbox_bot.store.connection import connect, damage_in, migrate, transaction, unusable
from inbox_bot.store.protocol import (
    CaseRecord,
    Change,
    Cursor,
    FetchedMail,
    MailOutcome,
    Purge,
    Recorded,
    StoredFile,
    StoredMail,
)
from inbox_bot.store.rows import case_row, instant_of, kept_record_of, record_row, text_of

MAIL_TYPE = "message/rfc822"
_URGENT_FIRST = "ORDER BY COALESCE(due_by, send_by, opened_at), case_id"
# An open case always has an alarm ahead until its cutoff; one that would sleep over it was put to bed by a clock that
# ran ahead.
_OVERSLEEPS = """(status NOT IN ('answered', 'closed') AND COALESCE(due_by, send_by) > ?
    AND (wake_at IS NULL OR wake_at > COALESCE(due_by, send_by)))"""
_LOOK_FOR_SLEEPERS_EVERY = timedelta(minutes=1)
_RECORD = "version, wake_at, state"
_SAVE_RECORD = """INSERT OR REPLACE INTO records
    (account, order_id, key, origin, collected_at, data, purchased_on, shipped_on, delivered_on, latest_on, personal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_KEPT_RECORDS = """SELECT
    account, order_id, key, origin, collected_at, purchased_on, shipped_on, delivered_on, latest_on, personal,
    CASE latest_on WHEN '' THEN data END
    FROM records ORDER BY account, order_id"""


def see_that_it_is_whole(path: Path) -> None:
    """Open the store, make it if there is none, and let SQLite look over every page; raises StoreError."""
    store = SqliteStore(path)
    try:
        store.refuse_damage()
    finally:
        store.close()


class SqliteStore:
    """`Store` in one SQLite file, or in memory when `path` is None."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the store; raises StoreError when the file is no store of ours or is damaged."""
        self._path = path
        self._sleepers_looked_for: dict[str, datetime] = {}
        self._connection = connect(path)
        self._database = Database(self._connection)
        try:
            migrate(self._connection, path)
            self._connection.execute("PRAGMA shrink_memory")  # what the migrations read is not needed again
        except BaseException:
            self._connection.close()
            raise

    def refuse_damage(self) -> None:
        """Raise StoreError when SQLite finds a fault in the file."""
        if found := damage_in(self._connection):
            raise unusable(self._path, sqlite3.DatabaseError("; ".join(found)))

    def close(self) -> None:
        self._connection.close()

    def cursor(self, account: str, folder: str) -> Cursor | None:
        sql = "SELECT uidvalidity, last_uid FROM cursors WHERE account = ? AND folder = ?"
        row = self._row(sql, account, folder)
        return Cursor(row[0], row[1]) if row else None

    def save_mails(
        self, account: str, folder: str, cursor: Cursor, mails: Sequence[FetchedMail], at: datetime
    ) -> int:
        new = 0
        with transaction(self._connection):
            for mail in mails:
                new += self._save_mail(account, folder, cursor.uidvalidity, mail, at)
            self._database.table("cursors").upsert(
                {
                    "account": account,
                    "folder": folder,
                    "uidvalidity": cursor.uidvalidity,
                    "last_uid": cursor.last_uid,
                    "polled_at": text_of(at),
                },
                pk=("account", "folder"),
            )
        return new

    def _save_mail(self, account: str, folder: str, uidvalidity: int, mail: FetchedMail, at: datetime) -> int:
        sha256 = hashlib.sha256(mail.raw_bytes).hexdigest()
        sql = (
            "INSERT OR IGNORE INTO mails (account, sha256, message_id, folder, uidvalidity, uid, internal_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        values = (account, sha256, mail.message_id, folder, uidvalidity, mail.uid, text_of(mail.internal_at))
        new = self._connection.execute(sql, values).rowcount
        if new:  # a mail that is known may have been purged, and then its bytes stay away
            self._save_file(StoredFile(sha256, MAIL_TYPE, mail.raw_bytes), at)
        return new

    def waiting_mails(self, account: str) -> tuple[StoredMail, ...]:
        sql = (
            "SELECT sha256, folder, internal_at, tries FROM mails"
            " WHERE account = ? AND state = 'waiting' ORDER BY number"
        )
        return tuple(
            StoredMail(account, sha256, folder, instant_of(internal_at), tries)
            for sha256, folder, internal_at, tries in self._rows(sql, account)
        )

    def note_failure(self, account: str, sha256: str, what: str) -> int:
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE mails SET tries = tries + 1, note = ? WHERE account = ? AND sha256 = ?",
                (what, account, sha256),
            )
        row = self._row("SELECT tries FROM mails WHERE account = ? AND sha256 = ?", account, sha256)
        return int(row[0]) if row else 0

    def file(self, sha256: str) -> bytes:
        row = self._row("SELECT content FROM files WHERE sha256 = ?", sha256)
        if row is None:
            raise KeyError(sha256)
        return bytes(row[0])

    def commit(self, change: Change) -> None:
        with transaction(self._connection):
            for file in change.files:
                self._save_file(file, change.at)
            self._append_events(change)
            for outcome in change.mails:
                self._save_outcome(change.account, outcome)
            if change.case is not None:
                self._save_case(change, change.case)

    def _append_events(self, change: Change) -> None:
        at = text_of(change.at) or ""
        rows: list[EventRow] = [
            (change.account, change.case_id, at, type(event).__name__, to_json(event))
            for event in change.events
        ]
        last = self._row("SELECT hash FROM events ORDER BY number DESC LIMIT 1")
        sql = "INSERT INTO events (account, case_id, at, type, data, hash) VALUES (?, ?, ?, ?, ?, ?)"
        previous = last[0] if last else BEGIN
        self._connection.executemany(sql, ((*row, hash_) for row, hash_ in chained(previous, rows)))

    def _save_outcome(self, account: str, outcome: MailOutcome) -> None:
        state = "quarantined" if outcome.quarantined else "handled"
        self._connection.execute(
            "UPDATE mails SET state = ?, kind = ?, case_id = ?, note = ? WHERE account = ? AND sha256 = ?",
            (state, outcome.kind, outcome.case_id, outcome.note, account, outcome.sha256),
        )

    def _save_case(self, change: Change, case: Case) -> None:
        row = self._row("SELECT version FROM cases WHERE case_id = ?", case.case_id)
        if (row[0] if row else 0) != change.version:
            raise TemporaryError(f"case {case.case_id} was changed by somebody else; it is read again")
        self._database.table("cases").upsert(case_row(case, change), pk="case_id")
        self._connection.executemany(
            "INSERT OR IGNORE INTO threads (account, message_id, case_id) VALUES (?, ?, ?)",
            [(case.account, message_id, case.case_id) for message_id in case.thread_ids],
        )

    def _save_file(self, file: StoredFile, at: datetime) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO files (sha256, media_type, content, saved_at) VALUES (?, ?, ?, ?)",
            (file.sha256, file.media_type, file.content, text_of(at)),
        )

    def case(self, case_id: str) -> CaseRecord | None:
        records = self._records(f"SELECT {_RECORD} FROM cases WHERE case_id = ?", case_id)
        return next(records, None)

    def cases(self, account: str | None = None) -> tuple[CaseRecord, ...]:
        if account is None:
            return tuple(self._records(f"SELECT {_RECORD} FROM cases {_URGENT_FIRST}"))
        return tuple(self._records(f"SELECT {_RECORD} FROM cases WHERE account = ? {_URGENT_FIRST}", account))

    def open_cases(self, account: str | None = None) -> tuple[CaseRecord, ...]:
        sql = f"SELECT {_RECORD} FROM cases WHERE status NOT IN ('answered', 'closed')"
        if account is None:
            return tuple(self._records(f"{sql} {_URGENT_FIRST}"))
        return tuple(self._records(f"{sql} AND account = ? {_URGENT_FIRST}", account))

    def bodies_since(self, account: str, since: datetime, most: int) -> tuple[datetime, ...]:
        sql = "SELECT body_at FROM cases WHERE account = ? AND body_at > ? ORDER BY body_at LIMIT ?"
        rows = self._connection.execute(sql, (account, text_of(since), most))
        return tuple(datetime.fromisoformat(body_at) for (body_at,) in rows)

    def replies_until(self, account: str, until: datetime, most: int) -> tuple[CaseRecord, ...]:
        order = "ORDER BY replied_at DESC, case_id LIMIT ?"
        sql = f"SELECT {_RECORD} FROM cases WHERE account = ? AND replied_at <= ? {order}"
        return tuple(self._records(sql, account, text_of(until), most))

    def refunds_asked(self, account: str, since: datetime, before: datetime) -> tuple[CaseRecord, ...]:
        day = "refund_asked_at >= ? AND refund_asked_at < ?"
        sql = f"SELECT {_RECORD} FROM cases WHERE account = ? AND {day} ORDER BY refund_asked_at, case_id"
        return tuple(self._records(sql, account, text_of(since), text_of(before)))

    def due_cases(self, account: str, now: datetime) -> tuple[CaseRecord, ...]:
        looked_at = self._sleepers_looked_for.get(account)
        # This goes over all cases, so not with every mail; a clock that went back is noticed at once.
        if looked_at is None or not looked_at <= now < looked_at + _LOOK_FOR_SLEEPERS_EVERY:
            self._sleepers_looked_for[account] = now
            sql = f"SELECT {_RECORD} FROM cases WHERE account = ? AND (wake_at <= ? OR {_OVERSLEEPS}) {_URGENT_FIRST}"
            return tuple(self._records(sql, account, text_of(now), text_of(now)))
        sql = f"SELECT {_RECORD} FROM cases WHERE account = ? AND wake_at <= ? {_URGENT_FIRST}"
        return tuple(self._records(sql, account, text_of(now)))

    def next_wake(self, account: str) -> datetime | None:
        sql = "SELECT MIN(wake_at) FROM cases WHERE account = ? AND wake_at IS NOT NULL"
        row = self._row(sql, account)
        return instant_of(row[0]) if row else None

    def has_threads(self, account: str) -> bool:
        return self._row("SELECT 1 FROM threads WHERE account = ? LIMIT 1", account) is not None

    def known_threads(self, account: str, message_ids: Collection[str]) -> frozenset[str]:
        if not message_ids:
            return frozenset()
        sql = "SELECT message_id FROM threads WHERE account = ? AND message_id IN (SELECT value FROM json_each(?))"
        return frozenset(row[0] for row in self._rows(sql, account, json.dumps(list(message_ids))))

    def find_cases(
        self, account: str, order_id: str | None, thread_ids: Sequence[str]
    ) -> tuple[CaseRecord, ...]:
        found: set[str] = set()
        for thread_id in thread_ids:
            sql = "SELECT case_id FROM threads WHERE account = ? AND message_id = ?"
            found.update(row[0] for row in self._rows(sql, account, thread_id))
        if order_id is not None:
            sql = "SELECT case_id FROM cases WHERE account = ? AND order_id = ?"
            found.update(row[0] for row in self._rows(sql, account, order_id))
        records = [record for case_id in found if (record := self.case(case_id)) is not None]
        return tuple(sorted(records, key=lambda record: (record.case.opened_at, record.case.case_id)))

    def history(self, case_id: str) -> tuple[Recorded, ...]:
        return self._recorded("case_id = ?", case_id)

    def account_events(self, account: str) -> tuple[Recorded, ...]:
        return self._recorded("case_id IS NULL AND account = ?", account)

    def _recorded(self, where: str, value: str) -> tuple[Recorded, ...]:
        sql = f"SELECT number, at, case_id, type, data FROM events WHERE {where} ORDER BY number"
        return tuple(
            Recorded(number, datetime.fromisoformat(at), case_id, event_from_json(name, data))
            for number, at, case_id, name, data in self._rows(sql, value)
        )

    def save_records(self, account: str, records: Sequence[OrderRecord]) -> None:
        with transaction(self._connection):
            self._connection.executemany(
                _SAVE_RECORD,
                [record_row(account, record) for record in records],
            )

    def records(self, account: str, order_id: str) -> tuple[OrderRecord, ...]:
        sql = "SELECT key, data FROM records WHERE account = ? AND order_id = ? ORDER BY collected_at, key"
        return tuple(
            OrderRecord(key, from_json(data, Dossier)) for key, data in self._rows(sql, account, order_id)
        )

    def kept_records(self) -> Iterator[KeptRecord]:
        for *row, unlisted in self._connection.execute(_KEPT_RECORDS):
            if unlisted:  # written by an earlier release on a store that a later one had opened
                account, _, key = row[:3]
                yield listed(account, OrderRecord(key, from_json(unlisted, Dossier)))
            else:
                yield kept_record_of(*row)

    def saved_files(self) -> Iterator[SavedFile]:
        for sha256, media_type, saved_at in self._connection.execute(
            "SELECT sha256, media_type, saved_at FROM files"
        ):
            yield SavedFile(sha256, media_type, datetime.fromisoformat(saved_at))

    def mails_held_back(self) -> frozenset[str]:
        return frozenset(
            sha256 for (sha256,) in self._rows("SELECT sha256 FROM mails WHERE state != 'handled'")
        )

    def standing(self) -> str:
        (others,) = self._connection.execute("PRAGMA data_version").fetchone()
        return f"{others} {self._connection.total_changes}"

    def purge(self, purge: Purge, told: Sequence[Event], at: datetime) -> bool:
        if purge.bare or purge.gone or purge.files or told:
            with transaction(self._connection):
                if purge.seen and purge.seen != self.standing():
                    raise TemporaryError(
                        "the store changed while it was worked out what may go; it is done again"
                    )
                self._remove(purge)
                self._append_events(Change("", at, events=tuple(told)))
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _remove(self, purge: Purge) -> None:
        for key in purge.bare:
            if (whole := self._record(key)) is not None:
                self._replace_record(key[0], without_buyer(whole))
        sql = "DELETE FROM records WHERE account = ? AND order_id = ? AND key = ?"
        self._connection.executemany(sql, purge.gone)
        self._connection.executemany("DELETE FROM files WHERE sha256 = ?", [(one,) for one in purge.files])

    def _record(self, key: RecordKey) -> OrderRecord | None:
        row = self._row("SELECT data FROM records WHERE account = ? AND order_id = ? AND key = ?", *key)
        return OrderRecord(key[2], from_json(row[0], Dossier)) if row else None

    def _replace_record(self, account: str, record: OrderRecord) -> None:
        self._connection.execute(
            "UPDATE records SET data = ?, personal = 0 WHERE account = ? AND order_id = ? AND key = ?",
            (to_json(record.dossier), account, record.dossier.order_id, record.key),
        )

    def _records(self, sql: str, *values: str | int | None) -> Iterator[CaseRecord]:
        for version, wake_at, state in self._rows(sql, *values):
            yield CaseRecord(from_json(state, Case), version, instant_of(wake_at))

    def _rows(self, sql: str, *values: str | int | None) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def _row(self, sql: str, *values: str | int | None) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return row
