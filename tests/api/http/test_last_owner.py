"""A business keeps a key of an owner, whatever is asked for over HTTP, and whoever asks at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from domain.actor import Role
from domain.ledger.cache import StreamCache
from domain.ledger.execute import execute
from domain.ledger.orders import Done
from domain.moments import rfc3339
from domain.staff.commands import ChangeStaff
from tests.api.desk import OPERATOR, Desk, House
from tests.api.http.test_api_keys import key_of, refused
from tests.use_cases import order

pytest_plugins = ["tests.api.houses"]

REFUSED = "last-owner-key"


def first_key(desk: Desk) -> str:
    return str(desk.all_of("/v1/keys")[0]["id"])


def revocation(key_id: str) -> str:
    return f"/v1/keys/{key_id}/revocation"


def is_refused(desk: Desk, path: str, body: dict[str, object]) -> None:
    """By the command, and by its dry run."""
    for address in (path, f"{path}?dry_run=true"):
        desk.refused(address, body, REFUSED)


def test_the_last_key_of_an_owner_is_not_revoked(either_desk: Desk) -> None:
    desk = either_desk
    path = revocation(first_key(desk))
    zoe, theirs = key_of(desk, "owner", "owner")
    desk.do(revocation(desk.do("/v1/keys", {"name": "old phone", "role": "owner"})["id"]))
    manager = desk.do("/v1/keys", {"name": "till", "role": "manager"})
    assert theirs.post(f"{path}?dry_run=true", {}).status_code == 200

    desk.do(f"/v1/staff/{zoe}/changes", {"role": "manager"})
    is_refused(desk, path, {})
    assert not refused(desk, desk.key)
    desk.do(revocation(manager["id"]))

    desk.do(f"/v1/staff/{zoe}/changes", {"role": "owner"})
    desk.do(path)
    assert refused(desk, desk.key)
    last = next(key["id"] for key in theirs.all_of("/v1/keys") if key["actor_id"] == zoe)
    theirs.refused(revocation(last), {}, REFUSED)


@pytest.mark.parametrize(
    ("way", "body"), [("changes", {"role": "manager"}), ("changes", {"role": "staff"}), ("deactivation", {})]
)
def test_the_last_owner_gets_no_lesser_role_and_does_not_leave(
    either_desk: Desk, way: str, body: dict[str, object]
) -> None:
    desk = either_desk
    zoe, theirs = key_of(desk, "owner", "owner")
    desk.do(revocation(first_key(desk)))
    path = f"/v1/staff/{zoe}/{way}"
    is_refused(theirs, path, body)
    theirs.do(f"/v1/staff/{zoe}/changes", {"name": "Zoë", "role": "owner"})
    eva, hers = key_of(theirs, "owner", "owner")
    _, his = key_of(theirs, "owner", "manager")
    theirs.do(f"/v1/staff/{eva}/changes", {"role": "manager"})
    is_refused(theirs, path, body)
    assert theirs.post(path, body, if_match='"v99"').status_code == 412, "another refusal comes first"
    his.refused(path, body, "forbidden")
    theirs.do(f"/v1/staff/{eva}/changes", {"role": "owner"})
    theirs.do(path, body)
    owners = [each["id"] for each in hers.all_of("/v1/staff") if each["role"] == "owner" and each["active"]]
    assert owners == [eva]


def test_a_key_that_ends_by_itself_does_not_stand_in_for_one_that_goes_on(either_desk: Desk) -> None:
    desk = either_desk
    path = revocation(first_key(desk))
    soon, later = (rfc3339(desk.clock() + timedelta(days=days)) for days in (1, 30))
    brief = desk.do("/v1/keys", {"name": "phone", "role": "owner", "expires_at": soon})
    problem = desk.refused(path, {}, REFUSED)
    assert problem["others_until"] == soon
    longer = desk.do("/v1/keys", {"name": "tablet", "role": "owner", "expires_at": later})
    assert desk.refused(path, {}, REFUSED)["others_until"] == later
    desk.do(revocation(longer["id"]))
    desk.do(revocation(brief["id"]))
    new = desk.do("/v1/keys", {"name": "laptop", "role": "owner"})
    desk.do(path)
    assert refused(desk, desk.key)
    assert not refused(desk, new["key"])


def test_an_owner_who_signed_in_by_a_link_leaves_the_key_that_goes_on(either_desk: Desk) -> None:
    desk = either_desk
    link = desk.client.post("/v1/sign-in-links", json={"role": "owner"}, headers=desk.headers()).json()
    signed_in = desk.client.post("/v1/sign-ins", json={"code": link["code"]}).json()
    headers = {"Authorization": f"Bearer {signed_in['key']}", "Idempotency-Key": "k-1"}
    answer = desk.client.post(revocation(first_key(desk)), json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, REFUSED)


def test_a_deactivation_that_is_repeated_leaves_the_keys_that_were_issued_since(either_desk: Desk) -> None:
    """given a member who came back as an owner, when the old request comes again, then nobody is shut out."""
    desk = either_desk
    zoe, theirs = key_of(desk, "owner", "owner")
    path = f"/v1/staff/{zoe}/deactivation"
    first = desk.post(path, {}, key="k-1")
    desk.do(f"/v1/staff/{zoe}/reactivation")
    assert refused(desk, theirs.key), "a key that ended stays ended"
    desk.clock.forward(seconds=1)
    issued = desk.do("/v1/keys", {"name": "new phone", "role": "owner", "staff_id": zoe})
    again = desk.post(path, {}, key="k-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert not refused(desk, issued["key"])


# At once


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> House:
    found: House = request.getfixturevalue(f"{request.param}_house")
    found.at_real_time()
    return found


def at_once(*asked: Callable[[], int]) -> list[int]:
    start = Barrier(len(asked))

    def ask(each: Callable[[], int]) -> int:
        start.wait()
        return each()

    with ThreadPoolExecutor(len(asked)) as owners:
        return sorted(owners.map(ask, asked))


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize(("way", "body"), [("changes", {"role": "staff"}), ("deactivation", {})])
def test_of_two_owners_who_end_each_other_at_once_one_stays(
    house: House, way: str, body: dict[str, object], turn: int
) -> None:
    """The key that names nobody is revoked by one, who gets a lesser role, or leaves, by the other."""
    desk = house.desk()
    zoe, theirs = key_of(desk, "owner", "owner")
    path, ours = f"/v1/staff/{zoe}/{way}", revocation(first_key(desk))
    told = at_once(lambda: theirs.post(ours, {}).status_code, lambda: desk.post(path, body).status_code)
    assert told in ([201, 401], [201, 409], [201, 403])
    assert refused(desk, desk.key) != (theirs.ask("/v1/keys").status_code in (401, 403))


def test_of_two_members_who_end_each_other_at_once_one_stays(house: House) -> None:
    desk = house.desk()
    eva, hers = key_of(desk, "owner", "owner")
    zoe, theirs = key_of(desk, "owner", "owner")
    hers.do(revocation(first_key(desk)))
    told = at_once(
        lambda: hers.post(f"/v1/staff/{zoe}/changes", {"role": "staff"}).status_code,
        lambda: theirs.post(f"/v1/staff/{eva}/deactivation", {}).status_code,
    )
    assert told in ([201, 401], [201, 403], [201, 409])
    may = [each.ask("/v1/keys").status_code for each in (hers, theirs)]
    assert may.count(200) == 1


def test_a_revocation_waits_for_whoever_gives_an_owner_a_lesser_role(house: House) -> None:
    """given another process that is about to record that the other owner is none any more, when the key that is left
    is to be revoked, then it waits, and is refused."""
    desk = house.desk()
    zoe, _ = key_of(desk, "owner", "owner")
    path = revocation(first_key(desk))
    demoted = order(ChangeStaff(staff_id=zoe, role=Role.MANAGER), OPERATOR)
    with ThreadPoolExecutor(1) as other:
        with desk.carnet.ledger(desk.business_id).recorder.locked() as locked:
            revoked = other.submit(desk.post, path, {})
            (done,) = execute(locked, [demoted], desk.carnet.host_clock, StreamCache())
            assert isinstance(done, Done)
        assert revoked.result().json()["code"] == REFUSED
    assert not refused(desk, desk.key)
