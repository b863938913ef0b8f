"""A seller's day with evidence, through a real Dovecot and the real command line."""

from __future__ import annotations

import email
import email.policy
import imaplib
import io
import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from cases import CASES
from PIL import Image
from servers import SECRET, SELLER, DovecotServer, dovecot

pytestmark = [pytest.mark.live, pytest.mark.slow]
CASE = CASES / "01-not-received-signed"
ORDER = "113-7710265-4490016"
WRITTEN_DATE = re.compile(rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} [+-]\d{4}")


@dataclass
class Seller:
    server: DovecotServer
    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "inbox_bot", *words, "--config", str(self.folder / "config.toml")]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    def mailbox(self) -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context(cafile=str(self.server.ca_file))
        client = imaplib.IMAP4_SSL("localhost", self.server.imaps_port, ssl_context=context)
        client.login(SELLER, SECRET)
        return client

    def drafts(self) -> list[EmailMessage]:
        with self.mailbox() as client:
            client.select("Drafts", readonly=True)
            uids = client.uid("SEARCH", "ALL")[1][0].split()
            raws = [client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in uids]
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]


@pytest.fixture(scope="module")
def seller(tmp_path_factory) -> Iterator[Seller]:
    folder = tmp_path_factory.mktemp("evidence")
    with dovecot(folder) as server:
        for path in sorted((CASE / "mails").glob("*.eml")):
            raw = path.read_bytes()
            if b"cb-seller-notification" in raw:  # a notice of today, so that its clock still runs
                head, _, body = raw.partition(b"\n\n")
                raw = WRITTEN_DATE.sub(format_datetime(datetime.now(UTC)).encode(), head) + b"\n\n" + body
            server.deliver(SELLER, raw)
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        (folder / "config.toml").write_text(
            f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{SELLER}"\nauthserv_id = "mx.seller.example"\n'
            f'[account.imap]\nhost = "localhost"\nport = {server.imaps_port}\nsecret = "file:{folder}/secret"\n'
            f'ca_file = "{server.ca_file}"\n'
        )
        yield Seller(server, folder)


def test_a_report_makes_the_answer_anew_and_the_old_draft_goes(seller):
    assert seller.run("once").returncode in (0, 1)
    (first,) = seller.drafts()
    done = seller.run("orders", "import", str(CASE / "reports" / "all_orders.txt"))
    assert f"{ORDER}: looked up and answered anew" in done.stdout, done.stderr
    assert seller.run("once").returncode in (0, 1)
    (second,) = seller.drafts()
    assert second["Message-ID"] != first["Message-ID"]
    assert "PLNT-8-SAND" in second.get_body(("plain",)).get_content()


def test_a_dropped_photo_becomes_an_exhibit_of_the_next_draft(seller):
    evidence = seller.folder / "data" / "evidence" / ORDER
    evidence.mkdir(parents=True)
    out = io.BytesIO()
    Image.effect_noise((900, 600), 30).save(out, "JPEG")
    (evidence / "delivery photo.jpg").write_bytes(out.getvalue())
    assert seller.run("once").returncode in (0, 1)
    (draft,) = seller.drafts()
    assert "delivery photo.jpg [Exhibit" in draft.get_body(("plain",)).get_content()
    assert any(part.get_content_type() == "application/pdf" for part in draft.iter_attachments())
    assert seller.run("once").stdout == ""


def test_what_was_typed_in_wakes_the_case(seller):
    words = (
        "evidence",
        "add",
        ORDER,
        "--tracking",
        "1Z7R84W20398114567",
        "--method",
        "UPS Ground",
        "--shipped",
        "2026-09-03",
    )
    done = seller.run(*words, "--source", "UPS web page")
    assert done.returncode == 0, done.stderr
    assert f"{ORDER}: looked up and answered anew" in done.stdout
    assert seller.run("once").returncode in (0, 1)
    (draft,) = seller.drafts()
    assert "Ship Date: 2026-09-03" in draft.get_body(("plain",)).get_content()


def test_show_has_checklist_score_missing_and_timeline(seller):
    shown = seller.run("show", ORDER).stdout
    for part in (
        "Evidence: ",
        " of 100",
        "Checklist",
        "[x] required  a delivery scan",
        "What would help most",
        "Timeline",
    ):
        assert part in shown


def test_the_draft_is_true_and_an_edited_one_is_marked_where_it_is_not(seller):
    done = seller.run("check", ORDER)
    assert (done.returncode, "Everything it says is on record." in done.stdout) == (0, True), done.stdout
    (draft,) = seller.drafts()
    edited = EmailMessage()
    for name in ("From", "To", "Subject", "In-Reply-To", "References"):
        edited[name] = draft[name]
    edited["Message-ID"] = "<edited.by.hand@seller.example>"
    text = draft.get_body(("plain",)).get_content()
    edited.set_content(text.replace("2026-09-08", "2026-09-06"))
    with seller.mailbox() as client:
        client.select("Drafts")
        client.uid("STORE", "1:*", "+FLAGS", "(\\Deleted)")
        client.expunge()
        client.append("Drafts", "(\\Draft)", None, edited.as_bytes())
    done = seller.run("check", ORDER, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert "(edited)" in told["checked"]
    assert any("2026-09-06" in flaw["what"] and "2026-09-08" in flaw["what"] for flaw in told["flaws"])


def test_a_draft_that_was_edited_is_never_taken_away(seller):
    seller.run(
        "evidence",
        "add",
        ORDER,
        "--tracking",
        "1Z7R84W20398114567",
        "--signed-by",
        "M ELLINGSEN",
        "--delivered",
        "2026-09-08T14:14",
    )
    assert seller.run("once").returncode in (0, 1)
    ids = {draft["Message-ID"] for draft in seller.drafts()}
    assert "<edited.by.hand@seller.example>" in ids
    assert len(ids) == 2


def test_a_refund_is_worked_out_and_confirmed_once(seller):
    done = seller.run("refund", ORDER, "--note", "goodwill")
    assert done.returncode == 0, done.stderr
    assert seller.run("once").returncode in (0, 1)
    done = seller.run("refund", ORDER)
    assert "refund 49.71 USD for order" in done.stdout
    assert seller.run("refund", ORDER, "--confirmed", "R-77").returncode == 0
    assert seller.run("once").returncode in (0, 1)
    letters = [draft.get_body(("plain",)).get_content() for draft in seller.drafts()]
    assert any("we have refunded this order" in letter and "49.71 USD" in letter for letter in letters)
    again = seller.run("refund", ORDER)
    assert again.returncode == 2
    assert "a second one would pay the buyer twice" in again.stderr


def test_purge_shows_and_touches_nothing_of_an_open_case(seller):
    done = seller.run("purge", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "Nothing was kept longer than [retention] says.\n")
