"""From the mailbox to a case: mails are fetched and stored first, and read from the store afterwards.

The cursor of a folder moves in the same transaction that stores its mails, so a killed process loses nothing; a mail
that cannot be handled is tried three times and then put aside with its reason, and the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from inbox_bot.core import events as happened
from inbox_bot.core.canary import MARK_HEADER, token_of
from inbox_bot.core.drift import drift_of
from inbox_bot.core.errors import InboxBotError, Problem, TemporaryError
from inbox_bot.core.extract import extract
from inbox_bot.core.model import Kind, Mail, Notice
from inbox_bot.core.recipients import is_for_another
from inbox_bot.core.recognise import RECEIPT, REFUSAL, Recognition, recognise
from inbox_bot.core.sieve import sieve_for
from inbox_bot.core.text import one_line
from inbox_bot.core.trust import Trust, judge
from inbox_bot.core.vitals import CLOCK_OFF_BY, in_minutes
from inbox_bot.desk import Desk, Notification
from inbox_bot.joining import file_notice
from inbox_bot.mail.domains import registrable
from inbox_bot.mail.glance import glance
from inbox_bot.mail.mailbox import FetchedHeader, Mailbox
from inbox_bot.mail.message import read_headers
from inbox_bot.other_mail import handle_other
from inbox_bot.store.protocol import Change, Cursor, FetchedMail, MailOutcome, StoredMail

BATCH = 1_000
FETCH_BYTES = 16_000_000
FOR_ANOTHER = "a mail of another account"
FIRST_LOOK_BACK = timedelta(days=30)
MAX_TRIES = 3
MOST_WAITS = 10  # so often a mail waits for a key that the DNS does not give
LARGEST_MAIL_BYTES = 25_000_000

_MARK_FIELD = MARK_HEADER.lower()

_log = logging.getLogger(__name__)


class NotYetJudged(InboxBotError):
    """Whether a notice is genuine cannot be told just now."""


def poll_folder(desk: Desk, mailbox: Mailbox, folder: str, now: datetime, *, shows_all: bool = False) -> int:
    """Store the new mails of one folder that can matter; returns how many. Raises TemporaryError.

    `shows_all`: the folder shows the mails of all others, drafts and sent ones too; our own are passed over there.

    A folder seen for the first time, or under a new UIDVALIDITY, or whose UIDs went back (a server restored from a
    backup), is read again as far back as a notice can still be answered; what is known is recognised by its content.
    """
    cursor = desk.store.cursor(desk.policy.account, folder)
    if cursor is not None and mailbox.nothing_behind(folder, cursor.uidvalidity, cursor.last_uid):
        return 0
    state, since = mailbox.examine(folder), None
    went_back = cursor is not None and 0 < state.uidnext <= cursor.last_uid
    if cursor is None or went_back or cursor.uidvalidity != state.uidvalidity:
        cursor, since = Cursor(state.uidvalidity, 0), now - FIRST_LOOK_BACK
    if state.exists == 0 or (state.uidnext and cursor.last_uid >= state.uidnext - 1):
        return 0
    is_sent = folder == desk.outside.sent_folder()
    stored, chosen = 0, _Chosen()
    for batch in _batches(mailbox.headers_after(cursor.last_uid)):
        cursor = Cursor(state.uidvalidity, max(cursor.last_uid, *(header.uid for header in batch)))
        wanted = [header for header in batch if since is None or header.internal_at >= since]
        chosen.add(_that_matter(desk, wanted, now, is_sent=is_sent, shows_all=shows_all))
        if chosen.size_bytes > FETCH_BYTES:
            stored += _save(desk, mailbox, folder, cursor, chosen, now)
            chosen = _Chosen()
    if cursor.last_uid:
        stored += _save(desk, mailbox, folder, cursor, chosen, now)
    if mailbox.unreadable_uids:
        _pass_over(desk, mailbox.unreadable_uids, folder, cursor, now)
    return stored


def _pass_over(desk: Desk, uids: Sequence[int], folder: str, cursor: Cursor, now: datetime) -> None:
    """Tell of mails that the server itself cannot give, once, and go on behind them."""
    _tell_unreadable(desk, uids, folder, now)
    behind = Cursor(cursor.uidvalidity, max(cursor.last_uid, *uids))
    desk.store.save_mails(desk.policy.account, folder, behind, (), now)


def _tell_unreadable(desk: Desk, uids: Sequence[int], folder: str, now: datetime) -> None:
    text = f"the server cannot give {len(uids)} mail(s) in {folder} (UID {', '.join(map(str, uids[:5]))}); look there"
    desk.tell(Notification(desk.policy.account, None, "unreadable on the server", text))
    alert = happened.AlertRaised("unreadable on the server", text)
    desk.store.commit(Change(desk.policy.account, now, events=(alert,)))


def _batches(headers: Iterator[FetchedHeader]) -> Iterator[list[FetchedHeader]]:
    while batch := list(islice(headers, BATCH)):
        yield batch


@dataclass(slots=True)
class _Chosen:
    """The mails of one look whose bodies are to be fetched: moment of arrival and Message-ID by UID."""

    mails: dict[int, tuple[datetime, str | None]] = field(default_factory=dict)
    size_bytes: int = 0

    def add(self, found: Iterable[tuple[FetchedHeader, str | None]]) -> None:
        for header, message_id in found:
            self.mails[header.uid] = (header.internal_at, message_id)
            self.size_bytes += header.size_bytes


def _save(desk: Desk, mailbox: Mailbox, folder: str, cursor: Cursor, chosen: _Chosen, now: datetime) -> int:
    """Fetch the bodies and store them with the cursor; returns how many mails were new."""
    bodies = dict(mailbox.bodies(tuple(chosen.mails)) if chosen.mails else ())
    left_out = [uid for uid in chosen.mails if uid not in bodies and uid not in mailbox.unreadable_uids]
    if left_out:  # their headers were there a moment ago
        bodies |= dict(mailbox.bodies(left_out))
    mails = [FetchedMail(uid, *chosen.mails[uid], raw) for uid, raw in bodies.items()]
    new = desk.store.save_mails(desk.policy.account, folder, cursor, mails, now)
    if lost := [uid for uid in left_out if uid not in bodies and uid not in mailbox.unreadable_uids]:
        _tell_unreadable(desk, lost, folder, now)
    return new


def _that_matter(
    desk: Desk, headers: Sequence[FetchedHeader], now: datetime, *, is_sent: bool, shows_all: bool
) -> list[tuple[FetchedHeader, str | None]]:
    """The mails that can matter, each with its Message-ID; of what the seller wrote, only the threads of cases do."""
    has_threads = desk.store.has_threads(desk.policy.account)
    glances = [glance(header.header_bytes, with_ids=has_threads) for header in headers]
    ids = {one for seen in glances for one in seen.thread_ids} if has_threads else set()
    known = desk.store.known_threads(desk.policy.account, ids)
    sieve = sieve_for(desk.rulebook.notices, (one.rpartition("@")[2] for one in desk.own_addresses))
    found: list[tuple[FetchedHeader, str | None]] = []
    for header, seen in zip(headers, glances, strict=True):
        if header.internal_at - now > CLOCK_OFF_BY:
            _tell_clock(desk, header.internal_at - now)
        if shows_all and seen.sender is not None and seen.sender.email in desk.own_addresses:
            continue
        if _MARK_FIELD in seen.field_names and _is_canary(desk, header, now, is_sent=is_sent):
            continue
        if known.isdisjoint(seen.thread_ids) and (is_sent or not sieve.can_matter(seen)):
            continue
        if header.size_bytes > LARGEST_MAIL_BYTES:
            _tell_too_large(desk, header, seen.subject, now)
        else:
            found.append((header, (seen if has_threads else glance(header.header_bytes)).message_id))
    return found


def _tell_clock(desk: Desk, ahead: timedelta) -> None:
    text = f"a mail came in {in_minutes(ahead)} ahead by the mail server's clock; set this one"
    desk.tell(Notification(desk.policy.account, None, "the clock is wrong", text))


def _is_canary(desk: Desk, header: FetchedHeader, now: datetime, *, is_sent: bool) -> bool:
    """Whether the mail is our daily one to ourselves; that it came in is recorded, once.

    Anybody can write such a mark: only one that we sent means anything.
    """
    marks = read_headers(header.header_bytes).header_values(MARK_HEADER)
    token = next((token for mark in marks if (token := token_of(mark))), "")
    if not token:
        return False
    events = [one.event for one in desk.store.account_events(desk.policy.account)]
    if happened.CanarySent(token) not in events:
        return False
    seen = happened.CanarySeen(token)
    if not is_sent and seen not in events:
        desk.store.commit(Change(desk.policy.account, now, events=(seen,)))
    return True


def _tell_too_large(desk: Desk, header: FetchedHeader, subject: str, now: datetime) -> None:
    size = header.size_bytes / 1e6
    what = f"{one_line(subject)[:80]!r}"
    text = f"a mail of {size:.0f} MB that may be a notice was not read ({what}); read it yourself"
    desk.tell(Notification(desk.policy.account, None, "a mail is too large", text))
    alert = happened.AlertRaised("a mail is too large", text)
    desk.store.commit(Change(desk.policy.account, now, events=(alert,)))


def handle_waiting(
    desk: Desk, now: datetime, on_handled: Callable[[Handled], None] = lambda handled: None
) -> tuple[str, ...]:
    """Read every stored mail that waits; returns the ids of the cases that were opened or changed."""
    changed: dict[str, None] = {}
    for stored in desk.store.waiting_mails(desk.policy.account):
        handled = handle_safely(desk, stored, now)
        if handled.case_id:
            changed[handled.case_id] = None
        on_handled(handled)
    return tuple(changed)


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one mail: how it was read, and the case it went to."""

    mail: Mail | None
    recognition: Recognition | None
    notice: Notice | None
    trust: Trust
    case_id: str | None
    note: str = ""


