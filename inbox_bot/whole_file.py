"""Files that are written whole or not at all, and that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Through a file beside it, on the disk before it takes the name: a crash leaves the old one or the new one.

    One writer at a time. Raises OSError when the disk does not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name, so that a crash leaves one such file at most and the next write takes it over.
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
