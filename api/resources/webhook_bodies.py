"""What is said of receivers of facts, by them who name one and in answers."""

from typing import Annotated, Literal

from pydantic import Field

from api.http.new_values import NewId, NewMoment
from api.http.query import Page
from api.http.receiver_addresses import URL_CHARACTERS_MAX
from domain.text import name_of_thing
from domain.values import ThingName, Value, in_form

FactName = Annotated[str, Field(min_length=1, max_length=100), in_form(name_of_thing)]


class WebhookBody(Value):
    url: Annotated[str, Field(min_length=1, max_length=URL_CHARACTERS_MAX), in_form(name_of_thing)]
    """Where facts are posted to: `https://` and a public address."""
    fact_names: Annotated[tuple[FactName, ...], Field(max_length=200)] = ()
    """Names of the facts to send; without any, all of them. `message.due`: text messages to customers, with the number
    and the text, which go to the oldest receiver that names it alone."""
    description: ThingName | None = None


class ReplayBody(Value):
    position: Annotated[int, Field(ge=0, le=2**53 - 1)]
    """Facts after this position are sent, also those that were sent before."""


class Webhook(Value):
    id: NewId
    url: str
    fact_names: tuple[str, ...]
    """Names of the facts that are sent; none: all of them."""
    description: str | None
    state: Literal["active", "paused", "disabled", "removed"]
    """`disabled`: it failed for five days without a break, was gone, or the database was restored."""
    position: int
    """All facts up to this position are delivered."""
    attempts: int
    """Failed tries of the next fact."""
    reason: str | None
    """Why the last try failed, such as `http-500`, `timeout`, `private-address`."""
    failing_since: str | None
    next_attempt_at: str | None
    created_at: NewMoment


class IssuedWebhook(Webhook):
    secret: str | None
    """What the signatures are checked with. Only the first answer shows it: null in that of a repeated request."""
    secret_shown: bool
    """Whether `secret` is in this answer. Where the first one was lost, rotate it."""


class WebhookPage(Page[Webhook]):
    pass
