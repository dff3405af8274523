"""What can be asked about bookings: as `asking.py`, for the product as a command and for the reference as a call."""

from hypothesis import strategies as st

from domain.booking.commands import (
    CancelBooking,
    CompleteBooking,
    ConfirmBooking,
    MakeBooking,
    MarkAttendance,
    NewBooking,
    RecordBookingPayment,
    RescheduleBooking,
)
from domain.package.commands import NewPayment
from domain.values import AMOUNT_MAX, Money, PaymentMethod
from tests.model.almanac import DAY, HOUR, MINUTE, moment_of
from tests.model.desk import CURRENCY, LOCATIONS, OFTEN, Asked, Desk
from tests.model.plain import Plan


def make(desk: Desk, *, begun: bool = False) -> Asked:
    """`begun`: a session that is entered afterwards, or is about to begin."""
    books = desk.books
    owners = [package.customer for package in books.packages.values()]
    owner = desk.one_of(*owners * 3, desk.customer_id())
    owned = [package for package in books.packages.values() if package.customer == owner]
    good = [id for package in owned for line in package.lines for id in line.services]
    people = list(books.customers[owner].people) if owner in books.customers else []
    weeks = desk.one_of(*[1] * OFTEN, 2, 3, 4)
    service = desk.draw(st.sampled_from([*good * OFTEN, "svc_talk", "svc_unknown"]))
    quantity = desk.one_of(*[1] * OFTEN, 2, 2, 3)
    listed = (desk.books.services.get(service) or 0) * quantity * weeks
    plan = Plan(
        customer=owner,
        service=service,
        start=desk.now - desk.one_of(1, MINUTE, HOUR, -MINUTE) if begun else _start(desk),
        ids=tuple(_ids(desk) for _ in range(weeks)),
        participant=desk.one_of(*[None] * 5, desk.among("par", people)),
        staff=desk.one_of(*[None] * OFTEN, *["stf_bob"] * 4, "stf_unknown"),
        location=desk.one_of(*[None, *LOCATIONS] * OFTEN, "loc_unknown"),
        package=desk.one_of(*[None] * 5, desk.among("pkg", [p.id for p in owned]), desk.package_id()),
        quantity=quantity,
        paid=desk.one_of(*[None] * OFTEN, listed, listed, listed + 1, 1_000, 99, 1, 0),
        payments=tuple(desk.new("pay", payments_in(desk)) for _ in range(weeks)),
        price=desk.one_of(*[None] * OFTEN, 500, 100_001),
    )
    return _as_planned(plan, desk.in_person(owner))


def _making(plan: Plan) -> MakeBooking:
    return MakeBooking(
        bookings=tuple(NewBooking(booking_id=id, redemption_id=red) for id, red in plan.ids),
        customer_id=plan.customer,
        service_id=plan.service,
        starts_at=moment_of(plan.start),
        participant_id=plan.participant,
        staff_id=plan.staff,
        location_id=plan.location,
        package_id=plan.package,
        quantity=plan.quantity,
        payment=None if plan.paid is None else _payment(plan.payments[0], plan.paid),
        shares=plan.payments[1:],
        price=None if plan.price is None else Money(amount=plan.price, currency=CURRENCY),
    )


def _payment(id: str, amount: int) -> NewPayment:
    money = Money(amount=amount, currency=CURRENCY)
    return NewPayment(payment_id=id, amount=money, method=PaymentMethod.CASH)


def payments_in(desk: Desk) -> list[str]:
    """Ids of all payments, for bookings and packages."""
    packages = [payment for package in desk.books.packages.values() for payment in package.payments]
    return packages + [payment for made in desk.books.diary.bookings.values() for payment in made.payments]


def _ids(desk: Desk) -> tuple[str, str]:
    redemptions = [id for package in desk.books.packages.values() for id in package.uses]
    redemptions += [made.redemption for made in desk.books.diary.bookings.values() if made.sources]
    return desk.new("bkg", list(desk.books.diary.bookings)), desk.new("red", redemptions)


def _start(desk: Desk) -> int:
    """Mostly in the next days, often inside a period of notice, now and then in the past or far ahead."""
    ahead = (MINUTE, HOUR, 5 * HOUR, 20 * HOUR, 30 * HOUR, 2 * DAY, 3 * DAY, 8 * DAY, 40 * DAY, 366 * DAY)
    odd = (-MINUTE, -HOUR, -DAY, -3 * DAY, -29 * DAY, -31 * DAY, 731 * DAY, 732 * DAY, 10, 0)
    return desk.now + desk.one_of(*ahead * 3, *odd)


def _open(desk: Desk) -> list[str]:
    diary = desk.books.diary.bookings
    return [id for id, made in diary.items() if made.status in ("pending", "confirmed")]


def _booking_id(desk: Desk) -> str:
    """Mostly one that is open."""
    known = list(desk.books.diary.bookings)
    return desk.draw(st.sampled_from([*_open(desk) * OFTEN, desk.among("bkg", known)]))


