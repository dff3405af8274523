"""Conflicts, 409: the request is well-formed, but the state of things does not allow it. Nothing was changed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from api.http.problem_kinds.kind import Kind
from domain.refusals import (
    AlreadyRestored,
    CustomerIsBlocked,
    CustomerIsInactive,
    CustomerIsMerged,
    CustomerIsNotMerged,
    DuplicateExternalRef,
    ErasureOutstanding,
    HoldsOutstanding,
    IdTaken,
    ImportOfCustomers,
    InsufficientUnits,
    LastOwnerKey,
    LimitReached,
    NotEligible,
    NotExpired,
    OfferIsRetired,
    Overpayment,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
    PaymentRequired,
    PointsInsufficient,
    RefundExceedsPaid,
    WrongBookingState,
    WrongTopUpState,
)
from domain.refusals.rules import LIMITS, RULES

CUSTOMER, BOOKING = "cus_01m9c3x5zq7r8v2t4w6y8a0c2e", "bkg_01m9c3x5zq7r8v2t4w6y8a0c2e"

STATE: Mapping[str, Kind] = {
    "insufficient-units": Kind(
        409,
        "Not enough units",
        "Fewer units can be used, given back or taken away than were asked for. Units that are held for bookings"
        " are not available.",
        "`requested`, `available` and `remaining` tell the numbers; `restorable` what of a use can go back;"
        " `lowest` the fewest units there were at some moment since effective_at. Ask for fewer, or sell more.",
        InsufficientUnits(requested=3, available=1, remaining=2),
    ),
    "package-expired": Kind(
        409,
        "The package has expired",
        "`expires_on` was its last valid day, in the time zone of the package.",
        "A manager can reinstate it or change its expiry.",
        PackageHasExpired(expires_on=date(2026, 10, 3)),
    ),
    "package-cancelled": Kind(
        409,
        "The package is cancelled",
        "It was cancelled or voided, and nothing of it can be used.",
        "A manager can reinstate a cancelled package.",
        PackageIsCancelled(),
    ),
    "package-frozen": Kind(
        409,
        "The package is frozen",
        "Its time stands still until `frozen_until`, and nothing of it can be used meanwhile.",
        "Unfreeze it, or wait until the freeze ends.",
        PackageIsFrozen(frozen_until=date(2026, 11, 1)),
    ),
    "already-restored": Kind(
        409,
        "Already restored",
        "Every unit of this use is back, or every point of this addition taken back.",
        "Nothing is left to do.",
        AlreadyRestored(redemption_id="red_01m9c3x5zq7r8v2t4w6y8a0c2e"),
    ),
    "last-owner-key": Kind(
        409,
        "The last key of an owner",
        "No other key does what owners do, so nobody could issue one over HTTP; or the others end sooner by themselves,"
        " the last of them at `others_until`. So a key is not revoked, and an owner gets no lesser role and does not"
        " leave.",
        "Issue another key of an owner first, one that does not end. On the machine, `carnet keys revoke` revokes any"
        " key, and `carnet keys issue --role owner` issues one.",
        LastOwnerKey(others_until=datetime(2026, 10, 3, 20, tzinfo=UTC)),
    ),
    "holds-outstanding": Kind(
        409,
        "Units are held for bookings",
        "`bookings` of the customer still hold units of the package.",
        "Release them in the same command (`release_holds`), or cancel the bookings first.",
        HoldsOutstanding(bookings=(BOOKING,)),
    ),
    "customer-blocked": Kind(
        409,
        "The customer is blocked",
        "Somebody blocked the customer, who can neither buy, book nor use anything.",
        "Unblock the customer first.",
        CustomerIsBlocked(customer_id=CUSTOMER),
    ),
    "customer-inactive": Kind(
        409,
        "The customer is inactive",
        "The customer was deactivated.",
        "Activate the customer first.",
        CustomerIsInactive(customer_id=CUSTOMER),
    ),
    "customer-merged": Kind(
        409,
        "The customer is merged",
        "The customer is another name of `survivor_id`, and is neither merged nor un-merged by itself.",
        "Merge or un-merge `survivor_id` instead.",
        CustomerIsMerged(customer_id=CUSTOMER, survivor_id="cus_01m9c3x5zq7r8v2t4w6y8a0c2f"),
    ),
    "not-merged": Kind(
        409,
        "The customer is not merged",
        "The customer was not merged into this one, or the merge was undone already.",
        "Read the customer, which lists its other names.",
        CustomerIsNotMerged(customer_id=CUSTOMER),
    ),
    "payment-required": Kind(
        409,
        "Payment is required first",
        "This business asks for full payment before use, and `owing` is left to pay, in minor units.",
        "Record the payment, then try again.",
        PaymentRequired(owing=12_500),
    ),
    "points-insufficient": Kind(
        409,
        "Not enough points",
        "`balance` is lower than what was `requested`.",
        "Redeem fewer points.",
        PointsInsufficient(balance=40, requested=100),
    ),
    "not-eligible": Kind(
        409,
        "Not eligible",
        "A rule says no, of a package, a membership, points or a household. `rule` is its code, which programs may go"
        " by, and `reason` says it; `limit`, `day` and `period` are the number, the day and the period in it.",
        "Use another package, or change what the rule rests on.",
        NotEligible("service-not-covered"),
        rules=RULES,
    ),
    "not-expired": Kind(
        409,
        "Nothing to reinstate",
        "Only an expired or cancelled package can be reinstated. This one is `package_status`.",
        "Use it as it is, or change its expiry.",
        NotExpired(package_status="active"),
    ),
    "offer-retired": Kind(
        409,
        "No longer offered",
        "The offer or the plan is no longer sold, or the service no longer performed.",
        "Choose another one. What was sold of it before stays as it was.",
        OfferIsRetired(id="off_01m9c3x5zq7r8v2t4w6y8a0c2e"),
    ),
    "booking-state": Kind(
        409,
        "Not possible in this state",
        "The booking is `booking_status`, which does not allow it to be `wanted`.",
        "Read the booking again, and do what its present state allows. `opens_at` is the moment from which it will;"
        " `redemption_id` names the use that pays for it already.",
        WrongBookingState(booking_status="cancelled", wanted="rescheduled"),
    ),
    "top-up-state": Kind(
        409,
        "Not possible in this state",
        "The attempt or the rule (`what`) is `top_up_status`, which does not allow it to be `wanted`. An attempt is"
        " answered once, and only while it is open.",
        "`package_id` is the package that was sold where the attempt was paid already. `due_at` is when the next charge"
        " is due. Refund a charge that came too late, or sell the package by hand.",
        WrongTopUpState(what="attempt", top_up_status="expired", wanted="paid"),
    ),
    "refund-exceeds-paid": Kind(
        409,
        "More than was paid",
        "`refundable` is what can still be refunded of this payment, in minor units.",
        "Refund at most that much, or refund another payment as well.",
        RefundExceedsPaid(requested=5_000, refundable=2_000),
    ),
    "overpayment": Kind(
        409,
        "More than is owing",
        "`owing` is what is left to pay, in minor units.",
        "Record at most that much.",
        Overpayment(requested=5_000, owing=2_000),
    ),
    "limit-reached": Kind(
        409,
        "A limit is reached",
        "There may be at most `limit` of `what`. `rule` is the code of the limit, which programs may go by.",
        "Remove one that is no longer needed, or use another thing.",
        LimitReached("stream-facts", limit=10_000),
        rules=LIMITS,
    ),
    "erasure-outstanding": Kind(
        409,
        "The customer still has something",
        "Units can be used, sessions are booked, a membership or a rule that tops up runs, or something is owed:"
        " `packages`, `bookings`, `memberships`, `top_ups` and `owing` name it.",
        "Refund or transfer what the customer keeps a right to. Then `unused: cancel` ends the rest in the same step;"
        " `owing: keep` leaves a debt in the books that nobody can be asked for.",
        ErasureOutstanding(packages=("pkg_massage",), bookings=(), memberships=(), top_ups=(), owing=()),
    ),
    "import-of-customers": Kind(
        409,
        "An import of customers is not reversed",
        "Customers came by this import. Nobody is taken out of the books by the number of a file: an erasure is for"
        " good, and a row of an erased customer is never imported again.",
        "`GET /v1/customers?import_id=` lists them. `POST /v1/customers/bulk` deactivates up to 1,000 of them at once,"
        " and activates them again. Merge one who was known before, and erase one whose data must go.",
        ImportOfCustomers(import_id="imp_01m9c3x5zq7r8v2t4w6y8a0c2e"),
    ),
    "id-taken": Kind(
        409,
        "The id is taken",
        "Another thing has the id that was chosen.",
        "Choose another id, or leave it out.",
        IdTaken(id="svc_massage"),
    ),
    "duplicate-external-ref": Kind(
        409,
        "The external reference is taken",
        "It is unique per source among things of its kind.",
        "Find the thing that has it (`?external_ref=source:ref`), or send another reference.",
        DuplicateExternalRef(external_ref="mindbody:1234"),
    ),
}
"""Code → kind."""
