"""The one gate for every string that becomes part of an IMAP command.

A sender writes subjects and ids; a line break in one of them would end our command and start his. So nothing
reaches the wire but through these functions, and each refuses CR, LF and NUL before anything else. What the
commands mean is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from imapclient.imap_utf7 import encode as encode_utf7

from inbox_bot.core.errors import Problem, UserError

_BREAKING = re.compile("[\r\n\0]")
_FLAG = re.compile(r"\\?[A-Za-z$][A-Za-z0-9$_.-]{0,63}")
_TEXT_ID = re.compile(r"[A-Za-z0-9-]{6,40}")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_HIGHEST_UID = 2**32 - 1


class UnsafeArgument(UserError, ValueError):
    """A value was refused before it could become part of an IMAP command; nothing was sent."""


def unbroken(value: str, what: str) -> str:
    """The value itself; raises UnsafeArgument when it holds a CR, LF or NUL. `what` names it in the message."""
    if _BREAKING.search(value):
        raise UnsafeArgument(
            Problem(
                f"the {what} holds a line break or a NUL", remedy="remove it; nothing was sent to the server"
            )
        )
    return value


def quoted(value: str, what: str) -> str:
    """The value as an IMAP quoted string; raises UnsafeArgument unless it is ASCII without control characters."""
    unbroken(value, what)
    if not value.isascii() or not value.isprintable():
        raise UnsafeArgument(Problem(f"the {what} holds a character that IMAP cannot carry here"))
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folder(name: str | bytes) -> bytes:
    """A folder name, quoted for the wire; text becomes modified UTF-7, bytes are a name as the server wrote it."""
    if not name:
        raise UnsafeArgument("a folder name is empty")
    try:
        raw: bytes = encode_utf7(unbroken(name, "folder name")) if isinstance(name, str) else name
    except UnicodeEncodeError:
        raise UnsafeArgument("the folder name is not valid Unicode") from None
    if any(byte in b"\r\n\0" for byte in raw):
        raise UnsafeArgument("the folder name holds a line break or a NUL")
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def credential(value: str, what: str) -> str:
    """A user name or secret that can be sent; raises UnsafeArgument without repeating the value."""
    if not value:
        raise UnsafeArgument(Problem(f"the {what} is empty"))
    return unbroken(value, what)


def search_after(uid: int, lowest: int | None = None, highest: int | None = None) -> str:
    """The criterion for UIDs above this one, optionally among sequence numbers `lowest` to `highest` (or the last)."""
    numbers = "" if lowest is None else f"{int(lowest)}:{'*' if highest is None else int(highest)} "
    return f"{numbers}UID {int(uid) + 1}:*"


def search_text(needle: str) -> str:
    """The criterion that looks for an order or tracking id: 6 to 40 letters, digits and hyphens."""
    unbroken(needle, "search text")
    if not _TEXT_ID.fullmatch(needle):
        raise UnsafeArgument(
            "only an order or tracking id (6 to 40 letters, digits, hyphens) can be searched for"
        )
    return f"TEXT {quoted(needle, 'search text')}"


def search_message_id(message_id: str) -> str:
    """The criterion that looks for a Message-ID; raises UnsafeArgument unless it is well-formed."""
    unbroken(message_id, "Message-ID")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise UnsafeArgument("a Message-ID is searched for only in the form <left@right> without spaces")
    return f"HEADER Message-ID {quoted(message_id, 'Message-ID')}"


def flags(names: Sequence[str]) -> str:
    """A parenthesised flag list; raises UnsafeArgument for anything that is no flag."""
    for name in names:
        unbroken(name, "flag")
        if not _FLAG.fullmatch(name):
            raise UnsafeArgument(f"{name[:80]!r} is not an IMAP flag")
    return f"({' '.join(names)})"


def uids(numbers: Iterable[int]) -> list[int]:
    """The UIDs, ascending and each once; raises UnsafeArgument for a number that no UID can have."""
    unique = sorted(set(numbers))
    for number in unique:
        if type(number) is not int or not 1 <= number <= _HIGHEST_UID:
            raise UnsafeArgument(f"{number!r} is not a UID")
    return unique
