"""What a decision gets to see, on every store."""

import pytest

from domain.claims import Claim
from domain.decision import NewStream, Reads
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.numbers import number_of
from domain.ledger.records import Append
from domain.people.directory import Person, Text
from tests.domain.ledger.examples import BUSINESS, CUSTOMER, OTHER, fact, next_fact, opening, stored

OTHER_CUSTOMER = "cus_2"


@pytest.fixture
def books(ledger: LedgerRecorder) -> LedgerRecorder:
    """Two customers with their packages, claims, people and texts, their facts interleaved."""
    ledger.append(
        [
            Append(
                (fact(CUSTOMER, 1, kind="customer"),),
                {CUSTOMER: 0},
                streams=(NewStream("customer", CUSTOMER),),
                people=(Person(CUSTOMER, CUSTOMER, '{"name":"Ada"}'), Person("par_1", CUSTOMER, "{}")),
            ),
            Append(
                (fact(OTHER_CUSTOMER, 1, kind="customer"),),
                {OTHER_CUSTOMER: 0},
                streams=(NewStream("customer", OTHER_CUSTOMER),),
                people=(Person(OTHER_CUSTOMER, OTHER_CUSTOMER, "{}"),),
            ),
            sale("pkg_z", CUSTOMER, 1),
            sale("pkg_b", OTHER_CUSTOMER, 1),
            sale("pkg_a", CUSTOMER, 2),
            next_fact("pkg_z", 2),
            next_fact("pkg_b", 2),
            next_fact("pkg_z", 3),
            opening("bkg_1", "booking", CUSTOMER),
            Append(
                (fact("stf_1", 1, kind="staff"),),
                {"stf_1": 0},
                streams=(NewStream("staff", "stf_1"),),
                people=(Person("stf_1", "stf_1", "{}"),),
            ),
        ]
    )
    assert ledger.head().position == 10
    return ledger


def sale(stream_id: str, customer_id: str, number: int) -> Append:
    return Append(
        (fact(stream_id, 1),),
        {stream_id: 0},
        claims=(Claim(f"purchase/{customer_id}/off_1/{number}", stream_id),),
        streams=(NewStream("package", stream_id, customer_id),),
    )


def read(books: LedgerRecorder, wanted: Reads) -> dict[str, list[int]]:
    """The versions read of each stream; the facts of one must lie together."""
    versions: dict[str, list[int]] = {}
    last = None
    for found in books.load(wanted).facts:
        assert found.stream_id == last or found.stream_id not in versions
        last = found.stream_id
        versions.setdefault(last, []).append(found.version)
    return versions


def test_streams_are_read_whole_by_version(books: LedgerRecorder) -> None:
    assert read(books, Reads({"pkg_z": 0, "pkg_a": 0, "pkg_none": 0})) == {"pkg_z": [1, 2, 3], "pkg_a": [1]}


def test_only_facts_after_the_known_version_are_read(books: LedgerRecorder) -> None:
    assert read(books, Reads({"pkg_z": 2, "pkg_b": 2})) == {"pkg_z": [3]}


def test_the_packages_of_a_customer_are_read(books: LedgerRecorder) -> None:
    assert read(books, Reads(packages_of=(CUSTOMER,))) == {"pkg_z": [1, 2, 3], "pkg_a": [1]}
    assert read(books, Reads(packages_of=("cus_none",))) == {}


def test_a_known_version_holds_for_streams_found_by_other_ways(books: LedgerRecorder) -> None:
    assert read(books, Reads({"pkg_z": 2}, packages_of=(CUSTOMER,))) == {"pkg_z": [3], "pkg_a": [1]}


def test_the_holders_of_claims_are_read(books: LedgerRecorder) -> None:
    assert read(books, Reads(claimed=("purchase/cus_1/off_1/2",))) == {"pkg_a": [1]}
    assert read(books, Reads(claimed=("purchase/cus_1/",))) == {"pkg_z": [1, 2, 3], "pkg_a": [1]}
    assert read(books, Reads(claimed=("purchase/cus_3/",))) == {}


