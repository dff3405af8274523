"""The clock on which moments are shown: that of the business, or UTC. One switch for all pages."""

from litestar import post
from litestar.response import Response

from api.pages.addresses import is_here
from api.pages.page import PageRequest, fields_of, is_from_here, reply_to
from api.pages.view import ZONE_COOKIE, Redirect

RULES = "Path=/; HttpOnly; SameSite=Strict"


@post("/zone", opt={"page": "/zone"})
async def choose_zone(request: PageRequest) -> Response[bytes]:
    """Show moments on the other clock until the browser is closed, and go back to the page."""
    fields = await fields_of(request) if is_from_here(request) else {}
    chosen = "utc" if fields.get("zone") == "utc" else "business"
    address = fields.get("next", "")
    return reply_to(Redirect(address if is_here(address) else "/desk", f"{ZONE_COOKIE}={chosen}; {RULES}"))


HANDLERS = (choose_zone,)
