"""The store opened to read and never to write: for commands that must leave no trace in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database

from inbox_bot.core.errors import UserError
from inbox_bot.store.connection import schema_of, unusable
from inbox_bot.store.schema import MIGRATIONS
from inbox_bot.store.sqlite import SqliteStore


class ReadOnlyStore(SqliteStore):
    """`SqliteStore` over a file that SQLite itself refuses to change."""

    def __init__(self, path: Path) -> None:
        """Open the store; raises UserError when there is none, or its tables are those of another release."""
        self._path = path
        if not path.exists():
            raise UserError(f"there is no store {path} yet; `inbox-bot once` makes it")
        try:
            address = f"file:{path.resolve().as_posix()}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=10)
        except sqlite3.Error as error:
            raise unusable(path, error) from error
        try:
            self._connection.execute("PRAGMA query_only = ON")
            newest = MIGRATIONS.pending(Database(memory=True))[-1].name
            found = schema_of(self._connection)
        except sqlite3.Error as error:
            self._connection.close()
            raise unusable(path, error) from error
        if found != newest:
            self._connection.close()
            what = f"the store {path} has the tables of another release ({found or 'none'})"
            raise UserError(f"{what}; `inbox-bot once` brings them up to this one")
        self._database = Database(self._connection)
