"""Bytes that strangers wrote, turned into text, in spite of charset labels that lie, or that are missing.

How a part wraps its bytes is the business of `mail/transfer.py`, how a header field does of `mail/header_words.py`.
"""

from __future__ import annotations

import codecs
import encodings
import pkgutil
import re
from collections.abc import Callable
from encodings.aliases import aliases
from functools import cache, lru_cache

# A label names the smallest set its writer believed in; the bytes come from the superset.
_SUPERSETS = {
    "ascii": "utf_8",
    "utf_8_sig": "utf_8",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_jp": "euc_jis_2004",
    "euc_kr": "cp949",
    "johab": "johab",
    **dict.fromkeys(
        ["iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004"], "iso2022_jp_ext"
    ),
}
# Labels that mail programs write and Python does not know, spelt as `_codec_for` compares them.
_SPELLINGS = {
    "ansi_x3_4_1968": "ascii",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp50222": "iso2022_jp",
    "x_gbk": "gbk",
    "gb_2312_80": "gb2312",
    "gb2312_80": "gb2312",
    "x_sjis": "shift_jis",
    "windows_31j": "cp932",
    "x_euc_jp": "euc_jp",
    "x_big5": "big5",
    "big5_eten": "big5",
    "ks_c_5601": "euc_kr",
    "windows_874": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "utf8mb4": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
}
# Text codecs by name, but no charset of a mail: escapes that build any character, or time that grows as a square.
_REFUSED = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "charmap", "mbcs", "oem"}

_HIGH_RUN = re.compile(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?")
_JIS_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJIH])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WESTERN_SIGNS = frozenset(
    b"\x80\x82\x84\x85\x91\x92\x93\x94\x95\x96\x97\x99\xa0\xa3\xa7\xa9\xab\xae\xb0\xb4\xb7\xbb"
)
_SAMPLE_BYTES = 32_768
_SAMPLE_CHARACTERS = 4_000


def decode_bytes(content: bytes, label: str | None) -> tuple[str, bool]:
    """The text of a part or header word, and whether the label had to be set aside or characters were lost.

    `label` is the charset as the mail names it, None where it names none. NUL is removed; nothing is raised.
    """
    text, repaired = _decode(content, label)
    if _SURROGATE.search(text):
        text, repaired = _SURROGATE.sub("\ufffd", text), True
    return text.replace("\0", ""), repaired


def _decode(content: bytes, label: str | None) -> tuple[str, bool]:
    codec = _codec_for(label) if label else None
    unknown_label = bool(label and label.strip()) and codec is None
    if unicode := _decode_unicode(content, codec):
        return unicode
    if content.isascii():
        return _decode_seven_bit(content, codec, unknown_label)
    strict = _strictly(content, "utf_8")
    if strict is not None and (codec in (None, "utf_8") or _is_surely_utf8(strict, codec)):
        return strict, unknown_label or codec not in (None, "utf_8")
    if codec and codec not in _SCORES and codec != "utf_8":
        text = _strictly(content, codec)
        if text is not None:
            return text, False
    return _decode_by_score(content, codec)


@cache
def _codec_names() -> frozenset[str]:
    """Codecs Python has: asking `codecs.lookup` for a made-up name costs an import search each time."""
    modules = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    return frozenset(modules | set(aliases) | set(aliases.values()))


@lru_cache(maxsize=256)
def _codec_for(label: str) -> str | None:
    """The codec to use for a charset label, by superset; None for labels that name no charset of text."""
    name = label.strip(" \t\r\n\"'").lower()[:64].partition("*")[0]
    name = re.sub(r"[^a-z0-9]+", "_", name).strip("_")
    name = _SPELLINGS.get(name, name)
    if name not in _codec_names() and name.startswith("x_"):
        name = name[2:]
    if name not in _codec_names():
        return None
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, ImportError):
        return None
    name = re.sub(r"[^a-z0-9]+", "_", found.name.lower())
    if name in _REFUSED or not getattr(found, "_is_text_encoding", False):
        return None
    return _SUPERSETS.get(name, name)


