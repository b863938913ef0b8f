"""The fixture mails through a real Dovecot with the real command line give what the replay gives, and drafts that thread."""

from __future__ import annotations

import email
import email.policy
import imaplib
import json
import re
import ssl
import subprocess
import sys
from email.message import EmailMessage

import pytest
from servers import SECRET, SELLER, dovecot
from test_fixtures import EMAILS, NAMES

pytestmark = [pytest.mark.live, pytest.mark.slow]
OURS = "mx.seller.example"
VOUCHED = f"Authentication-Results: {OURS}; dmarc=pass header.from={{domain}}"


def as_received(raw: bytes) -> bytes:
    """The mail as our server hands it on: its own results on top, where Amazon sent it."""
    domain = re.search(rb"(?im)^From:[^\n]*@(amazon\.[a-z.]+)>?\s*$", raw)
    if domain is None or b"dmarc=fail" in raw:
        return raw
    end = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    return VOUCHED.format(domain=domain.group(1).decode()).encode() + end + raw


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "inbox_bot", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """Everything delivered, one `once` made, and the same mails replayed from files."""
    folder = tmp_path_factory.mktemp("pipeline")
    mails = folder / "mails"
    mails.mkdir()
    for number, name in enumerate(NAMES):
        (mails / f"{number:03}-{name}.eml").write_bytes(as_received((EMAILS / f"{name}.eml").read_bytes()))
    with dovecot(folder) as server:
        for path in sorted(mails.iterdir()):
            server.deliver(SELLER, path.read_bytes())
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        config = folder / "config.toml"
        config.write_text(
            f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{SELLER}"\n'
            f'aliases = ["orders+us@seller.example"]\nauthserv_id = "{OURS}"\n[account.imap]\nhost = "localhost"\n'
            f'port = {server.imaps_port}\nsecret = "file:{folder}/secret"\nca_file = "{server.ca_file}"\n'
        )
        # Everything older than a month is no longer answerable; the fixtures are, as long as a year has days.
        once = run("once", "--config", config, "--json")
        again = run("once", "--config", config, "--json")
        listed = run("cases", "--config", config, "--json", "--all")
        replayed = run("replay", "--json", "--authserv-id", OURS, "--address", SELLER, mails)
        yield server, once, again, listed, replayed


def test_one_pass_reads_everything_and_the_next_one_finds_nothing_new(passed):
    _, once, again, _, _ = passed
    assert once.returncode in (0, 1), once.stderr
    assert again.returncode == once.returncode
    assert again.stdout == ""


def test_the_cases_are_those_of_the_replay(passed):
    _, _, _, listed, replayed = passed
    lines = [json.loads(line) for line in replayed.stdout.splitlines()]
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {row["case_id"] for row in rows} == {
        line["case"] for line in lines if line["case"] and line["kind"] != "other"
    }
    last = {line["case"]: line for line in lines if line["kind"] in ("claim", "information_request")}
    for row in rows:
        line = last.get(row["case_id"])
        if line is None or row["status"] in ("closed", "answered"):
            continue
        assert row["order_id"] == line["order_id"]
        assert row["verdict"] == line["verdict"], row["case_id"]
        assert row["due_by"] is None or row["due_by"][:19] <= line["due_by"][:19]


def test_drafts_stand_in_drafts_threaded_when_another_client_reads_them(passed):
    server, _, _, listed, _ = passed
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    drafted = [row for row in rows if row["status"] == "drafted"]
    drafts = read_drafts(server)
    notices = {mail["Message-ID"]: mail for mail in map(parsed, server.messages(SELLER))}
    assert len(drafts) == len(drafted) > 10
    for draft in drafts:
        notice = notices[draft["In-Reply-To"]]
        assert draft["References"].split()[-1] == notice["Message-ID"]
        assert draft["Subject"].lower().startswith("re:")
        assert (
            str(draft["To"]).strip("<>").endswith(("amazon.com", "amazon.co.uk", "amazon.de", "amazon.co.jp"))
        )
        body = draft.get_body(("plain",)).get_content()
        assert re.match(r"(Order|订单) \d{3}-\d{7}-\d{7}", body)
        assert draft.get_body(("html",)) is not None
        names = [part.get_filename() for part in draft.iter_attachments()]
        assert any("order-record" in name for name in names)
        assert all(name in body for name in names)


def test_nothing_but_drafts_was_touched(passed):
    server, *_ = passed
    assert len(server.messages(SELLER)) == len(NAMES)
    assert not server.messages(SELLER, "Sent")
    flags = [path.name.rpartition(":2,")[2] for path in server.mail_folder(SELLER).glob("cur/*")]
    assert all("S" not in flag for flag in flags)


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def read_drafts(server) -> list[EmailMessage]:
    """The Drafts folder as the standard library's client sees it."""
    context = ssl.create_default_context(cafile=server.ca_file)
    with imaplib.IMAP4_SSL("localhost", server.imaps_port, ssl_context=context) as client:
        client.login(f'"{SELLER}"', SECRET)
        client.select("Drafts", readonly=True)
        _, answers = client.fetch("1:*", "(FLAGS BODY.PEEK[])")
        records = [answer for answer in answers if isinstance(answer, tuple)]
        assert all(rb"\Draft" in head for head, _ in records)
        return [parsed(raw) for _, raw in records]
