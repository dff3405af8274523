"""Pages as functions. Each gets a `View`: who looks, at what, and the API to ask.

@page("/desk/customers/{customer_id}")
async def customer(view: View) -> Screen:
    found = await view.know("customers.show", view.path)
    return Screen("desk/customer.html", {"customer": found.body}, true_for=found.position)

@form("/desk/packages/{package_id}/uses")
async def use(view: View) -> Screen | Redirect: …

A page without a session leads to the sign-in, and back. What the API refuses is told in words.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler

from api.pages.addresses import is_here
from api.pages.asking import ApiRefused, Visitor
from api.pages.downloads import FORMS, PARAMETER, as_file
from api.pages.forms import Fields
from api.pages.rendering import rendered
from api.pages.sealing import Seal
from api.pages.session import session_of, signed_out
from api.pages.speech import Speech
from api.pages.view import (
    SIDES,
    ZONE_COOKIE,
    Document,
    File,
    Frame,
    Redirect,
    Screen,
    Unchanged,
    View,
    is_part,
)

PageRequest = Request[Any, Any, Any]
SIGN_IN = "/sign-in"
FORM_BYTES_MAX = 64 * 1024
PASSING = (429, 500, 503)
"""Of what is refused: a later look may find it."""

WHOLE = {"hx-retarget": "#main", "hx-reselect": "#main", "hx-reswap": "outerHTML"}
"""Headers for a script that asked for a part of a page: this answer takes the place of all of it."""

Show = Callable[[View], Awaitable[Screen | Redirect | Document | Unchanged]]


def open_page(path: str) -> Callable[[Callable[[PageRequest], Awaitable[Response[bytes]]]], HTTPRouteHandler]:
    """Make a function into a page that anybody may look at, without a session."""
    return HTTPRouteHandler(path, http_method=("GET", "HEAD"), opt={"page": path})


def page(path: str) -> Callable[[Show], HTTPRouteHandler]:
    """Make a function into a page that is looked at."""
    return _made(path, ("GET", "HEAD"))


def form(path: str) -> Callable[[Show], HTTPRouteHandler]:
    """Make a function into the receiver of a form of a page. Other sites cannot send it."""
    return _made(path, ("POST",))


def _made(path: str, methods: Any) -> Callable[[Show], HTTPRouteHandler]:
    def made(show: Show) -> HTTPRouteHandler:
        async def handle(request: PageRequest) -> Response[bytes]:
            answer = await _answered(request, show)
            return led_by_script(request, answer) if is_part(headers_of(request)) else answer

        address = re.sub(r"\{(\w+)\}", r"{\1:str}", path)
        return HTTPRouteHandler(address, http_method=methods, opt={"page": path})(handle)

    return made


async def _answered(request: PageRequest, show: Show) -> Response[bytes]:
    frame: Frame = request.app.state["pages"]
    host = request.headers.get("host", "")
    session = session_of(headers_of(request), frame.seal)
    address = _address(request)
    if session is None:
        return reply_to(Redirect(_sign_in(address)))
    fields: Mapping[str, str] = Fields()
    files: Mapping[str, File] = {}
    if request.method == "POST":
        sent, files = await _sent(request)
        fields = Fields(sent)
        if not is_ours(request, fields, frame.seal, session.cookie):
            return _told(request, None, {"code": "foreign-form"}, 403)
    visitor = Visitor(session.key, request.scope)
    me = await frame.api.ask(visitor, "me.show")
    if me.status == 401:
        return reply_to(Redirect(_sign_in(address), signed_out(host)))
    if not me.is_good:
        return _told(request, None, me.body, me.status)
    view = View(
        frame=frame,
        address=address,
        path=request.path_params,
        parameters=parameters_of(request),
        fields=fields,
        files=files,
        visitor=visitor,
        session=session,
        me=me.body,
        in_utc=request.cookies.get(ZONE_COOKIE) == "utc",
    )
    try:
        found = await show(view)
    except ApiRefused as refused:
        return _told(request, view, refused.answer.body, refused.answer.status)
    if isinstance(found, Redirect):
        return reply_to(found)
    if isinstance(found, Unchanged):
        return Response(b"", status_code=204)
    if isinstance(found, Document):
        return Response(found.content, media_type=found.media_type, headers=dict(found.headers))
    wanted = view.one(PARAMETER)
    if found.listed is not None and wanted in FORMS:
        return as_file(found.listed.body, wanted, request.url.path.strip("/").replace("/", "-"))
    return screen(view, found)


def led_by_script(request: PageRequest, answer: Response[bytes]) -> Response[bytes]:
    """The same for a script that asked for a part of a page: who is signed in no more signs in on a page of its own,
    and comes back to the page that was open."""
    if not answer.headers.get("location", "").startswith(f"{SIGN_IN}?"):
        return answer
    was_open = urlsplit(request.headers.get("hx-current-url", ""))
    address = f"{was_open.path}?{was_open.query}" if was_open.query else was_open.path
    del answer.headers["location"]
    answer.headers["hx-redirect"] = _sign_in(address if is_here(address) else _address(request))
    answer.status_code = 204
    return answer


def headers_of(request: PageRequest) -> Mapping[bytes, bytes]:
    return dict(request.scope["headers"])


def screen(view: View, shown: Screen) -> Response[bytes]:
    common = {
        "me": view.me,
        "side": SIDES.get(view.role, "desk"),
        "mark": view.frame.seal.mark(view.session.cookie),
        "address": shown.address or view.address,
        "zone": view.zone,
        "in_utc": view.in_utc,
        "true_for": shown.true_for,
        "is_listed": shown.listed is not None,
        "refused": shown.refused,
    }
    status = shown.status if shown.refused is None else shown.refused.status
    return html(rendered(shown.template, view.speech, common | dict(shown.shown)), status)


def speech_of(request: PageRequest) -> Speech:
    """How a page speaks to somebody who is not known: in the language that their browser asks for."""
    return Speech.of_browser(request.headers.get("accept-language"))


def html(content: bytes, status: int = 200) -> Response[bytes]:
    return Response(content, status_code=status, media_type="text/html; charset=utf-8")


def reply_to(found: Redirect) -> Response[bytes]:
    headers = {"location": found.address}
    if found.cookie is not None:
        headers["set-cookie"] = found.cookie
    return Response(b"", status_code=303, headers=headers, media_type="text/html; charset=utf-8")


def _told(
    request: PageRequest, view: View | None, problem: Mapping[str, Any], status: int
) -> Response[bytes]:
    """What went wrong, in words. The part of a page that a script asked for is not in it: it takes the place of all."""
    is_passing = request.method != "POST" and status in PASSING
    if view is None:
        answer = html(rendered("refused_alone.html", speech_of(request), {"problem": problem}), status)
    else:
        answer = screen(view, Screen("refused.html", {"problem": problem, "is_passing": is_passing}, status))
    if is_part(headers_of(request)):
        answer.headers.update(WHOLE)
    return answer


def parameters_of(request: PageRequest) -> Mapping[str, list[str]]:
    """Those of the address, without those that were left empty."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.scope["query_string"].decode("latin-1")):
        found.setdefault(name, []).append(value)
    return found


