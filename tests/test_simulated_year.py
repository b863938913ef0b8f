"""A simulated year: every ending reached, every number of the report equal to the generator's own count, every clock kept.

Set INBOX_BOT_YEAR_CASES to run it with another number of cases.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta

import pytest
from simulated_year import CLOCK, Year

from inbox_bot.commands.report import read_lines
from inbox_bot.core.case import Status
from inbox_bot.core.ending import Ending
from inbox_bot.core.report import Sum, report_on

CASES = int(os.environ.get("INBOX_BOT_YEAR_CASES", "400"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def year():
    played = Year(seed=1, cases=CASES)
    played.run()
    yield played
    played.close()


@pytest.fixture(scope="module")
def lines(year):
    found, untrusted = read_lines(year.store, tuple(policy.account for policy in year.policies))
    assert untrusted == 0
    return {line.case_id: line for line in found}


def test_every_story_is_one_case_and_ends_as_it_was_told(year, lines):
    assert len(lines) == len(year.stories) == CASES
    wrong = []
    for story in year.stories:
        line = lines[year.case_id_of(story)]
        told = line.ending.value if line.ending else "open"
        if told != year.ending_of(story) or line.account != story.account:
            wrong.append((line.case_id, story.after, year.ending_of(story), told))
    assert wrong == []


def test_every_state_was_reached(year, lines):
    assert {line.ending for line in lines.values()} == {*Ending, None}
    reached = {Status.REVIEW, Status.REFUND, Status.READY, Status.DRAFTED, Status.ANSWERED, Status.CLOSED}
    assert reached <= year.statuses


def test_every_number_of_the_report_is_the_generators(year, lines):
    report, truth = report_on(lines.values(), year.now), year.truth()
    total = report.total
    assert total.disputed.cases == CASES
    told = {
        "debited": total.lost,
        "refunded": total.refunded,
        "presumed_won": total.kept_presumed,
        "unanswered": total.unanswered,
        "open": total.open,
    }
    for ending, amount in told.items():
        assert (ending, money_of(amount)) == (ending, (truth.endings[ending], dict(truth.money[ending])))
    confirmed = truth.money["confirmed_kept"] + truth.money["in_favour"]
    count = truth.endings["confirmed_kept"] + truth.endings["in_favour"]
    assert money_of(total.kept_confirmed) == (count, dict(confirmed))
    for name, counted in truth.by.items():
        assert {one.name: one.disputed.cases for one in report.by[name]} == dict(counted)
    assert (total.kept.part, total.kept.of) == (
        count + truth.endings["presumed_won"],
        total.kept.part + total.lost.cases,
    )


def money_of(amount: Sum) -> tuple[int, dict[str, object]]:
    assert amount.without_amount == 0
    return amount.cases, {one.currency: one.amount for one in amount.money}


def test_the_hours_and_the_clocks_are_the_generators(year, lines):
    report, truth = report_on(lines.values(), year.now), year.truth()
    assert report.hours.count == len(truth.hours)
    assert report.hours.longest == pytest.approx(max(truth.hours))
    assert sorted(report_hours(lines)) == pytest.approx(sorted(truth.hours))
    assert (report.answered_in_time.part, report.answered_in_time.of) == (truth.in_time, truth.over)


def report_hours(lines):
    return [
        one.took.total_seconds() / 3600
        for line in lines.values()
        for one in line.asked
        if one.took is not None
    ]


def test_no_clock_ran_out_unseen(year):
    """Every notice was answered before its cutoff, or somebody was told at least a day before."""
    told: dict[str | None, list] = {}
    for at, notification in year.told:
        told.setdefault(notification.case_id, []).append(at)
    late = []
    for story in year.stories:
        answers, cutoff = year.answered_by(story), story.at + CLOCK
        if story.without_notice or (answers and answers[0] <= cutoff):
            continue
        warned = [at for at in told.get(year.case_id_of(story), ()) if at <= cutoff - timedelta(hours=24)]
        if not warned:
            late.append(year.case_id_of(story))
    assert late == []


def test_each_account_has_its_own_report(year):
    counted = Counter(story.account for story in year.stories)
    for account, cases in counted.items():
        own, _ = read_lines(year.store, (account,))
        assert len(own) == cases
        assert {line.account for line in own} == {account}


def test_bursts_of_one_buyer_are_seen(year):
    from inbox_bot.core.kinship import bursts

    groups = bursts(record.case for record in year.store.cases())
    assert groups, "the year has buyers who dispute several orders within two weeks"
    for case_id, group in groups.items():
        assert case_id in {one.case_id for one in group}
        assert len({(one.account, one.notice.buyer_mark) for one in group}) == 1
