"""Promises of reading Dutch mail: what buyers and sellers said, and what carriers and Amazon report."""

from __future__ import annotations

import pytest
from test_orders_correspondence import AMAZON, ORDER, mail, parcels, read

from inbox_bot.core.record import ShipmentStatus

SELLER = "shop@seller.example.com"

SAID_BY_BUYER = [
    ("Hallo, het pakket is vandaag aangekomen, bedankt!", "admits_receipt"),
    ("Ik heb de lamp gisteren ontvangen, hij is prachtig.", "admits_receipt"),
    ("Annuleer mijn bestelling alstublieft, ik heb hem niet meer nodig.", "asks_to_cancel"),
    ("Ik wil de bestelling annuleren.", "asks_to_cancel"),
    ("De mok was gebroken.", "complains_of_fault"),
    ("Het apparaat werkt helaas niet.", "complains_of_fault"),
    ("Ik wil mijn geld terug.", "asks_for_refund"),
    ("Ik wil het artikel terugsturen.", "return_requested"),
    ("Ik laat de betaling door mijn bank terugboeken.", "threatens_chargeback"),
    ("Ik heb de schoenen gisteren teruggestuurd.", "confirms_return"),
    ("Het bedrag is twee keer afgeschreven!", "charged_twice"),
]
NOT_SAID_BY_BUYER = [
    ("Het pakket is helaas nog steeds niet aangekomen.", "admits_receipt"),
    ("Volgens PostNL is het pakket bezorgd, maar ik heb niets ontvangen.", "admits_receipt"),
    ("Wanneer is het pakket aangekomen?", "admits_receipt"),
    ("Ik heb een e-mail met het trackingnummer ontvangen.", "admits_receipt"),
    ("Ik heb het artikel nog niet ontvangen.", "admits_receipt"),
    ("Annuleer de bestelling niet, ik wacht graag.", "asks_to_cancel"),
    ("Alles in orde, niets was beschadigd.", "complains_of_fault"),
    ("Ik zal de schoenen volgende week terugsturen.", "confirms_return"),
]
SAID_BY_SELLER = [
    ("Onze excuses, dit was onze fout.", "admits_fault"),
    ("We hebben u helaas het verkeerde artikel gestuurd.", "admits_fault"),
    ("Graag betalen wij u het volledige bedrag terug.", "offers_refund"),
    ("We kunnen u een vervangend artikel aanbieden.", "offers_replacement"),
    ("In de bijlage vindt u een gratis retourlabel.", "offers_return_label"),
    ("Stuur ons alstublieft een foto van de schade.", "asks_for_photos"),
    ("Het vervangende pakket is vandaag verzonden.", "replacement_sent"),
    ("Uw retourzending is bij ons aangekomen.", "return_received"),
]


@pytest.mark.parametrize(("words", "mark"), SAID_BY_BUYER)
def test_what_a_buyer_says_is_marked(words: str, mark: str) -> None:
    assert mark in read(mail(words, f"Bestelling {ORDER}")).marks


@pytest.mark.parametrize(("words", "mark"), NOT_SAID_BY_BUYER)
def test_what_a_buyer_does_not_say_is_not_marked(words: str, mark: str) -> None:
    assert mark not in read(mail(words, f"Bestelling {ORDER}")).marks


@pytest.mark.parametrize(("words", "mark"), SAID_BY_SELLER)
def test_what_the_seller_says_is_marked(words: str, mark: str) -> None:
    asked = mail("Hallo?", f"Bestelling {ORDER}")
    answered = mail(
        words, f"Re: Bestelling {ORDER}", sender=SELLER, to=asked.sender.email if asked.sender else ""
    )
    assert mark in read(asked, answered).marks


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Uw pakket 1Z999AA10123456784 is op 16-10-2026 bezorgd.", ShipmentStatus.DELIVERED),
        ("Uw pakket 1Z999AA10123456784 is onderweg.", ShipmentStatus.IN_TRANSIT),
        (
            "Het pakket 1Z999AA10123456784 is naar de afzender teruggestuurd.",
            ShipmentStatus.RETURNED_TO_SENDER,
        ),
        ("Het pakket 1Z999AA10123456784 is helaas verloren gegaan.", ShipmentStatus.LOST),
    ],
)
def test_a_carriers_mail_tells_where_the_parcel_is(words: str, status: ShipmentStatus) -> None:
    (parcel,) = parcels(words, "Uw pakket")
    assert parcel.status is status


def test_what_will_be_delivered_is_not_delivered() -> None:
    found = parcels("Uw pakket 1Z999AA10123456784 wordt naar verwachting morgen bezorgd.", "Uw pakket")
    assert ShipmentStatus.DELIVERED not in {one.status for one in found}


def test_amazons_refund_mail_is_read() -> None:
    text = (
        "Hallo,\n\nde terugbetaling voor bestelling 113-0196033-6384224 is uitgevoerd.\n\n"
        "Restitutiebedrag: 49,92 EUR\nRestitutiedatum: 12-10-2026\n"
    )
    (refund,) = read(
        mail(text, "Terugbetaling uitgevoerd voor bestelling 113-0196033-6384224", AMAZON)
    ).refunds
    assert str(refund.amount) == "49.92 EUR"
