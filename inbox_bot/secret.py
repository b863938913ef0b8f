"""Secrets by reference: from the environment, a private file, or the system's keyring; never from a log.

A reference is `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`, or, when the user insists, `plain:PASSWORD`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from inbox_bot.core.errors import UserError


def resolve_secret(reference: str) -> str:
    """The secret itself; raises UserError that names the reference (never the secret) and the remedy."""
    kind, _, rest = reference.partition(":")
    if kind == "env":
        return _from_environment(rest)
    if kind == "file":
        return _from_file(Path(rest).expanduser())
    if kind == "keyring":
        return _from_keyring(rest)
    if kind == "plain":
        return rest
    raise UserError(
        "a secret in the configuration is no reference; write env:NAME, file:PATH or keyring:SERVICE/USER"
    )


def _from_environment(name: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise UserError(f"the environment variable {name} is empty; set it to the mailbox's password")
    return secret


def _from_file(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UserError(f"the secret file {path} cannot be read: {reason}") from None
    if mode & 0o077:
        raise UserError(
            f"the secret file {path} can be read by others (mode {mode:03o}); run: chmod 600 {path}"
        )
    if not secret:
        raise UserError(f"the secret file {path} is empty; write the mailbox's password into it")
    return secret


def _from_keyring(place: str) -> str:
    import keyring  # slow to load, and most secrets are elsewhere

    service, _, user = place.partition("/")
    try:
        secret = keyring.get_password(service, user)
    except Exception as error:  # every backend has errors of its own
        raise UserError(
            f"the system's keyring cannot be used ({type(error).__name__}); use env: or file:"
        ) from None
    if not secret:
        raise UserError(f"the keyring holds no secret for {place}; run: keyring set {service} {user}")
    return str(secret)
