"""What is promised of the header of a stranger's mail: the fields as its writer meant them, and a doubt is named."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from mails import mail

from inbox_bot.core.model import Address, Mail
from inbox_bot.mail.message import read_mail


def problems(mail: Mail) -> str:
    return "\n".join(problem.what for problem in mail.problems)


def test_a_plain_mail_is_read_whole_and_without_problems() -> None:
    raw = mail(
        b"Received: from a.example by b.example with ESMTP id 1; Mon, 2 Mar 2026 10:00:05 +0100 (CET)",
        b"Received: from c.example by a.example; Mon, 2 Mar 2026 09:00:01 GMT",
        b"In-Reply-To: <zero@mail.example>",
        b"References: <a@mail.example>\r\n <b@mail.example>",
    )
    read = read_mail(raw)
    assert read.sha256 == hashlib.sha256(raw).hexdigest()
    assert read.size_bytes == len(raw)
    assert read.subject == "About an order"
    assert read.sender == Address("Notices", "notices@mail.example")
    assert read.to == (Address("", "seller@shop.example"),)
    assert read.reply_to == ()
    assert read.message_id == "<one@mail.example>"
    assert read.in_reply_to == ("<zero@mail.example>",)
    assert read.references == ("<a@mail.example>", "<b@mail.example>")
    assert read.date_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert read.received_at == datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
    assert read.text == "Hello.\n"
    assert read.header_values("received")[1].startswith("from c.example")
    assert read.problems == ()


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (b'"Last, First" <A.B@Mail.EXAMPLE>', [("Last, First", "a.b@mail.example")]),
        (b"a@mail.example (A comment)", [("A comment", "a@mail.example")]),
        (b"a@mail.example, B <b@mail.example>", [("", "a@mail.example"), ("B", "b@mail.example")]),
        (b"Team: a@mail.example, b@mail.example;", [("", "a@mail.example"), ("", "b@mail.example")]),
        (b"undisclosed-recipients:;", []),
        (b"=?gb2312?B?" + base64.b64encode("客, 服".encode("gbk")) + b"?= <a@b.example>", [("客, 服", "a@b.example")]),
        (b'"=?utf-8?Q?K=C3=A4ufer?=" <a@mail.example>', [("Käufer", "a@mail.example")]),
        ("客服 <a@mail.example>".encode("gbk"), [("客服", "a@mail.example")]),
        ("Käufer <a@mail.example>".encode(), [("Käufer", "a@mail.example")]),
        ("<käufer@mail.example>".encode(), [("", "käufer@mail.example")]),
        (b"=?utf-8?Q?evil=40mail=2Eexample=2C?= <a@mail.example>", [("evil@mail.example,", "a@mail.example")]),
        (b"=?utf-8?Q?a=0D=0ABcc:_x?= <a@mail.example>", [("a Bcc: x", "a@mail.example")]),
        ("a\u202e b <a@mail.example>".encode(), [("a b", "a@mail.example")]),
        ("<a@ma\u200bil.example>".encode(), []),
        ("<a@mail.e\u00adxample>".encode(), []),
        (b"=?utf-8?Q?a=40mail.example?=", []),
        (b"no address here", []),
        (b"<" * 1000, []),
    ],
)  # fmt: skip
def test_addresses_are_read_and_nothing_else_is_taken_for_one(
    field: bytes, found: list[tuple[str, str]]
) -> None:
    assert [(address.name, address.email) for address in read_mail(mail(b"To: " + field)).to] == found
    senders = read_mail(mail(b"From: " + field)).sender
    assert senders == (Address(*found[0]) if found else None)


def test_an_address_is_never_folded_into_another_domain() -> None:
    kelvin = read_mail(mail("From: <a@mail.co.u\u212a>".encode())).sender
    assert kelvin is None or kelvin.domain != "mail.co.uk"
    wide = read_mail(mail("From: <a@ｍail.example>".encode())).sender
    assert wide is None or wide.domain != "mail.example"


@pytest.mark.parametrize(
    ("field", "message_id"),
    [
        (b"<a@b.example>", "<a@b.example>"),
        (b"\r\n <a@b.example>", "<a@b.example>"),
        (b"<a\r\n b@x.example>", "<ab@x.example>"),
        (b"<a@b.example> (added by a gateway)", "<a@b.example>"),
        (b"=?utf-8?q?=3Ca=40b=2Eexample=3E?=", "<a@b.example>"),
        (b"a@b.example", None),
        (b"<a b@x.example>", None),
        (b"<no-at-sign>", None),
        (b"<" + b"a" * 300 + b"@b.example>", None),
        ("<ä@b.example>".encode(), None),
        (b"", None),
    ],
)
def test_only_a_well_formed_message_id_is_one(field: bytes, message_id: str | None) -> None:
    assert read_mail(mail(b"Message-ID: " + field)).message_id == message_id


def test_a_long_id_that_was_wrongly_encoded_is_still_found_in_references() -> None:
    long_id = "<0102" + "f" * 70 + "-000000@eu-west-1.mail.example>"
    encoded = "=?utf-8?q?" + long_id.replace("<", "=3C").replace(">", "=3E").replace("@", "=40") + "?="
    read = read_mail(
        mail(f"References: <a@b.example>\r\n {encoded}".encode(), b"In-Reply-To: <a@b.example> <a@b.example>")
    )
    assert read.references == ("<a@b.example>", long_id)
    assert read.in_reply_to == ("<a@b.example>",)


@pytest.mark.parametrize(
    ("field", "date_at", "problem"),
    [
        (b"Mon, 2 Mar 2026 10:00:00 +0100", datetime(2026, 3, 2, 9, tzinfo=UTC), ""),
        (b"2 Mar 26 10:00 EST", datetime(2026, 3, 2, 15, tzinfo=UTC), ""),
        (b"Mon, 02 Mar 2026 10:00:00 GMT (with a comment)", datetime(2026, 3, 2, 10, tzinfo=UTC), ""),
        (b"Mon, 2 Mar 2026 10:00:60 +0000", datetime(2026, 3, 2, 10, 1, tzinfo=UTC), ""),
        (b"Mon, 2 Mar 2026 10:00:00 -0000", datetime(2026, 3, 2, 10, tzinfo=UTC), "no time zone"),
        (b"Mon, 2 Mar 2026 10:00:00", datetime(2026, 3, 2, 10, tzinfo=UTC), "no time zone"),
        (b"Monday at noon", None, "cannot be read"),
        (b"Mon, 32 Mar 2026 10:00:00 +0000", None, "cannot be read"),
        (b"Fri, 31 Dec 9999 23:59:59 -1200", None, "cannot be read"),
        (b"Mon, 2 Mar 2026 10:00:00 +9900000000000", None, "cannot be read"),
    ],
)
def test_dates_are_utc_and_a_doubt_is_named(field: bytes, date_at: datetime | None, problem: str) -> None:
    read = read_mail(mail(b"Date: " + field))
    assert read.date_at == date_at
    assert problem in problems(read)
    assert bool(problem) == ("Date field" in problems(read))


def test_a_lower_received_stamp_never_stands_in_for_the_topmost() -> None:
    read = read_mail(
        mail(b"Received: by own.example", b"Received: from x by y; Mon, 2 Mar 2020 10:00:00 +0000")
    )
    assert read.received_at is None
    assert "topmost Received" in problems(read)


@pytest.mark.parametrize("name", ["Subject", "From", "Message-ID", "Date"])
def test_the_first_of_two_equal_fields_wins_and_the_second_is_reported(name: str) -> None:
    values = {
        "Subject": b"First",
        "From": b"first@mail.example",
        "Message-ID": b"<f@mail.example>",
        "Date": b"Sun, 1 Mar 2026 00:00:00 +0000",
    }
    read = read_mail(mail(name.encode() + b": " + values[name]))
    seen = {
        "Subject": read.subject == "First",
        "From": read.sender == Address("", "first@mail.example"),
        "Message-ID": read.message_id == "<f@mail.example>",
        "Date": read.date_at == datetime(2026, 3, 1, tzinfo=UTC),
    }
    assert seen[name]
    assert f"more than one {name.lower()} field" in problems(read)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + mail(),
        b"\r\n\r\n" + mail(),
        b"From someone@mail.example Mon Mar  2 10:00:00 2026\n" + mail(),
        mail().replace(b"\r\n", b"\n"),
        mail().replace(b"\r\n", b"\r"),
        mail().replace(b"Subject:", b"Subject :"),
        mail().replace(b"Subject:", b"SUBJECT:"),
        mail(b"X-Odd: 1\r\nnot a header line at all"),
    ],
)
def test_an_odd_header_block_is_still_read(raw: bytes) -> None:
    read = read_mail(raw)
    assert (read.subject, read.message_id, read.text) == ("About an order", "<one@mail.example>", "Hello.\n")


def test_text_that_follows_the_fields_without_a_blank_line_is_text() -> None:
    read = read_mail(
        b"From: a@mail.example\r\nSubject: s\r\nOrder number 113-0196033-6384224\r\nand more\r\n"
    )
    assert (read.subject, read.text) == ("s", "Order number 113-0196033-6384224\nand more\n")
    assert "no blank line" in problems(read)


@pytest.mark.parametrize(
    "disguise",
    [
        b"X-A: b\rAuthentication-Results: mx.own.example; dmarc=pass",
        b"Authentication-Results : mx.own.example; dmarc=pass",
        b"X-A: b\r\nno field\r\nAuthentication-Results: mx.own.example; dmarc=pass",
        b"Authentication-Results: =?utf-8?q?mx.own.example=3B_dmarc=3Dpass?=",
        b"X-A: =?utf-8?q?b=0D=0AAuthentication-Results:_mx.own.example=3B_dmarc=3Dpass?=",
    ],
)
def test_a_disguised_trace_field_is_never_taken_for_the_own_servers(disguise: bytes) -> None:
    read = read_mail(mail(disguise))
    assert not any(value.startswith("mx.own") for value in read.header_values("Authentication-Results"))
    assert read.subject == "About an order"
