"""What a mail is: a chargeback claim, a request for information, a decision, or something that only looks like one.

A mail from an address that only writes chargeback mails is always a notice, readable or not. Another Amazon
address has to say so in words, and carry no sign of a look-alike. Everybody else can only forward a notice, in
the text or as an attached mail. Whether the sender is genuine is judged in `core/trust.py`; what the notice says
in `core/extract.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from inbox_bot.core.bounces import is_bounce
from inbox_bot.core.disguise import looks_like_amazon
from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.forwards import subject_prefix, unwrap_inline
from inbox_bot.core.model import Address, Kind, Mail, Outcome
from inbox_bot.core.notice_rules import FoundPhrase, LookAlike, NoticeRules
from inbox_bot.core.phrases import Phrase
from inbox_bot.core.quotes import written_text
from inbox_bot.core.text import plain_line
from inbox_bot.core.time_frame import read_time_frame
from inbox_bot.core.values import find_amazon_pay_ids, find_order_ids
from inbox_bot.core.wording import Wording, language_of, looked_at

STRANGER = "notice from a stranger"
RECEIPT = "a receipt for an answer"
REFUSAL = "an answer refused"
AUTOMATIC = "an automatic answer"
_SPOKEN_OF = 4000  # characters in which a mail says what it is about
_LONG_AGO = date(2000, 1, 1)
_DEEPEST = 5  # mails inside mails


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a mail was taken for.

    `because` gives the reason in plain words. `looks_like` names what an `other` mail is, where that is known.
    `inner` is the mail the notice really is and `via` how it came: "" (the mail itself), "inline" or "attachment".
    """

    kind: Kind
    language: str | None
    because: str
    looks_like: str | None
    via: str
    inner: Mail
    by_sender_only: bool = False  # nothing in its words says what it is


def can_matter(headers: Mail, rules: NoticeRules, *, own_domains: Collection[str]) -> bool:
    """Whether a mail, by its headers alone, could be a notice, so that its body has to be fetched.

    `own_domains` are the seller's own; those where anybody can have a mailbox are ignored. Never false for a mail
    that `recognise` would take for a notice, except a forward whose subject says nothing from a foreign domain.
    """
    sender = headers.sender
    if sender is None or "@" not in sender.email or is_bounce(headers):
        return True
    if rules.is_amazon(sender.domain):
        if rules.is_chargeback_sender(sender.email):
            return True
        known = _known_sender(sender.email, rules) or _known_by_header(headers, rules)
        return known is None and subject_look_alike(headers.subject, rules) is None
    if subject_prefix(headers.subject, rules) == "forward":
        return True
    own = {domain.lower() for domain in own_domains} - rules.free_mail_domains
    if is_listed_domain(sender.domain, own):
        return True
    subject = plain_line(headers.subject)
    return bool(rules.find("mark", subject)) or looks_like_amazon(sender, rules.amazon_domains)


def recognise(mail: Mail, rules: NoticeRules) -> Recognition:
    """What the mail is; looks into attached and inline forwards of it."""
    return _recognise(mail, rules, _DEEPEST)


def _recognise(mail: Mail, rules: NoticeRules, depth: int) -> Recognition:
    mail = _readable(mail)
    if is_bounce(mail):
        return _other(mail, rules, "it reports that another mail was not delivered", "a bounce")
    sender = mail.sender
    if sender is not None and rules.is_amazon(sender.domain):
        return _from_amazon(mail, rules)
    inside = _inside(mail, rules, depth) if depth else None
    if inside is not None and inside.kind is not Kind.OTHER:
        return inside
    if sender is not None and not sender.email and "amazon" in sender.name.lower() and depth < _DEEPEST:
        return _without_address(mail, rules)
    return _from_stranger(mail, rules, inside)


def _readable(mail: Mail) -> Mail:
    return replace(
        mail, subject=plain_line(mail.subject), text=looked_at(mail.text), html_text=looked_at(mail.html_text)
    )


