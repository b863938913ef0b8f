"""The bytes of a reply: one `Representment` in, one finished mail out, the same bytes every time.

Written by hand, because a library's folding encodes long message ids and so cuts the reply from its thread:
here ids are never encoded and never broken, and attachments are spliced in as ready base64 lines. What the
reply says is the business of `compose`; handing the bytes to a server is that of `mail/smtp.py`.
"""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime
from struct import Struct
from urllib.parse import quote

from inbox_bot.core.errors import NeedsReview, UserError
from inbox_bot.core.model import Address, Attachment, Reply, Representment, aware
from inbox_bot.core.text import one_line

MARK_HEADER = "X-Inbox-Bot-Id"  # survives at servers that replace the Message-ID

_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_Q_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_NOT_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|]')

_LINE = 78
_SUBJECT_LIMIT = 500  # characters; a subject of a megabyte must not become one of ours
_NAME_LIMIT = 120
_RECENT_REFERENCES = 20
_REFERENCES_LIMIT = 6000  # characters of all ids together, beside the first and the parent
_WORD_BYTES = 30  # as base64 40 characters, so an encoded word has 52 and fits beside the longest field name
_BASE64_LINE = 76
_BASE64_LINES = Struct(f"{_BASE64_LINE}s" * 1024)  # one call cuts 1,024 lines
_BASE64_BLOCK = 57 * 1024  # the bytes that fill them

Part = Callable[[io.BytesIO], None]


def reply_message_id(
    account: str, case_id: str, kind: str, revision: int, domain: str, notice_id: str
) -> str:
    """The Message-ID of a reply, the same for the same account, case, kind, revision and answered notice.

    `notice_id`, the notice's Message-ID, is known to Amazon and the seller alone: nobody else can guess the reply's
    and forge a bounce or a copy of it. Raises UserError when the domain cannot stand in a mail header.
    """
    told_apart_by = f"{account}|{case_id}|{kind}|{revision}|{notice_id}"
    return f"<{_digest(told_apart_by, 32)}@{_ascii_domain(domain)}>"


def reply_mark(message_id: str) -> str:
    """The value of `MARK_HEADER` in the reply with this Message-ID: 16 digits that tell nothing."""
    return _digest(f"mark {message_id}", 16)


_AUTOMATIC = ("Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All")


