"""Mails inside mails: the header block of an inline forward, and where a reply begins to quote.

What the mail inside turns out to be is judged in `core/recognise.py`. Attached `message/rfc822` mails are taken
apart by the mail reader; here everything is text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

import re2

from inbox_bot.core.dates import find_dates
from inbox_bot.core.model import Address, Mail
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.text import one_line

_TAG = re2.compile(r"^\s*(?:\[[^\]]{1,40}\]|【[^】]{1,20}】|\([^)]{1,20}\)|External\s*:)\s*")
_EMAIL = re2.compile(r"(?:mailto:)?([A-Za-z0-9._%+=&'/-]{1,120}@[A-Za-z0-9.-]{1,200}[A-Za-z0-9])")
_QUOTE = re2.compile(r"^(?:[ \t]{0,3}>){1,20}[ ]?")
_OFFSET = re2.compile(
    r"(?:\b(?:GMT|UTC)[ ]?([+-])([0-9]{1,2})(?::?([0-9]{2}))?\b|([+-])([0-9]{2}):?([0-9]{2})\s*$)"
)
_CLOCK = re2.compile(
    r"(上午|下午|晚上|凌晨|中午)?[ ]?\b([0-9]{1,2})[:：时時]([0-9]{2})(?:[:：分]([0-9]{2}))?[ ]?([AaPp]\.?[Mm]\b)?"
)
_EARLIEST_ZONE = timezone(timedelta(hours=14))  # a clock time without a zone: nowhere is it that time earlier
_HEADER_LINES = 30  # a header block is shorter; a longer run of such lines is something else
_LOOKED_AT = 4000  # lines


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


def subject_prefix(subject: str, rules: NoticeRules) -> str:
    """What the first prefix of a subject says: "forward", "reply" or ""; tags such as [EXTERNAL] are skipped."""
    subject = one_line(subject[:1000])
    for _ in range(4):
        if (tag := _TAG.match(subject)) is None:
            break
        subject = subject[tag.end() :]
    found = _prefix_pattern(rules.of("forward", "forward_prefix"), rules.of("forward", "reply_prefix")).match(
        subject
    )
    if found is None:
        return ""
    return "forward" if found.group("forward") is not None else "reply"


def written_text(text: str, rules: NoticeRules) -> str:
    """What the writer of a mail wrote: the clean text up to the first quoted mail; all of it if that is empty."""
    lines = text.split("\n")
    cut = _first_quote(lines, rules)
    new = "\n".join(lines[:cut])
    return new if new.strip() else text


def unwrap_inline(mail: Mail, rules: NoticeRules) -> Mail | None:
    """The mail that another one forwards in its text, rebuilt; None when it forwards none: a reply only quotes.

    `mail.text` and `mail.html_text` have to be clean. The date of a block without a time zone is read as the
    earliest instant it can mean. Ids come from the outer mail's thread if they are Amazon's.
    """
    prefix = subject_prefix(mail.subject, rules)
    if prefix == "reply":
        return None
    for text, other in ((mail.text, mail.html_text), (mail.html_text, mail.text)):
        block, lines = find_block(text, rules)
        if block is None or not _is_forward(block, prefix, lines):
            continue
        inner = _rebuilt(mail, block, _body_lines(block, lines), rules)
        twin, twin_lines = find_block(other, rules)
        other_text = "\n".join(_body_lines(twin, twin_lines)).strip("\n") if twin else ""
        return (
            replace(inner, html_text=other_text)
            if text == mail.text
            else replace(inner, text=other_text, html_text=inner.text)
        )
    return None


def find_block(text: str, rules: NoticeRules) -> tuple[HeaderBlock | None, list[str]]:
    """The first header block of a clean text, and the text's lines (unquoted from the block on)."""
    lines = text.split("\n")
    names = _field_pattern(_words(rules, "field_"))
    marks = _marker_pattern(rules)
    for number, line in enumerate(lines[:_LOOKED_AT]):
        bare = _unquoted(line)
        if names.match(bare[:400]) is None or not bare.strip():
            continue
        block = _read_block(lines, number, names, marks)
        if block is not None:
            return block, lines
    return None, lines


def _body_lines(block: HeaderBlock, lines: Sequence[str]) -> list[str]:
    body = list(lines[block.body :])
    return [_unquoted(line) for line in body] if block.quoted else body


def _read_block(
    lines: Sequence[str], start: int, names: re2._Regexp, marks: re2._Regexp
) -> HeaderBlock | None:
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
        quoted=_QUOTE.match(lines[start]) is not None,
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


def _is_forward(block: HeaderBlock, prefix: str, lines: Sequence[str]) -> bool:
    if prefix == "forward" or block.marker == "forward":
        return True
    above = [line for line in lines[: block.first] if line.strip()]
    return not block.quoted and len(above) <= 12


