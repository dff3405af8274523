"""Names and references have one form, through every door; what is stored as it was sent stays readable."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from domain.business.facts import LocationOpened
from domain.catalogue.facts import ServiceDefined, ServiceTerms
from domain.decision import NewStream
from domain.ledger.mapper import store
from domain.ledger.records import Append
from tests.api.desk import OPERATOR, ROUTES, Body, Desk

pytest_plugins = ["tests.api.houses"]

LOOKALIKES = (" Kovács-1 ", "Kova\u0301cs-1", "\u00a0Kovács-1", "Kovács-1\n")
NAME = "Massage  \u00a0 60"
FREE = {
    *("reason", "note", "text", "address"),
    "search",  # nothing is compared by it: what nobody sees is left out
    *("cursor", "as_of", "effective_as_of"),
}
"""Members that hold free text, or a form of their own."""


def test_things_that_look_the_same_have_one_name(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.do("/v1/services", {"name": NAME, "service_type": "  Well\u2009ness "})
    assert (massage["name"], massage["service_type"]) == ("Massage 60", "Well ness")
    assert desk.do("/v1/locations", {"name": " Buda "})["name"] == "Buda"
    line = {"quantity": 1, "services": [massage["id"]], "label": " One  line"}
    offer = desk.do("/v1/offers", {"name": "Ten \u00a0💆", "price": 1, "lines": [line]})
    assert (offer["name"], offer["lines"][0]["label"]) == ("Ten 💆", "One line")
    desk.do("/v1/policies", {"categories": [" VIP ", "Kova\u0301cs"]})
    anna = desk.customer(category="VIP\u00a0")
    assert [row["id"] for row in desk.get("/v1/customers", category=" VIP")["data"]] == [anna]
    card = desk.sell(anna, offer["id"])
    desk.redeem(card["id"], massage["id"])
    for service_type in ("Well ness", " Well\u00a0ness "):
        assert len(desk.get("/v1/customers", service_type=service_type)["data"]) == 1
        assert desk.get("/v1/customers", unused_service_type=service_type)["data"] == []
    saved = desk.do("/v1/segments", {"name": " Loyal  ones ", "filters": {"category": [" VIP"]}})
    assert (saved["name"], saved["filters"]["category"]) == ("Loyal ones", ["VIP"])
    desk.refused(
        "/v1/segments", {"name": "Loyal\u00a0ones", "filters": {"category": ["VIP"]}}, "validation-failed"
    )
    assert len(desk.get("/v1/customers", segment_id=saved["id"])["data"]) == 1


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_a_reference_is_taken_and_found_in_every_form(either_desk: Desk, lookalike: str) -> None:
    desk = either_desk
    massage = desk.service()
    ref = {"source": "old", "ref": "Kovács-1"}
    anna = desk.do("/v1/customers", {"name": "Anna", "external_ref": {"source": "old", "ref": lookalike}})
    assert anna["external_ref"] == ref
    desk.refused("/v1/customers", {"name": "Anna", "external_ref": ref}, "duplicate-external-ref")
    sale = {"customer_id": anna["id"], "offer_id": desk.offer(massage), "external_ref": ref}
    desk.do("/v1/packages", sale)
    again = sale | {"external_ref": {"source": "old", "ref": lookalike}}
    desk.refused("/v1/packages", again, "duplicate-external-ref")
    booking = {"customer_id": anna["id"], "service_id": massage, "starts_at": "2027-01-04T08:00:00Z"}
    desk.do("/v1/bookings", booking | {"external_ref": {"source": "old", "ref": lookalike}})
    for path in ("/v1/customers", "/v1/packages", "/v1/bookings"):
        for asked in ("Kovács-1", lookalike):
            assert len(desk.get(path, external_ref=f"old:{asked}")["data"]) == 1, path


def test_people_have_names_that_can_be_seen_on_one_line(either_desk: Desk) -> None:
    desk = either_desk
    persian = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
    shown = desk.do("/v1/customers", {"name": persian, "participants": [{"name": f" {persian}\u200f"}]})
    assert (shown["name"], shown["participants"][1]["name"]) == (persian, persian)
    path_of = f"/v1/customers/{shown['id']}"
    for path in ("/v1/customers", f"{path_of}/changes", f"{path_of}/participants", "/v1/staff"):
        for name in ("\u200b\u200d", "\u2800", "Anna\nMaria", "Anna\u2028Maria", "Anna\u202eMaria", "\u3164"):
            problem = desk.refused(path, {"name": name}, "validation-failed")
            assert problem["errors"][0]["pointer"] == "/name"


# Every text of every route


def texts_of(
    schema: Mapping[str, Any], parts: Mapping[str, Any], place: tuple[Any, ...]
) -> Iterator[tuple[Any, ...]]:
    """The places of texts that are no ids, dates or choices."""
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from texts_of(each, parts, place)
    if schema.get("type") == "string" and not {"pattern", "format", "enum", "const"} & schema.keys():
        yield place
    if schema.get("type") == "array":
        yield from texts_of(schema.get("items", {}), parts, (*place, 0))
    for name, part in schema.get("properties", {}).items():
        yield from texts_of(part, parts, (*place, name))


def test_no_text_of_a_request_takes_what_nobody_sees_but_free_texts_and_names_of_people() -> None:
    """Whoever adds a text to a route gives it a form, or says here that it is free."""
    people = {
        "CustomerBody",
        "CustomerChanges",
        "ParticipantBody",
        "ParticipantChanges",
        "StaffBody",
        "StaffChanges",
    }
    found = 0
    for route in ROUTES:
        for model in filter(None, (route.body, route.parameters)):
            schema = model.model_json_schema()
            for place in texts_of(schema, schema.get("$defs", {}), ()):
                if not place or place[-1] in FREE or (place[-1] == "name" and model.__name__ in people):
                    continue
                found += 1
                value: Any = "a\u200bb"
                for step in reversed(place):
                    value = [value] if step == 0 else {step: value}
                with pytest.raises(ValidationError) as refused:
                    model.model_validate_json(json.dumps(value))
                told = [error["msg"] for error in refused.value.errors() if "U+200B" in error["msg"]]
                alike = [error for error in refused.value.errors() if error["loc"][:1] == place[:1]]
                assert told or any(error["type"] == "value_error" for error in alike), (model, place)
    assert found > 15


# What was stored before


def stored_before(desk: Desk) -> str:
    """A service as it could be defined before names had one form, and its id."""
    terms = ServiceTerms(name="Massage\u200b 60 ", service_type="Old\u00a0type")
    fact = store("service", "svc_old", 1, ServiceDefined(service=terms), OPERATOR.to_bytes())
    recorder = desk.carnet.ledger(desk.business_id).recorder
    recorder.append([Append((fact,), {"svc_old": 0}, streams=(NewStream("service", "svc_old"),))])
    return "svc_old"


def test_what_was_stored_as_it_was_sent_is_still_read_sold_and_mended(either_desk: Desk) -> None:
    desk = either_desk
    old = stored_before(desk)
    assert desk.get("/v1/services")["data"][0]["name"] == "Massage\u200b 60 "
    anna, offer = desk.customer(), desk.offer(old)
    card = desk.sell(anna, offer)
    assert desk.redeem(card["id"], old)["remaining"] == 9
    assert desk.history(card["id"])
    assert desk.do(f"/v1/services/{old}/changes", {"list_price": 100})["name"] == "Massage\u200b 60 "
    changed = desk.do(f"/v1/services/{old}/changes", {"name": unicodedata.normalize("NFD", "Gőz")})
    assert changed["name"] == "Gőz"
    named = LocationOpened(location_id="loc_1", name=" a\u200b", time_zone="UTC")
    assert named.name == " a\u200b"


def test_a_body_is_the_same_request_however_it_is_written(desk: Desk) -> None:
    body: Body = {"name": " Massage  60", "service_type": "Massage"}
    first, again = (desk.post("/v1/services", body, key="k") for _ in range(2))
    assert first.content == again.content
    other = desk.post("/v1/services", body | {"name": "Massage 60"}, key="k")
    assert other.json()["code"] == "idempotency-key-reused"