def build_reply(
    representment: Representment, *, revision: int, message_id: str, at: datetime, automatic: bool = False
) -> Reply:
    """The reply as bytes with CRLF line ends; the same arguments give the same bytes.

    `at` becomes the Date header, in UTC. `automatic` marks it as sent without a person
    (RFC 3834). Ids in the thread that are not well-formed are left out, a long
    chain of references keeps its first and its newest. Raises ValueError for a `message_id` that is not one,
    NeedsReview for a sender or recipient that no mail header can hold.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("the Message-ID of a reply has to look like <...@...>")
    subject = _printable(representment.subject, _SUBJECT_LIMIT)
    sender = _ascii_address(representment.sender.email, "sender")
    recipient = _ascii_address(representment.recipient, "recipient")
    names = tuple(_file_name(file.name, number) for number, file in enumerate(representment.attachments, 1))
    out = io.BytesIO()
    fields = [
        f"Date: {format_datetime(aware(at))}",
        _folded("From", _mailbox(Address(representment.sender.name, sender))),
        _folded("To", [f"<{recipient}>"]),
        _folded("Subject", _words(subject)),
        f"Message-ID: {message_id}",
        *_thread_fields(representment),
        f"{MARK_HEADER}: {reply_mark(message_id)}",
        *(_AUTOMATIC if automatic else ()),
        "MIME-Version: 1.0",
    ]
    _write_lines(out, fields)
    _content(representment, names, message_id)(out)
    raw_bytes = out.getvalue()
    sha256 = hashlib.sha256(raw_bytes).hexdigest()
    case_id = representment.case_id
    return Reply(case_id, revision, message_id, sender, recipient, subject, sha256, raw_bytes, names)


def _content(representment: Representment, names: tuple[str, ...], message_id: str) -> Part:
    parts = [_text_part("plain", representment.text)]
    if representment.html:
        parts.append(_text_part("html", representment.html))
    body = _multipart("alternative", parts, message_id) if len(parts) > 1 else parts[0]
    if not names:
        return body
    files = [_file_part(file, name) for file, name in zip(representment.attachments, names, strict=True)]
    return _multipart("mixed", [body, *files], message_id)


def _multipart(subtype: str, parts: Iterable[Part], message_id: str) -> Part:
    # "=_" can stand neither in quoted-printable nor in base64, so no body can hold the boundary.
    boundary = f"=_{subtype}_{_digest(f'{subtype} {message_id}', 24)}"

    def write(out: io.BytesIO) -> None:
        _write_lines(out, [f"Content-Type: multipart/{subtype};", f' boundary="{boundary}"', ""])
        for part in parts:
            _write_lines(out, [f"--{boundary}"])
            part(out)
        _write_lines(out, [f"--{boundary}--"])

    return write


def _text_part(subtype: str, text: str) -> Part:
    content = re.sub(r"\r\n?|\n", "\r\n", text).encode("utf-8", "replace")
    # b2a_qp takes the kind of line end from the first it meets: there has to be one.
    quoted = b2a_qp(content + b"\r\n", istext=True)
    is_base64 = len(quoted) > len(content) * 3 // 2 + _BASE64_LINE

    def write(out: io.BytesIO) -> None:
        encoding = "base64" if is_base64 else "quoted-printable"
        fields = [f'Content-Type: text/{subtype}; charset="utf-8"', f"Content-Transfer-Encoding: {encoding}"]
        _write_lines(out, [*fields, ""])
        if is_base64:
            _write_base64(out, content)
        else:
            out.write(quoted)

    return write


def _file_part(file: Attachment, name: str) -> Part:
    # The plain name stands in Content-Type, the real one in Content-Disposition: programs disagree about
    # which of two file names in one header counts.
    fallback = _ascii_file_name(name)
    fields = [
        f'Content-Type: {_media_type(file, name)};\r\n name="{fallback}"',
        "Content-Transfer-Encoding: base64",
        ";\r\n ".join(["Content-Disposition: attachment", *_file_name_parameters(name)]),
    ]
    if title := _printable(file.title, _SUBJECT_LIMIT):
        fields.append(_folded("Content-Description", _words(title)))

    def write(out: io.BytesIO) -> None:
        _write_lines(out, [*fields, ""])
        _write_base64(out, file.content)

    return write


def _write_lines(out: io.BytesIO, lines: Iterable[str]) -> None:
    for line in lines:
        out.write(line.encode("ascii") + b"\r\n")


def _write_base64(out: io.BytesIO, content: bytes) -> None:
    for start in range(0, len(content), _BASE64_BLOCK):
        encoded = b2a_base64(content[start : start + _BASE64_BLOCK], newline=False)
        if len(encoded) == _BASE64_LINES.size:
            out.write(b"\r\n".join(_BASE64_LINES.unpack(encoded)))
        else:
            ends = range(0, len(encoded), _BASE64_LINE)
            out.write(b"\r\n".join([encoded[end : end + _BASE64_LINE] for end in ends]))
        out.write(b"\r\n")


def _thread_fields(representment: Representment) -> Iterator[str]:
    parent = representment.in_reply_to
    if parent is not None and not _MESSAGE_ID.fullmatch(parent):
        parent = None
    if parent is not None:
        yield f"In-Reply-To: {parent}"
    if references := _references(representment.references, parent):
        yield _folded("References", references)


def _references(given: Iterable[str], parent: str | None) -> list[str]:
    ids = [id_ for id_ in dict.fromkeys(given) if _MESSAGE_ID.fullmatch(id_) and id_ != parent]
    newest: list[str] = []
    room = _REFERENCES_LIMIT
    for id_ in reversed(ids[1:][-_RECENT_REFERENCES:]):
        room -= len(id_)
        if room < 0:
            break
        newest.insert(0, id_)
    return [*ids[:1], *newest, *([parent] if parent is not None else [])]


def _folded(name: str, words: Iterable[str]) -> str:
    line, lines = f"{name}:", []
    for word in words:
        if not line.endswith(":") and len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def _printable(text: str, limit: int) -> str:
    # Lone surrogates come out of badly labelled mail; they have no UTF-8.
    line = one_line(text).encode("utf-8", "replace").decode()
    return line if len(line) <= limit else f"{line[: limit - 3].rstrip()}..."


def _words(text: str) -> list[str]:
    words = text.split()
    # Text that only looks like an encoded word would be decoded by whoever reads it.
    if text.isascii() and "=?" not in text and all(len(word) <= _LINE - 24 for word in words):
        return words
    return _encoded_words(text)


def _encoded_words(text: str) -> list[str]:
    size = len(text.encode())
    in_q = sum(len(_q(character)) for character in text)
    if in_q <= size * 4 / 3 + 2:
        return [f"=?utf-8?q?{''.join(map(_q, piece))}?=" for piece in _pieces(text, _q, _WORD_BYTES * 4 // 3)]
    pieces = _pieces(text, str.encode, _WORD_BYTES)
    return [f"=?utf-8?b?{b2a_base64(piece.encode(), newline=False).decode()}?=" for piece in pieces]


def _q(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(chr(byte) if byte in _Q_PLAIN else f"={byte:02X}" for byte in character.encode())


def _pieces(text: str, written: Callable[[str], str | bytes], limit: int) -> Iterator[str]:
    """The text cut so that no piece, as written, is longer than the limit and no character is broken."""
    piece, used = "", 0
    for character in text:
        length = len(written(character))
        if piece and used + length > limit:
            yield piece
            piece, used = "", 0
        piece += character
        used += length
    if piece:
        yield piece


def _mailbox(address: Address) -> list[str]:
    name = _printable(address.name, _NAME_LIMIT)
    words = _words(name)
    if words == name.split() and not all(_ATOM.fullmatch(word) for word in words):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        words = [f'"{escaped}"'] if len(escaped) < _LINE - 10 else _encoded_words(name)
    return [*words, f"<{address.email}>"]


def _ascii_address(email: str, role: str) -> str:
    local, _, domain = email.rpartition("@")
    try:
        written = f"{local}@{_ascii_domain(domain)}"
    except UserError:
        written = ""
    if not _ADDRESS.fullmatch(written):
        raise NeedsReview(
            f"the {role}'s address cannot stand in a mail header - correct it, then compose anew"
        )
    return written


def _ascii_domain(domain: str) -> str:
    try:
        written = domain[:254].encode("idna").decode("ascii").lower()
    except UnicodeError:
        written = ""
    if len(domain) > 240 or len(written) > 240 or not _DOMAIN.fullmatch(written):
        raise UserError(f"{_printable(domain, 60)!r} is not a mail domain - correct the account's address")
    return written


def _media_type(file: Attachment, name: str) -> str:
    media_type = file.media_type.partition(";")[0].strip().lower()
    # As message/rfc822 a mail travels with its over-long lines and 8-bit bytes; as a file it arrives whole.
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(("message/", "multipart/")):
        return "application/octet-stream"
    if name.lower().endswith(".eml"):
        return "application/octet-stream"
    return (
        f'{media_type}; charset="utf-8"' if media_type.startswith("text/") and _is_utf8(file) else media_type
    )


def _is_utf8(file: Attachment) -> bool:
    try:
        file.content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _file_name(name: str, number: int) -> str:
    clean = _NOT_IN_FILE_NAMES.sub("_", _printable(name, 10_000)).strip(". ")
    if len(clean) > _NAME_LIMIT:
        stem, dot, ending = clean.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        clean = clean[: _NAME_LIMIT - len(ending)].rstrip(". ") + ending
    return clean or f"attachment-{number}"


def _ascii_file_name(name: str) -> str:
    if name.isascii():
        return name
    stem, _, ending = name.rpartition(".") if "." in name else (name, "", "")
    stem, ending = _ascii_word(stem) or "attachment", _ascii_word(ending)
    return f"{stem}.{ending}" if ending else stem


def _ascii_word(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_")


def _file_name_parameters(name: str) -> list[str]:
    """The file name as RFC 2231 wants it, cut into numbered pieces when it is long."""
    if name.isascii():
        return [f'filename="{name}"']
    pieces = ["".join(map(_percent, piece)) for piece in _pieces(name, _percent, _LINE - 28)]
    if len(pieces) == 1:
        return [f"filename*=utf-8''{pieces[0]}"]
    pieces[0] = f"utf-8''{pieces[0]}"
    return [f"filename*{number}*={piece}" for number, piece in enumerate(pieces)]


def _percent(character: str) -> str:
    return quote(character, safe="")


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
