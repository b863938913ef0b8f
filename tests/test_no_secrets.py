"""A password, a token and a buyer's street stay where they belong: they are in no output, log, event or file of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servers import SECRET, SELLER, dovecot
from smtp_servers import authority_file
from test_crash import mails

from inbox_bot.store.sqlite import SqliteStore

pytestmark = [pytest.mark.live, pytest.mark.slow]
WRONG = "wr0ng-Passw0rd-7f3a"
HOOK = "h00k-t0ken-91cc"
HEART = "h3art-t0ken-55ab"
BUYER = ("221B Nowhere Crescent", "pat.nobody@buyers.example", "+1 555 0100")
LETTER = (
    b"From: Pat Nobody <pat.nobody@buyers.example>\r\nTo: orders@seller.example\r\nSubject: order 113-0000000-1234567\r\n"
    b"Message-ID: <b@buyers.example>\r\nDate: Fri, 04 Sep 2026 21:00:00 +0000\r\n\r\n"
    b"Order 113-0000000-1234567. I live at 221B Nowhere Crescent, call me: +1 555 0100\r\n"
)


def settings(folder: Path, server, *, secret: str) -> Path:
    config = folder / "config.toml"
    config.write_text(
        f'data_dir = "data"\n[alarms]\nurls = ["env:HOOK"]\nheartbeat = "env:HEART"\n'
        f'[[account]]\nname = "shop"\naddress = "{SELLER}"\nauthserv_id = "mx.seller.example"\nmode = "approve"\n'
        f'[account.imap]\nhost = "localhost"\nport = {server.imaps_port}\nsecret = "{secret}"\nca_file = "{server.ca_file}"\n'
        f'[account.smtp]\nhost = "localhost"\nport = 1\nsecret = "{secret}"\nca_file = "{authority_file(folder)}"\n'
    )
    return config


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    with dovecot(folder) as server:
        for raw in (*mails(1), LETTER):
            today = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").encode()
            top = b"Authentication-Results: mx.seller.example; dmarc=pass header.from=amazon.com\n"
            body = raw.replace(b"Mon, 05 Oct 2026 09:30:00 +0000", today)
            server.deliver(SELLER, top + body if b"cb-seller" in raw else body)
        yield folder, server


def said_by(config: Path, password: str, *words: str, stop_after: float = 0) -> str:
    environment = {
        **os.environ,
        "PASSWORD": password,
        "HOOK": f"json://127.0.0.1:1/{HOOK}",
        "HEART": f"http://127.0.0.1:1/{HEART}",
        "PYTHONFAULTHANDLER": "1",
    }
    command = [sys.executable, "-m", "inbox_bot", *words, "--config", str(config)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        if stop_after:
            time.sleep(stop_after)
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=120)
    return said


EVERY_COMMAND = (
    ("once", "--verbose"),
    ("once", "--json"),
    ("cases", "--json", "--all"),
    ("show", "113-0000000-1234567"),
    ("show", "113-0000000-1234567", "--json"),
    ("approve", "113-0000000-1234567"),
    ("once", "--verbose"),
    ("doctor",),
    ("doctor", "--json"),
    ("verify", "--json"),
    ("purge", "--dry-run", "--json"),
)


@pytest.mark.parametrize("password", [SECRET, WRONG], ids=["right", "wrong"])
def test_no_command_says_a_secret_and_no_file_of_ours_holds_one(place, password, monkeypatch):
    folder, server = place
    config = settings(folder, server, secret="env:PASSWORD")
    spoken = [said_by(config, password, *words) for words in EVERY_COMMAND]
    spoken.append(said_by(config, password, "run", "--verbose", stop_after=6))
    assert any("113-0000000-1234567" in said for said in spoken) or password == WRONG
    for secret in (password, HOOK, HEART):
        assert [said for said in spoken if secret in said] == []
        held = [file.name for file in (folder / "data").rglob("*") if secret.encode() in file.read_bytes()]
        assert held == []
    log = "\n".join(spoken[:2] + spoken[6:7] + spoken[-1:])
    assert [word for word in BUYER if word in log] == []


def test_no_event_holds_what_identifies_the_buyer(place):
    folder, server = place
    config = settings(folder, server, secret="env:PASSWORD")
    said_by(config, SECRET, "once")
    with closing(SqliteStore(folder / "data" / "inbox-bot.sqlite3")) as store:
        rows = "\n".join(row[0] for row in store._connection.execute("SELECT data FROM events"))
        states = "\n".join(row[0] for row in store._connection.execute("SELECT state FROM cases"))
    assert "113-0000000-1234567" in rows
    assert [word for word in BUYER if word in rows + states] == []
