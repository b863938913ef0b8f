"""Photos made fit to send: upright, no larger than needed, nothing in them but the picture. Pillow stays in here."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

LONG_EDGE = 1600
QUALITY = 82
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
_MOST_PIXELS = 120_000_000
_MOST_BYTES = 60_000_000


class Unreadable(ValueError):
    """A file that cannot be used as it is; says why, in words for the seller."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture ready to go out: JPEG bytes without metadata, and its size in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def prepare_photo(raw: bytes, *, long_edge: int = LONG_EDGE, quality: int = QUALITY) -> Photo:
    """The picture upright, shrunk to `long_edge` and without EXIF, GPS, colour profile or comments.

    The same bytes give the same bytes. Raises Unreadable for what is no picture, or too large to open safely.
    """
    if len(raw) > _MOST_BYTES:
        raise Unreadable(f"the picture has {len(raw) // 1_000_000} MB; save it smaller than 60 MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as opened:
                return _prepared(opened, long_edge, quality)
    except UnidentifiedImageError:
        raise Unreadable("this is no picture that can be read; save it as JPG or PNG") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable("the picture has too many pixels; save it smaller") from None
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"the picture is damaged ({error}); save it again as JPG or PNG") from None


def as_prepared(raw: bytes) -> Photo:
    """The picture as it was kept by `prepare_photo`, its bytes untouched; anything else is prepared now.

    Raises Unreadable as `prepare_photo` does, also for kept bytes that were damaged since.
    """
    try:
        with Image.open(io.BytesIO(raw), formats=("JPEG",)) as opened:
            bare = not {"exif", "comment", "icc_profile"} & opened.info.keys() and opened.mode in ("L", "RGB")
            if bare and max(opened.size) <= LONG_EDGE:
                opened.load()
                return Photo(raw, "image/jpeg", opened.width, opened.height)
    except (OSError, ValueError, SyntaxError):
        pass  # `prepare_photo` says what is wrong with it
    return prepare_photo(raw)


def shrink(photo: Photo, *, long_edge: int, quality: int) -> Photo:
    """The photo with fewer pixels or stronger compression; itself when that would not make it smaller."""
    smaller = prepare_photo(photo.content, long_edge=long_edge, quality=quality)
    return smaller if len(smaller.content) < len(photo.content) else photo


def _prepared(opened: Image.Image, long_edge: int, quality: int) -> Photo:
    width, height = opened.size
    if width * height > _MOST_PIXELS:
        raise Unreadable("the picture has too many pixels; save it smaller")
    if opened.format == "JPEG":
        # Decoding at half or quarter size costs a fraction of the time; never below what is kept.
        scale = min(1.0, long_edge / max(width, height))
        opened.draft(None, (int(width * scale), int(height * scale)))
    turned = ImageOps.exif_transpose(opened)
    picture = _on_white(turned)
    picture.thumbnail((long_edge, long_edge), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    clean.save(out, "JPEG", quality=quality)
    return Photo(out.getvalue(), "image/jpeg", clean.width, clean.height)


def _on_white(picture: Image.Image) -> Image.Image:
    """Grey or RGB; what is transparent becomes white."""
    if picture.mode in ("L", "1", "I;16", "I", "F"):
        return picture.convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")
