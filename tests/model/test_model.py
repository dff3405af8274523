"""The machine in the suite: a few hundred steps on every store, each time the same (trust.md, layer 1)."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date

import pytest

from tests.model.accounts import Accounts
from tests.model.diary import Diary, Judge
from tests.model.places import Places, places
from tests.model.plain import Asking, KnownUse, Line, Offer, Package, Refusal
from tests.model.reference import Reference
from tests.model.run import run
from tests.postgres import PostgresServer


@pytest.fixture(scope="module")
def in_memory() -> Iterator[Places]:
    with places("memory") as make:
        yield make


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(2, 12))])
def test_books_in_memory_say_what_the_reference_says(in_memory: Places, seed: int) -> None:
    assert run(in_memory, examples=8, steps=40, from_seed=seed) > 100


@pytest.mark.parametrize(
    "examples", [pytest.param(4, marks=pytest.mark.extended), pytest.param(8, marks=pytest.mark.sweep)]
)
def test_books_on_sqlite_say_what_the_reference_says(examples: int) -> None:
    with places("sqlite") as make:
        assert run(make, examples=examples, steps=30, from_seed=4) > 10 * examples


@pytest.mark.parametrize(
    "examples", [pytest.param(3, marks=pytest.mark.extended), pytest.param(6, marks=pytest.mark.sweep)]
)
def test_books_on_postgresql_say_what_the_reference_says(
    postgres_server: PostgresServer, examples: int
) -> None:
    with places("postgres", postgres_server) as make:
        assert run(make, examples=examples, steps=30, from_seed=5) > 10 * examples


# A machine that finds nothing wrong proves nothing: here the reference is wrong, and that must be found.


class ForgetsRestorations(Reference):
    def restore(
        self,
        asking: Asking,
        redemption: str,
        quantity: int | None,
        package: str | None = None,
        reason: bool = False,
    ) -> bool:
        return deepcopy(self).keep_restoring(asking, redemption, quantity, package, reason)

    def keep_restoring(
        self, asking: Asking, redemption: str, quantity: int | None, package: str | None, reason: bool
    ) -> bool:
        return super().restore(asking, redemption, quantity, package, reason)


class SpreadsTheRestOverTheLast(Reference):
    """The minor units that do not divide belong to the largest remainders, first units first."""

    def priced(self, terms: Offer, price: int, moment: int) -> list[Line]:
        lines = super().priced(terms, price, moment)
        for line in lines:
            line.units.reverse()
        return lines


class TakesTooMuchMoney(Reference):
    def pay(self, asking: Asking, id: str, payment: str, amount: int, effective: date | int | None) -> bool:
        try:
            return super().pay(asking, id, payment, amount, effective)
        except Refusal as refusal:
            if refusal.codes == {"overpayment"}:
                return True
            raise


class LivesInLondon(Reference):
    """A day begins when it begins where the business is."""

    def __init__(self, zone: str, locations: Mapping[str, str | None]) -> None:
        super().__init__("Europe/London", locations)


class KnowsOneZone(Reference):
    """A location has the days of its business."""

    def zone_at(self, location: str | None, otherwise: str | None = None) -> str:
        return self.zone


class EmploysForEver(Reference):
    def let_staff(self, id: str, work: bool) -> bool:
        changed = super().let_staff(id, work)
        self.staff = dict.fromkeys(self.staff, True)
        return changed


class ForgivingDiary(Diary):
    def _call_off(self, asking: Asking, id: str, judged: Judge, override: str | None) -> None:
        super()._call_off(asking, id, lambda source: (judged(source)[0], True), override)


class ForgivesWhoIsLate(Reference):
    def __init__(self, zone: str, locations: Mapping[str, str | None]) -> None:
        super().__init__(zone, locations)
        self.diary = ForgivingDiary(self)


class ForgetfulDiary(Diary):
    def _hold(self, id: str, given: list[tuple[Package, int, int]], use: KnownUse, asking: Asking) -> None:
        for package, _, _ in given:
            package.begin(asking)


class ForgetsToHold(Reference):
    def __init__(self, zone: str, locations: Mapping[str, str | None]) -> None:
        super().__init__(zone, locations)
        self.diary = ForgetfulDiary(self)


class GenerousAccounts(Accounts):
    def takes_back(
        self,
        customer: str,
        kind: str,
        id: str,
        at: int,
        part: int = 1,
        whole: int = 1,
        before: int = 0,
        turn: int = 1,
    ) -> None:
        """Points are kept whatever becomes of what gave them."""


class LeavesPointsForWhatWasUndone(Reference):
    def __init__(self, zone: str, locations: Mapping[str, str | None]) -> None:
        super().__init__(zone, locations)
        self.accounts = GenerousAccounts(self)


@pytest.mark.parametrize(
    ("wrong", "seed"),
    [
        (ForgetsRestorations, 2),
        (LivesInLondon, 15),
        (ForgetsToHold, 14),
        (LeavesPointsForWhatWasUndone, 12),
        pytest.param(SpreadsTheRestOverTheLast, 14, marks=pytest.mark.sweep),
        pytest.param(TakesTooMuchMoney, 20, marks=pytest.mark.sweep),
        pytest.param(KnowsOneZone, 7, marks=pytest.mark.sweep),
        pytest.param(EmploysForEver, 4, marks=pytest.mark.sweep),
        pytest.param(ForgivesWhoIsLate, 12, marks=pytest.mark.sweep),
    ],
)
def test_a_wrong_reference_is_found_out(in_memory: Places, wrong: type[Reference], seed: int) -> None:
    """`seed` is one that finds it soon; the machine stops at the first difference."""
    with pytest.raises(AssertionError):
        run(in_memory, examples=300, steps=40, from_seed=seed, reference=wrong)
