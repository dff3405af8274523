"""A customer's card on their phone: a link that signs them in once, as a code that the phone reads."""

from collections.abc import Mapping
from typing import Any

import segno

from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

MINUTES = 15


@page("/desk/customers/{customer_id}/phone")
async def phone(view: View) -> Screen:
    """What the link is for, and a button that makes it."""
    return await _phone(view, None)


@form("/desk/customers/{customer_id}/phone")
async def make_link(view: View) -> Screen | Redirect:
    """A link and its code. Each that is made is another one."""
    body = {"customer_id": view.path["customer_id"], "minutes": MINUTES}
    answer = await view.give("sign_ins.link", None, body)
    if not answer.is_good:
        return Screen("refused.html", {"problem": answer.body}, answer.status)
    return await _phone(view, answer.body)


async def _phone(view: View, link: Mapping[str, Any] | None) -> Screen:
    person = await view.know("customers.show", view.path)
    shown = {"customer": person.body, "link": None, "squares": (), "minutes": MINUTES}
    if link is not None:
        address = view.origin + link["path"]
        shown |= {"link": address, "squares": [list(row) for row in segno.make(address, error="l").matrix]}
    address = f"/desk/customers/{view.path['customer_id']}/phone"
    return Screen("desk/phone.html", shown, true_for=person.position, address=address)


PAGES = (phone, make_link)
