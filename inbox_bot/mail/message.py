"""A raw mail, as hostile as it comes, read into the `Mail` noun: text, files, mails inside the mail.

The header is read by `mail/header.py`, each part by `mail/part.py`; here it is decided what is text, what a file and
what a mail of its own. Sizes and numbers are the business of `mail/bounds.py`; `mail/reader.py` runs all of it in a
child process. What the text means is decided in `core/`.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import Any

from inbox_bot.core.errors import Problem
from inbox_bot.core.model import AttachedFile, Mail
from inbox_bot.core.text import clean_text
from inbox_bot.mail import bounds
from inbox_bot.mail.charset import decode_bytes
from inbox_bot.mail.header import by_mail_parser, read_heading
from inbox_bot.mail.html import html_to_text
from inbox_bot.mail.part import Part, parse_parts

_MOST_PROBLEMS = 50
_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}charset=[\"']?([A-Za-z0-9_-]{2,40})", re.IGNORECASE)
_MAIL_START = re.compile(
    rb"(?:[!-9;-~]{1,200}[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*){0,100}?"
    rb"(?:>?From |(?:from|to|subject|date|received|message-id|return-path|delivered-to|mime-version)[ \t]*:)",
    re.IGNORECASE,
)
_ENDINGS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "message/rfc822": ".eml",
}
_MAIL_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers")


def read_mail(raw: bytes) -> Mail:
    """The mail within the caps of `mail/bounds.py`; a mail that cannot be parsed still comes back, with problems."""
    try:
        return _read(raw, bounds.Allowance(), 0)
    except Exception as error:
        # Whatever a parser trips over must not stop the other mails of the mailbox.
        return headers_only(
            raw, f"the mail could not be parsed ({type(error).__name__}): only its header was read"
        )


def headers_only(raw: bytes, what: str) -> Mail:
    """The mail's header fields without text and files, read by the simplest means; `what` becomes a problem."""
    try:
        heading = read_heading(raw, bounds.bound_mail(raw[: 2 * bounds.HEADER_BYTES]), None)
        return replace(heading, problems=(Problem(what), *heading.problems))
    except Exception as error:
        unread = _unread(raw, error)
        return replace(unread, problems=(Problem(what), *unread.problems))


def read_headers(header_bytes: bytes) -> Mail:
    """The mail that a header block alone makes; `sha256` and `size_bytes` are those of the block.

    It is quick, because it is asked about every new mail: the standard library alone reads it. Nothing is raised.
    """
    try:
        return read_heading(header_bytes, bounds.bound_mail(header_bytes), None)
    except Exception as error:
        return _unread(header_bytes, error)


def _unread(raw: bytes, error: Exception) -> Mail:
    problem = Problem(f"the header could not be read ({type(error).__name__})")
    return read_heading(raw, bounds.RawMail((), b"", (problem,)), None)


def _read(raw: bytes, allowance: bounds.Allowance, forwards_deep: int) -> Mail:
    most = bounds.FORWARD_HEADER_BYTES if forwards_deep else bounds.HEADER_BYTES
    bounded = bounds.bound_mail(raw, most)
    heading = read_heading(raw, bounded, by_mail_parser)
    found = _Found(allowance, forwards_deep)
    _walk(parse_parts(bounded), found)
    problems = dict.fromkeys((*heading.problems, *found.problems))
    return replace(
        heading,
        text="\n".join(found.texts),
        html_text="\n".join(found.html_texts),
        attached=tuple(found.attached),
        forwarded=tuple(found.forwarded),
        problems=tuple(problems)[:_MOST_PROBLEMS],
    )


@dataclass(slots=True)
class _Found:
    """What the walk through the parts has found so far."""

    allowance: bounds.Allowance
    forwards_deep: int
    texts: list[str] = field(default_factory=list)
    html_texts: list[str] = field(default_factory=list)
    attached: list[AttachedFile] = field(default_factory=list)
    forwarded: list[Mail] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str) -> None:
        self.problems.append(Problem(what))


