"""What a dropped file is by its bytes, and what of it goes out: a picture, a PDF, a text or a mail."""

from __future__ import annotations

import re

from inbox_bot.book.pages import read_pdf
from inbox_bot.book.pictures import Unreadable, prepare_photo
from inbox_bot.core.record import DocumentKind
from inbox_bot.core.text import clean_text, one_line
from inbox_bot.orders.report_text import find_charset

MOST_CHARACTERS = 200_000
_TEXT_BYTES = 1_000_000  # more than MOST_CHARACTERS in any charset
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_PHONE_PICTURES = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh")
_AS_PDF = "print it to a PDF"
SAVE_AS = "save it as PDF, JPG, PNG or TXT"
_HEADER_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}:(?:[ \t]|$)")
_MAIL_FIELDS = ("from:", "received:", "message-id:", "return-path:", "delivered-to:", "mime-version:")


def typed(raw: bytes) -> tuple[DocumentKind, str, bytes, int]:
    """What the bytes are, as which type they go out, what is kept of them, and the pages they take in the book."""
    if raw[:1024].lstrip().startswith(b"%PDF-"):
        return DocumentKind.PDF, "application/pdf", raw, read_pdf(raw).pages
    if raw.startswith(_PICTURES) or _is_bitmap(raw) or (raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"):
        photo = prepare_photo(raw)
        return DocumentKind.PHOTO, photo.media_type, photo.content, 1
    _refuse_known(raw)
    text, is_cut = _text(raw)
    kind = DocumentKind.TEXT
    if _is_mail(text):
        kind, text = DocumentKind.MAIL, _mail_text(raw)
    cut = text[:MOST_CHARACTERS]
    if is_cut or len(text) > len(cut):
        cut += f"\n[the text goes on; only its first {MOST_CHARACTERS} characters are kept]"
    return (
        kind,
        "text/plain",
        cut.encode("utf-8", "replace"),
        1 + max(len(cut) // 4000, cut.count("\n") // 60),
    )


def _is_bitmap(raw: bytes) -> bool:
    return raw[:2] == b"BM" and raw[6:10] == b"\0\0\0\0"  # a text may begin with these letters


def _refuse_known(raw: bytes) -> None:
    """Raises Unreadable with the remedy for the kinds of file that sellers have and that cannot be shown."""
    head = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if raw[4:8] == b"ftyp":
        if raw[8:12] in _PHONE_PICTURES:
            raise Unreadable("the picture is in a phone's own format (HEIC or AVIF); save it as JPG")
        raise Unreadable("the file is a film; save single pictures of it as JPG")
    if raw.startswith(_ARCHIVES):
        if b"[Content_Types].xml" in raw[:4096] or b"mimetypeapplication/" in raw[:200]:
            raise Unreadable(f"the file is an office document; {_AS_PDF}")
        raise Unreadable("the file is an archive (ZIP or the like); unpack it and put the files here")
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(f"the file is an old office document or an Outlook mail; {_AS_PDF}")
    if head.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg", b"{\\rtf", b"%!ps")):
        raise Unreadable(f"the file is a web page or a document in mark-up; {_AS_PDF}")


def _text(raw: bytes) -> tuple[str, bool]:
    """The beginning of a text in whatever charset, and whether there is more; raises Unreadable for what is none."""
    head = raw[:_TEXT_BYTES]
    if len(raw) > len(head):  # not in the middle of a character, or the charset is misread
        start = next((at for at in range(1, 4) if head[-at] >= 0xC0), 0)
        head = head[: len(head) - start]
    text = head.decode(find_charset(head), "replace").removeprefix("\ufeff")
    sample = text[:4000]
    strange = sum(char == "\ufffd" or (ord(char) < 32 and char not in "\t\r\n\f") for char in sample)
    if "\0" in sample or strange * 50 > len(sample):
        raise Unreadable(f"this is a kind of file that is not known here; {SAVE_AS}")
    if not (cleaned := clean_text(text)).strip():
        raise Unreadable("there is no text in it; save it again")
    return cleaned, len(raw) > len(head)


def _is_mail(text: str) -> bool:
    """A block of header fields, one of them a mail's own, before the first empty line."""
    lines = text[:20_000].partition("\n\n")[0].split("\n")
    fields = [line.lower() for line in lines if not line.startswith((" ", "\t"))]
    named = {field for field in _MAIL_FIELDS if any(line.startswith(field) for line in fields)}
    return len(named) > 1 and all(_HEADER_LINE.match(line) for line in fields)


def _mail_text(raw: bytes) -> str:
    """A mail as a person reads it: who, when, about what, and its text."""
    from inbox_bot.mail.message import read_mail  # loads the parsers of mails, which few folders need

    mail = read_mail(raw)
    shown = [(name, ", ".join(mail.header_values(name))) for name in ("From", "To", "Cc", "Date", "Subject")]
    names = ", ".join(one_line(one.name) for one in mail.attached)
    fields = [f"{name}: {one_line(value)}" for name, value in (*shown, ("Attached", names)) if value]
    return clean_text("\n".join((*fields, "", mail.text or mail.html_text)))
