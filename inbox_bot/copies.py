"""Copies of answers in the mailbox: the one that was sent, and those of a time before the store knew of the notice.

A mail counts as sent when it stands in Sent, or when servers handed it on. A folder of all mails holds drafts too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from inbox_bot.core.automatic import is_automatic
from inbox_bot.desk import EarlierAnswer
from inbox_bot.mail.mailbox import Mailbox
from inbox_bot.mail.message import read_headers

_MOST_MAILS = 20
_HEADER_BYTES = 64 * 1024


def find_copy(mailbox: Mailbox, sent: str, folders: Sequence[str], message_id: str) -> str:
    """The first of Sent and the folders that holds the sent mail, empty when none does; raises TemporaryError."""
    for folder in dict.fromkeys((sent, *folders)):
        if folder and _holds_sent(mailbox, folder, message_id, is_sent=folder == sent):
            return folder
    return ""


def _holds_sent(mailbox: Mailbox, folder: str, message_id: str, *, is_sent: bool) -> bool:
    mailbox.examine(folder)
    uids = mailbox.search_message_id(message_id)[-_MOST_MAILS:]
    return bool(uids) and (is_sent or any(has_travelled(raw) for _, raw in mailbox.bodies(uids)))


def has_travelled(raw: bytes) -> bool:
    """Whether a server handed the mail on; a draft, and what was filed by hand, carries no such line."""
    head = b"\n" + raw[:_HEADER_BYTES].replace(b"\r\n", b"\n").partition(b"\n\n")[0].lower()
    return b"\nreceived:" in head


def find_earlier(
    mailbox: Mailbox,
    sent: str,
    drafts: str,
    folders: Sequence[str],
    reply_ids: Sequence[str],
    notice_id: str | None,
    addressees: Collection[str],
) -> EarlierAnswer:
    """What stands in Sent, in Drafts and in the folders of answers to the notice; raises TemporaryError."""
    wanted = frozenset(reply_ids)
    found = _answer_in_sent(mailbox, sent, reply_ids, notice_id, addressees) if sent else ""
    if found:
        return EarlierAnswer(sent, found)
    for folder in dict.fromkeys(folders):
        if folder in (sent, drafts):
            continue
        for raw in _bodies(mailbox, folder, reply_ids):
            message_id = read_headers(raw).message_id
            if message_id in wanted and has_travelled(raw):
                return EarlierAnswer(folder, message_id)
    waiting = [read_headers(raw).message_id for raw in _bodies(mailbox, drafts, reply_ids)] if drafts else []
    return EarlierAnswer(draft_ids=tuple(one for one in waiting if one in wanted))


def _answer_in_sent(
    mailbox: Mailbox, sent: str, reply_ids: Sequence[str], notice_id: str | None, addressees: Collection[str]
) -> str:
    ids = (*([notice_id] if notice_id else []), *reply_ids)
    for raw in _bodies(mailbox, sent, ids):
        mail = read_headers(raw)
        answers = notice_id is not None and notice_id in (*mail.in_reply_to, *mail.references)
        to_amazon = any(one.email in addressees for one in mail.to)
        if mail.message_id in reply_ids or (answers and to_amazon and not is_automatic(mail)):
            return mail.message_id or "a mail without a Message-ID"
    return ""


def _bodies(mailbox: Mailbox, folder: str, message_ids: Sequence[str]) -> tuple[bytes, ...]:
    mailbox.examine(folder)
    uids = mailbox.search_any((), message_ids)[-_MOST_MAILS:]
    return tuple(raw for _, raw in mailbox.bodies(uids)) if uids else ()