def _first_quote(lines: Sequence[str], rules: NoticeRules) -> int:
    names = _field_pattern(_words(rules, "field_"))
    marks = _marker_pattern(rules)
    replies = _reply_line(rules)
    for number, line in enumerate(lines):
        if number > _LOOKED_AT:
            break
        if (
            _QUOTE.match(line) is not None
            and number
            and any(_QUOTE.match(one) for one in lines[number + 1 : number + 3])
        ):
            return number
        short = line[:300]
        if not short.strip():
            continue
        if any(replies(_one_line(lines[number : number + count]), count) for count in (1, 2, 3)):
            return number
        if marks.search(short) is not None or names.match(short) is not None:
            block = _read_block(lines, number + (marks.search(short) is not None), names, marks)
            if block is not None:
                return min(number, block.first)
    return len(lines)


def _one_line(lines: Sequence[str]) -> str:
    return " ".join(line.strip(" >|") for line in lines)[:400]


def _rebuilt(mail: Mail, block: HeaderBlock, body: Sequence[str], rules: NoticeRules) -> Mail:
    ids = mail.header_values("X-Forwarded-Message-Id") + mail.in_reply_to
    original = next((one.strip() for one in ids if _is_amazon_id(one.strip(), rules)), None)
    return replace(
        mail,
        message_id=original,
        subject=one_line(block.subject),
        sender=_address(block.sender),
        reply_to=(),
        to=tuple(Address("", found.group(1).lower()) for found in _EMAIL.finditer(block.to[:1000])),
        date_at=_instant(block.date, mail),
        in_reply_to=(),
        references=tuple(one for one in mail.references if original and one != original),
        headers=(),
        text="\n".join(body).strip("\n"),
        html_text="",
        attached=(),
        forwarded=(),
    )


def _is_amazon_id(message_id: str, rules: NoticeRules) -> bool:
    domain = message_id.strip("<>").rpartition("@")[2].lower()
    return rules.is_amazon(domain) or domain == "amazonses.com" or domain.endswith(".amazonses.com")


def _address(text: str) -> Address | None:
    found = list(_EMAIL.finditer(text[:600]))
    email = found[-1].group(1).lower() if found else ""
    name = one_line(text[: found[0].start()] if found else text).strip(" \"'<[(;*")
    return Address(name, email) if name or email else None


def _instant(text: str, mail: Mail) -> datetime | None:
    """The instant of a block's date line; without a zone the earliest one it can mean."""
    text = one_line(text[:120])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        moment = None
    if moment is not None and moment.tzinfo is not None and moment.year > 1990:
        return moment
    near = (mail.date_at or mail.received_at or datetime(2020, 1, 1, tzinfo=_EARLIEST_ZONE)).date()
    found = find_dates(text, near=near, past=True)
    if not found:
        return None
    return _with_clock(found[0].on, text)


def _with_clock(on: date, text: str) -> datetime:
    clock = _CLOCK.search(text)
    hour = int(clock.group(2)) if clock else 0
    minute = int(clock.group(3)) if clock else 0
    second = int(clock.group(4) or 0) if clock else 0
    half = ((clock.group(5) or clock.group(1) or "") if clock else "").lower()
    if half[:1] == "p" or half in ("下午", "晚上"):
        hour = hour % 12 + 12
    elif half[:1] == "a" or half in ("上午", "凌晨"):
        hour %= 12
    if hour > 23 or minute > 59 or second > 59:
        hour = minute = second = 0
    return datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=_zone(text))


def _zone(text: str) -> timezone:
    found = _OFFSET.search(text)
    if found is None:
        return _EARLIEST_ZONE
    sign, hours, minutes = (
        (found.group(1), found.group(2), found.group(3)) if found.group(1) else found.groups()[3:6]
    )
    offset = timedelta(hours=min(int(hours), 14), minutes=min(int(minutes or 0), 59))
    return timezone(-offset if sign == "-" else offset)


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


@lru_cache(maxsize=8)
def _prefix_pattern(forward: tuple[object, ...], reply: tuple[object, ...]) -> re2._Regexp:
    def either(entries: tuple[object, ...]) -> str:
        return "|".join(phrase.pattern for entry in entries for phrase in entry.phrases)  # type: ignore[attr-defined]

    counted = r"(?:[\[(（][0-9]{1,3}[\])）])?[ \t]{0,3}[:：]"
    return re2.compile(rf"^(?:(?P<forward>{either(forward)}){counted}|(?P<reply>{either(reply)}){counted})")


def _marker_pattern(rules: NoticeRules) -> re2._Regexp:
    forward = tuple(p.pattern for e in rules.of("forward", "forward_line") for p in e.phrases)
    original = tuple(p.pattern for e in rules.of("forward", "original_line") for p in e.phrases)
    return _marker(forward, original)


@lru_cache(maxsize=8)
def _marker(forward: tuple[str, ...], original: tuple[str, ...]) -> re2._Regexp:
    rule = r"^[ \t]{0,4}(?:[-_=*]{2,80}[ \t]{0,4})?"
    end = r"[ \t]{0,4}[:：]?[ \t]{0,4}(?:[-_=*]{2,80})?[ \t]{0,4}$"
    return re2.compile(f"{rule}(?:(?P<forward>{'|'.join(forward)})|(?P<original>{'|'.join(original)})){end}")


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
