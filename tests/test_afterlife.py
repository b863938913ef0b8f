"""The life of a case after its answer: silence, decisions, debits, settlements, questions, and disputes that follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from email import policy as email_policy

import pytest
from nouns import NOW, case, deadline, notice
from test_crash import NOTICE
from test_other_mail import AUTO, LATER, ORDER, Office
from world import deliver

from inbox_bot.after_steps import note_settlements, settle
from inbox_bot.app import evidence_changed, ingest, tick
from inbox_bot.core import events as happened
from inbox_bot.core import planner
from inbox_bot.core.afterlife import Lapse
from inbox_bot.core.case import Case, Status
from inbox_bot.core.ending import (
    Ending,
    SettlementPeriod,
    covered,
    ending_of,
    read_postings,
    readings_of,
    share_postings,
)
from inbox_bot.core.kinship import bursts, buyer_mark
from inbox_bot.core.model import Destination, Mode, Money
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Posting, PostingKind, Provenance

DECISION = """From: cb-seller-query@amazon.com
To: orders@seller.example
Subject: {order}, Amazon.com Chargeback Dispute Funding Decision
Date: Mon, 16 Nov 2026 09:00:00 +0000
Message-ID: <decision.{number}@mail.example>

Order number: {order}
Chargeback amount: 10.50 USD

{words}
"""
AGAINST = "The card issuer has decided for the cardholder. We have debited the amount from your account."
FOR = "The dispute was resolved in your favor. You keep the funds, and nothing was debited from your account."
QUESTION = """From: cb-seller-notification@amazon.com
To: orders@seller.example
Subject: More information needed: chargeback on order {order}
Date: Thu, 15 Oct 2026 09:30:00 +0000
Message-ID: <question.1@mail.example>
In-Reply-To: <notice.1@mail.example>

Order number: {order}

The card issuer asks for more information. Please send us the signature of the recipient within 5 days.
"""
ATOZ = """From: Amazon <atoz-guarantee-no-reply@amazon.com>
To: orders@seller.example
Subject: A-to-z Guarantee claim on order {order}
Date: Tue, 06 Oct 2026 09:30:00 +0000
Message-ID: <atoz.1@mail.example>