def _inside(mail: Mail, rules: NoticeRules, depth: int) -> Recognition | None:
    """What the mails inside this one are: the first notice among them, or the first of any kind."""
    first = None
    for inner, via in _inner_mails(mail, rules):
        found = _recognise(inner, rules, depth - 1)
        found = replace(found, via=via, because=f"{found.because} (forwarded: {via})")
        if found.kind is not Kind.OTHER:
            return found
        first = first or found
    return first


def _inner_mails(mail: Mail, rules: NoticeRules) -> Iterator[tuple[Mail, str]]:
    for attached in mail.forwarded[:20]:
        yield attached, "attachment"
    inline = unwrap_inline(mail, rules)
    if inline is not None:
        yield inline, "inline"


def _from_amazon(mail: Mail, rules: NoticeRules) -> Recognition:
    assert mail.sender is not None  # noqa: S101 - the caller looked
    body = _written(mail, rules)
    if rules.is_chargeback_sender(mail.sender.email):
        kind, words = _kind(mail.subject, body, rules)
        said = said_of_answer(mail, body, rules) if kind is Kind.CLAIM else None
        if said is not None:
            return _other(mail, rules, f"it says {said[1]!r}", said[0])
        because = f"{mail.sender.email} only writes chargeback mails" + (
            f"; it says {words!r}" if words else ""
        )
        return Recognition(kind, _language(mail, body), because, None, "", mail, by_sender_only=not words)
    known = _known_sender(mail.sender.email, rules) or _known_by_header(mail, rules)
    if known is not None:
        return _other(mail, rules, f"it is {known.name}, by its sender or headers", known.name)
    alike = subject_look_alike(mail.subject, rules)
    if alike is not None:
        return _other(mail, rules, f"its subject says {alike[2]!r}", alike[1].name)
    return _by_words(mail, body, rules)


def _by_words(mail: Mail, body: Wording, rules: NoticeRules) -> Recognition:
    said = said_of_answer(mail, body, rules)
    if said is not None and rules.find("mark", f"{mail.subject}\n{body.text[:_SPOKEN_OF]}"):
        return _other(mail, rules, f"it says {said[1]!r}", said[0])
    mark = _notice_mark(mail, body, rules)
    alike = _first_look_alike(body.text, rules, subject=False, wording=body)
    if mark is None:
        name = alike[1].name if alike else None
        return _other(mail, rules, "nothing in it says that a charge is disputed", name)
    if alike is not None and alike[0] <= mark.start:
        return _other(mail, rules, f"it says {alike[2]!r} first", alike[1].name)
    whole = f"{mail.subject}\n{body.text}"
    if find_amazon_pay_ids(whole) and not find_order_ids(whole):
        return _other(mail, rules, "it names an Amazon Pay id and no order", "an Amazon Pay dispute")
    if _is_bulk(mail) and not find_order_ids(whole):
        return _other(mail, rules, "it went to a mailing list and names no order", "a newsletter")
    kind, words = _kind(mail.subject, body, rules)
    return Recognition(kind, _language(mail, body), f"it says {words or mark.words!r}", None, "", mail)


def _without_address(mail: Mail, rules: NoticeRules) -> Recognition:
    """A forwarded mail whose header block gives Amazon's name but no address: by its words, like any Amazon mail."""
    body = _written(mail, rules)
    alike = subject_look_alike(mail.subject, rules)
    if alike is not None:
        return _other(mail, rules, f"its subject says {alike[2]!r}", alike[1].name)
    return _by_words(mail, body, rules)


