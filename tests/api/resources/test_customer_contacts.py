"""Contacts of customers: numbers as telephones paste them, search by them, and customers who may be one person."""

from typing import Any

import pytest

from domain.actor import Role
from domain.ledger.records import Append
from domain.people.profile import Profile, row
from tests.api.desk import Body, Desk
from tests.api.resources.test_customers import fact_of

pytest_plugins = ["tests.api.houses"]

PASTED = (
    "\u202a+36 20 123 4567\u202c",
    "+36\u00a020\u2011123\u20114567",
    " +36 20 123 4567\u200e",
    "tel:+36-20-123-4567",
    "TEL:+36201234567",
    "\uff0b\uff13\uff16\uff08\uff12\uff10\uff09\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
    "+\u0663\u0666 \u0662\u0660 \u0661\u0662\u0663 \u0664\u0665\u0666\u0667",
    "+\u06f3\u06f6 \u06f2\u06f0 \u06f1\u06f2\u06f3 \u06f4\u06f5\u06f6\u06f7",
    "\u2066+36 (20) 123\u20134567\u2069",
    "+36\u200b201234567",
    "+36 06 20 123 4567",
)


def found(desk: Desk, search: str) -> set[str]:
    return {row["name"] for row in desk.all_of("/v1/customers", search=search)}


@pytest.mark.covers("S129", "S107")
@pytest.mark.parametrize("pasted", PASTED)
def test_a_number_is_taken_and_found_as_a_telephone_pastes_it(either_desk: Desk, pasted: str) -> None:
    desk = either_desk
    shown = desk.do("/v1/customers", {"name": "Anna", "mobile": pasted})
    assert (shown["mobile"], shown["country_code"]) == ("+36201234567", "+36")
    desk.customer("Bo", mobile="+36301234567")
    assert found(desk, pasted) == {"Anna"}
    changed = desk.do(f"/v1/customers/{shown['id']}/changes", {"mobile": pasted})
    assert changed["version"] == shown["version"]


def test_a_national_number_is_pasted_beside_its_country_code(desk: Desk) -> None:
    body = {
        "name": "Anna",
        "mobile": "\u202a0176\u00a01234\u20115678\u202c",
        "country_code": "\u200e+\uff14\uff19 ",
    }
    assert desk.do("/v1/customers", body)["mobile"] == "+4917612345678"
    for typed in (
        "+49 0176",
        "+49 0",
        "0049 0176 12",
        "+49 (0)176",
        "+49 176",
        "0176 1234",
        "tel:+49176",
        "\uff10176",
    ):
        assert found(desk, typed) == {"Anna"}, typed
    desk.do("/v1/customers", {"name": "Gina", "mobile": "+39 06 6982 1234"})
    assert found(desk, "+39 06 698") == {"Gina"}, "Italy keeps the 0"


@pytest.mark.parametrize(
    "mobile", ["call me", "\u200b", "tel:", "+36 20 123 4567;ext=1", "12", "+", "20x123"]
)
def test_what_is_no_number_is_told_in_words(desk: Desk, mobile: str) -> None:
    problem = desk.refused("/v1/customers", {"name": "Anna", "mobile": mobile}, "validation-failed")
    (flaw,) = problem["errors"]
    assert flaw["pointer"] == "/mobile"
    assert "pattern" not in flaw["detail"]
    assert "^" not in flaw["detail"]


def test_names_are_found_without_the_joiners_in_them(either_desk: Desk) -> None:
    desk = either_desk
    joined, plain = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc\u0631\u0636\u0627"
    for name in (joined, "Anna\u00adMaria", "Zo\u200de"):
        desk.customer(name)
    for typed in (joined, plain, plain[:4], f"\u200f{plain}"):
        assert found(desk, typed) == {joined}, ascii(typed)
    for typed in ("annamaria", "Anna\u00adMaria", "amar", "an\u200cna"):
        assert found(desk, typed) == {"Anna\u00adMaria"}, ascii(typed)
    assert found(desk, "zoe") == {"Zo\u200de"}


