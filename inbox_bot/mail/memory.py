"""A mailbox in memory that keeps the `Mailbox` promises, for tests and for runs without a server.

`MemoryAccount` is the server's side (deliver, expunge, break the link), `MemoryMailbox` one logged-in connection.
No network, no file; it is held to the same contract test as the IMAP edge.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from inbox_bot.core.errors import LoginRefused, TemporaryError, UserError
from inbox_bot.core.model import aware
from inbox_bot.mail import arguments
from inbox_bot.mail.folders import ListedFolder, server_folders
from inbox_bot.mail.mailbox import HEADER_FIELDS, FetchedHeader, FolderState, Mailbox, ServerFolder

_WANTED = frozenset(name.lower().encode() for name in HEADER_FIELDS)
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n|\Z)", re.MULTILINE)


@dataclass(slots=True)
class StoredMail:
    """A mail as the account keeps it."""

    uid: int
    raw: bytes
    flags: tuple[str, ...]
    internal_at: datetime


@dataclass(slots=True)
class _Folder:
    name: str
    attributes: frozenset[str]
    uidvalidity: int
    uidnext: int = 1
    mails: list[StoredMail] = field(default_factory=list)


class MemoryAccount:
    """An account with its folders; every method may be called from any thread.

    It starts with INBOX, Drafts, Sent and Junk, marked with their special uses.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._folders: dict[str, _Folder] = {}
        self._validity = 1000
        self._open: list[MemoryMailbox] = []
        self._refusal: str | None = None
        self._unreadable: set[tuple[str, int]] = set()
        for name, special_use in (("INBOX", ""), ("Drafts", "drafts"), ("Sent", "sent"), ("Junk", "junk")):
            self.create(name, special_use)

    def open(self) -> MemoryMailbox:
        """Log in; raises LoginRefused after `refuse_login`."""
        with self._changed:
            if self._refusal is not None:
                raise LoginRefused(self._refusal)
            mailbox = MemoryMailbox(self)
            self._open.append(mailbox)
            return mailbox

    def create(self, name: str, special_use: str = "") -> None:
        """Add a folder, with a special-use word if one is given."""
        with self._changed:
            self._validity += 1
            attributes = frozenset({f"\\{special_use}"} if special_use else ())
            self._folders[name] = _Folder(name, attributes, self._validity)

    def deliver(self, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> int:
        """Put a mail into the folder as a mail server would; its UID."""
        return self._store(folder, raw, (), at or datetime.now(UTC))

    def mails(self, folder: str) -> tuple[StoredMail, ...]:
        """What the folder holds, oldest UID first."""
        with self._changed:
            return tuple(self._folders[folder].mails)

    def expunge(self, folder: str, uid: int) -> None:
        """Remove a mail, as another mail program would."""
        with self._changed:
            kept = [mail for mail in self._folders[folder].mails if mail.uid != uid]
            self._folders[folder].mails[:] = kept

    def drop_uidvalidity(self, folder: str = "INBOX") -> None:
        """Number the folder's mails anew under another UIDVALIDITY."""
        with self._changed:
            self._validity += 1
            renumbered = self._folders[folder]
            renumbered.uidvalidity = self._validity
            for uid, mail in enumerate(renumbered.mails, 1):
                mail.uid = uid
            renumbered.uidnext = len(renumbered.mails) + 1

    def make_unreadable(self, folder: str, uid: int) -> None:
        """From now on the server answers oddly for this mail."""
        with self._changed:
            self._unreadable.add((folder, uid))

    def refuse_login(self, reason: str | None = "the server refused the password") -> None:
        """Refuse the next logins with this reason; None allows them again."""
        with self._changed:
            self._refusal = reason

    def break_links(self) -> None:
        """Cut every open connection: its calls raise TemporaryError from now on."""
        with self._changed:
            for mailbox in self._open:
                mailbox._dead = True
            self._open.clear()
            self._changed.notify_all()

    def _store(self, name: str, raw: bytes, flags: tuple[str, ...], at: datetime) -> int:
        with self._changed:
            folder = self._folder(name)
            uid = folder.uidnext
            folder.uidnext += 1
            folder.mails.append(StoredMail(uid, raw, flags, aware(at).replace(microsecond=0)))
            self._changed.notify_all()
            return uid

    def _folder(self, name: str) -> _Folder:
        if name.upper() == "INBOX":
            name = "INBOX"
        if name not in self._folders:
            raise UserError(f"there is no folder {name!r} in this mailbox - name one that `doctor` lists")
        return self._folders[name]


class MemoryMailbox(Mailbox):
    """One connection to a `MemoryAccount`."""

    def __init__(self, account: MemoryAccount) -> None:
        self._account = account
        self._changed = account._changed
        self._dead = False
        self._interrupted = False
        self._name: str | None = None
        self._seen = FolderState(0, 0, 0)
        self._unreadable: list[int] = []

    @property
    def unreadable_uids(self) -> tuple[int, ...]:
        """As `Mailbox.unreadable_uids`."""
        return tuple(self._unreadable)

    def folders(self) -> tuple[ServerFolder, ...]:
        """As `Mailbox.folders`."""
        with self._alive():
            folders = self._account._folders.values()
            return server_folders(ListedFolder(folder.name, "/", folder.attributes) for folder in folders)

    def examine(self, folder: str) -> FolderState:
        """As `Mailbox.examine`."""
        with self._alive():
            arguments.folder(folder)
            found = self._account._folder(folder)
            self._name = found.name
            self._unreadable.clear()
            self._seen = FolderState(found.uidvalidity, found.uidnext, len(found.mails))
            return self._seen

    def nothing_behind(self, folder: str, uidvalidity: int, last_uid: int) -> bool:
        """As `Mailbox.nothing_behind`."""
        with self._alive():
            found = self._account._folders.get(folder)
            return found is not None and found.uidvalidity == uidvalidity and found.uidnext == last_uid + 1

    def headers_after(self, uid: int) -> Iterator[FetchedHeader]:
        """As `Mailbox.headers_after`."""
        for mail in self._readable(lambda mail: mail.uid > uid):
            yield FetchedHeader(mail.uid, len(mail.raw), mail.internal_at, _header_fields(mail.raw))

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """As `Mailbox.bodies`."""
        wanted = frozenset(arguments.uids(uids))
        for mail in self._readable(lambda mail: mail.uid in wanted):
            yield mail.uid, mail.raw

    def search_text(self, needle: str) -> tuple[int, ...]:
        """As `Mailbox.search_text`."""
        arguments.search_text(needle)
        with self._alive():
            found = needle.lower().encode()
            return tuple(mail.uid for mail in self._examined().mails if found in mail.raw.lower())

    def bodies_at_once(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """As `Mailbox.bodies_at_once`."""
        return self.bodies(uids)

    def search_any(self, needles: Sequence[str], message_ids: Sequence[str] = ()) -> tuple[int, ...]:
        """As `Mailbox.search_any`."""
        for needle in needles:
            arguments.search_text(needle)
        wanted = [needle.lower().encode() for needle in needles]
        ids = [message_id.lower().encode() for message_id in message_ids]
        with self._alive():
            mails = self._examined().mails
            return tuple(
                mail.uid
                for mail in mails
                if any(needle in mail.raw.lower() for needle in wanted) or _is_in_thread(mail.raw, ids)
            )

    def search_message_id(self, message_id: str) -> tuple[int, ...]:
        """As `Mailbox.search_message_id`."""
        arguments.search_message_id(message_id)
        pattern = re.compile(rb"^message-id[ \t]*:\s*" + re.escape(message_id.lower().encode()), re.MULTILINE)
        with self._alive():
            mails = self._examined().mails
            return tuple(mail.uid for mail in mails if pattern.search(_header_block(mail.raw).lower()))

    def remove(self, folder: str, message_id: str) -> int:
        """As `Mailbox.remove`."""
        self.examine(folder)
        uids = self.search_message_id(message_id)
        for uid in uids:
            self._account.expunge(folder, uid)
        return len(uids)

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> int | None:
        """As `Mailbox.append`."""
        with self._alive():
            arguments.folder(folder)
            arguments.flags(flags)
            return self._account._store(folder, raw, tuple(flags), at)

    def wait(self, seconds: float) -> bool:
        """As `Mailbox.wait`."""
        until = time.monotonic() + seconds
        with self._alive():
            while not self._interrupted:
                state = self._examined()
                if state.uidvalidity != self._seen.uidvalidity or state.uidnext > self._seen.uidnext:
                    return True
                remaining = until - time.monotonic()
                if remaining <= 0:
                    return False
                self._changed.wait(remaining)
                self._check()
            self._interrupted = False
            return False

    def interrupt(self) -> None:
        """As `Mailbox.interrupt`."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def close(self) -> None:
        """As `Mailbox.close`."""
        with self._changed:
            self._dead = True
            if self in self._account._open:
                self._account._open.remove(self)

    def _alive(self) -> threading.Condition:
        self._check()
        return self._changed

    def _check(self) -> None:
        if self._dead:
            raise TemporaryError("the connection to the mailbox is gone")

    def _examined(self) -> _Folder:
        if self._name is None:
            raise RuntimeError("no folder was examined yet")
        return self._account._folders[self._name]

    def _readable(self, wanted: Callable[[StoredMail], bool]) -> Iterator[StoredMail]:
        with self._alive():
            mails = [mail for mail in self._examined().mails if wanted(mail)]
        for mail in mails:
            self._check()
            if (self._name, mail.uid) in self._account._unreadable:
                self._unreadable.append(mail.uid)
            else:
                yield mail


def _header_block(raw: bytes) -> bytes:
    end = re.search(rb"\r?\n\r?\n", raw)
    return raw[: end.end()] if end else raw


def _is_in_thread(raw: bytes, ids: Sequence[bytes]) -> bool:
    named = b"".join(
        found[0].lower()
        for found in _FIELD.finditer(_header_block(raw))
        if found[1].lower() in (b"message-id", b"in-reply-to", b"references")
    )
    return any(one in named for one in ids)


def _header_fields(raw: bytes) -> bytes:
    """The wanted fields of the header block and the blank line that ends it, as an IMAP server would send them."""
    fields = _FIELD.finditer(_header_block(raw))
    return b"".join(found[0] for found in fields if found[1].lower() in _WANTED) + b"\r\n"
