"""Keys in use are looked up in the background, and believed no longer for it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Event

import pytest

from api.http.api_keys import Caller, Keys
from api.http.keys_in_use import (
    IN_USE_S,
    TOGETHER_MAX,
    LastUses,
    known_while_in_use,
    look_at_those_in_use,
)
from api.http.new_keys import issue_key
from api.http.problems import Problem
from domain.actor import Role
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.records import FoundKey
from tests.api.desk import PEPPER, House

pytest_plugins = ["tests.api.houses"]


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.open_ledger("biz_1")
    return store


def let_in(keys: Keys, text: str) -> Caller | None:
    with suppress(Problem):
        return keys.remembered_caller(text)
    return None


def test_a_key_is_in_use_for_a_quarter_of_an_hour() -> None:
    now = [0.0]
    uses = LastUses(lambda: now[0])
    assert uses.recent() == []
    uses.note("key_1")
    now[0] = 1.0
    uses.note("key_2")
    assert uses.some.is_set()
    now[0] = IN_USE_S
    assert uses.recent() == ["key_2"]
    now[0] = IN_USE_S + 1
    assert uses.recent() == []
    assert not uses.some.is_set(), "nothing is done while no key is in use"
    uses.note("key_1")
    assert uses.recent() == ["key_1"]


def test_only_a_key_that_lets_somebody_in_is_in_use(store: MemoryStore) -> None:
    keys = Keys(store, PEPPER)
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF)
    over = issue_key(store, PEPPER, "biz_1", Role.STAFF, expires_at=1)
    with pytest.raises(Problem):
        keys.caller(over)
    keys.look_up([key.id for key in store.keys_of("biz_1")])
    assert keys.uses.recent() == []
    assert let_in(keys, text)
    assert keys.uses.recent() == [f"key_{text.split('_')[2]}"]


def test_all_keys_in_use_are_looked_up_some_together() -> None:
    asked: list[Sequence[str]] = []
    uses = LastUses()
    ids = [f"key_{n}" for n in range(TOGETHER_MAX + 1)]
    for id in ids:
        uses.note(id)
    look_at_those_in_use(uses, asked.append)
    assert [len(each) for each in asked] == [TOGETHER_MAX, 1]
    assert sorted(id for each in asked for id in each) == sorted(ids)


def test_a_look_tells_of_a_revocation_in_another_process(house: House) -> None:
    desk = house.desk()
    store = desk.carnet.store
    here, elsewhere = Keys(store, PEPPER), Keys(store, PEPPER)
    text = issue_key(store, PEPPER, desk.business_id, Role.STAFF)
    key_id = here.caller(text).key_id
    elsewhere.revoke(desk.business_id, key_id)
    assert let_in(here, text), "it is believed for three seconds"
    look_at_those_in_use(here.uses, here.look_up)
    assert let_in(here, text) is None


def test_a_key_that_is_gone_is_no_longer_believed_than_before(store: MemoryStore) -> None:
    keys = Keys(store, PEPPER)
    assert keys.look_up(["key_unknown"]) == []


def test_a_role_is_looked_up_again_where_its_member_has_changed(house: House) -> None:
    desk = house.desk()
    zoe = desk.do("/v1/staff", {"name": "Zoë", "role": "manager"})["id"]
    looks: list[str] = []

    def present(business_id: str, staff_id: str) -> Role | None:
        looks.append(staff_id)
        found = desk.carnet.ledger(business_id).stream(staff_id)
        return Role.STAFF if len(found) > 1 else Role.MANAGER

    keys = Keys(desk.carnet.store, PEPPER, present_role=present)
    text = issue_key(desk.carnet.store, PEPPER, desk.business_id, Role.OWNER, zoe)
    assert keys.caller(text).role is Role.MANAGER
    look_at_those_in_use(keys.uses, keys.look_up)
    assert looks == [zoe], "nothing of them has changed"
    desk.do(f"/v1/staff/{zoe}/changes", {"role": "staff"})
    look_at_those_in_use(keys.uses, keys.look_up)
    caller = let_in(keys, text)
    assert caller is not None
    assert caller.role is Role.STAFF
    assert looks == [zoe, zoe]


def test_a_look_that_began_before_a_change_here_brings_nothing_back(store: MemoryStore) -> None:
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF)
    other = issue_key(store, PEPPER, "biz_1", Role.MANAGER, "stf_1")
    keys = Keys(store, PEPPER)
    first, second = keys.caller(text), keys.caller(other)
    read = store.find_keys

    def late(key_ids: Sequence[str]) -> Sequence[FoundKey]:
        found = read(key_ids)
        keys.revoke("biz_1", first.key_id)
        keys.forget_staff("biz_1", "stf_1")
        return found

    store.find_keys = late  # type: ignore[method-assign]
    keys.look_up([first.key_id, second.key_id])
    assert let_in(keys, text) is None
    assert let_in(keys, other) is None, "the request looks it up"


def test_an_older_look_does_not_replace_a_later_one(store: MemoryStore) -> None:
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF)
    keys = Keys(store, PEPPER)
    key_id = keys.caller(text).key_id
    read = store.find_keys

    def late(key_ids: Sequence[str]) -> Sequence[FoundKey]:
        store.find_keys = read  # type: ignore[method-assign]
        keys.look_up(key_ids)
        return [FoundKey(replace(key, name="as it was"), 0) for key, _ in read(key_ids)]

    store.find_keys = late  # type: ignore[method-assign]
    (found,) = keys.look_up([key_id])
    assert found.stored.name == ""


def test_the_thread_goes_on_after_a_look_that_failed() -> None:
    uses, again = LastUses(), Event()
    asked: list[Sequence[str]] = []

    def look_up(ids: Sequence[str]) -> None:
        asked.append(ids)
        if len(asked) > 1:
            again.set()
        raise LedgerUnavailable("silent")

    with known_while_in_use(uses, look_up, every_s=0.001):
        uses.note("key_1")
        assert again.wait(10)
    assert asked[:2] == [["key_1"], ["key_1"]]
