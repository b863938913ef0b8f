"""Binding the exhibit book: one PDF within its limits, made smaller in steps, everything left out said in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from inbox_bot.book.pages import clean_pages, page_of_titles, read_pdf
from inbox_bot.book.pictures import Photo, Unreadable, as_prepared, shrink
from inbox_bot.book.typeset import CannotSet, set_pages
from inbox_bot.core.book import Book, BookExhibit, BookStyle
from inbox_bot.core.text import clean_text
from inbox_bot.core.timeline import Moment

MOST_TRIES = 24
_FRAME_MM = {"a4": 222, "us-letter": 204}
# Long edge in pixels and JPEG quality, from good to just readable.
_PICTURES = ((1600, 82), (1300, 74), (1000, 66), (800, 58), (600, 50))
_LONGEST_TEXT = 20_000
_MOST_LANES = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What the book must keep to: bytes before they are encoded for mail, and pages."""

    max_bytes: int
    max_pages: int


@dataclass(frozen=True, slots=True)
class BoundBook:
    """The PDF, its pages, the first page of each exhibit, what was left out in words, and what the pages say."""

    content: bytes
    pages: int
    page_of: Mapping[int, int]
    notes: tuple[str, ...]
    text: str


class CannotBind(ValueError):
    """The book cannot be made within its limits; says why."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How much goes in: picture step, photos on a page, pages of each PDF file, messages of each correspondence."""

    picture: int = 0
    photos_on_page: int = 2
    pdf_pages: int = 1_000
    messages: int = 1_000_000
    text: int = _LONGEST_TEXT


def bind(book: Book, files: Mapping[str, bytes], limits: Limits, style: BookStyle) -> BoundBook:
    """The book as one PDF; `files` are the kept bytes of documents by their SHA-256.

    Photos are shrunk, other PDFs cut after their first pages and the correspondence trimmed from its middle, in that
    order, until the limits hold; every exhibit stays. Raises CannotBind when even the smallest book is too large.
    """
    matter, template = _Matter.of(book, files), style.template
    words = style.words.get(book.language) or style.words["en"]
    plan: _Plan | None = _Plan()
    tight = ""
    for _ in range(MOST_TRIES):
        if plan is None:
            break
        content, data, notes = _set(book, matter, plan, words, template)
        pages = read_pdf(content).pages
        if pages <= limits.max_pages and len(content) <= limits.max_bytes:
            return BoundBook(content, pages, _pages_of(content, book, words), tuple(notes), _said(data))
        tight = f"it has {pages} pages and {len(content)} bytes"
        plan = _tighter(plan, book, pages - limits.max_pages, len(content) > limits.max_bytes)
    most = f"{limits.max_pages} pages and {limits.max_bytes} bytes"
    raise CannotBind(f"the exhibit book cannot be made smaller: {tight}, and {most} are allowed")


