"""Mails signed as Amazon and forwarders sign them, with keys made for the tests and a DNS that knows them."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import HASH_ALGORITHMS, parse_pem_private_key

from inbox_bot.mail.resolver import NOBODY_ANSWERED, TextRecord

SELECTOR = "k1"
COVERED = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"reply-to")
_RSA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"


@cache
def key_pair(name: str = "amazon") -> tuple[dict[str, int], bytes]:
    """A private key, as the library holds it, and the TXT record of its public part; one for each name."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return _pair(parse_pem_private_key(pem))


@cache
def short_key_pair() -> tuple[dict[str, int], bytes]:
    """A key of 768 bits, which nobody should believe."""
    first, second = (_prime(384, seed) for seed in (1, 2))
    secret = pow(65537, -1, (first - 1) * (second - 1))
    return _pair(
        {
            "version": 0, "modulus": first * second, "publicExponent": 65537, "privateExponent": secret,
            "prime1": first, "prime2": second, "exponent1": secret % (first - 1),
            "exponent2": secret % (second - 1), "coefficient": pow(second, -1, first),
        }
    )  # fmt: skip


def _prime(bits: int, seed: int) -> int:
    chance = random.Random(seed)
    while True:
        number = chance.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11)):
            return number


def _pair(private: dict[str, int]) -> tuple[dict[str, int], bytes]:
    numbers = _der(0x30, _integer(private["modulus"]) + _integer(private["publicExponent"]))
    kind = _der(0x30, _der(0x06, _RSA) + _der(0x05, b""))
    public = _der(0x30, kind + _der(0x03, b"\x00" + numbers))
    return private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


class Dns:
    """A name server that knows the keys of some domains and counts the questions."""

    def __init__(self, *domains: str, silent: Sequence[str] = ()) -> None:
        self.texts = {f"{SELECTOR}._domainkey.{domain}": key_pair()[1] for domain in domains}
        self.silent = {f"{SELECTOR}._domainkey.{domain}" for domain in silent}
        self.asked: list[str] = []

    def __call__(self, name: str) -> TextRecord:
        self.asked.append(name)
        return NOBODY_ANSWERED if name in self.silent else TextRecord(self.texts.get(name))


def sign(
    raw: bytes,
    domain: str,
    at: datetime,
    *,
    covered: Sequence[bytes] | None = None,
    tags: Sequence[tuple[bytes, bytes]] = (),
    key: dict[str, int] | None = None,
    algorithm: bytes = b"rsa-sha256",
    canonical: bytes = b"relaxed/relaxed",
) -> bytes:
    """The mail with a DKIM signature of the domain on top; `covered` None: every field that a mail shows.

    `tags` are added or, of the same name, replaced (`l` is the number of octets of the text that are covered).
    """
    signer = dkim.DKIM(raw, signature_algorithm=algorithm)
    present = {name.lower() for name, _ in signer.headers}
    names = tuple(covered) if covered is not None else tuple(name for name in COVERED if name in present)
    given = dict(tags)
    body = CanonicalizationPolicy.from_c_value(canonical).canonicalize_body(signer.body)
    if b"l" in given:
        body = body[: int(given[b"l"])]
    first = {b"v": b"1", b"a": algorithm, b"c": canonical, b"d": domain.encode(), b"s": SELECTOR.encode()}
    return (
        b"DKIM-Signature: "
        + _made(signer, b"DKIM-Signature", first, given, at, names, body, canonical, key)
        + raw
    )


def seal(
    raw: bytes,
    domain: str,
    at: datetime,
    results: str,
    *,
    number: int = 1,
    validation: bytes = b"none",
    covered: Sequence[bytes] | None = None,
    signature_tags: Sequence[tuple[bytes, bytes]] = (),
    key: dict[str, int] | None = None,
) -> bytes:
    """The mail with an ARC set of the domain on top, whose server found `results`."""
    step = str(number).encode()
    raw = b"ARC-Authentication-Results: i=" + step + b"; " + f"{domain}; {results}".encode() + b"\r\n" + raw
    canonical = b"relaxed/relaxed"
    signer = dkim.ARC(raw)
    present = {name.lower() for name, _ in signer.headers}
    names = tuple(covered) if covered is not None else tuple(name for name in COVERED if name in present)
    body = CanonicalizationPolicy.from_c_value(canonical).canonicalize_body(signer.body)
    given = dict(signature_tags)
    if b"l" in given:
        body = body[: int(given[b"l"])]
    about = {b"a": b"rsa-sha256", b"d": domain.encode(), b"s": SELECTOR.encode()}
    first = {b"i": step, **about, b"c": canonical}
    raw = (
        b"ARC-Message-Signature: "
        + _made(signer, b"ARC-Message-Signature", first, given, at, names, body, canonical, key)
        + raw
    )
    sealer = dkim.ARC(raw)
    _, fields = sealer.sorted_arc_headers()
    order = [name.lower() for _, (name, _) in reversed(fields)]
    sealer.headers = [field for _, field in reversed(fields)][::-1]
    made = _made(
        sealer, b"ARC-Seal", {b"i": step, b"cv": validation, **about}, {}, at, order, None, canonical, key
    )
    return b"ARC-Seal: " + made + raw


def _made(
    signer: Any,
    name: bytes,
    first: dict[bytes, bytes],
    given: dict[bytes, bytes],
    at: datetime,
    covered: Sequence[bytes],
    body: bytes | None,
    canonical: bytes,
    key: dict[str, int] | None,
) -> bytes:
    fields = {**first, b"t": str(int(at.timestamp())).encode()}
    signer.hasher = HASH_ALGORITHMS[first[b"a"]]
    if body is not None:
        fields[b"h"] = b":".join(covered)
        digest = signer.hasher()
        digest.update(body)
        fields[b"bh"] = base64.b64encode(digest.digest())
    fields = {tag: value for tag, value in {**fields, **given}.items() if value}
    fields[b"b"] = b"0" * 60
    policy = CanonicalizationPolicy.from_c_value(canonical)
    made: bytes = signer.gen_header(list(fields.items()), covered, policy, name, key or key_pair()[0])
    return made
