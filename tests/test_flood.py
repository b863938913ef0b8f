"""A flood of notices costs each of them the same: what a step asks of the store does not grow with what it holds.

SQLite's work is counted in steps of its virtual machine, never in seconds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from nouns import NOW, READY, deadline, notice
from test_other_mail import AUTO
from test_pace import flood

from inbox_bot.core import events as happened
from inbox_bot.core.evolution import fold
from inbox_bot.desk import Notification
from inbox_bot.herald import Overflow, take_down
from inbox_bot.pace import copies_prove
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.protocol import Change
from inbox_bot.store.sqlite import SqliteStore


class Steps:
    """Counts what SQLite does on a connection, in single steps."""

    def __init__(self, connection) -> None:
        self._count = count()
        connection.set_progress_handler(lambda: next(self._count) and None, 1)

    def of(self, ask) -> int:
        before = next(self._count)
        ask()
        return next(self._count) - before - 1


def store_of(cases: int) -> SqliteStore:
    """A store in which so many cases were answered by us within the last day."""
    store = SqliteStore(None)
    reply_id = READY[-1].message_id
    sent = (
        happened.SendIntended(reply_id),
        happened.BodyStarted(reply_id),
        happened.ReplySent(reply_id, 250, "ok"),
    )
    for number in range(cases):
        at = NOW - timedelta(seconds=60 * number // 10)
        history = (happened.CaseOpened("shop", notice(), deadline()), *READY, *sent)
        case = fold(f"case {number}", [(at, event) for event in history])
        store.commit(Change("shop", at, case.case_id, history, case, 0, None))
    return store


QUESTIONS = {
    "the replies of a day": lambda store: store.bodies_since("shop", NOW - timedelta(days=1), 5),
    "whether copies prove": lambda store: copies_prove(store, "shop", NOW + timedelta(hours=2)),
    "what is open": lambda store: store.open_cases("shop"),
    "the refunds of another day": lambda store: store.refunds_asked(
        "shop", NOW + timedelta(days=2), NOW + timedelta(days=3)
    ),
    "the next wake-up": lambda store: store.next_wake("shop"),
    "what is due": lambda store: store.due_cases("shop", NOW),
    "the case of a thread": lambda store: store.find_cases(
        "shop", "113-7777777-7777777", ("<a@mail.example>",)
    ),
    "threads that are known": lambda store: store.known_threads("shop", ("<a@mail.example>",)),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_question_of_every_step_costs_the_same_in_a_full_store(ask):
    few, many = store_of(20), store_of(400)
    ask(few), ask(many)  # the first question of a while about what is due goes over all cases
    cost = Steps(few._connection).of(lambda: ask(few)), Steps(many._connection).of(lambda: ask(many))
    assert cost[1] <= cost[0] + 40, cost  # a scan would cost some thousands more
    few.close()
    many.close()


def test_an_alarm_costs_the_same_after_many_others(tmp_path):
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    book = AlarmBook(path)
    steps = Steps(book._connection)

    def tell(number: int) -> int:
        one = Notification("shop", f"case {number}", "drafted", "the reply stands in Drafts")
        return steps.of(lambda: take_down(book, Overflow(), one, NOW))

    costs = [tell(number) for number in range(300)]
    assert costs[-1] <= costs[5] + 40
    book.close()


def cost_of_pass(notices: int) -> float:
    """SQLite's steps for each notice of a pass that answers so many."""
    steps: list[Steps] = []
    policy = replace(AUTO, most_sends_per_day=1_000)
    desk, world, _ = flood(notices, policy, lambda store: steps.append(Steps(store._connection)))
    assert len(world.accepted) == notices
    desk.store.close()
    return next(steps[0]._count) / notices


def test_a_pass_over_many_notices_costs_each_what_a_pass_over_few_does():
    assert cost_of_pass(40) <= 1.3 * cost_of_pass(5)
