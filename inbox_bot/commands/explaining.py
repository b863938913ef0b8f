"""An explanation as a person reads it: what held, what did not, and which single fact would change the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from inbox_bot.core.case import Case
from inbox_bot.core.explain import Explanation, LineRead
from inbox_bot.core.model import Verdict

_ORDER = (Verdict.REPRESENT, Verdict.REFUND, Verdict.REVIEW)
_MARKS = {True: "held", False: "did not hold", None: "not known"}


def explanation_lines(explained: Explanation) -> Iterator[str]:
    """The explanation in lines: what decided, what would change it, then the rules that were passed over."""
    passed_over = explained.tried
    if explained.decision.hits:
        *passed, deciding = explained.tried
        passed_over = tuple(passed)
        yield f'the rule "{deciding.rule}" decided, as every line of it holds:'
        for line in deciding.lines:
            yield f"  held: {_said(line)}"
    elif passed_over and any(line.held is None for line in passed_over[-1].lines):
        *passed, stopping = explained.tried
        passed_over = tuple(passed)
        yield f'the rule "{stopping.rule}" stopped the table, as it cannot be answered:'
        for line in stopping.lines:
            yield f"  {_MARKS[line.held]}: {_said(line)}"
    yield from _changes(explained)
    if passed_over:
        yield "passed over before that:"
        for read in passed_over:
            yield f'  "{read.rule}": {"; ".join(_said(line) for line in read.lines if line.held is not True)}'
    if explained.other_rules:
        yield f"  and {explained.other_rules} that are for other kinds of mail or other reasons"


def _said(line: LineRead) -> str:
    is_plain = line.text.removeprefix("not ").isidentifier()
    return line.words if is_plain else f"{line.text} ({line.words})"


def _changes(explained: Explanation) -> Iterator[str]:
    if not explained.changes:
        yield "no single fact would change the verdict" + (
            "" if explained.complete else ", so far as was looked"
        )
        return
    yield "one fact alone would change the verdict:"
    for change in sorted(explained.changes, key=lambda one: _ORDER.index(one.verdict)):
        yield f'  {change.words}: {change.verdict.value} by "{change.rule}"'
    if not explained.complete:
        yield "  (there may be more: the search was cut short)"


def differs(case: Case, explained: Explanation) -> str:
    """What to say when the verdict of the case is not the one of the rules as they are; empty when it is."""
    now = explained.decision
    if case.decision is None or (case.decision.verdict, case.decision.rule) == (now.verdict, now.rule):
        return ""
    whose = "a person decided otherwise" if case.overruled else f'it was decided by "{case.decision.rule}"'
    return f'by the rules as they are this is {now.verdict.value} by "{now.rule}"; {whose}'


def as_values(explained: Explanation) -> dict[str, object]:
    """The explanation as plain values for JSON."""
    decision = explained.decision
    return {
        "verdict": decision.verdict.value,
        "rule": decision.rule,
        "because": decision.because,
        "tried": [
            {
                "rule": read.rule,
                "verdict": read.verdict.value,
                "lines": [{"line": one.text, "held": one.held, "words": one.words} for one in read.lines],
            }
            for read in explained.tried
        ],
        "changes": [
            {
                "fact": one.name,
                "value": one.value
                if one.value is None or isinstance(one.value, bool | int)
                else str(one.value),
                "verdict": one.verdict.value,
                "rule": one.rule,
                "words": one.words,
            }
            for one in explained.changes
        ],
        "complete": explained.complete,
    }
