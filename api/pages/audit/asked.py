"""The parameters of a question, as a template shows them again."""

from typing import Any

from api.pages.view import View


class Asked(dict[str, Any]):
    """Name → value; None for what was not asked."""

    def __missing__(self, name: str) -> None:
        return None


def asked_of(view: View, *names: str, **instead: str) -> Asked:
    """These parameters of the address. `instead`: of those that it does not have."""
    return Asked({**instead, **view.asked(*names)})
