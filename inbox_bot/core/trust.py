"""Whether a mail really comes from Amazon: by the receiving server's word, or by a signature checked here.

A From line proves nothing. A mail is trusted when the seller's own mail server reports that it authenticated an
allow-listed Amazon domain which is also the domain of the From address (`core/authentication.py`), or when a local
check found Amazon's own signature on it (`mail/dkim.py`, passed in as a `DkimFinding`). A refusal of either blocks.
Tricks with names and domains are put into words by `core/disguise.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from inbox_bot.core.authentication import OUTLOOK, Said, Word, delivered_to, word_of_server
from inbox_bot.core.disguise import describe_disguise, hidden_in_from
from inbox_bot.core.domain_names import is_listed_domain, last_two_labels
from inbox_bot.core.model import Mail

__all__ = ["DkimFinding", "DkimState", "Trust", "is_listed_domain", "is_refused", "judge"]

_SINGLE = (
    "From",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Reply-To",
    "Content-Type",
    "Sender",
    "MIME-Version",
)


class DkimState(StrEnum):
    """What the local check of the signatures came to."""

    PASS = "pass"  # noqa: S105 - no password
    NONE = "none"  # no signature of the sender's domain that could be checked: nothing is proved
    UNKNOWN = "unknown"  # the key could not be asked for just now
    BROKEN = "broken"  # a signature of the domain does not fit the mail any more
    REFUSED = "refused"  # a signature that leaves room for words of somebody else, or is too old


@dataclass(frozen=True, slots=True)
class DkimFinding:
    """What the signatures of a mail prove; `domain` is the signer, `forwarder` who vouched for it by ARC, or ""."""

    state: DkimState
    domain: str
    reason: str
    forwarder: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """The answer of the gate and, in plain words, why.

    `is_pending` is true when the answer may change soon: a key could not be asked for.
    """

    trusted: bool
    reason: str
    is_pending: bool = False


def judge(
    mail: Mail,
    authserv_id: str,
    amazon_domains: Collection[str],
    *,
    finding: DkimFinding | None = None,
    own_addresses: Collection[str] = (),
    registrable: Callable[[str], str] = last_two_labels,
) -> Trust:
    """Judge one mail as it arrived (not the mail inside a forward).

    `own_addresses` are the seller's; when given, the mail has to be addressed to one of them. `registrable` gives
    the part of a domain name that somebody registered, for the words of the reason.
    """
    flaw = _flaw(mail, amazon_domains, registrable)
    if flaw:
        return Trust(False, flaw)
    assert mail.sender is not None  # noqa: S101 - looked at by _flaw
    word = _word(mail, authserv_id, mail.sender.domain, amazon_domains)
    trust = _weighed(word, finding, authserv_id, mail.sender.domain)
    if (
        trust.trusted
        and own_addresses
        and (stranger := _stranger_addressed(mail, authserv_id, own_addresses))
    ):
        return Trust(False, stranger)
    return trust


def is_refused(mail: Mail, authserv_id: str) -> bool:
    """Whether the seller's mail server found the From domain forged (`dmarc=fail`), whoever it claims to be."""
    if not authserv_id:
        return False
    domain = mail.sender.domain if mail.sender is not None else ""
    return word_of_server(mail, authserv_id, domain).reason.startswith("the mail server reports dmarc=fail")


def _flaw(mail: Mail, amazon_domains: Collection[str], registrable: Callable[[str], str]) -> str:
    """What makes the sender unbelievable before anybody's word is asked for; "" when nothing does."""
    if hidden := hidden_in_from(mail):
        return f"{hidden}, which is how a sender is disguised"
    if len(mail.header_values("From")) != 1 or mail.sender is None or "@" not in mail.sender.email:
        return "it does not have exactly one readable From address"
    for name in _SINGLE:
        if len(mail.header_values(name)) > 1:
            return f"it has {len(mail.header_values(name))} {name} fields where a mail has one"
    if mail.header_values("From")[0].count("@") > 1 and any(
        problem.what.startswith("more than one address in From") for problem in mail.problems
    ):
        return "its From field names more than one address"
    if not is_listed_domain(mail.sender.domain, amazon_domains):
        return describe_disguise(mail.sender, amazon_domains, registrable)
    return ""


def _word(mail: Mail, authserv_id: str, domain: str, amazon_domains: Collection[str]) -> Word:
    if not authserv_id:
        return Word(Said.NOTHING, "no authserv_id is configured, so nothing vouches for the sender")
    return word_of_server(mail, authserv_id, domain, amazon_domains)


def _weighed(word: Word, finding: DkimFinding | None, authserv_id: str, domain: str) -> Trust:
    """Either proves, a refusal of either blocks; a forwarder on the seller's list outweighs the server's `fail`."""
    proved = finding is not None and finding.state is DkimState.PASS
    if word.said is Said.CONFLICT:
        return Trust(False, word.reason)
    if word.said is Said.FAIL and not (proved and finding is not None and finding.forwarder):
        return Trust(False, word.reason)
    if finding is None:
        return Trust(word.said is Said.PASS, word.reason)
    if finding.state is DkimState.REFUSED or (
        finding.state is DkimState.BROKEN and not _rewrites_mails(authserv_id, word)
    ):
        return Trust(False, finding.reason)
    if word.said is Said.PASS:
        return Trust(True, f"{word.reason}; {finding.reason}" if proved else word.reason)
    if proved:
        return Trust(True, finding.reason)
    return Trust(False, f"{word.reason}; {finding.reason}", is_pending=finding.state is DkimState.UNKNOWN)


def _rewrites_mails(authserv_id: str, word: Word) -> bool:
    """Microsoft's server keeps mails in parts and writes them anew for IMAP, which breaks good signatures."""
    return authserv_id.strip().lower() == OUTLOOK and word.said is Said.PASS


def _stranger_addressed(mail: Mail, authserv_id: str, own_addresses: Collection[str]) -> str:
    """The reason when the mail was addressed to somebody else, else "": a notice of another seller, sent on."""
    own = {address.lower() for address in own_addresses}
    delivered = delivered_to(mail, authserv_id)
    named_addresses = {address.lower() for address in (*(one.email for one in mail.to), *delivered)}
    if own & (named_addresses | {_without_tag(address) for address in named_addresses}):
        return ""
    named = next((address.email for address in mail.to if address.email), "")
    if not named:
        return "it names no recipient, so that it may be somebody else's notice"
    return f"it is addressed to {named}, which is not one of your addresses (add it to aliases if it is)"


def _without_tag(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
