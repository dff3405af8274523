"""The application of the pages, in front of the API: what it does not know goes on to the API."""

from collections.abc import Mapping, Sequence
from typing import cast

from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from api.http.methods import Methods
from api.pages import sign_in, zone
from api.pages.asking import Api
from api.pages.assets import PREFIX, by_address
from api.pages.audit import bookings as audited_bookings
from api.pages.audit import explanation, facts, ledger, reports, timeline
from api.pages.audit import packages as audited_packages
from api.pages.card import bookings as own_bookings
from api.pages.card import packages as own_packages
from api.pages.card import papers as own_papers
from api.pages.desk import (
    book,
    booking,
    bookings,
    bulk,
    credits,
    customer,
    customer_details,
    customers,
    erasure,
    export,
    house,
    household,
    memberships,
    merging,
    packages,
    phone,
    photo,
    points,
    sell,
    today,
    top_ups,
    use,
)
from api.pages.desk.package import doing, papers
from api.pages.desk.package import shown as package
from api.pages.page import PageRequest, html, open_page, speech_of
from api.pages.rendering import rendered
from api.pages.sealing import Seal
from api.pages.speech import Speech
from api.pages.system import read_models, routes
from api.pages.view import Frame

ROOMS = ("desk", "audit", "card", "system", "sign-in", "sign-out", "zone", "assets")
"""The first part of the addresses of pages."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"server", b"carnet"),
)
FOR_EVER = "public, max-age=31536000, immutable"


@open_page(PREFIX + "{name:str}")
async def asset(request: PageRequest) -> Response[bytes]:
    """A sheet, a font or a script, which never changes under its name."""
    found = by_address().get(request.scope["path"])
    if found is None:
        return html(_refused(speech_of(request), "not-found"), 404)
    headers = {"cache-control": FOR_EVER}
    return Response(found.content, media_type=found.media_type, headers=headers)


PAGES = (
    asset,
    *sign_in.HANDLERS,
    *zone.HANDLERS,
    *customers.PAGES,
    *bulk.PAGES,
    *export.PAGES,
    *packages.PAGES,
    *customer_details.PAGES,
    *household.PAGES,
    *photo.PAGES,
    *erasure.PAGES,
    *today.PAGES,
    *bookings.PAGES,
    *booking.PAGES,
    *book.PAGES,
    *customer.PAGES,
    *phone.PAGES,
    *own_packages.PAGES,
    *own_bookings.PAGES,
    *own_papers.PAGES,
    *ledger.PAGES,
    *audited_packages.PAGES,
    *audited_bookings.PAGES,
    *timeline.PAGES,
    *explanation.PAGES,
    *reports.PAGES,
    *facts.PAGES,
    *read_models.PAGES,
    *routes.PAGES,
    *sell.PAGES,
    *use.PAGES,
    *package.PAGES,
    *papers.PAGES,
    *doing.PAGES,
    *points.PAGES,
    *credits.PAGES,
    *memberships.PAGES,
    *top_ups.PAGES,
    *merging.PAGES,
    *house.PAGES,
)
"""Every page. Each module of a room has a line here."""
METHODS = Methods(
    (path, handler.http_methods if isinstance(handler, HTTPRouteHandler) else ("GET", "HEAD"))
    for handler in PAGES
    for path in handler.paths
)


def create_pages(api: ASGIApp, paths: Mapping[str, str], secrets: Sequence[bytes]) -> Litestar:
    """The pages, as a client of this API.

    `paths`: operation → path. `secrets`: of the installation, 32 bytes each, the newest first.
    """
    return Litestar(
        route_handlers=PAGES,
        exception_handlers={Exception: _told},
        before_send=[_complete],
        openapi_config=None,
        logging_config=None,
        state=State({"pages": Frame(api=Api(api, paths), seal=Seal(secrets))}),
    )


def in_front(pages: ASGIApp, api: ASGIApp) -> ASGIApp:
    """Both as one application."""

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        room = scope["path"].removeprefix("/").partition("/")[0]
        if room not in ROOMS:
            return await api(scope, receive, send)
        method, allowed = cast("HTTPScope", scope)["method"], METHODS.of(scope["path"])
        if not allowed or (method in allowed and method != "OPTIONS"):
            return await pages(scope, receive, _without_body(send) if method == "HEAD" else send)
        return await _methods(scope, 204 if method == "OPTIONS" else 405, send)

    return either


def _without_body(send: Send) -> Send:
    """HEAD has the headers of GET and no body (RFC 9110, section 9.3.2)."""

    async def send_headers(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_headers


async def _methods(scope: Scope, status: int, send: Send) -> None:
    """Which methods an address takes: asked for, or another one was sent."""
    headers = [(b"allow", METHODS.allow(scope["path"]).encode()), *HEADERS, (b"cache-control", b"no-store")]
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    body = _refused(Speech.of_browser(accepted), "method-not-allowed") if status == 405 else b""
    if status == 405:
        headers += [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _refused(speech: Speech, code: str) -> bytes:
    """A page that says why, for whoever may not be known."""
    return rendered("refused_alone.html", speech, {"problem": {"code": code}})


def _told(request: PageRequest, error: Exception) -> Response[bytes]:
    """An address without a page, and what nobody foresaw."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    codes = {400: "malformed-body", 404: "not-found", 413: "body-too-large"}
    return html(_refused(speech_of(request), codes.get(status, "internal")), status)


async def _complete(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        sent = {name for name, _ in message["headers"]}
        ours = (*HEADERS, (b"cache-control", b"no-store"))
        missing = [(name, value) for name, value in ours if name not in sent]
        message["headers"] = [*message["headers"], *missing]
