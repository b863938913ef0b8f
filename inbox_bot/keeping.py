"""Going back to a backup: the file takes its place, and every open case learns that it was away."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.store.backup import swap_in
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.work import Work


def bring_back(backup: Path, store: Path, now: datetime) -> tuple[Path | None, tuple[Case, ...]]:
    """Put a backup in the store's place; returns where the old store went, and the cases that wait for an answer.

    Those cases draft and send nothing before the mailbox was searched for what happened since the backup. The caller
    holds the lock. Raises StoreError when the backup has a fault: then nothing was changed.
    """
    return swap_in(backup, store, now, lambda copy, backed_up_at: _tell_cases(copy, backed_up_at, now))


def _tell_cases(path: Path, backed_up_at: datetime, now: datetime) -> tuple[Case, ...]:
    store = SqliteStore(path)
    try:
        told = []
        for record in store.cases():
            if record.case.closed_at is None and record.case.answered_at is None:
                work = Work.on(store, record, now)
                work.happen(happened.StoreRestored(backed_up_at))
                work.save(now)
                told.append(work.case)
        return tuple(told)
    finally:
        store.close()
