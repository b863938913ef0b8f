"""The header lines that a mail program puts above a mail it forwards or quotes, in the styles of many programs.

What they mean is judged in `core/forwards.py` and `core/quotes.py`. The field names are data (`[[forward]]` in the
notice rules).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import re2

from inbox_bot.core.notice_rules import NoticeRules

_QUOTE = re2.compile(r"^(?:[ \t]{0,3}>){1,20}[ ]?")
_HEADER_LINES = 30  # a header block is shorter; a longer run of such lines is something else
LOOKED_AT = 4000  # lines


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The header lines of a mail inside a mail: `first` line of the block (its marker line if it has one), `body`
    the line behind it. `marker` is "forward", "original" or "" and tells what the line above said."""

    first: int
    body: int
    marker: str
    quoted: bool
    sender: str
    date: str
    to: str
    subject: str


def find_block(text: str, rules: NoticeRules) -> tuple[HeaderBlock | None, list[str]]:
    """The first header block of a clean text, and the text's lines (unquoted from the block on)."""
    lines = text.split("\n")
    names, marks = block_patterns(rules)
    for number, line in enumerate(lines[:LOOKED_AT]):
        bare = _unquoted(line)
        if names.match(bare[:400]) is None or not bare.strip():
            continue
        block = read_block(lines, number, names, marks)
        if block is not None:
            return block, lines
    return None, lines


def is_quoted(line: str) -> bool:
    """Whether the line begins with a quote mark."""
    return _QUOTE.match(line) is not None


def block_patterns(rules: NoticeRules) -> tuple[re2._Regexp, re2._Regexp]:
    """The patterns of a header line and of the line above a block; made once for the rules."""
    found = rules.kept.get(block_patterns)
    if found is None:
        found = rules.kept[block_patterns] = _field_pattern(_words(rules, "field_")), _marker_pattern(rules)
    return cast("tuple[re2._Regexp, re2._Regexp]", found)


def read_block(
    lines: Sequence[str], start: int, names: re2._Regexp, marks: re2._Regexp
) -> HeaderBlock | None:
    """The header block that begins at a line, if one does; `names` and `marks` are the `block_patterns`."""
    found: dict[str, str] = {}
    number, last, body = start, "", start
    while number < min(len(lines), start + _HEADER_LINES):
        bare = _unquoted(lines[number]).strip()
        field = names.match(bare[:2000])
        if field is not None:
            last = next(
                name for name, value in field.groupdict().items() if value is not None and name != "value"
            )
            if last in found and last != "other":
                break
            found[last] = field.group("value").strip().strip("*").strip()
        elif not bare:
            ahead = next(
                (_unquoted(line).strip() for line in lines[number + 1 : number + 3] if line.strip(" >|")), ""
            )
            if names.match(ahead[:400]) is None:
                break
        elif (
            last in ("to", "other", "subject", "sender")
            and len(found[last]) < 1500
            and _goes_on(found, last, bare)
        ):
            found[last] = f"{found[last]} {bare}".strip()
        else:
            break
        number += 1
        body = number
    if "sender" not in found or not ({"date", "subject"} & set(found)) or len(found) < 2:
        return None
    above = next(
        (index for index in range(start - 1, max(-1, start - 4), -1) if lines[index].strip(" >|")), None
    )
    marker = ""
    if above is not None and (mark := marks.search(_unquoted(lines[above])[:300])) is not None:
        marker = "forward" if mark.group("forward") is not None else "original"
    return HeaderBlock(
        first=above if marker and above is not None else start,
        body=body,
        marker=marker,
        quoted=is_quoted(lines[start]),
        sender=found["sender"],
        date=found.get("date", ""),
        to=found.get("to", ""),
        subject=found.get("subject", ""),
    )


def _goes_on(found: dict[str, str], last: str, bare: str) -> bool:
    """Whether a line without a field name continues the field above: an address list, an empty or a cut value."""
    if not found[last]:
        return True
    if last in ("to", "other", "sender"):
        return "@" in bare[:200] or found[last].endswith((",", ";"))
    return len(found) < 4 or len(found[last]) > 50


def body_lines(block: HeaderBlock, lines: Sequence[str]) -> list[str]:
    """The lines of the mail below the block."""
    body = list(lines[block.body :])
    return [_unquoted(line) for line in body] if block.quoted else body


def _unquoted(line: str) -> str:
    found = _QUOTE.match(line)
    return line[found.end() :] if found is not None else line


def _words(rules: NoticeRules, beginning: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (entry.means.removeprefix("field_").replace("from", "sender"), phrase.pattern)
        for entry in rules.of("forward")
        if entry.means.startswith(beginning)
        for phrase in entry.phrases
    )


@lru_cache(maxsize=8)
def _field_pattern(words: tuple[tuple[str, str], ...]) -> re2._Regexp:
    groups = []
    for name in ("sender", "date", "to", "subject", "other"):
        patterns = "|".join(pattern for field, pattern in words if field == name) or r"\z\A\b\B"
        groups.append(f"(?P<{name}>{patterns})")
    return re2.compile(
        r"^[ \t*_]{0,8}(?:" + "|".join(groups) + r")[ \t*_]{0,6}[:：][ \t*_]{0,6}(?P<value>.*)$"
    )


def _marker_pattern(rules: NoticeRules) -> re2._Regexp:
    forward = tuple(p.pattern for e in rules.of("forward", "forward_line") for p in e.phrases)
    original = tuple(p.pattern for e in rules.of("forward", "original_line") for p in e.phrases)
    return _marker(forward, original)


@lru_cache(maxsize=8)
def _marker(forward: tuple[str, ...], original: tuple[str, ...]) -> re2._Regexp:
    rule = r"^[ \t]{0,4}(?:[-_=*]{2,80}[ \t]{0,4})?"
    end = r"[ \t]{0,4}[:：]?[ \t]{0,4}(?:[-_=*]{2,80})?[ \t]{0,4}$"
    return re2.compile(f"{rule}(?:(?P<forward>{'|'.join(forward)})|(?P<original>{'|'.join(original)})){end}")
