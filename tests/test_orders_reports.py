"""What the reading of Amazon's order reports promises."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Destination, Money
from inbox_bot.core.record import Order, OrderItem, Shipment, ShipmentStatus
from inbox_bot.orders.report_text import find_charset
from inbox_bot.orders.reports import Report, assemble_orders, merge_orders, read_report

FIXTURES = Path(__file__).parent.parent / "fixtures" / "orders"
COLUMNS = [
    *(
        "amazon-order-id",
        "purchase-date",
        "last-updated-date",
        "order-status",
        "sales-channel",
        "product-name",
        "sku",
    ),
    *(
        "quantity",
        "currency",
        "item-price",
        "item-tax",
        "shipping-price",
        "shipping-tax",
        "item-promotion-discount",
    ),
    *("item-status", "ship-city", "promotion-ids"),
]
ROW = {
    "amazon-order-id": "113-1111111-2222222",
    "purchase-date": "2026-03-02T10:00:00-08:00",
    "last-updated-date": "2026-03-03T10:00:00+00:00",
    "order-status": "Shipped",
    "sales-channel": "Amazon.com",
    "product-name": "Garden Hose",
    "sku": "HOSE",
    "quantity": "2",
    "currency": "USD",
    "item-price": "20.00",
}
GERMAN = [
    "Wärmflasche",
    "Köln",
    "groß",
    "Öl",
    "Küche",
    "naïf",
    "Señor",
    "Façade",
    "Bücher für Kinder",
    "Don’t",
    "MÜNCHEN",
]
JAPANESE = [
    "ステンレス製",
    "木製まな板",
    "東京都",
    "横浜市",
    "子供用 歯ブラシ",
    "ヤマト運輸",
    "宅急便",
    "お問い合わせ",
    "水筒 480ml",
]
CHINESE = ["不锈钢保温杯", "深圳市", "中国邮政", "云途物流", "黑色 大号", "浙江省义乌市", "儿童玩具", "北京"]


def table(*rows: dict[str, str], columns: list[str] = COLUMNS, end: str = "\r\n", sep: str = "\t") -> str:
    lines = [sep.join(columns), *(sep.join(row.get(name, "") for name in columns) for row in rows)]
    return end.join(lines) + end


def read(text: str, encoding: str = "utf-8") -> Report:
    return read_report(text.encode(encoding), "report.txt")


def fixture(name: str) -> Report:
    return read_report((FIXTURES / name).read_bytes(), name)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("name", "charset", "kind", "row_count", "problem_count"),
    [
        ("all_orders_us.txt", "utf-8", "all_orders", 6, 0),
        ("all_orders_de_cp1252.txt", "cp1252", "all_orders", 2, 0),
        ("all_orders_jp_shift_jis.txt", "cp932", "all_orders", 2, 0),
        ("fulfilled_shipments_us.txt", "utf-8-sig", "fulfilled_shipments", 3, 0),
        ("fulfilled_shipments_es_utf16.txt", "utf-16", "fulfilled_shipments", 1, 0),
        ("fulfilled_shipments_saved_by_excel.txt", "utf-8", "fulfilled_shipments", 2, 1),
        ("shipping_confirmation_jp_shift_jis.txt", "cp932", "shipping_confirmation", 3, 3),
        ("shipping_confirmation_cn_gb18030.txt", "gb18030", "shipping_confirmation", 2, 0),
    ],
)
def test_every_sample_report_is_recognised_in_its_charset(
    name: str, charset: str, kind: str, row_count: int, problem_count: int
) -> None:
    content = (FIXTURES / name).read_bytes()
    report = read_report(content, name)
    assert find_charset(content) == charset
    assert (report.kind, len(report.rows), len(report.problems)) == (kind, row_count, problem_count)
    assert report.sha256 == hashlib.sha256(content).hexdigest()


def test_no_sample_report_is_left_untested() -> None:
    assert len(list(FIXTURES.glob("*.txt"))) == 8 + 3 + 4  # settlements and returns have tests of their own


def test_rows_of_one_order_become_one_order_with_all_that_was_paid() -> None:
    orders, shipments = assemble_orders(fixture("all_orders_us.txt").rows)
    assert orders[0] == Order(
        order_id="113-4410027-8830012",
        purchased_at=datetime(2026, 3, 2, 18, 21, 44, tzinfo=UTC),
        status="shipped",
        sales_channel="Amazon.com",
        fulfillment_channel="Merchant",
        ship_service_level="Standard",
        items=(
            OrderItem(
                '15" Laptop Sleeve, Grey Felt',
                "SLEEVE-15-GR",
                "B0EXAMPLE1",
                1,
                usd("34.99"),
                tax=usd("2.89"),
                shipping=usd("5.99"),
                shipping_tax=usd("0.49"),
                discount=usd("3.50"),
            ),
            OrderItem(
                '"Nordic" Cable Pouch (Set of 2)', "POUCH-2", "B0EXAMPLE2", 1, usd("12.00"), tax=usd("0.99")
            ),
        ),
        destination=Destination((), "Tacoma", "WA", "98402-1234", "US"),
        total=usd("53.85"),
        source="all_orders_us.txt",
    )
    assert shipments == ()


def test_a_cancelled_line_costs_nothing_and_a_pending_order_has_no_total() -> None:
    orders, _ = assemble_orders(fixture("all_orders_us.txt").rows)
    statuses = {
        order.order_id: (order.status, [item.quantity for item in order.items], order.total)
        for order in orders
    }
    assert statuses["111-0070551-6621903"] == ("shipped", [1, 0], usd("19.49"))
    assert statuses["112-5560198-7744310"] == ("pending", [1], None)
    assert statuses["114-9023310-1182204"] == ("cancelled", [1], usd("48.50"))


def test_german_and_japanese_order_reports_hold_the_tax_in_the_price() -> None:
    german, _ = assemble_orders(fixture("all_orders_de_cp1252.txt").rows)
    japanese, _ = assemble_orders(fixture("all_orders_jp_shift_jis.txt").rows)
    assert german[0].items[0].title == "Wärmflasche mit Bezug, groß"
    assert [str(order.total) for order in (*german, *japanese)] == [
        "29.85 EUR",
        "39.00 EUR",
        "2980 JPY",
        "3480 JPY",
    ]
    assert japanese[1].destination == Destination((), "", "大阪府", "530-0001", "JP")


def test_where_nobody_says_whether_the_tax_is_in_the_price_no_total_is_stated() -> None:
    [row] = read(table({**ROW, "currency": "INR", "item-tax": "3.05"})).rows
    assert (row.item_price, row.total) == (Money(Decimal("20.00"), "INR"), None)


@pytest.mark.parametrize("discount", ["1.50", "-1.50"])
def test_a_discount_lowers_the_total_whatever_its_sign(discount: str) -> None:
    [row] = read(table({**ROW, "item-tax": "1.60", "item-promotion-discount": discount})).rows
    assert row.total == usd("20.10")


def test_fba_rows_of_one_parcel_are_one_shipment_dated_in_its_own_zone_and_never_delivered() -> None:
    orders, shipments = assemble_orders(fixture("fulfilled_shipments_us.txt").rows)
    common = {"order_id": "114-2230981-5509817", "method": "Expedited", "status": ShipmentStatus.IN_TRANSIT}
    assert shipments == (
        Shipment(
            carrier="UPS",
            tracking_id="1Z999AA10123456784",
            shipped_on=date(2026, 3, 11),
            source="fulfilled_shipments_us.txt",
            **common,
        ),
        Shipment(
            carrier="AMZN_US",
            tracking_id="TBA301122334455",
            shipped_on=date(2026, 3, 12),
            source="fulfilled_shipments_us.txt",
            **common,
        ),
    )
    [order] = orders
    assert [(item.sku, item.quantity, item.price) for item in order.items] == [
        ("LANTERN-4", 3, usd("82.50")),
        ("STOOL-12", 1, usd("19.00")),
    ]
    assert (order.total, order.status) == (usd("101.50"), "shipped")
    assert order.destination.lines == ("Pat Example", "12 Sample Street")


def test_overlapping_fba_reports_do_not_count_a_parcel_twice() -> None:
    rows = fixture("fulfilled_shipments_us.txt").rows
    again = tuple(replace(row, file="other.txt") for row in rows)
    once, twice = assemble_orders(rows), assemble_orders(rows + again)
    assert once == twice


def test_a_japanese_confirmation_template_is_read_below_its_two_label_lines() -> None:
    report = fixture("shipping_confirmation_jp_shift_jis.txt")
    orders, shipments = assemble_orders(report.rows)
    assert [[(item.order_item_id, item.title) for item in order.items] for order in orders] == [
        [("40266119905432", "")],
        [("40266119905433", ""), ("40266119905434", "")],
    ]
    assert [
        (parcel.carrier, parcel.tracking_id, parcel.method, parcel.shipped_on) for parcel in shipments
    ] == [
        ("Yamato Transport", "4436-5640-8532", "宅急便", date(2026, 1, 21)),
        ("福山通運", "338-2210-4471", "", date(2026, 1, 23)),
    ]
    assert [(problem.line, problem.key) for problem in report.problems] == [
        (7, "tracking-number"),
        (7, "ship-date"),
        (8, "order-id"),
    ]
    assert all(problem.file and problem.remedy for problem in report.problems)


def test_a_tracking_number_that_a_spreadsheet_rounded_is_refused_and_named() -> None:
    report = fixture("fulfilled_shipments_saved_by_excel.txt")
    [problem] = report.problems
    assert (problem.line, problem.key) == (2, "Tracking Number")
    assert "9.40011E+21" in problem.what
    assert "without opening it in a spreadsheet" in (problem.remedy or "")
    assert report.rows[0].tracking_id == ""
    assert report.rows[1].title == "Tape measure 16' 3/4\", yellow"


@pytest.mark.parametrize(
    ("cell", "tracking_id"),
    [
        ('="9400110200881"', "9400110200881"),
        ("'9400110200881", "9400110200881"),
        ("=", ""),
        ('="', ""),
        ("'", ""),
    ],
)
def test_what_a_spreadsheet_puts_round_a_number_is_taken_off(cell: str, tracking_id: str) -> None:
    report = read(f"order-id\ttracking-number\n113-1111111-2222222\t{cell}\n")
    assert [row.tracking_id for row in report.rows] == [tracking_id]


def test_unknown_columns_are_kept_under_their_own_name() -> None:
    report = fixture("shipping_confirmation_cn_gb18030.txt")
    assert report.rows[0].extra == (("仓库", "深圳一号仓"),)


@pytest.mark.parametrize(
    "header",
    [
        "\ufeffAmazon-Order-Id\tORDER_STATUS\tSku",
        '"amazon order id"\t"Order Status"\t"SKU"',
        "amazon_order_id\t order-status \tsku\t",
    ],
)
def test_column_names_are_known_in_any_case_with_underscores_blanks_and_quotes(header: str) -> None:
    [row] = read(f"{header}\n113-1111111-2222222\tShipped\tHOSE\n").rows
    assert (row.order_id, row.status, row.sku) == ("113-1111111-2222222", "shipped", "HOSE")


@pytest.mark.parametrize(
    "header",
    [
        "Amazon Order Id,Dispatch Date,Merchant SKU,Title,Dispatched Quantity,Delivery City/Town,Delivery Postcode",
        "amazon-order-id,shipment-date,sku,product-name,quantity-shipped,ship-city,ship-postal-code",
        "Amazon Order Id,Shipment Date,Merchant SKU,Title,Shipped Quantity,Shipping City,Shipping Postal Code",
    ],
)
def test_the_british_american_and_file_names_of_a_column_are_one(header: str) -> None:
    [row] = read(f'{header}\n113-1111111-2222222,2026-03-04,HOSE,"Hose, green",3,Leeds,LS1 1AA\n').rows
    assert (row.kind, row.shipped_on, row.sku, row.title) == (
        "fulfilled_shipments",
        date(2026, 3, 4),
        "HOSE",
        "Hose, green",
    )
    assert (row.quantity, row.destination) == (3, Destination((), "Leeds", "", "LS1 1AA", ""))


def test_orders_of_other_channels_are_left_out_with_a_word() -> None:
    report = read(table(ROW, {**ROW, "amazon-order-id": "S01-1234567-7654321"}))
    assert len(report.rows) == 1
    assert "another channel" in report.problems[0].what


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ('"Open quote', '"Open quote'),
        ("Hose 5/8\" x 50'", "Hose 5/8\" x 50'"),
        ('"The" Hose "Pro"', '"The" Hose "Pro"'),
        ('"5/8"" Hose"', '5/8" Hose'),
        ("Hose\u2028Pro\x0bMax\x1c", "Hose ProMax"),
    ],
)
def test_quotes_in_a_title_are_its_own_unless_a_spreadsheet_doubled_them(cell: str, title: str) -> None:
    report = read(table({**ROW, "product-name": cell}, {**ROW, "amazon-order-id": "113-1111111-3333333"}))
    assert [row.title for row in report.rows] == [title, "Garden Hose"]


def test_a_title_torn_by_a_line_break_is_put_together_again() -> None:
    torn = {**ROW, "product-name": "Garden\n\nHose", "promotion-ids": "P1"}
    report = read(table(torn, {**ROW, "amazon-order-id": "113-1111111-3333333"}, end="\n"))
    assert [(row.title, row.sku, row.extra) for row in report.rows] == [
        ("Garden Hose", "HOSE", (("promotion-ids", "P1"),)),
        ("Garden Hose", "HOSE", ()),
    ]
    assert report.problems == ()


def test_short_rows_are_kept_with_a_word_and_empty_lines_are_passed_over() -> None:
    short = "113-1111111-4444444\t2026-03-02T10:00:00Z"
    report = read("\n".join([table(end="\n").strip(), short, "\t" * 5, "", table(ROW).splitlines()[1]]))
    assert [(row.order_id, row.line) for row in report.rows] == [
        ("113-1111111-4444444", 2),
        (ROW["amazon-order-id"], 5),
    ]
    [problem] = report.problems
    assert problem.line == 2
    assert problem.what.startswith("the row ends after 2 of 17 columns")


@pytest.mark.parametrize("sep", ["\t", ","])
def test_a_delimiter_inside_a_title_does_not_shift_the_columns(sep: str) -> None:
    report = read(table({**ROW, "product-name": f"Tab{sep}in{sep}side"}, sep=sep))
    [row] = report.rows
    assert (row.title, row.sku, row.quantity) == (
        "Tab in side" if sep == "\t" else "Tab, in, side",
        "HOSE",
        2,
    )
    assert report.problems == ()


def test_a_row_whose_cells_cannot_be_put_under_their_columns_is_left_out() -> None:
    shifted = {**ROW, "sku": "HOSE\tHOSE"}
    report = read(table(shifted, {**shifted, "promotion-ids": "P1"}, {**ROW, "promotion-ids": "P1\t\t"}))
    assert [(row.line, row.sku, row.title) for row in report.rows][-1] == (4, "HOSE", "Garden Hose")
    assert all(row.quantity == 2 and row.total == usd("20.00") for row in report.rows)


def test_an_unclosed_quote_in_a_comma_file_does_not_swallow_the_rest() -> None:
    rows = [{**ROW, "amazon-order-id": f"113-1111111-{number:07d}"} for number in range(9)]
    rows[3]["product-name"] = '"Open, quote'
    report = read(table(*rows, sep=",", end="\n"))
    kept = {row.order_id for row in report.rows}
    assert kept >= {row["amazon-order-id"] for row in rows} - {rows[3]["amazon-order-id"]}


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        ("amazon-order-id", "113-111-22", "order_id"),
        ("purchase-date", "2026-03-02T10:00:00", "purchased_at"),
        ("purchase-date", "2026-02-30T10:00:00Z", "purchased_at"),
        ("purchase-date", "0001-01-01T00:00:00+14:00", "purchased_at"),
        ("quantity", "-1", "quantity"),
        ("quantity", "two", "quantity"),
        ("currency", "Dollars", "total"),
        ("item-price", "free", "item_price"),
        ("item-price", "1E+9", "item_price"),
        ("shipping-price", "n/a", "total"),
    ],
)
def test_a_bad_cell_is_a_problem_that_names_file_line_column_and_remedy(
    column: str, cell: str, field: str
) -> None:
    report = read(table(ROW, {**ROW, column: cell}))
    [problem] = report.problems
    assert (problem.file, problem.line, problem.key) == ("report.txt", 3, column)
    assert cell in problem.what
    assert problem.remedy
    assert report.rows[0].total == usd("20.00")
    assert field == "order_id" or getattr(report.rows[1], field) is None


def test_the_same_flaw_in_every_row_is_counted_not_listed() -> None:
    report = read(table(*[{**ROW, "purchase-date": "3/2/2026 10:00"}] * 500))
    assert len(report.rows) == 500
    assert len(report.problems) == 21
    assert "480 more" in report.problems[-1].what


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-03-04", date(2026, 3, 4)),
        ("2026/3/4", date(2026, 3, 4)),
        ("2026-03-04T23:59:59-08:00", date(2026, 3, 4)),
        ("2026-03-04 01:00", date(2026, 3, 4)),
        ("2026年3月4日", date(2026, 3, 4)),
        ("04.03.2026", date(2026, 3, 4)),
        ("04-Mar-2026", date(2026, 3, 4)),
        ("4 March 2026", date(2026, 3, 4)),
        ("4-Mar-26", date(2026, 3, 4)),
        ("31-Feb-2026", None),
        ("4-Mrz-2026", None),
        ("25/03/2026", date(2026, 3, 25)),
        ("03/25/2026", date(2026, 3, 25)),
        ("03/04/2026", None),
        ("2026-13-04", None),
        ("0026-03-04", None),
        ("soon", None),
    ],
)
def test_a_ship_date_is_the_printed_day_and_never_a_guess(cell: str, day: date | None) -> None:
    report = read(f"order-id\tship-date\ttracking-number\n113-1111111-2222222\t{cell}\t1Z1\n")
    assert report.rows[0].shipped_on == day
    assert [problem.key for problem in report.problems] == ([] if day else ["ship-date"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b"\r\n \r\n", ["empty"]),
        (b"name\tcolour\nhose\tgreen\n", ["name, colour", "amazon-order-id"]),
        (b"settlement-id\ttransaction-type\torder-id\tamount\n", ["settlement report", "amount-type", "V2"]),
        (b"order-id\torder-item-id\tpurchase-date\tquantity-purchased\n", ["unshipped orders"]),
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(500), ["Excel workbook"]),
        (b'<?xml version="1.0"?><AmazonEnvelope/>', ["XML", "tab-delimited"]),
        (b"<!DOCTYPE html><html>", ["web page"]),
        (bytes(range(256)) * 400, ["not a report"]),
    ],
)
def test_a_file_that_is_no_known_report_is_refused_with_what_was_found_and_what_is_expected(
    content: bytes, words: list[str]
) -> None:
    with pytest.raises(UserError) as refused:
        read_report(content, "odd.txt")
    message = str(refused.value)
    assert all(word in message for word in ["odd.txt", *words])
    assert len(message) < 1500


@pytest.mark.parametrize(
    ("words", "charset"),
    [(GERMAN, "cp1252"), (JAPANESE, "cp932"), (CHINESE, "gb18030")],
    ids=["de", "ja", "zh"],
)
def test_one_word_is_enough_to_tell_the_charset(words: list[str], charset: str) -> None:
    """Whatever marketplace the report names: a Chinese seller's spreadsheet saves Amazon.com's report in GB18030."""
    wrong = []
    for word in words:
        neutral = {**ROW, "product-name": word, "currency": "", "sales-channel": ""}
        rows = (neutral, {**ROW, "product-name": f"{word} {word}"})
        found = [find_charset(table(row).encode(charset)) for row in rows]
        wrong += [(word, name) for name in found if name != charset]
    assert wrong == []


def test_utf8_with_a_title_cut_inside_a_character_is_still_utf8() -> None:
    content = table(*[{**ROW, "product-name": "Wärmflasche für Köln"}] * 3).encode()
    report = read_report(content.replace("Köln".encode(), b"K\xc3", 1), "report.txt")
    assert [row.title for row in report.rows[1:]] == ["Wärmflasche für Köln"] * 2
    assert [(problem.line, problem.what) for problem in report.problems] == [
        (2, "some characters of the row could not be read")
    ]


UNICODE_TITLES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FFFF, categories=["Lu", "Ll", "Lo", "Nd", "So"]),
    max_size=20,
)


@st.composite
def reports(draw: st.DrawFn, titles: st.SearchStrategy[str]) -> tuple[str, list[dict[str, str]]]:
    columns = draw(st.permutations([*COLUMNS, "my-own-column"]))
    rows = [
        {
            **ROW,
            "amazon-order-id": f"113-1111111-{number:07d}",
            "product-name": draw(titles),
            "quantity": str(draw(st.integers(0, 999))),
            "item-price": str(draw(st.decimals("0", "9999", places=2))),
            "my-own-column": draw(st.sampled_from(["", "x", "y z"])),
        }
        for number in range(draw(st.integers(1, 6)))
    ]
    return table(*rows, columns=columns, end=draw(st.sampled_from(["\n", "\r\n"]))), rows


def check_round_trip(text: str, rows: list[dict[str, str]], encoding: str) -> None:
    report = read_report(text.encode(encoding), "report.txt")
    assert report.problems == ()
    assert [
        (row.order_id, row.title, row.quantity, row.item_price and row.item_price.amount, row.extra)
        for row in report.rows
    ] == [
        (
            row["amazon-order-id"],
            row["product-name"].strip(),
            int(row["quantity"]),
            Decimal(row["item-price"]),
            (("my-own-column", row["my-own-column"]),) if row["my-own-column"] else (),
        )
        for row in rows
    ]


@settings(max_examples=60, deadline=None)
@given(reports(UNICODE_TITLES), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_any_text_in_any_column_order_comes_back_from_unicode(
    made: tuple[str, list[dict[str, str]]], encoding: str
) -> None:
    check_round_trip(*made, encoding)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([(GERMAN[:9], "cp1252"), (JAPANESE, "cp932"), (CHINESE, "gb18030")]))
def test_words_come_back_from_the_old_charsets(data: st.DataObject, case: tuple[list[str], str]) -> None:
    words, encoding = case
    titles = st.lists(st.sampled_from([*words, "XL", '5"']), max_size=6).map(" ".join)
    text, rows = data.draw(reports(titles))
    check_round_trip(text, rows, encoding)


GARBAGE = st.one_of(
    st.binary(max_size=80),
    st.lists(
        st.sampled_from(
            [b"\t", b'"', b",", b"\r", b"\n", b"\x00", b"113-1111111-2222222", b"\xe4\xb8", b"1E+9"]
        )
    ).map(b"".join),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(GARBAGE, max_size=8), st.sampled_from(["\t", ",", ";"]))
def test_garbage_rows_never_raise_and_never_hide_a_good_row_below_them(
    garbage: list[bytes], sep: str
) -> None:
    good = table({**ROW, "promotion-ids": "end"}, sep=sep, end="\n").encode().partition(b"\n")
    report = read_report(b"\n".join([good[0], *garbage, good[2], good[2]]), "report.txt")
    assert "HOSE" in [row.sku for row in report.rows]
    assemble_orders(report.rows)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_that_are_no_report_are_refused_politely(content: bytes) -> None:
    with pytest.raises(UserError) as refused:
        read_report(content, "report.txt")
    assert refused.value.problems[0].remedy


def order(status: str = "shipped", *items: OrderItem, total: str = "", **fields: str) -> Order:
    money = usd(total) if total else None
    return Order("113-1111111-2222222", status=status, items=items, total=money, **fields)  # type: ignore[arg-type]


HOSE, NOZZLE = (
    OrderItem("Garden Hose", "HOSE", "", 2, usd("20.00")),
    OrderItem("Nozzle", "NOZZLE", "", 1, usd("5.00")),
)


@pytest.mark.parametrize(
    ("existing", "new", "status"),
    [
        ("pending", "unshipped", "unshipped"),
        ("shipped", "unshipped", "shipped"),
        ("shipped", "cancelled", "cancelled"),
        ("cancelled", "shipped", "cancelled"),
        ("cancelled", "some new word", "cancelled"),
        ("shipped", "some new word", "some new word"),
        ("shipped - delivered to buyer", "shipped", "shipped - delivered to buyer"),
        ("shipped", "shipped - returned to seller", "shipped - returned to seller"),
        ("shipped", "", "shipped"),
    ],
)
def test_an_order_never_goes_back_to_an_earlier_stage(existing: str, new: str, status: str) -> None:
    assert merge_orders(order(existing), order(new)).status == status


def test_an_old_report_only_fills_gaps_and_a_new_one_wins() -> None:
    known = order("shipped", HOSE, total="21.60", sales_channel="Amazon.com", source="a")
    late = order(
        "unshipped",
        replace(HOSE, quantity=1),
        total="10.80",
        sales_channel="x",
        ship_service_level="Std",
        source="b",
    )
    assert merge_orders(known, late) == replace(known, ship_service_level="Std")
    assert merge_orders(late, known) == replace(known, ship_service_level="Std")


def test_the_total_is_that_of_the_record_that_covers_all_items() -> None:
    part, whole, rest = (
        order("shipped", HOSE, total="20"),
        order("shipped", HOSE, NOZZLE, total="25"),
        order("shipped", NOZZLE, total="5"),
    )
    assert merge_orders(part, whole).total == merge_orders(whole, part).total == usd("25")
    assert merge_orders(part, rest).total is None
    assert merge_orders(part, order("shipped")).total == usd("20")
    assert merge_orders(part, order("shipped", replace(HOSE, price=None))).items == (HOSE,)


def test_an_item_known_by_title_from_a_mail_is_the_one_the_report_names_by_sku() -> None:
    mailed = order("", OrderItem("Garden hose"), total="21.60")
    reported = order("shipped", HOSE, NOZZLE, total="25")
    assert merge_orders(mailed, reported).items == merge_orders(reported, mailed).items == (HOSE, NOZZLE)
    assert merge_orders(reported, mailed).total == usd("25")


def test_two_places_are_not_mixed_into_one_address() -> None:
    known = replace(order(), destination=Destination(("12 Sample Street",), "Tacoma", "WA", "98402", "US"))
    moved = replace(order(), destination=Destination((), "Boise", "", "83702", "US"))
    same = replace(order(), destination=Destination((), "TACOMA", "", "", "US"))
    assert merge_orders(known, moved).destination == moved.destination
    assert merge_orders(known, same).destination == replace(known.destination, city="TACOMA")


def test_records_of_two_orders_are_not_merged() -> None:
    with pytest.raises(ValueError, match="two orders"):
        merge_orders(order(), replace(order(), order_id="113-1111111-9999999"))


ITEMS = st.builds(
    OrderItem,
    st.sampled_from(["", "Hose", "Nozzle"]),
    st.sampled_from(["", "A", "B"]),
    st.sampled_from(["", "B0A"]),
    st.integers(0, 2),
    st.sampled_from([None, usd("1"), usd("2")]),
)
ORDERS = st.builds(
    Order,
    st.just("113-1111111-2222222"),
    st.sampled_from([None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)]),
    st.sampled_from(["", "pending", "unshipped", "shipped", "shipped - x", "cancelled", "odd"]),
    *[st.sampled_from(["", "a", "b"])] * 3,
    st.lists(ITEMS, max_size=3).map(tuple),
    st.builds(Destination, st.sampled_from([(), ("x",)]), *[st.sampled_from(["", "a", "b"])] * 4),
    st.sampled_from([None, usd("1"), usd("2")]),
    st.sampled_from(["", "f", "g"]),
)


@settings(max_examples=500, deadline=None)
@given(ORDERS, ORDERS)
def test_taking_in_a_record_twice_changes_nothing_and_known_fields_stay_known(
    existing: Order, new: Order
) -> None:
    once = merge_orders(existing, new)
    assert merge_orders(once, new) == once
    assert merge_orders(None, new) == new
    assert merge_orders(once, once) == once
    for name in (
        "purchased_at",
        "status",
        "sales_channel",
        "fulfillment_channel",
        "ship_service_level",
        "source",
    ):
        assert bool(getattr(once, name)) == bool(getattr(existing, name) or getattr(new, name))
    assert {item.sku for item in once.items} - {""} == {
        item.sku for item in (*existing.items, *new.items)
    } - {""}


@settings(max_examples=40, deadline=None)
@given(reports(st.just("Garden Hose")))
def test_importing_a_report_again_changes_no_order(made: tuple[str, list[dict[str, str]]]) -> None:
    orders, shipments = assemble_orders(read(made[0]).rows)
    again, _ = assemble_orders(read(made[0]).rows)
    assert [merge_orders(first, second) for first, second in zip(orders, again, strict=True)] == list(orders)
    assert shipments == ()


def test_of_two_reports_the_newer_by_last_update_wins_in_either_order() -> None:
    old = read_report(
        table({**ROW, "last-updated-date": "2026-03-03T10:00:00Z", "ship-city": "Tacoma"}).encode(), "old.txt"
    )
    new = read_report(
        table({**ROW, "last-updated-date": "2026-03-04T10:00:00Z", "ship-city": "Boise"}).encode(), "new.txt"
    )
    assert assemble_orders(old.rows + new.rows) == assemble_orders(new.rows + old.rows)
    [merged], _ = assemble_orders(old.rows + new.rows)
    assert (merged.destination.city, merged.source) == ("Boise", "new.txt")


def test_a_confirmation_and_an_fba_row_of_the_same_parcel_are_one_shipment() -> None:
    confirmation = read(
        "order-id\tship-date\tcarrier-code\tcarrier-name\ttracking-number\n"
        "113-1111111-2222222\t2026-03-04\tOther\tCorreos\t1z 99 aa\n113-1111111-2222222\t2026-03-04\tUPS\t\t\n"
        "113-1111111-2222222\t\t\t\t1Z8,1Z7\n"
    )
    shipped = read(
        "amazon-order-id\tshipment-date\tship-service-level\ttracking-number\n113-1111111-2222222\t2026-03-03T01:00:00Z\tStandard\t1Z99AA\n"
    )
    _, shipments = assemble_orders(confirmation.rows + shipped.rows)
    assert [
        (parcel.carrier, parcel.tracking_id, parcel.method, parcel.shipped_on) for parcel in shipments
    ] == [
        ("Correos", "1z 99 aa", "Standard", date(2026, 3, 3)),
        ("", "1Z8", "", None),
        ("", "1Z7", "", None),
    ]


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_in_bounded_time() -> None:
    rows = [
        {**ROW, "amazon-order-id": f"113-1111111-{number:07d}", "product-name": f"ホース {number}"}
        for number in range(100_000)
    ]
    content = table(*rows).encode("cp932")
    start = time.perf_counter()
    report = read_report(content, "large.txt")
    orders, _ = assemble_orders(report.rows)
    assert len(orders) == 100_000
    assert time.perf_counter() - start < 60