async def _sent(request: PageRequest) -> tuple[Mapping[str, str], Mapping[str, File]]:
    """The fields of a form, and the files that were chosen in it."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await fields_of(request), {}
    sent = (await request.form()).items()
    fields = {name: value for name, value in sent if isinstance(value, str)}
    chosen = {name: value for name, value in sent if isinstance(value, UploadFile) and value.filename}
    return fields, {name: File(await each.read(), each.content_type) for name, each in chosen.items()}


async def fields_of(request: PageRequest) -> Mapping[str, str]:
    """The fields of a form; of several with one name the last."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > FORM_BYTES_MAX:
            return {}
    return dict(parse_qsl(b"".join(parts).decode("utf-8", "replace"), keep_blank_values=True))


def is_ours(request: PageRequest, fields: Mapping[str, str], seal: Seal, cookie: str) -> bool:
    """Whether a form comes from one of our pages, in the hands of this visitor."""
    return is_from_here(request) and seal.is_marked(cookie, fields.get("mark", ""))


def is_from_here(request: PageRequest) -> bool:
    """Whether the browser says nothing else than that it comes from one of our pages, or from a person's hand."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _address(request: PageRequest) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return quote(request.scope["path"]) + (f"?{query}" if query else "")


def sign_in_from(request: PageRequest) -> str:
    """The address of the sign-in that leads back to this page."""
    return _sign_in(_address(request))


def _sign_in(address: str) -> str:
    return f"{SIGN_IN}?{urlencode({'next': address})}"
