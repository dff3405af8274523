"""Every command: what it must read, and which decision answers it.

One table, `COMMANDS`. A route names the streams, claims and counts a decision needs, hands the
states to the aggregate that decides, and says where the facts belong and which names they claim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, assert_never

from domain.actor import Circumstances, Role
from domain.booking.attendance import complete, mark
from domain.booking.cancellation import cancel
from domain.booking.commands import (
    BookingCommand,
    CancelBooking,
    CompleteBooking,
    ConfirmBooking,
    MakeBooking,
    MarkAttendance,
    RescheduleBooking,
)
from domain.booking.facts import BookingFact, BookingMade
from domain.booking.paid_units import check_payable, concerned, paid_with, without
from domain.booking.schedule import Refusal, Sight, confirm, make, reschedule
from domain.booking.state import Booking
from domain.business.commands import (
    BusinessCommand,
    ChangePolicies,
    CloseLocation,
    OpenBusiness,
    OpenLocation,
    RemoveSegment,
    SaveSegment,
)
from domain.business.decisions import decide as decide_business
from domain.business.state import Business
from domain.catalogue.commands import (
    ChangeService,
    DefineService,
    OfferCommand,
    PublishOffer,
    RetireOffer,
    RetireService,
    ReviseOffer,
    ServiceCommand,
)
from domain.catalogue.facts import OfferLine
from domain.catalogue.offers import decide_offer
from domain.catalogue.services import decide_service
from domain.catalogue.state import Offer, Service
from domain.claims import (
    booking_claims,
    entry_claim,
    external_claim,
    payment_claim,
    purchase_claims,
    redemption_claims,
)
from domain.deciding import decide as decide_package
from domain.decision import Claim, NewStream, Person, Text, Wanted
from domain.fact import Fact
from domain.ledger.books import Books
from domain.ledger.points import earned_by
from domain.moments import local_day
from domain.package.allocation import Candidate, allocate, use
from domain.package.commands import (
    AddNote,
    AdjustPrice,
    CancelPackage,
    ChangeSharing,
    CorrectLine,
    FreezePackage,
    NewPayment,
    RecordPayment,
    RedeemFromCustomer,
    RedeemUnits,
    Redemption,
    RefundPayment,
    ReinstatePackage,
    RestoreUnits,
    SellPackage,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.package.facts import AnyPackageFact
from domain.package.restoration import restore
from domain.package.sale import Sale, sell
from domain.package.state import Package
from domain.people.commands import (
    ActivateCustomer,
    AddParticipant,
    BlockCustomer,
    CategoriseCustomer,
    ChangeConsents,
    ChangeParticipant,
    ChangeProfile,
    CustomerCommand,
    DeactivateCustomer,
    RegisterCustomer,
    RemoveParticipant,
    UnblockCustomer,
)
from domain.people.decisions import decide as decide_customer
from domain.people.entries import (
    AddPhoto,
    ChangeDirectory,
    ChangeParticipantEntry,
    ChangeStaffEntry,
    EnterCustomer,
    EnterParticipant,
    EnterStaff,
)
from domain.people.photos import named_photos, owned, photo_claims, row_of_photo, taken_in
from domain.people.profile import (
    CalledField,
    called_changes,
    called_in,
    changes,
    new_profile,
    profile_in,
    row,
)
from domain.people.state import Customer
from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints, ReversePoints, RewardsCommand
from domain.points.entries import decide as decide_rewards
from domain.points.facts import AnyRewardsFact
from domain.points.state import Rewards, customer_of, rewards_id
from domain.refusals import DuplicateExternalRef, IdTaken, Invalid, NotFound
from domain.staff.commands import ChangeStaff, DeactivateStaff, RegisterStaff, StaffCommand
from domain.staff.decisions import decide as decide_staff
from domain.values import ExternalRef, Value, Wording

Peek = Callable[[str], Any]
"""A kept state by stream id, or None: only a hint at what to read as well."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command makes: facts by stream, and everything that is stored together with them."""

    facts: Mapping[str, tuple[str, list[Any]]]
    """Stream id → (kind, its new facts)."""
    claims: tuple[Claim, ...] = ()
    streams: tuple[NewStream, ...] = ()
    people: tuple[Person, ...] = ()
    texts: tuple[Text, ...] = ()
    refused: tuple[Refusal, ...] = ()
    """Parts of the command that could not be done while the rest is."""

    @property
    def packages(self) -> list[str]:
        """The packages it adds facts to."""
        return [id for id, (kind, _) in self.facts.items() if kind == "package"]

    @property
    def made(self) -> list[tuple[str, str, Fact]]:
        return [(kind, id, fact) for id, (kind, facts) in self.facts.items() for fact in facts]


