"""SMTP servers for tests: aiosmtpd for whole conversations, and one that misbehaves on the wire exactly as told.

Both listen on 127.0.0.1 only. The certificate is for the name `localhost`, signed by an authority of its own.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

AUTHORITY_PEM = """\
-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNBdXRob3Jp
dHkgZm9yIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAe
MRwwGgYDVQQDDBNBdXRob3JpdHkgZm9yIHRlc3RzMFkwEwYHKoZIzj0CAQYIKoZI
zj0DAQcDQgAEiIS6tEJq43N6z2Qy8jPetP3DdbuJ3rck12siZYzHr3wiZ+TLFwK2
1grAe6PhV3zG3N2apOb3kEHfz04AaLaOeqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAO
BgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFJDkLBfRz0k4UheMcUOw/w3JNyiFMAoG
CCqGSM49BAMCA0gAMEUCIQDOGwxea/M33zKAHFNdGbQHyOyALPyS7DBVdJYHt6ua
wAIgZzADrZjIZ/rV3lOAUSDr8vk/RDOvd+BLwcT4lCqjVhA=
-----END CERTIFICATE-----
"""
LOCALHOST_PEM = """\
-----BEGIN CERTIFICATE-----
MIIBrTCCAVOgAwIBAgIBAjAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNBdXRob3Jp
dHkgZm9yIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAU
MRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATC
VABjhkPAbrsvxRMcWzxN48wELDq5YSt8MJ+OsyqfcfEu/Indil4PSix06fpPKMVT
QQXpI3h+mxz4AzXsmgM5o4GJMIGGMAkGA1UdEwQCMAAwDgYDVR0PAQH/BAQDAgeA
MBMGA1UdJQQMMAoGCCsGAQUFBwMBMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAdBgNV
HQ4EFgQUOBYdcl2FAUN6IqUDCADJr4x4WWgwHwYDVR0jBBgwFoAUkOQsF9HPSThS
F4xxQ7D/Dck3KIUwCgYIKoZIzj0EAwIDSAAwRQIgRd3Lwv3DpGAikFJebXQ+T3af
6Lb3McSUpQpeSyRw5+oCIQCus7rgSr0u94Qd67I30Z6R0GlX6wSEAbQe5G83Kxr/
XA==
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgM3/o5DjSnTzavOjd
H4WNkjqjpUKZnq1Ttf2zKULGN92hRANCAATCVABjhkPAbrsvxRMcWzxN48wELDq5
YSt8MJ+OsyqfcfEu/Indil4PSix06fpPKMVTQQXpI3h+mxz4AzXsmgM5
-----END PRIVATE KEY-----
"""


def authority_file(folder: Path) -> str:
    """The authority's certificate as a file, for `ca_file`."""
    path = folder / "authority.pem"
    path.write_text(AUTHORITY_PEM)
    return str(path)


