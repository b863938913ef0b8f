"""Shadow mode: a reason that is not live is drafted, what the rules would have sent is noted once, and then counted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import COMPOSED, DECIDED, GATHERED, NOW, POLICY, READY, case, decision, mail, notice, travelled
from stored_cases import keep_case
from test_crash import effects_of, mails
from test_crash import run as kill
from test_other_mail import AUTO, Office

from inbox_bot.app import approve, mark_answered, overrule
from inbox_bot.cli import main
from inbox_bot.core import events as happened
from inbox_bot.core import planner
from inbox_bot.core.case import Case
from inbox_bot.core.model import AttachedFile, Kind, LastCall, Mode, Outcome, Reason, Verdict
from inbox_bot.core.shadow import Fate, NoteShadow, same_letter, tally, waiting
from inbox_bot.store.listing import read_cases
from inbox_bot.store.protocol import Cursor, FetchedMail
from inbox_bot.store.sqlite import SqliteStore

LIVE = replace(POLICY, mode=Mode.AUTO, live_reasons=(Reason.UNAUTHORIZED,), last_call=LastCall.NEVER)
ALL_LIVE = replace(LIVE, live_reasons=tuple(Reason))
PLACED = happened.DraftPlaced(COMPOSED.message_id, "Drafts")
NOTED = happened.WouldHaveSent("a rule", COMPOSED.message_id, COMPOSED.sha256)
SHADOW = replace(AUTO, live_reasons=(Reason.UNAUTHORIZED,), last_call=LastCall.COMPLETE)


def step(one: Case, policy=LIVE, after=timedelta(0)):
    return planner.next_step(one, policy, NOW + after)


def test_a_reason_that_is_not_live_is_drafted_and_then_noted_and_then_waits_for_a_person():
    assert isinstance(step(case(*READY)), planner.PlaceDraft)
    assert step(case(*READY, PLACED)) == NoteShadow()
    alarm = step(case(*READY, PLACED, NOTED))
    assert isinstance(alarm, planner.Alert)
    assert alarm.text.endswith('the rule "a rule" would have sent it')


def test_a_live_reason_goes_out_by_rule():
    one = case(*READY, notice=notice(reason=Reason.UNAUTHORIZED))
    assert step(one) == planner.Send("sent by rule")


@given(st.sampled_from(list(Reason)), st.sets(st.sampled_from(list(Reason))))
def test_a_reason_that_is_not_named_is_never_sent_by_rule_and_one_that_is_always_is(reason, live):
    one = case(*READY, PLACED, notice=notice(reason=reason))
    next_step = step(one, replace(LIVE, live_reasons=tuple(live)))
    assert isinstance(next_step, planner.Send if reason in live else NoteShadow)


def test_what_mode_auto_would_not_have_sent_is_not_noted():
    missing = happened.Decided(decision(missing=("a delivery scan",)))
    strange = replace(GATHERED, order_known=False)
    chosen = happened.Overruled(Verdict.REPRESENT, "")
    for history in (
        (GATHERED, missing, COMPOSED, PLACED),
        (strange, DECIDED, COMPOSED, PLACED),
        (GATHERED, DECIDED, chosen, COMPOSED, PLACED),
    ):
        assert isinstance(step(case(*history)), planner.Alert)


def test_a_letter_that_was_noted_stays_with_the_person_when_its_reason_goes_live():
    noted = case(*READY, PLACED, NOTED, happened.AlertRaised("drafted", ""))
    assert isinstance(step(noted, ALL_LIVE), planner.Wait)
    approved = case(*READY, PLACED, NOTED, happened.ReplyApproved())
    assert step(approved, LIVE) == planner.Send("approved by a person")


def test_the_last_call_is_a_setting_of_its_own_and_holds_in_shadow_too():
    noted = case(*READY, PLACED, NOTED)
    late = timedelta(days=6, hours=1)
    assert step(noted, replace(LIVE, last_call=LastCall.COMPLETE), late) == planner.Send(
        "last call before the cutoff"
    )


ANSWERED = {
    Fate.WAITING: (),
    Fate.UNCHANGED: (happened.ReplySent(COMPOSED.message_id, 250, "ok"),),
    Fate.CHANGED: (happened.ReplySent("<reply.2@seller.example>", 250, "ok"),),
    Fate.OVERRULED: (happened.Overruled(Verdict.REFUND, ""),),
    Fate.ELSEWHERE: (happened.AnsweredElsewhere("in Seller Central", None),),
    Fate.NOT_SENT: (happened.DecisionReceived(notice(kind=Kind.DECISION), Outcome.DEBITED),),
}


@pytest.mark.parametrize("fate", Fate)
def test_what_became_of_each_answer_is_counted(fate):
    one = case(*READY, PLACED, NOTED, *ANSWERED[fate])
    (counted,) = tally([one, one])
    assert (counted.reason, counted.count, counted.fates[fate]) == (Reason.NOT_RECEIVED, 2, 2)


def test_a_change_of_mind_back_to_the_rules_verdict_is_no_overruling():
    back = (happened.Overruled(Verdict.REFUND, ""), happened.Overruled(Verdict.REPRESENT, ""))
    assert case(*READY, PLACED, NOTED, *back).shadows[-1].fate is Fate.WAITING


def test_an_answer_written_anew_takes_the_place_of_the_one_that_waits_and_a_sent_one_stays():
    again = replace(NOTED, message_id="<reply.2@seller.example>")
    assert len(case(*READY, PLACED, NOTED, again).shadows) == 1
    sent = happened.ReplySent(COMPOSED.message_id, 250, "ok")
    assert [one.fate for one in case(*READY, PLACED, NOTED, sent, again).shadows] == [
        Fate.UNCHANGED,
        Fate.WAITING,
    ]


def test_letters_are_the_same_whatever_the_line_ends_and_differ_by_words_and_files():
    ours = mail(
        text="Dear team,\nit was delivered.\n", attached=(AttachedFile("1.pdf", "application/pdf", b"x"),)
    )
    assert same_letter(replace(ours, text="Dear team,\r\nit was  delivered.", subject="Re: x"), ours)
    assert same_letter(replace(ours, attached=(AttachedFile("a.pdf", "application/pdf", b"x"),)), ours)
    assert not same_letter(replace(ours, text="Dear team,\nit was not delivered."), ours)
    assert not same_letter(replace(ours, attached=()), ours)


def in_sent(office: Office, raw: bytes) -> None:
    """The seller's own mail program filed the mail in Sent."""
    office.store.save_mails("shop", "Sent", Cursor(1, 1), [FetchedMail(1, NOW, None, raw)], NOW)
    office.work(NOW + timedelta(hours=1))


