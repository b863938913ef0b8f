"""Unknown wording never fails silently: a case with a clock, and one alarm that says what was read and what was not."""

from __future__ import annotations

import pytest
from test_other_mail import LATER, Office

from inbox_bot.core.drift import UNKNOWN_WORDING

STRANGE = """From: Amazon <cb-seller-notification@amazon.com>
To: orders@seller.example
Subject: Regarding your account
Date: Mon, 05 Oct 2026 10:30:00 +0000
Message-ID: <strange.1@mail.example>

{text}
"""


@pytest.fixture
def office():
    made = Office()
    made.told.clear()
    yield made
    made.store.close()


def told_of(office: Office, text: str, *, trust: str = "all") -> list[str]:
    office.mails.append(STRANGE.format(text=text).encode())
    office.work(LATER)
    return [one.text for one in office.told if one.name == UNKNOWN_WORDING]


def test_a_mail_nobody_can_place_is_told_with_what_was_read_and_what_was_not(office):
    (text,) = told_of(office, "Qwx zzyl 113-7654321-7654321 brrt 12.34 USD plonk.")
    assert "order 113-7654321-7654321" in text.partition("not read")[0]
    assert "what kind of mail it is" in text.partition("not read")[2]
    case = office.store.case("113-7654321-7654321").case
    assert case.deadline.due_by is not None
    assert len(office.world.accepted) == 1, "it is not answered by rule with the words of another kind"


def test_it_is_told_once(office):
    told_of(office, "Qwx zzyl 113-7654321-7654321 brrt.")
    for _ in range(3):
        office.work(LATER)
    assert len([one for one in office.told if one.name == UNKNOWN_WORDING]) == 1


def test_a_known_wording_is_no_drift(office):
    text = (
        "We have received a chargeback dispute involving a transaction for 10.50 USD.\n"
        "Order number: 113-7654321-7654321\nThe parcel was never received. Please answer within 7 days.\n"
    )
    assert told_of(office, text) == []


def test_a_known_wording_without_an_order_is_told(office):
    (text,) = told_of(
        office, "There is a chargeback dispute. The buyer says that the parcel was never received."
    )
    assert "the order number" in text.partition("not read")[2]


def test_a_decision_whose_outcome_cannot_be_read_is_told(office):
    raw = STRANGE.replace("Regarding your account", "Chargeback Dispute Funding Decision").format(
        text="Order number: 113-7654321-7654321\nPlonk."
    )
    office.mails.append(raw.encode())
    office.work(LATER)
    (text,) = [one.text for one in office.told if one.name == UNKNOWN_WORDING]
    assert "how it was decided" in text
