"""A tracking server on a real socket that speaks 17TRACK's documented JSON, and can misbehave on request.

`Track17Server` registers numbers and tells what `known` holds of them, the way the service does: a number has to be
registered first, and is looked up some time later. `faults` are met by the next requests, one each.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
BASE = "/track/v2.2"


class Answering(BaseHTTPRequestHandler):
    """One connection; `server.owner` is the `Track17Server`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        owner: Track17Server = self.server.owner  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        owner.seen.append(Seen(self.path, body, self.headers.get("17token", ""), time.monotonic()))
        fault = owner.faults.pop(0) if owner.faults else None
        if fault is not None:
            fault(self)
            return
        if self.headers.get("17token") != KEY:
            self.reply(
                401, {"code": -18010002, "data": {"errors": [{"code": -18010002, "message": "Invalid key"}]}}
            )
            return
        self.reply(200, owner.answer(self.path, json.loads(body)))

    def reply(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    path: str
    body: bytes
    key: str
    at: float

    @property
    def endpoint(self) -> str:
        return self.path.removeprefix(f"{BASE}/")

    @property
    def numbers(self) -> list[str]:
        return [one["number"] for one in json.loads(self.body)]


@dataclass
class Track17Server:
    """The service: `known` tracking info by number, `registered` numbers, `refused` numbers with their error."""

    known: dict[str, Any] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    not_before: int = 0  # how many questions are answered with NotFound before what is known is told
    faults: list[Callable[[Answering], None]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, asked: list[dict[str, Any]]) -> Any:
        accepted: list[Any] = []
        rejected: list[Any] = []
        for one in asked:
            number = one["number"]
            error = self.refused.get(number) or self._own_error(path, number)
            if error is not None:
                rejected.append({"number": number, "error": {"code": error[0], "message": error[1]}})
            elif path == f"{BASE}/register":
                self.registered.add(number)
                accepted.append({"origin": 1, "number": number, "carrier": one.get("carrier", 0)})
            else:
                accepted.append(
                    {
                        "number": number,
                        "carrier": 100002,
                        "param": None,
                        "tag": None,
                        "track_info": self._info(number),
                    }
                )
        if path == f"{BASE}/gettrackinfo":
            self.not_before = max(0, self.not_before - 1)
        return {"code": 0, "data": {"accepted": accepted, "rejected": rejected}}

    def _own_error(self, path: str, number: str) -> tuple[int, str] | None:
        if path == f"{BASE}/register" and number in self.registered:
            return -18019901, f"Tracking number {number} is already registered."
        if path == f"{BASE}/gettrackinfo" and number not in self.registered:
            return -18019902, f"Tracking number {number} is not registered yet. Register first."
        return None

    def _info(self, number: str) -> Any:
        return NOT_FOUND if self.not_before else self.known.get(number, NOT_FOUND)


@contextmanager
def track17_server(certificate: tuple[Path, Path] | None = None, **settings: Any) -> Iterator[Track17Server]:
    """The server, running on a port of its own until the block ends; over TLS when it has a certificate and key."""
    owner = Track17Server(**settings)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    listening.daemon_threads = True
    listening.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that leaves is what is tested
    listening.owner = owner  # type: ignore[attr-defined]
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        listening.socket = tls.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    owner.url = f"{'https' if certificate else 'http'}://127.0.0.1:{listening.server_address[1]}{BASE}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield owner
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


# --- faults ----------------------------------------------------------------------------------------------------------


def status(code: int, **headers: str) -> Callable[[Answering], None]:
    """An HTTP status with headers (`retry_after="3"`), and an empty JSON object."""
    named = {name.replace("_", "-").title(): text for name, text in headers.items()}
    return lambda answering: answering.reply(code, {}, named)


def body(content: bytes) -> Callable[[Answering], None]:
    """Status 200 with these bytes."""
    return lambda answering: answering.reply(200, content)


def silent(seconds: float) -> Callable[[Answering], None]:
    """No answer for so long, then the connection is closed."""

    def wait(answering: Answering) -> None:
        time.sleep(seconds)
        answering.close_connection = True

    return wait


def cut(answering: Answering) -> None:
    """A body that ends before its announced length."""
    answering.send_response(200)
    answering.send_header("Content-Length", "1000")
    answering.end_headers()
    answering.wfile.write(b'{"code": 0, "data"')
    answering.close_connection = True


# --- what the service knows of a parcel --------------------------------------------------------------------------------

NOT_FOUND = {
    "latest_status": {"status": "NotFound", "sub_status": "NotFound_Other", "sub_status_descr": None},
    "latest_event": None,
    "tracking": {"providers": []},
}


def event(at: str, text: str, where: str = "", stage: str | None = None, **parts: Any) -> dict[str, Any]:
    """A scan at the local moment `2026-09-04T16:35:22-05:00`; `parts` are those of the address."""
    address = {"country": "US", "state": None, "city": None, "street": None, "postal_code": None, **parts}
    return {
        "time_iso": at,
        "time_utc": None,
        "time_raw": {"date": at[:10], "time": at[11:19], "timezone": at[19:]},
        "description": text,
        "location": where,
        "stage": stage,
        "sub_status": f"{stage}_Other" if stage else None,
        "address": {**address, "coordinates": {"longitude": None, "latitude": None}},
    }


def track_info(
    status: str, events: list[dict[str, Any]], sub_status: str = "", milestones: dict[str, str] | None = None
) -> dict[str, Any]:
    """The `track_info` of a parcel, its events newest first as the service sends them."""
    newest_first = list(reversed(events))
    return {
        "shipping_info": {"shipper_address": {"country": "US"}, "recipient_address": {"country": "US"}},
        "latest_status": {
            "status": status,
            "sub_status": sub_status or f"{status}_Other",
            "sub_status_descr": None,
        },
        "latest_event": newest_first[0] if newest_first else None,
        "time_metrics": {"days_after_order": 7, "days_of_transit": 4},
        "milestone": [
            {
                "key_stage": stage,
                "time_iso": at,
                "time_utc": None,
                "time_raw": {"date": at[:10], "time": None},
            }
            for stage, at in (milestones or {}).items()
        ],
        "misc_info": {"risk_factor": 0, "service_type": "UPS Ground", "weight_raw": None},
        "tracking": {
            "providers_hash": 1,
            "providers": [
                {
                    "provider": {"key": 100002, "name": "UPS", "alias": "UPS", "country": "", "homepage": ""},
                    "service_type": "UPS Ground",
                    "latest_sync_status": "Success",
                    "events": newest_first,
                }
            ],
        },
    }


LABEL = event("2026-08-31T22:43:08-05:00", "Shipper created a label", "US", "InfoReceived")
ORIGIN = event("2026-09-01T16:36:47-05:00", "Origin Scan", "Dallas, TX, US", None, city="Dallas", state="TX")
OUT = event(
    "2026-09-04T08:46:06-05:00",
    "Out For Delivery Today",
    "Austin, TX, US",
    "OutForDelivery",
    city="Austin",
    state="TX",
)
ARRIVED = event(
    "2026-09-04T14:12:00-05:00", "DELIVERED. Signed by: P DOE", "Austin, TX 78701 US", "Delivered",
    city="Austin", state="TX", postal_code="78701",
)  # fmt: skip
DELIVERED = track_info("Delivered", [LABEL, ORIGIN, OUT, ARRIVED])
