"""The fault suite: seeded runs of the real program against real servers while the network, or the process, breaks.

A run is a fresh mailbox with three notices on Dovecot and an SMTP server, both behind a `ChaosProxy`. One fault strikes
at one byte of the run, or the process is killed with `kill -9`; then the passes go on over the days of the clock, and
it is counted what became of each notice. `python tests/chaos.py --runs 1000` prints the table of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import email
import logging
import pickle
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from chaos_proxy import DOWN, UP, ChaosProxy, Fault
from nouns import travelled
from servers import SECRET, DovecotServer, dovecot
from smtp_servers import Inbox, authority_file, server_context, smtp_server
from test_crash import mails as answerable_mails
from test_kill9 import Driver
from world import RULEBOOK

from inbox_bot.config import load_config
from inbox_bot.core.errors import InboxBotError
from inbox_bot.mail.reader import MailReader
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import log_display, open_desk, work_once
from inbox_bot.store.sqlite import SqliteStore

NOTICES = 3
LATER_DAYS = (0, 0.001, 0.01, 0.03, 0.05, 1.2, 6.2, 6.21, 6.25)
PATIENCE_SECONDS = 0.6
AUTHENTIC = b"Authentication-Results: mx.seller.example; dmarc=pass header.from=amazon.com\n"
COPY_LOST = 0.15  # the share of runs whose SMTP server loses the blind copy


@dataclass(frozen=True)
class Plan:
    """One run: what breaks, where, and how replies leave."""

    seed: int
    mode: str  # "auto" or "draft"
    part: str  # "imap", "imaps", "smtp", "smtps" or "kill"
    kind: str
    direction: str
    fraction: float
    copies: bool

    @property
    def name(self) -> str:
        return f"{self.part} {self.kind}"


@dataclass
class Outcome:
    """What a run came to."""

    plan: Plan
    notices: int = 0
    cases: int = 0
    lost: list[str] = field(default_factory=list)
    replies: int = 0
    twins: int = 0
    twins_in_window: int = 0
    struck: bool = False
    seconds: float = 0.0


def plans(runs: int, seed: int) -> list[Plan]:
    """So many runs: every part and kind in turn, the byte at every fiftieth of the stream in turn."""
    chance = random.Random(seed)
    table = [
        (part, kind, direction)
        for part in ("imap", "imaps")
        for kind in ("rst", "fin", "stall", "slow", "split", "refuse")
        for direction in (UP, DOWN)
    ]
    table += [
        ("imap", "garbage", DOWN),
        *(("imaps", kind, way) for kind in ("garbage", "flip") for way in (UP, DOWN)),
    ]
    table += [
        (part, kind, direction)
        for part in ("smtp", "smtps")
        for kind in ("rst", "fin", "stall", "slow", "split", "refuse")
        for direction in (UP, DOWN)
    ]
    table += [
        ("smtp", "garbage", DOWN),
        *(("smtps", kind, way) for kind in ("garbage", "flip") for way in (UP, DOWN)),
    ]
    table += [("kill", "kill -9", UP)] * 10
    chance.shuffle(table)
    steps: dict[str, list[int]] = {}
    made = []
    for number in range(runs):
        part, kind, direction = table[number % len(table)]
        if not steps.get(part):
            steps[part] = chance.sample(range(50), 50)
        step = steps[part].pop()
        mode = "auto" if part.startswith("smtp") else chance.choice(("auto", "draft"))
        made.append(
            Plan(seed * 100_000 + number, mode, part, kind, direction, (step + chance.random()) / 50,
                 chance.random() >= COPY_LOST)
        )  # fmt: skip
    return made


class Post(Inbox):
    """An SMTP server's office: takes replies, and delivers the blind copy as a mail server does."""

    def __init__(self, server: DovecotServer) -> None:
        super().__init__()
        self.taken: dict[str, list[str]] = defaultdict(list)
        self.copies: dict[str, bool] = {}
        self._server = server

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.original_content)
        seller = envelope.mail_from
        self.taken[seller].append(str(mail["Message-ID"]))
        if self.copies.get(seller, True) and seller in envelope.rcpt_tos:
            self._server.deliver(seller, travelled(envelope.original_content))
        return "250 2.0.0 queued"


@dataclass
class Site:
    """The servers that all runs of one worker share."""

    server: DovecotServer
    plain: Post
    tls: Post
    authority: str
    sellers: Iterator[str]
    folder: Path
    reader: MailReader
    driver: Driver


