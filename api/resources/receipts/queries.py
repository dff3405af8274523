"""The receipt of one package, in the representation that the caller asks for."""

from dataclasses import replace
from typing import Literal

from api.http.accept import preferred
from api.http.html import VARIES
from api.http.permissions import READERS_OR_OWN
from api.http.problems import Problem
from api.http.query import Found, Query, TravelParameters
from api.http.query_route import query
from api.resources.packages.at_a_moment import PackageAsked, ask, policies_at
from api.resources.parts import known
from api.resources.receipts import page, pdf
from api.resources.receipts.answer import Receipt, receipt_of
from api.resources.receipts.form import form_of

JSON = "application/json"
MEDIA = (JSON, page.MEDIA_TYPE, pdf.MEDIA_TYPE)
NAMED = {"json": JSON, "html": page.MEDIA_TYPE, "pdf": pdf.MEDIA_TYPE}


class ReceiptParameters(TravelParameters):
    media: Literal["json", "html", "pdf"] | None = None
    """The representation, for callers that cannot set `Accept`; it comes before that header."""


@query(
    "/v1/packages/{package_id}/receipt",
    "packages.receipt",
    "The receipt of a package",
    roles=READERS_OR_OWN,
    answer=Receipt,
    parameters=ReceiptParameters,
    media=MEDIA,
    payers=True,
)
def show_receipt(call: Query[ReceiptParameters]) -> Found:
    """By `Accept`: JSON, or for people a page to print or a PDF, written in the locale of the business.

    Lines, the tax in them by rate, payments and refunds. A PDF needs the extra `pdf` on the server.
    """
    media = _media(call)
    asked = ask(call, call.past())
    receipt = receipt_in(asked)
    if media == page.MEDIA_TYPE:
        body, headers = page.page_of(form_of(receipt)), (*page.HEADERS, *VARIES)
        return Found(body, asked.position, media_type=f"{media}; charset=utf-8", headers=headers)
    if media == pdf.MEDIA_TYPE:
        file_name = f'attachment; filename="receipt-{asked.id}.pdf"'.encode()
        headers = ((b"content-disposition", file_name), *VARIES)
        return Found(pdf.pdf_of(form_of(receipt)), asked.position, media_type=media, headers=headers)
    found = replace(asked.found(receipt), headers=VARIES)
    # The name of who paid may change without a fact in these books.
    return found if receipt.purchased_by is None else replace(found, is_as_tagged=lambda: False)


def _media(call: Query[ReceiptParameters]) -> str:
    """Raises Problem not-acceptable; for a PDF where the extra is missing, with its name."""
    offered = MEDIA if pdf.is_installed() else (JSON, page.MEDIA_TYPE)
    accept = call.accept if call.parameters.media is None else NAMED[call.parameters.media]
    media = preferred(accept, offered)
    if media is None:
        missing = "" if offered == MEDIA else "; a PDF needs the extra pdf on the server: carnet[pdf]"
        raise Problem("not-acceptable", f"this address answers with {', '.join(offered)}{missing}")
    return media


def receipt_in(asked: PackageAsked) -> Receipt:
    """The receipt at the moment asked about, with the names that its reader may see."""
    locale = policies_at(asked.books, asked.past, asked.position, asked.moment).locale
    return receipt_of(asked.then, asked.books.business, locale, _names(asked))


def _names(asked: PackageAsked) -> dict[str, str]:
    """Customer → name. Answers about the past hold none."""
    ids = {asked.card["customer_id"], asked.card["purchased_by"]} - {None}
    seen = sorted(id for id in ids if asked.tells_texts and asked.call.sees_people_of(id))
    people = known(asked.call.ledger.recorder.people(seen)) if seen else {}
    return {id: person["name"] for id, person in people.items() if "name" in person}


HANDLERS = (show_receipt,)
