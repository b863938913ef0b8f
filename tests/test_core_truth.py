"""Promises of the truth check: an untouched answer is right, and no fact of the record can change unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import nouns
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_core_truth_letters import FILES, TEMPLATES, WORDS

from inbox_bot.core.book import book_of
from inbox_bot.core.errors import UserError
from inbox_bot.core.exhibits import list_exhibits
from inbox_bot.core.facts import find_facts
from inbox_bot.core.letter import LetterAttachment, lay_out
from inbox_bot.core.model import Ask, Destination, Money, Reason
from inbox_bot.core.record import (
    Dossier,
    OrderItem,
    Party,
    Posting,
    PostingKind,
    Refund,
    Return,
    Scan,
    ShipmentStatus,
)
from inbox_bot.core.records import text_files
from inbox_bot.core.timeline import timeline_of
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.core.truth import Ground, check_answer, load_statement_words

TOWNS = [("Austin", "78701"), ("Bath", "23901"), ("Springfield", "62701"), ("Saint Louis", "63101")]
NAMES = ["P. DOE", "Ana Lima", "front desk", "SMITH, JO", ""]
CARRIERS = ["UPS", "USPS", "Royal Mail", "DHL Express"]
TITLES = ["Blue Mug (Large)", "USB-C cable, 2 m; black", "Set of 12 spoons. Steel", "蓝色马克杯 350ml"]


@st.composite
def dossiers(draw: st.DrawFn) -> Dossier:
    """An order that was delivered or is on its way, with what a dispute brings."""
    town, code = draw(st.sampled_from(TOWNS))
    usd = st.decimals("1.00", "900.00", places=2).map(lambda amount: Money(amount, "USD"))
    items = tuple(
        OrderItem(title, f"SKU-{number}7", f"B00000000{number}", draw(st.integers(1, 3)), draw(usd))
        for number, title in enumerate(
            draw(st.lists(st.sampled_from(TITLES), min_size=1, max_size=2, unique=True))
        )
    )
    shipped = date(2026, 9, 1) + timedelta(days=draw(st.integers(0, 9)))
    arrived = shipped + timedelta(days=draw(st.integers(1, 5)))
    is_there = draw(st.booleans())
    parcel = nouns.shipment(
        carrier=draw(st.sampled_from(CARRIERS)),
        tracking_id=f"1Z999AA1{draw(st.integers(10**9, 10**10 - 1))}",
        shipped_on=shipped,
        status=ShipmentStatus.DELIVERED if is_there else ShipmentStatus.IN_TRANSIT,
        delivered_on=arrived if is_there else None,
        delivered_at_text="14:32" if is_there else "",
        delivered_to=Destination(city=town, postal_code=code) if is_there else Destination(),
        signed_by=draw(st.sampled_from(NAMES)) if is_there else "",
        scans=(
            Scan(shipped + timedelta(days=1), "08:05", "Reno, NV", "Departed", ShipmentStatus.IN_TRANSIT),
        ),
    )
    day = date(2026, 9, 20) + timedelta(days=draw(st.integers(0, 5)))
    refunds = (Refund(nouns.ORDER, day, draw(usd), "R-778812", "test"),) if draw(st.booleans()) else ()
    returns = (
        (Return(nouns.ORDER, day - timedelta(days=4), day, "SKU-07", 1, "DEFECTIVE", "SELLABLE", "", "test"),)
        if draw(st.booleans())
        else ()
    )
    taken = Money(-draw(usd).amount, "USD")
    postings = (
        (Posting(nouns.ORDER, PostingKind.CHARGEBACK, taken, day + timedelta(days=3), "SETTLE-55", "test"),)
        if draw(st.booleans())
        else ()
    )
    messages = (
        nouns.message("It was lost, refund me 5.00 USD by 2026-09-30!", marks=("asks_for_refund",)),
        nouns.message("We look into it.", party=Party.SELLER, at=nouns.NOW - timedelta(days=18)),
    )
    total = draw(usd)
    order = nouns.order(
        items=items,
        total=total,
        sales_channel=draw(st.sampled_from(["Amazon.com", "amazon.de", ""])),
        destination=Destination(city=town, state="TX", postal_code=code, country="US"),
    )
    return Dossier(nouns.ORDER, order, (parcel,), messages, refunds, ("asks_for_refund",), postings, returns)


def answer_of(dossier: Dossier, reason: Reason, language: str) -> tuple[str, str, Ground]:
    """The rendered letter, all that is attached as text, and what it is held against."""
    notice = nouns.notice(reason=reason, asks=tuple(Ask), amount=None, items=(), destination=Destination())
    exhibits = list_exhibits((dossier,), ())
    facts = find_facts(notice, dossier)
    letter = lay_out(notice, dossier, (), facts, nouns.decision(), nouns.POLICY, exhibits)
    listed = [LetterAttachment(number, name, "text") for number, name in enumerate(FILES, 1)]
    text = TEMPLATES.render(f"{language}/representment.txt.j2", letter=letter, attachments=listed)
    book = book_of(notice, letter, (dossier,), exhibits, timeline_of(notice, (dossier,)), language)
    files = [file.content.decode() for file in text_files(letter, (), nouns.POLICY)]
    attached = "\n".join((*files, *_leaves(asdict(book))))
    return text, attached, Ground(notice, (dossier,), len(exhibits), FILES, nouns.POLICY)


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in _leaves(one)]
    return [str(value)]


REASONS = st.sampled_from(list(Reason))
LANGUAGES = st.sampled_from(["en", "zh"])


@settings(max_examples=60, deadline=None)
@given(dossiers(), REASONS, LANGUAGES)
def test_an_answer_rendered_from_the_record_has_no_flaw(dossier, reason, language):
    text, attached, ground = answer_of(dossier, reason, language)
    assert check_answer(text, attached, ground, WORDS) == ()


def _parcel(**changes: object) -> Callable[[Dossier], Dossier]:
    return lambda one: replace(one, shipments=(replace(one.shipments[0], **changes),))  # type: ignore[arg-type]


def _order(**changes: object) -> Callable[[Dossier], Dossier]:
    return lambda one: replace(one, order=replace(one.order, **changes))  # type: ignore[type-var]


def _first(part: str, **changes: object) -> Callable[[Dossier], Dossier]:
    def changed(one: Dossier) -> Dossier:
        records = getattr(one, part)
        return replace(one, **{part: (replace(records[0], **changes), *records[1:])}) if records else one

    return changed


def _item(**changes: object) -> Callable[[Dossier], Dossier]:
    return lambda one: _order(items=(replace(one.order.items[0], **changes), *one.order.items[1:]))(one)


def _delivered(**changes: object) -> Callable[[Dossier], Dossier]:
    return lambda one: _parcel(**changes)(one) if one.shipments[0].delivered_on else one


FRESH = date(2026, 9, 28)
NEW = Money(Decimal("941.07"), "USD")
CHANGES: dict[str, Callable[[Dossier], Dossier]] = {
    "carrier": _parcel(carrier="Hermes"),
    "tracking id": _parcel(tracking_id="1Z888BB20000000001"),
    "ship day": _parcel(shipped_on=FRESH),
    "speed": _parcel(method="Overnight"),
    "no ship day": _parcel(shipped_on=None),
    "lost": _parcel(status=ShipmentStatus.LOST),
    "returned to sender": _parcel(status=ShipmentStatus.RETURNED_TO_SENDER),
    "delivery day": _delivered(delivered_on=FRESH),
    "delivery time": _delivered(delivered_at_text="03:11"),
    "delivery city": _delivered(delivered_to=Destination(city="Toledo", postal_code="43604")),
    "signature": _delivered(signed_by="Q. Zane"),
    "scan day": _parcel(scans=(Scan(FRESH, "08:05", "Reno, NV", "Departed"),)),
    "scan place": _parcel(scans=(Scan(date(2026, 9, 2), "08:05", "Boise, ID", "Departed"),)),
    "purchase": _order(purchased_at=nouns.NOW - timedelta(days=60)),
    "total": _order(total=NEW),
    "destination": _order(destination=Destination(city="Toledo", postal_code="43604")),
    "item": _item(title="Red lamp"),
    "item price": _item(price=NEW),
    "quantity": _item(quantity=9),
    "refund amount": _first("refunds", amount=NEW),
    "refund day": _first("refunds", refunded_on=date(2026, 9, 2)),
    "refund reference": _first("refunds", reference="R-100001"),
    "return day": _first("returns", received_on=FRESH),
    "chargeback": _first("postings", amount=NEW),
    "chargeback day": _first("postings", posted_on=date(2026, 10, 3)),
    "message day": _first("messages", at=datetime.fromisoformat("2026-09-08T12:00+00:00")),
    "a refund more": lambda one: replace(
        one, refunds=(*one.refunds, Refund(nouns.ORDER, FRESH, NEW, "R-5", "test"))
    ),
    "a return more": lambda one: replace(
        one, returns=(*one.returns, Return(nouns.ORDER, FRESH, FRESH, "X-1", 1, "", "", "", "test"))
    ),
}


@pytest.mark.parametrize("fact", list(CHANGES))
@settings(max_examples=8, deadline=None)
@given(dossier=dossiers(), reason=REASONS, language=LANGUAGES)
def test_no_fact_of_the_record_changes_unnoticed(fact, dossier, reason, language):
    changed = CHANGES[fact](dossier)
    if changed == dossier:
        return
    text, attached, ground = answer_of(dossier, reason, language)
    assert check_answer(text, attached, replace(ground, dossiers=(changed,)), WORDS)


def test_words_that_cannot_be_read_are_named_with_file_and_line():
    file = parse_toml('[roles.shipped]\nen = ["(shipped"]\n\n[roles.sold]\nen = ["sold"]\n', "mine.toml")
    with pytest.raises(UserError) as caught:
        load_statement_words([file])
    told = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith("mine.toml:2") for one in told)
    assert any(one.startswith("mine.toml:4") and "sold" in one for one in told)
