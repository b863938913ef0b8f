"""What comes next for a case, as a table: what happened, the policy, the instant, the step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import COMPOSED, DECIDED, GATHERED, NOW, ORDER, POLICY, READY, case, deadline, decision, notice

from inbox_bot.core import events as happened
from inbox_bot.core import planner
from inbox_bot.core.case import Status
from inbox_bot.core.model import Kind, LastCall, Mode, Outcome, Reason, Verdict
from inbox_bot.core.refund import RefundTask

AUTO = replace(POLICY, mode=Mode.AUTO)
APPROVE = replace(POLICY, mode=Mode.APPROVE)
ALWAYS = replace(POLICY, last_call=LastCall.ALWAYS)
NEVER = replace(POLICY, last_call=LastCall.NEVER)
ID = COMPOSED.message_id
PLACED = happened.DraftPlaced(ID, "Drafts")
INTENDED = happened.SendIntended(ID)
BODY = happened.BodyStarted(ID)
SENT = happened.ReplySent(ID, 250, "ok")
STRANGE = replace(GATHERED, order_known=False)
MISSING = happened.Decided(decision(missing=("a delivery scan",)))
REVIEW = happened.Decided(decision(Verdict.REVIEW))
REFUND = happened.Decided(decision(Verdict.REFUND))
SILENCE = planner.Wait(NOW + timedelta(days=90))  # all is done; what is left to wait for is Amazon's silence
TASK = happened.RefundTaskMade(RefundTask(ORDER, None, (), "/orders", "Because."))
TOLD = happened.AlertRaised("refund", "refund this order")
LOOKED = happened.RefundLookedFor()
CHANGED = happened.EvidenceChanged("a report was imported")
COMPOSED_AGAIN = replace(COMPOSED, revision=2, message_id="<reply.2@seller.example>")
LATE = timedelta(days=6, hours=1)  # behind send_by, before due_by
STEPS = [
    ("a new case is looked up first", (), POLICY, 0, planner.Gather),
    ("then decided", (GATHERED,), POLICY, 0, planner.Decide),
    ("then answered", (GATHERED, DECIDED), POLICY, 0, planner.Compose),
    ("an order nobody knows is not answered by rule", (STRANGE, DECIDED, COMPOSED), AUTO, 0, planner.Alert),
    ("nor at the last call", (STRANGE, DECIDED, COMPOSED, PLACED), ALWAYS, LATE, planner.Alert),
    (
        "a person may still approve it",
        (STRANGE, DECIDED, COMPOSED, happened.ReplyApproved()),
        AUTO,
        0,
        planner.Send,
    ),
    ("the reply goes to Drafts", READY, POLICY, 0, planner.PlaceDraft),
    ("a person is told of the draft", (*READY, PLACED), POLICY, 0, planner.Alert),
    ("auto sends at once", READY, AUTO, 0, planner.Send),
    ("auto waits while something is missing", (GATHERED, MISSING, COMPOSED), AUTO, 0, planner.Alert),
    ("approve asks a person", READY, APPROVE, 0, planner.Alert),
    ("approved is sent", (*READY, happened.ReplyApproved()), APPROVE, 0, planner.Send),
    ("a draft can be approved too", (*READY, PLACED, happened.ReplyApproved()), POLICY, 0, planner.Send),
    ("the last call sends a complete draft", (*READY, PLACED), POLICY, LATE, planner.Send),
    ("never is never", (*READY, PLACED), NEVER, LATE, planner.Alert),
    ("an incomplete one is not sent", (GATHERED, MISSING, COMPOSED, PLACED), POLICY, LATE, planner.Alert),
    ("always sends it", (GATHERED, MISSING, COMPOSED, PLACED), ALWAYS, LATE, planner.Send),
    ("review is a person's", (GATHERED, REVIEW), AUTO, 0, planner.Alert),
    ("a refund is worked out first", (GATHERED, REFUND), AUTO, 0, planner.MakeRefundTask),
    ("a refund is a person's", (GATHERED, REFUND, TASK), AUTO, 0, planner.Alert),
    (
        "a refund is looked for",
        (GATHERED, REFUND, TASK, TOLD),
        AUTO,
        timedelta(hours=4),
        planner.LookForRefund,
    ),
    (
        "a refund is never sent by the last call",
        (GATHERED, REFUND, TASK, LOOKED),
        ALWAYS,
        LATE,
        planner.LookForRefund,
    ),
    ("new evidence is looked up", (*READY, PLACED, CHANGED), POLICY, 0, planner.Gather),
    (
        "the new draft stands before the old one goes",
        (*READY, PLACED, CHANGED, GATHERED, DECIDED, COMPOSED_AGAIN),
        POLICY,
        0,
        planner.PlaceDraft,
    ),
    (
        "then the old draft is settled",
        (
            *READY,
            PLACED,
            CHANGED,
            GATHERED,
            DECIDED,
            COMPOSED_AGAIN,
            happened.DraftPlaced("<reply.2@seller.example>", "Drafts"),
        ),
        POLICY,
        0,
        planner.SettleOldDraft,
    ),
    (
        "a draft that new evidence made wrong goes too",
        (*READY, PLACED, CHANGED, GATHERED, REVIEW),
        POLICY,
        0,
        planner.SettleOldDraft,
    ),
    (
        "what was sent is not changed by new evidence",
        (*READY, INTENDED, BODY, SENT, CHANGED),
        AUTO,
        0,
        planner.FileSentCopy,
    ),
    (
        "a confirmed refund is looked up",
        (GATHERED, REFUND, happened.RefundConfirmed("R1")),
        AUTO,
        0,
        planner.Gather,
    ),
    ("a held case stands still", (*READY, happened.CaseHeld("why")), AUTO, LATE, planner.Alert),
    ("a sent reply is filed in Sent", (*READY, INTENDED, BODY, SENT), AUTO, 0, planner.FileSentCopy),
    (
        "the draft of a reply that we sent is removed",
        (*READY, PLACED, INTENDED, BODY, SENT, happened.SentCopyFiled("Sent")),
        POLICY,
        0,
        planner.RemoveDraft,
    ),
    (
        "a draft that the seller sent is the seller's own",
        (*READY, PLACED, happened.AnsweredElsewhere("by hand", None)),
        POLICY,
        0,
        planner.Wait,
    ),
    ("an attempt that never began is made again", (*READY, INTENDED), AUTO, 0, planner.Send),
    ("silence after the body is doubt", (*READY, INTENDED, BODY), AUTO, timedelta(minutes=1), planner.LookUp),
]


@pytest.mark.parametrize(
    ("promise", "history", "policy", "later", "step"), STEPS, ids=[row[0] for row in STEPS]
)
def test_next_step(promise, history, policy, later, step):
    later = later or timedelta(0)
    assert isinstance(planner.next_step(case(*history), policy, NOW + later), step)


def test_untrusted_notice_is_decided_without_looking_anything_up():
    stranger = case(notice=notice(trusted=False))
    assert planner.next_step(stranger, AUTO, NOW) == planner.Decide()


def test_the_alert_of_an_untrusted_notice_gives_the_reason():
    forged = case(REVIEW, notice=notice(trusted=False, trust_reason="the mail server reports dmarc=fail"))
    step = planner.next_step(forged, POLICY, NOW)
    assert isinstance(step, planner.Alert)
    assert "the mail server reports dmarc=fail" in step.text


def test_untrusted_notice_is_never_answered():
    stranger = case(happened.Decided(decision()), notice=notice(trusted=False))
    for hours in range(0, 24 * 9, 3):
        step = planner.next_step(stranger, ALWAYS, NOW + timedelta(hours=hours))
        assert isinstance(step, planner.Alert | planner.Wait)


def test_a_draft_is_looked_for_before_it_is_placed_again():
    assert planner.next_step(case(*READY), POLICY, NOW) == planner.PlaceDraft(look_first=False)
    intended = case(*READY, happened.DraftIntended(ID))
    assert planner.next_step(intended, POLICY, NOW) == planner.PlaceDraft(look_first=True)


def test_doubt_is_looked_up_four_times_and_then_waits_until_a_day_before_the_cutoff():
    history = [*READY, INTENDED, BODY]
    now, looks = NOW, 0
    for _ in range(60):
        doubt = case(*history)
        step = planner.next_step(doubt, AUTO, now)
        if isinstance(step, planner.LookUp):
            looks += 1
            history.append(happened.SendLookedUp("", step.look_again_at))
        elif isinstance(step, planner.Alert):
            history.append(happened.AlertRaised(step.name, step.text))
        elif isinstance(step, planner.Wait):
            assert step.until is not None
            assert step.until > now
            now = step.until
        else:
            break
    assert looks == len(planner.LOOK_AFTER)
    assert isinstance(step, planner.Send)
    assert doubt.deadline is not None
    assert now == doubt.deadline.due_by - planner.RESEND_WITHIN


def test_a_copy_that_is_found_ends_the_doubt():
    found = case(*READY, INTENDED, BODY, happened.SendLookedUp("Sent", None))
    assert found.status is Status.ANSWERED
    assert planner.next_step(found, AUTO, NOW) == SILENCE


def test_the_same_bytes_go_out_at_most_twice_in_doubt():
    looked = [happened.SendLookedUp("", None)] * 4
    twice = case(*READY, INTENDED, BODY, *looked, INTENDED, BODY, *looked)
    for hours in range(24 * 8):
        step = planner.next_step(twice, ALWAYS, NOW + timedelta(hours=hours))
        assert not isinstance(step, planner.Send)


def test_a_temporary_refusal_is_tried_again_when_it_says_and_a_permanent_one_is_a_persons():
    retry_at = NOW + timedelta(minutes=5)
    waiting = case(*READY, INTENDED, happened.SendRefused("451 later", False, retry_at))
    assert not isinstance(planner.next_step(waiting, AUTO, NOW), planner.Send)
    assert isinstance(planner.next_step(waiting, AUTO, retry_at), planner.Send)
    refused = case(*READY, INTENDED, happened.SendRefused("550 no", True, None))
    assert refused.status is Status.REVIEW
    assert not isinstance(planner.next_step(refused, ALWAYS, NOW + LATE), planner.Send)


@pytest.mark.parametrize("how", [happened.AnsweredElsewhere("by hand", None), SENT])
def test_an_answered_case_is_never_answered_again(how):
    answered = case(*READY, PLACED, how, happened.SentCopyFiled("Sent"), happened.DraftRemoved(ID))
    for hours in range(0, 24 * 10, 6):
        assert planner.next_step(answered, ALWAYS, NOW + timedelta(hours=hours)) == SILENCE


def test_every_rung_of_the_clock_is_told_once_and_the_cutoff_last():
    history, now, told = [GATHERED, REVIEW], NOW, []
    while True:
        step = planner.next_step(case(*history), POLICY, now)
        if isinstance(step, planner.Alert):
            told.append((step.name, now - NOW))
            history.append(happened.AlertRaised(step.name, step.text))
        elif isinstance(step, planner.Wait) and step.until is not None:
            now = step.until
        else:
            break
    day = timedelta(days=1)
    assert told == [
        ("review", 0 * day),
        ("72 h left", 4 * day),
        ("48 h left", 5 * day),
        ("24 h left", 6 * day),
        ("missed", 7 * day),
    ]


def test_a_case_found_late_is_told_the_nearest_rung_only():
    late = case(GATHERED, REVIEW, happened.AlertRaised("review", ""), deadline=deadline(days=1.5))
    assert planner.next_step(late, POLICY, NOW) == planner.Alert("48 h left", "less than 48 hours are left")


def test_an_information_request_reopens_an_answered_case_with_its_own_clock():
    request = notice(kind=Kind.INFORMATION_REQUEST, message_id="<again@mail.example>", stated_days=3)
    reopened = case(*READY, INTENDED, BODY, SENT, happened.NoticeJoined(request, deadline(days=3)))
    assert reopened.answered_at is None
    assert reopened.deadline == deadline(days=3)
    assert planner.next_step(reopened, AUTO, NOW) == planner.Gather()


def test_a_later_notice_that_gives_the_reason_makes_a_new_answer_while_none_went_out():
    bare = notice(reason=Reason.UNKNOWN)
    reminder = happened.NoticeJoined(notice(message_id="<reminder@mail.example>"), deadline(days=9))
    drafted = case(*READY, PLACED, reminder, notice=bare)
    assert drafted.reason is Reason.NOT_RECEIVED
    assert drafted.reply is None
    assert drafted.deadline == deadline(days=7)
    assert planner.next_step(drafted, POLICY, NOW) == planner.Gather()
    sent = case(*READY, INTENDED, BODY, SENT, reminder, notice=bare)
    assert sent.answered_at is not None
    assert sent.reply is not None


def test_a_decision_closes_the_case():
    closed = case(GATHERED, DECIDED, happened.DecisionReceived(notice(kind=Kind.DECISION), Outcome.DEBITED))
    assert closed.status is Status.CLOSED
    told = planner.next_step(closed, ALWAYS, NOW + LATE)
    assert isinstance(told, planner.Alert)
    assert "debited" in told.text


def test_a_reminder_never_buys_time():
    later = happened.NoticeJoined(notice(message_id="<reminder@mail.example>"), deadline(days=12))
    assert case(GATHERED, later).deadline == deadline(days=7)
    sooner = happened.NoticeJoined(notice(message_id="<reminder@mail.example>"), deadline(days=2))
    assert case(GATHERED, sooner).deadline == deadline(days=2)
