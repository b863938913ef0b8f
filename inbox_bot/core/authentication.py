"""What the seller's own mail server wrote about a sender: its Authentication-Results, and no others.

Only the fields that the receiving server itself put on top count: from the first field down to the Received line by
which the mail came in from outside, and what stands directly under that line. The block that holds a field of the
configured server ends the search, since the server writes its results in one place; a copy further down was there
before the mail arrived, and anybody may have written it.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import re2

from inbox_bot.core.domain_names import is_listed_domain, last_two_labels
from inbox_bot.core.model import Mail

OUTLOOK = "outlook"  # the configured name of a server that does not name itself
_OUTLOOK_DOMAINS = ("outlook.com", "office365.com", "exchangelabs.com")
_FIELD = "authentication-results"
_DELIVERED = frozenset({"delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-apparently-to"})
_MOST_FIELDS = 200
_MOST_RESULTS = 60

_RESULT = re2.compile(r"^\s*(dmarc|dkim|spf|compauth)\s*=\s*([a-z]+)(.*)$")
_HEADER_FROM = re2.compile(r"(?:^|\s)header\.from\s*=\s*([^\s;]+)")
_SIGNED_BY = re2.compile(r"(?:^|\s)header\.d\s*=\s*@?([^\s;]+)")
_SIGNED_AS = re2.compile(r"(?:^|\s)header\.i\s*=\s*[^\s;@]*@([^\s;]+)")
_BY = re2.compile(r"(?:^|\s)by\s+\[?([A-Za-z0-9.:_-]+)")
_FROM = re2.compile(r"^\s*from\s+(.*?)(?:\sby\s|$)")
_ADDRESS = re2.compile(r"[0-9A-Fa-f:.]*[0-9A-Fa-f]*[:.][0-9A-Fa-f:.]+")
_INNER = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# A sender writes these; whatever stands below the first of them was in the mail before it arrived.
_OF_THE_SENDER = frozenset(
    {
        "from", "to", "cc", "subject", "date", "message-id", "reply-to", "sender", "mime-version", "content-type",
        "content-transfer-encoding", "in-reply-to", "references", "dkim-signature", "feedback-id",
    }
)  # fmt: skip


class Said(StrEnum):
    """What the receiving server says about the From domain."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    CONFLICT = "conflict"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Word:
    """The server's word and, in plain words, how it came about."""

    said: Said
    reason: str


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    result: str
    rest: str


def word_of_server(mail: Mail, authserv_id: str, domain: str, amazon_domains: Collection[str] = ()) -> Word:
    """What the server `authserv_id` says of `domain` in the fields that it put on top of the mail.

    A DKIM signature counts when it is of the domain, or of one of `amazon_domains` above or below it.
    `authserv_id` is a name as the server writes it, `*.` before a domain for any name below it, or "outlook".
    """
    fields = tuple(_of_server(mail, authserv_id))
    if not fields:
        return Word(Said.NOTHING, f"it carries no Authentication-Results of {authserv_id}")
    results: list[_Result] = []
    for field in fields:
        bare = without_comments(field)
        if bare is None:
            return Word(Said.CONFLICT, f"the Authentication-Results of {authserv_id} cannot be read")
        results += _results(bare if _is_outlook(authserv_id) else bare.partition(";")[2])
    return _word_of_results(results, domain, amazon_domains)


def word_of_text(text: str, domain: str, amazon_domains: Collection[str]) -> Word:
    """What one list of results (without a server's name) says of `domain`."""
    bare = without_comments(text)
    if bare is None:
        return Word(Said.NOTHING, "its results cannot be read")
    return _word_of_results(_results(bare), domain, amazon_domains)


