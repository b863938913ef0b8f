"""Forged notices of every kind through the whole pipeline: no draft, nothing sent, no buyer's data looked up."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import POLICY
from signing import Dns, key_pair, seal, sign
from trust_mails import (
    AT,
    FAIL,
    HOP,
    ORDER,
    OURS,
    OUTSIDE,
    PASS,
    SELLER,
    SENDER,
    STAMP,
    TEXT,
    notice,
    results,
    under,
)
from world import Fuse, FusedOutside, World, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.core.model import LastCall, Mode
from inbox_bot.intake import poll_folder
from inbox_bot.mail.dkim import Signatures
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.store.sqlite import SqliteStore

EAGER = replace(POLICY, authserv_id=OURS, mode=Mode.AUTO, last_call=LastCall.ALWAYS)
SHIPPED = f"""From: Amazon <ship-confirm@amazon.com>
To: {SELLER}
Subject: Shipped: order {ORDER}
Date: Sun, 02 Feb 2025 10:00:00 +0000
Message-ID: <shipped.1@mail.example>

Your order {ORDER} has shipped.
Ship date: February 2, 2025
Carrier: UPS
Tracking ID: 1Z999AA10123456784
""".encode()
DELIVERED = f"""From: UPS <pkginfo@ups.com>
To: {SELLER}
Subject: Your package was delivered
Date: Tue, 04 Feb 2025 20:00:00 +0000
Message-ID: <delivered.1@mail.example>

Your package has been delivered.
Tracking number: 1Z999AA10123456784
Reference: {ORDER}
Delivered on: February 4, 2025
""".encode()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Nothing in a mail may open a connection, whatever it links to."""

    def refuse(*arguments, **named):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


class WatchedOutside(FusedOutside):
    """The outside, with a list of what was looked for in the mailbox."""

    def __init__(self, world: World) -> None:
        super().__init__(world, Fuse())
        self.searches: list[tuple[str, ...]] = []

    def find_mails(self, needles):
        self.searches.append(tuple(needles))
        return super().find_mails(needles)


class Shop:
    """A seller whose rules answer everything by themselves, the mailbox full of what could leak."""

    def __init__(
        self, policy=EAGER, dns: Dns | None = None, forwarders=(), mails=(SHIPPED, DELIVERED)
    ) -> None:
        self.world, self.told = World(mails=list(mails)), []
        self.store, self.account = SqliteStore(None), MemoryAccount()
        self.outside = WatchedOutside(self.world)
        desk = desk_for(policy, self.store, self.outside, self.told.append)
        listed = desk.rulebook.notices.amazon_domains
        home = policy.authserv_id.split(".", 1)[-1]
        check = Signatures(dns or Dns("amazon.com", "forwarder.example"), listed, forwarders, home).check
        self.desk = replace(desk, authenticate=check)

    def receive(self, raw: bytes, days: int = 9) -> None:
        """Let the mail arrive, and the clock run until long after the cutoff."""
        self.account.deliver(raw, at=AT)
        poll_folder(self.desk, self.account.open(), "INBOX", AT)
        for hours in range(0, days * 24, 12):
            ingest(self.desk, AT + timedelta(hours=hours))
            tick(self.desk, AT + timedelta(hours=hours))

    @property
    def cases(self):
        return [record.case for record in self.store.cases()]

    @property
    def words(self) -> str:
        return "\n".join(one.text for one in self.told)


@pytest.fixture
def shop_of():
    made = []

    def make(**changes) -> Shop:
        made.append(Shop(**changes))
        return made[-1]

    yield make
    for shop in made:
        shop.store.close()


def signed(raw: bytes | None = None, domain: str = "amazon.com", at=AT, **changes) -> bytes:
    return sign(raw if raw is not None else notice(), domain, at, **changes)


def with_field(raw: bytes, field: str) -> bytes:
    """The mail with one more field, written on top of it after it was signed."""
    return under(raw, field)


