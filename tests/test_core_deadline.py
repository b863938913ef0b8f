"""The clock: the earliest reading, always."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from nouns import NOW, notice

from inbox_bot.core.deadline import deadline_for
from inbox_bot.core.model import Kind

DAY = timedelta(days=1)
MARGIN = timedelta(hours=24)
READINGS = [
    ("seven days from the mail's date", {}, NOW + 7 * DAY),
    ("an earlier arrival counts", {"received_at": NOW - DAY}, NOW + 6 * DAY),
    ("a later arrival does not", {"received_at": NOW + DAY}, NOW + 7 * DAY),
    ("without a date the arrival counts", {"dated_at": None, "received_at": NOW + DAY}, NOW + 8 * DAY),
    ("fewer printed days count", {"stated_days": 3}, NOW + 3 * DAY),
    ("more printed days do not", {"stated_days": 11}, NOW + 7 * DAY),
    ("an earlier printed date counts", {"stated_on": date(2026, 10, 8)}, datetime(2026, 10, 8, tzinfo=UTC)),
    ("a later printed date does not", {"stated_on": date(2026, 10, 30)}, NOW + 7 * DAY),
]


@pytest.mark.parametrize(("promise", "changes", "due_by"), READINGS, ids=[row[0] for row in READINGS])
def test_due_by_is_the_earliest_reading(promise, changes, due_by):
    found = deadline_for(notice(**changes), MARGIN)
    assert found is not None
    assert found.due_by == due_by
    assert found.send_by < due_by


def test_a_request_without_a_time_frame_is_not_given_seven_days():
    found = deadline_for(notice(kind=Kind.INFORMATION_REQUEST), MARGIN)
    assert found is not None
    assert found.due_by is None
    assert found.send_by == NOW + 2 * DAY


def test_a_request_keeps_its_own_time_frame_also_when_it_is_longer():
    found = deadline_for(notice(kind=Kind.INFORMATION_REQUEST, stated_days=10), MARGIN)
    assert found is not None
    assert found.due_by == NOW + 10 * DAY


def test_a_short_time_frame_leaves_half_of_it_to_act():
    found = deadline_for(notice(stated_days=1), timedelta(hours=24))
    assert found is not None
    assert found.send_by == NOW + DAY / 2


def test_a_decision_has_no_clock():
    assert deadline_for(notice(kind=Kind.DECISION), MARGIN) is None
