"""A wire to a server that is far away: it adds a delay each way and counts what goes over it.

A flight is one round trip: the client spoke after the server had spoken. Bytes are those of the application, so over
TLS those of the records.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the wire: flights, bytes from the client, bytes to the client."""

    flights: int
    up_bytes: int
    down_bytes: int

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.flights - other.flights, self.up_bytes - other.up_bytes, self.down_bytes - other.down_bytes
        )


class _Way:
    def __init__(self, source: socket.socket, target: socket.socket, *, up: bool) -> None:
        self.source, self.target, self.up = source, target, up


class DistantWire:
    """Forwards every connection to the server; `port` is where clients connect, `traffic` what went so far."""

    def __init__(self, host: str, port: int, round_trip_seconds: float) -> None:
        self._server = (host, port)
        self._delay = round_trip_seconds / 2
        self._flights = self._up = self._down = 0
        self._downward = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._waiting: list[tuple[float, int, _Way, bytes]] = []
        self._number = count()
        self._sockets: list[socket.socket] = [self._listener]
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def traffic(self) -> Traffic:
        """What went over the wire so far, over all connections."""
        return Traffic(self._flights, self._up, self._down)

    def stop(self) -> None:
        """Cut every connection."""
        self._stopping = True
        self._thread.join(5)
        self._selector.close()
        for one in self._sockets:
            one.close()

    def _run(self) -> None:
        while not self._stopping:
            pause = self._waiting[0][0] - time.monotonic() if self._waiting else 0.05
            for key, _ in self._selector.select(min(max(pause, 0), 0.05)):
                if key.data is None:
                    self._accept()
                else:
                    self._read(key.data)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, way, content = heapq.heappop(self._waiting)
                with suppress(OSError):
                    way.target.sendall(content) if content else way.target.shutdown(socket.SHUT_WR)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(self._server)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets += [client, server]
        self._selector.register(client, selectors.EVENT_READ, _Way(client, server, up=True))
        self._selector.register(server, selectors.EVENT_READ, _Way(server, client, up=False))

    def _read(self, way: _Way) -> None:
        try:
            content = way.source.recv(262_144)
        except OSError:
            content = b""
        if not content:
            self._selector.unregister(way.source)
        elif way.up:
            self._up += len(content)
            self._flights += self._downward
            self._downward = False
        else:
            self._down += len(content)
            self._downward = True
        heapq.heappush(self._waiting, (time.monotonic() + self._delay, next(self._number), way, content))


@contextmanager
def distant(host: str, port: int, round_trip_seconds: float = 0.0) -> Iterator[DistantWire]:
    """A wire to the server for as long as the block runs."""
    wire = DistantWire(host, port, round_trip_seconds)
    try:
        yield wire
    finally:
        wire.stop()
