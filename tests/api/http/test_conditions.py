"""Conditional requests as RFC 9110 says: If-Match on commands, If-None-Match on questions."""

from typing import Any

import pytest

from api.http.conditions import is_known, tag_of, versions_of
from api.http.problems import Problem
from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

# If-Match


@pytest.mark.parametrize(
    "tags", ['"v1"', ' "v1" ', '"v0", "v1"', '"v7","abc" , "v1",', 'W/"v9", "v1"', "*", '"a,b", "v1"']
)
def test_a_tag_of_the_present_version_lets_a_command_through(desk: Desk, tags: str) -> None:
    path = f"/v1/services/{desk.service()}/changes"
    assert desk.post(path, {"name": "B"}, If_Match=tags).status_code == 201


@pytest.mark.parametrize(
    "tags", ['W/"v1"', '"v1-gzip"', '"1"', '"v01"', '"v-1"', '"v1.0"', '""', '"abc"', '"v2", W/"v1"', ""]
)
def test_without_a_strong_tag_of_the_present_version_it_is_refused(desk: Desk, tags: str) -> None:
    path = f"/v1/services/{desk.service()}/changes"
    problem = desk.refused(path, {"name": "B"}, "version-mismatch", If_Match=tags)
    assert (problem["status"], problem["current_version"]) == (412, 1)
    assert "expected_version" not in problem or problem["expected_version"] == 2


@pytest.mark.parametrize("tags", ["v1", '"v1', "W/v1", '"v1" "v2"', "*, *", 'w/"v1"'])
def test_what_is_no_list_of_tags_is_told_so(desk: Desk, tags: str) -> None:
    path = f"/v1/services/{desk.service()}/changes"
    problem = desk.refused(path, {"name": "B"}, "validation-failed", If_Match=tags)
    assert problem["errors"] == [
        {
            "in": "header",
            "pointer": "/If-Match",
            "code": "etag",
            "detail": 'must be * or tags like "v17"',
        }
    ]


def test_tags_may_come_in_several_lines(desk: Desk) -> None:
    path = f"/v1/services/{desk.service()}/changes"
    lines = [*desk.headers().items(), ("If-Match", '"v7"'), ("If-Match", '"v1"')]
    assert desk.client.post(path, json={"name": "B"}, headers=lines).status_code == 201


def test_what_is_not_there_yet_matches_no_tag(either_desk: Desk) -> None:
    desk, body = either_desk, {"name": "Massage", "service_type": "Massage"}
    problem = desk.refused("/v1/services", body, "version-mismatch", If_Match='"v1"')
    assert (problem["status"], problem["current_version"]) == (412, 0)
    assert desk.refused("/v1/services/svc_none/changes", {"name": "B"}, "not-found", If_Match='"v1"')


def test_a_retry_gets_the_first_answer_though_its_tag_matches_no_more(either_desk: Desk) -> None:
    desk = either_desk
    path = f"/v1/services/{desk.service()}/changes"
    first = desk.post(path, {"name": "B"}, key="k-1", If_Match='"v1"')
    again = desk.post(path, {"name": "B"}, key="k-1", If_Match='"v1"')
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content


