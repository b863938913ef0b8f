"""One account's desk: its policy, its rules, its store, and the one door to the outside.

The steps of a case are performed here against `Outside`, so that a live mailbox, a replay of files and a test all
run the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from inbox_bot.core.book import BookStyle
from inbox_bot.core.compose import Templates, load_templates
from inbox_bot.core.decide import DecisionRules, load_decision_rules
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.evidence import EvidenceRules
from inbox_bot.core.evidence_table import load_evidence_rules
from inbox_bot.core.goods import Goods, load_goods
from inbox_bot.core.judgement import Tables
from inbox_bot.core.model import Mail, Policy, Reply
from inbox_bot.core.notice_rules import NoticeRules, load_notice_rules
from inbox_bot.core.trust import DkimFinding
from inbox_bot.core.truth_words import StatementWords, load_statement_words
from inbox_bot.orders.correspondence import CorrespondenceRules, load_correspondence_rules
from inbox_bot.orders.source import RecordSource
from inbox_bot.resources import book_sources, rule_files, template_sources
from inbox_bot.store.protocol import Store

if TYPE_CHECKING:
    from inbox_bot.orders.folder_source import FolderSource  # loads pillow and pypdf


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything that is data: how mails are read, cases decided and letters written."""

    notices: NoticeRules
    correspondence: CorrespondenceRules
    decisions: DecisionRules
    evidence: EvidenceRules
    statements: StatementWords
    templates: Templates
    book: BookStyle
    goods: Goods = field(default_factory=Goods)

    @property
    def tables(self) -> Tables:
        """What a verdict comes from."""
        return Tables(self.decisions, self.evidence, self.goods)


def load_rulebook(rules_folder: Path | None = None, templates_folder: Path | None = None) -> Rulebook:
    """The bundled rules and templates with the user's own over them; raises UserError with every problem at once."""
    problems: list[Problem] = []
    parts: dict[str, object] = {}

    def attempt(name: str, load: Callable[[], object]) -> None:
        try:
            parts[name] = load()
        except UserError as error:
            problems.extend(error.problems)

    attempt("notices", lambda: load_notice_rules(rule_files("notices*.toml", rules_folder)))
    attempt(
        "correspondence", lambda: load_correspondence_rules(rule_files("correspondence*.toml", rules_folder))
    )
    attempt("decisions", lambda: load_decision_rules(rule_files("decisions*.toml", rules_folder)))
    attempt("evidence", lambda: load_evidence_rules(rule_files("evidence*.toml", rules_folder)))
    attempt("goods", lambda: load_goods(rule_files("goods*.toml", rules_folder)))
    attempt("statements", lambda: load_statement_words(rule_files("statements*.toml", rules_folder)))
    attempt("templates", lambda: load_templates(template_sources(templates_folder)))
    attempt("book", lambda: BookStyle(*book_sources(templates_folder)))
    if problems:
        raise UserError(problems)
    return Rulebook(**parts)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class SentCopy:
    """Where a copy of a sent reply stands ("" without a Sent folder), and whether the server had put it there."""

    folder: str
    was_there: bool


@dataclass(frozen=True, slots=True)
class FoundMail:
    """A mail that a search met: its folder, when the server got it, and its bytes."""

    folder: str
    received_at: datetime | None
    raw_bytes: bytes


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """An answer that went out before this store knew of it (empty: none), and drafts of ours from before."""

    folder: str = ""
    answer_id: str = ""
    draft_ids: tuple[str, ...] = ()


class Outside(Protocol):
    """What a case's steps need from the world: the mailbox's correspondence, Drafts, Sent, and a way to send."""

    def sent_folder(self) -> str:
        """The folder whose mails the seller wrote; raises TemporaryError."""

    def find_mails(self, needles: Collection[str]) -> tuple[bytes, ...]:
        """All mails that mention one of the ids (order or tracking ids) or share a thread with such a mail, raw.

        Each once, none judged: whether a mail of the thread belongs to the order is for the reader to say.
        """

    def find_everywhere(self, needles: Collection[str]) -> tuple[FoundMail, ...]:
        """The mails of all folders that mention one of the ids, also of those nobody watches; raises TemporaryError."""

    def place_draft(self, reply: Reply, *, look_first: bool) -> str:
        """See that the reply stands in Drafts once, and return the folder; raises TemporaryError."""

    def remove_draft(self, reply: Reply, *, unless_edited: bool = False) -> bool:
        """See that the reply's own draft no longer stands in Drafts; raises TemporaryError.

        With `unless_edited` a draft that is not byte for byte ours stays; returns whether none stands there now.
        """

    def find_draft(self, reply: Reply, answers: str | None) -> bytes | None:
        """The reply to the mail `answers` as it stands in Drafts, perhaps edited; None when there is none."""

    def submit(
        self, reply: Reply, *, before_body: Callable[[], None], on_accepted: Callable[[int, str], None]
    ) -> None:
        """Send the reply once; raises RefusedByServer, AnswerUnknown or TemporaryError (see mail/smtp.py)."""

    def find_copy(self, reply_message_id: str) -> str:
        """The folder that holds a copy of a sent reply, empty when none does; raises TemporaryError."""

    def find_earlier(
        self, reply_ids: Sequence[str], notice_id: str | None, addressees: Collection[str]
    ) -> EarlierAnswer:
        """What the mailbox holds of earlier answers; raises TemporaryError.

        `reply_ids` are the Message-IDs that our own replies would have, `notice_id` that of the notice, to which a
        mail in Sent to one of the `addressees` is an answer, whoever wrote it.
        """

    def file_sent_copy(self, reply: Reply) -> SentCopy:
        """See that Sent holds one copy of a sent reply; raises TemporaryError."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something a person should be told: about a case, or (`case_id` None) about the account."""

    account: str
    case_id: str | None
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Desk:
    """One account, ready to work."""

    policy: Policy
    rulebook: Rulebook
    store: Store
    outside: Outside
    read: Callable[[bytes], Mail]
    tell: Callable[[Notification], None] = field(default=lambda notification: None)
    more_sources: tuple[RecordSource, ...] = ()  # asked after the store's records and the mailbox
    folder: FolderSource | None = None  # the watched folder, asked last
    # What the signatures of a raw mail that arrived at the instant prove; nothing is looked up by itself.
    authenticate: Callable[[bytes, datetime], DkimFinding | None] = field(
        default=lambda raw, arrived_at: None
    )

    other_addresses: frozenset[str] = frozenset()  # of other accounts that read the same mailbox

    @property
    def own_addresses(self) -> frozenset[str]:
        """All addresses of the account, in lower case."""
        return frozenset({self.policy.address.lower(), *(alias.lower() for alias in self.policy.aliases)})
