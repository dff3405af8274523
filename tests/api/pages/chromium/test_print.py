"""What is given out of hand on paper: a receipt of forty lines, and the history of its package over several sheets."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium

from tests.api.pages.chromium.salon import HOSTILE, Salon
from tests.api.pages.chromium.visitor import visitor_of

LINES, NOTES = 40, 30
PAGE = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture(scope="module")
def package_id(salon: Salon) -> str:
    """Of many lines with names that try to break a page, used, paid in parts and annotated."""
    customer_id, post = salon.hostile["customer_id"], salon.desk.post
    names = [*HOSTILE]
    services = {each["name"]: each["id"] for each in salon.desk.get("/services", limit="200")["data"]}
    lines = [
        {
            "quantity": 2,
            "services": [services[names[n % len(names)]]],
            "label": f"{names[n % len(names)][:190]} {n}",
        }
        for n in range(LINES)
    ]
    offer: Any = post("/offers", {"name": HOSTILE[2], "price": 400_000, "lines": lines})
    sold = post("/packages", {"customer_id": customer_id, "offer_id": offer["id"]})
    id: str = sold["id"]
    for n in range(NOTES):
        post(f"/packages/{id}/notes", {"text": f"{names[n % len(names)]} " + "and so on " * 30})
        post(f"/packages/{id}/payments", {"amount": 100, "method": "cash"})
    return id


@pytest.mark.parametrize("paper", ["receipt", "history"])
def test_it_prints_on_a4_whatever_it_is_called(
    chromium: Chromium, salon: Salon, package_id: str, paper: str
) -> None:
    """No bar, no button, no dark, nothing wider than the sheet, and no row torn between two sheets."""
    address = f"/desk/packages/{package_id}" + ("/receipt" if paper == "receipt" else "")
    with visitor_of(chromium, salon, salon.key("owner"), color_scheme="dark") as visitor:
        assert visitor.go(address) == 200
        assert visitor.printed_wrongly() == []
        visitor.page.emulate_media(media="print", color_scheme="dark")
        printed = visitor.page.pdf(format="A4", prefer_css_page_size=True)
        assert visitor.complaints == []
    assert printed.startswith(b"%PDF")
    assert len(PAGE.findall(printed)) >= 3
