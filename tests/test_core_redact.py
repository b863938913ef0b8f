"""Other people's data goes, the order's evidence stays, and no text can make it slow."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nouns import POLICY, dossier, notice, order

from inbox_bot.core.model import Destination
from inbox_bot.core.redact import REPLACEMENTS, Keep, redact
from inbox_bot.core.zones import MARKETPLACE_ZONES, local_time

ORDER = "113-0196033-6384224"
KEEP = Keep(
    order_ids=frozenset({ORDER}),
    tracking_ids=frozenset(
        {"1Z999AA10123456784", "9400111899223197428490", "770011223344", "4111111111111111"}
    ),
    destinations=(
        Destination(("Jordan Sample", "12 Example Street Apt 4"), "Seattle", "WA", "98109-1234", "US"),
        Destination((), "深圳市", "广东省"),
    ),
    own_addresses=frozenset({"shop@seller.example"}),
    other_ids=frozenset({"206-555-0177", "R-77-1234567"}),
)


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("phone", "(206) 555-0199"),
        ("phone", "206-555-0199"),
        ("phone", "2065550199"),
        ("phone", "+49 30 1234567"),
        ("phone", "07700 900123"),
        ("phone", "06.12.34.56.78"),
        ("phone", "138 0013 8000"),
        ("phone", "13800138000"),
        ("phone", "１３８００１３８０００"),
        ("phone", "090-1234-5678"),
        ("card", "5555 5555 5555 4444"),
        ("card", "5555-5555-5555-4444"),
        ("card", "378282246310005"),
        ("card", "4012 8888\n8888 1881"),
        ("bank_account", "DE89 3704 0044 0532 0130 00"),
        ("bank_account", "gb82west12345698765432"),
        ("email", "jo.doe+x@mail.example.org"),
        ("email", "jo (at) mail.example.org"),
        ("email", "jo at gmail dot com"),
        ("national_id", "123-45-6789"),
        ("national_id", "11010519491231002X"),
        ("national_id", "RSSMRA85T10A562S"),
        ("address", "45 Oak Avenue, Portland, OR 97205"),
        ("address", "PO Box 123"),
        ("address", "Musterstraße 12a, 10115 Berlin"),
        ("address", "12 bis, rue de l'Exemple, 75001 Paris"),
        ("address", "Via Esempio 12, 00184 Roma"),
        ("address", "Calle de la Muestra 12, 3º B, 28001 Madrid"),
        ("address", "北京市朝阳区示例路1号2栋301室"),
        ("address", "〒150-0001 東京都渋谷区見本町1-2-3"),
    ],
)
def test_another_persons_data_is_replaced_by_words_and_counted(kind: str, piece: str) -> None:
    for text in (piece, f"Hello,\n{piece}\nBye", f"Here: {piece}"):
        redacted = redact(text, KEEP)
        assert REPLACEMENTS[kind] in redacted.text
        assert piece not in redacted.text
        assert dict(redacted.counts)[kind] >= 1
        digits = [word for word in piece.replace("-", " ").split() if len(word) > 3 and word.isdigit()]
        assert not [word for word in digits if word in redacted.text]


STAYS = [
    f"Order {ORDER} of 2026-10-12 and 028-1234567-7654321",
    "tracking 9400 1118 9922 3197 4284 90",
    "It went by UPS, 1Z999AA10123456784, or FedEx 770011223344",
    "id 4111 1111 1111 1111 is a parcel",
    "waybill no. 4012 8888 8888 1881",
    "Tracking number: 2065550199",
    "运单号：13800138000",
    "delivered 10/14/2026 3:04 pm, 2 pieces at $1,234.50",
    "12.10.2026 14:05:33 and 2026年10月12日",
    "EUR 1.234,56 and 12 800 JPY and ￥12,800",
    "SKU BTL-750-BL, ASIN B0ABCDEFGH, part no. 123-456-7890, sku 206-555-0177",
    "write to shop@seller.example or b7k2x1234567890@marketplace.amazon.com",
    "12 Example Street Apt 4, Seattle, WA 98109",
    "https://www.ups.com/track?tracknum=2065550199555",
    "Shipped via FedEx Ground 5 days ago",
    "I paid 12345 Yen in 2024 2025 and 2026",
    "Refund R-77-1234567 within 30 days, 100% broken, 5 stars",
    "IMEI 490154203237518",
    "15 x 20 x 30 cm, 1200 grams",
    "送到深圳市了",
]


@pytest.mark.parametrize("text", STAYS)
def test_evidence_is_not_eaten(text: str) -> None:
    assert (redact(text, KEEP).text, redact(text, KEEP).counts) == (text, ())


def test_a_foreign_street_in_the_orders_own_town_goes_and_the_town_stays() -> None:
    text = redact("I moved to 45 Oak Avenue, Seattle, WA 98109.", KEEP).text
    assert text == "I moved to [postal address removed], Seattle, WA 98109."


def test_what_is_kept_comes_from_the_notice_the_record_and_the_policy() -> None:
    keep = Keep.of(notice(), dossier(order=order()), POLICY)
    assert ORDER in keep.order_ids
    assert keep.tracking_ids == {"1Z999AA10123456784"}
    assert POLICY.address in keep.own_addresses
    assert {"MUG-1", "B000000001"} <= keep.other_ids
    assert any(place.city == "Austin" for place in keep.destinations)


SAFE_WORDS = st.sampled_from(
    ["I", "paid", "on", "the", "parcel", "came", "broken", "，", "我", "两件", "and", "for", "\n"]
)
DATES = st.dates(date(2020, 1, 1), date(2029, 12, 31)).flatmap(
    lambda day: st.sampled_from(
        [
            day.isoformat(),
            f"{day:%d.%m.%Y}",
            f"{day:%m/%d/%Y}",
            f"{day:%B} {day.day}, {day.year}",
            f"{day.year}年{day.month}月{day.day}日",
        ]
    )
)
AMOUNTS = st.integers(1, 99_999_999).flatmap(
    lambda cents: st.sampled_from(
        [f"${cents / 100:,.2f}", f"{cents / 100:.2f} EUR", f"USD {cents / 100:.2f}", f"￥{cents // 100}"]
    )
)
ORDER_IDS = st.from_regex(r"\A[1-7][0-9]{2}-[0-9]{7}-[0-9]{7}\Z")
QUANTITIES = st.integers(1, 999).map(lambda number: f"{number} pieces")
TRACKING = st.sampled_from(["1Z999AA10123456784", "9400 1118 9922 3197 4284 90", "770011223344"])
FACTS = st.one_of(DATES, AMOUNTS, ORDER_IDS, QUANTITIES, TRACKING)


@given(st.lists(st.tuples(SAFE_WORDS, FACTS), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_dates_amounts_quantities_and_the_orders_ids_always_stay(parts: list[tuple[str, str]]) -> None:
    text = " ".join(f"{word} {fact}" for word, fact in parts)
    shown = redact(text, KEEP).text
    assert all(fact in shown for _, fact in parts)


def luhn_number(prefix: str, length: int, fill: int) -> str:
    body = (prefix + f"{fill:020}")[: length - 1]
    for last in "0123456789":
        total = sum(
            (lambda value: value - 9 if value > 9 else value)(int(digit) * (1 + place % 2))
            for place, digit in enumerate(reversed(body + last))
        )
        if total % 10 == 0:
            return body + last
    raise AssertionError


CARDS = st.builds(
    luhn_number,
    st.sampled_from(["4", "51", "34", "6011", "62", "35"]),
    st.just(16),
    st.integers(10**12, 10**16),
).flatmap(
    lambda n: st.sampled_from(
        [n, f"{n[:4]} {n[4:8]} {n[8:12]} {n[12:]}", f"{n[:4]}-{n[4:8]}-{n[8:12]}-{n[12:]}"]
    )
)
PHONES = st.integers(200, 989).flatmap(
    lambda line: st.sampled_from(
        [f"+1 206-{line}-0143", f"(206) {line}-0143", f"+44 20 7946 0{line}", f"138 0013 {line}1"]
    )
)


@given(st.lists(st.tuples(SAFE_WORDS, st.one_of(CARDS, PHONES)), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_no_card_and_no_phone_survives_whatever_stands_around(parts: list[tuple[str, str]]) -> None:
    text = " and ".join(f"{word} {number}" for word, number in parts)
    shown = redact(text, KEEP).text
    assert not [number for _, number in parts if number in shown]


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_taken_and_a_second_time_changes_nothing(text: str) -> None:
    once = redact(text, KEEP)
    assert redact(once.text, KEEP).text == once.text


@pytest.mark.parametrize(
    "word",
    ["1 ", "4111 ", "0-", "2026-10-", "jo@", "a at ", "12 Oak ", "示例路", "Via Roma ", "(206) 555-0199 ", "DE89", "tracking ", "\n10115 Berlin\n"],
)  # fmt: skip
def test_a_long_hostile_text_takes_time_in_proportion(word: str) -> None:
    def seconds(length: int) -> float:
        started = time.perf_counter()
        redact(word * (length // len(word)), KEEP)
        return time.perf_counter() - started

    seconds(1_000)
    short, long = seconds(50_000), seconds(200_000)
    assert long < 12 * short + 0.3


@pytest.mark.parametrize(
    ("channel", "shown"),
    [
        ("Amazon.com", "2026-10-05 02:30 PDT"),
        ("amazon.co.uk", "2026-10-05 10:30 BST"),
        ("https://www.Amazon.co.jp/x", "2026-10-05 18:30 JST"),
        ("b@marketplace.amazon.de", "2026-10-05 11:30 CEST"),
        ("Non-Amazon", "2026-10-05 09:30 UTC"),
        ("", "2026-10-05 09:30 UTC"),
    ],
)
def test_a_message_is_dated_by_the_marketplaces_clock(channel: str, shown: str) -> None:
    at = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
    assert local_time(at, channel).strftime("%Y-%m-%d %H:%M %Z") == shown


def test_every_marketplace_has_a_zone_that_exists() -> None:
    at = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
    assert all(local_time(at, domain).tzname() != "UTC" for domain in MARKETPLACE_ZONES)
    with pytest.raises(ValueError, match="naive"):
        local_time(at.replace(tzinfo=None), "amazon.com")
