"""A provider of logins on loopback: device codes, a browser page, tokens that end, rotate and are taken back.

It speaks http, and https with `ca_file` when a certificate is given; both share one state. `asked` holds what came
to which path, so that a test can count. Dovecot asks `/introspect` whether a token is good.
"""

from __future__ import annotations

import http.server
import json
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID = "client-of-the-shop"
CLIENT_SECRET = "the client's own secret"


@dataclass
class OAuthServer:
    """What is given out and what is still good.

    `seconds` is the life of an access token. With `rotates` each use of a refresh token brings another one; with
    `strict` the old one is worth nothing from then on. `trouble` is answered in place of any token, as (status, body).
    """

    user: str = "orders@seller.example"
    seconds: int = 3600
    rotates: bool = False
    strict: bool = False
    allowed: bool = True
    ends_in_seconds: int | None = None
    interval: int = 1
    trouble: tuple[int, dict[str, Any] | str] | None = None
    port: int = 0
    tls_port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    access: dict[str, float] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    device: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    mark: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"https://127.0.0.1:{self.tls_port}"

    def count(self, path: str) -> int:
        """How often that path was asked."""
        return sum(1 for asked, _ in self.asked if asked == path)

    def grant(self) -> str:
        """A refresh token, as if a person had logged in."""
        return self._new(self.refresh)

    def end_access(self) -> None:
        """Every access token is over from now on."""
        self.access.clear()

    def take_back(self) -> None:
        """The person takes the access back: every token is worth nothing."""
        self.access.clear()
        self.refresh.clear()

    def _new(self, into: set[str]) -> str:
        token = f"secret-{secrets.token_urlsafe(48)}"
        into.add(token)
        self.given.append(token)
        return token

    def tokens(self, refresh_token: str | None) -> dict[str, Any]:
        """A token answer; a refresh token goes along at first and when it changes."""
        access = f"secret-{secrets.token_urlsafe(96)}"
        self.given.append(access)
        self.access[access] = time.time() + self.seconds
        answer: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": self.seconds}
        if refresh_token is None or self.rotates:
            answer["refresh_token"] = self._new(self.refresh)
            if refresh_token is not None and self.strict:
                self.refresh.discard(refresh_token)
        if refresh_token is None and self.ends_in_seconds:
            answer["refresh_token_expires_in"] = self.ends_in_seconds
        answer["scope"] = "https://mail.google.com/"
        return answer

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        """What the token endpoint answers."""
        if self.trouble is not None:
            return self.trouble
        if form.get("client_id") != CLIENT_ID:
            return 401, {"error": "invalid_client", "error_description": "no such program"}
        kind = form.get("grant_type", "")
        if kind == "refresh_token":
            token = form.get("refresh_token", "")
            if token not in self.refresh:
                said = f"Token has been expired or revoked. {token}"
                return 400, {"error": "invalid_grant", "error_description": said}
            return 200, self.tokens(token)
        if kind.endswith("device_code"):
            if form.get("device_code") not in self.device:
                return 400, {"error": "expired_token"}
            return (200, self.tokens(None)) if self.allowed else (400, {"error": "authorization_pending"})
        if kind == "authorization_code" and form.get("code") in self.codes:
            return 200, self.tokens(None)
        return 400, {"error": "unsupported_grant_type"}

    def device_code(self) -> dict[str, Any]:
        code = self._new(self.device)
        return {
            "device_code": code,
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.url}/device",
            "expires_in": 60,
            "interval": self.interval,
        }

    def introspect(self, token: str) -> dict[str, Any]:
        if self.access.get(token, 0) <= time.time():
            return {"active": False}
        return {"active": True, "username": self.user, "email": self.user}


class _Page(http.server.BaseHTTPRequestHandler):
    state: OAuthServer

    def do_GET(self) -> None:
        found = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(found.query).items()}
        self.state.asked.append((found.path, asked))
        if found.path.endswith("openid-configuration"):
            self.answer(200, self.configuration())
        elif found.path == "/introspect":
            self.answer(200, self.state.introspect(asked.get("token", "")))
        elif found.path == "/authorize":
            code = secrets.token_urlsafe(12)
            self.state.codes[code] = asked["redirect_uri"]
            said = (
                {"code": code, "state": asked["state"]} if self.state.allowed else {"error": "access_denied"}
            )
            self.send_response(302)
            self.send_header(
                "Location", f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], **said})}"
            )
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        path = urlsplit(self.path).path
        with self.state.lock:
            self.state.asked.append((path, form))
            if path.endswith("/token"):
                self.answer(*self.state.token(form))
            elif path.endswith("/devicecode"):
                self.answer(200, self.state.device_code())
            elif path == "/introspect":
                self.answer(200, self.state.introspect(form.get("token", "")))
            else:
                self.answer(404, {})

    def configuration(self) -> dict[str, str]:
        base = self.path.split("/v2.0/")[0]
        url = f"{self.state.tls_url}{base}"
        return {
            "issuer": f"{url}/v2.0",
            "authorization_endpoint": f"{url}/oauth2/v2.0/authorize",
            "token_endpoint": f"{url}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{url}/oauth2/v2.0/devicecode",
        }

    def answer(self, status: int, said: dict[str, Any] | str) -> None:
        body = (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if not isinstance(said, str) else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def oauth_server(context: ssl.SSLContext | None = None, **settings: Any) -> Iterator[OAuthServer]:
    """A running provider; with a TLS context it also listens on `tls_port`."""
    state = OAuthServer(**settings)
    page = type("Page", (_Page,), {"state": state})
    listeners = [_Listener(("127.0.0.1", 0), page)]
    state.port = listeners[0].server_address[1]
    if context is not None:
        secure = _Listener(("127.0.0.1", 0), page)
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        state.tls_port = secure.server_address[1]
        listeners.append(secure)
    threads = [threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True) for one in listeners]
    for thread in threads:
        thread.start()
    try:
        yield state
    finally:
        for one in listeners:
            one.shutdown()
            one.server_close()
        for thread in threads:
            thread.join(5)
