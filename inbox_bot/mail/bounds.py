"""What a stranger's mail may cost: all the caps, and the raw bytes brought within them before any parser sees them.

What is over a cap is cut or left out and named in a `Problem`; nothing here raises. Decoding the fields is the
business of `mail/header.py`, walking the parts of `mail/message.py`, laying out HTML of `mail/html.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from inbox_bot.core.errors import Problem

MAIL_BYTES = 25 * 1024 * 1024
HEADER_BYTES = 256 * 1024
FIELD_BYTES = 32 * 1024
FIELDS = 2_000
PARTS = 200
DEPTH = 20
FORWARDS_DEEP = 5
FORWARDS = 20
FORWARD_HEADER_BYTES = 32 * 1024
WHITE_SPACE_RUN = 2_000
TEXT_CHARACTERS = 2_000_000
HTML_CHARACTERS = 1_000_000
HTML_ELEMENTS = 20_000
HTML_DEPTH = 200
TABLE_CHARACTERS = 3_000_000

_SEPARATORS = 800
_MULTIPARTS = 100
_LINES = 400_000
_LINES_TIMES_MULTIPARTS = 4_000_000
_MIME_FIELD_BYTES = 4_096

_BLANK_LINE = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})([ \t]*):")
# Fields by which a broken header block is seen to go on behind a line that is none.
_FAMILIAR = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|reply-to|in-reply-to|references|received|return-path|mime-version|"
    rb"content-type|content-transfer-encoding|authentication-results|dkim-signature)[ \t]*:",
    re.IGNORECASE,
)
# Fields that the own server adds or strips: a disguised one, which it may have overlooked, is not believed.
_TRACE = re.compile(rb"(?:authentication-results|received|received-spf|dkim-signature|arc-.*)", re.IGNORECASE)
_WHITE_SPACE = re.compile(rb"(?<![ \t\r\n])[ \t\r\n]{%d,}" % WHITE_SPACE_RUN)
_SEPARATOR = re.compile(rb"[\r\n]--")
_CONTENT_FIELD = re.compile(rb"[\r\n]content-")  # looked for in lower case: ignoring case is ten times slower
_MULTIPART = re.compile(rb"[\r\n]content-type[ \t]*:[ \t\r\n]*multipart/")
_FIELD_END = re.compile(rb"[\r\n](?![ \t\n])")


@dataclass(slots=True)
class Allowance:
    """What is left of the caps while one mail and the mails inside it are read; `take` says how much may be used."""

    parts: int = PARTS
    forwards: int = FORWARDS
    text_characters: int = TEXT_CHARACTERS
    html_characters: int = HTML_CHARACTERS
    html_elements: int = HTML_ELEMENTS

    def take(self, name: str, wanted: int) -> int:
        """As much of `wanted` as is left of the cap of that name."""
        left: int = getattr(self, name)
        granted = min(left, wanted)
        setattr(self, name, left - granted)
        return granted


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail within the caps: its header fields as bytes (unfolded, not decoded), its body, what was cut."""

    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    problems: tuple[Problem, ...] = ()