def server_context(folder: Path) -> ssl.SSLContext:
    """TLS for a server whose certificate names localhost."""
    path = folder / "localhost.pem"
    path.write_text(LOCALHOST_PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@dataclass
class Inbox:
    """What an aiosmtpd server took in, and what it is to answer: keys "MAIL", "body", or a recipient's address.

    `users` maps user names to secrets; `logins` counts the attempts. `takes_token` says whether a user's token is
    good, and makes the server offer XOAUTH2.
    """

    answers: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    mails: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: int = 0
    port: int = 0
    takes_token: Callable[[str, str], bool] | None = None

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refusal := self.answers.get("MAIL"):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refusal := self.answers.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if refusal := self.answers.get("body"):
            return refusal
        self.mails.append(envelope.original_content)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 2.0.0 queued as A1B2C3"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False)
        return AuthResult(success=self.users.get(data.login.decode()) == data.password.decode())


class _TokenInbox(Inbox):
    """The same with XOAUTH2: aiosmtpd offers what it finds a method for."""

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        self.logins += 1
        said = b64decode(args[1]).decode()
        user, _, token = said.removesuffix("\x01\x01").partition("\x01auth=Bearer ")
        if self.takes_token is not None and self.takes_token(user.removeprefix("user="), token):
            return AuthResult(success=True, auth_data=user)
        await server.challenge_auth(b'{"status":"401","schemes":"bearer"}')
        return AuthResult(success=False, handled=False)


@contextmanager
def smtp_server(inbox: Inbox, **options: Any) -> Iterator[Inbox]:
    """A running aiosmtpd server; `options` are those of aiosmtpd's Controller and SMTP classes."""
    if inbox.users:
        options = {"authenticator": inbox.authenticate, "auth_required": True, **options}
    if inbox.takes_token is not None:
        inbox.__class__ = _TokenInbox
        options = {"auth_required": True, **options}
    controller = Controller(inbox, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    inbox.port = controller.port
    try:
        yield inbox
    finally:
        controller.stop()


def free_port_of() -> int:
    """A loopback port that nobody listens on."""
    return _free_port()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


# What the wire server can do instead of answering.
CLOSE = "<close>"
RESET = "<reset>"
HANG = "<hang>"
TRICKLE = "<trickle>"  # one letter every tenth of a second for four seconds, then the end


def late(seconds: float, answer: str) -> str:
    """The answer, after a while."""
    return f"<late {seconds}>{answer}"


class WireServer:
    """A server that follows a script, one answer a command, and writes down what came in which order.

    `answers` has the keys "greeting", "EHLO", "AUTH", "TOKEN" (a line inside an AUTH exchange), "MAIL", "RCPT",
    "RCPT 2" (the second one), "DATA", "DOT", "QUIT", "RSET", "STARTTLS". A value is the answer, lines parted by
    a newline, or CLOSE, RESET, HANG or `late(...)`. `cut` is (bytes, answer): that many bytes of the body are
    read, then the answer is given and the connection closed.

    `log` holds the commands and "first body byte"; tests add their own marks. `bodies` holds what was sent
    between DATA and the dot, as it was on the wire; `accepted` those that got a 2xx.
    """

    def __init__(
        self,
        answers: dict[str, str] | None = None,
        *,
        cut: tuple[int, str] | None = None,
        extensions: tuple[str, ...] = ("SIZE 50000000",),
        context: ssl.SSLContext | None = None,
    ) -> None:
        offered = ["server.example", *extensions]
        ehlo = "\n".join([*(f"250-{line}" for line in offered[:-1]), f"250 {offered[-1]}"])
        self.answers = {"greeting": "220 hello", "EHLO": ehlo, "DATA": "354 go on", "QUIT": "221 bye"}
        self.answers |= {"STARTTLS": "220 go on", "AUTH": "334 ", "TOKEN": "235 welcome"}
        self.scripted = answers or {}
        self.answers |= self.scripted
        self.cut = cut
        self.context = context
        self.log: list[str] = []
        self.bodies: list[bytes] = []
        self.accepted: list[bytes] = []
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> WireServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def wait_for(self, mark: str, seconds: float = 5.0) -> bool:
        """Whether the mark is in the log, now or within the given time."""
        give_up_at = time.monotonic() + seconds
        while mark not in self.log and time.monotonic() < give_up_at:
            time.sleep(0.005)
        return mark in self.log

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            with suppress(OSError, EOFError):
                _Conversation(self, connection).run()


class _Conversation:
    def __init__(self, server: WireServer, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.received = b""
        self.recipients = 0
        self.awaits_body = False

    def run(self) -> None:
        try:
            self.answer("greeting")
            while True:
                self.command(self.line())
        finally:
            self.server.log.append("end")
            self.connection.close()

    def command(self, line: str) -> None:
        verb = line.split()[0].upper() if line.split() else ""
        known = verb in ("EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT", "RSET", "STARTTLS")
        self.server.log.append(line)
        if verb == "RCPT":
            self.recipients += 1
            verb = "RCPT 2" if self.recipients == 2 else verb
        if not known or (verb == "AUTH" and len(line.split()) == 3 and "AUTH" not in self.server.scripted):
            verb = "TOKEN"
        said = self.answer(verb)
        if verb == "STARTTLS" and said.startswith("2") and self.server.context:
            self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        elif verb == "DATA" and said.startswith("354"):
            self.body()
        elif verb == "QUIT":
            raise EOFError

    def body(self) -> None:
        limit, answer = self.server.cut or (None, "")
        self.awaits_body = True
        while not (found := b"\r\n.\r\n" in b"\r\n" + self.received) and (
            limit is None or len(self.received) < limit
        ):
            self.read()
        if not found or limit is not None:
            self.give(answer)
            raise EOFError
        body, _, self.received = self.received.partition(b"\r\n.\r\n")
        self.server.bodies.append(body + b"\r\n")
        planned = self.server.answers.get("DOT", "250 2.0.0 queued")
        # The server has the mail from here on, whether or not the client ever reads the answer.
        if planned.removeprefix("<late ").partition(">")[2].startswith("2") or planned.startswith("2"):
            self.server.accepted.append(body + b"\r\n")
        self.give(planned)

    def answer(self, step: str) -> str:
        return self.give(self.server.answers.get(step, "250 OK"))

    def give(self, answer: str) -> str:
        if answer == HANG:
            self.server._ended.wait(10)
            raise EOFError
        if answer == TRICKLE:
            for _ in range(40):
                self.server._ended.wait(0.1)
                self.connection.sendall(b"2")
            raise EOFError
        if answer == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise EOFError
        if answer == CLOSE:
            raise EOFError
        if answer.startswith("<late "):
            seconds, _, answer = answer.removeprefix("<late ").partition(">")
            self.server._ended.wait(float(seconds))
        self.connection.sendall(answer.replace("\n", "\r\n").encode() + b"\r\n")
        return answer

    def line(self) -> str:
        while b"\n" not in self.received:
            self.read()
        line, _, self.received = self.received.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def read(self) -> None:
        chunk = self.connection.recv(65536)
        if not chunk:
            raise EOFError
        if self.awaits_body:
            self.awaits_body = False
            self.server.log.append("first body byte")
        self.received += chunk
