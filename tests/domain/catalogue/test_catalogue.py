"""Services and offers: what a business performs and sells."""

from typing import Any

import pytest
from pydantic import ValidationError

from domain.calendar_rules import ExpiryAfterPurchase
from domain.catalogue.commands import (
    ChangeService,
    DefineService,
    PublishOffer,
    ReinstateOffer,
    ReinstateService,
    RetireOffer,
    RetireService,
    ReviseOffer,
)
from domain.catalogue.facts import (
    OfferFact,
    OfferLine,
    OfferPublished,
    OfferReinstated,
    OfferRetired,
    OfferRevised,
    OfferTerms,
    ServiceChanged,
    ServiceDefined,
    ServiceReinstated,
    ServiceRetired,
    ServiceTerms,
)
from domain.catalogue.state import evolve_offer, evolve_service
from domain.refusals import IdTaken, Invalid, NotFound, OfferIsRetired
from tests.domain.paper import PaperBooks
from tests.domain.streams import Aggregate
from tests.domain.words import SERVICES

KNOWN = PaperBooks({id: service for id, service in SERVICES.items() if service is not None})
service = Aggregate(evolve_service, "svc_massage")
offer = Aggregate(evolve_offer, "off_1", KNOWN)

MASSAGE = ServiceTerms(name="Massage 60", service_type="Massage", duration_minutes=60, list_price=6_000)
DEFINED = ServiceDefined(service=MASSAGE)
TEN = OfferTerms(
    name="Massage ×10 💆", price=45_000, lines=(OfferLine(quantity=10, services=("svc_massage",)),)
)
PUBLISHED = OfferPublished(offer=TEN)


def define(terms: ServiceTerms = MASSAGE) -> DefineService:
    return DefineService(service_id="svc_massage", service=terms)


def change(terms: ServiceTerms) -> ChangeService:
    return ChangeService(service_id="svc_massage", service=terms)


def publish(terms: OfferTerms = TEN) -> PublishOffer:
    return PublishOffer(offer_id="off_1", offer=terms)


def revise(terms: OfferTerms) -> ReviseOffer:
    return ReviseOffer(offer_id="off_1", offer=terms)


RETIRE_SERVICE = RetireService(service_id="svc_massage")
RETIRE_OFFER = RetireOffer(offer_id="off_1")

# Services


@pytest.mark.covers("S105")
def test_a_service_is_defined_with_its_type() -> None:
    service.given().when(define()).then(DEFINED)


def test_a_service_is_changed_whole() -> None:
    dearer = MASSAGE.model_copy(update={"list_price": 7_000})
    answer = service.given(DEFINED).when(change(dearer))
    answer.then(ServiceChanged(service=dearer))
    assert answer.state.terms == dearer


def test_a_service_is_retired_once() -> None:
    answer = service.given(DEFINED).when(RETIRE_SERVICE)
    answer.then(ServiceRetired())
    assert answer.state.retired
    answer.stream.when(RETIRE_SERVICE).then_nothing()


def test_a_retired_service_is_performed_again_by_its_terms() -> None:
    again = ReinstateService(service_id="svc_massage")
    answer = service.given(DEFINED, ServiceRetired()).when(again)
    answer.then(ServiceReinstated())
    assert answer.state == service.given(DEFINED).state
    answer.stream.when(again).then_nothing()
    answer.stream.when(RETIRE_SERVICE).then(ServiceRetired())
    service.given().when(again).refused(NotFound, kind="service", id="svc_massage")


def test_the_same_terms_of_a_service_again_are_no_fact() -> None:
    service.given(DEFINED).when(change(MASSAGE)).then_nothing()


def test_a_service_that_exists_is_not_defined_again() -> None:
    service.given(DEFINED).when(define()).refused(IdTaken, id="svc_massage")


@pytest.mark.parametrize("command", [change(MASSAGE), RETIRE_SERVICE])
def test_an_unknown_service_is_not_found(command: Any) -> None:
    service.given().when(command).refused(NotFound, kind="service", id="svc_massage")


def test_a_retired_service_is_not_changed() -> None:
    service.given(DEFINED, ServiceRetired()).when(change(MASSAGE)).refused(OfferIsRetired, id="svc_massage")


# Offers


@pytest.mark.covers("S65", "S97", "S105")
def test_an_offer_is_published_as_version_1() -> None:
    answer = offer.given().when(publish())
    answer.then(PUBLISHED)
    assert answer.state.version == 1


