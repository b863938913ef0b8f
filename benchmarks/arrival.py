"""From EXISTS on this machine to a committed draft: ours, with everything it checks, beside a floor written by hand.

Run: `python benchmarks/intake.py arrival [NOTICES]`. Both work on the same Dovecot in turns, each in a mailbox of its
own; for each notice two mails of the order lie there already. The clock starts when the waiting connection hears of
the mail and stops when the draft stands in Drafts and the store says so, on disk. The book of exhibits is left out on
both sides: the same 20 KB take its place. The floor fetches, searches, renders, splices and commits twice, and checks
nothing at all.
"""

from __future__ import annotations

import base64
import email
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flood import mails_of, order_of
from folders import received
from raw_imap import RawImap
from servers import SECRET, SELLER, DovecotServer, dovecot

from inbox_bot.book import bind
from inbox_bot.config import load_config
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import Display, open_desk, work_once
from inbox_bot.store.sqlite import SqliteStore

OTHER = "floor@seller.example"
BOOK = b"%PDF-1.7\n" + bytes(range(256)) * 80
WARM = 5
LETTER = """Hello,

order {order} was handed over on September 2, 2026 and delivered on September 4, 2026
(tracking {tracking}). The record is attached.

Birchwood Goods
"""
HEAD = """From: {user}\r
To: cb-seller-notification@amazon.com\r
Subject: Re: {subject}\r
Message-ID: <{number}.answer@seller.example>\r
In-Reply-To: {message_id}\r
References: {message_id}\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="cut"\r
\r
--cut\r
Content-Type: text/plain; charset=utf-8\r
\r
"""
PART = "\r\n--cut\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What each notice took, in seconds."""

    floor: list[float]
    ours: list[float]


