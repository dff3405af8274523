"""Photos of people: uploaded, then named by a profile, and shown only to readers who may see people.

The type of an image is told by its bytes, not by what was said of it. It is decoded, and only its pixels are kept
(api/resources/images.py). A photo never changes: another one is uploaded and named in its place.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from api.http.body import too_large
from api.http.command_route import Command, CommandRequest, Upload, command
from api.http.new_values import NewId
from api.http.parsing import BODY_BYTES_MAX, Sent
from api.http.permissions import REGISTRARS, SEES_PEOPLE
from api.http.problems import Problem
from api.http.query import Found, NoParameters, Query
from api.http.query_route import query
from api.resources.images import IMAGE_BYTES_MAX, media_type_of, written_anew
from api.resources.parts import photo_url
from domain.people.commands import AddPhoto
from domain.people.directory import Photo
from domain.refusals import NotFound
from domain.use_cases.add_photo import ADD_PHOTO
from domain.values import Value

FORM = "multipart/form-data"
IMAGES = ("image/jpeg", "image/png", "image/webp")
KEPT_S = 3600
"""Seconds a browser may keep a photo. After an erasure it may still be seen there as long."""


class Image(Value):
    data: bytes
    media_type: str


class UploadedPhoto(Value):
    id: NewId
    url: NewId
    media_type: str
    bytes: int
    """Of the image as it is kept, without its metadata."""


# Reading


def read_image(raw: bytes, content_type: str | None) -> Sent[Image]:
    """The image that is the body, or the one file of a form, as it was sent. Raises Problem.

    Requests with the same image are the same, whatever form it is in.
    """
    media, _, parameters = (content_type or "").partition(";")
    media = media.strip().lower()
    if media == FORM:
        data = _only_part(raw, _boundary(parameters))
    elif media in IMAGES:
        data = raw
    else:
        raise Problem("unsupported-media-type", f"the body must be {', '.join(IMAGES)} or {FORM}")
    if len(data) > IMAGE_BYTES_MAX:
        raise too_large(IMAGE_BYTES_MAX)
    found = media_type_of(data)
    if found is None:
        raise Problem("unsupported-media-type", "the photo is no JPEG, PNG or WebP image")
    return Sent(Image(data=data, media_type=found), sha256(data).hexdigest().encode())


BOUNDARY = re.compile(r"\s*boundary=(?:\"([^\"]{1,70})\"|([0-9A-Za-z'()+_,./:=?-]{1,70}))\s*", re.IGNORECASE)


def _boundary(parameters: str) -> bytes:
    for parameter in parameters.split(";"):
        if found := BOUNDARY.fullmatch(parameter):
            return (found[1] or found[2]).encode("latin-1")
    raise Problem("malformed-body", f"{FORM} needs its boundary")


def _only_part(raw: bytes, boundary: bytes) -> bytes:
    """The content of the only part of a form (RFC 7578). Raises Problem malformed-body."""
    parts = list(_parts(raw, boundary))
    if len(parts) != 1:
        raise Problem("malformed-body", f"the form must have one part, the photo: it has {len(parts)}")
    _, blank, content = parts[0].partition(b"\r\n\r\n")
    if not blank:
        raise Problem("malformed-body", "the part of the form has no content")
    return content


def _parts(raw: bytes, boundary: bytes) -> Iterator[bytes]:
    """The parts between boundaries; the last boundary ends with two hyphens."""
    delimiter = b"\r\n--" + boundary
    _, *parts = (b"\r\n" + raw).split(delimiter)
    if not parts or not parts[-1].startswith(b"--"):
        raise Problem("malformed-body", "the form does not end with its boundary")
    for part in parts[:-1]:
        yield part.lstrip(b" \t")


# Routes


@command(
    "/v1/photos",
    "photos.upload",
    "Take in a photo, for a profile to name: a JPEG, PNG or WebP image of at most 5 MB",
    roles=REGISTRARS,
    body=Image,
    answer=UploadedPhoto,
    location="/v1/photos/{id}",
    looks=True,  # it decodes an image
    upload=Upload(read_image, (*IMAGES, FORM), IMAGE_BYTES_MAX + BODY_BYTES_MAX),
)
def upload(call: Command[Image]) -> CommandRequest:
    """Send the bytes of the image, or a form with one file. The type is told by the bytes. Name the id in a
    profile to show the photo. Only the pixels are kept, upright and in sRGB: where the photo was taken, comments and
    whatever else the file holds are left out. At most 25 million pixels, 16,000 a side, in one frame.
    """
    id, image = call.new("pho"), call.body
    data = written_anew(image.data, image.media_type)
    url = photo_url(id)
    call.ids.made.append(url)  # derived from the id, so a dry run shows neither
    shown = UploadedPhoto(id=id, url=url, media_type=image.media_type, bytes=len(data))
    photo = Photo(id, image.media_type, data)
    return CommandRequest(ADD_PHOTO, AddPhoto(photo_id=id), lambda books, _: shown, photos=(photo,))


@query("/v1/photos/{photo_id}", "photos.show", "A photo", roles=SEES_PEOPLE, media=IMAGES)
def show(call: Query[NoParameters]) -> Found:
    """Answers with the image as it is kept: the pixels that were uploaded, in the same format."""
    id, recorder = call.id("photo_id"), call.ledger.recorder
    photo = recorder.photo(id)
    if photo is None:
        raise NotFound("photo", id)
    head = recorder.head().position
    call.check_reachable(head)
    headers = ((b"cache-control", b"private, max-age=%d" % KEPT_S), (b"vary", b"authorization"))
    return Found(photo.data, head, media_type=photo.media_type, headers=headers)


HANDLERS = (upload, show)
