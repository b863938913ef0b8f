"""How the demo looks: a live table on a terminal, plain lines of at most 100 columns where the output is piped.

Everything shown is given as values; what happens in the demo, and in which order, is not decided here. Texts of
mails are cleaned before they reach the terminal, because strangers wrote them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from inbox_bot.core.text import clean_text, one_line

PIPE_COLUMNS = 100
_TONES = {
    "": "",
    "good": "green",
    "bad": "red",
    "care": "yellow",
    "quiet": "dim",
    "strong": "bold",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line; `tone` is a key of the palette: good, bad, care, quiet, strong or nothing."""

    label: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the table of cases, as text."""

    case_id: str
    reason: str
    verdict: str
    amount: str
    left: str
    status: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class MailCard:
    """What came of one mail: who it is from, and the facts below it."""

    place: str  # "7/21"
    sender: str
    subject: str
    facts: tuple[Fact, ...] = ()
    tone: str = "strong"


def open_console(file: IO[str] | None = None) -> Console:
    """The console of the demo, on standard output by default: neither colours nor a live table in a pipe."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(
        file=file, width=PIPE_COLUMNS, highlight=False, markup=False, emoji=False, color_system=None
    )


@dataclass(slots=True)
class DemoView:
    """The demo's display; a context manager that owns the terminal while it is open."""

    console: Console
    is_live: bool = True
    _live: Live | None = field(default=None, init=False)
    _rows: tuple[CaseRow, ...] = field(default=(), init=False)
    _done: tuple[int, int, str] = field(default=(0, 1, ""), init=False)

    @property
    def is_watched(self) -> bool:
        """Whether a person sees it as it happens."""
        return self.is_live and self.console.is_terminal and not self.console.is_dumb_terminal

    def __enter__(self) -> Self:
        if self.is_watched:
            self._live = Live(console=self.console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()

    def settle(self) -> None:
        """End the live part; what is shown from here on stays where it is."""
        live, self._live = self._live, None
        if live is not None:
            live.update(Text(""))
            live.stop()

    def heading(self, text: str) -> None:
        """The title of the next part."""
        self._print(Text(""))
        self._print(Text(text, style="bold cyan"))

    def line(self, text: str, tone: str = "") -> None:
        """A sentence."""
        self._print(Text(text, style=_TONES[tone]))

    def brief(self, label: str, text: str) -> None:
        """One short line on one mail, cut to the width."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, width=26)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        grid.add_row(Text(label, style=_TONES["quiet"]), Text(one_line(text)))
        self._print(Padding(grid, (0, 0, 0, 2)))

    def card(self, card: MailCard) -> None:
        """One mail and what came of it."""
        head = Text.assemble(
            (f"[{card.place}] ", _TONES["quiet"]),
            (one_line(card.subject) or "(no subject)", _TONES[card.tone]),
        )
        head.truncate(self.console.width, overflow="ellipsis")
        self._print(Text(""))
        self._print(head)
        self._print(Padding(_facts((Fact("from", card.sender, "quiet"), *card.facts)), (0, 0, 0, 8)))

    def facts(self, facts: Sequence[Fact]) -> None:
        """Labelled lines on their own."""
        self._print(Padding(_facts(facts), (0, 0, 0, 2)))

    def cases(self, rows: Iterable[CaseRow]) -> None:
        """The cases as they stand now; shown at once on a terminal."""
        self._rows = tuple(rows)
        self._refresh()

    def progress(self, done: int, total: int, what: str) -> None:
        """How far the demo is."""
        self._done = (done, total, what)
        self._refresh()

    def table(self) -> None:
        """Print the table of cases for good."""
        self._print(_table(self._rows))

    def letter(self, title: str, facts: Sequence[Fact], text: str) -> None:
        """A whole letter as it was written, below what its header says."""
        body = clean_text(text).strip("\n")
        if self.console.is_terminal:
            content = Group(_facts(facts), Rule(style=_TONES["quiet"]), Text(body))
            self._print(Panel(content, title=Text(title), title_align="left", border_style="cyan"))
            return
        self.line(title)
        self.facts(facts)
        for line in body.split("\n"):
            # Not wrapped: whoever reads a pipe wants the lines as they are.
            self.console.print(Text(f"  | {line}".rstrip()), soft_wrap=True)

    def _refresh(self) -> None:
        if self._live is not None:
            self._live.update(self._dashboard())

    def _dashboard(self) -> RenderableType:
        done, total, what = self._done
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(total=total, completed=done, width=30), Text(what, style=_TONES["quiet"]))
        return Group(Text(""), *([_table(self._rows)] if self._rows else []), bar)

    def _print(self, content: RenderableType) -> None:
        if self.console.is_terminal:
            self.console.print(content)
            return
        with self.console.capture() as captured:
            self.console.print(content)
        # Tables are padded to their width with blanks, which only get in the way in a file.
        for line in captured.get().splitlines():
            self.console.print(Text(line.rstrip()), soft_wrap=True)


def _facts(facts: Sequence[Fact]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=11)
    grid.add_column(overflow="fold")
    for fact in facts:
        grid.add_row(
            Text(fact.label, style=_TONES["quiet"]), Text(one_line(fact.text), style=_TONES[fact.tone])
        )
    return grid


def _table(rows: Sequence[CaseRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Case", no_wrap=True)
    table.add_column("Reason")
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Amount", justify="right", no_wrap=True)
    table.add_column("Left", justify="right", no_wrap=True)
    table.add_column("Status")
    for row in rows:
        cells = (row.case_id, row.reason, row.verdict, row.amount, row.left)
        table.add_row(*(Text(one_line(cell)) for cell in cells), Text(row.status, style=_TONES[row.tone]))
    return table
