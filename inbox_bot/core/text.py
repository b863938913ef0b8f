"""Text that strangers wrote, made safe to match and to show: invisible characters out, odd spaces and dashes plain.

Works on decoded text only; bytes and charsets are the business of `mail/charset.py`.
"""

from __future__ import annotations

_INVISIBLE = dict.fromkeys(
    [
        0x00AD,  # soft hyphen
        0x034F,  # combining grapheme joiner
        0x061C,  # Arabic letter mark
        0x180E,
        *range(0x200B, 0x2010),  # zero-width characters and direction marks
        *range(0x202A, 0x202F),  # bidirectional embeddings and overrides
        *range(0x2060, 0x2070),  # word joiner, invisible operators, isolates
        0xFEFF,
        *range(0xFE00, 0xFE10),  # variation selectors
        *range(0xE0000, 0xE0080),  # tag characters
        *(code for code in range(0x20) if code not in (0x09, 0x0A)),
        *range(0x7F, 0x85),
        *range(0x86, 0xA0),
    ]
)
_SPACES = {
    **dict.fromkeys([0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "),
    **dict.fromkeys([0x0085, 0x2028, 0x2029], "\n"),
}
_TYPOGRAPHY = {
    **dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2212, 0xFE63, 0xFF0D], "-"),
    **dict.fromkeys([0x2018, 0x2019, 0x201B, 0x02BC], "'"),
    **dict.fromkeys([0x201C, 0x201D, 0x201F], '"'),
}
_SAFE = str.maketrans({**_INVISIBLE, **_SPACES})
_FOLDED = str.maketrans(_TYPOGRAPHY)


def clean_text(text: str) -> str:
    """The text as written, but without invisible and control characters, with plain spaces and `\\n` line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_SAFE)
    return "\n".join(line.rstrip(" \t") for line in text.split("\n"))


def one_line(text: str) -> str:
    """`clean_text` on one line, runs of white space folded to a single space: safe for a header or a table cell."""
    return " ".join(clean_text(text).split())


def plain_text(text: str) -> str:
    """`clean_text` with typographic hyphens and quotes made plain, for matching; as long as `clean_text` of it."""
    return clean_text(text).translate(_FOLDED)


def plain_line(text: str) -> str:
    """`one_line` with typographic hyphens and quotes made plain, for matching."""
    return one_line(text).translate(_FOLDED)
