"""All kinds of problem, by code."""

from collections.abc import Mapping

from api.http.problem_kinds.kind import Kind
from api.http.problem_kinds.requests import REQUESTS
from api.http.problem_kinds.service import SERVICE
from api.http.problem_kinds.state import STATE

ALL = {**REQUESTS, **STATE, **SERVICE}
KINDS: Mapping[str, Kind] = dict(sorted(ALL.items(), key=lambda row: row[1].status))
"""Code → kind, in order of status."""
