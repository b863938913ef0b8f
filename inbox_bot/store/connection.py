"""Opening the store's file: the settings of a connection, and what is said of a file that is none of ours.

Used by everything that opens the store to write. Tables and migrations are in `schema.py`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from inbox_bot.core.errors import InboxBotError, StoreError, StoreUnavailable
from inbox_bot.store.schema import MIGRATIONS

_PRIVATE = 0o600
_CACHE_KIB = 256  # of each connection; an account has one, and there may be hundreds
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection with the store's settings; the file and its companions are made for nobody else to read.

    Raises StoreError with the remedy when there is no such folder, or the file may not be opened or is no SQLite file.
    """
    try:
        if path is not None:
            _make_private(path)
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the store {path} cannot be opened: {_words(error)}") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        # What is removed or replaced is overwritten at once: a newer report replaces addresses every day.
        connection.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    return connection


def _make_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=_PRIVATE)
    for file in (path, *companions(path)):
        # A store that another program copied here may stand open to everybody; only its owner can close it.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if file.stat().st_mode & _OF_OTHERS:
                file.chmod(_PRIVATE)


def companions(path: Path) -> tuple[Path, Path]:
    """The files that SQLite keeps beside a store: what was written last stands in the first."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def migrate(connection: sqlite3.Connection, path: Path | None) -> None:
    """Bring the tables up to this release; raises StoreError for another program's file and a later release's."""
    database = Database(connection)
    try:
        _refuse_what_is_not_ours(database, path)
        MIGRATIONS.apply(database)
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def _refuse_what_is_not_ours(database: Database, path: Path | None) -> None:
    applied = {one.name for one in MIGRATIONS.applied(database)}
    tables = set(database.table_names()) - {MIGRATIONS.migrations_table}
    if tables and not applied:
        raise StoreError(f"{path} belongs to another program; name another data_dir in the configuration")
    ours = {one.name for one in MIGRATIONS.pending(Database(memory=True))}
    if unknown := sorted(applied - ours):
        raise StoreError(
            f"the store {path} was written by a later release of inbox-bot (it has {', '.join(unknown)}); "
            "upgrade inbox-bot, or restore a backup that this release made"
        )


def schema_of(connection: sqlite3.Connection) -> str:
    """The name of the newest migration that the file has, empty for a new file."""
    applied = MIGRATIONS.applied(Database(connection))
    return applied[-1].name if applied else ""


def damage_in(connection: sqlite3.Connection, *, thorough: bool = False) -> tuple[str, ...]:
    """What SQLite finds wrong with the file, the first few lines; `thorough` also holds indexes to their tables."""
    check = "integrity_check" if thorough else "quick_check"
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(5)")]
    except sqlite3.DatabaseError as error:
        return (_words(error),)
    return () if found == ["ok"] else tuple(found)


def unusable(path: Path | None, error: Exception) -> InboxBotError:
    """The error for a file that SQLite will not work with, with what to do about it."""
    words = _words(error)
    if isinstance(error, sqlite3.OperationalError) and "malformed" not in words:
        return StoreUnavailable(f"the store {path} cannot be used: {words}")
    return StoreError(
        f"the store {path} is damaged or no store ({words}); keep the file, and restore the newest backup: "
        "inbox-bot restore FILE"
    )


def _words(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction from its first statement on, so that two writers cannot read the same version.

    Raises StoreUnavailable when nothing can be written just now (disk full, read-only, locked), else StoreError.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        _roll_back(connection)
        raise StoreUnavailable(f"the store could not be written: {error}") from error
    except sqlite3.DatabaseError as error:
        _roll_back(connection)
        raise StoreError(f"the store refused a change: {error}") from error
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
