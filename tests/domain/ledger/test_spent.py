"""Packages of which nothing is left are passed over by their marks, and never wrongly, on every store."""

from collections.abc import Mapping

import pytest
from msgspec import structs

from domain.decision import NewStream, Reads
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.records import Append, Conflict, Stored
from tests.domain.ledger.examples import (
    BUSINESS,
    CUSTOMER,
    OTHER,
    conflict,
    fact,
    next_fact,
    opening,
    request,
    stored,
)

LEFT = Reads(unspent_of=(CUSTOMER,))
OTHER_CUSTOMER = "cus_2"


@pytest.fixture
def books(ledger: LedgerRecorder) -> LedgerRecorder:
    """A customer with a package that is spent at its second version, and one of which something is left."""
    stored(ledger, opening("pkg_spent", customer_id=CUSTOMER))
    stored(ledger, spending("pkg_spent", 2))
    stored(ledger, opening("pkg_left", customer_id=CUSTOMER))
    return ledger


def spending(package_id: str, version: int) -> Append:
    """The fact after which nothing is left of a package."""
    return structs.replace(next_fact(package_id, version), spent={package_id: version})


def use(ledger: LedgerRecorder, read: Mapping[str, int], key: str | None = None) -> Append:
    """A use of `pkg_left`, decided on the ledger as it stands."""
    asked = None if key is None else request(key)
    return Append(
        (fact("pkg_left", read["pkg_left"] + 1),),
        read,
        request=asked,
        unspent_of=(CUSTOMER,),
        seen_upto=ledger.head().position,
    )


def read(ledger: LedgerRecorder, wanted: Reads) -> dict[str, list[int]]:
    """The versions read of each stream."""
    versions: dict[str, list[int]] = {}
    for found in ledger.load(wanted).facts:
        versions.setdefault(found.stream_id, []).append(found.version)
    return versions


def test_a_spent_package_sends_no_facts(books: LedgerRecorder) -> None:
    assert read(books, LEFT) == {"pkg_left": [1]}
    assert read(books, Reads({"pkg_left": 1}, unspent_of=(CUSTOMER,))) == {}


def test_whoever_names_it_or_asks_for_all_gets_it(books: LedgerRecorder) -> None:
    both = {"pkg_spent": [1, 2], "pkg_left": [1]}
    assert read(books, Reads(packages_of=(CUSTOMER,))) == both
    assert read(books, Reads(packages_of=(CUSTOMER,), unspent_of=(CUSTOMER,))) == both
    assert read(books, Reads({"pkg_spent": 0}, unspent_of=(CUSTOMER,))) == both
    assert read(books, Reads({"pkg_spent": 1}, unspent_of=(CUSTOMER,))) == {"pkg_spent": [2], "pkg_left": [1]}


def test_any_further_fact_makes_the_mark_void(books: LedgerRecorder) -> None:
    """Also one of a writer who says nothing of marks."""
    stored(books, next_fact("pkg_spent", 3))
    assert read(books, LEFT) == {"pkg_spent": [1, 2, 3], "pkg_left": [1]}
    stored(books, spending("pkg_spent", 4))
    assert read(books, LEFT) == {"pkg_left": [1]}


def test_a_mark_is_taken_back_where_something_is_left_again(books: LedgerRecorder) -> None:
    stored(books, structs.replace(next_fact("pkg_spent", 3), spent={"pkg_spent": 0}))
    assert read(books, LEFT).keys() == {"pkg_spent", "pkg_left"}


@pytest.mark.parametrize("version", [1, 3])
def test_a_mark_of_another_version_is_not_believed(books: LedgerRecorder, version: int) -> None:
    stored(books, structs.replace(next_fact("pkg_left", 2), spent={"pkg_left": version}))
    assert read(books, LEFT) == {"pkg_left": [1, 2]}


def test_a_package_may_be_spent_when_it_is_sold(ledger: LedgerRecorder) -> None:
    stored(ledger, structs.replace(opening("pkg_1", customer_id=CUSTOMER), spent={"pkg_1": 1}))
    assert read(ledger, LEFT) == {}


def test_a_command_that_is_not_stored_marks_nothing(books: LedgerRecorder) -> None:
    stale = structs.replace(next_fact("pkg_left", 2, also={"pkg_spent": 1}), spent={"pkg_left": 1})
    assert conflict(books, stale) == "pkg_spent"
    assert read(books, LEFT) == {"pkg_left": [1]}


def test_each_business_has_its_own_marks(store: Store, books: LedgerRecorder) -> None:
    store.open_ledger(OTHER)
    other = store.ledger(OTHER)
    stored(other, opening("pkg_spent", customer_id=CUSTOMER))
    stored(other, next_fact("pkg_spent", 2))
    assert read(other, LEFT) == {"pkg_spent": [1, 2]}
    found = store.load_all({OTHER: (LEFT, ()), BUSINESS: (LEFT, ())})
    assert {id: len(each.facts) for id, each in found.items()} == {OTHER: 2, BUSINESS: 1}


