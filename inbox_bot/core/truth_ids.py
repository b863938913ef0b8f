"""The ids, citations and counts of a letter, held against the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import re2

from inbox_bot.core.facts import items_of
from inbox_bot.core.record import Party
from inbox_bot.core.truth_known import (
    folded,
    spoken,
)
from inbox_bot.core.truth_scope import Known, Wrong, any_of, wrapped
from inbox_bot.core.truth_words import StatementWords
from inbox_bot.core.values import find_order_ids

_ID = re2.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{6,58})[A-Za-z0-9]")
_CITED = re2.compile(
    r"(?i)(?:\b(?:exhibits?|exh\.|anlagen?|bijlagen?|pièces?|annexes?|allegat[oi]|anexos?|bilag(?:a|or)|"
    r"załączniki?|ek)|证据|證據|証拠)[ ]{0,3}(?:no\.?[ ]?|nr\.?[ ]?|#)?"
    r"(?P<numbers>[0-9]{1,4}(?:[ ]?(?:,|and|-|to|&|und|bis|en|tot|et|à|e|y|a|och|i|ve|、|和|至)[ ]?[0-9]{1,4})*)"
)
_NUMBER = re2.compile(r"[0-9]+")
_COUNT = re2.compile(
    r"(?P<count>[0-9]{1,4}|\b(?i:one|two|three|four|five|six|seven|eight|nine|ten)\b)[ ]{0,2}$"
)
_COUNT_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def ids(
    text: str, spans: Sequence[tuple[int, int]], known: Known, words: StatementWords
) -> Iterator[tuple[Wrong, int, int]]:
    """Order ids and other long ids that nobody has on record; what stands in `spans` is something else."""
    good = [match.span(1) for pattern in known.id_patterns for match in pattern.finditer(text)]
    own = [hit.end for hit in words.reading.find_all(text, {"own_number"})]
    for order_id in find_order_ids(text):
        if folded(order_id) not in known.ids:
            at = max(text.find(order_id), 0)
            yield Wrong("order id", f"the letter names order {order_id}; it is not on record"), at, at + 19
    for match in _ID.finditer(text):
        start, end = match.span()
        token = match.group()
        if sum(char.isdigit() for char in token) < 6 or "_" in text[max(0, start - 1) : end + 1]:
            continue
        if find_order_ids(token) or text[max(0, start - 1) : start] in ("+", "@", "/", "."):
            continue
        if any(one <= start and end <= two for one, two in good):
            continue
        if any(one < end and start < two for one, two in spans):
            continue
        if any(0 <= start - one <= _NEAR for one in own):
            continue
        yield Wrong("id", f"the letter names {token}; it is not on record"), start, end


_NEAR = 20


def citations(text: str, exhibits: int) -> Iterator[tuple[Wrong, int, int]]:
    """Exhibits that there are not."""
    for match in _CITED.finditer(text):
        for number in _NUMBER.findall(match.group("numbers")):
            if not 1 <= int(number) <= exhibits:
                what = f"the letter points at exhibit {number}; there are {exhibits}"
                yield Wrong("exhibit", what), match.start(), match.end()


def counts(text: str, known: Known, words: StatementWords) -> Iterator[tuple[Wrong, int, int]]:
    """Numbers of messages that the record does not have."""
    dossier = known.ground.dossiers[0]
    said = spoken(dossier)
    by_buyer = sum(one.party is Party.BUYER for one in said)
    for hit in words.reading.find_all(text, {"counted"}):
        match = _COUNT.search(text[max(0, hit.start - 12) : hit.start])
        if match is None:
            continue
        count = match.group("count").casefold()
        number = int(count) if count.isdigit() else _COUNT_WORDS.index(count) + 1
        if number not in (len(said), by_buyer, len(said) - by_buyer):
            what = f"the letter counts {number} messages; the record has {len(said)}"
            yield Wrong("number of messages", what), hit.start, hit.end


def quantities_in(text: str, known: Known) -> Iterator[tuple[Wrong, int, int]]:
    """Where the letter counts an item of the order otherwise than the record ("2 x Blue Mug")."""
    pieces: dict[str, set[int]] = {}
    for dossier in known.ground.dossiers:
        for item in items_of(known.ground.notice, dossier.order):
            pieces.setdefault(" ".join(item.title.split()), set()).add(item.quantity)
        for back in dossier.returns:
            pieces.setdefault(back.sku, set()).add(back.quantity)
    for title, right in list(pieces.items())[:_MOST_TITLES]:
        if len(folded(title)) < 2:
            continue
        for pattern in any_of(
            [wrapped(title)], _BEFORE_TITLE + (_EDGE if title[0].isascii() else "(?:"), _BEHIND_TITLE
        ):
            for match in pattern.finditer(text):
                said = match.group("before") or match.group("behind")
                if said and int(said) not in right:
                    shown = ", ".join(str(one) for one in sorted(right))
                    what = f"the letter counts {said} x {title[:60]}; the record says {shown}"
                    yield Wrong("quantity", what), match.start(), match.end()


_MOST_TITLES = 200
_BEFORE_TITLE = r"(?:(?:^|[^0-9])(?P<before>[0-9]{1,6})[ ]?[x×][ ])?"
_EDGE = r"(?:\b|[^A-Za-z0-9])(?:"
_BEHIND_TITLE = r")(?:[ ][x×][ ]?(?P<behind>[0-9]{1,6})(?:[^0-9]|$))?"