def bound_mail(raw: bytes, header_bytes: int = HEADER_BYTES) -> RawMail:
    """Split a raw mail into header fields and body, and bring both within the caps."""
    problems: list[Problem] = []
    if len(raw) > MAIL_BYTES:
        raw = raw[:MAIL_BYTES]
        problems.append(Problem(f"the mail is larger than {MAIL_BYTES} bytes: the rest was not read"))
    head, body = _split(raw)
    if len(head) > header_bytes:
        head = head[: max(head.rfind(b"\n", 0, header_bytes), 0)]
        problems.append(
            Problem(f"the header block is larger than {header_bytes} bytes: the rest was not read")
        )
    head = _shorten_white_space(head, "header block", problems)
    fields, rest = _fields(head, problems)
    if rest and body:
        rest += b"\n"  # the blank line that was taken for the end of the header block
    return RawMail(fields, _bound_body(rest + body, problems), tuple(problems))


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """The header block (lines end in LF) and the body."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if b"\n" not in raw[: 2 * HEADER_BYTES]:
        raw = raw.replace(b"\r", b"\n")
    blank = _BLANK_LINE.search(raw)
    if blank is None:
        return raw, b""
    return raw[: blank.start() + 1], raw[blank.end() :]


def _fields(head: bytes, problems: list[Problem]) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    """The fields of a header block, and what follows them when the blank line is missing."""
    lines = head.split(b"\n")
    last_familiar: int | None = None
    found: list[tuple[bytes, list[bytes]]] = []
    rest = b""
    is_broken = False
    for number, line in enumerate(lines):
        line = line.rstrip(b"\r")
        match = _FIELD.match(line)
        if match:
            name = match.group(1)
            if (is_broken or match.group(2)) and _TRACE.fullmatch(name):
                problems.append(
                    Problem(f"a {name.decode('ascii')} field in an odd form or place: not believed")
                )
                name = b"X-Disguised-" + name
            found.append((name, [line[match.end() :]]))
        elif line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
        elif not line or (number == 0 and line.startswith((b"From ", b">From "))):
            continue
        else:
            last_familiar = _last_familiar(lines) if last_familiar is None else last_familiar
            if number >= last_familiar:
                problems.append(Problem("no blank line parts the header fields from the text"))
                rest = b"\n".join(lines[number:])
                break
            problems.append(Problem("a line in the header block is no header field: it was left out"))
            is_broken = True
    return _bound_fields(found, problems), rest


def _last_familiar(lines: list[bytes]) -> int:
    return max((number for number, line in enumerate(lines) if _FAMILIAR.match(line)), default=-1)


def _bound_fields(
    found: list[tuple[bytes, list[bytes]]], problems: list[Problem]
) -> tuple[tuple[bytes, bytes], ...]:
    if len(found) > FIELDS:
        problems.append(Problem(f"more than {FIELDS} header fields: the rest was not read"))
    fields: list[tuple[bytes, bytes]] = []
    for name, lines in found[:FIELDS]:
        # A bare CR is no line end: read as one, it would let a sender hide a whole field inside another.
        value = b"\n".join(lines).replace(b"\r", b" ").strip()
        if len(value) > FIELD_BYTES:
            value = value[:FIELD_BYTES]
            problems.append(
                Problem(f"the field {name.decode('ascii')} is longer than {FIELD_BYTES} bytes: cut")
            )
        fields.append((name, value))
    return tuple(fields)


def _bound_body(body: bytes, problems: list[Problem]) -> bytes:
    body = _shorten_white_space(body, "body", problems)
    body = _cut_lines(body, _LINES, problems)
    body = _cut_mime_fields(body, problems)
    body = _cut_at(body, _SEPARATOR.finditer(body), _SEPARATORS, "part separators", problems)
    groups = list(_MULTIPART.finditer(body.lower())) if b"--" in body else []
    body = _cut_at(body, groups, _MULTIPARTS, "nested groups of parts", problems)
    # The parser tests each line against the separator of every group that is open.
    return _cut_lines(body, _LINES_TIMES_MULTIPARTS // (min(len(groups), _MULTIPARTS) + 1), problems)


def _shorten_white_space(content: bytes, place: str, problems: list[Problem]) -> bytes:
    """Both ends of a run are kept: line ends and indents there have a meaning."""
    # A run that long covers two neighbours of every so-many-th byte; the search itself is slow on a large mail.
    if not re.search(rb"[ \t\r\n]{2}", content[:: WHITE_SPACE_RUN // 2]):
        return content
    shortened, count = _WHITE_SPACE.subn(lambda run: run.group()[:50] + run.group()[-50:], content)
    if count:
        problems.append(Problem(f"{WHITE_SPACE_RUN} or more blanks in a row in the {place}: shortened"))
    return shortened


def _cut_mime_fields(body: bytes, problems: list[Problem]) -> bytes:
    """Content-Type and its kin in the parts, cut to a length that any parser reads quickly."""
    pieces: list[bytes] = []
    end = 0
    for match in _CONTENT_FIELD.finditer(body.lower()):
        start = match.start() + 1
        if start < end:
            continue
        found = _FIELD_END.search(body, start)
        stop = found.start() if found else len(body)
        if stop - start > _MIME_FIELD_BYTES and b":" in body[start : start + 60]:
            pieces.append(body[end : start + _MIME_FIELD_BYTES])
            end = stop
    if not pieces:
        return body
    problems.append(Problem(f"a part's header field is longer than {_MIME_FIELD_BYTES} bytes: cut"))
    return b"".join([*pieces, body[end:]])


def _cut_at(
    body: bytes, matches: Iterable[re.Match[bytes]], most: int, what: str, problems: list[Problem]
) -> bytes:
    for count, match in enumerate(matches, start=1):
        if count > most:
            problems.append(Problem(f"more than {most} {what}: the rest was not read"))
            return body[: match.start()]
    return body


def _cut_lines(body: bytes, most: int, problems: list[Problem]) -> bytes:
    if body.count(b"\n") + body.count(b"\r") <= most:
        return body
    for count, match in enumerate(re.finditer(rb"\r\n|\r|\n", body), start=1):
        if count > most:
            problems.append(Problem(f"more than {most} lines: the rest was not read"))
            return body[: match.start()]
    return body