def test_a_revision_is_the_next_version() -> None:
    cheaper = TEN.model_copy(
        update={"price": 40_000, "validity": ExpiryAfterPurchase(count=6, unit="months")}
    )
    answer = offer.given(PUBLISHED).when(revise(cheaper))
    answer.then(OfferRevised(offer=cheaper, offer_version=2))
    assert (answer.state.terms, answer.state.version) == (cheaper, 2)
    answer.stream.when(revise(TEN)).then(OfferRevised(offer=TEN, offer_version=3))


def test_an_offer_is_retired_once() -> None:
    answer = offer.given(PUBLISHED).when(RETIRE_OFFER)
    answer.then(OfferRetired())
    assert answer.state.retired
    answer.stream.when(RETIRE_OFFER).then_nothing()


def test_a_retired_offer_is_sold_again_in_its_last_version() -> None:
    again = ReinstateOffer(offer_id="off_1")
    revised = OfferRevised(offer=TEN.model_copy(update={"price": 1}), offer_version=2)
    answer = offer.given(PUBLISHED, revised, OfferRetired()).when(again)
    answer.then(OfferReinstated())
    assert answer.state == offer.given(PUBLISHED, revised).state
    answer.stream.when(again).then_nothing()
    answer.stream.when(RETIRE_OFFER).then(OfferRetired())
    offer.given().when(again).refused(NotFound, kind="offer", id="off_1")


def test_an_offer_names_locations_of_the_business() -> None:
    nowhere = TEN.model_copy(update={"locations": ("loc_1", "loc_nowhere")})
    for stream, command in ((offer.given(), publish(nowhere)), (offer.given(PUBLISHED), revise(nowhere))):
        stream.when(command).refused_naming(Invalid, pointer="/locations/1", problem="unknown-location")


def test_the_same_terms_of_an_offer_again_are_no_fact() -> None:
    offer.given(PUBLISHED).when(revise(TEN)).then_nothing()


def test_an_offer_that_exists_is_not_published_again() -> None:
    offer.given(PUBLISHED).when(publish()).refused(IdTaken, id="off_1")


@pytest.mark.parametrize("command", [revise(TEN), RETIRE_OFFER])
def test_an_unknown_offer_is_not_found(command: Any) -> None:
    offer.given().when(command).refused(NotFound, kind="offer", id="off_1")


def test_a_retired_offer_is_not_revised() -> None:
    history: list[OfferFact] = [PUBLISHED, OfferRetired()]
    offer.given(*history).when(revise(TEN)).refused(OfferIsRetired, id="off_1")


@pytest.mark.parametrize(
    ("services", "pointer", "problem"),
    [
        (("svc_massage", "svc_none"), "/lines/1/services/1", "unknown-service"),
        (("svc_old",), "/lines/1/services/0", "retired-service"),
        (("svc_massage", "svc_facial", "svc_massage"), "/lines/1/services", "duplicate"),
    ],
)
def test_a_line_is_for_known_services_still_performed(
    services: tuple[str, ...], pointer: str, problem: str
) -> None:
    wrong = TEN.model_copy(update={"lines": (*TEN.lines, OfferLine(quantity=1, services=services))})
    offer.given().when(publish(wrong)).refused_naming(Invalid, pointer=pointer, problem=problem)
    offer.given(PUBLISHED).when(revise(wrong)).refused_naming(Invalid, pointer=pointer, problem=problem)


# Limits


def terms(**changes: Any) -> OfferTerms:
    return OfferTerms(**{"name": "x", "price": 1, "lines": (line(1),), **changes})


def line(quantity: int, services: int = 1) -> OfferLine:
    return OfferLine(quantity=quantity, services=tuple(f"svc_{n}" for n in range(services)))


def test_an_offer_holds_50_lines_of_1000_units_and_5000_units_in_all() -> None:
    assert terms(lines=(line(1_000),) * 5)
    assert terms(lines=(line(100),) * 50)
    assert line(1, services=50)


@pytest.mark.parametrize(
    "beyond",
    [
        lambda: line(0),
        lambda: line(1_001),
        lambda: line(1, services=0),
        lambda: line(1, services=51),
        lambda: terms(lines=()),
        lambda: terms(lines=(line(1),) * 51),
        lambda: terms(lines=(*[line(1_000)] * 5, line(1))),
        lambda: terms(price=-1),
        lambda: terms(price=10**12 + 1),
        lambda: terms(price=1.0),
        lambda: terms(name=" "),
        lambda: terms(name="a\0b"),
        lambda: terms(max_per_customer=0),
    ],
)
def test_beyond_its_limits_an_offer_cannot_be_built(beyond: Any) -> None:
    with pytest.raises(ValidationError):
        beyond()
