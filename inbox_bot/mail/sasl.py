"""The login with an access token, as IMAP and SMTP both want it: XOAUTH2, and OAUTHBEARER (RFC 7628).

The token goes out once. A server that does not like it answers with a challenge, a piece of JSON; that one is kept
for the error and answered with nothing, and the server then says no. Getting tokens is the business of `oauth.py`.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime

from inbox_bot.core.text import one_line

_WORDS = ("status", "error", "error_description", "schemes", "scope")
_TEXT_LIMIT = 200
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_USER = re.compile(r"[^\x00-\x1f\x7f\s]{1,320}")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a mail server takes in place of a password until `expires_at`; its text is never shown by repr."""

    text: str = field(repr=False)
    expires_at: datetime

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.text):
            raise ValueError("the access token holds characters that no access token may hold")


Credential = str | AccessToken
"""What a login takes: a password, or an access token."""


class TokenLogin:
    """One login with one token: `answer` gives the token to the first challenge and nothing to any other."""

    def __init__(self, mechanism: str, user: str, token: AccessToken, host: str, port: int) -> None:
        if not _USER.fullmatch(user):
            raise ValueError("the user name holds characters that a login with a token cannot carry")
        self.mechanism = mechanism
        self._first = _first_words(mechanism, user, token, host, port)
        self._hidden = (token.text, b64encode(self._first).decode("ascii"), self._first.decode("utf-8"))
        self._given = False
        self._challenge = b""

    @property
    def opening(self) -> str:
        """The words with the token in base64, to be sent once; counts as given from here on."""
        self._given = True
        return self._hidden[1]

    def answer(self, challenge: bytes | None) -> bytes:
        """The answer to a server's challenge (decoded)."""
        if not self._given:
            self._given = True
            return self._first
        self._challenge = self._challenge or challenge or b""
        return b"\x01" if self.mechanism == "OAUTHBEARER" else b""

    @property
    def complaint(self) -> str:
        """What the server said against the token, on one line and without it; empty when it said nothing."""
        return self.without_token(_readable(self._challenge))

    def without_token(self, text: str) -> str:
        """The text with the token, plain and encoded, taken out."""
        for word in self._hidden:
            text = text.replace(word, "[...]")
        return text


def token_mechanism(offered: frozenset[str]) -> str:
    """XOAUTH2 where a server has it, else OAUTHBEARER, else empty; `offered` in upper case."""
    return next((name for name in ("XOAUTH2", "OAUTHBEARER") if name in offered), "")


def _first_words(mechanism: str, user: str, token: AccessToken, host: str, port: int) -> bytes:
    if mechanism == "OAUTHBEARER":
        name = user.replace("=", "=3D").replace(",", "=2C")
        return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token.text}\x01\x01".encode()
    return f"user={user}\x01auth=Bearer {token.text}\x01\x01".encode()


def _readable(challenge: bytes) -> str:
    """The words of the challenge that mean something to a person."""
    text = challenge[:4096].decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return one_line(text)[:_TEXT_LIMIT]
    if not isinstance(said, dict):
        return one_line(text)[:_TEXT_LIMIT]
    words = [f"{word} {said[word]}" for word in _WORDS if isinstance(said.get(word), str | int)]
    return one_line(", ".join(words))[:_TEXT_LIMIT]
