"""The tables, as migrations; a released migration is never changed, only followed by another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from inbox_bot.core.case import Case
from inbox_bot.core.evolution import fold
from inbox_bot.core.record import Dossier, Order, OrderRecord, Origin, Provenance, Shipment
from inbox_bot.store.chain import BEGIN, chained
from inbox_bot.store.codec import event_from_json, from_json, to_json
from inbox_bot.store.rows import day_columns, derived_columns, question_columns

MIGRATIONS = Migrations("inbox_bot")


@MIGRATIONS(name="0001_first")
def _first(database: Database) -> None:
    for statement in _FIRST:
        database.execute(statement)


_FIRST = (
    # Raw mails and every file an event refers to, by content.
    """CREATE TABLE files (
        sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, content BLOB NOT NULL, saved_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    # state: waiting -> handled | quarantined
    """CREATE TABLE mails (
        number INTEGER PRIMARY KEY, account TEXT NOT NULL, sha256 TEXT NOT NULL, message_id TEXT,
        folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL, internal_at TEXT,
        state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0,
        kind TEXT, case_id TEXT, note TEXT NOT NULL DEFAULT '',
        UNIQUE (account, sha256)
    )""",
    "CREATE INDEX mails_waiting ON mails (account, number) WHERE state = 'waiting'",
    """CREATE TABLE cursors (
        account TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, last_uid INTEGER NOT NULL,
        polled_at TEXT NOT NULL, PRIMARY KEY (account, folder)
    ) WITHOUT ROWID""",
    # The truth. case_id is null for what happened to an account.
    """CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, case_id TEXT, at TEXT NOT NULL,
        type TEXT NOT NULL, data TEXT NOT NULL
    )""",
    "CREATE INDEX events_of_case ON events (case_id, number)",
    "CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are kept'); END",
    "CREATE TRIGGER events_stand BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events stand'); END",
    # Derived from the events; state is the whole case, the other columns are for searching.
    """CREATE TABLE cases (
        case_id TEXT PRIMARY KEY, account TEXT NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
        kind TEXT NOT NULL, order_id TEXT, reason TEXT NOT NULL, verdict TEXT, amount TEXT, currency TEXT,
        due_by TEXT, send_by TEXT, wake_at TEXT, opened_at TEXT NOT NULL, because TEXT NOT NULL, state TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX cases_wake ON cases (account, wake_at) WHERE wake_at IS NOT NULL",
    "CREATE INDEX cases_order ON cases (account, order_id)",
    """CREATE TABLE threads (
        account TEXT NOT NULL, message_id TEXT NOT NULL, case_id TEXT NOT NULL,
        PRIMARY KEY (account, message_id, case_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE orders (
        account TEXT NOT NULL, order_id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (account, order_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE shipments (
        account TEXT NOT NULL, order_id TEXT NOT NULL, parcel TEXT NOT NULL, data TEXT NOT NULL,
        PRIMARY KEY (account, order_id, parcel)
    ) WITHOUT ROWID""",
)


@MIGRATIONS(name="0002_records")
def _records(database: Database) -> None:
    """What each source says about an order, under its own key, in place of one merged order and its parcels."""
    database.execute(_RECORDS)
    moved_at = datetime.now(UTC)
    database.conn.executemany(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", list(_moved(database, moved_at))
    )
    database.execute("DROP TABLE orders")
    database.execute("DROP TABLE shipments")


_RECORDS = """CREATE TABLE records (
    account TEXT NOT NULL, order_id TEXT NOT NULL, key TEXT NOT NULL, origin TEXT NOT NULL,
    collected_at TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (account, order_id, key)
) WITHOUT ROWID"""


def _moved(database: Database, moved_at: datetime) -> Iterator[tuple[str, ...]]:
    orders = {
        (account, order_id): from_json(data, Order)
        for account, order_id, data in database.execute("SELECT account, order_id, data FROM orders")
    }
    parcels: dict[tuple[str, str], list[Shipment]] = {}
    for account, order_id, data in database.execute("SELECT account, order_id, data FROM shipments"):
        parcels.setdefault((account, order_id), []).append(from_json(data, Shipment))
    for account, order_id in {**orders, **parcels}:
        order = orders.get((account, order_id))
        shipments = tuple(parcels.get((account, order_id), ()))
        named = [order.source] if order else []
        named += [name for parcel in shipments for name in parcel.source.split("; ")]
        sources = tuple(Provenance(name, Origin.REPORT, moved_at) for name in dict.fromkeys(named) if name)
        dossier = Dossier(order_id, order=order, shipments=shipments, provenance=sources)
        at = moved_at.isoformat(timespec="microseconds")
        yield account, order_id, "imported", Origin.REPORT.value, at, to_json(dossier)


@MIGRATIONS(name="0003_record_days")
def _record_days(database: Database) -> None:
    """What retention needs to know of a record stands beside it, so that a daily purge reads no contents."""
    for column in _RECORD_DAYS:
        database.execute(f"ALTER TABLE records ADD COLUMN {column}")
    sql = """UPDATE records SET purchased_on = ?, shipped_on = ?, delivered_on = ?, latest_on = ?, personal = ?
        WHERE account = ? AND order_id = ? AND key = ?"""
    keys = database.execute("SELECT account, order_id, key FROM records").fetchall()
    database.conn.executemany(sql, (_days_of(database, *key) for key in keys))


_RECORD_DAYS = (
    "purchased_on TEXT",
    "shipped_on TEXT",
    "delivered_on TEXT",
    "latest_on TEXT NOT NULL DEFAULT ''",
    # 1 while the record holds what identifies a buyer
    "personal INTEGER NOT NULL DEFAULT 0",
)


def _days_of(database: Database, account: str, order_id: str, key: str) -> tuple[str | int | None, ...]:
    sql = "SELECT data FROM records WHERE account = ? AND order_id = ? AND key = ?"
    (data,) = database.execute(sql, (account, order_id, key)).fetchone()
    return (*day_columns(account, OrderRecord(key, from_json(data, Dossier))), account, order_id, key)


@MIGRATIONS(name="0004_alarms")
def _alarms(database: Database) -> None:
    """What a person has to be told and was told; an alarm waits here until a channel has taken it."""
    database.execute(_ALARMS)
    database.execute("CREATE INDEX alarms_waiting ON alarms (number) WHERE told_at IS NULL")


_ALARMS = """CREATE TABLE alarms (
    number INTEGER PRIMARY KEY, account TEXT NOT NULL, case_id TEXT, name TEXT NOT NULL, text TEXT NOT NULL,
    raised_at TEXT NOT NULL, told_at TEXT, tries INTEGER NOT NULL DEFAULT 0, retry_at TEXT
)"""


@MIGRATIONS(name="0005_chain")
def _chain(database: Database) -> None:
    """Every event carries the hash of itself and of the line before it, and none comes in without one."""
    database.execute("DROP TRIGGER events_stand")
    database.execute("ALTER TABLE events ADD COLUMN hash TEXT NOT NULL DEFAULT ''")
    rows = database.execute(
        "SELECT number, account, case_id, at, type, data FROM events ORDER BY number"
    ).fetchall()
    hashes = (hash_ for _, hash_ in chained(BEGIN, (row[1:] for row in rows)))
    database.conn.executemany(
        "UPDATE events SET hash = ? WHERE number = ?",
        [(hash_, row[0]) for row, hash_ in zip(rows, hashes, strict=True)],
    )
    for statement in _CHAIN:
        database.execute(statement)
    _derive_cases(database)


def _derive_cases(database: Database, columns: Callable[[Case], dict[str, object]] = derived_columns) -> None:
    """Fold every case anew: an earlier release drew less out of the same events."""
    cases = [case_id for (case_id,) in database.execute("SELECT case_id FROM cases").fetchall()]
    for case_id in cases:
        sql = "SELECT at, type, data FROM events WHERE case_id = ? ORDER BY number"
        history = (
            (datetime.fromisoformat(at), event_from_json(name, data))
            for at, name, data in database.execute(sql, (case_id,))
        )
        database.table("cases").update(case_id, columns(fold(case_id, history)))


_CHAIN = (
    "CREATE TRIGGER events_stand BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events stand'); END",
    """CREATE TRIGGER events_are_chained BEFORE INSERT ON events WHEN NEW.hash = ''
        BEGIN SELECT RAISE(ABORT, 'events are chained'); END""",
)


@MIGRATIONS(name="0006_questions")
def _questions(database: Database) -> None:
    """What is asked at every reply and every alarm has an index: a flood of notices costs each the same."""
    for statement in _QUESTIONS:
        database.execute(statement)
    _derive_cases(database, lambda case: {**derived_columns(case), **question_columns(case)})
    # An answered case had nothing more to wait for; now Amazon's silence is counted, so each is looked at once.
    database.execute("UPDATE cases SET wake_at = opened_at WHERE status = 'answered'")


_QUESTIONS = (
    # body_at: a reply's bytes went out, or may have. replied_at: our own reply answered the case.
    "ALTER TABLE cases ADD COLUMN body_at TEXT",
    "ALTER TABLE cases ADD COLUMN replied_at TEXT",
    "ALTER TABLE cases ADD COLUMN refund_asked_at TEXT",
    "CREATE INDEX cases_body ON cases (account, body_at) WHERE body_at IS NOT NULL",
    "CREATE INDEX cases_replied ON cases (account, replied_at) WHERE replied_at IS NOT NULL",
    "CREATE INDEX cases_refund ON cases (account, refund_asked_at) WHERE refund_asked_at IS NOT NULL",
    "CREATE INDEX cases_open ON cases (account) WHERE status NOT IN ('answered', 'closed')",
    "CREATE INDEX alarms_named ON alarms (account, name, case_id, raised_at)",
)
