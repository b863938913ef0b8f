"""Replaying mails from files through the whole pipeline, offline, in a store that is thrown away.

Each mail is handled as if the program had run at the moment the mail arrived (or at `--now`), with all given mails
as the mailbox in which correspondence is looked up. Nothing is sent and no configured store is touched.
"""

from __future__ import annotations

import hashlib
import json
import mailbox
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_bot.app import advance_case
from inbox_bot.core.case import Case
from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Kind, LastCall, Mail, Policy, Reply
from inbox_bot.core.recognise import recognise
from inbox_bot.desk import Desk, EarlierAnswer, FoundMail, Rulebook, SentCopy
from inbox_bot.intake import Handled, handle_safely
from inbox_bot.store.protocol import Cursor, FetchedMail, StoredMail
from inbox_bot.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from inbox_bot.orders.folder_source import FolderSource

ACCOUNT = "replay"
FOLDER = "replay"


@dataclass(frozen=True, slots=True)
class MailFile:
    """One mail of the replay: where it came from and its raw bytes."""

    name: str
    raw_bytes: bytes


def read_paths(paths: Sequence[Path]) -> tuple[MailFile, ...]:
    """The mails of .eml files, mbox files, Maildirs and folders of them, in the order given, names sorted within.

    Raises UserError that names every path that cannot be read.
    """
    mails: list[MailFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            mails.extend(_read_path(path))
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror}", str(path)))
    if problems:
        raise UserError(problems)
    return tuple(mails)


def _read_path(path: Path) -> Iterator[MailFile]:
    if not path.is_dir():
        yield from _read_file(path)
    elif (path / "cur").is_dir() and (path / "new").is_dir():
        for entry in sorted((*(path / "cur").iterdir(), *(path / "new").iterdir())):
            yield MailFile(str(entry), entry.read_bytes())
    else:
        for entry in sorted(path.iterdir()):
            if entry.is_dir() or _is_mail_file(entry):
                yield from _read_path(entry)


def _is_mail_file(path: Path) -> bool:
    """Whether a file of a folder is read; `X.reply.eml` is a golden reply beside its mail, not a mail that came in."""
    return path.suffix.lower() in (".eml", ".mbox", ".mbx") and not path.name.endswith(".reply.eml")


def _read_file(path: Path) -> Iterator[MailFile]:
    content = path.read_bytes()
    if path.suffix.lower() == ".eml" or not content.startswith(b"From "):
        yield MailFile(str(path), content)
        return
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.keys(), 1):
            yield MailFile(f"{path}#{number}", box.get_bytes(key))
    finally:
        box.close()


class ReplayOutside:
    """`Outside` over the replayed mails; drafts are kept in memory, sending is refused."""

    def __init__(self, mails: Sequence[tuple[MailFile, Mail]]) -> None:
        self._mails = [(file.raw_bytes, mail, _searchable(mail)) for file, mail in mails]
        self.drafts: dict[str, Reply] = {}

    def sent_folder(self) -> str:
        """All replayed mails stand in one folder, which counts as Sent for the seller's own."""
        return FOLDER

    def find_mails(self, needles: Collection[str]) -> tuple[bytes, ...]:
        """The replayed mails that mention one of the ids, and those of their threads."""
        lowered = [needle.lower() for needle in needles]
        found = [any(needle in text for needle in lowered) for _, _, text in self._mails]
        ids = {
            one for (_, mail, _), hit in zip(self._mails, found, strict=True) if hit for one in _thread(mail)
        }
        return tuple(
            raw
            for (raw, mail, _), hit in zip(self._mails, found, strict=True)
            if hit or not ids.isdisjoint(_thread(mail))
        )

    def find_everywhere(self, needles: Collection[str]) -> tuple[FoundMail, ...]:
        """All replayed mails stand in one folder."""
        return tuple(FoundMail(FOLDER, None, raw) for raw in self.find_mails(needles))

    def place_draft(self, reply: Reply, *, look_first: bool) -> str:
        """Keep the reply."""
        self.drafts[reply.message_id] = reply
        return "Drafts"

    def remove_draft(self, reply: Reply, *, unless_edited: bool = False) -> bool:
        """Drop the kept reply."""
        self.drafts.pop(reply.message_id, None)
        return True

    def find_draft(self, reply: Reply, answers: str | None) -> bytes | None:
        """The kept reply."""
        kept = self.drafts.get(reply.message_id)
        return kept.raw_bytes if kept else None

    def submit(
        self, reply: Reply, *, before_body: Callable[[], None], on_accepted: Callable[[int, str], None]
    ) -> None:
        """Never called: the replay's policy drafts and has no last call."""
        raise UserError("a replay never sends")

    def find_copy(self, reply_message_id: str) -> str:
        """Nothing was sent, so there is no copy."""
        return ""

    def find_earlier(
        self, reply_ids: Sequence[str], notice_id: str | None, addressees: Collection[str]
    ) -> EarlierAnswer:
        """What the seller wrote is read like every other replayed mail."""
        return EarlierAnswer()

    def file_sent_copy(self, reply: Reply) -> SentCopy:
        """Nothing was sent, so nothing is filed."""
        return SentCopy("", was_there=False)