def test_the_whole_way_nothing_is_sent_and_the_letter_is_noted_once():
    office = Office(SHADOW)
    office.work(NOW + timedelta(hours=1))
    assert office.world.accepted == []
    (draft,) = office.world.drafts
    noted = waiting(office.case)
    assert noted is not None
    assert (noted.message_id, noted.rule) == (draft.message_id, "delivered")
    events = [type(one.event).__name__ for one in office.store.history(office.case.case_id)]
    assert events.count("WouldHaveSent") == 1
    assert b"Auto-Submitted" not in draft.raw_bytes


CRASHED = replace(SHADOW, last_call=LastCall.NEVER)


@pytest.mark.parametrize("burns_at", range(1, effects_of(CRASHED) + 1))
def test_killed_at_every_effect_nothing_is_sent_and_each_letter_is_noted_once(burns_at):
    store, world, _ = kill(CRASHED, mails(2), burns_at)
    assert not world.accepted
    assert len(world.drafts) == 2
    for record in store.cases():
        names = [type(one.event).__name__ for one in store.history(record.case.case_id)]
        assert names.count("WouldHaveSent") == 1
        assert waiting(record.case) is not None
    store.close()


def test_approved_as_it_was_counts_as_unchanged():
    office = Office(SHADOW)
    approve(office.store, office.case.case_id, NOW)
    office.work(NOW + timedelta(hours=1))
    assert len(office.world.accepted) == 1
    assert office.case.shadows[-1].fate is Fate.UNCHANGED


