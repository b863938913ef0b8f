"""Tokens from Google, by browser, through Google's own libraries.

Google's device codes are not given for mail, so the browser comes back to a listener on this machine
(`oauth_loopback.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.credentials
import oauthlib.oauth2
from google_auth_oauthlib.flow import Flow

from inbox_bot.core.errors import LoginRefused, Problem, TemporaryError
from inbox_bot.mail.oauth import (
    ANSWER_SECONDS,
    OAuthSettings,
    Prompt,
    TokenAnswer,
    refusal,
    token_answer,
    unreachable,
)
from inbox_bot.mail.oauth_loopback import loopback
from inbox_bot.mail.oauth_session import broken, open_session
from inbox_bot.secret import resolve_secret

SCOPES = ("https://mail.google.com/",)
_AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address

_credentials: Any = google.oauth2.credentials.Credentials

# At DEBUG they write the tokens that they get.
for _name in ("requests_oauthlib", "oauthlib", "google", "google_auth_oauthlib", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class GoogleIssuer:
    """Google's accounts; see `Issuer` for what each method promises."""

    def __init__(self, settings: OAuthSettings) -> None:
        self._settings = settings
        self._scopes = list(settings.scopes or SCOPES)
        self._token_url = settings.token_url or _TOKEN_URL

    def obtain(self, show: Callable[[Prompt], None], now: Callable[[], datetime], port: int) -> TokenAnswer:
        """As `Issuer.obtain`."""
        settings = self._settings
        with loopback(port) as back:
            flow = self._flow(back.address)
            url, _ = flow.authorization_url(
                access_type="offline", prompt="consent", login_hint=settings.user, state=back.state
            )
            show(Prompt(url, port=back.port))
            brought = back.wait()
        if "code" not in brought:
            raise refusal(settings, brought.get("error", ""), brought.get("error_description", ""))
        said = self._exchange(flow, brought["code"])
        return token_answer(settings, said, now(), first=True)

    def _flow(self, address: str) -> Flow:
        settings = self._settings
        client = {
            "client_id": settings.client_id,
            "client_secret": resolve_secret(settings.client_secret, "the client secret"),
            "auth_uri": settings.authorize_url or _AUTHORIZE_URL,
            "token_uri": self._token_url,
        }
        flow = Flow.from_client_config({"installed": client}, self._scopes, autogenerate_code_verifier=True)
        flow.redirect_uri = address
        return flow

    def _exchange(self, flow: Flow, code: str) -> dict[str, object]:
        settings = self._settings
        verify = settings.ca_file or True
        try:
            said = flow.fetch_token(code=code, timeout=ANSWER_SECONDS, verify=verify, include_client_id=True)
            return dict(said)
        except oauthlib.oauth2.OAuth2Error as error:
            raise refusal(settings, error.error or "", error.description or "") from None
        except Warning:
            # The library's way to say that other scopes were granted than asked for.
            what = f"Google was not allowed to give account {settings.account} access to the mail"
            raise LoginRefused(
                Problem(what, remedy=f"tick the box for Gmail on Google's page; {settings.remedy}")
            ) from None
        except Exception as error:
            raise broken(settings, error) from None
        finally:
            flow.oauth2session.close()

    def renew(self, refresh_token: str, now: datetime) -> TokenAnswer:
        """As `Issuer.renew`."""
        settings = self._settings
        kept: Any = _credentials(
            None,
            refresh_token=refresh_token,
            token_uri=self._token_url,
            client_id=settings.client_id,
            client_secret=resolve_secret(settings.client_secret, "the client secret"),
        )
        with open_session(settings) as session:
            try:
                kept.refresh(google.auth.transport.requests.Request(session))
            except google.auth.exceptions.RefreshError as error:
                raise self._refusal(error) from None
            except Exception as error:  # the library trips over answers that are no JSON object
                raise broken(settings, error) from None
        seconds = (
            (kept.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() if kept.expiry else 3600
        )
        said = {
            "access_token": kept.token,
            "expires_in": max(seconds, 1),
            "refresh_token": kept.refresh_token,
        }
        return token_answer(settings, said, now)

    def _refusal(self, error: google.auth.exceptions.RefreshError) -> Exception:
        said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
        if not isinstance(said.get("error"), str):
            return unreachable(self._settings, "it gave no OAuth answer")
        if error.retryable:
            return TemporaryError(f"Google gives account {self._settings.account} no token for now")
        return refusal(self._settings, said["error"], str(said.get("error_description", "")))
