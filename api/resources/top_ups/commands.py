"""Setting, pausing and removing rules that top up over HTTP, and the answers of the payment system (S88–S90)."""

from typing import Any

from api.http.command_route import Command, CommandRequest, command
from api.http.parsing import EmptyBody
from api.http.permissions import DESK, SELLERS_OR_OWN
from api.http.problems import Flaw, invalid
from api.resources.texts import wording
from api.resources.top_ups.answer import TopUpRule, shown_rule
from api.resources.top_ups.bodies import OutcomeBody, TopUpBody
from domain.decision import UseCase
from domain.top_up.commands import FailTopUp, PauseTopUp, RemoveTopUp, ResumeTopUp, SettleTopUp, SetTopUp
from domain.use_cases.fail_top_up import FAIL_TOP_UP
from domain.use_cases.pause_top_up import PAUSE_TOP_UP
from domain.use_cases.remove_top_up import REMOVE_TOP_UP
from domain.use_cases.resume_top_up import RESUME_TOP_UP
from domain.use_cases.set_top_up import SET_TOP_UP
from domain.use_cases.settle_top_up import SETTLE_TOP_UP
from domain.values import Value


def _ask(call: Command[Any], use_case: UseCase[Any], asked: Value, id: str) -> CommandRequest:
    now = call.frame.carnet.clock()
    return CommandRequest(use_case, asked, lambda books, _: shown_rule(books, id, now))


@command(
    "/v1/customers/{customer_id}/top-ups",
    "top_ups.set",
    "Set a rule that sells an offer again when few units of it are left",
    roles=SELLERS_OR_OWN,
    body=TopUpBody,
    answer=TopUpRule,
    location="/v1/top-ups/{id}",
    codes=(
        "customer-blocked",
        "customer-inactive",
        "offer-retired",
        "not-eligible",
        "limit-reached",
        "id-taken",
    ),
)
def set_rule(call: Command[TopUpBody]) -> CommandRequest:
    """The customer agrees hereby that the saved card is charged without asking again, up to `monthly_cap` times a
    month. The version of the offer is pinned: its price stays as it is now. An attempt opens when a use, a booking, a
    correction or a transfer takes what is left from above the threshold to it or below it.
    """
    body, id = call.body, call.new("top", call.body.id)
    asked = SetTopUp(
        top_up_id=id,
        customer_id=call.id("customer_id"),
        offer_id=body.offer_id,
        threshold=body.threshold,
        payment_method_ref=body.payment_method_ref,
        monthly_cap=body.monthly_cap,
    )
    return _ask(call, SET_TOP_UP, asked, id)


@command(
    "/v1/top-ups/{top_up_id}/pause",
    "top_ups.pause",
    "Pause a rule; its open attempt is withdrawn",
    roles=SELLERS_OR_OWN,
    body=EmptyBody,
    answer=TopUpRule,
    codes=("top-up-state",),
)
def pause_rule(call: Command[EmptyBody]) -> CommandRequest:
    """No attempt opens until it is resumed. Pausing it again changes nothing."""
    id = call.id("top_up_id")
    return _ask(call, PAUSE_TOP_UP, PauseTopUp(top_up_id=id), id)


@command(
    "/v1/top-ups/{top_up_id}/resume",
    "top_ups.resume",
    "Resume a paused rule",
    roles=SELLERS_OR_OWN,
    body=EmptyBody,
    answer=TopUpRule,
    codes=("top-up-state",),
)
def resume_rule(call: Command[EmptyBody]) -> CommandRequest:
    """The next fall to the threshold opens an attempt; one that happened meanwhile does not."""
    id = call.id("top_up_id")
    return _ask(call, RESUME_TOP_UP, ResumeTopUp(top_up_id=id), id)


@command(
    "/v1/top-ups/{top_up_id}/removal",
    "top_ups.remove",
    "Remove a rule for good; its open attempt is withdrawn",
    roles=SELLERS_OR_OWN,
    body=EmptyBody,
    answer=TopUpRule,
)
def remove_rule(call: Command[EmptyBody]) -> CommandRequest:
    """What it sold stays sold. Another rule of the same offer can be set afterwards."""
    id = call.id("top_up_id")
    return _ask(call, REMOVE_TOP_UP, RemoveTopUp(top_up_id=id), id)


@command(
    "/v1/top-ups/{top_up_id}/outcome",
    "top_ups.answer",
    "Answer an open attempt: the card was charged, or could not be",
    roles=DESK,
    body=OutcomeBody,
    answer=TopUpRule,
    codes=("top-up-state", "duplicate-external-ref", "id-taken"),
)
def answer_attempt(call: Command[OutcomeBody]) -> CommandRequest:
    """`paid` sells the pinned version of the offer with a payment of its price. `failed` needs a `reason`: the next
    charge is due a day later, and the third failure removes the rule. An attempt is answered once.
    """
    id, body = call.id("top_up_id"), call.body
    if body.outcome == "failed":
        return _ask(call, FAIL_TOP_UP, _failure(call, id), id)
    if body.reason is not None:
        raise invalid([Flaw("/reason", "not-allowed", "is only for a charge that failed")])
    asked = SettleTopUp(
        top_up_id=id,
        attempt_id=body.attempt_id,
        package_id=call.new("pkg", body.package_id),
        payment_id=call.new("pay", body.payment_id),
        method=body.method,
        external_ref=body.external_ref,
    )
    return _ask(call, SETTLE_TOP_UP, asked, id)


def _failure(call: Command[OutcomeBody], id: str) -> FailTopUp:
    """Raises Problem validation-failed without a reason, and with members of a payment."""
    body = call.body
    of_payment = sorted({"method", "external_ref", "package_id", "payment_id"} & body.model_fields_set)
    flaws = [Flaw(f"/{name}", "not-allowed", "is only for a charge that was paid") for name in of_payment]
    if body.reason is None:
        flaws.append(Flaw("/reason", "missing", "is needed where the charge failed"))
    if flaws or body.reason is None:
        raise invalid(flaws)
    return FailTopUp(top_up_id=id, attempt_id=body.attempt_id, reason=wording(call, body.reason))


HANDLERS = (set_rule, pause_rule, resume_rule, remove_rule, answer_attempt)
