"""What comes back after an answer: bounces, receipts, refusals, copies; each told from forgeries of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bounces import SHAPES, bounce
from nouns import POLICY, travelled
from test_crash import DELIVERED, NOTICE, SHIPPED
from world import NOW, Fuse, FusedOutside, World, deliver, desk_for

from inbox_bot.app import approve, find_case_id, ingest, tick
from inbox_bot.core.case import Case, SendState, Status
from inbox_bot.core.model import LastCall, Mode
from inbox_bot.core.trust import DkimFinding, DkimState
from inbox_bot.mail.smtp import AnswerUnknown
from inbox_bot.store.protocol import Cursor, FetchedMail
from inbox_bot.store.sqlite import SqliteStore

ORDER = "113-0000001-1234567"
AUTO = replace(POLICY, mode=Mode.AUTO, last_call=LastCall.ALWAYS, trust="all")
LATER = NOW + timedelta(hours=2)
GENUINE = NOTICE.format(order=ORDER, number=1, amount="10.50").encode()


class Office:
    """One account with a case that was answered by us."""

    def __init__(self, policy=AUTO, *, smtp_fails=(), first=GENUINE):
        self.store = SqliteStore(None)
        self.world = World(copy_to_self=False)
        self.outside = FusedOutside(self.world, Fuse())
        self.outside.smtp_fails = list(smtp_fails)
        self.told = []
        self.policy = policy
        self.desk = desk_for(policy, self.store, self.outside, self.told.append)
        self.mails = [
            SHIPPED.format(order=ORDER, number=1).encode(),
            DELIVERED.format(order=ORDER, number=1).encode(),
            first,
        ]
        self.work(NOW)

    def work(self, at, *more: bytes, policy=None):
        desk = self.desk if policy is None else replace(self.desk, policy=policy)
        self.mails += more
        deliver(desk, self.world, self.mails, at)
        ingest(desk, at)
        tick(desk, at)

    @property
    def case(self) -> Case:
        return self.store.case(find_case_id(self.store, ORDER)).case

    def names(self) -> list[str]:
        return [one.name for one in self.told]


@pytest.fixture
def office():
    made = Office()
    assert made.case.status is Status.ANSWERED, made.case
    yield made
    made.store.close()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bounce_opens_the_case_again_with_its_old_clock_and_a_person_is_told_why(office, shape):
    clock, alerts = office.case.deadline, len(office.told)
    office.work(LATER, bounce(shape, message_id=office.case.answer_id, seller=POLICY.address))
    assert office.case.status is Status.REVIEW
    assert office.case.deadline == clock
    assert office.case.answered_at is None
    assert "the answer came back" in office.names()[alerts:]
    assert any("550" in one.text or "554" in one.text for one in office.told[alerts:])
    assert len(office.world.accepted) == 1, "nothing goes out again by itself"


def test_after_a_bounce_the_same_reply_goes_out_when_a_person_approves(office):
    office.work(LATER, bounce(message_id=office.case.answer_id))
    approve(office.store, office.case.case_id, LATER)
    office.work(LATER + timedelta(minutes=1))
    assert office.case.status is Status.ANSWERED
    assert len({one.message_id for one in office.world.accepted}) == 1
    assert len(office.world.accepted) == 2


@pytest.mark.parametrize(
    "raw",
    [
        bounce(message_id="<guessed@seller.example>"),
        bounce("exim", message_id="<another@seller.example>"),
        b"From: MAILER-DAEMON@x.example\r\nMessage-ID: <z@x>\r\n\r\nfailed: 113-0000001-1234567\r\n",
    ],
)
def test_a_bounce_of_another_mail_changes_nothing(office, raw):
    office.work(LATER, raw)
    assert office.case.status is Status.ANSWERED


def test_a_bounce_of_the_notice_or_of_the_copy_or_a_delay_does_not_open_the_case(office):
    notice_id = office.case.notice.message_id
    office.work(
        LATER,
        bounce(message_id=notice_id, number=2),
        bounce(message_id=office.case.answer_id, failed=POLICY.address, number=3),
        bounce(message_id=office.case.answer_id, action="delayed", status="4.4.1", number=4),
        bounce(message_id=office.case.answer_id, action="delayed", status="4.4.1", number=5),
    )
    assert office.case.status is Status.ANSWERED
    assert office.names().count("a bounce") == 2, "the copy once, the delay once"


def amazon(text: str, number: int = 1, head: str = "") -> bytes:
    sender = "From: Amazon <cb-seller-notification@amazon.com>\n"
    named = f"To: {POLICY.address}\nSubject: Your chargeback\nMessage-ID: <a{number}@amazon.com>\n"
    return f"{sender}{named}{head}\n{text}\n".replace("\n", "\r\n").encode()


RECEIPT = f"We have received your response to the chargeback on order {ORDER}. No further action is required."


def test_amazons_receipt_is_kept_with_the_case(office):
    office.work(LATER, amazon(RECEIPT))
    assert "received your response" in office.case.receipt
    assert office.case.status is Status.ANSWERED
    assert [record.case.case_id for record in office.store.cases()] == [office.case.case_id]


def test_amazons_receipt_ends_the_doubt_about_a_reply(tmp_path):
    office = Office(smtp_fails=[AnswerUnknown("the line broke", dot_sent=True)])
    assert office.case.status is Status.UNKNOWN
    office.work(LATER, amazon(RECEIPT))
    assert office.case.status is Status.ANSWERED
    assert "Amazon wrote" in office.case.proof
    office.work(NOW + timedelta(days=6, hours=20))
    assert len(office.world.accepted) == 1
    office.store.close()


def test_a_receipt_for_an_answer_in_seller_central_stops_ours():
    office = Office(replace(AUTO, mode=Mode.APPROVE))
    assert office.case.status is Status.READY
    office.work(LATER, amazon(RECEIPT))
    assert office.case.status is Status.ANSWERED
    assert "a receipt for an answer" in office.names()
    office.work(NOW + timedelta(days=6, hours=20))
    assert office.world.accepted == []
    office.store.close()


@pytest.mark.parametrize(
    "raw",
    [
        amazon(RECEIPT).replace(
            b"cb-seller-notification@amazon.com", b"cb-seller-notification@amazon.com.example"
        ),
        amazon(f"We have not received your response for order {ORDER}. Please reply within 3 days."),
        amazon(
            f"Once we have received your response for order {ORDER}, the bank decides. Send proof of delivery."
        ),
        amazon("We have received your response to the chargeback on order 113-9999999-9999999."),
    ],
)
def test_what_is_no_receipt_for_this_case_stops_nothing(raw):
    office = Office(replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER))
    office.work(LATER, raw)
    assert office.case.answered_at is None
    office.store.close()


def test_a_receipt_that_nothing_vouches_for_stops_nothing():
    office = Office(replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER))
    gated = replace(office.policy, trust="authenticated", authserv_id="mx.seller.example")
    office.work(LATER, amazon(RECEIPT), policy=gated)
    assert office.case.answered_at is None
    office.store.close()


def test_a_refusal_in_words_opens_the_case_again(office):
    reference = f"In-Reply-To: {office.case.answer_id}\n"
    office.work(LATER, amazon(f"Your response for order {ORDER} could not be processed.", head=reference))
    assert office.case.status is Status.REVIEW
    assert "could not be processed" in office.case.blocked_because
    assert "an answer refused" in office.names()


def test_a_copy_that_comes_back_is_noted_and_is_no_new_mail_to_answer(office):
    copy = travelled(office.world.accepted[0].raw_bytes)
    office.work(LATER, copy)
    assert office.case.copy_seen
    assert office.case.send_state is SendState.SENT


GATED = replace(
    AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER, trust="authenticated", authserv_id="mx.seller.example"
)
VOUCHED = "Authentication-Results: mx.seller.example; dmarc=pass header.from=amazon.com\r\n"


def vouched(raw: bytes) -> bytes:
    """The mail as the seller's server passes it on: really of Amazon."""
    return VOUCHED.encode() + raw