def _word_of_results(results: list[_Result], domain: str, amazon_domains: Collection[str]) -> Word:
    """DMARC decides; where a server does not report it, a DKIM signature of the domain does."""
    if any(one.method == "compauth" and one.result == "fail" for one in results):
        return Word(Said.FAIL, f"the mail server reports compauth=fail for {domain}")
    dmarc = [one for one in results if one.method == "dmarc"]
    if not dmarc:
        return _by_dkim(results, domain, amazon_domains)
    if len({(one.result, _named(_HEADER_FROM, one.rest)) for one in dmarc}) > 1:
        return Word(Said.CONFLICT, "the mail server reports two DMARC results that contradict each other")
    if (
        dmarc[0].result in ("none", "bestguesspass")
        and _by_dkim(results, domain, amazon_domains).said is Said.PASS
    ):
        return _by_dkim(results, domain, amazon_domains)
    if dmarc[0].result != "pass":
        said = Said.FAIL if dmarc[0].result in ("fail", "permerror") else Said.NOTHING
        return Word(said, f"the mail server reports dmarc={dmarc[0].result} for {domain}")
    if _named(_HEADER_FROM, dmarc[0].rest) != domain:
        return Word(Said.FAIL, f"the mail server's dmarc=pass is not for {domain}")
    return Word(Said.PASS, f"the mail server reports dmarc=pass for {domain}")


def _by_dkim(results: list[_Result], domain: str, amazon_domains: Collection[str]) -> Word:
    found = {
        one.result
        for one in results
        if one.method == "dkim" and is_aligned(_signer(one.rest), domain, amazon_domains)
    }
    if "pass" in found:
        return Word(Said.PASS, f"the mail server reports dkim=pass for {domain}")
    if found & {"fail", "permerror", "policy"}:
        return Word(Said.FAIL, f"the mail server reports dkim={min(found)} for {domain}")
    return Word(Said.NOTHING, f"the mail server reports neither DMARC nor a DKIM signature of {domain}")


def is_aligned(signer: str, domain: str, amazon_domains: Collection[str]) -> bool:
    """Whether a signature of `signer` speaks for mails of `domain`: the same, or Amazon's own above or below it."""
    if not signer or signer == domain:
        return bool(signer)
    related = is_listed_domain(domain, (signer,)) or is_listed_domain(signer, (domain,))
    return related and is_listed_domain(signer, amazon_domains)


def _signer(rest: str) -> str:
    return _named(_SIGNED_BY, rest) or _named(_SIGNED_AS, rest)


def _named(pattern: Any, rest: str) -> str:
    found = pattern.search(rest)
    return found.group(1).rstrip(".") if found else ""


def _results(text: str) -> list[_Result]:
    parts = text.lower().split(";")[:_MOST_RESULTS]
    found = (_RESULT.match(part) for part in parts)
    return [_Result(one.group(1), one.group(2), one.group(3)) for one in found if one is not None]


def delivered_to(mail: Mail, authserv_id: str) -> tuple[str, ...]:
    """The addresses that the receiving server wrote on top of the mail as those it was for, in lower case."""
    return tuple(
        value.strip(" <>").lower()
        for block in _own_blocks(mail, authserv_id)
        if block.is_above_arrival
        for name, value in block.fields
        if name in _DELIVERED
    )


def _of_server(mail: Mail, authserv_id: str) -> Iterator[str]:
    """The server's fields of the first block (between two Received lines) that has one."""
    for block in _own_blocks(mail, authserv_id):
        found = [value for name, value in block.fields if name == _FIELD and _is_by(value, authserv_id)]
        if found:
            yield from found
            return


@dataclass(frozen=True, slots=True)
class _Block:
    """Fields between two Received lines; `is_above_arrival`: above the one by which the mail came in from outside."""

    fields: tuple[tuple[str, str], ...]
    is_above_arrival: bool


def _own_blocks(mail: Mail, authserv_id: str) -> Iterator[_Block]:
    """What stands between the Received lines of the receiving server, topmost first."""
    fields: list[tuple[str, str]] = []
    has_arrived, own = False, ""
    for name, value in mail.headers[:_MOST_FIELDS]:
        name = name.lower()
        if name in _OF_THE_SENDER:
            break
        if name != "received":
            fields.append((name, value))
            continue
        yield _Block(tuple(fields), not has_arrived)
        fields = []
        by = server_named_by(value)
        own = own or by
        if has_arrived or not _is_own(by, own, authserv_id):
            return
        has_arrived = not _is_internal(value, own, authserv_id)
    # A mail without any Received line did not come over a server that writes them.
    yield _Block(tuple(fields), bool(own) and not has_arrived)


