"""The list of cases, read straight from the store's columns: for a command that must answer at once.

Opens the store read-only and imports nothing but the standard library's lightest parts: dataclasses alone would cost
more than the reading.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

BURST_DAYS = 14  # as in core/kinship.py, which would cost the import of half the program


class CaseLine(NamedTuple):
    """One case as the list shows it; instants are ISO text in UTC, what is not known is None."""

    case_id: str
    account: str
    status: str
    kind: str
    order_id: str | None
    reason: str
    verdict: str | None
    amount: str | None
    currency: str | None
    due_by: str | None
    send_by: str | None
    because: str


class AlertLine(NamedTuple):
    """Something an account was told that belongs to no case."""

    at: str
    account: str
    data: str


def read_cases(path: Path, account: str | None = None) -> tuple[CaseLine, ...]:
    """All cases of the store, or of one account, the most urgent first; none when there is no store yet."""
    columns = ", ".join(CaseLine._fields)
    where = "" if account is None else "WHERE account = ?"
    order = "ORDER BY status IN ('answered', 'closed'), COALESCE(due_by, send_by, opened_at), case_id"
    sql = f"SELECT {columns} FROM cases {where} {order}"
    return tuple(CaseLine(*row) for row in _rows(path, sql, () if account is None else (account,)))


def read_bursts(path: Path, account: str | None = None) -> tuple[tuple[str, ...], ...]:
    """Groups of cases that are not closed and look like one buyer's, within two weeks of each other."""
    mark = "json_extract(state, '$.notice.buyer_mark')"
    where = f"status <> 'closed' AND {mark} <> ''" + ("" if account is None else " AND account = ?")
    sql = f"SELECT case_id, account || ' ' || {mark}, julianday(opened_at) FROM cases WHERE {where} ORDER BY 2, 3"
    groups: list[list[str]] = []
    last: tuple[str, float] = ("", 0.0)
    for case_id, mark_of, day in _rows(path, sql, () if account is None else (account,)):
        if mark_of == last[0] and float(day) - last[1] <= BURST_DAYS:
            groups[-1].append(case_id)
        else:
            groups.append([case_id])
        last = (mark_of, float(day))
    return tuple(tuple(group) for group in groups if len(group) > 1)


def read_alerts(path: Path, account: str | None = None) -> tuple[AlertLine, ...]:
    """What the accounts, or one of them, were told outside any case, newest first, at most twenty."""
    alerts = "case_id IS NULL AND type = 'AlertRaised'" + ("" if account is None else " AND account = ?")
    sql = f"SELECT at, account, data FROM events WHERE {alerts} ORDER BY number DESC LIMIT 20"
    return tuple(AlertLine(*row) for row in _rows(path, sql, () if account is None else (account,)))


def _rows(path: Path, sql: str, values: tuple[str, ...]) -> list[tuple[str, ...]]:
    if not path.exists():
        return []
    try:
        connection = sqlite3.connect(f"file:{path.resolve().as_posix()}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        from inbox_bot.core.errors import StoreError

        raise StoreError(f"the store {path} cannot be read: {error}") from None
