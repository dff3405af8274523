"""Photos: judged by their bytes, named by a profile, and shown only to those who may see people."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from api.resources.images import IMAGE_BYTES_MAX, media_type_of
from domain.actor import Role
from tests.api.desk import Desk, House
from tests.api.images import JPEG, PNG, WEBP
from tests.api.resources.test_customers import standing

pytest_plugins = ["tests.api.houses"]

IMAGES = {"image/png": PNG, "image/webp": WEBP, "image/jpeg": JPEG}


def send(
    desk: Desk, data: bytes, media: str = "image/png", key: str | None = None, **more: Any
) -> httpx.Response:
    headers = desk.headers(key) | {"Content-Type": media}
    return desk.client.post("/v1/photos", content=data, headers=headers, **more)


def send_form(desk: Desk, *files: tuple[str, bytes], key: str | None = None) -> httpx.Response:
    parts = [("file", (name, data, "text/plain")) for name, data in files]
    return desk.client.post("/v1/photos", files=parts, headers=desk.headers(key))


def photo(desk: Desk, data: bytes = PNG) -> str:
    answer = send(desk, data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


# Sending and fetching


@pytest.mark.covers("S130")
@pytest.mark.parametrize("media", IMAGES)
def test_a_photo_is_served_as_it_was_sent(either_desk: Desk, media: str) -> None:
    desk, data = either_desk, IMAGES[media]
    sent = send(desk, data, media)
    shown = sent.json()
    assert (sent.status_code, sent.headers["Location"]) == (201, shown["url"])
    assert shown == {
        "id": shown["id"],
        "url": f"/v1/photos/{shown['id']}",
        "media_type": media,
        "bytes": len(data),
    }
    served = desk.ask(shown["url"])
    assert (served.status_code, served.content) == (200, data)
    assert served.headers["content-type"] == media
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers.get_list("cache-control") == ["private, max-age=3600"]
    assert served.headers["vary"] == "authorization"


def test_what_an_image_is_its_bytes_tell(desk: Desk) -> None:
    assert send(desk, PNG, "image/jpeg").json()["media_type"] == "image/png"
    form = send_form(desk, ("me.txt", WEBP))
    assert (form.status_code, form.json()["media_type"], form.json()["bytes"]) == (
        201,
        "image/webp",
        len(WEBP),
    )
    assert desk.ask(form.json()["url"]).content == WEBP


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + PNG,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><script>alert(1)</script>",
        PNG[:7],
        b"RIFF\x00\x00\x00\x00WAVE",
        b" " + JPEG,
    ],
)
def test_what_is_no_image_is_refused_whatever_it_is_called(desk: Desk, data: bytes) -> None:
    assert media_type_of(data) is None
    for answer in (send(desk, data), send_form(desk, ("me.png", data))):
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("media", ["application/json", "text/plain", "image/gif", "image/svg+xml", ""])
def test_another_content_type_is_refused(desk: Desk, media: str) -> None:
    answer = send(desk, PNG, media)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


def test_a_photo_may_have_5_mb_and_not_a_byte_more(either_desk: Desk) -> None:
    desk = either_desk
    largest = JPEG + b"\x00" * (IMAGE_BYTES_MAX - len(JPEG))
    sent = send(desk, largest, "image/jpeg")
    assert (sent.status_code, sent.json()["bytes"]) == (201, len(JPEG)), "what is no image is not kept"
    assert desk.ask(sent.json()["url"]).content == JPEG
    assert send_form(desk, ("me.jpg", largest)).status_code == 201
    for answer in (
        send(desk, largest + b"\x00", "image/jpeg"),
        send_form(desk, ("me.jpg", largest + b"\x00")),
    ):
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    answer = desk.client.post("/v1/customers", content=b" " * 70_000, headers=desk.headers())
    assert answer.status_code == 413, "other bodies keep their limit"


FORM = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + PNG + b"\r\n--x--\r\n"
FORMS = {
    "no boundary": ("multipart/form-data", FORM),
    "another boundary": ("multipart/form-data; boundary=y", FORM),
    "no end": ("multipart/form-data; boundary=x", FORM[:-6]),
    "no part": ("multipart/form-data; boundary=x", b"--x--\r\n"),
    "two parts": ("multipart/form-data; boundary=x", FORM[:-8] + b"\r\n" + FORM),
    "no content": ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: image/png\r\n--x--"),
}


@pytest.mark.parametrize("what", FORMS)
def test_a_form_that_is_not_one_file_is_refused(desk: Desk, what: str) -> None:
    media, body = FORMS[what]
    answer = send(desk, body, media)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-body")


def test_a_file_in_a_form_may_hold_what_looks_like_a_boundary(desk: Desk) -> None:
    data = PNG + b"\r\n--y\r\n\r\n--\r\n"
    body = b"preamble\r\n--x \r\nContent-Type: image/png\r\n\r\n" + data + b"\r\n--x--\r\nepilogue"
    sent = send(desk, body, 'multipart/form-data; charset=utf-8; boundary="x"')
    assert sent.status_code == 201, sent.text
    assert desk.ask(sent.json()["url"]).content == PNG
    assert send(desk, data, "image/png").json()["bytes"] == len(PNG)


def test_the_parameters_of_a_form_may_be_written_in_capitals(desk: Desk) -> None:
    media, form = "Multipart/Form-Data; BOUNDARY=x", b"--x\r\nContent-Type: image/png\r\n\r\n" + PNG
    assert send(desk, form + b"\r\n--x--", media).status_code == 201


def test_the_same_request_is_the_same_photo(either_desk: Desk) -> None:
    desk = either_desk
    first = send(desk, PNG, key="k-1")
    for again in (send(desk, PNG, key="k-1"), send_form(desk, ("me.png", PNG), key="k-1")):
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
    other = send(desk, JPEG, key="k-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    headers = {"Authorization": f"Bearer {desk.key}", "Content-Type": "image/png"}
    missing = desk.client.post("/v1/photos", content=PNG, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")


def test_a_dry_run_keeps_nothing(desk: Desk) -> None:
    tried = desk.client.post(
        "/v1/photos?dry_run=true", content=PNG, headers=desk.headers() | {"Content-Type": "image/png"}
    )
    assert tried.status_code == 200
    assert tried.json() == {
        "id": None,
        "url": None,
        "media_type": "image/png",
        "bytes": len(PNG),
        "dry_run": True,
        "facts": [],
    }


def test_no_fact_tells_of_an_image(desk: Desk) -> None:
    before = desk.head
    id = photo(desk)
    assert desk.head == before
    desk.customer(photo=id)
    assert id not in desk.ask("/v1/facts").text


# Whose it is


@pytest.mark.covers("S40", "S130")
def test_a_profile_names_its_photo(either_desk: Desk) -> None:
    desk = either_desk
    face, dog = photo(desk), photo(desk, JPEG)
    body = {"name": "Anna", "photo": face, "participants": [{"name": "Max", "kind": "dog", "photo": dog}]}
    shown = standing(desk.do("/v1/customers", body))
    assert shown["photo_url"] == f"/v1/photos/{face}"
    assert [each["photo_url"] for each in shown["participants"]] == [
        f"/v1/photos/{face}",
        f"/v1/photos/{dog}",
    ]
    assert desk.get(f"/v1/customers/{shown['id']}") == shown
    assert desk.get("/v1/customers")["data"] == [shown]
    path = f"/v1/customers/{shown['id']}"
    new = photo(desk)
    changed = desk.do(f"{path}/changes", {"photo": new})
    assert changed["photo_url"] == f"/v1/photos/{new}"
    assert desk.get("/v1/facts")["data"][-1]["data"] == {"fields": ["photo"]}
    assert desk.do(f"{path}/changes", {"photo": new})["version"] == changed["version"]
    assert desk.do(f"{path}/changes", {"photo": None})["photo_url"] is None
    max_id = shown["participants"][1]["id"]
    changed = desk.do(f"{path}/participants/{max_id}/changes", {"photo": face})
    assert changed["participants"][1]["photo_url"] == f"/v1/photos/{face}", "it is of the household"
    assert changed["participants"][1]["name"] == "Max"
    changed = desk.do(f"{path}/participants/{max_id}/changes", {"name": "Maxi"})
    assert changed["participants"][1]["photo_url"] == f"/v1/photos/{face}"
    changed = desk.do(f"{path}/participants", {"name": "Rex", "photo": photo(desk)})
    assert changed["participants"][2]["photo_url"]
    changed = desk.do(f"{path}/participants/{max_id}/changes", {"photo": None})
    assert changed["participants"][1]["photo_url"] is None
    assert desk.get("/v1/customers")["data"] == [changed]


@pytest.mark.covers("S64")
def test_a_card_shows_the_photo_of_the_pet(either_desk: Desk) -> None:
    desk = either_desk
    dog = photo(desk)
    dogs = [{"id": "par_max", "name": "Max", "kind": "dog", "photo": dog}]
    anna = desk.customer(participants=dogs)
    sold = desk.sell(anna, desk.offer(desk.service()), beneficiaries=["par_max"])
    expected = [{"id": "par_max", "name": "Max", "kind": "dog", "photo_url": f"/v1/photos/{dog}"}]
    assert sold["beneficiaries"] == expected
    assert desk.card(sold["id"])["beneficiaries"] == expected
    assert desk.get("/v1/packages")["data"][0]["beneficiaries"] == expected
    auditors = desk.as_role(Role.AUDITOR).card(sold["id"])["beneficiaries"]
    assert auditors == [{"id": "par_max", "name": None, "kind": "dog", "photo_url": None}]


def test_a_photo_is_nobody_elses(either_desk: Desk) -> None:
    desk = either_desk
    taken = photo(desk)
    desk.customer("Anna", photo=taken)
    bo, eva = desk.customer("Bo"), desk.do("/v1/staff", {"name": "Éva"})["id"]
    theirs: list[tuple[str, dict[str, Any], str]] = [
        ("/v1/customers", {"name": "Cy", "photo": taken}, "/photo"),
        ("/v1/customers", {"name": "Cy", "participants": [{"name": "A"}, {"name": "B", "photo": taken}]},
         "/participants/1/photo"),
        (f"/v1/customers/{bo}/changes", {"photo": taken}, "/photo"),
        (f"/v1/customers/{bo}/participants", {"name": "Max", "photo": taken}, "/photo"),
        ("/v1/staff", {"name": "Pál", "photo": taken}, "/photo"),
        (f"/v1/staff/{eva}/changes", {"photo": taken}, "/photo"),
    ]  # fmt: skip
    for path, body, pointer in theirs:
        problem = desk.refused(path, body, "validation-failed")
        assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, "unknown-photo")


def test_of_many_who_name_a_photo_at_once_one_gets_it(either_desk: Desk) -> None:
    desk, wanted = either_desk, photo(either_desk)
    start = Barrier(8)

    def name_it(number: int) -> int:
        start.wait()
        body = {"name": f"Customer {number}", "photo": wanted}
        return desk.post("/v1/customers", body, key=f"name-{number}").status_code

    with ThreadPoolExecutor(8) as desks:
        assert Counter(desks.map(name_it, range(8))) == {201: 1, 400: 7}
    (owner,) = desk.get("/v1/customers")["data"]
    assert owner["photo_url"] == f"/v1/photos/{wanted}"


def test_another_business_has_no_such_photo(desk: Desk) -> None:
    id = photo(desk)
    other = desk_beside(desk)
    assert other.ask(f"/v1/photos/{id}").status_code == 404
    other.refused("/v1/customers", {"name": "Anna", "photo": id}, "validation-failed")
    assert desk.ask(f"/v1/photos/{id}").status_code == 200


def desk_beside(desk: Desk) -> Desk:
    return House(desk.client, desk.clock, desk.carnet).desk()


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.OWNER, 200),
        (Role.MANAGER, 200),
        (Role.STAFF, 200),
        (Role.INTEGRATION, 200),
        (Role.AUDITOR, 403),
    ],
)
def test_who_may_see_people_sees_their_photos(desk: Desk, role: Role, status: int) -> None:
    id = photo(desk)
    assert desk.as_role(role).ask(f"/v1/photos/{id}").status_code == status


def test_a_customer_sees_the_photos_of_the_own_household(either_desk: Desk) -> None:
    desk = either_desk
    own, others, nobodys, staffs = (photo(desk) for _ in range(4))
    anna = desk.customer("Anna", participants=[{"name": "Max", "photo": own}])
    desk.customer("Bo", photo=others)
    desk.do("/v1/staff", {"name": "Éva", "photo": staffs})
    theirs = desk.as_role(Role.CUSTOMER, anna)
    assert theirs.ask(f"/v1/photos/{own}").content == PNG
    for id in (others, nobodys, staffs, "pho_unknown"):
        assert theirs.ask(f"/v1/photos/{id}").json()["code"] == "not-found"


@pytest.mark.parametrize("id", ["pho_unknown", "cus_1", "pho_"])
def test_an_unknown_photo_is_not_found(desk: Desk, id: str) -> None:
    assert desk.ask(f"/v1/photos/{id}").status_code == 404


def test_a_photo_is_an_image_and_no_json(desk: Desk) -> None:
    path = f"/v1/photos/{photo(desk)}"
    for accept, status in (("image/*", 200), ("image/avif, */*", 200), ("application/json", 406)):
        headers = {"Authorization": f"Bearer {desk.key}", "Accept": accept}
        assert desk.client.get(path, headers=headers).status_code == status
