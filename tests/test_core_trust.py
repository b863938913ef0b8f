"""The gate: only what the seller's own mail server vouches for is trusted."""

from __future__ import annotations

import pytest
from nouns import AMAZON, mail

from inbox_bot.core.model import Address
from inbox_bot.core.trust import is_listed_domain, is_refused, judge

OURS = "mx.seller.example"
LISTED = frozenset({"amazon.com", "amazon.co.uk"})
FROM = ("From", f"Amazon <{AMAZON}>")
GOOD = f"{OURS}; spf=pass smtp.mailfrom=amazon.com; dmarc=pass (p=quarantine) header.from=amazon.com"


def judged(
    *results: str, sender: str = AMAZON, authserv_id: str = OURS, extra: tuple[tuple[str, str], ...] = ()
):
    headers = tuple(("Authentication-Results", value) for value in results)
    made = mail(sender=Address("", sender), headers=(*headers, ("From", f"<{sender}>"), *extra))
    return judge(made, authserv_id, LISTED)


@pytest.mark.parametrize(
    "value",
    [
        GOOD,
        f"{OURS}; dmarc=pass header.from=amazon.com",
        f"{OURS}; spf=pass smtp.mailfrom=bounces.amazon.com; dkim=pass header.d=amazon.com",
        f"{OURS}; dkim=pass header.i=@amazon.com header.s=abc",
        f"{OURS.upper()} 1; dkim=pass header.d=amazon.com; dmarc = pass header.from=amazon.com",
        f"{OURS}; dkim=pass (2048-bit; secure) header.d=amazon.com; dmarc=pass (a; b) header.from=amazon.com",
    ],
)
def test_a_dmarc_pass_of_our_own_server_is_trusted(value):
    assert judged(value).trusted


FORGERIES = {
    "no results at all": (),
    "dmarc=fail": (f"{OURS}; dmarc=fail header.from=amazon.com",),
    "dmarc=none": (f"{OURS}; dmarc=none header.from=amazon.com",),
    "another server's word": ("mx.evil.example; dmarc=pass header.from=amazon.com",),
    "our name as a prefix": (f"{OURS}.evil.example; dmarc=pass header.from=amazon.com",),
    "a pass below our own fail": (f"{OURS}; dmarc=fail header.from=amazon.com", GOOD),
    "a pass for another domain": (f"{OURS}; dmarc=pass header.from=evil.example",),
    "a pass without a domain": (f"{OURS}; dmarc=pass",),
    "only spf": (f"{OURS}; spf=pass smtp.mailfrom=amazon.com",),
    "a signature of somebody else": (f"{OURS}; dkim=pass header.d=evil.example",),
    "a signature of a whole ending": (f"{OURS}; dkim=pass header.d=com",),
    "a broken signature": (f"{OURS}; spf=pass smtp.mailfrom=amazon.com; dkim=fail header.d=amazon.com",),
    "signed, and refused by DMARC": (
        f"{OURS}; dkim=pass header.d=amazon.com; dmarc=fail header.from=amazon.com",
    ),
    "two dmarc results": (f"{OURS}; dmarc=fail header.from=amazon.com; dmarc=pass header.from=amazon.com",),
    "a pass inside a comment": (f"{OURS}; spf=fail (x; dmarc=pass header.from=amazon.com) smtp.helo=x",),
    "a pass inside a quoted envelope address": (
        f'{OURS}; spf=fail smtp.mailfrom="a; dmarc=pass header.from=amazon.com"@evil.example',
    ),
    "an open comment": (f"{OURS}; dmarc=pass header.from=amazon.com (x",),
    "an open quote": (f'{OURS}; dmarc=pass header.from=amazon.com "x',),
    "a look-alike word": (f"{OURS}; xdmarc=pass header.from=amazon.com",),
    "a domain that only ends alike": (f"{OURS}; dmarc=pass header.from=amazon.com.evil.example",),
}


@pytest.mark.parametrize("results", FORGERIES.values(), ids=FORGERIES.keys())
def test_nothing_else_is(results):
    trust = judged(*results)
    assert not trust.trusted
    assert trust.reason


def test_a_senders_own_domain_is_not_amazons_however_well_it_is_signed():
    evil = "cb-seller-notification@amazon.com.evil.example"
    value = f"{OURS}; dmarc=pass header.from=amazon.com.evil.example"
    assert not judged(value, sender=evil).trusted
    assert not judged(f"{OURS}; dmarc=pass header.from=xamazon.com", sender="a@xamazon.com").trusted


def test_two_from_lines_are_not_one():
    assert not judged(GOOD, extra=(("From", "<other@evil.example>"),)).trusted


def test_without_a_configured_server_nothing_is_trusted():
    trust = judged(GOOD, authserv_id="")
    assert not trust.trusted
    assert "authserv_id" in trust.reason


@pytest.mark.parametrize(
    ("domain", "listed"),
    [
        ("amazon.com", True),
        ("mail.amazon.co.uk", True),
        ("AMAZON.COM.", True),
        ("xamazon.com", False),
        ("amazon.com.example.com", False),
        ("", False),
    ],
)
def test_domains_match_whole_labels(domain, listed):
    assert is_listed_domain(domain, LISTED) is listed


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        (f"{OURS}; dmarc=fail header.from=ups.com", True),
        (f"{OURS}; dmarc=pass header.from=ups.com", False),
        (f"{OURS}; dmarc=none header.from=ups.com", False),
        ("mx.evil.example; dmarc=fail header.from=ups.com", False),
    ],
)
def test_a_forged_carrier_mail_is_no_evidence(value, refused):
    made = mail(headers=(("Authentication-Results", value), ("From", "<pkginfo@ups.com>")))
    assert is_refused(made, OURS) is refused
    assert not is_refused(made, "")
