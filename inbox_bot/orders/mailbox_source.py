"""The mailbox as a source of records: the correspondence of an order, with the original mails behind it.

Searching the folders is the shell's work (`find_mails`), telling whose letters they are that of `correspondence.py`.
Notices, forgeries and what the program sent itself are no correspondence and are left out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from inbox_bot.core.errors import Problem
from inbox_bot.core.mime import MARK_HEADER
from inbox_bot.core.model import Kind, Mail
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.recognise import recognise
from inbox_bot.core.record import Dossier, Origin, Provenance, Shipment
from inbox_bot.core.text import one_line
from inbox_bot.core.trust import is_refused
from inbox_bot.orders.correspondence import Thread, read_thread, went_silent
from inbox_bot.orders.correspondence_rules import CorrespondenceRules
from inbox_bot.orders.source import Finding

_SHORTEST_ID = 8  # a tracking id that is worth a search
_MOST_IDS = 10


@dataclass(frozen=True, slots=True)
class MailboxSource:
    """`RecordSource` over the account's folders.

    `find_mails` gives the raw mails that mention one of the ids or share a thread with such a mail, and raises
    TemporaryError when the mailbox cannot be searched now. `read` parses one of them.
    """

    find_mails: Callable[[Sequence[str]], Iterable[bytes]]
    read: Callable[[bytes], Mail]
    notices: NoticeRules
    correspondence: CorrespondenceRules
    own_addresses: frozenset[str]
    authserv_id: str = ""
    name: str = "mailbox"

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        """As `RecordSource.look_up`; the mails are asked for by order id and known tracking ids, then by new ones."""
        found = _Mails(self)
        ids = _tracking_ids(known.shipments)
        found.add(self.find_mails([known.order_id, *ids]))
        thread = found.thread(known.order_id)
        if new := [one for one in _tracking_ids(thread.dossier.shipments) if one not in ids]:
            found.add(self.find_mails(new))
            thread = found.thread(known.order_id)
        dossier = thread.dossier
        if went_silent(dossier.messages, at, self.correspondence):
            dossier = replace(dossier, marks=(*dossier.marks, "went_silent"))
        dossier = replace(dossier, provenance=tuple(_provenance(mail, at) for mail in thread.mails))
        files = {mail.sha256: found.raw[mail.sha256] for mail in thread.mails}
        return Finding(dossier, files, tuple(found.problems))


class _Mails:
    """The mails of one look-up, read and sorted out."""

    def __init__(self, source: MailboxSource) -> None:
        self._source = source
        self._mails: dict[str, Mail] = {}
        self._seen: set[bytes] = set()
        self.raw: dict[str, bytes] = {}
        self.problems: list[Problem] = []

    def add(self, raw_mails: Iterable[bytes]) -> None:
        for raw in raw_mails:
            if raw in self._seen:
                continue
            self._seen.add(raw)
            mail = self._source.read(raw)
            if self._is_correspondence(mail):
                self._mails[mail.sha256], self.raw[mail.sha256] = mail, raw

    def thread(self, order_id: str) -> Thread:
        source = self._source
        mails = sorted(self._mails.values(), key=_age)
        return read_thread(mails, order_id, source.own_addresses, source.correspondence)

    def _is_correspondence(self, mail: Mail) -> bool:
        source = self._source
        if (
            is_refused(mail, source.authserv_id)
            or mail.header_values(MARK_HEADER)
            or self._answers_amazon(mail)
        ):
            return False
        return recognise(mail, source.notices).kind is Kind.OTHER

    def _answers_amazon(self, mail: Mail) -> bool:
        """Whether it is the seller's own answer to a chargeback notice: no correspondence with the buyer."""
        if mail.sender is None or mail.sender.email not in self._source.own_addresses:
            return False
        return any(self._source.notices.is_chargeback_sender(address.email) for address in mail.to)


def _provenance(mail: Mail, at: datetime) -> Provenance:
    name = f"mail {mail.message_id or mail.sha256[:12]}"
    return Provenance(name, Origin.MAILBOX, at, mail.sha256)


def _age(mail: Mail) -> tuple[bool, object, str]:
    at = mail.date_at or mail.received_at
    return (at is None, at or mail.sha256, mail.sha256)


def _tracking_ids(shipments: Iterable[Shipment]) -> list[str]:
    ids = dict.fromkeys(one_line(shipment.tracking_id) for shipment in shipments)
    return [tracking_id for tracking_id in ids if len(tracking_id) >= _SHORTEST_ID][:_MOST_IDS]
