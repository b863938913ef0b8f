"""The real daemon with a real mailbox, a webhook and a health page: what a person hears and an operator sees."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from servers import SECRET
from smtp_servers import Inbox, free_port_of, smtp_server
from test_herald import Hook, fetch
from test_kill9 import notices_of

pytestmark = [pytest.mark.live, pytest.mark.slow]


def wait_for(check, seconds=40.0):
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)
    return found


@pytest.fixture
def daemon(dovecot_server, fresh_seller, tmp_path):
    hook, port = Hook(), free_port_of()
    with smtp_server(Inbox()) as post:
        (tmp_path / "secret").write_text(SECRET)
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "channel").write_text(f"json://127.0.0.1:{hook.port}/alarms\n")
        (tmp_path / "channel").chmod(0o600)
        (tmp_path / "config.toml").write_text(
            f'data_dir = "data"\n[alarms]\nurls = ["file:{tmp_path}/channel"]\ncanary = true\n'
            f'heartbeat = "plain:http://127.0.0.1:{hook.port}/beat"\n[health]\nport = {port}\n'
            f'[[account]]\nname = "shop"\naddress = "{fresh_seller}"\nauthserv_id = "mx.seller.example"\n'
            f'[account.imap]\nhost = "localhost"\nport = {dovecot_server.imaps_port}\npoll_seconds = 2\n'
            f'secret = "file:{tmp_path}/secret"\nca_file = "{dovecot_server.ca_file}"\n'
            f'[account.smtp]\nhost = "127.0.0.1"\nport = {post.port}\nsecurity = "plain"\nlogin = false\n'
        )
        log = (tmp_path / "log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "inbox_bot", "run", "--config", tmp_path / "config.toml", "--verbose"],
            stderr=log,
        )
        try:
            yield process, hook, port, post
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            log.close()
            hook.close()
    assert process.returncode == 0
    assert SECRET not in (tmp_path / "log").read_text()


def test_a_notice_rings_the_page_is_well_the_heart_beats_and_the_canary_comes_home(
    daemon, dovecot_server, fresh_seller
):
    _, hook, port, post = daemon
    for raw in notices_of(datetime.now(UTC))[:3]:
        dovecot_server.deliver(fresh_seller, raw.replace(b"orders@seller.example", fresh_seller.encode()))
    heard = wait_for(lambda: [one for one in hook.bodies if "drafted" in one.get("title", "")])
    assert "Order 113-0000000-1234567, 10.50 USD" in heard[0]["message"]
    assert "Answer due by" in heard[0]["message"]
    wait_for(lambda: {"path": "/beat"} in hook.bodies)
    assert fetch(port, "/healthz")[0] == 200
    page = fetch(port, "/metrics")[1]
    assert 'inbox_bot_open_cases{account="shop"} 1.0' in page
    assert re.search(r'last_poll_age_seconds\{account="shop",folder="INBOX"\} \d', page)
    (canary,) = wait_for(lambda: [raw for raw in post.mails if b"X-Inbox-Bot-Id: canary-" in raw])
    dovecot_server.deliver(fresh_seller, canary)
    time.sleep(4)
    assert [one for one in hook.bodies if "broken" in one.get("title", "")] == []
    assert len(dovecot_server.messages(fresh_seller, "Drafts")) == 1


def test_the_due_dates_are_a_calendar_file(daemon, dovecot_server, fresh_seller, tmp_path):
    _, hook, _, _ = daemon
    for raw in notices_of(datetime.now(UTC))[:3]:
        dovecot_server.deliver(fresh_seller, raw.replace(b"orders@seller.example", fresh_seller.encode()))
    wait_for(lambda: [one for one in hook.bodies if "drafted" in one.get("title", "")])
    file = tmp_path / "due.ics"
    command = [
        sys.executable,
        "-m",
        "inbox_bot",
        "cases",
        "--config",
        tmp_path / "config.toml",
        "--ics",
        file,
    ]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    text = file.read_text()
    assert text.count("BEGIN:VEVENT") == 1
    assert "UID:113-0000000-1234567@shop.inbox-bot" in text.replace("\n ", "")
    assert "TRIGGER:-P1D" in text
    assert file.stat().st_mode & 0o077 == 0
