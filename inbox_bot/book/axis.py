"""Where the moments of a timeline stand on its axis, so that no number covers another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from inbox_bot.core.timeline import Moment

_MOST_LANES = 8


def drawn(timeline: Sequence[Moment]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The moments with their place on the axis (0 to 1) and a lane, so that no number covers another; and the ticks."""
    if not timeline:
        return [], []
    first, last = timeline[0].on, timeline[-1].on
    days = max((last - first).days, 1)
    lanes: list[float] = []
    points = []
    for number, moment in enumerate(timeline, 1):
        at = (moment.on - first).days / days if last > first else 0.5
        free = next((lane for lane, end in enumerate(lanes) if at - end >= 0.045), None)
        lane = (
            free if free is not None else (len(lanes) if len(lanes) < _MOST_LANES else number % _MOST_LANES)
        )
        if lane == len(lanes):
            lanes.append(at)
        lanes[lane] = at
        points.append(
            {
                "number": number,
                "at": at,
                "lane": lane,
                "on": moment.on.isoformat(),
                "clock": moment.clock,
                "kind": moment.kind.value,
                "words": moment.words,
            }
        )
    return points, list(_ticks(first, last, days))


def _ticks(first: date, last: date, days: int) -> Iterator[dict[str, Any]]:
    count = min(6, days)
    if last == first:
        yield {"at": 0.5, "label": first.isoformat()}
        return
    for index in range(count + 1):
        day = date.fromordinal(first.toordinal() + round(index * days / count))
        yield {"at": (day - first).days / days, "label": day.isoformat()}
