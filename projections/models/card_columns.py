"""Columns of a package card that are computed of the others, and what a card says of itself."""

from datetime import date, datetime
from functools import lru_cache

from domain.moments import local_day
from domain.package.expiry import Expiry
from domain.package.state import Status, payment_status, status
from domain.zone_rules import mark
from projections.engine.definition import Row

COUNTS = (
    "granted",
    "total",
    "used",
    "held",
    "remaining",
    "used_before",
    "redeemed",
    "forfeited",
    "corrected",
    "transferred",
    "lapsed",
)
"""Counts of units, of a line and of the whole package. total = used + remaining;
used = used_before + redeemed + forfeited + corrected."""


UNREMINDED = 1_000
"""More than any lead time: there was no reminder of the last valid day."""


def summed(card: Row) -> Row:
    """A card like this one, with its computed columns."""
    return sum_up({**card, "lines": [dict(line) for line in card["lines"]]})


def sum_up(card: Row) -> Row:
    """Compute the columns of this card that follow from others: sums of units, end of validity and freeze, `state`,
    `payment`, `owing`."""
    lines = card["lines"]
    for line in lines:
        line["used"] = line["used_before"] + line["redeemed"] + line["forfeited"] + line["corrected"]
        line["total"] = line["used"] + line["remaining"]
    first, *others = lines
    for count in COUNTS:  # nearly every package has one line
        card[count] = first[count] + sum([line[count] for line in others]) if others else first[count]
    card["rules"] = mark(card["time_zone"])
    expires_on, frozen_on, frozen_until = card["expires_on"], card["frozen_on"], card["frozen_until"]
    valid_until, thaws_at, last = _moments(expires_on, card["time_zone"], frozen_on, frozen_until)
    card["valid_until"] = valid_until
    card["thaws_at"] = thaws_at
    card["thawed_expires_on"] = None if frozen_until is None else last
    card["state"] = "cancelled" if card["cancelled"] else "open" if card["remaining"] else "used_up"
    card |= _for_the_clock(card, last)
    card["payment"] = payment_status(card["price"], card["covered"] + card["paid"])
    card["owing"] = owed_for(card) > 0
    return card


def _for_the_clock(card: Row, day: str | None) -> Row:
    """What the jobs of the clock look for; `day` is the last valid day once a freeze has run out."""
    if card["state"] != "open" or day is None or card["lapse_recorded"] == day:
        return {"lapses_at": None, "reminded_lead": None}
    lead = card["reminder_lead"] if card["reminder_of"] == day else UNREMINDED
    return {"lapses_at": card["valid_until"], "reminded_lead": 0 if lead is None else lead}


@lru_cache(maxsize=4096)
def _moments(
    expires_on: str | None, zone: str, frozen_on: str | None, frozen_until: str | None
) -> tuple[datetime | None, datetime | None, str | None]:
    """When the validity ends, when a freeze runs out, and the last valid day from then on.

    Cached: they are asked for at every fact, and packages share few different days.
    """
    expiry = _expiry(expires_on, zone, frozen_on, frozen_until)
    return expiry.valid_until, expiry.thaws_at, None if expiry.thawed is None else expiry.thawed.isoformat()


def expiry_of(card: Row) -> Expiry:
    return _expiry(card["expires_on"], card["time_zone"], card["frozen_on"], card["frozen_until"])


@lru_cache(maxsize=4096)
def _expiry(expires_on: str | None, zone: str, frozen_on: str | None, frozen_until: str | None) -> Expiry:
    return Expiry(_day(expires_on), zone, _day(frozen_on), _day(frozen_until))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def card_status(card: Row, moment: datetime) -> Status:
    return status(card["cancelled"], card["remaining"], expiry_of(card).has_passed(moment))


def last_day(card: Row, moment: datetime) -> date | None:
    """The last valid day as it stands at a moment, in the package's zone; None: it never expires."""
    return expiry_of(card).on(local_day(moment, card["time_zone"]))


def owed_for(card: Row) -> int:
    """What is still to be paid for it, in minor units; nothing for a cancelled package."""
    return 0 if card["cancelled"] else still_owed(card["price"], card["covered"], card["paid"])


def still_owed(price: int, covered: int, paid: int) -> int:
    return max(0, price - covered - paid)


def is_inconsistent(card: Row) -> bool:
    """Whether facts, folded in the order of business time, bring a line below zero."""
    return any(line["remaining"] < 0 for line in card["lines"])
