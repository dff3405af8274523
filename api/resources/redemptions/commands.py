"""Using units and giving them back over HTTP."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.permissions import DESK, RESTORERS
from api.resources.packages.card import in_books, owners
from api.resources.redemptions.answer import RedeemedPackage, RedeemedUnits, RestoredUnits, allocation_shown
from api.resources.redemptions.bodies import RedemptionBody
from api.resources.texts import wording_or_none
from domain.business.reasons import ReasonCodeName
from domain.decision import Decision
from domain.package.commands import RedeemFromCustomer, RedeemUnits, RestoreUnits
from domain.package.facts import UnitsRedeemed, UnitsRestored
from domain.package.state import Package
from domain.use_cases.redeem_from_customer import REDEEM_FROM_CUSTOMER
from domain.use_cases.redeem_units import REDEEM_UNITS
from domain.use_cases.restore_units import RESTORE_UNITS
from domain.values import LongText, PackageId, Quantity, Value
from projections.engine.definition import Row

REFUSALS = (
    "insufficient-units",
    "package-expired",
    "package-cancelled",
    "package-frozen",
    "payment-required",
    "not-eligible",
    "id-taken",
    "limit-reached",
    "effective-at-out-of-range",
    "back-dating-not-allowed",
)


def _wish(call: Command[RedemptionBody]) -> dict[str, Any]:
    """Members of both redemption commands. A booking supplies those left out."""
    given = {name: getattr(call.body, name) for name in call.body.model_fields_set if name != "id"}
    return {"redemption_id": call.new("red", call.body.id), **given}


@command(
    "/v1/packages/{package_id}/redemptions",
    "redemptions.redeem",
    "Use units of one package",
    roles=DESK,
    body=RedemptionBody,
    answer=RedeemedPackage,
    location="/v1/redemptions/{redemption_id}",
    codes=REFUSALS,
)
def redeem(call: Command[RedemptionBody]) -> CommandRequest:
    """Units come from the line that fits the service, or from `line`. The answer tells which, and their
    value.
    """
    asked = RedeemUnits(package_id=call.id("package_id"), **_wish(call))

    def answer(books: Books, decision: Decision) -> Row:
        card = in_books(books, asked.package_id, call)
        return card | {
            "redemption_id": asked.redemption_id,
            "allocations": _taken(decision, call.currency),
        }

    return CommandRequest(REDEEM_UNITS, asked, answer, shows=owners)


@command(
    "/v1/customers/{customer_id}/redemptions",
    "redemptions.redeem_from_customer",
    "Use units of a customer's packages, chosen by the rule",
    roles=DESK,
    body=RedemptionBody,
    answer=RedeemedUnits,
    location="/v1/redemptions/{redemption_id}",
    codes=REFUSALS,
    versioned=False,
)
def redeem_from_customer(call: Command[RedemptionBody]) -> CommandRequest:
    """Packages that expire soonest come first; one use may take units of several."""
    asked = RedeemFromCustomer(customer_id=call.id("customer_id"), **_wish(call))

    def answer(books: Books, decision: Decision) -> Row:
        return {
            "redemption_id": asked.redemption_id,
            "allocations": _taken(decision, call.currency),
            "packages": [in_books(books, id, call) for id in decision.packages],
        }

    return CommandRequest(REDEEM_FROM_CUSTOMER, asked, answer, shows=owners)


def _taken(decision: Decision, currency: str) -> list[Row]:
    """The allocations of a redemption, in the order in which it took them."""
    taken = [(fact, id) for id, fact in _facts_of(decision) if isinstance(fact, UnitsRedeemed)]
    taken.sort(key=lambda part: part[0].allocation)
    return [allocation_shown(id, fact, currency) for fact, id in taken]


def _facts_of(decision: Decision) -> Iterator[tuple[str, Any]]:
    for id, (_, facts) in decision.facts.items():
        for fact in facts:
            yield id, fact


class RestorationBody(Value):
    quantity: Quantity | None = None
    """If absent, all that is left of the redemption."""
    package_id: PackageId | None = None
    """Restore only units of this package."""
    reason: LongText | None = None
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/redemptions/{redemption_id}/restorations",
    "redemptions.restore",
    "Give back a use, in full or in part, to the very packages it came from",
    roles=RESTORERS,
    body=RestorationBody,
    answer=RestoredUnits,
    codes=("already-restored", "insufficient-units"),
    versioned=False,
)
def restore(call: Command[RestorationBody]) -> CommandRequest:
    """Last unit first. Without `quantity` everything that is left of the use goes back. Units of an expired
    package go back but cannot be used. Units that a booking forfeited go back in the same way, with a reason.
    """
    body, redemption_id = call.body, call.id("redemption_id")

    def answer(books: Books, decision: Decision) -> Row:
        facts = [(id, fact) for id, fact in _facts_of(decision) if isinstance(fact, UnitsRestored)]
        used = _used(books, redemption_id)
        return {
            "redemption_id": redemption_id,
            "restored": sum(len(fact.units) for _, fact in facts),
            "usable": sum(fact.usable for _, fact in facts),
            "reason": _why_unusable([fact for _, fact in facts]),
            "restorable": sum(package.uses[redemption_id].restorable for package in used),
            "allocations": [allocation_shown(id, fact, call.currency) for id, fact in facts],
            "packages": [in_books(books, id, call) for id in decision.packages],
        }

    asked = RestoreUnits(
        redemption_id=redemption_id,
        quantity=body.quantity,
        package_id=body.package_id,
        reason=wording_or_none(call, body.reason),
        reason_code=body.reason_code,
    )
    return CommandRequest(RESTORE_UNITS, asked, answer, shows=owners)


def _why_unusable(
    facts: Iterable[UnitsRestored],
) -> Literal["package-expired", "package-cancelled"] | None:
    unusable = [fact for fact in facts if fact.usable < len(fact.units)]
    if not unusable:
        return None
    return "package-cancelled" if any(fact.lapsed for fact in unusable) else "package-expired"


def _used(books: Books, redemption_id: str) -> Iterable[Package]:
    return books.packages_that(lambda package: redemption_id in package.uses).values()


HANDLERS = (redeem, redeem_from_customer, restore)
