"""A signed mail taken apart: which fields its signatures cover, what makes one worthless, the steps of its forwarders.

The header is read twice, by the library that checks signatures and by `mail/message.py`; a mail that the two see
differently is not looked at. Whether a signature holds is checked in `mail/dkim.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from inbox_bot.core.model import Mail
from inbox_bot.mail.domains import registrable

MOST_BYTES = 2_000_000  # a notice has some thousand
MOST_HEADER_BYTES = 256 * 1024
MOST_SIGNATURES = 5
MOST_ARC_SETS = 5
OLDEST = timedelta(days=10)
_CLOCK_ERROR = timedelta(hours=1)
_COVERED = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "reply-to")
_WEAK = (b"rsa-sha1",)
# Checking takes time by the square of each run of blanks.
_LONG_RUN = 2_000
_MOST_SQUARED = 20_000_000
_BLANKS = re.compile(rb"[ \t\r\n]{64,}")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_INSTANCE = re.compile(r"^\s*i\s*=\s*(\d{1,3})\s*;(.*)$", re.DOTALL)


Tags = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class ArcSet:
    """One step of a forwarded mail: who sealed it, what he found, and the tags of seal and signature."""

    sealer: str
    results: str
    seal_tags: Tags
    signature_tags: Tags


class SignedMail:
    """A mail with its header as the library reads it and as `mail/message.py` does."""

    def __init__(self, raw: bytes, mail: Mail, domain: str) -> None:
        self.raw, self.domain, self._mail = raw, domain, mail
        self.headers, _ = dkim.rfc822_parse(raw)
        self._counted = Counter(name.lower().decode("ascii", "replace") for name, _ in self.headers)
        for name in _COVERED:
            if self._counted[name] != len(mail.header_values(name)):
                raise ValueError("the header can be read in two ways")

    def signature(self, number: int) -> tuple[bytes, bytes]:
        """The signature field of that number, from the top."""
        found: list[tuple[bytes, bytes]] = [
            (name, value) for name, value in self.headers if name.lower() == b"dkim-signature"
        ]
        return found[number]

    @property
    def number_of_signatures(self) -> int:
        """How many of its signatures are looked at."""
        return min(self._counted["dkim-signature"], MOST_SIGNATURES)

    @property
    def is_sealed(self) -> bool:
        """Whether a forwarder (or the own server) put an ARC seal on it."""
        return self._counted["arc-seal"] > 0

    def uncovered(self, names: bytes) -> str:
        """In words, what a signature over the fields `names` (its h=) leaves open; "" when nothing."""
        signed = Counter(name.strip().lower().decode("ascii", "replace") for name in names.split(b":"))
        for name in _COVERED:
            if self._counted[name] and not signed[name]:
                return f"does not cover {name.title()}, so anybody can have written that"
            if self._counted[name] > signed[name]:
                return f"covers fewer {name.title()} fields than the mail has"
        return ""

    def is_whole(self, one: ArcSet) -> bool:
        """Whether the message signature of the set covers everything that is shown."""
        tags = one.signature_tags
        own = tags.get(b"d", b"").decode("ascii", "replace").lower()
        return (
            b"l" not in tags
            and bool(tags.get(b"h"))
            and registrable(own) == registrable(one.sealer)
            and not self.uncovered(tags[b"h"])
        )

    def arc_sets(self) -> tuple[ArcSet, ...]:
        """The steps from the first to the newest; empty when they are not whole or too many."""
        fields: dict[tuple[str, int], str] = {}
        for name, value in self._arc_fields():
            found = _INSTANCE.match(value)
            if found is None and (tags := _tags(value)) is not None and tags.get(b"i", b"").isdigit():
                number = int(tags[b"i"])
            elif found is not None:
                number = int(found.group(1))
            else:
                return ()
            if (name, number) in fields:
                return ()
            fields[name, number] = value if name != "arc-authentication-results" or not found else found[2]
        newest = max((number for _, number in fields), default=0)
        if not 1 <= newest <= MOST_ARC_SETS or len(fields) != 3 * newest:
            return ()
        sets = [_arc_set(fields, number) for number in range(1, newest + 1)]
        return tuple(one for one in sets if one is not None) if None not in sets else ()

    def _arc_fields(self) -> Iterator[tuple[str, str]]:
        for name, value in self.headers:
            if name.lower().startswith(b"arc-"):
                yield (
                    name.lower().decode("ascii", "replace"),
                    " ".join(value.decode("utf-8", "replace").split()),
                )


def _arc_set(fields: Mapping[tuple[str, int], str], number: int) -> ArcSet | None:
    seal = _tags(fields.get(("arc-seal", number), ""))
    signature = _tags(fields.get(("arc-message-signature", number), ""))
    results = fields.get(("arc-authentication-results", number))
    if not seal or not signature or results is None or not seal.get(b"d"):
        return None
    # Behind the number stands the name of the server that looked; then what it found.
    sealer = seal[b"d"].decode("ascii", "replace").lower().rstrip(".")
    return ArcSet(sealer, results.partition(";")[2], seal, signature)


def _tags(value: str) -> Tags | None:
    try:
        tags: Tags = parse_tag_value(value.encode("utf-8"))
    except InvalidTagValueList:
        return None
    return tags


def unfit(raw: bytes) -> str:
    """Why the signatures of a mail are not looked at; "" when they can be."""
    if len(raw) > MOST_BYTES:
        return "the mail is too large for its signature to be checked"
    end = _HEADER_END.search(raw)
    head = raw[: end.start()] if end else raw
    if len(head) > MOST_HEADER_BYTES:
        return "its header is too large for its signature to be checked"
    runs = [found.end() - found.start() for found in _BLANKS.finditer(raw)]
    if max(runs, default=0) >= _LONG_RUN or sum(run * run for run in runs) > _MOST_SQUARED:
        return "it has thousands of blanks in a row, so its signature is not checked"
    if b"\x00" in head or b"\r" in head.replace(b"\r\n", b""):
        return "its header has characters that no mail server writes, so its signature is not checked"
    return ""


def weakness(tags: Tags, arrived_at: datetime) -> str:
    """In words, what makes a signature worthless whatever the mathematics say; "" when nothing."""
    if b"l" in tags:
        return "covers only a part of the text (l=), so that words could be added"
    if tags.get(b"a") in _WEAK:
        return "uses SHA-1"
    try:
        signed_at = _instant(tags.get(b"t"))
        expires_at = _instant(tags.get(b"x"))
    except (ValueError, OverflowError, OSError):
        return "has a time that cannot be read"
    if expires_at is not None and arrived_at > expires_at:
        return f"expired on {expires_at:%Y-%m-%d}, before the mail arrived"
    if signed_at is not None and signed_at > arrived_at + _CLOCK_ERROR:
        return "was made in the future"
    if signed_at is not None and arrived_at - signed_at > OLDEST:
        return f"was made {(arrived_at - signed_at).days} days before the mail arrived (a replay?)"
    return ""


def _instant(stamp: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(int(stamp), UTC) if stamp is not None else None
