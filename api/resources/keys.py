"""The keys to a business's books: issuing, listing and revoking them.

Keys lie beside the ledger, so these commands keep their idempotency themselves: the request is stored in
the ledger with its answer like any other, but without the secret. That is not random but derived from the
server's pepper and the request, so that a repeated request is answered with the same key, byte for byte,
although no secret is ever stored.
"""

import hmac
from collections.abc import Callable
from typing import Any

from litestar import post
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

from api.http.api_keys import key_text, mac_of
from api.http.command_route import Command, CommandParameters, created, dry_run, read_command
from api.http.ids import encode
from api.http.parsing import EmptyBody
from api.http.permissions import OWNER
from api.http.problems import Flaw, invalid
from api.http.query_route import Found, ListParameters, Page, Query, query
from api.http.request import HttpRequest, Route, body_of
from api.http.responses import Reply
from domain.actor import Role
from domain.decision import Reads
from domain.ledger.orders import Done, RequestKey
from domain.ledger.records import Append, Conflict, Request, StoredKey
from domain.moments import Moment, from_milliseconds, rfc3339
from domain.refusals import Erased, IdempotencyKeyReused, NotFound
from domain.values import RECORDED_AT, CustomerId, Name, StaffId, Value


class ApiKeyBody(Value):
    name: Name
    role: Role
    staff_id: StaffId | None = None
    """The member of staff who acts with it; without one, the key itself acts."""
    customer_id: CustomerId | None = None
    """The customer who acts with it, for the role customer: it reaches what is theirs and nothing else."""
    expires_at: Moment | None = None


class ApiKey(Value):
    id: str
    name: str
    role: str
    actor_id: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class IssuedApiKey(ApiKey):
    key: str | None
    """The whole key. It is shown here and never again."""


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
)


@post(ISSUE.litestar_path, opt={"route": ISSUE})
async def issue(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_issued, request, raw)


@post(REVOKE.litestar_path, opt={"route": REVOKE})
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
    )


def _moment(milliseconds: int) -> str:
    return rfc3339(from_milliseconds(milliseconds))


# Issuing


def _issued(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, ApiKeyBody)
    _check(call)
    if key is None:
        planned = _planned(call, call.new("key")).model_copy(update={"actor_id": _person(call.body)})
        return dry_run(call, planned.model_dump(), [], call.ledger.recorder.head().position)
    seed = _seed(call, key)
    key_id = f"key_{encode(int.from_bytes(seed(b'id')[:16], 'big'), 26)}"
    text = key_text(key_id, int.from_bytes(seed(b"secret"), "big"))
    done = _remembered(call, key, lambda: _planned(call, key_id))
    shown = IssuedApiKey.model_validate_json(done.body)
    _keep(call, shown, text, done)
    told = shown.model_copy(update={"key": text})
    return created(Done(told.model_dump_json(), done.first, done.last, done.recorded_at, done.replayed), None)


def _check(call: Command[ApiKeyBody]) -> None:
    """Raises validation-failed for somebody unknown or out of place, and for an end that has passed."""
    staff_id, expires_at = call.body.staff_id, call.body.expires_at
    _check_customer(call)
    if staff_id is not None:
        member = call.frame.look(call.business_id, Reads({staff_id: 0})).staff(staff_id)
        if member is None or not member.active:
            raise invalid([Flaw("/staff_id", "unknown-staff", "is not an active member of staff")])
    if expires_at is not None and expires_at <= call.frame.carnet.clock():
        raise invalid([Flaw("/expires_at", "past", "must lie in the future")])


def _check_customer(call: Command[ApiKeyBody]) -> None:
    """Raises validation-failed unless a key for a customer, and no other, names one, and only them."""
    body, customer_id = call.body, call.body.customer_id
    if (body.role is Role.CUSTOMER) != (customer_id is not None):
        raise invalid([Flaw("/customer_id", "role", "goes with the role customer, and only with it")])
    if customer_id is None:
        return
    if body.staff_id is not None:
        raise invalid([Flaw("/staff_id", "role", "has no place on the key of a customer")])
    customer = call.frame.look(call.business_id, Reads({customer_id: 0})).customer(customer_id)
    if customer is None or not customer.active:
        raise invalid([Flaw("/customer_id", "unknown-customer", "is not an active customer")])


def _person(body: ApiKeyBody) -> str | None:
    """Who acts with the key, where it is somebody."""
    return body.customer_id or body.staff_id


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
        key=None,
    )


def _seed(call: Command[Any], key: RequestKey) -> Callable[[bytes], bytes]:
    """256 bits for each purpose, the same whenever this request is made."""
    bound = b"\n".join([call.business_id.encode(), key.key.encode(), key.fingerprint])
    return lambda purpose: hmac.digest(call.frame.secret("keys"), purpose + b"\n" + bound, "sha256")


def _keep(call: Command[ApiKeyBody], shown: IssuedApiKey, text: str, done: Done) -> None:
    """Store the key unless it is there: a crash may have come between the request and its key."""
    store = call.frame.carnet.store
    if store.find_key(shown.id) is not None:
        return
    expires_at = call.body.expires_at
    stored = StoredKey(
        id=shown.id,
        business_id=call.business_id,
        name=shown.name,
        role=shown.role,
        actor_id=shown.actor_id,
        mac=mac_of(call.frame.pepper, text),
        created_at=int(done.recorded_at.timestamp() * 1000),
        expires_at=None if expires_at is None else int(expires_at.timestamp() * 1000),
    )
    try:
        store.add_key(stored)
    except Exception:  # the same request at the same time stored it first; otherwise it is told
        if store.find_key(shown.id) is None:
            raise


# Revoking


def _revoked(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, EmptyBody)
    key_id, store = call.id("key_id"), call.frame.carnet.store
    found = store.find_key(key_id)
    if found is None or found.business_id != call.business_id:
        raise NotFound("key", key_id)
    if key is None:
        planned = _shown(found).model_dump() | ({} if found.revoked_at else {"revoked_at": RECORDED_AT})
        return dry_run(call, planned, [], call.ledger.recorder.head().position)

    keys = call.frame.keys
    return created(_remembered(call, key, lambda: _shown(keys.revoke(call.business_id, key_id))), None)


# Requests beside the ledger


def _remembered(call: Command[Any], key: RequestKey, make: Callable[[], BaseModel]) -> Done:
    """The answer stored under a request key, or the one that is made and stored now.

    `make` may run again when the same request comes twice at once, so it must do no harm then.
    Raises IdempotencyKeyReused, Erased.
    """
    recorder = call.ledger.recorder
    known = recorder.load(Reads(), [key.key]).answered.get(key.key)
    if known is None:
        asked = Request(key.key, key.fingerprint, make().model_dump_json())
        (stored,) = recorder.append([Append((), {}, request=asked)])
        if not isinstance(stored, Conflict):
            moment = from_milliseconds(stored.recorded_at)
            return Done(asked.body.replace(RECORDED_AT, rfc3339(moment)), stored.first, stored.last, moment)
        known = recorder.load(Reads(), [key.key]).answered[key.key]
    if known.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused
    if known.body is None:
        raise Erased
    moment = from_milliseconds(known.recorded_at)
    return Done(known.body, known.first, known.last, moment, replayed=True)


HANDLERS: tuple[HTTPRouteHandler, ...] = (issue, revoke, list_keys)
