"""The model of [alarms] and [health]: who is told what goes wrong, when, and where the process shows how it does."""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from inbox_bot.config import Alarms
from inbox_bot.config_parts import OneLine, Part, secret_reference

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class AlarmsModel(Part):
    """[alarms]."""

    urls: tuple[str, ...] = Field((), strict=False)
    zone: OneLine = "UTC"
    quiet_from: str = ""
    quiet_to: str = ""
    digest_at: str = ""
    heartbeat: str = ""
    canary: bool = False

    _check_heartbeat = field_validator("heartbeat")(secret_reference)

    @field_validator("urls")
    @classmethod
    def _urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(secret_reference(one) for one in value)

    @field_validator("quiet_from", "quiet_to", "digest_at")
    @classmethod
    def _clocks(cls, value: str) -> str:
        if value and not _CLOCK.fullmatch(value):
            raise ValueError(f'{value!r} is no time of day; write it like "22:00"')
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception:  # unknown keys and impossible ones raise differently
            raise ValueError(f'{value!r} is no time zone; write it like "Europe/Berlin"') from None
        return value

    @model_validator(mode="after")
    def _both_ends(self) -> AlarmsModel:
        if bool(self.quiet_from) != bool(self.quiet_to):
            raise ValueError("quiet hours have two ends; set both quiet_from and quiet_to, or neither")
        return self

    def to_alarms(self) -> Alarms:
        """The part as plain values."""
        return Alarms(
            urls=self.urls,
            zone=self.zone,
            quiet_from=_time(self.quiet_from),
            quiet_to=_time(self.quiet_to),
            digest_at=_time(self.digest_at),
            heartbeat=self.heartbeat,
            canary=self.canary,
        )


class HealthModel(Part):
    """[health]."""

    port: int = Field(0, ge=0, le=65535)


def _time(text: str) -> time | None:
    found = _CLOCK.fullmatch(text)
    return time(int(found[1]), int(found[2])) if found else None
