"""The bytes behind a book's documents as they can be printed, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping

from inbox_bot.book.pages import read_pdf
from inbox_bot.book.pictures import Photo, Unreadable, as_prepared, shrink
from inbox_bot.core.book import Book
from inbox_bot.core.text import clean_text

# Long edge in pixels and JPEG quality, from good to just readable.
PICTURES = ((1600, 82), (1300, 74), (1000, 66), (800, 58), (600, 50))


class Matter:
    """The documents' bytes as they can be used, and why the others cannot; pictures are shrunk once a step."""

    def __init__(self) -> None:
        self.photos: dict[str, list[Photo]] = {}
        self.pdfs: dict[str, bytes] = {}
        self.texts: dict[str, str] = {}
        self.unusable: dict[str, str] = {}

    @classmethod
    def of(cls, book: Book, files: Mapping[str, bytes]) -> Matter:
        """What of the book's documents can be used; `files` are their kept bytes by SHA-256."""
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
        """The photo at a step of `PICTURES`."""
        made = self.photos[key]
        while len(made) <= step:
            edge, quality = PICTURES[len(made)]
            made.append(shrink(made[0], long_edge=edge, quality=quality))
        return made[step]
