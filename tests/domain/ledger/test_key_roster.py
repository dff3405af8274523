"""The list of all keys of a business: the same on every store, and as cheap to extend with many keys as with few."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier

import pytest

from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.evidence import rows
from domain.ledger.key_roster import COUNT, IDS_OF_PAGE, Page, Verdict, flaws_of, listed, page_of, with_key
from domain.ledger.records import StoredKey
from tests.domain.ledger.conftest import Database
from tests.domain.ledger.examples import BUSINESS, OTHER, PACKAGE, opening, stored


class Pepper:
    """Makes MACs, and counts the bytes that they cover. `known`: all peppers there ever were, `before` one at hand."""

    def __init__(
        self, secret: str = "a", before: str = "", known: str = "", *, is_mended: bool = False
    ) -> None:
        self._secrets = secret + before
        self._known = known or self._secrets
        self.is_mended = is_mended
        self.covered: list[int] = []
        self.noted: list[Verdict] = []

    def mac(self, page: str, text: str, secret: str = "") -> bytes:
        self.covered.append(len(text))
        return sha256(f"{secret or self._secrets[0]}/{page}/{text}".encode()).digest()

    def verdict(self, page: Page) -> Verdict:
        if any(self.mac(page.page, page.text, each) == page.mac for each in self._secrets):
            return "genuine"
        return "forged" if {*self._known} <= {*self._secrets} else "unknown"

    def note(self, verdict: Verdict) -> None:
        self.noted.append(verdict)


def key(number: int, business: str = BUSINESS, role: str = "owner") -> StoredKey:
    return StoredKey(f"key_{number:04}", business, "office", role, f"key_{number:04}", b"mac", 1_000 + number)


def pages_of(store: Store, business: str = BUSINESS) -> dict[str, Page]:
    with store.evidence(business) as evidence:
        return {
            each.key[0]: Page(each.key[0], each.values["ids"], each.values["mac"])
            for each in rows(evidence, "key_rosters")
        }


def texts(pages: dict[str, Page]) -> dict[str, str]:
    return {page: each.text for page, each in pages.items()}


def test_a_key_more_covers_no_more_of_many_keys_than_of_few(store: Store) -> None:
    store.open_ledger(BUSINESS)
    pepper, most = Pepper(), 0
    for number in range(2 * IDS_OF_PAGE + 3):
        pepper.covered.clear()
        store.add_key(key(number), pepper)
        most = max(most, sum(pepper.covered))
    kept = pages_of(store)
    assert listed(texts(kept)) == [f"key_{number:04}" for number in range(2 * IDS_OF_PAGE + 3)]
    assert all(each.mac == Pepper().mac(each.page, each.text) for each in kept.values())
    assert most < 3 * IDS_OF_PAGE * len("key_0000 "), "the old page, the new one and the number"


MANY = IDS_OF_PAGE + 1
ISSUED = [f"key_{number:04}" for number in range(MANY)]


def issued(store: Store) -> None:
    store.open_ledger(BUSINESS)
    for number in range(MANY):
        store.add_key(key(number), Pepper())


def fitting(kept: Mapping[str, Page], secret: str) -> set[str]:
    """The pages whose MAC is of this pepper."""
    return {each.page for each in kept.values() if each.mac == Pepper(secret).mac(each.page, each.text)}


@pytest.mark.parametrize(
    ("pepper", "noted"),
    [
        (Pepper("b", before="a"), []),
        (Pepper("b", known="ab"), ["unknown"]),
    ],
    ids=["proved under the one before", "which is not at hand"],
)
def test_under_another_pepper_the_whole_list_is_written_anew(
    store: Store, pepper: Pepper, noted: list[Verdict]
) -> None:
    issued(store)
    pepper.noted.clear()
    store.add_key(key(900), pepper)
    kept = pages_of(store)
    assert fitting(kept, "b") == {*kept}
    assert listed(texts(kept)) == [*ISSUED, "key_0900"]
    assert pepper.noted == noted
    store.add_key(key(901), pepper)
    assert (pepper.noted, fitting(pages_of(store), "b")) == (noted, {*kept})


def test_keys_that_are_issued_at_once_are_all_in_the_list(database: Database) -> None:
    store = database.open()
    store.open_ledger(BUSINESS)
    with ThreadPoolExecutor(4) as tills:
        list(tills.map(lambda number: store.add_key(key(number), Pepper()), range(12)))
    ids = listed(texts(pages_of(store)))
    assert sorted(ids) == [f"key_{number:04}" for number in range(12)]


def made(count: int) -> dict[str, Page]:
    pages: dict[str, Page] = {}
    for number in range(count):
        for page in [*with_key(pages.get, pages.values, f"k{number}", Pepper())]:
            pages[page.page] = page
    return pages


Pages = dict[str, Page]


def with_more(pages: Pages, roster: Pepper, *ids: str) -> Pages:
    for id in ids:
        for page in [*with_key(pages.get, pages.values, id, roster)]:
            pages[page.page] = page
    return pages


def changed(pages: Pages, name: str, **change: object) -> Pages:
    return pages | {name: pages[name]._replace(**change)}  # type: ignore[arg-type]


def without(pages: Pages, name: str) -> Pages:
    return {each: page for each, page in pages.items() if each != name}


@pytest.mark.parametrize(
    "change",
    [
        lambda pages: changed(pages, page_of(0), text=pages[page_of(0)].text.replace("k3 ", "")),
        lambda pages: changed(pages, page_of(0), mac=b""),
        lambda pages: without(pages, page_of(0)),
        lambda pages: changed(pages, COUNT, text="128"),
        lambda pages: changed(pages, COUNT, text="x"),
        lambda pages: changed(pages, COUNT, mac=b""),
        lambda pages: without(pages, COUNT),
        lambda pages: changed(pages, page_of(MANY), text=pages[page_of(MANY)].text + " k700"),
    ],
)
@pytest.mark.parametrize("later", [Pepper("b", before="a"), Pepper("a")], ids=["a new pepper", "the same"])
def test_a_list_that_was_changed_never_gets_macs_that_fit(
    change: Callable[[Pages], Pages], later: Pepper
) -> None:
    """given somebody who may write every table and has no pepper, then no key that is issued hides what they did."""
    pages = with_more(change(made(MANY)), later, "k900", "k901")
    fit = fitting(pages, "a") | fitting(pages, "b")
    assert fit != {*pages} or flaws_of(texts(pages)) != []
    assert {"k900", "k901"} <= {*listed(texts(pages))}
    before = listed(texts(pages))
    mended = with_more(pages, Pepper("b", is_mended=True), "k902")
    assert (fitting(mended, "b"), flaws_of(texts(mended))) == ({*mended}, [])
    assert listed(texts(mended)) == [*before, "k902"]


def test_a_list_without_one_of_its_pages_or_ids_is_told() -> None:
    whole = texts(made(2 * IDS_OF_PAGE + 1))
    assert flaws_of(whole) == []
    for page in whole:
        assert flaws_of({each: text for each, text in whole.items() if each != page}) == [
            (page, "is missing")
        ]
    first = whole[page_of(0)].partition(" ")[2]
    assert flaws_of(whole | {page_of(0): first}) == [(COUNT, "is not the number of ids")]
    assert flaws_of(whole | {COUNT: "x"}) == [
        (page, "was never written") for page in sorted(whole) if page != COUNT
    ]
    beyond = page_of(9_999 * IDS_OF_PAGE)
    assert flaws_of(whole | {beyond: "k9"}) == [(beyond, "was never written")]


# Revoking while others do


class LastOne(Exception):
    """No other key is left."""


def another_is_left(key_id: str) -> Callable[[LedgerRecorder], None]:
    def check(ledger: LedgerRecorder) -> None:
        if not [each for each in ledger.live_keys("owner") if each.id != key_id]:
            raise LastOne

    return check


def revoke(store: Store, key_id: str, barrier: Barrier) -> bool:
    barrier.wait()
    try:
        return store.revoke_key(BUSINESS, key_id, 5_000, check=another_is_left(key_id))
    except LastOne:
        return False


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_two_processes_that_revoke_each_others_key_one_succeeds(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """Each looks whether another key of its role is left, and revokes: one after the other."""
    database: Database = request.getfixturevalue(f"{kind}_database")
    stores = [database.open(), database.open()]
    stores[0].open_ledger(BUSINESS)
    for turn in range(0, 16, 2):
        two = [key(turn), key(turn + 1)]
        for each in two:
            stores[0].add_key(each)
        barrier = Barrier(2)
        with ThreadPoolExecutor(2) as owners:
            revoked = owners.map(revoke, stores, [each.id for each in two], [barrier, barrier])
            assert sorted(revoked) == [False, True]
        (left,) = stores[1].ledger(BUSINESS).live_keys("owner")
        assert stores[0].revoke_key(BUSINESS, left.id, 6_000), "without a check"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_check_waits_for_whoever_has_the_ledger_and_sees_what_they_recorded(
    request: pytest.FixtureRequest, kind: str
) -> None:
    database: Database = request.getfixturevalue(f"{kind}_database")
    first, second = database.open(), database.open()
    first.open_ledger(BUSINESS)
    first.add_key(key(1))
    seen: list[int] = []

    def check(ledger: LedgerRecorder) -> None:
        assert ledger.is_locked
        seen.append(ledger.head().position)

    with ThreadPoolExecutor(1) as elsewhere:
        with first.ledger(BUSINESS).locked() as locked:
            revoked = elsewhere.submit(second.revoke_key, BUSINESS, "key_0001", 5_000, check=check)
            stored(locked, opening(PACKAGE))
        assert revoked.result()
    assert seen == [1]


def test_a_key_that_is_revoked_or_of_another_business_is_left_as_it_is(store: Store) -> None:
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
    store.add_key(key(1))
    assert store.revoke_key(BUSINESS, key(1).id, 5_000)
    store.add_key(key(2, OTHER))
    for id in (key(1).id, key(2).id):
        assert not store.revoke_key(BUSINESS, id, 6_000, check=lambda ledger: None)


def test_the_live_keys_are_those_of_a_business_and_a_role_that_are_not_revoked(store: Store) -> None:
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
    for each in (key(1), key(2), key(3, role="staff"), key(4, OTHER), key(5)):
        store.add_key(each)
    store.revoke_key(BUSINESS, "key_0005", 5_000)
    assert {each.id for each in store.ledger(BUSINESS).live_keys("owner")} == {"key_0001", "key_0002"}
    with store.ledger(OTHER).locked() as locked:
        assert [each.id for each in locked.live_keys("owner")] == ["key_0004"]
