"""A day and a time as people type them, as the moment that the API takes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from api.pages.asking import Answer
from api.pages.view import View


def moment_typed(view: View, zone: str) -> str | Answer:
    """The moment of the fields `day` and `time` in this zone; where there is none, the problem to tell.

    Of a time that the clocks pass twice it is the first.
    """
    typed = view.typed("day", "time")
    try:
        there = datetime.fromisoformat(f"{typed['day']}T{typed['time']}").replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError):
        return Answer(400, {"code": "no-moment"}, None)
    moment = there.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != there.replace(tzinfo=None):
        return Answer(400, {"code": "no-such-time", "zone": zone}, None)
    return moment.isoformat()
