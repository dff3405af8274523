"""What is asked of rules that top up, and of their attempts."""

from domain.top_up.commands import FailTopUp, PauseTopUp, RemoveTopUp, ResumeTopUp, SettleTopUp, SetTopUp
from domain.top_up.state import attempt_of
from tests.model import booking
from tests.model.desk import OFTEN, Asked, Desk


def set_up(desk: Desk) -> Asked:
    id, customer = desk.new("top", list(desk.books.top_ups.rules)), desk.customer_id()
    offer, threshold = desk.among("off", list(desk.books.offers)), desk.one_of(0, 1, 1, 2, 3, 5)
    held = [package for package in desk.books.packages.values() if package.offer and package.remaining]
    near = desk.one_of(True, True, True, False)
    if held and near:  # the next use may reach it
        sold = desk.one_of(*held)
        customer, offer, threshold = sold.customer, sold.offer or offer, sold.remaining - 1
    cap = desk.one_of(1, 1, 2, 3)
    command = SetTopUp(
        top_up_id=id,
        customer_id=customer,
        offer_id=offer,
        threshold=threshold,
        payment_method_ref="pm_1",
        monthly_cap=cap,
    )
    return Asked(command, lambda books, _: books.top_ups.set_up(id, customer, offer, threshold, cap))


def turn(desk: Desk) -> Asked:
    """Where there is no rule, one is set."""
    rules = desk.books.top_ups.rules
    if not rules:
        return set_up(desk)
    id, kind = desk.among("top", list(rules)), desk.one_of("pause", "resume", "resume", "remove")
    match kind:
        case "pause":
            pausing = PauseTopUp(top_up_id=id)
            return Asked(pausing, lambda books, asking: books.top_ups.turn(asking, id, "paused"), id)
        case "resume":
            resuming = ResumeTopUp(top_up_id=id)
            return Asked(resuming, lambda books, asking: books.top_ups.turn(asking, id, "active"), id)
        case _:
            removing = RemoveTopUp(top_up_id=id)
            return Asked(removing, lambda books, asking: books.top_ups.turn(asking, id, "removed"), id)


def answer(desk: Desk) -> Asked:
    """Often of the rules that wait for an answer; where there is none, one is set."""
    rules = desk.books.top_ups.rules
    waiting = [id for id, rule in rules.items() if rule.tries and rule.tries[-1].ended is None]
    if not waiting and desk.one_of(*[True] * OFTEN, False):
        return set_up(desk)
    id = desk.among("top", waiting or list(rules))
    latest = len(rules[id].tries) if id in rules else 1
    number = desk.one_of(*[latest] * OFTEN, latest - 1, latest + 1)
    attempt = attempt_of(id, number)
    if desk.one_of(True, False):
        failing = FailTopUp(top_up_id=id, attempt_id=attempt, reason=desk.wording())
        return Asked(failing, lambda books, asking: books.top_ups.fail(asking, id, number), id)
    package = desk.new("pkg", list(desk.books.packages))
    payment = desk.new("pay", booking.payments_in(desk))
    paid = SettleTopUp(top_up_id=id, attempt_id=attempt, package_id=package, payment_id=payment)
    return Asked(paid, lambda books, asking: books.top_ups.settle(asking, id, number, package, payment), id)
