"""The data of people in the directory: profiles of customers, names and photos of participants and staff."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import StringConstraints
from pydantic_core import from_json

from domain.moments import DayOfLife
from domain.people.directory import Person
from domain.people.name_search import search_text
from domain.people.phone import as_dialled, e164, national
from domain.refusals import Invalid
from domain.text import email
from domain.values import LocaleName, Name, PersonName, PhotoId, Value, in_form

Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}$"), in_form(email)
]
_DIALLED = re.compile(r"(\+[0-9]|[0-9(])[0-9 ()./-]{2,29}")


def _dialled(mobile: str) -> str:
    """Raises ValueError."""
    plain = as_dialled(mobile)
    if not _DIALLED.fullmatch(plain):
        raise ValueError(
            "must be a telephone number of 3 to 30 digits, spaces and ( ) . / -, with or without a +"
        )
    return plain


Mobile = Annotated[str, in_form(_dialled)]
"""As it is typed or pasted: a national number, or + and the country code first."""
CountryCode = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,3}$"), in_form(as_dialled)]
Gender = Literal["male", "female", "other"]
NameOrPhoto = Literal["name", "photo"]


class Details(Value):
    """What a customer may tell beside the name."""

    email: Email | None = None
    mobile: Mobile | None = None
    """With + and the country's code, or as dialled in `country_code`; stored as E.164."""
    country_code: CountryCode | None = None
    gender: Gender | None = None
    date_of_birth: DayOfLife | None = None
    anniversary: DayOfLife | None = None
    photo: PhotoId | None = None
    locale: LocaleName | None = None
    """In which letters and pages speak to the customer; without one, that of the business."""


ProfileField = Literal[
    "name", "email", "mobile", "country_code", "gender", "date_of_birth", "anniversary", "photo", "locale"
]


class GivenProfile(Details):
    """What a command says of a customer."""

    name: PersonName | None = None


class Profile(Value):
    """The personal data of a customer, as the directory holds it. Texts from before they had one form stay so."""

    name: Name
    email: str | None = None
    mobile: str | None = None
    """E.164."""
    country_code: str | None = None
    gender: Gender | None = None
    date_of_birth: DayOfLife | None = None
    anniversary: DayOfLife | None = None
    photo: PhotoId | None = None
    locale: LocaleName | None = None
    search: str | None = None
    """The text the customer is found by (`name_search.py`): written with the row, and erased with it."""


class NameAndPhoto(Value):
    """The personal data of a participant or a member of staff."""

    name: Name
    photo: PhotoId | None = None


NOTHING: Mapping[Any, Any] = {}
"""The default of a mapping that a command may leave out."""

ProfileGiven = Mapping[ProfileField, str | date | None]
"""New values of a profile, by field; None removes a value, but not the name."""


def row(id: str, owner_id: str, known: Value) -> Person:
    """The row of a person; a customer's gets the text the customer is found by."""
    if isinstance(known, Profile):
        found_by = search_text(known.name, known.mobile, known.email, known.date_of_birth)
        known = known.model_copy(update={"search": found_by})
    return Person(id, owner_id, known.model_dump_json(exclude_none=True))


def profile_in(person: Person) -> Profile:
    return Profile.model_validate_json(person.data)


def name_and_photo_in(person: Person) -> NameAndPhoto:
    return NameAndPhoto.model_validate_json(person.data)


def new_profile(given: ProfileGiven, today: date) -> Profile:
    """The profile of a new customer. Raises Invalid, and pydantic's error on an invalid value."""
    return changes(Profile.model_validate({"name": given["name"]}), given, today)[1]


def changes(known: Profile, given: ProfileGiven, today: date) -> tuple[tuple[ProfileField, ...], Profile]:
    """The fields that differ, and the profile with them; `today` is the business's.

    Raises Invalid, and pydantic's error on an invalid value.
    """
    given = _in_form(given)
    changed = Profile.model_validate(known.model_dump() | dict(given) | _number(known, given))
    if "date_of_birth" in given and changed.date_of_birth is not None and changed.date_of_birth > today:
        raise Invalid("/date_of_birth", "in-the-future", "must not lie in the future")
    fields: list[ProfileField] = [
        name for name in PROFILE_FIELDS if getattr(changed, name) != getattr(known, name)
    ]
    return tuple(fields), changed


def _in_form(given: ProfileGiven) -> ProfileGiven:
    """The same fields, their texts in the one form. Raises pydantic's error on an invalid value."""
    formed = GivenProfile.model_validate(dict(given))
    return {name: getattr(formed, name) for name in given}


PROFILE_FIELDS: tuple[ProfileField, ...] = get_args(ProfileField)


def _number(known: Profile, given: ProfileGiven) -> dict[str, str]:
    """The mobile number in E.164 with its country code, if either is given. Raises Invalid."""
    mobile = given.get("mobile", known.mobile)
    code = given.get("country_code", known.country_code)
    if not isinstance(mobile, str) or not given.keys() & {"mobile", "country_code"}:
        return {}
    if "mobile" not in given:
        if code is None:
            message = "is part of the mobile number: take that away, or both"
            raise Invalid("/country_code", "part-of-mobile", message)
        mobile = national(mobile)
    elif mobile.startswith("+") and "country_code" not in given:
        code = None  # the number brings its own
    number, own_code = e164(mobile, code if isinstance(code, str) else None)
    return {"mobile": number, "country_code": own_code}


def name_and_photo_changes(
    known: NameAndPhoto, given: Mapping[NameOrPhoto, str | None]
) -> tuple[frozenset[str], NameAndPhoto]:
    """The fields that differ, and the entry with them. Raises pydantic's error on an invalid value."""
    changed = NameAndPhoto.model_validate(known.model_dump() | dict(given))
    fields = NameAndPhoto.model_fields
    return frozenset(name for name in fields if getattr(changed, name) != getattr(known, name)), changed


def searched(person: Person) -> str | None:
    """The text a person is found by; None for people who are not searched for."""
    known: Any = from_json(person.data)
    found_by: str | None = known.get("search")
    return found_by
