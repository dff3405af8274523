"""Erasing a customer in a store: every place, in one append, of one business, and nothing else."""

from dataclasses import replace

from msgspec import structs

from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.records import Append, Conflict, StoredKey
from domain.people.directory import ERASED_NAME, PLACES, Person, Photo, Text
from domain.people.profile import Profile, row
from tests.domain.ledger.examples import (
    BUSINESS,
    CUSTOMER,
    OTHER,
    answered,
    assert_chained,
    conflict,
    fact,
    opening,
    request,
    stored,
)
from tests.domain.ledger.test_outbox import message

NOBODY = dict.fromkeys(PLACES, 0)


def key(id: str, actor_id: str, business_id: str = BUSINESS) -> StoredKey:
    return StoredKey(id, business_id, "Anna's", "customer", actor_id, b"mac", 5)


def registered(ledger: LedgerRecorder, customer_id: str = CUSTOMER, suffix: str = "") -> None:
    """A customer with rows in every place of the ledger itself."""
    opened = opening(customer_id, "customer", customer_id)
    stored(
        ledger,
        structs.replace(
            opened,
            people=(
                row(customer_id, customer_id, Profile(name="Xylophagous")),
                Person(f"par_1{suffix}", customer_id, '{"name":"Max"}'),
                Person(f"pho_1{suffix}", customer_id, "{}"),
            ),
            texts=(Text(f"txt_1{suffix}", customer_id, b"salt", "Shouted"),),
            photos=(Photo(f"pho_1{suffix}", "image/png", b"face"),),
            request=request(f"key-1{suffix}", people=(customer_id, "cus_9")),
        ),
    )


def erasing(customer_id: str = CUSTOMER, version: int = 2, key: str = "gone") -> Append:
    return Append(
        (fact(customer_id, version, kind="customer"),),
        {customer_id: version - 1},
        erases=(customer_id,),
        request=request(key, '{"removed":1}'),
    )


def test_every_place_is_counted_and_then_empty(store: Store, ledger: LedgerRecorder) -> None:
    registered(ledger)
    store.outbox.plan(BUSINESS, 1, [message(1)])
    store.add_key(key("key_1", CUSTOMER))
    assert ledger.personal_data(CUSTOMER) == {
        "people": 3,
        "search": 1,
        "texts": 1,
        "photos": 1,
        "answers": 1,
        "messages": 1,
        "keys": 1,
    }
    erased = stored(ledger, erasing())
    assert ledger.personal_data(CUSTOMER) == NOBODY
    assert list(ledger.people([CUSTOMER, "par_1", "pho_1"])) == []
    assert list(ledger.texts(["txt_1"])) == []
    assert ledger.photo("pho_1") is None
    assert list(ledger.search(("xylo",), "", 9)) == []
    assert list(store.outbox.messages(BUSINESS, limit=9)) == []
    left = store.find_key("key_1")
    assert left is not None
    assert (left.name, left.revoked_at) == (ERASED_NAME, erased.recorded_at)
    assert assert_chained(ledger) == 2


def test_a_request_is_known_without_its_answer_and_the_erasure_keeps_its_own(ledger: LedgerRecorder) -> None:
    registered(ledger)
    stored(ledger, erasing())
    gone, kept = answered(ledger, "key-1"), answered(ledger, "gone")
    assert gone is not None
    assert kept is not None
    assert (gone.first, gone.body) == (1, None)
    assert kept.body == '{"removed":1}'
    assert conflict(ledger, structs.replace(erasing("cus_9", 1), request=request("key-1"))) == "key-1"


def test_others_keep_what_is_theirs(store: Store, ledger: LedgerRecorder) -> None:
    registered(ledger)
    registered(ledger, "cus_2", "b")
    store.open_ledger(OTHER)
    other = store.ledger(OTHER)
    registered(other)
    store.outbox.plan(OTHER, 1, [message(1, OTHER)])
    store.add_key(key("key_1", "cus_2"))
    store.add_key(key("key_2", CUSTOMER, OTHER))
    before = ledger.personal_data("cus_2"), other.personal_data(CUSTOMER)
    stored(ledger, erasing())
    assert (ledger.personal_data("cus_2"), other.personal_data(CUSTOMER)) == before
    assert [store.find_key(id) for id in ("key_1", "key_2")] == [
        key("key_1", "cus_2"),
        key("key_2", CUSTOMER, OTHER),
    ]


def test_an_erasure_that_conflicts_deletes_nothing(ledger: LedgerRecorder) -> None:
    registered(ledger)
    before = ledger.personal_data(CUSTOMER)
    assert conflict(ledger, erasing(version=3)) == CUSTOMER
    assert ledger.personal_data(CUSTOMER) == before


def test_an_erasure_that_is_rolled_back_deletes_nothing(store: Store, ledger: LedgerRecorder) -> None:
    registered(ledger)
    store.add_key(key("key_1", CUSTOMER))
    before = ledger.personal_data(CUSTOMER)
    try:
        with ledger.locked() as locked:
            locked.append([erasing()])
            assert locked.personal_data(CUSTOMER)["texts"] == 0
            raise RuntimeError("the process is stopped")
    except RuntimeError:
        pass
    assert ledger.personal_data(CUSTOMER) == before


def test_an_erasure_is_stored_together_with_commands_of_other_businesses(
    store: Store, ledger: LedgerRecorder
) -> None:
    registered(ledger)
    store.open_ledger(OTHER)
    registered(store.ledger(OTHER))
    outcomes = store.append_all({OTHER: [opening("pkg_2")], BUSINESS: [erasing()]})
    assert not [each for found in outcomes.values() for each in found if isinstance(each, Conflict)]
    assert ledger.personal_data(CUSTOMER) == NOBODY
    assert store.ledger(OTHER).personal_data(CUSTOMER)["people"] == 3


def test_nobody_has_anything_who_is_unknown(ledger: LedgerRecorder) -> None:
    assert ledger.personal_data("cus_unknown") == NOBODY


def test_a_message_that_was_being_sent_leaves_nothing_when_it_is_settled(
    store: Store, ledger: LedgerRecorder
) -> None:
    registered(ledger)
    store.outbox.plan(BUSINESS, 1, [message(1)])
    (due,) = store.outbox.due(now_ms=20, each=1, by_email=True)
    stored(ledger, erasing())
    store.outbox.put(replace(due, state="given_up", reason="550 <anna@example.com>"))
    assert ledger.personal_data(CUSTOMER) == NOBODY
