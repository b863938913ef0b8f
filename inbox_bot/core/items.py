"""The titles of the disputed items, whatever brackets stand in them and however the notice lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import re2

from inbox_bot.core.labels import Label
from inbox_bot.core.text import one_line

_COUNTED = re2.compile(
    r"(?i)(?:^|[\s;,，；、])(?:[-*•·][ ]?)?[0-9]{1,4}[ ]?(?:of|x|×|pcs?\.? of|units? of|件|个|個)[ ]?[(（]"
)
_TIMES = re2.compile(
    r"(?i)^(?:[-*•·][ ]?)?(?:[0-9]{1,4}[ ]?[x×][ ]|[x×][ ]?[0-9]{1,4}[ ]|[0-9]{1,4}[ ]of[ ]|(?:qty|quantity)[.:]?[ ]?[0-9]{1,4}[ ]?[-:,x]?[ ])"
)
_TIMES_INSIDE = re2.compile(r"(?i)[;,；，、][ ]{0,2}[0-9]{1,4}[ ]?[x×][ ]")
_TIMES_BEHIND = re2.compile(
    r"(?i)[ ]*(?:[,;(（-]?[ ]?(?:qty|quantity|数量|數量|menge|quantité|quantità)[.]?[ ]?[:：]?[ ]?[0-9]{1,4}[)）]?|[x×*][ ]?[0-9]{1,4}|[(（][x×][ ]?[0-9]{1,4}[)）])$"
)
_BULLET = re2.compile(r"^(?:[-*•·●▪–][ ]{1,4}|[0-9]{1,2}[.)、][ ]{1,4})")
_MOST = 50
_LONGEST = 500


def read_items(labels: Sequence[Label]) -> tuple[str, ...]:
    """The titles in order of appearance, each once, without counts."""
    titles: list[str] = []
    for label in labels:
        if label.field == "items":
            titles += [title for title in _titles(label.lines) if title not in titles]
    return tuple(titles[:_MOST])


def _titles(lines: Sequence[str]) -> Iterator[str]:
    text = _joined(lines)
    starts = list(_COUNTED.finditer(f" {text}"))
    if starts:
        ends = [match.start() for match in starts[1:]] + [len(text) + 1]
        for match, end in zip(starts, ends, strict=True):
            yield from _clean(_in_brackets(f" {text}"[match.end() : end]))
        return
    for line in _lists(lines):
        pieces = _TIMES_INSIDE.split(line) if _TIMES.match(line) is not None else [line]
        for piece in pieces:
            yield from _clean(_without_count(piece))


def _lists(lines: Sequence[str]) -> list[str]:
    """One text an item: bulleted and counted lines stand for themselves, others are one title wrapped."""
    begins = [line for line in lines if _BULLET.match(line) is not None or _TIMES.match(line) is not None]
    if not begins:
        return _unwrapped(lines)
    found: list[str] = []
    for line in lines:
        if found and line not in begins:
            found[-1] = _joined([found[-1], line])
        else:
            found.append(line)
    return found


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """A short line ends a title, a full one is wrapped into the next."""
    found: list[str] = []
    wrapped = False
    for line in lines:
        if wrapped and found:
            found[-1] = _joined([found[-1], line])
        else:
            found.append(line)
        wrapped = len(line) >= 58 or found[-1].count("(") > found[-1].count(")")
    return found


def _joined(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        line = line.strip()
        cjk = bool(text and line) and text[-1] > "\u2e7f" and line[0] > "\u2e7f"
        text += line if cjk or not text else f" {line}"
    return text


def _in_brackets(text: str) -> str:
    """The text up to the bracket that closes it; brackets inside are kept, missing ones forgiven."""
    depth = 1
    for position, char in enumerate(text):
        if char in "(（":
            depth += 1
        elif char in ")）":
            depth -= 1
            if depth == 0:
                rest = text[position + 1 :].strip(" .;,，；。、")
                return (
                    text[:position] if not rest or not any(mark in rest for mark in ")）") else _to_last(text)
                )
    return _to_last(text)


def _to_last(text: str) -> str:
    last = max(text.rfind(")"), text.rfind("）"))
    return text[:last] if last >= 0 else text


def _without_count(text: str) -> str:
    text = text.strip()
    if (bullet := _BULLET.match(text)) is not None:
        text = text[bullet.end() :]
    if (count := _TIMES.match(text)) is not None:
        text = text[count.end() :]
    if (count := _TIMES_BEHIND.search(text)) is not None and count.start() > 0:
        text = text[: count.start()]
    return text.strip()


def _clean(title: str) -> Iterator[str]:
    title = one_line(title).strip(" ,;，；")
    if len(title) > 1 and title[0] in "\"'“「" and title[-1] in "\"'”」":
        title = title[1:-1].strip()
    if title and any(char.isalpha() for char in title):
        yield title[:_LONGEST]