@dataclass(frozen=True, slots=True)
class Route:
    """How a command is read for and decided."""

    wants: Callable[[Any, str, Peek], Wanted]
    """(command, business id, peek) → what is read."""
    decide: Callable[[Any, Books, Circumstances], Decision]
    target: Callable[[Any, str], str | None] = field(default=lambda command, business_id: None)
    """(command, business id) → the stream that If-Match speaks of."""


# Claims


def _check_unclaimed_ref(books: Books, kind: str, external_ref: ExternalRef | None) -> None:
    if external_ref is not None and books.count(external_claim(kind, external_ref)):
        raise DuplicateExternalRef(str(external_ref))


def _ref_claims(kind: str, external_ref: ExternalRef | None, stream_id: str) -> tuple[Claim, ...]:
    return () if external_ref is None else (Claim(external_claim(kind, external_ref), stream_id),)


def _ref_counts(kind: str, external_ref: ExternalRef | None) -> tuple[str, ...]:
    return () if external_ref is None else (external_claim(kind, external_ref),)


# Texts


def _texts(command: Value, owner_id: str) -> tuple[Text, ...]:
    """The reasons and notes of a command, on their way into the directory."""
    held = (getattr(command, name) for name in ("reason", "note") if name in type(command).model_fields)
    return tuple(Text(w.id, owner_id, w.salt, w.text) for w in held if isinstance(w, Wording))


# The business, its staff and its catalogue


def _open_business(command: OpenBusiness, books: Books, at: Circumstances) -> Decision:
    facts = decide_business(books.business_or_none(), command)
    opened = NewStream("business", books.business_id)
    return Decision({books.business_id: ("business", list(facts))}, streams=(opened,))


def _of_business(command: BusinessCommand, books: Books, at: Circumstances) -> Decision:
    return Decision({books.business_id: ("business", list(decide_business(books.business, command)))})


def _of_staff(command: StaffCommand, books: Books, at: Circumstances) -> Decision:
    state = books.staff(command.staff_id)
    if not isinstance(command, DeactivateStaff):
        for n, location_id in enumerate(command.locations or ()):
            if location_id not in books.business.locations:
                raise Invalid(f"/locations/{n}", "unknown-location", "is not a location of this business")
    return _for_stream("staff", command.staff_id, decide_staff(state, command), new=state is None)


def _wants_staff_entry(command: EnterStaff | ChangeStaffEntry, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0, command.staff.staff_id: 0}, counted=_photo_counts(command))


def _enter_staff(command: EnterStaff, books: Books, at: Circumstances) -> Decision:
    id = command.staff.staff_id
    entry = row(id, id, command.called)
    return _entered(_of_staff(command.staff, books, at), id, [entry], command, books)


def _change_staff_entry(command: ChangeStaffEntry, books: Books, at: Circumstances) -> Decision:
    id = command.staff.staff_id
    if not command.changes:
        return _of_staff(command.staff, books, at)
    fields, entry = _called(id, command.changes, "member of staff", books)
    changes = {"renamed": "name" in fields, "pictured": "photo" in fields}
    decision = _of_staff(command.staff.model_copy(update=changes), books, at)
    return _entered(decision, id, [entry], command, books)


def _of_service(command: ServiceCommand, books: Books, at: Circumstances) -> Decision:
    state = books.service(command.service_id)
    facts = decide_service(state, command)
    return _for_stream("service", command.service_id, facts, new=state is None)


def _of_offer(command: OfferCommand, books: Books, at: Circumstances) -> Decision:
    state = books.offer(command.offer_id)
    lines = () if isinstance(command, RetireOffer) else command.offer.lines
    facts = decide_offer(state, command, _services(lines, books))
    return _for_stream("offer", command.offer_id, facts, new=state is None)


def _for_stream(kind: str, id: str, facts: Any, *, new: bool) -> Decision:
    return Decision({id: (kind, list(facts))}, streams=(NewStream(kind, id),) if new else ())


def _services(lines: tuple[OfferLine, ...], books: Books) -> dict[str, Service | None]:
    return {id: books.service(id) for line in lines for id in line.services}


def _wants_offer(command: OfferCommand, business_id: str, peek: Peek) -> Wanted:
    lines = () if isinstance(command, RetireOffer) else command.offer.lines
    return Wanted({command.offer_id: 0} | {id: 0 for line in lines for id in line.services})


# Customers


def _wants_customer(command: CustomerCommand, business_id: str, peek: Peek) -> Wanted:
    ref = command.external_ref if isinstance(command, RegisterCustomer) else None
    streams = {command.customer_id: 0} | ({business_id: 0} if _category(command) else {})
    return Wanted(streams | _services_of(command), counted=_ref_counts("customer", ref))


