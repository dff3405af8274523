"""The moment in a stored answer: filled in where the command has it, and never in what a caller wrote."""

import json

import pytest

from api.server.routes import HANDLERS
from domain.values import RECORDED_AT
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

MARKS = (
    RECORDED_AT,
    f'_at":"{RECORDED_AT}',
    f'","recorded_at":"{RECORDED_AT}',
    f'\\","x_at\\":\\"{RECORDED_AT}',
)


@pytest.mark.parametrize("mark", MARKS)
def test_the_mark_of_a_moment_is_a_text_like_any_other(either_desk: Desk, mark: str) -> None:
    desk = either_desk
    massage = desk.service(mark, service_type=mark)
    anna = {"name": mark, "external_ref": {"source": "old", "ref": mark}}
    path = "/v1/customers"
    first, again = (desk.post(path, anna, key="anna") for _ in range(2))
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    shown = first.json()
    assert shown["name"] == shown["participants"][0]["name"] == shown["external_ref"]["ref"] == mark
    line = {"quantity": 1, "services": [massage], "label": mark}
    sale = {"customer_id": shown["id"], "name": mark, "price": 100, "lines": [line], "note": mark}
    sold, replayed = (desk.post("/v1/packages", sale, key="sale") for _ in range(2))
    assert replayed.content == sold.content
    card = sold.json()
    (row,) = desk.history(card["id"])[:1]
    assert card["recorded_at"] == row["recorded_at"] != RECORDED_AT
    assert (card["name"], card["customer"]["name"]) == (mark, mark)
    assert card["lines"][0]["label"] == mark
    assert desk.card(card["id"]).items() <= card.items()


def test_an_email_may_hold_the_mark_of_a_moment(either_desk: Desk) -> None:
    email = f"{RECORDED_AT}@example.com"
    shown = either_desk.do("/v1/customers", {"name": "Anna", "email": email})
    assert shown["email"] == either_desk.get(f"/v1/customers/{shown['id']}")["email"] == email


def test_a_dry_run_leaves_out_its_moment_and_nothing_that_was_sent(desk: Desk) -> None:
    massage = desk.service()
    sale = {"customer_id": desk.customer(), "name": RECORDED_AT, "price": 1}
    tried = desk.try_out("/v1/packages", sale | {"lines": [{"quantity": 1, "services": [massage]}]})
    assert (tried["name"], tried["recorded_at"]) == (RECORDED_AT, None)


def test_no_member_of_an_answer_that_ends_like_a_moment_holds_a_text_of_a_caller() -> None:
    """What the rule rests on: such members are moments."""
    for handler in HANDLERS:
        answer = handler.opt["route"].answer
        if answer is None:
            continue
        schema = json.loads(json.dumps(answer.model_json_schema()))
        for model in (schema, *schema.get("$defs", {}).values()):
            for name, described in model.get("properties", {}).items():
                if name.endswith("_at"):
                    described = described.get("items", described)  # moments in a row
                    kinds = described.get("anyOf", [described])
                    assert all(kind.get("type") in ("string", "null") for kind in kinds), name
                    assert "maxLength" not in str(described), f"{name} is a text"
