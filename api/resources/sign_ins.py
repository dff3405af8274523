"""Signing people in to the pages by a link that works once: making its code, using it, and asking for one by e-mail."""

from contextlib import suppress
from functools import partial
from secrets import randbits
from typing import Annotated

from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from pydantic import Field, StringConstraints
from pydantic_core import to_json

from api.http.api_keys import SECRET_BITS, StoredKey, key_text, mac_of, unauthenticated
from api.http.body import body_of
from api.http.customers_by_email import active_by_email
from api.http.ledger_types import StoredMessage, UnknownBusiness
from api.http.message_ids import of_occasion
from api.http.new_keys import keep_key
from api.http.parsing import EmptyBody, read_body, read_parameters
from api.http.permissions import ANYONE, CARRIERS, OVERRIDERS
from api.http.problems import Flaw, Problem, invalid
from api.http.request import HttpRequest, exchange_of, frame_of, parameters_of
from api.http.responses import Reply
from api.http.route import Route, handler_of
from api.http.serving import Serving
from api.http.sign_in_links import (
    HOURS_OF_CUSTOMER,
    MINUTES_OF_LETTER,
    NAME_OF_KEYS,
    PURPOSE,
    SignIn,
    code_of,
    key_id_of,
    opened,
    path_of,
)
from domain.actor import Role
from domain.business.facts import MessageLanguage, Policies
from domain.decision import Reads
from domain.moments import from_milliseconds, rfc3339, to_milliseconds
from domain.people.profile import Email
from domain.people.state import Customer
from domain.use_cases.checks import check_not_erased, check_staff
from domain.values import BusinessId, CustomerId, StaffId, Value

HOURS = {Role.CUSTOMER: HOURS_OF_CUSTOMER}
"""How long a person stays signed in, by role."""
HOURS_AT_WORK = 12
MINUTES_MAX = 24 * 60
SLOT_MS = 10 * 60_000
"""An address gets one letter in each of these times."""
SLOTS_OF_A_DAY = 24 * 60 * 60_000 // SLOT_MS
LETTERS_OF_A_DAY = 6
"""Letters that an address gets in one day of UTC."""


class SignInLinkBody(Value):
    role: Role = Role.CUSTOMER
    """Only an owner makes a link for another role than customer."""
    customer_id: CustomerId | None = None
    """The customer whom it signs in, for the role customer."""
    staff_id: StaffId | None = None
    """The member of staff whom it signs in; without one, the link itself acts."""
    minutes: Annotated[int, Field(ge=1, le=MINUTES_MAX)] = 15
    """How long the link may be used."""


class SignInLink(Value):
    code: str
    path: str
    """The page that signs in with it: put the name of the server in front of it."""
    expires_at: str


class SignInBody(Value):
    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,1000}$")]


class SignedIn(Value):
    key: str
    """An API key. It is shown here alone."""
    key_id: str
    role: Role
    expires_at: str


class SignedOut(Value):
    key_id: str
    revoked_at: str


class SignInRequestBody(Value):
    business_id: BusinessId
    email: Email


class SignInRequested(Value):
    """The same whether or not anybody has the address."""

    minutes: int
    """How long the link may be used that was sent, if one was."""


LINK = Route(
    "POST",
    "/v1/sign-in-links",
    "sign_ins.link",
    "Make a link that signs somebody in to the pages, once",
    OVERRIDERS,
    201,
    SignInLinkBody,
    None,
    SignInLink,
    versioned=False,
    codes=("validation-failed", "malformed-body", "erased"),
    description="Nothing is stored until the link is used, so it takes no Idempotency-Key. Staff and managers make"
    " links for customers; an owner makes them for every role. A customer stays signed in for 90 days, all others for"
    " 12 hours.",
)
USE = Route(
    "POST",
    "/v1/sign-ins",
    "sign_ins.use",
    "Sign in with the code of a link",
    ANYONE,
    201,
    SignInBody,
    None,
    SignedIn,
    versioned=False,
    codes=("validation-failed", "malformed-body", "unauthenticated"),
    description="The answer is a key of that person's role. A code that was used, is over, or was not made here is"
    " refused as unauthenticated, and so is one whose person is no longer active, or whose maker's key was revoked or"
    " may not make it any more. Where the answer was lost, ask for another link.",
)


REQUEST = Route(
    "POST",
    "/v1/sign-in-requests",
    "sign_ins.request",
    "Ask for a link to a customer's card by e-mail",
    ANYONE,
    202,
    SignInRequestBody,
    None,
    SignInRequested,
    versioned=False,
    codes=("validation-failed", "malformed-body", "not-found"),
    description="The link goes to the address on the card, and to no other. The answer does not tell whether a card has"
    " it. Where two cards have one address, the letter says so and names the desk. An address gets one letter in ten"
    " minutes, and six in a day. Where the installation sends no e-mails, or does not know its own address, this is"
    " not found.",
)


