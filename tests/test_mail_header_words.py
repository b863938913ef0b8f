"""What is promised of a header value from a stranger: one clean line of the right text, in bounded time."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.mail.header_words import decode_header

CHINESE = "您好，我们收到一份关于订单的信用卡拒付索赔，请在七天内答复。谢谢！"
JAPANESE = "チャージバックのご連絡です。ご注文番号をご確認のうえ、ご返信ください。"


def word(content: bytes, charset: str = "utf-8", encoding: str = "B") -> str:
    if encoding == "B":
        return f"=?{charset}?B?{base64.b64encode(content).decode()}?="
    return f"=?{charset}?Q?{''.join(f'={byte:02X}' for byte in content)}?="


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (word("您".encode()[:2]) + "\r\n " + word("您".encode()[2:], "UTF-8"), "您"),
        (
            word("订".encode("gbk")[:1], "gb2312", "Q") + " " + word("订".encode("gbk")[1:], "gb2312", "Q"),
            "订",
        ),
        ("Re: " + word("通知".encode("gbk"), "gb2312") + " x", "Re: 通知 x"),
        (word(b"a") + " " + word(b"b", encoding="Q"), "ab"),
        ("a " + word(b"b") + " c", "a b c"),
        ("=?utf-8*en?Q?caf=C3=A9_x?=", "café x"),
        ("=?utf-8?Q?broken writer?=", "broken writer"),
        (f"=?iso-2022-jp?B?{base64.b64encode('注文'.encode('iso2022_jp')).decode()}?=", "注文"),
        ("=?utf-8?B?5oKo5aW?= =?utf-8?B?9IQ==?=", "您好!"),
        ("=?no-such?Q?abc?=", "abc"),
        ("=?utf-8?X?abc?= =?", "=?utf-8?X?abc?= =?"),
        ("50 =3D 50", "50 =3D 50"),
    ],
)
def test_encoded_words_are_read(raw: str, text: str) -> None:
    assert decode_header(raw) == text


@pytest.mark.parametrize(
    ("text", "codec"),
    [("订单 113", "utf_8"), (CHINESE, "gb18030"), ("Käufer", "cp1252"), (JAPANESE, "iso2022_jp")],
)
def test_raw_bytes_in_a_header_are_read(text: str, codec: str) -> None:
    raw = text.encode(codec)
    assert decode_header(raw) == decode_header(raw.decode("ascii", "surrogateescape")) == decode_header(text)


def test_nothing_that_a_word_hides_can_start_a_new_line_or_turn_the_text_round() -> None:
    hidden = "=?utf-8?Q?a=0D=0ABcc:_x=00=E2=80=AE=1B?=\r\nb"
    assert decode_header(hidden) == "a Bcc: x b"


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=60), st.integers(1, 20))
def test_words_cut_anywhere_come_back_whole(text: str, size: int) -> None:
    raw = text.encode()
    words = " ".join(word(raw[start : start + size]) for start in range(0, len(raw), size))
    assert decode_header(words) == decode_header(text)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_header_gives_one_clean_line(raw: bytes | str) -> None:
    text = decode_header(raw)
    assert text == " ".join(text.split())
    text.encode("utf-8")


@pytest.mark.parametrize(
    "raw",
    [
        b" ".join([b"=?utf-8?q?a?="] * 10_000),
        b" ".join(b"=?made-up-%d?q?a?=" % number for number in range(10_000)),
        b"=?" * 50_000,
        b"=?a?q?" * 20_000,
        b" ".join([b"=?utf-8?q?=E6?=", b"=?gbk?q?=E6?="] * 5_000),
    ],
)
def test_a_hostile_header_takes_no_noticeable_time(raw: bytes) -> None:
    started = time.process_time()
    decode_header(raw)
    assert time.process_time() - started < 1
