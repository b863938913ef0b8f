"""The mailbox over IMAP: what is asked of the server, in which portions, and what its answers mean.

Read-only throughout but for `append`: EXAMINE and BODY.PEEK, never a flag, never ENVELOPE or BODYSTRUCTURE (one
odd answer to those loses a whole batch). Connecting is in `imap_login.py`, failures in `imap_link.py`, waiting in
`imap_idle.py`, and every argument goes through `arguments.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.imap_utf7 import encode as encode_utf7
from imapclient.response_parser import parse_message_list, parse_response

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import aware
from inbox_bot.mail import arguments
from inbox_bot.mail.folders import ListedFolder, server_folders
from inbox_bot.mail.imap_idle import Doorbell
from inbox_bot.mail.imap_link import Link, Refused, Unreadable, server_text
from inbox_bot.mail.imap_login import log_in
from inbox_bot.mail.mailbox import (
    HEADER_FIELDS,
    HEADER_LIMIT_BYTES,
    FetchedHeader,
    FolderState,
    ImapSettings,
    Mailbox,
    ServerFolder,
)

HEADERS_PER_FETCH: Final = 500
BODIES_PER_FETCH: Final = 100
BODY_BYTES_PER_FETCH: Final = 5_000_000
UIDS_PER_SEARCH: Final = 50_000
"""A search answer is one line, and imaplib gives up at a million bytes: some 90,000 UIDs of ten digits."""

SEARCH_SECONDS: Final = 300.0
"""A server without a text index reads the whole folder for a text search."""

_SIZES_KEPT: Final = 20_000
_HEADER_ITEMS: Final = (
    "RFC822.SIZE",
    "INTERNALDATE",
    f"BODY.PEEK[HEADER.FIELDS ({' '.join(HEADER_FIELDS)})]",
)
_APPENDED = re.compile(rb"\[APPENDUID \d+ (\d+)\]", re.IGNORECASE)

_Fetched = dict[int, dict[bytes, Any]]


def open_mailbox(settings: ImapSettings, secret: str) -> Mailbox:
    """Connect and log in; raises LoginRefused (secret), UserError (settings, TLS) or TemporaryError (network)."""
    return ImapMailbox(log_in(settings, secret))


class ImapMailbox(Mailbox):
    """One logged-in IMAP connection; see `Mailbox` for what each method promises."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._bell = Doorbell(link)
        self._folder: str | None = None
        self._state = FolderState(0, 0, 0)
        self._looks = 0
        self._raw_names: dict[str, bytes] = {}
        self._read_up_to: dict[str, tuple[int, int]] = {}
        self._sizes: dict[int, int] = {}
        self._sizes_of = ("", 0)
        self._unreadable: list[int] = []

    @property
    def unreadable_uids(self) -> tuple[int, ...]:
        """As `Mailbox.unreadable_uids`."""
        return tuple(self._unreadable)

    def folders(self) -> tuple[ServerFolder, ...]:
        """As `Mailbox.folders`."""
        return server_folders(self._listed())

    def examine(self, folder: str) -> FolderState:
        """As `Mailbox.examine`."""
        self._folder = None
        self._looks += 1
        self._unreadable.clear()
        argument = self._folder_argument(folder)
        with self._link.talking(f"opening the folder {folder!r}") as client:
            answer, words = client._imap.select(argument, readonly=True)
            answers = dict(client._imap.untagged_responses)
        if answer != "OK":
            raise self._no_folder(folder, server_text(words[-1]))
        self._link.news()  # the count that EXAMINE itself gives is no news
        state = FolderState(
            _number(answers, "UIDVALIDITY"), _number(answers, "UIDNEXT"), _number(answers, "EXISTS")
        )
        if not state.uidvalidity:
            what = (
                f"the server gives the folder {folder!r} no UIDVALIDITY, so mails in it cannot be kept apart"
            )
            raise UserError(Problem(what, remedy="name another folder"))
        if (folder, state.uidvalidity) != self._sizes_of:
            self._sizes_of = (folder, state.uidvalidity)
            self._sizes.clear()
        self._folder, self._state = folder, state
        return state

    def headers_after(self, uid: int) -> Iterator[FetchedHeader]:
        """As `Mailbox.headers_after`."""
        folder = self._examined()
        looks, state = self._looks, self._state
        wanted = self._uids_after(uid)
        for start in range(0, len(wanted), HEADERS_PER_FETCH):
            if self._looks != looks:
                raise RuntimeError("another folder was examined while headers were being read")
            batch = wanted[start : start + HEADERS_PER_FETCH]
            fetched = self._fetch(batch, _HEADER_ITEMS)
            for number in batch:
                if (header := _header(number, fetched.pop(number, {}))) is not None:
                    self._remember_size(number, header.size_bytes)
                    yield header
        self._read_up_to[folder] = (state.uidvalidity, state.exists)

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """As `Mailbox.bodies`."""
        self._examined()
        looks = self._looks
        for batch in self._portions(arguments.uids(uids)):
            if self._looks != looks:
                raise RuntimeError("another folder was examined while mails were being read")
            fetched = self._fetch(batch, ("BODY.PEEK[]",))
            for number in batch:
                answer = fetched.pop(number, {})
                if isinstance(raw := answer.get(b"BODY[]"), bytes):
                    yield number, raw
                elif b"BODY[]" in answer:
                    self._unreadable.append(number)

    def search_text(self, needle: str) -> tuple[int, ...]:
        """As `Mailbox.search_text`."""
        return tuple(self._search(arguments.search_text(needle)))

    def search_message_id(self, message_id: str) -> tuple[int, ...]:
        """As `Mailbox.search_message_id`."""
        return tuple(self._search(arguments.search_message_id(message_id)))

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> int | None:
        """As `Mailbox.append`."""
        argument, marks, moment = self._folder_argument(folder), arguments.flags(flags), aware(at)
        with self._link.talking(f"storing a mail in {folder!r}") as client:
            answer, words = client._imap.append(argument, marks, moment, raw)
        if answer != "OK":
            raise self._no_folder(folder, server_text(words[-1]))
        appended = _APPENDED.search(words[-1] or b"")
        return int(appended[1]) if appended else None

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

    def _no_folder(self, folder: str, said: str) -> Exception:
        """The error for a refused folder: the user's when the server does not list it, else the server's."""
        if folder.upper() != "INBOX" and folder not in (listed.name for listed in self._listed()):
            what = f"there is no folder {folder!r} in this mailbox"
            return UserError(Problem(what, remedy="name one that `doctor` lists"))
        return Refused(f"the server refused the folder {folder!r}: {said}", said)

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

    def _fetch(self, uids: list[int], items: tuple[str, ...]) -> _Fetched:
        """Fetch a batch; halve it as long as the server trips over it, until the mail that is to blame is alone."""
        try:
            return self._fetch_once(uids, items)
        except (Refused, Unreadable) as error:
            if isinstance(error, Refused):
                # A server that refuses everything (a rate limit) must not make good mails look bad.
                self._fetch_once(uids[:1], ("UID",))
            if len(uids) == 1:
                self._unreadable.extend(uids)
                return {}
        middle = len(uids) // 2
        return self._fetch(uids[:middle], items) | self._fetch(uids[middle:], items)

    def _fetch_once(self, uids: list[int], items: tuple[str, ...]) -> _Fetched:
        with self._link.talking("fetching mails") as client:
            # Left over from an answer that could not be read, it would spoil this one too.
            client._imap.untagged_responses.pop("FETCH", None)
            fetched: _Fetched = client.fetch(uids, items)
            return fetched

    def _portions(self, uids: list[int]) -> Iterator[list[int]]:
        """The UIDs in portions of at most BODY_BYTES_PER_FETCH, or of one mail that is larger."""
        unknown = [uid for uid in uids if uid not in self._sizes]
        for start in range(0, len(unknown), HEADERS_PER_FETCH):
            for uid, answer in self._fetch(
                unknown[start : start + HEADERS_PER_FETCH], ("RFC822.SIZE",)
            ).items():
                self._remember_size(uid, _size(answer))
        portion: list[int] = []
        size_bytes = 0
        for uid in uids:
            size = self._sizes.get(uid, BODY_BYTES_PER_FETCH)
            if portion and (size_bytes + size > BODY_BYTES_PER_FETCH or len(portion) == BODIES_PER_FETCH):
                yield portion
                portion, size_bytes = [], 0
            portion.append(uid)
            size_bytes += size
        if portion:
            yield portion

    def _remember_size(self, uid: int, size_bytes: int) -> None:
        if len(self._sizes) >= _SIZES_KEPT:
            self._sizes.clear()
        self._sizes[uid] = size_bytes


def _number(answers: dict[str, list[Any]], name: str) -> int:
    found = re.match(rb"\d{1,10}", answers[name][-1] or b"") if answers.get(name) else None
    return int(found[0]) if found else 0


def _header(uid: int, answer: dict[bytes, Any]) -> FetchedHeader | None:
    """The header in an answer; None when the answer holds none because the mail is gone."""
    block = next((value for key, value in answer.items() if key.startswith(b"BODY[HEADER")), None)
    if b"RFC822.SIZE" not in answer:
        return None
    block = block if isinstance(block, bytes) else b""
    if len(block) > HEADER_LIMIT_BYTES:
        block = block[: block.rfind(b"\n", 0, HEADER_LIMIT_BYTES) + 1]
    return FetchedHeader(uid, _size(answer), _internal_at(answer.get(b"INTERNALDATE")), block)


def _size(answer: dict[bytes, Any]) -> int:
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


def _readable_name(raw: bytes) -> str:
    """A folder name as text: modified UTF-7, else UTF-8 as some servers send it, else byte for byte."""
    try:
        return decode_utf7(raw) if raw.isascii() else raw.decode("utf-8")
    except UnicodeError:
        return raw.decode("latin-1")
