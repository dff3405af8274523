"""A day and a time as people at the desk type them, as the moment that the API takes."""

from api.pages.asking import Answer
from api.pages.moments import is_skipped, moment_of
from api.pages.view import View


def moment_typed(view: View, zone: str) -> str | Answer:
    """The moment of the fields `day` and `time` in this zone; where there is none, the problem to tell."""
    day, clock = (view.fields.get(name, "").strip() for name in ("day", "time"))
    moment = moment_of(day, clock, zone)
    if not moment.endswith("Z"):
        return Answer(400, {"code": "no-moment"}, None)
    if is_skipped(moment, day, clock, zone):
        return Answer(400, {"code": "no-such-time", "zone": zone}, None)
    return moment
