"""What the record shows, as facts: each is true when something on record shows it, and not before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from nouns import NOW, ORDER, dossier, message, notice, order, shipment

from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.model import Destination, Money
from inbox_bot.core.record import (
    Contradiction,
    Document,
    DocumentKind,
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

DALLAS = Destination(city="Dallas", postal_code="75201")
IN_TRANSIT = shipment(status=ShipmentStatus.IN_TRANSIT, delivered_on=None, tracking_id="2")
LOST = replace(IN_TRANSIT, status=ShipmentStatus.LOST)


def facts(record: Dossier, **of_notice) -> Facts:
    return find_facts(notice(**of_notice), record)


def posting(kind: PostingKind, amount: str, day: int = 20, currency: str = "USD") -> Posting:
    return Posting(ORDER, kind, Money(Decimal(amount), currency), date(2026, 9, day), "77", "settlement")


def back(requested: int | None = 10, received: int | None = 20, quantity: int = 1) -> Return:
    days = [date(2026, 9, day) if day else None for day in (requested, received)]
    return Return(ORDER, *days, "MUG-1", quantity, "DEFECTIVE", "SELLABLE", "", "returns")


def document(shows: str, kind: DocumentKind = DocumentKind.PDF) -> Document:
    return Document(ORDER, f"{shows}.pdf", kind, shows, "application/pdf", shows, shows, 1, "folder")


def said(party: Party, days_ago: float, *marks: str):
    return message(party=party, at=NOW - timedelta(days=days_ago), marks=marks)


def test_a_chargeback_posting_with_a_negative_sum_is_a_debit():
    found = facts(
        dossier(postings=(posting(PostingKind.CHARGEBACK, "-108.84"), posting(PostingKind.ORDER, "99")))
    )
    assert (found.debited, found.debited_amount, found.debited_on) == (
        True,
        Decimal("108.84"),
        date(2026, 9, 20),
    )


@pytest.mark.parametrize(
    "postings",
    [
        (),
        (posting(PostingKind.CHARGEBACK, "20"),),
        (posting(PostingKind.CHARGEBACK, "-20"), posting(PostingKind.CHARGEBACK, "20", 25)),
        (posting(PostingKind.REFUND, "-20"), posting(PostingKind.OTHER, "-20")),
    ],
)
def test_what_was_given_back_or_is_something_else_is_no_debit(postings):
    found = facts(dossier(postings=postings))
    assert (found.debited, found.debited_amount, found.debited_on) == (False, None, None)


def test_debits_in_two_currencies_have_no_one_amount():
    two = (posting(PostingKind.CHARGEBACK, "-20"), posting(PostingKind.CHARGEBACK, "-20", currency="EUR"))
    assert (facts(dossier(postings=two)).debited, facts(dossier(postings=two)).debited_amount) == (True, None)


def test_an_a_to_z_claim_is_granted_by_a_posting_or_by_a_mail():
    assert facts(dossier(postings=(posting(PostingKind.ATOZ, "-20"),))).atoz_granted
    assert facts(dossier(marks=("atoz_granted",))).atoz_granted
    paid_back = (posting(PostingKind.ATOZ, "-20"), posting(PostingKind.ATOZ, "20", 25))
    assert not facts(dossier(postings=paid_back)).atoz_granted


def test_a_return_is_known_from_the_report_as_well_as_from_the_mails():
    found = facts(dossier(returns=(back(10, 18), back(12, 21))))
    assert (found.return_requested, found.return_received) == (True, True)
    assert (found.return_requested_on, found.return_received_on) == (date(2026, 9, 10), date(2026, 9, 21))
    asked = facts(dossier(returns=(back(received=None),)))
    assert (asked.return_requested, asked.return_received, asked.return_received_on) == (True, False, None)
    by_mail = facts(dossier(marks=("return_received",)))
    assert (by_mail.return_received, by_mail.return_received_on, by_mail.partly_returned) == (
        True,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("ordered", "returned", "partly"),
    [(1, 1, False), (2, 1, True), (2, 2, False), (3, 4, False), (0, 1, False)],
)
def test_a_part_of_the_pieces_came_back(ordered, returned, partly):
    of_order = order(items=(OrderItem("Mug", quantity=ordered),) if ordered else ())
    found = facts(dossier(order=of_order, returns=(back(quantity=returned),)))
    assert (found.returned_pieces, found.partly_returned) == (returned, partly)


def test_documents_are_known_by_what_they_show():
    names = ("invoice", "delivery", "signature", "item", "listing", "other")
    found = facts(dossier(documents=tuple(map(document, names))))
    assert found.invoice_known
    assert found.delivery_document
    assert found.signature_document
    assert found.item_document
    assert found.listing_document
    assert (found.other_documents, found.photos) == (1, 0)
    photos = tuple(document(shows, DocumentKind.PHOTO) for shows in ("item", "item", "delivery"))
    assert facts(dossier(documents=photos)).photos == 3
    assert not facts(dossier()).invoice_known


def test_only_what_an_answer_must_not_hide_counts_as_contradicted():
    odd = Contradiction("delivery day of 1Z", (("2026-09-04", "a"), ("2026-09-09", "b")))
    names = Contradiction("carrier of 1Z", (("UPS", "a"), ("FedEx", "b")))
    assert not facts(dossier(contradictions=(names,))).contradicted
    found = facts(dossier(contradictions=(names, odd)))
    assert found.contradicted
    assert found.contradictions == "delivery day of 1Z: 2026-09-04 (a) / 2026-09-09 (b)"


@pytest.mark.parametrize(
    ("messages", "silent"),
    [
        ((), False),
        ((said(Party.BUYER, 9),), False),
        ((said(Party.SELLER, 9),), False),  # nobody who had written fell silent
        ((said(Party.BUYER, 9), said(Party.SELLER, 8)), True),
        ((said(Party.SELLER, 8), said(Party.BUYER, 9)), True),  # in whatever order they are listed
        ((said(Party.BUYER, 9), said(Party.SELLER, 8), said(Party.BUYER, 7)), False),
        ((said(Party.BUYER, 9), said(Party.SELLER, 1)), False),  # there was hardly time to answer
        ((said(Party.BUYER, 9), said(Party.SELLER, 8), said(Party.AMAZON, 2)), True),
    ],
)
def test_a_buyer_went_silent_who_was_answered_days_before_the_notice_and_wrote_no_more(messages, silent):
    assert facts(dossier(messages=messages)).buyer_went_silent is silent


def test_who_wrote_is_told_apart():
    found = facts(dossier(messages=(said(Party.BUYER, 9),)))
    assert (found.correspondence, found.buyer_wrote, found.seller_wrote) == (True, True, False)


def test_the_buyers_word_alone_does_not_make_a_double_charge():
    buyer, amazon = said(Party.BUYER, 9, "charged_twice"), said(Party.AMAZON, 8, "charged_twice")
    assert not facts(dossier(marks=("charged_twice",), messages=(buyer,))).charged_twice
    assert facts(dossier(marks=("charged_twice",), messages=(buyer, amazon))).charged_twice
    assert facts(dossier(marks=("charged_twice",))).charged_twice


@pytest.mark.parametrize(
    ("parcels", "pieces", "partly"),
    [
        ((shipment(),), 2, False),
        ((shipment(), IN_TRANSIT), 2, True),
        ((shipment(), IN_TRANSIT), 1, False),  # the number of the carrier that handed it over
        ((shipment(), LOST), 1, True),
        ((shipment(), replace(LOST, status=ShipmentStatus.RETURNED_TO_SENDER)), 2, True),
        ((shipment(), replace(LOST, status=ShipmentStatus.LABEL_CREATED)), 2, False),  # a label made anew
        ((IN_TRANSIT, LOST), 2, False),
        ((shipment(), replace(IN_TRANSIT, replacement=True)), 2, False),
    ],
)
def test_a_parcel_that_did_not_arrive_beside_one_that_did(parcels, pieces, partly):
    of_order = order(items=(OrderItem("Mug", quantity=pieces),))
    assert facts(dossier(order=of_order, shipments=parcels)).partly_delivered is partly


@pytest.mark.parametrize(
    ("went", "match"),
    [
        (Destination(city="Austin", postal_code="78701"), "city and postal code"),
        (Destination(city="AUSTIN"), "city"),
        (Destination(postal_code="78701-0001"), "postal code"),
        (Destination(), ""),
        (DALLAS, ""),
    ],
)
def test_how_well_the_place_matches_is_said(went, match):
    assert facts(dossier(shipments=(shipment(delivered_to=went),))).destination_match == match


def test_one_parcel_gone_astray_is_enough_to_be_delivered_elsewhere():
    found = facts(dossier(shipments=(shipment(), shipment(tracking_id="2", delivered_to=DALLAS))))
    assert (found.destination_matches, found.delivered_elsewhere) == (False, True)


def test_the_notices_address_is_held_against_the_orders():
    assert facts(dossier(), destination=DALLAS).address_differs
    assert not facts(dossier(), destination=Destination()).address_differs
    assert not facts(Dossier(ORDER), destination=DALLAS).address_differs


def test_the_carriers_history_is_counted():
    scans = (
        Scan(date(2026, 9, 2), "", "Dallas", "Departed", ShipmentStatus.IN_TRANSIT),
        Scan(date(2026, 9, 4), "14:12", "Austin", "Delivered", ShipmentStatus.DELIVERED),
    )
    found = facts(dossier(shipments=(shipment(scans=scans),)))
    assert (found.scans, found.delivered_scan) == (2, True)
    assert not facts(dossier(shipments=(shipment(scans=scans[:1]),))).delivered_scan


@pytest.mark.parametrize("method", ["USPS Ground Advantage (Claims Protected)", "Buy Shipping UPS Ground"])
def test_buy_shipping_protection_is_seen_in_the_shipping_method(method):
    assert facts(dossier(shipments=(shipment(method=method),))).claims_protected
    assert not facts(dossier()).claims_protected


@pytest.mark.parametrize(("days_later", "before"), [(-1, False), (0, False), (1, True), (9, True)])
def test_shipped_on_the_day_of_the_request_is_not_shipped_before_it(days_later, before):
    asked = replace(
        message(marks=("asks_to_cancel",)), at=NOW.replace(month=9, day=2) + timedelta(days=days_later)
    )
    record = dossier(
        shipments=(shipment(shipped_on=date(2026, 9, 2)),), marks=("asks_to_cancel",), messages=(asked,)
    )
    assert facts(record).shipped_before_cancellation is before


def test_an_offered_replacement_is_no_sent_one():
    found = facts(dossier(marks=("offers_replacement",)))
    assert (found.replacement_offered, found.replacement_sent) == (True, False)


@pytest.mark.parametrize(
    ("amounts", "full", "partial"),
    [
        (["108.84 USD"], True, False),
        (["50.00 USD", "58.84 USD"], True, False),
        (["50.00 USD"], False, True),
        (["200.00 EUR"], False, True),
        (["108.84 USD", "5.00 EUR"], False, True),
        ([], False, False),
    ],
)
def test_refunds_reach_the_disputed_amount_or_they_do_not(amounts, full, partial):
    refunds = tuple(
        Refund(
            ORDER,
            date(2026, 9, 20),
            Money(Decimal(amount.split()[0]), amount.split()[1]),
            str(number),
            "mail",
        )
        for number, amount in enumerate(amounts)
    )
    found = facts(dossier(refunds=refunds))
    assert (found.refunded, found.partly_refunded) == (full, partial)
