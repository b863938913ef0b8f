"""`evidence add`: what a person states is checked as a whole, kept once, and never at the cost of what was kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from nouns import NOW, ORDER

from inbox_bot.commands.evidence import (
    MOST_FILE_BYTES,
    Statement,
    add_evidence,
    copy_file,
    run_add,
    safe_name,
)
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Destination
from inbox_bot.core.record import Origin, ShipmentStatus
from inbox_bot.orders.carriers import load_carriers
from inbox_bot.resources import rule_files

CARRIERS = load_carriers(rule_files("carriers*.toml"))
UPS_ID = "1Z999AA10123456784"
FULL = Statement(
    ORDER, UPS_ID, "ups", "2026-09-29", "2026-10-03T14:12", "Austin", "TX", "78701", "us", "P. Doe", "Ground", "UPS web page"
)  # fmt: skip


class Kept:
    """The part of the store that keeps records, in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], object] = {}

    def records(self, account, order_id):
        return tuple(one for key, one in self.kept.items() if key[:2] == (account, order_id))

    def save_records(self, account, records):
        self.kept.update({(account, one.dossier.order_id, one.key): one for one in records})


@pytest.fixture
def desk(tmp_path):
    store = Kept()

    def add(statement, at=NOW):
        return add_evidence(store, "shop", tmp_path / "evidence", CARRIERS, statement, at)

    add.store, add.folder = store, tmp_path / "evidence" / ORDER
    return add


def stated(**parts):
    return Statement(ORDER, **parts)


def test_a_full_statement_becomes_a_record_with_its_source(desk):
    record = desk(FULL)
    (parcel,), (cited,) = record.dossier.shipments, record.dossier.provenance
    assert record.key == f"person {UPS_ID}"
    assert (cited.name, cited.origin, cited.collected_at) == (
        "entered by hand on 2026-10-05 (UPS web page)",
        Origin.PERSON,
        NOW,
    )
    assert record.dossier.cited(parcel.source) == (cited,)
    assert (parcel.order_id, parcel.carrier, parcel.tracking_id, parcel.method) == (
        ORDER,
        "UPS",
        UPS_ID,
        "Ground",
    )
    assert (parcel.shipped_on, parcel.delivered_on, parcel.delivered_at_text) == (
        date(2026, 9, 29),
        date(2026, 10, 3),
        "14:12",
    )
    assert (parcel.status, parcel.signed_by) == (ShipmentStatus.DELIVERED, "P. Doe")
    assert parcel.delivered_to == Destination((), "Austin", "TX", "78701", "US")
    assert desk.store.records("shop", ORDER) == (record,)


def test_a_later_statement_adds_to_the_former_one_and_corrects_it(desk):
    desk(FULL)
    later = desk(stated(tracking_id=UPS_ID, signed_by="Q. Roe", postal_code="78702"), NOW + timedelta(days=1))
    (parcel,) = later.dossier.shipments
    assert (parcel.signed_by, parcel.delivered_on, parcel.carrier) == ("Q. Roe", date(2026, 10, 3), "UPS")
    assert parcel.delivered_to == Destination((), "Austin", "TX", "78702", "US")
    assert [one.name for one in later.dossier.provenance] == [
        "entered by hand on 2026-10-05 (UPS web page)",
        "entered by hand on 2026-10-06",
    ]
    assert set(later.dossier.cited(parcel.source)) == set(later.dossier.provenance)
    assert desk.store.records("shop", ORDER) == (later,)


def test_the_same_statement_again_changes_nothing(desk):
    assert desk(FULL) == desk(FULL)
    assert len(desk.store.kept) == 1


def test_another_town_does_not_inherit_the_former_postal_code(desk):
    desk(FULL)
    moved = desk(stated(tracking_id=UPS_ID, city="Dallas"))
    assert moved.dossier.shipments[0].delivered_to == Destination((), "Dallas")


def test_the_shipping_day_alone_is_no_delivery(desk):
    parcel = desk(stated(shipped="2026-09-29")).dossier.shipments[0]
    assert (parcel.status, parcel.delivered_on) == (ShipmentStatus.IN_TRANSIT, None)
    assert desk(FULL).key != desk(stated(shipped="2026-09-29")).key


