"""The report as one HTML file that needs nothing else: no script, no link, no font from anywhere.

The colours are told apart by the colour-blind and each has a texture of its own, so that a black-and-white print and
every bar can be read; each chart stands as a table beneath it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from inbox_bot.commands.report_formats import (
    SUMS,
    hours_words,
    money_words,
    notes_of,
    period_of,
    share_words,
)
from inbox_bot.core.model import Money
from inbox_bot.core.report import FEE_SHARE, Report, Share, Tally
from inbox_bot.resources import bundled


@dataclass(frozen=True, slots=True)
class Part:
    """What can become of a case: its colour and the texture on it."""

    key: str
    name: str
    fill: str
    stripe: str = ""
    stripe_width: int = 2
    turn: int = 0


PARTS = (
    Part("kept_confirmed", "kept, confirmed", "#0072b2"),
    Part("kept_presumed", "kept, presumed", "#9fd3f2", "#0072b2", 2, 45),
    Part("refunded", "refunded", "#e8a325", "#8a5a00", 1, 90),
    Part("lost", "lost", "#d55e00", "#5e2400", 3, 135),
    Part("unanswered", "unanswered", "#3b3b3b"),
    Part("open", "open", "#d6dae0", "#9aa2ad", 1, 0),
)
_WIDTH = 600.0
_CHART_HEIGHT, _FOOT, _TOP = 230.0, 28.0, 12.0
_MOST_ROWS, _MOST_MONTHS = 25, 24


def as_html(report: Report, accounts: Sequence[str], now: datetime, zone: ZoneInfo) -> str:
    """The report as a page."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(bundled("templates/report.html").read_text(encoding="utf-8"))
    reasons = report.by["reason"]
    return template.render(
        period=period_of(report, zone),
        accounts=", ".join(accounts),
        made_on=f"{now.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}",
        cards=_cards(report),
        causes=report.causes,
        parts=PARTS,
        rows=[_row(one, max(each.disputed.cases for each in reasons)) for one in reasons],
        months=_months(report.by_month[-_MOST_MONTHS:]),
        heads=["cases", *(name for name, _ in SUMS), "kept of decided"],
        tables=_tables(report),
        notes=notes_of(report),
    )


def _cards(report: Report) -> list[dict[str, object]]:
    total, hours, in_time, fee = report.total, report.hours, report.answered_in_time, report.fee
    kept = f"{total.kept_confirmed.cases} confirmed, {total.kept_presumed.cases} presumed"
    longest = f"longest {hours_words(hours.longest)}, of {hours.count}"
    confirmed = money_words(fee.confirmed) or "nothing yet"
    return [
        _card("Disputed", f"{total.disputed.cases} cases", *_amounts(total.disputed.money)),
        _card("Kept of decided", _percent(total.kept), f"{total.kept.part} of {total.kept.of}", kept),
        _card("Lost", f"{total.lost.cases} cases", *_amounts(total.lost.money)),
        _card("Refunded", f"{total.refunded.cases} cases", *_amounts(total.refunded.money)),
        _card(
            "Answered in time",
            _percent(in_time),
            f"{in_time.part} of {in_time.of}",
            f"{total.unanswered.cases} ended unanswered",
        ),
        _card("Median time to answer", hours_words(hours.median), longest),
        _card(
            f"Fee saved, at {FEE_SHARE:.0%} of what was kept",
            *(_amounts(fee.with_presumed) or ["-"]),
            f"of what is confirmed: {confirmed}",
        ),
    ]


def _card(name: str, value: str, *notes: str) -> dict[str, object]:
    return {"name": name, "value": value, "notes": notes}


def _percent(share: Share) -> str:
    return f"{share.percent} %" if share.of else "-"


def _amounts(money: Sequence[Money]) -> list[str]:
    return [f"{one.amount:,.2f} {one.currency}" for one in money]


def _row(tally: Tally, most: int) -> dict[str, object]:
    at, pieces = 0.0, []
    for part in PARTS:
        count = getattr(tally, part.key).cases
        if count:
            width = _WIDTH * count / most
            pieces.append(
                {
                    "x": round(at, 2),
                    "width": round(width, 2),
                    "key": part.key,
                    "said": f"{part.name}: {count}",
                }
            )
            at += width
    said = ", ".join(str(piece["said"]) for piece in pieces)
    return {
        "name": tally.name.replace("_", " "),
        "pieces": pieces,
        "count": tally.disputed.cases,
        "said": said,
    }


def _months(tallies: Sequence[Tally]) -> dict[str, object] | None:
    if not tallies:
        return None
    step = 54.0 if len(tallies) > 6 else 90.0
    most = max(tally.disputed.cases for tally in tallies)
    tick = next(one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 10**9) if most / one <= 5)
    top = -(-most // tick) * tick
    scale = (_CHART_HEIGHT - _FOOT - _TOP) / top
    floor = _CHART_HEIGHT - _FOOT
    columns = []
    for number, tally in enumerate(tallies):
        y, pieces = floor, []
        for part in PARTS:
            count = getattr(tally, part.key).cases
            if count:
                y -= count * scale
                said = f"{part.name}: {count}"
                pieces.append(
                    {"y": round(y, 2), "height": round(count * scale, 2), "key": part.key, "said": said}
                )
        columns.append({"x": 42 + number * step, "width": step - 16, "pieces": pieces, "name": tally.name})
    lines = [{"y": round(floor - count * scale, 2), "count": count} for count in range(0, top + 1, tick)]
    return {"width": 42 + len(tallies) * step, "height": _CHART_HEIGHT, "columns": columns, "lines": lines}


def _tables(report: Report) -> list[dict[str, object]]:
    tables = [
        ("All", "", (report.total,)),
        *((f"By {name}", name, tallies) for name, tallies in report.by.items()),
    ]
    return [
        {
            "title": title,
            "name": name,
            "rows": [_cells(one) for one in tallies[:_MOST_ROWS]],
            "note": f"{len(tallies) - _MOST_ROWS} more stand in the CSV."
            if len(tallies) > _MOST_ROWS
            else "",
        }
        for title, name, tallies in tables
        if tallies
    ]


def _cells(tally: Tally) -> dict[str, object]:
    sums = [tally.disputed, *(getattr(tally, field) for _, field in SUMS)]
    cells = [
        {
            "count": one.cases,
            "money": _amounts(one.money),
        }
        for one in sums
    ]
    return {"name": tally.name.replace("_", " "), "cells": cells, "kept": share_words(tally.kept)}
