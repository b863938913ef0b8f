"""Promises of reading German mail: what buyers and sellers said, and what carriers and Amazon report."""

from __future__ import annotations

import pytest
from test_orders_correspondence import AMAZON, ORDER, mail, parcels, read

from inbox_bot.core.record import ShipmentStatus

SELLER = "shop@seller.example.com"

SAID_BY_BUYER = [
    ("Hallo, das Paket ist heute angekommen, vielen Dank!", "admits_receipt"),
    ("Ich habe die Lampe gestern erhalten, sie sieht toll aus.", "admits_receipt"),
    ("Bitte stornieren Sie meine Bestellung, ich brauche sie nicht mehr.", "asks_to_cancel"),
    ("Ich möchte die Bestellung widerrufen.", "asks_to_cancel"),
    ("Die Tasse war zerbrochen.", "complains_of_fault"),
    ("Das Gerät funktioniert leider nicht.", "complains_of_fault"),
    ("Ich möchte mein Geld zurück.", "asks_for_refund"),
    ("Ich möchte den Artikel zurückschicken.", "return_requested"),
    ("Ich werde die Zahlung über meine Bank zurückbuchen lassen.", "threatens_chargeback"),
    ("Ich habe die Schuhe gestern zurückgeschickt.", "confirms_return"),
    ("Der Betrag wurde mir zweimal abgebucht!", "charged_twice"),
]
NOT_SAID_BY_BUYER = [
    ("Das Paket ist leider immer noch nicht angekommen.", "admits_receipt"),
    (
        "Laut DHL wurde das Paket zugestellt und ist angekommen, aber ich habe nichts erhalten.",
        "admits_receipt",
    ),
    ("Wann ist das Paket angekommen?", "admits_receipt"),
    ("Ich habe eine E-Mail mit der Sendungsnummer erhalten.", "admits_receipt"),
    ("Ich habe die Ware bis heute nicht erhalten.", "admits_receipt"),
    ("Bitte stornieren Sie die Bestellung nicht, ich warte gern.", "asks_to_cancel"),
    ("Alles bestens, nichts war beschädigt.", "complains_of_fault"),
    ("Ich werde die Schuhe nächste Woche zurückschicken.", "confirms_return"),
]
SAID_BY_SELLER = [
    ("Wir entschuldigen uns, das war unser Fehler.", "admits_fault"),
    ("Wir haben Ihnen leider den falschen Artikel geschickt.", "admits_fault"),
    ("Gern erstatten wir Ihnen den Kaufpreis.", "offers_refund"),
    ("Wir können Ihnen eine Ersatzlieferung anbieten.", "offers_replacement"),
    ("Im Anhang finden Sie ein kostenloses Rücksendeetikett.", "offers_return_label"),
    ("Bitte senden Sie uns ein Foto des Schadens.", "asks_for_photos"),
    ("Die Ersatzlieferung wurde heute verschickt.", "replacement_sent"),
    ("Ihre Rücksendung ist bei uns eingegangen.", "return_received"),
]


@pytest.mark.parametrize(("words", "mark"), SAID_BY_BUYER)
def test_what_a_buyer_says_is_marked(words: str, mark: str) -> None:
    assert mark in read(mail(words, f"Bestellung {ORDER}")).marks


@pytest.mark.parametrize(("words", "mark"), NOT_SAID_BY_BUYER)
def test_what_a_buyer_does_not_say_is_not_marked(words: str, mark: str) -> None:
    assert mark not in read(mail(words, f"Bestellung {ORDER}")).marks


@pytest.mark.parametrize(("words", "mark"), SAID_BY_SELLER)
def test_what_the_seller_says_is_marked(words: str, mark: str) -> None:
    asked = mail("Hallo?", f"Bestellung {ORDER}")
    answered = mail(
        words, f"Re: Bestellung {ORDER}", sender=SELLER, to=asked.sender.email if asked.sender else ""
    )
    assert mark in read(asked, answered).marks


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Ihre Sendung 1Z999AA10123456784 wurde am 16.10.2026 zugestellt.", ShipmentStatus.DELIVERED),
        ("Ihre Sendung 1Z999AA10123456784 ist in Zustellung.", ShipmentStatus.IN_TRANSIT),
        (
            "Die Sendung 1Z999AA10123456784 wurde an den Absender zurückgesandt.",
            ShipmentStatus.RETURNED_TO_SENDER,
        ),
        ("Die Sendung 1Z999AA10123456784 ist leider verloren gegangen.", ShipmentStatus.LOST),
    ],
)
def test_a_carriers_mail_tells_where_the_parcel_is(words: str, status: ShipmentStatus) -> None:
    (parcel,) = parcels(words, "Ihre Sendung")
    assert parcel.status is status


def test_what_will_be_delivered_is_not_delivered() -> None:
    found = parcels("Ihre Sendung 1Z999AA10123456784 wird voraussichtlich morgen zugestellt.", "Ihre Sendung")
    assert ShipmentStatus.DELIVERED not in {one.status for one in found}


def test_amazons_refund_mail_is_read() -> None:
    text = (
        "Guten Tag,\n\nwir haben die Erstattung für Bestellung 113-0196033-6384224 veranlasst.\n\n"
        "Erstattungsbetrag: 49,92 EUR\nErstattungsdatum: 12.10.2026\n"
    )
    (refund,) = read(mail(text, "Erstattung veranlasst für Bestellung 113-0196033-6384224", AMAZON)).refunds
    assert str(refund.amount) == "49.92 EUR"
