"""Draws the pictures of the docs: docs/pictures/demo.svg, reply.svg and book.png.

Plays the demo with a few of its mails, so the pictures show what the program really prints. Run by hand, from a
checkout with its virtual environment, after the look of the demo has changed:

    .venv/bin/python docs/make_pictures.py

It needs nothing but the package itself, and fails when the demo does not go as it should.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from inbox_bot.commands.demo import collected_logs, play
from inbox_bot.commands.demo_mails import SCENES
from inbox_bot.commands.demo_view import DemoView, Fact

PICTURES = Path(__file__).parent / "pictures"
SHOWN = ("rule-delivered-match", "other-a-to-z", "rule-fault-admitted", "spoofed")
COLUMNS = 100
# The picture must not fetch a font from anywhere when it is looked at.
_FONT_FACE = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)
_FONTS = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"


@dataclass(slots=True)
class Camera(DemoView):
    """A display that takes one picture up to the table of cases and one of the letter."""

    pictures: dict[str, str] = field(default_factory=dict)

    def table(self) -> None:
        """The end of the first picture."""
        DemoView.table(self)
        self._take("demo", "inbox-bot demo")

    def letter(self, title: str, facts: Sequence[Fact], text: str) -> None:
        """The second picture."""
        self.console.export_text(clear=True)
        DemoView.letter(self, title, facts, text)
        self._take("reply", title)

    def _take(self, name: str, title: str) -> None:
        svg = self.console.export_svg(title=title, theme=MONOKAI, unique_id=name)
        self.pictures[name] = _FONT_FACE.sub("", svg).replace("Fira Code, monospace", _FONTS)


CASE = Path(__file__).parent.parent / "fixtures" / "cases" / "11-not-as-described-photos-invoice"
_SPREAD = """#set page(width: auto, height: auto, margin: 6pt, fill: luma(120))
#grid(columns: 3, gutter: 6pt, ..(1, 2, 4).map(it => box(fill: white, image("book.pdf", page: it, width: 300pt))))
"""


def draw_book() -> bytes:
    """The first pages of a worked case's exhibit book side by side, as PNG."""
    import email

    import typst

    from inbox_bot.commands.orders import import_files
    from inbox_bot.desk import load_rulebook
    from inbox_bot.mail.reader import MailReader
    from inbox_bot.replay import ACCOUNT, Replay, read_paths
    from inbox_bot.sources import watched_folder

    with MailReader() as reader:
        evidence = watched_folder(CASE / "evidence")
        mails = read_paths([CASE / "mails"])
        replay = Replay(mails, load_rulebook(), reader.read, trust="all", evidence=evidence)
        import_files(replay.store, ACCOUNT, sorted((CASE / "reports").iterdir()))
        reply = [line.reply for line in replay.lines() if line.reply is not None][-1]
    parts = email.message_from_bytes(reply.raw_bytes).walk()
    book = next(
        part.get_payload(decode=True) for part in parts if part.get_content_type() == "application/pdf"
    )
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "book.pdf").write_bytes(book)
        (Path(name) / "spread.typ").write_text(_SPREAD)
        drawn = typst.compile(str(Path(name) / "spread.typ"), root=name, format="png", ppi=90)
    return bytes(drawn)


def main() -> int:
    """Play, and write what was seen."""
    console = Console(
        record=True,
        force_terminal=True,
        color_system="truecolor",
        width=COLUMNS,
        file=io.StringIO(),
        highlight=False,
        markup=False,
        emoji=False,
    )
    camera = Camera(console, is_live=False)
    scenes = [scene for scene in SCENES if scene.file.startswith(SHOWN)]
    with tempfile.TemporaryDirectory() as folder, collected_logs(), camera:
        problems = play(camera, Path(folder), scenes)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if problems:
        return 1
    PICTURES.mkdir(exist_ok=True)
    for name, svg in camera.pictures.items():
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
    (PICTURES / "book.png").write_bytes(draw_book())
    return 0


if __name__ == "__main__":
    sys.exit(main())
