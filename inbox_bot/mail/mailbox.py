"""What the program asks of a mailbox: the `Mailbox` protocol and the values that cross it.

Nothing here talks to a server. `imap.py` keeps the protocol over IMAP, `memory.py` keeps it in memory, and one
contract test holds both to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

HEADER_FIELDS: Final = (
    "From",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Type",
    "Auto-Submitted",
    "X-Space-Notification-Type",
    "X-Inbox-Bot-Id",
)
"""The header fields that `headers_after` brings: enough to tell whether a mail can matter at all."""

HEADER_LIMIT_BYTES: Final = 256 * 1024
"""Of a longer header block only the complete lines before this mark are handed on."""

AT_ONCE_BYTES: Final = 300_000
"""A mail up to this size comes with the first answer of `bodies_at_once`; most letters are far smaller."""

SEARCH_BYTES: Final = 7_500
"""Servers need to take a command line of 8,192 octets (RFC 7162, 4), and no more."""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where a mailbox is and how to reach it; `security` is "tls", "starttls" or "plain".

    "plain" is accepted for loopback addresses only, unless `allow_plain` is set. `ca_file` names a PEM file that
    replaces the system's certificate authorities. `timeout_seconds` bounds each wait for the server.
    """

    host: str
    port: int
    security: str
    user: str
    allow_plain: bool = False
    ca_file: str | None = None
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """A folder of the account; `name` is readable text and the very string that `examine` and `append` take.

    `special_use` holds lower-case words: "drafts", "sent", "junk", "all", "trash", "archive".
    """

    name: str
    special_use: frozenset[str] = frozenset()
    selectable: bool = True


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as EXAMINE showed it; `uidnext` is 0 when the server does not say."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class FetchedHeader:
    """A mail before its body is fetched; `header_bytes` are its HEADER_FIELDS as sent, folded, any order."""

    uid: int
    size_bytes: int
    internal_at: datetime
    header_bytes: bytes


class Mailbox(Protocol):
    """One logged-in connection, used by one thread; reading never changes a flag.

    Every method raises TemporaryError when the server or the link fails; after a failed link the mailbox stays
    unusable: close it and open another. Only `interrupt` may be called from another thread.
    """

    @property
    def unreadable_uids(self) -> tuple[int, ...]:
        """UIDs of the examined folder that the server could not give in a readable form since `examine`."""

    def folders(self) -> tuple[ServerFolder, ...]:
        """All folders of the account; special uses by the server's word, otherwise by the usual names."""

    def examine(self, folder: str) -> FolderState:
        """Take a fresh, read-only look at the folder; raises UserError when there is no such folder."""

    def nothing_behind(self, folder: str, uidvalidity: int, last_uid: int) -> bool:
        """Whether the folder holds no mail behind this UID, by a cheap question in one exchange; opens no folder.

        False wherever that is not sure, also for a folder that this connection has not examined lately, or whose UIDs
        went back behind this one: then `examine` tells. A mail that is there when the question is asked never hides
        behind a "nothing".
        """

    def headers_after(self, uid: int) -> Iterator[FetchedHeader]:
        """Every mail of the examined folder whose UID is greater, in ascending order, fetched in batches.

        Whatever arrived before `examine` is among them. Mails that vanish meanwhile are left out.
        """

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The whole mails with these UIDs, in ascending order, without setting \\Seen; vanished ones are left out."""

    def search_text(self, needle: str) -> tuple[int, ...]:
        """UIDs of the examined folder's mails that contain the order or tracking id; raises UserError for others."""

    def bodies_at_once(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """As `bodies`, but in one exchange with the server as long as no mail is larger than AT_ONCE_BYTES."""

    def search_any(self, needles: Sequence[str], message_ids: Sequence[str] = ()) -> tuple[int, ...]:
        """UIDs of the examined folder's mails that contain one of the ids or share a thread with one of the mails.

        One command. A mail shares a thread when it is one of `message_ids`, answers one of them or refers to one.
        `needles` are order and tracking ids; raises UserError for others. A Message-ID that is not well-formed is
        passed over, and so are those that no longer fit into a command of SEARCH_BYTES; nothing asked finds nothing.
        """

    def search_message_id(self, message_id: str) -> tuple[int, ...]:
        """UIDs of the examined folder's mails with this Message-ID (`<...@...>`); raises UserError for others."""

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> int | None:
        """Store a mail (CRLF line ends) with these flags and this INTERNALDATE; its UID where the server tells.

        Raises UserError when there is no such folder. After a TemporaryError it may have been stored or not: look
        for its Message-ID before storing it again.
        """

    def remove(self, folder: str, message_id: str) -> int:
        """Delete the mails of the folder with this Message-ID, and only those; returns how many there were.

        Where the server cannot expunge single mails they are left marked as deleted. No folder is examined after.
        """

    def wait(self, seconds: float) -> bool:
        """Wait for mail in the examined folder: True means look now, False that nothing moved (or `interrupt`)."""

    def interrupt(self) -> None:
        """Make the running, or else the next, `wait` return soon; safe from any thread."""

    def close(self) -> None:
        """Log out and let go of the connection; never raises, may be called twice."""
