"""A TCP proxy on loopback that breaks the conversation at one exact byte, once, and is honest before and after.

Bytes are counted over all connections of a run, so that a clean run can be measured first and the breaks placed at any
fraction of its stream. What is broken how is said by a `Fault`.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

UP: Final = "up"  # from the program to the server
DOWN: Final = "down"
KINDS: Final = ("rst", "fin", "stall", "slow", "garbage", "flip", "split", "refuse")
_CHUNK = 16 * 1024


@dataclass(frozen=True)
class Fault:
    """What breaks, in which direction, and behind which byte of the run."""

    kind: str
    direction: str
    at_byte: int
    seed: int = 0


class ChaosProxy:
    """Listens on `port` and passes everything on to `upstream`, until its fault strikes."""

    def __init__(self, upstream: int, fault: Fault | None = None) -> None:
        self.counted = {UP: 0, DOWN: 0}
        self.struck = False
        self._upstream = upstream
        self._fault = fault
        self._refusals = 0
        self._chance = random.Random(fault.seed if fault else 0)
        self._lock = threading.Lock()
        self._links: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and end every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        for link in self._links:
            link.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusals:
                self._refusals -= 1
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._upstream), timeout=5)
            except OSError:
                _reset(client)
                continue
            for link in (client, server):
                link.settimeout(None)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links += [client, server]
            gate = threading.Event()  # set: this connection hangs
            for source, sink, direction in ((client, server, UP), (server, client, DOWN)):
                thread = threading.Thread(
                    target=self._pump, args=(source, sink, direction, gate), daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, direction: str, gate: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if gate.is_set():
                    continue  # swallowed: the other side waits in vain
                self._pass_on(data, source, sink, direction, gate)
        with suppress(OSError):
            if not gate.is_set():
                sink.shutdown(socket.SHUT_WR)

    def _pass_on(
        self, data: bytes, source: socket.socket, sink: socket.socket, direction: str, gate: threading.Event
    ) -> None:
        fault = self._fault
        with self._lock:
            before = self.counted[direction]
            self.counted[direction] += len(data)
            strikes = (
                fault is not None
                and not self.struck
                and fault.direction == direction
                and before + len(data) > fault.at_byte
            )
            self.struck = self.struck or strikes
        if not strikes or fault is None:
            sink.sendall(data)
            return
        cut = max(fault.at_byte - before, 0)
        sink.sendall(data[:cut])
        self._strike(fault.kind, data[cut:], source, sink, gate)

    def _strike(
        self, kind: str, rest: bytes, source: socket.socket, sink: socket.socket, gate: threading.Event
    ) -> None:
        if kind == "refuse":
            self._refusals = 2
        if kind in ("rst", "refuse"):
            _reset(source)
            _reset(sink)
        elif kind == "fin":
            for link in (source, sink):
                link.shutdown(socket.SHUT_RDWR)
        elif kind == "stall":
            gate.set()
        elif kind == "slow":
            for position in range(min(len(rest), 40)):
                threading.Event().wait(0.01)
                sink.sendall(rest[position : position + 1])
            sink.sendall(rest[40:])
        elif kind == "garbage":
            sink.sendall(self._chance.randbytes(64) + rest)
        elif kind == "flip":
            sink.sendall(bytes(byte ^ 0x55 for byte in rest[:16]) + rest[16:])
        else:
            position = 0
            while position < len(rest):
                size = self._chance.randint(1, 7) if position < 2_000 else len(rest)
                sink.sendall(rest[position : position + size])
                position += size


def _reset(link: socket.socket) -> None:
    """End a connection with RST, as a machine that went away does."""
    with suppress(OSError):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        link.close()
