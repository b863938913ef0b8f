"""The intake against a Dovecot: first scan of a large mailbox and the poll of a quiet one, beside the floor
and peers.

Run: `python benchmarks/intake.py scan|past|distance|poll|arrival|folders [COUNT]` where Dovecot (and, for the peer,
mbsync) is installed. The mailbox is kept in the system's folder for temporary files and reused. All cases of a table
run in turns in one run; look at the ratios and the counts, not at the seconds. The floor is `raw_imap.py`.
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

import arrival
import folders
import past
from distant import DistantWire, distant
from imapclient import IMAPClient
from mailbox_50k import MAILS, link_maildir, write_maildir
from nouns import POLICY
from raw_imap import RawImap
from servers import SECRET, SELLER, DovecotServer, dovecot
from world import RULEBOOK, Fuse, FusedOutside, World

from inbox_bot.desk import Desk
from inbox_bot.intake import poll_folder
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import ImapSettings, Mailbox
from inbox_bot.mail.message import read_mail
from inbox_bot.store.sqlite import SqliteStore

ROUNDS = 3
ROUND_TRIP_SECONDS = 0.040
KEPT = Path(tempfile.gettempdir()) / "inbox-bot-benchmark"
POLLS = 200


@contextlib.contextmanager
def served(count: int, times: int = 1) -> Iterator[DovecotServer]:
    """A Dovecot whose INBOX holds the mailbox so many times over, its index warm."""
    KEPT.mkdir(exist_ok=True)
    source = KEPT / f"box{count}"
    size = write_maildir(source, count)
    with tempfile.TemporaryDirectory() as folder, dovecot(Path(folder)) as server:
        link_maildir(source, server.mail_folder(), times)
        server._own(server.home / "mail")
        print(
            f"{count * times} mails, {size * times / 1e9:.2f} GB, {len(notices(count)) * times} notices among them"
        )
        floor(server, server.imap_port)
        ours(server, server.imap_port)
        yield server


def desk_on(store: SqliteStore) -> Desk:
    """A desk with the bundled rules."""
    return Desk(POLICY, RULEBOOK, store, FusedOutside(World(), Fuse()), read_mail)


def notices(count: int) -> list[str]:
    """The file names of the notices."""
    return (KEPT / f"box{count}.notices").read_text().split()


def floor(server: DovecotServer, port: int) -> int:
    """The hand-written scan."""
    raw = RawImap(server.host, port, SELLER, SECRET)
    found = raw.scan()
    raw.close()
    return found


def opened(server: DovecotServer, port: int) -> Mailbox:
    """A mailbox as the daemon opens it."""
    return open_mailbox(ImapSettings(server.host, port, "plain", SELLER), SECRET)


def ours(server: DovecotServer, port: int) -> int:
    """Log in, scan, store: what the first round of the daemon does with one folder."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.db")
        mailbox = opened(server, port)
        mailbox.folders()
        found = poll_folder(desk_on(store), mailbox, "INBOX", datetime.now(UTC))
        mailbox.close()
        store.close()
    return found


def library_headers(server: DovecotServer, port: int) -> int:
    """The same headers by IMAPClient as shipped, 500 mails a command; nothing is judged or stored."""
    client = IMAPClient(server.host, port, ssl=False)
    client.login(SELLER, SECRET)
    client.select_folder("INBOX", readonly=True)
    uids = client.search()
    items = ["RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[HEADER.FIELDS (FROM SUBJECT MESSAGE-ID)]"]
    for start in range(0, len(uids), 500):
        client.fetch(uids[start : start + 500], items)
    client.logout()
    return len(uids)


def library_download(server: DovecotServer, port: int) -> int:
    """Every body by IMAPClient as shipped, 500 mails a command, thrown away."""
    client = IMAPClient(server.host, port, ssl=False)
    client.login(SELLER, SECRET)
    client.select_folder("INBOX", readonly=True)
    uids = client.search()
    for start in range(0, len(uids), 500):
        client.fetch(uids[start : start + 500], ["BODY.PEEK[]"])
    client.logout()
    return len(uids)


def mbsync(server: DovecotServer, port: int) -> int:
    """A first synchronisation of the INBOX by mbsync."""
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        settings = Path(folder) / "mbsyncrc"
        settings.write_text(
            f'IMAPAccount a\nHost {server.host}\nPort {port}\nUser {SELLER}\nPass "{SECRET}"\n'
            f"SSLType None\nAuthMechs LOGIN\nTimeout 300\n\nIMAPStore far\nAccount a\n\nMaildirStore near\n"
            f"Path {folder}/mail/\nInbox {folder}/mail/INBOX\n\nChannel c\nFar :far:\nNear :near:\nPatterns INBOX\n"
            f"Create Near\nSync Pull New\nSyncState {folder}/state-\n"
        )
        (Path(folder) / "mail").mkdir()
        subprocess.run(["mbsync", "-q", "-c", str(settings), "c"], check=True, timeout=900)
        return sum(1 for _ in (Path(folder) / "mail" / "INBOX").rglob("*.*"))


