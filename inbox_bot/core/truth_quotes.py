"""What a letter quotes: each quotation of the correspondence must stand in a message, and is checked no further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import re2

from inbox_bot.core.record import Dossier, Message
from inbox_bot.core.truth_known import days_of, folded, spoken
from inbox_bot.core.truth_text import days_in
from inbox_bot.core.truth_words import StatementWords

_QUOTED_LINE = re2.compile(
    r"(?m)^[ \t]*[-*•·]?[ \t]*(?P<head>[^\"\n]{6,60}?[,，][ ]?(?P<who>[^\s,，:：\"]{2,12})[ ]?[:：])[ ]?\""
)
_END_OF_QUOTE = re2.compile(r"\"[ \t.。]*(?:\n[ \t]*(?:\n|[-*•·][ \t])|\n?[ \t\n]*$)")
_INLINE = re2.compile(r"\"(?P<words>[^\"]{1,900})\"|「(?P<cjk>[^」\n]{1,400})」")
_BRACKETS = re2.compile(r"\[[^\[\]\n]{0,80}\]|\[[^\]]{0,80}$")
_MOST_QUOTES = 2000
_FEWEST = 12  # letters and digits; a shorter quotation is a name or a term


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation: its span with the marks, and what is wrong with it ("" when it is right)."""

    start: int
    end: int
    wrong: str


@dataclass(frozen=True, slots=True)
class _Said:
    message: Message
    folded: str
    days: frozenset[date]


def quotes_in(text: str, dossiers: Sequence[Dossier], near: date, words: StatementWords) -> tuple[Quote, ...]:
    """The quotations of a plain letter, in order: those in lines of their own, and those inside sentences."""
    said = tuple(_said(dossiers))
    lines = list(_lines(text, said, near))
    inline = [
        quote
        for quote in _inline(text, said, words)
        if not any(one.start <= quote.start < one.end for one in lines)
    ]
    return tuple(sorted((*lines, *inline), key=lambda one: one.start))


def _said(dossiers: Sequence[Dossier]) -> Iterator[_Said]:
    for dossier in dossiers:
        channel = dossier.order.sales_channel if dossier.order else ""
        for one in spoken(dossier):
            yield _Said(one, folded(one.text), days_of(one.at, channel or "amazon.com"))


def _lines(text: str, said: Sequence[_Said], near: date) -> Iterator[Quote]:
    past = 0
    for match in islice(_QUOTED_LINE.finditer(text), _MOST_QUOTES):
        party = _PARTIES.get(match.group("who").casefold())
        if party is None or match.start() < past:
            continue
        closing = _END_OF_QUOTE.search(text, match.end())
        end = closing.start() if closing is not None else len(text)
        past = min(end + 1, len(text))
        head = match.group("head")
        days = [readings for _, readings in days_in(head, near)]
        wrong = _wrong(text[match.end() : end], said, party, days)
        yield Quote(match.end() - 1, past, wrong)


_BUYERS = (
    "buyer customer käufer koper acheteur acquirente comprador köpare köparen kupujący alıcı 买家 購入者"
)
_SELLERS = (
    "seller verkäufer verkoper vendeur venditore vendedor säljare säljaren sprzedający satıcı 卖家 出品者"
)
_PARTIES = {
    **dict.fromkeys(_BUYERS.split(" "), "buyer"),
    **dict.fromkeys(_SELLERS.split(" "), "seller"),
}


def _wrong(words: str, said: Sequence[_Said], party: str, days: Sequence[frozenset[date]]) -> str:
    found = [one for one in said if _stands_in(words, one.folded)]
    if not found:
        return "no message on record says so"
    found = [one for one in found if one.message.party.value == party]
    if not found:
        return f"it was not the {party} who wrote this"
    if days and not any(one.days & readings for one in found for readings in days):
        return f"the record says {found[0].message.at.date().isoformat()}"
    return ""


def _inline(text: str, said: Sequence[_Said], words: StatementWords) -> Iterator[Quote]:
    for match in islice(_INLINE.finditer(text), _MOST_QUOTES):
        quoted = match.group("words") or match.group("cjk")
        if "\n\n" in quoted:
            continue
        bare = folded(quoted)
        if len(bare) < _FEWEST and not (len(bare) >= 4 and not bare.isascii()):
            continue
        if any(_stands_in(quoted, one.folded) for one in said):
            yield Quote(match.start(), match.end(), "")
            continue
        around = text[max(0, match.start() - 60) : match.start()].rpartition("\n")[2]
        around += " " + text[match.end() : match.end() + 30].partition("\n")[0]
        if words.reading.find_first(around, {"said"}) is not None:
            yield Quote(match.start(), match.end(), "no message on record says so")


def _stands_in(quoted: str, message: str) -> bool:
    """Whether the pieces of the quotation stand in the message in order; what is in brackets was taken out."""
    at = 0
    pieces = [folded(piece) for part in _BRACKETS.split(quoted) for piece in part.split("...")]
    pieces = [piece for piece in pieces if piece]
    if not pieces:
        return True
    for piece in pieces:
        at = message.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True
