"""Which cases are of one buyer, without saying who it is. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from inbox_bot.core.case import Case
from inbox_bot.core.model import Destination

# 24 bits: two cases of one seller hardly ever share one by chance, and thousands of households of a country do.
_MARK_CHARACTERS = 6
BURST_WITHIN = timedelta(days=14)


def buyer_mark(account: str, destination: Destination) -> str:
    """A short mark that is alike for notices about one household of one account; empty when no address is printed."""
    words = " ".join((*destination.lines, destination.postal_code)).casefold()
    plain = "".join(re.findall(r"\w+", words))
    if not destination.lines or not plain:
        return ""
    return hashlib.sha256(f"{account}\0{plain}".encode()).hexdigest()[:_MARK_CHARACTERS]


def bursts(cases: Iterable[Case]) -> Mapping[str, tuple[Case, ...]]:
    """Cases of one buyer that came within two weeks of each other, by case id; each with all of its group.

    A case that stands alone is not in it.
    """
    by_buyer: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        if case.trusted and case.notice.buyer_mark:
            by_buyer.setdefault((case.account, case.notice.buyer_mark), []).append(case)
    found: dict[str, tuple[Case, ...]] = {}
    for own in by_buyer.values():
        for group in _near(sorted(own, key=lambda one: one.notice.received_at)):
            if len(group) > 1:
                found.update({one.case_id: tuple(group) for one in group})
    return found


def _near(cases: list[Case]) -> list[list[Case]]:
    groups: list[list[Case]] = []
    for case in cases:
        if groups and case.notice.received_at - groups[-1][-1].notice.received_at <= BURST_WITHIN:
            groups[-1].append(case)
        else:
            groups.append([case])
    return groups
