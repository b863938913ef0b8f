"""A simulated quarter: 300 notices, outages of everything, holidays; no cutoff passes in silence."""

from __future__ import annotations

from collections import Counter

import pytest
from simulated_quarter import Quarter

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [1])
def test_no_cutoff_passes_without_an_answer_or_an_alarm_a_day_ahead(seed):
    quarter = Quarter(seed)
    quarter.run()
    try:
        known = Counter(case.order_id for case in quarter.cases())
        assert [one.order_id for one in quarter.sent if known[one.order_id] != 1] == [], "lost, or twice"
        silent = [
            one
            for one in quarter.sent
            if not ((at := quarter.handled_at(one)) and at <= one.cutoff) and quarter.warned_at(one) is None
        ]
        assert silent == []
        print(tally(quarter))
        outside_the_window = [
            pair for pair in quarter.twins() if pair[0].told or pair[0].left_copy or pair[1].at == pair[0].at
        ]
        assert outside_the_window == []
        assert max(Counter(one.message_id for one in quarter.accepted).values()) <= 2
    finally:
        quarter.close()


def tally(quarter: Quarter) -> str:
    """The figures of the run, for the record."""
    in_time = sum(bool((at := quarter.handled_at(one)) and at <= one.cutoff) for one in quarter.sent)
    return (
        f"notices {len(quarter.sent)}, answered in time {in_time}, "
        f"warned a day ahead and not answered {len(quarter.sent) - in_time}, "
        f"replies sent {len(quarter.accepted)}, twins {len(quarter.twins())}, "
        f"alarms {len(quarter.alarms)}"
    )
