"""A small world outside: a mailbox with Drafts and Sent, and an SMTP server, which survive the program's death.

A `Fuse` burns at the n-th effect, on either side of it, the way `kill -9` does: nothing behind it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from inbox_bot.app import ingest, tick
from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.model import Policy, Reply
from inbox_bot.desk import Desk, EarlierAnswer, FoundMail, Notification, Rulebook, SentCopy, load_rulebook
from inbox_bot.mail.message import read_mail
from inbox_bot.mail.smtp import AnswerUnknown
from inbox_bot.store.protocol import Cursor, FetchedMail, Store


class KilledError(BaseException):
    """The process is gone; no `except Exception` may see this."""


@dataclass
class Fuse:
    """Burns at the n-th effect; `effects` counts them all when it never burns."""

    burns_at: int | None = None
    effects: int = 0

    def pass_by(self) -> None:
        """One more point at which the process can die."""
        self.effects += 1
        if self.effects == self.burns_at:
            raise KilledError


@dataclass
class World:
    """What is outside of the process."""

    mails: list[bytes] = field(default_factory=list)
    drafts: list[Reply] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    accepted: list[Reply] = field(default_factory=list)
    copy_to_self: bool = True
    copies: list[str] = field(default_factory=list)


class FusedOutside:
    """`Outside` on the world, with a fuse before and after every effect."""

    def __init__(self, world: World, fuse: Fuse) -> None:
        self.world = world
        self.fuse = fuse
        self.smtp_fails: list[Exception] = []

    def sent_folder(self) -> str:
        return "Sent"

    def find_mails(self, needles: Collection[str]) -> tuple[bytes, ...]:
        self.fuse.pass_by()
        return tuple(raw for raw in self.world.mails if any(needle.encode() in raw for needle in needles))

    def find_everywhere(self, needles: Collection[str]) -> tuple[FoundMail, ...]:
        self.fuse.pass_by()
        return tuple(FoundMail("Junk", None, raw) for raw in self.find_mails(needles))

    def place_draft(self, reply: Reply, *, look_first: bool) -> str:
        self.fuse.pass_by()
        if not (look_first and any(one.message_id == reply.message_id for one in self.world.drafts)):
            self.world.drafts.append(reply)
        self.fuse.pass_by()
        return "Drafts"

    def remove_draft(self, reply: Reply, *, unless_edited: bool = False) -> bool:
        self.fuse.pass_by()
        mine = [one for one in self.world.drafts if one.message_id == reply.message_id]
        if unless_edited and any(one.raw_bytes != reply.raw_bytes for one in mine):
            return False
        self.world.drafts = [one for one in self.world.drafts if one.message_id != reply.message_id]
        self.fuse.pass_by()
        return True

    def find_draft(self, reply: Reply, answers: str | None) -> bytes | None:
        return next((one.raw_bytes for one in self.world.drafts if one.message_id == reply.message_id), None)

    def submit(
        self, reply: Reply, *, before_body: Callable[[], None], on_accepted: Callable[[int, str], None]
    ) -> None:
        self.fuse.pass_by()
        if self.smtp_fails and not isinstance(self.smtp_fails[0], AnswerUnknown):
            raise self.smtp_fails.pop(0)
        before_body()
        self.fuse.pass_by()
        self.world.accepted.append(reply)
        if self.world.copy_to_self:
            self.world.copies.append(reply.message_id)
        self.fuse.pass_by()
        if self.smtp_fails:
            raise self.smtp_fails.pop(0)
        on_accepted(250, "ok")
        self.fuse.pass_by()

    def find_copy(self, reply_message_id: str) -> str:
        self.fuse.pass_by()
        return "INBOX" if reply_message_id in self.world.copies else ""

    def find_earlier(
        self, reply_ids: Sequence[str], notice_id: str | None, addressees: Collection[str]
    ) -> EarlierAnswer:
        self.fuse.pass_by()
        gone = [one for one in reply_ids if one in self.world.copies]
        drafts = [one.message_id for one in self.world.drafts if one.message_id in reply_ids]
        return EarlierAnswer("INBOX" if gone else "", gone[0] if gone else "", tuple(drafts))

    def file_sent_copy(self, reply: Reply) -> SentCopy:
        self.fuse.pass_by()
        if reply.raw_bytes not in self.world.sent:
            self.world.sent.append(reply.raw_bytes)
        self.fuse.pass_by()
        return SentCopy("Sent", was_there=False)


class FusedStore:
    """A store whose writes can be the last thing that happens."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_mails(self, *arguments: Any) -> int:
        self._fuse.pass_by()
        count = self._store.save_mails(*arguments)
        self._fuse.pass_by()
        return count

    def commit(self, change: Any) -> None:
        self._fuse.pass_by()
        self._store.commit(change)
        self._fuse.pass_by()


RULEBOOK: Rulebook = load_rulebook()


def desk_for(
    policy: Policy, store: Any, outside: Any, tell: Callable[[Notification], None] = lambda one: None
) -> Desk:
    """A desk with the bundled rules."""
    return Desk(policy, RULEBOOK, store, outside, read_mail, tell)


def deliver(desk: Desk, world: World, raw_mails: list[bytes], at: datetime) -> None:
    """Fetch what the mailbox holds behind the cursor, one mail a transaction, as the intake does."""
    world.mails = raw_mails
    cursor = desk.store.cursor(desk.policy.account, "INBOX")
    for uid, raw in enumerate(raw_mails, 1):
        if cursor is None or uid > cursor.last_uid:
            desk.store.save_mails(
                desk.policy.account, "INBOX", Cursor(1, uid), [FetchedMail(uid, at, None, raw)], at
            )


def work_until_quiet(
    desk: Desk, world: World, raw_mails: list[bytes], at: datetime, until: datetime
) -> datetime:
    """Run passes, jumping from one wake-up to the next, until nothing wants to be woken before `until`."""
    now = at
    for _ in range(500):
        deliver(desk, world, raw_mails, at)
        try:
            ingest(desk, now)
            tick(desk, now)
        except TemporaryError:
            now += timedelta(minutes=1)
            continue
        wake_at = desk.store.next_wake(desk.policy.account)
        if wake_at is None or wake_at > until:
            return now
        now = max(now, wake_at)
    raise AssertionError("the cases never come to rest")


NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
