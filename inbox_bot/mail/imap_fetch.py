"""Fetching the mails of one look at a folder: in portions, and past any single mail the server trips over.

ENVELOPE and BODYSTRUCTURE are never asked for (one odd answer to those loses a whole batch), nor anything that
sets \\Seen. Which UIDs are wanted is decided in `imap.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from inbox_bot.core.model import aware
from inbox_bot.mail.imap_link import Link, Refused, Unreadable
from inbox_bot.mail.imap_stream import HEADER_ITEMS, HeaderStream
from inbox_bot.mail.mailbox import AT_ONCE_BYTES, HEADER_LIMIT_BYTES, FetchedHeader

HEADERS_PER_FETCH: Final = 500
BODIES_PER_FETCH: Final = 1_000
BODY_BYTES_PER_FETCH: Final = 5_000_000

_SIZES_KEPT: Final = 20_000
_ENDED: Final = "another folder was examined while mails were being read"
_Answer = dict[bytes, Any]


class FolderReader:
    """Reads mails of the folder that was examined last; `end` it before another folder is."""

    def __init__(self, link: Link) -> None:
        self.unreadable: list[int] = []
        self._link = link
        self._sizes: dict[int, int] = {}
        self._ended = False

    def end(self) -> None:
        """Let no reading that is under way go on: its UIDs would mean other mails."""
        self._ended = True

    def stream(self, lowest: int, highest: int) -> Generator[FetchedHeader, None, int]:
        """The headers of the mails with these UIDs; returns the UID up to which they were read, `highest` for all."""
        stream = HeaderStream(self._link, lowest, highest)
        for header in stream:
            if self._ended:
                raise RuntimeError(_ENDED)
            self._remember_size(header.uid, header.size_bytes)
            yield header
        return highest if stream.complete else stream.last_uid

    def headers(self, uids: list[int]) -> Iterator[FetchedHeader]:
        """The headers of these mails (ascending UIDs), without those that are gone or unreadable."""
        for start in range(0, len(uids), HEADERS_PER_FETCH):
            batch = uids[start : start + HEADERS_PER_FETCH]
            fetched = self._fetch(batch, HEADER_ITEMS)
            for uid in batch:
                if (header := _header(uid, fetched.pop(uid, {}))) is not None:
                    self._remember_size(uid, header.size_bytes)
                    yield header

    def bodies(self, uids: list[int]) -> Iterator[tuple[int, bytes]]:
        """These mails whole (ascending UIDs), without those that are gone or unreadable."""
        for batch in self._portions(uids):
            fetched = self._fetch(batch, ("BODY.PEEK[]",))
            for uid in batch:
                answer = fetched.pop(uid, {})
                if isinstance(raw := answer.get(b"BODY[]"), bytes):
                    yield uid, raw
                elif b"BODY[]" in answer:
                    self.unreadable.append(uid)

    def bodies_at_once(self, uids: list[int]) -> Iterator[tuple[int, bytes]]:
        """As `bodies`, with the size and the first AT_ONCE_BYTES of every mail in the first answer."""
        for start in range(0, len(uids), BODIES_PER_FETCH):
            batch = uids[start : start + BODIES_PER_FETCH]
            fetched = self._fetch(batch, ("RFC822.SIZE", f"BODY.PEEK[]<0.{AT_ONCE_BYTES}>"))
            whole: dict[int, bytes] = {}
            for uid, answer in fetched.items():
                raw = next((value for key, value in answer.items() if key.startswith(b"BODY[]")), None)
                self._remember_size(uid, _size(answer))
                if isinstance(raw, bytes) and len(raw) < AT_ONCE_BYTES:
                    whole[uid] = raw
            large = dict(self.bodies([uid for uid in batch if uid in fetched and uid not in whole]))
            yield from sorted((whole | large).items())

    def _fetch(self, uids: list[int], items: tuple[str, ...]) -> dict[int, _Answer]:
        """Fetch a batch; halve it as long as the server trips over it, until the mail that is to blame is alone."""
        try:
            return self._fetch_once(uids, items)
        except (Refused, Unreadable) as error:
            if isinstance(error, Refused):
                # A server that refuses everything (a rate limit) must not make good mails look bad.
                self._fetch_once(uids[:1], ("UID",))
            if len(uids) == 1:
                self.unreadable.extend(uids)
                return {}
        middle = len(uids) // 2
        return self._fetch(uids[:middle], items) | self._fetch(uids[middle:], items)

    def _fetch_once(self, uids: list[int], items: tuple[str, ...]) -> dict[int, _Answer]:
        if self._ended:
            raise RuntimeError(_ENDED)
        with self._link.talking("fetching mails") as client:
            # Left over from an answer that could not be read, it would spoil this one too.
            client._imap.untagged_responses.pop("FETCH", None)
            fetched: dict[int, _Answer] = client.fetch(uids, items)
            return fetched

    def _portions(self, uids: list[int]) -> Iterator[list[int]]:
        """The UIDs in portions of at most BODY_BYTES_PER_FETCH, or of one mail that is larger."""
        portion: list[int] = []
        size_bytes = 0
        for start in range(0, len(uids), HEADERS_PER_FETCH):
            stretch = uids[start : start + HEADERS_PER_FETCH]
            for uid, size in self._known_sizes(stretch).items():
                if portion and (size_bytes + size > BODY_BYTES_PER_FETCH or len(portion) == BODIES_PER_FETCH):
                    yield portion
                    portion, size_bytes = [], 0
                portion.append(uid)
                size_bytes += size
        if portion:
            yield portion

    def _known_sizes(self, uids: list[int]) -> dict[int, int]:
        """The size of each mail that is there; the server is asked for those that no header told."""
        sizes = {uid: self._sizes[uid] for uid in uids if uid in self._sizes}
        unknown = [uid for uid in uids if uid not in sizes]
        if unknown:
            fetched = self._fetch(unknown, ("RFC822.SIZE",))
            sizes |= {uid: _size(answer) for uid, answer in fetched.items()}
        return dict(sorted(sizes.items()))

    def _remember_size(self, uid: int, size_bytes: int) -> None:
        if len(self._sizes) >= _SIZES_KEPT:
            self._sizes.clear()
        self._sizes[uid] = size_bytes


def _header(uid: int, answer: _Answer) -> FetchedHeader | None:
    """The header in an answer; None when the answer holds none because the mail is gone."""
    blocks = [value for key, value in answer.items() if key.startswith(b"BODY[HEADER")]
    if not blocks and b"RFC822.SIZE" not in answer:
        return None
    block = blocks[0] if blocks and isinstance(blocks[0], bytes) else b""
    if len(block) > HEADER_LIMIT_BYTES:
        block = block[: block.rfind(b"\n", 0, HEADER_LIMIT_BYTES) + 1]
    return FetchedHeader(uid, _size(answer), _internal_at(answer.get(b"INTERNALDATE")), block)


def _size(answer: _Answer) -> int:
    size = answer.get(b"RFC822.SIZE")
    return size if isinstance(size, int) else BODY_BYTES_PER_FETCH


def _internal_at(moment: object) -> datetime:
    """INTERNALDATE in UTC; the present where the server gives none that can be read (the mail is there by now)."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        try:
            return aware(moment)
        except OverflowError:
            pass
    return datetime.now(UTC)
