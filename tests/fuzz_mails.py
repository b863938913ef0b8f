"""Raw mails made hostile: one fixture and one seed in, one mail out that wants to break its reader.

Each mutation knows the structure of a mail, so that the damage gets past the first line of the parser. What is done
with the mails is written in `fuzz_reading.py`.
"""

from __future__ import annotations

import base64
import gzip
import io
import quopri
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

EMAILS = Path(__file__).parent.parent / "fixtures" / "emails"
MOST_BYTES = 3_000_000

Mutation = Callable[[bytes, Random], bytes]
MUTATIONS: list[Mutation] = []

_NAMES = (
    b"From To Cc Subject Date Message-ID Reply-To In-Reply-To References Received Return-Path Content-Type "
    b"Content-Transfer-Encoding Content-Disposition MIME-Version Authentication-Results DKIM-Signature List-Id "
    b"Delivered-To Sender X-Mailer Auto-Submitted X-Failed-Recipients ARC-Seal"
).split()
_CHARSETS = (
    b"utf-8 UTF8 utf-7 utf-16 utf-32 us-ascii iso-8859-1 iso-8859-8-i windows-1252 gb2312 gbk gb18030 hz big5 shift_jis "
    b"iso-2022-jp iso-2022-kr euc-kr koi8-r unknown-8bit x-unknown DEFAULT undefined idna punycode hex zlib base64 rot13 "
    b"raw_unicode_escape unicode_escape mbcs utf-8\0 =?utf-8?q?utf-8?= '' utf_8_sig cp65001 ansi_x3.110-1983 none"
).split()
_ENCODINGS = (
    b"7bit 8bit binary base64 quoted-printable x-uuencode uuencode x-yenc BASE64; gzip =?q? 7-bit x".split()
)
_ODD_BYTES = (
    b"\0",
    b"\r",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x1b$B",
    b"\x1b[2J\x1b]0;x\x07",
    b"\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",  # a surrogate in UTF-8
    b"\xf4\x90\x80\x80",
    b"\x0c",
    b"\x0b",
    b"\x1a",
    b"\x85",
    b"\xa0",
    "\u202e".encode(),
    "\u2066\u2069".encode(),
    "\u200b".encode(),
    "\ufeff".encode(),
    "\u2028".encode(),
    "\u0430".encode(),  # a Cyrillic a
    "\uff10\uff11".encode(),
    "e\u0301".encode() + "\u0301".encode() * 300,
    "\U000e0041".encode(),
    "\U0001f468\u200d\U0001f469".encode(),
    "\ufdfa".encode(),  # one letter that becomes eighteen
    "\u1e9e\u0130\u212a".encode(),  # letters that change their length in lower case
)
_FIELD_VALUES = (
    b"=?utf-8?q?" + b"=41" * 200 + b"?=",
    b"=?utf-8?b?////?=",
    b"=?utf-8?q?=0D=0ABcc:_a@mail.example?=",
    b"=?utf-7?q?+AGE-?=",
    b"=?gb2312?b?1tC5+g==",
    b"=??q??=",
    b"=?" * 3_000,
    b"(" * 3_000,
    b"((" * 1_000 + b"))" * 999,
    b'"' * 5_000,
    b'"\\' * 3_000,
    b"<" * 3_000,
    b"<a@" * 1_500,
    b"a:" * 2_000 + b";",
    b"@" * 3_000,
    b"," * 20_000,
    b"a@b.example," * 2_000,
    b"[" * 2_000,
    b"a" * 31_000,
    b"a " * 15_000,
    b"\t " * 15_000,
    b";" * 20_000,
    b"x=y;" * 5_000,
    b"<x@mail.example>" * 1_500,
    b"<" + b"x" * 900 + b"@mail.example>",
    b"Mon, 99 Foo 99999 99:99:99 +9999",
    b"Sat, 31 Dec 9999 23:59:59 -1400",
    b"Mon, 1 Jan 0001 00:00:00 +1400",
    b"1 Jan " + b"9" * 5_000 + b" 00:00:00 +0000",
    b"Mon, 2 Mar 2026 10:00:00 +" + b"9" * 4_500,
    b"-" * 5_000,
    b"\0" * 100,
    b"",
)


def mutation(function: Mutation) -> Mutation:
    """Count a function among the mutations."""
    MUTATIONS.append(function)
    return function


def mutated(raw: bytes, seed: int) -> bytes:
    """The mail with one to five kinds of damage, the same for the same seed."""
    random = Random(seed)
    for _ in range(random.choice((1, 1, 2, 2, 3, 5))):
        raw = random.choice(MUTATIONS)(raw, random)[:MOST_BYTES]
    return raw


