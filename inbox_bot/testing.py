"""Real mail servers on loopback, each in a thread of this process: IMAP by pymap, SMTP by aiosmtpd.

The demo shows the program at work on them, the tests hold it to them. They pick free ports, keep all mail in memory
and forget it when they end. A server that misbehaves on purpose is the business of the tests.
"""

from __future__ import annotations

import asyncio
import imaplib
import threading
from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from inbox_bot.mail import arguments

START_SECONDS = 20.0
HOST = "127.0.0.1"


class _ThreadServer(ABC):
    """A server whose event loop runs in a thread of its own; it can be stopped and started again on its port."""

    def __init__(self, name: str) -> None:
        self.host = HOST
        self._name = name
        self._port = 0  # the first start picks one
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._ending: asyncio.Event | None = None
        self._failure: BaseException | None = None

    @abstractmethod
    async def _listen(self, port: int) -> asyncio.Server:
        """Listen on the port, 0 for any that is free."""

    def start(self) -> None:
        """Start the server and wait until it listens; raises what kept it from listening."""
        listening = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, args=(listening,), name=self._name, daemon=True)
        self._thread.start()
        if not listening.wait(START_SECONDS):
            raise TimeoutError(f"{self._name} did not start within {START_SECONDS:g} seconds")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the server; every connection ends. A server that does not run stays as it is."""
        thread, self._thread = self._thread, None
        ending = self._ending
        if thread is None:
            return
        if ending is not None and thread.is_alive():
            self._loop.call_soon_threadsafe(ending.set)
        thread.join(START_SECONDS)
        if thread.is_alive():
            raise TimeoutError(f"{self._name} did not stop within {START_SECONDS:g} seconds")

    def restart(self) -> None:
        """Stop and start on the same port with the same mail."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop, and let go of the event loop."""
        self.stop()
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def _run(self, listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(listening))
        except BaseException as error:  # `start` raises it in the thread that asked
            self._failure = error
            listening.set()

    async def _serve(self, listening: threading.Event) -> None:
        self._ending = asyncio.Event()
        server = await self._listen(self._port)
        self._port = int(server.sockets[0].getsockname()[1])
        listening.set()
        await self._ending.wait()
        server.close()
        conversations = asyncio.all_tasks() - {asyncio.current_task()}
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


