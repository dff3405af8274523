"""Signing in with a key or by a link, and out again."""

from urllib.parse import parse_qsl

from litestar import post
from litestar.response import Response

from api.pages.addresses import is_here
from api.pages.asking import Visitor
from api.pages.page import (
    SIGN_IN,
    PageRequest,
    fields_of,
    html,
    is_from_here,
    open_page,
    reply_to,
    speech_of,
)
from api.pages.rendering import rendered
from api.pages.session import session_of, signed_in, signed_out
from api.pages.view import SIDES, Frame, Redirect

BY_LINK = "/sign-in/link"
BY_EMAIL = "/sign-in/card"


@open_page(SIGN_IN)
async def ask_for_key(request: PageRequest) -> Response[bytes]:
    """A form for the key."""
    return _shown(request, _parameter(request, "next"), "")


@post(SIGN_IN, opt={"page": SIGN_IN})
async def sign_in(request: PageRequest) -> Response[bytes]:
    """Take the key into a sealed cookie, if it opens anything."""
    frame: Frame = request.app.state["pages"]
    fields = await fields_of(request)
    if not is_from_here(request):  # or another site could sign its own key in here
        return _shown(request, "", "foreign-form")
    key, goes_to = fields.get("api_key", "").strip(), fields.get("next", "")
    if not key.isascii() or not key.isprintable():
        return _shown(request, goes_to, "unauthenticated")
    me = await frame.api.ask(Visitor(key, request.scope), "me.show")
    if not me.is_good:
        return _shown(request, goes_to, me.body["code"])
    home = SIDES.get(me.body["actor"]["role"], "desk")
    address = goes_to if is_here(goes_to) else f"/{home}"
    return reply_to(Redirect(address, signed_in(key, frame.seal, request.headers.get("host", ""))))


@open_page(BY_LINK)
async def show_link(request: PageRequest) -> Response[bytes]:
    """A button that uses the link. Looking at it uses nothing, as programs that read mail do."""
    return _linked(request, _parameter(request, "code"), None)


@post(BY_LINK, opt={"page": BY_LINK})
async def use_link(request: PageRequest) -> Response[bytes]:
    """Take the key that the link becomes into a sealed cookie. It becomes one once."""
    frame: Frame = request.app.state["pages"]
    code = (await fields_of(request)).get("code", "")
    if not is_from_here(request):
        return _linked(request, "", "foreign-form")
    used = await frame.api.give(Visitor("", request.scope), "sign_ins.use", None, {"code": code}, key="")
    if not used.is_good:
        return _linked(request, "", "link-spent" if used.status in (400, 401) else used.body["code"])
    home = SIDES.get(used.body["role"], "desk")
    host = request.headers.get("host", "")
    return reply_to(Redirect(f"/{home}", signed_in(used.body["key"], frame.seal, host, by_link=True)))


@open_page(BY_EMAIL)
async def show_request(request: PageRequest) -> Response[bytes]:
    """A form for the e-mail address on the card. The business stands in the address of the page."""
    return _asked(request, _parameter(request, "business"), None, is_sent=False)


@post(BY_EMAIL, opt={"page": BY_EMAIL})
async def request_link(request: PageRequest) -> Response[bytes]:
    """Send a link to that address. The answer does not tell whether a card has it."""
    frame: Frame = request.app.state["pages"]
    fields = await fields_of(request)
    business = fields.get("business", "")
    if not is_from_here(request):
        return _asked(request, business, "foreign-form", is_sent=False)
    body = {"business_id": business, "email": fields.get("email", "").strip()}
    answer = await frame.api.give(Visitor("", request.scope), "sign_ins.request", None, body, key="")
    return _asked(request, business, None if answer.is_good else answer.body["code"], is_sent=answer.is_good)


@post("/sign-out", opt={"page": "/sign-out"})
async def sign_out(request: PageRequest) -> Response[bytes]:
    """Forget the key, and end it where a link became it. Another site cannot do it, for the cookie does not come with
    its requests."""
    frame: Frame = request.app.state["pages"]
    host = request.headers.get("host", "")
    session = session_of(dict(request.scope["headers"]), frame.seal)
    if session is None:
        return reply_to(Redirect(SIGN_IN))
    if session.by_link:
        # Refused where it has ended already; where the books cannot be written, it ends by its time.
        await frame.api.give(Visitor(session.key, request.scope), "sign_ins.end", None, {}, key="")
    return reply_to(Redirect(SIGN_IN, signed_out(host)))


def _shown(request: PageRequest, goes_to: str, code: str) -> Response[bytes]:
    shown = {"goes_to": goes_to if is_here(goes_to) else "", "problem": {"code": code} if code else None}
    return html(rendered("sign_in.html", speech_of(request), shown), 200 if not code else 422)


def _linked(request: PageRequest, code: str, problem: str | None) -> Response[bytes]:
    shown = {"code": code, "problem": {"code": problem} if problem else None}
    return html(rendered("sign_in_by_link.html", speech_of(request), shown), 200 if problem is None else 422)


def _asked(request: PageRequest, business: str, problem: str | None, *, is_sent: bool) -> Response[bytes]:
    shown = {"business": business, "problem": {"code": problem} if problem else None, "is_sent": is_sent}
    return html(rendered("sign_in_by_email.html", speech_of(request), shown), 200 if problem is None else 422)


def _parameter(request: PageRequest, name: str) -> str:
    return dict(parse_qsl(request.scope["query_string"].decode("latin-1"))).get(name, "")


HANDLERS = (ask_for_key, sign_in, show_link, use_link, show_request, request_link, sign_out)
