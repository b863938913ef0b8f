"""Two sellers in one configuration: nothing of one ever shows in the other's mail, alarm, report, list or export."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email import policy as email_policy
from pathlib import Path

import pytest
from nouns import POLICY
from pypdf import PdfReader
from test_crash import DELIVERED, NOTICE, SHIPPED
from world import NOW, Fuse, FusedOutside, World, deliver, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.cli import main
from inbox_bot.core.model import LastCall, Mode
from inbox_bot.store.sqlite import SqliteStore

CONFIG = """data_dir = "data"

[[account]]
name = "north"
address = "north@north.example"
aliases = ["north+de@north.example"]
signature = "Northern Goods"

[account.imap]
host = "imap.north.example"
secret = "env:NORTH"

[[account]]
name = "south"
address = "south@south.example"
signature = "Southern Wares"

[account.imap]
host = "imap.south.example"
secret = "env:SOUTH"
"""
# What belongs to one seller alone: orders, buyers, goods, parcels, addresses, signatures.
OWN = {
    "north": (
        "113-1111111",
        "Nora Northbuyer",
        "Icicle Lamp",
        "1Z999AA10123456711",
        "north@",
        "Northern Goods",
        "61.11",
    ),
    "south": (
        "114-2222222",
        "Sol Southbuyer",
        "Palm Scarf",
        "1Z999AA10123456722",
        "south@",
        "Southern Wares",
        "72.22",
    ),
}
PLAIN = replace(POLICY, mode=Mode.AUTO, last_call=LastCall.ALWAYS, trust="all")


def mails_of(name: str) -> list[bytes]:
    order, buyer, goods, tracking, _, _, amount = OWN[name]
    found = []
    for text in (SHIPPED, DELIVERED, NOTICE):
        raw = text.format(order=f"{order}-1234567", number=int(tracking[-2:]), amount=amount)
        raw = raw.replace("orders@seller.example", f"{name}@{name}.example").replace(
            "Blue Mug (Large)", goods
        )
        found.append(raw.encode())
    letter = (
        f"From: {buyer} <{name}buyer@marketplace.amazon.com>\nTo: {name}@{name}.example\n"
        f"Subject: Order {order}-1234567\nDate: Mon, 07 Sep 2026 10:00:00 +0000\n"
        f"Message-ID: <letter.{name}@mail.example>\n\nIt arrived, thank you. {buyer}\n"
    )
    return [letter.encode(), *found]


@pytest.fixture(scope="module")
def sellers(tmp_path_factory):
    """Both sellers' cases in one store, answered; the replies, the alarms and the configuration."""
    folder = tmp_path_factory.mktemp("sellers")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "data").mkdir()
    store = SqliteStore(folder / "data" / "inbox-bot.sqlite3")
    worlds, told = {}, {"north": [], "south": []}
    for name in OWN:
        policy = replace(PLAIN, account=name, address=f"{name}@{name}.example", signature=OWN[name][5])
        world = worlds[name] = World(copy_to_self=False)
        desk = desk_for(policy, store, FusedOutside(world, Fuse()), told[name].append)
        deliver(desk, world, mails_of(name), NOW)
        ingest(desk, NOW)
        for hours in range(0, 160, 40):
            tick(desk, NOW + timedelta(hours=hours))
    store.close()
    return folder / "config.toml", worlds, told


def other(name: str) -> str:
    return "south" if name == "north" else "north"


def marks_of_the_other_in(name: str, text: str) -> list[str]:
    return [mark for mark in OWN[other(name)] if mark.lower() in text.lower()]


