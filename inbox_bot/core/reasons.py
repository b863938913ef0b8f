"""Why the buyer disputes a charge, and what the notice asks the seller for.

The words are data (`reason`, `reason_bare`, `reason_value`, `no_reason` and `ask` in the notice rules). Supposed
reasons never count, nor those a notice sets aside ("the buyer does not deny having received it").
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from inbox_bot.core.labels import Label
from inbox_bot.core.model import Ask, Reason
from inbox_bot.core.notice_rules import FoundPhrase, NoticeRules
from inbox_bot.core.phrases import Sentence
from inbox_bot.core.text import one_line
from inbox_bot.core.wording import Wording

_IMPLIED = {
    Ask.PROOF_OF_DELIVERY: Reason.NOT_RECEIVED,
    Ask.REFUND_PROOF: Reason.CREDIT_NOT_PROCESSED,
}
_REASON_WORDS = 300
_VALUE_LINES = 3
_MOST_REASONS = 2  # more in one sentence are a list of what could be
_MOST_PHRASES = 60  # of one sentence; more are a flood
_ASKING_BEGINS = 30  # characters of a sentence within which "please provide" makes it one that asks
# In one sentence the more special reason wins: who sent a broken item back and waits for the money disputes the money.
_STRONGER = {
    (Reason.NOT_AS_DESCRIBED, Reason.CREDIT_NOT_PROCESSED): Reason.CREDIT_NOT_PROCESSED,
    (Reason.CREDIT_NOT_PROCESSED, Reason.CANCELLED): Reason.CANCELLED,
    (Reason.UNAUTHORIZED, Reason.CANCELLED): Reason.CANCELLED,
    (Reason.UNAUTHORIZED, Reason.DUPLICATE): Reason.DUPLICATE,
    (Reason.CREDIT_NOT_PROCESSED, Reason.DUPLICATE): Reason.DUPLICATE,
}


def read_reason(
    body: Wording, subject: str, labels: Sequence[Label], asks: Sequence[Ask]
) -> tuple[Reason, str]:
    """The reason and the words that gave it: a label's value, a sentence, the subject, or what is asked for."""
    for label in labels:
        if label.field == "reason" and (found := _of_value(label, body.rules)) is not None:
            return found
    without = bool(body.stated("no_reason"))
    stated = body.stated("reason") + (() if without else body.stated("reason_bare"))
    plain = [one for one in stated if not _is_asking(body, one.start)]
    alleged = [one for one in plain if _is_alleged(body, one.start)]
    for found in (
        _of_sentences(body, alleged),
        _of_sentences(body, plain),
        _of_subject(subject, body.rules),
        _of_sentences(body, stated),
    ):
        if found is not None:
            return found
    if without:
        return Reason.UNKNOWN, ""
    implied = _implied(body, asks)
    return (implied, "") if implied is not None else (Reason.UNKNOWN, "")


def read_asks(body: Wording) -> tuple[Ask, ...]:
    """What the notice asks for, in its order, each once."""
    return tuple(dict.fromkeys(Ask(one.entry.means) for one in _asked(body)))


def _asked(body: Wording) -> Iterator[FoundPhrase]:
    verbs = [one.start for one in body.found("wording", means="asking")]
    conditions = [one.start for one in body.found("wording", means="conditional")]
    modals = [one.start for one in body.found("wording", means="modal")]
    asking = _asking_sentences(body, verbs)
    span = (-1, -1)
    for one in body.found("ask"):
        sentence = body.sentence(one.start)
        if sentence is None or sentence.start not in asking or _is_label(body, one):
            continue
        supposed = _between(conditions, sentence.start, one.start)
        if supposed and _supposes_buyer(body, supposed[0], one.start):
            continue
        near = _between(modals, sentence.start, one.start)
        if any(at + 12 > min(_after(verbs, at), one.start) for at in near):
            continue
        if one.start < span[1] and one.end <= span[1] and (one.start, one.end) != span:
            continue
        span = (one.start, one.end)
        yield one


def _is_label(body: Wording, found: FoundPhrase) -> bool:
    """Whether the words stand at the head of a line with a value behind them: "Ship to    12 Main St"."""
    begin = body.text.rfind("\n", 0, found.start) + 1
    behind = body.text[found.end : found.end + 3]
    return (
        not body.text[begin : found.start].strip(" \t>") and behind[:2] == "  " and bool(behind.strip("\n"))
    )


def _asking_sentences(body: Wording, verbs: Sequence[int]) -> set[int]:
    """Starts of the sentences that ask, and of the list items below a sentence that does."""
    asking: set[int] = set()
    in_list = False
    for sentence in body.sentences:
        if _between(verbs, sentence.start, sentence.end):
            asking.add(sentence.start)
            in_list = True
        elif in_list and (_is_item(body, sentence) or _is_short(sentence)):
            asking.add(sentence.start)
        else:
            in_list = False
    return asking


def _is_item(body: Wording, sentence: Sentence) -> bool:
    begin = body.text.rfind("\n", 0, sentence.start) + 1
    lead = body.text[begin : sentence.start + 3].strip(" \t>")
    return lead[:1] in ("-", "*", "•", "·", "(", "–") or lead[:1].isdigit()


