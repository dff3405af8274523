"""Photos: no fact tells of an image, so image, owner and claims are held to each other.

An image is claimed when it is taken in, and its first owner claims it; a row of the directory names the owner. All
three are there, or the owner was erased.
"""

from collections.abc import Iterator

from domain.ledger.evidence import Evidence, Row, beginning, rows
from domain.ledger.numbers import number_of
from domain.people.directory import PHOTO
from domain.people.photos import CLAIMS, owned, row_of_photo, taken_in
from replay.proof.finding import Finding
from replay.proof.workbook import Workbook

LOST = "is lost"


def photos(evidence: Evidence, book: Workbook) -> Iterator[Finding]:
    """Each photo, with its image, its row in the directory and its two claims."""
    _gather(evidence, book)
    business_id = evidence.business_id
    found = book.rows("SELECT id, image, owner, is_whole, owned_by, taken_by FROM photos ORDER BY id")
    for id, image, owner, is_whole, owned_by, taken_by in found:
        if owner is not None and owned_by is None and taken_by is None:
            yield Finding(business_id, "people", id, "is there", "nobody claimed such a photo")
            continue
        if owned_by is not None and book.was_erased(owned_by):
            owner = owner or owned_by
            if image or is_whole is not None:
                yield Finding(business_id, "photos", id, "is there", f"{owned_by} was erased")
            image = True
        elif owner is None and owned_by is not None:
            yield Finding(business_id, "people", id, LOST, f"{owned_by} claimed the photo")
        elif owner is not None and not is_whole:
            yield Finding(business_id, "people", id, "is not as it was written", "it says whose a photo is")
        if not image:
            yield Finding(business_id, "photos", id, LOST, "the directory and claims know it")
        yield from _claims(business_id, id, book, owner, owned_by, taken_by)


def _claims(
    business_id: str, id: str, book: Workbook, owner: str | None, owned_by: str | None, taken_by: str | None
) -> Iterator[Finding]:
    if taken_by != id:
        yield _claim(business_id, taken_in(id), taken_by, id)
    if owner is not None and (owned_by is None or owned_by not in book.names_of(owner)):
        yield _claim(business_id, owned(id), owned_by, owner)


def _claim(business_id: str, claim: str, stored: str | None, right: str) -> Finding:
    told = "is missing" if stored is None else f"has stream_id {stored}"
    says = f"the directory says stream_id {right}"
    return Finding(business_id, "claims", claim, told, says, Row((claim,), {"stream_id": right}))


def _gather(evidence: Evidence, book: Workbook) -> None:
    """Note what is stored of photos: images, rows of the directory, claims."""
    note = "INSERT INTO photos (id, {0}) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET {0} = excluded.{0}"
    for row in rows(evidence, "photos"):
        book.execute(note.format("image"), (row.key[0], 1))
    for id, owner_id, data, salt in beginning(evidence, "people", PHOTO):
        book.execute(note.format("owner"), (id, owner_id))
        book.execute(note.format("is_whole"), (id, data == row_of_photo(id, "").data and not salt))
    for claim, stream_id in beginning(evidence, "claims", CLAIMS):
        _, id, what = (*claim.split("/", 2), "")[:3]
        column = {"owned": "owned_by", "taken-in": "taken_by"}.get(what)
        if column is not None:
            # A photo has no stream, so that its number alone is told.
            book.execute(note.format(column), (id, id if stream_id == str(number_of(id)) else stream_id))
