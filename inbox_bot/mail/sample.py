"""A mail made into a sample that can be shown: the same parts, charsets and encodings, with invented people in it.

What is known to be private (names, addresses, the seller's own mailbox) and what looks like it (order and tracking
numbers, e-mail addresses, links, message ids) is replaced, the same by the same. Files are emptied and the stamps of
the way the mail took are left out. What nobody named and nothing tells from other words stays: a person has to look.
"""

from __future__ import annotations

import base64
import email.policy
import html
import quopri
import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.header import Header, decode_header, make_header
from email.message import Message
from email.utils import formataddr, getaddresses

from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.redact import dates_and_amounts
from inbox_bot.core.spans import Span, SpanSet, digits_plain
from inbox_bot.mail.charset import decode_bytes

_KEPT = (
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-language",
)
_FLAGS = ("auto-submitted", "precedence")  # they tell bulk mail from other mail
_LISTS = ("list-id", "list-unsubscribe")
_PEOPLE = ("from", "to", "cc", "reply-to", "sender")
_IDS = ("message-id", "in-reply-to", "references")
_EMAIL = re.compile(r"[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
_ID = re.compile(r"<[^<>\s]{1,300}>")
_LINK = re.compile(r"(https?://)([^/\s<>\"']{1,200})([^\s<>\"')]*)")
_CHARSET = re.compile(r"(?i)charset\s*=\s*[\"']?[\w.:-]+")
_NUMBER = re.compile(r"(?<![#&\w])[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_FEWEST_DIGITS = 6
_BETWEEN = r"(?:\s|&nbsp;|&#160;|<br[^>]{0,20}>)+"
_WORDS = re.compile(r"[^\W\d_]+(?:[\s.'-]+[^\W\d_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Sample:
    """The mail without private data, and what was replaced by what."""

    raw_bytes: bytes
    replaced: tuple[tuple[str, str], ...]


def sample_of(
    raw: bytes, private: Sequence[str], own: Collection[str], amazon: Collection[str], seed: int
) -> Sample:
    """The sample of a mail; `private` are texts to take out, `own` the seller's addresses, `amazon` Amazon's domains.

    The same seed gives the same numbers; it has to be a secret one, for the numbers could be guessed back from it.
    """
    disguise = _Disguise(private, own, amazon, seed)
    message = message_from_bytes(raw, policy=email.policy.compat32)
    _rewrite(message, disguise)
    return Sample(message.as_bytes(), tuple(sorted(disguise.replaced.items())))


class _Disguise:
    """Invented values, the same for the same original."""

    def __init__(
        self, private: Sequence[str], own: Collection[str], amazon: Collection[str], seed: int
    ) -> None:
        self._own = {address.lower() for address in own}
        self._amazon = amazon
        self._dice = random.Random(seed)  # noqa: S311 - invented numbers; the seed is a secret of the caller
        self.replaced: dict[str, str] = {}
        self._people = 0
        texts = sorted({one.strip() for one in private if one.strip()}, key=len, reverse=True)
        self._private = [(_written(one), one) for one in texts]

    def text(self, text: str) -> str:
        """The text, or the source of a page, with invented values."""
        for pattern, original in self._private:
            text = pattern.sub(lambda _, known=original: self._name(known), text)  # type: ignore[misc]
        text = _LINK.sub(self._link, text)
        text = _EMAIL.sub(lambda match: self.address(match.group()), text)
        plain = digits_plain(text)
        stays = SpanSet(
            (
                *dates_and_amounts(plain),
                *(Span(*match.span(), "charset") for match in _CHARSET.finditer(plain)),
            )
        )
        pieces, at = [], 0
        for match in _NUMBER.finditer(plain):
            start, end = match.span()
            if sum(map(str.isdigit, match.group())) >= _FEWEST_DIGITS and not stays.touches(start, end):
                pieces += [text[at:start], self._number(text[start:end])]
                at = end
        return "".join((*pieces, text[at:]))

    def address(self, address: str) -> str:
        """An invented address; one of Amazon's stays."""
        domain = address.rpartition("@")[2]
        if is_listed_domain(domain.lower(), self._amazon):
            return address
        known = self.replaced.get(address.lower())
        if known is None:
            self._people += 1
            is_own = address.lower() in self._own
            known = "seller@shop.example" if is_own else f"person{self._people}@buyer.example"
            if known != address.lower():
                self.replaced[address.lower()] = known
        return known

    def message_id(self, text: str) -> str:
        """The ids with invented names at Amazon's or an example domain."""

        def invented(match: re.Match[str]) -> str:
            whole = match.group()
            if whole not in self.replaced:
                domain = whole[1:-1].rpartition("@")[2].lower()
                kept = is_listed_domain(domain, (*self._amazon, "amazonses.com"))
                name = f"{self._dice.getrandbits(64):016x}"
                self.replaced[whole] = f"<{name}@{domain if kept else 'mail.example'}>"
            return self.replaced[whole]

        return " ".join(invented(match) for match in _ID.finditer(text))

    def _link(self, match: re.Match[str]) -> str:
        opening, host, path = match.groups()
        kept = (
            host
            if is_listed_domain(host.lower().rpartition(":")[0] or host.lower(), self._amazon)
            else "www.example.com"
        )
        return f"{opening}{kept}/" if path.strip("/") or kept != host else match.group()

    def _number(self, number: str) -> str:
        if number not in self.replaced:
            digits = (str(self._dice.randrange(10)) if char.isdigit() else char for char in number)
            self.replaced[number] = "".join(digits)
        return self.replaced[number]

    def _name(self, name: str) -> str:
        if name not in self.replaced:
            self.replaced[name] = self._invented(name)
        return self.replaced[name]

    def _invented(self, name: str) -> str:
        if "@" in name:
            return self.address(name)
        digits = "".join(str(self._dice.randrange(10)) if char.isdigit() else char for char in name)
        return _WORDS.sub(lambda match: "見本" if _CJK.search(match.group()) else "Sample", digits)


def _written(text: str) -> re.Pattern[str]:
    """The text as it may stand in a mail: wrapped, in any case, with the signs of HTML spelled out."""
    words = (f"(?:{re.escape(word)}|{re.escape(html.escape(word))})" for word in text.split())
    # A name also ends where Chinese or Japanese goes on.
    letter = r"[0-9A-Za-z\u00c0-\u024f\u0370-\u04ff]"
    edges = ("", "") if _CJK.search(text) else (f"(?<!{letter})", f"(?!{letter})")
    return re.compile(edges[0] + _BETWEEN.join(words) + edges[1], re.IGNORECASE)


def _rewrite(message: Message, disguise: _Disguise) -> None:
    _rewrite_header(message, disguise)
    if message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                _rewrite(part, disguise)
        message.preamble = message.epilogue = None
    elif message.get_content_maintype() == "text" and not message.get_filename():
        _rewrite_text(message, disguise)
    else:
        _empty(message)


def _rewrite_header(message: Message, disguise: _Disguise) -> None:
    fields = list(message.items())
    for name in {name for name, _ in fields}:
        del message[name]
    for name, value in fields:
        lowered = name.lower()
        if lowered in _KEPT:
            message[name] = _without_names(str(value)) if lowered.startswith("content-") else str(value)
        elif lowered in _PEOPLE:
            message[name] = _people(_decoded(value), disguise)
        elif lowered in _IDS:
            message[name] = disguise.message_id(_decoded(value))
        elif lowered == "subject":
            subject = disguise.text(_decoded(value))
            message[name] = subject if subject.isascii() else Header(subject, "utf-8").encode()
        elif lowered in _FLAGS:
            message[name] = _decoded(value)[:60]
        elif lowered in _LISTS:
            message[name] = "<https://www.example.com/>"


def _without_names(value: str) -> str:
    """A field of the content without the names of files."""
    return re.sub(
        r"(?i);\s*(?:file)?name\*?[0-9]*\*?=(?:\"[^\"]*\"|[^;\s]*)",
        "",
        value.replace("\n", " ").replace("\r", ""),
    )


def _decoded(value: object) -> str:
    try:
        text = str(make_header(decode_header(str(value))))
    except (LookupError, ValueError):  # a charset that nobody knows
        text = str(value)
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _people(value: str, disguise: _Disguise) -> str:
    shown = []
    for name, address in getaddresses([value]):
        invented = disguise.address(address) if address else ""
        is_amazon = invented == address
        shown.append(formataddr((disguise.text(name) if is_amazon else "", invented)))
    return ", ".join(shown)


def _rewrite_text(part: Message, disguise: _Disguise) -> None:
    content = part.get_payload(decode=True)
    charset = part.get_content_charset()
    text, _ = decode_bytes(content if isinstance(content, bytes) else b"", charset)
    text = disguise.text(text)
    try:
        encoded = text.encode(charset or "us-ascii")
    except (LookupError, UnicodeEncodeError):
        encoded = text.encode()
        part.set_param("charset", "utf-8")
    how = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if how == "base64":
        part.set_payload(base64.encodebytes(encoded).decode("ascii"))
    elif how == "quoted-printable":
        part.set_payload(quopri.encodestring(encoded).decode("ascii"))
    else:
        part.set_payload(encoded.decode("ascii", "surrogateescape"))


def _empty(part: Message) -> None:
    """A file without its content: pictures and documents hold what no program finds."""
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "7bit"
    part.set_payload("")
