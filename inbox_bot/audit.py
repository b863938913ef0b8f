"""Reading a mailbox's past: every notice, decision and answer of some months, handled as on the day it came.

Nothing is written anywhere: the store is one in memory, and no letter is composed. What the findings mean is worked
out in `core/audit.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from inbox_bot.core.audit import Audit, audit_line, audit_of, is_dispute
from inbox_bot.core.model import Mail
from inbox_bot.core.sieve import sieve_for
from inbox_bot.desk import Desk
from inbox_bot.intake import LARGEST_MAIL_BYTES, MOST_WAITS, handle_safely
from inbox_bot.mail.glance import glance
from inbox_bot.mail.mailbox import Mailbox
from inbox_bot.mail.readers import READERS
from inbox_bot.replay import ReplayOutside
from inbox_bot.store.protocol import Cursor, FetchedMail, StoredMail

_BATCH = 200  # bodies asked for at once


@dataclass(frozen=True, slots=True)
class Looked:
    """How much was looked at: headers of so many mails of the time, and how many mails were then read whole."""

    folders: int = 0
    mails: int = 0
    read: int = 0
    too_large: int = 0


class PastOutside(ReplayOutside):
    """A mailbox that is only looked back on; `sent` is the account's Sent folder, empty for none."""

    def __init__(self, sent: str) -> None:
        super().__init__(())
        self._sent = sent

    def sent_folder(self) -> str:
        """The account's own Sent folder."""
        return self._sent


class ReadAhead:
    """Reads mails, several at once, while other work goes on; close it after use."""

    def __init__(self, read: Callable[[bytes], Mail]) -> None:
        self._read = read
        self._pool = ThreadPoolExecutor(READERS)
        self._begun: dict[str, Future[Mail]] = {}

    def __call__(self, raw: bytes) -> Mail:
        """The mail, as soon as it is read; what cannot be read raises as `read` does."""
        begun = self._begun.pop(hashlib.sha256(raw).hexdigest(), None)
        return begun.result() if begun is not None else self._read(raw)

    def begin(self, raw: bytes) -> str:
        """Begin to read the mail; returns its SHA-256."""
        sha256 = hashlib.sha256(raw).hexdigest()
        if sha256 not in self._begun:
            self._begun[sha256] = self._pool.submit(self._read, raw)
        return sha256

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A mail that is to be handled: its place in time, and where it lies."""

    at: datetime
    number: int
    folder: str
    sha256: str


class Past:
    """The mails of one account since an instant, gathered folder by folder, then handled in their order.

    `desk` has a store in memory and `PastOutside`; `ahead` is what it reads with.
    """

    def __init__(self, desk: Desk, ahead: ReadAhead, since_at: datetime) -> None:
        self._desk, self._ahead, self._since_at = desk, ahead, since_at
        own_domains = (one.rpartition("@")[2] for one in desk.own_addresses)
        self._own = desk.own_addresses
        self._sieve = sieve_for(desk.rulebook.notices, own_domains)
        self._arrived: dict[str, _Arrived] = {}
        self._thread_ids: set[str] = set()
        self._looked = Looked()

    def gather(self, mailbox: Mailbox, folders: Sequence[str], sent: str) -> Looked:
        """Fetch what can matter from the folders, and from Sent what belongs to it; raises TemporaryError."""
        for folder in (*(one for one in folders if one != sent), *([sent] if sent else [])):
            if mailbox.examine(folder).exists == 0:
                continue
            wanted = dict(self._wanted(mailbox, is_sent=folder == sent))
            self._fetch(mailbox, folder, wanted)
            self._looked = Looked(
                self._looked.folders + 1, self._looked.mails, len(self._arrived), self._looked.too_large
            )
        return self._looked

    def _wanted(self, mailbox: Mailbox, *, is_sent: bool) -> Iterator[tuple[int, datetime]]:
        """UID and arrival of the mails of the open folder that are worth reading."""
        mails = too_large = 0
        for header in mailbox.headers_after(0):
            if header.internal_at < self._since_at:
                continue
            mails += 1
            seen = glance(header.header_bytes)
            by_own = seen.sender is not None and seen.sender.email in self._own
            if is_sent or by_own:
                matters = not self._thread_ids.isdisjoint(seen.thread_ids)
            else:
                matters = self._sieve.can_matter(seen)
            if matters and header.size_bytes > LARGEST_MAIL_BYTES:
                too_large += 1
            elif matters:
                self._thread_ids |= {seen.message_id} if seen.message_id else set()
                yield header.uid, header.internal_at
        before = self._looked
        self._looked = Looked(before.folders, before.mails + mails, before.read, before.too_large + too_large)

    def _fetch(self, mailbox: Mailbox, folder: str, wanted: dict[int, datetime]) -> None:
        desk = self._desk
        every = tuple(wanted)
        for start in range(0, len(every), _BATCH):
            uids = every[start : start + _BATCH]
            mails = [FetchedMail(uid, wanted[uid], None, raw) for uid, raw in mailbox.bodies(uids)]
            desk.store.save_mails(desk.policy.account, folder, Cursor(1, max(uids)), mails, self._since_at)
            for one in mails:
                sha256 = self._ahead.begin(one.raw_bytes)
                place = _Arrived(wanted[one.uid], len(self._arrived), folder, sha256)
                self._arrived.setdefault(sha256, place)

    def audit(self, now: datetime) -> Audit:
        """What became of every dispute that the gathered mails tell of."""
        desk = self._desk
        account = desk.policy.account
        for one in sorted(self._arrived.values(), key=lambda one: (one.at, one.number)):
            stored = StoredMail(account, one.sha256, one.folder, one.at, MOST_WAITS)
            handle_safely(desk, stored, one.at, tries=1)
        lines = []
        for record in desk.store.cases(account):
            history = [(event.at, event.event) for event in desk.store.history(record.case.case_id)]
            if is_dispute(record.case):
                lines.append(audit_line(record.case, history, now))
        return audit_of(lines)