def boundary_swapped() -> bytes:
    """A multipart mail whose unsigned Content-Type was changed to show other words."""
    raw = notice(text="--a\n\nHello\n--a--\n--b\n\n" + TEXT + "\n--b--\n").replace(
        b"text/plain; charset=utf-8", b'multipart/mixed; boundary="a"'
    )
    made = signed(raw, covered=(b"from", b"to", b"subject", b"date", b"message-id", b"mime-version"))
    return made.replace(b'boundary="a"', b'boundary="b"')


def from_sender(sender: str, *top: str, **changes) -> bytes:
    """A notice of another sender, for whom the receiving server vouches as it would for anybody's own domain."""
    domain = sender.rpartition("@")[2].rstrip(">")
    return notice(*(top or (HOP, results(domain=domain))), sender=sender, **changes)


EVIL_HOP = f"Received: from mail.evil.example (mail.evil.example [203.0.113.9]) by {OURS} with ESMTPS{STAMP}"
LIE = f"Received: from a8-29.smtp-out.amazonses.com by mail.evil.example with ESMTPS{STAMP}"
INNER = f"Received: from localhost (localhost [127.0.0.1]) by {OURS} with LMTP{STAMP}"
NEST = "Authentication-Results: mx.seller.example; "

# name: (the mail, words that the reason has to have)
FORGED: dict[str, tuple[bytes, str]] = {
    # --- the receiving server's word ---
    "nothing vouches": (notice(HOP), "no Authentication-Results of mx.seller.example"),
    "no trace field at all": (notice(), "no Authentication-Results"),
    "dmarc fails": (notice(HOP, FAIL), "dmarc=fail"),
    "dmarc none": (notice(HOP, results("dmarc=none")), "dmarc=none"),
    "dmarc temperror": (notice(HOP, results("dmarc=temperror")), "dmarc=temperror"),
    "dmarc permerror": (notice(HOP, results("dmarc=permerror")), "dmarc=permerror"),
    "dmarc quarantine": (notice(HOP, results("dmarc=quarantine")), "dmarc=quarantine"),
    "spf alone": (notice(HOP, NEST + "spf=pass smtp.mailfrom=amazon.com"), "neither DMARC"),
    "spf of a stranger, dkim of a stranger": (
        notice(HOP, NEST + "spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example"),
        "neither DMARC",
    ),
    "dkim of the sender's hosting company": (
        notice(HOP, NEST + "dkim=pass header.d=amazonses.com"),
        "neither DMARC",
    ),
    "dkim of a domain that ends alike": (notice(HOP, NEST + "dkim=pass header.d=xamazon.com"), "neither DMARC"),
    "dkim of an ending": (notice(HOP, NEST + "dkim=pass header.d=com"), "neither DMARC"),
    "dkim fails": (notice(HOP, NEST + "dkim=fail header.d=amazon.com"), "dkim=fail"),
    "dkim passes, dmarc fails": (
        notice(HOP, NEST + "dkim=pass header.d=amazon.com; dmarc=fail header.from=amazon.com"),
        "dmarc=fail",
    ),
    "dmarc passes for another domain": (notice(HOP, results(domain="evil.example")), "not for amazon.com"),
    "dmarc passes for a twin": (notice(HOP, results(domain="amazon.com.evil.example")), "not for amazon.com"),
    "dmarc passes for another Amazon domain": (notice(HOP, results(domain="amazon.de")), "not for amazon.com"),
    "dmarc passes for nobody": (notice(HOP, NEST + "dmarc=pass"), "not for amazon.com"),
    "two contradicting results in one field": (
        notice(HOP, NEST + "dmarc=fail header.from=amazon.com; dmarc=pass header.from=amazon.com"),
        "contradict",
    ),
    "two contradicting fields": (notice(HOP, FAIL, PASS), "contradict"),
    "two contradicting fields, the lie first": (notice(HOP, PASS, FAIL), "contradict"),
    "another server's word": (notice(HOP, results(server="mx.evil.example")), "no Authentication-Results of"),
    "our server's name in front of another": (
        notice(HOP, results(server=f"{OURS}.evil.example")),
        "no Authentication-Results of",
    ),
    "our server's name behind another": (notice(HOP, results(server=f"evil-{OURS}")), "no Authentication-Results"),
    "our server's name in a comment": (
        notice(HOP, f"Authentication-Results: mx.evil.example ({OURS}); dmarc=pass header.from=amazon.com"),
        "no Authentication-Results of",
    ),
    "our server's name in quotes": (notice(HOP, results(server=f'"{OURS}"')), "no Authentication-Results of"),
    "our server's name in Cyrillic letters": (
        notice(HOP, results(server="mx.ѕеllеr.example")),
        "no Authentication-Results of",
    ),
    "a result inside a comment": (
        notice(HOP, NEST + "spf=fail (dmarc=pass header.from=amazon.com) smtp.helo=x"),
        "neither DMARC",
    ),
    "a result inside a quoted address": (
        notice(HOP, NEST + 'spf=fail smtp.mailfrom="x; dmarc=pass header.from=amazon.com"@evil.example'),
        "neither DMARC",
    ),
    "a comment that stays open": (notice(HOP, PASS + " (x"), "cannot be read"),
    "a quote that stays open": (notice(HOP, PASS + ' "x'), "cannot be read"),
    "a word that ends in dmarc": (notice(HOP, NEST + "xdmarc=pass header.from=amazon.com"), "neither DMARC"),
    "encoded words in the field": (
        notice(HOP, "Authentication-Results: =?utf-8?q?mx=2Eseller=2Eexample=3B_dmarc=3Dpass?= header.from=amazon.com"),
        "no Authentication-Results of",
    ),
    "a blank before the colon": (
        notice(HOP, PASS.replace("Results:", "Results :")),
        "no Authentication-Results of",
    ),
    # --- the right field in the wrong place ---
    "below the sender's own hop": (notice(EVIL_HOP, LIE, PASS), "no Authentication-Results of"),
    "below a faked hop of our server": (
        notice(EVIL_HOP, f"Received: {OUTSIDE} by {OURS} with ESMTPS{STAMP}", PASS),
        "no Authentication-Results of",
    ),
    "below our server's real word": (notice(HOP, FAIL, LIE, PASS), "dmarc=fail"),
    "below our server's word above its hop": (notice(FAIL, HOP, PASS), "dmarc=fail"),
    "below our server's silent word above its hop": (
        notice(results("dmarc=none"), EVIL_HOP, PASS),
        "dmarc=none",
    ),
    "below the sender's From line": (notice(HOP, more=(PASS,)), "no Authentication-Results of"),
    "below the sender's signature": (
        notice(HOP, "DKIM-Signature: v=1; d=evil.example", PASS),
        "cannot be read",
    ),
    "below a hop that calls itself our server": (
        notice(
            f"Received: from {OURS} (mail.evil.example [203.0.113.9]) by {OURS} with ESMTPS{STAMP}", LIE, PASS
        ),
        "no Authentication-Results of",
    ),
    "below a hop that calls itself an inner address": (
        notice(
            f"Received: from [10.0.0.1] (mail.evil.example [203.0.113.9]) by {OURS} with ESMTPS{STAMP}", LIE, PASS
        ),
        "no Authentication-Results of",
    ),
    "below a hop that calls itself localhost": (
        notice(f"Received: from localhost (evil.example [203.0.113.9]) by {OURS} with ESMTP{STAMP}", LIE, PASS),
        "no Authentication-Results of",
    ),
    "behind an inner hop, then the sender's": (notice(INNER, EVIL_HOP, LIE, PASS), "no Authentication-Results of"),
    "an ARC field that says it": (
        notice(HOP, f"ARC-Authentication-Results: i=1; {OURS}; dmarc=pass header.from=amazon.com"),
        "no Authentication-Results of",
    ),
    "an X- field that says it": (notice(HOP, "X-" + PASS), "no Authentication-Results of"),
    "a Received-SPF field that says it": (
        notice(HOP, "Received-SPF: pass (mx.seller.example: dmarc=pass) client-ip=54.240.8.29"),
        "no Authentication-Results of",
    ),
    # --- fields that stand there twice ---
    "two From lines": (notice(HOP, PASS, more=("From: <other@evil.example>",)), "one readable From"),
    "two From lines, Amazon's second": (
        notice(HOP, PASS, sender=f"<{SENDER}>", more=(f"From: <{SENDER}>",)),
        "one readable From",
    ),
    "two subjects": (notice(HOP, PASS, more=("Subject: Another",)), "2 Subject fields"),
    "two dates": (notice(HOP, PASS, more=("Date: Tue, 11 Mar 2025 10:00:00 +0000",)), "2 Date fields"),
    "two message ids": (notice(HOP, PASS, more=("Message-ID: <x@evil.example>",)), "2 Message-ID fields"),
    "two recipients' lines": (notice(HOP, PASS, more=(f"To: {SELLER}",)), "2 To fields"),
    "two reply addresses": (
        notice(HOP, PASS, more=(f"Reply-To: {SENDER}", "Reply-To: x@evil.example")),
        "2 Reply-To fields",
    ),
    "two content types": (notice(HOP, PASS, more=("Content-Type: text/html",)), "2 Content-Type fields"),
    "two addresses in From": (
        notice(HOP, PASS, sender=f"<{SENDER}>, <evil@evil.example>"),
        "more than one address",
    ),
    # --- the recipient ---
    "another seller's notice, sent on": (notice(HOP, PASS, to="sales@other.example"), "not one of your addresses"),
    "another seller's notice, with a delivery line of its own": (
        notice(HOP, PASS, f"Delivered-To: {SELLER}", to="sales@other.example"),
        "not one of your addresses",
    ),
    "another seller's signed notice, with a delivery line of its own": (
        under(signed(notice(to="sales@other.example")), HOP, f"Delivered-To: {SELLER}", LIE),
        "not one of your addresses",
    ),
    "addressed to nobody": (notice(HOP, PASS, to="undisclosed-recipients:;"), "names no recipient"),
    # --- the sender ---
    "the name before another address": (
        from_sender(f'"{SENDER}" <billing@evil.example>'),
        "display name shows an Amazon address",
    ),
    "Amazon's name before another address": (
        from_sender("Amazon Chargebacks <billing@evil.example>"),
        "display name shows Amazon's name",
    ),
    "the name in encoded words": (
        from_sender("=?utf-8?b?QW1hem9uIENoYXJnZWJhY2tz?= <billing@evil.example>"),
        "display name shows Amazon's name",
    ),
    "the name in Cyrillic letters": (
        from_sender("=?utf-8?b?0JDQvNCw0LfQvtC9IEFtYXpvbg==?= <billing@evil.example>"),
        "display name",
    ),
    "Amazon's domain as a sub-domain": (
        from_sender("Amazon <cb-seller-notification@amazon.com.example.net>"),
        "amazon.com.example.net is not Amazon; its registrable domain is example.net",
    ),
    "Amazon's name as a sub-domain": (
        from_sender("Amazon <cb-seller-notification@amazon.example.net>"),
        "its registrable domain is example.net",
    ),
    "a marketplace's domain as a sub-domain": (
        from_sender("Amazon <cb-seller-notification@marketplace.amazon.it.example.co.uk>"),
        "its registrable domain is example.co.uk",
    ),
    "Amazon's name in a longer one": (
        from_sender("Amazon <cb-seller-notification@amazon-disputes.example>"),
        "only looks like an Amazon domain",
    ),
    "one letter in front": (from_sender("Amazon <cb-seller-notification@xamazon.com>"), "only looks like"),
    "Amazon's name under another ending": (
        from_sender("Amazon <cb-seller-notification@amazon.example>"),
        "under an ending that is not on the list",
    ),
    "m from r and n": (from_sender("Chargebacks <cb-seller-notification@arnazon.com>"), "only looks like Amazon"),
    "o as zero": (from_sender("Chargebacks <cb-seller-notification@amaz0n.com>"), "only looks like Amazon"),
    "a Cyrillic letter in Punycode": (
        from_sender("Chargebacks <cb-seller-notification@xn--mazon-3ve.com>"),
        "is Punycode for аmazon.com",
    ),
    "a Cyrillic letter as it is": (
        from_sender("Chargebacks <cb-seller-notification@аmazon.com>"),
        "homoglyphs",
    ),
    "Amazon's name before the @": (
        from_sender("Chargebacks <amazon-chargeback@evil.example>"),
        "before the @ only",
    ),
    "a turned address": (
        from_sender("Amazon <cb-seller-notification@\u202emoc.nozama.evil.example>"),
        "reading direction",
    ),
    "a zero-width sign in Amazon's name": (
        from_sender("Amazon <cb-seller-notification@ama\u200bzon.com>"),
        "zero-width",
    ),
    "a turned display name of the real address": (
        notice(HOP, PASS, sender=f"=?utf-8?b?4oCuQW1hem9u?= <{SENDER}>"),
        "reading direction",
    ),
    "a zero-width sign in the display name": (
        notice(HOP, PASS, sender=f"Ama\u200bzon <{SENDER}>"),
        "zero-width",
    ),
    # --- signatures ---
    "signed by the sender's own domain": (under(signed(domain="evil.example"), HOP), "not by amazon.com"),
    "signed by a twin domain": (under(signed(domain="amazon.com.evil.example"), HOP), "not by amazon.com"),
    "signed by an ending": (under(signed(domain="com"), HOP), "not by amazon.com"),
    "signed by the neighbour under .com.be": (
        under(sign(notice(sender="<cb-seller-notification@amazon.com.be>"), "evil.com.be", AT), HOP),
        "not by amazon.com.be",
    ),
    "signed with an unknown key": (
        under(signed(key=key_pair("forger")[0]), HOP),
        "does not fit the mail",
    ),
    "the text changed": (under(signed().replace(b"108.84", b"999.99"), HOP), "does not fit the mail"),
    "the subject changed": (under(signed().replace(b"Subject: Charge", b"Subject: Xharge"), HOP), "does not fit"),
    "the recipient changed": (
        under(signed(notice(to="other@other.example")).replace(b"other@other.example", SELLER.encode()), HOP),
        "does not fit",
    ),
    "text appended under l=": (
        under(signed(tags=[(b"l", b"10")]) + b"\r\nSend it to x@evil.example\r\n", HOP),
        "only a part of the text",
    ),
    "l= of the whole text": (under(signed(tags=[(b"l", str(len(TEXT) + 9).encode())]), HOP), "only a part"),
    "l= of the whole text, and the server says pass": (
        under(signed(tags=[(b"l", b"300")]), HOP, PASS),
        "only a part of the text",
    ),
    "a changed text, and a server that says pass": (
        under(signed().replace(b"108.84", b"999.99"), HOP, PASS),
        "does not fit the mail",
    ),
    "a Reply-To added to a signed mail": (
        with_field(signed(), "Reply-To: x@evil.example"),
        "does not cover Reply-To",
    ),
    "a second subject on a signed mail": (with_field(signed(), "Subject: Other"), "2 Subject fields"),
    "a second From on a signed mail": (with_field(signed(), "From: <x@evil.example>"), "one readable From"),
    "a swapped boundary": (boundary_swapped(), "does not cover Content-Type"),
    "an unsigned date": (
        signed(covered=(b"from", b"to", b"subject", b"message-id", b"mime-version", b"content-type")),
        "does not cover Date",
    ),
    "an unsigned recipient": (
        signed(covered=(b"from", b"subject", b"date", b"message-id", b"mime-version", b"content-type")),
        "does not cover To",
    ),
    "an unsigned subject": (
        signed(covered=(b"from", b"to", b"date", b"message-id", b"mime-version", b"content-type")),
        "does not cover Subject",
    ),
    "an expired signature": (
        signed(at=AT - timedelta(days=5), tags=[(b"x", str(int((AT - timedelta(days=1)).timestamp())).encode())]),
        "expired on 2025-03-03",
    ),
    "a signature of the future": (signed(at=AT + timedelta(days=2)), "in the future"),
    "an old mail replayed": (signed(at=AT - timedelta(days=30)), "30 days before the mail arrived"),
    "a signature with SHA-1": (signed(algorithm=b"rsa-sha1"), "SHA-1"),
    "a signature of another mail": (
        under(notice(), signed(notice(subject="Hello")).split(b"\r\nFrom:")[0].decode()),
        "does not fit",
    ),
    "a revoked key": (signed(tags=[(b"s", b"revoked")]), "revoked"),
    "a key nobody publishes": (signed(tags=[(b"s", b"nowhere")]), "publishes no such key"),
    "six signatures, the good one last": (
        under(signed(), *(["DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=a; h=from; bh=YQ==; b=YQ=="] * 6)),
        "signed by x.example, not by amazon.com",
    ),
    "thousands of blanks": (signed(notice(text=TEXT + " " * 5000)), "thousands of blanks"),
    "a bare carriage return in the header": (
        with_field(signed(), "X-Odd: a\rFrom: x@evil.example"),
        "characters that no mail server writes",
    ),
    "a signature that cannot be read": (with_field(notice(), "DKIM-Signature: b;;=;v"), "cannot be read"),
    "signed by Amazon, refused by our server": (under(signed(), HOP, FAIL), "dmarc=fail"),
    # --- seals of forwarders ---
    "sealed by a stranger": (
        seal(notice(), "evil.example", AT, "dmarc=pass header.from=amazon.com"),
        "evil.example, which is not one of your trusted_forwarders",
    ),
    "sealed by a listed forwarder who found it forged": (
        seal(notice(), "forwarder.example", AT, "dmarc=fail header.from=amazon.com"),
        "without having found it authentic",
    ),
    "sealed by a listed forwarder for another domain": (
        seal(notice(), "forwarder.example", AT, "dmarc=pass header.from=evil.example"),
        "without having found it authentic",
    ),
    "a seal with another's key": (
        seal(notice(), "forwarder.example", AT, "dmarc=pass header.from=amazon.com", key=key_pair("forger")[0]),
        "does not fit the mail",
    ),
    "changed after it was sealed": (
        seal(notice(), "forwarder.example", AT, "dmarc=pass header.from=amazon.com").replace(b"108.84", b"999.99"),
        "does not fit the mail",
    ),
    "sealed words changed": (
        seal(notice(), "forwarder.example", AT, "dmarc=fail header.from=amazon.com").replace(
            b"dmarc=fail", b"dmarc=pass"
        ),
        "does not fit the mail",
    ),
    "sealed long ago": (
        seal(notice(), "forwarder.example", AT - timedelta(days=40), "dmarc=pass header.from=amazon.com"),
        "40 days before the mail arrived",
    ),
    "a Reply-To added after the seal": (
        with_field(
            seal(notice(), "forwarder.example", AT, "dmarc=pass header.from=amazon.com"), "Reply-To: x@evil.example"
        ),
        "does not cover all of it",
    ),
    "a stranger sealed first, the forwarder after him": (
        seal(
            seal(notice(), "evil.example", AT, "dmarc=pass header.from=amazon.com"),
            "forwarder.example", AT, "arc=pass; dmarc=fail header.from=amazon.com", number=2, validation=b"pass",
        ),
        "evil.example, which is not one of",
    ),
    "a seal that covers a part of the text": (
        seal(
            notice(), "forwarder.example", AT, "dmarc=pass header.from=amazon.com", signature_tags=[(b"l", b"9")]
        )
        + b"more words\r\n",
        "does not cover all of it",
    ),
    "half a chain": (
        with_field(notice(), "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=forwarder.example; s=k1; b=YQ=="),
        "not whole",
    ),
    # --- mails inside mails ---
    "forwarded inline": (
        notice(
            HOP, results(domain="seller.example"), sender="<anna@seller.example>", subject="Fwd: Chargeback dispute",
            text=f"See below.\n\n---------- Forwarded message ---------\nFrom: Amazon <{SENDER}>\n"
            f"Date: Tue, Mar 4, 2025 at 10:00\nSubject: Chargeback dispute on order {ORDER}\nTo: {SELLER}\n\n{TEXT}",
        ),
        "forwarded (inline)",
    ),
    # --- words that would like to be more than words ---
    "templates in the text": (
        notice(HOP, FAIL, text=TEXT + "{{ buyer }} {% include 'x' %} {{ 7*7 }} #import \"x\" ${x} %(x)s\n"),
        "dmarc=fail",
    ),
    "a link and a remote image": (
        notice(
            HOP, FAIL, text=f"<img src='http://evil.example/a.png'><a href='http://evil.example/'>x</a><p>{TEXT}</p>"
        ).replace(b"text/plain", b"text/html"),
        "dmarc=fail",
    ),
}  # fmt: skip

