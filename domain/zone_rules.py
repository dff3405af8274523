"""Time zones: which names a business may choose, the rules of one on this machine, and a mark of those rules.

Governments change the rules of a zone, and with a newer `tzdata` a day ends at another moment than before. What was
computed by the rules carries their mark, and is computed anew where it differs.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

ZONES = frozenset(available_timezones())
"""Read once: it walks the whole time zone database."""
NO_PLACES = frozenset({"Etc", "SystemV", "posix", "right"})
"""Areas whose names are no places: their signs are the wrong way round, or they are other forms of the same."""

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2201, 1, 1, tzinfo=UTC)
STEP = timedelta(days=7)
"""No zone has changed its offset there and back within a week."""
SECOND = timedelta(seconds=1)


class UnknownZone(LookupError):
    """This machine knows no zone of that name, which the books hold: another machine wrote them."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"this machine knows no time zone {name!r}: install the system's tzdata, or a newer one"
        )
        self.name = name


def place(name: str) -> str:
    """The name of a place's zone, letter for letter, or UTC. Raises ValueError."""
    area, _, rest = name.partition("/")
    if name not in ZONES or (name != "UTC" and (not rest or area in NO_PLACES)):
        raise ValueError("is not an IANA time zone of a place")
    return name


@cache
def zone(name: str) -> ZoneInfo:
    """The rules of a zone on this machine. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise UnknownZone(name) from error


@cache
def mark(name: str) -> str:
    """Equal where the rules of a zone are, whatever files hold them; 8 hexadecimal digits. Raises UnknownZone."""
    told = ";".join(f"{at:%Y%m%d%H%M%S}{offset.total_seconds():+.0f}" for at, offset in _changes(zone(name)))
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _changes(rules: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    """The moments at which the offset changes, and the new offset."""
    at, before = FIRST, _offset(FIRST, rules)
    yield at, before
    while at < LAST:
        after = _offset(at + STEP, rules)
        if after != before:
            yield _first(at, at + STEP, rules, before), after
        at, before = at + STEP, after


def _first(early: datetime, late: datetime, rules: ZoneInfo, before: timedelta) -> datetime:
    """The second at which the offset is no longer `before`."""
    while late - early > SECOND:
        middle = early + (late - early) // 2
        if _offset(middle, rules) == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def _offset(moment: datetime, rules: ZoneInfo) -> timedelta:
    offset = moment.astimezone(rules).utcoffset()
    assert offset is not None, "a zone has an offset at every moment"
    return offset
