"""Pauses move the end of a period; an end comes with the period or at once, and can be taken back until then."""

from datetime import date
from typing import Any

from domain.membership.commands import EndMembership, PauseMembership, ResumeMembership
from domain.membership.state import Membership, period_package
from domain.package.commands import RedeemUnits
from domain.refusals import Invalid, NotEligible, PackageIsFrozen
from tests.domain.membership.club import NAMED, Club
from tests.domain.words import because, moment

ONE = period_package("mem_1", 1)
RESUME = ResumeMembership(membership_id="mem_1")


def pause(until: str) -> PauseMembership:
    return PauseMembership(membership_id="mem_1", until=date.fromisoformat(until), reason=because())


def end(at: Any) -> EndMembership:
    return EndMembership(membership_id="mem_1", at=at, reason=because())


def status(state: Membership, at: str) -> str:
    return state.status(moment(at))


def test_a_pause_freezes_the_package_and_both_ends_move_alike() -> None:
    club = Club().start().when(pause("2026-02-09"), "2026-02-05 12:00")
    assert club.told() == {"mem_1": ["membership.paused"], ONE: ["package.frozen"]}
    use = RedeemUnits(package_id=ONE, redemption_id="red_1", service_id="svc_massage")
    club.when(use, "2026-02-06 12:00").refused(PackageIsFrozen)
    resumed = club.when(RESUME, "2026-02-08 12:00")
    assert resumed.told() == {"mem_1": ["membership.resumed"], ONE: ["package.unfrozen"]}
    assert resumed.state.ends_on == resumed.package(1).expires_on == date(2026, 3, 2)


def test_the_clock_ends_a_pause_and_the_next_command_records_it() -> None:
    club = Club().start().when(pause("2026-02-09"), "2026-02-05 12:00")
    assert (status(club.state, "2026-02-09 23:59"), status(club.state, "2026-02-10 00:00")) == (
        "paused",
        "active",
    )
    renewed = club.renew("2026-03-05 00:00")
    assert [names for id, names in renewed.told().items() if id in ("mem_1", ONE)] == [
        ["package.unfrozen", "package.transferred_out"],
        ["membership.resumed", "membership.renewed"],
    ]
    assert renewed.granted(2).effective_at == moment("2026-03-05 00:00")
    assert renewed.state.counted_from == date(2026, 3, 5), "later periods are counted from there"
    assert club.renew("2026-03-04 23:59").refused(NotEligible)


def test_a_pause_is_refused_where_there_is_nothing_to_pause() -> None:
    began = Club().start()
    began.when(pause("2026-01-30")).refused(Invalid)
    began.when(pause("2027-02-02")).refused(Invalid)
    assert "renewal is due" in began.when(pause("2026-03-09"), "2026-03-01 12:00").refused(NotEligible)
    paused = began.when(pause("2026-02-09"))
    paused.when(pause("2026-02-11")).refused(NotEligible)
    assert paused.when(pause("2026-02-09")).told() == {}
    Club().start(starts_on=date(2026, 3, 1)).when(pause("2026-02-09")).refused(NotEligible)
    assert began.when(RESUME).told() == {}


def test_an_end_with_the_period_leaves_it_good_and_is_taken_back_until_then() -> None:
    club = Club().start().when(end("period_end"))
    assert club.told() == {"mem_1": ["membership.ended"], **NAMED}
    assert club.customer.memberships == ()
    assert (club.state.next_at, club.package(1).remaining) == (None, 4)
    assert (status(club.state, "2026-02-27 23:59"), status(club.state, "2026-02-28 00:00")) == (
        "active",
        "ended",
    )
    club.renew("2026-02-28 00:00").refused(NotEligible)
    club.when(RESUME, "2026-02-28 00:00").refused(NotEligible)
    again = club.when(RESUME, "2026-02-27 12:00")
    assert again.customer.memberships == ("mem_1",)
    assert again.renew("2026-02-28 00:00").state.period == 2
    assert club.when(end("period_end")).told() == {}


def test_a_pause_ends_without_taking_the_end_back() -> None:
    club = Club().start().when(end("period_end")).when(pause("2026-02-03"))
    assert club.when(RESUME, "2026-02-02 12:00").state.ending == "period_end"


def test_an_end_at_once_cancels_the_package() -> None:
    club = Club().start().when(end("now"))
    assert club.told() == {"mem_1": ["membership.ended"], ONE: ["package.cancelled"], **NAMED}
    assert status(club.state, "2026-01-31 12:00") == "ended"
    club.when(RESUME).refused(NotEligible)
    assert club.when(end("now")).told() == {}


def test_an_end_at_once_leaves_what_is_used_up_or_expired() -> None:
    use = RedeemUnits(package_id=ONE, redemption_id="red_1", service_id="svc_massage", quantity=4)
    assert Club().start().when(use).when(end("now")).told() == {"mem_1": ["membership.ended"], **NAMED}
    late = Club().start().when(end("now"), "2026-03-01 12:00")
    assert late.told() == {"mem_1": ["membership.ended"], **NAMED}
    late.renew("2026-03-01 12:00").refused(NotEligible)
    Club().start().when(end("period_end"), "2026-03-01 12:00").refused(NotEligible)


def test_what_has_not_begun_ends_at_once() -> None:
    club = Club().start(starts_on=date(2026, 3, 1)).when(end("period_end"))
    assert (club.state.ending, status(club.state, "2026-02-01 12:00")) == ("now", "ended")
