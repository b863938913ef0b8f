"""The mailbox over IMAP: what is asked of the server, in which portions, and what its answers mean.

Read-only throughout but for `append`: EXAMINE and BODY.PEEK, never a flag. Connecting is in `imap_login.py`,
fetching in `imap_fetch.py`, waiting in `imap_idle.py`, failures in `imap_link.py`, and every argument goes through
`arguments.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.imap_utf7 import encode as encode_utf7
from imapclient.response_parser import parse_message_list, parse_response

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import aware
from inbox_bot.mail import arguments
from inbox_bot.mail.folders import ListedFolder, server_folders
from inbox_bot.mail.imap_fetch import HEADERS_PER_FETCH, FolderReader
from inbox_bot.mail.imap_idle import Doorbell
from inbox_bot.mail.imap_link import Link, Refused, server_text
from inbox_bot.mail.imap_login import log_in
from inbox_bot.mail.imap_status import Glimpses
from inbox_bot.mail.mailbox import (
    SEARCH_BYTES,
    FetchedHeader,
    FolderState,
    ImapSettings,
    Mailbox,
    ServerFolder,
)
from inbox_bot.mail.sasl import Credential

UIDS_PER_SEARCH: Final = 50_000
"""A search answer is one line, and imaplib gives up at a million bytes: some 90,000 UIDs of ten digits."""

UIDS_PER_STREAM: Final = 20_000
"""Their headers fit into memory (about 20 MB) when something else has to be said before they were all read."""

SEARCH_SECONDS: Final = 300.0
"""A server without a text index reads the whole folder for a text search."""

_APPENDED = re.compile(rb"\[APPENDUID \d+ (\d+)\]", re.IGNORECASE)


def open_mailbox(settings: ImapSettings, secret: Credential) -> Mailbox:
    """Connect and log in; raises LoginRefused (secret), UserError (settings, TLS) or TemporaryError (network)."""
    return ImapMailbox(log_in(settings, secret))


class ImapMailbox(Mailbox):
    """One logged-in IMAP connection; see `Mailbox` for what each method promises."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._bell = Doorbell(link)
        self._folder: str | None = None
        self._state = FolderState(0, 0, 0)
        self._reader = FolderReader(link)
        self._glimpses = Glimpses(link)
        self._raw_names: dict[str, bytes] = {}
        self._read_up_to: dict[str, tuple[int, int]] = {}

    @property
    def unreadable_uids(self) -> tuple[int, ...]:
        """As `Mailbox.unreadable_uids`."""
        return tuple(self._reader.unreadable)

    def folders(self) -> tuple[ServerFolder, ...]:
        """As `Mailbox.folders`."""
        return server_folders(self._listed())

    def examine(self, folder: str) -> FolderState:
        """As `Mailbox.examine`."""
        self._folder = None
        self._reader.end()
        self._reader = FolderReader(self._link)
        argument = self._folder_argument(folder)
        with self._link.talking(f"opening the folder {folder!r}") as client:
            answer, words = client._imap.select(argument, readonly=True)
            answers = dict(client._imap.untagged_responses)
        if answer != "OK":
            self._learn_or_raise(folder, server_text(words[-1]))
            return self.examine(folder)
        self._link.news()  # the count that EXAMINE itself gives is no news
        self._link.has_moved = False
        state = FolderState(
            _number(answers, "UIDVALIDITY"), _number(answers, "UIDNEXT"), _number(answers, "EXISTS")
        )
        if not state.uidvalidity:
            what = (
                f"the server gives the folder {folder!r} no UIDVALIDITY, so mails in it cannot be kept apart"
            )
            raise UserError(Problem(what, remedy="name another folder"))
        self._folder, self._state = folder, state
        self._glimpses.opened(folder)
        return state

    def nothing_behind(self, folder: str, uidvalidity: int, last_uid: int) -> bool:
        """As `Mailbox.nothing_behind`."""
        open_as = self._state if folder == self._folder else None
        argument = self._folder_argument(folder)
        return self._glimpses.stands_still(folder, argument, last_uid, open_as) == uidvalidity

    def headers_after(self, uid: int) -> Iterator[FetchedHeader]:
        """As `Mailbox.headers_after`."""
        folder, state = self._examined(), self._state
        reader, first, last = self._reader, uid, uid
        while (stretch := self._stretch_after(uid)) is not None:
            uid = yield from reader.stream(*stretch)
            if uid < stretch[1]:
                break
        if uid == first or uid < state.uidnext - 1:
            for header in reader.headers(self._uids_after(uid)):
                last = header.uid
                yield header
        self._glimpses.read(folder, state, max(uid, last))
        self._read_up_to[folder] = (state.uidvalidity, state.exists)

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """As `Mailbox.bodies`."""
        self._examined()
        yield from self._reader.bodies(arguments.uids(uids))

    def search_text(self, needle: str) -> tuple[int, ...]:
        """As `Mailbox.search_text`."""
        return tuple(self._search(arguments.search_text(needle)))

    def bodies_at_once(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """As `Mailbox.bodies_at_once`."""
        self._examined()
        yield from self._reader.bodies_at_once(arguments.uids(uids))

    def search_any(self, needles: Sequence[str], message_ids: Sequence[str] = ()) -> tuple[int, ...]:
        """As `Mailbox.search_any`."""
        criterion = any_of(needles, message_ids)
        return tuple(self._search(criterion)) if criterion else ()

    def search_message_id(self, message_id: str) -> tuple[int, ...]:
        """As `Mailbox.search_message_id`."""
        return tuple(self._search(arguments.search_message_id(message_id)))

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> int | None:
        """As `Mailbox.append`."""
        argument, marks, moment = self._folder_argument(folder), arguments.flags(flags), aware(at)
        with self._link.talking(f"storing a mail in {folder!r}") as client:
            answer, words = client._imap.append(argument, marks, moment, raw)
        if answer != "OK":
            self._learn_or_raise(folder, server_text(words[-1]))
            return self.append(folder, raw, flags, at)
        appended = _APPENDED.search(words[-1] or b"")
        return int(appended[1]) if appended else None

    def remove(self, folder: str, message_id: str) -> int:
        """As `Mailbox.remove`."""
        argument, criterion = self._folder_argument(folder), arguments.search_message_id(message_id)
        can_expunge, self._folder = self._link.has("UIDPLUS"), None
        with self._link.talking(f"removing a mail from {folder!r}") as client:
            imap = client._imap
            answer, words = imap.select(argument)
            uids: list[int] = []
            if answer == "OK":
                imap.untagged_responses.pop("SEARCH", None)
                lines = imap.uid("SEARCH", criterion)[1]
                uids = [uid for line in lines if line for uid in parse_message_list([line])]
            if named := ",".join(map(str, arguments.uids(uids))):
                imap.uid("STORE", named, "+FLAGS.SILENT", "(\\Deleted)")
                if can_expunge:
                    imap.uid("EXPUNGE", named)
        if answer != "OK":
            raise Refused(f"the server refused the folder {folder!r}", server_text(words[-1]))
        return len(uids)

    def wait(self, seconds: float) -> bool:
        """As `Mailbox.wait`."""
        self._examined()
        return self._bell.wait(seconds)

    def interrupt(self) -> None:
        """As `Mailbox.interrupt`."""
        self._bell.interrupt()

    def close(self) -> None:
        """As `Mailbox.close`."""
        self._link.close()
        self._bell.close()

    def _examined(self) -> str:
        self._link.check()
        if self._folder is None:
            raise RuntimeError("no folder is examined")
        return self._folder

    def _listed(self) -> list[ListedFolder]:
        marked = self._link.has("SPECIAL-USE") and self._link.has("LIST-EXTENDED")
        with self._link.talking("listing the folders") as client:
            imap = client._imap
            imap.untagged_responses.pop("LIST", None)
            try:
                answer, words = imap._simple_command(
                    "LIST", '""', '"*"', *(("RETURN (SPECIAL-USE)",) * marked)
                )
            except imap.abort:
                raise
            except imap.error:
                answer, words = "BAD", [b""]
            if answer != "OK" and marked:
                answer, words = imap._simple_command("LIST", '""', '"*"')
            records = imap.untagged_responses.pop("LIST", [])
        if answer != "OK":
            raise Refused(f"the server does not list its folders: {server_text(words[-1])}", "")
        return [listed for record in records if (listed := self._listed_folder(record)) is not None]

    def _listed_folder(self, record: bytes | tuple[bytes, bytes]) -> ListedFolder | None:
        """One line of the list; None for a line that cannot be read, so that it does not hide the others."""
        try:
            attributes, delimiter, raw = parse_response([record])[:3]
            words = frozenset(bytes(word).decode("ascii", "replace").lower() for word in attributes)
        except Exception:  # whatever the parser makes of a stranger's line
            return None
        raw = b"NIL" if raw is None else raw if isinstance(raw, bytes) else str(raw).encode()
        name = _readable_name(raw)
        if encode_utf7(name) != raw:
            self._raw_names[name] = raw
        return ListedFolder(name, delimiter.decode("latin-1") if delimiter else "", words)

    def _folder_argument(self, folder: str) -> Any:
        arguments.unbroken(folder, "folder name")
        return arguments.folder(self._raw_names.get(folder, folder))

    def _learn_or_raise(self, folder: str, said: str) -> None:
        """After a refused folder: return when the list shows how the server spells it, else raise what is wrong."""
        spelled = self._raw_names.get(folder)
        listed = folder.upper() == "INBOX" or folder in {listed.name for listed in self._listed()}
        if not listed:
            what = f"there is no folder {folder!r} in this mailbox"
            raise UserError(Problem(what, remedy="name one that `doctor` lists"))
        if self._raw_names.get(folder) == spelled:
            raise Refused(f"the server refused the folder {folder!r}: {said}", said)

    def _stretch_after(self, uid: int) -> tuple[int, int] | None:
        """The next UIDs to ask for by their range alone; None when there are none, or too few among many."""
        gap, exists = self._state.uidnext - 1 - uid, self._state.exists
        if gap <= 0 or not exists or gap > max(4 * exists, HEADERS_PER_FETCH):
            return None
        return uid + 1, min(uid + UIDS_PER_STREAM, self._state.uidnext - 1)

    def _uids_after(self, uid: int) -> list[int]:
        state = self._state
        gap = state.uidnext - 1 - uid if state.uidnext else UIDS_PER_SEARCH + 1
        validity, exists = self._read_up_to.get(self._examined(), (0, 0))
        if gap <= 0 and validity == state.uidvalidity and state.exists <= exists:
            return []
        if 0 < gap <= HEADERS_PER_FETCH:
            return list(range(uid + 1, state.uidnext))
        found: set[int] = set()
        if min(max(gap, 1), state.exists) <= UIDS_PER_SEARCH:
            found.update(self._search(arguments.search_after(uid)))
        else:
            # From the newest down: an expunge meanwhile moves mails into ranges still to come, never past them.
            for lowest in range(
                (state.exists - 1) // UIDS_PER_SEARCH * UIDS_PER_SEARCH + 1, 0, -UIDS_PER_SEARCH
            ):
                highest = lowest + UIDS_PER_SEARCH - 1
                top = highest >= state.exists
                found.update(self._search(arguments.search_after(uid, lowest, None if top else highest)))
        # "n:*" also names the last mail when its UID is below n.
        return sorted(number for number in found if number > uid)

    def _search(self, criterion: str) -> list[int]:
        self._examined()
        with self._link.talking("searching", SEARCH_SECONDS) as client:
            client._imap.untagged_responses.pop("SEARCH", None)
            answer, lines = client._imap.uid("SEARCH", criterion)
            found = (
                [uid for line in lines if line for uid in parse_message_list([line])]
                if answer == "OK"
                else []
            )
        if answer != "OK":
            raise Refused(f"the server refused a search: {server_text(lines[-1])}", server_text(lines[-1]))
        return sorted(set(found))


def any_of(needles: Sequence[str], message_ids: Sequence[str]) -> str:
    """One criterion for all that `Mailbox.search_any` looks for, empty when that is nothing.

    Raises UnsafeArgument for a needle that is no id.
    """
    keys = [arguments.search_text(needle) for needle in dict.fromkeys(needles)]
    room = SEARCH_BYTES - sum(len(key) + len("OR  ") for key in keys)
    for message_id in dict.fromkeys(message_ids):
        try:
            itself = arguments.search_message_id(message_id)
        except arguments.UnsafeArgument:
            continue
        named = arguments.quoted(message_id, "Message-ID")
        group = [itself, f"HEADER In-Reply-To {named}", f"HEADER References {named}"]
        room -= sum(len(key) + len("OR  ") for key in group)
        if room < 0:
            break
        keys += group
    return " ".join((*("OR " + key for key in keys[:-1]), *keys[-1:]))


def _number(answers: dict[str, list[Any]], name: str) -> int:
    found = re.match(rb"\d{1,10}", answers[name][-1] or b"") if answers.get(name) else None
    return int(found[0]) if found else 0


def _readable_name(raw: bytes) -> str:
    """A folder name as text: modified UTF-7, else UTF-8 as some servers send it, else byte for byte."""
    try:
        return decode_utf7(raw) if raw.isascii() else raw.decode("utf-8")
    except UnicodeError:
        return raw.decode("latin-1")
