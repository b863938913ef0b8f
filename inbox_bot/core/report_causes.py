"""Root causes: what most disputes of one reason have in common, with its count. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from inbox_bot.core.report_lines import NOT_ON_RECORD, ReportLine

FEWEST = 5  # cases of one reason; below, everything has something in common
MOST_COMMON_SHARE = 0.6
MORE_THAN_ELSEWHERE = 1.25  # an article or a place that all disputes share says nothing about one reason
_UNKNOWN = (NOT_ON_RECORD, "unknown", "")


def find_causes(lines: Sequence[ReportLine]) -> tuple[str, ...]:
    """One sentence for each thing that at least 60 % of five or more disputes of a reason share, the surest first.

    It says what they share, not why they were disputed: that is for a person to judge.
    """
    found: list[tuple[float, int, str]] = []
    by_reason: dict[str, list[ReportLine]] = {}
    for line in lines:
        by_reason.setdefault(line.reason, []).append(line)
    for reason, own in sorted(by_reason.items()):
        if len(own) < FEWEST or reason == "unknown":
            continue
        words = reason.replace("_", "-")
        for told, count in _shipping(own):
            share = count / len(own)
            if share >= MOST_COMMON_SHARE:
                found.append((-share, -count, f"{count} of {len(own)} {words} disputes {told}"))
        for told, count, everywhere in (*_goods(lines, own), *_place(lines, own)):
            share = count / len(own)
            if share >= MOST_COMMON_SHARE and share >= MORE_THAN_ELSEWHERE * everywhere / len(lines):
                found.append((-share, -count, f"{count} of {len(own)} {words} disputes {told}"))
    return tuple(sentence for _, _, sentence in sorted(found))


def _shipping(own: Sequence[ReportLine]) -> list[tuple[str, int]]:
    """The carrier with or without a signature, where that is on record; else the carrier alone."""
    pairs = Counter((line.carrier, line.signed) for line in own if line.carrier not in _UNKNOWN)
    if not pairs:
        return []
    (carrier, signed), count = max(pairs.items(), key=lambda one: (one[1], one[0][0]))
    how = {True: " with a signature", False: " without signature", None: ""}[signed]
    return [(f"shipped with {carrier}{how}", count)]


def _goods(lines: Sequence[ReportLine], own: Sequence[ReportLine]) -> list[tuple[str, int, int]]:
    skus = Counter(sku for line in own for sku in line.skus if sku not in _UNKNOWN)
    if not skus:
        return []
    sku, count = max(skus.items(), key=lambda one: (one[1], one[0]))
    return [(f"were about SKU {sku}", count, sum(sku in line.skus for line in lines))]


def _place(lines: Sequence[ReportLine], own: Sequence[ReportLine]) -> list[tuple[str, int, int]]:
    places = Counter(line.marketplace for line in own if line.marketplace not in _UNKNOWN)
    if not places:
        return []
    place, count = max(places.items(), key=lambda one: (one[1], one[0]))
    return [(f"came from {place}", count, sum(line.marketplace == place for line in lines))]
