"""What a login by OAuth is made of: settings, the grant that is kept, tokens, and the errors of who gives them.

The ways to each provider are in `oauth_microsoft.py`, `oauth_google.py` and `oauth_endpoints.py`; where the grant is
kept in `oauth_grants.py`; when a token is renewed in `oauth_tokens.py`. Nothing here asks anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from inbox_bot.core.errors import InboxBotError, LoginRefused, Problem, TemporaryError
from inbox_bot.core.text import one_line
from inbox_bot.mail.sasl import AccessToken

ANSWER_SECONDS: Final = 20.0
"""How long a token endpoint may take for one answer."""

_TEXT_LIMIT = 240
_COMES_BACK = (
    "temporarily_unavailable",
    "server_error",
    "internal_failure",
    "slow_down",
    "rate_limit_exceeded",
)
_CLIENT_WRONG = (
    "invalid_client",
    "unauthorized_client",
    "invalid_request",
    "unsupported_grant_type",
    "invalid_scope",
)
_LONG_WORD = re.compile(r"[^\s,;:'\"]{60,}")  # whatever is as long as a token is not shown


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """[account.oauth] of one account; `client_secret` and `keep_in` are references, never the secret itself.

    `provider` is "google", "microsoft" or "custom". Empty addresses and scopes are the provider's own. `ca_file`
    replaces the system's certificate authorities.
    """

    account: str
    user: str
    provider: str
    client_id: str
    keep_in: str
    client_secret: str = ""
    tenant: str = "common"
    authority: str = ""
    token_url: str = ""
    device_url: str = ""
    authorize_url: str = ""
    scopes: tuple[str, ...] = ()
    ca_file: str | None = None

    @property
    def remedy(self) -> str:
        """What to do when the login no longer works."""
        return f"run: inbox-bot login {self.account}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed once: the refresh token, when it was obtained and last renewed, and its end if known."""

    refresh_token: str = field(repr=False)
    obtained_at: datetime
    renewed_at: datetime
    expires_at: datetime | None = None

    def renewed(self, answer: TokenAnswer, now: datetime) -> Grant:
        """The grant after an answer: a provider may have put another refresh token in the place of the old one."""
        expires_at = answer.refresh_expires_at or self.expires_at
        return replace(
            self,
            refresh_token=answer.refresh_token or self.refresh_token,
            renewed_at=now,
            expires_at=expires_at,
        )


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A provider's answer; `refresh_token` is empty when the one it was asked with stays."""

    access_token: AccessToken
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person has to do: open `url` and, unless it is empty, type `code` there; `port` waits for a browser."""

    url: str
    code: str = ""
    port: int = 0


class Issuer(Protocol):
    """A provider that gives tokens."""

    def obtain(self, show: Callable[[Prompt], None], now: Callable[[], datetime], port: int) -> TokenAnswer:
        """Let a person allow the access; blocks until done. Raises LoginRefused, UserError or TemporaryError.

        `port` is where a browser flow waits on this machine, 0 for any.
        """

    def renew(self, refresh_token: str, now: datetime) -> TokenAnswer:
        """A new access token; raises LoginRefused when the refresh token is no longer good, or TemporaryError."""


class TokenSource(Protocol):
    """Access tokens of one account, the same for IMAP and SMTP, from any thread."""

    def access_token(self, now: datetime) -> AccessToken:
        """A token that is good for a while; raises LoginRefused, UserError or TemporaryError."""

    def another(self, refused: AccessToken, now: datetime) -> AccessToken:
        """A token in the place of one that a mail server refused although it should be good; raises as above."""


def token_answer(
    settings: OAuthSettings, said: dict[str, object], now: datetime, *, first: bool = False
) -> TokenAnswer:
    """The answer of a token endpoint as values; `first` for one that must bring a refresh token.

    Raises LoginRefused when no refresh token came, and TemporaryError for an answer that makes no sense.
    """
    text, seconds = said.get("access_token"), _seconds(said.get("expires_in"))
    refresh, ends = said.get("refresh_token"), _seconds(said.get("refresh_token_expires_in"))
    if first and not (isinstance(refresh, str) and refresh):
        what = f"{settings.provider} gave no refresh token, so the login would end within the hour"
        raise LoginRefused(
            Problem(what, remedy="allow offline access (scope offline_access) and log in again")
        )
    if not isinstance(text, str) or len(text) > 16_384:
        raise TemporaryError(f"the token endpoint for account {settings.account} gave no access token")
    try:
        token = AccessToken(text, now + timedelta(seconds=3600 if seconds is None else seconds))
    except ValueError as error:
        raise TemporaryError(f"account {settings.account}: {error}") from None
    kept = refresh if isinstance(refresh, str) else ""
    return TokenAnswer(token, kept, now + timedelta(seconds=ends) if ends else None)


def refusal(settings: OAuthSettings, code: str, description: str, status: int = 400) -> InboxBotError:
    """What an endpoint's error means: LoginRefused for a person to mend, TemporaryError for time."""
    words = _LONG_WORD.sub("[...]", one_line(f"{code}: {description}" if description else code))[:_TEXT_LIMIT]
    if status == 429 or status >= 500 or code in _COMES_BACK:
        return TemporaryError(
            f"{settings.provider} gives account {settings.account} no token for now: {words}"
        )
    what = f"{settings.provider} gives account {settings.account} no token any more: {words}"
    remedy = settings.remedy
    if code in _CLIENT_WRONG:
        what = f"{settings.provider} does not accept the program for account {settings.account}: {words}"
        remedy = (
            f"check client_id, client_secret, tenant and scopes in [account.oauth], then {settings.remedy}"
        )
    return LoginRefused(Problem(what, remedy=remedy))


def unreachable(settings: OAuthSettings, why: str) -> TemporaryError:
    """The endpoint could not be asked."""
    return TemporaryError(f"the token endpoint for account {settings.account} cannot be reached: {why}")


def _seconds(value: object) -> int | None:
    """A number of seconds as endpoints write it; None when there is none or it is out of all reason."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**9:
        return None
    return int(value)