def fixture_mails() -> tuple[bytes, ...]:
    """The raw mails that are mutated."""
    paths = sorted(EMAILS.glob("*.eml"))
    return tuple(path.read_bytes() for path in paths if not path.name.endswith(".reply.eml"))


def _split(raw: bytes) -> tuple[list[bytes], bytes]:
    """The header fields, folded lines together, and the body."""
    match = re.search(rb"\r?\n\r?\n", raw)
    head, body = (raw[: match.start()], raw[match.end() :]) if match else (raw, b"")
    return re.split(rb"\r?\n(?![ \t])", head), body


def _join(fields: list[bytes], body: bytes) -> bytes:
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def _with_body(raw: bytes, media_type: bytes, body: bytes, encoding: bytes = b"8bit") -> bytes:
    """The mail's envelope around another body."""
    fields = [field for field in _split(raw)[0] if not field.lower().startswith(b"content-")]
    fields += [b"Content-Type: " + media_type, b"Content-Transfer-Encoding: " + encoding]
    return _join(fields, body)


def _decoded(raw: bytes) -> bytes:
    """The mail's own words, roughly: enough to make a text that is still taken for a notice."""
    body = _split(raw)[1]
    lowered = raw.lower()
    if b"base64" in lowered:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    return quopri.decodestring(body) if b"quoted-printable" in lowered else body


def _part(media_type: bytes, content: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"Content-Type: " + media_type, *fields, b"", content])


# The header ------------------------------------------------------------------------------------------------------


@mutation
def shuffled_fields(raw: bytes, random: Random) -> bytes:
    """Header fields swapped, doubled and dropped."""
    fields, body = _split(raw)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(fields))
        match random.randrange(4):
            case 0:
                fields.insert(random.randrange(len(fields) + 1), fields[at])
            case 1 if len(fields) > 1:
                fields.pop(at)
            case 2:
                random.shuffle(fields)
            case _:
                name = random.choice(_NAMES)
                fields[at] = name + b":" + fields[at].partition(b":")[2]
    return _join(fields, body)


@mutation
def hostile_field(raw: bytes, random: Random) -> bytes:
    """A field with a value that wants to cost much."""
    fields, body = _split(raw)
    for _ in range(random.choice((1, 1, 3, 30))):
        value = random.choice(_FIELD_VALUES)
        if random.random() < 0.3:
            value = re.sub(rb"(.{60})", rb"\1\r\n ", value)
        at = random.choice((0, len(fields), random.randrange(len(fields) + 1)))
        fields.insert(at, random.choice(_NAMES) + b": " + value)
    return _join(fields, body)


@mutation
def huge_header(raw: bytes, random: Random) -> bytes:
    """More fields, or longer ones, than any mail has."""
    fields, body = _split(raw)
    match random.randrange(4):
        case 0:
            fields += [b"X-%d: y" % number for number in range(random.choice((500, 5_000, 30_000)))]
        case 1:
            fields += [b"Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0000"] * random.choice((100, 2_000))
        case 2:
            fields.insert(0, b"X-Long: " + b"z" * random.choice((10_000, 300_000, 1_000_000)))
        case _:
            fields.insert(0, b"Subject: " + b"\r\n ".join([b"word"] * random.choice((1_000, 50_000))))
    return _join(fields, body)


@mutation
def encoded_words(raw: bytes, random: Random) -> bytes:
    """Thousands of encoded words, split, nested, with all kinds of labels."""
    fields, body = _split(raw)
    charset = random.choice(_CHARSETS)
    words = {
        0: (b"=?" + charset + b"?q?=41=e4=b8?= ") * random.choice((10, 2_000)),
        1: (b"=?" + charset + b"?b?5Lit5Zu9?=") * random.choice((10, 1_500)),
        2: b"=?utf-8?b?" + base64.b64encode(b"=?utf-8?q?=41?=" * 500) + b"?=",
        3: b"=?utf-8*en?q?" + b"_" * 20_000 + b"?=",
        4: b"".join(b"=?utf-8?q?=%02X?=" % random.randrange(256) for _ in range(1_000)),
    }[random.randrange(5)]
    name = random.choice((b"Subject", b"From", b"To", b"Reply-To", b"Content-Type", b"Date", b"Message-ID"))
    fields = [field for field in fields if not field.lower().startswith(name.lower() + b":")]
    address = b" <cb-seller-query@amazon.com>" if name in (b"From", b"To", b"Reply-To") else b""
    return _join([name + b": " + words + address, *fields], body)


