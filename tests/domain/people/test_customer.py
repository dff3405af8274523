"""Customers and their households: registering, standing, participants."""

from typing import Any

import pytest
from pydantic import ValidationError

from domain.catalogue.facts import ServiceTerms
from domain.catalogue.state import Service
from domain.people.commands import (
    ActivateCustomer,
    AddParticipant,
    BlockCustomer,
    ChangeCustomer,
    ChangeParticipant,
    DeactivateCustomer,
    NewParticipant,
    RegisterCustomer,
    RemoveParticipant,
    ReturnParticipant,
    UnblockCustomer,
)
from domain.people.facts import (
    ConsentChanged,
    Consents,
    CustomerActivated,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerRegistered,
    CustomerUnblocked,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantOf,
    ParticipantRemoved,
    ParticipantReturned,
    ProfileChanged,
)
from domain.people.photos import photo_claims
from domain.people.profile import NameAndPhoto, Profile, row
from domain.people.state import evolve
from domain.refusals import IdTaken, Invalid, LimitReached, NotFound
from domain.values import ExternalRef
from tests.domain.paper import PaperBooks
from tests.domain.streams import Aggregate
from tests.domain.words import NOW, because, moment

customer = Aggregate(
    evolve,
    "cus_ada",
    PaperBooks(
        states={"svc_swim": Service(ServiceTerms(name="Swim", service_type="Water"))},
        rows={
            "cus_ada": row("cus_ada", "cus_ada", Profile(name="Ada")),
            "par_max": row("par_max", "cus_ada", NameAndPhoto(name="Max")),
        },
        counts={photo_claims("pho_1"): 1},
    ),
)

ADA = ParticipantOf(participant_id="par_ada", number=0, kind="person")
MAX = ParticipantOf(participant_id="par_max", number=1, kind="dog", barred_services=("svc_swim",))
REGISTERED = CustomerRegistered(participants=(ADA, MAX))
NEW_MAX = NewParticipant(participant_id="par_max", kind="dog", barred_services=("svc_swim",))


def register(*participants: NewParticipant, **fields: Any) -> RegisterCustomer:
    return RegisterCustomer(customer_id="cus_ada", participants=participants, **fields)


def remove(participant: str = "par_max") -> RemoveParticipant:
    return RemoveParticipant(customer_id="cus_ada", participant_id=participant)


def change(**fields: Any) -> ChangeParticipant:
    return ChangeParticipant(customer_id="cus_ada", participant_id="par_max", **fields)


def add(participant: str) -> AddParticipant:
    return AddParticipant(
        customer_id="cus_ada", participant=NewParticipant(participant_id=participant, kind="cat")
    )


ACTIVATE = ActivateCustomer(customer_id="cus_ada")
DEACTIVATE = DeactivateCustomer(customer_id="cus_ada")
BLOCK = BlockCustomer(customer_id="cus_ada", reason=because("does not pay"))
UNBLOCK = UnblockCustomer(customer_id="cus_ada")
REMOVED = ParticipantRemoved(participant_id="par_max", removed_at=moment(NOW))

# Registering


@pytest.mark.covers("S40")
def test_participant_number_0_is_the_customer_in_person() -> None:
    reference = ExternalRef(source="mindbody", ref="7")
    answer = customer.given().when(register(NEW_MAX, external_ref=reference))
    answer.then(CustomerRegistered(participants=(ADA, MAX), external_ref=reference))
    assert answer.state.in_person.id == "par_ada"
    assert answer.state.active
    assert not answer.state.blocked


def test_a_customer_is_registered_once() -> None:
    customer.given(REGISTERED).when(register()).refused(IdTaken, id="cus_ada")


@pytest.mark.parametrize("again", ["par_ada", "par_max"])
def test_a_participant_is_named_once(again: str) -> None:
    twice = NewParticipant(participant_id=again)
    customer.given().when(register(NEW_MAX, twice)).refused_naming(
        Invalid, pointer="/participants", problem="duplicate"
    )


