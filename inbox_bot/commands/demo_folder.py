"""The folder in which the demo leaves its replies: claimed at the start, filled at the end, never over other files."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.text import one_line

INDEX = "README.txt"
_FIRST_LINE = "Replies of `inbox-bot demo`; the folder is emptied and filled again by the next run."


@dataclass(frozen=True, slots=True)
class ReplyFile:
    """A reply to leave behind."""

    case_id: str
    status: str
    subject: str
    attachment_names: tuple[str, ...]
    raw_bytes: bytes


def claim_folder(folder: Path) -> None:
    """Make the folder, or empty it when an earlier demo filled it; raises UserError when other files lie in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in folder.iterdir()}
        own = _own_names(folder)
        foreign = sorted(names - own)
        if foreign:
            what = f"holds files that are not the demo's ({', '.join(foreign[:3])})"
            raise UserError(Problem(what, str(folder), remedy="name another folder with --out"))
        for name in names:
            (folder / name).unlink()
        (folder / INDEX).write_text(f"{_FIRST_LINE}\n", encoding="utf-8")
    except OSError as error:
        what = f"cannot be used: {error.strerror}"
        raise UserError(Problem(what, str(folder), remedy="name another folder with --out")) from None


def write_replies(folder: Path, replies: Sequence[ReplyFile]) -> list[Path]:
    """Write every reply as CASE.eml, and the index that names them."""
    lines = [_FIRST_LINE, ""]
    for reply in replies:
        lines += [
            f"{reply.case_id}.eml",
            f"    {one_line(reply.subject)}",
            f"    the case is {reply.status}; attached: {', '.join(reply.attachment_names) or 'nothing'}",
        ]
    lines += ["", "Open one with your mail program: double-click it, or drag it into a folder there."]
    (folder / INDEX).write_text("\n".join(lines) + "\n", encoding="utf-8")
    written = [folder / f"{reply.case_id}.eml" for reply in replies]
    for path, reply in zip(written, replies, strict=True):
        path.write_bytes(reply.raw_bytes)
    return written


def opening_hint(path: Path) -> str:
    """How to open the file on this machine."""
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    return f"Open one with: {opener} {shlex.quote(str(path))} (or drag it into your mail program)"


def _own_names(folder: Path) -> set[str]:
    """The names that an earlier demo wrote, by its index; nothing when the index is not ours."""
    try:
        lines = (folder / INDEX).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    if not lines or lines[0] != _FIRST_LINE:
        return set()
    return {INDEX, *(line for line in lines if line.endswith(".eml") and not line.startswith(" "))}
