"""Promises of the Dutch letters: they say what is on record, and a false word in one is seen."""

from __future__ import annotations

import letters
import pytest

FALSE = [
    ("delivered", "2026-09-04", "2026-09-05"),
    ("delivered", "Verzenddatum: 2026-09-01", "Verzenddatum: 2026-09-04"),
    ("delivered", "Verzenddatum: 2026-09-01", "Verzenddatum: niet vastgelegd"),
    ("delivered", "bezorgd op 2026-09-04", "bezorgd op 3 september 2026"),
    ("delivered", "bezorgd op 2026-09-04", "bezorgd op 04-10-2026"),
    ("delivered", "1Z999AA10123456784", "1Z999AA10123456748"),
    ("delivered", "in Austin 78701", "in Houston 78701"),
    ("delivered", "Bezorgadres volgens de bestelling: Austin", "Bezorgadres volgens de bestelling: Dallas"),
    ("delivered", "getekend door P. DOE", "getekend door J. SMITH"),
    ("delivered", "Verzendmethode (vervoerder): UPS", "Verzendmethode (vervoerder): DHL"),
    ("delivered", "Verzendsnelheid: Ground", "Verzendsnelheid: Overnight"),
    ("delivered", "108.84 USD", "108,48 USD"),
    ("delivered", "Besteldatum: 2026-08-30", "Besteldatum: 2026-08-20"),
    ("delivered", "[Bijlage 1]", "[Bijlage 9]"),
    ("delivered", "2 berichten", "5 berichten"),
    ("delivered", "1 x Blue Mug (Large)", "3 x Blue Mug (Large)"),
    ("delivered", ", koper: ", ", verkoper: "),
    ("delivered", "It arrived, thank you.", "I never ordered this, thank you."),
    ("delivered", "een terugbetaling is niet vastgelegd", "een terugbetaling is uitgevoerd"),
    ("delivered", "", "Wij hebben de koper het volledige bedrag terugbetaald."),
    ("delivered", "", "Wij hebben het geld aan de klant teruggestort."),
    ("delivered", "", "De koopprijs is aan de koper gecrediteerd."),
    ("delivered", "", "De koper vroeg om annulering van de bestelling."),
    ("delivered", "", "De koper heeft de bestelling geannuleerd."),
    ("delivered", "", "Wij hebben de koper een vervangend artikel gestuurd."),
    ("delivered", "", "Het pakket is nooit bezorgd."),
    ("delivered", "", "De koper heeft het artikel teruggestuurd en wij hebben de retour ontvangen."),
    ("delivered", "", "Wij hebben de koper een terugbetaling aangeboden."),
    ("delivered", "", "Er is geen correspondentie met de koper."),
    ("delivered", "", "De koper heeft ons nooit geschreven."),
    ("delivered", "", "Getekend door: Maria Lopez"),
    ("delivered", "", "Vervoerder: PostNL"),
    ("delivered", "", "Het pakket is tijdens het transport verloren gegaan."),
    ("delivered", "", "Het pakket is naar de afzender teruggestuurd."),
    ("delivered", "", 'De koper schreef: "I have the mug and I am very happy with it".'),
    ("transit", "onderweg; een bezorgscan is niet vastgelegd", "bezorgd"),
    ("transit", "", "Het pakket is bij de koper bezorgd."),
    ("transit", "", "DHL heeft de zending afgeleverd."),
    ("transit", "", "De goederen zijn bij de klant aangekomen."),
    ("transit", "", "De koper heeft het pakket ontvangen."),
    ("transit", "", "De ontvanger heeft getekend."),
    ("transit", "", "Het pakket is tegen handtekening afgegeven."),
    ("transit", "", "De koper bevestigde de ontvangst van het artikel."),
    ("never", "", "Wij hebben de bestelling op 2026-09-01 verzonden."),
    ("never", "", "De goederen zijn meteen verstuurd."),
    ("refunded", "20.00 USD op 2026-09-20", "20.00 USD op 2026-09-21"),
    ("refunded", "20.00 USD op 2026-09-20", "108.84 USD op 2026-09-20"),
    ("refunded", "referentie R-778812", "referentie R-778821"),
    ("refunded", "ontvangen op 2026-09-16", "ontvangen op 2026-09-10"),
    ("refunded", "", "Er is geen terugbetaling gedaan."),
    ("refunded", "", "De bestelling is volledig terugbetaald."),
    ("refunded", "", "Een retour van het artikel is niet vastgelegd."),
]

TRUE = [
    ("delivered", "Verzenddatum: 2026-09-01", "Verzenddatum: 1 september 2026"),
    ("delivered", "bezorgd op 2026-09-04", "bezorgd op 04-09-2026"),
    ("delivered", "bezorgd op 2026-09-04", "bezorgd op vrijdag 4 september 2026"),
    ("delivered", "108.84 USD", "108,84 USD"),
    (
        "delivered",
        "Met vriendelijke groet,",
        "Met vriendelijke groet,\nJo Voorbeeld\nTelefoon: +31 20 5550123\n",
    ),
    ("delivered", "", "Wij stellen een antwoord binnen 7 dagen zeer op prijs."),
    ("delivered", "", "Wij hebben het op 1 september 2026 verzonden; UPS heeft het op 4 september bezorgd."),
    ("delivered", "", "De koper beweert dat het pakket niet is bezorgd."),
    ("delivered", "", "Als de koper het artikel terugstuurt, betalen wij het bedrag direct terug."),
    ("delivered", "", "Wij hebben niets terugbetaald."),
    ("delivered", "", "Er is geen twijfel dat het pakket is bezorgd."),
    ("delivered", "", 'Op 15 september 2026 schreef de koper: "It arrived, thank you."'),
    ("delivered", "", "De koper heeft niet om annulering gevraagd en geen terugbetaling geëist."),
    ("transit", "", "Het pakket is nog niet bezorgd; volgens UPS is het onderweg."),
    ("transit", "", "Wij hebben geen handtekening."),
    ("refunded", "", "Wij hebben op 20 september 2026 20,00 USD terugbetaald."),
    ("refunded", "", "De retourzending is op 16 september 2026 door ons ontvangen."),
]


def test_the_bundled_letters_say_what_is_on_record() -> None:
    assert letters.flawed_records("nl") == []


def test_the_bundled_letters_about_the_worked_cases_have_no_flaw() -> None:
    assert letters.flawed_cases("nl") == ()


@pytest.mark.parametrize(("case", "words", "instead"), FALSE)
def test_a_false_word_is_seen(case: str, words: str, instead: str) -> None:
    assert letters.after_edit("nl", case, words, instead)


@pytest.mark.parametrize(("case", "words", "instead"), TRUE)
def test_an_honest_edit_raises_nothing(case: str, words: str, instead: str) -> None:
    assert letters.after_edit("nl", case, words, instead) == ()