@pytest.mark.parametrize(
    ("edit", "fate"),
    [(lambda raw: raw, Fate.UNCHANGED), (lambda raw: raw.replace(b"UPS", b"DHL"), Fate.CHANGED)],
    ids=["as it stood", "edited"],
)
def test_a_draft_sent_from_the_own_mail_program_is_held_against_the_noted_one(edit, fate):
    office = Office(SHADOW)
    raw = edit(office.world.drafts[0].raw_bytes)
    in_sent(office, travelled(raw.replace(b"\nMessage-ID: <", b"\nMessage-ID: <program.")))
    assert office.case.answered_how == "sent from your own mail program"
    assert office.case.shadows[-1].fate is fate


def test_answered_in_seller_central_and_overruled_are_told_apart():
    office = Office(SHADOW)
    mark_answered(office.store, office.case.case_id, "", NOW)
    assert office.case.shadows[-1].fate is Fate.ELSEWHERE
    other = Office(SHADOW)
    overrule(other.store, other.case.case_id, Verdict.REFUND, "", NOW)
    assert other.case.shadows[-1].fate is Fate.OVERRULED


CONFIG = """data_dir = "."
[[account]]
name = "shop"
address = "orders@seller.example"
mode = "auto"
live_reasons = ["unauthorized"]
[account.imap]
host = "imap.seller.example"
secret = "env:NO_SUCH_SECRET"
[account.smtp]
host = "smtp.seller.example"
"""


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def test_the_commands_show_what_would_have_been_sent(tmp_path, capsys):
    (tmp_path / "config.toml").write_text(CONFIG)
    path = tmp_path / "inbox-bot.sqlite3"
    store = SqliteStore(path)
    keep_case(store, "waits", notice(), None, DECIDED, COMPOSED, PLACED, NOTED)
    sent = happened.ReplySent(COMPOSED.message_id, 250, "ok")
    keep_case(store, "sent", notice(), None, DECIDED, COMPOSED, PLACED, NOTED, sent)
    store.close()
    assert {line.case_id: line.because for line in read_cases(path)} == {
        "waits": "would have sent: Because.", "sent": "Because.",
    }  # fmt: skip
    config = ("--config", tmp_path / "config.toml")
    assert run("rules", "shadow", *config) == 0
    head, line, hidden = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["ACCOUNT", "REASON"]
    assert line.split() == ["shop", "not_received", "2", "1", "0", "0", "0", "0", "1", "shadow"]
    assert hidden.startswith("In shadow in shop: not_received, not_as_described")
    assert run("rules", "shadow", "--json", *config) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["would_have_sent"], told["unchanged"], told["waiting"], told["live"]) == (2, 1, 1, False)
    assert run("show", "waits", *config) == 0
    assert 'would have sent <reply.1@seller.example> by "a rule": waits for you' in capsys.readouterr().out
    assert run("rules", "shadow", "--account", "none", *config) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["unauthorized"]', '["lost"]', "not_received"),
        ('mode = "auto"', 'mode = "approve"', "take it out, or set mode"),
    ],
)
def test_a_live_reason_that_makes_no_sense_is_refused_with_its_line(tmp_path, capsys, old, new, said):
    (tmp_path / "config.toml").write_text(CONFIG.replace(old, new))
    assert run("rules", "shadow", "--config", tmp_path / "config.toml") == 2
    error = capsys.readouterr().err
    assert "config.toml:" in error
    assert said in error
