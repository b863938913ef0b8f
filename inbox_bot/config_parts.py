"""What every part of the configuration's model is made of: the base, one-line texts, references to secrets."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

_SECRET = re.compile(r"(env|file|keyring|plain):.+", re.DOTALL)
OneLine = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Part(BaseModel):
    """Unknown keys are refused, types are taken at their word."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def secret_reference(value: str) -> str:
    """The value itself when it is a reference; raises ValueError with the remedy."""
    if value and not _SECRET.fullmatch(value):
        raise ValueError(
            "a secret is a reference; write env:NAME, file:PATH or keyring:SERVICE/USER "
            "(plain:PASSWORD works and is not advised)"
        )
    return value
