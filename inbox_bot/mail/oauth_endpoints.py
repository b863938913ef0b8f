"""Tokens from a provider of one's own, by its addresses: device code (RFC 8628) or browser (RFC 8252 with PKCE).

The two big providers have libraries of their own, see `oauth_google.py` and `oauth_microsoft.py`.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from inbox_bot.core.errors import LoginRefused, Problem, UserError
from inbox_bot.core.text import one_line
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
from inbox_bot.secret import resolve_secret

_ANSWER_BYTES = 256 * 1024
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST_PAUSE_SECONDS = 60


class EndpointIssuer:
    """A provider known by its addresses; see `Issuer` for what each method promises."""

    def __init__(self, settings: OAuthSettings) -> None:
        self._settings = settings

    def obtain(self, show: Callable[[Prompt], None], now: Callable[[], datetime], port: int) -> TokenAnswer:
        """As `Issuer.obtain`: by device code where there is an address for it, else by browser."""
        if self._settings.device_url:
            return self._by_device(show, now)
        return self._by_browser(show, now, port)

    def renew(self, refresh_token: str, now: datetime) -> TokenAnswer:
        """As `Issuer.renew`."""
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._token(fields, now, first=False)

    def _by_device(self, show: Callable[[Prompt], None], now: Callable[[], datetime]) -> TokenAnswer:
        settings = self._settings
        status, said = self._post(settings.device_url, {"scope": " ".join(settings.scopes)})
        if status != 200:
            raise _refused(settings, status, said)
        code = str(said.get("device_code", ""))
        url = str(said.get("verification_uri") or said.get("verification_url") or "")
        pause, ends_at = (
            _number(said.get("interval"), 5),
            time.monotonic() + _number(said.get("expires_in"), 900),
        )
        if not code or not url.startswith(("https://", "http://")):
            raise unreachable(settings, "its answer names no device code")
        show(Prompt(one_line(url), one_line(str(said.get("user_code", "")))))
        while time.monotonic() < ends_at:
            time.sleep(pause)
            status, said = self._post(settings.token_url, {"grant_type": _DEVICE_CODE, "device_code": code})
            if status == 200:
                return token_answer(settings, said, now(), first=True)
            if said.get("error") == "slow_down":
                pause = min(pause + 5, _LONGEST_PAUSE_SECONDS)
            elif said.get("error") != "authorization_pending":
                raise _refused(settings, status, said)
        raise LoginRefused(Problem("the code was not used in time", remedy=settings.remedy))

    def _by_browser(
        self, show: Callable[[Prompt], None], now: Callable[[], datetime], port: int
    ) -> TokenAnswer:
        settings, verifier = self._settings, secrets.token_urlsafe(64)
        digest = hashlib.sha256(verifier.encode()).digest()
        with loopback(port) as back:
            asked = {
                "response_type": "code",
                "client_id": settings.client_id,
                "redirect_uri": back.address,
                "scope": " ".join(settings.scopes),
                "state": back.state,
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
                "login_hint": settings.user,
            }
            joint = "&" if "?" in settings.authorize_url else "?"
            show(Prompt(f"{settings.authorize_url}{joint}{urlencode(asked)}", port=back.port))
            brought = back.wait()
        if "code" not in brought:
            raise refusal(settings, brought.get("error", ""), brought.get("error_description", ""))
        fields = {"grant_type": "authorization_code", "code": brought["code"]}
        return self._token(
            {**fields, "redirect_uri": back.address, "code_verifier": verifier}, now(), first=True
        )

    def _token(self, fields: dict[str, str], now: datetime, *, first: bool) -> TokenAnswer:
        status, said = self._post(self._settings.token_url, fields)
        if status != 200:
            raise _refused(self._settings, status, said)
        return token_answer(self._settings, said, now, first=first)

    def _post(self, url: str, fields: dict[str, str]) -> tuple[int, dict[str, object]]:
        settings = self._settings
        body = {**fields, "client_id": settings.client_id}
        if settings.client_secret:
            body["client_secret"] = resolve_secret(settings.client_secret, "the client secret")
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        request = urllib.request.Request(url, urlencode(body).encode(), headers)  # noqa: S310 - config checks it
        opener = urllib.request.build_opener(
            _NoRedirect, urllib.request.HTTPSHandler(context=_context(settings))
        )
        try:
            with opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return int(answer.status), _read(answer.read(_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.read(_ANSWER_BYTES))
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(settings, _why(error)) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token endpoint that sends us elsewhere with our secrets is not followed."""

    def redirect_request(self, *_: object) -> None:
        """Follow nobody; the 3xx becomes an error."""


def _context(settings: OAuthSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        what = f"the certificate authorities in {settings.ca_file} cannot be read ({error.strerror})"
        raise UserError(Problem(what, file=settings.ca_file, remedy="ca_file must name a PEM file")) from None


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {one_line(reason.verify_message)}"
    return one_line(getattr(reason, "strerror", None) or type(reason).__name__)[:120]


def _read(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refused(settings: OAuthSettings, status: int, said: dict[str, object]) -> Exception:
    code, description = said.get("error"), said.get("error_description")
    if not isinstance(code, str):
        # Not an OAuth endpoint's word: a proxy, a login page, an error page of a hoster.
        return unreachable(settings, f"it answered {status} and no OAuth error")
    return refusal(settings, code, description if isinstance(description, str) else "", status)


def _number(value: object, otherwise: int) -> int:
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 86_400 else otherwise
    )
