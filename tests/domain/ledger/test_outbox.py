"""The e-mails that a store keeps: planned with a position, due in turn, settled once."""

from dataclasses import replace

from domain.ledger.contract import Store
from domain.ledger.records import MessageTotal, StoredMessage
from tests.domain.ledger.examples import BUSINESS, CUSTOMER, OTHER, PACKAGE


def message(position: int, business_id: str = BUSINESS, due_at: int = 10) -> StoredMessage:
    return StoredMessage(
        business_id,
        f"msg_{position}",
        position,
        5,
        "package_purchased",
        "en",
        CUSTOMER,
        PACKAGE,
        due_at=due_at,
    )


def all_of(store: Store, business_id: str = BUSINESS) -> list[StoredMessage]:
    return list(store.outbox.messages(business_id, after=0, limit=100))


def test_a_message_is_kept_with_the_position_and_only_once(store: Store) -> None:
    store.outbox.plan(BUSINESS, 7, [message(3), message(7)])
    store.outbox.put(replace(message(3), state="sent", attempts=1, settled_at=20))
    store.outbox.plan(BUSINESS, 7, [message(3), message(7)])
    assert all_of(store) == [replace(message(3), state="sent", attempts=1, settled_at=20), message(7)]
    assert store.outbox.positions() == {BUSINESS: 7}


def test_a_position_never_goes_back(store: Store) -> None:
    store.outbox.plan(BUSINESS, 7, [])
    store.outbox.plan(BUSINESS, 5, [])
    assert store.outbox.positions() == {BUSINESS: 7}


def test_what_is_due_comes_in_turn_and_no_business_fills_the_round(store: Store) -> None:
    store.outbox.plan(BUSINESS, 4, [message(n, due_at=n) for n in (1, 2, 3, 4)])
    store.outbox.plan(OTHER, 9, [message(9, OTHER, due_at=9), message(8, OTHER, due_at=50)])
    due = store.outbox.due(now_ms=20, each=2)
    assert [(each.business_id, each.position) for each in due] == [(BUSINESS, 1), (BUSINESS, 2), (OTHER, 9)]
    assert store.outbox.waiting() == {BUSINESS: 4, OTHER: 2}


def test_messages_are_listed_for_one_business_by_state_and_package(store: Store) -> None:
    other_package = replace(message(2), package_id="pkg_2")
    store.outbox.plan(BUSINESS, 3, [message(1), other_package, message(3)])
    store.outbox.plan(OTHER, 1, [message(1, OTHER)])
    store.outbox.put(replace(message(3), state="given_up", settled_at=9, reason="smtp-550"))
    listed = store.outbox.messages
    assert list(listed(BUSINESS, after=1, limit=1)) == [other_package]
    assert [each.position for each in listed(BUSINESS, after=0, limit=9, state="given_up")] == [3]
    assert list(listed(BUSINESS, after=0, limit=9, package_id="pkg_2")) == [other_package]
    assert list(store.outbox.totals()) == [
        MessageTotal(BUSINESS, "given_up", 1),
        MessageTotal(BUSINESS, "waiting", 2),
        MessageTotal(OTHER, "waiting", 1),
    ]


def test_switching_on_anew_gives_up_what_waits_and_forgets_the_positions(store: Store) -> None:
    assert store.outbox.switched_on() is None
    store.outbox.switch_on("here", 100, anew=True)
    store.outbox.plan(BUSINESS, 2, [message(1)])
    store.outbox.switch_on("moved", 100, anew=False)
    assert store.outbox.switched_on() == ("moved", 100)
    assert (store.outbox.positions(), all_of(store)) == ({BUSINESS: 2}, [message(1)])
    store.outbox.switch_on("elsewhere", 200, anew=True)
    assert store.outbox.positions() == {}
    assert all_of(store) == [replace(message(1), state="given_up", settled_at=200, reason="restored")]
    store.outbox.switch_off()
    assert store.outbox.switched_on() is None


def test_one_process_sends_at_a_time(store: Store) -> None:
    with store.outbox.alone() as first, store.outbox.alone() as second:
        assert (first(), second()) == (True, False)
    with store.outbox.alone() as again:
        assert again()
