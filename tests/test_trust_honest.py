"""Genuine notices, of many mail servers and marketplaces, pass the gate and are answered, to Amazon alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from signing import Dns, seal, sign
from test_trust_suite import (  # noqa: F401 - fixtures
    EAGER,
    SHIPPED,
    WatchedOutside,
    _no_network,
    shop_of,
    signed,
)
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
    gmail,
    notice,
    outlook,
    results,
    under,
    yahoo,
)
from world import RULEBOOK

from inbox_bot.core.case import Status
from inbox_bot.intake import MOST_WAITS

GOOD = "dmarc=pass header.from=amazon.com"
ARRIVED = f"Received: {OUTSIDE} by {OURS} with ESMTPS{STAMP}"
INNER = f"Received: from localhost (localhost [127.0.0.1]) by {OURS} with LMTP{STAMP}"
FILTER = f"Received: from filter.{OURS} (filter [10.1.2.3]) by {OURS} with ESMTP{STAMP}"


def sealed(raw: bytes | None = None, said: str = GOOD, **changes) -> bytes:
    return seal(raw if raw is not None else notice(), "forwarder.example", AT, said, **changes)


# name: (the mail, the configured server)
HONEST: dict[str, tuple[bytes, str]] = {
    "Gmail": (notice(*gmail()), "mx.google.com"),
    "Outlook": (notice(*outlook()), "outlook"),
    "Outlook, whose server broke the signature": (
        under(signed().replace(b"parcel was never", b"parcel was  never"), *outlook()),
        "outlook",
    ),
    "Yahoo": (notice(*yahoo()), "*.yahoo.com"),
    "iCloud": (notice(results(server="dmarc.icloud.com"), HOP), "dmarc.icloud.com"),
    "GMX, which reports DKIM only": (
        notice(HOP, "Authentication-Results: gmx.net; dkim=pass header.i=@amazon.com").replace(b"by mx.seller.example", b"by mx.gmx.net (mxgmx016 [212.227.15.9])"),
        "gmx.net",
    ),
    "one's own server, above its hop": (notice(PASS, HOP), OURS),
    "one's own server, below its hop": (notice(HOP, PASS), OURS),
    "one's own server behind a local delivery": (notice(INNER, HOP, PASS), OURS),
    "one's own server behind a filter": (notice(INNER, FILTER, PASS, ARRIVED), OURS),
    "one field for each method": (
        notice(HOP, f"Authentication-Results: {OURS}; dkim=pass header.d=amazon.com", PASS),
        OURS,
    ),
    "another server's field beside ours": (notice(HOP, results("dmarc=fail", server="mx.other.example"), PASS), OURS),
    "a name in capitals with a version": (notice(HOP, results(server=f"{OURS.upper()} 1")), OURS),
    "a folded field with comments": (
        notice(HOP, f"Authentication-Results: {OURS} (the best);\r\n\tdmarc=pass (p=quarantine; really)\r\n\theader.from=amazon.com"),
        OURS,
    ),
    "a signature alone": (under(signed(), HOP), ""),
    "a signature, and a server that says nothing": (under(signed(), HOP), OURS),
    "a signature and the server's pass": (under(signed(), HOP, PASS), OURS),
    "a signature with simple canonicalisation": (under(signed(canonical=b"simple/simple"), HOP), ""),
    "a signature of the sub-domain's owner": (
        under(signed(notice(sender="<cb-seller-notification@mail.amazon.com>")), HOP),
        "",
    ),
    "a signature below the sender company's own": (under(sign(signed(), "amazonses.com", AT), HOP), ""),
    "a signature that covers a Reply-To": (under(signed(notice(more=(f"Reply-To: {SENDER}",))), HOP), ""),
    "a signature that says when it ends": (
        under(signed(tags=[(b"x", str(int((AT + timedelta(days=7)).timestamp())).encode())]), HOP),
        "",
    ),
    "sealed by a listed forwarder": (under(sealed(), HOP), OURS),
    "sealed by a listed forwarder, refused by our server": (under(sealed(), HOP, FAIL), OURS),
    "a seal over a signature that the forwarder broke": (
        under(sealed(signed().replace(b"parcel", b"package")), HOP),
        "",
    ),
    "two listed forwarders in a row": (
        under(
            seal(sealed(), "second.forwarder.example", AT, f"arc=pass; {GOOD}", number=2, validation=b"pass"),
            HOP,
        ),
        "",
    ),
    "to an address with a tag": (notice(HOP, PASS, to="orders+amazon@seller.example"), OURS),
    "to a list, delivered to us": (
        notice(f"Delivered-To: {SELLER}", HOP, PASS, to="undisclosed-recipients:;"),
        OURS,
    ),
    "a display name in encoded words": (
        notice(HOP, PASS, sender=f"=?utf-8?q?Amazon_R=C3=BCcklastschriften?= <{SENDER}>"),
        OURS,
    ),
}  # fmt: skip
MARKETPLACES = (
    "amazon.co.uk", "amazon.de", "amazon.fr", "amazon.it", "amazon.es", "amazon.nl", "amazon.se", "amazon.pl",
    "amazon.ie", "amazon.com.be", "amazon.ca", "amazon.com.mx", "amazon.com.br", "amazon.com.au", "amazon.co.jp",
    "amazon.sg", "amazon.ae", "amazon.sa", "amazon.eg", "amazon.in", "amazon.com.tr",
)  # fmt: skip


def keys() -> Dns:
    return Dns("amazon.com", "amazonses.com", "forwarder.example", "second.forwarder.example")


@pytest.mark.parametrize("name", HONEST)
def test_a_genuine_notice_is_answered_to_amazon_alone(name, shop_of):  # noqa: F811
    raw, server = HONEST[name]
    shop = shop_of(policy=replace(EAGER, authserv_id=server), dns=keys(), forwarders=("forwarder.example",))
    shop.receive(raw)
    (case,) = shop.cases
    assert case.trusted, case.notice.trust_reason
    assert case.status is Status.ANSWERED
    (reply,) = shop.world.accepted
    assert reply.recipient.endswith("amazon.com")


@pytest.mark.parametrize("domain", MARKETPLACES)
@pytest.mark.parametrize("by", ["the server", "a signature"])
def test_every_marketplace_is_believed_by_either_way(domain, by, shop_of):  # noqa: F811
    raw = notice(sender=f"Amazon <cb-seller-notification@{domain}>")
    raw = under(raw, HOP, results(domain=domain)) if by == "the server" else under(sign(raw, domain, AT), HOP)
    shop = shop_of(dns=Dns(domain))
    shop.receive(raw, days=1)
    assert [case.trusted for case in shop.cases] == [True], shop.words
    assert shop.cases[0].notice.reply_to == f"cb-seller-notification@{domain}"


def test_the_domains_that_count_as_amazons_are_these():
    assert set(RULEBOOK.notices.amazon_domains) == {"amazon.com", *MARKETPLACES}


class TestReplyTo:
    """Where an answer goes is not the sender's to say."""

    @pytest.mark.parametrize(
        "address", ["x@evil.example", "b7k2x@marketplace.amazon.com", "no-reply@amazon.com"]
    )
    def test_another_reply_address_is_overridden_and_told(self, address, shop_of):  # noqa: F811
        shop = shop_of()
        shop.receive(notice(HOP, PASS, more=(f"Reply-To: {address}",)))
        (case,) = shop.cases
        assert case.notice.reply_to == SENDER
        assert any(address in str(problem) for problem in case.notice.problems)
        assert [reply.recipient for reply in shop.world.accepted] == [SENDER]


