"""Secrets by reference: from the environment, a private file, or the system's keyring; never from a log.

A reference is `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`, or, when the user insists, `plain:PASSWORD`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from inbox_bot.core.errors import UserError
from inbox_bot.whole_file import write_whole

PASSWORD = "the mailbox's password"  # noqa: S105 - what it is called, not what it is


def resolve_secret(reference: str, role: str = PASSWORD) -> str:
    """The secret itself; raises UserError that names the reference (never the secret), its role and the remedy."""
    kind, _, rest = reference.partition(":")
    if kind == "env":
        return _from_environment(rest, role)
    if kind == "file":
        return _from_file(Path(rest).expanduser(), role)
    if kind == "keyring":
        return _from_keyring(rest, role)
    if kind == "plain":
        return rest
    raise UserError(
        f"{role} in the configuration is no reference; write env:NAME, file:PATH or keyring:SERVICE/USER"
    )


def find_secret(reference: str, role: str) -> str | None:
    """A secret that the program keeps itself (file: or keyring:), None when there is none; raises UserError."""
    kind, _, rest = reference.partition(":")
    if kind == "keyring":
        return _look_up(rest) or None
    path = Path(rest).expanduser()
    return _from_file(path, role) if path.exists() else None


def keep_secret(reference: str, secret: str) -> None:
    """Keep a secret of the program's own at the reference (file: or keyring:), whole or not at all.

    One writer at a time. Raises UserError when the keyring does not take it, OSError when the disk does not.
    """
    kind, _, rest = reference.partition(":")
    if kind == "file":
        write_whole(Path(rest).expanduser(), f"{secret}\n".encode())
        return
    import keyring  # slow to load, and most secrets are elsewhere

    service, _, user = rest.partition("/")
    try:
        keyring.set_password(service, user, secret)
    except Exception as error:  # every backend has errors of its own
        raise UserError(_no_keyring(error)) from None


def _from_environment(name: str, role: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise UserError(f"the environment variable {name} is empty; set it to {role}")
    return secret


def _from_file(path: Path, role: str) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UserError(f"the file {path} with {role} cannot be read: {reason}") from None
    if mode & 0o077:
        raise UserError(
            f"the file {path} with {role} can be read by others (mode {mode:03o}); run: chmod 600 {path}"
        )
    if not secret:
        raise UserError(f"the file {path} is empty; {role} belongs into it")
    return secret


def _from_keyring(place: str, role: str) -> str:
    secret = _look_up(place)
    if not secret:
        service, _, user = place.partition("/")
        raise UserError(f"the keyring does not hold {role} ({place}); run: keyring set {service} {user}")
    return secret


def _look_up(place: str) -> str:
    import keyring  # slow to load, and most secrets are elsewhere

    service, _, user = place.partition("/")
    try:
        return str(keyring.get_password(service, user) or "")
    except Exception as error:  # every backend has errors of its own
        raise UserError(_no_keyring(error)) from None


def _no_keyring(error: Exception) -> str:
    return f"the system's keyring cannot be used ({type(error).__name__}); use a file: reference instead"