# E-mail


UNSEEN = ("\u200b", "\u200d", "\u00ad", "\u200e", "\ufeff", "\U000e0041", "\ufe0f", "\u0007")


@pytest.mark.parametrize("letter", UNSEEN)
def test_an_email_with_what_nobody_sees_is_refused_with_the_place(desk: Desk, letter: str) -> None:
    for email in (f"anna{letter}@example.org", f"{letter}anna@example.org", f"anna@example.org{letter}x"):
        problem = desk.refused("/v1/customers", {"name": "Anna", "email": email}, "validation-failed")
        (flaw,) = problem["errors"]
        assert flaw["pointer"] == "/email"
        assert f"U+{ord(letter):04X}" in flaw["detail"]
        assert f"character {email.index(letter) + 1}" in flaw["detail"]
    assert (
        desk.do("/v1/customers", {"name": "Anna", "email": "\u00a0anna@example.org "})["email"]
        == "anna@example.org"
    )


@pytest.mark.covers("S107", "S96", "S128")
def test_a_customer_is_found_by_the_email_and_by_its_beginning(either_desk: Desk) -> None:
    desk = either_desk
    desk.customer("Anna", email="Anna.Karenina@Example.org")
    desk.customer("Kitty", email="kitty+books@example.com")
    desk.customer("Com Mailer")
    everybody = {
        "anna.karenina@example.org": {"Anna"},
        "ANNA.KARENINA@EXAMPLE.ORG": {"Anna"},
        " anna.karenina@example.org\u200e": {"Anna"},
        "anna.kar": {"Anna"},
        "anna.karenina@": {"Anna"},
        "anna.karenina@ex": {"Anna"},
        "anna anna.karenina@ex": {"Anna"},
        "kitty+b": {"Kitty"},
        "kitty+books@example.com": {"Kitty"},
        "books@example.com": set(),
        "@example": {"Anna", "Kitty"},
        "@example.com": {"Kitty"},
        "com": {"Com Mailer"},
        "example": set(),
        "kitty@example.com": set(),
    }
    for typed, names in everybody.items():
        assert found(desk, typed) == names, typed


def test_a_changed_email_is_found_and_the_old_one_is_not(either_desk: Desk) -> None:
    desk = either_desk
    id = desk.customer("Anna", email="anna@example.org")
    desk.do(f"/v1/customers/{id}/changes", {"email": "karenina@example.org"})
    assert found(desk, "anna@example.org") == set()
    assert found(desk, "karenina@example.org") == {"Anna"}
    desk.do(f"/v1/customers/{id}/changes", {"email": None})
    assert found(desk, "karenina@example.org") == set()


def test_an_email_is_found_among_many(either_desk: Desk) -> None:
    """More customers than are looked through before the index is asked."""
    desk = either_desk
    for n in range(210):
        desk.customer(f"Anna {n}", email=f"anna{n}@example.org")
    desk.customer("Zoe", email="zoe@example.org")
    assert found(desk, "zoe@example.org") == {"Zoe"}
    assert found(desk, "anna20") == {f"Anna {n}" for n in (20, *range(200, 210))}
    assert len(found(desk, "@example.org")) == 211


# Possible duplicates


def registered(desk: Desk, **body: Any) -> Body:
    shown: Body = desk.do("/v1/customers", {"name": "Anna", **body})
    return shown


def told(shown: Body) -> dict[str, list[str]]:
    return {each["customer_id"]: each["matches"] for each in shown["possible_duplicates"]}


@pytest.mark.covers("S103")
def test_a_second_customer_with_the_same_contact_is_taken_and_told(either_desk: Desk) -> None:
    desk = either_desk
    anna = registered(desk, email="anna@example.org", mobile="+36 20 123 4567")
    assert told(anna) == {}
    same = registered(
        desk, name="Other", email=" ANNA@example.org", mobile="06 20 123 4567", country_code="+36"
    )
    assert told(same) == {anna["id"]: ["email", "mobile"]}
    number = registered(desk, name="Kitty", mobile="+36201234567")
    assert told(number) == {anna["id"]: ["mobile"], same["id"]: ["mobile"]}
    assert told(registered(desk, name="Bo", email="anna@example.com", mobile="+36201234568")) == {}


