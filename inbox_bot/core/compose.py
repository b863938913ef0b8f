"""Composing the reply: a template of the notice's language, filled from the record, in the notice's thread.

Templates run in Jinja's sandbox with strict undefined names; what a mail says reaches them as values only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import DictLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment

from inbox_bot.core.errors import NeedsReview, Problem, UserError
from inbox_bot.core.letter import Letter, LetterAttachment
from inbox_bot.core.model import Address, Attachment, Kind, Notice, Policy, Representment, Verdict
from inbox_bot.core.text import one_line

LETTERS = ("representment", "refund_notice", "information", "contest")
_RE = re.compile(r"^\s*re\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Templates:
    """All templates by name ("en/representment.txt.j2"), ready to render, and the languages that have every letter."""

    environment: SandboxedEnvironment
    languages: frozenset[str]

    def render(self, name: str, **values: object) -> str:
        """The filled template; raises NeedsReview with the template's name when it cannot be filled."""
        try:
            text = self.environment.get_template(name).render(**values)
        except TemplateNotFound:
            raise NeedsReview(f"there is no template {name}") from None
        except TemplateError as error:
            raise NeedsReview(f"the template {name} could not be filled: {error}") from error
        return _tidy(text)


def load_templates(sources: Mapping[str, str]) -> Templates:
    """Compile template sources by name; raises UserError with file and line for every one that is not valid."""
    environment = SandboxedEnvironment(
        loader=DictLoader(dict(sources)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the templates are plain text; the HTML part is escaped from it
    )
    problems = []
    for name in sorted(sources):
        try:
            environment.get_template(name)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            remedy = "correct the template, or remove your copy to use the bundled one"
            problems.append(Problem(f"not a valid template: {error.message}", name, line, remedy=remedy))
    if problems:
        raise UserError(problems)
    folders = {name.partition("/")[0] for name in sources}
    whole = {one for one in folders if all(f"{one}/{letter}.txt.j2" in sources for letter in LETTERS)}
    return Templates(environment, frozenset(whole))


def letter_kind(notice: Notice, verdict: Verdict) -> str:
    """Which letter answers the notice."""
    if verdict is Verdict.REFUND:
        return "refund_notice"
    return _LETTER_OF.get(notice.kind, "representment")


_LETTER_OF = {Kind.INFORMATION_REQUEST: "information", Kind.DECISION: "contest"}


def compose(
    case_id: str,
    notice: Notice,
    letter: Letter,
    attachments: Sequence[Attachment],
    templates: Templates,
    policy: Policy,
) -> Representment:
    """The answer to one notice; raises NeedsReview when there is nobody to answer or a template cannot be filled."""
    if notice.reply_to is None:
        raise NeedsReview("the notice has no Amazon address that an answer could go to")
    kind = letter_kind(notice, letter.decision.verdict)
    language = reply_language(notice, policy, templates)
    listed = [LetterAttachment(number, one.name, one.title) for number, one in enumerate(attachments, 1)]
    text = templates.render(f"{language}/{kind}.txt.j2", letter=letter, attachments=listed)
    references = (*notice.references, *((notice.message_id,) if notice.message_id else ()))
    return Representment(
        case_id=case_id,
        kind=kind,
        language=language,
        sender=Address(one_line(policy.display_name), _sender(notice, policy)),
        recipient=notice.reply_to,
        subject=reply_subject(notice.subject, letter.order_id),
        in_reply_to=notice.message_id,
        references=tuple(dict.fromkeys(references)),
        text=text,
        html=as_html(text),
        attachments=tuple(attachments),
    )


def reply_subject(subject: str, order_id: str) -> str:
    """ "Re: " and the original subject, not doubled; the order id stands in when there was no subject."""
    subject = one_line(subject)
    return f"Re: {_RE.sub('', subject) or f'Order {order_id}'}"


def as_html(text: str) -> str:
    """The same words as simple HTML: a paragraph for each block of lines."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    paragraphs = [
        "<p>" + "<br>\n".join(html.escape(line) for line in block.splitlines()) + "</p>" for block in blocks
    ]
    return "<!DOCTYPE html>\n<html><body>\n" + "\n".join(paragraphs) + "\n</body></html>\n"


def is_own_address(address: str, policy: Policy) -> bool:
    """Whether the address is the account's, one of its aliases, or either with a +tag."""
    local, _, domain = address.partition("@")
    plain = f"{local.split('+', 1)[0]}@{domain}"
    return bool({address, plain} & {policy.address, *policy.aliases})


def _sender(notice: Notice, policy: Policy) -> str:
    """The address that got the notice, so that the thread and the alias stay together."""
    recipient = notice.recipient
    return recipient if recipient and is_own_address(recipient, policy) else policy.address


def reply_language(notice: Notice, policy: Policy, templates: Templates) -> str:
    """The language of the answer: the notice's or the policy's, English where there are no letters in it."""
    wanted = notice.language if policy.reply_language == "notice" else policy.reply_language
    return wanted if wanted in templates.languages else "en"


def _tidy(text: str) -> str:
    """No trailing spaces, never more than one blank line, one newline at the end."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
