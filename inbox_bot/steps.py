"""Performing the steps of a case: each does one thing in the world and says in events what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from inbox_bot.after_steps import contest_decision, lapse, look_for_missed_notice, weigh_debit
from inbox_bot.answer import notice_of, order_ids_of, stored_record, write_answer
from inbox_bot.core import events as happened
from inbox_bot.core import planner
from inbox_bot.core.afterlife import Lapse, LookForMissedNotice, WeighDebit, is_contest
from inbox_bot.core.belonging import addressees
from inbox_bot.core.case import Case, ComposedReply
from inbox_bot.core.contradictions import find_contradictions
from inbox_bot.core.errors import NeedsReview, TemporaryError, UserError
from inbox_bot.core.evidence import assess
from inbox_bot.core.facts import find_facts
from inbox_bot.core.judgement import judge
from inbox_bot.core.mime import build_reply, reply_message_id
from inbox_bot.core.model import Decision, Mode, Reply, Verdict
from inbox_bot.desk import Desk, Notification
from inbox_bot.gather import fingerprint, gather
from inbox_bot.judging import history_for
from inbox_bot.mail.smtp import AnswerUnknown, RefusedByServer
from inbox_bot.pace import PERSON_PAUSE, copies_prove, hold_back, pause_of
from inbox_bot.refund_steps import look_for_refund, make_refund_task
from inbox_bot.store.codec import to_json
from inbox_bot.work import Work

MOST_EARLIER = 5  # so many revisions of an answer are looked for in the mailbox
PATIENCE = 5  # so often a silent tracking service holds a case up, about half an hour in all


def advance(desk: Desk, work: Work) -> Case:
    """Take the case as far as it goes now, and save it with the instant at which it wants to be seen again.

    Raises UserError, with the case saved and postponed, when the account's settings forbid the step.
    """
    while True:
        step = planner.next_step(work.case, desk.policy, work.at)
        if isinstance(step, planner.Wait):
            work.save(step.until)
            return work.case
        try:
            _PERFORM[type(step)](desk, work, step)
        except TemporaryError as error:
            retry_at = error.retry_at or work.at + pause_of(work.case, work.at)
            work.happen(happened.StepPostponed(type(step).__name__, str(error), retry_at))
        except UserError as error:
            # The account's settings have to be mended; until then this case must not keep the others waiting.
            retry_at = work.at + min(PERSON_PAUSE, pause_of(work.case, work.at) * 15)
            work.happen(happened.StepPostponed(type(step).__name__, str(error), retry_at))
            work.save(retry_at)
            raise
        except NeedsReview as error:
            letter = work.keep(error.letter.encode(), "text/plain") if error.letter else ""
            work.happen(happened.ReplyBlocked(str(error), letter))


def _gather(desk: Desk, work: Work, step: planner.Gather) -> None:
    notice = notice_of(work.case)
    order_ids = order_ids_of(notice)
    in_folder = fingerprint(desk, order_ids)
    found = gather(desk, order_ids, work.at, patient=work.case.failures < PATIENCE)
    own = replace(found.dossiers[0], contradictions=find_contradictions(notice, found.fragments))
    dossiers = (own, *found.dossiers[1:])
    for content in found.files.values():
        work.keep(content, "application/octet-stream")
    desk.store.save_records(desk.policy.account, found.keep)
    dossier_sha256 = work.keep(to_json(dossiers).encode(), "application/json")
    facts = find_facts(notice, own, dossiers[1:])
    assessment = assess(facts, dossiers, desk.rulebook.evidence, work.at)
    work.happen(
        happened.EvidenceGathered(
            dossier_sha256,
            assessment.evidence,
            assessment,
            found.problems,
            in_folder,
            order_known=own.speaks_of_order,
        )
    )


def _decide(desk: Desk, work: Work, step: planner.Decide) -> None:
    if not work.case.trusted:
        because = f"The mail is not trusted: {work.case.notice.trust_reason}."
        work.happen(happened.Decided(Decision(Verdict.REVIEW, "untrusted notice", because)))
        return
    if is_contest(work.case):
        work.happen(happened.Decided(contest_decision(work.case)))
        return
    dossiers, facts = stored_record(work)
    tables = desk.rulebook.tables
    history = history_for(tables, desk.store, desk.policy.account)
    decision = judge(facts, dossiers, tables, history, work.at).decision
    if desk.policy.mode is Mode.AUTO and not work.case.order_known and decision.verdict is not Verdict.REVIEW:
        because = f"Only the notice itself speaks of order {work.case.order_id}, so nothing is sent by rule."
        decision = replace(decision, verdict=Verdict.REVIEW, rule="the order is not known", because=because)
    work.happen(happened.Decided(decision))


def _compose(desk: Desk, work: Work, step: planner.Compose) -> None:
    answer = write_answer(desk, work)
    revision = work.case.revisions + 1
    message_id = _message_id(desk, work.case, revision)
    automatic = desk.policy.mark_automatic and desk.policy.mode is Mode.AUTO
    reply = build_reply(answer, revision=revision, message_id=message_id, at=work.at, automatic=automatic)
    work.keep(reply.raw_bytes, "message/rfc822")
    work.happen(
        happened.ReplyComposed(
            revision,
            reply.message_id,
            reply.sha256,
            reply.sender,
            reply.recipient,
            reply.subject,
            reply.attachment_names,
        )
    )


def _message_id(desk: Desk, case: Case, revision: int) -> str:
    notice, domain = case.notice, desk.policy.address.rpartition("@")[2]
    kind, notice_id = notice.kind.value, notice.message_id or notice.mail_sha256
    return reply_message_id(desk.policy.account, case.case_id, kind, revision, domain, notice_id)


def _look_for_earlier_answer(desk: Desk, work: Work, step: planner.LookForEarlierAnswer) -> None:
    """An answer that went out is taken for ours; a draft that waits is left to the person who will send one."""
    case = work.case
    ids = [_message_id(desk, case, number) for number in range(1, case.revisions + MOST_EARLIER + 1)]
    earlier = desk.outside.find_earlier(ids, case.notice.message_id, addressees(case.notice))
    if earlier.answer_id:
        work.happen(
            happened.AnsweredElsewhere(f"an earlier answer stands in {earlier.folder}", earlier.answer_id)
        )
        return
    work.happen(happened.LookedBack(earlier.draft_ids))
    others = [one for one in earlier.draft_ids if one != _message_id(desk, case, case.revisions + 1)]
    if case.reply is not None:
        others = [one for one in others if one != case.reply.message_id]
    if others:
        text = f"{len(others)} earlier draft(s) for this notice stand in Drafts; send only one answer"
        desk.tell(Notification(case.account, case.case_id, "an earlier draft", text))
        work.happen(happened.AlertRaised("an earlier draft", text))


def _reply(work: Work) -> Reply:
    if work.case.reply is None:
        raise NeedsReview("no reply was composed for this case yet")
    return _stored(work, work.case.reply)


def _stored(work: Work, composed: ComposedReply) -> Reply:
    try:
        raw_bytes = work.file(composed.sha256)
    except KeyError:
        raise NeedsReview(
            "the reply was kept as long as [retention] says and is gone; have it written anew"
        ) from None
    return Reply(
        case_id=work.case.case_id,
        revision=composed.revision,
        message_id=composed.message_id,
        sender=composed.sender,
        recipient=composed.recipient,
        subject=composed.subject,
        sha256=composed.sha256,
        raw_bytes=raw_bytes,
        attachment_names=composed.attachment_names,
    )


def _place_draft(desk: Desk, work: Work, step: planner.PlaceDraft) -> None:
    reply = _reply(work)
    if not step.look_first:
        work.happen(happened.DraftIntended(reply.message_id))
        work.save(work.at)
    folder = desk.outside.place_draft(reply, look_first=step.look_first)
    work.happen(happened.DraftPlaced(reply.message_id, folder))


def _send(desk: Desk, work: Work, step: planner.Send) -> None:
    hold_back(desk, work)
    reply = _reply(work)
    work.happen(happened.SendIntended(reply.message_id))
    work.save(work.at)

    def before_body() -> None:
        work.happen(happened.BodyStarted(reply.message_id))
        work.save(work.at)

    def on_accepted(code: int, answer: str) -> None:
        work.happen(happened.ReplySent(reply.message_id, code, answer))
        work.save(work.at)

    try:
        desk.outside.submit(reply, before_body=before_body, on_accepted=on_accepted)
    except RefusedByServer as error:
        retry_at = None if error.permanent else work.at + pause_of(work.case, work.at)
        work.happen(happened.SendRefused(str(error), error.permanent, retry_at))
    except AnswerUnknown as error:
        work.happen(happened.SendUnknown(str(error)))
    except TemporaryError as error:
        work.happen(happened.SendRefused(str(error), False, work.at + pause_of(work.case, work.at)))


def _look_up(desk: Desk, work: Work, step: planner.LookUp) -> None:
    folder = desk.outside.find_copy(_reply(work).message_id)
    is_last = not folder and step.look_again_at is None
    proves = is_last and copies_prove(desk.store, work.case.account, work.at)
    work.happen(happened.SendLookedUp(folder, step.look_again_at, proves))


def _file_sent_copy(desk: Desk, work: Work, step: planner.FileSentCopy) -> None:
    copy = desk.outside.file_sent_copy(_reply(work))
    work.happen(happened.SentCopyFiled(copy.folder, copy.was_there))


def _remove_draft(desk: Desk, work: Work, step: planner.RemoveDraft) -> None:
    reply = _reply(work)
    desk.outside.remove_draft(reply)
    work.happen(happened.DraftRemoved(reply.message_id))


def _settle_old_draft(desk: Desk, work: Work, step: planner.SettleOldDraft) -> None:
    removed = desk.outside.remove_draft(_stored(work, step.draft), unless_edited=True)
    work.happen(happened.OldDraftSettled(step.draft.message_id, edited=not removed))
    if not removed:
        text = f"you edited draft {step.draft.revision}, so it was left in Drafts beside the newer one; send only one"
        desk.tell(Notification(work.case.account, work.case.case_id, "edited draft", text))
        work.happen(happened.AlertRaised(f"edited draft {step.draft.revision}", text))


def _alert(desk: Desk, work: Work, step: planner.Alert) -> None:
    desk.tell(Notification(work.case.account, work.case.case_id, step.name, step.text))
    work.happen(happened.AlertRaised(step.name, step.text))


_PERFORM: dict[type[planner.Step], Callable[[Desk, Work, Any], None]] = {
    planner.LookForEarlierAnswer: _look_for_earlier_answer,
    planner.Gather: _gather,
    planner.Decide: _decide,
    planner.Compose: _compose,
    planner.MakeRefundTask: make_refund_task,
    planner.LookForRefund: look_for_refund,
    planner.PlaceDraft: _place_draft,
    planner.Send: _send,
    planner.LookUp: _look_up,
    planner.FileSentCopy: _file_sent_copy,
    planner.RemoveDraft: _remove_draft,
    planner.SettleOldDraft: _settle_old_draft,
    planner.Alert: _alert,
    Lapse: lapse,
    LookForMissedNotice: look_for_missed_notice,
    WeighDebit: weigh_debit,
}
