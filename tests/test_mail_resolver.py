"""Asking the DNS: an answer is kept as long as it says, a failure is never an answer."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.rdatatype
import dns.resolver
import pytest

from inbox_bot.mail.domains import registrable
from inbox_bot.mail.resolver import (
    FAILURE_KEPT_SECONDS,
    LEAST_KEPT_SECONDS,
    MOST_KEPT_SECONDS,
    NOBODY_ANSWERED,
    Resolver,
    TextRecord,
)

NAME = "k1._domainkey.amazon.com"


class Servers:
    """Name servers that answer as told, and the clock by which the memory goes."""

    def __init__(self, text: bytes | None = b"v=DKIM1; p=x", seconds: float = 3600.0) -> None:
        self.text, self.seconds, self.at, self.asked = text, seconds, 0.0, 0
        self.fails: Exception | None = None
        self.resolver = Resolver(self._ask, lambda: self.at)

    def _ask(self, name: str) -> tuple[bytes | None, float]:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return self.text, self.seconds


@pytest.mark.parametrize(
    ("says", "kept"),
    [(0.0, LEAST_KEPT_SECONDS), (1800.0, 1800.0), (10_000_000.0, MOST_KEPT_SECONDS)],
)
def test_an_answer_is_kept_as_long_as_it_says_within_bounds(says, kept):
    servers = Servers(seconds=says)
    for at, asked in ((0.0, 1), (kept - 1, 1), (kept + 1, 2)):
        servers.at = at
        assert servers.resolver(NAME) == TextRecord(b"v=DKIM1; p=x")
        assert servers.asked == asked


@pytest.mark.parametrize(
    "error", [dns.exception.Timeout(), dns.resolver.NoNameservers(), OSError("no network")]
)
def test_a_failure_is_unknown_and_is_asked_again_soon(error):
    servers = Servers()
    servers.fails = error
    assert servers.resolver(NAME) == NOBODY_ANSWERED
    servers.fails = None
    assert servers.resolver(NAME) == NOBODY_ANSWERED
    servers.at = FAILURE_KEPT_SECONDS + 1
    assert servers.resolver(NAME).is_known


def test_a_name_without_a_record_is_known_to_have_none():
    servers = Servers(text=None)
    assert servers.resolver(NAME) == TextRecord(None)


def test_names_are_asked_for_once_however_they_are_written():
    servers = Servers()
    for name in (NAME, NAME.upper(), f"{NAME}."):
        servers.resolver(name)
    assert servers.asked == 1


def test_the_memory_is_bounded():
    servers = Servers()
    for number in range(5_000):
        servers.resolver(f"s{number}.example")
    assert len(servers.resolver._kept) <= 1_000


def test_a_name_that_is_no_name_is_unknown_and_raises_nothing(monkeypatch):
    assert Resolver()("a" * 64 + ".example") == NOBODY_ANSWERED
    assert Resolver()("a..b") == NOBODY_ANSWERED


def test_several_records_at_a_name_give_the_one_that_is_a_key(monkeypatch):
    text = (
        "id 1\nopcode QUERY\nrcode NOERROR\nflags QR RD RA\n;QUESTION\nk1.example. IN TXT\n;ANSWER\n"
        'k1.example. 600 IN TXT "note"\nk1.example. 600 IN TXT "v=DKIM1; p=" "abc"\n'
    )

    def resolve(self, name, kind, **options):
        assert options["lifetime"] == 3.0
        return dns.resolver.Answer(
            dns.name.from_text(name), dns.rdatatype.TXT, dns.rdataclass.IN, dns.message.from_text(text)
        )

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    monkeypatch.setattr(dns.resolver.Resolver, "__init__", lambda self: None)
    assert Resolver()("k1.example") == TextRecord(b"v=DKIM1; p=abc")


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("amazon.com.example.net", "example.net"),
        ("mail.amazon.co.uk", "amazon.co.uk"),
        ("A.B.Amazon.COM.", "amazon.com"),
        ("x.com.tr", "x.com.tr"),
        ("xn--mazon-3ve.com", "xn--mazon-3ve.com"),
        ("com", ""),
        ("", ""),
        ("a..b", ""),
        ("x" * 300 + ".com", ""),
    ],
)
def test_the_registrable_domain_is_found_with_the_list_that_comes_along(name, owner):
    assert registrable(name) == owner
