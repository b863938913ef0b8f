"""The HTTP client that both providers' libraries ask with: bounded in time, and with the authorities we were told."""

from __future__ import annotations

import os
from typing import Any

import requests

from inbox_bot.core.errors import InboxBotError, Problem, UserError
from inbox_bot.mail.oauth import ANSWER_SECONDS, OAuthSettings, unreachable


class PatientSession(requests.Session):
    """A session with a limit of time; `ca_file` wins over the environment, which the library would let win."""

    def __init__(self, ca_file: str | None) -> None:
        super().__init__()
        self._ca_file = ca_file

    def request(self, *arguments: Any, **named: Any) -> requests.Response:
        """As the library's, always with a limit of time and never sent elsewhere."""
        return super().request(*arguments, **{**named, "timeout": ANSWER_SECONDS, "allow_redirects": False})

    def merge_environment_settings(self, *arguments: Any) -> Any:
        """As the library's, with our authorities."""
        settings = super().merge_environment_settings(*arguments)
        if self._ca_file:
            settings["verify"] = self._ca_file
        return settings


def open_session(settings: OAuthSettings) -> PatientSession:
    """A session for one account; raises UserError for a `ca_file` that cannot be read."""
    if settings.ca_file and not os.access(settings.ca_file, os.R_OK):
        what = f"the certificate authorities in {settings.ca_file} cannot be read"
        raise UserError(Problem(what, file=settings.ca_file, remedy="ca_file must name a PEM file"))
    return PatientSession(settings.ca_file)


def broken(settings: OAuthSettings, error: Exception) -> InboxBotError:
    """What it means that the library's client failed; no word of what it asked."""
    while error.__cause__ is not None and not isinstance(error, requests.exceptions.RequestException):
        error = error.__cause__ if isinstance(error.__cause__, Exception) else Exception()
    if isinstance(error, requests.exceptions.SSLError):
        return unreachable(settings, "no TLS with it, or its certificate cannot be trusted")
    if isinstance(error, requests.exceptions.Timeout):
        return unreachable(settings, "it did not answer in time")
    if isinstance(error, requests.exceptions.RequestException):
        return unreachable(settings, f"the connection failed ({type(error).__name__})")
    return unreachable(settings, "it gave no OAuth answer")