class TestUnknownOrder:
    """An order that nothing on record speaks of is never answered by rule, however genuine the notice is."""

    @pytest.mark.parametrize("mode", ["auto", "draft"])
    def test_it_goes_to_a_person_and_nothing_is_sent(self, mode, shop_of):  # noqa: F811
        shop = shop_of(policy=replace(EAGER, mode=type(EAGER.mode)(mode)), mails=())
        raw = notice(HOP, PASS)
        shop.world.mails.append(raw)
        shop.receive(raw)
        (case,) = shop.cases
        assert case.trusted
        assert not case.order_known
        assert shop.world.accepted == []
        assert case.status is Status.REVIEW

    def test_one_mail_about_the_order_makes_it_known(self, shop_of):  # noqa: F811
        shop = shop_of(mails=(SHIPPED,))
        shop.receive(notice(HOP, PASS), days=1)
        assert [case.order_known for case in shop.cases] == [True]


class TestNobodyAnswers:
    """When the DNS is silent, a notice waits a while and is then shown; it never passes."""

    def test_the_mail_waits_and_passes_when_the_key_can_be_had(self, shop_of):  # noqa: F811
        dns = Dns("amazon.com", silent=("amazon.com",))
        shop = shop_of(dns=dns)
        shop.receive(under(signed(), HOP), days=1)
        assert shop.cases == []
        dns.silent = set()
        shop.receive(notice(), days=1)
        assert sorted(case.trusted for case in shop.cases) == [False, True]

    def test_after_some_tries_a_person_is_told(self, shop_of):  # noqa: F811
        shop = shop_of(dns=Dns(silent=("amazon.com",)))
        shop.receive(under(signed(), HOP), days=MOST_WAITS)
        (case,) = shop.cases
        assert not case.trusted
        assert "could not be asked for (DNS)" in case.notice.trust_reason
        assert "could not be asked for" in shop.words
        assert shop.world.drafts == shop.world.accepted == []
        assert shop.outside.searches == []

    def test_a_server_that_vouches_is_enough(self, shop_of):  # noqa: F811
        shop = shop_of(dns=Dns(silent=("amazon.com",)))
        shop.receive(under(signed(), HOP, PASS), days=1)
        assert [case.trusted for case in shop.cases] == [True]

    def test_only_notices_of_amazon_cost_a_question(self, shop_of):  # noqa: F811
        dns = Dns("amazon.com")
        shop = shop_of(dns=dns)
        shop.receive(under(sign(notice(sender="<x@evil.example>"), "evil.example", AT), HOP), days=1)
        shop.receive(under(sign(SHIPPED.replace(b"\n", b"\r\n"), "amazon.com", AT), HOP), days=1)
        assert dns.asked == []


def test_templates_and_typesetting_in_a_genuine_mail_stay_words(shop_of):  # noqa: F811
    shop = shop_of()
    text = TEXT.replace(
        "Blue Mug (Large)", 'Mug {{ 7*7 }} {% raw %} #read("x") $1+1$ http://evil.example/a.png'
    )
    shop.receive(notice(HOP, PASS, text=text))
    for reply in (*shop.world.drafts, *shop.world.accepted):
        assert b"Mug 49" not in reply.raw_bytes
    (case,) = shop.cases
    assert case.trusted
    assert case.order_id == ORDER
