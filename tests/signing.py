"""Mails signed as Amazon and forwarders sign them, with keys made for the tests and a DNS that knows them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from inbox_bot.mail.resolver import NOBODY_ANSWERED, TextRecord

SELECTOR = "k1"
COVERED = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type")


@cache
def key_pair(bits: int = 2048) -> tuple[bytes, bytes]:
    """A private key in PEM and the TXT record of its public part."""
    import base64

    private = rsa.generate_private_key(public_exponent=65537, key_size=max(bits, 1024))
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


class Dns:
    """A name server that knows the keys of some domains and counts the questions."""

    def __init__(self, *domains: str, silent: Sequence[str] = ()) -> None:
        self.texts = {f"{SELECTOR}._domainkey.{domain}": key_pair()[1] for domain in domains}
        self.silent = {f"{SELECTOR}._domainkey.{domain}" for domain in silent}
        self.asked: list[str] = []

    def __call__(self, name: str) -> TextRecord:
        self.asked.append(name)
        return NOBODY_ANSWERED if name in self.silent else TextRecord(self.texts.get(name))