def _barred(command: Value) -> dict[str, str]:
    """The services that a command bars a participant from, by their place in its body."""
    match command:
        case RegisterCustomer():
            places = [(f"/participants/{n}", each) for n, each in enumerate(command.participants)]
        case AddParticipant():
            places = [("", command.participant)]
        case ChangeParticipant():
            return {f"/barred_services/{n}": id for n, id in enumerate(command.barred_services or ())}
        case _:
            return {}
    return {
        f"{at}/barred_services/{n}": id for at, each in places for n, id in enumerate(each.barred_services)
    }


def _services_of(command: Value) -> dict[str, int]:
    return dict.fromkeys(_barred(command).values(), 0)


def _category(command: Value) -> str | None:
    if isinstance(command, RegisterCustomer | CategoriseCustomer):
        return command.category
    return None


def _of_customer(command: CustomerCommand, books: Books, at: Circumstances) -> Decision:
    state = books.customer(command.customer_id)
    facts = list(decide_customer(state, command, at))
    if (category := _category(command)) is not None:
        books.business.check_category(category)
    for pointer, service_id in _barred(command).items():
        if books.service(service_id) is None:
            raise Invalid(pointer, "unknown-service", "is not a service of this business")
    claims: tuple[Claim, ...] = ()
    if isinstance(command, RegisterCustomer):
        _check_unclaimed_ref(books, "customer", command.external_ref)
        claims = _ref_claims("customer", command.external_ref, command.customer_id)
    return Decision(
        {command.customer_id: ("customer", facts)},
        claims=claims,
        streams=(NewStream("customer", command.customer_id, command.customer_id),) if state is None else (),
        texts=_texts(command, command.customer_id) if facts else (),
    )


def _wants_new_entry(command: EnterCustomer, business_id: str, peek: Peek) -> Wanted:
    photos = Wanted({business_id: 0}, counted=_photo_counts(command))
    return _wants_customer(command.customer, business_id, peek) | photos


def _enter_customer(command: EnterCustomer, books: Books, at: Circumstances) -> Decision:
    id = command.customer.customer_id
    profile = new_profile(command.profile, _today(books, at))
    entries = [row(id, id, profile)]
    entries += [row(each, id, called) for each, called in command.called.items()]
    return _entered(_of_customer(command.customer, books, at), id, entries, command, books)


def _wants_entry(command: ChangeDirectory, business_id: str, peek: Peek) -> Wanted:
    return Wanted({command.customer_id: 0, business_id: 0}, counted=_photo_counts(command))


def _change_directory(command: ChangeDirectory, books: Books, at: Circumstances) -> Decision:
    id = command.customer_id
    person = books.person(id)
    if books.customer(id) is None or person is None:
        raise NotFound("customer", id)
    known = profile_in(person)
    fields, changed = changes(known, command.changes, _today(books, at))
    asked: list[CustomerCommand] = [ChangeProfile(customer_id=id, fields=fields)]
    if "category" in command.model_fields_set:
        asked.append(CategoriseCustomer(customer_id=id, category=command.category))
    asked.append(ChangeConsents(customer_id=id, consents=command.consents))
    # None of them depends on what another makes of the customer.
    facts = [fact for each in asked for fact in _of_customer(each, books, at).facts[id][1]]
    decision = Decision({id: ("customer", facts)})
    return _entered(decision, id, [row(id, person.owner_id, changed)], command, books)


def _today(books: Books, at: Circumstances) -> date:
    return local_day(at.now, books.business.time_zone)


def _wants_participant(
    command: EnterParticipant | ChangeParticipantEntry, business_id: str, peek: Peek
) -> Wanted:
    asked = command.participant
    return Wanted({asked.customer_id: 0} | _services_of(asked), counted=_photo_counts(command))


def _enter_participant(command: EnterParticipant, books: Books, at: Circumstances) -> Decision:
    id = command.participant.customer_id
    entry = row(command.participant.participant.participant_id, id, command.called)
    return _entered(_of_customer(command.participant, books, at), id, [entry], command, books)


def _change_participant_entry(command: ChangeParticipantEntry, books: Books, at: Circumstances) -> Decision:
    asked = command.participant
    owner = _customer(books, asked.customer_id)
    if not command.changes:
        return _of_customer(asked, books, at)
    if asked.participant_id == owner.in_person.id:
        message = "is that of the customer in person: change the customer"
        raise Invalid(f"/{next(iter(command.changes))}", "in-person", message)
    fields, entry = _called(asked.participant_id, command.changes, "participant", books)
    changes = {"renamed": "name" in fields, "pictured": "photo" in fields}
    decision = _of_customer(asked.model_copy(update=changes), books, at)
    return _entered(decision, asked.customer_id, [entry], command, books)