def said_by(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code in (0, 1)
    return int(ended.value.code or 0)


@pytest.mark.parametrize("name", OWN)
def test_a_reply_holds_what_is_its_sellers_and_nothing_of_the_other(sellers, name):
    _, worlds, _ = sellers
    replies = worlds[name].accepted
    assert replies
    for reply in replies:
        message = message_from_bytes(reply.raw_bytes, policy=email_policy.default)
        texts = [str(message)]
        for part in message.walk():
            content = part.get_content() if not part.is_multipart() else ""
            texts.append(content if isinstance(content, str) else content.decode("latin-1"))
        whole = "\n".join(texts)
        assert OWN[name][0] in whole
        assert OWN[name][5] in whole
        assert marks_of_the_other_in(name, re.sub(r"[A-Za-z0-9+/]{60,}={0,2}", "", whole)) == []


@pytest.mark.parametrize("name", OWN)
def test_the_book_of_exhibits_is_of_one_seller(sellers, name, tmp_path):
    _, worlds, _ = sellers
    message = message_from_bytes(worlds[name].accepted[0].raw_bytes)
    books = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    assert books
    for number, part in enumerate(books):
        file = tmp_path / f"{number}.pdf"
        file.write_bytes(base64.b64decode(part.get_payload()))
        text = read_pdf(file)
        assert OWN[name][0] in text
        assert marks_of_the_other_in(name, text) == []


def read_pdf(file: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(file).pages)


@pytest.mark.parametrize("name", OWN)
def test_alarms_are_of_one_seller(sellers, name):
    _, _, told = sellers
    for one in told[name]:
        assert one.account == name
        assert marks_of_the_other_in(name, f"{one.name} {one.text} {one.case_id}") == []


@pytest.mark.parametrize("form", ["text", "html", "csv", "json"])
@pytest.mark.parametrize("name", OWN)
def test_a_report_is_of_one_seller(sellers, name, form, capsys):
    config, _, _ = sellers
    said_by("report", "--config", str(config), "--account", name, "--format", form)
    text = capsys.readouterr().out
    assert name in text
    assert marks_of_the_other_in(name, text) == []


@pytest.mark.parametrize("more", [(), ("--json",), ("--all",)])
@pytest.mark.parametrize("name", OWN)
def test_the_list_of_cases_is_of_one_seller(sellers, name, more, capsys):
    config, _, _ = sellers
    said_by("cases", "--config", str(config), "--account", name, "--all", *more)
    text = capsys.readouterr().out
    assert OWN[name][0] in text
    assert marks_of_the_other_in(name, text) == []


@pytest.mark.parametrize("name", OWN)
def test_the_calendar_is_of_one_seller(sellers, name, tmp_path, capsys):
    config, _, _ = sellers
    file = tmp_path / "due.ics"
    said_by("cases", "--config", str(config), "--account", name, "--ics", str(file))
    assert marks_of_the_other_in(name, file.read_text() + capsys.readouterr().out) == []


@pytest.mark.parametrize("name", OWN)
def test_a_case_shown_is_of_one_seller(sellers, name, capsys):
    config, _, _ = sellers
    for more in ((), ("--json",)):
        said_by("show", OWN[name][0], "--config", str(config), *more)
        text = capsys.readouterr().out
        assert OWN[name][0] in text
        assert marks_of_the_other_in(name, text) == []


def test_the_test_would_notice_a_leak(sellers):
    assert marks_of_the_other_in("north", "Sol Southbuyer wrote about her Palm Scarf") == [
        "Sol Southbuyer",
        "Palm Scarf",
    ]


# One mailbox, several sellers


SHARED = ["orders@shop.example", "orders+fr@shop.example"]


@pytest.mark.parametrize(
    ("head", "taker"),
    [
        ("To: orders@shop.example\n", 0),
        ("To: orders+fr@shop.example\n", 1),
        ("Delivered-To: orders@shop.example\nTo: orders+fr@shop.example\n", 1),
        ("Delivered-To: orders+fr@shop.example\nTo: undisclosed-recipients:;\n", 1),
        ("To: orders+other@shop.example\n", 0),
    ],
)
def test_one_mailbox_of_two_sellers_is_told_apart_by_the_address(head, taker):
    raw = NOTICE.format(order="113-1111111-1234567", number=1, amount="10.50")
    raw = raw.replace("To: orders@seller.example\n", head)
    store, replies = SqliteStore(None), {}
    for number, address in enumerate(SHARED):
        policy = replace(PLAIN, account=f"seller{number}", address=address)
        world = World(copy_to_self=False)
        others = frozenset(SHARED) - {address}
        desk = replace(desk_for(policy, store, FusedOutside(world, Fuse())), other_addresses=others)
        deliver(desk, world, [*mails_of("north")[:3], raw.encode()], NOW)
        ingest(desk, NOW)
        replies[number] = [record.case.account for record in store.cases(f"seller{number}")]
    expected = {
        number: ["seller0", "seller1"][number : number + 1] if number == taker else [] for number in (0, 1)
    }
    if "other@" in head:
        expected[1] = [
            "seller1"
        ]  # nobody's address: each shows it, and only the one it may be for believes it
    assert replies == expected
    store.close()