def _walk(root: Part, found: _Found) -> None:
    waiting: list[tuple[Any, int]] = [(root, 0)]
    while waiting:
        part, depth = waiting.pop()
        if part.is_multipart():
            if depth < bounds.DEPTH:
                waiting += [(child, depth + 1) for child in reversed(part.get_payload())]
            else:
                found.problem(f"parts more than {bounds.DEPTH} deep were left out")
        elif found.allowance.take("parts", 1):
            _read_part(part, found, is_root=depth == 0)
        else:
            found.problem(f"more than {bounds.PARTS} parts: the rest was not read")
            return


def _read_part(part: Part, found: _Found, *, is_root: bool) -> None:
    media_type = part.media_type()
    if media_type.startswith("multipart/"):
        found.problem("the parts of the mail could not be told apart: read as one text")
        media_type = "text/plain"
    name = part.parameter("content-disposition", "filename") or part.parameter("content-type", "name")
    is_file = part.get_content_disposition() == "attachment" or bool(name and not is_root)
    content = part.content()
    if (media_type in _MAIL_TYPES or name.lower().endswith(".eml")) and _is_mail(content):
        if _add_forwarded(content, found):
            return
        is_file = True
    if is_file or media_type not in ("text/plain", "text/html"):
        number = len(found.attached) + 1
        name = _base_name(name) or f"part-{number}{_ENDINGS.get(media_type, '.bin')}"
        found.attached.append(AttachedFile(name, media_type, content))
    elif media_type == "text/html":
        text, problems = html_to_text(_decode_text(part, content, found), found.allowance)
        found.html_texts.append(text)
        found.problems += problems
    else:
        found.texts.append(_read_text(part, content, found))


def _decode_text(part: Part, content: bytes, found: _Found) -> str:
    label = part.parameter("content-type", "charset")
    if not label and part.media_type() == "text/html":
        meta = _META_CHARSET.search(content[:4_096])
        label = meta.group(1).decode("ascii") if meta else ""
    most = 4 * bounds.TEXT_CHARACTERS
    if len(content) > most:
        found.problem(f"a text is longer than {most} bytes: the rest was not read")
    text, repaired = decode_bytes(content[:most], label or None)
    if repaired:
        found.problem(f"a text is not in the charset its label says ({label[:40] or 'none'}): repaired")
    return text


def _read_text(part: Part, content: bytes, found: _Found) -> str:
    text = _decode_text(part, content, found)
    granted = found.allowance.take("text_characters", len(text))
    if granted < len(text):
        found.problem(f"more than {bounds.TEXT_CHARACTERS} characters of text: the rest was not read")
        text = text[:granted]
    if part.parameter("content-type", "format").lower() == "flowed":
        text = _unflow(text, part.parameter("content-type", "delsp").lower() == "yes")
    return clean_text(text)


def _unflow(text: str, delete_space: bool) -> str:
    """Join the soft-wrapped lines of a format=flowed text (RFC 3676), quote depth by quote depth."""
    paragraphs: list[tuple[int, list[str]]] = []
    is_open = False
    for line in text.replace("\r\n", "\n").split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        if not (is_open and paragraphs[-1][0] == depth and content != "-- "):
            paragraphs.append((depth, []))
        paragraphs[-1][1].append(content[:-1] if flows and delete_space else content)
        is_open = flows
    return "\n".join(">" * depth + " " * bool(depth) + "".join(pieces) for depth, pieces in paragraphs)


def _is_mail(content: bytes) -> bool:
    """Whether bytes that call themselves a mail begin like one."""
    return bool(_MAIL_START.match(content.removeprefix(b"\xef\xbb\xbf").lstrip()[:8_192]))


def _add_forwarded(content: bytes, found: _Found) -> bool:
    if found.forwards_deep >= bounds.FORWARDS_DEEP or not found.allowance.take("forwards", 1):
        found.problem("too many mails inside the mail: one was kept as a file and not read")
        return False
    try:
        found.forwarded.append(_read(content, found.allowance, found.forwards_deep + 1))
    except Exception as error:
        found.forwarded.append(
            headers_only(content, f"only its header could be read ({type(error).__name__})")
        )
    return True


def _base_name(name: str) -> str:
    """A file name without folders and without characters that some file system forbids; "" when nothing is left."""
    name = posixpath.basename(name.replace("\\", "/"))
    stem, ending = posixpath.splitext(re.sub(r'[<>:"|?*]', "_", name).strip(" ."))
    return stem[:120] + ending[:20]