@mutation
def odd_lines(raw: bytes, random: Random) -> bytes:
    """Line ends of all kinds, blank lines in the header, a mark at the start, an mbox line."""
    match random.randrange(7):
        case 0:
            return raw.replace(b"\r\n", b"\r")
        case 1:
            return raw.replace(b"\r\n", b"\n")
        case 2:
            return re.sub(rb"\r\n", lambda _: random.choice((b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\r")), raw)
        case 3:
            return b"\xef\xbb\xbf" + raw
        case 4:
            return b"From nobody Mon Mar  2 10:00:00 2026\n" + raw
        case 5:
            return raw.replace(b"\r\n", b"\r\n\r\n", random.randint(1, 4))
        case _:
            return b"\r\n" * random.choice((1, 5, 50_000)) + raw


@mutation
def mime_parameters(raw: bytes, random: Random) -> bytes:
    """RFC 2231 at its worst: gaps, doubles, thousands of pieces, nonsense in the charset, huge numbers."""
    pieces = {
        0: b";".join(b"name*%d*=%%E4%%B8%%AD" % number for number in range(random.choice((5, 150)))),
        1: b"boundary*0=a; boundary*2=b; boundary*0*=utf-8''%41",
        2: b"charset*=" + random.choice(_CHARSETS) + b"'en'" + random.choice(_CHARSETS),
        3: b"name*" + b"9" * 4_400 + b"=x",
        4: b"boundary*=" + random.choice(_CHARSETS) + b"''x%FF%00",
        5: b'boundary="' + b"b" * random.choice((80, 4_000)),
        6: b"name=\"../../\\..\\etc/passwd\0\r\n\"; filename*=utf-8''%2e%2e%2f%00x.eml",
        7: b'boundary=""',
    }[random.randrange(8)]
    media_type = random.choice(
        (b"text/plain", b"multipart/mixed", b"application/pdf", b"/", b"multipart/", b"")
    )
    fields, body = _split(raw)
    fields = [field for field in fields if not field.lower().startswith(b"content-type")]
    fields.append(b"Content-Type: " + media_type + b"; " + pieces)
    fields.append(b"Content-Disposition: attachment; " + pieces)
    return _join(fields, body)


# Charsets, encodings, bytes ---------------------------------------------------------------------------------------


@mutation
def other_labels(raw: bytes, random: Random) -> bytes:
    """Other charsets and transfer encodings than the text has."""
    raw = re.sub(rb"(?i)charset=\"?[\w-]+\"?", lambda _: b"charset=" + random.choice(_CHARSETS), raw)
    if random.random() < 0.7:
        pattern = rb"(?i)(content-transfer-encoding:\s*)\S+"
        raw = re.sub(pattern, lambda found: found.group(1) + random.choice(_ENCODINGS), raw)
    return raw


@mutation
def damaged_encoding(raw: bytes, random: Random) -> bytes:
    """The text in base64 or quoted-printable, and that cut, filled up, mixed."""
    words = _decoded(raw)
    if random.random() < 0.5:
        encoded = base64.encodebytes(words)
        damage = random.choice((b"=", b"====", b"\0", b"-- \r\nA footer with words\r\n", b"!", b"\xff", b"A"))
        at = random.randrange(len(encoded) + 1)
        encoded = encoded[:at] + damage * random.choice((1, 3, 5_000)) + encoded[at:]
        return _with_body(raw, b"text/plain; charset=utf-8", encoded, b"base64")
    encoded = quopri.encodestring(words)
    damage = random.choice((b"=", b"=\r\n", b"=G0", b"=0", b"=3D", b"=00", b"= \t\r\n"))
    encoded = encoded.replace(b"=", damage) if random.random() < 0.3 else damage * 20_000 + encoded
    return _with_body(raw, b"text/html; charset=utf-8", encoded, b"quoted-printable")


@mutation
def odd_bytes(raw: bytes, random: Random) -> bytes:
    """Bytes and letters that no one expects, anywhere."""
    for _ in range(random.choice((1, 5, 50))):
        at = random.randrange(len(raw) + 1)
        raw = raw[:at] + random.choice(_ODD_BYTES) * random.choice((1, 1, 2, 200)) + raw[at:]
    return raw


@mutation
def flipped_bytes(raw: bytes, random: Random) -> bytes:
    """Bytes changed without any plan."""
    content = bytearray(raw)
    for _ in range(min(len(content), random.choice((1, 10, 200)))):
        content[random.randrange(len(content))] = random.randrange(256)
    return bytes(content)


@mutation
def cut(raw: bytes, random: Random) -> bytes:
    """The mail cut off, or a piece missing."""
    at = random.randrange(len(raw) + 1)
    if random.random() < 0.5:
        return raw[:at]
    return raw[:at] + raw[at + random.randrange(500) :]


@mutation
def repeated_piece(raw: bytes, random: Random) -> bytes:
    """A piece of the mail many times over."""
    start = random.randrange(len(raw) + 1)
    piece = raw[start : start + random.choice((1, 2, 10, 100, 1_000))]
    return raw[:start] + piece * random.choice((2, 50, 3_000)) + raw[start:]


# Parts -----------------------------------------------------------------------------------------------------------


@mutation
def nested(raw: bytes, random: Random) -> bytes:
    """Mails in mails, and groups in groups, deeper than anybody nests them."""
    depth = random.choice((3, 19, 21, 90, 120, 600))
    fields, body = _split(raw)
    content = _part(b"text/plain; charset=utf-8", body)
    if random.random() < 0.5:
        content = raw
        for _ in range(depth):
            content = b"From: a@mail.example\r\n" + _part(b"message/rfc822", content)[:MOST_BYTES]
        return _join([*fields[:6], b"Content-Type: message/rfc822"], content)
    for number in range(depth):
        edge = b"e%d" % (number if random.random() < 0.9 else 1)
        content = _part(
            b"multipart/mixed; boundary=" + edge, b"--" + edge + b"\r\n" + content + b"\r\n--" + edge
        )
    return (
        b"\r\n".join([field for field in fields if not field.lower().startswith(b"content-")])
        + b"\r\n"
        + content
    )


@mutation
def many_parts(raw: bytes, random: Random) -> bytes:
    """Hundreds of parts, mails among them."""
    count = random.choice((10, 150, 210, 900, 5_000))
    kinds = (
        _part(b"text/plain", _decoded(raw)[:3_000]),
        _part(b"text/html", b"<table><tr><td>x</td></tr></table>" * 50),
        _part(b"message/rfc822", raw[:20_000]),
        _part(
            b"application/pdf; name=x.pdf", b"%PDF-1.7", b"Content-Disposition: attachment; filename=x.pdf"
        ),
        _part(b"image/png", b"", b"Content-Transfer-Encoding: base64"),
        b"",
    )
    body = b"".join(b"--edge\r\n" + random.choice(kinds) + b"\r\n" for _ in range(count))
    return _with_body(raw, b"multipart/mixed; boundary=edge", body + b"--edge--")


@mutation
def boundary_games(raw: bytes, random: Random) -> bytes:
    """Separators that are each other's beginning, empty, doubled, never closed, or only look like ones."""
    words = _decoded(raw)
    edge = random.choice((b"a", b"-", b"--", b" ", b"a b", b"=_x", b"a" * 70, b"(.*)", b"\xe4", b"a--"))
    inner = _part(b"multipart/alternative; boundary=" + edge + b"a", b"--" + edge + b"a\r\n\r\n" + words)
    body = b"--" + edge + b"\r\n" + inner + b"\r\n--" + edge + b"--\r\n--" + edge + b"\r\n\r\n" + words
    if random.random() < 0.4:
        body += (b"--" + edge + b"x\r\n") * random.choice((10, 700, 20_000))
    return _with_body(raw, b'multipart/mixed; boundary="' + edge + b'"', body)


@mutation
def compressed_files(raw: bytes, random: Random) -> bytes:
    """Files of a few kilobytes that are hundreds of megabytes when they are unpacked."""
    zeros = b"\0" * random.choice((1_000_000, 20_000_000))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../a.eml", zeros)
    stream = (
        b"%PDF-1.7\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + zlib.compress(zeros) + b"\nendstream\n"
    )
    content, media_type, name = random.choice(
        (
            (packed.getvalue(), b"application/zip", b"a.zip"),
            (gzip.compress(zeros), b"application/gzip", b"a.eml.gz"),
            (stream, b"application/pdf", b"a.pdf"),
            (packed.getvalue(), b"message/rfc822", b"a.eml"),
        )
    )
    file = _part(
        media_type,
        base64.encodebytes(content),
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename=" + name,
    )
    text = _part(b"text/plain; charset=utf-8", _decoded(raw))
    body = b"--edge\r\n" + text + b"\r\n--edge\r\n" + file + b"\r\n--edge--"
    return _with_body(raw, b"multipart/mixed; boundary=edge", body)


# What is read: HTML and text --------------------------------------------------------------------------------------


@mutation
def html_bomb(raw: bytes, random: Random) -> bytes:
    """HTML that is cheap to write and dear to lay out."""
    many = random.choice((300, 5_000, 40_000))
    words = _decoded(raw)[:20_000]
    page = {
        0: b"<div>" * many + words,
        1: b"<table><tr><td>" * min(many, 2_000) + words,
        2: b"<table>" + b"<tr>" + b"<td>x</td>" * many + b"</tr></table>" + words,
        3: b"<table>" + b"<tr><td>x<td>y" * many + words,
        4: b"&amp;" * many + b"&#x41;" * many + words,
        5: b"&#" + b"9" * 20_000 + b";" + words,
        6: b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><p>&b;</p>" + words,
        7: b"<a " + b"x=y " * many + b">" + words,
        8: b"<" * many + words,
        9: b"<!--" * many + words,
        10: b"<ul><li>" * 199 + words + b"<br>" * many,
        11: b'<td width=99999999 style="padding:9999999px">' * 200 + words,
        12: b"<pre>" + b" " * many + words + b"\n" * many,
        13: b"<table><tr><td>"
        + b"x" * 50_000
        + b"</td>"
        + b"<td>y<br></td>" * 2_000
        + b"</tr></table>"
        + words,
        14: b"<style>" * many + words,
        15: b"<p><b><i>" * many + words,
    }[random.randrange(16)]
    return _with_body(
        raw, b"text/html; charset=" + random.choice((b"utf-8", b"utf-8", b"gbk", b"utf-16")), page
    )


@mutation
def text_bomb(raw: bytes, random: Random) -> bytes:
    """Text that is dear to look through: numbers, labels, quotes, dates, blanks, ids without end."""
    many = random.choice((200, 3_000, 30_000))
    words = _decoded(raw)[:20_000]
    flood = {
        0: b"Transaction amount: USD " + b"9" * 10_000 + b".99\n",
        1: b"Amount: " + b"1,234," * many + b"567.89 EUR\n",
        2: b"".join(b"Order ID: 123-%07d-%07d\n" % (n, n) for n in range(min(many, 8_000))),
        3: b"> " * many + b"On Mon, x wrote:\n",
        4: b">" * many + b"\n" + b"> quoted\n" * many,
        5: b"From: x\nSent: y\nTo: z\nSubject: FW: w\n" * min(many, 4_000),
        6: b"-----Original Message-----\n" * min(many, 5_000),
        7: b"2026-03-02 " * many + b"March 2, 2026, " * min(many, 3_000),
        8: b"within 99999999999999999999 days of " * min(many, 5_000),
        9: b"Reason: Order reason: Chargeback reason: " * min(many, 5_000),
        10: b"a" * many * 10,
        11: "一二三四五六七八九十百千万亿".encode() * min(many, 5_000),
        12: b"$" * many + b"1" * many,
        13: b"chargeback " * min(many, 10_000),
        14: b"\n".join(b"%d x Widget, number %d" % (n, n) for n in range(min(many, 8_000))),
        15: b"x:\n" * many,
        16: b"a@b." * many,
        17: b"http://a.example/" + b"%41" * many,
        18: b"- " * many + b"\n" + b"* \n" * many,
        19: "\u0301".encode() * many,
        20: "\ufdfa".encode() * min(many, 10_000),
        21: b"1" * many + b"-" + b"2" * many + b"-" + b"3" * many,
        22: "退单金额：人民币 ".encode() * min(many, 5_000),
        23: b"Ship to:\n" + b"12 Some Street\n" * min(many, 10_000),
        24: "\U0001f468\u200d".encode() * min(many, 8_000),
    }[random.randrange(25)]
    body = words + b"\n" + flood if random.random() < 0.5 else flood + b"\n" + words
    flowed = random.choice((b"", b"", b"; format=flowed", b"; format=flowed; delsp=yes"))
    return _with_body(raw, b"text/plain; charset=utf-8" + flowed, body)


@mutation
def spliced(raw: bytes, random: Random) -> bytes:
    """The header of one mail on the body of another."""
    other = random.choice(_corpus())
    return _join(_split(raw)[0], _split(other)[1])


_CORPUS: list[bytes] = []


def _corpus() -> list[bytes]:
    if not _CORPUS:
        _CORPUS.extend(fixture_mails())
    return _CORPUS
