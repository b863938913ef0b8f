"""Whether a mail really comes from Amazon, by what the seller's own mail server wrote on it.

A From line proves nothing. A mail is trusted when the topmost Authentication-Results field that carries the
configured authserv-id reports `dmarc=pass` for an allow-listed Amazon domain which is also the domain of the
From address. Fields of other servers, and further down, may have been written by the sender and do not count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import re2

from inbox_bot.core.model import Mail

_DMARC = re2.compile(r"^\s*dmarc\s*=\s*([a-z]+)(.*)$")
_HEADER_FROM = re2.compile(r"(?:^|\s)header\.from\s*=\s*([^\s;]+)")


@dataclass(frozen=True, slots=True)
class Trust:
    """The answer of the gate and, in plain words, why."""

    trusted: bool
    reason: str


def is_listed_domain(domain: str, listed: Collection[str]) -> bool:
    """Whether the domain is a listed one or below one (`a.amazon.com`, never `xamazon.com`)."""
    domain = domain.lower().rstrip(".")
    return any(domain == entry or domain.endswith("." + entry) for entry in listed)


def judge(mail: Mail, authserv_id: str, amazon_domains: Collection[str]) -> Trust:
    """Judge one mail as it arrived (not the mail inside a forward)."""
    senders = mail.header_values("From")
    if len(senders) != 1 or mail.sender is None or "@" not in mail.sender.email:
        return Trust(False, "it does not have exactly one readable From address")
    domain = mail.sender.domain
    if not is_listed_domain(domain, amazon_domains):
        return Trust(False, f"it comes from {domain or 'no domain'}, which is not one of Amazon's domains")
    if not authserv_id:
        return Trust(False, "no authserv_id is configured, so nothing vouches for the sender")
    for value in mail.header_values("Authentication-Results"):
        bare = _bare(value)
        server, _, results = (bare or "").partition(";")
        if _server_name(server) == authserv_id.lower():
            return _dmarc(results, domain)
    return Trust(False, f"it carries no Authentication-Results of {authserv_id}")


def is_refused(mail: Mail, authserv_id: str) -> bool:
    """Whether the seller's mail server found the From domain forged (`dmarc=fail`), whoever it claims to be."""
    for value in mail.header_values("Authentication-Results") if authserv_id else ():
        server, _, results = (_bare(value) or "").partition(";")
        if _server_name(server) == authserv_id.lower():
            found = [
                match for part in results.lower().split(";") if (match := _DMARC.match(part)) is not None
            ]
            return any(match.group(1) == "fail" for match in found)
    return False


def _server_name(text: str) -> str:
    words = text.split()
    return words[0].lower() if words else ""


def _dmarc(results: str, domain: str) -> Trust:
    parts = results.lower().split(";")
    found = [match for part in parts if (match := _DMARC.match(part)) is not None]
    if len(found) != 1:
        return Trust(False, "the mail server did not report one DMARC result")
    result, rest = found[0].group(1), found[0].group(2)
    if result != "pass":
        return Trust(False, f"the mail server reports dmarc={result} for {domain}")
    named = _HEADER_FROM.search(rest)
    if named is None or named.group(1) != domain:
        return Trust(False, f"the mail server's dmarc=pass is not for {domain}")
    return Trust(True, f"the mail server reports dmarc=pass for {domain}")


def _bare(value: str) -> str | None:
    """The field without comments and with quoted strings blanked; None when a quote or bracket stays open.

    Both can carry text that the sender chose (an envelope address, a HELO name), so neither may speak here.
    """
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
            kept.append("_")
        elif quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                return None
        elif not depth:
            kept.append(character)
    return None if depth or quoted else "".join(kept)
