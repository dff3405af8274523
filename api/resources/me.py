"""Who asks: what a key may do, for whom it acts, and at which business."""

from api.http.permissions import CARRIERS, Scope
from api.http.query import Found, NoParameters, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, actors_known
from api.resources.people import profile_of
from domain.actor import Role
from domain.decision import Reads
from domain.values import Value


class BusinessOfCaller(Value):
    """What a screen needs to write names, money and days."""

    id: str
    name: str
    currency: str
    time_zone: str
    locale: str


class Me(Value):
    actor: EnteredBy
    """As facts name whoever enters them with this key."""
    key_id: str
    scopes: tuple[Scope, ...]
    """What the key of an integration may do; empty for every other role."""
    customer_id: str | None
    """The customer whose key it is; null for every other role."""
    locale: str
    """In which a screen speaks to whoever asks: the customer's own, else that of the business."""
    business: BusinessOfCaller


@query("/v1/me", "me.show", "Who asks", roles=CARRIERS, answer=Me, of_caller=True)
def show(call: Query[NoParameters]) -> Found:
    """Role, name and business of the key that is sent. Any key may ask."""
    books = call.look(Reads({call.business_id: 0}), facts=False)
    found, actor = books.business, call.caller.actor
    customer_id = actor.id if call.role is Role.CUSTOMER else None
    told = Me(
        actor=EnteredBy(
            id=actor.id, name=actors_known(call, [actor.id]).get(actor.id, {}).get("name"), role=call.role
        ),
        key_id=call.caller.key_id,
        scopes=tuple(sorted(call.caller.scopes)),
        customer_id=customer_id,
        locale=_locale_of(call, customer_id) or found.policies.locale,
        business=BusinessOfCaller(
            id=books.business_id,
            name=found.name,
            currency=found.currency,
            time_zone=found.time_zone,
            locale=found.policies.locale,
        ),
    )
    return Found(told, books.head.position)


def _locale_of(call: Query[NoParameters], customer_id: str | None) -> str | None:
    people = [] if customer_id is None else call.ledger.recorder.people([customer_id])
    profile = profile_of(people[0]) if people else None
    return None if profile is None else profile.locale


HANDLERS = (show,)
