"""Binding the exhibit book: one PDF within its limits, made smaller in steps, everything left out said in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from inbox_bot.book.axis import drawn
from inbox_bot.book.matter import PICTURES, Matter
from inbox_bot.book.pages import clean_pages, page_of_titles, read_pdf
from inbox_bot.book.pictures import Unreadable
from inbox_bot.book.typeset import CannotSet, set_pages
from inbox_bot.core.book import Book, BookExhibit, BookStyle

MOST_TRIES = 24
_FRAME_MM = {"a4": 222, "us-letter": 204}
_LONGEST_TEXT = 20_000


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
    matter, template = Matter.of(book, files), style.template
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
    if too_large and plan.picture < len(PICTURES) - 1:
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


def _set(
    book: Book, matter: Matter, plan: _Plan, words: Mapping[str, Any], template: str
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


def _refused(matter: Matter, plan: _Plan, why: str) -> str | None:
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
    matter: Matter,
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
    matter: Matter,
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
    moments, ticks = drawn(book.timeline)
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
