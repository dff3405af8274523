"""Images: decoded within limits, and written anew with nothing but their pixels."""

import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Lock
from typing import Any

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from api.resources import images
from api.resources.images import DECODINGS_MAX, SCANS_MAX, SIDE_MAX, scans_of, written_anew
from tests.api.desk import Desk
from tests.api.images import JPEG, PNG
from tests.api.resources.test_photos import IMAGES, send

pytest_plugins = ["tests.api.houses"]

HTML = b"<html><script>alert(1)</script></html>"
ZIP = b"PK\x03\x04" + b"\x00" * 26 + b"PK\x05\x06" + b"\x00" * 18
SECRET = b"at home in Budapest"


def encoded(image: Image.Image, format: str, **form: Any) -> bytes:
    out = BytesIO()
    image.save(out, format=format, **form)
    return out.getvalue()


def picture(width: int = 40, height: int = 20, mode: str = "RGB") -> Image.Image:
    """Black, with a red left upper quarter."""
    image = Image.new("RGB", (width, height))
    image.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    told = Image.Exif()
    told[0x0112] = orientation
    told[0x010E] = SECRET.decode()
    told[0x8825] = {1: "N", 2: (47.0, 29.0, 54.0), 3: "E", 4: (19.0, 2.0, 27.0)}
    return told


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that claims a size, with few pixels in it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\x00" * 1_000)), (b"IEND", b""))
    told = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


def kept(desk: Desk, data: bytes) -> bytes:
    """The image as it is served after it was sent."""
    sent = send(desk, data)
    assert sent.status_code == 201, sent.text
    served = desk.ask(sent.json()["url"])
    assert served.headers["content-type"] == sent.json()["media_type"]
    assert served.headers["x-content-type-options"] == "nosniff"
    assert sent.json()["bytes"] == len(served.content)
    return served.content


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


