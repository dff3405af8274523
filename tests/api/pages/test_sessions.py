"""Signing in to the pages: a cookie that nobody can read, change or use from elsewhere."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]


def test_a_page_without_a_session_leads_to_the_sign_in_and_back(desk: Desk) -> None:
    anna = desk.customer("Anna")
    browser = Browser(desk.client)
    browser.go(f"/desk/customers/{anna}?x=1")
    assert browser.address.startswith("/sign-in")
    browser.send("sign-in", api_key=desk.key)
    assert browser.address == f"/desk/customers/{anna}?x=1"
    assert "Anna" in browser.text


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
def test_nobody_is_led_to_another_place(desk: Desk, elsewhere: str) -> None:
    browser = Browser(desk.client)
    browser.go("/sign-in")
    browser.send("sign-in", api_key=desk.key, next=elsewhere)
    assert browser.address == "/desk"


@pytest.mark.parametrize("key", ["", "carnet_live_wrong", "ключ", "a\r\nb"])
def test_a_wrong_key_is_told_in_words_and_signs_nobody_in(desk: Desk, key: str) -> None:
    browser = Browser(desk.client)
    browser.go("/sign-in")
    answer = browser.send("sign-in", api_key=key)
    assert (answer.status_code, browser.cookie) == (422, "")
    assert "This key opens nothing" in browser.text


def test_the_cookie_shows_nothing_of_the_key_and_is_kept_from_scripts_and_other_sites(desk: Desk) -> None:
    for host, told in (
        ("desk.example", ("__Host-carnet=", "Secure")),
        ("127.0.0.1:8000", ("carnet=", "Path=/")),
    ):
        fields = {"api_key": desk.key, "next": ""}
        answer = desk.client.post("/sign-in", data=fields, headers={"host": host}, follow_redirects=False)
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in (*told, "HttpOnly", "SameSite=Strict", "Path=/"))
        assert desk.key not in cookie
        assert desk.key[-20:] not in cookie


def test_a_changed_cookie_is_no_session(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    name, _, sealed = browser.cookie.partition("=")
    for changed in (sealed[:-6] + "AAAAAA", sealed[1:], "", "x"):
        browser.cookie = f"{name}={changed}"
        browser.go("/desk/customers")
        assert browser.address.startswith("/sign-in")


def test_a_revoked_key_ends_the_session(desk: Desk) -> None:
    key = desk.do("/v1/keys", {"name": "till", "role": "staff"})
    browser = Browser.signed_in(Desk(desk.client, key["key"], desk.clock, desk.carnet, desk.business_id))
    browser.go("/desk/customers")
    assert browser.address == "/desk/customers"
    desk.do(f"/v1/keys/{key['id']}/revocation")
    browser.go("/desk/customers")
    assert browser.address.startswith("/sign-in")
    assert browser.cookie.endswith("=")


def test_signing_out_forgets_the_key(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.send("sign-out")
    browser.go("/desk/customers")
    assert browser.address.startswith("/sign-in")


def test_signing_out_ends_the_key_of_a_link_and_leaves_one_that_was_pasted(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna")
    phones = [Browser(desk.client) for _ in range(2)]
    for phone in phones:
        made = desk.client.post(
            "/v1/sign-in-links", json={"customer_id": anna}, headers=desk.headers()
        ).json()
        phone.go(made["path"])
        phone.send("/sign-in/link")
        assert phone.address == "/card"
    kept = phones[0].cookie
    phones[0].send("sign-out")
    phones[0].cookie = kept
    phones[0].go("/card")
    assert phones[0].address.startswith("/sign-in"), "the cookie that was kept opens nothing"
    phones[1].go("/card")
    assert phones[1].address == "/card", "the other device stays signed in"
    desks = [Browser.signed_in(desk) for _ in range(2)]
    desks[0].send("sign-out")
    desks[1].go("/desk/customers")
    assert desks[1].address == "/desk/customers", "a key that was pasted may be in use elsewhere"
    revoked = [each["revoked_at"] is not None for each in desk.all_of("/v1/keys") if each["actor_id"] == anna]
    assert sorted(revoked) == [False, True]


def test_a_form_of_another_site_does_nothing(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    desk.sell(anna, desk.offer(service))
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    form = browser.form("uses")
    fields, address = filled(form), form.attributes["action"]
    other = Browser.signed_in(desk)
    other.go(f"/desk/customers/{anna}")
    of_another = filled(other.form("uses"))["mark"]
    assert of_another != fields["mark"]
    before = desk.head
    for tried, headers in (
        ({**fields, "mark": ""}, {}),
        ({**fields, "mark": "0" * 32}, {}),
        ({**fields, "mark": "é"}, {}),
        ({**fields, "mark": "\0"}, {}),
        ({**fields, "mark": of_another}, {}),
        (fields, {"sec-fetch-site": "cross-site"}),
        (fields, {"sec-fetch-site": "same-site"}),
    ):
        assert browser.post(address, tried, **headers).status_code == 403
    assert desk.head == before
    assert browser.post(address, fields, **{"sec-fetch-site": "same-origin"}).status_code == 200
    assert desk.head == before + 1


def test_another_site_signs_nobody_in(desk: Desk) -> None:
    browser = Browser(desk.client)
    answer = browser.post("/sign-in", {"api_key": desk.key}, **{"sec-fetch-site": "cross-site"})
    assert (answer.status_code, browser.cookie) == (422, "")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CUSTOMER])
def test_who_may_not_look_at_customers_is_told_so(desk: Desk, role: Role) -> None:
    anna, bela = desk.customer("Anna"), desk.customer("Bela")
    browser = Browser.signed_in(desk.as_role(role, anna if role is Role.CUSTOMER else None))
    answer = browser.go(f"/desk/customers/{bela}")
    assert answer.status_code in (403, 404) or role is Role.AUDITOR
    assert "Bela" not in answer.text


@pytest.mark.parametrize("role", [Role.STAFF, Role.AUDITOR, Role.INTEGRATION])
@pytest.mark.parametrize("room", ["offers", "services", "plans"])
def test_who_may_not_change_the_house_gets_no_form_for_a_new_thing(desk: Desk, role: Role, room: str) -> None:
    answer = Browser.signed_in(desk.as_role(role)).go(f"/desk/house/{room}/new")
    assert answer.status_code == 403
    assert f'action="/desk/house/{room}/new"' not in answer.text


def test_a_form_without_its_fields_is_refused_in_words(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/keys")
    mark = filled(browser.form("/keys"))["mark"]
    for path in ("keys", "offers/new", "services/new", "plans/new", "staff", "locations"):
        answer = browser.post(f"/desk/house/{path}", {"mark": mark})
        assert answer.status_code == 400, path
        assert "<main" in answer.text


def test_a_link_signs_in_once_and_looking_at_it_uses_nothing(desk: Desk) -> None:
    anna = desk.customer("Anna")
    made = desk.client.post("/v1/sign-in-links", json={"customer_id": anna}, headers=desk.headers()).json()
    browser = Browser(desk.client)
    browser.go(made["path"])
    browser.go(made["path"])
    assert not browser.cookie
    browser.send("/sign-in/link")
    assert browser.cookie
    other = Browser(desk.client)
    other.go(made["path"])
    answer = other.send("/sign-in/link")
    assert (answer.status_code, other.cookie) == (422, "")
    assert "was used already" in other.text


@pytest.mark.parametrize("next", ["%2F%C5%91", "%2F%ED%A0%80", "%2F%00", "%2Fa%0D%0AX:%20y"])
def test_a_place_that_no_header_can_hold_is_not_gone_to(desk: Desk, next: str) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded"}
    for path, content in (("/zone", f"next={next}"), ("/sign-in", f"next={next}&api_key={desk.key}")):
        answer = desk.client.post(path, content=content, headers=sent, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def test_the_sign_in_speaks_the_language_of_the_browser(desk: Desk) -> None:
    hungarian = {"accept-language": "hu-HU,hu;q=0.9,en;q=0.8"}
    for address, told in (
        ("/sign-in", "Az Ön kulcsa"),
        ("/sign-in/link?code=x", "Ez a hivatkozás egyszer léptet be"),
        ("/sign-in/card?business=x", "A kártyán szereplő e-mail-cím"),
        ("/desk/no/such/page", "Ilyen itt nincs."),
    ):
        assert told in desk.client.get(address, headers=hungarian).text, address
    refused = desk.client.post("/sign-in", data={"api_key": "no"}, headers=hungarian)
    assert "Ez a kulcs semmit sem nyit" in refused.text
    assert "Ilyen itt nincs" not in desk.client.get("/desk/no/such/page").text
    other = desk.client.put("/sign-in", headers=hungarian)
    assert other.status_code == 405
    assert '<html lang="hu">' in other.text


def test_a_script_whose_visitor_is_signed_out_leads_to_the_sign_in_and_back(desk: Desk) -> None:
    """And it swaps nothing: a list would hold a form for a key otherwise."""
    asks = {
        "cookie": "other=1",
        "hx-request": "true",
        "hx-current-url": "http://here/desk/customers?status=active",
    }
    answer = desk.client.get("/desk/customers?search=a", headers=asks)
    assert answer.status_code == 204
    assert "location" not in answer.headers
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fdesk%2Fcustomers%3Fstatus%3Dactive"
    elsewhere = asks | {"hx-current-url": "http://here//evil.example/"}
    again = desk.client.get("/desk/customers?search=a", headers=elsewhere).headers["hx-redirect"]
    assert again == "/sign-in?next=%2Fdesk%2Fcustomers%3Fsearch%3Da"


def test_what_a_script_is_refused_takes_the_place_of_the_whole_page(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    address, cookie = "/desk/customers/cus_00000000000000000000000000", {"cookie": browser.cookie}
    answer = browser.client.get(address, headers={**cookie, "hx-request": "true"})
    assert answer.status_code == 404
    assert (answer.headers["hx-retarget"], answer.headers["hx-reselect"]) == ("#main", "#main")
    assert "hx-retarget" not in browser.client.get(address, headers=cookie).headers
