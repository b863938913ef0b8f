"""Dates, numbers of days and amounts as they are written in the languages of the marketplaces."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from inbox_bot.core.cldr import LANGUAGES, full_month_names, month_numbers
from inbox_bot.core.values import find_dates, find_day_counts, find_money

NEAR = date(2026, 10, 5)
DUE = date(2026, 10, 12)

DATES = [
    "bis spätestens 12. Oktober 2026 um 17:00 Uhr",
    "bis zum 12.10.2026",
    "bis zum 12.10.26",
    "Frist: 12. Okt. 2026",
    "au plus tard le 12 octobre 2026 à 17:00",
    "avant le lundi 12 oct. 2026",
    "entro il 12 ottobre 2026 alle 17:00",
    "entro lunedì 12 ott 2026",
    "antes del 12 de octubre de 2026",
    "a más tardar el 12 de oct. de 2026",
    "até 12 de outubro de 2026 às 17:00",
    "até o dia 12/10/2026",
    "prazo: 12 out. 2026",
    "uiterlijk 12 oktober 2026 om 17:00",
    "uiterlijk op 12-10-2026",
    "senast den 12 oktober 2026 kl. 17:00",
    "senast den 12:e oktober 2026",
    "senast 2026-10-12",
    "do 12 października 2026 r.",
    "do dnia 12.10.2026 r.",
    "do 12 paź 2026",
    "do 12 pazdziernika 2026",
    "12 Ekim 2026 tarihine kadar",
    "12 Ekim 2026'ya kadar",
    "en geç 12.10.2026 saat 17:00",
    "2026年10月12日までに",
    "2026/10/12（月）までに",
    "令和8年10月12日まで",
    "in by 12 October",
    "bis 12. Oktober",
    "le 12 octobre",
    "do 12 października",
    "12 Ekim'e kadar",
]


@pytest.mark.parametrize("text", DATES)
def test_a_day_is_read_in_every_language(text: str) -> None:
    assert [one.on for one in find_dates(text, near=NEAR)] == [DUE]


@pytest.mark.parametrize(
    "text", ["12 out of 20", "version 1.2.3", "IP 10.10.26.1", "3 ago", "about 12 sets in 2026"]
)
def test_what_only_looks_like_a_day_is_none(text: str) -> None:
    assert find_dates(text, near=NEAR) == ()


def test_no_name_of_a_month_means_two_months_in_two_languages() -> None:
    for language in LANGUAGES[:-2]:
        for name, number in month_numbers(language).items():
            assert month_numbers()[name] == number, (language, name)
    assert {month_numbers()[name] for name in full_month_names()} == set(range(1, 13))


COUNTS = [
    ("innerhalb von sieben (7) Kalendertagen", 7),
    ("binnen 7 Werktagen", 7),
    ("innerhalb einer Woche", 7),
    ("48 Stunden Zeit", 2),
    ("sous sept jours calendaires", 7),
    ("dans un délai de 7 jours ouvrés", 7),
    ("dans les 48 heures", 2),
    ("entro sette giorni di calendario", 7),
    ("entro 72 ore", 3),
    ("en un plazo de siete (7) días naturales", 7),
    ("en el plazo de una semana", 7),
    ("no prazo de sete dias corridos", 7),
    ("em até 48 horas", 2),
    ("binnen zeven kalenderdagen", 7),
    ("binnen 2 weken", 14),
    ("inom sju kalenderdagar", 7),
    ("inom 48 timmar", 2),
    ("w ciągu siedmiu (7) dni kalendarzowych", 7),
    ("w terminie 7 kolejnych dni", 7),
    ("w ciągu tygodnia lub 10 dni", 10),
    ("yedi (7) takvim günü içinde", 7),
    ("7 gün içinde", 7),
    ("48 saat içinde", 2),
    ("7日以内にご返信ください", 7),
    ("7日間", 7),
    ("5営業日以内", 5),
    ("2週間以内", 14),
]


@pytest.mark.parametrize(("text", "days"), COUNTS)
def test_a_number_of_days_is_read_in_every_language(text: str, days: int) -> None:
    assert [one.days for one in find_day_counts(text)] == [days]


@pytest.mark.parametrize(
    "text", ["on days when it rains", "Ein Tag", "en dag", "am 7. Tage", "0 Tage", "1.7 jours"]
)
def test_what_only_looks_like_a_number_of_days_is_none(text: str) -> None:
    assert find_day_counts(text) == ()


AMOUNTS = [
    ("1.234,56 €", "1234.56", "EUR"),
    ("1.234,56 Euro", "1234.56", "EUR"),
    ("EUR 89,90", "89.90", "EUR"),
    ("89,90 US-Dollar", "89.90", "USD"),
    ("1 234,56 €", "1234.56", "EUR"),
    ("45,00 dollars américains", "45.00", "USD"),
    ("150 dólares estadounidenses", "150", "USD"),
    ("R$ 1.234,56", "1234.56", "BRL"),
    ("1.234,56 reais", "1234.56", "BRL"),
    ("1 234,56 kr", "1234.56", "SEK"),
    ("499 kronor", "499", "SEK"),
    ("499 svenska kronor", "499", "SEK"),
    ("1 234,56 zł", "1234.56", "PLN"),
    ("89,99 złotych", "89.99", "PLN"),
    ("89,99 PLN", "89.99", "PLN"),
    ("1.234,56 TL", "1234.56", "TRY"),
    ("₺1.234,56", "1234.56", "TRY"),
    ("349,90 Türk lirası", "349.90", "TRY"),
    ("￥12,800", "12800", "JPY"),
    ("12,800円", "12800", "JPY"),
    ("12,800 円（税込）", "12800", "JPY"),
    ("89.90米ドル", "89.90", "USD"),
]


@pytest.mark.parametrize(("text", "amount", "currency"), AMOUNTS)
def test_an_amount_is_read_in_every_language(text: str, amount: str, currency: str) -> None:
    found = [one.money for one in find_money(text)]
    assert [(one.amount, one.currency) for one in found] == [(Decimal(amount), currency)]
