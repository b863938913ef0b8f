"""`kill -9` at 120 random points over runs of 50 notices, on a real Dovecot: no notice lost, each reply once."""

from __future__ import annotations

import email
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from nouns import travelled
from servers import SECRET, DovecotServer
from smtp_servers import Inbox, smtp_server
from test_crash import mails

from inbox_bot.store.sqlite import SqliteStore

NOTICES = 50
KILLS = 120
HERE = Path(__file__).parent
AUTHENTIC = b"Authentication-Results: mx.seller.example; dmarc=pass header.from=amazon.com\n"
pytestmark = [pytest.mark.live, pytest.mark.slow]


class Driver:
    """The forking driver and the child it runs."""

    def __init__(self, log: Path) -> None:
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "kill9_driver.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
            )
        assert self._line() == "ready"

    def run(self, config: Path, *, days: float = 0, kill_after: float | None = None) -> int:
        """One pass; its exit code, -9 when it was killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{config} {days}\n")
        child = int(self._line().removeprefix("started "))
        timer = (
            threading.Timer(kill_after, os.kill, (child, signal.SIGKILL)) if kill_after is not None else None
        )
        if timer is not None:
            timer.start()
        code = int(self._line().removeprefix("ended "))
        if timer is not None:
            timer.cancel()
            timer.join()
        return code

    def close(self) -> None:
        self._process.communicate(timeout=20)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    made = Driver(tmp_path / "driver.log")
    yield made
    made.close()


def dated(raw: bytes, now: datetime) -> bytes:
    """The sample mail as if it had come an hour ago, vouched for by our server."""
    at = format_datetime(now - timedelta(hours=1)).encode()
    return AUTHENTIC + re.sub(rb"(?m)^Date: .*$", b"Date: " + at, raw, count=1)


def configure(folder: Path, server: DovecotServer, seller: str, smtp_port: int | None) -> Path:
    """A fresh data folder for one seller; sends by rule when there is an SMTP server."""
    folder.mkdir()
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    sending = (
        f'[account.smtp]\nhost = "127.0.0.1"\nport = {smtp_port}\nsecurity = "plain"\nlogin = false\n'
        if smtp_port
        else ""
    )
    path = folder / "config.toml"
    path.write_text(
        f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{seller}"\nauthserv_id = "mx.seller.example"\n'
        f'mode = "{"auto" if smtp_port else "draft"}"\n[account.imap]\nhost = "localhost"\nport = {server.imaps_port}\n'
        f'secret = "file:secret"\nca_file = "{server.ca_file}"\n{sending}'.replace(
            "file:secret", f"file:{folder}/secret"
        )
    )
    return path


def notices_of(now: datetime) -> list[bytes]:
    return [dated(raw, now) if b"cb-seller-notification" in raw else raw for raw in mails(NOTICES)]


def kill_at_random(driver: Driver, config: Path, chance: random.Random, most: int) -> int:
    """Passes killed at random points until one comes through or so many died; returns how many were killed."""
    killed = 0
    while killed < most and driver.run(config, kill_after=chance.uniform(0.02, 1.0)) == -signal.SIGKILL:
        killed += 1
    return killed


def cases_of(config: Path) -> list:
    store = SqliteStore(config.parent / "data" / "inbox-bot.sqlite3")
    try:
        return [record.case for record in store.cases()]
    finally:
        store.close()


def message_ids(raw_mails: list[bytes]) -> Counter[str]:
    return Counter(str(email.message_from_bytes(raw)["Message-ID"]) for raw in raw_mails)


def test_drafts_survive_a_hundred_and_twenty_kills(driver, dovecot_server, tmp_path, sellers):
    chance = random.Random(20261005)
    kills = rounds = 0
    while kills < KILLS:
        seller, rounds = next(sellers), rounds + 1
        config = configure(tmp_path / f"round-{rounds}", dovecot_server, seller, None)
        for raw in notices_of(datetime.now(UTC)):
            dovecot_server.deliver(seller, raw.replace(b"orders@seller.example", seller.encode()))
        kills += kill_at_random(driver, config, chance, KILLS - kills)
        assert driver.run(config) == 0
        cases = cases_of(config)
        assert len(cases) == NOTICES
        assert {case.status.value for case in cases} == {"drafted"}
        drafts = message_ids(dovecot_server.messages(seller, "Drafts"))
        assert set(drafts) == {case.reply.message_id for case in cases}
        assert set(drafts.values()) == {1}
    print(f"{kills} kills in {rounds} runs of {NOTICES} notices: every draft once")


def test_sent_replies_survive_kills_and_each_goes_out_once(driver, dovecot_server, tmp_path, sellers):
    """The copy to ourselves is delivered as a mail server does it: it is the evidence that ends the doubt."""
    chance = random.Random(7)
    seller = next(sellers)
    with smtp_server(Inbox()) as server:
        config = configure(tmp_path / "auto", dovecot_server, seller, server.port)
        for raw in notices_of(datetime.now(UTC)):
            dovecot_server.deliver(seller, raw.replace(b"orders@seller.example", seller.encode()))
        kills = kill_at_random(driver, config, chance, most=KILLS // 3)
        for raw, recipients in zip(server.mails, server.recipients, strict=True):
            assert recipients == ["cb-seller-notification@amazon.com", seller]
            dovecot_server.deliver(seller, travelled(raw))
        # Then the hours pass, and at last the day on which doubt is dearer than a twin.
        for days in (0, 0.001, 0.01, 0.03, 0.05, 6.2):
            assert driver.run(config, days=days) == 0
        accepted = message_ids(server.mails)
    cases = cases_of(config)
    assert len(cases) == NOTICES
    assert {case.status.value for case in cases} == {"answered"}
    assert set(accepted) == {case.reply.message_id for case in cases}
    assert set(accepted.values()) == {1}
    assert kills > KILLS // 20