def test_a_shipping_day_stated_later_leaves_the_delivery(desk):
    desk(stated(tracking_id=UPS_ID, delivered="2026-10-03"))
    parcel = desk(stated(tracking_id=UPS_ID, shipped="2026-09-29")).dossier.shipments[0]
    assert (parcel.status, parcel.shipped_on) == (ShipmentStatus.DELIVERED, date(2026, 9, 29))


def test_the_carrier_is_filled_in_where_the_id_names_it(desk):
    assert desk(stated(tracking_id="rb 123 456 785 gb")).dossier.shipments[0].carrier == "Royal Mail"
    assert desk(stated(tracking_id="986578788855")).dossier.shipments[0].carrier == ""
    assert (
        desk(stated(tracking_id="986578788855", carrier="Fedex Ground")).dossier.shipments[0].carrier
        == "FedEx"
    )


@pytest.mark.parametrize(
    ("statement", "option", "word"),
    [
        (Statement("113-0196033"), "ORDER", "no order id"),
        (Statement("../../etc/x", tracking_id=UPS_ID), "ORDER", "no order id"),
        (stated(), None, "nothing is stated"),
        (stated(source="a page"), None, "nothing is stated"),
        (stated(delivered="03/10/2026"), "--delivered", "no date"),
        (stated(delivered="2026-02-30"), "--delivered", "no date"),
        (stated(delivered="2026-10-03T25:00"), "--delivered", "no date"),
        (stated(delivered="2026-10-03T14:12Z"), "--delivered", "no date"),
        (stated(shipped="0026-10-03"), "--shipped", "no date"),
        (stated(delivered="2026-10-07"), "--delivered", "not come yet"),
        (stated(shipped="2027-09-29"), "--shipped", "not come yet"),
        (stated(shipped="2026-10-03", delivered="2026-10-02"), "--delivered", "before shipped"),
        (stated(tracking_id="see mail"), "--tracking", "no tracking id"),
        (stated(tracking_id=ORDER), "--tracking", "no tracking id"),
        (stated(tracking_id=UPS_ID, carrier="USPS"), "--carrier", "id of UPS, not of USPS"),
        (stated(tracking_id=UPS_ID, carrier="Joe's Vans"), "--carrier", "id of UPS"),
        (stated(tracking_id="1Z999AA10123456785"), "--tracking", "check digit"),
        (stated(tracking_id="RB123456786GB", carrier="Royal Mail"), "--tracking", "check digit"),
        (stated(tracking_id="1234567899", carrier="UPS"), "--tracking", "length"),
        (stated(signed_by="P. Doe"), "--delivered", "no delivery"),
        (stated(city="Austin", shipped="2026-09-29"), "--delivered", "no delivery"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option_and_a_remedy(desk, statement, option, word):
    with pytest.raises(UserError) as refused:
        desk(statement)
    (problem,) = refused.value.problems
    assert (problem.key, word in problem.what, bool(problem.remedy)) == (option, True, True)
    assert desk.store.kept == {}


def test_every_flaw_is_told_at_once_and_nothing_is_kept(desk, tmp_path):
    flawed = Statement(
        "x", tracking_id="?", shipped="x", delivered="2030-01-01", files=(tmp_path / "none.pdf",)
    )
    with pytest.raises(UserError) as refused:
        desk(flawed)
    assert len(refused.value.problems) == 5
    assert not desk.folder.exists()


def test_a_delivery_before_the_shipping_day_stated_earlier_is_refused_and_the_record_stays(desk):
    kept = desk(stated(tracking_id=UPS_ID, shipped="2026-09-29"))
    with pytest.raises(UserError, match="before shipped"):
        desk(stated(tracking_id=UPS_ID, delivered="2026-09-28"))
    assert desk.store.records("shop", ORDER) == (kept,)


def test_tomorrow_has_come_where_it_is_already_tomorrow(desk):
    assert desk(stated(delivered="2026-10-05")).dossier.shipments[0].delivered_on == date(2026, 10, 5)
    late = NOW.replace(hour=23)
    assert desk(stated(delivered="2026-10-06"), late).dossier.shipments[0].delivered_on == date(2026, 10, 6)


def test_texts_are_cleaned_and_bounded(desk):
    record = desk(stated(delivered="2026-10-03", signed_by="P.\n\u202eDoe", city="A" * 500, source="a; b\n"))
    (parcel,) = record.dossier.shipments
    assert (parcel.signed_by, len(parcel.delivered_to.city)) == ("P. Doe", 100)
    assert record.dossier.cited(parcel.source) == record.dossier.provenance


def test_files_are_copied_beside_the_record(desk, tmp_path):
    photo = tmp_path / "Beweis Foto (1).JPG"
    photo.write_bytes(b"\xff\xd8photo")
    desk(stated(delivered="2026-10-03", files=(photo,)))
    (copied,) = desk.folder.iterdir()
    assert (copied.name, copied.read_bytes()) == ("Beweis Foto (1).jpg", b"\xff\xd8photo")
    assert photo.exists()


def test_files_alone_need_no_fact_and_leave_the_record(desk, tmp_path):
    page = tmp_path / "page.pdf"
    page.write_bytes(b"%PDF")
    assert desk(stated(files=(page,))).dossier.shipments == ()
    assert desk.store.kept == {}
    assert [path.name for path in desk.folder.iterdir()] == ["page.pdf"]


def test_a_file_is_never_overwritten_and_never_copied_twice(desk, tmp_path):
    page = tmp_path / "page.pdf"
    for content in (b"first", b"second", b"second", b"first"):
        page.write_bytes(content)
        desk(stated(files=(page,)))
    assert {path.name: path.read_bytes() for path in desk.folder.iterdir()} == {
        "page.pdf": b"first",
        "page-2.pdf": b"second",
    }


def test_a_link_planted_in_the_folder_is_not_written_through(tmp_path):
    folder, victim = tmp_path / "to", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"precious")
    (folder / "page.pdf").symlink_to(victim)
    page = tmp_path / "page.pdf"
    page.write_bytes(b"new")
    assert copy_file(page, folder).name == "page-2.pdf"
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("page.PDF", "page.pdf"),
        ("..pdf", "file.pdf"),
        ("../../x.pdf", "x.pdf"),
        ("a\nb\x00;rm -rf $HOME.txt", "a b_rm -rf _HOME.txt"),
        ("送达证明.png", "送达证明.png"),
        ("\u202egpj.exe.txt", "gpj.exe.txt"),
        ("x" * 300 + ".eml", "x" * 80 + ".eml"),
        ("签" * 300 + ".eml", "签" * 26 + ".eml"),
    ],
)
def test_a_file_gets_a_name_that_nothing_can_misread(name, safe):
    assert safe_name(name) == safe


