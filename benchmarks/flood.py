"""A flood of notices in one pass: what 2,000 cost beside 500, in the store's work and in seconds.

Run: `python benchmarks/flood.py [auto|draft] [NOTICES]`. One process, the store in a file, the small world of the
tests outside; the book of exhibits is left out, which costs the same for each. SQLite's work is counted in steps of its
virtual machine, which no load of the machine moves: a pass over twice as many notices should cost twice as much.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from test_crash import AUTO, DELIVERED, DRAFT, NOTICE, SHIPPED
from world import NOW, Fuse, FusedOutside, World, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.book import bind
from inbox_bot.core.model import Policy
from inbox_bot.desk import Notification
from inbox_bot.herald import Overflow, take_down
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.protocol import Cursor, FetchedMail
from inbox_bot.store.sqlite import SqliteStore

STEPS = 100
SIZES = (500, 2_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one pass took; `steps` are SQLite's."""

    notices: int
    seconds: float
    steps: int


class Orders(FusedOutside):
    """An outside that finds the mails of an order by its id, as a server with an index does."""

    def __init__(self, count: int) -> None:
        super().__init__(World(), Fuse())
        self._mails = {order_of(number): mails_of(number) for number in range(count)}

    def find_mails(self, needles: Collection[str]) -> tuple[bytes, ...]:
        return tuple(raw for needle in needles for raw in self._mails.get(needle, ()))


def order_of(number: int) -> str:
    return f"113-{number:07}-7654321"


def mails_of(number: int) -> tuple[bytes, ...]:
    """What the mailbox holds of one order, the notice last."""
    values = {"order": order_of(number), "number": number, "amount": "10.50"}
    return tuple(text.format(**values).encode() for text in (SHIPPED, DELIVERED, NOTICE))


def one_pass(policy: Policy, count: int) -> Cost:
    """Every notice is stored, read and answered in a single pass."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store, steps = SqliteStore(path), [0]
        book, overflow = AlarmBook(path), Overflow()

        def tell(one: Notification) -> None:
            take_down(book, overflow, one, NOW)

        def step() -> None:
            steps[0] += STEPS

        for connection in (store._connection, book._connection):
            connection.set_progress_handler(step, STEPS)
        desk = desk_for(policy, store, Orders(count), tell)
        mails = [FetchedMail(number + 1, NOW, None, mails_of(number)[-1]) for number in range(count)]
        begun = time.perf_counter()
        store.save_mails(policy.account, "INBOX", Cursor(1, count), mails, NOW)
        ingest(desk, NOW)
        tick(desk, NOW)
        taken = time.perf_counter() - begun
        answered = sum(bool(record.case.reply) for record in store.cases())
        assert answered == count, f"{answered} of {count} notices got an answer"
        book.close()
        store.close()
    return Cost(count, taken, steps[0])


def leave_out_the_book() -> None:
    """Let every book be the same few bytes."""
    bind.bind = lambda *_: bind.BoundBook(b"%PDF-1.7\n", 1, {}, (), "")


def main() -> None:
    """Print one line a size and the ratio per notice."""
    leave_out_the_book()
    base = AUTO if sys.argv[1:2] == ["auto"] else DRAFT
    sizes = (int(sys.argv[2]),) if len(sys.argv) > 2 else SIZES
    costs = [one_pass(replace(base, most_sends_per_day=10 * max(sizes)), size) for size in sizes]
    for cost in costs:
        each = f"{cost.seconds / cost.notices * 1e3:7.2f} ms and {cost.steps / cost.notices:9,.0f} steps a notice"
        print(f"{cost.notices:6} notices {cost.seconds:8.2f} s  {each}")
    if len(costs) > 1:
        first, last = costs[0], costs[-1]
        ratio = (last.steps / last.notices) / (first.steps / first.notices)
        print(
            f"a notice among {last.notices} costs {ratio:.2f} x the steps of one among {first.notices}, "
            f"{(last.seconds / last.notices) / (first.seconds / first.notices):.2f} x the time"
        )


if __name__ == "__main__":
    main()
