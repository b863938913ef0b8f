"""What stands in a hostile mail never reaches a terminal, a calendar, a spreadsheet or a page as anything but words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from nouns import POLICY
from test_many_accounts import said_by
from world import NOW, Fuse, FusedOutside, World, deliver, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.core.model import Mode
from inbox_bot.store.sqlite import SqliteStore

ESCAPE, BELL, BIDI, CSI = "\x1b", "\x07", "\u202e", "\x9b"
NASTY = f"{ESCAPE}[2J{ESCAPE}]0;owned{BELL}{BIDI}{CSI}31m\u2066\r{ESCAPE}[1A"
NOTICE = f"""From: Amazon <cb-seller-notification@amazon.com>
To: orders@seller.example
Subject: Chargeback dispute {NASTY} on order 113-0000001-1234567
Date: Mon, 05 Oct 2026 09:30:00 +0000
Message-ID: <notice.1@mail.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

We have received a chargeback dispute involving a transaction for 10.50 USD.

Order number: 113-0000001-1234567
Items purchased: 1 of (Blue {NASTY} Mug)

Shipping address:
Pat {NASTY} Example
12 {NASTY} Any Street
Austin {NASTY}, TX 78701

The buyer says {NASTY} that the parcel was never received. Please send proof of delivery within 7 days.
"""
SHIPPED = f"""From: Amazon <ship-confirm@amazon.com>
To: orders@seller.example
Subject: Shipped {NASTY}: order 113-0000001-1234567
Date: Wed, 02 Sep 2026 10:00:00 +0000
Message-ID: <shipped.1@mail.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Your order 113-0000001-1234567 has shipped.
Ship date: September 2, 2026
Carrier: U{NASTY}PS
Tracking ID: 1Z999AA10123456701
"""
LETTER = f"""From: "Pat {NASTY}" <pat@marketplace.amazon.com>
To: orders@seller.example
Subject: {NASTY} 113-0000001-1234567
Date: Thu, 03 Sep 2026 10:00:00 +0000
Message-ID: <letter.1@mail.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Where {NASTY} is my order 113-0000001-1234567?
"""
STRANGER = NOTICE.replace("cb-seller-notification@amazon.com", f"{NASTY}cb@amazon.com.evil.example").replace(
    "<notice.1@", "<stranger.1@"
)
CONFIG = """data_dir = "data"
[[account]]
name = "shop"
address = "orders@seller.example"
[account.imap]
host = "imap.seller.example"
secret = "env:X"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A store with the hostile case, and what a person was told."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "data").mkdir()
    told, world = [], World()
    store = SqliteStore(folder / "data" / "inbox-bot.sqlite3")
    policy = replace(POLICY, mode=Mode.APPROVE, trust="all")
    desk = desk_for(policy, store, FusedOutside(world, Fuse()), told.append)
    raw = [text.encode("utf-8", "surrogateescape") for text in (SHIPPED, LETTER, NOTICE, STRANGER)]
    deliver(desk, world, raw, NOW)
    ingest(desk, NOW)
    tick(desk, NOW)
    assert store.case("113-0000001-1234567") is not None
    store.close()
    return folder / "config.toml", told


def dangerous_in(text: str) -> set[str]:
    """Characters that a terminal or a reader acts on instead of showing them."""
    found = {char for char in text if unicodedata.category(char) in ("Cc", "Cf") and char not in "\n\t"}
    return found - {"\u200b", "\u00ad"}


@pytest.mark.parametrize(
    "command",
    [
        ("cases",),
        ("cases", "--all"),
        ("cases", "--json"),
        ("show", "113-0000001"),
        ("show", "113-0000001", "--json"),
        ("report",),
        ("report", "--format", "json"),
        ("report", "--format", "html"),
        ("verify",),
        ("purge", "--dry-run"),
    ],
    ids=" ".join,
)
def test_no_command_prints_what_a_terminal_would_obey(shop, command, capsys):
    config, _ = shop
    said_by(*command, "--config", str(config))
    said = capsys.readouterr()
    assert dangerous_in(said.out + said.err) == set()


def test_the_spreadsheet_has_rows_and_nothing_else(shop, capsys):
    config, _ = shop
    said_by("report", "--config", str(config), "--format", "csv")
    assert dangerous_in(capsys.readouterr().out.replace("\r\n", "\n")) == set()


def test_a_calendar_entry_stays_one_entry(shop, tmp_path, capsys):
    config, _ = shop
    file = tmp_path / "due.ics"
    said_by("cases", "--config", str(config), "--ics", str(file))
    text = file.read_bytes().decode()
    assert dangerous_in(text.replace("\r\n", "\n")) == set()
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT")


def test_an_alarm_is_words(shop):
    _, told = shop
    assert told
    for one in told:
        assert dangerous_in(f"{one.name}{one.text}") == set()


def test_the_test_would_notice(shop):
    assert dangerous_in(NASTY) == {ESCAPE, BELL, BIDI, CSI, "\u2066", "\r"}
    assert re.search("owned", NASTY)