def test_the_customers_of_packages_are_read_too(books: LedgerRecorder) -> None:
    assert read(books, Reads({"pkg_b": 0}, with_customers=True)) == {"pkg_b": [1, 2], OTHER_CUSTOMER: [1]}
    assert read(books, Reads({"pkg_b": 2}, with_customers=True)) == {OTHER_CUSTOMER: [1]}
    assert read(books, Reads({"bkg_1": 0}, with_customers=True)) == {"bkg_1": [1]}
    both = read(books, Reads(packages_of=(CUSTOMER,), claimed=("purchase/cus_2/",), with_customers=True))
    assert both.keys() == {"pkg_z", "pkg_a", "pkg_b", CUSTOMER, OTHER_CUSTOMER}


def test_claims_are_counted_by_prefix(books: LedgerRecorder) -> None:
    prefixes = ("purchase/cus_1/off_1/", "purchase/", "purchase/cus_2/off_2/")
    assert books.load(Reads(counted=prefixes)).counts == dict(zip(prefixes, (2, 3, 0), strict=True))


def test_a_prefix_is_no_pattern(ledger: LedgerRecorder) -> None:
    """`_`, `%` and letters that sort far away mean themselves; case matters."""
    claims = ["a_b/1", "axb/1", "a%b/1", "A_B/1", "a_b0", "a_b/é", "a_b/\U0001f600"]
    held = tuple(Claim(claim, f"pkg_{number}") for number, claim in enumerate(claims))
    opened = tuple(fact(each.stream_id, 1) for each in held)
    stored(ledger, Append(opened, {}, claims=held))
    assert list(ledger.claimants("a_b/")) == ["pkg_0", "pkg_5", "pkg_6"]
    assert ledger.load(Reads(counted=("a_b/", "a%", "a"))).counts == {"a_b/": 3, "a%": 1, "a": 6}


def test_a_stream_that_holds_several_claims_is_named_once(ledger: LedgerRecorder) -> None:
    held = (Claim("source/b/1", "pkg_1"), Claim("source/a/1", "pkg_1"), Claim("source/a/2", "pkg_2"))
    stored(ledger, Append((fact("pkg_1", 1), fact("pkg_2", 1)), {}, claims=held))
    assert list(ledger.claimants("source/")) == ["pkg_1", "pkg_2"]


def test_streams_of_a_customer_come_in_the_order_they_were_opened(books: LedgerRecorder) -> None:
    assert list(books.streams_of(CUSTOMER, "package")) == ["pkg_z", "pkg_a"]
    assert list(books.streams_of(CUSTOMER, "booking")) == ["bkg_1"]
    assert list(books.streams_of("cus_none", "package")) == []


def test_streams_of_a_kind_come_in_order_of_their_numbers_page_by_page(books: LedgerRecorder) -> None:
    packages = sorted(("pkg_a", "pkg_b", "pkg_z"), key=number_of)
    assert list(books.streams("package")) == packages
    assert list(books.streams("package", limit=2)) == packages[:2]
    assert list(books.streams("package", after=packages[1])) == packages[2:]
    assert list(books.streams("customer")) == sorted((CUSTOMER, OTHER_CUSTOMER), key=number_of)
    assert list(books.streams("points")) == []


def test_the_people_of_the_customers_and_staff_that_were_read_come_along(books: LedgerRecorder) -> None:
    def people(wanted: Reads) -> set[str]:
        return {person.id for person in books.load(wanted).people}

    assert people(Reads({CUSTOMER: 0})) == {CUSTOMER, "par_1"}
    assert people(Reads({CUSTOMER: 1})) == {CUSTOMER, "par_1"}
    assert people(Reads({"pkg_b": 0}, with_customers=True)) == {OTHER_CUSTOMER}
    assert people(Reads({"pkg_b": 0, "bkg_1": 0})) == set()
    assert people(Reads({"stf_1": 0, "pkg_b": 0})) == {"stf_1"}


def test_people_are_replaced_and_read_by_id(books: LedgerRecorder) -> None:
    changed = Person("par_1", CUSTOMER, '{"name":"Bo"}')
    stored(books, Append((fact(CUSTOMER, 2, kind="customer"),), {CUSTOMER: 1}, people=(changed,)))
    assert list(books.people(["par_none", "par_1"])) == [changed]
    assert list(books.people([])) == []


