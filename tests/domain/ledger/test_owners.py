"""What belongs to a customer, after they were merged into another one: it is the survivor's, in person too."""

from collections.abc import Sequence

from domain.fact import fold
from domain.ledger.owners import owned_by
from domain.package.evolution import evolve
from domain.package.facts import PackageFact, UnitsHeld
from domain.package.state import Package
from tests.domain.words import NOW, moment, sold, used


def held(booking_id: str, participant_id: str, held: int) -> UnitsHeld:
    return UnitsHeld(
        effective_at=moment(NOW),
        booking_id=booking_id,
        line=1,
        quantity=1,
        held=held,
        remaining=9,
        service_id="svc_massage",
        participant_id=participant_id,
        session_at=moment(NOW),
    )


def test_uses_holds_and_beneficiaries_of_the_customer_in_person_are_those_of_the_survivor() -> None:
    facts: Sequence[PackageFact] = (
        sold(beneficiaries=("par_1", "par_ada")),
        used(1, remaining=9, participant_id="par_1"),
        held("bkg_1", "par_1", 1),
        held("bkg_2", "par_ada", 2),
    )
    theirs: Package = owned_by(fold(evolve, None, facts), "cus_2")
    assert theirs.customer_id == "cus_2"
    assert theirs.beneficiaries == ("par_2", "par_ada")
    assert [use.participant_id for use in theirs.uses.values()] == ["par_2"]
    assert {id: hold.participant_id for id, (hold,) in theirs.holds.items()} == {
        "bkg_1": "par_2",
        "bkg_2": "par_ada",
    }
