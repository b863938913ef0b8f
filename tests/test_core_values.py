"""Promises of the value readers: what is an order id, an amount, a date, a number of days, and what is not."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.core.text import plain_text
from inbox_bot.core.values import (
    find_amazon_pay_ids,
    find_dates,
    find_day_counts,
    find_money,
    find_order_ids,
    parse_amount,
)

NEAR = date(2026, 10, 14)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("order 113-0196033-6384224.", ["113-0196033-6384224"]),
        ("订单113-0196033-6384224的", ["113-0196033-6384224"]),
        ("113-0196033-\n6384224", ["113-0196033-6384224"]),
        ("> 113-\n> 0196033-6384224", ["113-0196033-6384224"]),
        ("#113-0196033-6384224#", ["113-0196033-6384224"]),
        (
            "113-0196033-6384224, 028-1234567-7654321; 113-0196033-6384224",
            ["113-0196033-6384224", "028-1234567-7654321"],
        ),
        ("113\u20110196033\u20116384224", ["113-0196033-6384224"]),
        ("1113-0196033-6384224", []),
        ("113-0196033-63842245", []),
        ("113-0196033-6384224-1", []),
        ("1-113-0196033-6384224", []),
        ("x113-0196033-6384224", []),
        ("113- 0196033-6384224", []),
        ("113 -\n0196033-6384224", []),
        ("P01-1234567-7654321", []),
    ],
)
def test_an_order_id_is_3_7_7_digits_standing_alone(text: str, ids: list[str]) -> None:
    assert find_order_ids(plain_text(text)) == tuple(ids)


def test_amazon_pay_ids_are_found_apart_from_order_ids() -> None:
    text = "S01-1234567-7654321 and p01-7654321-1234567-C012345, not XP01-1234567-7654321"
    assert find_amazon_pay_ids(text) == ("S01-1234567-7654321", "P01-7654321-1234567")


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("119,00\u00a0€", ["119.00 EUR"]),
        ("EUR 169.01", ["169.01 EUR"]),
        ("a dispute for 108.84 USD involving", ["108.84 USD"]),
        ("for 108.84\nUSD involving", ["108.84 USD"]),
        ("$1,234.50", ["1234.50 USD"]),
        ("￥12,800", ["12800 JPY"]),
        ("¥128.50", ["128.50 CNY"]),
        ("1.234,56 EUR", ["1234.56 EUR"]),
        ("1\u202f234,56 €", ["1234.56 EUR"]),
        ("1 234 567,00 SEK", ["1234567.00 SEK"]),
        ("EUR 1 234,56", ["1234.56 EUR"]),
        ("1’234.50 CHF", ["1234.50 CHF"]),
        ("£45.00", ["45.00 GBP"]),
        ("US$ 12.00, CA$12.50, C$13.50, A$12, R$ 1.234,56, MX$1,200, S$10.00", [
            "12.00 USD", "12.50 CAD", "13.50 CAD", "12 AUD", "1234.56 BRL", "1200 MXN", "10.00 SGD"]),
        ("₹1,23,456.00", ["123456.00 INR"]),
        ("123,45 zł", ["123.45 PLN"]),
        ("199 kr", ["199 SEK"]),
        ("TL 50,00 oder ₺51,00", ["50.00 TRY", "51.00 TRY"]),
        ("128.00元", ["128.00 CNY"]),
        ("人民币128.00元", ["128.00 CNY"]),
        ("CNY 128, RMB 129.00", ["128 CNY", "129.00 CNY"]),
        ("1,280円", ["1280 JPY"]),
        ("108.84美元", ["108.84 USD"]),
        ("USD108.84", ["108.84 USD"]),
        ("$108.84 USD", ["108.84 USD"]),
        ("$108.84 CAD", ["108.84 CAD"]),
        ("Refund:12.00 USD", ["12.00 USD"]),
        ("USD 1,234", ["1234 USD"]),
        ("-$12.00 ($13.00) USD -14.00", ["12.00 USD", "13.00 USD", "14.00 USD"]),
        ("USD 100 EUR 50", ["100 USD", "50 EUR"]),
        ("50,- €", ["50 EUR"]),
        ("$10.00-$20.00", ["10.00 USD", "20.00 USD"]),
        ("12.99€ 2 Stück 13,99€", ["12.99 EUR", "13.99 EUR"]),
        ("Qty: 1 EUR 169.01", ["169.01 EUR"]),
        ("Qty 2 $5.00", ["5.00 USD"]),
        ("100 USD 3 items", ["100 USD"]),
        ("$1.234", ["1234 USD"]),
        ("0.125 USD", ["0.125 USD"]),
        ("$.99", ["0.99 USD"]),
    ],
)  # fmt: skip
def test_an_amount_is_read_in_every_form_of_the_marketplaces(text: str, amounts: list[str]) -> None:
    assert [str(found.money) for found in find_money(plain_text(text))] == amounts


@pytest.mark.parametrize(
    "text",
    [
        "113-0196033-6384224",
        "order 113-0196033-6384224 USD",
        "Seattle, WA 98109-1234",
        "1 of (Bottle 12 oz)",
        "Please try 5 times; a cable of 6 ft and 5 pounds",
        "$5k",
        "1,2345 USD",
        "1.2.3,4 EUR",
        "2026-10-12 USD",
        "14:12 USD",
        "DVD-R 5",
        "5% EUR-Anteil",
        "1.234,567 EUR",
        "9" * 30 + " USD",
    ],
)
def test_a_number_without_a_mark_or_a_sound_reading_is_never_money(text: str) -> None:
    assert find_money(text) == ()


def test_the_hints_say_what_a_shared_mark_stands_for() -> None:
    found = find_money("$5.00 ¥600 70 kr", dollar="CAD", yen="CNY", krona="DKK")
    assert [str(one.money) for one in found] == ["5.00 CAD", "600 CNY", "70 DKK"]


def test_the_span_of_an_amount_holds_its_marks() -> None:
    text = "Total: $108.84 USD."
    (found,) = find_money(text)
    assert text[found.start : found.end] == "$108.84 USD"


@given(cents=st.integers(0, 10**11), style=st.sampled_from(["en", "de", "ch", "plain"]))
def test_an_amount_survives_being_printed_in_any_style(cents: int, style: str) -> None:
    amount = Decimal(cents) / 100
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    texts = {"en": f"${english}", "de": f"{german} EUR", "ch": f"CHF {english.replace(',', chr(39))}"}
    text = texts.get(style, f"for {amount:.2f} USD in")
    assert [found.money.amount for found in find_money(text)] == [amount]


@pytest.mark.parametrize(
    ("cell", "currency", "amount"),
    [
        ("1,234.50", "USD", "1234.50"),
        ("1.234,50", "EUR", "1234.50"),
        ("-12.34", "USD", "-12.34"),
        ("(12.34)", "USD", "-12.34"),
        ("$12.34", "USD", "12.34"),
        ("12,800", "JPY", "12800"),
        ("1 234,50", "EUR", "1234.50"),
        ("0", "USD", "0"),
        ("", "USD", None),
        ("n/a", "USD", None),
        ("12.34 apples", "USD", None),
        ("12.34 56.78", "USD", None),
    ],
)
def test_a_report_cell_is_an_amount_with_its_sign_or_none(
    cell: str, currency: str, amount: str | None
) -> None:
    assert parse_amount(cell, currency) == (Decimal(amount) if amount is not None else None)


@pytest.mark.parametrize(
    ("text", "on", "clock"),
    [
        ("October 12, 2026", "2026-10-12", ""),
        ("12 October 2026", "2026-10-12", ""),
        ("Oct. 14", "2026-10-14", ""),
        ("Oct 13", "2026-10-13", ""),
        ("Oct 12", "2027-10-12", ""),
        ("Oct 12th, 2026", "2026-10-12", ""),
        ("Mon, 12 Oct 2026 14:12:00", "2026-10-12", "14:12:00"),
        ("Monday, October 12, 2026 at 2:12 PM", "2026-10-12", "2:12 PM"),
        ("at 14:12 on October 12, 2026", "2026-10-12", "14:12"),
        ("October 12, 2026, 9:47 A.M.", "2026-10-12", "9:47 A.M."),
        ("October\n12, 2026", "2026-10-12", ""),
        ("2026-10-12", "2026-10-12", ""),
        ("2026-10-12T14:12:00Z", "2026-10-12", "14:12:00"),
        ("2026/10/12", "2026-10-12", ""),
        ("12.10.2026", "2026-10-12", ""),
        ("10/13/2026", "2026-10-13", ""),
        ("13/10/2026", "2026-10-13", ""),
        ("2026年10月12日", "2026-10-12", ""),
        ("2026 年 10 月 12 日 14:12", "2026-10-12", "14:12"),
        ("10月20日前", "2026-10-20", ""),
        ("二〇二六年十月十二日", "2026-10-12", ""),
        ("十月二十日", "2026-10-20", ""),
        ("12. Oktober 2026", "2026-10-12", ""),
        ("12 octobre 2026", "2026-10-12", ""),
        ("12 ottobre 2026", "2026-10-12", ""),
        ("12 de octubre de 2026", "2026-10-12", ""),
        ("1er décembre 2026", "2026-12-01", ""),
        ("February 29", "2028-02-29", ""),
    ],
)
def test_a_date_is_read_in_every_form(text: str, on: str, clock: str) -> None:
    (found,) = find_dates(text, near=NEAR)
    assert (found.on.isoformat(), found.ambiguous, found.clock) == (on, False, clock)


@pytest.mark.parametrize(
    "text",
    [
        "February 30, 2026",
        "113-0196033-6384224",
        "5 days ago 3",
        "2026-13-40",
        "99/99/2026",
        "192.168.10.12",
        "1-800-555-2026",
    ],
)
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert find_dates(text, near=NEAR) == ()


def test_a_swappable_date_is_the_earliest_reading_not_yet_past_and_marked() -> None:
    (found,) = find_dates("by 10/12/2026", near=date(2026, 10, 1))
    assert (found.on, found.ambiguous) == (date(2026, 10, 12), True)
    (found,) = find_dates("by 10/12/2026", near=NEAR)
    assert (found.on, found.ambiguous) == (date(2026, 12, 10), True)


def test_a_thing_of_the_past_takes_the_latest_reading_not_in_the_future() -> None:
    (found,) = find_dates("delivered 10/12/2026", near=NEAR, past=True)
    assert found.on == date(2026, 10, 12)
    (found,) = find_dates("delivered Dec 30", near=date(2027, 1, 2), past=True)
    assert found.on == date(2026, 12, 30)


@given(
    on=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    style=st.sampled_from(["%B %d, %Y", "%d %b %Y", "%Y年%m月%d日"]),
)
def test_a_date_survives_being_printed(on: date, style: str) -> None:
    assert [found.on for found in find_dates(f"x {on.strftime(style)} x", near=NEAR)] == [on]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("within 7 days", [7]),
        ("seven (7) calendar days", [7]),
        ("within seven\ncalendar days", [7]),
        ("3 business days", [3]),
        ("48 hours", [2]),
        ("36 hours", [1]),
        ("a 7-day window", [7]),
        ("10-14 days", [10]),
        ("two weeks", [14]),
        ("七个日历日", [7]),
        ("7 个自然日", [7]),
        ("5天", [5]),
        ("五日内", [5]),
        ("48小时", [2]),
        ("两天", [2]),
        ("十四天内", [14]),
        ("innerhalb von 7 Tagen", [7]),
        ("within 3 days, at most 7 days", [3, 7]),
        ("7.5 days", []),
        ("10月12日内", []),
        ("第7天", []),
        ("12日", []),
        ("1234 days", []),
    ],
)
def test_a_number_of_days_is_the_earlier_reading(text: str, days: list[int]) -> None:
    assert [found.days for found in find_day_counts(text)] == days


@pytest.mark.parametrize(
    "text",
    ["1", "12 ", "$", "$1,234.50 ", "113-0196033-", "October 12, 2026 ", "7 days ", "七个", " \n", "1,"],
)
def test_five_hostile_megabytes_are_read_in_seconds(text: str) -> None:
    flood = text * (5_000_000 // len(text))
    started = time.perf_counter()
    find_order_ids(flood)
    find_money(flood)
    find_dates(flood, near=NEAR)
    find_day_counts(flood)
    assert time.perf_counter() - started < 8


@given(text=st.text(alphabet="0123456789$€.,-' \nUSD月日年/:ab", max_size=80))
def test_no_text_breaks_a_reader_and_every_span_lies_in_the_text(text: str) -> None:
    found = [*find_money(text), *find_dates(text, near=NEAR), *find_day_counts(text)]
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    parse_amount(text)
    find_order_ids(text)
