"""The cheap question before a folder is opened: can it hold anything new? One exchange, the same in a large mailbox.

Only a plain "no" is believed, and not for ever: whatever is odd, refused or long unasked means that `imap.py` opens
the folder and looks for itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from inbox_bot.mail.imap_link import Link
from inbox_bot.mail.mailbox import FolderState

FRESH_SECONDS: Final = 900.0
"""How long a folder is taken at a server's word; some servers tell of new mail only to who opens the folder."""

_NUMBERS = re.compile(rb"\(([^()]*)\)\s*\Z")
_WORD = re.compile(rb"(UIDNEXT|UIDVALIDITY) (\d{1,10})(?= |\Z)", re.IGNORECASE)


class Glimpses:
    """What was last seen of each folder over one link, and whether that still stands."""

    def __init__(self, link: Link, clock: Callable[[], float] = time.monotonic) -> None:
        self._link = link
        self._clock = clock
        self._opened_at: dict[str, float] = {}
        self._read: dict[str, tuple[int, int, int]] = {}

    def opened(self, folder: str) -> None:
        """The folder was opened just now."""
        self._opened_at[folder] = self._clock()

    def read(self, folder: str, state: FolderState, last_uid: int) -> None:
        """All mails that were there when the folder showed this state were read; `last_uid` is the last of them."""
        self._read[folder] = (state.uidvalidity, state.uidnext, last_uid)

    def stands_still(self, folder: str, argument: str, last_uid: int, open_as: FolderState | None) -> int:
        """The folder's UIDVALIDITY when it holds nothing behind `last_uid`, else 0; 0 too when that is not sure.

        `argument` is its name as the server wants it, `open_as` its state when it is the one that is open.
        """
        opened_at = self._opened_at.get(folder)
        if opened_at is None or self._clock() - opened_at > FRESH_SECONDS:
            return 0
        validity, uidnext = self._asked(argument) if open_as is None else self._heard(open_as)
        if not validity or not uidnext or last_uid >= uidnext:  # UIDs went back: nothing is sure
            return 0
        *state, read_uid = self._read.get(folder, (0, 0, 0))
        is_read = last_uid == uidnext - 1 or (state == [validity, uidnext] and last_uid >= read_uid)
        return validity if is_read else 0

    def _heard(self, state: FolderState) -> tuple[int, int]:
        """The state of the open folder if nothing has come into it since."""
        with self._link.talking("asking for news") as client:
            answer, _ = client._imap.noop()
        if answer != "OK" or self._link.has_moved or self._link.news():
            return 0, 0
        return state.uidvalidity, state.uidnext

    def _asked(self, argument: str) -> tuple[int, int]:
        """UIDVALIDITY and UIDNEXT of a folder that is not open; zeros where the answer is none."""
        with self._link.talking("asking for news of a folder") as client:
            imap = client._imap
            imap.untagged_responses.pop("STATUS", None)
            try:
                answer, _ = imap._simple_command("STATUS", argument, "(UIDNEXT UIDVALIDITY)")
            except imap.abort:
                raise
            except imap.error:
                answer = "BAD"
            records = imap.untagged_responses.pop("STATUS", [])
        if answer != "OK" or not records:
            return 0, 0
        # A name sent as a literal splits the record; the numbers end it either way.
        text = records[-1] if isinstance(records[-1], bytes) else b""
        numbers = _NUMBERS.search(text)
        found = {word.upper(): int(number) for word, number in _WORD.findall(numbers[1] if numbers else b"")}
        return found.get(b"UIDVALIDITY", 0), found.get(b"UIDNEXT", 0)
