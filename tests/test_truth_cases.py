"""Every fact counts: over all worked cases, changing one fact of the record makes the answer as it was written fail.

Where a case was not represented, a person chooses to represent it here, so that its facts stand in an answer too.
"""

from __future__ import annotations

import dataclasses
import email
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from cases import COLLECTED_AT, NAMES, Worked, worked
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from inbox_bot import app
from inbox_bot.answer import ground_of
from inbox_bot.book.pages import page_texts
from inbox_bot.commands.show import reply_text
from inbox_bot.core.decide import decide
from inbox_bot.core.evidence import assess
from inbox_bot.core.facts import find_facts
from inbox_bot.core.model import Destination, Money, Verdict
from inbox_bot.core.record import Dossier
from inbox_bot.core.truth import Ground, check_answer
from inbox_bot.desk import load_rulebook

RULEBOOK = load_rulebook()
DAY_FIELDS = {
    "purchased_at",
    "shipped_on",
    "delivered_on",
    "scanned_on",
    "refunded_on",
    "requested_on",
    "received_on",
    "posted_on",
}
ID_FIELDS = {"tracking_id"}


@dataclass(frozen=True)
class Answered:
    """A case with the answer that was written to it."""

    name: str
    letter: str
    exhibits: str
    ground: Ground


def answered(one: Worked) -> Answered:
    case = one.case
    if one.reply is None:
        app.overrule(one.store, case.case_id, Verdict.REPRESENT, "for the test", COLLECTED_AT)
        case = app.advance_case(one.desk, case.case_id, COLLECTED_AT)
        assert case.reply is not None, (one.name, case.blocked_because)
    assert case.reply is not None
    raw = one.store.file(case.reply.sha256)
    texts = []
    for part in email.message_from_bytes(raw).walk():
        content = part.get_payload(decode=True)
        if part.get_filename() and isinstance(content, bytes):
            is_book = part.get_content_type() == "application/pdf"
            texts.append("\n".join(page_texts(content)) if is_book else content.decode())
    return Answered(
        one.name, reply_text(raw), "\n".join(texts), ground_of(case, one.store.file, one.desk.policy)
    )


@cache
def answer_of(name: str) -> Answered:
    with worked(name, RULEBOOK) as one:
        return answered(one)


def facts_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the dates, amounts, tracking ids and towns of a record stand, as paths into it."""
    if isinstance(value, Money):
        yield path
    elif isinstance(value, Destination):
        if value.city:
            yield (*path, "city")
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from facts_of(inner, (*path, index))
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if field.name in ("provenance", "contradictions", "documents") or inner is None:
                continue
            if field.name in DAY_FIELDS or (field.name in ID_FIELDS and inner):
                yield (*path, field.name)
            else:
                yield from facts_of(inner, (*path, field.name))


def value_at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


def with_value(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], with_value(value[step], rest, new), *value[step + 1 :])
    return replace(value, **{step: with_value(getattr(value, step), rest, new)})


TOWNS = st.sampled_from(
    ["Quillhaven", "Nordmere", "Östervik", "Brackenford", "青川", "Saint Orlo", "Vellinge"]
)


def fresh(old: Any, field: str, data: st.DataObject, said: str) -> Any:
    """Another value of the same kind that the answer does not hold by chance."""
    if isinstance(old, datetime):
        return old + timedelta(days=data.draw(st.integers(40, 4000)))
    if isinstance(old, date):
        return old + timedelta(days=data.draw(st.integers(40, 4000)))
    if isinstance(old, Money):
        return Money(old.amount + Decimal(data.draw(st.integers(7, 99_999))) / 100, old.currency)
    if field == "city":
        return data.draw(TOWNS)
    digits = data.draw(st.text("0123456789", min_size=12, max_size=12))
    return f"7{digits}" if f"7{digits}" not in said else f"8{digits}"


def decision_on(ground: Ground, dossiers: tuple[Dossier, ...]) -> tuple[object, ...]:
    facts = find_facts(ground.notice, dossiers[0], dossiers[1:])
    stands = assess(facts, dossiers, RULEBOOK.evidence, COLLECTED_AT)
    decision = decide(facts, RULEBOOK.decisions, stands)
    return decision.verdict, decision.rule, decision.because


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_as_it_was_written_is_true(name):
    one = answer_of(name)
    assert check_answer(one.letter, one.exhibits, one.ground, RULEBOOK.statements) == ()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_changing_one_fact_of_the_record_is_noticed(name, data):
    one = answer_of(name)
    dossiers = one.ground.dossiers
    path = data.draw(st.sampled_from(sorted(facts_of(dossiers), key=str)))
    old = value_at(dossiers, path)
    new = fresh(old, str(path[-1]), data, one.letter + one.exhibits)
    changed = with_value(dossiers, path, new)
    # An amount that stands on record a second time, as the total of a one-line order does, is no lie.
    if isinstance(old, Money):
        known = [one.ground.notice.amount, *(value_at(changed, other) for other in facts_of(changed))]
        assume(old not in known)
    flaws = check_answer(one.letter, one.exhibits, replace(one.ground, dossiers=changed), RULEBOOK.statements)
    assert flaws or decision_on(one.ground, changed) != decision_on(one.ground, dossiers), (path, old, new)


@pytest.mark.parametrize("name", NAMES)
def test_every_case_has_facts_to_change(name):
    assert list(facts_of(answer_of(name).ground.dossiers))