@pytest.mark.parametrize(
    "command",
    [
        ACTIVATE,
        DEACTIVATE,
        BLOCK,
        UNBLOCK,
        remove(),
        change(changes={"name": "Moritz"}),
        add("par_bo"),
        ChangeCustomer(customer_id="cus_ada", changes={"name": "Ada L."}),
    ],
)
def test_an_unknown_customer_is_not_found(command: Any) -> None:
    customer.given().when(command).refused(NotFound, kind="customer", id="cus_ada")


# Profile and standing


def test_a_changed_profile_names_the_fields_and_nothing_of_them() -> None:
    command = ChangeCustomer(customer_id="cus_ada", changes={"name": "Ada L.", "email": "ada@example.org"})
    customer.given(REGISTERED).when(command).then(ProfileChanged(fields=("name", "email")))
    unchanged = ChangeCustomer(customer_id="cus_ada", changes={"name": "Ada"})
    customer.given(REGISTERED).when(unchanged).then_nothing()


def categorise(category: str | None) -> ChangeCustomer:
    return ChangeCustomer(customer_id="cus_ada", category=category)


def consents(**given: bool) -> ChangeCustomer:
    return ChangeCustomer.model_validate({"customer_id": "cus_ada", "consents": given})


def test_a_customer_is_in_one_category_or_in_none() -> None:
    answer = customer.given(REGISTERED).when(categorise("VIP"))
    answer.then(CustomerCategorised(category="VIP"))
    assert answer.state.category == "VIP"
    answer.stream.when(categorise("VIP")).then_nothing()
    again = answer.stream.when(categorise(None))
    again.then(CustomerCategorised(category=None))
    assert again.state.category is None


@pytest.mark.covers("S134", "S135", "S136")
def test_each_consent_is_false_until_it_is_given_and_can_be_taken_back() -> None:
    assert customer.given(REGISTERED).state == customer.given(REGISTERED).when(consents()).state
    answer = customer.given(REGISTERED).when(consents(birthday=True, marketing=True, session_reminder=False))
    answer.then(
        ConsentChanged(changed=("birthday", "marketing"), consents=Consents(birthday=True, marketing=True))
    )
    assert answer.state.consents == Consents(birthday=True, marketing=True)
    again = answer.stream.when(consents(marketing=False))
    again.then(ConsentChanged(changed=("marketing",), consents=Consents(birthday=True)))
    again.stream.when(consents(marketing=False, birthday=True)).then_nothing()


def test_who_is_registered_with_category_and_consents_has_a_fact_of_each() -> None:
    answer = customer.given().when(register(category="New", consents={"marketing": True, "birthday": False}))
    answer.then(
        CustomerRegistered(participants=(ADA,)),
        CustomerCategorised(category="New"),
        ConsentChanged(changed=("marketing",), consents=Consents(marketing=True)),
    )


def test_a_customer_is_deactivated_and_activated() -> None:
    answer = customer.given(REGISTERED).when(DEACTIVATE)
    answer.then(CustomerDeactivated())
    assert not answer.state.active
    again = answer.stream.when(ACTIVATE)
    again.then(CustomerActivated())
    assert again.state.active


def test_a_customer_is_blocked_with_a_reason_and_unblocked() -> None:
    answer = customer.given(REGISTERED).when(BLOCK)
    answer.then(CustomerBlocked(reason=because("does not pay").ref))
    assert answer.state.blocked
    again = answer.stream.when(UNBLOCK)
    again.then(CustomerUnblocked())
    assert not again.state.blocked


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((), ACTIVATE),
        ((), UNBLOCK),
        ((CustomerDeactivated(),), DEACTIVATE),
        ((CustomerBlocked(),), BLOCK),
    ],
)
def test_what_is_so_already_is_no_fact(history: Any, command: Any) -> None:
    customer.given(REGISTERED, *history).when(command).then_nothing()


# Participants


@pytest.mark.covers("S40", "S85")
def test_a_participant_gets_the_next_number() -> None:
    answer = customer.given(REGISTERED).when(add("par_tom"))
    answer.then(ParticipantAdded(participant=ParticipantOf(participant_id="par_tom", number=2, kind="cat")))
    assert list(answer.state.participants) == ["par_ada", "par_max", "par_tom"]