def ready_office() -> Office:
    """An office whose only case is genuine and waits for a person's approval."""
    office = Office(replace(GATED, trust="all"))
    assert office.case.status is Status.READY
    return office


def test_a_genuine_receipt_in_a_gated_mailbox_stops_ours():
    office = ready_office()
    office.work(LATER, vouched(amazon(RECEIPT)), policy=GATED)
    assert office.case.status is Status.ANSWERED
    office.store.close()


def test_amazons_receipt_to_another_seller_passed_on_by_a_stranger_stops_nothing():
    """A fraudster answers a dispute of his own, naming our order, and sends us the receipt that he got."""
    office = ready_office()
    replayed = amazon(RECEIPT).replace(POLICY.address.encode(), b"fraudster@elsewhere.example")
    office.work(LATER, vouched(replayed), policy=GATED)
    assert office.case.answered_at is None
    office.store.close()


def test_a_receipt_whose_signature_is_stale_stops_nothing():
    office = ready_office()
    stale = DkimFinding(DkimState.REFUSED, "amazon.com", "its signature was made 40 days before (a replay?)")
    office.desk = replace(office.desk, authenticate=lambda raw, at: stale)
    office.work(LATER, vouched(amazon(RECEIPT)), policy=GATED)
    assert office.case.answered_at is None
    office.store.close()


