"""Finding one order's letters among 50,000 mails of a Dovecot: round trips, bytes and time, beside a plain search.

Run: `python benchmarks/thread_search.py [MAILS]` where Dovecot is installed. The folder is written as a Maildir; the
index is warmed by one look, as the daemon's own polling does. A round trip is one command of ours with its answer. The
measure is the ratio to one `SEARCH TEXT` by imaplib on the same server in the same run.
"""

from __future__ import annotations

import imaplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from servers import SECRET, SELLER, DovecotServer, dovecot

from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.outside import find_threads

MAILS = 50_000
ROUNDS = 3
ORDER = "113-0196033-6384224"
ALIAS = "b7k2x@marketplace.amazon.com"
WORDS = "Thank you for your message. Your parcel is on its way and should reach you within the week. " * 12


def letter(number: int, body: str, *fields: str, sender: str = "auto-confirm@amazon.com") -> bytes:
    """One mail of the usual size."""
    head = (
        f"From: <{sender}>",
        f"To: <{SELLER}>",
        f"Subject: Mail {number}",
        "Date: Mon, 5 Oct 2026 10:00:00 +0000",
        f"Message-ID: <mail-{number}@mail.example>",
        *fields,
    )
    return ("\r\n".join(head) + f"\r\n\r\n{body}\r\n").encode()


def fill(server: DovecotServer, count: int) -> None:
    """Write the folders: other orders' mails, and among them one order's thread, its answers in Sent."""
    inbox, sent = server.mail_folder(), server.mail_folder(name="Sent")
    for number in range(count):
        body = f"Order {number % 900 + 100:03}-{number:07}-{number * 7 % 10_000_000:07}\r\n{WORDS}"
        raw = letter(number, body)
        if number % (count // 10) == 7:
            raw = letter(number, f"Order ID: {ORDER}\r\n{WORDS}", sender=ALIAS)
        if number % (count // 10) == 17:
            parent = f"In-Reply-To: <answer-{number - 10}@seller.example>"
            raw = letter(number, f"Thank you.\r\n{WORDS}", parent, sender=ALIAS)
        (inbox / "cur" / f"{1_700_000_000 + number}.M{number}.bench,S={len(raw)}:2,S").write_bytes(raw)
    for number in range(7, count, count // 10):
        fields = (f"In-Reply-To: <mail-{number}@mail.example>",)
        raw = letter(number, "We will look into it.", *fields, sender=SELLER).replace(
            f"<mail-{number}@mail.example>\r\nIn-".encode(),
            f"<answer-{number}@seller.example>\r\nIn-".encode(),
        )
        (sent / "cur" / f"{1_700_000_000 + number}.M{number}.bench,S={len(raw)}:2,S").write_bytes(raw)
    server._own(server.home / "mail")


def poll(server: DovecotServer) -> None:
    """Look at every folder once as the daemon does, so that the server's index knows the headers."""
    mailbox = open_mailbox(ImapSettings(server.host, server.imap_port, "plain", SELLER), SECRET)
    for folder in ("INBOX", "Sent"):
        mailbox.examine(folder)
        for _ in mailbox.headers_after(0):
            pass
    mailbox.close()


class Wire:
    """Counts what goes over one imaplib connection."""

    def __init__(self, imap: imaplib.IMAP4) -> None:
        self.commands: list[str] = []
        self.received_bytes = 0
        send, read, readline = imap.send, imap.read, imap.readline

        def counting_send(data: bytes) -> None:
            words = data.split()
            if len(words) > 1 and words[1].isalpha():
                self.commands.append(
                    b" ".join(words[1:3]).decode() if words[1] == b"UID" else words[1].decode()
                )
            send(data)

        def counted(read_some: Callable[..., bytes]) -> Callable[..., bytes]:
            def reading(*arguments: int) -> bytes:
                data = read_some(*arguments)
                self.received_bytes += len(data)
                return data

            return reading

        imap.send, imap.read, imap.readline = counting_send, counted(read), counted(readline)


def plain_search(server: DovecotServer) -> float:
    """Seconds of one SEARCH TEXT in the examined INBOX."""
    client = imaplib.IMAP4(server.host, server.imap_port)
    client.login(f'"{SELLER}"', SECRET)
    client.select("INBOX", readonly=True)
    begun = time.perf_counter()
    client.uid("SEARCH", "TEXT", f'"{ORDER}"')
    taken = time.perf_counter() - begun
    client.logout()
    return taken


def ours(server: DovecotServer, folders: tuple[str, ...]) -> tuple[float, Wire, int]:
    """Seconds, traffic and number of mails of one look through the folders."""
    mailbox = open_mailbox(ImapSettings(server.host, server.imap_port, "plain", SELLER), SECRET)
    wire = Wire(mailbox._link._client._imap)  # type: ignore[attr-defined]
    begun = time.perf_counter()
    found = find_threads(mailbox, folders, [ORDER])
    taken = time.perf_counter() - begun
    mailbox.close()
    return taken, wire, len(found)


def main() -> None:
    """Fill, warm, measure in turns."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MAILS
    with tempfile.TemporaryDirectory() as folder, dovecot(Path(folder)) as server:
        fill(server, count)
        poll(server)
        pairs = [(plain_search(server), ours(server, ("INBOX", "Sent"))) for _ in range(ROUNDS)]
        base = statistics.median(plain for plain, _ in pairs)
        taken = statistics.median(run[0] for _, run in pairs)
        _, wire, found = pairs[-1][1]
        commands = (
            wire.commands[: wire.commands.index("LOGOUT")] if "LOGOUT" in wire.commands else wire.commands
        )
        print(f"{count} mails; a plain SEARCH TEXT by imaplib: {base * 1000:.0f} ms")
        print(f"thread over INBOX and Sent: {found} mails, {taken * 1000:.0f} ms, ratio {taken / base:.2f}")
        print(f"{len(commands)} round trips: {', '.join(commands)}")
        print(f"{wire.received_bytes} bytes received")


if __name__ == "__main__":
    main()