def _is_short(sentence: Sentence) -> bool:
    """Whether the sentence can be an item of a list: short, and no label with its value."""
    head, mark, value = sentence.text.replace("：", ":").partition(":")
    has_value = bool(mark) and len(head) < 30 and any(char.isdigit() for char in value[:40])
    return len(sentence.text) < 90 and not has_value


def _after(starts: Sequence[int], at: int) -> int:
    index = bisect_right(starts, at)
    return starts[index] if index < len(starts) else at + 10_000


def _between(starts: Sequence[int], first: int, behind: int) -> Sequence[int]:
    """Those of the sorted positions that lie from `first` up to `behind`."""
    return starts[bisect_left(starts, first) : bisect_left(starts, behind)]


def _supposes_buyer(body: Wording, condition: int, ask: int) -> bool:
    """Whether the condition is about the buyer, so that what follows is not asked of everybody ("if you ..." is)."""
    words = body.text[condition : min(ask, condition + 40)]
    return not body.rules.find("wording", words, means="on_the_seller")


def _of_value(label: Label, rules: NoticeRules) -> tuple[Reason, str] | None:
    """The reason a label's value gives: its own sentences first, then the short names of reasons."""
    text = "\n".join(label.lines[:_VALUE_LINES])[:_REASON_WORDS]
    value = Wording(text, rules)
    found = [*value.stated("reason"), *value.stated("reason_bare"), *value.found("reason_value")]
    if not found:
        return None
    first = label.lines[0]
    early = [one for one in found if one.start < len(first)]
    return _strongest(value, early or found), one_line(first if early else text)


def _of_sentences(body: Wording, found: Sequence[FoundPhrase]) -> tuple[Reason, str] | None:
    """The reason of the first sentence that states one; a sentence that lists three or more states none."""
    rest = sorted(found, key=lambda one: one.start)
    index = 0
    while index < len(rest):
        sentence = body.sentence(rest[index].start)
        if sentence is None:
            return Reason(rest[index].entry.means), rest[index].words
        same = rest[index : bisect_left(rest, sentence.end, index, key=lambda one: one.start)]
        named = _decisive(body, same)
        if len({one.entry.means for one in named}) <= _MOST_REASONS:
            return _strongest(body, same), sentence.text[:_REASON_WORDS]
        index += len(same)
    return None


def _of_subject(subject: str, rules: NoticeRules) -> tuple[Reason, str] | None:
    wording = Wording(subject, rules)
    found = [*wording.stated("reason"), *wording.stated("reason_bare")]
    return (_strongest(wording, found), subject) if found else None


def _strongest(body: Wording, found: Sequence[FoundPhrase]) -> Reason:
    """The reason that phrases of one sentence give: the first, but for those that a more special one explains."""
    named = sorted(_decisive(body, found), key=lambda one: (one.start, -one.end))
    reasons = list(dict.fromkeys(Reason(one.entry.means) for one in named))
    for other in reasons[1:]:
        if (reasons[0], other) in _STRONGER:
            return _STRONGER[reasons[0], other]
    return reasons[0]


def _decisive(body: Wording, found: Sequence[FoundPhrase]) -> list[FoundPhrase]:
    """The phrases that count where several overlap.

    One without its subject ("never arrived") counts only alone: a refund can fail to arrive, too. One that stands
    inside another knows less than that one, unless the other only reached round it from an earlier clause; of two
    that overlap the one that goes on says what the words of both are about.
    """
    named = ([one for one in found if one.entry.section != "reason_bare"] or list(found))[:_MOST_PHRASES]
    return [one for one in named if not any(_outdoes(body, other, one) for other in named)]


def _outdoes(body: Wording, other: FoundPhrase, one: FoundPhrase) -> bool:
    if other.entry.means == one.entry.means:
        return False
    if other.start <= one.start and one.end <= other.end and other.end - other.start > one.end - one.start:
        return not body.turns_between(other.start, one.start)
    if one.start < other.start < one.end:
        return one.end < other.end or body.turns_between(one.start, other.start)
    return False


def _is_alleged(body: Wording, position: int) -> bool:
    """Whether the sentence at the position says who says so: the bank, the cardholder, the buyer."""
    sentence = body.sentence(position)
    return sentence is not None and body.first_alleging(sentence.start, sentence.end) is not None


def _is_asking(body: Wording, position: int) -> bool:
    """Whether the sentence at the position is a question or begins with a verb of asking: a reason in passing."""
    sentence = body.sentence(position)
    if sentence is None:
        return False
    if sentence.text.rstrip("\"')）」』”").endswith(("?", "？")):
        return True
    behind = min(position, sentence.start + _ASKING_BEGINS)
    asks, tells = body.first_asking(sentence.start, behind), body.first_alleging(sentence.start, behind)
    return (asks is not None and (tells is None or asks <= tells)) or _is_item(body, sentence)


def _implied(body: Wording, asks: Sequence[Ask]) -> Reason | None:
    sure = {one.entry.means for one in body.stated("ask")}
    reasons = {_IMPLIED[ask] for ask in asks if ask in _IMPLIED and ask.value in sure}
    if asks:
        reasons |= {Reason(one.entry.means) for one in body.stated("implied")}
    return next(iter(reasons)) if len(reasons) == 1 else None
