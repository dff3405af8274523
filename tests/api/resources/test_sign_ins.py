"""Links that sign people in: each works once, for the person it was made for, and not for long."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from api.http.sign_in_links import NAME_OF_KEYS
from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

SPELT = re.compile(r"[0-9A-Za-z_-]+")
"""What the body of a request takes as a code."""


def link(desk: Desk, **body: Any) -> str:
    """The code of a new link."""
    answer = desk.client.post("/v1/sign-in-links", json=body, headers=desk.headers())
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["path"] == f"/sign-in/link?code={made['code']}"
    return str(made["code"])


def use(desk: Desk, code: str) -> tuple[int, dict[str, str]]:
    answer = desk.client.post("/v1/sign-ins", json={"code": code})
    return answer.status_code, answer.json()


def test_a_customer_is_signed_in_once_to_what_is_theirs(either_desk: Desk) -> None:
    anna, other = either_desk.customer("Anna"), either_desk.customer("Béla")
    code = link(either_desk.as_role(Role.STAFF), customer_id=anna)
    status, signed_in = use(either_desk, code)
    assert (status, signed_in["role"]) == (201, "customer")
    own = {"Authorization": f"Bearer {signed_in['key']}"}
    assert either_desk.client.get(f"/v1/customers/{anna}", headers=own).json()["name"] == "Anna"
    assert either_desk.client.get(f"/v1/customers/{other}", headers=own).status_code == 404
    assert use(either_desk, code)[0] == 401
    assert use(either_desk, f"{code}=")[0] == 400


def test_of_many_at_once_one_is_signed_in(either_desk: Desk) -> None:
    code = link(either_desk, role="auditor")
    with ThreadPoolExecutor(4) as tills:
        statuses = sorted(status for status, _ in tills.map(lambda _: use(either_desk, code), range(4)))
    assert statuses == [201, 401, 401, 401]


def test_a_link_is_over_after_its_minutes_and_a_key_after_its_hours(desk: Desk) -> None:
    late, soon = link(desk, role="auditor", minutes=5), link(desk, role="auditor", minutes=6)
    desk.clock.forward(minutes=5)
    assert use(desk, late)[0] == 401
    signed_in = use(desk, soon)[1]
    (kept,) = (key for key in desk.all_of("/v1/keys") if key["id"] == signed_in["key_id"])
    assert (kept["role"], kept["expires_at"]) == ("auditor", signed_in["expires_at"])


def test_a_code_that_was_changed_or_made_elsewhere_opens_nothing(desk: Desk) -> None:
    code = link(desk, role="auditor")
    for wrong in (code[:-3] + "AAA", code.swapcase(), "x", "ключ", code[:40]):
        assert use(desk, wrong)[0] == (401 if SPELT.fullmatch(wrong) else 400), wrong
    assert use(desk, code)[0] == 201


@pytest.mark.parametrize("role", [Role.MANAGER, Role.STAFF])
def test_only_an_owner_makes_links_for_the_house(desk: Desk, role: Role) -> None:
    for wanted in ("owner", "manager", "staff", "auditor"):
        answer = desk.as_role(role).client.post(
            "/v1/sign-in-links", json={"role": wanted}, headers=desk.as_role(role).headers()
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_the_person_must_fit_the_role(desk: Desk) -> None:
    anna = desk.customer("Anna")
    gone = desk.customer("Béla")
    desk.do(f"/v1/customers/{gone}/deactivation", {})
    for body in (
        {},
        {"customer_id": gone},
        {"customer_id": "cus_unknown"},
        {"role": "staff", "customer_id": anna},
        {"role": "staff", "staff_id": "stf_unknown"},
        {"role": "integration"},
        {"role": "auditor", "minutes": 1_441},
    ):
        answer = desk.client.post("/v1/sign-in-links", json=body, headers=desk.headers())
        assert (answer.status_code, answer.json()["code"]) == (400, "validation-failed"), body


def test_a_member_of_staff_acts_with_the_key_of_their_link(desk: Desk) -> None:
    eszter = desk.do("/v1/staff", {"name": "Eszter", "role": "staff"})["id"]
    key = use(desk, link(desk, role="staff", staff_id=eszter))[1]["key"]
    me = desk.client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert me["actor"] == {"id": eszter, "name": "Eszter", "role": "staff"}


@pytest.mark.parametrize("respelt", [".{}", "{}.", "{}=", "{}\n", "{0:.9}!{1}"])
def test_a_code_has_one_spelling_so_that_no_other_one_signs_in_again(desk: Desk, respelt: str) -> None:
    code = link(desk, role="auditor")
    assert use(desk, code)[0] == 201
    assert use(desk, respelt.format(code, code[9:]))[0] == 400


def test_a_code_is_not_spelt_with_the_other_alphabet_or_with_spare_bits(desk: Desk) -> None:
    for _ in range(8):
        code = link(desk, role="auditor")
        after = chr(ord(code[-1]) + 1)
        for other in (code.replace("-", "+").replace("_", "/"), code[:-1] + after):
            if other != code:
                assert use(desk, other)[0] == (401 if SPELT.fullmatch(other) else 400), other


def test_a_link_opens_nothing_after_its_maker_was_revoked_or_demoted(desk: Desk) -> None:
    owner = desk.do("/v1/staff", {"name": "Eszter", "role": "owner"})["id"]
    second = desk.do("/v1/keys", {"name": "office", "role": "owner"})
    of_key, of_member = replace(desk, key=second["key"]), desk.as_role(Role.OWNER, owner)
    anna = desk.customer("Anna")
    by_key, by_member = link(of_key, role="owner", minutes=1_440), link(of_member, role="auditor")
    of_a_customer = link(of_member, customer_id=anna)
    desk.do(f"/v1/keys/{second['id']}/revocation")
    desk.do(f"/v1/staff/{owner}/changes", {"role": "staff"})
    assert [use(desk, code)[0] for code in (by_key, by_member, of_a_customer)] == [401, 401, 201]


@pytest.mark.parametrize("gone", ["deactivation", "erasure"])
def test_the_link_of_a_customer_who_went_meanwhile_opens_nothing(either_desk: Desk, gone: str) -> None:
    anna = either_desk.customer("Anna")
    code = link(either_desk, customer_id=anna)
    either_desk.do(f"/v1/customers/{anna}/{gone}", {})
    assert use(either_desk, code)[0] == 401
    assert not [key for key in either_desk.all_of("/v1/keys") if key["actor_id"] == anna]


def test_the_link_of_a_customer_who_was_merged_meanwhile_opens_the_card_of_the_survivor(desk: Desk) -> None:
    anna, twin = desk.customer("Anna"), desk.customer("Anna K")
    code = link(desk, customer_id=twin)
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": twin})
    status, signed_in = use(desk, code)
    assert status == 201
    own = {"Authorization": f"Bearer {signed_in['key']}"}
    assert desk.client.get(f"/v1/customers/{anna}", headers=own).status_code == 200


def test_the_link_of_a_member_who_left_meanwhile_opens_nothing(desk: Desk) -> None:
    eszter = desk.do("/v1/staff", {"name": "Eszter", "role": "staff"})["id"]
    code = link(desk, role="staff", staff_id=eszter)
    desk.do(f"/v1/staff/{eszter}/deactivation")
    assert use(desk, code)[0] == 401
    assert not [key for key in desk.all_of("/v1/keys") if key["actor_id"] == eszter]


# Signing out


def sign_out(desk: Desk) -> tuple[int, dict[str, str]]:
    answer = desk.client.post("/v1/sign-outs", json={}, headers=desk.headers())
    return answer.status_code, answer.json()


def test_a_key_that_a_link_became_ends_itself_and_no_other_key_does(either_desk: Desk) -> None:
    desk = either_desk
    for body in ({"customer_id": desk.customer()}, {"role": "auditor"}, {"role": "owner"}):
        signed_in = use(desk, link(desk, **body))[1]
        own = replace(desk, key=signed_in["key"])
        status, ended = sign_out(own)
        assert (status, ended["key_id"]) == (201, signed_in["key_id"])
        assert own.ask("/v1/me").status_code == 401
        assert sign_out(own)[0] == 401
    status, problem = sign_out(desk)
    assert (status, problem["code"]) == (400, "validation-failed")
    assert desk.ask("/v1/me").status_code == 200


def test_no_key_that_is_issued_is_taken_for_one_that_a_link_became(desk: Desk) -> None:
    body = {"name": NAME_OF_KEYS, "role": "owner"}
    answer = desk.client.post("/v1/keys", json=body, headers=desk.headers())
    assert answer.status_code == 400
    assert [(flaw["pointer"], flaw["code"]) for flaw in answer.json()["errors"]] == [("/name", "reserved")]


def test_the_last_owner_may_sign_out(desk: Desk) -> None:
    own = replace(desk, key=use(desk, link(desk, role="owner"))[1]["key"])
    (issued,) = (key["id"] for key in desk.all_of("/v1/keys") if key["name"] == "owner")
    assert desk.carnet.store.revoke_key(desk.business_id, issued, 1), "as on the machine"
    assert sign_out(own)[0] == 201
    assert own.ask("/v1/me").status_code == 401
