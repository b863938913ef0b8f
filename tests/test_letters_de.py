"""Promises of the German letters: they say what is on record, and a false word in one is seen."""

from __future__ import annotations

import letters
import pytest

FALSE = [
    ("delivered", "2026-09-04", "2026-09-05"),
    ("delivered", "Versanddatum: 2026-09-01", "Versanddatum: 2026-09-04"),
    ("delivered", "Versanddatum: 2026-09-01", "Versanddatum: nicht dokumentiert"),
    ("delivered", "zugestellt am 2026-09-04", "zugestellt am 3. September 2026"),
    ("delivered", "zugestellt am 2026-09-04", "zugestellt am 04.10.2026"),
    ("delivered", "1Z999AA10123456784", "1Z999AA10123456748"),
    ("delivered", "in Austin 78701", "in Houston 78701"),
    ("delivered", "Lieferadresse laut Bestellung: Austin", "Lieferadresse laut Bestellung: Dallas"),
    ("delivered", "quittiert von P. DOE", "quittiert von J. SMITH"),
    ("delivered", "Versandart (Versanddienst): UPS", "Versandart (Versanddienst): DHL"),
    ("delivered", "Versandgeschwindigkeit: Ground", "Versandgeschwindigkeit: Overnight"),
    ("delivered", "108.84 USD", "108,48 USD"),
    ("delivered", "Bestelldatum: 2026-08-30", "Bestelldatum: 2026-08-20"),
    ("delivered", "[Anlage 1]", "[Anlage 9]"),
    ("delivered", "2 Nachrichten", "5 Nachrichten"),
    ("delivered", "1 x Blue Mug (Large)", "3 x Blue Mug (Large)"),
    ("delivered", ", Käufer: ", ", Verkäufer: "),
    ("delivered", "It arrived, thank you.", "I never ordered this, thank you."),
    ("delivered", "eine Erstattung ist nicht dokumentiert", "eine Erstattung wurde veranlasst"),
    ("delivered", "", "Wir haben dem Käufer den Betrag vollständig erstattet."),
    ("delivered", "", "Wir haben dem Kunden das Geld zurückgezahlt."),
    ("delivered", "", "Der Kaufpreis wurde dem Käufer gutgeschrieben."),
    ("delivered", "", "Der Käufer bat um Stornierung der Bestellung."),
    ("delivered", "", "Der Käufer hat die Bestellung storniert."),
    ("delivered", "", "Wir haben dem Käufer eine Ersatzlieferung geschickt."),
    ("delivered", "", "Das Paket wurde nie zugestellt."),
    (
        "delivered",
        "",
        "Der Käufer hat den Artikel zurückgeschickt, und die Rücksendung ist bei uns eingegangen.",
    ),
    ("delivered", "", "Der Käufer hat den Artikel zurückgeschickt und wir haben die Rücksendung erhalten."),
    ("delivered", "", "Wir haben dem Käufer eine Erstattung angeboten."),
    ("delivered", "", "Es gibt keine Korrespondenz mit dem Käufer."),
    ("delivered", "", "Der Käufer hat uns nie geschrieben."),
    ("delivered", "", "Quittiert von: Maria Lopez"),
    ("delivered", "", "Versanddienst: Hermes"),
    ("delivered", "", "Das Paket ging auf dem Transport verloren."),
    ("delivered", "", "Das Paket wurde an den Absender zurückgeschickt."),
    ("delivered", "", 'Der Käufer schrieb: "I have the mug and I am very happy with it".'),
    ("transit", "unterwegs; ein Zustellscan ist nicht dokumentiert", "zugestellt"),
    ("transit", "", "Das Paket wurde dem Käufer zugestellt."),
    ("transit", "", "DHL hat die Sendung ausgeliefert."),
    ("transit", "", "Die Ware ist beim Kunden angekommen."),
    ("transit", "", "Der Käufer hat das Paket erhalten."),
    ("transit", "", "Der Empfänger hat unterschrieben."),
    ("transit", "", "Der Empfang wurde mit Unterschrift bestätigt."),
    ("transit", "", "Der Käufer bestätigte den Erhalt der Ware."),
    ("never", "", "Wir haben die Bestellung am 2026-09-01 versandt."),
    ("never", "", "Die Ware wurde umgehend verschickt."),
    ("refunded", "20.00 USD am 2026-09-20", "20.00 USD am 2026-09-21"),
    ("refunded", "20.00 USD am 2026-09-20", "108.84 USD am 2026-09-20"),
    ("refunded", "Referenz R-778812", "Referenz R-778821"),
    ("refunded", "eingegangen am 2026-09-16", "eingegangen am 2026-09-10"),
    ("refunded", "", "Eine Erstattung ist nicht erfolgt."),
    ("refunded", "", "Die Bestellung wurde vollständig erstattet."),
    ("refunded", "", "Eine Rücksendung des Artikels ist nicht dokumentiert."),
]

TRUE = [
    ("delivered", "Versanddatum: 2026-09-01", "Versanddatum: 1. September 2026"),
    ("delivered", "zugestellt am 2026-09-04", "zugestellt am 04.09.2026"),
    ("delivered", "zugestellt am 2026-09-04", "zugestellt am Freitag, den 4. September 2026"),
    ("delivered", "108.84 USD", "108,84 USD"),
    (
        "delivered",
        "Mit freundlichen Grüßen",
        "Mit freundlichen Grüßen\nJo Beispiel\nTelefon: +49 221 5550123\n",
    ),
    ("delivered", "", "Wir wären Ihnen für eine Antwort innerhalb von 7 Tagen dankbar."),
    (
        "delivered",
        "",
        "Wir haben die Ware am 1. September 2026 versandt; UPS hat sie am 4. September zugestellt.",
    ),
    ("delivered", "", "Der Käufer behauptet, das Paket sei nicht zugestellt worden."),
    ("delivered", "", "Falls der Käufer den Artikel zurückschickt, erstatten wir den Betrag umgehend."),
    ("delivered", "", "Eine Erstattung haben wir nicht vorgenommen."),
    ("delivered", "", "Es besteht kein Zweifel, dass das Paket zugestellt wurde."),
    ("delivered", "", 'Am 15. September 2026 schrieb der Käufer: "It arrived, thank you."'),
    ("delivered", "", "Der Käufer hat weder um Stornierung gebeten noch eine Erstattung verlangt."),
    ("transit", "", "Das Paket wurde noch nicht zugestellt; laut UPS ist es unterwegs."),
    ("transit", "", "Eine Unterschrift liegt uns nicht vor."),
    ("refunded", "", "Wir haben am 20. September 2026 20,00 USD erstattet."),
    ("refunded", "", "Die Rücksendung ist am 16. September 2026 bei uns eingegangen."),
]


def test_the_bundled_letters_say_what_is_on_record() -> None:
    assert letters.flawed_records("de") == []


def test_the_bundled_letters_about_the_worked_cases_have_no_flaw() -> None:
    assert letters.flawed_cases("de") == ()


@pytest.mark.parametrize(("case", "words", "instead"), FALSE)
def test_a_false_word_is_seen(case: str, words: str, instead: str) -> None:
    assert letters.after_edit("de", case, words, instead)


@pytest.mark.parametrize(("case", "words", "instead"), TRUE)
def test_an_honest_edit_raises_nothing(case: str, words: str, instead: str) -> None:
    assert letters.after_edit("de", case, words, instead) == ()
