"""Checking the signatures of a mail on this machine: DKIM of the sender's domain, ARC of listed forwarders.

That the mathematics of a signature holds is not enough: it must also leave no room for somebody else's words, so that
what it covers is looked at first. What a finding means for trust is decided in `core/trust.py`; keys come from
`mail/resolver.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from inbox_bot.core.authentication import Said, is_aligned, word_of_text
from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.model import Mail, Policy
from inbox_bot.core.trust import DkimFinding, DkimState
from inbox_bot.mail.domains import registrable
from inbox_bot.mail.message import read_headers
from inbox_bot.mail.resolver import Resolver, TextLookUp, TextRecord

MOST_BYTES = 25_000_000
MOST_HEADER_BYTES = 256 * 1024
MOST_SIGNATURES = 5
MOST_ARC_SETS = 5
OLDEST = timedelta(days=10)
_CLOCK_ERROR = timedelta(hours=1)
_LEAST_KEY_BITS = 1024
_COVERED = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "reply-to")
_WEAK = (b"rsa-sha1",)
# dkimpy takes quadratic time on long runs of white space.
_WHITE_SPACE_RUN = re.compile(rb"[ \t\r\n]{2000}")
_NAME = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9])?")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_INSTANCE = re.compile(r"^\s*i\s*=\s*(\d{1,3})\s*;(.*)$", re.DOTALL)

_Tags = Mapping[bytes, bytes]


_resolver = Resolver()  # one memory for all accounts


def signature_check(
    policy: Policy, amazon_domains: Collection[str]
) -> Callable[[bytes, datetime], DkimFinding | None]:
    """The live check of one account, which asks the DNS; one that finds nothing when the account wants none."""
    if not policy.check_dkim:
        return lambda raw, arrived_at: None
    home = registrable(policy.authserv_id.removeprefix("*.")) if "." in policy.authserv_id else ""
    return Signatures(_resolver, amazon_domains, policy.trusted_forwarders, home).check


@dataclass(frozen=True, slots=True)
class Signatures:
    """The check of one account: whose signatures count, and where keys come from.

    `forwarders` are the domains whose ARC seals are believed; `receiving_domain` is the registrable domain of the
    account's own mail server, which may have put a seal of its own on top.
    """

    look_up: TextLookUp
    amazon_domains: Collection[str]
    forwarders: Collection[str] = ()
    receiving_domain: str = ""

    def check(self, raw: bytes, arrived_at: datetime) -> DkimFinding | None:
        """What the signatures prove about a mail that arrived at the instant; None when it is not from Amazon.

        Nothing is raised: what cannot be checked proves nothing.
        """
        mail = read_headers(raw[: MOST_HEADER_BYTES + 1])
        domain = mail.sender.domain if mail.sender is not None else ""
        if not is_listed_domain(domain, self.amazon_domains):
            return None
        flaw = _unfit(raw)
        if flaw:
            return DkimFinding(DkimState.NONE, "", flaw)
        try:
            return self._checked(_Signed(raw, mail, domain), arrived_at)
        except (dkim.DKIMException, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            return DkimFinding(DkimState.NONE, "", f"its signatures cannot be read ({type(error).__name__})")

    def _checked(self, signed: _Signed, arrived_at: datetime) -> DkimFinding:
        found = [self._signature(signed, number, arrived_at) for number in range(signed.number_of_signatures)]
        for state in (DkimState.PASS, DkimState.REFUSED):
            if finding := next((one for one in found if one.state is state), None):
                return finding
        vouched = self._arc(signed, arrived_at) if signed.is_sealed else None
        if vouched is not None and vouched.state is DkimState.PASS:
            return vouched
        if vouched is not None:
            found.append(vouched)
        for state in (DkimState.BROKEN, DkimState.UNKNOWN, DkimState.NONE):
            if finding := next((one for one in found if one.state is state), None):
                return finding
        return DkimFinding(DkimState.NONE, "", f"it carries no signature of {signed.domain}")

    def _signature(self, signed: _Signed, number: int, arrived_at: datetime) -> DkimFinding:
        """What the signature of that number, from the top, is worth."""
        try:
            tags = parse_tag_value(signed.signature(number)[1])
            dkim.validate_signature_fields({key: tags[key] for key in tags if key not in (b"t", b"x")})
        except (InvalidTagValueList, dkim.DKIMException):
            return DkimFinding(DkimState.NONE, "", "one of its signatures cannot be read")
        signer = tags[b"d"].decode("ascii", "replace").lower().rstrip(".")
        if registrable(signer) != registrable(signed.domain) or not is_aligned(
            signer, signed.domain, self.amazon_domains
        ):
            return DkimFinding(DkimState.NONE, signer, f"it is signed by {signer}, not by {signed.domain}")
        weakness = _weakness(tags, arrived_at) or signed.uncovered(tags[b"h"])
        if weakness:
            return DkimFinding(DkimState.REFUSED, signer, f"its signature of {signer} {weakness}")
        return self._verified(signed, number, tags, signer)

    def _verified(self, signed: _Signed, number: int, tags: _Tags, signer: str) -> DkimFinding:
        record = self._key(tags)
        if not record.is_known:
            what = f"the key of {signer} could not be asked for (DNS)"
            return DkimFinding(DkimState.UNKNOWN, signer, what)
        if not record.text:
            return DkimFinding(DkimState.NONE, signer, f"{signer} publishes no such key (any more)")
        try:
            _, bits, kind, _ = dkim.evaluate_pk(tags[b"s"], record.text)
        except Exception:  # whatever stands in the DNS, a key that cannot be read proves nothing
            return DkimFinding(DkimState.NONE, signer, f"the key of {signer} cannot be read or was revoked")
        if kind == b"rsa" and bits < _LEAST_KEY_BITS:
            return DkimFinding(
                DkimState.REFUSED, signer, f"its signature of {signer} has a key of {bits} bits"
            )
        if _holds(signed, number, dict(tags), record.text):
            return DkimFinding(
                DkimState.PASS, signer, f"the DKIM signature of {signer} was checked and holds"
            )
        return DkimFinding(DkimState.BROKEN, signer, f"the DKIM signature of {signer} does not fit the mail")

    def _key(self, tags: _Tags) -> TextRecord:
        if not (_NAME.fullmatch(tags[b"s"]) and _NAME.fullmatch(tags[b"d"])):
            return TextRecord(None)
        return self.look_up(f"{tags[b's'].decode('ascii')}._domainkey.{tags[b'd'].decode('ascii')}")

    def _arc(self, signed: _Signed, arrived_at: datetime) -> DkimFinding:
        """What the seals of forwarders prove."""
        sets = signed.arc_sets()
        if not sets:
            return DkimFinding(DkimState.NONE, "", "its chain of ARC seals is not whole")
        sealers = [one.sealer for one in sets]
        # The account's own server may have put the last seal on it.
        own = len(sealers) > 1 and registrable(sealers[-1]) == self.receiving_domain
        for sealer in sealers[:-1] if own else sealers:
            if not is_listed_domain(sealer, self.forwarders):
                return DkimFinding(
                    DkimState.NONE,
                    "",
                    f"it is sealed by {sealer}, which is not one of your trusted_forwarders",
                )
        if weakness := next((words for one in sets if (words := _weakness(one.seal_tags, arrived_at))), ""):
            return DkimFinding(DkimState.NONE, "", f"its ARC seal {weakness}")
        # The newest set says what arrived here: its signature must leave no room either.
        if not signed.is_whole(sets[-1]):
            return DkimFinding(
                DkimState.NONE, "", f"the ARC signature of {sealers[-1]} does not cover all of it"
            )
        if word_of_text(sets[0].results, signed.domain, self.amazon_domains).said is not Said.PASS:
            what = f"{sealers[0]} sealed it without having found it authentic of {signed.domain}"
            return DkimFinding(DkimState.NONE, "", what)
        return self._chain(signed, sealers[0])

    def _chain(self, signed: _Signed, forwarder: str) -> DkimFinding:
        silent: list[str] = []

        def key(name: bytes, timeout: float = 0) -> bytes | None:
            record = (
                self.look_up(name.decode("ascii").rstrip(".")) if _NAME.fullmatch(name.rstrip(b".")) else None
            )
            if record is not None and not record.is_known:
                silent.append(name.decode("ascii"))
            return record.text if record is not None else None

        try:
            chain, _, _ = dkim.ARC(signed.raw, minkey=_LEAST_KEY_BITS).verify(dnsfunc=key)
        except (dkim.DKIMException, ValueError, IndexError, KeyError, TypeError, AttributeError):
            chain = b"unreadable"  # proves nothing, and takes nothing from what DKIM showed
        if chain == b"pass":
            what = f"{forwarder}, a forwarder on your list, sealed that it came authenticated from {signed.domain}"
            return DkimFinding(DkimState.PASS, signed.domain, what, forwarder)
        if silent:
            what = f"the key of {forwarder}'s seal could not be asked for (DNS)"
            return DkimFinding(DkimState.UNKNOWN, forwarder, what)
        return DkimFinding(DkimState.NONE, "", f"the ARC seal of {forwarder} does not fit the mail")


@dataclass(frozen=True, slots=True)
class _ArcSet:
    """One step of a forwarded mail: who sealed it, what he found, and the tags of seal and signature."""

    sealer: str
    results: str
    seal_tags: _Tags
    signature_tags: _Tags


class _Signed:
    """A mail with its header as the library reads it and as `mail/message.py` does."""

    def __init__(self, raw: bytes, mail: Mail, domain: str) -> None:
        self.raw, self.domain, self._mail = raw, domain, mail
        self.headers, _ = dkim.rfc822_parse(raw)
        self._counted = Counter(name.lower().decode("ascii", "replace") for name, _ in self.headers)
        for name in _COVERED:
            if self._counted[name] != len(mail.header_values(name)):
                raise ValueError("the header can be read in two ways")

    def signature(self, number: int) -> tuple[bytes, bytes]:
        """The signature field of that number, from the top."""
        found: list[tuple[bytes, bytes]] = [
            (name, value) for name, value in self.headers if name.lower() == b"dkim-signature"
        ]
        return found[number]

    @property
    def number_of_signatures(self) -> int:
        return min(self._counted["dkim-signature"], MOST_SIGNATURES)

    @property
    def is_sealed(self) -> bool:
        """Whether a forwarder (or the own server) put an ARC seal on it."""
        return self._counted["arc-seal"] > 0

    def uncovered(self, names: bytes) -> str:
        """In words, what a signature over the fields `names` (its h=) leaves open; "" when nothing."""
        signed = Counter(name.strip().lower().decode("ascii", "replace") for name in names.split(b":"))
        for name in _COVERED:
            if self._counted[name] and not signed[name]:
                return f"does not cover {name.title()}, so anybody can have written that"
            if self._counted[name] > signed[name]:
                return f"covers fewer {name.title()} fields than the mail has"
        return ""

    def is_whole(self, one: _ArcSet) -> bool:
        """Whether the message signature of the set covers everything that is shown."""
        tags = one.signature_tags
        own = tags.get(b"d", b"").decode("ascii", "replace").lower()
        return (
            b"l" not in tags
            and bool(tags.get(b"h"))
            and registrable(own) == registrable(one.sealer)
            and not self.uncovered(tags[b"h"])
        )

    def arc_sets(self) -> tuple[_ArcSet, ...]:
        """The steps from the first to the newest; empty when they are not whole or too many."""
        fields: dict[tuple[str, int], str] = {}
        for name, value in self._arc_fields():
            found = _INSTANCE.match(value)
            if found is None and (tags := _tags(value)) is not None and tags.get(b"i", b"").isdigit():
                number = int(tags[b"i"])
            elif found is not None:
                number = int(found.group(1))
            else:
                return ()
            if (name, number) in fields:
                return ()
            fields[name, number] = value if name != "arc-authentication-results" or not found else found[2]
        newest = max((number for _, number in fields), default=0)
        if not 1 <= newest <= MOST_ARC_SETS or len(fields) != 3 * newest:
            return ()
        sets = [_arc_set(fields, number) for number in range(1, newest + 1)]
        return tuple(one for one in sets if one is not None) if None not in sets else ()

    def _arc_fields(self) -> Iterator[tuple[str, str]]:
        for name, value in self.headers:
            if name.lower().startswith(b"arc-"):
                yield (
                    name.lower().decode("ascii", "replace"),
                    " ".join(value.decode("utf-8", "replace").split()),
                )


def _arc_set(fields: Mapping[tuple[str, int], str], number: int) -> _ArcSet | None:
    seal = _tags(fields.get(("arc-seal", number), ""))
    signature = _tags(fields.get(("arc-message-signature", number), ""))
    results = fields.get(("arc-authentication-results", number))
    if not seal or not signature or results is None or not seal.get(b"d"):
        return None
    # Behind the number stands the name of the server that looked; then what it found.
    sealer = seal[b"d"].decode("ascii", "replace").lower().rstrip(".")
    return _ArcSet(sealer, results.partition(";")[2], seal, signature)


def _tags(value: str) -> _Tags | None:
    try:
        tags: _Tags = parse_tag_value(value.encode("utf-8"))
    except InvalidTagValueList:
        return None
    return tags


def _unfit(raw: bytes) -> str:
    """Why the signatures of a mail are not looked at; "" when they can be."""
    if len(raw) > MOST_BYTES:
        return "the mail is too large for its signature to be checked"
    end = _HEADER_END.search(raw)
    head = raw[: end.start()] if end else raw
    if len(head) > MOST_HEADER_BYTES:
        return "its header is too large for its signature to be checked"
    if _WHITE_SPACE_RUN.search(raw):
        return "it has thousands of blanks in a row, so its signature is not checked"
    if b"\x00" in head or b"\r" in head.replace(b"\r\n", b""):
        return "its header has characters that no mail server writes, so its signature is not checked"
    return ""


def _weakness(tags: _Tags, arrived_at: datetime) -> str:
    """In words, what makes a signature worthless whatever the mathematics say; "" when nothing."""
    if b"l" in tags:
        return "covers only a part of the text (l=), so that words could be added"
    if tags.get(b"a") in _WEAK:
        return "uses SHA-1"
    try:
        signed_at = _instant(tags.get(b"t"))
        expires_at = _instant(tags.get(b"x"))
    except (ValueError, OverflowError, OSError):
        return "has a time that cannot be read"
    if expires_at is not None and arrived_at > expires_at:
        return f"expired on {expires_at:%Y-%m-%d}, before the mail arrived"
    if signed_at is not None and signed_at > arrived_at + _CLOCK_ERROR:
        return "was made in the future"
    if signed_at is not None and arrived_at - signed_at > OLDEST:
        return f"was made {(arrived_at - signed_at).days} days before the mail arrived (a replay?)"
    return ""


def _instant(stamp: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(int(stamp), UTC) if stamp is not None else None


def _holds(signed: _Signed, number: int, tags: dict[bytes, bytes], key: bytes) -> bool:
    names = [name.strip().lower() for name in tags[b"h"].split(b":")]
    check = dkim.DKIM(signed.raw, minkey=_LEAST_KEY_BITS)
    try:
        return bool(check.verify_sig(tags, names, signed.signature(number), lambda name, timeout=0: key))
    except dkim.DKIMException:
        return False
