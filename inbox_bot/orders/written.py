"""What somebody newly wrote in a mail: Amazon's frame, quoted mails and footers taken off.

mail-parser-reply knows the words by which mail programs open a quote in many languages; it stops here, and only sees
a bounded piece of text, because some of its patterns are quadratic. What the words mean is read elsewhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

from inbox_bot.core.model import Mail
from inbox_bot.core.phrase_table import PhraseHit, PhraseTable

_LANGUAGES = ("en", "de", "fr", "it", "es", "nl", "sv", "pl", "ja", "zh")
_MOST_LOOKED_AT = 12_000  # characters for mail-parser-reply
_LONGEST_LINE = 240
_LONGEST_BODY = 300_000
_MOST_FRAME_LINES = 30
_TOKEN_LINE = re.compile(r"^\s{0,20}\[?commMgrTok:[^\s\]]{0,200}\]?\s{0,20}$", re.IGNORECASE)
_ITEM_LINE = re.compile(r"\[ASIN:? ?[A-Z0-9]{10}\]$")
_FRAME_HEAD = 600  # characters in which a mail says that it is a copy
_DECORATION = " \t-=_*#~:：>|【】[]¿¡，,"


def body_of(mail: Mail) -> str:
    """The text of a mail: the plain part, or the HTML part's where the plain one says nothing."""
    plain = mail.text.strip()
    is_stub = len(plain) < 60 and len(mail.html_text.strip()) > 2 * len(plain)
    return (mail.html_text if not plain or is_stub else mail.text)[:_LONGEST_BODY]


def new_text(body: str, frame: PhraseTable) -> str:
    """The words newly written in a clean mail body, with line ends.

    `frame` has the groups "begin" and "end" (lines round the message in Amazon's frame), "quote" (a line that opens
    an earlier mail), "wrote" (the end of such a line) and "footer" (a line that opens a footer). A body that is
    nothing but a quote gives "".
    """
    text = _without_frame_lines(_inside_frame(body.replace("&nbsp;", " "), frame), frame)
    lines = text.split("\n")
    cut = min(
        _first_line(text, frame, "quote"),
        _first_line(text, frame, "footer"),
        _first_wrote(text, frame),
        _signature(lines),
        _quote_by_library(lines),
    )
    footer = min(_first_line(text, frame, "footer"), _signature(lines))
    return _without_quotes(lines, cut, footer).strip()


def carries_buyer_words(subject: str, body: str, frame: PhraseTable) -> bool:
    """True for a mail of Amazon's that passes a buyer's message on."""
    hits = frame.find_all(body, {"relayed"})
    return frame.find_first(subject, {"relayed"}) is not None or any(_opens_line(body, hit) for hit in hits)


def is_copy_of_own(subject: str, body: str, frame: PhraseTable) -> bool:
    """True for a mail by which Amazon sends the seller a copy of what the seller wrote."""
    hits = frame.find_all(body[:_FRAME_HEAD], {"own_copy"})
    return frame.find_first(subject, {"own_copy"}) is not None or any(_opens_line(body, hit) for hit in hits)


def without_buyer_words(body: str, frame: PhraseTable) -> str:
    """The body of a mail of Amazon's own without the lines in which it repeats what a buyer wrote."""
    kept: list[str] = []
    end = 0
    for hit in frame.find_all(body, {"buyer_words"}):
        if hit.start >= end and _opens_line(body, hit):
            kept.append(body[end : hit.start])
            empty_line = body.find("\n\n", hit.end)
            end = empty_line if empty_line >= 0 else len(body)
    return "".join((*kept, body[end:]))


def _inside_frame(body: str, frame: PhraseTable) -> str:
    """The body between the frame's first begin line and the next end line."""
    start = 0
    for hit in frame.find_all(body, {"begin"}):
        if _opens_line(body, hit):
            line_end = _line_end(body, hit.end)
            behind = body[hit.end : line_end]
            rest = behind.strip(_DECORATION)
            if rest and behind.lstrip()[:1] not in (":", "："):
                continue  # "Message received, thank you"
            start = hit.end if rest else line_end
            break
    inside = body[start:].lstrip(":： \t") if start else body
    ends = [hit.start for hit in frame.find_all(inside, {"end"}) if _opens_line(inside, hit)]
    if ends and (start or inside[: ends[0]].strip(_DECORATION + "\n")):
        inside = inside[: inside.rfind("\n", 0, ends[0]) + 1]
    return inside.strip("\n").rstrip("-=_* \n") if start else inside