def test_a_refund_is_for_a_version_of_what_was_paid_for(either_desk: Desk) -> None:
    desk = either_desk
    anna, service = desk.customer(), desk.service()
    card = desk.sell(anna, desk.offer(service))
    paid = desk.do(
        f"/v1/packages/{card['id']}/payments",
        {"amount": {"amount": 500, "currency": "EUR"}, "method": "cash"},
    )
    refunds = f"/v1/payments/{paid['payment_id']}/refunds"
    body = {"amount": {"amount": 100, "currency": "EUR"}, "reason": "sorry"}
    stale = f'"v{card["version"]}"'
    problem = desk.refused(refunds, body, "version-mismatch", If_Match=stale)
    assert problem["current_version"] == paid["version"]
    assert desk.do(refunds, body, If_Match=f'"v{paid["version"]}"')["version"] == paid["version"] + 1
    start = f"{desk.today(days=2)}T10:00:00Z"
    priced = {"customer_id": anna, "service_id": service, "starts_at": start}
    booking = desk.do("/v1/bookings", priced)
    sum_ = {"amount": {"amount": 500, "currency": "EUR"}, "method": "cash", "id": "pay_b"}
    booking = desk.do(
        f"/v1/bookings/{booking['id']}/payments", {**sum_, "price": {"amount": 500, "currency": "EUR"}}
    )
    desk.refused("/v1/payments/pay_b/refunds", body, "version-mismatch", If_Match='"v1"')
    desk.do("/v1/payments/pay_b/refunds", body, If_Match=f'"v{booking["version"]}"')
    assert desk.refused("/v1/payments/pay_none/refunds", body, "not-found", If_Match='"v1"')


def test_a_command_is_for_no_known_answer(desk: Desk) -> None:
    body = {"name": "Massage", "service_type": "Massage"}
    problem = desk.refused("/v1/services", body, "validation-failed", If_None_Match="*")
    assert problem["errors"][0]["pointer"] == "/If-None-Match"


def test_tags_are_read_as_they_are_written() -> None:
    assert tag_of(17) == b'"v17"'
    assert versions_of(['"v16", "v17"']) == (16, 17)
    assert versions_of([" * "]) is None
    assert versions_of(['"1,2,3"']) == ()
    assert is_known(['W/"v17"'], '"v17"')
    assert is_known(['"x", "v17"'], '"v17"')
    assert not is_known(['"v16"'], '"v17"')
    with pytest.raises(Problem, match="If-None-Match"):
        is_known(["v17"], '"v17"')


# If-None-Match


def things(desk: Desk) -> dict[str, str]:
    """An address of each kind of thing that has a tag."""
    service = desk.service()
    staff = desk.do("/v1/staff", {"name": "Éva"})["id"]
    anna = desk.customer()
    membership = desk.membership(anna, service)
    offer = desk.offer(service)
    package = desk.sell(anna, offer)["id"]
    other = desk.customer("Bea")
    booked = {"customer_id": other, "service_id": service, "starts_at": f"{desk.today(days=2)}T10:00:00Z"}
    booking = desk.do("/v1/bookings", booked)["id"]
    return {
        "service": f"/v1/services/{service}",
        "staff": f"/v1/staff/{staff}",
        "offer": f"/v1/offers/{offer}",
        "customer": f"/v1/customers/{other}",
        "package": f"/v1/packages/{package}",
        "refund quote": f"/v1/packages/{package}/refund-quote",
        "explanation": f"/v1/packages/{package}/explanation",
        "booking": f"/v1/bookings/{booking}",
        "membership": f"/v1/memberships/{membership}",
        "business": "/v1/business",
    }


def again(desk: Desk, path: str, tag: str, **parameters: Any) -> Any:
    """Ask for something that the caller has under this tag."""
    headers = {"Authorization": f"Bearer {desk.key}", "If-None-Match": tag}
    return desk.client.get(path, params=parameters, headers=headers)


