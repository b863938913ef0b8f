"""Promises of the letters in eight more languages: they say what is on record, and a false word in one is seen."""

from __future__ import annotations

import letters
import pytest

LANGUAGES = ("fr", "it", "es", "pt", "sv", "pl", "tr", "ja")
DELIVERED = {
    "fr": "Le transporteur a livré le colis.",
    "it": "Il corriere ha consegnato il pacco.",
    "es": "El transportista entregó el paquete.",
    "pt": "A transportadora entregou o pacote.",
    "sv": "Transportören levererade paketet.",
    "pl": "Przewoźnik doręczył paczkę.",
    "tr": "Kargo firması paketi teslim etti.",
    "ja": "配送業者が配達しました。",
}
REFUNDED = {
    "fr": "La commande a été remboursée.",
    "it": "L'ordine è stato rimborsato.",
    "es": "El pedido fue reembolsado.",
    "pt": "O pedido foi reembolsado.",
    "sv": "Beställningen har återbetalats.",
    "pl": "Zamówienie zostało zwrócone.",
    "tr": "Siparişin bedeli iade edildi.",
    "ja": "この注文は返金済みです。",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_says_what_is_on_record_and_leaves_nothing_of_weight_out(language: str) -> None:
    assert letters.flawed_records(language) == []
    assert letters.flawed_cases(language) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_delivery_and_a_refund_that_never_were_are_seen(language: str) -> None:
    assert letters.after_edit(language, "transit", "", DELIVERED[language])
    assert letters.after_edit(language, "delivered", "", REFUNDED[language])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("2026-09-04", "2026-09-05"),
        ("1Z999AA10123456784", "1Z999AA10123456748"),
        ("108.84 USD", "108.48 USD"),
        ("It arrived, thank you.", "I never ordered this, thank you."),
    ],
)
def test_a_false_value_is_seen(language: str, words: str, instead: str) -> None:
    assert letters.after_edit(language, "delivered", words, instead)
