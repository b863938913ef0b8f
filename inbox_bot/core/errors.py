"""The errors of inbox_bot, named by who must act.

::

    InboxBotError
    ├── UserError        the user: a file or an option is wrong (exit 2, no traceback, all problems at once)
    │   └── LoginRefused     the same, for a secret a server did not take: never retried in a loop
    ├── TemporaryError   time: a server or a network is away (retry_at says when, None: as the caller backs off)
    ├── NeedsReview      a person, on this one case
    └── StoreError       nobody can go on: the store cannot be trusted (stop loudly, exit 70)

A flaw in somebody's *data* is not an exception: it is a `Problem`, a value in a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """A flaw in somebody's data, with the place and, where one is known, the remedy.

    `file`, `line` and `key` point into a file the user can open; all three are None for a flaw in a mail.
    """

    what: str
    file: str | None = None
    line: int | None = None
    key: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        if self.key is not None:
            place += f" [{self.key}]" if place else f"[{self.key}]"
        text = f"{place}: {self.what}" if place else self.what
        return f"{text} - {self.remedy}" if self.remedy else text


class InboxBotError(Exception):
    """The root: everything that inbox_bot raises on purpose."""


class UserError(InboxBotError):
    """Something the user wrote is wrong; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class TemporaryError(InboxBotError):
    """A server or the network did not do its part; the same call may work later."""

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class StoreUnavailable(TemporaryError):
    """The store cannot be written for now: the disk is full or read-only, or somebody holds it. Nothing is lost."""


class WorkStopped(InboxBotError):
    """The process lives and the work does not go on: it has to be started anew (exit 75)."""


class NeedsReview(InboxBotError):
    """The program must not go on with this case by itself; the message tells a person what to look at.

    `letter` is the letter that was not let out, its doubtful lines marked; empty when there is none.
    """

    def __init__(self, what: str, letter: str = "") -> None:
        super().__init__(what)
        self.letter = letter


class StoreError(InboxBotError):
    """The store is damaged, locked by another process, or of an unknown version."""


class LoginRefused(UserError):
    """A server refused the user name or the secret; trying again would only lock the account."""
