"""What the records of reports promise, and how imports of the same report meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.commands.orders import RecordStore, import_file, import_files
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Money
from inbox_bot.core.record import Order, OrderItem, OrderRecord, Origin, Provenance
from inbox_bot.orders.dossiers import merge_dossiers
from inbox_bot.orders.reports import merge_orders, merge_records, read_report, records_of
from inbox_bot.store.sqlite import SqliteStore

FIXTURES = Path(__file__).parent.parent / "fixtures" / "orders"
SAMPLES = sorted(path.name for path in FIXTURES.glob("*.txt"))
AT = datetime(2026, 4, 1, 8, tzinfo=UTC)
ORDER = "113-1111111-2222222"
ALL_ORDERS = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tproduct-name\tsku\tquantity\tship-city\n"
RETURNS = (
    "Order ID\tReturn request date\tMerchant SKU\tCurrency code\tReturn delivery date\tRefunded Amount\n"
)
CONFIRMATION = "order-id\torder-item-id\tquantity\tship-date\ttracking-number\n"


class KeptInMemory:
    """A store of records that forgets when the test ends."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], OrderRecord] = {}
        self.savings = 0

    def records(self, account: str, order_id: str) -> tuple[OrderRecord, ...]:
        return tuple(
            record for (owner, order, _), record in self.kept.items() if (owner, order) == (account, order_id)
        )

    def save_records(self, account: str, records: Sequence[OrderRecord]) -> None:
        self.savings += 1
        for record in records:
            self.kept[account, record.dossier.order_id, record.key] = record


def records(text: str, name: str = "report.txt", at: datetime = AT) -> tuple[OrderRecord, ...]:
    return records_of(read_report(text.encode(), name), at)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_datum_of_a_record_names_the_file_its_one_provenance_is_of(name: str) -> None:
    report = read_report((FIXTURES / name).read_bytes(), f"/downloads/of the seller/{name}")
    made = records_of(report, AT)
    assert made
    for record in made:
        dossier = record.dossier
        assert dossier.provenance == (Provenance(name, Origin.REPORT, AT, report.sha256),)
        data: tuple[Any, ...] = (*dossier.shipments, *dossier.refunds, *dossier.postings, *dossier.returns)
        sources = {one.source for one in data} | ({dossier.order.source} if dossier.order else set())
        assert sources <= {name}
        assert all(one.order_id == dossier.order_id for one in data)
        assert dossier.cited(name) == dossier.provenance


def test_an_order_has_one_record_under_the_key_of_its_report() -> None:
    for name in SAMPLES:
        report = read_report((FIXTURES / name).read_bytes(), name)
        made = records_of(report, AT)
        assert len({record.dossier.order_id for record in made}) == len(made)
        keys = {record.key for record in made}
        assert keys == {report.kind} or (
            report.kind == "settlement" and len(keys) == 1 and keys.pop().split()[1].isdigit()
        )


