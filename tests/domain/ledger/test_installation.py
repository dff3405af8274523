"""What every store keeps of the installation: the peppers of its keys, and the servers at work on it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from domain.ledger.contract import Store
from domain.ledger.records import RunningServer, StoredKey, Whereabouts
from tests.domain.ledger.examples import BUSINESS, OTHER

FIRST, SECOND, THIRD = (bytes([n]) * 32 for n in (1, 2, 3))


def test_a_store_has_keys_once_one_was_added_to_any_business(store: Store) -> None:
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    assert not store.has_keys()

    store.add_key(StoredKey("key_1", OTHER, "desk", "staff", "stf_1", b"mac", 1))
    assert store.has_keys()
    store.revoke_key(OTHER, "key_1", 2)
    assert store.has_keys()


def test_the_first_pepper_is_in_use_until_it_is_replaced_by_name(store: Store) -> None:
    assert list(store.peppers()) == []

    assert store.settle_pepper(FIRST, None) == FIRST
    assert store.settle_pepper(SECOND, None) == FIRST
    assert store.settle_pepper(SECOND, THIRD) == FIRST
    assert [known.mark for known in store.peppers()] == [FIRST]

    assert store.settle_pepper(SECOND, FIRST) == SECOND
    assert [known.mark for known in store.peppers()] == [FIRST, SECOND]
    assert store.settle_pepper(FIRST, SECOND) == FIRST
    assert [known.mark for known in store.peppers()] == [SECOND, FIRST]


def test_of_several_first_peppers_at_once_one_is_in_use(store: Store) -> None:
    barrier = Barrier(4)

    def settle(n: int) -> bytes:
        barrier.wait()
        return store.settle_pepper(bytes([n]) * 32, None)

    with ThreadPoolExecutor(4) as threads:
        in_use = set(threads.map(settle, range(4)))
    assert [known.mark for known in store.peppers()] == list(in_use)


def test_servers_are_registered_until_they_end_or_are_known_to_be_gone(store: Store) -> None:
    first, second, third = (RunningServer(f"srv_{n}", store.place(), f"h:{n}", n) for n in range(3))
    store.add_server(second, [])
    store.add_server(first, [])
    assert list(store.servers()) == [first, second]

    store.add_server(third, [second.id, "srv_unknown"])
    store.remove_server(first.id)
    store.remove_server(first.id)
    assert list(store.servers()) == [third]


def test_a_database_knows_its_own_place(store: Store) -> None:
    assert store.place() == store.place()
    assert store.whereabouts(store.place()) is Whereabouts.HERE
