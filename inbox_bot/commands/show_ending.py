"""How `show` says what came after the answer: the end, or when silence will count as one, and what is akin."""

from __future__ import annotations

from collections.abc import Iterable

from inbox_bot.core.case import Case
from inbox_bot.core.ending import Ending, ending_of, readings_of
from inbox_bot.core.kinship import bursts

_WORDS = {
    Ending.DEBITED: "debited",
    Ending.IN_FAVOUR: "in your favour, as Amazon wrote",
    Ending.CONFIRMED_KEPT: "kept, confirmed",
    Ending.PRESUMED_WON: "presumed won: nobody wrote any more",
    Ending.REFUNDED: "refunded by you",
    Ending.UNANSWERED: "ended without an answer, and without a word",
}


def ending_lines(case: Case, others: Iterable[Case], presume_won_days: int) -> list[tuple[str, str]]:
    """Names and values of what there is to say about the end of the case and its kin."""
    lines = []
    ending = ending_of(case)
    if ending is not None:
        lines.append(("Ended", _WORDS[ending]))
    elif case.answered_at is not None and case.trusted:
        readings = readings_of(case, presume_won_days)
        later, earlier = f"{readings.later_at:%Y-%m-%d}", f"{readings.earlier_at:%Y-%m-%d}"
        counted = f"{presume_won_days} days from the answer; from the notice it would be {earlier}"
        lines.append(("Silence", f"counts as won from {later} ({counted})"))
    if case.settled is not None:
        lines.append(("Settled", case.settled.because))
    lines += [
        ("Related", f"{one.what} of {one.received_at:%Y-%m-%d}; it is not answered here")
        for one in case.related
    ]
    group = bursts(others).get(case.case_id, ())
    if group:
        kin = ", ".join(one.case_id for one in group if one.case_id != case.case_id)
        lines.append(("One buyer", f"disputed {len(group)} orders within days; also {kin}"))
    return lines
