"""The report as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from inbox_bot.core.model import Money
from inbox_bot.core.report import FEE_SHARE, Report, Share, Sum, Tally
from inbox_bot.core.report_lines import ReportLine
from inbox_bot.core.text import one_line

SUMS = (
    ("kept, confirmed", "kept_confirmed"),
    ("kept, presumed", "kept_presumed"),
    ("refunded", "refunded"),
    ("lost", "lost"),
    ("unanswered", "unanswered"),
    ("open", "open"),
)


def period_of(report: Report, zone: ZoneInfo) -> str:
    """The period in words; both days included."""
    first = f"{report.first_at.astimezone(zone):%Y-%m-%d}" if report.first_at else ""
    last = f"{(report.last_at - timedelta(days=1)).astimezone(zone):%Y-%m-%d}" if report.last_at else ""
    if first and last:
        return f"{first} to {last}"
    if first:
        return f"since {first}"
    return f"until {last}" if last else "of all time"


def money_words(money: Sequence[Money]) -> str:
    """Amounts on one line."""
    return ", ".join(f"{one.amount:,.2f} {one.currency}" for one in money)


def share_words(share: Share) -> str:
    """A share with its count: "83 % (10 of 12)"; a dash of nothing."""
    return f"{share.percent} % ({share.part} of {share.of})" if share.of else "-"


def hours_words(hours: float | None) -> str:
    """A length of time as a person says it."""
    if hours is None:
        return "-"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


_PRESUMED = (
    "Presumed kept: answered, and no word of Amazon's for as long as it says that it takes. Amazon writes only when "
    "the seller has to pay, so most wins are silence; import settlements to confirm them."
)
_CONFIRMED = (
    "Confirmed kept: Amazon wrote so, or imported settlements show that the money stayed or came back."
)
_RATE = "The rate of what was kept counts presumed and confirmed against lost; the rest is in no rate."
_NOTES = (_PRESUMED, _CONFIRMED, _RATE)


def notes_of(report: Report) -> tuple[str, ...]:
    """What the numbers do and do not say."""
    notes = list(_NOTES)
    without = report.total.disputed.without_amount
    if without:
        notes.append(f"{without} of the cases name no amount, so the money of these is in no sum.")
    if report.untrusted:
        notes.append(f"{report.untrusted} mails only looked like notices and are counted nowhere.")
    return tuple(notes)


def as_text(report: Report, accounts: Sequence[str], now: datetime, zone: ZoneInfo) -> str:
    """The report for a terminal."""
    total = report.total
    lines = [f"Chargebacks {period_of(report, zone)} ({', '.join(accounts)})", ""]
    lines.append(_line("disputed", total.disputed))
    lines += [_line(f"  {name}", getattr(total, field)) for name, field in SUMS]
    hours = report.hours
    took = f"median {hours_words(hours.median)}, longest {hours_words(hours.longest)} ({hours.count} answers)"
    lines += [
        "",
        f"{'kept of decided':<20}{share_words(total.kept)}",
        f"{'answered in time':<20}{share_words(report.answered_in_time)}",
        f"{'time to answer':<20}{took}",
    ]
    if report.fee.with_presumed:
        lines.append(
            f"{'success fee saved':<20}{money_words(report.fee.with_presumed)} at {FEE_SHARE:.0%}"
            f" (of what is confirmed: {money_words(report.fee.confirmed) or 'nothing yet'})"
        )
    if report.causes:
        lines += ["", "What they have in common", *(f"  {cause}" for cause in report.causes)]
    for name, tallies in report.by.items():
        if tallies:
            lines += ["", *_table(name, tallies)]
    lines += ["", *notes_of(report)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _line(name: str, amount: Sum) -> str:
    return f"{name:<20}{amount.cases:>5}   {money_words(amount.money)}"


def _table(name: str, tallies: Sequence[Tally]) -> list[str]:
    width = min(44, max(len(name), *(len(one.name) for one in tallies)))
    head = f"{f'By {name}':<{width + 3}}  cases  kept  lost  refunded  open  kept of decided"
    rows = [
        f"{one_line(one.name)[:width]:<{width + 3}}{one.disputed.cases:>7}"
        f"{one.kept_confirmed.cases + one.kept_presumed.cases:>6}{one.lost.cases:>6}{one.refunded.cases:>10}"
        f"{one.open.cases:>6}  {share_words(one.kept)}"
        for one in tallies
    ]
    return [head, *rows]


COLUMNS = (
    *(
        "case",
        "account",
        "order",
        "noticed_at",
        "status",
        "ending",
        "reason",
        "rule",
        "verdict",
        "marketplace",
    ),
    *(
        "carrier",
        "signed",
        "skus",
        "disputed",
        "currency",
        "refunded",
        "lost",
        "due_by",
        "answered_at",
        "in_time",
    ),
)


def as_csv(lines: Sequence[ReportLine]) -> str:
    """One row a case, for a spreadsheet; a text that a spreadsheet would calculate with is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        first = line.asked[0] if line.asked else None
        row = (
            *(line.case_id, line.account, line.order_id, line.noticed_at.isoformat(), line.status),
            *(
                line.ending.value if line.ending else "",
                line.reason,
                line.rule,
                line.verdict,
                line.marketplace,
            ),
            *(line.carrier, {True: "yes", False: "no", None: ""}[line.signed], " ".join(line.skus)),
            *(_amount(line.disputed), line.disputed.currency if line.disputed else ""),
            *(_amount(line.refunded), _amount(line.lost)),
            first.cutoff_at.isoformat() if first and first.cutoff_at else "",
            first.answered_at.isoformat() if first and first.answered_at else "",
            "" if first is None else "yes" if first.in_time else "no",
        )
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue()


def _amount(money: Money | None) -> str:
    return str(money.amount) if money else ""


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_json(report: Report, accounts: Sequence[str], now: datetime, zone: ZoneInfo) -> str:
    """The numbers as one JSON object; amounts are strings, unknown is null."""
    values = {
        "accounts": list(accounts),
        "from": report.first_at.isoformat() if report.first_at else None,
        "before": report.last_at.isoformat() if report.last_at else None,
        "made_at": now.isoformat(),
        "total": _tally(report.total),
        "answered_in_time": _share(report.answered_in_time),
        "hours_to_answer": {
            "count": report.hours.count,
            "median": _rounded(report.hours.median),
            "longest": _rounded(report.hours.longest),
        },
        "success_fee_saved": {
            "share": str(FEE_SHARE),
            "confirmed": _money(report.fee.confirmed),
            "with_presumed": _money(report.fee.with_presumed),
        },
        "by": {name: [_tally(one) for one in tallies] for name, tallies in report.by.items()},
        "by_month": [_tally(one) for one in report.by_month],
        "causes": list(report.causes),
        "untrusted": report.untrusted,
    }
    return json.dumps(values, ensure_ascii=False) + "\n"


def _rounded(hours: float | None) -> float | None:
    return None if hours is None else round(hours, 2)


def _tally(tally: Tally) -> dict[str, object]:
    sums = ("disputed", *(field for _, field in SUMS))
    return {
        "name": tally.name,
        **{field: _sum(getattr(tally, field)) for field in sums},
        "kept": _share(tally.kept),
    }


def _sum(amount: Sum) -> dict[str, object]:
    return {"cases": amount.cases, "money": _money(amount.money), "without_amount": amount.without_amount}


def _money(money: Sequence[Money]) -> dict[str, str]:
    return {one.currency: str(one.amount) for one in money}


def _share(share: Share) -> dict[str, int | None]:
    return {"part": share.part, "of": share.of, "percent": share.percent}