@pytest.mark.parametrize("sender", ["gc-orders@gc.email.amazon.com", "gifts@amazon.com", "list@amazon.com"])
def test_what_a_stranger_lets_amazon_mail_to_the_seller_stops_nothing_and_is_shown(sender):
    """The words on a gift card or a shared list are a stranger's, though the mail is genuinely Amazon's."""
    office = ready_office()
    raw = amazon(f"Somebody sent you a gift. {RECEIPT}").replace(
        b"cb-seller-notification@amazon.com", sender.encode()
    )
    raw = raw.replace(b"Your chargeback", b"A present for you")
    domain = sender.partition("@")[2].encode()
    office.work(
        LATER, vouched(raw).replace(b"header.from=amazon.com", b"header.from=" + domain), policy=GATED
    )
    assert office.case.answered_at is None
    assert any(sender in one.text for one in office.told)
    office.store.close()


def test_what_a_stranger_lets_amazon_mail_does_not_open_an_answered_case(office):
    raw = amazon(f"Your response to the chargeback for order {ORDER} could not be processed.")
    raw = raw.replace(b"cb-seller-notification@amazon.com", b"gc-orders@amazon.com")
    office.work(LATER, raw)
    assert office.case.status is Status.ANSWERED
    assert any("gc-orders@amazon.com" in one.text for one in office.told), "but a person is told"


AWAY = (
    f"From: {POLICY.address}\r\nTo: cb-seller-notification@amazon.com\r\nSubject: Away: Chargeback dispute\r\n"
    "In-Reply-To: <notice.1@mail.example>\r\nMessage-ID: <away@seller.example>\r\n%s\r\n\r\n"
    "We are on holiday until Monday.\r\n"
)


@pytest.mark.parametrize(
    "mark",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (vacation)",
        "X-Autoreply: yes",
        "X-Autorespond: Away",
        "Precedence: auto_reply",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ],
)
def test_the_vacation_answer_that_a_server_files_in_sent_is_no_answer_to_the_notice(mark):
    office = Office(replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER))
    raw = (AWAY % mark).encode()
    office.store.save_mails("shop", "Sent", Cursor(9, 1), [FetchedMail(1, LATER, None, raw)], LATER)
    office.work(LATER)
    assert office.case.answered_at is None
    office.store.close()


def test_a_reply_by_hand_in_sent_is_an_answer():
    office = Office(replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER))
    raw = (AWAY % "Auto-Submitted: no").encode()
    office.store.save_mails("shop", "Sent", Cursor(9, 1), [FetchedMail(1, LATER, None, raw)], LATER)
    office.work(LATER)
    assert office.case.status is Status.ANSWERED
    office.store.close()


def typed_by_a_stranger(subject: str, text: str, number: int) -> bytes:
    """A mail that is genuinely Amazon's and addressed to the seller, with words that a stranger chose."""
    return (
        f"From: Amazon Gifts <gifts@amazon.com>\r\nTo: {POLICY.address}\r\nSubject: {subject}\r\n"
        f"Message-ID: <gift{number}@amazon.com>\r\n\r\n{text}\r\n"
    ).encode()


STRANGERS_WORDS = {
    "decision": f"Order number: {ORDER}\r\nThe chargeback dispute was decided in your favor. The case is closed.",
    "claim": (
        f"We have received a chargeback dispute.\r\nOrder number: {ORDER}\r\nThe buyer says that the parcel was "
        "never received. Please send proof of delivery within 7 days."
    ),
    "question": (
        f"We need additional information about the chargeback dispute.\r\nOrder number: {ORDER}\r\n"
        "Please send proof of delivery within 3 days."
    ),
}


