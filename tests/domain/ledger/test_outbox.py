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
    return list(store.outbox.messages(business_id, limit=100))


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
    due = store.outbox.due(now_ms=20, each=2, by_email=True)
    assert [(each.business_id, each.position) for each in due] == [(BUSINESS, 1), (BUSINESS, 2), (OTHER, 9)]
    assert store.outbox.waiting() == {BUSINESS: 4, OTHER: 2}


def test_messages_are_listed_for_one_business_by_state_and_package(store: Store) -> None:
    other_package = replace(message(2), thing_id="pkg_2")
    store.outbox.plan(BUSINESS, 3, [message(1), other_package, message(3)])
    store.outbox.plan(OTHER, 1, [message(1, OTHER)])
    store.outbox.put(replace(message(3), state="given_up", settled_at=9, reason="smtp-550"))
    listed = store.outbox.messages
    assert list(listed(BUSINESS, after=(1, "msg_1"), limit=1)) == [other_package]
    assert [each.position for each in listed(BUSINESS, limit=9, state="given_up")] == [3]
    assert list(listed(BUSINESS, limit=9, thing_id="pkg_2")) == [other_package]
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


def test_what_goes_by_another_channel_is_due_apart_from_e_mails(store: Store) -> None:
    text = replace(message(2), channel="sms", thing_id="bkg_2", occasion=7)
    store.outbox.add(BUSINESS, [message(1), text, text])
    assert list(store.outbox.due(20, 9, by_email=True)) == [message(1)]
    assert list(store.outbox.due(20, 9, by_email=False)) == [text]
    assert store.outbox.positions() == {}, "no ledger was read"


def test_messages_of_one_position_are_listed_in_order_of_their_ids(store: Store) -> None:
    several = [replace(message(1), id=id) for id in ("msg_a", "msg_b", "msg_c")]
    store.outbox.add(BUSINESS, several[::-1])
    listed = store.outbox.messages
    assert list(listed(BUSINESS, limit=2)) == several[:2]
    assert list(listed(BUSINESS, after=(1, "msg_b"), limit=2)) == several[2:]
    assert list(listed(BUSINESS, limit=9, customer_id="cus_other")) == []


def test_what_was_settled_long_ago_is_forgotten_and_nothing_else(store: Store) -> None:
    settled = [replace(message(n), state="sent", settled_at=at) for n, at in ((1, 5), (2, 6), (3, 20))]
    store.outbox.add(BUSINESS, [*settled, message(4)])
    store.outbox.add(OTHER, [replace(message(1, OTHER), state="sent", settled_at=5)])
    assert [store.outbox.forget_settled(BUSINESS, 20, 1) for _ in range(3)] == [1, 1, 0]
    assert [each.position for each in all_of(store)] == [3, 4]
    assert len(all_of(store, OTHER)) == 1
