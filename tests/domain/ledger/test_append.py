"""What an append stores and what it refuses, on every store."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsourcing.persistence import IntegrityError
from msgspec import structs

from domain.claims import Claim
from domain.decision import NewStream, Reads
from domain.ledger.attempt import replayed_result
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.envelope import Head, NewFact, first_hash
from domain.ledger.errors import Contention, UnknownBusiness
from domain.ledger.numbers import number_of
from domain.ledger.orders import Done, RequestKey
from domain.ledger.records import Answered, Append, Conflict, Stored
from domain.people.directory import Person, Text
from tests.domain.ledger.conftest import Database
from tests.domain.ledger.examples import (
    BUSINESS,
    CUSTOMER,
    OTHER,
    PACKAGE,
    answered,
    assert_chained,
    conflict,
    fact,
    next_fact,
    opening,
    request,
    stored,
)

MOMENT = 1_790_000_000_123


def test_an_open_ledger_is_empty(ledger: LedgerRecorder) -> None:
    assert ledger.head() == Head(0, first_hash(BUSINESS), 0)
    assert ledger.max_notification_id() is None
    assert list(ledger.facts()) == []


def test_facts_are_stored_as_they_are_at_the_next_positions(ledger: LedgerRecorder) -> None:
    data = bytes(range(256))
    first = stored(ledger, Append((fact(PACKAGE, 1, data=data), fact(PACKAGE, 2)), {PACKAGE: 0}))
    second = stored(ledger, next_fact(PACKAGE, 3))
    assert (first.first, first.last, second.first, second.last) == (1, 2, 3, 3)
    facts = ledger.facts()
    assert [found.position for found in facts] == [1, 2, 3]
    assert [found.version for found in facts] == [1, 2, 3]
    assert facts[0].data == data
    assert facts[0].meta == fact(PACKAGE, 1).meta
    assert facts[0].recorded_at == first.recorded_at
    assert (facts[0].kind, facts[0].stream_id, facts[0].name, facts[0].name_version) == (
        "package",
        PACKAGE,
        "package.happened",
        1,
    )
    assert assert_chained(ledger) == 3


def test_facts_are_read_by_position_and_by_version(ledger: LedgerRecorder) -> None:
    for version in range(1, 6):
        stored(ledger, Append((fact(PACKAGE, version), fact("pkg_2", version)), {}))
    assert [found.position for found in ledger.facts(after=3, limit=4)] == [4, 5, 6, 7]
    assert [found.position for found in ledger.facts(after=3, upto=5)] == [4, 5]
    assert [found.version for found in ledger.stream(PACKAGE)] == [1, 2, 3, 4, 5]
    assert [found.position for found in ledger.stream("pkg_2", upto_version=3)] == [2, 4, 6]


def test_facts_are_read_by_name(ledger: LedgerRecorder) -> None:
    stored(
        ledger, Append(tuple(fact(PACKAGE, version, name=f"n{version % 2}") for version in range(1, 6)), {})
    )
    assert [found.position for found in ledger.facts(without=["n0"])] == [1, 3, 5]
    assert [found.position for found in ledger.facts(after=1, limit=1, without=["n0", "n2"])] == [3]
    assert ledger.facts(without=["n0", "n1"]) == []


FIRST, SECOND, THIRD = sorted(("pkg_a", "pkg_b", "pkg_c"), key=number_of)
"""Streams in the order in which they are read."""


def test_facts_are_read_by_stream_and_version(ledger: LedgerRecorder) -> None:
    for version in range(1, 4):
        for stream_id in (THIRD, FIRST, SECOND):
            stored(ledger, Append((fact(stream_id, version, name=f"n{version % 2}"),), {}))

    def read(
        after: tuple[str, int],
        last: str,
        upto: int = 9,
        without: tuple[str, ...] = (),
        limit: int = 9,
    ) -> list[tuple[str, int]]:
        found = ledger.by_stream(after, last, upto, without, limit)
        return [(each.stream_id, each.version) for each in found]

    whole = [(stream_id, version) for stream_id in (FIRST, SECOND, THIRD) for version in (1, 2, 3)]
    assert read(("", 0), THIRD) == whole
    assert read((FIRST, 2), SECOND) == whole[2:6]
    assert read((FIRST, 2**31 - 1), SECOND) == whole[3:6]
    assert read((FIRST, 2), THIRD, limit=2) == whole[2:4]
    assert read(("", 0), THIRD, upto=4) == [(FIRST, 1), (SECOND, 1), (THIRD, 1), (THIRD, 2)]
    assert read(("", 0), THIRD, without=("n1", "n5")) == [(id, 2) for id in (FIRST, SECOND, THIRD)]


@pytest.mark.parametrize(
    ("facts", "cuts"),
    [
        (1, [(FIRST, 3), (SECOND, 6), (THIRD, 9)]),
        (2, [(FIRST, 2), (SECOND, 6), (THIRD, 8)]),
        (4, [(SECOND, 4), (THIRD, 8)]),
        (9, [(THIRD, 9)]),
        (10, []),
    ],
)
def test_streams_are_cut_into_ranges(ledger: LedgerRecorder, facts: int, cuts: list[tuple[str, int]]) -> None:
    for version in range(1, 4):
        for stream_id in (THIRD, FIRST, SECOND):
            stored(ledger, Append((fact(stream_id, version),), {}))
    assert ledger.cuts(facts) == cuts


def test_a_stream_that_moved_on_is_a_conflict(ledger: LedgerRecorder) -> None:
    stored(ledger, opening(PACKAGE))
    assert conflict(ledger, next_fact(PACKAGE, 1)) == PACKAGE
    assert conflict(ledger, next_fact(PACKAGE, 3)) == PACKAGE
    assert ledger.head().position == 1


def test_a_stream_that_was_only_read_counts_too(ledger: LedgerRecorder) -> None:
    stored(ledger, opening(CUSTOMER, "customer"))
    assert conflict(ledger, next_fact(PACKAGE, 1, also={CUSTOMER: 0})) == CUSTOMER
    stored(ledger, next_fact(PACKAGE, 1, also={CUSTOMER: 1}))


def test_a_held_claim_is_a_conflict_whoever_holds_it(ledger: LedgerRecorder) -> None:
    claim = "purchase/cus_1/off_1/1"
    stored(ledger, Append((fact(PACKAGE, 1),), {PACKAGE: 0}, claims=(Claim(claim, PACKAGE),)))
    again = Append((fact("pkg_2", 1),), {"pkg_2": 0}, claims=(Claim(claim, "pkg_2"),))
    same_stream = Append((fact(PACKAGE, 2),), {PACKAGE: 1}, claims=(Claim(claim, PACKAGE),))
    assert conflict(ledger, again) == claim
    assert conflict(ledger, same_stream) == claim
    assert list(ledger.claimants(claim)) == [PACKAGE]


def test_in_a_batch_only_the_command_that_conflicts_is_left_out(ledger: LedgerRecorder) -> None:
    stored(ledger, opening(PACKAGE))
    outcomes = ledger.append(
        [
            next_fact("pkg_2", 1, "key-1"),
            next_fact(PACKAGE, 1, "key-2"),
            Append((fact("pkg_3", 1), fact("pkg_3", 2)), {"pkg_3": 0}, request=request("key-3")),
        ]
    )
    moment = ledger.head().recorded_at
    assert outcomes[0] == Stored(2, 2, moment)
    assert outcomes[1] == Conflict(PACKAGE)
    assert outcomes[2] == Stored(3, 4, moment)
    assert [found.stream_id for found in ledger.facts(after=1)] == ["pkg_2", "pkg_3", "pkg_3"]
    assert answered(ledger, "key-2") is None
    assert assert_chained(ledger) == 4


def test_a_command_is_judged_on_what_its_predecessors_really_stored(ledger: LedgerRecorder) -> None:
    claim = Claim("source/mindbody/991", "pkg_2")
    outcomes = ledger.append(
        [
            next_fact(PACKAGE, 1, "key-1"),
            next_fact(PACKAGE, 2),  # builds on the first
            next_fact(PACKAGE, 2),  # did not see the second
            next_fact("pkg_9", 1, "key-1"),  # the first one's key
            Append((fact("pkg_8", 1),), {"pkg_8": 0, PACKAGE: 9}, claims=(claim,)),  # a wrong version, so
            Append((fact("pkg_2", 1),), {"pkg_2": 0}, claims=(claim,)),  # this one gets the claim
            Append((fact("pkg_3", 1),), {"pkg_3": 0}, claims=(claim,)),
        ]
    )
    assert [outcome.on if isinstance(outcome, Conflict) else outcome.first for outcome in outcomes] == [
        1,
        2,
        PACKAGE,
        "key-1",
        PACKAGE,
        3,
        claim.claim,
    ]
    assert list(ledger.claimants(claim.claim)) == ["pkg_2"]
    assert assert_chained(ledger) == 3


def test_an_empty_batch_is_nothing(ledger: LedgerRecorder) -> None:
    assert list(ledger.append([])) == []


def test_a_request_is_remembered_with_its_answer(database: Database) -> None:
    store = database.open(lambda: MOMENT)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    body = (
        r'{"made_at":"{recorded_at}",'
        r'"in":{"at":"{recorded_at}","name":"_at\":\"{recorded_at}\"","ended_at":"{recorded_at}"}}'
    )
    stored(ledger, Append((fact(PACKAGE, 1), fact(PACKAGE, 2)), {}, request=request("key-1", body)))
    assert answered(ledger, "key-1") == Answered("key-1", b"fingerprint of key-1", 1, 2, MOMENT, body)
    known = answered(ledger, "key-1")
    assert known is not None
    result = replayed_result(RequestKey("key-1", b"fingerprint of key-1"), known)
    assert isinstance(result, Done)
    assert result.body == (
        r'{"made_at":"2026-09-21T14:13:20.123Z",'
        r'"in":{"at":"{recorded_at}","name":"_at\":\"{recorded_at}\"","ended_at":"2026-09-21T14:13:20.123Z"}}'
    )


def test_a_known_request_is_a_conflict(ledger: LedgerRecorder) -> None:
    stored(ledger, next_fact(PACKAGE, 1, "key-1"))
    assert conflict(ledger, next_fact(PACKAGE, 2, "key-1")) == "key-1"
    assert ledger.load(Reads(), ["key-0", "key-1", "key-2"]).answered.keys() == {"key-1"}


def test_a_command_without_facts_is_remembered_at_the_head(ledger: LedgerRecorder) -> None:
    stored(ledger, opening(PACKAGE))
    before = ledger.head()
    nothing = Append((), {PACKAGE: 1}, request=request("key-1", '{"already":true}'))
    outcome = stored(ledger, nothing)
    assert (outcome.first, outcome.last) == (1, 1)
    assert ledger.head() == before
    answer = answered(ledger, "key-1")
    assert answer is not None
    assert (answer.first, answer.last, answer.body) == (1, 1, '{"already":true}')
    assert conflict(ledger, nothing) == "key-1"


def test_a_conflicting_command_leaves_no_trace(database: Database) -> None:
    store = database.open()
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    before = database.rows(store)
    late = Append(
        (fact("pkg_2", 1), fact(PACKAGE, 1)),
        {"pkg_2": 0, PACKAGE: 0},
        claims=(Claim("purchase/cus_1/off_1/1", "pkg_2"),),
        streams=(NewStream("package", "pkg_2", CUSTOMER),),
        people=(Person("per_1", "per_1", "{}"),),
        texts=(Text("txt_1", CUSTOMER, b"salt", "a reason"),),
        request=request("key-1"),
    )
    assert conflict(ledger, late) == PACKAGE
    assert database.rows(store) == before


def test_a_failing_append_leaves_no_trace(database: Database) -> None:
    """A version that is taken, unseen: a mistake of the caller, which must not store half a batch."""
    store = database.open()
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    before = database.rows(store)
    with pytest.raises(IntegrityError):
        ledger.append(
            [next_fact("pkg_2", 1, "key-1"), Append((fact(PACKAGE, 1),), {}), next_fact("pkg_3", 1)]
        )
    assert database.rows(store) == before
    assert stored(ledger, next_fact("pkg_2", 1, "key-1")).first == 2


def test_the_recorded_moment_never_decreases(database: Database) -> None:
    hour_ms = 3_600_000
    clock: Iterator[int] = iter([MOMENT, MOMENT - hour_ms, MOMENT + 1, MOMENT - 10 * hour_ms])
    store = database.open(lambda: next(clock))
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    moments = [stored(ledger, next_fact(PACKAGE, version)).recorded_at for version in (1, 2, 3, 4)]
    assert moments == [MOMENT, MOMENT, MOMENT + 1, MOMENT + 1]
    assert [found.recorded_at for found in ledger.facts()] == moments
    assert ledger.head().recorded_at == MOMENT + 1
    assert_chained(ledger)


def test_businesses_do_not_see_or_count_each_other(store: Store) -> None:
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    one, two = store.ledger(BUSINESS), store.ledger(OTHER)
    command = Append(
        (fact(PACKAGE, 1),),
        {PACKAGE: 0},
        claims=(Claim("source/a/1", PACKAGE),),
        streams=(NewStream("package", PACKAGE, CUSTOMER),),
        people=(Person("per_1", CUSTOMER, "{}"),),
        texts=(Text("txt_1", CUSTOMER, b"salt", "a note"),),
        request=request("key-1"),
    )
    stored(one, command)
    everything = Reads({PACKAGE: 0}, (CUSTOMER,), ("source/",), True, ("source/",))
    loaded = two.load(everything, ["key-1"])
    assert (list(loaded.facts), dict(loaded.counts), dict(loaded.answered)) == ([], {"source/": 0}, {})
    assert loaded.head.position == 0
    assert [*two.facts(), *two.stream(PACKAGE)] == []
    assert [*two.streams_of(CUSTOMER, "package"), *two.claimants("source/")] == []
    assert [*two.people(["per_1"]), *two.texts(["txt_1"])] == []
    assert stored(two, command).first == 1
    assert [found.business_id for found in two.facts()] == [OTHER]
    assert one.head().hash != two.head().hash
    assert one.secret() != two.secret()


def test_a_ledger_that_is_not_open_is_refused(store: Store) -> None:
    store.open_ledger(BUSINESS)
    ledger = store.ledger("biz_unknown")
    with pytest.raises(UnknownBusiness):
        ledger.head()
    with pytest.raises(UnknownBusiness):
        ledger.load(Reads({PACKAGE: 0}))
    with pytest.raises(UnknownBusiness):
        ledger.append([next_fact(PACKAGE, 1)])
    with pytest.raises(UnknownBusiness):
        ledger.secret()
    with pytest.raises(UnknownBusiness), ledger.locked() as held:
        held.load(Reads())
    assert [business for business, _ in store.heads()] == [BUSINESS]


def test_a_command_that_stood_on_a_conflicting_one_conflicts_too(ledger: LedgerRecorder) -> None:
    """At the version it read there is a fact by now, but another one than it was decided on."""
    stored(ledger, opening(PACKAGE))
    stored(ledger, next_fact(PACKAGE, 2, "elsewhere"))
    stale, on_top = next_fact(PACKAGE, 2, "stale"), next_fact(PACKAGE, 3, "on top")

    outcomes = ledger.append([stale, on_top])

    assert outcomes == [Conflict(PACKAGE), Conflict(PACKAGE)]
    assert len(ledger.stream(PACKAGE)) == 2


def test_several_ledgers_are_extended_at_once(store: Store) -> None:
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    one, two = store.ledger(BUSINESS), store.ledger(OTHER)
    stored(two, opening(PACKAGE))

    outcomes = store.append_all(
        {
            OTHER: [next_fact(PACKAGE, 2, "key-1"), next_fact(PACKAGE, 2, "key-2")],
            "biz_unknown": [opening(PACKAGE)],
            BUSINESS: [opening(PACKAGE), next_fact(PACKAGE, 2, "key-1")],
        }
    )

    assert set(outcomes) == {BUSINESS, OTHER}
    assert [type(outcome) for outcome in outcomes[OTHER]] == [Stored, Conflict]
    assert [type(outcome) for outcome in outcomes[BUSINESS]] == [Stored, Stored]
    assert assert_chained(one) == assert_chained(two) == 2
    assert answered(one, "key-1") is not None
    assert answered(two, "key-2") is None


def test_commands_of_many_businesses_are_stored_or_refused_each_as_if_it_came_alone(store: Store) -> None:
    """Given eight ledgers alike, when each gets one command, some of which conflict."""
    claim = Claim("redemption/red_1/", PACKAGE)
    plain = structs.replace(next_fact(PACKAGE, 2, "key-2", also={CUSTOMER: 1}), claims=(claim,))
    sent = {
        "biz_plain": plain,
        "biz_key_known": structs.replace(plain, request=request("key-1")),
        "biz_moved_on": structs.replace(plain, read={PACKAGE: 1, CUSTOMER: 2}),
        "biz_claim_held": structs.replace(plain, claims=(Claim("redemption/red_0/", PACKAGE),)),
        "biz_last_plain": plain,
        "biz_nothing": Append((), {PACKAGE: 1}, request=request("key-2")),
        "biz_two_facts": structs.replace(plain, facts=(fact(PACKAGE, 2), fact(PACKAGE, 3))),
        "biz_person": structs.replace(plain, people=(Person(CUSTOMER, CUSTOMER, "{}"),)),
    }
    for business_id in sent:
        store.open_ledger(business_id)
        ledger = store.ledger(business_id)
        held = (Claim("redemption/red_0/", PACKAGE),)
        stored(ledger, structs.replace(opening(PACKAGE), claims=held, request=request("key-1")))
        stored(ledger, opening(CUSTOMER, "customer"))

    outcomes = store.append_all({business_id: [command] for business_id, command in sent.items()})

    conflicts = {id: one.on for id, (one,) in outcomes.items() if isinstance(one, Conflict)}
    assert conflicts == {
        "biz_key_known": "key-1",
        "biz_moved_on": CUSTOMER,
        "biz_claim_held": "redemption/red_0/",
    }
    places = {id: (one.first, one.last) for id, (one,) in outcomes.items() if isinstance(one, Stored)}
    assert places == {
        "biz_plain": (3, 3),
        "biz_last_plain": (3, 3),
        "biz_nothing": (2, 2),
        "biz_two_facts": (3, 4),
        "biz_person": (3, 3),
    }
    for business_id in sent:
        ledger = store.ledger(business_id)
        assert assert_chained(ledger) == places.get(business_id, (0, 2))[1]
        assert (answered(ledger, "key-2") is not None) == (business_id in places)
    assert places.keys() - {"biz_nothing"} == {
        business_id for business_id in sent if store.ledger(business_id).claimants("redemption/red_1/")
    }
    assert [person.id for person in store.ledger("biz_person").people([CUSTOMER])] == [CUSTOMER]


def test_what_is_stored_together_is_what_is_stored_alone(store: Store) -> None:
    """The same command, through either door: the same fact, answer and head."""
    together, alone = "biz_together", "biz_alone"
    command = next_fact(PACKAGE, 2)
    command = structs.replace(command, request=request("key-1", people=(CUSTOMER,)))
    for business_id in (together, alone):
        store.open_ledger(business_id)
        stored(store.ledger(business_id), opening(PACKAGE))

    ((one,),) = store.append_all({together: [command]}).values()
    other = stored(store.ledger(alone), command)

    assert isinstance(one, Stored)
    assert (one.first, one.last) == (other.first, other.last)
    for business_id, done in ((together, one), (alone, other)):
        ledger = store.ledger(business_id)
        body = '{"recorded_at":"{recorded_at}"}'
        assert answered(ledger, "key-1") == Answered(
            "key-1", b"fingerprint of key-1", 2, 2, done.recorded_at, body
        )
        (last,) = ledger.facts(after=1)
        assert (last.recorded_at, last.hash) == (done.recorded_at, ledger.head().hash)
        assert NewFact(
            last.kind, last.stream_id, last.version, last.name, last.name_version, last.data, last.meta
        ) == fact(PACKAGE, 2)


def test_several_ledgers_are_extended_all_or_none(database: Database) -> None:
    store = database.open()
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    stored(store.ledger(OTHER), opening(PACKAGE))
    before = database.rows(store)
    unseen = Append((fact(PACKAGE, 1),), {})
    with pytest.raises(IntegrityError):
        store.append_all({BUSINESS: [next_fact(PACKAGE, 1, "key-1")], OTHER: [unseen]})
    assert database.rows(store) == before


def test_a_ledger_that_somebody_writes_to_is_left_out(store: Store) -> None:
    """A store with one writer for all of them says that it is busy."""
    store.open_ledger(BUSINESS)
    store.open_ledger(OTHER)
    with ThreadPoolExecutor(1) as threads, store.ledger(OTHER).locked():
        batches = {BUSINESS: [opening(PACKAGE)], OTHER: [opening(PACKAGE)]}
        appended = threads.submit(store.append_all, batches)
        if isinstance(store, SqliteStore):
            with pytest.raises(Contention):
                appended.result()
        else:
            assert set(appended.result()) == {BUSINESS}


def test_a_lone_command_waits_for_nobody_who_holds_its_ledger_for_long(store: Store) -> None:
    store.open_ledger(BUSINESS)
    with ThreadPoolExecutor(1) as threads, store.ledger(BUSINESS).locked():
        appended = threads.submit(store.append_all, {BUSINESS: [opening(PACKAGE)]})
        if isinstance(store, SqliteStore):
            with pytest.raises(Contention):
                appended.result()
        else:
            assert appended.result() == {}
    assert store.ledger(BUSINESS).head().position == 0
    assert store.append_all({"biz_unknown": [opening(PACKAGE)]}) == {}
    ((one,),) = store.append_all({BUSINESS: [opening(PACKAGE)]}).values()
    assert isinstance(one, Stored)
