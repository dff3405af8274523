"""Forms: the key that makes a form sent twice one command, and a form that was refused, with what was typed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Fields(dict[str, str]):
    """What was sent. A field that was not sent reads as an empty one."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was not accepted."""

    form: str
    """The name of the form on its page."""
    fields: Mapping[str, str]
    """What was typed."""
    status: int
    problem: Mapping[str, Any]
    """As the API answered it."""

    @property
    def may_have_happened(self) -> bool:
        """Whether nobody knows if it was done, so that it has to be sent again under the same key."""
        return self.status >= 500


def kept(form: str, fields: Mapping[str, str]) -> Refused:
    """A form that is shown again with what was typed, though nothing was refused."""
    return Refused(form, fields, 200, {})


def key_of(refused: Refused | None, form: str) -> str:
    """The idempotency key for a form that is shown: a new one, unless what was sent before may have happened.

    A form that was only tried keeps its key, for the same reason: it may have been sent before it was tried.
    """
    if refused is not None and refused.form == form and (refused.may_have_happened or not refused.problem):
        return refused.fields["key"]
    return f"page/{secrets.token_urlsafe(16)}"


def typed(refused: Refused | None, form: str, name: str, otherwise: object = "") -> str:
    """What stands in a field: what was typed into it, if its form was refused."""
    if refused is not None and refused.form == form:
        return refused.fields.get(name, "")
    return "" if otherwise is None else str(otherwise)


def flaw_of(refused: Refused | None, form: str, name: str) -> Mapping[str, str] | None:
    """What is wrong with a field, as the API has it; None where nothing is."""
    if refused is None or refused.form != form:
        return None
    ends = (f"/{name}", f"/{name}/amount")
    flaws = refused.problem.get("errors", ())
    return next((each for each in flaws if each.get("pointer", "").endswith(ends)), None)