# Metadata


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_of_a_photo_is_kept(either_desk: Desk, format: str) -> None:
    form: dict[str, Any] = {"exif": exif(), "xmp": SECRET} if format != "PNG" else {"exif": exif()}
    if format == "JPEG":
        form["comment"] = SECRET
    if format == "PNG":
        form["pnginfo"] = PngInfo()
        form["pnginfo"].add_text("Comment", SECRET.decode())
        form["pnginfo"].add_itxt("XML:com.adobe.xmp", SECRET.decode())
    sent = encoded(picture(), format, **form)
    assert SECRET in sent
    shown = kept(either_desk, sent)
    assert SECRET not in shown
    image = opened(shown)
    assert (image.format, image.size, dict(image.getexif())) == (format, (40, 20), {})
    assert not {"exif", "xmp", "comment", "Comment", "XML:com.adobe.xmp", "icc_profile"} & image.info.keys()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (40, 20), (5, 5)), (3, (40, 20), (34, 14)), (6, (20, 40), (14, 5)), (8, (20, 40), (5, 34))],
)
def test_a_photo_is_upright_without_its_orientation(
    format: str, orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    sent = encoded(picture(), format, exif=exif(orientation), quality=95)
    image = opened(written_anew(sent, f"image/{format.lower()}")).convert("RGB")
    assert image.size == size
    pixel = image.getpixel(red)
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > 60 > pixel[1]


def test_colours_of_another_profile_become_those_of_every_screen() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for each in (profile, srgb, b"no profile at all"):
        shown = opened(written_anew(encoded(picture(), "PNG", icc_profile=each), "image/png"))
        assert "icc_profile" not in shown.info
        assert shown.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_kind_keeps_its_pixels(mode: str) -> None:
    image = picture(mode="L").convert("I").convert(mode) if mode.startswith("I") else picture(mode=mode)
    shown = opened(written_anew(encoded(image, "PNG"), "image/png"))
    if not mode.startswith("I"):
        assert shown.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()
    assert shown.size == image.size


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_of_any_kind_is_taken(mode: str) -> None:
    shown = opened(written_anew(encoded(picture(mode=mode), "JPEG", progressive=True), "image/jpeg"))
    assert (shown.size, shown.mode in ("L", "RGB")) == ((40, 20), True)


def test_what_is_transparent_stays_transparent() -> None:
    palette = picture(mode="P")
    palette.info["transparency"] = 0
    for media, data in (
        ("image/png", encoded(palette, "PNG", transparency=0)),
        ("image/png", encoded(Image.new("RGBA", (4, 4), (1, 2, 3, 0)), "PNG")),
        ("image/webp", encoded(Image.new("RGBA", (4, 4), (1, 2, 3, 0)), "WEBP")),
    ):
        before, after = opened(data), opened(written_anew(data, media))
        assert (
            after.convert("RGBA").getchannel("A").tobytes()
            == before.convert("RGBA").getchannel("A").tobytes()
        )


@pytest.mark.parametrize("media", IMAGES)
@pytest.mark.parametrize("behind", [HTML, ZIP], ids=["html", "zip"])
def test_another_file_behind_an_image_is_not_kept(desk: Desk, media: str, behind: bytes) -> None:
    assert kept(desk, IMAGES[media] + behind) == IMAGES[media]


@pytest.mark.parametrize("media", IMAGES)
def test_what_was_written_anew_stays_as_it_is(media: str) -> None:
    assert written_anew(IMAGES[media], media) == IMAGES[media]


def test_a_photo_with_a_second_image_behind_it_is_its_first() -> None:
    first, depth = picture(), picture(8, 4)
    sent = encoded(first, "MPO", save_all=True, append_images=[depth])
    shown = opened(written_anew(sent, "image/jpeg"))
    assert (shown.format, shown.size) == ("JPEG", (40, 20))


# Limits


def animated(format: str, frames: int = 2) -> bytes:
    more = [picture(mode="L").point([n] * 256).convert("RGB") for n in range(1, frames)]
    return encoded(picture(), format, save_all=True, append_images=more)


def many_scans(scans: int) -> bytes:
    """A JPEG that passes over its pixels again and again."""
    start = JPEG.index(b"\xff\xda")
    return JPEG[:start] + JPEG[start:-2] * scans + JPEG[-2:]


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "60,000 × 60,000": (
        png(60_000, 60_000),
        "pixels-max",
        "60000 × 60000 pixels: 25,000,000 in all is the limit",
    ),
    "just over the pixels": (png(5_001, 5_000), "pixels-max", "25,000,000"),
    "a WebP over the pixels": (
        encoded(Image.new("L", (5_001, 5_000)), "WEBP", method=0),
        "pixels-max",
        "25,000,000",
    ),
    "too long a side": (png(SIDE_MAX + 1, 1), "side-max", "16,000"),
    "an animated WebP": (animated("WEBP"), "frames-max", "one frame is the limit"),
    "an animated PNG": (animated("PNG", 50), "frames-max", "one frame is the limit"),
    "too many scans": (many_scans(SCANS_MAX + 1), "scans-max", "100"),
    "half a PNG": (encoded(picture(), "PNG")[:-30], "damaged", "damaged"),
    "half a JPEG": (encoded(picture(400, 400), "JPEG")[:-700], "damaged", "damaged"),
    "half a WebP": (encoded(picture(), "WEBP")[:-30], "damaged", "damaged"),
    "only a beginning": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "damaged", "damaged"),
    "too few pixels": (png(4_000, 4_000), "damaged", "damaged"),
    "a text that explodes": (
        png(1, 1, (b"zTXt", b"a\0\0" + zlib.compress(b"x" * 90_000_000))),
        "damaged",
        "damaged",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_image_beyond_a_limit_is_refused_by_its_name(desk: Desk, what: str) -> None:
    data, code, limit = REFUSED[what]
    answer = send(desk, data)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation-failed"), answer.text
    (flaw,) = answer.json()["errors"]
    assert flaw["code"] == code
    assert limit in flaw["detail"]


def test_no_pixel_of_a_refused_image_is_decoded(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    decoded: list[object] = []
    monkeypatch.setattr(Image.Image, "load", lambda image: decoded.append(image))
    for what in ("60,000 × 60,000", "just over the pixels", "an animated WebP", "too many scans"):
        assert send(desk, REFUSED[what][0]).status_code == 400
    assert decoded == []


def test_only_the_decoder_of_the_told_type_is_opened(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    asked: list[object] = []
    open_image = Image.open

    def watched(fp: Any, mode: Any = "r", formats: Any = None) -> Image.Image:
        asked.append(formats)
        return open_image(fp, mode, formats)

    monkeypatch.setattr(Image, "open", watched)
    for data in (*IMAGES.values(), JPEG[:3] + encoded(picture(), "GIF")):
        send(desk, data)
    assert asked == [("PNG",), ("WEBP",), ("JPEG",), ("JPEG",)]


def test_as_many_scans_as_a_camera_makes_are_taken() -> None:
    data = encoded(picture(200, 200), "JPEG", progressive=True, exif=exif())
    assert 2 < scans_of(data) < 20
    assert scans_of(JPEG) == 1
    assert scans_of(many_scans(7)) == 7


def test_few_images_are_decoded_at_once(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    running, most, lock = 0, 0, Lock()
    written: Callable[[bytes, str], bytes] = images._written

    def counted(data: bytes, media_type: str) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return written(data, media_type)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(images, "_written", counted)
    photo = encoded(picture(1_000, 1_000), "JPEG")
    with ThreadPoolExecutor(6) as senders:
        statuses = [each.status_code for each in senders.map(lambda _: send(desk, photo), range(12))]
    assert set(statuses) == {201}
    assert most <= DECODINGS_MAX


def test_a_photo_whose_turn_does_not_come_may_be_sent_again(
    monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    monkeypatch.setattr(images, "cut", lambda at_most: 0.01)
    taken = [images._turns.acquire() for _ in range(DECODINGS_MAX)]
    try:
        answer = send(desk, PNG, key="p-1")
    finally:
        for _ in taken:
            images._turns.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert send(desk, PNG, key="p-1").status_code == 201


# Sent again


@pytest.mark.parametrize("media", IMAGES)
def test_a_photo_that_is_sent_again_is_answered_the_same(either_desk: Desk, media: str) -> None:
    data = encoded(picture(), media.removeprefix("image/").upper(), exif=exif(6))
    first, again = (send(either_desk, data, key="p-1") for _ in range(2))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert written_anew(data, media) == written_anew(data, media)


def test_a_photo_taken_under_a_wider_limit_is_answered_again(
    either_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(either_desk, PNG, key="p-1")
    monkeypatch.setattr(images, "PIXELS_MAX", 0)
    again = send(either_desk, PNG, key="p-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert send(either_desk, PNG, key="p-2").status_code == 400
