"""Collecting everything on record about an order: the imported reports and the mailbox, merged into dossiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from inbox_bot.core.mime import MARK_HEADER
from inbox_bot.core.model import Kind, Mail
from inbox_bot.core.recognise import recognise
from inbox_bot.core.record import Dossier, Party, Shipment
from inbox_bot.core.text import one_line
from inbox_bot.core.trust import is_refused
from inbox_bot.desk import Desk
from inbox_bot.orders.correspondence import read_correspondence
from inbox_bot.orders.parcels import merge_shipments
from inbox_bot.orders.report_orders import merge_orders


@dataclass(frozen=True, slots=True)
class Gathered:
    """The dossier of each order, and the original mails of the correspondence, raw."""

    dossiers: tuple[Dossier, ...]
    originals: tuple[bytes, ...]


def gather(desk: Desk, order_ids: Sequence[str]) -> Gathered:
    """Look the orders up in the reports and the mailbox; an unknown order gives an empty dossier.

    Raises TemporaryError when the mailbox cannot be searched now.
    """
    if not order_ids:
        return Gathered((Dossier(""),), ())
    dossiers: list[Dossier] = []
    originals: dict[str, bytes] = {}
    for order_id in order_ids:
        dossier, raw_mails = _look_up(desk, order_id)
        dossiers.append(dossier)
        spoken = {message.mail_sha256 for message in dossier.messages if _is_spoken(message.party)}
        originals |= {sha256: raw for sha256, raw in raw_mails.items() if sha256 in spoken}
    return Gathered(tuple(dossiers), tuple(originals.values()))


def _look_up(desk: Desk, order_id: str) -> tuple[Dossier, dict[str, bytes]]:
    order, shipments = desk.store.order(desk.policy.account, order_id)
    mails = _mails(desk, [order_id])
    dossier = _read(desk, mails, order_id)
    tracking_ids = _tracking_ids((*shipments, *dossier.shipments))
    if tracking_ids:
        mails |= {sha256: pair for sha256, pair in _mails(desk, tracking_ids).items() if sha256 not in mails}
        dossier = _read(desk, mails, order_id)
    if order is not None:
        order = merge_orders(dossier.order, order)
    merged = replace(
        dossier,
        order=order or dossier.order,
        shipments=merge_shipments((*shipments, *dossier.shipments)),
    )
    return merged, {sha256: raw for sha256, (_, raw) in mails.items()}


def _mails(desk: Desk, needles: Sequence[str]) -> dict[str, tuple[Mail, bytes]]:
    """The mails that mention an id, by SHA-256, without notices, forgeries and what we sent ourselves."""
    found: dict[str, tuple[Mail, bytes]] = {}
    for raw in desk.outside.find_mails(needles):
        mail = desk.read(raw)
        forged = is_refused(mail, desk.policy.authserv_id)
        if forged or mail.header_values(MARK_HEADER) or _answers_amazon(desk, mail):
            continue
        if recognise(mail, desk.rulebook.notices).kind is Kind.OTHER:
            found[mail.sha256] = (mail, raw)
    return found


def _answers_amazon(desk: Desk, mail: Mail) -> bool:
    """Whether it is the seller's own answer to a chargeback notice: no correspondence with the buyer."""
    if mail.sender is None or mail.sender.email not in desk.own_addresses:
        return False
    return any(desk.rulebook.notices.is_chargeback_sender(address.email) for address in mail.to)


def _read(desk: Desk, mails: dict[str, tuple[Mail, bytes]], order_id: str) -> Dossier:
    ordered = sorted((mail for mail, _ in mails.values()), key=_age)
    return read_correspondence(ordered, order_id, desk.own_addresses, desk.rulebook.correspondence)


def _age(mail: Mail) -> tuple[bool, object, str]:
    at = mail.date_at or mail.received_at
    return (at is None, at or mail.sha256, mail.sha256)


def _tracking_ids(shipments: Iterable[Shipment]) -> list[str]:
    ids = dict.fromkeys(one_line(shipment.tracking_id) for shipment in shipments)
    return [tracking_id for tracking_id in ids if len(tracking_id) >= 8][:10]


def _is_spoken(party: Party) -> bool:
    return party in (Party.BUYER, Party.SELLER)
