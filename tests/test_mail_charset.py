"""What is promised of bytes from strangers: the right text in spite of the label, in bounded time, without errors."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.mail.charset import decode_base64, decode_bytes, decode_header

CHINESE = "您好，我们收到一份关于订单的信用卡拒付索赔，请在七天内答复。谢谢！"
TRADITIONAL = "您好，我們收到一份關於訂單的信用卡拒付索賠，請在七天內答覆。謝謝！"
JAPANESE = "チャージバックのご連絡です。ご注文番号をご確認のうえ、ご返信ください。"
KOREAN = "안녕하세요. 주문에 대한 지불 거절 통지를 받았습니다. 답변해 주십시오."
GERMAN = "Größe und Menge: für 119,00 € – naïve Käufer"
FRENCH = "À l’été, la commande n’est pas arrivée : 12,50 €"
RUSSIAN = "Здравствуйте, мы получили запрос по заказу"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (CHINESE, "gb18030", "GB2312"),
        ("快递到了：镕堃喆", "gb18030", "gb2312"),
        ("𠮷野家", "gb18030", "gbk"),
        (TRADITIONAL, "big5", "Big5"),
        (JAPANESE, "cp932", "Shift_JIS"),
        ("株式会社①㈱", "cp932", "shift_jis"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP"),
        (KOREAN, "cp949", "euc-kr"),
        (GERMAN, "cp1252", "iso-8859-1"),
        (GERMAN, "cp1252", "latin1"),
        ("119,00 €", "iso8859_15", "ISO-8859-15"),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (RUSSIAN, "cp1251", "windows-1251"),
        ("Zażółć gęślą jaźń", "iso8859_2", "iso-8859-2"),
        (CHINESE, "utf_8", '"UTF-8"'),
        (CHINESE, "utf_8_sig", "utf-8"),
        (GERMAN, "utf_16", "utf-16"),
        (CHINESE, "utf_16_le", "utf-16"),
        (CHINESE, "utf_16_be", "utf-16"),
        (GERMAN, "utf_16_le", "utf-16le"),
        (CHINESE, "hz", "hz-gb-2312"),
    ],
)
def test_a_right_label_or_its_subset_gives_the_text_unrepaired(text: str, codec: str, label: str) -> None:
    assert decode_bytes(text.encode(codec), label) == (text, False)


LIES = [
    None,
    "utf-8",
    "us-ascii",
    "iso-8859-1",
    "windows-1252",
    "no-such-charset",
    "gb2312",
    "big5",
    "shift_jis",
]


@pytest.mark.parametrize("label", LIES)
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        ("Order 113-0196033-6384224 商品：无线耳机", "gb18030"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "cp932"),
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        ("Reclamación: número de pedido, señor", "cp1252"),
        ("119,00\xa0€", "cp1252"),
        ("Façade", "cp1252"),
        (CHINESE, "utf_8"),
        (GERMAN, "utf_8"),
        (JAPANESE, "utf_8"),
    ],
)
def test_a_lying_label_is_seen_through(text: str, codec: str, label: str | None) -> None:
    assert decode_bytes(text.encode(codec), label)[0] == text


@pytest.mark.parametrize(
    "label", [None, "us-ascii", "utf-8", "iso-8859-1", "shift_jis", "iso-2022-jp-2", "gibberish"]
)
def test_japanese_escapes_are_read_under_any_label(label: str | None) -> None:
    assert decode_bytes(JAPANESE.encode("iso2022_jp"), label)[0] == JAPANESE


def test_vendor_characters_in_iso_2022_jp_are_read() -> None:
    circled = b"\x1b$B" + bytes([0x2D, 0x21]) + b"\x1b(B and \x1b(I" + bytes([0x31]) + b"\x1b(B"
    assert decode_bytes(circled, "iso-2022-jp") == ("① and ｱ", True)


@pytest.mark.parametrize(
    "label", ["hex", "zlib", "base64", "rot13", "undefined", "idna", "punycode", "unicode_escape"]
)
def test_a_codec_that_is_no_charset_is_refused(label: str) -> None:
    assert decode_bytes(b"\\u0041 41 plain", label) == ("\\u0041 41 plain", True)


def test_a_repair_is_reported_and_a_right_label_is_not() -> None:
    assert decode_bytes(CHINESE.encode("gb18030"), "utf-8")[1]
    assert decode_bytes(CHINESE.encode(), "gb2312")[1]
    assert not decode_bytes(b"plain", "us-ascii")[1]
    assert not decode_bytes(b"plain", None)[1]
    assert not decode_bytes(b"", "us-ascii")[1]


def test_a_text_that_is_cut_inside_a_character_loses_only_that_one() -> None:
    for codec, label in (("utf_8", "utf-8"), ("gb18030", "gb2312")):
        text, repaired = decode_bytes(CHINESE.encode(codec)[:-1], label)
        assert (text[:-1], repaired) == (CHINESE[:-1], True)


def test_nul_never_comes_through() -> None:
    assert decode_bytes(b"a\0b", "utf-8")[0] == "ab"
    assert "\0" not in decode_bytes(b"\0\0\xff\xfe\0", None)[0]


@given(
    st.binary(max_size=400),
    st.none() | st.text(max_size=30) | st.sampled_from([*filter(None, LIES), "utf-7", "hz"]),
)
def test_any_bytes_under_any_label_give_text_that_can_be_stored(content: bytes, label: str | None) -> None:
    text, _ = decode_bytes(content, label)
    assert "\0" not in text
    text.encode("utf-8")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode_bytes(text.encode(), "utf-8")[0] == text.removeprefix("\ufeff")


# Header values --------------------------------------------------------------------------------------------------


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
