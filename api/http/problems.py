"""Problems: the answers to refusals and faults (RFC 9457), from one table of codes.

    raise Problem("invalid-cursor", "the cursor belongs to another list")

Controllers raise `Problem` for a faulty request and let the domain's refusals pass. The application turns
both into `application/problem+json` (api/http/problem_of.py). No answer holds SQL, a path or a stack. The codes
stand in api/http/problem_kinds/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from api.http.flaws import Flaw, Where, flaws_of
from api.http.problem_kinds.table import KINDS

__all__ = ["KINDS", "MEDIA_TYPE", "Flaw", "Problem", "flaws_of", "invalid"]

MEDIA_TYPE = "application/problem+json"


@dataclass(eq=False)
class Problem(Exception):
    """A request that is answered with a problem. `members` explain it; they must be JSON values."""

    code: str
    detail: str
    flaws: Sequence[Flaw] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.detail)

    @property
    def status(self) -> int:
        return KINDS[self.code].status

    @property
    def all_headers(self) -> Mapping[str, str]:
        """Its own headers, and Retry-After for a kind that passes by itself or is mended."""
        retry_after_s = KINDS[self.code].retry_after_s
        return {"Retry-After": str(retry_after_s), **self.headers} if retry_after_s else self.headers

    def to_json(self, request_id: str, where: Where = "body") -> bytes:
        """`where`: the place of the flaws that do not say it."""
        kind = KINDS[self.code]
        told: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "instance": request_id,
        }
        if self.flaws:
            told["errors"] = [flaw.to_json(where) for flaw in self.flaws]
        return to_json({**self.members, **told})


def invalid(flaws: Sequence[Flaw]) -> Problem:
    first = flaws[0]
    more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
    return Problem("validation-failed", f"{first.pointer or 'the body'}: {first.detail}{more}", flaws)
