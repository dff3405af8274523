"""The verifications that a store remembers: of each business its own, the newest first, and the last 100."""

from domain.ledger.contract import Store
from domain.ledger.verification import KEPT_MAX, StoredVerification
from tests.domain.ledger.examples import BUSINESS, OTHER


def verification(moment: int, business_id: str = BUSINESS, *, intact: bool = True) -> StoredVerification:
    return StoredVerification(
        business_id,
        moment,
        position=moment,
        hash=bytes(32) if intact else None,
        intact=intact,
        reason=None if intact else "has another hash",
        findings=0 if intact else 2,
        place="api" if intact else "command_line",
        actor_id="stf_1" if intact else None,
        role="owner" if intact else None,
    )


def test_those_of_a_business_are_told_the_newest_first(store: Store) -> None:
    assert store.verifications.of(BUSINESS) == []
    for each in (verification(5), verification(7, intact=False), verification(6, OTHER)):
        store.verifications.add(each)
    assert store.verifications.of(BUSINESS) == [verification(7, intact=False), verification(5)]
    assert store.verifications.of(OTHER) == [verification(6, OTHER)]


def test_two_of_one_moment_are_one(store: Store) -> None:
    for intact in (True, False):
        store.verifications.add(verification(5, intact=intact))
    assert store.verifications.of(BUSINESS) == [verification(5)]


def test_old_ones_are_forgotten(store: Store) -> None:
    store.verifications.add(verification(1, OTHER))
    for moment in range(1, KEPT_MAX + 4):
        store.verifications.add(verification(moment))
    kept = [each.verified_at for each in store.verifications.of(BUSINESS)]
    assert kept == list(range(KEPT_MAX + 3, 3, -1))
    assert len(store.verifications.of(OTHER)) == 1
