"""The headers of a whole range of mails by one command, read off the wire while the server is still sending.

Only answers in the usual form are taken. After anything else the answer is read to its end and the rest of the range
is left to `imap_fetch.py`, which asks in small portions and finds the one mail that is to blame.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from inbox_bot.core.model import aware
from inbox_bot.mail.imap_link import Link
from inbox_bot.mail.mailbox import HEADER_FIELDS, HEADER_LIMIT_BYTES, FetchedHeader

HEADER_ITEMS: Final = (
    "RFC822.SIZE",
    "INTERNALDATE",
    f"BODY.PEEK[HEADER.FIELDS ({' '.join(HEADER_FIELDS)})]",
)

_BURST: Final = 500
_LONGEST_LITERAL: Final = 64 * 1024 * 1024
# As most servers answer: in the order of the question.
_USUAL: Final = re.compile(
    rb'\* \d+ FETCH \(UID (\d{1,10}) RFC822\.SIZE (\d{1,15}) INTERNALDATE "([^"\r\n]*)" '
    rb"BODY\[[^]\r\n]*\] \{(\d{1,7})\}\r\n"
)
_WORDS = rb'(?:UID \d{1,10}|RFC822\.SIZE \d{1,15}|INTERNALDATE "[^"\r\n]*"|FLAGS \([^()\r\n]*\)|MODSEQ \(\d{1,20}\))'
_BEGIN: Final = re.compile(
    rb"\* \d+ FETCH \(((?:%s )*)BODY\[[^]\r\n]*\] \{(\d{1,7})\}\r\n" % _WORDS, re.IGNORECASE
)
_END: Final = re.compile(rb"((?: %s)*)\)\r\n" % _WORDS, re.IGNORECASE)
_WORD: Final = re.compile(rb'(UID|RFC822\.SIZE|INTERNALDATE) (?:(\d+)|"([^"]*)")', re.IGNORECASE)
_FLAGS_ONLY: Final = re.compile(rb"\* \d+ FETCH \((?:%s ?)+\)\r\n" % _WORDS, re.IGNORECASE)
_NEWS: Final = re.compile(rb"\* (\d+) (EXISTS|RECENT|EXPUNGE)\r\n", re.IGNORECASE)
_OTHER: Final = re.compile(rb"\* (OK|NO|BAD|BYE|FLAGS|CAPABILITY|SEARCH|VANISHED)\b ?(.*)\r\n", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"\{(\d+)\+?\}\r\n\Z")
_MOMENT: Final = re.compile(rb"([ \d]\d-[A-Za-z]{3}-\d{4}) ([0-2]\d):([0-5]\d):([0-5]\d) ([+-]\d{4})")


class HeaderStream:
    """One FETCH of the headers of a range of UIDs; iterate it once.

    `complete` is true when every answer was read as a header; else `last_uid` is the last mail that was, and the rest
    has to be asked for again; that is the whole range when the mails came out of order. Raises TemporaryError as any
    talk with the server.
    """

    def __init__(self, link: Link, lowest: int, highest: int) -> None:
        self.complete = False
        self.last_uid = lowest - 1
        self._link = link
        self._range = (lowest, highest)
        self._tag = b""
        self._ended = self._odd = False
        self._waiting: deque[FetchedHeader] = deque()

    def __iter__(self) -> Iterator[FetchedHeader]:
        with self._link.talking("fetching mails") as client:
            lowest, highest = self._range
            self._tag = client._imap._command(
                "UID", "FETCH", f"{lowest}:{highest} ({' '.join(HEADER_ITEMS)})"
            )
        self._link.owe(self._read_on)
        while self._waiting or not self._ended:
            if not self._waiting:
                self._read_burst()
            while self._waiting:
                yield self._waiting.popleft()

    def _read_on(self) -> None:
        """Somebody else wants to talk: take what is still to come into memory."""
        while not self._ended:
            self._read_burst()

    def _read_burst(self) -> None:
        self._link.owe(None)
        try:
            with self._link.talking("fetching mails") as client:
                self._read_some(client._imap)
        except BaseException:
            self._ended = True
            raise
        if not self._ended:
            self._link.owe(self._read_on)

    def _read_some(self, imap: Any) -> None:
        readline, read, usual, take = imap.readline, imap.read, _USUAL.match, self._take
        for _ in range(_BURST):
            line = readline()
            found = usual(line)
            if found is None:
                if not self._unusual(imap, line):
                    return
                continue
            block = read(int(found[4]))
            end = readline()
            if end == b")\r\n":
                take(int(found[1]), int(found[2]), found[3], block)
            else:
                self._with_end(imap, dict(_words(found[0])), block, end)

    def _take(self, uid: int, size_bytes: int, date: bytes, block: bytes) -> None:
        if self._odd:
            return
        if uid <= self.last_uid:
            self._odd, self.last_uid = True, self._range[0] - 1
            return
        self.last_uid = uid
        if len(block) > HEADER_LIMIT_BYTES:
            block = block[: block.rfind(b"\n", 0, HEADER_LIMIT_BYTES) + 1]
        self._waiting.append(FetchedHeader(uid, size_bytes, internal_at(date), block))

    def _unusual(self, imap: Any, line: bytes) -> bool:
        """A line that begins no header in the usual order; False when it ends the answer."""
        if line.startswith(self._tag + b" "):
            self._finish(imap, line)
            return False
        if (begun := _BEGIN.match(line)) is not None:
            block = imap.read(int(begun[2]))
            self._with_end(imap, dict(_words(begun[1])), block, imap.readline())
        elif (news := _NEWS.match(line)) is not None:
            imap._append_untagged(news[2].decode("ascii").upper(), news[1])
        elif (other := _OTHER.match(line)) is not None and _LITERAL.search(line) is None:
            imap._append_untagged(other[1].decode("ascii").upper(), other[2])
            if other[1].upper() == b"BYE":
                raise imap.abort("BYE")
        elif _FLAGS_ONLY.fullmatch(line) is None:
            self._pass_over(imap, line)
        return True

    def _with_end(self, imap: Any, words: dict[bytes, bytes], block: bytes, end: bytes) -> None:
        """A header with items behind it, as some servers have it."""
        closed = _END.fullmatch(end)
        words |= dict(_words(closed[1])) if closed is not None else {}
        if closed is None or not {b"UID", b"RFC822.SIZE", b"INTERNALDATE"} <= words.keys():
            self._pass_over(imap, end)
        else:
            self._take(int(words[b"UID"]), int(words[b"RFC822.SIZE"]), words[b"INTERNALDATE"], block)

    def _pass_over(self, imap: Any, line: bytes) -> None:
        """Read what cannot be understood to the end of its line, literals and all."""
        self._odd = True
        while (literal := _LITERAL.search(line)) is not None:
            if int(literal[1]) > _LONGEST_LITERAL:
                raise imap.abort("a literal of impossible length")
            imap.read(int(literal[1]))
            line = imap.readline()
        if not line:
            raise imap.abort("socket error: EOF")

    def _finish(self, imap: Any, line: bytes) -> None:
        imap.tagged_commands.pop(self._tag, None)
        self._ended = True
        self.complete = not self._odd and line[len(self._tag) + 1 :].upper().startswith(b"OK")


def _words(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    for found in _WORD.finditer(text):
        yield found[1].upper(), found[2] or found[3] or b""


def internal_at(text: bytes) -> datetime:
    """INTERNALDATE in UTC; the present where it cannot be read (the mail is there by now)."""
    found = _MOMENT.fullmatch(text)
    midnight = _midnight(found[1], found[5]) if found is not None else None
    if found is None or midnight is None:
        return datetime.now(UTC)
    return midnight + timedelta(0, int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4]))


@lru_cache(maxsize=4096)
def _midnight(day: bytes, zone: bytes) -> datetime | None:
    try:
        moment = aware(datetime.strptime(f"{day.decode().strip()} {zone.decode()}", "%d-%b-%Y %z"))
    except (ValueError, OverflowError):
        return None
    return moment if moment.year < 9999 else None
