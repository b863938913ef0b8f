"""When a token is renewed: well before its end, by one thread and one process at a time, and never in a loop.

How a provider is asked is the business of its issuer. A grant that a provider took back is not tried again until a
person has logged in anew, or an hour is over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeVar

from inbox_bot.core.errors import LoginRefused, TemporaryError
from inbox_bot.mail.oauth import Grant, Issuer, OAuthSettings, TokenAnswer, TokenSource
from inbox_bot.mail.oauth_grants import Grants
from inbox_bot.mail.sasl import AccessToken

EARLY: Final = timedelta(minutes=5)
"""A token is renewed so long before its end, or after three quarters of a life that is short."""

ASK_AGAIN_AFTER: Final = timedelta(hours=1)
"""A refused grant is tried once more after so long: an administrator may have lifted a block."""

Opened = TypeVar("Opened")


class RenewedTokens(TokenSource):
    """Tokens from a kept grant; see `TokenSource` for what each method promises."""

    def __init__(self, settings: OAuthSettings, issuer: Issuer, grants: Grants) -> None:
        self._account = settings.account
        self._issuer = issuer
        self._grants = grants
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)
        self._refused: tuple[str, datetime, LoginRefused] | None = None
        self._unkept: tuple[str, Grant] | None = None

    def access_token(self, now: datetime) -> AccessToken:
        """As `TokenSource.access_token`."""
        with self._lock:
            token = self._token
            if token is not None and now < self._renew_at:
                return token
            try:
                return self._renew(now)
            except TemporaryError:
                if token is not None and now < token.expires_at:
                    return token  # it is good for some minutes yet, and the endpoint may be back by then
                raise

    def another(self, refused: AccessToken, now: datetime) -> AccessToken:
        """As `TokenSource.another`."""
        with self._lock:
            if self._token is not None and self._token != refused and now < self._renew_at:
                return self._token  # another thread was here first
            return self._renew(now)

    def _renew(self, now: datetime) -> AccessToken:
        try:
            with self._grants.alone():
                grant = self._kept()
                self._check_refused(grant, now)
                answer = self._ask(grant, now)
                # Kept before the token is used: a provider that rotates may forget the old one on first use.
                renewed = grant.renewed(answer, now)
                self._unkept = (grant.refresh_token, renewed)
                self._grants.write(renewed)
                self._unkept = None
        except OSError as error:
            what = f"the login of account {self._account} cannot be kept ({error.strerror or type(error).__name__})"
            raise TemporaryError(what) from None
        token = answer.access_token
        life = token.expires_at - now
        self._token, self._renew_at = token, token.expires_at - min(EARLY, life / 4)
        return token

    def _kept(self) -> Grant:
        grant = self._grants.read()
        if self._unkept is not None and self._unkept[0] == grant.refresh_token:
            grant = self._unkept[1]
            self._grants.write(grant)
        self._unkept = None
        return grant

    def _check_refused(self, grant: Grant, now: datetime) -> None:
        if self._refused is None:
            return
        refresh_token, at, error = self._refused
        if refresh_token == grant.refresh_token and at <= now < at + ASK_AGAIN_AFTER:
            raise LoginRefused(error.problems)
        self._refused = None

    def _ask(self, grant: Grant, now: datetime) -> TokenAnswer:
        try:
            return self._issuer.renew(grant.refresh_token, now)
        except LoginRefused as error:
            self._token = None
            ours = LoginRefused(
                replace(problem, what=problem.what.replace(grant.refresh_token, "[...]"))
                for problem in error.problems
            )
            self._refused = (grant.refresh_token, now, ours)
            raise ours from None
        except TemporaryError as error:
            raise TemporaryError(str(error).replace(grant.refresh_token, "[...]"), error.retry_at) from None


@lru_cache(maxsize=256)
def token_source(settings: OAuthSettings) -> RenewedTokens:
    """The account's tokens: one source a process, so that IMAP and SMTP share a token."""
    return RenewedTokens(settings, issuer_of(settings), Grants(settings))


def issuer_of(settings: OAuthSettings) -> Issuer:
    """The provider's issuer."""
    if settings.provider == "microsoft":
        from inbox_bot.mail.oauth_microsoft import MicrosoftIssuer

        return MicrosoftIssuer(settings)
    if settings.provider == "google":
        from inbox_bot.mail.oauth_google import GoogleIssuer

        return GoogleIssuer(settings)
    from inbox_bot.mail.oauth_endpoints import EndpointIssuer

    return EndpointIssuer(settings)


def with_token(source: TokenSource, attempt: Callable[[AccessToken], Opened], now: datetime) -> Opened:
    """The attempt with a token and, when a server refuses one that should be good, once more with another.

    Raises as the attempt does, and LoginRefused, UserError or TemporaryError when there is no token.
    """
    token = source.access_token(now)
    try:
        return attempt(token)
    except LoginRefused:
        pass  # revoked, or by a clock that is not ours it is over; one more, and then a person
    return attempt(source.another(token, now))
