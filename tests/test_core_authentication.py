"""The receiving server's word: where it stands, whose it is, and what a mailbox should be configured to."""

from __future__ import annotations

import pytest
from trust_mails import HOP, OURS, PASS, STAMP, gmail, notice, outlook, results, yahoo

from inbox_bot.core.authentication import (
    Said,
    is_aligned,
    proposed_authserv_id,
    vouches,
    vouching_server,
    word_of_server,
)
from inbox_bot.mail.message import read_mail

LISTED = frozenset({"amazon.com", "amazon.com.be", "amazon.co.uk"})
EVIL = "203.0.113.9"


def word(*top: str, server: str = OURS, domain: str = "amazon.com") -> Said:
    return word_of_server(read_mail(notice(*top)), server, domain, LISTED).said


@pytest.mark.parametrize(
    ("top", "server"),
    [
        (gmail(), "mx.google.com"),
        (outlook(), "outlook"),
        (outlook(), "Outlook"),
        (yahoo(), "*.yahoo.com"),
        (yahoo(), "*.mail.bf1.yahoo.com"),
        ((HOP, f"Authentication-Results: {OURS}; dmarc=none header.from=amazon.com; dkim=pass header.d=amazon.com"), OURS),
        (outlook(verdict="dmarc=bestguesspass action=none"), "outlook"),
    ],
)  # fmt: skip
def test_the_word_of_each_providers_server_is_heard(top, server):
    assert word(*top, server=server) is Said.PASS


class TestGmail:
    """Gmail writes its results below its own hop."""

    def test_a_copy_below_gmails_own_word_is_not_heard(self):
        lie = results(server="mx.google.com")
        own = [one.replace("dmarc=pass", "dmarc=fail") for one in gmail()]
        hop = f"Received: from evil.example ({EVIL}) by mx.google.com with SMTP{STAMP}"
        assert word(*own, hop, lie, server="mx.google.com") is Said.FAIL

    def test_without_its_own_word_a_copy_below_two_hops_is_not_heard(self):
        top = [one for one in gmail() if not one.startswith("Authentication-Results")]
        hop = f"Received: from a.example ({EVIL}) by mx.google.com with SMTP{STAMP}"
        assert word(*top, hop, results(server="mx.google.com"), server="mx.google.com") is Said.NOTHING


class TestOutlook:
    """Microsoft's server does not name itself, so only its place speaks for its words."""

    def test_a_nameless_field_below_microsofts_own_is_not_heard(self):
        lie = "Authentication-Results: spf=pass; dkim=pass header.d=amazon.com; dmarc=pass header.from=amazon.com"
        own = outlook(verdict="dmarc=fail action=oreject")
        hop = f"Received: from x.prod.outlook.com ({EVIL}) by x.mail.protection.outlook.com with SMTP{STAMP}"
        assert word(*own, lie, server="outlook") is Said.FAIL
        assert word(*own, hop, lie, server="outlook") is Said.FAIL

    def test_a_nameless_field_of_a_server_that_is_not_microsofts_is_not_heard(self):
        lie = "Authentication-Results: dkim=pass header.d=amazon.com; dmarc=pass header.from=amazon.com"
        border = (
            f"Received: from mail.evil.example ({EVIL}) by x.mail.protection.outlook.com with SMTP{STAMP}"
        )
        hop = f"Received: from a.example by mail.evil.example with SMTP{STAMP}"
        assert word(border, hop, lie, server="outlook") is Said.NOTHING

    def test_a_named_field_is_not_microsofts(self):
        assert word(HOP, results(server="x.prod.outlook.com"), server="outlook") is Said.NOTHING

    def test_its_own_suspicion_counts(self):
        top = [one.replace("compauth=pass", "compauth=fail") for one in outlook()]
        assert word(*top, server="outlook") is Said.FAIL


def test_a_domain_pattern_takes_whole_labels():
    assert vouches("atlas1.mail.yahoo.com", "*.yahoo.com")
    assert not vouches("evilyahoo.com", "*.yahoo.com")
    assert not vouches("yahoo.com", "*.yahoo.com")
    assert not vouches("", "*.yahoo.com")
    assert not vouches("", "")


@pytest.mark.parametrize(
    ("signer", "domain", "aligned"),
    [
        ("amazon.com", "amazon.com", True),
        ("amazon.com", "mail.amazon.com", True),
        ("mail.amazon.com", "amazon.com", True),
        ("com", "amazon.com", False),
        ("com.be", "amazon.com.be", False),
        ("evil.com.be", "amazon.com.be", False),
        ("co.uk", "amazon.co.uk", False),
        ("amazon.de", "amazon.com", False),
        ("", "amazon.com", False),
    ],
)
def test_a_signature_speaks_for_its_own_domain_only(signer, domain, aligned):
    assert is_aligned(signer, domain, LISTED) is aligned


@pytest.mark.parametrize(
    ("top", "server"),
    [
        (gmail(), "mx.google.com"),
        (outlook(), "outlook"),
        (yahoo(), "atlas206.free.mail.bf1.yahoo.com"),
        ((HOP, PASS), OURS),
        ((HOP,), ""),
        ((HOP, "DKIM-Signature: v=1", PASS), ""),
    ],
)
def test_a_mailbox_shows_who_vouches_for_its_mails(top, server):
    assert vouching_server(read_mail(notice(*top))) == server


@pytest.mark.parametrize(
    ("servers", "proposed"),
    [
        (["mx.google.com"] * 9 + ["mx.evil.example"], "mx.google.com"),
        ([f"atlas{number}.free.mail.bf1.yahoo.com" for number in range(9)], "*.yahoo.com"),
        (["outlook"] * 3, "outlook"),
        (["", "", OURS], OURS),
        ([], ""),
        ([""], ""),
    ],
)
def test_what_is_proposed_is_what_most_mails_show(servers, proposed):
    assert proposed_authserv_id(servers) == proposed