@pytest.mark.covers("S103")
def test_the_same_name_and_date_of_birth_are_told(either_desk: Desk) -> None:
    desk = either_desk
    anna = registered(desk, name="Kovács Ágnes", date_of_birth="1980-01-02")
    assert told(registered(desk, name="KOVACS  agnes", date_of_birth="1980-01-02")) == {
        anna["id"]: ["name_and_date_of_birth"]
    }
    for name, born in (
        ("Kovács Ágnes", "1980-01-03"),
        ("Kovács Ágota", "1980-01-02"),
        ("Kovács Ágnes", None),
    ):
        assert told(registered(desk, name=name, date_of_birth=born)) == {}
    assert found(desk, "1980") == set(), "nobody is searched for by a date of birth"


@pytest.mark.covers("S103")
def test_a_change_tells_who_else_has_what_is_given(either_desk: Desk) -> None:
    desk = either_desk
    anna, bo = registered(desk, email="anna@example.org"), registered(desk, name="Bo")
    path = f"/v1/customers/{bo['id']}/changes"
    assert told(desk.do(path, {"email": "anna@example.org"})) == {anna["id"]: ["email"]}
    assert told(desk.do(path, {"gender": "other"})) == {}, "nothing was given that another has"
    assert told(desk.do(f"/v1/customers/{anna['id']}/changes", {"email": "Anna@example.org"})) == {
        bo["id"]: ["email"]
    }
    assert told(desk.do(path, {"email": "bo@example.org"})) == {}


@pytest.mark.covers("S103")
def test_only_active_customers_of_the_same_business_are_told(either_desk: Desk) -> None:
    desk = either_desk
    gone, blocked = (registered(desk, email="anna@example.org")["id"] for _ in range(2))
    desk.do(f"/v1/customers/{gone}/deactivation")
    desk.do(f"/v1/customers/{blocked}/block")
    assert told(registered(desk, email="anna@example.org")) == {blocked: ["email"]}
    desk.do(f"/v1/customers/{gone}/activation")
    assert gone in told(desk.try_out("/v1/customers", {"name": "Anna", "email": "anna@example.org"}))


def test_the_answer_is_kept_with_its_duplicates_and_holds_nobody_elses_data(desk: Desk) -> None:
    anna = registered(desk, name="Anna Karenina", email="anna@example.org")
    body = {"name": "Bo", "email": "anna@example.org"}
    first = desk.post("/v1/customers", body, key="bo")
    desk.do(f"/v1/customers/{anna['id']}/deactivation")
    again = desk.post("/v1/customers", body, key="bo")
    assert again.content == first.content
    assert told(first.json()) == {anna["id"]: ["email"]}
    assert "Karenina" not in first.text
    staff = desk.as_role(Role.STAFF)
    assert told(registered(staff, email="anna@example.org")) == {first.json()["id"]: ["email"]}


def test_no_more_than_twenty_duplicates_are_told(desk: Desk) -> None:
    for _ in range(25):
        shown = registered(desk, email="info@example.org")
    assert len(told(shown)) == 20


def test_an_email_from_before_it_had_one_form_is_shown_and_may_stay(desk: Desk) -> None:
    id, old = desk.customer(), "anna\u200b@example.org"
    kept = row(id, id, Profile(name="Anna\nMaria", email=old))
    desk.carnet.ledger(desk.business_id).recorder.append([Append((fact_of(desk, id),), {}, people=(kept,))])
    changed = desk.do(f"/v1/customers/{id}/changes", {"gender": "female"})
    assert (changed["name"], changed["email"]) == ("Anna\nMaria", old)
    assert found(desk, "anna@example.org") == {"Anna\nMaria"}
    assert (
        desk.do(f"/v1/customers/{id}/changes", {"email": "anna@example.org"})["email"] == "anna@example.org"
    )
