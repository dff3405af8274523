"""Everything that can be asked of the books, for the product as a command and for the reference as a call.

Each function draws one command on what the reference knows: mostly sensible, often at a limit, sometimes
nonsense.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from hypothesis import strategies as st

from domain.business.commands import ChangePolicies, CloseLocation, OpenLocation, ReopenLocation
from domain.business.facts import Deduct
from domain.calendar_rules import ExpiryAfterFirstUse, ExpiryAfterPurchase, ExpiryOnDate, NoExpiry, Validity
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
from domain.catalogue.facts import OfferLine, OfferTerms, ServiceTerms
from domain.package.commands import (
    AddNote,
    AdjustPrice,
    CancelPackage,
    ChangeLocations,
    ChangeSharing,
    CorrectLine,
    FreezePackage,
    NewPayment,
    RecordExpiry,
    RecordPayment,
    RecordReminderDue,
    RecordReminderSent,
    RedeemFromCustomer,
    RedeemUnits,
    Refund,
    RefundPayment,
    ReinstatePackage,
    RestoreUnits,
    SellPackage,
    SetExpiry,
    TransferUnits,
    UndoTransfer,
    UnfreezePackage,
    VoidPackage,
)
from domain.people.commands import (
    ActivateCustomer,
    AddParticipant,
    BlockCustomer,
    ChangeParticipant,
    DeactivateCustomer,
    EraseCustomer,
    MergeCustomers,
    NewParticipant,
    RegisterCustomer,
    RemoveParticipant,
    ReturnParticipant,
    UnblockCustomer,
    UnmergeCustomers,
)
from domain.staff.commands import DeactivateStaff, ReactivateStaff, RegisterStaff
from domain.values import AMOUNT_MAX, UNITS_PER_PACKAGE_MAX, CancellationTerms, Money, PaymentMethod
from tests.model import booking, imports, memberships, points
from tests.model.almanac import DAY, day_at, moment_of
from tests.model.desk import (
    CURRENCY,
    LOCATIONS,
    NEARLY_TOO_DEAR,
    OFTEN,
    PRICES,
    QUANTITIES,
    STAFF,
    Asked,
    Desk,
)
from tests.model.plain import BY_RULE, EarnRule, Offer, Package, Wish


def _asked_moment(moment: date | int | None) -> Any:
    return moment_of(moment) if isinstance(moment, int) else moment


def _money(amount: int) -> Money:
    return Money(amount=amount, currency=CURRENCY)


# The business and its catalogue


LEADS: Sequence[int | Literal["as before"] | None] = ("as before", "as before", None, 0, 1, 7, 14, 14, 365)


def policies(desk: Desk) -> Asked:
    required, most = desk.one_of(None, False, False, True), desk.one_of(None, None, 1, 3)
    deduct, terms = desk.one_of(None, "at_booking", "at_attendance"), desk.terms()
    earn = desk.one_of(None, None, (), EARN, LAVISH, _earn(desk), _earn(desk))
    opens = desk.one_of(None, None, None, 0, 60, 1_440)
    lead = desk.draw(st.sampled_from(LEADS))
    codes = desk.one_of(None, None, None, (), ("ill",), ("ill", "twice"))
    needs = desk.one_of(*[None] * 6, False, False, True)
    reminding = {} if lead == "as before" else {"reminder_lead_days": lead}
    command = ChangePolicies.model_validate(
        {
            **reminding,
            "payment_required": required,
            "correction_max": most,
            "deduct": deduct,
            "attendance_opens_minutes": opens,
            "cancellation": _terms(terms),
            "earn": None if earn is None else _earned(earn),
            "reason_codes": None if codes is None else tuple(_code(code) for code in codes),
            "reason_code_required": None if needs is None else ("correction",) * needs,
        }
    )

    reasons = codes, needs
    return Asked(
        command,
        lambda books, _: books.set_policies(required, most, deduct, terms, earn, opens, lead, *reasons),
    )


def _code(code: str) -> dict[str, Any]:
    return {"code": code, "text": code.capitalize(), "groups": ("correction",)}


EARN = (EarnRule("payment", 1, 100), EarnRule("visit", 5), EarnRule("purchase", 20))
LAVISH = (EarnRule("payment", points.MOST, 1), EarnRule("purchase", points.MOST), EarnRule("visit", 1))
"""With these an account is soon full."""
EARN_RULES = (*EARN, *LAVISH, EarnRule("payment", 3, 7), EarnRule("payment", 1, 1_000))


def _earn(desk: Desk) -> tuple[EarnRule, ...]:
    """Now and then two for the same cause."""
    return tuple(desk.one_of(*EARN_RULES) for _ in range(desk.one_of(1, 2)))


def _earned(rules: tuple[EarnRule, ...]) -> tuple[dict[str, Any], ...]:
    return tuple({name: told for name, told in asdict(rule).items() if told is not None} for rule in rules)


def _terms(plain: tuple[int, str] | None) -> CancellationTerms | None:
    if plain is None:
        return None
    return CancellationTerms.model_validate({"notice_hours": plain[0], "late": plain[1]})


def location(desk: Desk) -> Asked:
    id = desk.among("loc", [*desk.books.locations, "loc_new"])
    match desk.one_of("open", "close", "reopen", "reopen"):
        case "open":
            zone = desk.one_of(None, "America/New_York")
            opening = OpenLocation(location_id=id, name="Here", time_zone=zone)
            return Asked(opening, lambda books, _: books.open_location(id, zone))
        case "close":
            return Asked(CloseLocation(location_id=id), lambda books, _: books.let_location(id, False))
        case _:
            return Asked(ReopenLocation(location_id=id), lambda books, _: books.let_location(id, True))


def staff(desk: Desk) -> Asked:
    """Somebody leaves, or comes back: mostly Bob, whom uses and bookings name."""
    id = desk.one_of(*["stf_bob"] * 4, desk.among("stf", list(desk.books.staff)))
    if desk.one_of(True, False):
        return Asked(DeactivateStaff(staff_id=id), lambda books, _: books.let_staff(id, False), id)
    return Asked(ReactivateStaff(staff_id=id), lambda books, _: books.let_staff(id, True), id)


def _service_terms(list_price: int | None) -> ServiceTerms:
    return ServiceTerms(name="Massage 60", service_type="Massage", list_price=list_price)


def service(desk: Desk) -> Asked:
    known, price = list(desk.books.services), desk.one_of(None, 0, 1, 3_000, 6_000, 6_000)
    kind = desk.one_of("define", "define", "change", "retire", "reinstate")
    id = desk.new("svc", known) if kind == "define" else desk.among("svc", known)
    terms = _service_terms(price)
    match kind:
        case "define":
            return _defining(id, price, terms)
        case "change":
            changing = ChangeService(service_id=id, service=terms)
            return Asked(changing, lambda books, _: books.change_service(id, price), id)
        case "reinstate":
            again = ReinstateService(service_id=id)
            return Asked(again, lambda books, _: books.retire_service(id, False), id)
        case _:
            retiring = RetireService(service_id=id)
            return Asked(retiring, lambda books, _: books.retire_service(id), id)


def offer(desk: Desk) -> Asked:
    known = list(desk.books.offers)
    kind = desk.one_of("publish", "publish", "revise", "retire", "reinstate")
    if kind == "retire":
        id = desk.among("off", known)
        return Asked(RetireOffer(offer_id=id), lambda books, _: books.retire_offer(id), id)
    if kind == "reinstate":
        id = desk.among("off", known)
        return Asked(ReinstateOffer(offer_id=id), lambda books, _: books.retire_offer(id, False), id)
    plain = _plain_offer(desk)
    if kind == "publish":
        return _publishing(desk.new("off", known), plain)
    id = desk.among("off", known)
    revising = ReviseOffer(offer_id=id, offer=_offer_terms(plain))
    return Asked(revising, lambda books, _: books.revise(id, plain), id)


def _lines(desk: Desk) -> tuple[tuple[int, tuple[str, ...]], ...]:
    number = desk.one_of(1, 1, 1, 2, 3)
    return tuple((desk.one_of(*QUANTITIES), desk.services(2)) for _ in range(number))


def _offered(lines: tuple[tuple[int, tuple[str, ...]], ...]) -> tuple[OfferLine, ...]:
    return tuple(OfferLine(quantity=quantity, services=services) for quantity, services in lines)


def _plain_offer(desk: Desk) -> Offer:
    rule, count, unit = desk.one_of(
        ("never", 0, ""),
        ("after_purchase", 0, ""),
        ("after_first_use", 0, ""),
        ("on_date", 0, ""),
    )
    if rule.startswith("after"):
        count, unit = desk.one_of((1, "days"), (1, "weeks"), (1, "months"), (6, "months"), (1, "years"))
    return Offer(
        name=desk.one_of("Massage ×10 💆", "Day pass"),
        price=desk.one_of(*PRICES),
        lines=_lines(desk),
        validity=(rule, count, unit),
        ends_on=desk.day() if rule == "on_date" else None,
        sharing=desk.one_of("purchaser", "household"),
        cap=desk.one_of(None, None, 1, 3),
        each=desk.one_of(None, None, None, 1, 2),
        locations=desk.one_of((), (), (), (), (), (), LOCATIONS[:1], LOCATIONS, ("loc_unknown",)),
        terms=desk.terms(),
    )


def _offer_terms(plain: Offer) -> OfferTerms:
    return OfferTerms(
        name=plain.name,
        price=plain.price,
        lines=_offered(plain.lines),
        validity=_validity(plain),
        sharing="household" if plain.sharing == "household" else "purchaser",
        cap_per_participant=plain.cap,
        max_per_customer=plain.each,
        locations=plain.locations,
        cancellation=_terms(plain.terms),
    )


def _validity(plain: Offer) -> Validity:
    rule, count, unit = plain.validity
    match rule:
        case "after_purchase":
            return ExpiryAfterPurchase.model_validate({"count": count, "unit": unit})
        case "after_first_use":
            return ExpiryAfterFirstUse.model_validate({"count": count, "unit": unit})
        case "on_date":
            assert plain.ends_on is not None
            return ExpiryOnDate(date=plain.ends_on)
        case _:
            return NoExpiry()


# Customers


def register(desk: Desk) -> Asked:
    id = desk.new("cus", list(desk.books.customers))
    number = desk.one_of(0, 0, 1, 2)
    dogs = [(desk.new("par"), _barred(desk)) for _ in range(number)]
    participants = tuple(
        NewParticipant(participant_id=dog, kind="dog", barred_services=barred) for dog, barred in dogs
    )
    command = RegisterCustomer(customer_id=id, participants=participants)
    return Asked(command, lambda books, _: books.register(id, dogs), id)


def _barred(desk: Desk) -> tuple[str, ...]:
    return desk.draw(st.sampled_from([(), (), (), *((id,) for id in desk.books.services)]))


def standing(desk: Desk) -> Asked:
    """Blocked, inactive, and back."""
    id, kind = desk.customer_id(), desk.one_of("unblock", "block", "activate", "deactivate")
    match kind:
        case "block":
            blocking = BlockCustomer(customer_id=id, reason=desk.wording_or_none())
            return Asked(blocking, lambda books, _: books.block(id, True), id)
        case "unblock":
            return Asked(UnblockCustomer(customer_id=id), lambda books, _: books.block(id, False), id)
        case "activate":
            return Asked(ActivateCustomer(customer_id=id), lambda books, _: books.activate(id, True), id)
        case _:
            return Asked(DeactivateCustomer(customer_id=id), lambda books, _: books.activate(id, False), id)


def erase(desk: Desk) -> Asked:
    id = desk.customer_id()
    unused: Literal["cancel"] | None = desk.one_of(None, "cancel", "cancel", "cancel")
    owing: Literal["keep"] | None = desk.one_of(None, "keep", "keep", "keep")
    command = EraseCustomer(customer_id=id, unused=unused, owing=owing, reason=desk.wording())
    return Asked(
        command,
        lambda books, asking: books.erasures.erase(asking, id, ends=bool(unused), keeps=bool(owing)),
        id,
    )


def merge(desk: Desk) -> Asked:
    survivor, absorbed = desk.customer_id(), desk.customer_id()
    command = MergeCustomers(customer_id=survivor, absorbed_customer_id=absorbed)
    return Asked(command, lambda books, asking: books.merge(asking, survivor, absorbed), survivor)


def unmerge(desk: Desk) -> Asked:
    """Often by the absorbed customer; where nobody was merged, a merge."""
    customers = desk.books.customers
    merged = [id for id in customers if customers.own(id).into is not None]
    if not merged and desk.one_of(*[True] * OFTEN, False):
        return merge(desk)
    id = desk.one_of(*merged * 2, desk.customer_id())
    absorbed = desk.one_of(None, None, None, desk.customer_id())
    command = UnmergeCustomers(customer_id=id, absorbed_customer_id=absorbed)
    return Asked(command, lambda books, asking: books.unmerge(asking, id, absorbed), id)


def household(desk: Desk) -> Asked:
    id, kind = desk.customer_id(), desk.one_of("add", "bar", "remove", "return")
    people = list(desk.books.customers[id].people) if id in desk.books.customers else []
    barred = _barred(desk)
    match kind:
        case "add":
            dog = desk.new("par", people)
            new = NewParticipant(participant_id=dog, kind="dog", barred_services=barred)
            adding = AddParticipant(customer_id=id, participant=new)
            return Asked(adding, lambda books, _: books.add_participant(id, dog, barred), id)
        case "bar":
            who = desk.among("par", people)
            changing = ChangeParticipant(customer_id=id, participant_id=who, barred_services=barred)
            return Asked(changing, lambda books, _: books.bar(id, who, barred), id)
        case "return":
            who = desk.among("par", people)
            returning = ReturnParticipant(customer_id=id, participant_id=who)
            return Asked(returning, lambda books, _: books.return_participant(id, who), id)
        case _:
            who = desk.among("par", people)
            removing = RemoveParticipant(customer_id=id, participant_id=who)
            return Asked(removing, lambda books, asking: books.remove_participant(asking, id, who), id)


# Selling and paying


def sell(desk: Desk) -> Asked:
    id, owner = desk.new("pkg", list(desk.books.packages)), desk.customer_id()
    from_offer = bool(desk.books.offers) and desk.one_of(True, True, False)
    offer_id = desk.among("off", list(desk.books.offers)) if from_offer else None
    custom = None if from_offer else _custom(desk)
    price = desk.one_of(None, None, *PRICES) if custom is None else custom.price
    terms = desk.books.offers.get(offer_id) if offer_id else custom
    asking_price = price if price is not None else terms.price if terms else 0
    effective = desk.moment()
    more = min(asking_price + 1, AMOUNT_MAX)
    amounts = (None, None, asking_price, asking_price, asking_price // 2, more, 0)
    amount = desk.one_of(*amounts)
    payment = None if amount is None else (desk.new("pay", booking.payments_in(desk)), amount)
    people = list(desk.books.customers[owner].people) if owner in desk.books.customers else []
    beneficiaries = desk.one_of((), (), tuple(people[-2:]), (desk.among("par", people),))
    expires_on = desk.one_of(BY_RULE, BY_RULE, BY_RULE, None, desk.day())
    location = desk.one_of(*[None] * OFTEN, *LOCATIONS, "loc_unknown")
    note, buyer = desk.wording_or_none(), desk.one_of(*[None] * OFTEN, desk.customer_id())
    command = SellPackage(
        package_id=id,
        customer_id=owner,
        offer_id=offer_id,
        name=custom.name if custom else None,
        lines=_offered(custom.lines) if custom else None,
        price=None if price is None else _money(price),
        expires_on=expires_on,
        effective_at=_asked_moment(effective),
        payment=None if payment is None else _payment(*payment),
        beneficiaries=beneficiaries,
        purchased_by=buyer,
        location_id=location,
        note=note,
    )
    return Asked(
        command,
        lambda books, asking: books.sell(
            asking,
            id,
            owner,
            offer_id,
            custom,
            price=price,
            expires_on=expires_on,
            effective=effective,
            payment=payment,
            beneficiaries=beneficiaries,
            buyer=buyer,
            location=location,
            note=note is not None,
        ),
    )


def _custom(desk: Desk) -> Offer:
    lines = _lines(desk)
    if desk.one_of(False, False, False, False, True):
        lines = ((1_000, lines[0][1]),) * desk.one_of(1, UNITS_PER_PACKAGE_MAX // 1_000, 6)
    return Offer(desk.one_of("By hand", "Day pass"), desk.one_of(*PRICES), lines)


def _payment(id: str, amount: int) -> NewPayment:
    return NewPayment(payment_id=id, amount=_money(amount), method=PaymentMethod.CASH)


def pay(desk: Desk) -> Asked:
    id, payment = desk.package_id(), desk.new("pay", booking.payments_in(desk))
    known = desk.known_package(id)
    owing = known.owing if known else 100
    more = min(owing + 1, AMOUNT_MAX)
    amount = desk.one_of(owing, owing, (owing + 1) // 2, 1, 0, more, more)
    effective = desk.moment(known.bought_at if known else None)
    command = RecordPayment(
        package_id=id, payment=_payment(payment, amount), effective_at=_asked_moment(effective)
    )
    return Asked(command, lambda books, asking: books.pay(asking, id, payment, amount, effective), id)


def refund(desk: Desk) -> Asked:
    """Where nothing was paid, mostly a payment."""
    if not booking.payments_in(desk) and desk.one_of(*[True] * OFTEN, False):
        return pay(desk)
    paid = (*desk.books.packages.values(), *desk.books.diary.bookings.values())
    payment, amount = _refund(desk, paid)
    command = RefundPayment(payment_id=payment, amount=_money(amount), reason=desk.wording())
    return Asked(command, lambda books, asking: books.refund(asking, payment, amount))


def _refund(desk: Desk, of: Any) -> tuple[str, int]:
    left = {id: paid[0] - paid[1] for each in of for id, paid in each.payments.items()}
    payment = desk.among("pay", list(left))
    whole = left.get(payment, 1)
    return payment, desk.one_of(whole, whole // 2, whole // 3, 1, 1, min(whole + 1, AMOUNT_MAX), 0)


def price(desk: Desk) -> Asked:
    id = desk.package_id()
    known = desk.known_package(id)
    gone = known.price - known.unused_value if known else 0
    new = desk.one_of(*PRICES, gone, gone, max(0, gone - 1), known.price if known else 5)
    command = AdjustPrice(package_id=id, price=_money(new), reason=desk.wording())
    return Asked(command, lambda books, asking: books.adjust_price(asking, id, new), id)


# Using


def _wish(desk: Desk, owner: str | None, fit: Sequence[Package]) -> tuple[Wish, dict[str, Any]]:
    """A use, and the fields of its command."""
    good = [id for package in fit for line in package.lines for id in line.services]
    service_id = desk.draw(st.sampled_from([*good * OFTEN, "svc_talk"]))
    people = list(desk.books.customers[owner].people) if owner and owner in desk.books.customers else []
    redemptions = [id for package in desk.books.packages.values() for id in package.uses]
    effective = desk.moment(fit[0].bought_at if fit else None)
    session = desk.one_of(*[None] * OFTEN, desk.now - 2 * DAY, desk.now + 8 * DAY)
    left = max((package.remaining for package in fit), default=1)
    booked = _paying_for(desk, owner)
    if booked in desk.books.diary.bookings and desk.one_of(True, True, False):
        made = desk.books.diary.bookings[booked]
        service_id, session = made.service, desk.one_of(None, made.start)
    wish = Wish(
        redemption=desk.new("red", redemptions),
        service=service_id,
        quantity=desk.one_of(*[1] * OFTEN, 2, 2, 2, 3, min(max(left, 1), 1_000), min(left + 1, 1_000)),
        participant=desk.one_of(*[None] * 5, desk.among("par", people)),
        staff=desk.one_of(*[None] * OFTEN, *["stf_bob"] * 4, "stf_unknown"),
        location=desk.one_of(*[None, *LOCATIONS] * OFTEN, "loc_unknown"),
        effective=effective,
        session=session,
        line=desk.one_of(*[None] * OFTEN, 1, 1, 2, 3),
        booking=booked,
    )
    return wish, {
        "redemption_id": wish.redemption,
        "service_id": wish.service,
        "quantity": wish.quantity,
        "participant_id": wish.participant,
        "staff_id": wish.staff,
        "location_id": wish.location,
        "effective_at": _asked_moment(effective),
        "session_at": None if session is None else moment_of(session),
        "line": wish.line,
        "booking_id": wish.booking,
    }


def _paying_for(desk: Desk, owner: str | None) -> str | None:
    """Mostly no booking; else mostly one of the customer that nothing pays for yet."""
    known = desk.books.diary.bookings
    theirs = [id for id, made in known.items() if made.customer == owner and not made.over]
    unpaid = [id for id in theirs if not known[id].sources and not known[id].paid]
    return desk.one_of(*[None] * OFTEN, *unpaid * 2, desk.among("bkg", list(known)))


def redeem(desk: Desk) -> Asked:
    id = desk.package_id()
    known = desk.known_package(id)
    wish, fields = _wish(desk, known.customer if known else None, [known] if known else [])
    command = RedeemUnits(package_id=id, **fields)
    return Asked(command, lambda books, asking: books.redeem(asking, id, wish), id)


def redeem_any(desk: Desk) -> Asked:
    owners = [package.customer for package in desk.books.packages.values()]
    id = desk.one_of(*owners * 3, desk.customer_id())
    owned = [package for package in desk.books.packages.values() if package.customer == id]
    wish, fields = _wish(desk, id, owned)
    command = RedeemFromCustomer(customer_id=id, **fields)
    return Asked(command, lambda books, asking: books.redeem_any(asking, id, wish))


def restore(desk: Desk) -> Asked:
    """Where nothing was used, mostly a use."""
    held = {id: found for found in desk.books.packages.values() for id in found.uses}
    if not held and desk.one_of(*[True] * OFTEN, False):
        return redeem(desk)
    id = desk.among("red", list(held))
    left = held[id].uses[id].left if id in held else 1
    quantity = desk.one_of(None, None, None, 1, 1, max(left, 1), left + 1)
    only = desk.one_of(*[None] * OFTEN, held[id].id if id in held else None, desk.package_id())
    command = RestoreUnits(
        redemption_id=id, quantity=quantity, package_id=only, reason=desk.wording_or_none()
    )
    why = command.reason is not None
    return Asked(command, lambda books, asking: books.restore(asking, id, quantity, only, why))


def correct(desk: Desk) -> Asked:
    id, line = desk.package_id(), desk.one_of(*[1] * OFTEN, 2, 3)
    known = desk.known_package(id)
    left = known.lines[line - 1].count("available") if known and line <= len(known.lines) else 1
    change = desk.one_of(-1, 1, 2, -1, 1, 2, -2, 3, 5, -left, -left - 1, 999, 0)
    known_codes = [code for code, live in desk.books.reason_codes.items() if live]
    code = desk.one_of(None, "ill", *known_codes * OFTEN)
    command = CorrectLine(
        package_id=id,
        line=line,
        change=max(change, -1_000),
        reason=desk.wording_or_none(),
        reason_code=code,
    )
    return Asked(command, lambda books, asking: books.correct(asking, id, line, command.change, code), id)


# How long it lasts, whom it is for, and its end


def expiry(desk: Desk) -> Asked:
    id, day = desk.package_id(), desk.one_of(None, desk.day(), desk.day())
    known = desk.known_package(id)
    if known is not None:
        day = desk.one_of(day, day, day, known.expires_on, day_at(known.bought_at, known.zone))
    command = SetExpiry(package_id=id, expires_on=day, reason=desk.wording_or_none())
    return Asked(command, lambda books, asking: books.set_expiry(asking, id, day), id)


def reinstate(desk: Desk) -> Asked:
    ended = [p.id for p in desk.books.packages.values() if p.cancelled or p.expired(desk.now)]
    id = desk.draw(st.sampled_from([*ended * OFTEN, desk.package_id()]))
    day = desk.day()
    command = ReinstatePackage(package_id=id, expires_on=day, reason=desk.wording())
    return Asked(command, lambda books, asking: books.reinstate(asking, id, day), id)


def freeze(desk: Desk) -> Asked:
    id, until = desk.package_id(), desk.day()
    command = FreezePackage(package_id=id, until=until, reason=desk.wording())
    return Asked(command, lambda books, asking: books.freeze(asking, id, until), id)


def unfreeze(desk: Desk) -> Asked:
    """Where nothing is frozen, mostly a freeze."""
    frozen = [p.id for p in desk.books.packages.values() if p.freeze_open]
    if not frozen and desk.one_of(*[True] * OFTEN, False):
        return freeze(desk)
    id = desk.draw(st.sampled_from([*frozen * OFTEN, desk.package_id()]))
    command = UnfreezePackage(package_id=id)
    return Asked(command, lambda books, asking: books.unfreeze(asking, id), id)


def share(desk: Desk) -> Asked:
    id, sharing = desk.package_id(), desk.one_of("household", "purchaser")
    known = desk.known_package(id)
    people = list(desk.books.customers[known.customer].people) if known else []
    beneficiaries = desk.one_of(None, None, (), tuple(people), (desk.among("par", people),))
    command = ChangeSharing.model_validate(
        {"package_id": id, "sharing": sharing, "beneficiaries": beneficiaries}
    )
    return Asked(command, lambda books, asking: books.share(asking, id, sharing, beneficiaries), id)


def places(desk: Desk) -> Asked:
    """Where a package can be used."""
    id = desk.package_id()
    there = desk.one_of(
        (), (), LOCATIONS[:1], LOCATIONS, LOCATIONS[::-1], ("loc_unknown",), LOCATIONS[:1] * 2
    )
    command = ChangeLocations(package_id=id, locations=there, reason=desk.wording())
    return Asked(command, lambda books, asking: books.place(asking, id, there), id)


def note(desk: Desk) -> Asked:
    id = desk.package_id()
    command = AddNote(package_id=id, note=desk.wording())
    return Asked(command, lambda books, asking: books.note(asking, id), id)


def by_the_clock(desk: Desk) -> Asked:
    """What the clock asks for, asked for at any time; and that a reminder was sent."""
    id, kind = desk.package_id(), desk.one_of("expiry", "reminder", "sent", "sent")
    known = desk.known_package(id)
    match kind:
        case "expiry":
            ended = RecordExpiry(package_id=id)
            return Asked(ended, lambda books, asking: books.record_expiry(asking, id), id)
        case "reminder":
            due = RecordReminderDue(package_id=id)
            return Asked(due, lambda books, asking: books.remind(asking, id), id)
        case _:
            told = desk.one_of(
                None, None, None, desk.day(), None if known is None else known.last_day(desk.today)
            )
            effective = desk.moment(known.bought_at if known else None)
            sent = RecordReminderSent(package_id=id, expires_on=told, effective_at=_asked_moment(effective))
            return Asked(sent, lambda books, asking: books.reminded(asking, id, told, effective), id)


def cancel(desk: Desk) -> Asked:
    id = desk.package_id()
    known = desk.known_package(id)
    back = _refund(desk, [known] if known else []) if desk.one_of(False, False, True) else None
    refunding = None if back is None else Refund(amount=_money(back[1]), payment_id=back[0])
    release = desk.one_of(True, False)
    command = CancelPackage(package_id=id, reason=desk.wording(), refund=refunding, release_holds=release)
    return Asked(command, lambda books, asking: books.cancel(asking, id, back, release), id)


def void(desk: Desk) -> Asked:
    id = desk.package_id()
    release = desk.one_of(True, False)
    command = VoidPackage(package_id=id, reason=desk.wording(), release_holds=release)
    return Asked(command, lambda books, asking: books.void(asking, id, release), id)


def transfer(desk: Desk) -> Asked:
    id, to, line = desk.package_id(), desk.customer_id(), desk.one_of(*[1] * OFTEN, 2)
    known = desk.known_package(id)
    left = known.lines[line - 1].free if known and line <= len(known.lines) else 1
    quantity = desk.one_of(1, 1, 2, min(max(left, 1), 1_000), min(max(left, 0) + 1, 1_000))
    expires = desk.one_of(*[BY_RULE] * OFTEN, None, desk.day())
    new = desk.new("trf", list(desk.books.transfers)), desk.new("pkg", list(desk.books.packages))
    command = TransferUnits(
        package_id=id,
        transfer_id=new[0],
        new_package_id=new[1],
        to_customer_id=to,
        line=line,
        quantity=quantity,
        expires_on="as before" if expires == BY_RULE else expires,
        reason=desk.wording_or_none(),
    )
    return Asked(
        command, lambda books, asking: books.transfer(asking, id, new, to, line, quantity, expires), id
    )


def take_back(desk: Desk) -> Asked:
    """Where nothing was transferred, a transfer."""
    if not desk.books.transfers and desk.one_of(*[True] * OFTEN, False):
        return transfer(desk)
    id = desk.among("trf", sorted(desk.books.transfers))
    command = UndoTransfer(transfer_id=id, reason=desk.wording_or_none())
    return Asked(command, lambda books, asking: books.take_back(asking, id))


def furniture(deduct: Deduct, now: int) -> list[Asked]:
    """What every business begins with, so that a run need not first come upon it: enough to sell, book and
    use. Who holds units sells first, and then has rules by which an account is soon full."""
    asked = [_employing(id) for id in STAFF]
    policy = ChangePolicies(deduct=deduct, cancellation=CancellationTerms(notice_hours=24, late="forfeit"))
    asked.append(Asked(policy, lambda books, _: books.set_policies(None, None, deduct, (24, "forfeit"))))
    if deduct == "at_booking":
        asked.append(_earning(EARN))
    for service_id, list_price in (("svc_massage", 6_000), ("svc_facial", 3_000), ("svc_talk", None)):
        terms = _service_terms(list_price)
        asked.append(_defining(service_id, list_price, terms))
    asked.append(_publishing("off_massage", Offer("Massage ×5 💆", 25_000, ((5, ("svc_massage",)),), each=3)))
    mixed = ((2, ("svc_massage",)), (3, ("svc_massage", "svc_facial")))
    asked.append(
        _publishing(
            "off_first_use",
            Offer("Beauty", 9_999, mixed, ("after_first_use", 1, "months"), sharing="household"),
        )
    )
    for customer_id, dog in (("cus_ada", "par_max"), ("cus_bob", "par_rex")):
        participants = (NewParticipant(participant_id=dog, kind="dog"),)
        registering = RegisterCustomer(customer_id=customer_id, participants=participants)
        asked.append(_registering(customer_id, dog, registering))
    for package_id, offer_id, price in (
        ("pkg_one", "off_massage", None),
        ("pkg_two", "off_first_use", None),
        ("pkg_three", "off_massage", NEARLY_TOO_DEAR),
    ):
        asked.append(_selling(package_id, offer_id, price))
    asked += booking.first("cus_ada", now)
    asked += memberships.first("cus_bob", ("svc_massage",))
    if deduct == "at_booking":
        return [*asked, _paying("pkg_two", 9_999)]
    return [*asked, _earning(LAVISH), _paying("pkg_three", NEARLY_TOO_DEAR)]


def _earning(rules: tuple[EarnRule, ...]) -> Asked:
    command = ChangePolicies.model_validate({"earn": _earned(rules)})
    return Asked(command, lambda books, _: books.set_policies(None, books.correction_max, earn=rules))


def _employing(id: str) -> Asked:
    return Asked(RegisterStaff(staff_id=id), lambda books, _: books.employ(id), id)


def _defining(id: str, list_price: int | None, terms: ServiceTerms) -> Asked:
    command = DefineService(service_id=id, service=terms)
    return Asked(command, lambda books, _: books.define_service(id, list_price), id)


def _publishing(id: str, plain: Offer) -> Asked:
    command = PublishOffer(offer_id=id, offer=_offer_terms(plain))
    return Asked(command, lambda books, _: books.publish(id, plain), id)


def _registering(id: str, dog: str, command: RegisterCustomer) -> Asked:
    return Asked(command, lambda books, _: books.register(id, [(dog, ())]), id)


def _selling(id: str, offer_id: str, price: int | None) -> Asked:
    command = SellPackage(
        package_id=id,
        customer_id="cus_ada",
        offer_id=offer_id,
        price=None if price is None else _money(price),
    )
    return Asked(
        command, lambda books, asking: books.sell(asking, id, "cus_ada", offer_id, None, price=price)
    )


def _paying(id: str, amount: int) -> Asked:
    command = RecordPayment(package_id=id, payment=_payment("pay_one", amount))
    return Asked(command, lambda books, asking: books.pay(asking, id, "pay_one", amount, None), id)


ANYTHING: Sequence[Callable[[Desk], Asked]] = (
    policies,
    location,
    staff,
    service,
    offer,
    register,
    standing,
    household,
    *(merge, unmerge),
    *(sell, sell, sell),
    *(redeem, redeem, redeem, redeem_any, redeem_any, redeem_any),
    *(restore, restore, correct, correct),
    *(booking.make, booking.make, *[booking.later] * 6),
    *(pay, pay, refund, price),
    *(expiry, reinstate, freeze, unfreeze),
    *(share, places, note, cancel, void, by_the_clock),
    *(transfer, transfer, take_back),
    *(points.move, points.move, points.move),
    *(imports.receive, imports.receive, imports.void),
    erase,
    *(memberships.renew, memberships.pause, memberships.resume, memberships.end),
)
"""What a batch is drawn from; often what moves units."""
