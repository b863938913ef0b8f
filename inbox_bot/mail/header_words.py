"""The value of a header field as text: RFC 2047 words, raw 8-bit bytes, folded lines.

Charsets are the business of `mail/charset.py`; what a field means, that of `mail/header.py`.
"""

from __future__ import annotations

import binascii
import re

from inbox_bot.core.text import one_line
from inbox_bot.mail.charset import decode_bytes
from inbox_bot.mail.transfer import decode_base64

# Nothing here is a control character or begins an escape: without "=?", such a value is its own text.
_PLAIN = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]*)\?=")


def decode_header(raw: str | bytes) -> str:
    """The header value as one line of text: RFC 2047 words and raw 8-bit decoded, control characters removed.

    A `str` may carry raw bytes as surrogates (as the standard library hands them out). Time grows with length only.
    """
    value = raw if isinstance(raw, bytes) else _header_bytes(raw)
    return literal_header(value) if b"=?" not in value else one_line("".join(_pieces(value)))


def undressed_header(value: bytes) -> str:
    """The header value decoded, with everything that a reader does not see still in it."""
    if b"=?" in value:
        return "".join(_pieces(value))
    return decode_bytes(value, None)[0] if value.translate(None, _PLAIN) else value.decode("ascii")


def literal_header(value: bytes) -> str:
    """The header value as one line of text, RFC 2047 words left as they stand."""
    if not value.translate(None, _PLAIN):
        return " ".join(value.decode("ascii").split())
    return one_line(decode_bytes(value, None)[0])


def _pieces(value: bytes) -> list[str]:
    """The decoded words and what stands between them; white space between two words belongs to neither."""
    pieces: list[str] = []
    words: list[tuple[str, str, bytes]] = []
    end = 0
    for found in _ENCODED_WORD.finditer(value):
        between = value[end : found.start()]
        if between and (between.strip(b" \t\r\n") or not words):
            pieces += [*_decode_words(words), decode_bytes(between, None)[0]]
            words = []
        charset, encoding, text = found.groups()
        words.append((charset.decode("ascii", "replace").lower(), encoding.decode("ascii").lower(), text))
        end = found.end()
    return [*pieces, *_decode_words(words), decode_bytes(value[end:], None)[0]]


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _decode_words(words: list[tuple[str, str, bytes]]) -> list[str]:
    """Neighbouring words of one charset are joined as bytes first: a character may be cut in two between them."""
    texts: list[str] = []
    start = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or words[end][:2] != words[start][:2]:
            label, encoding, _ = words[start]
            encoded = [text for _, _, text in words[start:end]]
            content = _base64_words(encoded) if encoding == "b" else b"".join(map(_quoted_word, encoded))
            texts.append(decode_bytes(content, label)[0])
            start = end
    return texts


def _quoted_word(text: bytes) -> bytes:
    return binascii.a2b_qp(text.replace(b"\r", b"").replace(b"\n", b""), header=True)


def _base64_words(encoded: list[bytes]) -> bytes:
    """Words are decoded one by one, or as one where a careless writer cut inside a group of four."""
    if all(len(text) % 4 == 0 for text in encoded[:-1]):
        return b"".join(map(decode_base64, encoded))
    return decode_base64(b"".join(encoded))
