"""Small builders of nouns for the tests: everything has a value, a test names what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.events import Event
from inbox_bot.core.evolution import fold
from inbox_bot.core.model import (
    Address,
    Deadline,
    Decision,
    Destination,
    Kind,
    Mail,
    Money,
    Notice,
    Policy,
    Reason,
    Verdict,
)
from inbox_bot.core.record import Dossier, Message, Order, OrderItem, Party, Shipment, ShipmentStatus

NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
ORDER = "113-0196033-6384224"
SELLER = "orders@seller.example"
AMAZON = "cb-seller-notification@amazon.com"
NOTICE_ID = "<notice.1@mail.example>"
POLICY = Policy(account="shop", address=SELLER, display_name="Example Goods", signature="Example Goods")


def travelled(raw_bytes: bytes) -> bytes:
    """The mail as a server files it that took it by SMTP: with its line of trace, which no draft has."""
    return (
        b"Received: from relay.example by mx.seller.example; Mon, 05 Oct 2026 09:30:00 +0000\r\n" + raw_bytes
    )


def notice(**changes: Any) -> Notice:
    """A trusted claim of 108.84 USD for a parcel that was not received."""
    values: dict[str, Any] = {
        "kind": Kind.CLAIM,
        "mail_sha256": "a" * 64,
        "message_id": NOTICE_ID,
        "references": (),
        "subject": "Chargeback on an order",
        "sender": Address("Amazon", AMAZON),
        "reply_to": AMAZON,
        "recipient": SELLER,
        "language": "en",
        "dated_at": NOW,
        "received_at": NOW,
        "order_id": ORDER,
        "order_ids": (ORDER,),
        "reason": Reason.NOT_RECEIVED,
        "reason_words": "not received",
        "amount": Money(Decimal("108.84"), "USD"),
        "items": ("Blue Mug (Large)",),
        "destination": Destination(city="Austin", postal_code="78701"),
        "asks": (),
        "outcome": None,
        "stated_days": None,
        "stated_on": None,
        "form_only": False,
        "forwarded_as": "",
        "trusted": True,
        "trust_reason": "the mail server reports dmarc=pass for amazon.com",
    }
    return Notice(**{**values, **changes})


def deadline(days: float = 7.0, margin_hours: int = 24) -> Deadline:
    """A deadline so many days after NOW."""
    due_by = NOW + timedelta(days=days)
    return Deadline(due_by, due_by - timedelta(hours=margin_hours), "seven days from the mail's date")


def shipment(**changes: Any) -> Shipment:
    """A parcel delivered in Austin."""
    parcel = Shipment(
        order_id=ORDER,
        carrier="UPS",
        tracking_id="1Z999AA10123456784",
        method="Ground",
        shipped_on=date(2026, 9, 1),
        status=ShipmentStatus.DELIVERED,
        delivered_on=date(2026, 9, 4),
        delivered_to=Destination(city="Austin", postal_code="78701"),
        source="test",
    )
    return replace(parcel, **changes)


def order(**changes: Any) -> Order:
    """The order of the notice, shipped to Austin."""
    made = Order(
        order_id=ORDER,
        purchased_at=datetime(2026, 8, 30, 12, tzinfo=UTC),
        status="shipped",
        items=(OrderItem("Blue Mug (Large)", sku="MUG-1", asin="B000000001"),),
        destination=Destination(city="Austin", state="TX", postal_code="78701", country="US"),
        total=Money(Decimal("108.84"), "USD"),
        source="test",
    )
    return replace(made, **changes)


def message(text: str = "It arrived, thank you.", **changes: Any) -> Message:
    """A message of the buyer."""
    made = Message(ORDER, NOW - timedelta(days=20), Party.BUYER, "Pat", "Order", text, (), "b" * 64)
    return replace(made, **changes)


def dossier(**changes: Any) -> Dossier:
    """An order with one delivered parcel."""
    return replace(Dossier(ORDER, order(), (shipment(),)), **changes)


def decision(verdict: Verdict = Verdict.REPRESENT, missing: tuple[str, ...] = ()) -> Decision:
    """What a rule said."""
    return Decision(verdict, "a rule", "Because.", missing=missing)


def mail(**changes: Any) -> Mail:
    """A plain mail of Amazon's."""
    values: dict[str, Any] = {
        "sha256": "c" * 64,
        "size_bytes": 1000,
        "message_id": NOTICE_ID,
        "subject": "A subject",
        "sender": Address("Amazon", AMAZON),
        "reply_to": (),
        "to": (Address("", SELLER),),
        "date_at": NOW,
        "received_at": NOW,
        "in_reply_to": (),
        "references": (),
        "headers": (("From", f"Amazon <{AMAZON}>"),),
        "text": "",
        "html_text": "",
    }
    return Mail(**{**values, **changes})


COMPOSED = happened.ReplyComposed(
    1, "<reply.1@seller.example>", "d" * 64, SELLER, AMAZON, "Re: Chargeback on an order", ("1.txt",)
)


def case(*history: Event, at: datetime = NOW, **opened: Any) -> Case:
    """A case opened by `notice()` to which the events happened, all at the same instant."""
    first = happened.CaseOpened(
        "shop", opened.pop("notice", None) or notice(), opened.pop("deadline", deadline())
    )
    return fold("case-1", [(at, event) for event in (first, *history)])


GATHERED = happened.EvidenceGathered("e" * 64, ())
DECIDED = happened.Decided(decision())
READY = (GATHERED, DECIDED, COMPOSED)
