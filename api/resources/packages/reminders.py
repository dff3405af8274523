"""Saying over HTTP that a customer was reminded of the last valid day of a package (S20)."""

from api.http.command_route import Command, CommandRequest, command
from api.http.permissions import DESK
from api.resources.packages.card import PackageCard, in_books, owners
from domain.moments import Day, DayOrMoment
from domain.package.commands import RecordReminderSent
from domain.use_cases.record_reminder_sent import RECORD_REMINDER_SENT
from domain.values import Value


class ReminderBody(Value):
    expires_on: Day | None = None
    """The last valid day that the customer was told; refused if it has changed since. If absent, the present one."""
    effective_at: DayOrMoment | None = None
    """When it was sent; now if absent."""


@command(
    "/v1/packages/{package_id}/reminders",
    "packages.record_reminder",
    "Record that the reminder of the last valid day was sent",
    roles=DESK,
    body=ReminderBody,
    answer=PackageCard,
    codes=("not-eligible", "effective-at-out-of-range", "back-dating-not-allowed", "limit-reached"),
)
def record_reminder(call: Command[ReminderBody]) -> CommandRequest:
    """Said by a person who told the customer, or by the system that sends. Where `reminder.status` is `sent` already,
    nothing is recorded. A package that never expires refuses it.
    """
    id, body = call.id("package_id"), call.body
    asked = RecordReminderSent(package_id=id, expires_on=body.expires_on, effective_at=body.effective_at)
    return CommandRequest(
        RECORD_REMINDER_SENT, asked, lambda books, _: in_books(books, id, call), shows=owners
    )


HANDLERS = (record_reminder,)
