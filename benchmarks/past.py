"""The audit of a year of a large mailbox beside the first scan of the same mailbox; called by `intake.py past`."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import past_mailbox
from nouns import POLICY
from servers import DovecotServer
from world import RULEBOOK

from inbox_bot.audit import Past, PastOutside, ReadAhead
from inbox_bot.core.audit import Audit
from inbox_bot.desk import Desk
from inbox_bot.mail.mailbox import Mailbox
from inbox_bot.mail.readers import MailReaders
from inbox_bot.store.sqlite import SqliteStore

FOLDERS = ("INBOX", "Amazon", "Archive", "Junk", "Sent")
DISPUTES = 200


def audit(mailbox: Mailbox, readers: MailReaders) -> Audit:
    """What the command does with one account."""
    store, ahead = SqliteStore(None), ReadAhead(readers.read)
    policy = past_mailbox.policy(POLICY)
    desk = Desk(policy, RULEBOOK, store, PastOutside("Sent"), ahead)
    past = Past(desk, ahead, past_mailbox.now() - timedelta(days=366))
    mailbox.folders()
    past.gather(mailbox, FOLDERS, "Sent")
    found = past.audit(past_mailbox.now())
    ahead.close()
    store.close()
    return found


def compare(
    server: DovecotServer,
    open_mailbox: Callable[[], Mailbox],
    scan: Callable[[], int],
    seconds: Callable[[Callable[[], int]], tuple[float, int]],
    rounds: int,
) -> None:
    """Table: the first scan and the audit in turns; and whether the findings are the truth."""
    truth, placed = past_mailbox.year(DISPUTES, past_mailbox.now())
    places = {name: server.mail_folder(name=name) for name in FOLDERS}
    past_mailbox.write(placed, places)
    server._own(server.home / "mail")
    taken: dict[str, list[float]] = {"first scan": [], "audit": []}
    results: dict[str, int] = {}
    with MailReaders() as readers:

        def look_back() -> int:
            mailbox = open_mailbox()
            found = audit(mailbox, readers)
            mailbox.close()
            ours = {one.order_id for one in truth}
            lines = {
                (one.order_id, one.finding.value, one.outcome.value if one.outcome else None)
                for one in found.lines
                if one.order_id in ours
            }
            wanted = {(one.order_id, one.finding, one.outcome) for one in truth}
            print(
                f"findings that equal the truth: {len(lines & wanted)} of {len(wanted)}, others {len(lines - wanted)}"
            )
            return len(found.lines)

        look_back()  # the index of the server, the processes that read
        for _ in range(rounds):
            for name, work in (("first scan", scan), ("audit", look_back)):
                time_taken, results[name] = seconds(work)
                taken[name].append(time_taken)
    base = statistics.median(taken["first scan"])
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"{name:12} {middle:8.2f} s  {middle / base:5.2f} x first scan  {results[name]}")
