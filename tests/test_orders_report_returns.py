"""What the reading of the two returns reports promises."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Money
from inbox_bot.core.record import Dossier, Refund, Return
from inbox_bot.orders.report_text import find_charset
from inbox_bot.orders.reports import Report, read_report, records_of

FIXTURES = Path(__file__).parent.parent / "fixtures" / "orders"
AT = datetime(2026, 4, 1, 8, tzinfo=UTC)
ORDER = "113-1111111-2222222"
FBA = [
    *("return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity", "fulfillment-center-id"),
    *("detailed-disposition", "reason", "status", "license-plate-number", "customer-comments"),
]
FBA_ROW = {
    "return-date": "2026-03-21T08:12:00+00:00",
    "order-id": ORDER,
    "sku": "HOSE",
    "quantity": "1",
    "detailed-disposition": "SELLABLE",
    "reason": "UNWANTED_ITEM",
    "license-plate-number": "LPN1",
}
OWN = [
    *("Order ID", "Return request date", "Amazon RMA ID", "Currency code", "Tracking ID", "A-to-Z Claim"),
    *(
        "Merchant SKU",
        "Item Name",
        "Return quantity",
        "Return Reason",
        "Return delivery date",
        "Order Amount",
    ),
    *("Refunded Amount", "Order Item ID"),
]
OWN_ROW = {
    "Order ID": ORDER,
    "Return request date": "08-Mar-2026",
    "Amazon RMA ID": "D1RRMA",
    "Currency code": "USD",
    "Merchant SKU": "HOSE",
    "Return quantity": "1",
    "Return Reason": "CR-DEFECTIVE",
    "Order Amount": "30.00",
}


def table(columns: list[str], *rows: dict[str, str], sep: str = "\t") -> str:
    return "\n".join(
        [sep.join(columns), *(sep.join(row.get(name, "") for name in columns) for row in rows), ""]
    )


def fba(*rows: dict[str, str]) -> Report:
    return read_report(table(FBA, *rows).encode(), "r.txt")


def own(*rows: dict[str, str]) -> Report:
    return read_report(table(OWN, *rows).encode(), "r.txt")


def dossiers(report: Report) -> dict[str, Dossier]:
    return {record.dossier.order_id: record.dossier for record in records_of(report, AT)}


def fixture(name: str) -> dict[str, Dossier]:
    report = read_report((FIXTURES / name).read_bytes(), name)
    assert report.problems == ()
    return dossiers(report)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("name", "charset", "kind", "rows"),
    [
        ("fba_returns_us.txt", "utf-8-sig", "fba_returns", 3),
        ("fba_returns_es_utf16.txt", "utf-16", "fba_returns", 1),
        ("returns_us.txt", "utf-8", "returns", 2),
        ("returns_de_cp1252.txt", "cp1252", "returns", 2),
    ],
)
def test_every_sample_of_returns_is_recognised_in_its_charset(
    name: str, charset: str, kind: str, rows: int
) -> None:
    content = (FIXTURES / name).read_bytes()
    report = read_report(content, name)
    assert find_charset(content) == charset
    assert (report.kind, len(report.returned), report.problems) == (kind, rows, ())
    assert {record.key for record in records_of(report, AT)} == {kind}


def test_pieces_that_came_back_to_amazon_are_received_returns_in_the_reports_words() -> None:
    dossier = fixture("fba_returns_us.txt")["114-2230981-5509817"]
    common: dict[str, Any] = {
        "order_id": "114-2230981-5509817",
        "requested_on": None,
        "source": "fba_returns_us.txt",
    }
    assert dossier.returns == (
        Return(
            received_on=date(2026, 3, 21),
            sku="LANTERN-4",
            quantity=2,
            reason="UNWANTED_ITEM",
            condition="SELLABLE",
            comment="",
            **common,
        ),
        Return(
            received_on=date(2026, 3, 23),
            sku="STOOL-12",
            quantity=1,
            reason="DEFECTIVE",
            condition="CUSTOMER_DAMAGED",
            comment="one leg is bent",
            **common,
        ),
    )
    assert (dossier.refunds, dossier.marks) == ((), ())


def test_a_comment_that_a_line_break_tears_is_whole() -> None:
    [line] = fixture("fba_returns_es_utf16.txt")["171-6600412-9038827"].returns
    assert line.comment == "No enciende. La pantalla llegó rota, señal de mal embalaje"


def test_a_return_to_the_seller_knows_request_delivery_refund_and_open_claim() -> None:
    german = fixture("returns_de_cp1252.txt")
    returned, claimed = german["305-7719204-3360158"], german["302-1187340-9920177"]
    assert returned.refunds == (
        Refund(
            "305-7719204-3360158", None, Money(Decimal("29.85"), "EUR"), "", source="returns_de_cp1252.txt"
        ),
    )
    assert [(one.requested_on, one.received_on) for one in (*returned.returns, *claimed.returns)] == [
        (date(2026, 2, 17), date(2026, 2, 19)),
        (date(2026, 2, 20), None),
    ]
    assert (returned.marks, claimed.marks, claimed.refunds) == ((), ("atoz_open",), ())


def test_the_samples_of_one_order_agree_on_what_was_refunded() -> None:
    for settlement, returns, order_id in (
        ("settlement_de_cp1252.txt", "returns_de_cp1252.txt", "305-7719204-3360158"),
        ("settlement_us_utf16.txt", "returns_us.txt", "113-4410027-8830012"),
    ):
        amounts = [
            [refund.amount for refund in fixture(name)[order_id].refunds] for name in (settlement, returns)
        ]
        assert amounts[0] == amounts[1] != []


@pytest.mark.parametrize(("cell", "marks"), [("Y", 1), ("yes", 1), ("JA", 1), ("N", 0), ("", 0), ("No", 0)])
def test_a_filed_a_to_z_claim_is_a_mark(cell: str, marks: int) -> None:
    report = own({**OWN_ROW, "A-to-Z Claim": cell})
    assert dossiers(report)[ORDER].marks == ("atoz_open",) * marks
    assert report.problems == ()


@pytest.mark.parametrize(
    ("rows", "amount"),
    [
        ([{"Refunded Amount": "12.50"}], "12.50"),
        ([{"Refunded Amount": "-12.50"}], "12.50"),
        ([{"Refunded Amount": "12.50"}, {"Refunded Amount": "17.50", "Amazon RMA ID": "D2"}], "30.00"),
        ([{"Refunded Amount": "12.50"}, {"Refunded Amount": "12.50"}], "12.50"),
        ([{"Refunded Amount": "30.00"}, {"Refunded Amount": "30.00", "Amazon RMA ID": "D2"}], "30.00"),
        ([{"Refunded Amount": "12.50", "Currency code": ""}], None),
        ([{"Refunded Amount": "1.2E+04"}], None),
    ],
)
def test_what_was_refunded_for_returns_is_never_more_than_the_order_cost(
    rows: list[dict[str, str]], amount: str | None
) -> None:
    [refund] = dossiers(own(*[{**OWN_ROW, **row} for row in rows]))[ORDER].refunds
    assert refund.amount == (usd(amount) if amount else None)


@pytest.mark.parametrize("cell", ["", "0", "0.00", "N/A", "--"])
def test_nothing_refunded_is_no_refund(cell: str) -> None:
    report = own({**OWN_ROW, "Refunded Amount": cell})
    assert dossiers(report)[ORDER].refunds == ()
    assert report.problems == ()


def test_a_piece_listed_twice_counts_once_and_two_pieces_count_twice() -> None:
    second = {**FBA_ROW, "license-plate-number": "LPN2"}
    assert [one.quantity for one in dossiers(fba(FBA_ROW, second, FBA_ROW))[ORDER].returns] == [2]
    unnamed = {**FBA_ROW, "license-plate-number": ""}
    assert [one.quantity for one in dossiers(fba(unnamed, unnamed))[ORDER].returns] == [2]


@pytest.mark.parametrize(
    ("make", "row", "column", "cell"),
    [
        (fba, FBA_ROW, "order-id", "113-111-22"),
        (fba, FBA_ROW, "return-date", "46298"),
        (fba, FBA_ROW, "quantity", "two"),
        (own, OWN_ROW, "Return request date", "03/04/2026"),
        (own, OWN_ROW, "Refunded Amount", "1.2E+04"),
        (own, OWN_ROW, "A-to-Z Claim", "perhaps"),
        (own, OWN_ROW, "Order ID", ""),
    ],
)
def test_a_damaged_cell_of_a_returns_report_is_a_problem_with_place_and_remedy(
    make: object, row: dict[str, str], column: str, cell: str
) -> None:
    report = make(row, {**row, column: cell})  # type: ignore[operator]
    [problem] = report.problems
    assert (problem.file, problem.line, problem.key) == ("r.txt", 3, column)
    assert problem.remedy


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\t\n "), max_size=30),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_buyers_write_as_comment_no_return_is_lost(comments: list[str]) -> None:
    rows = [
        {**FBA_ROW, "order-id": f"113-1111111-{number:07d}", "customer-comments": comment}
        for number, comment in enumerate(comments)
    ]
    report = fba(*rows)
    assert {row["order-id"] for row in rows} == {record.dossier.order_id for record in records_of(report, AT)}
    assert all(line.quantity == 1 for dossier in dossiers(report).values() for line in dossier.returns)


def test_a_returns_report_without_its_day_is_refused_with_what_is_expected() -> None:
    with pytest.raises(UserError, match="returns report without"):
        read_report(b"order-id\tdetailed-disposition\tsku\n", "r.txt")
