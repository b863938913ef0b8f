"""`/healthz` and `/metrics` on loopback: whether the work goes on, and its figures."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from inbox_bot.core.errors import UserError
from inbox_bot.core.vitals import Vitals, ills


class HealthServer:
    """A small HTTP server on 127.0.0.1 that asks `vitals` and `metrics` at every request."""

    def __init__(
        self, port: int, vitals: Callable[[], Vitals], metrics: Callable[[], tuple[str, bytes]]
    ) -> None:
        """Listen on the port; raises UserError when somebody else does."""
        handler = _handler(vitals, metrics)
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise UserError(
                f"the health page cannot listen on 127.0.0.1:{port} ({error.strerror}); set another port in [health]"
            ) from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def _handler(
    vitals: Callable[[], Vitals], metrics: Callable[[], tuple[str, bytes]]
) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        server_version = "inbox_bot"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            """The two pages there are."""
            try:
                if self.path == "/healthz":
                    wrong = ills(vitals())
                    page = json.dumps({"status": "ill" if wrong else "well", "ills": list(wrong)}).encode()
                    self._answer(503 if wrong else 200, "application/json", page + b"\n")
                elif self.path == "/metrics":
                    self._answer(200, *metrics())
                else:
                    self._answer(404, "text/plain", b"/healthz or /metrics\n")
            except Exception as error:  # an ill store must show as ill, not as a broken connection
                page = json.dumps({"status": "ill", "ills": [type(error).__name__]}).encode()
                self._answer(503, "application/json", page + b"\n")

        def _answer(self, code: int, content_type: str, page: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Silent: a request every few seconds is no news."""

    return Pages
