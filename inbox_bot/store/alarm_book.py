"""The alarm book: what has to be told stands in the store until a channel has taken it, also over a kill -9.

One object belongs to one thread. Delivering is the business of `herald.py`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from inbox_bot.core.errors import StoreUnavailable
from inbox_bot.store.connection import connect
from inbox_bot.store.rows import instant_of, text_of

AGAIN_AFTER = timedelta(hours=12)  # the same words about the same thing within this time are told once
LONGEST_PAUSE = timedelta(days=2)  # what lies farther ahead was put off by a clock that ran ahead
# Each tells of another mail: the alarm about one must not silence that about the next.
ABOUT_ONE_MAIL = frozenset(
    {"quarantined", "a mail is too large", "unreadable on the server", "notice from a stranger"}
)


@dataclass(frozen=True, slots=True)
class WaitingAlarm:
    """An alarm that no channel has taken yet."""

    number: int
    account: str
    case_id: str | None
    name: str
    text: str
    raised_at: datetime
    tries: int
    retry_at: datetime | None


class AlarmBook:
    """The table of alarms; raises StoreUnavailable when it cannot be written."""

    def __init__(self, path: Path) -> None:
        """On the store at `path`, whose tables are there already."""
        self._connection = connect(path)

    def close(self) -> None:
        """Let go of the store."""
        self._connection.close()

    def raise_alarm(self, account: str, case_id: str | None, name: str, text: str, at: datetime) -> bool:
        """Enter an alarm; false when the same was entered within the last twelve hours."""
        sql = (
            "INSERT INTO alarms (account, case_id, name, text, raised_at) SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
            " (SELECT 1 FROM alarms WHERE account = ? AND case_id IS ? AND name = ? AND (text = ? OR NOT ?)"
            " AND raised_at > ? AND raised_at <= ?)"
        )
        each = name in ABOUT_ONE_MAIL
        since, until = text_of(at - AGAIN_AFTER), text_of(at + AGAIN_AFTER)
        values = (account, case_id, name, text, text_of(at), account, case_id, name, text, each, since, until)
        return self._write(sql, values) > 0

    def waiting(self, now: datetime) -> tuple[WaitingAlarm, ...]:
        """What is to be told by now, in the order in which it was raised."""
        sql = (
            "SELECT number, account, case_id, name, text, raised_at, tries, retry_at FROM alarms"
            " WHERE told_at IS NULL AND (retry_at IS NULL OR retry_at <= ? OR retry_at > ?) ORDER BY number"
        )
        return tuple(
            WaitingAlarm(
                number, account, case_id, name, text, _instant(raised_at), tries, instant_of(retry_at)
            )
            for number, account, case_id, name, text, raised_at, tries, retry_at in self._connection.execute(
                sql, (text_of(now), text_of(now + LONGEST_PAUSE))
            )
        )

    def told(self, number: int, at: datetime) -> None:
        """A channel has taken it."""
        self._write("UPDATE alarms SET told_at = ? WHERE number = ?", (text_of(at), number))

    def put_off(self, number: int, retry_at: datetime, *, failed: bool) -> None:
        """It is to be told later; `failed` counts a try that no channel took."""
        sql = "UPDATE alarms SET retry_at = ?, tries = tries + ? WHERE number = ?"
        self._write(sql, (text_of(retry_at), int(failed), number))

    def last_raised(self, name: str) -> datetime | None:
        """When an alarm of that name was raised last, for any account."""
        row = self._connection.execute("SELECT MAX(raised_at) FROM alarms WHERE name = ?", (name,)).fetchone()
        return instant_of(row[0])

    def waiting_count(self) -> int:
        """How many alarms no channel has taken yet."""
        return int(
            self._connection.execute("SELECT COUNT(*) FROM alarms WHERE told_at IS NULL").fetchone()[0]
        )

    def _write(self, sql: str, values: tuple[object, ...]) -> int:
        try:
            return self._connection.execute(sql, values).rowcount
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"the store could not be written: {error}") from error


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