@contextmanager
def site(folder: Path, count: int, worker: int = 0) -> Iterator[Site]:
    """Dovecot with so many sellers, an SMTP server in plain text and one over TLS."""
    names = [f"w{worker}s{number:04}@seller.example" for number in range(count)]
    with ExitStack() as stack:
        server = stack.enter_context(dovecot(folder, dict.fromkeys(names, SECRET)))
        plain, tls = Post(server), Post(server)
        stack.enter_context(smtp_server(plain))
        stack.enter_context(smtp_server(tls, ssl_context=server_context(folder)))
        reader = stack.enter_context(MailReader())
        driver = Driver(folder / "driver.log")
        stack.callback(driver.close)
        yield Site(server, plain, tls, authority_file(folder), iter(names), folder, reader, driver)


def configure(site: Site, plan: Plan, seller: str, imap_port: int, smtp_port: int) -> Path:
    """A fresh data folder for the run."""
    home = site.folder / seller
    home.mkdir()
    (home / "secret").write_text(SECRET)
    (home / "secret").chmod(0o600)
    imap = 'security = "tls"' if plan.part != "imap" else 'security = "plain"'
    smtp = f'security = "tls"\nca_file = "{site.authority}"' if plan.part == "smtps" else 'security = "plain"'
    path = home / "config.toml"
    path.write_text(
        f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{seller}"\nauthserv_id = "mx.seller.example"\n'
        f'mode = "{plan.mode}"\nlast_call = "{"never" if plan.mode == "draft" else "complete"}"\n[account.imap]\nhost = "localhost"\nport = {imap_port}\n{imap}\n'
        f'timeout_seconds = {PATIENCE_SECONDS}\nsecret = "file:{home}/secret"\nca_file = "{site.server.ca_file}"\n'
        f'[account.smtp]\nhost = "localhost"\nport = {smtp_port}\n{smtp}\nlogin = false\n'
        f"timeout_seconds = {PATIENCE_SECONDS}\n"
    )
    return path


def one_pass(site: Site, config_file: Path, days: float) -> None:
    """What `inbox-bot once` does, on a clock of its own; a failure of the network is for the next pass."""
    config = load_config(config_file)
    (account,) = config.accounts
    if account.smtp is not None:
        account = replace(account, smtp=replace(account.smtp, answer_timeout_seconds=PATIENCE_SECONDS))
    store, outside = SqliteStore(config.store_path), LiveOutside(account)
    try:
        desk = open_desk(config, account, RULEBOOK, store, outside, site.reader, log_display())
        work_once(desk, outside, log_display(), lambda: datetime.now(UTC) + timedelta(days=days))
    except InboxBotError:
        pass
    finally:
        outside.drop()
        store.close()


def run(site: Site, plan: Plan, lengths: dict[str, dict[str, int]]) -> Outcome:
    """One run from a fresh mailbox to its count."""
    started, chance, seller = time.monotonic(), random.Random(plan.seed), next(site.sellers)
    outcome, now = Outcome(plan), datetime.now(UTC)
    notices = deliver(site, seller, now)
    post = site.tls if plan.part == "smtps" else site.plain
    post.copies[seller] = plan.copies
    imap_fault, smtp_fault = faults(plan, lengths)
    with ExitStack() as stack:
        upstream = site.server.imap_port if plan.part == "imap" else site.server.imaps_port
        imap, smtp = ChaosProxy(upstream, imap_fault), ChaosProxy(post.port, smtp_fault)
        stack.callback(imap.close)
        stack.callback(smtp.close)
        config = configure(site, plan, seller, imap.port, smtp.port)
        for _ in range(3 if plan.part == "kill" else 0):
            site.driver.run(config, kill_after=chance.uniform(0.02, 0.7))
        for days in LATER_DAYS:
            one_pass(site, config, days)
        outcome.struck = imap.struck or smtp.struck or plan.part == "kill"
    count(outcome, site, config, seller, notices, post)
    outcome.seconds = time.monotonic() - started
    return outcome


def faults(plan: Plan, lengths: dict[str, dict[str, int]]) -> tuple[Fault | None, Fault | None]:
    """Where the run breaks: at its fraction of the stream that a clean run has."""
    if plan.part == "kill":
        return None, None
    length = lengths[f"{plan.part} {plan.mode}"][plan.direction]
    fault = Fault(plan.kind, plan.direction, int(plan.fraction * length), plan.seed)
    return (fault, None) if plan.part.startswith("imap") else (None, fault)


def deliver(site: Site, seller: str, now: datetime) -> list[str]:
    """Three notices with what proves them, two in INBOX and one in Junk; returns their order ids."""
    at, orders = format_datetime(now - timedelta(hours=1)).encode(), []
    for raw in answerable_mails(NOTICES):
        raw = raw.replace(b"orders@seller.example", seller.encode())
        folder = "INBOX"
        if b"cb-seller-notification" in raw:
            raw = AUTHENTIC + re.sub(rb"(?m)^Date: .*$", b"Date: " + at, raw, count=1)
            orders.append(re.search(rb"113-\d{7}-\d{7}", raw)[0].decode())  # type: ignore[index]
            folder = "Junk" if len(orders) == 2 else "INBOX"
        site.server.deliver(seller, raw, folder)
    return orders


