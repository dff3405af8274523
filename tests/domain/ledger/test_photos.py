"""Photos beside the ledger: stored with their command or not at all, on every store."""

import pytest
from eventsourcing.persistence import IntegrityError

from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.records import Append, Conflict, Stored
from domain.people.directory import Photo
from tests.domain.ledger.examples import (
    BUSINESS,
    OTHER,
    PACKAGE,
    answered,
    next_fact,
    opening,
    request,
    stored,
)

FACE = Photo("pho_1", "image/png", bytes(range(256)) * 20)
DOG = Photo("pho_2", "image/webp", b"\x00")


def sending(photo: Photo, key: str = "key-1") -> Append:
    return Append((), {}, photos=(photo,), request=request(key))


def test_a_photo_comes_back_as_it_was(ledger: LedgerRecorder) -> None:
    assert ledger.photo(FACE.id) is None
    stored(ledger, sending(FACE))
    stored(ledger, Append((), {}, photos=(DOG,)))
    assert ledger.photo(FACE.id) == FACE
    assert ledger.photo(DOG.id) == DOG
    assert answered(ledger, "key-1") is not None
    assert ledger.head().position == 0


def test_a_command_that_conflicts_leaves_no_photo(ledger: LedgerRecorder) -> None:
    stored(ledger, opening(PACKAGE))
    stale = Append(next_fact(PACKAGE, 2).facts, {PACKAGE: 0}, photos=(FACE,))
    outcomes = ledger.append([stale, sending(DOG), sending(FACE, "key-1")])
    assert [type(outcome) for outcome in outcomes] == [Conflict, Stored, Conflict]
    assert (ledger.photo(FACE.id), ledger.photo(DOG.id)) == (None, DOG)


def test_a_photo_never_changes(ledger: LedgerRecorder) -> None:
    stored(ledger, sending(FACE))
    other = Photo(FACE.id, "image/png", b"another")
    with pytest.raises(IntegrityError):
        ledger.append([Append(opening(PACKAGE).facts, {PACKAGE: 0}, photos=(other,))])
    assert ledger.photo(FACE.id) == FACE
    assert ledger.head().position == 0, "its command was not stored either"


def test_under_the_lock_it_is_stored_with_the_rest_or_not_at_all(ledger: LedgerRecorder) -> None:
    def send_and_fail() -> None:
        with ledger.locked() as held:
            stored(held, sending(FACE))
            assert held.photo(FACE.id) == FACE
            raise RuntimeError

    with pytest.raises(RuntimeError):
        send_and_fail()
    assert ledger.photo(FACE.id) is None
    with ledger.locked() as held:
        stored(held, sending(FACE))
    assert ledger.photo(FACE.id) == FACE


def test_a_photo_is_of_one_business(store: Store, ledger: LedgerRecorder) -> None:
    store.open_ledger(OTHER)
    theirs = Photo(FACE.id, "image/jpeg", b"theirs")
    outcomes = store.append_all({BUSINESS: [sending(FACE)], OTHER: [sending(DOG), sending(theirs, "key-2")]})
    assert {id: len(found) for id, found in outcomes.items()} == {BUSINESS: 1, OTHER: 2}
    assert ledger.photo(FACE.id) == FACE
    assert ledger.photo(DOG.id) is None
    assert store.ledger(OTHER).photo(FACE.id) == theirs
    assert store.ledger(OTHER).photo(DOG.id) == DOG