def test_a_file_that_cannot_be_shown_is_refused_before_anything_is_kept(desk, tmp_path):
    big, empty, strange, folder = (
        tmp_path / name for name in ("big.pdf", "empty.png", "run.exe", "folder.pdf")
    )
    with big.open("wb") as file:
        file.truncate(MOST_FILE_BYTES + 1)
    empty.touch()
    strange.write_bytes(b"MZ")
    folder.mkdir()
    with pytest.raises(UserError) as refused:
        desk(stated(delivered="2026-10-03", files=(big, empty, strange, folder)))
    assert [problem.file for problem in refused.value.problems] == [
        str(path) for path in (big, empty, strange, folder)
    ]
    assert desk.store.kept == {}
    assert not desk.folder.exists()


def test_the_command_keeps_the_statement_and_says_what_is_on_record(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(data=tmp_path / "data"), encoding="utf-8")
    page = tmp_path / "page.pdf"
    page.write_bytes(b"%PDF")
    given = Statement(
        ORDER, UPS_ID, delivered="2026-10-03T14:12", city="Austin", signed_by="P. Doe", files=(page,)
    )
    assert run_add(config, None, given, NOW) == 0
    said = capsys.readouterr().out
    assert "delivered on 2026-10-03 14:12, Austin, signed by P. Doe (entered by hand on 2026-10-05)" in said
    assert (tmp_path / "data" / "evidence" / ORDER / "page.pdf").exists()
    assert run_add(config, "shop", Statement(ORDER, UPS_ID, shipped="2026-09-29"), NOW) == 0
    assert "shipped on 2026-09-29, delivered on 2026-10-03" in capsys.readouterr().out


CONFIG = """
data_dir = "{data}"
[[account]]
name = "shop"
address = "orders@seller.example"
[account.imap]
host = "imap.example"
user = "orders@seller.example"
secret = "env:IMAP_PASSWORD"
"""