def handle_safely(desk: Desk, stored: StoredMail, now: datetime, *, tries: int = MAX_TRIES) -> Handled:
    """`handle_mail`, but one bad mail does not stop the rest: after so many tries it is put aside, with a case for
    a person when a chargeback sender wrote it. Raises TemporaryError only.
    """
    try:
        return handle_mail(desk, stored, now)
    except TemporaryError:
        raise
    except NotYetJudged as error:
        # The others go on; this one waits for the next pass, and after some of them it goes to a person.
        desk.store.note_failure(desk.policy.account, stored.sha256, str(error))
        return Handled(None, None, None, Trust(False, str(error), is_pending=True), None, str(error))
    except Exception as error:
        return _put_aside(desk, stored, error, now, tries)


def handle_mail(desk: Desk, stored: StoredMail, now: datetime) -> Handled:
    """Read one stored mail and record what it says; the mail and the case change in one transaction."""
    mail = desk.read(desk.store.file(stored.sha256))
    if is_for_another(mail, desk.own_addresses, desk.other_addresses):
        return _left_to_another(desk, mail, now)
    recognition = recognise(mail, desk.rulebook.notices)
    trust = _trust(desk, stored, mail, recognition, now)
    if trust.is_pending and stored.tries < MOST_WAITS:
        raise NotYetJudged(trust.reason)
    if recognition.kind is Kind.OTHER:
        case_id, note = handle_other(desk, stored, mail, recognition, trust, now)
        return Handled(mail, recognition, None, trust, case_id, note)
    notice = _notice(desk, stored, mail, recognition, trust, now)
    case_id = file_notice(desk, notice, now, drift_of(recognition, notice))
    return Handled(mail, recognition, notice, trust, case_id)