def _thread(mail: Mail) -> tuple[str, ...]:
    return (*((mail.message_id,) if mail.message_id else ()), *mail.in_reply_to, *mail.references)


def _searchable(mail: Mail) -> str:
    parts = [mail.subject, mail.text, mail.html_text, *(_searchable(inner) for inner in mail.forwarded)]
    return "\n".join(parts).lower()


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """What one mail was taken for and what came of it; `case` is as it stood right after the mail."""

    file: str
    received_at: datetime
    handled: Handled
    case: Case | None
    reply: Reply | None
    reply_path: Path | None


class Replay:
    """A run over mails, one `ReplayLine` at a time."""

    def __init__(
        self,
        files: Sequence[MailFile],
        rulebook: Rulebook,
        read: Callable[[bytes], Mail],
        *,
        trust: str,
        authserv_id: str = "",
        own_addresses: Sequence[str] = (),
        signature: str = "",
        now: datetime | None = None,
        out: Path | None = None,
        evidence: FolderSource | None = None,
    ) -> None:
        self._mails = [(file, read(file.raw_bytes)) for file in files]
        known = {hashlib.sha256(file.raw_bytes).hexdigest(): mail for file, mail in self._mails}
        self.store = SqliteStore(None)
        self._outside = ReplayOutside(self._mails)
        self._now, self._out = now, out
        addresses = list(own_addresses) or _own_addresses([mail for _, mail in self._mails], rulebook)
        self.desk = Desk(
            policy=Policy(
                account=ACCOUNT,
                address=addresses[0],
                aliases=tuple(addresses[1:]),
                signature=signature,
                last_call=LastCall.NEVER,
                authserv_id=authserv_id,
                trust=trust,
            ),
            rulebook=rulebook,
            store=self.store,
            outside=self._outside,
            read=lambda raw: known[hashlib.sha256(raw).hexdigest()],
            folder=evidence,
        )

    def lines(self) -> Iterator[ReplayLine]:
        """Handle the mails in order; the next one is only looked at when it is asked for."""
        for number, (file, mail) in enumerate(self._mails, 1):
            yield self._line(file, mail, number)

    def _line(self, file: MailFile, mail: Mail, number: int) -> ReplayLine:
        received_at = mail.received_at or mail.date_at or self._now or datetime.now(UTC)
        now = self._now or received_at
        fetched = FetchedMail(number, None, mail.message_id, file.raw_bytes)
        self.store.save_mails(ACCOUNT, FOLDER, Cursor(1, number), [fetched], now)
        stored = StoredMail(ACCOUNT, mail.sha256, FOLDER, mail.received_at, 0)
        handled = handle_safely(self.desk, stored, now, tries=1)
        case = advance_case(self.desk, handled.case_id, now) if handled.case_id else None
        reply = self._reply(case) if handled.notice is not None else None
        return ReplayLine(file.name, received_at, handled, case, reply, self._write(reply))

    def _reply(self, case: Case | None) -> Reply | None:
        return self._outside.drafts.get(case.reply.message_id) if case and case.reply else None

    def _write(self, reply: Reply | None) -> Path | None:
        if reply is None or self._out is None:
            return None
        self._out.mkdir(parents=True, exist_ok=True)
        suffix = "" if reply.revision == 1 else f"-{reply.revision}"
        path = self._out / f"{reply.case_id}{suffix}.eml"
        path.write_bytes(reply.raw_bytes)
        return path


