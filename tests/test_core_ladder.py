"""When a person is told: rungs, quiet hours, the digest; never silence in the last day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_core_planner import GATHERED, REVIEW, case, deadline

from inbox_bot.core import events as happened
from inbox_bot.core.canary import CanaryState, canary_mail, is_missing, token_of, wants_to_fly
from inbox_bot.core.ladder import (
    URGENT_WITHIN,
    QuietHours,
    alarm_text,
    digest_due_at,
    digest_text,
    due_alarm,
    next_rung_at,
    rings_at,
)
from inbox_bot.core.vitals import (
    GIVE_UP_AFTER,
    OVERDUE_AFTER,
    STALLED_AFTER,
    AccountVitals,
    Vitals,
    clock_drift,
    ills,
    must_give_up,
)

NIGHT = QuietHours(time(22), time(7), "Europe/Berlin")
NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
instants = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def climb(one, step=timedelta(hours=1)) -> list[tuple[str, float]]:
    """All alarms of the case over its clock, with the days since now."""
    now, rung = NOW, []
    while now <= NOW + timedelta(days=9):
        while (alarm := due_alarm(one, now)) is not None:
            rung.append((alarm.name, (now - NOW) / timedelta(days=1)))
            one = case_with(one, alarm.name)
        now += step
    return rung


def case_with(one, name):
    from dataclasses import replace

    return replace(one, alerts=(*one.alerts, name))


def test_the_last_call_is_a_rung_of_its_own_where_the_margin_is_not_one():
    from inbox_bot.core.model import Deadline

    due_by = NOW + timedelta(days=7)
    wide = case(GATHERED, REVIEW, deadline=Deadline(due_by, due_by - timedelta(hours=36), "seven days"))
    assert climb(wide) == [
        ("review", 0.0),
        ("72 h left", 4.0),
        ("48 h left", 5.0),
        ("last call", 5.5),
        ("24 h left", 6.0),
        ("missed", 7.0),
    ]


def test_a_short_clock_begins_on_the_rung_it_stands_on():
    assert [name for name, _ in climb(case(GATHERED, REVIEW, deadline=deadline(days=1)))][:2] == [
        "review",
        "24 h left",
    ]


def test_the_next_rung_is_always_ahead():
    one = case(GATHERED, REVIEW)
    at = NOW
    for _ in range(5):
        following = next_rung_at(one, at)
        if following is None:
            break
        assert following > at
        at = following
    assert next_rung_at(one, at) is None


@given(raised=instants, left=st.timedeltas(timedelta(hours=-48), timedelta(days=9)))
def test_no_alarm_is_put_off_into_the_last_day_or_made_early(raised, left):
    cutoff = raised + left
    rings = rings_at(raised, cutoff, NIGHT)
    assert rings >= raised
    assert rings == raised or rings <= cutoff - URGENT_WITHIN
    assert rings - raised <= timedelta(hours=9, minutes=1)


@given(raised=instants)
def test_quiet_hours_end_in_the_morning_also_when_clocks_change(raised):
    over = NIGHT.over_at(raised)
    assert over >= raised
    assert NIGHT.over_at(over) == over


@pytest.mark.parametrize(
    ("local", "hours"),
    [("21:59", 0), ("22:00", 9), ("03:00", 4), ("06:59", 1 / 60), ("07:00", 0), ("12:00", 0)],
)
def test_the_night_by_the_sellers_own_clock(local, hours):
    from zoneinfo import ZoneInfo

    at = datetime.fromisoformat(f"2026-11-03T{local}").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert (NIGHT.over_at(at) - at) / timedelta(hours=1) == pytest.approx(hours)


def test_an_alarm_names_the_order_the_amount_the_cutoff_in_the_own_zone_and_what_to_do():
    text = alarm_text(case(GATHERED, REVIEW), "shop", "a person\nhas to look", "Asia/Tokyo")
    assert text.startswith("a person has to look\nOrder 113-0196033-6384224, ")
    assert "(Asia/Tokyo)" in text
    assert "inbox-bot show " in text


def test_the_digest_has_the_open_cases_by_their_cutoff_and_nothing_when_none_is_open():
    late, soon = (
        case(GATHERED, REVIEW, deadline=deadline(days=6)),
        case(GATHERED, REVIEW, deadline=deadline(days=1)),
    )
    answered = case(GATHERED, REVIEW, happened.AnsweredElsewhere("by hand", None))
    lines = digest_text([late, answered, soon], NOW, "UTC").splitlines()
    assert len(lines) == 2
    assert "24 h left" in lines[0]
    assert digest_text([answered], NOW, "UTC") == ""
    assert digest_due_at(NOW, time(8), "America/New_York") == datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


def vitals(**changes) -> Vitals:
    values = {"alive": True, "last_success_at": NOW, **changes}
    return Vitals(NOW, (AccountVitals("shop", **values),))


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (vitals(), ""),
        (vitals(last_success_at=NOW - STALLED_AFTER), ""),
        (
            vitals(last_success_at=NOW - STALLED_AFTER - timedelta(seconds=1), failure="down"),
            "not read for 20 min (down)",
        ),
        (vitals(alive=False), "thread has ended"),
        (vitals(overdue_since=NOW - OVERDUE_AFTER - timedelta(seconds=1)), "waits for 15 min"),
        (Vitals(NOW, (), store_failure="disk full"), "disk full"),
        (Vitals(NOW, (), clock_off=timedelta(hours=-3)), "clock is off"),
    ],
)
def test_what_makes_the_process_ill(given, word):
    found = " ".join(ills(given))
    assert word in found
    assert bool(found) == bool(word)


def test_the_process_gives_up_only_when_no_account_is_read():
    old = AccountVitals("one", True, NOW - GIVE_UP_AFTER - timedelta(minutes=1))
    fresh = AccountVitals("two", True, NOW)
    assert must_give_up(Vitals(NOW, (old,)))
    assert not must_give_up(Vitals(NOW, (old, fresh)))
    assert not must_give_up(Vitals(NOW, ()))


def test_the_clock_is_compared_both_ways_and_a_little_is_nothing():
    assert clock_drift(NOW + timedelta(minutes=6), NOW) == timedelta(minutes=6)
    assert clock_drift(NOW, NOW + timedelta(days=1)) == timedelta(days=-1)
    assert clock_drift(NOW, NOW + timedelta(minutes=5)) == timedelta(0)


def test_a_canary_flies_once_a_day_and_is_missed_after_three_hours():
    assert wants_to_fly(CanaryState(), NOW)
    flown = CanaryState("t", NOW)
    assert not wants_to_fly(flown, NOW + timedelta(hours=23))
    assert wants_to_fly(flown, NOW + timedelta(hours=24))
    assert not is_missing(flown, NOW + timedelta(hours=3))
    assert is_missing(flown, NOW + timedelta(hours=3, seconds=1))
    assert not is_missing(CanaryState("t", NOW, "t"), NOW + timedelta(days=2))
    assert is_missing(CanaryState("new", NOW, "old"), NOW + timedelta(hours=4))
    raw = canary_mail("orders@seller.example", "abc", NOW)
    assert raw.count(b"\r\n") == raw.count(b"\n")
    assert token_of("canary-abc ") == "abc"
    assert token_of("cb-1234") == ""
