"""The question of a report: its parameters, as a template shows them again, and its answer once it is there."""

from typing import Any

from api.pages.asking import Answer
from api.pages.downloads import FORMS, PARAMETER
from api.pages.view import View


class Asked(dict[str, Any]):
    """Name → value; None for what was not asked."""

    def __missing__(self, name: str) -> None:
        return None


def asked_of(view: View, *names: str, **instead: str) -> Asked:
    """These parameters of the address. `instead`: of those that it does not have."""
    return Asked({**instead, **view.asked(*names)})


async def report_of(view: View, operation: str, asked: Asked) -> Answer | None:
    """The answer, however long it takes where it is taken along as a file; None: it is being made."""
    question = (
        view.session.key,
        operation,
        tuple(sorted((name, repr(value)) for name, value in asked.items())),
    )
    return await view.frame.long.of(
        question, lambda: view.ask(operation, None, asked), whole=view.one(PARAMETER) in FORMS
    )
