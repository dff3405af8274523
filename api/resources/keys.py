"""The API keys of a business: issuing, listing and revoking them.

Keys are stored beside the ledger, so these commands see to their idempotency themselves. The request is
stored in the ledger with its answer like any other, but without the secret. The first answer shows the secret, and no
other does: a repeated request is answered with what was stored, and says that the secret is not shown again. The secret
is derived from the server's pepper and the request, so that a crash between the request and its key leaves no key that
is unknown here.
"""

import hmac
from datetime import datetime
from typing import Annotated, Any

from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from msgspec import structs
from pydantic import Field

from api.http.api_keys import StoredKey, key_text, mac_of
from api.http.body import body_of
from api.http.command_route import Command, CommandParameters, created, dry_run, read_command
from api.http.ids import encode
from api.http.key_scopes import flaw_of_scopes, scopes_of, written
from api.http.ledger_types import RequestKey
from api.http.new_keys import keep_key
from api.http.new_values import NewId, NewMoment
from api.http.parsing import EmptyBody
from api.http.permissions import OWNER, Scope
from api.http.problems import Flaw, invalid
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.http.request import HttpRequest
from api.http.responses import Reply
from api.http.route import Route, handler_of
from api.http.sign_in_links import NAME_OF_KEYS
from domain.actor import Role
from domain.decision import Reads
from domain.moments import Moment, from_milliseconds, rfc3339, to_milliseconds
from domain.refusals import NotFound
from domain.use_cases.checks import check_not_erased, check_staff
from domain.values import RECORDED_AT, CustomerId, StaffId, ThingName, Value


class ApiKeyBody(Value):
    name: ThingName
    role: Role
    staff_id: StaffId | None = None
    """The member of staff who acts with it; without one, the key itself acts."""
    customer_id: CustomerId | None = None
    """The customer who acts with it, for the role customer: it reaches only what is theirs."""
    expires_at: Moment | None = None
    scopes: Annotated[tuple[Scope, ...], Field(max_length=len(Scope))] = ()
    """What the key may do, for the role integration: at least one. No other role has any."""


class ApiKey(Value):
    id: NewId
    name: str
    role: str
    actor_id: NewId
    created_at: NewMoment
    expires_at: str | None
    revoked_at: str | None
    scopes: tuple[Scope, ...]
    """What the key of an integration may do; other roles have none."""


class IssuedApiKey(ApiKey):
    key: str | None
    """The whole key. It is shown in the first answer alone: null in that of a repeated request."""
    secret_shown: bool
    """Whether `key` is in this answer. Where the first one was lost, revoke the key and issue another."""


class ApiKeyPage(Page[ApiKey]):
    pass


ISSUE = Route(
    "POST",
    "/v1/keys",
    "keys.issue",
    "Issue a key",
    OWNER,
    201,
    ApiKeyBody,
    CommandParameters,
    IssuedApiKey,
    writes=True,
    versioned=False,
    description="The whole key is in the first answer, and in no other: a repeated request is answered with"
    " `key: null` and `secret_shown: false`. Only its hash is kept. Name a member of staff or a customer to let the key"
    " act as them: a member's key does what their present role may, and never more than its own.",
)
REVOKE = Route(
    "POST",
    "/v1/keys/{key_id}/revocation",
    "keys.revoke",
    "Revoke a key: it opens nothing from now on",
    OWNER,
    201,
    EmptyBody,
    CommandParameters,
    ApiKey,
    writes=True,
    versioned=False,
    codes=("last-owner-key",),
    description="What was done with it stays. Revoking it again changes nothing. The last key that does what owners do"
    " is refused here, and so is one that ends later than all others: nobody could issue another over HTTP.",
)


@handler_of(ISSUE)
async def issue(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_issued, request, raw)


@handler_of(REVOKE)
async def revoke(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_revoked, request, raw)


@query(
    "/v1/keys",
    "keys.list",
    "Keys, in the order they were issued",
    roles=OWNER,
    answer=ApiKeyPage,
    parameters=ListParameters,
)
def list_keys(call: Query[ListParameters]) -> Found:
    """Never with their secrets."""
    after = call.after()
    keys = sorted(call.frame.carnet.store.keys_of(call.business_id), key=_place)
    rows = [key for key in keys if after is None or _place(key) > after][: call.parameters.limit + 1]
    head = call.ledger.recorder.head().position
    call.check_reachable(head)
    return call.page(ApiKeyPage, rows, key=_place, shown=_shown, position=head)


def _place(key: StoredKey) -> list[Any]:
    return [key.created_at, key.id]


def _shown(key: StoredKey) -> ApiKey:
    return ApiKey(
        id=key.id,
        name=key.name,
        role=key.role,
        actor_id=key.actor_id,
        created_at=_moment(key.created_at),
        expires_at=None if key.expires_at is None else _moment(key.expires_at),
        revoked_at=None if key.revoked_at is None else _moment(key.revoked_at),
        scopes=scopes_of(key),
    )


def _moment(milliseconds: int) -> str:
    return rfc3339(from_milliseconds(milliseconds))


# Issuing


