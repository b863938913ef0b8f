"""The seller's PDF files: how many pages they have, and clean copies of single pages. pypdf stays in here.

A clean page holds what is printed on it and nothing that acts: no scripts, links, forms, attachments or actions.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import PdfReadError, PyPdfError
from pypdf.generic import ArrayObject, NameObject

from inbox_bot.book.pictures import Unreadable

MOST_PAGES = 500
_MOST_BYTES = 60_000_000
_KEPT = ("/Type", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/Contents", "/UserUnit")
_FLAWS = (
    PyPdfError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    OSError,
    AssertionError,
)

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote the file


@dataclass(frozen=True, slots=True)
class PdfInfo:
    """What was found in a PDF file."""

    pages: int


def read_pdf(raw: bytes) -> PdfInfo:
    """The number of pages; raises Unreadable for what is no PDF, locked, damaged or too long."""
    return PdfInfo(len(_reader(raw).pages))


def clean_pages(raw: bytes, numbers: Sequence[int]) -> bytes:
    """A PDF with only the pages of these numbers (from 0), with what is printed on them; raises Unreadable."""
    reader = _reader(raw)
    writer = PdfWriter()
    try:
        for number in numbers:
            writer.add_page(_bare(reader.pages[number]))
        writer.compress_identical_objects(remove_unreferenced=True)
        out = io.BytesIO()
        writer.write(out)
    except _FLAWS as error:
        raise Unreadable(f"the PDF is damaged ({type(error).__name__}); print it to a new PDF") from None
    return out.getvalue()


def page_texts(raw: bytes) -> tuple[str, ...]:
    """What each page of a PDF says; raises Unreadable."""
    try:
        return tuple(page.extract_text() for page in _reader(raw).pages)
    except _FLAWS as error:
        raise Unreadable(f"the PDF is damaged ({type(error).__name__})") from None


def page_of_titles(raw: bytes) -> dict[str, int]:
    """The page (from 1) of each title in a PDF's outline; the first one counts."""
    reader = _reader(raw)
    found: dict[str, int] = {}
    for entry in reader.outline:
        if isinstance(entry, list):
            continue
        number = reader.get_destination_page_number(entry)
        if number is not None and entry.title is not None:
            found.setdefault(str(entry.title), number + 1)
    return found


def _reader(raw: bytes) -> PdfReader:
    if len(raw) > _MOST_BYTES:
        raise Unreadable(f"the PDF has {len(raw) // 1_000_000} MB; print it smaller than 60 MB")
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted:
            raise Unreadable("the PDF is locked with a password; print it to a new PDF without one")
        pages = len(reader.pages)
    except PdfReadError:
        raise Unreadable("this is no PDF that can be read; print it to a new PDF") from None
    except _FLAWS as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"the PDF is damaged ({type(error).__name__}); print it to a new PDF") from None
    if not 0 < pages <= MOST_PAGES:
        raise Unreadable(f"the PDF has {pages} pages; keep those that matter, at most {MOST_PAGES}")
    return reader


def _bare(page: PageObject) -> PageObject:
    """The page without annotations, actions and whatever else is not printed."""
    for key in list(page):
        if key not in (*_KEPT, "/Parent"):
            del page[NameObject(key)]
    page[NameObject("/Annots")] = ArrayObject()
    return page
