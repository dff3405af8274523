"""Arguments of several commands, checked by the constrained types of the domain."""

import json
from difflib import get_close_matches
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from api.http.flaws import flaws_of
from domain.currency import in_use
from domain.moments import Day, DayOrMoment
from domain.values import ExternalRef, StaffId, ThingName
from domain.zone_rules import ZONES, place


class Given(click.ParamType[Any]):
    """An argument that a constrained type of the domain checks."""

    def __init__(self, name: str, type_: Any, what: str) -> None:
        self.name = name
        self._adapter: TypeAdapter[Any] = TypeAdapter(type_)
        self._what = what

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        try:
            return self._adapter.validate_json(json.dumps(value))
        except ValidationError as error:
            (flaw,) = flaws_of(error, value)
            # A rule of ours tells the limit; an error of form is told by what is wanted here.
            told = flaw.detail if flaw.code == "value-error" else f"is not {self._what}"
            self.fail(f"{value!r} {told}", parameter, context)


DAY = Given("date", Day, "a date like 1998-06-30")
DAY_OR_MOMENT = Given("moment", DayOrMoment, "a date (2026-10-03) or a moment (2026-10-03T08:00:00Z)")
SOURCE = Given(
    "source",
    ExternalRef.model_fields["source"].rebuild_annotation(),
    "a name of up to 50 letters, digits, dots, hyphens and underscores",
)
NAME = Given("name", ThingName, "a name of 1 to 200 characters")
STAFF = Given("stf_…", StaffId, "the id of a member of staff")


def currency(context: click.Context, parameter: click.Parameter, code: str) -> str:
    try:
        return in_use(code)
    except ValueError as error:
        raise click.BadParameter(f"{error}, such as EUR") from error


def time_zone(context: click.Context, parameter: click.Parameter, name: str) -> str:
    try:
        return place(name)
    except ValueError as error:
        near = [each for each in get_close_matches(name, ZONES, n=5) if _is_place(each)]
        hint = f"; did you mean {near[0]}?" if near else ", such as Europe/Budapest"
        raise click.BadParameter(f"{name!r} {error}{hint}") from error


def _is_place(name: str) -> bool:
    try:
        place(name)
    except ValueError:
        return False
    return True
