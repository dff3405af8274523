"""Changing the policies of a business."""

from collections.abc import Sequence

from domain.business.commands import ChangePolicies
from domain.business.facts import BusinessFact, EarnRule, PolicyChanged
from domain.business.message_terms import MessageChannels
from domain.business.reasons import check_required, listed
from domain.business.state import Business
from domain.refusals import Invalid

MAY_BE_NONE = frozenset({"correction_max", "reminder_lead_days", "session_reminder_hours"})
"""Policies that null takes away; null for another one changes nothing."""


def change_policies(state: Business, command: ChangePolicies) -> list[BusinessFact]:
    """Only what is given changes. Raises Invalid for a second rule on a cause, a category or channel given twice, and
    reason codes that do not go together."""
    _check_earn(command.earn or ())
    _check_categories(command.categories or ())
    _check_channels(command.message_channels)
    given = {name: getattr(command, name) for name in command.model_fields_set}
    if command.reason_codes is not None:
        given["reason_codes"] = listed(command.reason_codes, state.policies.reason_codes)
    unset = {name for name, value in given.items() if value is None and name not in MAY_BE_NONE}
    policies = state.policies.model_copy(update={n: v for n, v in given.items() if n not in unset})
    where = "/reason_codes" if command.reason_code_required is None else "/reason_code_required"
    check_required(policies.reason_code_required, policies.reason_codes, where)
    if policies == state.policies:
        return []
    return [PolicyChanged(policies=policies, policy_version=state.policy_version + 1)]


def _check_earn(rules: Sequence[EarnRule]) -> None:
    """Raises Invalid for a second rule on the same cause."""
    for n, rule in enumerate(rules):
        if rule.on in [other.on for other in rules[:n]]:
            raise Invalid(f"/earn/{n}/on", "duplicate", "has a rule already")


def _check_categories(categories: Sequence[str]) -> None:
    """Raises Invalid for a category given twice, in whatever case."""
    for n, category in enumerate(categories):
        if category.casefold() in [other.casefold() for other in categories[:n]]:
            raise Invalid(f"/categories/{n}", "duplicate", "is there already")


def _check_channels(channels: MessageChannels | None) -> None:
    """Raises Invalid for a kind of message that names a channel twice."""
    if channels is None:
        return
    for kind in MessageChannels.model_fields:
        named = channels.of(kind)
        if len(set(named)) < len(named):
            raise Invalid(f"/message_channels/{kind}", "duplicate", "names a channel twice")