def test_the_number_of_who_left_is_not_given_again() -> None:
    answer = customer.given(REGISTERED, REMOVED).when(add("par_tom"))
    assert answer.state.participants["par_tom"].number == 2


@pytest.mark.parametrize("history", [(), (REMOVED,)])
def test_the_id_of_a_participant_is_taken_for_good(history: Any) -> None:
    customer.given(REGISTERED, *history).when(add("par_max")).refused(IdTaken, id="par_max")


def test_a_household_has_at_most_100_beside_the_customer() -> None:
    many = tuple(ParticipantOf(participant_id=f"par_{n}", number=n, kind="cat") for n in range(1, 100))
    household = CustomerRegistered(participants=(ADA, *many))
    hundredth = customer.given(household).when(add("par_x"))
    assert len(hundredth.state.participants) == 101
    full = hundredth.stream
    full.when(add("par_y")).refused(LimitReached, rule="participants", limit=100)
    left = full.when(remove("par_1")).stream
    assert left.when(add("par_y")).facts


def test_no_more_than_100_are_registered_at_once() -> None:
    many = [NewParticipant(participant_id=f"par_{n}") for n in range(101)]
    assert register(*many[:100])
    with pytest.raises(ValidationError):
        register(*many)


def test_a_participant_changes_by_the_fields_that_differ() -> None:
    answer = customer.given(REGISTERED).when(
        change(kind="wolf", barred_services=(), changes={"name": "Moritz", "photo": "pho_1"})
    )
    answer.then(
        ParticipantChanged(
            participant_id="par_max", fields=("name", "photo", "kind", "barred_services"), kind="wolf"
        )
    )
    assert answer.state.participants["par_max"].kind == "wolf"
    assert answer.state.participants["par_max"].number == 1


def test_what_a_change_does_not_name_stays() -> None:
    customer.given(REGISTERED).when(change(changes={"name": "Moritz"})).then(
        ParticipantChanged(
            participant_id="par_max", fields=("name",), kind="dog", barred_services=("svc_swim",)
        )
    )


def test_the_same_participant_again_is_no_fact() -> None:
    customer.given(REGISTERED).when(change(kind="dog", barred_services=("svc_swim",))).then_nothing()


def test_who_left_or_never_was_there_is_not_changed() -> None:
    customer.given(REGISTERED, REMOVED).when(change(kind="cat")).refused(
        NotFound, kind="participant", id="par_max"
    )
    customer.given(CustomerRegistered(participants=(ADA,))).when(change(kind="cat")).refused(
        NotFound, kind="participant", id="par_max"
    )


def test_who_is_removed_belonged_until_then() -> None:
    answer = customer.given(REGISTERED).when(remove())
    answer.then(REMOVED)
    participant = answer.state.participants["par_max"]
    assert participant.belongs_at(moment("2026-10-03 11:59"))
    assert not participant.belongs_at(moment(NOW))
    answer.stream.when(remove()).then_nothing()


COME_BACK = ReturnParticipant(customer_id="cus_ada", participant_id="par_max")


def test_who_returns_belongs_as_though_never_removed() -> None:
    answer = customer.given(REGISTERED, REMOVED).when(COME_BACK)
    answer.then(ParticipantReturned(participant_id="par_max"))
    assert answer.state == customer.given(REGISTERED).state
    answer.stream.when(COME_BACK).then_nothing()
    answer.stream.when(remove()).then(REMOVED)


def test_who_was_never_there_does_not_return() -> None:
    nobody = COME_BACK.model_copy(update={"participant_id": "par_none"})
    customer.given(REGISTERED).when(nobody).refused(NotFound, kind="participant", id="par_none")


def test_the_customer_in_person_stays() -> None:
    customer.given(REGISTERED).when(remove("par_ada")).refused_naming(Invalid, problem="in-person")


def test_an_unknown_participant_is_not_removed() -> None:
    customer.given(REGISTERED).when(remove("par_none")).refused(NotFound, kind="participant", id="par_none")
