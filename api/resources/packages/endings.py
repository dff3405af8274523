"""Commands that end a package or bring it back: cancelling, voiding, reinstating."""

from api.http.command_route import Command, CommandRequest, command
from api.http.permissions import MANAGERS
from api.resources.packages.bodies import PackageCancellationBody
from api.resources.packages.card import PackageCard
from api.resources.packages.commands import changing
from api.resources.payments.commands import moving
from api.resources.texts import wording
from domain.business.reasons import ReasonCodeName
from domain.moments import Day
from domain.package.commands import CancelPackage, Refund, ReinstatePackage, VoidPackage
from domain.use_cases.cancel_package import CANCEL_PACKAGE
from domain.use_cases.reinstate_package import REINSTATE_PACKAGE
from domain.use_cases.void_package import VOID_PACKAGE
from domain.values import LongText, Value


@command(
    "/v1/packages/{package_id}/cancellation",
    "packages.cancel",
    "Cancel a package: the remaining units lapse",
    roles=MANAGERS,
    body=PackageCancellationBody,
    answer=PackageCard,
    codes=("package-cancelled", "holds-outstanding", "refund-exceeds-paid"),
)
def cancel_package(call: Command[PackageCancellationBody]) -> CommandRequest:
    """Units that are held for bookings refuse it, unless `release_holds` is true. A refund may come with it;
    `GET …/refund-quote` tells the amount by the rule.
    """
    given, refund = call.body.refund, None
    if given is not None:
        amount = moving(call, given.amount, "/refund/amount")
        refund = Refund(amount=amount, payment_id=given.payment_id)
    asked = CancelPackage(
        package_id=call.id("package_id"),
        reason=wording(call, call.body.reason),
        reason_code=call.body.reason_code,
        release_holds=call.body.release_holds,
        refund=refund,
    )
    return changing(call, CANCEL_PACKAGE, asked)


class VoidingBody(Value):
    reason: LongText
    reason_code: ReasonCodeName | None = None
    release_holds: bool = False


@command(
    "/v1/packages/{package_id}/voiding",
    "packages.void",
    "Undo a sale made by mistake: the same day, nothing used; what was paid goes back",
    roles=MANAGERS,
    body=VoidingBody,
    answer=PackageCard,
    codes=("package-cancelled", "holds-outstanding", "not-eligible"),
)
def void_package(call: Command[VoidingBody]) -> CommandRequest:
    """The sale counts nowhere, as if it had not been made; its facts stay."""
    reason, release = wording(call, call.body.reason), call.body.release_holds
    asked = VoidPackage(
        package_id=call.id("package_id"),
        reason=reason,
        reason_code=call.body.reason_code,
        release_holds=release,
    )
    return changing(call, VOID_PACKAGE, asked)


class ReinstatementBody(Value):
    expires_on: Day
    reason: LongText
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/packages/{package_id}/reinstatement",
    "packages.reinstate",
    "Bring an expired or cancelled package back, with a new last day",
    roles=MANAGERS,
    body=ReinstatementBody,
    answer=PackageCard,
    codes=("not-expired",),
)
def reinstate_package(call: Command[ReinstatementBody]) -> CommandRequest:
    """The units that lapsed with it can be used again."""
    body, reason = call.body, wording(call, call.body.reason)
    return changing(
        call,
        REINSTATE_PACKAGE,
        ReinstatePackage(
            package_id=call.id("package_id"),
            expires_on=body.expires_on,
            reason=reason,
            reason_code=body.reason_code,
        ),
    )


HANDLERS = (cancel_package, void_package, reinstate_package)