@pytest.mark.parametrize("words", STRANGERS_WORDS)
@pytest.mark.parametrize("mode", [Mode.APPROVE, Mode.AUTO])
def test_words_of_a_stranger_in_a_mail_of_amazons_change_no_case_of_those_who_handle_disputes(words, mode):
    office = Office(replace(AUTO, mode=mode))
    subject = {"decision": "Chargeback Dispute Funding Decision"}.get(words, "Chargeback dispute")
    before = office.case
    office.work(LATER, typed_by_a_stranger(f"{subject} {ORDER}", STRANGERS_WORDS[words], 1))
    office.work(LATER + timedelta(minutes=5))
    after = office.case
    assert (after.status, after.notice, after.reply, after.deadline) == (
        before.status,
        before.notice,
        before.reply,
        before.deadline,
    )
    assert {one.recipient for one in office.world.accepted} <= {"cb-seller-notification@amazon.com"}
    assert [one.name for one in office.told].count("not the desk of disputes") <= 1
    office.store.close()


def test_an_answer_to_words_of_a_stranger_does_not_stand_in_for_the_answer_to_the_genuine_notice():
    """The buyer lets Amazon mail us his own "notice" before he disputes the charge."""
    office = Office(first=typed_by_a_stranger(f"Chargeback {ORDER}", STRANGERS_WORDS["claim"], 1))
    office.work(LATER, GENUINE)
    genuine = [one.case for one in office.store.cases() if "cb-seller" in one.case.notice.sender.email]
    assert [one.status for one in genuine] == [Status.ANSWERED]
    assert "cb-seller-notification@amazon.com" in {one.recipient for one in office.world.accepted}
    office.store.close()


@pytest.mark.parametrize(
    "text",
    [
        f"We have received your response for order {ORDER}, but it is missing the proof of delivery.",
        f"We have received your response for order {ORDER}. The bank still needs a signed delivery confirmation.",
        f"Vi har modtaget dit svar om ordre {ORDER}, men beviset for leveringen mangler.",
    ],
)
def test_what_amazon_writes_after_the_answer_is_shown_to_a_person(office, text):
    before = len(office.told)
    office.work(LATER, amazon(text, number=7))
    assert office.case.status is Status.ANSWERED
    assert [one.name for one in office.told[before:]] == ["a notice after the answer"]
    assert len(office.world.accepted) == 1


def test_a_second_copy_of_the_answered_notice_is_no_news(office):
    before = len(office.told)
    office.work(LATER, travelled(GENUINE))
    assert office.told[before:] == []


def test_a_mail_that_sets_a_last_day_is_no_receipt():
    office = Office(replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER))
    words = "We have received your response. If we do not hear from you by October 9, 2026 your account will be debited."
    office.work(LATER, amazon(f"Order {ORDER}. {words}"))
    assert office.case.answered_at is None
    office.store.close()


def test_a_claim_in_the_thread_of_a_closed_case_is_shown_to_a_person():
    office = Office(replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER))
    decided = "Chargeback Dispute Funding Decision: the dispute was decided in your favor."
    office.work(LATER, amazon(f"Order number: {ORDER}\n{decided}", number=8))
    assert office.case.status is Status.CLOSED
    before = len(office.told)
    again = NOTICE.format(order=ORDER, number=99, amount="10.50").replace(
        "Message-ID:", "In-Reply-To: <a8@amazon.com>\nReferences: <a8@amazon.com>\nMessage-ID:"
    )
    office.work(LATER + timedelta(hours=1), again.encode())
    assert office.told[before:], "a person hears of it"
    office.store.close()


def test_what_is_still_asked_for_after_the_answer_reopens_the_case_for_a_person(office):
    before = len(office.told)
    office.work(
        LATER,
        amazon(f"Abbiamo ricevuto la tua risposta per l'ordine {ORDER}, ma manca la prova di consegna.", 7),
    )
    assert office.case.status is Status.REVIEW
    assert "review" in [one.name for one in office.told[before:]]
    assert len(office.world.accepted) == 1
