"""Signing in with a key, and out again."""

from urllib.parse import parse_qsl

from litestar import get, post
from litestar.response import Response

from api.pages.addresses import is_here
from api.pages.asking import Visitor
from api.pages.page import (
    ENGLISH,
    SIGN_IN,
    PageRequest,
    fields_of,
    html,
    is_from_here,
    reply_to,
)
from api.pages.rendering import rendered
from api.pages.session import session_of, signed_in, signed_out
from api.pages.view import SIDES, Frame, Redirect


@get(SIGN_IN, opt={"page": SIGN_IN})
async def ask_for_key(request: PageRequest) -> Response[bytes]:
    """A form for the key."""
    return _shown(_next(request), "")


@post(SIGN_IN, opt={"page": SIGN_IN})
async def sign_in(request: PageRequest) -> Response[bytes]:
    """Take the key into a sealed cookie, if it opens anything."""
    frame: Frame = request.app.state["pages"]
    fields = await fields_of(request)
    if not is_from_here(request):  # or another site could sign its own key in here
        return _shown("", "foreign-form")
    key, goes_to = fields.get("api_key", "").strip(), fields.get("next", "")
    if not key.isascii() or not key.isprintable():
        return _shown(goes_to, "unauthenticated")
    me = await frame.api.ask(Visitor(key, request.scope), "me.show")
    if not me.is_good:
        return _shown(goes_to, me.body["code"])
    home = SIDES.get(me.body["actor"]["role"], "desk")
    address = goes_to if is_here(goes_to) else f"/{home}"
    return reply_to(Redirect(address, signed_in(key, frame.seal, request.headers.get("host", ""))))


@post("/sign-out", opt={"page": "/sign-out"})
async def sign_out(request: PageRequest) -> Response[bytes]:
    """Forget the key. Another site cannot do it, for the cookie does not come with its requests."""
    frame: Frame = request.app.state["pages"]
    host = request.headers.get("host", "")
    if session_of(dict(request.scope["headers"]), frame.seal) is None:
        return reply_to(Redirect(SIGN_IN))
    return reply_to(Redirect(SIGN_IN, signed_out(host)))


def _shown(goes_to: str, code: str) -> Response[bytes]:
    shown = {"goes_to": goes_to if is_here(goes_to) else "", "problem": {"code": code} if code else None}
    return html(rendered("sign_in.html", ENGLISH, shown), 200 if not code else 422)


def _next(request: PageRequest) -> str:
    return dict(parse_qsl(request.scope["query_string"].decode("latin-1"))).get("next", "")


HANDLERS = (ask_for_key, sign_in, sign_out)