def _strictly(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _decode_unicode(content: bytes, codec: str | None) -> tuple[str, bool] | None:
    """Text that carries a byte order mark, or is UTF-16 by its label or by its rows of NULs; else None."""
    wide = codec in ("utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be")
    if not wide and content.isascii() and b"\0" not in content:
        return None
    if content.startswith(codecs.BOM_UTF8):
        text = _strictly(content[3:], "utf_8")
        return None if text is None else (text, False)
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf_32_le"),
        (codecs.BOM_UTF32_BE, "utf_32_be"),
        (codecs.BOM_UTF16_LE, "utf_16_le"),
        (codecs.BOM_UTF16_BE, "utf_16_be"),
    ):
        if content.startswith(mark):
            text = _strictly(content[len(mark) :], name)
            if text is not None and (wide or b"\0" in content or b"\r\n" not in content):
                return text, not wide
    if not wide and (b"\0" not in content or content.count(0, 0, 4_000) * 3 < min(len(content), 4_000)):
        return None
    if codec is not None and codec.startswith("utf_32"):
        name = codec if codec != "utf_32" else "utf_32_be"
    else:
        odd = sum(content[1:4_000:2].count(byte) for byte in (0, 0x4E, 0x30))
        even = sum(content[0:4_000:2].count(byte) for byte in (0, 0x4E, 0x30))
        name = "utf_16_le" if odd > even else "utf_16_be"
    text = _strictly(content, name)
    if text is not None:
        return text, not wide
    return (content.decode(name, "replace"), True) if wide else None


def _decode_seven_bit(content: bytes, codec: str | None, unknown_label: bool) -> tuple[str, bool]:
    if _JIS_ESCAPE.search(content):
        text = _strictly(content, "iso2022_jp_ext")
        if text is not None:
            return text, codec != "iso2022_jp_ext"
        return _decode_jis(content), True
    if codec in ("hz", "iso2022_kr", "utf_7"):
        text = _strictly(content, codec)
        if text is not None:
            return text, False
    return content.decode("ascii"), unknown_label


def _decode_jis(content: bytes) -> str:
    """ISO-2022-JP as Windows writes it: vendor rows (circled digits, company signs) and half-width kana."""
    pieces = _JIS_ESCAPE.split(content)
    text = [pieces[0].decode("ascii", "replace")]
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if escape in (b"(B", b"(J", b"(H"):
            text.append(piece.decode("ascii", "replace"))
            continue
        high = bytes(byte | 0x80 if 0x20 < byte < 0x7F else byte for byte in piece)
        if escape == b"$(D":
            high = re.sub(rb"([\xa1-\xfe]{2})", rb"\x8f\1", high)
        text.append(high.decode("shift_jis" if escape == b"(I" else "euc_jis_2004", "replace"))
    return "".join(text)


def _is_surely_utf8(text: str, codec: str | None) -> bool:
    """Whether valid UTF-8 under another label is UTF-8: in a double-byte charset, two-letter words can be both."""
    if codec not in _SCORES or codec == "cp1252":
        return True
    wide = [character for character in text[:_SAMPLE_CHARACTERS] if character > "\x7f"]
    return len(wide) >= 4 or any(character >= "\u0800" for character in wide)


def _decode_by_score(content: bytes, codec: str | None) -> tuple[str, bool]:
    """Read the bytes in each charset that is common in the trade and keep the reading that makes most sense."""
    sample = _sample(content)
    scores = {name: score(sample, sample.decode(name, "replace")) for name, score in _SCORES.items()}
    best = max(scores, key=lambda name: scores[name])
    if codec in scores:
        fits = _strictly(content, codec) is not None and scores[codec] >= 0.75
        if fits or scores[best] - scores[codec] < 0.3:
            best = codec
    elif codec is not None and scores[best] < 0.5:
        best = codec
    elif scores[best] <= 0:
        best = "cp1252"
    text = content.decode(best, "replace")
    return text, best != codec or "\ufffd" in text


