"""Images of strangers: decoded within limits, and written anew without anything but their pixels.

    image = written_anew(data, "image/jpeg")

A file may hold where it was taken, comments, scripts or another file behind the image. None of it survives: what is
kept was written here from the decoded pixels. The same bytes give the same image.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from struct import error
from threading import BoundedSemaphore

from PIL import Image, ImageCms, ImageOps, JpegImagePlugin

from api.http.problems import Flaw, Problem, invalid
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.patience import cut

IMAGE_BYTES_MAX = 5 * 1024 * 1024
"""Bytes of an image, as it is sent and as it is written anew."""
PIXELS_MAX = 25_000_000
"""Width times height: the photos of telephones have 12 or 24 million. Each takes 4 bytes while it is decoded."""
SIDE_MAX = 16_000
"""Pixels of a side. WebP ends at 16,383."""
SCANS_MAX = 100
"""Passes over a JPEG: a progressive one has about 10, and each costs as much as decoding the image once."""
DECODINGS_MAX = 1
"""Decodings of a process at once: each may take some 400 MB for a moment."""
WAIT_S = 30.0
"""Seconds a decoding waits for its turn where nothing else limits it."""
QUALITY = 90
"""Of WebP, and of a JPEG whose own quality cannot be kept."""

Image.MAX_IMAGE_PIXELS = None  # the limit here is lower, named in the refusal, and no warning
NAMES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""Media type → the one decoder that is tried."""
KEPT_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, error)
"""What Pillow raises for bytes that are no whole image."""

_turns = BoundedSemaphore(DECODINGS_MAX)


def media_type_of(data: bytes) -> str | None:
    """The type of an image by its first bytes; None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def written_anew(data: bytes, media_type: str) -> bytes:
    """The image of these bytes in the same format: upright, in sRGB, with its transparency, and nothing else.

    Takes some seconds at the most. Raises Problem validation-failed for what is damaged, animated or beyond a limit,
    and LedgerUnavailable when its turn does not come while the request may wait.
    """
    if media_type == "image/jpeg" and (scans := scans_of(data)) > SCANS_MAX:
        raise _refused("scans-max", f"has {scans} scans: {SCANS_MAX} is the limit")
    with _turn():
        anew = _written(data, media_type)
    if len(anew) > IMAGE_BYTES_MAX:
        what = (
            f"has {len(anew)} bytes once it is written without its metadata: {IMAGE_BYTES_MAX} is the limit"
        )
        raise _refused("bytes-max", what)
    return anew


def scans_of(data: bytes) -> int:
    """How often a JPEG passes over its pixels, by its markers up to the end of the image."""
    scans, at = 0, 2
    while (found := MARKER.search(data, at)) is not None and found[1] != END_OF_IMAGE:
        scans += found[1] == START_OF_SCAN
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        at = found.end() + max(length, 2)
    return scans


MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""A marker of JPEG, but for those that stand between the pixels."""
START_OF_SCAN, END_OF_IMAGE = b"\xda", b"\xd9"


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=cut(WAIT_S)):
        raise LedgerUnavailable("other images are being decoded: the turn of this one did not come in time")
    try:
        yield
    finally:
        _turns.release()


def _written(data: bytes, media_type: str) -> bytes:
    """Raises Problem validation-failed."""
    try:
        with Image.open(BytesIO(data), formats=(NAMES[media_type],)) as image:
            _check_limits(image)
            image.load()
            form = _jpeg_form(image) if media_type == "image/jpeg" else FORMS[media_type]
            return _saved(_pixels_alone(image, media_type), NAMES[media_type], form)
    except MemoryError as fault:
        raise _refused(
            "pixels-max", f"takes more memory than there is: {PIXELS_MAX} pixels are the limit"
        ) from fault
    except BROKEN as fault:
        raise _refused("damaged", "is damaged or not whole") from fault


def _saved(image: Image.Image, name: str, form: dict[str, object]) -> bytes:
    """Raises Problem validation-failed for an image that was decoded and that its format cannot hold as finely."""
    out = BytesIO()
    try:
        image.save(out, format=name, **form)
    except (OSError, ValueError) as fault:  # such as noise of 25 million pixels as WebP
        raise _refused(
            "detail-max", f"has more detail than {name} can hold at its size: send it smaller"
        ) from fault
    return out.getvalue()


def _check_limits(image: Image.Image) -> None:
    """Before a pixel is decoded. Raises Problem validation-failed."""
    width, height = image.size
    if width * height > PIXELS_MAX:
        what = f"has {width} × {height} pixels: {PIXELS_MAX:,} in all is the limit"
        raise _refused("pixels-max", what)
    if max(width, height) > SIDE_MAX:
        raise _refused("side-max", f"has a side of {max(width, height)} pixels: {SIDE_MAX:,} is the limit")
    # A JPEG may carry more images behind the first one, such as its depth. They are left out.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise _refused("frames-max", "is animated: one frame is the limit")


def _pixels_alone(image: Image.Image, media_type: str) -> Image.Image:
    """The decoded image turned upright, in sRGB, in a mode that its format keeps, with nothing beside it."""
    profile = image.info.get("icc_profile")
    if "transparency" in image.info:
        image = image.convert("RGBA")
    with suppress(*BROKEN):  # metadata that cannot be read turns nothing
        ImageOps.exif_transpose(image, in_place=True)
    if profile:
        image = _in_srgb(image, profile)
    if image.mode not in KEPT_MODES or (media_type != "image/png" and image.mode in ("1", "LA", "P")):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if media_type == "image/jpeg" and image.mode == "RGBA":
        image = image.convert("RGB")
    image.info = {}
    return image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours as every screen takes them. A profile that cannot be read says nothing of the colours."""
    if image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    with suppress(ImageCms.PyCMSError, *BROKEN):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
        return image if turned is None else turned
    return image


# How each format is written


FORMS: dict[str, dict[str, object]] = {
    "image/png": {"compress_level": 6},
    "image/webp": {"quality": QUALITY, "method": 1},
}


def _jpeg_form(image: Image.Image) -> dict[str, object]:
    """As finely as the image was: with its own tables, where its colours stay those of a JPEG."""
    tables = getattr(image, "quantization", None)
    if not tables or image.mode not in ("L", "RGB"):
        return {"quality": QUALITY}
    sampling = JpegImagePlugin.get_sampling(image)
    return {"qtables": [tables[each] for each in sorted(tables)], "subsampling": sampling}


def _refused(code: str, what: str) -> Problem:
    return invalid([Flaw("", code, f"the image {what}")])