# The directory: what a command says of people goes in with its facts


def _called(
    id: str, given: Mapping[CalledField, str | None], kind: str, books: Books
) -> tuple[frozenset[str], Person]:
    """What differs of a participant or a member of staff, and their row with it. Raises NotFound."""
    person = books.person(id)
    if person is None:
        raise NotFound(kind, id)
    fields, changed = called_changes(called_in(person), given)
    return fields, row(id, person.owner_id, changed)


def _photo_counts(command: Value) -> tuple[str, ...]:
    named = named_photos(command).values()
    return tuple(photo_claims(id) for id in dict.fromkeys(named))


def _entered(
    decision: Decision, owner_id: str, entries: Sequence[Person], command: Value, books: Books
) -> Decision:
    """The decision with rows of the directory, and with the photos that the command names for the owner.

    Raises Invalid for a photo that was never taken in, or is somebody else's.
    """
    photos: dict[str, Person] = {}
    for pointer, id in named_photos(command).items():
        theirs = books.person(id)
        if theirs is not None and theirs.owner_id == owner_id:
            continue
        if books.count(photo_claims(id)) != 1:
            raise Invalid(pointer, "unknown-photo", "is not a photo that was sent and is nobody else's")
        photos[id] = row_of_photo(id, owner_id)
    claims = tuple(Claim(owned(id), owner_id) for id in photos)
    return replace(
        decision,
        claims=decision.claims + claims,
        people=(*decision.people, *entries, *photos.values()),
    )


def _wants_photo(command: AddPhoto, business_id: str, peek: Peek) -> Wanted:
    return Wanted()


def _add_photo(command: AddPhoto, books: Books, at: Circumstances) -> Decision:
    """No fact tells of it: until a profile names it, it is nobody's."""
    return Decision({}, claims=(Claim(taken_in(command.photo_id), command.photo_id),))


def _customer(books: Books, customer_id: str) -> Customer:
    found = books.customer(customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    return found


# Selling


def _wants_sale(command: SellPackage, business_id: str, peek: Peek) -> Wanted:
    streams = [business_id, command.customer_id, command.package_id]
    streams += [id for id in (command.offer_id, command.purchased_by) if id]
    offer = peek(command.offer_id) if command.offer_id else None
    lines = offer.terms.lines if isinstance(offer, Offer) else command.lines or ()
    streams += [id for line in lines for id in line.services]
    counted = [purchase_claims(command.customer_id, command.offer_id, command.name)]
    counted += _ref_counts("package", command.external_ref)
    if command.payment is not None:
        counted += _payment_counts(command.payment)
    return Wanted(dict.fromkeys(streams, 0), counted=tuple(counted))


def _sell(command: SellPackage, books: Books, at: Circumstances) -> Decision:
    if books.stream(command.package_id) is not None:
        raise IdTaken(command.package_id)
    _check_unclaimed_ref(books, "package", command.external_ref)
    numbers = purchase_claims(command.customer_id, command.offer_id, command.name)
    offer = books.offer(command.offer_id) if command.offer_id else None
    sale = Sale(
        business=books.business,
        customer=_customer(books, command.customer_id),
        purchaser=_customer(books, command.purchased_by) if command.purchased_by else None,
        offer=offer,
        services=_services(offer.terms.lines if offer else command.lines or (), books),
        purchase_number=books.count(numbers) + 1,
        bought_before=_bought_before(command, offer, books),
    )
    facts = list(sell(command, sale, at))
    claims = [Claim(f"{numbers}{sale.purchase_number}", command.package_id)]
    claims += _ref_claims("package", command.external_ref, command.package_id)
    if command.payment is not None:
        claims += _payment_claims(command.payment, command.package_id, books)
    return Decision(
        {command.package_id: ("package", facts)},
        claims=tuple(claims),
        streams=(NewStream("package", command.package_id, command.customer_id),),
        texts=_texts(command, command.customer_id),
    )


def _bought_before(command: SellPackage, offer: Offer | None, books: Books) -> int:
    """Packages of the offer that count towards its limit per customer; read only where there is one."""
    if offer is None or offer.terms.max_per_customer is None:
        return 0
    held = books.packages_of(command.customer_id)
    return sum(p.offer_id == command.offer_id and not p.voided for _, p, _ in held)


# One package


def _wants_package(command: Any, business_id: str, peek: Peek) -> Wanted:
    counted = _payment_counts(command.payment) if isinstance(command, RecordPayment) else ()
    streams = {business_id: 0, command.package_id: 0} | _owner_of(command.package_id, peek)
    return Wanted(streams, with_customers=True, counted=counted)


def _owner_of(package_id: str, peek: Peek) -> dict[str, int]:
    """The customer's stream of a package that is kept, so that it need not be read whole again."""
    known = peek(package_id)
    return {known.customer_id: 0} if isinstance(known, Package) else {}


def _of_package(command: Any, books: Books, at: Circumstances) -> Decision:
    return _decided(command.package_id, command, books, at)


def _decided(package_id: str, command: Any, books: Books, at: Circumstances) -> Decision:
    state = _package(books, package_id)
    owner = _customer(books, state.customer_id)
    facts = list(decide_package(state, command, at, books.business.policies, owner))
    claims: tuple[Claim, ...] = ()
    if isinstance(command, RecordPayment):
        claims = _payment_claims(command.payment, package_id, books)
    texts = _texts(command, state.customer_id) if facts else ()
    return Decision({package_id: ("package", facts)}, claims=claims, texts=texts)


def _package(books: Books, package_id: str) -> Package:
    found = books.package(package_id)
    if found is None:
        raise NotFound("package", package_id)
    return found


# Payments


def _payment_counts(payment: NewPayment) -> tuple[str, ...]:
    return (payment_claim(payment.payment_id), *_ref_counts("payment", payment.external_ref))


def _payment_claims(payment: NewPayment, package_id: str, books: Books) -> tuple[Claim, ...]:
    if books.count(payment_claim(payment.payment_id)):
        raise IdTaken(payment.payment_id)
    _check_unclaimed_ref(books, "payment", payment.external_ref)
    claim = Claim(payment_claim(payment.payment_id), package_id)
    return (claim, *_ref_claims("payment", payment.external_ref, package_id))


def _wants_refund(command: RefundPayment, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0}, claimed=(payment_claim(command.payment_id),), with_customers=True)


