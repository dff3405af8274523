"""An example of every kind of problem, made as real ones are made."""

from typing import Any

from pydantic_core import from_json

from api.http.problem_kinds.kind import Kind
from api.http.problem_kinds.table import KINDS
from api.http.problem_of import problem_of
from api.http.problems import Problem
from domain.refusals import Refused

REQUEST_ID = "req_01m9c3x5zq7r8v2t4w6y8a0c2e"


def example_of(code: str) -> Any:
    """A problem of this code as it may be answered."""
    example = KINDS[code].example
    if isinstance(example, Refused):
        problem = problem_of(example)
    else:
        problem = Problem(code, example.detail, example.flaws, example.members)
    return from_json(problem.to_json(REQUEST_ID))


def told_of(code: str, kind: Kind) -> dict[str, Any]:
    return {
        "code": code,
        "type": f"/problems/{code}",
        "status": kind.status,
        "title": kind.title,
        "cause": kind.cause,
        "remedy": kind.remedy,
        "retry_after_seconds": kind.retry_after_s,
        "rules": kind.rules,
        "example": example_of(code),
    }