def _issued(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, ApiKeyBody)
    if key is None:
        _check(call)
        planned = _planned(call, call.new("key")).model_copy(update={"actor_id": _person(call.body)})
        return dry_run(call, planned.model_dump(), [], call.ledger.recorder.head().position)
    texts = dict(_drawn(call, key, secret) for secret in call.frame.secrets("keys"))
    key_id = next(iter(texts))

    def make() -> str:
        _check(call)
        return _planned(call, key_id).model_dump_json()

    done = call.ledger.answer_once(key, make, _people(_person(call.body)))
    shown = IssuedApiKey.model_validate_json(done.body)
    # None where it was issued under a pepper that is known no more: the secret cannot be derived again.
    text = texts.get(shown.id)
    if text is not None:
        _keep(call, shown, text, done.recorded_at)
    if done.replayed:
        return created(done, None)
    told = shown.model_copy(update={"key": text, "secret_shown": True})
    return created(structs.replace(done, body=told.model_dump_json()), None)


def _check(call: Command[ApiKeyBody]) -> None:
    """Raises validation-failed for an unknown or misplaced person, misplaced scopes, an expiry that has passed, and the
    name of the keys that links become: such a key may end itself."""
    if call.body.name == NAME_OF_KEYS:
        raise invalid([Flaw("/name", "reserved", "is that of the keys that links become")])
    staff_id, expires_at = call.body.staff_id, call.body.expires_at
    _check_customer(call)
    if staff_id is not None:
        check_staff(call.frame.look(call.business_id, Reads({staff_id: 0})), staff_id)
    if (flaw := flaw_of_scopes(call.body.role, call.body.scopes)) is not None:
        raise invalid([Flaw("/scopes", "role", flaw)])
    if expires_at is not None and expires_at <= call.frame.carnet.clock():
        raise invalid([Flaw("/expires_at", "past", "must lie in the future")])


def _check_customer(call: Command[ApiKeyBody]) -> None:
    """Raises validation-failed unless a key of the role customer, and no other, names one, and no staff; and
    CustomerIsErased."""
    body, customer_id = call.body, call.body.customer_id
    if (body.role is Role.CUSTOMER) != (customer_id is not None):
        raise invalid([Flaw("/customer_id", "role", "goes with the role customer, and only with it")])
    if customer_id is None:
        return
    if body.staff_id is not None:
        raise invalid([Flaw("/staff_id", "role", "has no place on the key of a customer")])
    customer = call.frame.look(call.business_id, Reads({customer_id: 0})).customer(customer_id)
    check_not_erased(customer, customer_id)
    if customer is None or not customer.active:
        raise invalid([Flaw("/customer_id", "unknown-customer", "is not an active customer")])


def _person(body: ApiKeyBody) -> str | None:
    """The person who acts with the key; None: the key itself."""
    return body.customer_id or body.staff_id


def _people(actor_id: str | None) -> tuple[str, ...]:
    """The customer whose key an answer names, if it is a customer's."""
    return (actor_id,) if actor_id is not None and actor_id.startswith("cus_") else ()


def _planned(call: Command[ApiKeyBody], key_id: str) -> IssuedApiKey:
    body = call.body
    return IssuedApiKey(
        id=key_id,
        name=body.name,
        role=body.role.value,
        actor_id=_person(body) or key_id,
        created_at=RECORDED_AT,
        expires_at=None if body.expires_at is None else rfc3339(body.expires_at),
        revoked_at=None,
        scopes=tuple(scope for scope in Scope if scope in body.scopes),
        key=None,
        secret_shown=False,
    )


def _drawn(call: Command[Any], key: RequestKey, secret: bytes) -> tuple[str, str]:
    """The id and the text of a key, the same whenever this request is repeated under the same secret."""
    bound = b"\n".join([call.business_id.encode(), key.key.encode(), key.fingerprint])
    id, drawn = (
        int.from_bytes(hmac.digest(secret, purpose + b"\n" + bound, "sha256")[:bytes_max], "big")
        for purpose, bytes_max in ((b"id", 16), (b"secret", 32))
    )
    key_id = f"key_{encode(id, 26)}"
    return key_id, key_text(key_id, drawn)


def _keep(call: Command[ApiKeyBody], shown: IssuedApiKey, text: str, recorded_at: datetime) -> None:
    """Store the key unless it is stored: a crash may have come between the request and its key."""
    expires_at = call.body.expires_at
    key = StoredKey(
        id=shown.id,
        business_id=call.business_id,
        name=shown.name,
        role=shown.role,
        actor_id=shown.actor_id,
        mac=mac_of(call.frame.pepper, text),
        created_at=to_milliseconds(recorded_at),
        expires_at=None if expires_at is None else to_milliseconds(expires_at),
        scopes=written(shown.scopes),
    )
    keep_key(call.frame.carnet.store, call.frame.pepper, key, previous_pepper=call.frame.previous_pepper)


# Revoking


def _revoked(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, EmptyBody)
    key_id, store = call.id("key_id"), call.frame.carnet.store
    found = store.find_key(key_id)
    if found is None or found.business_id != call.business_id:
        raise NotFound("key", key_id)
    if key is None:
        call.frame.keys.check_revocable(found)
        planned = _shown(found).model_dump() | ({} if found.revoked_at else {"revoked_at": RECORDED_AT})
        return dry_run(call, planned, [], call.ledger.recorder.head().position)

    def revoke() -> str:
        return _shown(call.frame.keys.revoke(call.business_id, key_id)).model_dump_json()

    return created(call.ledger.answer_once(key, revoke, _people(found.actor_id)), None)


HANDLERS: tuple[HTTPRouteHandler, ...] = (issue, revoke, list_keys)