def _from_stranger(mail: Mail, rules: NoticeRules, inside: Recognition | None) -> Recognition:
    if inside is not None:
        return replace(inside, inner=mail)
    body = _written(mail, rules)
    if mail.to and all(rules.is_amazon(address.domain) for address in mail.to):
        return _other(mail, rules, "it was written to Amazon", "an answer to Amazon")
    mark = _notice_mark(mail, body, rules)
    shown = Address(" ".join(mail.header_values("From")[:5]), mail.sender.email if mail.sender else "")
    disguised = looks_like_amazon(shown, rules.amazon_domains)
    alike = _foreign_look_alike(mail, body, rules)
    if disguised and (mark is not None or rules.find("mark", f"{mail.subject}\n{body.text[:_SPOKEN_OF]}")):
        return _other(
            mail, rules, "it passes itself off as Amazon but is not from an Amazon domain", STRANGER
        )
    if alike is not None:
        return _other(mail, rules, f"it says {alike[2]!r}", alike[1].name)
    if _is_bulk(mail) and rules.find("mark", f"{mail.subject}\n{body.text[:_SPOKEN_OF]}"):
        return _other(mail, rules, "it went to a mailing list", "a newsletter")
    speaks_of_amazon = "amazon" in f"{mail.subject}\n{body.text}".lower() or "亚马逊" in body.text
    if mark is not None and speaks_of_amazon and body.found("deadline", means="answer"):
        return _other(mail, rules, "it reads like a notice but is not from an Amazon domain", STRANGER)
    return _other(mail, rules, "it is not from Amazon and forwards no notice", None)


def _other(mail: Mail, rules: NoticeRules, because: str, looks_like: str | None) -> Recognition:
    language = language_of(f"{mail.subject}\n{mail.text or mail.html_text}", rules)
    return Recognition(Kind.OTHER, language, because, looks_like, "", mail)


def _written(mail: Mail, rules: NoticeRules) -> Wording:
    """What the sender of the mail wrote, without quoted mails; of text and HTML the one that says what it is."""
    text = Wording(written_text(mail.text, rules), rules)
    if not mail.html_text.strip() or (mail.text.strip() and text.found("mark")):
        return text
    html = Wording(written_text(mail.html_text, rules), rules)
    return html if not mail.text.strip() or html.found("mark") else text


def _language(mail: Mail, body: Wording) -> str | None:
    return language_of(body.text if body.text.strip() else mail.subject, body.rules)


def _notice_mark(mail: Mail, body: Wording, rules: NoticeRules) -> FoundPhrase | None:
    """The first phrase that says that a charge is disputed, or how that ended: of the subject, then of the body."""
    if subject_prefix(mail.subject, rules) != "reply":
        subject = [
            one for one in _marks_of_subject(mail.subject, rules) if one.entry.means != "information_request"
        ]
        if subject:
            return replace(subject[0], start=-1)
    stated = [one for one in body.stated("mark", where="body") if one.entry.means in ("claim", "decision")]
    return stated[0] if stated else None


def _marks_of_subject(subject: str, rules: NoticeRules) -> list[FoundPhrase]:
    found = rules.find("mark", plain_line(subject), where="subject")
    return [one for one in found if one.entry.means != "topic"]


def _kind(subject: str, body: Wording, rules: NoticeRules) -> tuple[Kind, str]:
    """The kind of a mail that is known to be a notice, and the words that told it."""
    in_subject = _marks_of_subject(subject, rules)
    for kind in (Kind.DECISION, Kind.INFORMATION_REQUEST):
        words = next((one.words for one in in_subject if one.entry.means == kind.value), "")
        if words:
            return kind, words
    outcome = next(iter(body.stated("outcome")), None)
    info = next(iter(body.stated("mark", means="information_request", where="body")), None)
    decided = next(iter(body.stated("mark", means="decision", where="body")), None)
    if (outcome is not None or decided is not None) and not _asks_for_answer(body):
        return Kind.DECISION, (outcome or decided or body.found("mark")[0]).words
    if info is not None:
        return Kind.INFORMATION_REQUEST, info.words
    claim = next(iter(in_subject), None) or next(iter(body.stated("mark", means="claim", where="body")), None)
    return Kind.CLAIM, claim.words if claim is not None else ""


def said_of_answer(mail: Mail, body: Wording, rules: NoticeRules) -> tuple[str, str] | None:
    """What a mail of Amazon's says of an answer it got, RECEIPT or REFUSAL, and the words; None for other mails.

    A mail that asks for anything or sets a last day is never one, so that no notice can pass for a receipt.
    """
    if _asks_for_answer(body) or body.stated("ask") or _names_last_day(mail, body):
        return None
    for means, name in (("answer_refused", REFUSAL), ("answer_received", RECEIPT)):
        found = body.stated("wording", means=means) or rules.find("wording", mail.subject, means=means)
        if found:
            return name, found[0].words
    automatic = any(value.strip().lower() == "auto-replied" for value in mail.header_values("Auto-Submitted"))
    if automatic and not body.stated("mark", where="body"):
        return AUTOMATIC, "an automatic answer"
    return None


