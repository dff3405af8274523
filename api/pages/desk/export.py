"""The customer list as one file, with the filters that are set: written while it is sent, however long it is."""

from litestar import asgi
from litestar.types import Receive, Scope, Send

from api.pages.asking import Visitor
from api.pages.desk.customers import FILTERS, OF_PEOPLE
from api.pages.page import PageRequest, parameters_of, sign_in_from
from api.pages.session import session_of
from api.pages.view import Frame

PASSED_ON = (*FILTERS, *OF_PEOPLE, "import_id", "search", "segment_id", "media")
ADDRESS = "/desk/customers/export"


@asgi(ADDRESS, copy_scope=True, opt={"page": ADDRESS})
async def export(scope: Scope, receive: Receive, send: Send) -> None:
    """`?media=csv`, `jsonl` or `parquet`. What is refused is answered as the API has it."""
    request = PageRequest(scope, receive, send)
    frame: Frame = request.app.state["pages"]
    session = session_of(dict(scope["headers"]), frame.seal)
    if session is None:
        headers = [(b"location", sign_in_from(request).encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    asked = {name: values for name, values in parameters_of(request).items() if name in PASSED_ON}
    app = frame.api.passed_on(Visitor(session.key, scope), "customers.export", {"media": "csv", **asked})
    await app(scope, receive, send)


PAGES = (export,)
