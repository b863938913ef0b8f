"""A few reading processes for many accounts: one mail that takes long does not keep the mails of others waiting.

How a mail is read, and what keeps a hostile one in bounds, is in `reader.py`.
"""

from __future__ import annotations

import queue
from types import TracebackType
from typing import Self

from inbox_bot.core.model import Mail
from inbox_bot.mail.reader import MailReader

READERS = 2


class MailReaders:
    """So many `MailReader`s shared by all threads; the second child is started when the first is busy."""

    def __init__(self, count: int = READERS, seconds: float = 10.0) -> None:
        self._all = [MailReader(seconds) for _ in range(count)]
        # Last in, first out: the child that runs already is taken before one that would have to be started.
        self._idle: queue.LifoQueue[MailReader] = queue.LifoQueue()
        for reader in self._all:
            self._idle.put(reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, raw: bytes) -> Mail:
        """As `MailReader.read`, by whichever reader is idle first."""
        reader = self._idle.get()
        try:
            return reader.read(raw)
        finally:
            self._idle.put(reader)

    def close(self) -> None:
        """As `MailReader.close`, for all of them."""
        for reader in self._all:
            reader.close()