A buyer filed an A-to-z Guarantee claim for order {order}. Please respond within 3 days.
"""
DAYS_90 = timedelta(days=90)


@pytest.fixture
def office():
    made = Office()
    assert made.case.status is Status.ANSWERED
    yield made
    made.store.close()


def decision(words: str, number: int = 1, order: str = ORDER) -> bytes:
    return DECISION.format(order=order, words=words, number=number).encode()


# Silence


def test_a_win_is_presumed_after_ninety_days_and_never_before(office):
    answered_at = office.case.answered_at
    for days in range(1, 90):
        tick(office.desk, answered_at + timedelta(days=days))
        assert ending_of(office.case) is None
    tick(office.desk, answered_at + DAYS_90 - timedelta(seconds=1))
    assert office.case.status is Status.ANSWERED
    tick(office.desk, answered_at + DAYS_90)
    assert ending_of(office.case) is Ending.PRESUMED_WON
    assert office.case.status is Status.CLOSED


def test_the_days_are_the_sellers_to_choose():
    office = Office(replace(AUTO, presume_won_days=120))
    tick(office.desk, office.case.answered_at + DAYS_90)
    assert ending_of(office.case) is None
    tick(office.desk, office.case.answered_at + timedelta(days=120))
    assert ending_of(office.case) is Ending.PRESUMED_WON
    office.store.close()


def test_both_readings_of_the_page_are_known_and_the_later_one_counts():
    answered = case(happened.AnsweredElsewhere("by hand", None), at=NOW + timedelta(days=3))
    readings = readings_of(answered, 90)
    assert readings.earlier_at == NOW + DAYS_90
    assert readings.later_at == NOW + timedelta(days=93)
    assert planner.next_step(answered, AUTO, readings.earlier_at) == planner.Wait(readings.later_at)
    assert planner.next_step(answered, AUTO, readings.later_at) == Lapse()


def test_silence_without_an_answer_is_no_win():
    silent = case(happened.DisputeLapsed(90), at=NOW + timedelta(days=100))
    assert ending_of(silent) is Ending.UNANSWERED


def test_a_refund_ends_as_a_refund_whatever_the_silence():
    refunded = case(happened.RefundConfirmed("R-1"), happened.AnsweredElsewhere("by hand", None))
    assert ending_of(refunded) is Ending.REFUNDED
    assert ending_of(replace(refunded, lapsed_at=NOW + DAYS_90)) is Ending.REFUNDED


def test_a_stranger_has_no_ending():
    assert ending_of(case(happened.DisputeLapsed(90), notice=notice(trusted=False))) is None


# Decisions


@pytest.mark.parametrize(
    ("words", "outcome", "said"),
    [(AGAINST, Ending.DEBITED, "debited (10.50 USD)"), (FOR, Ending.IN_FAVOUR, "in your favour (10.50 USD)")],
)
def test_a_decision_closes_the_case_and_is_told_once(office, words, outcome, said):
    office.work(LATER, decision(words))
    assert office.case.status is Status.CLOSED
    assert ending_of(office.case) is outcome
    for hours in range(5):
        tick(office.desk, LATER + timedelta(hours=hours))
    assert sum(said in one.text for one in office.told) == 1


def test_a_decision_after_a_presumed_win_still_counts(office):
    late = office.case.answered_at + timedelta(days=91)
    tick(office.desk, late)
    assert ending_of(office.case) is Ending.PRESUMED_WON
    office.work(late + timedelta(days=20), decision(AGAINST))
    assert ending_of(office.case) is Ending.DEBITED
    assert len(office.store.cases()) == 1


def test_a_decision_without_a_notice_is_an_alarm_that_names_where_the_notice_lies():
    office = Office()
    other = "113-0000002-1234567"
    missed = NOTICE.format(order=other, number=77, amount="10.50").encode()
    office.world.mails = [*office.mails, decision(AGAINST, 2, other)]
    deliver(office.desk, office.world, office.world.mails, LATER)
    ingest(office.desk, LATER)
    office.world.mails = [*office.world.mails, missed]  # it stands in a folder that nobody watches
    tick(office.desk, LATER)
    told = [one for one in office.told if one.name == "decision without notice"]
    assert len(told) == 1
    assert "Junk" in told[0].text
    assert office.store.case(other).case.missed_notice_looked_for
    tick(office.desk, LATER + timedelta(hours=3))
    assert len([one for one in office.told if one.name == "decision without notice"]) == 1
    office.store.close()


def test_a_decision_without_a_notice_says_so_when_there_is_none_anywhere():
    office = Office()
    office.work(LATER, decision(AGAINST, 2, "113-0000003-1234567"))
    (told,) = [one for one in office.told if one.name == "decision without notice"]
    assert "in no folder" in told.text
    office.store.close()


# A debit that may be an error


def test_a_debit_is_contested_only_with_something_new(office):
    office.work(LATER, decision(AGAINST))
    assert office.case.status is Status.CLOSED
    assert len(office.world.accepted) == 1
    assert any("nothing is on record that your answer did not hold" in one.text for one in office.told)


def test_what_the_answer_did_not_hold_makes_a_draft_to_the_one_who_decided_and_never_more_than_a_draft():
    office = Office()
    # The carrier's word came after the answer: a parcel of a replacement that was signed for.
    office.store.save_records("shop", (replacement(),))
    office.work(LATER, decision(AGAINST))
    case_now = office.case
    assert case_now.status is Status.DRAFTED
    assert len(office.world.accepted) == 1, "a debit is contested by a person, also in mode auto"
    draft = office.world.drafts[-1]
    assert draft.recipient == "cb-seller-query@amazon.com"
    text = plain(draft.raw_bytes)
    assert "this debit is an error" in text
    assert "1Z999AA10199999999" in text.split("On record")[0]
    assert "1Z999AA10123456701" not in text.split("Ship Date")[0], "what was told before is not told as new"
    assert any("the chance is small" in one.text for one in office.told)
    for days in range(1, 80):
        tick(office.desk, LATER + timedelta(days=days))
    assert len(office.world.accepted) == 1
    assert ending_of(office.case) is Ending.DEBITED
    tick(office.desk, LATER + timedelta(days=200))
    assert office.case.status is Status.CLOSED
    assert ending_of(office.case) is Ending.DEBITED
    office.store.close()


def test_proof_that_comes_after_the_debit_is_weighed_when_it_comes(office):
    office.work(LATER, decision(AGAINST))
    assert office.case.status is Status.CLOSED
    office.store.save_records("shop", (replacement(),))
    assert evidence_changed(office.store, "shop", (ORDER,), "a report was imported", LATER) == (ORDER,)
    tick(office.desk, LATER)
    assert office.case.status is Status.DRAFTED
    assert len(office.world.accepted) == 1


def replacement() -> OrderRecord:
    from nouns import shipment

    parcel = shipment(
        order_id=ORDER,
        tracking_id="1Z999AA10199999999",
        replacement=True,
        signed_by="A Buyer",
        shipped_on=date(2026, 9, 10),
        delivered_on=date(2026, 9, 12),
        source="a report",
    )
    provenance = (Provenance("a report", Origin.REPORT, NOW),)
    return OrderRecord("test", Dossier(ORDER, shipments=(parcel,), provenance=provenance))


def plain(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=email_policy.default)
    return message.get_body(("plain",)).get_content()


# Questions


def test_a_question_gets_an_answer_of_its_own_with_what_is_asked_and_what_is_new():
    office = Office()
    office.store.save_records("shop", (replacement(),))
    office.work(NOW + timedelta(days=10), QUESTION.format(order=ORDER).encode())
    assert len(office.store.cases()) == 1
    assert office.case.deadline.due_by == datetime(2026, 10, 20, 9, 30, tzinfo=UTC)
    text = plain(office.world.accepted[-1].raw_bytes)
    assert len(office.world.accepted) == 2
    assert "Signature:" in text
    assert "New since our answer of 2026-10-05" in text
    assert "1Z999AA10199999999" in text
    office.store.close()


def test_a_question_after_a_presumed_win_opens_the_case_again(office):
    late = office.case.answered_at + timedelta(days=91)
    tick(office.desk, late)
    question = QUESTION.format(order=ORDER).replace("In-Reply-To: <notice.1@mail.example>\n", "")
    office.work(late + timedelta(days=1), question.encode())
    assert len(office.store.cases()) == 1
    assert ending_of(office.case) is None


# Disputes that follow


def test_another_amount_on_the_same_order_is_another_dispute(office):
    office.work(LATER, NOTICE.format(order=ORDER, number=2, amount="99.00").encode())
    assert sorted(record.case.case_id for record in office.store.cases()) == [ORDER, f"{ORDER}-2"]
    assert office.store.case(f"{ORDER}-2").case.deadline.due_by is not None


def test_the_same_notice_again_is_no_second_dispute(office):
    again = NOTICE.format(order=ORDER, number=2, amount="10.50").replace("05 Oct 2026", "08 Oct 2026")
    office.work(NOW + timedelta(days=3), again.encode())
    assert len(office.store.cases()) == 1


def test_the_same_amount_after_the_first_clock_ran_out_is_a_second_dispute_with_a_clock(office):
    again = NOTICE.format(order=ORDER, number=2, amount="10.50").replace("05 Oct 2026", "20 Oct 2026")
    office.work(NOW + timedelta(days=15), again.encode())
    second = office.store.case(f"{ORDER}-2").case
    assert second.deadline.due_by == datetime(2026, 10, 27, 9, 30, tzinfo=UTC)


def test_an_a_to_z_claim_is_shown_with_the_case_and_not_answered(office):
    office.work(LATER, ATOZ.format(order=ORDER).encode())
    assert [one.what for one in office.case.related] == ["an A-to-z claim"]
    assert len(office.world.accepted) == 1
    assert sum("A-to-z" in one.text for one in office.told) == 1


# Bursts


def test_several_notices_of_one_buyer_in_two_weeks_are_a_group():
    home = Destination(lines=("Pat Example", "12 Any Street"), postal_code="78701")
    mark = buyer_mark("shop", home)
    near = [one_of(f"c{number}", NOW + timedelta(days=4 * number), mark) for number in range(3)]
    late = one_of("late", NOW + timedelta(days=60), mark)
    alone = one_of("alone", NOW, buyer_mark("shop", replace(home, postal_code="10001")))
    found = bursts([late, alone, *near])
    assert set(found) == {"c0", "c1", "c2"}
    assert [one.case_id for one in found["c1"]] == ["c0", "c1", "c2"]


def test_a_buyers_mark_says_nothing_about_the_buyer_and_is_of_one_account_only():
    home = Destination(lines=("Pat Example", "12 Any Street"), postal_code="78701")
    assert buyer_mark("shop", home) == buyer_mark(
        "shop", replace(home, lines=("PAT EXAMPLE", "12, Any Street"))
    )
    assert buyer_mark("shop", home) != buyer_mark("other", home)
    assert len(buyer_mark("shop", home)) == 6
    assert buyer_mark("shop", Destination(postal_code="78701")) == ""


def one_of(case_id: str, at: datetime, mark: str) -> Case:
    made = case(notice=notice(received_at=at, buyer_mark=mark), deadline=deadline())
    return replace(made, case_id=case_id)


# Settlements


def posting(amount: str, on: date | None = date(2026, 10, 20), reference: str = "S1") -> Posting:
    money = Money(Decimal(amount), "USD")
    return Posting(ORDER, PostingKind.CHARGEBACK, money, on, reference, "settlement.txt")


def keep(office, *postings: Posting) -> None:
    provenance = (Provenance("settlement.txt", Origin.REPORT, NOW),)
    record = OrderRecord("settlement S1", Dossier(ORDER, postings=postings, provenance=provenance))
    office.store.save_records("shop", (record,))


def test_a_settlement_shows_the_debit_that_no_mail_told_of(office):
    keep(office, posting("-10.50"))
    assert settle(office.store, "shop", LATER) == (ORDER,)
    assert ending_of(office.case) is Ending.DEBITED
    assert office.case.settled.amount == Money(Decimal("-10.50"), "USD")
    tick(office.desk, LATER)
    assert any("no decision of Amazon's was seen" in one.text for one in office.told)
    assert settle(office.store, "shop", LATER) == ()


def test_money_that_came_back_is_kept_whatever_was_written(office):
    office.work(LATER, decision(AGAINST))
    keep(office, posting("-10.50"), posting("10.50", date(2026, 11, 20)))
    settle(office.store, "shop", LATER)
    assert ending_of(office.case) is Ending.CONFIRMED_KEPT


def test_silence_is_confirmed_by_settlements_that_cover_every_day_of_it(office):
    late = office.case.answered_at + DAYS_90
    tick(office.desk, late)
    first = SettlementPeriod("S1", date(2026, 10, 1), date(2026, 11, 15))
    gap = SettlementPeriod("S2", date(2026, 11, 17), date(2027, 2, 1))
    note_settlements(office.store, "shop", [first, gap], late)
    settle(office.store, "shop", late)
    assert ending_of(office.case) is Ending.PRESUMED_WON, "a day is missing"
    note_settlements(
        office.store, "shop", [SettlementPeriod("S3", date(2026, 11, 16), date(2026, 11, 16))], late
    )
    note_settlements(office.store, "shop", [first], late)
    settle(office.store, "shop", late)
    assert ending_of(office.case) is Ending.CONFIRMED_KEPT


def test_settlements_that_were_there_before_confirm_at_once(office):
    note_settlements(
        office.store, "shop", [SettlementPeriod("S1", date(2026, 9, 1), date(2027, 3, 1))], LATER
    )
    settle(office.store, "shop", LATER)
    assert ending_of(office.case) is None, "the dispute is not over yet"
    tick(office.desk, office.case.answered_at + DAYS_90)
    assert ending_of(office.case) is Ending.CONFIRMED_KEPT


def test_a_debit_before_the_cutoff_does_not_stop_the_work_on_an_unanswered_case():
    office = Office(replace(AUTO, mode=Mode.APPROVE))
    keep(office, posting("-10.50", date(2026, 10, 6)))
    settle(office.store, "shop", LATER)
    assert office.case.closed_at is None
    office.store.close()


def test_postings_of_two_disputes_on_one_order_go_to_the_right_one():
    first = replace(case(notice=notice(amount=Money(Decimal(10), "USD"))), case_id="one")
    second_notice = notice(amount=Money(Decimal(99), "USD"), received_at=NOW + timedelta(days=10))
    second = replace(case(notice=second_notice), case_id="two")
    ten, ninety_nine = posting("-10", date(2026, 10, 25)), posting("-99", date(2026, 10, 25))
    assert share_postings([first, second], [ninety_nine, ten]) == {"one": (ten,), "two": (ninety_nine,)}
    early = posting("-33", date(2026, 10, 6))
    assert share_postings([first, second], [early]) == {"one": (early,)}
    assert share_postings([first, second], [posting("-33", date(2026, 9, 1))]) == {}


def test_no_posting_says_nothing():
    assert read_postings(()) is None
    assert not covered((), date(2026, 1, 1), date(2026, 1, 1))


def test_the_case_waits_for_the_end_of_the_silence(office):
    assert office.store.next_wake("shop") == office.case.answered_at + DAYS_90
