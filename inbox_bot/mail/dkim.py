"""Checking the signatures of a mail on this machine: DKIM of the sender's domain, ARC of listed forwarders.

That the mathematics of a signature holds is not enough: it must also leave no room for somebody else's words, so that
what it covers is looked at first. What a finding means for trust is decided in `core/trust.py`; keys come from
`mail/resolver.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from inbox_bot.core.authentication import Said, is_aligned, word_of_text
from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.model import Policy
from inbox_bot.core.trust import DkimFinding, DkimState
from inbox_bot.mail.domains import registrable
from inbox_bot.mail.message import read_headers
from inbox_bot.mail.resolver import Resolver, TextLookUp, TextRecord
from inbox_bot.mail.signed import MOST_HEADER_BYTES, SignedMail, Tags, unfit, weakness

_LEAST_KEY_BITS = 1024
_NAME = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9])?")

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
        flaw = unfit(raw)
        if flaw:
            return DkimFinding(DkimState.NONE, "", flaw)
        try:
            return self._checked(SignedMail(raw, mail, domain), arrived_at)
        except Exception as error:  # the library raises many kinds; none of them proves anything
            return DkimFinding(DkimState.NONE, "", f"its signatures cannot be read ({type(error).__name__})")

    def _checked(self, signed: SignedMail, arrived_at: datetime) -> DkimFinding:
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

    def _signature(self, signed: SignedMail, number: int, arrived_at: datetime) -> DkimFinding:
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
        weak = weakness(tags, arrived_at) or signed.uncovered(tags[b"h"])
        if weak:
            return DkimFinding(DkimState.REFUSED, signer, f"its signature of {signer} {weak}")
        return self._verified(signed, number, tags, signer)

    def _verified(self, signed: SignedMail, number: int, tags: Tags, signer: str) -> DkimFinding:
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

    def _key(self, tags: Tags) -> TextRecord:
        if not (_NAME.fullmatch(tags[b"s"]) and _NAME.fullmatch(tags[b"d"])):
            return TextRecord(None)
        return self.look_up(f"{tags[b's'].decode('ascii')}._domainkey.{tags[b'd'].decode('ascii')}")

    def _arc(self, signed: SignedMail, arrived_at: datetime) -> DkimFinding:
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
        if weak := next((words for one in sets if (words := weakness(one.seal_tags, arrived_at))), ""):
            return DkimFinding(DkimState.NONE, "", f"its ARC seal {weak}")
        # The newest set says what arrived here: its signature must leave no room either.
        if not signed.is_whole(sets[-1]):
            return DkimFinding(
                DkimState.NONE, "", f"the ARC signature of {sealers[-1]} does not cover all of it"
            )
        if word_of_text(sets[0].results, signed.domain, self.amazon_domains).said is not Said.PASS:
            what = f"{sealers[0]} sealed it without having found it authentic of {signed.domain}"
            return DkimFinding(DkimState.NONE, "", what)
        return self._chain(signed, sealers[0])

    def _chain(self, signed: SignedMail, forwarder: str) -> DkimFinding:
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
        except Exception:
            chain = b"unreadable"  # proves nothing, and takes nothing from what DKIM showed
        if chain == b"pass":
            what = f"{forwarder}, a forwarder on your list, sealed that it came authenticated from {signed.domain}"
            return DkimFinding(DkimState.PASS, signed.domain, what, forwarder)
        if silent:
            what = f"the key of {forwarder}'s seal could not be asked for (DNS)"
            return DkimFinding(DkimState.UNKNOWN, forwarder, what)
        return DkimFinding(DkimState.NONE, "", f"the ARC seal of {forwarder} does not fit the mail")


def _holds(signed: SignedMail, number: int, tags: dict[bytes, bytes], key: bytes) -> bool:
    names = [name.strip().lower() for name in tags[b"h"].split(b":")]
    check = dkim.DKIM(signed.raw, minkey=_LEAST_KEY_BITS)
    try:
        return bool(check.verify_sig(tags, names, signed.signature(number), lambda name, timeout=0: key))
    except dkim.DKIMException:
        return False