def _refund(command: RefundPayment, books: Books, at: Circumstances) -> Decision:
    for package_id in books.packages_that(lambda state: command.payment_id in state.payments):
        return _decided(package_id, command, books, at)
    raise NotFound("payment", command.payment_id)


# Redeeming and restoring


def _wants_redemption(command: RedeemUnits, business_id: str, peek: Peek) -> Wanted:
    counted = (redemption_claims(command.redemption_id),)
    streams = {business_id: 0, command.package_id: 0} | _spoken_of(command)
    streams |= _owner_of(command.package_id, peek)
    return Wanted(streams, with_customers=True, counted=counted)


def _spoken_of(command: Redemption) -> dict[str, int]:
    return {id: 0 for id in (command.staff_id, command.booking_id) if id is not None}


def _redeem(command: RedeemUnits, books: Books, at: Circumstances) -> Decision:
    state = _package(books, command.package_id)
    candidate = Candidate(command.package_id, state, 0)
    return _redemption([candidate], command, books, at, state.customer_id, chosen=True)


def _wants_customer_redemption(command: RedeemFromCustomer, business_id: str, peek: Peek) -> Wanted:
    counted = (redemption_claims(command.redemption_id),)
    streams = {business_id: 0, command.customer_id: 0} | _spoken_of(command)
    return Wanted(streams, packages_of=(command.customer_id,), counted=counted)


def _redeem_from_customer(command: RedeemFromCustomer, books: Books, at: Circumstances) -> Decision:
    _customer(books, command.customer_id)
    candidates = _candidates(command.customer_id, None, books)
    return _redemption(candidates, command, books, at, command.customer_id, chosen=False)


AFTER_ALL = 2**63
"""Packages whose own sale is not stored yet are ranked from here on, in the order of their sales."""


def _redemption(
    candidates: list[Candidate],
    command: Redemption,
    books: Books,
    at: Circumstances,
    owner_id: str,
    *,
    chosen: bool,
) -> Decision:
    """Raises also what `check_payable` raises, where it pays for a booking of these books."""
    claims = redemption_claims(command.redemption_id)
    if books.count(claims):
        raise IdTaken(command.redemption_id)
    books.business.check_location(command.location_id)
    if command.staff_id is not None and books.staff(command.staff_id) is None:
        raise Invalid("/staff_id", "unknown-staff", "is not a member of staff of this business")
    booked = books.booking(command.booking_id) if command.booking_id else None
    if booked is not None:
        command = check_payable(booked, command, owner_id)
    owner = _customer(books, owner_id)
    taken, wish = allocate(candidates, command, at, books.business, owner, chosen=chosen)
    facts = use(taken, wish, at)
    made: dict[str, tuple[str, list[Any]]] = {id: ("package", new) for id, new in facts.items()}
    claimed = [Claim(f"{claims}{id}", id) for id in facts]
    if command.booking_id is not None:  # the id of a booking kept elsewhere is taken, too
        paying = booking_claims(command.booking_id)
        claimed += [Claim(f"{paying}{id}/{command.redemption_id}", id) for id in facts]
        if booked is not None:
            made[command.booking_id] = ("booking", [paid_with(booked, command.redemption_id, taken, at)])
    return Decision(made, claims=tuple(claimed))


