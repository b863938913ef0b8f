"""Where a grant is kept between runs: in the keyring or in a private file, whole at every moment.

One process at a time renews a grant: some providers take a refresh token back when it is used twice.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.mail.oauth import Grant, OAuthSettings
from inbox_bot.places import user_folder
from inbox_bot.secret import find_secret, keep_secret

_ROLE = "the login that `inbox-bot login` keeps"


class Grants:
    """The kept grant of one account."""

    def __init__(self, settings: OAuthSettings) -> None:
        self._settings = settings

    def read(self) -> Grant:
        """The grant; raises UserError when there is none or it cannot be read."""
        settings = self._settings
        text = find_secret(settings.keep_in, _ROLE)
        if text is None:
            what = f"account {settings.account} has no login at {settings.provider} yet"
            raise UserError(Problem(what, remedy=settings.remedy))
        try:
            return _grant(json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError):
            what = f"the login kept in {settings.keep_in} cannot be read"
            raise UserError(Problem(what, remedy=settings.remedy)) from None

    def write(self, grant: Grant) -> None:
        """Keep the grant in the place of the one before; raises UserError or OSError and leaves that one then."""
        said = {
            "refresh_token": grant.refresh_token,
            "obtained_at": grant.obtained_at.isoformat(),
            "renewed_at": grant.renewed_at.isoformat(),
            "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
        }
        keep_secret(self._settings.keep_in, json.dumps(said))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process renews this grant meanwhile."""
        handle = os.open(self._lock_path(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _lock_path(self) -> Path:
        kind, _, place = self._settings.keep_in.partition(":")
        if kind == "file":
            path = Path(place).expanduser()
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.with_name(f".{path.name}.lock")
        folder = user_folder("data")
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f".login-{sha256(self._settings.keep_in.encode()).hexdigest()[:16]}.lock"


def _grant(said: dict[str, str | None]) -> Grant:
    token, ends = said["refresh_token"], said["expires_at"]
    if not isinstance(token, str) or not token:
        raise ValueError("no refresh token")
    obtained_at, renewed_at = _instant(said["obtained_at"]), _instant(said["renewed_at"])
    return Grant(token, obtained_at, renewed_at, _instant(ends) if ends else None)


def _instant(text: str | None) -> datetime:
    at = datetime.fromisoformat(text or "")
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    return at