def test_a_naive_time_of_collection_is_refused() -> None:
    report = read_report((FIXTURES / SAMPLES[0]).read_bytes(), SAMPLES[0])
    with pytest.raises(ValueError, match="naive"):
        records_of(report, datetime(2026, 4, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("name", SAMPLES)
def test_importing_a_sample_again_changes_nothing(name: str) -> None:
    content = (FIXTURES / name).read_bytes()
    for record in records_of(read_report(content, name), AT):
        [again] = [
            one
            for one in records_of(read_report(content, name), AT + timedelta(days=9))
            if one.dossier.order_id == record.dossier.order_id
        ]
        assert merge_records(record, again) == record


def test_an_old_report_imported_again_does_not_undo_a_newer_one() -> None:
    row = f"{ORDER}\t2026-03-02T10:00:00Z\t2026-03-0{{}}T10:00:00Z\tShipped\tHose\tHOSE\t1\t{{}}\n"
    [old] = records(ALL_ORDERS + row.format(3, "Tacoma"), "march.txt")
    [new] = records(ALL_ORDERS + row.format(4, "Boise"), "april.txt", AT + timedelta(days=1))
    [again] = records(ALL_ORDERS + row.format(3, "Tacoma"), "march.txt", AT + timedelta(days=2))
    merged = merge_records(old, new)
    assert merge_records(merged, again) == merged
    assert merged.dossier.order is not None
    assert (merged.dossier.order.destination.city, merged.dossier.order.source) == ("Boise", "april.txt")
    assert [one.name for one in merged.dossier.provenance] == ["april.txt", "march.txt"]


def test_a_return_is_completed_by_a_later_report_and_its_refund_is_not_counted_twice() -> None:
    asked = RETURNS + f"{ORDER}\t2026-03-08\tHOSE\tUSD\t\t4.00\n"
    arrived = RETURNS + f"{ORDER}\t2026-03-08\tHOSE\tUSD\t2026-03-11\t10.00\n"
    [first], [second] = records(asked, "a.txt"), records(arrived, "b.txt")
    for merged in (merge_records(first, second), merge_records(second, first)):
        assert [str(one.received_on) for one in merged.dossier.returns] == ["2026-03-11"]
        assert [one.amount for one in merged.dossier.refunds] == [usd("10.00")]


def test_a_settlement_downloaded_again_under_another_name_does_not_double_its_postings() -> None:
    content = (FIXTURES / "settlement_de_cp1252.txt").read_bytes()
    one = records_of(read_report(content, "one.txt"), AT)
    two = records_of(read_report(content + b"\r\n", "two.txt"), AT)
    for first, second in zip(one, two, strict=True):
        merged = merge_records(first, second)
        assert merged.dossier.postings == second.dossier.postings
        assert merged.dossier.refunds == second.dossier.refunds


def test_a_refund_told_by_settlement_and_returns_report_is_one() -> None:
    kept = KeptInMemory()
    files = [FIXTURES / "settlement_us_utf16.txt", FIXTURES / "returns_us.txt"]
    assert import_files(kept, "shop", files, AT) == ()
    first, second = kept.records("shop", "113-4410027-8830012")
    merged = merge_dossiers(first.dossier, second.dossier)
    assert [refund.amount for refund in merged.refunds] == [usd("10.59")]
    assert len(merged.postings) == 5


def test_records_of_two_sources_are_not_merged() -> None:
    [record] = records(ALL_ORDERS + f"{ORDER}\t\t\tShipped\tHose\tHOSE\t1\t\n")
    with pytest.raises(ValueError, match="two sources"):
        merge_records(record, replace(record, key="returns"))


def test_an_import_keeps_one_record_a_source_and_says_what_it_brought() -> None:
    kept = KeptInMemory()
    brought = [import_file(kept, "shop", FIXTURES / name, AT) for name in SAMPLES]
    counts = {
        Path(one.file).name: (
            one.orders,
            one.shipments,
            one.refunds,
            one.returns,
            one.settlement_lines,
        )
        for one in brought
    }
    assert counts["all_orders_us.txt"] == (4, 0, 0, 0, 0)
    assert counts["fulfilled_shipments_us.txt"] == (1, 2, 0, 0, 0)
    assert counts["settlement_us_utf16.txt"] == (1, 0, 1, 0, 16)
    assert counts["fba_returns_us.txt"] == (1, 0, 0, 2, 0)
    assert counts["returns_de_cp1252.txt"] == (2, 0, 1, 2, 0)
    assert kept.savings == len(SAMPLES)
    assert {key for _, order_id, key in kept.kept if order_id == "305-7719204-3360158"} == {
        *("all_orders", "settlement 23100450811", "returns")
    }
    before = dict(kept.kept)
    import_files(kept, "shop", [FIXTURES / name for name in SAMPLES], AT + timedelta(days=3))
    assert kept.kept == before


@pytest.mark.parametrize("make", [KeptInMemory, lambda: SqliteStore(None)], ids=["memory", "sqlite"])
def test_what_was_imported_comes_back_and_an_old_file_imported_again_changes_nothing(
    make: Callable[[], RecordStore], tmp_path: Path
) -> None:
    store = make()
    row = f"{ORDER}\t2026-03-02T10:00:00Z\t2026-03-0{{}}T10:00:00Z\tShipped\tHose\tHOSE\t1\t{{}}\n"
    old, new = tmp_path / "march.txt", tmp_path / "april.txt"
    old.write_text(ALL_ORDERS + row.format(3, "Tacoma"), encoding="utf-8")
    new.write_text(ALL_ORDERS + row.format(4, "Boise"), encoding="utf-8")
    settled = FIXTURES / "settlement_us_utf16.txt"
    for number, file in enumerate((old, new, settled)):
        import_file(store, "shop", file, AT + timedelta(days=number))
    kept = store.records("shop", ORDER), store.records("shop", "113-4410027-8830012")
    [order], [money] = kept
    assert order.dossier.order is not None
    assert order.dossier.order.destination.city == "Boise"
    assert [refund.amount for refund in money.dossier.refunds] == [usd("10.59")]
    assert store.records("another shop", ORDER) == ()
    for file in (settled, old):
        import_file(store, "shop", file, AT + timedelta(days=9))
    assert (store.records("shop", ORDER), store.records("shop", "113-4410027-8830012")) == kept


def test_a_file_that_is_no_report_or_is_not_there_saves_nothing_and_names_the_file(tmp_path: Path) -> None:
    kept = KeptInMemory()
    (tmp_path / "odd.txt").write_bytes(b"name\tcolour\n")
    for name in ("odd.txt", "missing.txt"):
        with pytest.raises(UserError, match=name):
            import_file(kept, "shop", tmp_path / name, AT)
    assert kept.savings == 0


def test_an_item_knows_each_part_of_what_was_paid_for_its_line() -> None:
    columns = (
        "amazon-order-id order-status product-name sku quantity currency item-price item-tax shipping-price"
    )
    columns += " shipping-tax item-promotion-discount ship-promotion-discount order-item-id item-condition"
    cells = [ORDER, "Shipped", "Hose", "HOSE", "2", "USD", "20.00", "1.60", "4.00", "0.30", "-2.00", "1.00"]
    text = "\t".join(columns.split()) + "\n" + "\t".join([*cells, "66120011223344", "New"]) + "\n"
    [record] = records(text)
    assert record.dossier.order is not None
    assert record.dossier.order.items == (
        OrderItem(
            "Hose",
            "HOSE",
            "",
            2,
            usd("20.00"),
            usd("1.60"),
            usd("4.00"),
            usd("0.30"),
            usd("3.00"),
            "66120011223344",
            "New",
        ),
    )


def test_a_line_gets_its_id_from_the_shipping_confirmation_whichever_was_imported_first() -> None:
    [ordered] = records(ALL_ORDERS + f"{ORDER}\t\t\tShipped\tHose\tHOSE\t2\tBoise\n", "orders.txt")
    [confirmed] = records(CONFIRMATION + f"{ORDER}\t66120011223344\t2\t2026-03-04\t1Z1\n", "sent.txt")
    for first, second in ((ordered, confirmed), (confirmed, ordered)):
        merged = merge_dossiers(first.dossier, second.dossier)
        assert merged.order is not None
        assert merged.order.items == (OrderItem("Hose", "HOSE", "", 2, order_item_id="66120011223344"),)
        assert (merged.order.source, merged.order.status) == ("orders.txt", "shipped")
        assert len(merged.shipments) == 1


def test_ids_of_several_lines_are_not_given_to_items_by_guess() -> None:
    rows = f"{ORDER}\t\t\tShipped\tHose\tHOSE\t1\t\n{ORDER}\t\t\tShipped\tNozzle\tNOZZLE\t1\t\n"
    [ordered] = records(ALL_ORDERS + rows)
    [confirmed] = records(
        CONFIRMATION + f"{ORDER}\t1001\t1\t2026-03-04\t1Z1\n{ORDER}\t1002\t1\t2026-03-04\t1Z1\n"
    )
    merged = merge_dossiers(confirmed.dossier, ordered.dossier)
    assert merged.order is not None
    assert [(item.sku, item.order_item_id) for item in merged.order.items] == [("HOSE", ""), ("NOZZLE", "")]


def test_two_lines_of_one_product_stay_two_and_meet_by_their_ids() -> None:
    first = OrderItem("Hose", "HOSE", "", 1, usd("5.00"), order_item_id="1001")
    second = OrderItem("Hose", "HOSE", "", 3, usd("15.00"), order_item_id="1002")
    known = Order(ORDER, status="shipped", items=(first, second))
    taxed = replace(second, price=None, tax=usd("1.20"))
    merged = merge_orders(known, Order(ORDER, status="shipped", items=(taxed,)))
    assert merged.items == (first, replace(second, tax=usd("1.20")))


def test_a_gap_is_filled_from_the_older_record_and_a_known_part_is_never_erased() -> None:
    old = OrderItem("Hose", "HOSE", "", 1, usd("5"), usd("1"), None, None, usd("2"), "1001", "")
    new = OrderItem("Hose", "HOSE", "", 1, None, None, usd("3"), None, None, "", "Used")
    merged = merge_orders(Order(ORDER, items=(old,)), Order(ORDER, items=(new,)))
    assert merged.items == (
        OrderItem("Hose", "HOSE", "", 1, usd("5"), usd("1"), usd("3"), None, usd("2"), "1001", "Used"),
    )


MONEY = st.sampled_from([None, usd("1"), usd("2")])


def items(ids: list[str]) -> st.SearchStrategy[tuple[OrderItem, ...]]:
    """Items of one record: its lines have different ids, or none has one."""
    made = st.builds(
        OrderItem,
        st.sampled_from(["", "Hose"]),
        st.sampled_from(["", "A", "B"]),
        st.just(""),
        st.integers(0, 2),
        MONEY,
        MONEY,
        discount=MONEY,
    )
    plain = st.lists(made.filter(lambda item: bool(item.sku or item.title)), max_size=3)
    named = st.lists(st.tuples(made, st.sampled_from(ids)), max_size=3, unique_by=lambda pair: pair[1])
    return (plain | named.map(lambda pairs: [replace(item, order_item_id=id_) for item, id_ in pairs])).map(
        tuple
    )


@settings(max_examples=400, deadline=None)
@given(
    items(["1001", "1002", "1003"]),
    items(["1001", "1002", "1004"]),
    st.sampled_from(["", "shipped", "pending"]),
)
def test_taking_in_items_again_changes_nothing_and_no_id_stands_twice(
    known: tuple[OrderItem, ...], new: tuple[OrderItem, ...], status: str
) -> None:
    record = Order(ORDER, status=status, items=new)
    once = merge_orders(Order(ORDER, status="shipped", items=known), record)
    assert merge_orders(once, record) == once
    assert merge_orders(once, once) == once
    ids = [item.order_item_id for item in once.items if item.order_item_id]
    assert len(ids) == len(set(ids))
    of_products = {item.order_item_id for item in (*known, *new) if item.sku and item.order_item_id}
    assert of_products <= set(ids)
