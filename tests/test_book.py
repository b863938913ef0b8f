"""The exhibit book as it is bound: what it says, how long it is, what hostile files do to it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
import typst
from nouns import NOW, ORDER, POLICY, decision, dossier, message, notice, shipment
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from inbox_bot.book.bind import BoundBook, CannotBind, Limits, bind
from inbox_bot.book.pages import clean_pages, page_texts, read_pdf
from inbox_bot.book.pictures import Unreadable, prepare_photo, shrink
from inbox_bot.core.book import BookStyle, book_of
from inbox_bot.core.exhibits import list_exhibits
from inbox_bot.core.facts import find_facts
from inbox_bot.core.letter import lay_out
from inbox_bot.core.record import (
    Document,
    DocumentKind,
    Dossier,
    Origin,
    Party,
    Provenance,
    Scan,
    ShipmentStatus,
)
from inbox_bot.core.timeline import timeline_of
from inbox_bot.resources import book_sources

STYLE = BookStyle(*book_sources())
WIDE = Limits(2_700_000, 19)


def photo(width: int = 1200, height: int = 900, noise: int = 0, **saved: object) -> bytes:
    picture = (
        Image.effect_noise((width, height), noise)
        if noise
        else Image.linear_gradient("L").resize((width, height))
    )
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=92, **saved)
    return out.getvalue()


def pdf(pages: int = 1, words: str = "Invoice") -> bytes:
    return typst.compile("#pagebreak()".join(f"\n{words} {page + 1}\n" for page in range(pages)).encode())


def document(name: str, raw: bytes, kind: DocumentKind, pages: int = 1) -> tuple[Document, bytes]:
    sha256 = hashlib.sha256(raw).hexdigest()
    source = f"evidence/{ORDER}/{name}"
    return Document(ORDER, name, kind, "item", "x/y", sha256, sha256, pages, source), raw


def bound(
    own: Dossier,
    documents: list[tuple[Document, bytes]] | None = None,
    limits: Limits = WIDE,
    language: str = "en",
) -> BoundBook:
    documents = documents or []
    sources = tuple(Provenance(one.source, Origin.FOLDER, NOW, one.sha256) for one, _ in documents)
    own = replace(own, documents=tuple(one for one, _ in documents), provenance=(*own.provenance, *sources))
    claim = notice(language=language)
    exhibits = list_exhibits([own], ())
    letter = lay_out(claim, own, (), find_facts(claim, own), decision(), POLICY, exhibits)
    book = book_of(claim, letter, [own], exhibits, timeline_of(claim, [own]), language)
    return bind(book, {one.kept_sha256: raw for one, raw in documents}, limits, STYLE)


def words_of(book: BoundBook) -> str:
    return " ".join(" ".join(page_texts(book.content)).split())


def test_the_cover_shows_the_case_and_every_exhibit_with_its_page():
    book = bound(dossier(messages=(message(),)), [document("front.jpg", photo(), DocumentKind.PHOTO)])
    cover = page_texts(book.content)[0]
    for said in (
        ORDER,
        "108.84 USD",
        "2026-09-04",
        "Austin",
        "1Z999AA10123456784",
        "Exhibit 4",
        "the item: front.jpg",
    ):
        assert said in cover
    assert sorted(book.page_of) == [1, 2, 3, 4]
    for number, page in book.page_of.items():
        assert f"Exhibit {number}" in page_texts(book.content)[page - 1]


def test_every_page_names_the_order_and_its_number_and_the_last_one_the_sources():
    source = Provenance("test", Origin.REPORT, NOW, "ab" * 32)
    book = bound(dossier(provenance=(source,)))
    texts = page_texts(book.content)
    assert len(texts) == book.pages
    for number, text in enumerate(texts, 1):
        assert ORDER in text
        assert f"Page {number} of {book.pages}" in " ".join(text.split())
    assert "ab" * 32 in "".join(texts[-1].split())


def test_the_same_case_gives_the_same_bytes():
    made = [
        bound(dossier(messages=(message(),)), [document("a.jpg", photo(), DocumentKind.PHOTO)])
        for _ in range(2)
    ]
    assert made[0].content == made[1].content


@pytest.mark.parametrize(
    "said",
    [
        '#read("/etc/passwd") #eval("1") $ \\ * _ ` < > @label // no',
        '#import "@preview/x:1.0.0": *',
        "您好，包裹已经收到。",
        "繁體中文 說明書",
        "荷物を受け取りました。ありがとう",
        "배송이 도착했습니다",
        "Đã nhận được hàng rồi ạ",
        "Посылка получена, Ελληνικά",
        "a" * 3000,
    ],
)
def test_what_a_mail_says_is_printed_and_never_run(said):
    text = "".join(words_of(bound(dossier(messages=(message(said),)))).split())
    assert "".join(said.split())[:600] in text
    assert "root:" not in text


def test_a_chinese_book_speaks_chinese():
    text = words_of(bound(dossier(messages=(message(),)), language="zh"))
    assert "证据册" in text
    assert "Exhibit" not in text


def test_a_long_correspondence_is_trimmed_in_the_middle_with_a_note_and_keeps_both_ends():
    messages = tuple(
        message(f"Letter {number}. " + "word " * 300, at=NOW - timedelta(days=200 - number))
        for number in range(120)
    )
    book = bound(dossier(messages=messages))
    text = words_of(book)
    assert book.pages <= 19
    assert "Letter 0." in text
    assert "Letter 119." in text
    assert "messages in the middle are left out" in text
    assert any("left out" in note for note in book.notes)


def test_many_large_photos_fit_and_none_is_dropped():
    photos = [
        document(f"{number}.jpg", photo(2400, 1800, 40 + number), DocumentKind.PHOTO) for number in range(6)
    ]
    book = bound(dossier(), photos, Limits(700_000, 19))
    assert len(book.content) <= 700_000
    for number in range(6):
        assert f"{number}.jpg" in words_of(book)


def test_a_long_pdf_is_cut_with_a_note_and_stays_listed():
    book = bound(dossier(), [document("manual.pdf", pdf(60), DocumentKind.PDF, 60)])
    assert book.pages <= 19
    text = words_of(book)
    assert "manual.pdf" in text
    assert "further pages of this file are left out" in text
    assert "Invoice 1 " in f"{text} "


def test_limits_that_nothing_can_meet_are_said():
    with pytest.raises(CannotBind, match="cannot be made smaller"):
        bound(dossier(), limits=Limits(2_000, 19))


def locked() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("locked.pdf", locked(), DocumentKind.PDF),
        ("cut.pdf", pdf(3)[:400], DocumentKind.PDF),
        ("text.pdf", b"%PDF-1.7 not really", DocumentKind.PDF),
        ("empty.pdf", b"", DocumentKind.PDF),
        ("cut.jpg", photo()[:200], DocumentKind.PHOTO),
        ("no.jpg", b"GIF8nothing", DocumentKind.PHOTO),
    ],
)
def test_a_file_that_cannot_be_used_is_listed_with_the_reason(name, raw, kind):
    text = words_of(bound(dossier(), [document(name, raw, kind)]))
    assert name in text
    assert "This file is not shown" in text


def test_a_file_that_was_purged_is_listed():
    own = [document("gone.jpg", photo(), DocumentKind.PHOTO)]
    sources = (Provenance(own[0][0].source, Origin.FOLDER, NOW, own[0][0].sha256),)
    case = dossier(documents=(own[0][0],), provenance=sources)
    exhibits = list_exhibits([case], ())
    letter = lay_out(notice(), case, (), find_facts(notice(), case), decision(), POLICY, exhibits)
    book = bind(book_of(notice(), letter, [case], exhibits, (), "en"), {}, WIDE, STYLE)
    assert "gone.jpg" in words_of(book)


def test_nothing_active_of_a_sellers_pdf_survives():
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(2))))
    script = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("go()")}
    )
    writer.root_object[NameObject("/OpenAction")] = script
    writer.add_attachment("virus.exe", b"MZ")
    writer.add_uri(0, "https://track.example/beacon", (0, 0, 100, 100))
    action = DictionaryObject(
        {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("x.exe")}
    )
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): action})
    out = io.BytesIO()
    writer.write(out)
    for content in (
        clean_pages(out.getvalue(), [0, 1]),
        bound(dossier(), [document("hostile.pdf", out.getvalue(), DocumentKind.PDF, 2)]).content,
    ):
        for mark in (
            b"/JavaScript",
            b"/JS",
            b"/EmbeddedFile",
            b"/Launch",
            b"/URI",
            b"virus.exe",
            b"track.example",
        ):
            assert mark not in content


def test_a_photo_goes_out_upright_small_and_bare():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Sample Camera"
    exif.get_ifd(0x8825)[1] = "N"
    made = prepare_photo(photo(3000, 2000, exif=exif, comment=b"my house"))
    assert (made.width, made.height) == (1067, 1600)
    again = Image.open(io.BytesIO(made.content))
    assert not again.getexif()
    assert not {"exif", "comment", "icc_profile"} & again.info.keys()
    assert b"Sample Camera" not in made.content
    assert len(shrink(made, long_edge=400, quality=50).content) < len(made.content)


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "CMYK", "I;16", "LA"])
def test_pictures_of_every_kind_are_taken(mode):
    out = io.BytesIO()
    Image.new(mode, (50, 40)).save(out, "TIFF" if mode in ("CMYK", "I;16") else "PNG")
    assert prepare_photo(out.getvalue()).media_type == "image/jpeg"


def test_a_picture_that_would_fill_the_memory_is_refused():
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    with pytest.raises(Unreadable, match="too many pixels"):
        prepare_photo(out.getvalue())


def test_a_pdf_of_ten_thousand_pages_is_refused():
    writer = PdfWriter()
    for _ in range(600):
        writer.add_blank_page(10, 10)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(Unreadable, match="600 pages"):
        read_pdf(out.getvalue())


def test_a_timeline_of_many_moments_is_drawn_and_listed_whole():
    scans = tuple(
        Scan(
            date(2026, 9, 1) + timedelta(hours=9 * n),
            f"{n % 24:02}:05",
            f"Town {n}",
            "Scanned",
            ShipmentStatus.IN_TRANSIT,
        )
        for n in range(40)
    )
    words = words_of(
        bound(dossier(shipments=(shipment(scans=scans),), messages=(message(party=Party.SELLER),)))
    )
    for number in range(40):
        assert f"Town {number}" in words
