"""Writing the answer to a notice: letter, exhibits, the book and the other files, from what is stored of the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from inbox_bot.core.afterlife import new_evidence
from inbox_bot.core.book import book_of
from inbox_bot.core.case import Case
from inbox_bot.core.compose import compose, reply_language
from inbox_bot.core.errors import NeedsReview, UserError
from inbox_bot.core.exhibits import Exhibit, list_exhibits
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.letter import NOTHING_EARLIER, Earlier, Letter, lay_out
from inbox_bot.core.model import Attachment, Notice, Policy, Representment, Verdict
from inbox_bot.core.record import DocumentKind, Dossier, Party
from inbox_bot.core.records import bundle, text_files
from inbox_bot.core.redact import Keep, redact
from inbox_bot.core.timeline import timeline_of
from inbox_bot.core.truth import Flaw, Ground, StatementWords, check_answer, check_letter
from inbox_bot.desk import Desk
from inbox_bot.store.codec import from_json
from inbox_bot.work import Work


def notice_of(case: Case) -> Notice:
    """The notice to answer, with the reason that the whole thread gave."""
    return replace(case.notice, reason=case.reason)


def order_ids_of(notice: Notice) -> tuple[str, ...]:
    """The order in dispute first, then the others that the notice names."""
    ids = (notice.order_id, *notice.order_ids) if notice.order_id else ()
    return tuple(dict.fromkeys(ids))[:_MOST_ORDERS]


_MOST_ORDERS = 5  # a hostile notice may list thousands; a duplicate dispute names two


def stored_record(work: Work) -> tuple[tuple[Dossier, ...], Facts]:
    """The dossiers as they were when the case was last looked up, and their facts; raises NeedsReview."""
    if work.case.dossier_sha256 is None:
        raise NeedsReview("nothing was looked up for this case yet")
    dossiers = from_json(work.file(work.case.dossier_sha256).decode(), tuple[Dossier, ...])
    return dossiers, find_facts(notice_of(work.case), dossiers[0], dossiers[1:])


def ground_of(case: Case, file: Callable[[str], bytes], policy: Policy) -> Ground:
    """What a letter of the case may say, from what is stored; raises UserError when that was never looked up."""
    if case.dossier_sha256 is None:
        raise UserError(f"nothing was looked up for case {case.case_id} yet; run `inbox-bot once` first")
    try:
        dossiers = from_json(file(case.dossier_sha256).decode(), tuple[Dossier, ...])
    except KeyError:
        raise UserError(f"the record of case {case.case_id} was purged, so nothing can be checked") from None
    names = case.reply.attachment_names if case.reply else ()
    exhibits = len(list_exhibits(dossiers, case.evidence))
    return Ground(
        notice_of(case), dossiers, exhibits, names, policy, case.refund_confirmed, _earlier(case).told_on
    )


def write_answer(desk: Desk, work: Work) -> Representment:
    """The whole answer, ready to become a mail; raises NeedsReview when it cannot be written or may not go out."""
    case, policy = work.case, desk.policy
    if case.decision is None:
        raise NeedsReview("nothing was decided for this case yet")
    dossiers, facts = stored_record(work)
    notice = notice_of(case)
    is_short = case.decision.verdict is Verdict.REFUND  # the book is for a dispute, not for a refund
    exhibits = () if is_short else list_exhibits(dossiers, case.evidence)
    letter = lay_out(
        notice, dossiers[0], dossiers[1:], facts, case.decision, policy, exhibits, _earlier(case)
    )
    files = text_files(letter, _originals(work, dossiers), policy)
    if is_short:
        attachments, said = bundle(letter, None, files[:1], policy), ""
    else:
        attachments, said = _bound(desk, work, letter, dossiers, exhibits, files)
    answer = compose(case.case_id, notice, letter, attachments, desk.rulebook.templates, policy)
    names = tuple(file.name for file in attachments)
    told_on = _earlier(case).told_on
    ground = Ground(notice, dossiers, len(exhibits), names, policy, case.refund_confirmed, told_on)
    texts = [said, *(file.content.decode() for file in attachments if file.media_type == "text/plain")]
    _refuse_untrue(answer.text, "\n".join(texts), ground, desk.rulebook.statements, is_short=is_short)
    return answer


def _earlier(case: Case) -> Earlier:
    if case.told_at is None:
        return NOTHING_EARLIER
    return Earlier(case.told_at.date(), new_evidence(case, case.evidence))


def _refuse_untrue(
    text: str, exhibits: str, ground: Ground, words: StatementWords, *, is_short: bool
) -> None:
    """A letter that the record does not bear out goes nowhere: a person reads it, with the sentence marked."""
    flaws = check_letter(text, ground, words) if is_short else check_answer(text, exhibits, ground, words)
    if flaws:
        told = "; ".join(flaw.what for flaw in flaws[:5])
        more = f"; and {len(flaws) - 5} more" if len(flaws) > 5 else ""
        what = f"the letter does not say what is on record: {told}{more}"
        raise NeedsReview(what, marked(text, flaws))


def marked(text: str, flaws: Sequence[Flaw]) -> str:
    """The letter with ">>" before each line that a flaw is about."""
    spans = [(flaw.start, flaw.end) for flaw in flaws if flaw.end > flaw.start]
    lines, at = [], 0
    for line in text.splitlines(keepends=True):
        is_wrong = any(start < at + len(line) and at < end for start, end in spans)
        lines.append((">> " if is_wrong else "   ") + line.rstrip("\r\n"))
        at += len(line)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _bound(
    desk: Desk,
    work: Work,
    letter: Letter,
    dossiers: Sequence[Dossier],
    exhibits: Sequence[Exhibit],
    files: Sequence[Attachment],
) -> tuple[tuple[Attachment, ...], str]:
    """All attachments with the book in front, within the policy's limits, and what the book says."""
    from inbox_bot.book.bind import (  # typst is loaded where a book is made, not before
        CannotBind,
        Limits,
        bind,
    )

    notice, policy = notice_of(work.case), desk.policy
    timeline = timeline_of(notice, dossiers)
    book = book_of(
        notice, letter, dossiers, exhibits, timeline, reply_language(notice, policy, desk.rulebook.templates)
    )
    keep = Keep.of(notice, dossiers[0], policy)
    kept = {}
    for document in (one for dossier in dossiers for one in dossier.documents):
        try:
            content = work.file(document.kept_sha256)
        except KeyError:
            continue  # purged; the book says that it is not shown
        if document.kind is DocumentKind.MAIL:  # a buyer's mail is read like the rest of the correspondence
            content = redact(content.decode("utf-8", "replace"), keep).text.encode()
        kept[document.kept_sha256] = content
    room = policy.max_attachment_bytes - sum(
        len(file.content) for file in files[: policy.max_attachments - 1]
    )
    try:
        bound = bind(book, kept, Limits(room, policy.max_pages), desk.rulebook.book)
    except CannotBind as error:
        raise NeedsReview(str(error)) from None
    return bundle(letter, bound.content, files, policy), bound.text


def _originals(work: Work, dossiers: Sequence[Dossier]) -> list[bytes]:
    spoken = (one for one in dossiers[0].messages if one.party in (Party.BUYER, Party.SELLER))
    found = []
    for message in spoken:
        try:
            found.append(work.file(message.mail_sha256))
        except KeyError:
            continue  # purged
    return found
