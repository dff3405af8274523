"""What a fact commits to beside itself: the request that it answers, the answer, and rows of the directory.

The meta of the first fact of a command holds 16 bytes for its request, and 16 for each row of the directory that was
written with it. The hash chain covers them as it covers every byte of a fact. What can be erased has a salt that is
erased with it, so that nothing can be guessed from what stays.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from json import dumps

from msgspec import structs

from domain.ledger.envelope import NewFact
from domain.people.directory import PHOTO, Person
from domain.random_bytes import RandomBytes

SALT_BYTES = 16
PROOF_BYTES = 16
_SALTS = RandomBytes(SALT_BYTES)


def new_salt() -> bytes:
    return _SALTS.draw()


def salt_of(body: str) -> bytes:
    """A salt for an answer; nothing can be guessed of an empty one."""
    return new_salt() if body else b""


def digest_of_answer(salt: bytes, kept: bytes) -> bytes:
    """The first 16 bytes of SHA-256(salt ‖ the answer as it is kept): what the row of a request keeps in its place once
    it is erased. PostgreSQL computes the same."""
    return sha256(salt + kept).digest()[:PROOF_BYTES]


def proof_of_request(key: str, fingerprint: bytes, people: bytes, answered: bytes, facts: int) -> str:
    """What the first fact holds of its request: the key, the fingerprint, the numbers of the people, the answer's
    digest, and the number of its facts."""
    return _proof(key.encode(), fingerprint, people, answered, facts.to_bytes(4, "big"))


def proof_of_person(salt: bytes, id: str, owner_id: str, data: str) -> str:
    """What a fact holds of a row of the directory."""
    return _proof(salt, id.encode(), owner_id.encode(), data.encode())


def proof_of_secret(secret: bytes) -> str:
    """What the first fact of a ledger holds of the secret of its request fingerprints."""
    return _proof(b"secret", secret)


def seal_of_request(
    secret: bytes,
    key: str,
    fingerprint: bytes,
    people: bytes,
    answered: bytes,
    position: int,
    recorded_at: int,
) -> bytes:
    """The seal of a request without a fact: its moment in 8 bytes, and a hash, keyed with the secret of the ledger.
    PostgreSQL computes the same."""
    fields = (
        key.encode(),
        fingerprint,
        people,
        answered,
        position.to_bytes(8, "big"),
        recorded_at.to_bytes(8, "big"),
    )
    return fields[-1] + sha256(secret + _framed(fields) + secret).digest()


def moment_in(seal: bytes) -> int:
    """When a request without a fact was carried out, in ms since 1970."""
    return int.from_bytes(seal[:8], "big")


def salted(people: Sequence[Person]) -> tuple[Person, ...]:
    """Rows of the directory, each with a salt of its own, but for those of photos: no fact tells of an image."""
    return tuple(each if _is_of_photo(each) else structs.replace(each, salt=new_salt()) for each in people)


def committed(facts: Sequence[NewFact], request: str | None, people: Sequence[Person]) -> tuple[NewFact, ...]:
    """The facts of a command, of which the first commits to its request and to these rows of the directory."""
    added: dict[str, str | Mapping[str, str]] = {}
    if request is not None:
        added["proof"] = request
        if facts and not people:  # of nearly every command
            meta = facts[0].meta[:-1] + b',"proof":"' + request.encode() + b'"}'
            return (structs.replace(facts[0], meta=meta), *facts[1:])
    told = [each for each in people if not _is_of_photo(each)]
    if told:
        added["people"] = {
            each.id: proof_of_person(each.salt, each.id, each.owner_id, each.data) for each in told
        }
    if not facts or not added:
        return tuple(facts)
    meta = facts[0].meta[:-1] + b"," + dumps(added, separators=(",", ":")).encode()[1:]
    return (structs.replace(facts[0], meta=meta), *facts[1:])


def _is_of_photo(person: Person) -> bool:
    return person.id.startswith(PHOTO)


def _framed(fields: Iterable[bytes]) -> bytes:
    """Each field behind its length, so that no two lists of fields make the same bytes."""
    framed = b""
    for field in fields:
        framed += len(field).to_bytes(4, "big") + field
    return framed


def _proof(*fields: bytes) -> str:
    digest = sha256(_framed(fields)).digest()
    return urlsafe_b64encode(digest[:PROOF_BYTES]).decode().rstrip("=")
