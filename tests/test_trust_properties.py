"""Whatever is changed in a mail, the gate answers, and no change makes a forged mail genuine."""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signing import Dns, seal, sign
from trust_mails import AT, FAIL, HOP, OURS, PASS, SELLER, gmail, notice, outlook, under, yahoo
from world import RULEBOOK

from inbox_bot.core.authentication import vouching_server
from inbox_bot.core.trust import DkimState, Trust, judge
from inbox_bot.mail.dkim import Signatures
from inbox_bot.mail.message import read_mail

LISTED = RULEBOOK.notices.amazon_domains
QUICK = settings(max_examples=150, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
SAID = "dmarc=pass header.from=amazon.com"
FIELDS = (
    PASS, FAIL, HOP, f"From: <x@{OURS}>", "To: x@evil.example", "Reply-To: x@evil.example", "Subject: x",
    "Received: from a by b", "DKIM-Signature: v=1; a=rsa-sha256; d=amazon.com; s=k1; h=from; bh=YQ==; b=YQ==",
    "ARC-Seal: i=1; d=forwarder.example; s=k1; cv=none; a=rsa-sha256; b=YQ==", "Content-Type: text/html",
    "Authentication-Results: mx.google.com; dmarc=pass header.from=amazon.com", f"Delivered-To: {SELLER}", " folded",
)  # fmt: skip


@cache
def signatures() -> Signatures:
    return Signatures(Dns("amazon.com", "forwarder.example"), LISTED, ("forwarder.example",))


@cache
def honest() -> tuple[bytes, ...]:
    """Genuine mails of every kind, signed where the name says so."""
    signed = sign(notice(), "amazon.com", AT)
    return (
        under(signed, HOP, PASS),
        under(seal(notice(), "forwarder.example", AT, SAID), HOP),
        notice(*gmail()),
        notice(*outlook()),
        notice(*yahoo()),
    )


def gate(raw: bytes, server: str = OURS) -> Trust:
    mail = read_mail(raw)
    return judge(mail, server, LISTED, finding=signatures().check(raw, AT), own_addresses={SELLER})


@QUICK
@given(
    number=st.integers(0, 4),
    places=st.lists(st.tuples(st.integers(0, 6000), st.binary(max_size=6), st.integers(0, 6)), max_size=6),
    server=st.sampled_from([OURS, "outlook", "mx.google.com", "*.yahoo.com", ""]),
)
def test_a_mutilated_mail_gets_an_answer(number, places, server):
    raw = bytearray(honest()[number])
    for place, piece, removed in places:
        raw[place % len(raw) : place % len(raw) + removed] = piece
    trust = gate(bytes(raw), server)
    assert trust.reason
    vouching_server(read_mail(bytes(raw)))


@QUICK
@given(place=st.integers(0, 10_000), letter=st.sampled_from("0XQ"))
def test_no_changed_letter_of_a_signed_text_goes_unnoticed(place, letter):
    raw = sign(notice(), "amazon.com", AT)
    body = raw.index(b"\r\n\r\n") + 4
    at = body + place % (len(raw) - body)
    changed = raw[:at] + letter.encode() + raw[at + 1 :]
    if changed == raw:
        return
    finding = signatures().check(changed, AT)
    assert finding is not None
    assert finding.state is DkimState.BROKEN


@QUICK
@given(
    fields=st.lists(st.sampled_from(FIELDS), max_size=6), more=st.lists(st.sampled_from(FIELDS), max_size=4)
)
def test_no_fields_of_the_sender_outweigh_what_the_server_found(fields, more):
    raw = notice(FAIL, HOP, *[field for field in fields if not field.startswith(" ")], more=tuple(more))
    assert not gate(raw).trusted


@QUICK
@given(fields=st.lists(st.sampled_from(FIELDS), min_size=1, max_size=6))
def test_no_fields_make_an_unsigned_mail_genuine_without_a_server(fields):
    raw = under(notice(), *[field for field in fields if not field.startswith(" ")] or [HOP])
    assert not gate(raw, "").trusted
