"""Right answers about unusual records raise no alarm: other countries, titles that read like claims, several of everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest
from nouns import NOW, ORDER, POLICY, decision, dossier, message, notice, order, shipment

from inbox_bot.book.bind import Limits, bind
from inbox_bot.core.book import book_of
from inbox_bot.core.compose import compose
from inbox_bot.core.exhibits import list_exhibits
from inbox_bot.core.facts import find_facts
from inbox_bot.core.letter import lay_out
from inbox_bot.core.model import Ask, Destination, Kind, Money, Reason
from inbox_bot.core.record import (
    Dossier,
    OrderItem,
    Party,
    Posting,
    PostingKind,
    Refund,
    Return,
    ShipmentStatus,
)
from inbox_bot.core.records import bundle, text_files
from inbox_bot.core.timeline import timeline_of
from inbox_bot.core.truth import Ground, check_answer
from inbox_bot.desk import load_rulebook

RULEBOOK = load_rulebook()


def money(amount: str, currency: str = "USD") -> Money:
    return Money(Decimal(amount), currency)


def item(title: str, price: str = "10.00", currency: str = "USD", **more) -> OrderItem:
    return OrderItem(title, price=money(price, currency), **more)


JP = Destination(("東京都千代田区丸の内1-2-3 サンプルビル5F",), "千代田区", "東京都", "100-0001", "JP")
DE = Destination(("Max Muster", "Beispielstraße 12a"), "Köln", "", "50667", "DE")
UK = Destination(("Flat 4, 12 Sample Road",), "London", "", "SW1A 1AA", "GB")
RECORDS = {
    "plain": dossier(),
    "jp": dossier(
        order=order(
            destination=JP,
            total=money("12800", "JPY"),
            items=(item("急須 300ml 日本製", "12800", "JPY", sku="KYU-1"),),
            sales_channel="Amazon.co.jp",
        ),
        shipments=(
            shipment(
                carrier="ヤマト運輸",
                tracking_id="481234567890",
                delivered_to=Destination(city="千代田区", postal_code="100-0001"),
                delivered_at_text="14:05",
            ),
        ),
    ),
    "de": dossier(
        order=order(
            destination=DE,
            total=money("119.00", "EUR"),
            items=(item("Küchenwaage (geliefert mit Batterie)", "100.00", "EUR", tax=money("19.00", "EUR")),),
            sales_channel="Amazon.de",
        ),
        shipments=(
            shipment(
                carrier="Deutsche Post",
                tracking_id="RR123456785DE",
                delivered_to=Destination(city="KOELN", postal_code="50667"),
            ),
        ),
    ),
    "uk": dossier(
        order=order(destination=UK, total=money("20", "GBP"), items=(item("Tea, 250 g", "20", "GBP"),)),
        shipments=(
            shipment(
                carrier="Royal Mail",
                tracking_id="AB123456789GB",
                delivered_to=Destination(city="LONDON", postal_code="SW1A1AA"),
                signed_by="J SMITH",
            ),
        ),
    ),
    "claimtitle": dossier(
        order=order(
            items=(
                item(
                    "Sign: 'Package Delivered on Time' 2026-01-01 Refunded Edition, 100.00 USD Gift Card Holder"
                ),
                item("Lost & Returned (Signed by Author) – 12 pcs"),
                item("Not Shipped Yet T-Shirt, Size M/L, 1999"),
            )
        ),
    ),
    "same": dossier(
        order=order(items=(item("A"), item("B"), item("A"), item("Blue Mug (Large)", quantity=3)))
    ),
    "parcels": dossier(
        shipments=(
            shipment(),
            shipment(
                tracking_id="9400111899223197428497",
                carrier="USPS",
                shipped_on=date(2026, 9, 2),
                status=ShipmentStatus.IN_TRANSIT,
                delivered_on=None,
                delivered_to=Destination(),
            ),
            shipment(
                tracking_id="TBA301998877665",
                carrier="Amazon Logistics",
                replacement=True,
                shipped_on=date(2026, 9, 10),
                delivered_on=date(2026, 9, 12),
            ),
        )
    ),
    "noid": dossier(
        shipments=(shipment(tracking_id="", carrier="Local Van"), shipment(tracking_id="", carrier=""))
    ),
    "refunds": dossier(
        refunds=(
            Refund(ORDER, date(2026, 9, 20), money("10.00"), "R-1", "a"),
            Refund(ORDER, None, None, "", "b"),
            Refund(ORDER, date(2026, 9, 21), money("5.50"), "", "c"),
        ),
        returns=(
            Return(
                ORDER,
                date(2026, 9, 9),
                date(2026, 9, 15),
                "MUG-1",
                1,
                "DEFECTIVE",
                "CUSTOMER_DAMAGED",
                "box was delivered late 2026-09-01",
                "x",
            ),
        ),
        postings=(
            Posting(ORDER, PostingKind.REFUND, money("-15.50"), date(2026, 9, 21), "111", "s"),
            Posting(ORDER, PostingKind.ORDER, money("100.00"), date(2026, 9, 2), "110", "s"),
        ),
    ),
    "noorder": replace(dossier(), order=None),
    "nothing": Dossier(ORDER),
    "msgs": dossier(
        messages=tuple(
            message(
                f'Hi, I paid 99.95 EUR on 2025-12-24 for another thing, call +1 212 555 0147 or mail me at x{i}@example.com. "It arrived on 2026-09-05"! '
                + "blah " * n,
                at=NOW - timedelta(days=30 - i),
                party=Party.BUYER if i % 2 else Party.SELLER,
                marks=("admits_receipt",),
            )
            for i, n in enumerate([1, 5, 200, 3, 90])
        )
    ),
    "odd": dossier(
        shipments=(
            shipment(
                carrier="Yun Express (Global) 4-PX",
                method="Standard 3-5 days; signed",
                signed_by="FRONT DESK/RECEPTION 2",
                delivered_at_text="2:14 PM",
                delivered_to=Destination(city="SAINT LOUIS", state="MO", postal_code="63101-1234"),
            ),
        ),
        order=order(destination=Destination((), "St. Louis", "MO", "63101")),
    ),
    "clock": dossier(
        order=order(purchased_at=datetime(2026, 8, 31, 2, 30, tzinfo=UTC), sales_channel="Amazon.com")
    ),
}


@cache
def book_text(name: str, language: str) -> str:
    own, claim = RECORDS[name], notice(language=language)
    exhibits = list_exhibits([own], ())
    letter = lay_out(claim, own, (), find_facts(claim, own), decision(), POLICY, exhibits)
    book = book_of(claim, letter, [own], exhibits, timeline_of(claim, [own]), language)
    return bind(book, {}, Limits(2_700_000, 19), RULEBOOK.book).text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", RECORDS)
def test_a_right_answer_raises_no_alarm(name, language):
    own = RECORDS[name]
    for reason in Reason:
        for kind in (Kind.CLAIM, Kind.INFORMATION_REQUEST):
            claim = notice(language=language, reason=reason, kind=kind, asks=tuple(Ask), stated_days=5)
            exhibits = list_exhibits([own], ())
            letter = lay_out(claim, own, (), find_facts(claim, own), decision(), POLICY, exhibits)
            files = text_files(letter, [], POLICY)
            attached = bundle(letter, b"book", files, POLICY)
            answer = compose("case", claim, letter, attached, RULEBOOK.templates, POLICY)
            ground = Ground(claim, (own,), len(exhibits), tuple(one.name for one in attached), POLICY)
            said = "\n".join([book_text(name, language), *(one.content.decode() for one in files)])
            assert check_answer(answer.text, said, ground, RULEBOOK.statements) == (), (reason, kind)