class PymapServer(_ThreadServer):
    """A pymap server with these users and passwords; made by `pymap_server`.

    Every mailbox starts with the folders INBOX, Drafts, Sent and Junk, empty.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        super().__init__("pymap")
        self._users = users
        self._accounts: tuple[Any, Any] | None = None

    @property
    def imap_port(self) -> int:
        """The port, once the server has been started."""
        return self._port

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> int:
        """Put a mail into the folder, by APPEND as another client would, and return its UID."""
        with self._client(user) as client:
            name = arguments.folder(folder).decode("ascii")
            answer, _ = client.append(name, "", at or datetime.now(UTC), raw)
            if answer != "OK":
                raise OSError(f"the server did not take the mail: {answer}")
            # "[APPENDUID validity uid]"
            return int(client.response("APPENDUID")[1][0].split()[-1])

    def messages(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """The mails of the folder, in order of delivery."""
        with self._client(user) as client:
            client.select(arguments.folder(folder).decode("ascii"), readonly=True)
            _, answers = client.fetch("1:*", "(BODY.PEEK[])")
            return [answer[1] for answer in answers if isinstance(answer, tuple)]

    @contextmanager
    def _client(self, user: str) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4(self.host, self._port, timeout=10) as client:
            client.login(f'"{user}"', self._users[user])
            yield client

    async def _listen(self, port: int) -> asyncio.Server:
        from proxyprotocol.result import ProxyResultLocal
        from proxyprotocol.sock import SocketInfo
        from pymap.imap import IMAPServer

        if self._accounts is None:
            self._accounts = await self._open_accounts()
        config, login = self._accounts
        config.apply_context()
        answer = IMAPServer(login, config)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                with suppress(ConnectionError, asyncio.CancelledError):
                    await answer(
                        reader, writer, SocketInfo.get(writer, ProxyResultLocal(), unique_id=uuid4().bytes)
                    )
            finally:
                writer.close()

        return await asyncio.start_server(connected, self.host, port)

    async def _open_accounts(self) -> tuple[Any, Any]:
        from pymap.backend.dict import Config, Identity, Login
        from pymap.backend.dict.filter import FilterSet
        from pymap.backend.dict.mailbox import MailboxSet
        from pymap.concurrent import Subsystem
        from pymap.user import Passwords, UserMetadata
        from pysasl.hashing import BuiltinHash

        options = Namespace(
            host=self.host, port=self._port, debug=False, cert=None, key=None, tls=False, proxy_protocol=None
        )
        options.__dict__.update(passlib_cfg=None, demo_data=False, demo_user="", demo_password="")
        config = Config.from_args(
            options,
            hash_context=BuiltinHash(rounds=1),
            cpu_subsystem=Subsystem.for_asyncio(),
            invalid_user_sleep=0.0,
        )
        login = Login(config)
        for user, word in self._users.items():
            hashed = await Passwords(config).hash_password(word)
            await Identity(user, login, None, frozenset()).set(UserMetadata(config, user, password=hashed))
            folders = MailboxSet()
            for name in ("Drafts", "Sent", "Junk"):
                await folders.add_mailbox(name)
            config.set_cache[user] = (folders, FilterSet())
        return config, login


@contextmanager
def pymap_server(users: Mapping[str, str]) -> Iterator[PymapServer]:
    """A private pymap server with these users, plain IMAP on loopback, all mail in memory."""
    server = PymapServer(users)
    try:
        server.start()
        yield server
    finally:
        server.close()


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail that the SMTP server accepted, with its envelope; `raw_bytes` as they came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    raw_bytes: bytes


class SmtpServer(_ThreadServer):
    """An aiosmtpd server that takes every mail of a user who logged in; made by `smtp_server`.

    `on_taken` is called for each mail in the server's thread, before its 250.
    """

    def __init__(self, users: Mapping[str, str], on_taken: Callable[[TakenMail], None]) -> None:
        super().__init__("aiosmtpd")
        self._users = users
        self._on_taken = on_taken
        self._taken: list[TakenMail] = []

    @property
    def smtp_port(self) -> int:
        """The port, once the server has been started."""
        return self._port

    @property
    def taken(self) -> tuple[TakenMail, ...]:
        """The mails that were accepted, in order."""
        return tuple(self._taken)

    async def _listen(self, port: int) -> asyncio.Server:
        from aiosmtpd.smtp import SMTP

        def conversation() -> SMTP:
            # The name is given: the library would ask the DNS for it, which can take long without a network.
            return SMTP(
                self,
                hostname="localhost",
                authenticator=self._authenticate,
                auth_require_tls=False,
                loop=self._loop,
            )

        return await self._loop.create_server(conversation, self.host, port)

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult, LoginPassword

        known = (
            self._users.get(data.login.decode("utf-8", "replace"))
            if isinstance(data, LoginPassword)
            else None
        )
        is_right = known is not None and known.encode() == data.password
        return AuthResult(success=is_right, handled=False)  # not handled: the library gives the answer

    async def handle_MAIL(  # noqa: N802 - the library calls it by this name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Let only users in."""
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        """Take the mail."""
        mail = TakenMail(envelope.mail_from, tuple(envelope.rcpt_tos), bytes(envelope.original_content))
        await asyncio.to_thread(self._on_taken, mail)
        self._taken.append(mail)
        return f"250 2.0.0 accepted as number {len(self._taken)}"


@contextmanager
def smtp_server(
    users: Mapping[str, str], on_taken: Callable[[TakenMail], None] = lambda mail: None
) -> Iterator[SmtpServer]:
    """A private SMTP server with these users, plain SMTP on loopback, all mail in memory."""
    server = SmtpServer(users, on_taken)
    try:
        server.start()
        yield server
    finally:
        server.close()
