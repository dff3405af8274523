"""Who a package is for, and changing that after the sale; notes, which anybody at the desk may add."""

import pytest

from domain.package.commands import AddNote, ChangeSharing
from domain.package.facts import NoteAdded, SharingChanged
from domain.refusals import Invalid, PackageIsCancelled
from tests.domain.given import given
from tests.domain.words import NOW, because, cancelled, moment, of_line, redeem, sold, used


def change(sharing: str, *beneficiaries: str, keep: bool = False) -> ChangeSharing:
    return ChangeSharing.model_validate(
        {
            "package_id": "pkg_1",
            "sharing": sharing,
            "beneficiaries": None if keep else beneficiaries,
        }
    )


@pytest.mark.covers("S85")
def test_a_package_may_be_opened_to_the_household() -> None:
    outcome = given(sold()).when(change("household", keep=True))
    outcome.then(SharingChanged(effective_at=moment(NOW), sharing="household", beneficiaries=("par_ada",)))
    outcome.and_when(redeem(participant_id="par_max")).then(
        used(1, remaining=9, redemption="red_new", participant_id="par_max")
    )


def test_the_beneficiaries_may_be_others() -> None:
    outcome = given(sold()).when(change("purchaser", "par_max", "par_bo"))
    assert outcome.package.beneficiaries == ("par_max", "par_bo")


def test_no_beneficiary_means_the_customer_in_person() -> None:
    assert given(sold(beneficiaries=("par_max",))).when(change("purchaser")).package.beneficiaries == (
        "par_ada",
    )


def test_closing_it_again_leaves_past_use_alone() -> None:
    world = given(sold(sharing="household"), used(1, remaining=9, participant_id="par_max"))
    outcome = world.when(change("purchaser", keep=True))
    assert outcome.package.uses["red_1"].participant_id == "par_max"


@pytest.mark.parametrize("keep", [True, False])
def test_the_same_sharing_again_is_no_fact(keep: bool) -> None:
    given(sold()).when(change("purchaser", "par_ada", keep=keep)).then_nothing()


@pytest.mark.parametrize(
    ("who", "pointer", "problem"),
    [
        (("par_none",), "/beneficiaries/0", "unknown-participant"),
        (("par_max", "par_old"), "/beneficiaries/1", "unknown-participant"),
        (("par_max", "par_max"), "/beneficiaries", "duplicate"),
    ],
)
def test_beneficiaries_belong_to_the_household(who: tuple[str, ...], pointer: str, problem: str) -> None:
    given(sold()).when(change("purchaser", *who)).refused_naming(Invalid, pointer=pointer, problem=problem)


def test_beneficiaries_that_are_kept_are_not_judged_again() -> None:
    """Somebody left the household since: that must not stand in the way of sharing the package."""
    outcome = given(sold(beneficiaries=("par_ada", "par_old"))).when(change("household", keep=True))
    assert outcome.package.sharing == "household"


def test_a_cancelled_package_is_not_shared() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(change("household", keep=True)).refused(
        PackageIsCancelled
    )


@pytest.mark.covers("S31", "S38")
def test_a_note_is_a_commitment_to_a_text_in_the_directory() -> None:
    note = because("prefers Zoe, allergic to almond oil")
    outcome = given(sold()).when(AddNote(package_id="pkg_1", note=note))
    outcome.then(NoteAdded(effective_at=moment(NOW), note=note.ref))
    assert b"almond" not in outcome.facts["pkg_1"][0].to_bytes()


@pytest.mark.covers("S31")
def test_any_package_may_be_noted() -> None:
    world = given(sold(units=1, expires_on="2026-10-02"), cancelled(of_line(1, 1)))
    assert world.when(AddNote(package_id="pkg_1", note=because())).facts