END = Route(
    "POST",
    "/v1/sign-outs",
    "sign_ins.end",
    "Sign out: end the key that a link became",
    CARRIERS,
    201,
    EmptyBody,
    None,
    SignedOut,
    versioned=False,
    of_caller=True,
    codes=("validation-failed", "malformed-body"),
    description="The key that the request is signed with opens nothing more. Only a key that a link became ends itself:"
    " it is that of one device. A key that was issued may be in use elsewhere: an owner revokes it.",
)


@handler_of(LINK)
async def link(request: HttpRequest) -> Reply:
    read_parameters(parameters_of(request), Value)
    raw = await body_of(request)
    return await sync_to_thread(_linked, request, raw)


@handler_of(USE)
async def use(request: HttpRequest) -> Reply:
    read_parameters(parameters_of(request), Value)
    raw = await body_of(request)
    return await sync_to_thread(_used, request, raw)


@handler_of(REQUEST)
async def ask_for_link(request: HttpRequest) -> Reply:
    read_parameters(parameters_of(request), Value)
    raw = await body_of(request)
    return await sync_to_thread(_requested, request, raw)


@handler_of(END)
async def end(request: HttpRequest) -> Reply:
    read_parameters(parameters_of(request), Value)
    raw = await body_of(request)
    return await sync_to_thread(_ended, request, raw)


def _ended(request: HttpRequest, raw: bytes) -> Reply:
    exchange = exchange_of(request.scope)
    read_body(raw, exchange.header(b"content-type"), EmptyBody)
    key = exchange.frame.carnet.store.find_key(exchange.caller.key_id)
    if key is None or key.name != NAME_OF_KEYS:
        flaw = "is a key that was issued, and may be in use elsewhere: an owner revokes it"
        raise invalid([Flaw("/Authorization", "issued", flaw, "header")])
    ended = exchange.frame.keys.end(key)
    assert ended.revoked_at is not None
    told = SignedOut(key_id=ended.id, revoked_at=rfc3339(from_milliseconds(ended.revoked_at)))
    return Reply(201, to_json(told), [(b"cache-control", b"no-store")])


def _linked(request: HttpRequest, raw: bytes) -> Reply:
    exchange = exchange_of(request.scope)
    frame, caller = exchange.frame, exchange.caller
    body = read_body(raw, exchange.header(b"content-type"), SignInLinkBody).value
    if not _may_make(caller.role, body.role):
        raise Problem("forbidden", f"the role {caller.role.value} makes links for customers alone")
    if body.role is Role.INTEGRATION:
        raise invalid([Flaw("/role", "role", "must be that of a person, not of a program")])
    _check_person(request, body)
    whom = SignIn(
        business_id=caller.business_id,
        role=body.role.value,
        actor_id=body.customer_id or body.staff_id,
        until_ms=to_milliseconds(frame.carnet.clock()) + body.minutes * 60_000,
        hours=HOURS.get(body.role, HOURS_AT_WORK),
        made_by=caller.key_id,
    )
    code = code_of(frame.secret(PURPOSE), whom)
    told = SignInLink(code=code, path=path_of(code), expires_at=rfc3339(from_milliseconds(whom.until_ms)))
    return Reply(201, to_json(told), [(b"cache-control", b"no-store")])


def _may_make(maker: Role, role: Role) -> bool:
    """Whether one role makes links for another."""
    return maker is Role.OWNER or (role is Role.CUSTOMER and maker in OVERRIDERS)


def _check_person(request: HttpRequest, body: SignInLinkBody) -> None:
    """Raises validation-failed unless the person fits the role and is active here, and CustomerIsErased."""
    exchange = exchange_of(request.scope)
    business_id, customer_id = exchange.caller.business_id, body.customer_id
    if (body.role is Role.CUSTOMER) != (customer_id is not None):
        raise invalid([Flaw("/customer_id", "role", "goes with the role customer, and only with it")])
    if body.staff_id is not None:
        if customer_id is not None:
            raise invalid([Flaw("/staff_id", "role", "has no place in the link of a customer")])
        check_staff(exchange.frame.look(business_id, Reads({body.staff_id: 0})), body.staff_id)
    if customer_id is not None:
        customer = exchange.frame.look(business_id, Reads({customer_id: 0})).customer(customer_id)
        check_not_erased(customer, customer_id)
        if customer is None or not customer.active:
            raise invalid([Flaw("/customer_id", "unknown-customer", "is not an active customer")])