def _tighter(plan: _Plan, book: Book, pages_over: int, too_large: bool) -> _Plan | None:
    """The next smaller plan; None when nothing is left to give."""
    if too_large and plan.picture < len(_PICTURES) - 1:
        return replace(plan, picture=plan.picture + 1)
    longest = max((one.document.pages for one in book.exhibits if _is_pdf(one) and one.document), default=0)
    shown = min(plan.pdf_pages, longest)
    if shown > 3:
        return replace(plan, pdf_pages=max(3, shown - max(1, pages_over)) if not too_large else 3)
    most = max((len(one.messages) for one in book.exhibits), default=0)
    kept = min(plan.messages, most)
    if kept > 12 and pages_over > 0:
        return replace(plan, messages=max(12, kept - max(2, 3 * pages_over)))
    if plan.photos_on_page < 6 and pages_over > 0:
        return replace(plan, photos_on_page=plan.photos_on_page + 2)
    if plan.text > 2_500:
        return replace(plan, text=plan.text // 2)
    if shown > 1:
        return replace(plan, pdf_pages=1)
    if kept > 2:
        return replace(plan, messages=max(2, kept // 2))
    if plan.pdf_pages > 0 and shown > 0:
        return replace(plan, pdf_pages=0)
    return None


def _is_pdf(exhibit: BookExhibit) -> bool:
    return exhibit.document is not None and exhibit.document.kind == "pdf"


class _Matter:
    """The documents' bytes as they can be used, and why the others cannot; pictures are shrunk once a step."""

    def __init__(self) -> None:
        self.photos: dict[str, list[Photo]] = {}
        self.pdfs: dict[str, bytes] = {}
        self.texts: dict[str, str] = {}
        self.unusable: dict[str, str] = {}

    @classmethod
    def of(cls, book: Book, files: Mapping[str, bytes]) -> _Matter:
        matter = cls()
        for exhibit in book.exhibits:
            document = exhibit.document
            if document is None:
                continue
            key, raw = document.kept_sha256, files.get(document.kept_sha256)
            if raw is None:
                matter.unusable[key] = "the file is not kept any longer"
                continue
            try:
                if document.kind == "photo":
                    matter.photos[key] = [as_prepared(raw)]
                elif document.kind == "pdf":
                    read_pdf(raw)
                    matter.pdfs[key] = raw
                else:
                    matter.texts[key] = clean_text(raw.decode("utf-8", "replace"))
            except Unreadable as error:
                matter.unusable[key] = str(error)
        return matter

    def photo(self, key: str, step: int) -> Photo:
        """The photo at a step of `_PICTURES`."""
        made = self.photos[key]
        while len(made) <= step:
            edge, quality = _PICTURES[len(made)]
            made.append(shrink(made[0], long_edge=edge, quality=quality))
        return made[step]


def _set(
    book: Book, matter: _Matter, plan: _Plan, words: Mapping[str, Any], template: str
) -> tuple[bytes, dict[str, Any], list[str]]:
    """The book set by a plan; a PDF that typst refuses is listed with a note instead."""
    while True:
        files: dict[str, bytes] = {}
        notes: list[str] = []
        exhibits = _exhibits(book, matter, plan, words, files, notes)
        data = _data(book, exhibits, words)
        try:
            return set_pages(template, data, files), data, notes
        except CannotSet as error:
            refused = _refused(matter, plan, str(error))
            if refused is None:
                raise CannotBind(f"the exhibit book cannot be set: {error}") from None
            matter.unusable[refused] = "its pages cannot be taken over"


def _refused(matter: _Matter, plan: _Plan, why: str) -> str | None:
    """The PDF that cannot be set, found by setting each alone."""
    for key, raw in matter.pdfs.items():
        if key in matter.unusable:
            continue
        try:
            set_pages('#image("one.pdf")', {}, {"one.pdf": clean_pages(raw, [0])})
        except (CannotSet, Unreadable):
            return key
    usable = [key for key in matter.pdfs if key not in matter.unusable]
    return usable[0] if usable else None


def _exhibits(
    book: Book,
    matter: _Matter,
    plan: _Plan,
    words: Mapping[str, Any],
    files: dict[str, bytes],
    notes: list[str],
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    photos_before = rows_before = 0
    for exhibit in book.exhibits:
        values = asdict(exhibit)
        values["lines"] = [_cells(line) for line in exhibit.lines]
        is_photo = exhibit.document is not None and exhibit.document.kind == "photo"
        rows = _rows(exhibit)
        shares = rows_before > 0 and rows > 0 and rows_before + rows <= _ROWS_ON_A_PAGE
        values["joined"] = shares or (is_photo and photos_before % plan.photos_on_page != 0)
        photos_before = photos_before + 1 if is_photo else 0
        rows_before = rows_before + rows if shares else rows
        _trim_messages(values, exhibit, plan, words, notes)
        if exhibit.document is not None:
            values["document"] |= _document(exhibit, book, matter, plan, words, files, notes)
        made.append(values)
    return made


_ROWS_ON_A_PAGE = 30


def _rows(exhibit: BookExhibit) -> int:
    """About how many lines a short table exhibit takes; 0 for what always begins on a page of its own."""
    if exhibit.messages or exhibit.document is not None:
        return 0
    return 4 + len(exhibit.rows) + len(exhibit.scans) + 2 * (len(exhibit.items) + len(exhibit.lines))


def _cells(line: str) -> list[str]:
    """A line of the money exhibit as five cells: what, when, how much, details, source."""
    cells = [cell.strip() for cell in line.split(" | ")]
    what = [*cells[:-1], "", "", "", ""][:4]
    return [*what, cells[-1]]


def _trim_messages(
    values: dict[str, Any], exhibit: BookExhibit, plan: _Plan, words: Mapping[str, Any], notes: list[str]
) -> None:
    messages = values["messages"]
    left_out = max(0, len(messages) - plan.messages)
    values["left_out"], values["cut_at"], values["note"] = left_out, 0, ""
    for message in messages:
        message["text"] = _middle(message["text"], plan.text)
    if left_out:
        first = (plan.messages + 1) // 2
        values["messages"] = messages[:first] + messages[len(messages) - (plan.messages - first) :]
        values["cut_at"], values["note"] = first, words["left_out_messages"].format(n=left_out)
        notes.append(f"Exhibit {exhibit.number}: {values['note']}")


def _middle(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    keep = limit // 2
    return f"{text[:keep]}\n[... {len(text) - 2 * keep} ...]\n{text[-keep:]}"


def _document(
    exhibit: BookExhibit,
    book: Book,
    matter: _Matter,
    plan: _Plan,
    words: Mapping[str, Any],
    files: dict[str, bytes],
    notes: list[str],
) -> dict[str, Any]:
    document = exhibit.document
    assert document is not None  # noqa: S101 - only called for documents
    key, shown = document.kept_sha256, {"note": "", "pictures": [], "body": "", "height": 0}
    if key in matter.unusable:
        shown["note"] = words["left_out_file"].format(why=matter.unusable[key])
    elif key in matter.photos:
        name = f"photo-{exhibit.number}.jpg"
        files[name] = matter.photo(key, plan.picture).content
        rows = max(1, (plan.photos_on_page + 1) // 2) if plan.photos_on_page > 2 else plan.photos_on_page
        shown |= {
            "pictures": [name],
            "height": (_FRAME_MM[book.paper] - 22 * plan.photos_on_page) // max(1, rows * 1),
        }
        shown["height"] = (_FRAME_MM[book.paper] - 24 * plan.photos_on_page) // plan.photos_on_page
    elif key in matter.pdfs:
        shown |= _pages(exhibit, matter.pdfs[key], plan, words, files)
    else:
        shown["body"] = _middle(matter.texts[key], plan.text)
    if shown["note"]:
        notes.append(f"Exhibit {exhibit.number} ({document.name}): {shown['note']}")
    return shown


def _pages(
    exhibit: BookExhibit, raw: bytes, plan: _Plan, words: Mapping[str, Any], files: dict[str, bytes]
) -> dict[str, Any]:
    count = read_pdf(raw).pages
    taken = min(count, plan.pdf_pages)
    note = words["left_out_pages"].format(n=count - taken) if taken < count else ""
    if not taken:
        return {"note": note}
    name = f"pages-{exhibit.number}.pdf"
    files[name] = clean_pages(raw, range(taken))
    return {"note": note, "pictures": [name] * taken}


def _data(book: Book, exhibits: Sequence[dict[str, Any]], words: Mapping[str, Any]) -> dict[str, Any]:
    moments, ticks = _drawn(book.timeline)
    return {
        "language": book.language,
        "paper": book.paper,
        "frame": _FRAME_MM[book.paper] - 24,
        "seller": book.seller,
        "order_ids": list(book.order_ids),
        "cover": [asdict(row) for row in book.cover],
        "claim": book.claim,
        "words": words,
        "exhibits": list(exhibits),
        "moments": moments,
        "ticks": ticks,
        "sources": [asdict(source) for source in book.sources],
    }


def _drawn(timeline: Sequence[Moment]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The moments with their place on the axis (0 to 1) and a lane, so that no number covers another; and the ticks."""
    if not timeline:
        return [], []
    first, last = timeline[0].on, timeline[-1].on
    days = max((last - first).days, 1)
    lanes: list[float] = []
    drawn = []
    for number, moment in enumerate(timeline, 1):
        at = (moment.on - first).days / days if last > first else 0.5
        free = next((lane for lane, end in enumerate(lanes) if at - end >= 0.045), None)
        lane = (
            free if free is not None else (len(lanes) if len(lanes) < _MOST_LANES else number % _MOST_LANES)
        )
        if lane == len(lanes):
            lanes.append(at)
        lanes[lane] = at
        drawn.append(
            {
                "number": number,
                "at": at,
                "lane": lane,
                "on": moment.on.isoformat(),
                "clock": moment.clock,
                "kind": moment.kind.value,
                "words": moment.words,
            }
        )
    return drawn, list(_ticks(first, last, days))


def _ticks(first: date, last: date, days: int) -> Iterator[dict[str, Any]]:
    count = min(6, days)
    if last == first:
        yield {"at": 0.5, "label": first.isoformat()}
        return
    for index in range(count + 1):
        day = date.fromordinal(first.toordinal() + round(index * days / count))
        yield {"at": (day - first).days / days, "label": day.isoformat()}


def _pages_of(content: bytes, book: Book, words: Mapping[str, Any]) -> dict[int, int]:
    titles = page_of_titles(content)
    found = {}
    for exhibit in book.exhibits:
        start = f"{words['exhibit']} {exhibit.number} "
        page = next((page for title, page in titles.items() if f"{title} ".startswith(start)), 0)
        found[exhibit.number] = page
    return found


def _said(data: Mapping[str, Any]) -> str:
    """All text that was given to the pages, one piece a line; the vocabulary is left out."""
    return "\n".join(_strings({key: value for key, value in data.items() if key != "words"}))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _strings(one)
