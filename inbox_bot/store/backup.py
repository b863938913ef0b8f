"""Copies of the store's file: one that is whole while the daemon goes on writing, and its way back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from inbox_bot.core.errors import StoreError, UserError
from inbox_bot.store.audit import Audit, audit_store
from inbox_bot.store.connection import companions

_PAGES_AT_ONCE = 2_000  # 8 MB; between two portions the daemon may write
Prepared = TypeVar("Prepared")
_NEWEST_EVENT = "SELECT MAX(at) FROM events"


def back_up(store: Path, target: Path, *, replace: bool = False) -> Audit:
    """Copy the store to `target` (mode 600) and look the copy over; the daemon may run on.

    `target` comes to be whole or not at all. Raises UserError when it stands already and `replace` is false,
    StoreError when the store cannot be read or the copy has a fault.
    """
    if not store.is_file():
        raise StoreError(f"there is no store {store} to back up")
    if target.exists() and not replace:
        raise UserError(f"{target} exists already; name another file, or say --replace")
    if target.exists() and target.samefile(store):
        raise UserError(f"{target} is the store itself; name another file")
    try:
        with _beside(target) as copy:
            _copy(store, copy)
            audit = _sound(copy)
            copy.replace(target)
            _sync(target.parent)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}") from error
    return audit


def swap_in(
    backup: Path, store: Path, now: datetime, prepare: Callable[[Path, datetime], Prepared]
) -> tuple[Path | None, Prepared]:
    """Put a backup in the store's place; returns where the old store went, and what `prepare` said.

    The caller holds the lock. `prepare` gets the copy before it takes its place, and the instant of its newest event.
    The old store is kept beside the new one under a dated name, also a damaged one. Raises StoreError when the backup
    is none or has a fault: then nothing was changed.
    """
    if store.exists() and backup.exists() and backup.samefile(store):
        raise UserError(f"{backup} is the store itself; name a backup of it")
    try:
        store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _beside(store) as copy:
            _copy(backup, copy)
            if not _sound(copy).schema:
                raise StoreError(f"{backup} holds nothing")
            prepared = prepare(copy, _newest_event(copy) or now)
            _fold_in(copy)
            aside = _set_aside(store, now)
            copy.replace(store)
            _sync(store.parent)
    except OSError as error:
        raise StoreError(f"{store} cannot be replaced: {error.strerror}") from error
    return aside, prepared


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """An empty private file in the target's folder; gone at the end unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
    finally:
        for left in (path, *companions(path)):
            left.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise StoreError(f"there is no file {source}")
    try:
        with (
            contextlib.closing(
                sqlite3.connect(f"file:{source.resolve().as_posix()}?mode=ro", uri=True)
            ) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new, pages=_PAGES_AT_ONCE)
            # One file, whatever the source was: a backup is carried about without companions.
            new.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be read as a store: {error}") from error
    with target.open("rb") as written:
        os.fsync(written.fileno())


def _fold_in(copy: Path) -> None:
    """Write what stands beside the file into it, since only the file is moved."""
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _sound(copy: Path) -> Audit:
    audit = audit_store(copy)
    if audit.wrong:
        raise StoreError(
            "the copy has a fault, so nothing was replaced: "
            + "; ".join(audit.wrong)
            + "; inbox-bot verify says more"
        )
    return audit


def _newest_event(path: Path) -> datetime | None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (newest,) = connection.execute(_NEWEST_EVENT).fetchone()
    return datetime.fromisoformat(newest) if newest else None


def _set_aside(store: Path, now: datetime) -> Path | None:
    """The old store under a dated name, with what SQLite had not written into it yet."""
    if not store.exists():
        return None
    aside = store.with_name(f"{store.name}.before-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    if aside.exists():
        raise StoreError(f"{aside} exists already; move it away")
    try:
        os.link(
            store, aside
        )  # so that at no instant there is none: a process that dies here leaves the old one
    except OSError:  # a file system without links
        store.replace(aside)
    for old, new in zip(companions(store), companions(aside), strict=True):
        if old.exists():
            old.replace(new)
    return aside


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
