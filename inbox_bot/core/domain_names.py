"""Comparing domain names whole label by whole label; which part somebody registered: `mail/domains.py`."""

from __future__ import annotations

from collections.abc import Collection


def is_listed_domain(domain: str, listed: Collection[str]) -> bool:
    """Whether the domain is a listed one or below one (`a.amazon.com`, never `xamazon.com`)."""
    domain = domain.lower().rstrip(".")
    return any(domain == entry or domain.endswith("." + entry) for entry in listed)


def last_two_labels(domain: str) -> str:
    """The registrable domain as far as the name alone tells it: its last two labels."""
    return ".".join(domain.lower().rstrip(".").split(".")[-2:])
