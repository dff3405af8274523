"""Make a booking or a weekly series, paid with units where the rule finds some (S59, S74, S102, S104)."""

from collections.abc import Sequence

from domain.actor import Circumstances
from domain.booking.commands import MakeBooking
from domain.booking.facts import BookingMade
from domain.booking.new_bookings import BookingContext, make
from domain.claims import Claim, booking_claims, claim_of, payment_claim, redemption_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.fact import Fact
from domain.package.commands import NewPayment
from domain.refusals import IdTaken
from domain.use_cases.checks import (
    check_external_ref,
    check_own,
    check_staff,
    check_unclaimed,
    check_unused,
    claims_external_ref,
    counts_external_ref,
    known_customer,
)
from domain.use_cases.payment_claims import claims_payment, counts_payment
from domain.use_cases.redemption import candidates


def reads(command: MakeBooking, business_id: str, peek: Peek) -> Reads:
    ids = [business_id, command.customer_id, command.service_id, command.staff_id, command.package_id]
    ids += [each.booking_id for each in command.bookings]
    counted = tuple(redemption_claims(each.redemption_id) for each in command.bookings)
    counted += tuple(booking_claims(each.booking_id) for each in command.bookings)
    counted += tuple(claim for payment in _payments(command) for claim in counts_payment(payment))
    return Reads(
        {id: 0 for id in ids if id},
        unspent_of=() if command.package_id else (command.customer_id,),
        counted=counted + counts_external_ref("booking", command.external_ref),
    )


def decide(command: MakeBooking, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, IdTaken, DuplicateExternalRef, and what `make` raises."""
    check_own(command.customer_id, "customer", command.customer_id, at)
    customer = known_customer(books, command.customer_id)
    check_staff(books, command.staff_id)
    _check_ids(command, books)
    check_external_ref(books, "booking", command.external_ref)
    context = BookingContext(
        books.business,
        customer,
        books.service(command.service_id),
        candidates(command.customer_id, command.package_id, books),
    )
    made = make(command, context, at)
    facts: dict[str, tuple[str, Sequence[Fact]]] = {id: ("package", new) for id, new in made.packages.items()}
    facts |= {id: ("booking", made.facts_of(id)) for id in made.bookings}
    claims = [claim for id, fact in made.bookings.items() for claim in _claims(id, fact)]
    for payment, id in zip(_payments(command), made.payments, strict=False):
        claims += claims_payment(payment, id, books)
    return Decision(
        facts,
        claims=tuple(claims),
        streams=tuple(NewStream("booking", id, command.customer_id) for id in made.bookings),
        refused=tuple(made.refused),
    )


def _check_ids(command: MakeBooking, books: Books) -> None:
    """The ids of a booking, of its redemption and of its payment are its own. Raises IdTaken."""
    taken: set[str] = set()
    ids = [(each.booking_id, booking_claims(each.booking_id)) for each in command.bookings]
    ids += [(each.redemption_id, redemption_claims(each.redemption_id)) for each in command.bookings]
    ids += [(each.payment_id, payment_claim(each.payment_id)) for each in _payments(command)]
    for id, prefix in ids:
        if id in taken:
            raise IdTaken(id)
        check_unclaimed(books, prefix, id)
        taken.add(id)
    for each in command.bookings:
        check_unused(books, each.booking_id)


def _payments(command: MakeBooking) -> list[NewPayment]:
    """The shares of its payment; the first one has its external reference."""
    if command.payment is None:
        return []
    return [command.payment, *(_share(command.payment, id) for id in command.shares)]


def _share(payment: NewPayment, payment_id: str) -> NewPayment:
    return payment.model_copy(update={"payment_id": payment_id, "external_ref": None})


def _claims(booking_id: str, fact: BookingMade) -> list[Claim]:
    """The claims of a booking. Its redemption id is claimed now, even where units are only held."""
    claims = list(claims_external_ref("booking", fact.external_ref, booking_id))
    for id in dict.fromkeys(source.package_id for source in fact.sources):
        assert fact.redemption_id is not None, "a booking with sources has a redemption"
        claims.append(Claim(claim_of(booking_claims(booking_id), id), id))
        claims.append(Claim(claim_of(redemption_claims(fact.redemption_id), id), id))
    return claims


MAKE_BOOKING = UseCase(MakeBooking, reads, decide)
