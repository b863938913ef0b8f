"""How long a login by OAuth still works, as far as anybody can know: named by the provider, or by what is known of it.

Nothing here asks a provider; whether the login works at all is seen when a token is renewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inbox_bot.mail.oauth import Grant, OAuthSettings

WARN_BEFORE: Final = timedelta(days=3)
"""A login that ends sooner than this is an alarm; a chargeback runs for seven days."""

MICROSOFT_UNUSED: Final = timedelta(days=90)
GOOGLE_TESTING: Final = timedelta(days=7)
GOOGLE_UNUSED: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class LoginHealth:
    """When the login ends, None when nobody can say; `words` for a person, `ends_soon` for an alarm."""

    expires_at: datetime | None
    words: str
    ends_soon: bool


def login_health(settings: OAuthSettings, grant: Grant, now: datetime) -> LoginHealth:
    """How the login of an account stands at `now`."""
    since = f"login at {settings.provider} made {_day(grant.obtained_at)}, renewed {_day(grant.renewed_at)}"
    if grant.expires_at is not None:
        return _ends(since, grant.expires_at, "", now)
    if settings.provider == "microsoft":
        return _ends(since, grant.renewed_at + MICROSOFT_UNUSED, " unless it is used before", now)
    if settings.provider == "google":
        return _google(since, grant, now)
    return LoginHealth(None, f"{since}; the provider names no end", ends_soon=False)


def _ends(since: str, at: datetime, unless: str, now: datetime) -> LoginHealth:
    left = at - now
    verb = "ended" if left <= timedelta() else "ends"
    return LoginHealth(at, f"{since}; {verb} {_moment(at)}{unless}", ends_soon=left < WARN_BEFORE)


def _google(since: str, grant: Grant, now: datetime) -> LoginHealth:
    """Google names the end of a login only sometimes: one older than seven days is not of a program in Testing."""
    testing_until = grant.obtained_at + GOOGLE_TESTING
    if grant.renewed_at > testing_until:
        return _ends(since, grant.renewed_at + GOOGLE_UNUSED, " unless it is used before", now)
    words = (
        f"{since}; Google named no end - it is {_moment(testing_until)} if your consent screen says Testing, "
        "and none if it says In production"
    )
    return LoginHealth(None, words, ends_soon=testing_until - now < WARN_BEFORE)


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M %Z}"