def count(
    outcome: Outcome, site: Site, config_file: Path, seller: str, notices: list[str], post: Post
) -> None:
    """What the run came to, read from the store, from the mailbox's files and from the SMTP server."""
    store = SqliteStore(config_file.parent / "data" / "inbox-bot.sqlite3")
    cases = {record.case.order_id: record.case for record in store.cases()}
    outcome.notices, outcome.cases = len(notices), len(store.cases())
    store.close()
    if outcome.plan.mode == "auto":
        seen = Counter(post.taken.get(seller, ()))
    else:
        seen = Counter(
            str(email.message_from_bytes(raw)["Message-ID"]) for raw in site.server.messages(seller, "Drafts")
        )
    outcome.replies = sum(seen.values())
    for order in notices:
        case = cases.get(order)
        if case is None or case.reply is None or not seen[case.reply.message_id]:
            outcome.lost.append(f"{order} {case.status.value if case else 'no case'}")
    outcome.twins = sum(number - 1 for number in seen.values())
    # The named windows: a reply without a copy; a draft that the server filed after it was searched for.
    if outcome.plan.mode == "draft" or not outcome.plan.copies:
        outcome.twins_in_window = outcome.twins
    if len(cases) != outcome.cases:
        outcome.lost.append("two cases for one notice")


def measure(site: Site) -> dict[str, dict[str, int]]:
    """How many bytes a clean run moves, by part, mode and direction."""
    lengths = {}
    for part in ("imap", "imaps", "smtp", "smtps"):
        for mode in ("auto", "draft") if part.startswith("imap") else ("auto",):
            plan = Plan(0, mode, part, "none", UP, 0.0, copies=True)
            seller = next(site.sellers)
            deliver(site, seller, datetime.now(UTC))
            post = site.tls if part == "smtps" else site.plain
            upstream = site.server.imap_port if part == "imap" else site.server.imaps_port
            imap, smtp = ChaosProxy(upstream), ChaosProxy(post.port)
            config = configure(site, plan, seller, imap.port, smtp.port)
            for days in LATER_DAYS[:2]:
                one_pass(site, config, days)
            imap.close()
            smtp.close()
            lengths[f"{part} {mode}"] = (imap if part.startswith("imap") else smtp).counted
    return lengths


def table(outcomes: list[Outcome]) -> str:
    """The figures by part and kind, and in all."""
    rows = [("fault", "runs", "struck", "notices in", "handled", "lost", "replies", "twins", "in the window")]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.plan.name].append(outcome)
    for name, group in (*sorted(groups.items()), ("all", outcomes)):
        lost = sum(len(one.lost) for one in group)
        notices = sum(one.notices for one in group)
        rows.append(
            (
                name, *map(str, (
                    len(group), sum(one.struck for one in group), notices, notices - lost, lost,
                    sum(one.replies for one in group), sum(one.twins for one in group),
                    sum(one.twins_in_window for one in group),
                )),
            )
        )  # fmt: skip
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join((head, "|" + "---|" * len(rows[0]), *body))


def work(worker: int, workers: int, runs: int, seed: int) -> list[Outcome]:
    """The share of one worker."""
    logging.disable(logging.CRITICAL)
    chosen = plans(runs, seed)[worker::workers]
    outcomes = []
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as name,
        site(Path(name), len(chosen) + 8, worker) as here,
    ):
        lengths = measure(here)
        for plan in chosen:
            outcomes.append(outcome := run(here, plan, lengths))
            print(f"{outcome.seconds:5.1f} s  {plan.name} {plan.mode}", file=sys.stderr, flush=True)
            if outcome.lost or outcome.twins > outcome.twins_in_window:
                print(f"FAILED {outcome}", file=sys.stderr, flush=True)
    return outcomes


def main() -> int:
    """Run so many seeds on two workers and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--worker", type=int, help="do only this worker's share and write it to standard output"
    )
    asked = parser.parse_args()
    if asked.worker is not None:
        sys.stdout.buffer.write(pickle.dumps(work(asked.worker, asked.workers, asked.runs, asked.seed)))
        return 0
    started = time.monotonic()
    shares = [
        subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--worker", str(number)], stdout=subprocess.PIPE
        )
        for number in range(asked.workers)
    ]
    outcomes = [outcome for share in shares for outcome in pickle.loads(share.communicate()[0])]
    print(table(outcomes))
    print(f"{len(outcomes)} runs with seed {asked.seed} in {time.monotonic() - started:.0f} s")
    return int(any(one.lost or one.twins > one.twins_in_window for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
