"""The live outside of an account: its IMAP mailbox and its SMTP server.

The mailbox connection belongs to the account's one thread. A connection that failed is thrown away and opened again
at the next use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from inbox_bot.config import AccountConfig
from inbox_bot.core.errors import TemporaryError, UserError
from inbox_bot.core.model import Reply
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import Mailbox, ServerFolder
from inbox_bot.mail.smtp import submit
from inbox_bot.secret import resolve_secret

MOST_MAILS = 200  # of one order; a mailing loop must not be downloaded whole
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Folders:
    """The account's folders by their part; `drafts` and `sent` are empty when the server has none."""

    watched: tuple[str, ...]
    searched: tuple[str, ...]
    drafts: str
    sent: str
    junk: str


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
    return Folders(_distinct(watched), _distinct(searched), drafts, sent, junk)


def special_folder(listed: Collection[ServerFolder], use: str) -> str:
    """The folder of that special use, empty when the server has none."""
    return next((folder.name for folder in listed if use in folder.special_use and folder.selectable), "")


def _distinct(names: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


class LiveOutside:
    """`Outside` over IMAP and SMTP."""

    def __init__(self, config: AccountConfig) -> None:
        self._config = config
        self._mailbox: Mailbox | None = None
        self._folders: Folders | None = None

    def mailbox(self) -> Mailbox:
        """The open connection, opened now if there is none; raises LoginRefused, UserError, TemporaryError."""
        if self._mailbox is None:
            self._mailbox = open_mailbox(self._config.imap, resolve_secret(self._config.imap_secret))
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
        """All mails of the searched folders that mention one of the ids."""
        return self._guarded(lambda mailbox: self._find_mails(mailbox, needles))

    def _find_mails(self, mailbox: Mailbox, needles: Collection[str]) -> tuple[bytes, ...]:
        found: dict[bytes, None] = {}
        for folder in self.folders().searched:
            mailbox.examine(folder)
            uids = sorted({uid for needle in needles for uid in mailbox.search_text(needle)})
            found.update((raw, None) for _, raw in mailbox.bodies(uids[-MOST_MAILS:]))
        return tuple(found)

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

    def remove_draft(self, reply: Reply) -> None:
        """Take the reply's own draft, known by its Message-ID, out of Drafts."""
        drafts = self.folders().drafts
        if drafts:
            self._guarded(lambda mailbox: mailbox.remove(drafts, reply.message_id))

    def submit(
        self, reply: Reply, *, before_body: Callable[[], None], on_accepted: Callable[[int, str], None]
    ) -> None:
        """Send the reply over SMTP, with a blind copy to the own mailbox as evidence where configured."""
        config = self._config
        if config.smtp is None:
            raise UserError(f"account {config.policy.account} has no [account.smtp], so nothing can be sent")
        submit(
            config.smtp,
            resolve_secret(config.smtp_secret) if config.smtp.user else "",
            sender=reply.sender,
            recipient=reply.recipient,
            copy_to=config.policy.address if config.copy_to_self else None,
            raw_bytes=reply.raw_bytes,
            before_body=before_body,
            on_accepted=lambda acceptance: on_accepted(acceptance.code, acceptance.text),
        )

    def find_copy(self, reply_message_id: str) -> str:
        """The folder with a copy of a sent reply: Sent, then wherever the copy to ourselves arrives."""
        folders = self.folders()
        places = _distinct((folders.sent, *folders.watched, *folders.searched))
        return self._guarded(lambda mailbox: self._find(mailbox, places, reply_message_id))

    def file_sent_copy(self, reply: Reply) -> str:
        """See that Sent holds the reply: found there, or appended where the server does not file it itself."""
        return self._guarded(lambda mailbox: self._file_sent_copy(mailbox, reply))

    def _file_sent_copy(self, mailbox: Mailbox, reply: Reply) -> str:
        sent = self.folders().sent
        if not sent:
            return "no Sent folder"
        if self._find(mailbox, (sent,), reply.message_id):
            return sent
        if self._config.server_files_sent:
            raise TemporaryError(f"the server has not filed the reply in {sent} yet")
        mailbox.append(sent, reply.raw_bytes, ("\\Seen",), datetime.now(UTC))
        return sent

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