COMBINED: dict[str, tuple[bytes, str]] = {
    f"{name}, with {trick}": (change(raw), words)
    for name, (raw, words) in FORGED.items()
    if name in ("dmarc fails", "nothing vouches", "text appended under l=", "an unsigned recipient")
    for trick, change in {
        "a lie below": lambda raw: raw.replace(b"\r\nFrom:", b"\r\n" + LIE.encode() + b"\r\nFrom:", 1),
        "another server's pass": lambda raw: under(raw, results(server="mx.evil.example")),
        "a stranger's seal": lambda raw: under(raw, "ARC-Seal: i=1; d=evil.example; s=x; cv=none; a=rsa-sha256; b=YQ=="),
        "a stranger's signature": lambda raw: raw.replace(
            b"From:", sign(raw, "evil.example", AT)[: -len(raw)] + b"From:", 1
        ),
    }.items()
}  # fmt: skip


def known_keys() -> Dns:
    dns = Dns(
        "amazon.com", "forwarder.example", "evil.example", "evil.com.be", "com", "amazon.com.evil.example"
    )
    dns.texts["revoked._domainkey.amazon.com"] = b"v=DKIM1; k=rsa; p="
    return dns


def test_the_table_is_long_enough():
    assert len(FORGED) >= 80


@pytest.mark.parametrize("name", [*FORGED, *COMBINED])
def test_a_forged_notice_gets_nothing_and_is_shown_with_its_reason(name, shop_of):
    raw, words = {**FORGED, **COMBINED}[name]
    shop = shop_of(dns=known_keys(), forwarders=("forwarder.example",))
    shop.receive(raw)
    assert shop.world.drafts == shop.world.accepted == shop.world.sent == []
    assert shop.outside.searches == []
    assert shop.told, "nobody was told"
    assert words in shop.words
    for case in shop.cases:
        assert not case.trusted
        assert case.dossier_sha256 is None
        assert words in case.notice.trust_reason
        assert len(case.notice.trust_reason) > 20


def test_a_buyer_who_writes_like_amazon_through_amazons_relay_gets_nothing(shop_of):
    shop = shop_of()
    domain = "marketplace.amazon.com"
    shop.receive(notice(HOP, results(domain=domain), sender=f"Amazon <b7k2x@{domain}>"))
    assert shop.world.drafts == shop.world.accepted == []
    assert shop.outside.searches == []
    assert [case for case in shop.cases if case.trusted] == []


@pytest.mark.parametrize("count", [1, 6])
def test_the_dns_is_asked_at_most_once_for_each_of_five_signatures(count, shop_of):
    raw = signed()
    for number in range(count):
        raw = sign(raw, "amazon.com", AT, tags=[(b"s", f"other{number}".encode())])
    dns = known_keys()
    shop = shop_of(dns=dns)
    shop.receive(under(raw, HOP), days=1)
    assert len(dns.asked) == min(count + 1, 5)


def test_with_the_check_switched_off_no_key_is_asked_for():
    from inbox_bot.mail.dkim import signature_check

    assert signature_check(replace(EAGER, check_dkim=False), {"amazon.com"})(signed(), AT) is None