def test_texts_are_read_by_id(ledger: LedgerRecorder) -> None:
    text = Text("txt_1", CUSTOMER, b"\x00salt", "rained all day\nno session ✓")
    stored(ledger, Append((fact("pkg_1", 1),), {}, texts=(text,)))
    assert list(ledger.texts(["txt_none", "txt_1"])) == [text]
    assert list(ledger.texts([])) == []


def test_the_head_is_that_of_what_was_read(books: LedgerRecorder) -> None:
    assert books.load(Reads()).head == books.head()


def test_several_ledgers_are_read_at_once_each_by_itself(store: Store, books: LedgerRecorder) -> None:
    store.open_ledger(OTHER)
    stored(store.ledger(OTHER), next_fact("pkg_z", 1, "key-1"))
    everything = Reads({"pkg_z": 1}, (CUSTOMER,), ("purchase/",), True, ("purchase/",))
    elsewhere = Reads({"pkg_z": 0}, counted=("purchase/",))

    loaded = store.load_all(
        {"biz_unknown": (everything, ()), BUSINESS: (everything, ["key-1"]), OTHER: (elsewhere, ["key-1"])}
    )

    assert loaded == {
        BUSINESS: books.load(everything, ["key-1"]),
        OTHER: store.ledger(OTHER).load(elsewhere, ["key-1"]),
    }
    assert [len(found.answered) for found in loaded.values()] == [0, 1]
    assert len(loaded[BUSINESS].facts) > 5
    assert store.load_all({}) == {}


def test_tills_of_several_businesses_read_at_once_what_each_would_read_alone(
    store: Store, books: LedgerRecorder
) -> None:
    """The same ids in both ledgers: each question is answered by its own business."""
    store.open_ledger(OTHER)
    customer = Person(OTHER_CUSTOMER, OTHER_CUSTOMER, '{"name":"Bo"}')
    elsewhere = store.ledger(OTHER)
    elsewhere.append(
        [
            Append(
                (fact(OTHER_CUSTOMER, 1, kind="customer"),),
                {OTHER_CUSTOMER: 0},
                streams=(NewStream("customer", OTHER_CUSTOMER),),
                people=(customer,),
            ),
            sale("pkg_z", OTHER_CUSTOMER, 1),
            next_fact("pkg_z", 2, "key-1"),
        ]
    )
    of_till = Reads({"pkg_z": 0, "pkg_none": 0}, with_customers=True, counted=("purchase/", "none/"))
    partly_known = Reads({CUSTOMER: 1, "pkg_b": 1, "pkg_a": 0}, with_customers=True)
    asked = {
        BUSINESS: (partly_known, ["key-none"]),
        "biz_unknown": (of_till, ["key-1"]),
        OTHER: (of_till, ["key-1", "key-none"]),
    }

    loaded = store.load_all(asked)

    assert loaded == {
        BUSINESS: books.load(*asked[BUSINESS]),
        OTHER: elsewhere.load(*asked[OTHER]),
    }
    assert [fact.stream_id for fact in loaded[BUSINESS].facts] == ["pkg_b", "pkg_a", OTHER_CUSTOMER]
    assert [fact.stream_id for fact in loaded[OTHER].facts] == ["pkg_z", "pkg_z", OTHER_CUSTOMER]
    assert loaded[OTHER].people == [customer]
    assert loaded[OTHER].counts == {"purchase/": 1, "none/": 0}
    assert [len(found.answered) for found in loaded.values()] == [0, 1]
    alone = {OTHER: asked[OTHER]}
    assert store.load_all(alone) == {OTHER: loaded[OTHER]}


def test_facts_of_several_ledgers_are_read_at_once(store: Store, books: LedgerRecorder) -> None:
    store.open_ledger(OTHER)
    store.open_ledger("biz_3")
    stored(store.ledger(OTHER), next_fact("pkg_z", 1))

    found = store.facts_of({OTHER: (0, 5), "biz_unknown": (0, 5), BUSINESS: (3, 4), "biz_3": (0, 5)})

    assert found == {OTHER: store.ledger(OTHER).facts(), BUSINESS: books.facts(after=3, limit=4)}
    assert len(found[BUSINESS]) == 4
