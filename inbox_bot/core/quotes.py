"""Where a mail stops being its writer's own words and begins to quote an earlier mail.

The header blocks that some programs quote with are read in `core/header_blocks.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import re2

from inbox_bot.core.header_blocks import LOOKED_AT, block_patterns, is_quoted, read_block
from inbox_bot.core.notice_rules import NoticeRules


def written_text(text: str, rules: NoticeRules) -> str:
    """What the writer of a mail wrote: the clean text up to the first quoted mail; all of it if that is empty."""
    lines = text.split("\n")
    cut = _first_quote(lines, rules)
    new = "\n".join(lines[:cut])
    return new if new.strip() else text


def _first_quote(lines: Sequence[str], rules: NoticeRules) -> int:
    names, marks = block_patterns(rules)
    replies = _reply_line(rules)
    for number, line in enumerate(lines):
        if number > LOOKED_AT:
            break
        if number and is_quoted(line) and any(map(is_quoted, lines[number + 1 : number + 3])):
            return number
        short = line[:300]
        if not short.strip():
            continue
        if any(replies(_one_line(lines[number : number + count]), count) for count in (1, 2, 3)):
            return number
        if marks.search(short) is not None or names.match(short) is not None:
            block = read_block(lines, number + (marks.search(short) is not None), names, marks)
            if block is not None:
                return min(number, block.first)
    return len(lines)


def _one_line(lines: Sequence[str]) -> str:
    return " ".join(line.strip(" >|") for line in lines)[:400]


def _reply_line(rules: NoticeRules) -> Callable[[str, int], bool]:
    opening = tuple(p.pattern for e in rules.of("forward", "reply_opening") for p in e.phrases)
    closing = tuple(p.pattern for e in rules.of("forward", "reply_closing") for p in e.phrases)
    begins, goes_on = _replies(opening, closing)

    def is_reply_line(line: str, count: int) -> bool:
        """Whether "On <date>, <who> wrote:" stands here: an opening or a date or address, the verb, a colon.

        One that was wrapped (`count` lines) needs the opening: the lines before it would count as its beginning.
        """
        if not line.endswith((":", "：")) or len(line) > 300 or goes_on.search(line) is None:
            return False
        known = "@" in line or any(char.isdigit() for char in line)
        return known and (count == 1 or begins.match(line) is not None)

    return is_reply_line


@lru_cache(maxsize=8)
def _replies(opening: tuple[str, ...], closing: tuple[str, ...]) -> tuple[re2._Regexp, re2._Regexp]:
    return re2.compile(f"^(?:{'|'.join(opening)})"), re2.compile("|".join(closing))
