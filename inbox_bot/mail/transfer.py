"""The transfer encoding of a part or header word undone, as far as the bytes go, however damaged they are."""

from __future__ import annotations

import binascii
import re

_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)


def decode_base64(content: bytes) -> bytes:
    """The decoded bytes, as far as the text goes: cut ends, missing padding and stray characters are tolerated."""
    decoded: list[bytes] = []
    for chunk in re.split(rb"=+", content):
        letters = chunk.translate(None, _NOT_BASE64)
        if decoded and len(letters) < len(chunk.translate(None, b"\r\n\t ")):
            break  # plain words after the end of the data: a footer that a list server added
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        decoded.append(binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)))
    return b"".join(decoded)


def is_plain_words(content: bytes) -> bool:
    """Whether what is labelled base64 was never encoded: base64 has no blanks inside its lines."""
    lines = [line.strip() for line in content[:4000].splitlines()[:20] if line.strip()]
    return len(lines) > 1 and sum(b" " in line for line in lines) * 2 > len(lines)
