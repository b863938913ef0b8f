"""Which part of a domain name somebody registered, by the public suffix list that comes with the program.

The list is read from the installed package and never fetched. Comparing names is the business of
`core/domain_names.py`.
"""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def registrable(domain: str) -> str:
    """The registrable domain of a name ("mail.example.co.uk": "example.co.uk"); "" when it has none."""
    name = domain.lower().strip(".")
    if not name or len(name) > 253 or "" in name.split("."):
        return ""
    try:
        return str(_suffixes().privatesuffix(name) or "")
    except (UnicodeError, ValueError):
        return ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
