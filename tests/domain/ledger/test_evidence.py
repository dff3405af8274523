"""Verification reads rows as every store keeps them: by the numbers of streams, or by their ids."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from domain.claims import Claim
from domain.ledger import evidence as reading
from domain.ledger.contract import Store
from domain.ledger.evidence import Evidence, pages
from domain.ledger.numbers import number_of
from tests.domain.ledger.examples import BUSINESS, CUSTOMER, OTHER, opening, stored

PACKAGES = tuple(f"pkg_{number}" for number in range(7))


@pytest.fixture
def evidence(store: Store) -> Iterator[Evidence]:
    """A customer with packages, each of which claims a name, beside a business with a package of the same id."""
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(CUSTOMER, "customer", CUSTOMER))
    for package in PACKAGES:
        command = opening(package, customer_id=CUSTOMER)
        stored(ledger, structs.replace(command, claims=(Claim(f"name of {package}", package),)))
    stored(store.ledger(OTHER), opening("pkg_0"))
    with store.evidence(BUSINESS) as found:
        yield found


@pytest.fixture(params=[2, 2_000])
def page_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of few rows, and pages that hold all."""
    monkeypatch.setattr(reading, "ROWS_PER_PAGE", request.param)


@pytest.mark.usefixtures("page_of")
def test_rows_tell_streams_by_their_ids_or_by_their_numbers(evidence: Evidence) -> None:
    customer = number_of(CUSTOMER)
    opened = {CUSTOMER: 1} | {package: at for at, package in enumerate(PACKAGES, 2)}
    told = sorted((number_of(id), id, position) for id, position in opened.items())
    kinds = dict.fromkeys(PACKAGES, "package") | {CUSTOMER: "customer"}

    def rows(table: str, *, by_number: bool) -> list[tuple[object, ...]]:
        return [row for page in pages(evidence, table, by_number=by_number) for row in page]

    assert rows("streams", by_number=False) == [
        (number, kinds[id], CUSTOMER, position, None) for number, id, position in told
    ]
    assert rows("streams", by_number=True) == [
        (number, kinds[id], customer, position, None) for number, id, position in told
    ]
    assert rows("claims", by_number=False) == [(f"name of {package}", package) for package in PACKAGES]
    assert rows("claims", by_number=True) == [
        (f"name of {package}", number_of(package)) for package in PACKAGES
    ]


def test_a_stream_of_nobody_has_no_number_of_a_customer(store: Store) -> None:
    store.open_ledger(BUSINESS)
    stored(store.ledger(BUSINESS), opening("svc_1", "service"))
    with store.evidence(BUSINESS) as evidence:
        for by_number in (False, True):
            (page,) = pages(evidence, "streams", by_number=by_number)
            assert [*page] == [(number_of("svc_1"), "service", None, 1, None)]


def test_streams_that_are_asked_for_are_told_with_their_customers(evidence: Evidence) -> None:
    asked = {number_of(id) for id in (PACKAGES[3], CUSTOMER, "pkg_unknown")}
    assert sorted(evidence.registered(asked)) == sorted(
        [(number_of(PACKAGES[3]), CUSTOMER), (number_of(CUSTOMER), CUSTOMER)]
    )
    assert [*evidence.registered(set())] == []
