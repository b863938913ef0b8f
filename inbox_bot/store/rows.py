"""Rows of the tables: nouns to column values and back; no SQL in here."""

from __future__ import annotations

from datetime import UTC, date, datetime

from inbox_bot.core.case import Case, SendState
from inbox_bot.core.evolution_sending import BY_US
from inbox_bot.core.record import OrderRecord, Origin
from inbox_bot.core.retention import KeptRecord, listed
from inbox_bot.core.shadow import waiting
from inbox_bot.store.codec import to_json
from inbox_bot.store.protocol import Change


def case_row(case: Case, change: Change) -> dict[str, object]:
    """The case whole, and beside it the columns it is searched by."""
    return {
        **derived_columns(case),
        **question_columns(case),
        "case_id": case.case_id,
        "version": change.version + 1,
        "wake_at": text_of(change.wake_at),
    }


def derived_columns(case: Case) -> dict[str, object]:
    """What a row holds of the case itself, as its events give it."""
    notice, deadline = case.notice, case.deadline
    return {
        "account": case.account,
        "status": case.status.value,
        "kind": notice.kind.value,
        "order_id": case.order_id,
        "reason": case.reason.value,
        "verdict": case.verdict.value if case.verdict else None,
        "amount": str(notice.amount.amount) if notice.amount else None,
        "currency": notice.amount.currency if notice.amount else None,
        "due_by": text_of(deadline.due_by) if deadline else None,
        "send_by": text_of(deadline.send_by) if deadline else None,
        "opened_at": text_of(case.opened_at),
        "because": _why(case),
        "state": to_json(case),
    }


def question_columns(case: Case) -> dict[str, str | None]:
    """The instants by which the store finds what it is asked at every reply."""
    may_be_out = case.send_state in (SendState.SENT, SendState.BODY, SendState.UNKNOWN)
    return {
        "body_at": text_of(case.body_at) if may_be_out else None,
        "replied_at": text_of(case.answered_at) if case.answered_how == BY_US else None,
        "refund_asked_at": text_of(case.refund_asked_at),
    }


def _why(case: Case) -> str:
    because = case.decision.because if case.decision else ""
    return f"would have sent: {because}" if waiting(case) is not None else because


def record_row(account: str, record: OrderRecord) -> tuple[str | int | None, ...]:
    """The record whole, behind its key and before the days it speaks of."""
    dossier = record.dossier
    source = dossier.provenance[0] if dossier.provenance else None
    origin = source.origin if source else Origin.REPORT
    at = text_of(source.collected_at) if source else ""
    what = account, dossier.order_id, record.key, origin.value, at, to_json(dossier)
    return (*what, *day_columns(account, record))


def kept_record_of(
    account: str,
    order_id: str,
    key: str,
    origin: str,
    collected_at: str,
    purchased_on: str | None,
    shipped_on: str | None,
    delivered_on: str | None,
    latest_on: str,
    personal: int,
) -> KeptRecord:
    """What stands beside a record; the contents are not read."""
    return KeptRecord(
        account,
        order_id,
        key,
        Origin(origin),
        instant_of(collected_at or None),
        _day(purchased_on),
        _day(shipped_on),
        _day(delivered_on),
        date.fromisoformat(latest_on),
        bool(personal),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def text_of(moment: datetime | None) -> str | None:
    """The instant as UTC text of fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def instant_of(text: object) -> datetime | None:
    """The instant that `text_of` wrote."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def day_columns(account: str, record: OrderRecord) -> tuple[str | int | None, ...]:
    """What retention needs to know of a record, as the columns that stand beside it."""
    kept = listed(account, record)
    days = (kept.purchased_on, kept.shipped_on, kept.delivered_on, kept.latest_on)
    return (*(day.isoformat() if day else None for day in days), int(kept.personal))