def _used(request: HttpRequest, raw: bytes) -> Reply:
    frame = frame_of(request)
    body = read_body(raw, exchange_of(request.scope).header(b"content-type"), SignInBody).value
    began = to_milliseconds(frame.carnet.clock())
    whom = opened(frame.secrets(PURPOSE), body.code, began)
    _check_still(frame, whom)
    key_id = key_id_of(body.code)
    text = key_text(key_id, randbits(SECRET_BITS))
    key = StoredKey(
        id=key_id,
        business_id=whom.business_id,
        name=NAME_OF_KEYS,
        role=whom.role,
        actor_id=whom.actor_id or key_id,
        mac=mac_of(frame.pepper, text),
        created_at=began,
        expires_at=began + whom.hours * 3_600_000,
        scopes="",
    )
    if not keep_key(frame.carnet.store, frame.pepper, key, previous_pepper=frame.previous_pepper):
        raise unauthenticated()
    assert key.expires_at is not None
    told = SignedIn(
        key=text, key_id=key_id, role=Role(whom.role), expires_at=rfc3339(from_milliseconds(key.expires_at))
    )
    return Reply(201, to_json(told), [(b"cache-control", b"no-store")])


def _check_still(frame: Serving, whom: SignIn) -> None:
    """Raises Problem unauthenticated where the person went since the link was made, or who made it may not any more.

    A customer who was merged meanwhile acts as the survivor.
    """
    role = Role(whom.role)
    if whom.made_by is not None:
        maker = frame.keys.maker(whom.made_by)
        if maker is None or maker.business_id != whom.business_id or not _may_make(maker.role, role):
            raise unauthenticated()
    if role is Role.CUSTOMER:
        assert whom.actor_id is not None, "the link of a customer names them"
        customer = _customer_now(frame, whom.business_id, whom.actor_id)
        if customer is None or customer.erased or not customer.active:
            raise unauthenticated()
    elif whom.actor_id is not None:
        member = frame.look(whom.business_id, Reads({whom.actor_id: 0})).staff(whom.actor_id)
        if member is None or not member.active:
            raise unauthenticated()


def _customer_now(frame: Serving, business_id: str, customer_id: str) -> Customer | None:
    """The customer; a merged one is the survivor."""
    while True:
        customer = frame.look(business_id, Reads({customer_id: 0})).own_customer(customer_id)
        if customer is None or customer.merged_into is None:
            return customer
        customer_id = customer.merged_into


def _requested(request: HttpRequest, raw: bytes) -> Reply:
    frame = frame_of(request)
    body = read_body(raw, exchange_of(request.scope).header(b"content-type"), SignInRequestBody).value
    if not frame.mails_links:
        raise Problem("not-found", "no links are sent from here")
    # Who has the address is looked up once all have been answered alike: time would tell it, too.
    frame.letters.do(partial(_send_to, frame, body.business_id, body.email), until_done=True)
    return Reply(202, to_json(SignInRequested(minutes=MINUTES_OF_LETTER)), [(b"cache-control", b"no-store")])


def _send_to(frame: Serving, business_id: str, email: str) -> None:
    """A letter to the customer who has this address, if there is one."""
    with suppress(UnknownBusiness):
        found = active_by_email(frame.carnet, business_id, email)
        if found:
            _send(frame, business_id, found[0])


def _language(policies: Policies) -> MessageLanguage:
    """Of a letter that was asked for: it is sent also where the business sends none by itself."""
    if policies.message_language != "off":
        return policies.message_language
    return "hu" if policies.locale.startswith("hu") else "en"


def _send(frame: Serving, business_id: str, customer_id: str) -> None:
    """A letter to the address of this customer: one in each ten minutes, and six in a day."""
    outbox, at = frame.carnet.store.outbox, to_milliseconds(frame.carnet.clock())
    slot = at // SLOT_MS
    of_today = range(slot - slot % SLOTS_OF_A_DAY, slot + 1)
    ids = [of_occasion(business_id, "sign_in", customer_id, each, "email") for each in of_today]
    if len(outbox.known(business_id, ids)) >= LETTERS_OF_A_DAY:
        return
    business = frame.look(business_id, Reads({business_id: 0})).business
    letter = StoredMessage(
        business_id=business_id,
        id=ids[-1],
        position=frame.positions[business_id],
        recorded_at=at,
        kind="sign_in",
        language=_language(business.policies),
        customer_id=customer_id,
        thing_id=customer_id,
        due_at=at,
        occasion=slot,
    )
    outbox.add(business_id, [letter])


HANDLERS: tuple[HTTPRouteHandler, ...] = (link, use, end, ask_for_link)
