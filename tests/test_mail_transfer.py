"""What is promised of transfer encodings: what is left of a damaged one is read."""

from __future__ import annotations

import pytest

from inbox_bot.mail.message import read_mail
from inbox_bot.mail.transfer import decode_base64


@pytest.mark.parametrize(
    ("encoded", "content"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVsb", b"hel"),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"aGVs!!bG8=", b"hello"),
        (b"aGVsbG8=\r\nd29ybGQ=", b"helloworld"),
        (b"aGVsbG8=\r\n-- \r\nA footer of the list\r\n", b"hello"),
        (b"", b""),
    ],
)
def test_damaged_base64_gives_what_is_left(encoded: bytes, content: bytes) -> None:
    assert decode_base64(encoded) == content


def test_plain_words_labelled_base64_are_read_as_they_are() -> None:
    body = "Order number: 113-0196033-6384224\r\nThe buyer says that nothing came.\r\nPlease answer.\r\n"
    raw = f"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"
    assert read_mail(raw.encode()).text.splitlines()[:2] == body.splitlines()[:2]
