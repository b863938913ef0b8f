"""The lock of the data folder: one process at a time works on the cases, and names itself to one that has to wait."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inbox_bot.core.errors import StoreError

_NAME = "lock"


@contextmanager
def only_one(data_folder: Path) -> Iterator[None]:
    """Hold the lock; raises StoreError with the other's process id when somebody has it.

    The kernel lets go of it with the process, however that ends: a file that is left behind locks nobody out.
    """
    try:
        data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data_folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{data_folder} cannot be used: {error.strerror}; see who owns it") from None
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = file.read(20).strip()
            named = f" (process {who})" if who.isdigit() else ""
            raise StoreError(f"another inbox-bot{named} works on {data_folder}; stop it first") from None
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
