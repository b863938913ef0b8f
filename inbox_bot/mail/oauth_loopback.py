"""The browser's way back: a listener on this machine that waits for the one request with the code.

It answers any other request (a browser asks for icons, a stranger may guess) with 404 and goes on waiting. What the
code is good for is the business of the issuers.
"""

from __future__ import annotations

import http.server
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from inbox_bot.core.errors import Problem, TemporaryError, UserError

WAIT_SECONDS = 900.0

_PAGE = (
    b"<!doctype html><meta charset=utf-8><title>inbox_bot</title>"
    b"<p>This window can be closed. inbox_bot goes on in the terminal."
)


class Loopback:
    """A listener on 127.0.0.1; `address` is where the browser is to come back to."""

    def __init__(self, server: _Listener) -> None:
        self._server = server
        self.port = int(server.server_address[1])
        self.address = f"http://127.0.0.1:{self.port}/"
        self.state = server.state

    def wait(self, seconds: float = WAIT_SECONDS) -> dict[str, str]:
        """What the browser brought back for our state; raises TemporaryError when nothing came in time."""
        give_up_at = time.monotonic() + seconds
        while self._server.brought is None:
            remaining = give_up_at - time.monotonic()
            if remaining <= 0:
                raise TemporaryError(
                    f"nobody finished the login in the browser within {seconds / 60:.0f} minutes"
                )
            self._server.timeout = min(remaining, 1.0)
            self._server.handle_request()
        return self._server.brought


@contextmanager
def loopback(port: int) -> Iterator[Loopback]:
    """A listener on that port, 0 for any; raises UserError when the port is taken."""
    try:
        server = _Listener(("127.0.0.1", port), _Page)
    except OSError as error:
        what = f"port {port} cannot be used on this machine ({error.strerror})"
        raise UserError(Problem(what, remedy="choose another with --port")) from None
    with server:
        yield Loopback(server)


class _Listener(http.server.HTTPServer):
    allow_reuse_address = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.state = secrets.token_urlsafe(32)
        self.brought: dict[str, str] | None = None

    def handle_error(self, *_: object) -> None:
        """A visitor who hangs up is no news."""


class _Page(http.server.BaseHTTPRequestHandler):
    timeout = 5.0
    server: _Listener

    def do_GET(self) -> None:
        found = urlsplit(self.path)
        said = {name: values[0] for name, values in parse_qs(found.query[:8192], max_num_fields=20).items()}
        ours = found.path == "/" and secrets.compare_digest(
            said.get("state", "").encode(), self.server.state.encode()
        )
        if not ours or not ("code" in said or "error" in said):
            self.send_error(404)
            return
        self.server.brought = said
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, *_: object) -> None:
        """The request line holds the code; nobody writes it down."""
