"""Tracking ids in running text, and which carrier writes from a domain or prints ids of a shape.

What became of a parcel is read in `orders/parcels.py`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import re2

from inbox_bot.orders.correspondence_rules import Carrier, CorrespondenceRules

_MOST_IDS = 50
_TRACKING_VALUE = re2.compile(
    r"(?i)^(?:[A-Z]{2,12}[ :#]{1,3})?([0-9]{4}(?:[ ][0-9]{2,4}){3,7}|[A-Z0-9]{8,34})\b"
)
_ID = 1  # the group that holds the id in the two patterns below


def find_tracking_ids(text: str, rules: CorrespondenceRules) -> list[tuple[str, int]]:
    """The distinct tracking ids of a clean text and where each stands: labelled, named, or of unmistakable shape."""
    found: dict[str, int] = {}
    for labelled in rules.labels.find("tracking", text):
        if tracking_id := _labelled_id(labelled.value, rules):
            found.setdefault(tracking_id, labelled.start)
    for pattern in (_alone_pattern(rules.carriers), _named_pattern()):
        for match in islice(pattern.finditer(text), _MOST_IDS):
            tracking_id = plain_id(match.group("id"))
            if _is_tracking_id(tracking_id) and not _is_glued(text, *match.span(_ID)):
                found[tracking_id] = min(found.get(tracking_id, match.start()), match.start())
    return sorted(found.items(), key=lambda one: one[1])[:_MOST_IDS]


def _labelled_id(value: str, rules: CorrespondenceRules) -> str:
    for carrier in rules.carriers:
        hit = carrier.words.find_first(value[:40])
        if hit is not None and hit.start <= 1:
            value = value[hit.end :].lstrip(" :#-(")
    match = _TRACKING_VALUE.match(value)
    tracking_id = plain_id(match.group(1)) if match is not None else ""
    return tracking_id if _is_tracking_id(tracking_id) else ""


def _is_tracking_id(word: str) -> bool:
    return 8 <= len(word) <= 34 and sum(char.isdigit() for char in word) >= 6


def _is_glued(text: str, start: int, end: int) -> bool:
    neighbours = text[max(0, start - 1) : start] + text[end : end + 1]
    return any(char.isascii() and (char.isalnum() or char == "-") for char in neighbours)


@lru_cache(maxsize=8)
def _alone_pattern(carriers: tuple[Carrier, ...]) -> re2._Regexp:
    """The shapes that are tracking ids wherever they stand: with letters, or very long."""
    shapes = [shape for one in carriers for shape in one.shapes if stands_alone(shape)]
    spaced_usps = r"9[0-9]{3}(?:[ ][0-9]{4}){4}[ ][0-9]{2}"
    return re2.compile(rf"(?P<id>{'|'.join([*shapes, spaced_usps])})")


def stands_alone(shape: str) -> bool:
    """True for a shape that is a tracking id wherever it stands: with letters of its own, or very long."""
    literal = shape.replace("[0-9A-Z]", "").replace("[0-9]", "").replace("[A-Z]", "")
    return any(char.isalpha() for char in literal) or shape.count("[0-9]") >= 19


@lru_cache(maxsize=1)
def _named_pattern() -> re2._Regexp:
    """A tracking id in running text, right behind the word that says so."""
    return re2.compile(
        r"(?i)(?:\btrack(?:ing)?(?:[ ](?:id|number|no\.?|code|#))?|[单單][号號]|追踪编号|跟踪编号)"
        r"[ \t]{0,2}(?:\([^)\n]{1,20}\))?[ \t]{0,2}(?:is|was|为|是|[:：#=])?[ \t]{0,2}\n?[ \t]{0,2}"
        r"(?P<id>[A-Z0-9]{8,34})\b"
    )


def plain_id(tracking_id: str) -> str:
    """The id as it is compared: upper case, without blanks and hyphens."""
    return tracking_id.replace(" ", "").replace("-", "").upper()


def carrier_of(domain: str, rules: CorrespondenceRules) -> str:
    """The name of the carrier that writes from the domain, or ""."""
    for carrier in rules.carriers:
        if any(domain == own or domain.endswith(f".{own}") for own in carrier.domains):
            return carrier.name
    return ""


def carrier_by_shape(tracking_id: str, rules: CorrespondenceRules) -> str:
    """The name of the only carrier whose unmistakable shape the id has, or ""."""
    names = {
        one.name
        for one in rules.carriers
        if any(stands_alone(shape) and re2.fullmatch(shape, tracking_id) for shape in one.shapes)
    }
    return names.pop() if len(names) == 1 else ""
