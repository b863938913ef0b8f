"""What is promised of bytes from strangers: the right text in spite of the label, in bounded time, without errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.mail.charset import decode_bytes

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
