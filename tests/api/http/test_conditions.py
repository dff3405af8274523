"""Conditional requests as RFC 9110 says: If-Match on commands, If-None-Match on questions."""

import pytest

from api.http.conditions import is_known, tag_of, versions_of
from api.http.problems import Problem
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