def seconds(work: Callable[[], int]) -> tuple[float, int]:
    """How long it took and what it found."""
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found


def scan(count: int) -> None:
    """Table: the first scan on loopback."""
    cases: dict[str, tuple[Callable[[DovecotServer, int], int], int]] = {
        "raw socket, headers and hits (floor)": (floor, ROUNDS),
        "inbox-bot, headers, hits, stored": (ours, ROUNDS),
        "IMAPClient as shipped, headers only": (library_headers, ROUNDS),
        "IMAPClient as shipped, download all": (library_download, 1),
    }
    if shutil.which("mbsync"):
        cases["mbsync, first synchronisation"] = (mbsync, 1)
    with served(count) as server:
        recall(server, count)
        taken: dict[str, list[float]] = {name: [] for name in cases}
        results: dict[str, int] = {}
        for turn in range(ROUNDS):
            for name, (work, rounds) in cases.items():
                if turn < rounds:
                    time_taken, results[name] = seconds(lambda work=work: work(server, server.imap_port))  # type: ignore[misc]
                    taken[name].append(time_taken)
    base, mine = (statistics.median(taken[name]) for name in list(cases)[:2])
    for name, times in taken.items():
        middle = statistics.median(times)
        print(
            f"{name:40} {middle:8.2f} s  {middle / base:6.1f} x floor  {middle / mine:6.1f} x ours  {results[name]}"
        )
    print(
        f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (all cases together)"
    )


def recall(server: DovecotServer, count: int) -> None:
    """Print how many of the notices the scan stored."""
    wanted = {(KEPT / f"box{count}" / "cur" / name).read_bytes() for name in notices(count)}
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.db")
        mailbox = opened(server, server.imap_port)
        desk = desk_on(store)
        poll_folder(desk, mailbox, "INBOX", datetime.now(UTC))
        mailbox.close()
        stored = {store.file(mail.sha256) for mail in store.waiting_mails(desk.policy.account)}
        store.close()
    print(f"recall {len(wanted & stored)}/{len(wanted)}, stored besides {len(stored - wanted)}")


def over_distance(count: int) -> None:
    """Table: the first scan over a wire of 40 ms; flights and bytes."""
    with served(count) as server:
        for name, work in (
            ("floor", floor),
            ("inbox-bot", ours),
            ("IMAPClient, headers only", library_headers),
        ):
            with distant(server.host, server.imap_port, ROUND_TRIP_SECONDS) as wire:
                taken, _ = seconds(lambda work=work, wire=wire: work(server, wire.port))  # type: ignore[misc]
                traffic = wire.traffic
            sizes = f"{traffic.up_bytes + traffic.down_bytes:,} bytes"
            print(f"{name:30} {taken:6.2f} s  {traffic.flights:4} flights  {sizes}")


def look_back(count: int) -> None:
    """Table: the audit of a year beside the first scan."""
    with served(count) as server:
        port = server.imap_port
        past.compare(server, lambda: opened(server, port), lambda: ours(server, port), seconds, ROUNDS)


def poll(count: int) -> None:
    """Table: a poll with nothing new at `count` mails and 100 times as many; flights and bytes of each."""
    for times in (1, 100):
        with served(count, times) as server, distant(server.host, server.imap_port) as wire:
            quiet_polls(server, wire)


def quiet_polls(server: DovecotServer, wire: DistantWire) -> None:
    """Print what one poll costs on a held connection."""
    store = SqliteStore(None)
    desk, mailbox = desk_on(store), opened(server, wire.port)
    poll_folder(desk, mailbox, "INBOX", datetime.now(UTC))
    for what in ("the open folder", "another folder"):
        if what == "another folder":
            mailbox.examine("Drafts")
        before, begun = wire.traffic, time.perf_counter()
        for _ in range(POLLS):
            poll_folder(desk, mailbox, "INBOX", datetime.now(UTC))
        taken = (time.perf_counter() - begun) / POLLS
        spent = wire.traffic - before
        size = (spent.up_bytes + spent.down_bytes) / POLLS
        counts = f"{spent.flights / POLLS:.2f} flights, {size:.0f} bytes"
        print(f"a quiet poll of {what}: {counts}, {taken * 1e6:.0f} us through the wire")
    mailbox.close()
    store.close()


def main() -> None:
    """Run the named table."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else None
    tables: dict[str, Callable[[], None]] = {
        "scan": lambda: scan(count or MAILS),
        "past": lambda: look_back(count or MAILS),
        "distance": lambda: over_distance(count or MAILS),
        "poll": lambda: poll(count or 1000),
        "arrival": lambda: arrival.main(count or 40),
        "folders": lambda: folders.main(count or 200),
    }
    tables[sys.argv[1]]()


if __name__ == "__main__":
    main()
