"""What a store of many ledgers does beside them: opening, heads, keys and news."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier

from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.errors import Contention
from domain.ledger.records import StoredKey
from tests.domain.ledger.conftest import Database
from tests.domain.ledger.examples import BUSINESS, OTHER, PACKAGE, next_fact, opening, stored

KEY = StoredKey("key_1", BUSINESS, "front desk", "staff", "stf_1", bytes(range(32)), 1_000, 2_000)


def test_opening_an_open_ledger_changes_nothing(store: Store) -> None:
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    secret = ledger.secret()
    stored(ledger, opening(PACKAGE))
    head = ledger.head()
    store.open_ledger(BUSINESS)
    assert (ledger.head(), ledger.secret()) == (head, secret)
    assert len(secret) == 32


def test_a_ledger_opened_by_several_at_once_is_one_ledger(store: Store) -> None:
    barrier = Barrier(4)

    def open_it(_: int) -> bytes:
        barrier.wait()
        while True:
            with suppress(Contention):  # on a busy machine: whoever is told so tries again
                store.open_ledger(BUSINESS)
                return store.ledger(BUSINESS).secret()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(open_it, range(4)))) == 1


def test_heads_tell_the_position_of_every_ledger(store: Store) -> None:
    assert list(store.heads()) == []
    for business in (OTHER, BUSINESS, "biz_3"):
        store.open_ledger(business)
    stored(store.ledger(OTHER), opening(PACKAGE))
    stored(store.ledger(OTHER), next_fact(PACKAGE, 2))
    assert list(store.heads()) == [(BUSINESS, 0), (OTHER, 2), ("biz_3", 0)]


def test_keys_are_found_by_id_and_by_business(store: Store) -> None:
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    theirs = StoredKey("key_2", OTHER, "owner", "owner", "stf_2", b"mac", 900)
    newer = StoredKey("key_0", BUSINESS, "owner", "owner", "stf_3", b"mac", 3_000)
    for key in (newer, KEY, theirs):
        store.add_key(key)
    assert store.find_key("key_1") == KEY
    assert store.find_key("key_2") == theirs
    assert store.find_key("key_9") is None
    assert list(store.keys_of(BUSINESS)) == [KEY, newer]


def test_keys_of_any_business_are_found_together_with_the_versions_of_their_members(store: Store) -> None:
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
    ours = replace(KEY, actor_id="stf_1")
    theirs = replace(KEY, id="key_2", business_id=OTHER, actor_id="stf_1", revoked_at=5_000)
    till = replace(KEY, id="key_3", actor_id="key_3")
    for key in (ours, theirs, till):
        store.add_key(key)
    stored(store.ledger(BUSINESS), opening("stf_1"))
    stored(store.ledger(BUSINESS), next_fact("stf_1", 2))
    found = {each.key.id: each for each in store.find_keys(["key_3", "key_1", "key_9", "key_2"])}
    assert found == {"key_1": (ours, 2), "key_2": (theirs, 0), "key_3": (till, 0)}
    assert list(store.find_keys([])) == []


def test_keys_keep_their_scopes_and_tell_their_names_to_their_own_business(store: Store) -> None:
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    shop = replace(KEY, id="key_3", name="web shop", role="integration", scopes="sell read")
    theirs = replace(KEY, id="key_2", business_id=OTHER)
    for key in (KEY, shop, theirs):
        store.add_key(key)
    assert store.find_key("key_3") == shop
    assert list(store.keys_of(BUSINESS)) == [KEY, shop]
    store.revoke_key(BUSINESS, shop.id, 5_000)
    asked = ["key_3", "key_1", "key_2", "key_9", "stf_1"]
    assert store.key_names(BUSINESS, asked) == {"key_1": "front desk", "key_3": "web shop"}
    assert store.key_names(BUSINESS, []) == {}


def test_a_key_is_revoked_once_and_only_by_its_business(store: Store) -> None:
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    store.add_key(KEY)
    assert not store.revoke_key(OTHER, KEY.id, 5_000)
    assert not store.revoke_key(BUSINESS, "key_9", 5_000)
    assert store.find_key(KEY.id) == KEY
    assert store.revoke_key(BUSINESS, KEY.id, 5_000)
    found = store.find_key(KEY.id)
    assert found is not None
    assert found.revoked_at == 5_000
    assert not store.revoke_key(BUSINESS, KEY.id, 6_000)
    assert store.find_key(KEY.id) == found


def test_who_waits_is_woken_by_an_append(store: Store, ledger: LedgerRecorder) -> None:
    """A hint may come early or late, so the waiter looks until it sees the fact, as a runner does."""
    barrier = Barrier(2)

    def wait_for_a_fact() -> int:
        barrier.wait()
        while not ledger.head().position:
            store.wait_for_news(0.5)
        return ledger.head().position

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait_for_a_fact)
        barrier.wait()
        stored(ledger, opening(PACKAGE))
        assert waiting.result() == 1


def test_news_that_was_missed_is_told_at_the_next_wait_and_only_once(
    store: Store, ledger: LedgerRecorder
) -> None:
    while store.wait_for_news(0.2):
        pass
    stored(ledger, opening(PACKAGE))
    assert store.wait_for_news(60)


def test_heads_since_a_mark_tell_every_ledger_that_has_grown(store: Store) -> None:
    for business in (BUSINESS, OTHER, "biz_3"):
        store.open_ledger(business)
    stored(store.ledger("biz_3"), opening(PACKAGE))
    mark = store.growth_mark()
    assert store.growth_mark() == mark
    stored(store.ledger(OTHER), opening(PACKAGE))
    stored(store.ledger(OTHER), next_fact(PACKAGE, 2))
    assert store.growth_mark() != mark
    grown = dict(store.heads(mark))
    assert grown[OTHER] == 2
    assert grown.items() <= dict(store.heads()).items()


def test_heads_that_grew_under_a_clock_that_was_set_back_are_told(database: Database) -> None:
    now = [10_000_000]
    store = database.open(lambda: now[0])
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
    stored(store.ledger(BUSINESS), opening(PACKAGE))
    mark = store.growth_mark()
    now[0] -= 3_600_000
    stored(store.ledger(OTHER), opening(PACKAGE))
    assert dict(store.heads(mark))[OTHER] == 1
