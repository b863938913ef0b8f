"""Senders that dress up as Amazon: the name in front of another address, a twin domain, letters of another script."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from inbox_bot.core.model import Address
from inbox_bot.core.trust import is_listed_domain

_TWINS = str.maketrans(
    {
        **dict(zip("аạáàâäãåɑα", "aaaaaaaaaa", strict=True)),
        **dict(zip("мṃｍ", "mmm", strict=True)),
        **dict(zip("оοøöóòôõ0", "ooooooooo", strict=True)),
        **dict(zip("ᴢżźž2", "zzzzz", strict=True)),
        **dict(zip("ոпη", "nnn", strict=True)),
        "4": "a",
        "@": "a",
    }
)


def looks_like_amazon(sender: Address, amazon_domains: Collection[str]) -> bool:
    """Whether a sender who is not at an Amazon domain shows Amazon's name, in the display name or the domain."""
    if is_listed_domain(sender.domain, amazon_domains):
        return False
    return any(
        "amazon" in _plain(text) for text in (sender.name, sender.domain, sender.email.partition("@")[0])
    )


def _plain(text: str) -> str:
    """The text as it looks: Punycode decoded, letters of other scripts and digits as their Latin twins."""
    labels = [_decoded(label) for label in text[:500].lower().split(".")]
    folded = unicodedata.normalize("NFKD", ".".join(labels)).translate(_TWINS)
    kept = "".join(char for char in folded if char.isalnum())
    return kept.replace("rn", "m").replace("vv", "w")


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label
