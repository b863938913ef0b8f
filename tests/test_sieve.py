"""The quick look at a header and the careful one say the same, of honest mails and of hostile ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import RULEBOOK

from inbox_bot.core.recognise import can_matter
from inbox_bot.core.sieve import Sieve, sieve_for
from inbox_bot.mail import glance as quick
from inbox_bot.mail.message import read_headers

FIXTURES = Path(__file__).parent.parent / "fixtures"
MAILS = sorted(FIXTURES.rglob("*.eml"))
OWN = frozenset({"seller.example", "gmail.com"})
SIEVE = Sieve(RULEBOOK.notices, OWN)

SENDERS = (
    "cb-seller-notification@amazon.com", "Amazon <cb-seller-query@amazon.co.jp>", "a@marketplace.amazon.de",
    "Seller <me@seller.example>", "<boss@gmail.com>", "Arnazon <x@mail.example>", "x@amaz0n.example",
    '"Amazon.com" <auto-confirm@amazon.com>', "=?utf-8?q?Amaz=C3=B3n?= <x@shop.example>", "Foo", "",
    "MAILER-DAEMON@mail.example", "a@b, c@d.example", "Group: a@amazon.com;", "x@amazon.com.", "x@AMAZON.com",
    "Unheard Of <unheard-of@amazon.fr>", "(note) x@y.example", "chargeback-x@amazon.it", "x@vendor.amazon.com",
    "zq0qz <a@b.example>", "a@b.example (Amazon)", "<@relay.example:a@amazon.com>", "\xe9 <x@y.example>",
)  # fmt: skip
SUBJECTS = (
    "Chargeback dispute on order 113-1234567-1234567", "Fwd: hello", "Re: FW: x", "[EXTERNAL] WG: 1", "",
    "=?utf-8?b?6YCA5qy+5ouS5LuY?=", "Ten offers 12", "=?iso-8859-1?q?R=FCckbuchung?=", "Fwd[2]: x",
    "Your A-to-z claim", "Return request 7", "拒付", "charge-\r\n back", "Your payout report", "a\tb\x07c",
)  # fmt: skip
IDS = ("<a@b>", "<a@b> <c@d>", "<a\r\n @b>", "none", "", "=?utf-8?q?=3Ca@b=3E?=", "<a b@c>", "<1@x>" * 30)
KINDS = (
    "text/plain",
    "multipart/report; report-type=delivery-status",
    "multipart/\r\n report",
    "Multipart/Report",
)
EXTRA = (
    "",
    "X-Space-Notification-Type: x\r\n",
    " odd\r\n",
    "no field\r\n",
    "From : b@amazon.com\r\n",
    "\r\n",
    "\t\r\n",
)

fields = st.lists(
    st.one_of(
        st.builds("From: {}\r\n".format, st.sampled_from(SENDERS)),
        st.builds("from:{}\r\n".format, st.sampled_from(SENDERS)),
        st.builds("Subject: {}\r\n".format, st.one_of(st.sampled_from(SUBJECTS), st.text(max_size=40))),
        st.builds("Message-ID: {}\r\n".format, st.sampled_from(IDS)),
        st.builds("In-Reply-To:\r\n {}\r\n".format, st.sampled_from(IDS)),
        st.builds("References: {}\n".format, st.sampled_from(IDS)),
        st.builds("Content-Type: {}\r\n".format, st.sampled_from(KINDS)),
        st.sampled_from(EXTRA),
        st.text(max_size=30),
    ),
    max_size=9,
)


def agree(block: bytes) -> None:
    careful = read_headers(block)
    seen, wanted = quick.glance(block), quick.glance_of(careful)
    assert (seen.sender, seen.subject, seen.message_id) == (wanted.sender, wanted.subject, wanted.message_id)
    assert set(seen.thread_ids) == set(wanted.thread_ids)
    assert seen.field_names == wanted.field_names
    assert SIEVE.can_matter(seen) == can_matter(careful, RULEBOOK.notices, own_domains=OWN)
    assert SIEVE.can_matter(quick.glance(block, with_ids=False)) == SIEVE.can_matter(seen)


@settings(max_examples=1500, deadline=None)
@given(fields)
def test_both_ways_agree_on_mixed_up_headers(parts):
    agree("".join(parts).encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=None)
@given(fields, st.data())
def test_both_ways_agree_on_headers_with_a_byte_changed(parts, data):
    block = bytearray("".join(parts).encode("utf-8", "surrogatepass") or b"x")
    block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    agree(bytes(block))


@pytest.mark.parametrize("sender", SENDERS)
def test_both_ways_agree_on_every_sender_with_every_subject(sender):
    for subject in SUBJECTS:
        agree(f"From: {sender}\r\nSubject: {subject}\r\nMessage-ID: <a@b>\r\n\r\n".encode())


def test_both_ways_agree_on_all_sample_mails():
    assert len(MAILS) > 20
    for path in MAILS:
        agree(
            path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0].replace(b"\n", b"\r\n")
            + b"\r\n\r\n"
        )


def test_a_usual_header_takes_the_quick_way(monkeypatch):
    def careful(block: bytes) -> None:
        raise AssertionError(block)

    monkeypatch.setattr(quick, "read_headers", careful)
    block = b"From: A B <a@b.example>\r\nSubject: =?utf-8?q?x?=\r\nContent-Type: a/b;\r\n c=d\r\nMessage-ID: <a@b>\r\n\r\n"
    assert quick.glance(block).message_id == "<a@b>"


def test_the_sieve_of_one_account_is_made_once_and_is_not_that_of_another():
    one = sieve_for(RULEBOOK.notices, OWN)
    assert sieve_for(RULEBOOK.notices, list(OWN)) is one
    assert sieve_for(RULEBOOK.notices, {"other.example"}) is not one


def test_mails_that_differ_by_their_numbers_alone_are_looked_at_once():
    """A digit in one phrase of the bundled rules would cost every large mailbox its speed."""
    seen = sieve_for(RULEBOOK.notices, ["shop.example"])
    assert seen._same_digits
