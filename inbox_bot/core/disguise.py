"""Senders that dress up as Amazon: the name in front of another address, a twin domain, letters of another script."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection

from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.model import Address, Mail

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


def describe_disguise(
    sender: Address, amazon_domains: Collection[str], registrable: Callable[[str], str]
) -> str:
    """Why a sender outside of Amazon's domains is not Amazon, with the trick named that makes him look like it."""
    domain = sender.domain
    shown = _shown(domain)
    if not domain:
        return "it has no readable sender domain"
    if hidden := hidden_characters(sender.email):
        return f"its address has {hidden}; {shown} is not one of Amazon's domains"
    if "amazon" in _plain(domain):
        return _domain_trick(domain, shown, amazon_domains, registrable)
    if "amazon" in _plain(sender.name):
        what = "an Amazon address" if "@" in sender.name else "Amazon's name"
        return (
            f"its display name shows {what}, but it comes from {shown}, which is not one of Amazon's domains"
        )
    if "amazon" in _plain(sender.email.partition("@")[0]):
        return f"Amazon's name stands before the @ only; {shown} is not one of Amazon's domains"
    return f"it comes from {shown}, which is not one of Amazon's domains"


def _domain_trick(
    domain: str, shown: str, amazon_domains: Collection[str], registrable: Callable[[str], str]
) -> str:
    owner = registrable(domain) or domain
    if "xn--" in domain:
        return f"{domain} is Punycode for {shown}, which only looks like Amazon"
    if any(ord(char) > 127 for char in domain):
        return f"{shown} is written with letters of another script (homoglyphs) and only looks like Amazon"
    if any(f".{entry}." in f".{domain}" for entry in amazon_domains) or "amazon" not in owner:
        if "amazon" not in domain:
            return f"{domain} only looks like Amazon: letters or digits stand in for others"
        return f"{domain} is not Amazon; its registrable domain is {owner} (the sub-domain means nothing)"
    if any(label == "amazon" for label in domain.split(".")):
        return f"{domain} carries Amazon's name under an ending that is not on the list of Amazon's domains"
    return f"{domain} only looks like an Amazon domain; it is not one of Amazon's domains"


HIDDEN_IN_FROM = (
    "its From field has "  # begins the Problem of a mail whose sender is disguised by what cannot be seen
)


def hidden_in_from(mail: Mail) -> str:
    """What a reader cannot see in the From field as it arrived, in words; "" when everything is visible."""
    found = (problem.what for problem in mail.problems if problem.what.startswith(HIDDEN_IN_FROM))
    return next(found, "")


def hidden_characters(text: str) -> str:
    """What a reader cannot see in the text, in words; "" when everything is visible."""
    kinds = {
        "characters that turn the reading direction (bidi)": _TURNING,
        "invisible characters (zero-width)": _INVISIBLE,
    }
    return next((words for words, signs in kinds.items() if any(char in signs for char in text)), "")


_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d"
    "\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
)


def _shown(domain: str) -> str:
    """The domain as a reader would see it, without what cannot be seen, for the words of a reason."""
    decoded = ".".join(_decoded(label) for label in domain[:253].split("."))
    return "".join(char for char in decoded if char.isprintable())


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