def _left_to_another(desk: Desk, mail: Mail, now: datetime) -> Handled:
    outcome = MailOutcome(mail.sha256, Kind.OTHER.value, None, note=FOR_ANOTHER)
    desk.store.commit(Change(desk.policy.account, now, mails=(outcome,)))
    return Handled(mail, None, None, Trust(False, FOR_ANOTHER), None, FOR_ANOTHER)


def _trust(desk: Desk, stored: StoredMail, mail: Mail, recognition: Recognition, now: datetime) -> Trust:
    """The gate's answer; a notice, or a word on an answer, is looked at for its signatures and its addressee too."""
    if desk.policy.trust == "all":
        return Trust(True, "every mail is taken as trusted (--trust all)")
    if recognition.via:
        return Trust(False, f"it was forwarded ({recognition.via}), so nothing vouches for what it quotes")
    policy, listed = desk.policy, desk.rulebook.notices.amazon_domains
    if recognition.kind is Kind.OTHER and recognition.looks_like not in (RECEIPT, REFUSAL):
        return judge(mail, policy.authserv_id, listed, registrable=registrable)
    arrived_at = _arrival(stored, mail, now)
    return judge(
        mail,
        policy.authserv_id,
        listed,
        finding=desk.authenticate(desk.store.file(stored.sha256), arrived_at),
        own_addresses=desk.own_addresses,
        registrable=registrable,
    )