def _names_last_day(mail: Mail, body: Wording) -> bool:
    written_at = mail.date_at or mail.received_at
    return read_time_frame(body, written_at.date() if written_at else _LONG_AGO).on is not None


def _asks_for_answer(body: Wording) -> bool:
    """Whether the mail asks for proofs by a day: what a decision does not do."""
    return (
        len({one.entry.means for one in body.stated("ask")}) >= 2
        or read_time_frame(body, None).days is not None
    )


def outcome_of(subject: str, body: Wording) -> Outcome | None:
    """How a decision mail says that the dispute ended."""
    for section in ("outcome", "outcome_of_decision"):
        found = list(_not_inside(body.stated(section)))
        for outcome in (Outcome.IN_FAVOUR, Outcome.DEBITED):
            if any(one.entry.means == outcome.value for one in found):
                return outcome
    found = [*_not_inside(body.rules.find("outcome", subject))]
    return Outcome(found[0].entry.means) if found else None


def _not_inside(found: Iterable[FoundPhrase]) -> Iterator[FoundPhrase]:
    """The phrases without those that stand inside a longer one: "not in your favor" is not "in your favor"."""
    end = -1
    for one in found:
        if one.end > end:
            yield one
            end = one.end


def _known_sender(email: str, rules: NoticeRules) -> LookAlike | None:
    return next((alike for alike in rules.look_alikes if rules.is_sender(email, alike.addresses)), None)


def _known_by_header(mail: Mail, rules: NoticeRules) -> LookAlike | None:
    names = {name.lower() for name, _ in mail.headers}
    return next((alike for alike in rules.look_alikes if names.intersection(alike.headers)), None)


def subject_look_alike(subject: str, rules: NoticeRules) -> tuple[int, LookAlike, str] | None:
    """The look-alike a subject names; beside words about a chargeback only a firm one counts."""
    subject = plain_line(subject)
    speaks_of_chargeback = bool(rules.find("mark", subject))
    return _first_look_alike(subject, rules, subject=True, only_firm=speaks_of_chargeback)


def _first_look_alike(
    text: str, rules: NoticeRules, *, subject: bool, wording: Wording | None = None, only_firm: bool = False
) -> tuple[int, LookAlike, str] | None:
    """The look-alike whose phrase stands first in a text (supposed ones left out): place, which, words."""
    firsts = (
        (found[0], alike, found[1])
        for alike in rules.look_alikes
        if (alike.firm or not only_firm)
        and (found := _first(alike.subject if subject else (*alike.body, *alike.anywhere), text, wording))
    )
    return min(firsts, key=lambda one: one[0], default=None)


def _foreign_look_alike(mail: Mail, body: Wording, rules: NoticeRules) -> tuple[int, LookAlike, str] | None:
    sender = f"{mail.sender.name} {mail.sender.email}" if mail.sender is not None else ""
    text = f"{sender}\n{mail.subject}\n\n{body.text}"
    for alike in rules.look_alikes:
        if found := _first(alike.anywhere, text, None):
            return found[0], alike, found[1]
    return _first_look_alike(mail.subject, rules, subject=True)


def _first(phrases: Iterable[Phrase], text: str, wording: Wording | None) -> tuple[int, str] | None:
    spans = (
        span
        for phrase in phrases
        for span in phrase.spans_in(text)
        if wording is None or not wording.is_conditional(span[0])
    )
    first = min(spans, default=None)
    return (first[0], plain_line(text[first[0] : first[1]])) if first is not None else None


def _is_bulk(mail: Mail) -> bool:
    listed = mail.header_values("List-Unsubscribe") or mail.header_values("List-Id")
    precedence = [value.strip().lower() for value in mail.header_values("Precedence")]
    return bool(listed) or "bulk" in precedence