def _without_frame_lines(text: str, frame: PhraseTable) -> str:
    """The text without the lines of the frame above and below the message, and without Amazon's tokens anywhere."""
    lines = [line for line in text.split("\n") if _TOKEN_LINE.match(line) is None]
    first, last = 0, len(lines)
    while first < min(last, _MOST_FRAME_LINES) and (
        not lines[first].strip() or _is_frame_line(lines, first, frame)
    ):
        first += 1
    lowest = max(first, last - _MOST_FRAME_LINES)
    while last > lowest and (not lines[last - 1].strip() or _is_frame_line(lines, last - 1, frame)):
        last -= 1
    return "\n".join(lines[first:last])


def _is_frame_line(lines: list[str], number: int, frame: PhraseTable, *, is_below: bool = False) -> bool:
    """Whether the line is one of the frame's: a phrase of it and hardly more than an id, or the line above such."""
    line = lines[number].strip()
    if len(line) > _LONGEST_LINE:
        return False
    if _ITEM_LINE.search(line) is not None:
        return True
    hits = [hit for hit in frame.find_all(line, {"line"}) if not line[: hit.start].strip(_DECORATION)]
    if any(_is_id(line[hit.end :].strip(_DECORATION)) or len(hit.words) > 0.75 * len(line) for hit in hits):
        return True
    if is_below or line[-1:] not in (":", "：") or not frame.find_all(line, {"wrote"}):
        return False
    below = next((one for one in lines[number + 1 : number + 3] if one.strip()), "")
    return _is_frame_line([below], 0, frame, is_below=True)


def _is_id(words: str) -> bool:
    return not words or (" " not in words and any(char.isdigit() for char in words) and words.isascii())


def _signature(lines: list[str]) -> int:
    """The number of the line "--" that opens a signature, past the last one if there is none."""
    for number in range(len(lines) - 1, max(0, len(lines) - 8), -1):
        if lines[number].strip() == "--":
            return number
    return len(lines)


def _opens_line(text: str, hit: PhraseHit) -> bool:
    return not text[text.rfind("\n", 0, hit.start) + 1 : hit.start].strip(_DECORATION)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _first_line(text: str, frame: PhraseTable, name: str) -> int:
    """The number of the first line that a phrase of the group opens; past the last one if none does."""
    hit = next((hit for hit in frame.find_all(text, {name}) if _opens_line(text, hit)), None)
    return text.count("\n", 0, hit.start) if hit is not None else text.count("\n") + 1


def _first_wrote(text: str, frame: PhraseTable) -> int:
    """The number of the first line that ends in "wrote:", and of the one above it when the opening was wrapped."""
    for hit in frame.find_all(text, {"wrote"}):
        behind = text[hit.end : _line_end(text, hit.end)].strip()
        line = text[text.rfind("\n", 0, hit.start) + 1 : hit.start]
        if behind in (":", "：") and (any(char.isdigit() for char in line) or "@" in line):
            return text.count("\n", 0, hit.start)
    return text.count("\n") + 1


def _quote_by_library(lines: list[str]) -> int:
    """The number of the line where mail-parser-reply sees a quoted mail begin."""
    numbers: list[int] = []
    shown: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        if size > _MOST_LOOKED_AT:
            break
        if line.strip():  # runs of empty lines cost it quadratic time and tell nothing
            shown.append(line.strip()[:_LONGEST_LINE])
            numbers.append(number)
            size += len(shown[-1])
    found = _header_pattern().search("\n".join(shown))
    if found is None:
        return len(lines)
    above = found.group().lstrip("\n")
    position = found.start() + len(found.group()) - len(above)
    return numbers["\n".join(shown)[:position].count("\n")] if numbers else len(lines)


@lru_cache(maxsize=1)
def _header_pattern() -> re.Pattern[str]:
    from mailparser_reply.parser import EmailMessage

    return cast("re.Pattern[str]", EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX)


def _without_quotes(lines: list[str], cut: int, footer: int) -> str:
    """The lines before the cut that are no quotes; or, when an answer stands below its quote, those behind it."""
    above = [line for line in lines[:cut] if not line.lstrip().startswith(">")]
    below = lines[cut + 1 : footer]
    if any(line.lstrip().startswith(">") for line in below):
        # "On ... wrote:" with quote marks below it: whatever has no quote mark there is new
        opening = 0
        while opening < len(below) and not below[opening].lstrip().startswith(">"):
            opening += 1
        above += [line for line in below[opening:] if not line.lstrip().startswith(">")]
    return "\n".join(above)
