"""What the reading of settlements (Flat File V2) promises."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Money
from inbox_bot.core.record import OrderRecord, Posting, PostingKind, Refund
from inbox_bot.orders.report_settlement import is_of_buyer, kind_of, sum_postings
from inbox_bot.orders.report_text import find_charset
from inbox_bot.orders.reports import Report, read_report, records_of

FIXTURES = Path(__file__).parent.parent / "fixtures" / "orders"
AT = datetime(2026, 4, 1, 8, tzinfo=UTC)
ORDER, OTHER_ORDER = "113-1111111-2222222", "113-1111111-3333333"
COLUMNS = [
    *(
        "settlement-id",
        "settlement-start-date",
        "settlement-end-date",
        "deposit-date",
        "total-amount",
        "currency",
    ),
    *(
        "transaction-type",
        "order-id",
        "merchant-order-id",
        "adjustment-id",
        "shipment-id",
        "marketplace-name",
    ),
    *("amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time"),
    *(
        "order-item-code",
        "merchant-order-item-id",
        "merchant-adjustment-item-id",
        "sku",
        "quantity-purchased",
    ),
    "promotion-id",
]
SUMMARY = {
    "settlement-id": "24010001",
    "settlement-start-date": "2026-03-01",
    "deposit-date": "2026-03-17",
    "currency": "USD",
}
LINE = {
    "settlement-id": "24010001",
    "transaction-type": "Refund",
    "order-id": ORDER,
    "amount-type": "ItemPrice",
    "amount-description": "Principal",
    "amount": "-10.00",
    "posted-date": "2026-03-12",
    "posted-date-time": "2026-03-12 10:00:00 UTC",
}


def table(*rows: Mapping[str, str], sep: str = "\t", columns: Sequence[str] = COLUMNS) -> str:
    return "\r\n".join(
        [sep.join(columns), *(sep.join(row.get(name, "") for name in columns) for row in rows), ""]
    )


def read(*rows: Mapping[str, str]) -> Report:
    return read_report(table(*rows).encode(), "settlement.txt")


def fixture(name: str) -> dict[str, OrderRecord]:
    report = read_report((FIXTURES / name).read_bytes(), name)
    assert report.problems == ()
    return {record.dossier.order_id: record for record in records_of(report, AT)}


def refunds_of(report: Report) -> tuple[Refund, ...]:
    return tuple(refund for record in records_of(report, AT) for refund in record.dossier.refunds)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("name", "charset", "lines"),
    [
        ("settlement_de_cp1252.txt", "cp1252", 21),
        ("settlement_jp_shift_jis.txt", "cp932", 11),
        ("settlement_us_utf16.txt", "utf-16", 16),
    ],
)
def test_every_sample_settlement_is_read_whole_in_its_charset_and_adds_up(
    name: str, charset: str, lines: int
) -> None:
    content = (FIXTURES / name).read_bytes()
    report = read_report(content, name)
    assert find_charset(content) == charset
    assert (report.kind, len(report.settlement), report.problems) == ("settlement", lines, ())


def test_a_german_settlement_tells_what_the_buyer_got_back_and_what_the_seller_paid() -> None:
    record = fixture("settlement_de_cp1252.txt")["305-7719204-3360158"]
    common: dict[str, Any] = {
        "reference": "23100450811",
        "source": "settlement_de_cp1252.txt",
        "order_id": "305-7719204-3360158",
    }
    assert record.key == "settlement 23100450811"
    assert record.dossier.postings == (
        Posting(
            kind=PostingKind.ORDER,
            amount=Money(Decimal("25.37"), "EUR"),
            posted_on=date(2026, 2, 16),
            **common,
        ),
        Posting(
            kind=PostingKind.REFUND,
            amount=Money(Decimal("-26.27"), "EUR"),
            posted_on=date(2026, 2, 19),
            **common,
        ),
    )
    [refund] = record.dossier.refunds
    assert (refund.amount, refund.refunded_on) == (Money(Decimal("29.85"), "EUR"), date(2026, 2, 19))


def test_a_granted_a_to_z_claim_is_a_posting_and_no_refund_of_the_sellers() -> None:
    dossier = fixture("settlement_de_cp1252.txt")["302-1187340-9920177"].dossier
    assert (dossier.marks, dossier.refunds) == ((), ())
    assert [(one.kind, str(one.amount)) for one in dossier.postings] == [
        (PostingKind.ORDER, "31.45 EUR"),
        (PostingKind.ATOZ, "-31.45 EUR"),
    ]


def test_a_debited_chargeback_is_on_record_in_a_currency_named_behind_its_lines() -> None:
    dossier = fixture("settlement_jp_shift_jis.txt")["503-8842067-1157930"].dossier
    assert [(one.kind, str(one.amount), one.posted_on) for one in dossier.postings] == [
        (PostingKind.ORDER, "2952 JPY", date(2026, 1, 24)),
        (PostingKind.CHARGEBACK, "-3280 JPY", date(2026, 2, 2)),
    ]
    assert (dossier.refunds, dossier.marks) == ((), ())


def test_a_restocking_fee_lowers_what_the_buyer_got_back_and_withheld_tax_and_fees_do_not() -> None:
    dossier = fixture("settlement_us_utf16.txt")["113-4410027-8830012"].dossier
    assert [str(refund.amount) for refund in dossier.refunds] == ["10.59 USD"]
    assert [
        (one.kind.value, str(one.amount)) for one in dossier.postings if one.kind is not PostingKind.ORDER
    ] == [
        ("chargeback", "-34.99 USD"),
        ("refund", "-7.80 USD"),
        ("chargeback", "34.99 USD"),
        ("other", "0.00 USD"),
    ]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Order", "order"),
        ("ORDER ", "order"),
        ("Refund", "refund"),
        (" refund", "refund"),
        ("Refund Reversal", "refund"),
        ("Chargeback Refund", "chargeback"),
        ("chargeback  refund", "chargeback"),
        ("ChargebackRefund", "chargeback"),
        ("Chargeback Reversal", "chargeback"),
        ("Reversal of Chargeback", "chargeback"),
        ("Chargeback Refund Reversal", "chargeback"),
        ("Credit card chargeback", "chargeback"),
        ("ShippingChargeback", "other"),
        ("A-to-z Guarantee Refund", "atoz"),
        ("a-to-Z guarantee claim", "atoz"),
        ("A\u2010to\u2010z Guarantee Refund Reversal", "atoz"),
        ("Order_Retrocharge", "other"),
        ("Refund_Retrocharge", "other"),
        ("Refund for Advertiser", "other"),
        ("other-transaction", "other"),
        ("ServiceFee", "other"),
        ("", "other"),
    ],
)
def test_a_line_is_known_by_its_transaction_type_however_it_is_spelt(written: str, kind: str) -> None:
    assert kind_of(written).value == kind


@pytest.mark.parametrize(
    ("amount_type", "description", "of_buyer"),
    [
        ("ItemPrice", "Principal", True),
        ("ItemPrice", "Tax", True),
        ("ItemPrice", "ShippingTax", True),
        ("ItemPrice", "GiftWrap", True),
        ("ItemPrice", "RestockingFee", True),
        ("itemprice ", "PRINCIPAL", True),
        ("Promotion", "Shipping", True),
        ("", "Principal", True),
        ("ItemFees", "Commission", False),
        ("ItemFees", "RefundCommission", False),
        ("ItemFees", "ShippingChargeback", False),
        ("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", False),
        ("ItemPrice", "LowValueGoodsTax-Principal", False),
        ("Cost of Advertising", "TransactionTotalAmount", False),
        ("", "", None),
        ("", "something new", None),
    ],
)
def test_only_parts_of_the_price_are_the_buyers_money(
    amount_type: str, description: str, of_buyer: bool | None
) -> None:
    assert is_of_buyer(amount_type, description) is of_buyer


AMOUNTS = st.decimals("-5000", "5000", places=2)
LINES = st.lists(
    st.builds(
        lambda *values: dict(
            zip(
                (
                    *("transaction-type", "order-id", "amount-type", "amount-description", "amount"),
                    "posted-date",
                ),
                values,
                strict=True,
            )
        ),
        st.sampled_from(
            ["Order", "Refund", "Chargeback Refund", "A-to-z Guarantee Refund", "x", "", " order"]
        ),
        st.sampled_from([ORDER, OTHER_ORDER, "", "not an order"]),
        st.sampled_from(["ItemPrice", "ItemFees", "Promotion", "", "other-transaction"]),
        st.sampled_from(["Principal", "Tax", "Commission", ""]),
        AMOUNTS.map(str),
        st.sampled_from(["2026-03-12", "13.03.2026", "2026-03-14 10:00:00 UTC", "03/04/2026", ""]),
    ),
    max_size=30,
)


@settings(max_examples=120, deadline=None)
@given(LINES, st.booleans(), st.sampled_from([".", ","]), st.sampled_from(["\t", ";"]), st.randoms())
def test_the_postings_of_a_settlement_add_up_to_its_amounts_whatever_the_order_of_its_lines(
    lines: list[dict[str, str]], is_summary_last: bool, point: str, sep: str, shuffled: object
) -> None:
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    rows = [
        {**line, "settlement-id": "24010001", "amount": line["amount"].replace(".", point)} for line in lines
    ]
    summary = {**SUMMARY, "total-amount": str(total).replace(".", point)}
    first = [*rows, summary] if is_summary_last else [summary, *rows]
    again = list(first)
    shuffled.shuffle(again)  # type: ignore[attr-defined]
    reports = [read_report(table(*made, sep=sep).encode(), "s.txt") for made in (first, again)]
    postings = [sum_postings(report.settlement, "s.txt") for report in reports]
    assert postings[0] == postings[1]
    assert sum((one.amount.amount for one in postings[0]), Decimal(0)) == total
    assert not any(problem.key in ("amount", "total-amount", "currency") for problem in reports[0].problems)
    by_order = [
        {record.dossier.order_id: record.dossier for record in records_of(report, AT)} for report in reports
    ]
    for order_id, dossier in by_order[0].items():
        assert dossier.postings == tuple(one for one in postings[0] if one.order_id == order_id)
        assert dossier.refunds == by_order[1][order_id].refunds


def test_a_lost_line_shows_because_the_sum_is_not_that_of_the_settlement() -> None:
    report = read({**SUMMARY, "total-amount": "-25.00"}, LINE)
    [problem] = report.problems
    assert (problem.file, problem.line, problem.key) == ("settlement.txt", 2, "total-amount")
    assert "-10.00" in problem.what
    assert "-25.00" in problem.what
    assert "again" in (problem.remedy or "")


def test_refunds_of_several_days_are_several_and_a_reversed_one_is_none() -> None:
    tax = {**LINE, "amount-description": "Tax", "amount": "-0.80"}
    later = {**LINE, "amount": "-4.00", "posted-date": "2026-03-14"}
    back = {**LINE, "amount": "4.00", "posted-date": "2026-03-15", "transaction-type": "Refund Reversal"}
    assert [(one.refunded_on, one.amount) for one in refunds_of(read(SUMMARY, LINE, tax, later))] == [
        (date(2026, 3, 12), usd("10.80")),
        (date(2026, 3, 14), usd("4.00")),
    ]
    assert [one.amount for one in refunds_of(read(SUMMARY, LINE, tax, later, back))] == [usd("10.80")]
    assert [one.amount for one in refunds_of(read(SUMMARY, LINE, {**back, "amount": "3.00"}))] == [
        usd("7.00")
    ]


def test_a_refund_whose_amount_cannot_be_read_stays_on_record_without_one() -> None:
    report = read(SUMMARY, {**LINE, "amount": "1.0E+03"}, {**LINE, "amount-description": "Tax"})
    assert [refund.amount for refund in refunds_of(report)] == [None]
    [problem] = report.problems
    assert (problem.line, problem.key) == (3, "amount")
    assert "1.0E+03" in problem.what


def test_fees_alone_are_no_refund_and_an_unknown_part_alone_is_one_of_unknown_amount() -> None:
    fee = {**LINE, "amount-type": "ItemFees", "amount-description": "RefundCommission"}
    unknown = {**LINE, "amount-type": "", "amount-description": "Something new"}
    assert refunds_of(read(SUMMARY, fee)) == ()
    assert [refund.amount for refund in refunds_of(read(SUMMARY, unknown))] == [None]
    assert [refund.amount for refund in refunds_of(read(SUMMARY, unknown, LINE))] == [usd("10.00")]


def test_without_a_currency_no_amount_is_stated_but_the_refund_is_known() -> None:
    report = read({**SUMMARY, "currency": ""}, LINE, LINE)
    [record] = records_of(report, AT)
    assert record.dossier.postings == ()
    assert [refund.amount for refund in record.dossier.refunds] == [None]
    [problem] = report.problems
    assert (problem.line, problem.key) == (3, "currency")
    assert "24010001" in problem.what


def test_a_currency_in_the_line_itself_counts_and_two_settlements_in_a_file_are_two_records() -> None:
    euro = {**LINE, "settlement-id": "24010002", "currency": "eur", "amount": "-7,00"}
    records = records_of(read(SUMMARY, LINE, euro), AT)
    assert [(one.key, [str(posting.amount) for posting in one.dossier.postings]) for one in records] == [
        ("settlement 24010001", ["-10.00 USD"]),
        ("settlement 24010002", ["-7.00 EUR"]),
    ]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-10-03", date(2026, 10, 3)),
        ("03.10.2026", date(2026, 10, 3)),
        ("03.10.2026 14:12:11 UTC", date(2026, 10, 3)),
        ("2026-10-03T14:12:11+00:00", date(2026, 10, 3)),
        ("2026/10/03", date(2026, 10, 3)),
        ("03/10/2026", None),
        ("46298", None),
    ],
)
def test_the_posted_day_is_the_printed_one_in_any_locale_and_never_a_guess(
    cell: str, day: date | None
) -> None:
    report = read(SUMMARY, {**LINE, "posted-date": cell, "posted-date-time": ""})
    assert [line.posted_on for line in report.settlement] == [day]
    assert [problem.key for problem in report.problems] == ([] if day else ["posted-date"])


def test_the_time_of_posting_stands_in_for_a_day_that_cannot_be_read() -> None:
    for cell in ("", "03/10/2026"):
        report = read(SUMMARY, {**LINE, "posted-date": cell})
        assert [line.posted_on for line in report.settlement] == [date(2026, 3, 12)]
        assert report.problems == ()


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("-12,50", "-12.50"),
        ("-1.234,56", "-1234.56"),
        ("-1,234.56", "-1234.56"),
        ("(12.50)", "-12.50"),
        ("\u221212.50", "-12.50"),
        ("-0.5", "-0.5"),
    ],
)
def test_an_amount_is_read_with_its_sign_in_any_locale(cell: str, amount: str) -> None:
    assert [line.amount for line in read(SUMMARY, {**LINE, "amount": cell}).settlement] == [Decimal(amount)]


@pytest.mark.parametrize(
    ("column", "cell", "left"),
    [
        ("order-id", "113-111-22", 1),
        ("order-id", "", 1),
        ("amount", "Dec 50", 1),
        ("amount", "", 1),
        ("settlement-id", "2.40E+10", 0),
        ("settlement-id", "", 0),
        ("currency", "Dollars", 1),
    ],
)
def test_a_damaged_cell_is_a_problem_that_names_file_line_column_and_remedy(
    column: str, cell: str, left: int
) -> None:
    report = read(SUMMARY, LINE, {**LINE, column: cell})
    [problem] = report.problems
    assert (problem.file, problem.line, problem.key) == ("settlement.txt", 4, column)
    assert problem.remedy
    assert len(report.settlement) == 1 + left


def test_fees_of_the_account_and_of_other_channels_are_counted_and_belong_to_no_order() -> None:
    fee = {"settlement-id": "24010001", "transaction-type": "ServiceFee", "amount": "-39.99"}
    removal = {**fee, "transaction-type": "RemovalComplete", "order-id": "qX7removal", "amount": "-1.00"}
    other = {**LINE, "order-id": "S01-1234567-7654321", "amount": "-2.00"}
    report = read({**SUMMARY, "total-amount": "-52.99"}, LINE, fee, removal, other)
    assert report.problems == ()
    assert [record.dossier.order_id for record in records_of(report, AT)] == [ORDER]
    assert sum(one.amount.amount for one in sum_postings(report.settlement, "")) == Decimal("-52.99")


def test_a_price_taken_back_under_an_unknown_name_is_kept_as_other_and_said_once() -> None:
    strange = {**LINE, "transaction-type": "Erstattung"}
    report = read(SUMMARY, strange, {**strange, "order-id": OTHER_ORDER})
    [problem] = report.problems
    assert (problem.line, problem.key) == (3, "transaction-type")
    assert "Erstattung" in problem.what
    assert {posting.kind for posting in sum_postings(report.settlement, "")} == {PostingKind.OTHER}


def test_lines_cut_off_at_the_end_by_an_editor_are_whole_and_torn_ones_are_put_together() -> None:
    fee = {**LINE, "transaction-type": "ServiceFee", "order-id": "", "amount": "-1.00"}
    fee |= {"amount-type": "other-transaction"}
    whole = table({**SUMMARY, "total-amount": "-21.00"}, LINE, fee, {**LINE, "promotion-id": "PROMOTION"})
    stripped = "\n".join(line.rstrip() for line in whole.splitlines())
    torn = whole.replace("PROMOTION", "PROMO\r\nTION")
    for text in (stripped, torn):
        report = read_report(text.encode(), "s.txt")
        assert (len(report.settlement), report.problems) == (3, ())


def test_a_line_with_too_many_cells_is_left_out_with_a_word_and_the_sum_shows_it() -> None:
    shifted = table({**SUMMARY, "total-amount": "-20.00"}, LINE, {**LINE, "merchant-order-id": "A\tB"})
    report = read_report(shifted.encode(), "s.txt")
    assert [(problem.line, problem.key) for problem in report.problems] == [(2, "total-amount"), (4, None)]
    assert len(report.settlement) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "settlement-id\ttransaction-type\torder-id\tprice-type\tprice-amount\titem-related-fee-type\n",
            ["older layout (V1)", "Flat File V2"],
        ),
        (
            '<?xml version="1.0"?>\n<AmazonEnvelope>\n<Message><SettlementReport>\n',
            ["settlement report in XML", "Flat File V2"],
        ),
        (
            "Includes Amazon Marketplace transactions\nAll amounts in USD\ndate/time,settlement id,type,order id,total\n",
            ["date range", "Flat File V2"],
        ),
        ("settlement-id\ttransaction-type\torder-id\tamount\n", ["amount-description, amount-type"]),
        ("approval-date\treimbursement-id\tamazon-order-id\n", ["reimbursements", "no refund to a buyer"]),
    ],
)
def test_another_report_about_money_is_refused_with_the_name_of_the_right_one(
    text: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as refused:
        read_report(text.encode(), "odd.txt")
    assert [word for word in ["odd.txt", *words] if word not in str(refused.value)] == []


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["settlement_de_cp1252.txt", "settlement_jp_shift_jis.txt", "settlement_us_utf16.txt"]),
    st.sampled_from(["drop", "cut", "tear", "tab", "garble"]),
    st.integers(1, 30),
    st.integers(0, 200),
)
def test_a_damaged_settlement_never_says_something_else_in_silence(
    name: str, damage: str, line: int, column: int
) -> None:
    whole = (FIXTURES / name).read_bytes()
    charset = find_charset(whole)
    lines = whole.decode(charset).splitlines()
    line = min(line, len(lines) - 1)
    text = lines[line]
    column = min(column, len(text))
    lines[line : line + 1] = {
        "drop": [],
        "cut": [text[:column]],
        "tear": [text[:column], text[column:]],
        "tab": [text[:column] + "\t" + text[column:]],
        "garble": ["\t".join(cell + "E+5" if cell[:1] == "-" else cell for cell in text.split("\t"))],
    }[damage]
    damaged = read_report("\r\n".join(lines).encode(charset), name)
    before, after = (
        [replace(one.dossier, provenance=()) for one in records_of(report, AT)]
        for report in (read_report(whole, name), damaged)
    )
    assert damaged.problems or after == before


@pytest.mark.slow
def test_two_hundred_thousand_lines_are_read_in_seconds() -> None:
    rows = [{**LINE, "order-id": f"113-1111111-{number // 5:07d}"} for number in range(200_000)]
    content = table({**SUMMARY, "total-amount": "-2000000.00"}, *rows).encode()
    start = time.perf_counter()
    report = read_report(content, "large.txt")
    assert len(records_of(report, AT)) == 40_000
    assert report.problems == ()
    assert time.perf_counter() - start < 40
