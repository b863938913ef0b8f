"""The live outside of an account: its IMAP mailbox and its SMTP server.

The mailbox connection belongs to the account's one thread. A connection that failed is thrown away and opened again
at the next use.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from inbox_bot.config import AccountConfig
from inbox_bot.copies import find_copy, find_earlier
from inbox_bot.core.errors import TemporaryError, UserError
from inbox_bot.core.model import Reply
from inbox_bot.desk import EarlierAnswer, FoundMail, SentCopy
from inbox_bot.logins import with_imap_login, with_smtp_login
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import HEADER_LIMIT_BYTES, Mailbox, ServerFolder
from inbox_bot.mail.message import read_headers
from inbox_bot.mail.smtp import submit

MOST_MAILS = 200  # of one order in one folder; a mailing loop must not be downloaded whole
MOST_BYTES = 60_000_000  # of all mails of one order; what is found later is left out
MOST_THREADS = 100
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Folders:
    """The account's folders by their part; `drafts`, `sent`, `junk`, `everything` are empty when the server has none.

    `everything` is a folder that shows the mails of all others, such as Gmail's All Mail.
    """

    watched: tuple[str, ...]
    searched: tuple[str, ...]
    drafts: str
    sent: str
    junk: str
    everything: str = ""


def find_folders(config: AccountConfig, listed: Collection[ServerFolder]) -> Folders:
    """The folders to use: as configured, else by special use."""
    drafts = config.drafts or special_folder(listed, "drafts")
    sent = config.sent or special_folder(listed, "sent")
    junk = special_folder(listed, "junk")
    everything = special_folder(listed, "all")
    watched = list(config.folders)
    if config.watch_junk and junk:
        watched.append(junk)
    if sent:
        watched.append(sent)
    searched = list(config.search_folders)
    if not searched:
        searched = [everything] if everything else [*watched, special_folder(listed, "archive")]
    return Folders(_distinct(watched), _distinct(searched), drafts, sent, junk, everything)


def special_folder(listed: Collection[ServerFolder], use: str) -> str:
    """The folder of that special use, empty when the server has none."""
    return next((folder.name for folder in listed if use in folder.special_use and folder.selectable), "")


def _distinct(names: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def find_threads(mailbox: Mailbox, folders: Sequence[str], needles: Sequence[str]) -> tuple[bytes, ...]:
    """The mails of the folders that mention one of the ids, then those that share a thread with them, each once.

    Three exchanges a folder (EXAMINE, SEARCH, FETCH), two where nothing is found. A folder looked at later is asked
    for the threads known by then in the same search; one looked at before is asked once more, and only when there are
    threads that it was not asked for.
    """
    found = _Threads()
    asked: dict[str, frozenset[str]] = {}
    for folder in folders:
        asked[folder] = frozenset(found.message_ids)
        found.take(mailbox, folder, needles, found.message_ids)
    for folder in folders:
        if new := [one for one in found.message_ids if one not in asked[folder]]:
            found.take(mailbox, folder, (), new)
    return tuple(found.mails)


def find_everywhere(mailbox: Mailbox, needles: Sequence[str]) -> tuple[FoundMail, ...]:
    """At most 50 mails a folder that mention one of the ids, from every folder that can be opened."""
    found = []
    for folder in mailbox.folders():
        if not folder.selectable:
            continue
        mailbox.examine(folder.name)
        uids = mailbox.search_any(needles, ())[-MOST_MAILS:]
        for _, raw in mailbox.bodies(uids) if uids else ():
            found.append(FoundMail(folder.name, read_headers(raw).received_at, raw))
    return tuple(found)


class _Threads:
    """The mails found so far and the ids of their threads, the newest first."""

    def __init__(self) -> None:
        self.mails: dict[bytes, None] = {}
        self.message_ids: tuple[str, ...] = ()
        self._bytes = 0
        self._taken: dict[str, set[int]] = {}

    def take(self, mailbox: Mailbox, folder: str, needles: Sequence[str], message_ids: Sequence[str]) -> None:
        """Add what one folder holds."""
        mailbox.examine(folder)
        known = self._taken.setdefault(folder, set())
        uids = [uid for uid in mailbox.search_any(needles, message_ids) if uid not in known][-MOST_MAILS:]
        known.update(uids)
        ids: list[str] = []
        for _, raw in mailbox.bodies_at_once(uids) if uids and self._bytes < MOST_BYTES else ():
            self._bytes += len(raw) if raw not in self.mails else 0
            self.mails[raw] = None
            ids = [*_thread_ids(raw), *ids]
        self.message_ids = tuple(dict.fromkeys((*ids, *self.message_ids)))[:MOST_THREADS]


def _bodies(mailbox: Mailbox, folder: str, needles: Sequence[str], ids: Sequence[str]) -> tuple[bytes, ...]:
    mailbox.examine(folder)
    uids = mailbox.search_any(needles, ids)
    return tuple(raw for _, raw in mailbox.bodies(uids)) if uids else ()


def _thread_ids(raw: bytes) -> tuple[str, ...]:
    """The ids of a mail and of those that it answers, by its header."""
    head = raw[:HEADER_LIMIT_BYTES].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    named = {field[1].lower(): field[2] for field in _THREAD_FIELD.finditer(head)}
    ids = [
        _MESSAGE_ID.findall(named.get(name, b"")) for name in (b"message-id", b"in-reply-to", b"references")
    ]
    return tuple(one.decode("ascii") for one in (*ids[0][:1], *ids[1][:1], *ids[2][:1], *ids[2][-2:]))


_THREAD_FIELD = re.compile(rb"(?im)^(message-id|in-reply-to|references)[ \t]*:((?:[^\n]|\n[ \t])*)")
_MESSAGE_ID = re.compile(rb"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")


class LiveOutside:
    """`Outside` over IMAP and SMTP."""

    def __init__(self, config: AccountConfig) -> None:
        self._config = config
        self._mailbox: Mailbox | None = None
        self._folders: Folders | None = None

    def mailbox(self) -> Mailbox:
        """The open connection, opened now if there is none; raises LoginRefused, UserError, TemporaryError."""
        if self._mailbox is None:
            settings = self._config.imap
            self._mailbox = with_imap_login(self._config, lambda secret: open_mailbox(settings, secret))
        return self._mailbox

    def folders(self) -> Folders:
        """The account's folders, asked for once a connection."""
        if self._folders is None:
            self._folders = find_folders(self._config, self.mailbox().folders())
        return self._folders

    def interrupt(self) -> None:
        """From another thread: end a wait on the mailbox soon."""
        mailbox = self._mailbox
        if mailbox is not None:
            mailbox.interrupt()

    def drop(self) -> None:
        """Throw the connection away; the next use opens another."""
        mailbox, self._mailbox, self._folders = self._mailbox, None, None
        if mailbox is not None:
            with contextlib.suppress(Exception):
                mailbox.close()

    def sent_folder(self) -> str:
        """The Sent folder, empty when the server has none."""
        return self.folders().sent

    def find_mails(self, needles: Collection[str]) -> tuple[bytes, ...]:
        """All mails of the searched folders that mention one of the ids, and those of their threads, newest last."""
        return self._guarded(lambda mailbox: find_threads(mailbox, self.folders().searched, tuple(needles)))

    def find_everywhere(self, needles: Collection[str]) -> tuple[FoundMail, ...]:
        """The mails of all folders that can be opened, the ordinary ones first, that mention one of the ids."""
        return self._guarded(lambda mailbox: find_everywhere(mailbox, tuple(needles)))

    def place_draft(self, reply: Reply, *, look_first: bool) -> str:
        """Append the reply to Drafts, unless an earlier try got through (then Drafts or Sent has it)."""
        return self._guarded(lambda mailbox: self._place_draft(mailbox, reply, look_first))

    def _place_draft(self, mailbox: Mailbox, reply: Reply, look_first: bool) -> str:
        folders = self.folders()
        if not folders.drafts:
            raise UserError(
                f"account {self._config.policy.account}: the server names no Drafts folder; "
                "set drafts in [account.imap]"
            )
        if look_first:
            found = self._find(mailbox, (folders.drafts, folders.sent), reply.message_id)
            if found:
                return found
        mailbox.append(folders.drafts, reply.raw_bytes, ("\\Draft", "\\Seen"), datetime.now(UTC))
        return folders.drafts

    def remove_draft(self, reply: Reply, *, unless_edited: bool = False) -> bool:
        """Take the reply's own draft, known by its Message-ID, out of Drafts; `unless_edited`: only our own bytes."""
        drafts = self.folders().drafts
        if not drafts:
            return True
        if unless_edited and any(raw != reply.raw_bytes for raw in self._drafts_of(drafts, reply)):
            return False
        self._guarded(lambda mailbox: mailbox.remove(drafts, reply.message_id))
        return True

    def find_draft(self, reply: Reply, answers: str | None) -> bytes | None:
        """The newest draft with the reply's Message-ID, or else the newest one that answers the same mail."""
        drafts = self.folders().drafts
        if not drafts:
            return None
        found = self._drafts_of(drafts, reply)
        if not found and answers:
            found = self._guarded(lambda mailbox: _bodies(mailbox, drafts, (), (answers,)))
        return found[-1] if found else None

    def _drafts_of(self, drafts: str, reply: Reply) -> tuple[bytes, ...]:
        def read(mailbox: Mailbox) -> tuple[bytes, ...]:
            mailbox.examine(drafts)
            uids = mailbox.search_message_id(reply.message_id)
            return tuple(raw for _, raw in mailbox.bodies(uids)) if uids else ()

        return self._guarded(read)

    def submit(
        self, reply: Reply, *, before_body: Callable[[], None], on_accepted: Callable[[int, str], None]
    ) -> None:
        """Send the reply over SMTP, with a blind copy to the own mailbox as evidence where configured."""
        config = self._config
        if config.smtp is None:
            raise UserError(f"account {config.policy.account} has no [account.smtp], so nothing can be sent")
        settings = config.smtp
        with_smtp_login(
            config,
            lambda secret: submit(
                settings,
                secret,
                sender=reply.sender,
                recipient=reply.recipient,
                copy_to=config.policy.address if config.copy_to_self else None,
                raw_bytes=reply.raw_bytes,
                before_body=before_body,
                on_accepted=lambda acceptance: on_accepted(acceptance.code, acceptance.text),
            ),
        )

    def send_to_self(self, raw_bytes: bytes) -> None:
        """Send a mail of our own to the own mailbox; raises as `mail.smtp.submit` does."""
        config = self._config
        if config.smtp is None:
            raise UserError(f"account {config.policy.account} has no [account.smtp], so nothing can be sent")
        settings, address = config.smtp, config.policy.address
        with_smtp_login(
            config,
            lambda secret: submit(
                settings,
                secret,
                sender=address,
                recipient=address,
                copy_to=None,
                raw_bytes=raw_bytes,
                before_body=lambda: None,
                on_accepted=lambda acceptance: None,
            ),
        )

    def find_copy(self, reply_message_id: str) -> str:
        """The folder with a copy of a sent reply: Sent, then wherever the copy to ourselves arrives."""
        folders = self.folders()
        places = _distinct((*folders.watched, *folders.searched))
        return self._guarded(lambda mailbox: find_copy(mailbox, folders.sent, places, reply_message_id))

    def find_earlier(
        self, reply_ids: Sequence[str], notice_id: str | None, addressees: Collection[str]
    ) -> EarlierAnswer:
        """An answer in Sent, or a copy of ours where mails arrive, and drafts of ours."""
        folders = self.folders()
        return self._guarded(
            lambda mailbox: find_earlier(
                mailbox, folders.sent, folders.drafts, folders.watched, reply_ids, notice_id, addressees
            )
        )

    def file_sent_copy(self, reply: Reply) -> SentCopy:
        """See that Sent holds the reply: found there, or appended where the server does not file it itself."""
        return self._guarded(lambda mailbox: self._file_sent_copy(mailbox, reply))

    def _file_sent_copy(self, mailbox: Mailbox, reply: Reply) -> SentCopy:
        sent = self.folders().sent
        if not sent:
            return SentCopy("", was_there=False)
        if self._find(mailbox, (sent,), reply.message_id):
            return SentCopy(sent, was_there=True)
        if self._config.server_files_sent:
            raise TemporaryError(f"the server has not filed the reply in {sent} yet")
        mailbox.append(sent, reply.raw_bytes, ("\\Seen",), datetime.now(UTC))
        return SentCopy(sent, was_there=False)

    def _find(self, mailbox: Mailbox, folders: Collection[str], message_id: str) -> str:
        for folder in _distinct(folders):
            mailbox.examine(folder)
            if mailbox.search_message_id(message_id):
                return folder
        return ""

    def _guarded(self, use: Callable[[Mailbox], Found]) -> Found:
        try:
            return use(self.mailbox())
        except TemporaryError:
            self.drop()
            raise
