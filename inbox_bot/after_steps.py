"""What is done after a case's answer: its end noted, a missed notice looked for, a debit weighed, settlements read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from inbox_bot.answer import notice_of, order_ids_of
from inbox_bot.core import events as happened
from inbox_bot.core.afterlife import FEW_WIN, Lapse, LookForMissedNotice, WeighDebit, new_evidence
from inbox_bot.core.case import Case
from inbox_bot.core.ending import SettlementPeriod, read_postings, share_postings, silence_confirmed
from inbox_bot.core.evidence import assess
from inbox_bot.core.facts import find_facts
from inbox_bot.core.model import Decision, Kind, Verdict
from inbox_bot.core.recognise import recognise
from inbox_bot.core.record import Posting
from inbox_bot.core.text import one_line
from inbox_bot.desk import Desk, FoundMail, Notification
from inbox_bot.gather import gather
from inbox_bot.store.protocol import Change, Store
from inbox_bot.work import Work

CONTEST_RULE = "debited, and something new is on record"


def lapse(desk: Desk, work: Work, step: Lapse) -> None:
    """Close the case, and ask the settlements whether the silence was what it seemed."""
    work.happen(happened.DisputeLapsed(desk.policy.presume_won_days))
    confirmed = silence_confirmed(work.case, settlement_periods(desk.store, work.case.account))
    if confirmed is not None:
        work.happen(happened.SettlementsRead(confirmed))


def look_for_missed_notice(desk: Desk, work: Work, step: LookForMissedNotice) -> None:
    """Search every folder for the notice that Amazon has decided about, and tell what was found."""
    case = work.case
    needles = [case.order_id] if case.order_id else []
    found = [one for one in desk.outside.find_everywhere(needles) if _is_notice(desk, one)] if needles else []
    first = min(found, key=lambda one: one.received_at or work.at, default=None)
    if first is None:
        text = "Amazon decided about a dispute whose notice was never seen, and it is in no folder of this mailbox"
        event = happened.MissedNoticeLookedFor("")
    else:
        on = f" of {first.received_at:%Y-%m-%d}" if first.received_at else ""
        text = (
            f"Amazon decided about a dispute whose notice was missed: it{on} is in {one_line(first.folder)}"
        )
        event = happened.MissedNoticeLookedFor(first.folder, first.received_at)
    desk.tell(Notification(case.account, case.case_id, "decision without notice", text))
    work.happen(event)
    work.happen(happened.AlertRaised("decision without notice", text))


def _is_notice(desk: Desk, found: FoundMail) -> bool:
    try:
        return recognise(desk.read(found.raw_bytes), desk.rulebook.notices).kind is Kind.CLAIM
    except Exception:  # a mail that nobody can read must not hide the others
        return False


def weigh_debit(desk: Desk, work: Work, step: WeighDebit) -> None:
    """Look the order up once more: only what the answer did not hold is worth another letter."""
    case, mail = work.case, work.case.decision_mail
    if mail is None:
        raise ValueError(f"case {case.case_id} has no decision to weigh")
    notice = notice_of(case)
    found = gather(desk, order_ids_of(notice), work.at, patient=False)
    facts = find_facts(notice, found.dossiers[0], found.dossiers[1:])
    new = new_evidence(case, assess(facts, found.dossiers, desk.rulebook.evidence, work.at).evidence)
    work.happen(happened.DebitWeighed(tuple(one.statement for one in new), mail.mail_sha256))
    if new:
        text = (
            f"{len(new)} thing(s) on record that your answer did not hold; a letter is drafted, but {FEW_WIN}"
        )
    else:
        text = f"nothing is on record that your answer did not hold, so nothing is written; {FEW_WIN}"
    desk.tell(Notification(case.account, case.case_id, "a debit was weighed", text))
    work.happen(happened.AlertRaised("a debit was weighed", text))


def contest_decision(case: Case) -> Decision:
    """The word on a debit that was weighed and found wanting: a draft for a person, whatever the mode."""
    because = f"Amazon debited the account, and the record holds what the answer did not; {FEW_WIN}."
    return Decision(Verdict.REPRESENT, CONTEST_RULE, because)


def settlement_periods(store: Store, account: str) -> tuple[SettlementPeriod, ...]:
    """The days that the imported settlements of the account cover."""
    events = (one.event for one in store.account_events(account))
    return tuple(
        SettlementPeriod(event.settlement_id, event.start_on, event.end_on)
        for event in events
        if isinstance(event, happened.SettlementImported)
    )


def note_settlements(
    store: Store, account: str, periods: Collection[SettlementPeriod], now: datetime
) -> None:
    """Keep which days the imported settlements cover; the same settlement again says nothing new."""
    known = frozenset(settlement_periods(store, account))
    events = tuple(
        happened.SettlementImported(one.settlement_id, one.start_on, one.end_on)
        for one in periods
        if one not in known
    )
    if events:
        store.commit(Change(account, now, events=events))


def settle(store: Store, account: str, now: datetime) -> tuple[str, ...]:
    """Hold the imported settlements against the account's cases; returns the ids of those they say something new of."""
    periods = settlement_periods(store, account)
    by_order: dict[str, list[Case]] = {}
    for record in store.cases(account):
        if record.case.trusted and record.case.order_id:
            by_order.setdefault(record.case.order_id, []).append(record.case)
    changed = []
    for order_id, cases in by_order.items():
        shared = share_postings(cases, _postings(store, account, order_id))
        for case in cases:
            settled = read_postings(shared.get(case.case_id, ())) or silence_confirmed(case, periods)
            current = store.case(case.case_id)
            if settled is None or settled == case.settled or current is None:
                continue
            work = Work.on(store, current, now)
            work.happen(happened.SettlementsRead(settled))
            work.save(now)
            changed.append(case.case_id)
    return tuple(changed)


def _postings(store: Store, account: str, order_id: str) -> tuple[Posting, ...]:
    return tuple(
        posting for record in store.records(account, order_id) for posting in record.dossier.postings
    )
