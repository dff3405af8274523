"""By which channels a business sends what to its customers."""

from typing import Annotated, Literal

from pydantic import Field

from domain.values import Value

Channel = Literal["email", "sms", "whatsapp"]
"""`sms` and `whatsapp` go to the business's own sender, as the webhook `message.due`."""


Channels = Annotated[tuple[Channel, ...], Field(max_length=3)]
"""Each of them is sent to; none: such a message is not sent."""
BY_EMAIL: Channels = ("email",)


class MessageChannels(Value):
    """The channels of each kind of message; a kind that is not named goes by e-mail."""

    package_purchased: Channels = BY_EMAIL
    package_cancelled: Channels = BY_EMAIL
    package_voided: Channels = BY_EMAIL
    expiry_reminder: Channels = BY_EMAIL
    top_up_sold: Channels = BY_EMAIL
    top_up_failed: Channels = BY_EMAIL
    session_reminder: Channels = BY_EMAIL
    birthday: Channels = BY_EMAIL
    anniversary: Channels = BY_EMAIL

    def of(self, kind: str) -> Channels:
        """The channels of one kind of message."""
        channels: Channels = getattr(self, kind)
        return channels


SessionReminderHours = Annotated[int, Field(ge=1, le=168)]
"""Hours before the start of a booking at which its customer is reminded."""
MessageDays = Annotated[int, Field(ge=31, le=3_650)]
"""Days for which the list of messages keeps one that was sent, skipped or given up."""
