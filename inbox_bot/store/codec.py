"""Nouns to JSON and back; msgspec stays in here."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from inbox_bot.core.events import EVENT_TYPES, Event

T = TypeVar("T")


def to_json(value: object) -> str:
    """The noun as JSON text: instants with offset, amounts as strings, bytes as base64."""
    return msgspec.json.encode(value).decode()


def from_json(text: str, type_: type[T]) -> T:
    """The noun of the given type; raises ValueError when the text does not fit it."""
    return msgspec.json.decode(text, type=type_)


def event_from_json(name: str, text: str) -> Event:
    """The event of the given type name; raises ValueError for an unknown name."""
    if name not in EVENT_TYPES:
        raise ValueError(f"unknown event {name!r}: this store was written by a newer inbox_bot")
    return from_json(text, EVENT_TYPES[name])
