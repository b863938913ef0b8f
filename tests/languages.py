"""Mails in the twelve languages, each with what a person reads in it, and what the program reads.

As a program it counts the fields that are read right: `python tests/languages.py [unseen]`, where a word limits the count
to the mails whose name holds it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from fuzz_reading import understand

from inbox_bot.core.cldr import LANGUAGES
from inbox_bot.core.model import Notice

FOLDER = Path(__file__).parent.parent / "fixtures" / "languages"
MAILS = sorted(FOLDER.glob("*/*.eml"))
_OF_A_DECISION = ("kind", "language", "order_id", "amount", "currency", "outcome")


def expected(path: Path) -> dict[str, Any]:
    """What a person reads in the mail, by the name of the field."""
    fields = json.loads(path.with_suffix(".expected.json").read_text("utf-8"))
    if fields["kind"] == "other":
        return {"kind": "other"}
    if fields["kind"] == "decision":
        return {name: fields.get(name) for name in _OF_A_DECISION}
    return dict(fields)


def read(path: Path) -> dict[str, Any]:
    """What the program reads in the mail, in the same form."""
    _, notice = understand(path.read_bytes())
    return {"kind": "other"} if notice is None else _fields(notice)


def _fields(notice: Notice) -> dict[str, Any]:
    place = notice.destination
    return {
        "kind": notice.kind.value,
        "language": notice.language,
        "order_id": notice.order_id,
        "reason": notice.reason.value,
        "amount": None if notice.amount is None else str(notice.amount.amount),
        "currency": None if notice.amount is None else notice.amount.currency,
        "items": list(notice.items),
        "postal_code": place.postal_code if place else "",
        "city": place.city if place else "",
        "asks": sorted(one.value for one in notice.asks),
        "outcome": notice.outcome.value if notice.outcome else None,
        "stated_days": notice.stated_days,
        "stated_on": notice.stated_on.isoformat() if notice.stated_on else None,
    }


def wrong_fields(path: Path) -> dict[str, tuple[Any, Any]]:
    """By field what was read and what stands there, where the two differ."""
    found, truth = read(path), expected(path)
    return {name: (found.get(name), value) for name, value in truth.items() if found.get(name) != value}


def main(part: str = "") -> None:
    """Print the count for each language and every field that is wrong."""
    right, of = Counter[str](), Counter[str]()
    for path in (one for one in MAILS if part in one.name):
        wrong = wrong_fields(path)
        of[path.parent.name] += len(expected(path))
        right[path.parent.name] += len(expected(path)) - len(wrong)
        for name, (found, truth) in wrong.items():
            print(f"{path.parent.name}/{path.name}: {name} read as {found!r}, is {truth!r}")
    for language in LANGUAGES:
        print(f"{language}: {right[language]} of {of[language]} fields")
    print(
        f"all: {sum(right.values())} of {sum(of.values())} ({sum(right.values()) / max(1, sum(of.values())):.1%})"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