KINDS = (
    "service",
    "staff",
    "offer",
    "customer",
    "package",
    "refund quote",
    "booking",
    "membership",
    "business",
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_caller_has_already_is_not_sent_again(either_desk: Desk, kind: str) -> None:
    desk = either_desk
    path = things(desk)[kind]
    first = desk.ask(path)
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = again(desk, path, known)
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["ETag"] == tag
        assert answer.headers["Ledger-Position"] == first.headers["Ledger-Position"]
        assert "content-type" not in answer.headers
        assert "content-length" not in answer.headers
    assert again(desk, path, '"v99"').json() == first.json()


def test_a_new_version_is_sent(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    path = f"/v1/services/{service}"
    tag = desk.ask(path).headers["ETag"]
    desk.do(f"{path}/changes", {"name": "B"})
    answer = again(desk, path, tag)
    assert (answer.status_code, answer.headers["ETag"], answer.json()["name"]) == (200, '"v2"', "B")


def test_a_card_that_expires_is_sent_again_without_a_new_version(either_desk: Desk) -> None:
    desk = either_desk
    anna, offer = desk.customer(), desk.offer(desk.service())
    sold = desk.sell(anna, offer, expires_on=desk.today(days=1))
    path = f"/v1/packages/{sold['id']}"
    tag = desk.ask(path).headers["ETag"]
    assert again(desk, path, tag).status_code == 304
    desk.clock.forward(days=3)
    answer = again(desk, path, tag)
    assert (answer.status_code, answer.json()["status"], answer.headers["ETag"]) == (200, "expired", tag)


def test_a_card_whose_customer_changed_is_sent_again_without_a_new_version(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna")
    path = f"/v1/packages/{desk.sell(anna, desk.offer(desk.service()))['id']}"
    tag = desk.ask(path).headers["ETag"]
    assert again(desk, path, tag).status_code == 304
    desk.do(f"/v1/customers/{anna}/changes", {"name": "Anna Karenina"})
    answer = again(desk, path, tag)
    assert (answer.status_code, answer.json()["customer"]["name"]) == (200, "Anna Karenina")


def test_a_customer_whose_package_is_used_up_is_sent_again(either_desk: Desk) -> None:
    desk, service = either_desk, either_desk.service()
    anna = desk.customer()
    card = desk.sell(anna, desk.offer(service))
    desk.do(f"/v1/customers/{anna}/changes", {"category": "VIP"})
    path = f"/v1/customers/{anna}"
    tag = desk.ask(path).headers["ETag"]
    desk.do(f"/v1/packages/{card['id']}/redemptions", {"service_id": service, "quantity": card["remaining"]})
    answer = again(desk, path, tag)
    assert (answer.status_code, answer.json()["active_packages"]) == (200, 0)


def test_a_customer_whose_package_expires_is_sent_again(either_desk: Desk) -> None:
    desk = either_desk
    anna, offer = desk.customer(), desk.offer(desk.service())
    desk.sell(anna, offer, expires_on=desk.today(days=1))
    desk.do(f"/v1/customers/{anna}/changes", {"category": None, "gender": "female"})
    path = f"/v1/customers/{anna}"
    tag = desk.ask(path).headers["ETag"]
    assert again(desk, path, tag).status_code == 304
    desk.clock.forward(days=3)
    answer = again(desk, path, tag)
    assert (answer.status_code, answer.json()["active_packages"]) == (200, 0)


def test_an_answer_about_the_past_stays_for_ever(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    path = f"/v1/packages/{desk.sell(anna, desk.offer(desk.service()))['id']}"
    tag = desk.ask(path, at_version=1).headers["ETag"]
    desk.do(f"/v1/customers/{anna}/changes", {"name": "Bea"})
    desk.clock.forward(days=400)
    assert again(desk, path, tag, at_version=1).status_code == 304


def test_an_explanation_is_always_sent_because_it_names_its_moment(desk: Desk) -> None:
    path = things(desk)["explanation"]
    assert again(desk, path, desk.ask(path).headers["ETag"]).status_code == 200


def test_what_the_role_may_not_see_is_refused_before_any_tag_is_looked_at(desk: Desk) -> None:
    path = things(desk)["explanation"]
    tag = desk.ask(path).headers["ETag"]
    assert again(desk.as_role(Role.STAFF), path, tag).status_code == 403


def test_lists_have_no_tag_and_are_always_sent(desk: Desk) -> None:
    desk.service()
    answer = again(desk, "/v1/services", "*")
    assert (answer.status_code, "ETag" in answer.headers) == (200, False)


def test_a_wrong_if_none_match_is_told(desk: Desk) -> None:
    answer = again(desk, "/v1/business", "v1")
    assert (answer.status_code, answer.json()["errors"][0]["in"]) == (400, "header")