def test_a_package_that_was_passed_over_and_moved_meanwhile_is_a_conflict(books: LedgerRecorder) -> None:
    command = use(books, {"pkg_left": 1})
    stored(books, structs.replace(next_fact("pkg_spent", 3), spent={"pkg_spent": 0}))
    assert conflict(books, command) == "pkg_spent"
    assert len(books.stream("pkg_left")) == 1


def test_a_package_that_was_sold_meanwhile_is_a_conflict(books: LedgerRecorder) -> None:
    command = use(books, {"pkg_left": 1})
    stored(books, opening("pkg_new", customer_id=CUSTOMER))
    assert conflict(books, command) == "pkg_new"


def test_a_package_that_was_read_is_judged_by_its_version_alone(books: LedgerRecorder) -> None:
    before = books.head().position
    stored(books, next_fact("pkg_spent", 3))
    command = structs.replace(use(books, {"pkg_left": 1, "pkg_spent": 3}), seen_upto=before)
    stored(books, command)


def test_what_others_do_meanwhile_is_no_conflict(books: LedgerRecorder) -> None:
    """Packages of other customers, and other things of the customer."""
    stored(books, opening("pkg_other", customer_id=OTHER_CUSTOMER))
    command = use(books, {"pkg_left": 1})
    stored(books, next_fact("pkg_other", 2))
    stored(books, opening("bkg_1", "booking", CUSTOMER))
    stored(books, command)
    assert read(books, LEFT) == {"pkg_left": [1, 2]}


def test_in_a_batch_what_was_read_of_the_commands_before_is_no_conflict(books: LedgerRecorder) -> None:
    first = structs.replace(use(books, {"pkg_left": 1}), spent={"pkg_left": 2})
    sale = opening("pkg_new", customer_id=CUSTOMER)
    then = structs.replace(use(books, {"pkg_left": 2, "pkg_new": 1}), spent={"pkg_left": 0})
    assert [type(outcome) for outcome in books.append([first, sale, then])] == [Stored] * 3
    assert read(books, LEFT) == {"pkg_left": [1, 2, 3], "pkg_new": [1]}


def test_in_a_batch_nothing_moves_meanwhile_by_the_commands_before(books: LedgerRecorder) -> None:
    """They were decided on the same books. What others recorded since these were read still is a conflict."""
    sale, command = opening("pkg_new", customer_id=CUSTOMER), use(books, {"pkg_left": 1})
    assert [type(outcome) for outcome in books.append([sale, command])] == [Stored] * 2
    stale = structs.replace(use(books, {"pkg_left": 2, "pkg_new": 1}), seen_upto=0)
    other = opening("pkg_newer", customer_id=CUSTOMER)
    assert [type(outcome) for outcome in books.append([other, stale])] == [Stored, Conflict]


def test_under_the_lock_nothing_moves_meanwhile(books: LedgerRecorder) -> None:
    with books.locked() as locked:
        stored(locked, use(locked, {"pkg_left": 1}))


def test_commands_of_many_businesses_are_judged_each_by_its_own_packages(store: Store) -> None:
    """One for each business, as tills send them: in one of them a package moved since."""
    commands: dict[str, list[Append]] = {}
    for business_id in ("biz_quiet", "biz_moved", "biz_busy"):
        store.open_ledger(business_id)
        ledger = store.ledger(business_id)
        stored(ledger, opening("pkg_spent", customer_id=CUSTOMER))
        stored(ledger, spending("pkg_spent", 2))
        stored(ledger, opening("pkg_left", customer_id=CUSTOMER))
        commands[business_id] = [
            structs.replace(use(ledger, {"pkg_left": 1}, "key-1"), spent={"pkg_left": 2})
        ]
    stored(store.ledger("biz_moved"), next_fact("pkg_spent", 3))
    stored(store.ledger("biz_busy"), opening("svc_1", "service"))

    outcomes = store.append_all(commands)

    assert {id: type(one) for id, (one,) in outcomes.items()} == {
        "biz_quiet": Stored,
        "biz_moved": Conflict,
        "biz_busy": Stored,
    }
    assert {id: read(store.ledger(id), LEFT) for id in commands} == {
        "biz_quiet": {},
        "biz_moved": {"pkg_spent": [1, 2, 3], "pkg_left": [1]},
        "biz_busy": {},
    }


def test_merged_customers_are_asked_for_together(books: LedgerRecorder) -> None:
    stored(books, opening("pkg_other", customer_id=OTHER_CUSTOMER))
    stored(books, spending("pkg_other", 2))
    assert read(books, Reads(unspent_of=(CUSTOMER, OTHER_CUSTOMER))) == {"pkg_left": [1]}
    command = structs.replace(use(books, {"pkg_left": 1}), unspent_of=(CUSTOMER, OTHER_CUSTOMER))
    stored(books, next_fact("pkg_other", 3))
    assert conflict(books, command) == "pkg_other"


def test_a_stream_without_a_customer_is_nobodys_package(ledger: LedgerRecorder) -> None:
    stored(ledger, Append((fact("pkg_1", 1),), {}, streams=(NewStream("package", "pkg_1"),)))
    assert read(ledger, LEFT) == {}
