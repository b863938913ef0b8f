"""One case as the report sees it: what was asked and answered when, what it was about, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.ending import Ending, ending_of
from inbox_bot.core.events import Event
from inbox_bot.core.evolution import evolve
from inbox_bot.core.ladder import cutoff_of
from inbox_bot.core.model import Kind, Money, Notice
from inbox_bot.core.record import Dossier, ShipmentStatus

NOT_ON_RECORD = "not on record"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing Amazon wanted an answer to: a notice or a question, with its clock and the answer that went out."""

    asked_at: datetime
    cutoff_at: datetime | None
    answered_at: datetime | None

    @property
    def in_time(self) -> bool:
        """Whether an answer went out before the cutoff."""
        return self.answered_at is not None and (self.cutoff_at is None or self.answered_at <= self.cutoff_at)

    @property
    def took(self) -> timedelta | None:
        """How long the answer took, None when there is none."""
        return self.answered_at - self.asked_at if self.answered_at else None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One case in the report; texts that are not known say so, amounts that are not known are None."""

    case_id: str
    account: str
    order_id: str
    noticed_at: datetime
    status: str
    reason: str
    rule: str
    verdict: str
    marketplace: str
    carrier: str
    signed: bool | None  # None: no parcel is on record
    skus: tuple[str, ...]
    disputed: Money | None
    refunded: Money | None
    lost: Money | None
    ending: Ending | None
    asked: tuple[Asked, ...]


def read_line(case: Case, history: Iterable[tuple[datetime, Event]], dossier: Dossier | None) -> ReportLine:
    """The line of one case; `history` are its events, `dossier` what was on record of its order, None: purged."""
    notice = first_notice(case, history := tuple(history))
    ending = ending_of(case)
    amount = notice.amount or case.notice.amount
    decision = case.decision
    return ReportLine(
        case_id=case.case_id,
        account=case.account,
        order_id=case.order_id or "",
        noticed_at=notice.received_at,
        status=case.status.value,
        reason=case.reason.value,
        rule=decision.rule if decision else "",
        verdict=decision.verdict.value if decision else "",
        marketplace=_marketplace(notice, dossier),
        carrier=_carrier(dossier),
        signed=_signed(dossier),
        skus=_skus(dossier),
        disputed=amount,
        refunded=_refunded(case, amount) if ending is Ending.REFUNDED else None,
        lost=_lost(case, amount) if ending is Ending.DEBITED else None,
        ending=ending,
        asked=asked_of(case.case_id, history),
    )


def first_notice(case: Case, history: Sequence[tuple[datetime, Event]]) -> Notice:
    """The mail that opened the case."""
    for _, event in history:
        if isinstance(event, happened.CaseOpened):
            return event.notice
    return case.notice


def asked_of(case_id: str, history: Iterable[tuple[datetime, Event]]) -> tuple[Asked, ...]:
    """Every notice and question of a case with the answer to it; a decision asks nothing."""
    case: Case | None = None
    asked: list[Asked] = []
    for at, event in history:
        case = evolve(case, case_id, at, event)
        is_new = isinstance(event, happened.CaseOpened) or (
            isinstance(event, happened.NoticeJoined) and event.notice.kind is Kind.INFORMATION_REQUEST
        )
        if is_new and case.notice.kind is not Kind.DECISION:
            asked.append(Asked(case.notice.received_at, cutoff_of(case), None))
        elif asked and case.notice.kind is not Kind.DECISION:
            asked[-1] = Asked(asked[-1].asked_at, cutoff_of(case), case.answered_at)
    return tuple(asked)


def _marketplace(notice: Notice, dossier: Dossier | None) -> str:
    if dossier is not None and dossier.order is not None and dossier.order.sales_channel:
        return dossier.order.sales_channel.lower()
    return notice.sender.domain if notice.sender else NOT_ON_RECORD


def _carrier(dossier: Dossier | None) -> str:
    parcels = dossier.shipments if dossier else ()
    return next((parcel.carrier for parcel in parcels if parcel.carrier), NOT_ON_RECORD)


def _signed(dossier: Dossier | None) -> bool | None:
    parcels = [
        parcel
        for parcel in (dossier.shipments if dossier else ())
        if parcel.status is not ShipmentStatus.LABEL_CREATED
    ]
    return any(parcel.signed_by for parcel in parcels) if parcels else None


def _skus(dossier: Dossier | None) -> tuple[str, ...]:
    items = dossier.order.items if dossier and dossier.order else ()
    return tuple(dict.fromkeys(item.sku for item in items if item.sku)) or (NOT_ON_RECORD,)


def _refunded(case: Case, amount: Money | None) -> Money | None:
    return case.refund_task.total if case.refund_task and case.refund_task.total else amount


def _lost(case: Case, amount: Money | None) -> Money | None:
    """What was taken: by the settlement's word, else by the decision's, else the disputed amount."""
    if case.settled is not None and case.settled.amount is not None:
        return Money(abs(case.settled.amount.amount), case.settled.amount.currency)
    mail = case.decision_mail
    return mail.amount if mail is not None and mail.amount is not None else amount