def _wants_restoration(command: RestoreUnits, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0}, claimed=(redemption_claims(command.redemption_id),), with_customers=True)


def _restore(command: RestoreUnits, books: Books, at: Circumstances) -> Decision:
    used = books.packages_that(lambda state: command.redemption_id in state.uses)
    facts = restore(used, command, at)
    owner = next(iter(used.values())).customer_id
    return Decision({id: ("package", list(made)) for id, made in facts.items()}, texts=_texts(command, owner))


# Bookings


def _wants_making(command: MakeBooking, business_id: str, peek: Peek) -> Wanted:
    ids = [business_id, command.customer_id, command.service_id, command.staff_id, command.package_id]
    ids += [each.booking_id for each in command.bookings]
    counted = tuple(redemption_claims(each.redemption_id) for each in command.bookings)
    counted += tuple(booking_claims(each.booking_id) for each in command.bookings)
    return Wanted(
        {id: 0 for id in ids if id},
        packages_of=() if command.package_id else (command.customer_id,),
        counted=counted + _ref_counts("booking", command.external_ref),
    )


def _make_booking(command: MakeBooking, books: Books, at: Circumstances) -> Decision:
    _check_own(command.customer_id, "customer", command.customer_id, at)
    owner = _customer(books, command.customer_id)
    taken: set[str] = set()
    for each in command.bookings:
        named = books.count(booking_claims(each.booking_id))
        if each.booking_id in taken or named or books.stream(each.booking_id) is not None:
            raise IdTaken(each.booking_id)
        if each.redemption_id in taken or books.count(redemption_claims(each.redemption_id)):
            raise IdTaken(each.redemption_id)
        taken |= {each.booking_id, each.redemption_id}
    _check_unclaimed_ref(books, "booking", command.external_ref)
    sight = Sight(
        books.business,
        owner,
        books.service(command.service_id),
        books.staff(command.staff_id) if command.staff_id else None,
        _candidates(command.customer_id, command.package_id, books),
    )
    made = make(command, sight, at)
    facts: dict[str, tuple[str, list[Any]]] = {id: ("package", new) for id, new in made.packages.items()}
    facts |= {id: ("booking", [fact]) for id, fact in made.bookings.items()}
    claims = [claim for id, fact in made.bookings.items() for claim in _booking_claims(id, fact)]
    return Decision(
        facts,
        claims=tuple(claims),
        streams=tuple(NewStream("booking", id, command.customer_id) for id in made.bookings),
        refused=tuple(made.refused),
    )


def _check_own(owner_id: str, kind: str, id: str, at: Circumstances) -> None:
    """A customer's key acts for its own customer; of others it does not even learn that they exist.

    `kind` and `id` are what was asked for.
    """
    if at.actor.role is Role.CUSTOMER and at.actor.id != owner_id:
        raise NotFound(kind, id)


def _candidates(customer_id: str, package_id: str | None, books: Books) -> list[Candidate]:
    if package_id is None:
        return [
            Candidate(id, state, position or AFTER_ALL + n)
            for n, (id, state, position) in enumerate(books.packages_of(customer_id))
        ]
    chosen = _package(books, package_id)
    if chosen.customer_id != customer_id:
        raise NotFound("package", package_id)
    return [Candidate(package_id, chosen, 0)]


def _booking_claims(booking_id: str, fact: BookingMade) -> list[Claim]:
    """The id of its redemption is taken now, also where units are only held until it is attended."""
    claims = list(_ref_claims("booking", fact.external_ref, booking_id))
    for id in dict.fromkeys(source.package_id for source in fact.sources):
        assert fact.redemption_id is not None, "a booking with sources has a redemption"
        claims.append(Claim(f"{booking_claims(booking_id)}{id}", id))
        claims.append(Claim(f"{redemption_claims(fact.redemption_id)}{id}", id))
    return claims


def _wants_booking(command: Any, business_id: str, peek: Peek) -> Wanted:
    known = peek(command.booking_id)
    streams = {business_id: 0, command.booking_id: 0}
    if isinstance(known, Booking):  # as far as they are kept they need not be read whole again
        spoken_of = (known.customer_id, known.service_id, known.staff_id, *known.packages)
        streams |= {id: 0 for id in spoken_of if id is not None}
    return Wanted(streams, claimed=(booking_claims(command.booking_id),), with_customers=True)