class Floor:
    """The least that leads to a draft: no rule, no trust, no check, no failure."""

    def __init__(self, server: DovecotServer, folder: Path) -> None:
        self.imap = RawImap(server.host, server.imap_port, OTHER, SECRET)
        self.imap.ask('CREATE "Drafts"')
        self.imap.ask('EXAMINE "INBOX"')
        self.store = sqlite3.connect(folder / "floor.db", isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
            self.store.execute(statement)
        self.store.execute("CREATE TABLE mails (uid, raw)")
        self.store.execute("CREATE TABLE drafts (message_id, state)")
        self.book = base64.encodebytes(BOOK).replace(b"\n", b"\r\n").decode()
        self.number = 0

    def wait(self) -> None:
        self.tag = self.imap.send("IDLE")
        while b"EXISTS" not in self.imap.line():
            pass

    def work(self) -> None:
        imap, uid = self.imap, 3 * self.number + 3
        imap.link.sendall(b"DONE\r\n")
        while not imap.line().startswith(self.tag):
            pass
        raw = self.fetch(str(uid))[0]
        self.store.execute("INSERT INTO mails VALUES (?, ?)", (uid, raw))
        mail = email.message_from_bytes(raw)
        order = re.search(r"\d{3}-\d{7}-\d{7}", mail.get_payload())[0]  # type: ignore[index,arg-type]
        found = b" ".join(imap.ask(f'UID SEARCH TEXT "{order}"'))
        uids = re.search(rb"SEARCH ([\d ]+)", found)[1].decode().replace(" ", ",")  # type: ignore[index]
        known = b"".join(self.fetch(uids))
        tracking = re.search(rb"1Z\w{16}", known)[0].decode()  # type: ignore[index]
        head = HEAD.format(
            user=OTHER, subject=mail["Subject"], number=self.number, message_id=mail["Message-ID"]
        )
        text = LETTER.format(order=order, tracking=tracking).replace("\n", "\r\n")
        reply = f"{head}{text}{PART}{self.book}--cut--\r\n".encode()
        self.store.execute("INSERT INTO drafts VALUES (?, 'intended')", (self.number,))
        tag = imap.send(f'APPEND "Drafts" (\\Draft) {{{len(reply)}+}}')
        imap.link.sendall(reply + b"\r\n")
        while not imap.line().startswith(tag):
            pass
        self.store.execute("UPDATE drafts SET state = 'placed' WHERE message_id = ?", (self.number,))
        self.number += 1

    def fetch(self, uids: str) -> list[bytes]:
        item = re.compile(rb"\* \d+ FETCH \(UID (\d+) BODY\[\] \{(\d+)\}\r\n")
        return [bytes(body) for _, body in self.imap.literals(f"UID FETCH {uids} (BODY.PEEK[])", item)]

    def close(self) -> None:
        self.imap.close()
        self.store.close()


class Ours:
    """The account's thread of the daemon, one pass a notice."""

    def __init__(self, server: DovecotServer, folder: Path) -> None:
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        file = folder / "config.toml"
        file.write_text(
            f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{SELLER}"\nauthserv_id = "mx.seller.example"\n'
            f'[account.imap]\nhost = "{server.host}"\nport = {server.imap_port}\nsecurity = "plain"\n'
            f'secret = "file:{folder}/secret"\n'
        )
        config = load_config(file)
        (account,) = config.accounts
        self.store = SqliteStore(config.store_path)
        self.outside, self.reader = LiveOutside(account), MailReader()
        self.display = Display(lambda one: None, lambda handled: None)
        self.desk = open_desk(
            config, account, load_rulebook(), self.store, self.outside, self.reader, self.display
        )
        self.work()

    def wait(self) -> None:
        mailbox = self.outside.mailbox()
        mailbox.examine("INBOX")
        while not mailbox.wait(30):
            pass

    def work(self) -> None:
        work_once(self.desk, self.outside, self.display, lambda: datetime.now(UTC))

    def close(self) -> None:
        self.outside.drop()
        self.reader.close()
        self.store.close()


def timed(side: Floor | Ours, deliver: Callable[[], None]) -> float:
    """Deliver one notice while the side waits, and clock its work from the news on."""
    import threading

    timer = threading.Timer(0.3, deliver)
    timer.start()
    side.wait()
    begun = time.perf_counter()
    side.work()
    taken = time.perf_counter() - begun
    timer.join()
    return taken


def measure(count: int) -> Arrivals:
    """The times of so many notices, in turns."""
    bind.bind = lambda *_: bind.BoundBook(BOOK, 1, {}, (), "")
    taken = Arrivals([], [])
    with (
        tempfile.TemporaryDirectory() as name,
        dovecot(Path(name), dict.fromkeys((SELLER, OTHER), SECRET)) as server,
    ):
        sides: tuple[tuple[str, Floor | Ours, list[float]], ...] = (
            (OTHER, Floor(server, Path(name)), taken.floor),
            (SELLER, Ours(server, Path(name)), taken.ours),
        )
        for number in range(WARM + count):
            *evidence, notice = mails_of(number)
            for user, side, times in sides:
                for raw in evidence:
                    server.deliver(user, received(raw))
                if isinstance(side, Ours):
                    side.work()
                else:
                    side.imap.ask("NOOP")
                seconds = timed(side, lambda user=user, notice=notice: server.deliver(user, received(notice)))  # type: ignore[misc]
                if number >= WARM:
                    times.append(seconds)
        drafts = [len(server.messages(user, "Drafts")) for user, _, _ in sides]
        for _, side, _ in sides:
            side.close()
    assert drafts == [WARM + count] * 2, f"{drafts} drafts for {WARM + count} notices: {order_of(0)} ..."
    return taken


def main(count: int) -> None:
    """Print the table."""
    taken = measure(count)
    base = statistics.median(taken.floor)
    for name, times in (("floor", taken.floor), ("inbox-bot", taken.ours)):
        middle, late = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
        print(f"{name:12} {middle * 1e3:7.1f} ms, p95 {late * 1e3:7.1f} ms, {middle / base:5.1f} x floor")
