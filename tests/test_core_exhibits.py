"""Exhibits: numbered, the strongest first, each parcel its own."""

from __future__ import annotations

from dataclasses import replace

from nouns import NOW, ORDER, POLICY, decision, dossier, message, notice, shipment

from inbox_bot.core.book import book_of
from inbox_bot.core.exhibits import ExhibitKind, list_exhibits
from inbox_bot.core.facts import find_facts
from inbox_bot.core.letter import lay_out
from inbox_bot.core.record import Dossier, Evidence, Grade, Origin, Provenance


def test_the_strongest_comes_first_and_numbers_begin_with_one():
    own = dossier(messages=(message(),))
    evidence = [Evidence("correspondence", Grade.STRONG, "said", "mail", NOW)]
    exhibits = list_exhibits([own], evidence)
    assert [one.number for one in exhibits] == [1, 2, 3]
    assert exhibits[0].kind is ExhibitKind.CORRESPONDENCE


def test_the_exhibits_of_a_second_order_come_last():
    other = Dossier(
        "112-0000000-0000001", shipments=(shipment(order_id="112-0000000-0000001", tracking_id="T2"),)
    )
    exhibits = list_exhibits(
        [dossier(), other], [Evidence("tracking", Grade.STRONG, "x", "y", NOW, key="T2")]
    )
    assert [one.order_id for one in exhibits][-1] == other.order_id


def test_parcels_without_a_tracking_id_are_told_apart_in_letter_and_book():
    first, second = shipment(tracking_id="", carrier="Local Van"), shipment(tracking_id="", carrier="Bicycle")
    own = dossier(shipments=(first, second))
    exhibits = list_exhibits([own], ())
    letter = lay_out(notice(), own, (), find_facts(notice(), own), decision(), POLICY, exhibits)
    numbers = [parcel.exhibit for parcel in letter.parcels]
    assert len(set(numbers)) == 2
    assert 0 not in numbers
    book = book_of(notice(), letter, [own], exhibits, (), "en")
    names = {one.number: one.name for one in book.exhibits}
    assert [names[number] for number in numbers] == ["Local Van", "Bicycle"]


def test_an_exhibit_cites_every_source_of_its_data():
    sources = (
        Provenance("report.txt", Origin.REPORT, NOW, "ab"),
        Provenance("mail <x@y>", Origin.MAILBOX, NOW, "cd"),
    )
    own = replace(dossier(shipments=(shipment(source="report.txt; mail <x@y>"),)), provenance=sources)
    (tracking,) = [one for one in list_exhibits([own], ()) if one.kind is ExhibitKind.TRACKING]
    assert tracking.provenance == sources


def test_an_order_nobody_knows_has_no_exhibits():
    assert list_exhibits([Dossier(ORDER)], ()) == ()