def _of_booking(command: BookingCommand, books: Books, at: Circumstances) -> Decision:
    state = books.booking(command.booking_id)
    if state is None:
        raise NotFound("booking", command.booking_id)
    _check_own(state.customer_id, "booking", command.booking_id, at)
    packages = {id: _package(books, id) for id in state.packages}
    facts, moved = _decide_booking(state, command, packages, books, at)
    return Decision(
        {id: ("package", new) for id, new in moved.items()} | {command.booking_id: ("booking", list(facts))},
        texts=_texts(command, state.customer_id) if facts else (),
    )


def _decide_booking(
    state: Booking,
    command: BookingCommand,
    packages: Mapping[str, Package],
    books: Books,
    at: Circumstances,
) -> tuple[list[BookingFact], dict[str, list[AnyPackageFact]]]:
    match command:
        case ConfirmBooking():
            return confirm(state, at), {}
        case RescheduleBooking():
            return reschedule(
                state, command, packages, books.business, _customer(books, state.customer_id), at
            )
        case MarkAttendance():
            return mark(state, command, packages, at)
        case CompleteBooking():
            return complete(state, command.booking_id, packages, at)
        case CancelBooking():
            return cancel(state, command, packages, at)
        case _:
            assert_never(command)


# Points


def _wants_points(command: Any, business_id: str, peek: Peek) -> Wanted:
    counted = (entry_claim(command.entry_id),)
    if isinstance(command, ReversePoints):
        return Wanted(claimed=(entry_claim(command.addition_id),), counted=counted)
    return Wanted({command.customer_id: 0, rewards_id(command.customer_id): 0}, counted=counted)


def _of_points(command: RewardsCommand, books: Books, at: Circumstances) -> Decision:
    if books.count(entry_claim(command.entry_id)):
        raise IdTaken(command.entry_id)
    customer_id, account = _account(command, books)
    fact = decide_rewards(account, command, at)
    return _with_points(Decision({}, texts=_texts(command, customer_id)), {customer_id: [fact]}, books)


def _account(command: RewardsCommand, books: Books) -> tuple[str, Rewards | None]:
    """The customer whose points a command moves, and the account. Raises NotFound."""
    if not isinstance(command, ReversePoints):
        _customer(books, command.customer_id)
        return command.customer_id, books.rewards_of(command.customer_id)
    for stream_id, account in books.rewards_that(lambda state: state.holds(command.addition_id)):
        return customer_of(stream_id), account
    raise NotFound("addition of points", command.addition_id)


def _with_points(
    decision: Decision, points: Mapping[str, Sequence[AnyRewardsFact]], books: Books
) -> Decision:
    """The decision with facts of points, by customer, in the same append; each entry claims its id."""
    streams = {rewards_id(customer_id): customer_id for customer_id in points}
    facts = {rewards_id(customer_id): ("rewards", list(made)) for customer_id, made in points.items()}
    new = [
        NewStream("rewards", id, customer_id) for id, customer_id in streams.items() if not books.version(id)
    ]
    claims = [Claim(entry_claim(fact.entry_id), id) for id, (_, made) in facts.items() for fact in made]
    return replace(
        decision,
        facts={**decision.facts, **facts},
        claims=(*decision.claims, *claims),
        streams=(*decision.streams, *new),
    )


def _telling_bookings(route: Route) -> Route:
    """The same route; a booking whose units it gives back is told in the same append."""

    def decide(command: Any, books: Books, at: Circumstances) -> Decision:
        decision = route.decide(command, books, at)
        moved = {id: facts for id, (kind, facts) in decision.facts.items() if kind == "package"}
        packages = {id: _package(books, id) for id in moved}
        told: dict[str, tuple[str, list[Any]]] = {}
        for id in concerned(packages, moved):
            booked = books.booking(id)
            fact = None if booked is None else without(booked, id, packages, moved, at)
            if fact is not None:
                told[id] = ("booking", [fact])
        return replace(decision, facts={**decision.facts, **told}) if told else decision

    return Route(route.wants, decide, route.target)


def _earning(route: Route) -> Route:
    """The same route, and what its facts earn or take back under the business's earn rules.

    Where there are such rules the account is read at once, as far as it can be foreseen whose it is.
    """

    def wants(command: Any, business_id: str, peek: Peek) -> Wanted:
        wanted, known = route.wants(command, business_id, peek), peek(business_id)
        if not (isinstance(known, Business) and known.earns):
            return wanted
        states = [peek(id) for id in wanted.streams]
        owners = [state.customer_id for state in states if isinstance(state, Package | Booking)]
        if customer_id := getattr(command, "customer_id", None):
            owners.append(customer_id)
        return wanted | Wanted({rewards_id(owner): 0 for owner in owners})

    def decide(command: Any, books: Books, at: Circumstances) -> Decision:
        decision = route.decide(command, books, at)
        points = earned_by(decision.facts, books, at)
        return _with_points(decision, points, books) if points else decision

    return Route(wants, decide, route.target)


