"""A part of the fault suite with every run of the tests; `make chaos` runs it whole."""

from __future__ import annotations

import sys

import pytest
from chaos import plans, table, work

pytestmark = [pytest.mark.live, pytest.mark.slow]
RUNS = 40


def test_whatever_breaks_no_notice_is_lost_and_no_reply_goes_out_twice_outside_the_window():
    outcomes = work(0, 1, RUNS, seed=2)
    print(table(outcomes), file=sys.stderr)
    assert [one for one in outcomes if one.lost] == []
    assert [one for one in outcomes if one.twins > one.twins_in_window] == []
    assert sum(one.struck for one in outcomes) >= 0.8 * RUNS, "the faults have to strike"
    assert sum(one.notices for one in outcomes) == 3 * RUNS


def test_a_thousand_runs_break_every_part_in_every_way_over_the_whole_stream():
    chosen = plans(1000, seed=1)
    assert len({(one.part, one.kind, one.direction) for one in chosen}) > 50
    for part in ("imap", "imaps", "smtp", "smtps"):
        fractions = {int(50 * one.fraction) for one in chosen if one.part == part}
        assert fractions == set(range(50))
