"""The verbs of the domain by the command that asks for them, so that a test says only the command.

The product has no such table: a route names its use case. Here it is made by looking into every file of
`domain/use_cases/`, and stops the tests where two answer one command.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from domain import use_cases
from domain.decision import UseCase
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.values import Value


def _found() -> Mapping[type[Value], UseCase[Any]]:
    found: dict[type[Value], UseCase[Any]] = {}
    for module in iter_modules(use_cases.__path__, "domain.use_cases."):
        for use_case in vars(import_module(module.name)).values():
            if isinstance(use_case, UseCase) and found.setdefault(use_case.command, use_case) is not use_case:
                raise TypeError(f"two use cases answer {use_case.command.__name__}")
    return found


USE_CASES = _found()


def use_case_of(command: Value) -> UseCase[Any]:
    return USE_CASES[type(command)]


def order(command: Value, meta: Meta, *rest: Any, **more: Any) -> Order:
    """An order for the command, to be decided by its use case."""
    return Order(use_case_of(command), command, meta, *rest, **more)