def _own_addresses(mails: Sequence[Mail], rulebook: Rulebook) -> list[str]:
    """The addresses that Amazon's notices and mails went to, the most frequent first."""
    counted: Counter[str] = Counter()
    for mail in mails:
        recognition = recognise(mail, rulebook.notices)
        if recognition.kind is not Kind.OTHER or _from_amazon(mail, rulebook):
            counted.update(address.email for address in (*mail.to, *recognition.inner.to) if address.email)
    own = [
        email
        for email, _ in counted.most_common()
        if not is_listed_domain(email.rpartition("@")[2], _amazon(rulebook))
    ]
    return own or ["seller@localhost"]


def _from_amazon(mail: Mail, rulebook: Rulebook) -> bool:
    return mail.sender is not None and is_listed_domain(mail.sender.domain, _amazon(rulebook))


def _amazon(rulebook: Rulebook) -> Collection[str]:
    return rulebook.notices.amazon_domains


def as_json(line: ReplayLine) -> str:
    """One line of `replay --json`: keys never vanish, what is not known is null."""
    notice, case, recognition = line.handled.notice, line.case, line.handled.recognition
    decision = case.decision if case and notice and notice.kind is not Kind.DECISION else None
    deadline = case.deadline if case and notice and notice.kind is not Kind.DECISION else None
    amount = notice.amount if notice else None
    mail = line.handled.mail
    problems = [*(mail.problems if mail else ()), *(notice.problems if notice else ())]
    blocked = [f"no reply: {case.blocked_because}"] if case and notice and case.blocked_because else []
    values = {
        "file": line.file,
        "message_id": mail.message_id if mail else None,
        "kind": recognition.kind.value if recognition else Kind.OTHER.value,
        "language": recognition.language if recognition else None,
        "trusted": line.handled.trust.trusted,
        "trust_reason": line.handled.trust.reason,
        "case": line.handled.case_id,
        "order_id": notice.order_id if notice else None,
        "reason": notice.reason.value if notice and notice.kind is not Kind.DECISION else None,
        "amount": str(amount.amount) if amount else None,
        "currency": amount.currency if amount else None,
        "items": list(notice.items) if notice else [],
        "outcome": notice.outcome.value if notice and notice.outcome else None,
        "received_at": _iso(line.received_at),
        "due_by": _iso(deadline.due_by) if deadline else None,
        "send_by": _iso(deadline.send_by) if deadline else None,
        "verdict": decision.verdict.value if decision else None,
        "rule": decision.rule if decision else None,
        "because": decision.because if decision else None,
        "hits": list(decision.hits) if decision else [],
        "misses": list(decision.misses) if decision else [],
        "missing": list(decision.missing) if decision else [],
        "reply": str(line.reply_path) if line.reply_path else None,
        "reply_to": line.reply.recipient if line.reply else None,
        "attachments": list(line.reply.attachment_names) if line.reply else [],
        "problems": _distinct([*map(str, problems), *blocked, *_noted(line.handled)]),
    }
    return json.dumps(values, ensure_ascii=False)


def _noted(handled: Handled) -> list[str]:
    if handled.recognition is None:
        return [f"the mail could not be handled: {handled.note}"]
    if handled.notice is None and handled.note:
        return [f"{handled.note}: {handled.recognition.because}"]
    return []


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