def _arrival(stored: StoredMail, mail: Mail, now: datetime) -> datetime:
    """The earliest instant at which the mail is known to have existed."""
    stamps = [stamp for stamp in (mail.received_at, stored.internal_at) if stamp is not None]
    return min(stamps, default=mail.date_at or now)


def _notice(
    desk: Desk, stored: StoredMail, mail: Mail, recognition: Recognition, trust: Trust, now: datetime
) -> Notice:
    return extract(
        recognition,
        mail,
        desk.rulebook.notices,
        own_addresses=desk.own_addresses,
        received_at=_arrival(stored, mail, now),
        trusted=trust.trusted,
        trust_reason=trust.reason,
    )


def _put_aside(desk: Desk, stored: StoredMail, error: Exception, now: datetime, most_tries: int) -> Handled:
    what = f"{type(error).__name__}: {error}" if isinstance(error, InboxBotError) else type(error).__name__
    _log.error("mail %s could not be handled: %s", stored.sha256[:12], what)
    tries = desk.store.note_failure(desk.policy.account, stored.sha256, what)
    if tries >= most_tries and (case_id := _open_unread(desk, stored, what, now)) is not None:
        return Handled(None, None, None, Trust(False, "it could not be read"), case_id, what)
    if tries >= most_tries:
        text = f"mail {stored.sha256[:12]} in {stored.folder} could not be read ({what}); read it yourself"
        desk.tell(Notification(desk.policy.account, None, "quarantined", text))
        outcome = MailOutcome(stored.sha256, Kind.OTHER.value, None, quarantined=True, note=what)
        alert = happened.AlertRaised("quarantined", text)
        desk.store.commit(Change(desk.policy.account, now, events=(alert,), mails=(outcome,)))
    return Handled(None, None, None, Trust(False, "it could not be read"), None, what)


def _open_unread(desk: Desk, stored: StoredMail, what: str, now: datetime) -> str | None:
    """A case for a person when the headers of a mail nobody could read name a chargeback sender."""
    mail = replace(read_headers(header_block(desk.store.file(stored.sha256))), sha256=stored.sha256)
    if mail.sender is None or not desk.rulebook.notices.is_chargeback_sender(mail.sender.email):
        return None
    recognition = Recognition(Kind.CLAIM, None, "its sender writes chargeback notices", None, "", mail)
    trust = _trust(desk, stored, mail, recognition, now)
    try:
        notice = _notice(desk, stored, mail, recognition, trust, now)
    except Exception:  # not even its headers can be read; the alert of the caller names it
        return None
    problem = Problem(f"the mail could not be read ({what})", remedy="open it in your mail program")
    return file_notice(desk, replace(notice, problems=(*notice.problems, problem)), now)


def header_block(raw: bytes) -> bytes:
    """Everything before the first blank line, whatever the line ends."""
    ends = [position for mark in (b"\r\n\r\n", b"\n\n") if (position := raw.find(mark)) >= 0]
    return raw[: min(ends)] if ends else raw