def _who(desk: Desk, booking_id: str) -> str | None:
    """Now and then its customer."""
    known = desk.books.diary.bookings.get(booking_id)
    return desk.in_person(known.customer if known else desk.customer_id())


def first(customer_id: str, now: int) -> list[Asked]:
    """Bookings to begin with: a massage in two days, and another tomorrow that is paid at the till."""
    massage = Plan(customer_id, "svc_massage", now + 2 * DAY, (("bkg_one", "red_one"),))
    at_the_till = Plan(
        customer_id, "svc_massage", now + DAY, (("bkg_two", "red_two"),), paid=6_000, payments=("pay_two",)
    )
    return [_as_planned(plan) for plan in (massage, at_the_till)]


def _as_planned(plan: Plan, who: str | None = None) -> Asked:
    return Asked(_making(plan), lambda books, asking: books.diary.make(asking, plan), who=who)


def later(desk: Desk) -> Asked:
    """What becomes of a booking; where none is open, mostly a new one."""
    if not _open(desk) and desk.one_of(*[True] * OFTEN, False):
        return make(desk)
    return desk.one_of(confirm, move, move, mark, mark, complete, cancel, cancel, pay)(desk)


def pay(desk: Desk) -> Asked:
    """Also for a booking that is over: mostly what is owing, or about it."""
    id, payment = desk.among("bkg", list(desk.books.diary.bookings)), desk.new("pay", payments_in(desk))
    known = desk.books.diary.bookings.get(id)
    owing = (known.owing if known else None) or 100
    amount = desk.one_of(owing, owing, (owing + 1) // 2, 1, 0, min(owing + 1, AMOUNT_MAX))
    price = desk.one_of(*[None] * OFTEN, amount, 0, 10_000)
    effective = desk.moment(min(known.made_at, known.start) if known else None)
    command = RecordBookingPayment.model_validate(
        {
            "booking_id": id,
            "payment": _payment(payment, amount),
            "price": None if price is None else Money(amount=price, currency=CURRENCY),
            "effective_at": moment_of(effective) if isinstance(effective, int) else effective,
        }
    )
    return Asked(
        command, lambda books, asking: books.diary.pay(asking, id, payment, amount, price, effective), id
    )


def confirm(desk: Desk) -> Asked:
    id = _booking_id(desk)
    return Asked(ConfirmBooking(booking_id=id), lambda books, _: books.diary.confirm(id), id)


def move(desk: Desk) -> Asked:
    id, start = _booking_id(desk), _start(desk)
    known = desk.books.diary.bookings.get(id)
    if known is not None:
        start = desk.one_of(start, start, start, known.start, known.start + DAY, known.start - DAY)
    command = RescheduleBooking(booking_id=id, starts_at=moment_of(start))
    return Asked(command, lambda books, asking: books.diary.move(asking, id, start), id, _who(desk, id))


def mark(desk: Desk) -> Asked:
    """Mostly what has begun, or about; often again, and otherwise: corrected now and then on another day."""
    diary = desk.books.diary.bookings
    soon = [id for id, made in diary.items() if made.start <= desk.now + 2 * HOUR]
    begun = [id for id in soon if diary[id].status != "cancelled"]
    missed = [id for id in begun if diary[id].attendance == "no_show"]
    if not begun and desk.one_of(*[True] * OFTEN, False):
        return make(desk, begun=True)
    ids = desk.one_of(missed or begun, missed or begun, begun, soon, [])
    id = desk.one_of(*ids) if ids else _booking_id(desk)
    attendance = desk.one_of("attended", "attended", "late", "no_show", "no_show", "no_show")
    command = MarkAttendance.model_validate(
        {"booking_id": id, "attendance": attendance, "reason": desk.wording_or_none()}
    )
    return Asked(command, lambda books, asking: books.diary.mark(asking, id, attendance), id)


def complete(desk: Desk) -> Asked:
    """What is still pending is mostly confirmed instead."""
    id = _booking_id(desk)
    known = desk.books.diary.bookings.get(id)
    if known is not None and known.status == "pending" and desk.one_of(True, True, False):
        return Asked(ConfirmBooking(booking_id=id), lambda books, _: books.diary.confirm(id), id)
    command = CompleteBooking(booking_id=id)
    return Asked(command, lambda books, asking: books.diary.complete(asking, id), id)


def cancel(desk: Desk) -> Asked:
    id, by = _booking_id(desk), desk.one_of("customer", "customer", "customer", "business")
    override = desk.one_of(None, None, "restore", "forfeit")
    reason = desk.wording() if desk.one_of(True, True, False) else None
    command = CancelBooking.model_validate(
        {"booking_id": id, "by": by, "override": override, "reason": reason}
    )
    return Asked(
        command,
        lambda books, asking: books.diary.cancel(asking, id, by, override, reason is not None),
        id,
        _who(desk, id),
    )