def server_named_by(received: str) -> str:
    """The server that wrote the Received line, "" when it does not say."""
    found = _BY.search(without_comments(received) or "")
    return found.group(1).lower().rstrip(".") if found else ""


def _is_own(host: str, own: str, authserv_id: str) -> bool:
    """Whether the host belongs to the receiving server: its name, its organisation, or an inner address."""
    if not host or host == own or _is_inner_address(host):
        return True
    if _is_outlook(authserv_id):
        return is_listed_domain(host, _OUTLOOK_DOMAINS)
    homes = {last_two_labels(name) for name in (own, authserv_id.removeprefix("*.")) if "." in name}
    return is_listed_domain(host, {home for home in homes if not _is_inner_address(home)})


def _is_internal(received: str, own: str, authserv_id: str) -> bool:
    """Whether the mail went from one machine of the receiving server to another, which only it can know.

    The name in front is the other side's own word for itself, so that every address in the line has to be an inner
    one; Microsoft's machines have outer addresses, and name themselves.
    """
    source = _FROM.match(received)
    if source is None:
        return True
    addresses = _ADDRESS.findall(source.group(1))
    numbers = [number for text in addresses if (number := _address(text)) is not None]
    if numbers and all(_is_inner(number) for number in numbers):
        return True
    name = source.group(1).split()[0].lower() if source.group(1).split() else ""
    if _is_outlook(authserv_id):
        return is_listed_domain(name, _OUTLOOK_DOMAINS) and is_listed_domain(own, _OUTLOOK_DOMAINS)
    return name == "localhost" and not numbers


def _is_inner_address(text: str) -> bool:
    number = _address(text)
    return number is not None and _is_inner(number)


def _is_inner(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return number.is_loopback or any(number in network for network in _INNER)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_outlook(authserv_id: str) -> bool:
    return authserv_id.strip().lower() == OUTLOOK


def _is_by(value: str, authserv_id: str) -> bool:
    server = server_of(value)
    return not server if _is_outlook(authserv_id) else vouches(server, authserv_id)


def server_of(value: str) -> str:
    """The server's name in an Authentication-Results field; "" when it begins with a result instead."""
    bare = without_comments(value)
    if bare is None:  # what is open further down does not hide who wrote the field
        bare = value.partition("(")[0].partition('"')[0]
    words = bare.partition(";")[0].split()
    return words[0].lower().rstrip(".") if words and "=" not in words[0] else ""


def vouching_server(mail: Mail) -> str:
    """The server whose results stand topmost on a mail, "outlook" for results without a name; "" when there are none.

    Only fields above what the sender wrote are looked at; which server that should be is for a person to confirm.
    """
    for name, value in mail.headers[:_MOST_FIELDS]:
        if name.lower() in _OF_THE_SENDER:
            return ""
        if name.lower() == _FIELD:
            return server_of(value) or (OUTLOOK if "=" in value.partition(";")[0] else "")
    return ""


def proposed_authserv_id(servers: Collection[str]) -> str:
    """What to configure for a mailbox whose mails name these servers, one entry a mail; "" when nothing is named.

    Where every machine signs with its own name, that is `*.` before their common domain.
    """
    counted = Counter(server for server in servers if server)
    if not counted:
        return ""
    first, times = counted.most_common(1)[0]
    if times * 2 > counted.total() or "." not in first:
        return first
    homes = Counter(last_two_labels(server) for server in counted.elements())
    home, times = homes.most_common(1)[0]
    return f"*.{home}" if times * 2 > counted.total() else first


def vouches(server: str, authserv_id: str) -> bool:
    """Whether a server of that name is the configured one."""
    wanted = authserv_id.strip().lower().rstrip(".")
    return server.endswith(wanted[1:]) if wanted.startswith("*.") else bool(wanted) and server == wanted


def without_comments(value: str) -> str | None:
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
