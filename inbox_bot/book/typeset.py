"""Setting pages with typst: data and files go in, a PDF comes out. typst and the fonts stay in here.

The fonts come from installed packages, so that every machine sets the same pages; nothing is fetched. Typst sees one
temporary folder and no other file, and text reaches it as data, never as markup.
"""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import typst

FONT_PACKAGES = ("fontpkg-noto-sans", "cvttf-notosanscjk-regular")
_FONT_SUFFIXES = (".ttf", ".otf", ".ttc")


class CannotSet(ValueError):
    """Typst refused: a file in the book is not what it should be, or the template is wrong."""


def set_pages(template: str, data: Mapping[str, object], files: Mapping[str, bytes]) -> bytes:
    """The PDF of the template over the data; `files` are pictures and pages by the name the data uses for them.

    The same input gives the same bytes. Raises CannotSet with typst's reason.
    """
    with tempfile.TemporaryDirectory(prefix="inbox-bot-book-") as name:
        folder = Path(name)
        (folder / "book.typ").write_text(template, encoding="utf-8")
        (folder / "book.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        for file, content in files.items():
            (folder / file).write_bytes(content)
        try:
            pages = typst.compile(
                str(folder / "book.typ"),
                root=str(folder),
                font_paths=list(font_folders()),
                ignore_system_fonts=True,
                timestamp=0,
            )
        except RuntimeError as error:  # typst.TypstError among them
            raise CannotSet(str(error).splitlines()[0]) from None
    assert isinstance(pages, bytes)  # noqa: S101 - typst gives a list only for pictures of several pages
    return pages


@lru_cache(maxsize=1)
def font_folders() -> tuple[str, ...]:
    """Where the font packages have put their fonts; raises CannotSet when one is not installed."""
    folders: dict[str, None] = {}
    for package in FONT_PACKAGES:
        try:
            listed = importlib.metadata.files(package) or []
        except importlib.metadata.PackageNotFoundError:
            raise CannotSet(f"the font package {package} is missing; install inbox_bot again") from None
        fonts = [Path(str(file.locate())) for file in listed if file.suffix.lower() in _FONT_SUFFIXES]
        folders.update((str(font.parent), None) for font in fonts if "site-packages" in font.parts)
    return tuple(folders)
