"""Mails forwarded inside the text of another: found by their header block and rebuilt.

What the mail inside turns out to be is judged in `core/recognise.py`. Attached `message/rfc822` mails are taken
apart by the mail reader; here everything is text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

import re2

from inbox_bot.core.dates import find_dates
from inbox_bot.core.header_blocks import HeaderBlock, body_lines, find_block
from inbox_bot.core.model import Address, Mail
from inbox_bot.core.notice_rules import Entry, NoticeRules
from inbox_bot.core.text import plain_line

_TAG = re2.compile(r"^\s*(?:\[[^\]]{1,40}\]|【[^】]{1,20}】|\([^)]{1,20}\)|External\s*:)\s*")
_EMAIL = re2.compile(r"(?:mailto:)?([A-Za-z0-9._%+=&'/-]{1,120}@[A-Za-z0-9.-]{1,200}[A-Za-z0-9])")
_OFFSET = re2.compile(
    r"(?:\b(?:GMT|UTC)[ ]?([+-])([0-9]{1,2})(?::?([0-9]{2}))?\b|([+-])([0-9]{2}):?([0-9]{2})\s*$)"
)
_CLOCK = re2.compile(
    r"(上午|下午|晚上|凌晨|中午)?[ ]?\b([0-9]{1,2})[:：时時]([0-9]{2})(?:[:：分]([0-9]{2}))?[ ]?([AaPp]\.?[Mm]\b)?"
)
_EARLIEST_ZONE = timezone(timedelta(hours=14))  # a clock time without a zone: nowhere is it that time earlier


def subject_prefix(subject: str, rules: NoticeRules) -> str:
    """What the first prefix of a subject says: "forward", "reply" or ""; tags such as [EXTERNAL] are skipped."""
    subject = plain_line(subject[:1000])
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
        inner = _rebuilt(mail, block, body_lines(block, lines), rules)
        twin, twin_lines = find_block(other, rules)
        other_text = "\n".join(body_lines(twin, twin_lines)).strip("\n") if twin else ""
        return (
            replace(inner, html_text=other_text)
            if text == mail.text
            else replace(inner, text=other_text, html_text=inner.text)
        )
    return None


def _is_forward(block: HeaderBlock, prefix: str, lines: Sequence[str]) -> bool:
    if prefix == "forward" or block.marker == "forward":
        return True
    above = [line for line in lines[: block.first] if line.strip()]
    return not block.quoted and len(above) <= 12


def _rebuilt(mail: Mail, block: HeaderBlock, body: Sequence[str], rules: NoticeRules) -> Mail:
    ids = mail.header_values("X-Forwarded-Message-Id") + mail.in_reply_to
    original = next((one.strip() for one in ids if _is_amazon_id(one.strip(), rules)), None)
    return replace(
        mail,
        message_id=original,
        subject=plain_line(block.subject),
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
    name = plain_line(text[: found[0].start()] if found else text).strip(" \"'<[(;*")
    return Address(name, email) if name or email else None


def _instant(text: str, mail: Mail) -> datetime | None:
    """The instant of a block's date line; without a zone the earliest one it can mean."""
    text = plain_line(text[:120])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        moment = None
    if moment is not None and moment.tzinfo is not None and 1990 < moment.year < 2200:
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


@lru_cache(maxsize=8)
def _prefix_pattern(forward: tuple[Entry, ...], reply: tuple[Entry, ...]) -> re2._Regexp:
    def either(entries: tuple[Entry, ...]) -> str:
        return "|".join(phrase.pattern for entry in entries for phrase in entry.phrases)

    counted = r"(?:[\[(（][0-9]{1,3}[\])）])?[ \t]{0,3}[:：]"
    return re2.compile(rf"^(?:(?P<forward>{either(forward)}){counted}|(?P<reply>{either(reply)}){counted})")