def _sample(content: bytes) -> bytes:
    """The bytes from the first line on that is not ASCII: enough to judge by, however long the part is."""
    first = _HIGH_RUN.search(content)
    if first is None:
        return content[:_SAMPLE_BYTES]
    start = content.rfind(b"\n", 0, first.start()) + 1
    start = max(start, first.start() - _SAMPLE_BYTES // 2)
    return content[start : start + _SAMPLE_BYTES]


def _share(text: str, is_common: Callable[[str], bool]) -> float:
    """The share of a reading's characters beyond ASCII that its language uses every day; a lost one counts double."""
    wide = [character for character in text if character > "\x7f"][:_SAMPLE_CHARACTERS]
    if not wide:
        return 0.0
    lost = wide.count("\ufffd")
    signs = sum(character in _WIDE_SIGNS for character in wide)
    common = sum(map(is_common, wide))
    if common == 0 and signs < len(wide):
        return -lost / len(wide)
    return (common + signs - 2 * lost) / len(wide)


_WIDE_SIGNS = frozenset(
    "　、。〃〈〉《》「」『』【】〔〕〖〗·—…‘’“”％（），：；？！￥～•№①②③④⑤⑥⑦⑧⑨⑩＋－／＝＃＊＆＠"
) | frozenset(map(chr, [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]))


def _lead_byte(character: str, codec: str) -> int:
    try:
        return character.encode(codec)[0]
    except UnicodeError:
        return 0


@cache
def _is_common_simplified(character: str) -> bool:
    return 0xB0 <= _lead_byte(character, "gb2312") <= 0xD7


@cache
def _is_common_traditional(character: str) -> bool:
    return 0xA4 <= _lead_byte(character, "big5") <= 0xC6


@cache
def _is_common_japanese(character: str) -> bool:
    return "\u3041" <= character <= "\u30ff" or 0xB0 <= _lead_byte(character, "euc_jp") <= 0xCF


@cache
def _is_common_korean(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3" and _lead_byte(character, "euc_kr") > 0


def _score_western(content: bytes, _text: str) -> float:
    """Western text has single high bytes, or two beside a letter (Größe): the share of those that look so."""
    good = total = 0
    for found in _HIGH_RUN.finditer(content.replace(b"\xa0", b" ")):
        run = found.group()
        high = [byte for byte in run if byte > 0x7F]
        total += len(high)
        if len(high) == 1 or (len(high) == 2 and len(run) > 2):
            good += sum(byte >= 0xC0 or byte in _WESTERN_SIGNS for byte in high)
        if total > _SAMPLE_CHARACTERS:
            break
    return 0.98 * good / total if total else 0.9  # nothing but no-break spaces


def _score_utf8(content: bytes, text: str) -> float:
    wide = [character for character in text if character > "\x7f"][:_SAMPLE_CHARACTERS]
    return 1 - 3 * wide.count("\ufffd") / len(wide) if wide else 0.0


def _score_korean(content: bytes, text: str) -> float:
    # Every Hangul syllable is also an everyday Chinese character in GB 2312; only length can tell them apart.
    share = _share(text, _is_common_korean)
    return (
        share + 0.02
        if share > 0.95 and sum(character > "\x7f" for character in text[:200]) >= 12
        else share - 0.3
    )


_SCORES: dict[str, Callable[[bytes, str], float]] = {
    "utf_8": _score_utf8,
    "gb18030": lambda _content, text: _share(text, _is_common_simplified),
    "big5hkscs": lambda _content, text: _share(text, _is_common_traditional) - 0.01,
    "cp932": lambda _content, text: _share(text, _is_common_japanese) - 0.01,
    "euc_jis_2004": lambda _content, text: _share(text, _is_common_japanese) - 0.01,
    "cp949": _score_korean,
    "cp1252": _score_western,
}
