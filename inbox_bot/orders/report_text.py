"""From the bytes of a downloaded report to its lines: which charset it is in, and nothing about its columns.

Amazon's reports come without a charset label: UTF-8 today, Windows-1252 or Shift_JIS from older marketplaces, and
whatever a spreadsheet made of them when the seller saved them (UTF-16, GB18030). Mail has labels and its own decoder.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

_UTF_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK_BYTES = 1 << 20
_SAMPLE_FIELDS = 400
_SAMPLE_FIELD_BYTES = 400
_HINTS = (
    ("cp932", (b"Amazon.co.jp", b"amazon.co.jp", b"JPY")),
    ("gb18030", (b"Amazon.cn", b"amazon.cn", b"CNY")),
    ("cp1252", (b"EUR", b"GBP", b"SEK", b"MXN", b"BRL", b"CAD", b"USD")),
)
_HINT_SCORE = 3.0
_RUN = re.compile(r"[^\x00-\x7f]+")
_LATIN_SIGNS = frozenset("’‘“”–—…•€™®©°²³½¼¾£´×«»¡¿·±§ºªµ\xa0")


def find_charset(content: bytes) -> str:
    """The name of the codec that the report is most plausibly written in.

    A byte order mark and valid UTF-8 settle it. Otherwise Windows-1252, Shift_JIS and GB18030 are weighed by how
    natural the text looks in each, with the report's own currency and marketplace as a small hint.
    """
    for mark, codec in _UTF_BOMS:
        if content.startswith(mark):
            return codec
    return _unmarked_utf16(content) or ("utf-8" if _is_utf8(content) else _most_natural(content))


def read_lines(content: bytes, charset: str) -> Iterator[tuple[int, str]]:
    """The lines (numbered from 1, without their ends), decoded as they are asked for.

    Bytes that the charset does not know become U+FFFD. Only CR, LF and CRLF end a line: a title may hold others.
    """
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=charset, errors="replace", newline=None)
    for number, line in enumerate(stream, 1):
        yield number, line.rstrip("\n")


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark shows in the header line: every second byte of plain letters is zero."""
    head = content[:200]
    if len(head) < 8:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.3 and even < odd * 0.1:
        return "utf-16-le"
    if even > len(head) * 0.3 and odd < even * 0.1:
        return "utf-16-be"
    return None


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            decoder.decode(content[start : start + _CHUNK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _most_natural(content: bytes) -> str:
    fields = _sample(content)
    if _is_damaged_utf8(fields):
        return "utf-8"
    scores = {"cp1252": 0.0, "cp932": 0.0, "gb18030": 0.0}
    for codec in scores:
        scores[codec] = sum(_score(field, codec) for field in fields)
    for codec, words in _HINTS:
        if any(word in content for word in words):
            scores[codec] += _HINT_SCORE
            break
    return max(scores, key=lambda codec: scores[codec])


def _sample(content: bytes) -> list[bytes]:
    """Distinct cells that hold more than ASCII; tab, comma and line ends are no trail bytes in any of the charsets."""
    fields: dict[bytes, None] = {}
    for line in io.BytesIO(content):
        if line.isascii():
            continue
        for field in re.split(rb"[\t,;\r\n]", line[: 1 << 16]):
            if not field.isascii():
                fields[field[:_SAMPLE_FIELD_BYTES]] = None
        if len(fields) >= _SAMPLE_FIELDS:
            break
    return list(fields)


def _is_damaged_utf8(fields: list[bytes]) -> bool:
    """UTF-8 with a few broken characters: a title cut in the middle of one is no reason to read all others wrongly."""
    text = " ".join(field.decode("utf-8", "replace") for field in fields)
    damaged = text.count("\ufffd")
    whole = sum(char > "\x7f" for char in text) - damaged
    return whole >= 4 * damaged


def _score(field: bytes, codec: str) -> float:
    text = field.decode(codec, "replace")
    total = 0.0
    for run in _RUN.finditer(text):
        before, behind = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        if codec == "cp1252":
            total += _score_latin(run.group(), before, behind)
        else:
            total += _score_east_asian(run.group(), before, behind, codec)
    return total


def _score_latin(run: str, before: str, behind: str) -> float:
    """European words hold one or two accented letters at a time, in the case of their neighbours."""
    if len(run) > 2:
        return -2.0 * len(run)
    beside_letter = before.isalpha() or behind.isalpha()
    total = 0.0
    for char in run:
        if char in _LATIN_SIGNS:
            total += 1.5
        elif "À" <= char <= "ÿ" or char in "ŠšŒœŽžŸ":
            inside_small = before.islower() and char.isupper()
            total += -2.0 if inside_small else (2.0 if beside_letter and len(run) == 1 else 0.5)
        else:
            total -= 3.0
    return total


def _score_east_asian(run: str, before: str, behind: str, codec: str) -> float:
    """Chinese and Japanese come in runs of common characters, seldom as a single one inside a Latin word."""
    if len(run) == 1 and (before.isalpha() or behind.isalpha()):
        return -3.0
    return sum(_score_character(char, codec) for char in run)


def _score_character(char: str, codec: str) -> float:
    if "\u3041" <= char <= "\u30ff":  # kana
        return 2.0
    if "\u3000" <= char <= "\u303f" or "\uff01" <= char <= "\uff60":  # punctuation, full-width letters
        return 1.0
    if "\uff61" <= char <= "\uff9f":  # half-width kana: what Chinese bytes look like in Shift_JIS
        return -0.25
    if not "\u4e00" <= char <= "\u9fff":
        return -4.0 if char == "\ufffd" or "\ue000" <= char <= "\uf8ff" else -1.0
    if codec == "cp932":
        lead = char.encode("cp932", "replace")[0]
        return 2.0 if 0x88 <= lead <= 0x97 else -1.0 if lead <= 0xEA else -3.0
    encoded = char.encode("gb2312", "ignore")
    return -2.0 if not encoded else 2.0 if encoded[0] <= 0xD7 else 0.0