# The table


def _own(name: str, *, and_business: bool = False) -> Callable[[Any, str, Peek], Wanted]:
    """Reads the stream whose id the command holds under `name`, and the business if asked."""

    def wants(command: Any, business_id: str, peek: Peek) -> Wanted:
        streams = {getattr(command, name): 0}
        return Wanted({business_id: 0} | streams if and_business else streams)

    return wants


def _business(command: Any, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0})


def _id(name: str) -> Callable[[Any, str], str]:
    return lambda command, business_id: str(getattr(command, name))


_PACKAGE = Route(_wants_package, _of_package, _id("package_id"))
_PACKAGE_EARNING = _earning(_telling_bookings(_PACKAGE))
_POINTS = Route(_wants_points, _of_points, lambda command, business_id: rewards_id(command.customer_id))
_BOOKING = _earning(Route(_wants_booking, _of_booking, _id("booking_id")))


def _participants_owner(command: EnterParticipant | ChangeParticipantEntry, business_id: str) -> str:
    return command.participant.customer_id


_CUSTOMER = Route(_wants_customer, _of_customer, _id("customer_id"))
_OFFER = Route(_wants_offer, _of_offer, _id("offer_id"))
_SERVICE = Route(_own("service_id"), _of_service, _id("service_id"))
_STAFF = Route(_own("staff_id", and_business=True), _of_staff, _id("staff_id"))
_BUSINESS = Route(_business, _of_business, lambda command, business_id: business_id)

COMMANDS: Mapping[type[Value], Route] = {
    OpenBusiness: Route(_business, _open_business),
    ChangePolicies: _BUSINESS,
    OpenLocation: _BUSINESS,
    CloseLocation: _BUSINESS,
    SaveSegment: _BUSINESS,
    RemoveSegment: _BUSINESS,
    RegisterStaff: _STAFF,
    ChangeStaff: _STAFF,
    DeactivateStaff: _STAFF,
    EnterStaff: Route(_wants_staff_entry, _enter_staff),
    ChangeStaffEntry: Route(
        _wants_staff_entry, _change_staff_entry, lambda command, business_id: command.staff.staff_id
    ),
    AddPhoto: Route(_wants_photo, _add_photo),
    DefineService: _SERVICE,
    ChangeService: _SERVICE,
    RetireService: _SERVICE,
    PublishOffer: _OFFER,
    ReviseOffer: _OFFER,
    RetireOffer: _OFFER,
    RegisterCustomer: _CUSTOMER,
    CategoriseCustomer: _CUSTOMER,
    ChangeConsents: _CUSTOMER,
    EnterCustomer: Route(_wants_new_entry, _enter_customer),
    ChangeDirectory: Route(_wants_entry, _change_directory, _id("customer_id")),
    EnterParticipant: Route(_wants_participant, _enter_participant, _participants_owner),
    ChangeParticipantEntry: Route(_wants_participant, _change_participant_entry, _participants_owner),
    ActivateCustomer: _CUSTOMER,
    DeactivateCustomer: _CUSTOMER,
    BlockCustomer: _CUSTOMER,
    UnblockCustomer: _CUSTOMER,
    AddParticipant: _CUSTOMER,
    ChangeParticipant: _CUSTOMER,
    RemoveParticipant: _CUSTOMER,
    MakeBooking: _earning(Route(_wants_making, _make_booking)),
    ConfirmBooking: _BOOKING,
    RescheduleBooking: _BOOKING,
    MarkAttendance: _BOOKING,
    CompleteBooking: _BOOKING,
    CancelBooking: _BOOKING,
    SellPackage: _earning(Route(_wants_sale, _sell)),
    RedeemUnits: _earning(Route(_wants_redemption, _redeem, _id("package_id"))),
    RedeemFromCustomer: _earning(Route(_wants_customer_redemption, _redeem_from_customer)),
    RestoreUnits: _earning(_telling_bookings(Route(_wants_restoration, _restore))),
    RefundPayment: _earning(Route(_wants_refund, _refund)),
    CorrectLine: _PACKAGE_EARNING,
    SetExpiry: _PACKAGE,
    ReinstatePackage: _PACKAGE,
    FreezePackage: _PACKAGE,
    UnfreezePackage: _PACKAGE,
    RecordPayment: _PACKAGE_EARNING,
    CancelPackage: _PACKAGE_EARNING,
    VoidPackage: _PACKAGE_EARNING,
    AdjustPrice: _PACKAGE,
    ChangeSharing: _PACKAGE,
    AddNote: _PACKAGE,
    AddPoints: _POINTS,
    RedeemPoints: _POINTS,
    AdjustPoints: _POINTS,
    ReversePoints: Route(_wants_points, _of_points),
}
