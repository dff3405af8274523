"""How long a package lasts: its status, changing and removing its expiry, reinstating, freezing."""

from typing import Any

import pytest

from domain.calendar_rules import ExpiryAfterFirstUse
from domain.moments import LAST_DAY
from domain.package.commands import (
    AddNote,
    CancelPackage,
    CorrectLine,
    FreezePackage,
    ReinstatePackage,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    NoteAdded,
    PackageFrozen,
    PackageReinstated,
    PackageUnfrozen,
    ValidityStarted,
)
from domain.package.state import payment_status, status
from domain.refusals import Invalid, NotExpired, PackageHasExpired, PackageIsCancelled, PackageIsFrozen
from tests.domain.given import given
from tests.domain.words import (
    NOW,
    because,
    cancelled,
    corrected,
    day,
    froze,
    moment,
    of_line,
    redeem,
    sold,
    used,
)


def expire(on: str | None, reason: Any = None) -> SetExpiry:
    return SetExpiry(package_id="pkg_1", expires_on=day(on) if on else None, reason=reason)


def reinstate(on: str) -> ReinstatePackage:
    return ReinstatePackage(package_id="pkg_1", expires_on=day(on), reason=because())


def freeze(until: str) -> FreezePackage:
    return FreezePackage(package_id="pkg_1", until=day(until), reason=because())


UNFREEZE = UnfreezePackage(package_id="pkg_1")

# Status


@pytest.mark.covers("S4", "S11", "S12", "S13", "S14")
@pytest.mark.parametrize(
    ("is_cancelled", "remaining", "is_expired", "expected"),
    [
        (False, 1, False, "active"),
        (False, 1, True, "expired"),
        (False, 0, False, "fully_used"),
        (False, 0, True, "fully_used"),
        (True, 1, False, "cancelled"),
        (True, 0, True, "cancelled"),
    ],
)
def test_cancelled_goes_before_fully_used_before_expired_before_active(
    is_cancelled: bool, remaining: int, is_expired: bool, expected: str
) -> None:
    assert status(is_cancelled, remaining, is_expired) == expected


@pytest.mark.covers("S5", "S30")
@pytest.mark.parametrize(
    ("price", "has_paid", "expected"),
    [
        (100, 0, "unpaid"),
        (100, 1, "partial"),
        (100, 99, "partial"),
        (100, 100, "paid"),
        (100, 120, "paid"),
        (0, 0, "paid"),
    ],
)
def test_the_payment_status_is_derived(price: int, has_paid: int, expected: str) -> None:
    assert payment_status(price, has_paid) == expected


@pytest.mark.covers("S12")
def test_expiry_moves_no_unit() -> None:
    package = given(sold(units=3, expires_on="2026-10-05")).states["pkg_1"]
    assert package.status(moment("2026-10-05 23:59:59.999")) == "active"
    assert package.status(moment("2026-10-06 00:00")) == "expired"
    assert package.remaining == 3


# Changing and removing the expiry


@pytest.mark.covers("S17")
def test_a_new_last_day_is_a_fact_with_the_one_before() -> None:
    reason = because("broke her arm")
    given(sold(expires_on="2026-10-31")).when(expire("2026-12-31", reason)).then(
        ExpiryChanged(
            effective_at=moment(NOW),
            expires_on=day("2026-12-31"),
            previous=day("2026-10-31"),
            reason=reason.ref,
        )
    )


@pytest.mark.covers("S17")
def test_a_package_without_an_expiry_may_get_one() -> None:
    outcome = given(sold()).when(expire("2026-12-31"))
    outcome.then(ExpiryChanged(effective_at=moment(NOW), expires_on=day("2026-12-31")))
    assert outcome.package.expiry.has_passed(moment("2027-01-01 00:00"))


@pytest.mark.covers("S18")
def test_removing_the_expiry_makes_a_package_never_expire() -> None:
    outcome = given(sold(expires_on="2026-10-31")).when(expire(None))
    outcome.then(ExpiryRemoved(effective_at=moment(NOW), previous=day("2026-10-31")))
    assert outcome.package.status(moment("2199-01-01 00:00")) == "active"


@pytest.mark.parametrize("on", [None, "2026-10-31"])
def test_the_same_expiry_again_is_no_fact(on: str | None) -> None:
    given(sold(expires_on=on)).when(expire(on)).then_nothing()


def test_an_expiry_may_be_cut_short_to_the_day_of_the_purchase() -> None:
    outcome = given(sold(expires_on="2026-10-31")).when(expire("2026-10-01"))
    assert outcome.package.status(moment(NOW)) == "expired"
    given(sold(expires_on="2026-10-31")).when(expire("2026-09-30")).refused_naming(
        Invalid, pointer="/expires_on", problem="before-purchase"
    )


@pytest.mark.covers("S39")
def test_changing_the_expiry_does_not_bring_an_expired_package_back() -> None:
    given(sold(expires_on="2026-10-02")).when(expire("2026-12-31")).refused(
        PackageHasExpired, expires_on=day("2026-10-02")
    )


def test_a_cancelled_package_has_no_expiry_to_change() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(expire("2026-12-31")).refused(PackageIsCancelled)


def test_an_expiry_set_before_the_first_use_stays() -> None:
    outcome = given(sold(validity=ExpiryAfterFirstUse(count=1, unit="days"))).when(expire(None))
    outcome.then_nothing()
    outcome = outcome.and_when(expire("2027-01-01")).and_when(redeem())
    assert outcome.package.expires_on == day("2027-01-01")


# Reinstating


@pytest.mark.covers("S39")
def test_an_expired_package_comes_back_with_a_new_last_day() -> None:
    outcome = given(sold(units=3, expires_on="2026-10-02"), used(1, remaining=2, at="2026-10-01 12:00")).when(
        reinstate("2026-10-31")
    )
    outcome.then(
        PackageReinstated(
            effective_at=moment(NOW),
            expires_on=day("2026-10-31"),
            previous=day("2026-10-02"),
            revived=(of_line(1, 2, 3),),
            reason=because().ref,
        )
    )
    assert outcome.package.status(moment(NOW)) == "active"
    assert outcome.package.remaining == 2


@pytest.mark.covers("S39")
def test_a_cancelled_package_comes_back_with_the_units_that_lapsed() -> None:
    outcome = given(sold(units=3), used(1, remaining=2), cancelled(of_line(1, 2, 3))).when(
        reinstate("2026-10-31")
    )
    outcome.then(
        PackageReinstated(
            effective_at=moment(NOW),
            expires_on=day("2026-10-31"),
            returned=(of_line(1, 2, 3),),
            reason=because().ref,
        )
    )
    assert outcome.package.status(moment(NOW)) == "active"


def test_the_new_last_day_is_not_past() -> None:
    world = given(sold(expires_on="2026-10-01"))
    assert world.when(reinstate("2026-10-03")).facts
    world.when(reinstate("2026-10-02")).refused_naming(Invalid, pointer="/expires_on", problem="in-the-past")


@pytest.mark.parametrize("remaining", [1, 0])
def test_only_what_expired_or_was_cancelled_is_reinstated(remaining: int) -> None:
    uses = [] if remaining else [used(1, remaining=0)]
    given(sold(units=1), *uses).when(reinstate("2026-10-31")).refused(
        NotExpired, package_status="active" if remaining else "fully_used"
    )


def test_an_expiry_that_was_reinstated_is_not_overruled_by_a_first_use() -> None:
    rule = ExpiryAfterFirstUse(count=1, unit="years")
    outcome = (
        given(sold(validity=rule))
        .when(expire("2026-10-02"))
        .and_when(reinstate("2026-12-24"))
        .and_when(redeem())
    )
    assert outcome.facts["pkg_1"][0] == ValidityStarted(
        effective_at=moment(NOW), started_on=day("2026-10-03"), expires_on=day("2026-12-24")
    )


def test_a_cancelled_package_that_waited_for_its_first_use_comes_back_with_its_new_last_day() -> None:
    rule = ExpiryAfterFirstUse(count=1, unit="years")
    outcome = (
        given(sold(units=1, validity=rule), cancelled(of_line(1, 1)))
        .when(reinstate("2026-12-24"))
        .and_when(redeem())
    )
    assert outcome.package.expires_on == day("2026-12-24")


# Freezing


def test_a_freeze_says_its_days_and_why() -> None:
    outcome = given(sold(expires_on="2026-10-31")).when(freeze("2026-10-20"))
    outcome.then(
        PackageFrozen(
            effective_at=moment(NOW),
            frozen_on=day("2026-10-03"),
            until=day("2026-10-20"),
            reason=because().ref,
        )
    )
    assert outcome.package.status(moment(NOW)) == "active"
    assert outcome.package.expires_on == day("2026-10-31")


@pytest.mark.parametrize(
    ("at", "days", "expires_on"),
    [
        ("2026-10-03 23:59", 0, "2026-10-31"),
        ("2026-10-04 00:00", 1, "2026-11-01"),
        ("2026-10-13 09:00", 10, "2026-11-10"),
        ("2026-10-20 23:59", 17, "2026-11-17"),
    ],
)
def test_unfreezing_moves_the_expiry_by_the_days_frozen(at: str, days: int, expires_on: str) -> None:
    given(sold(expires_on="2026-10-31"), froze("2026-10-20")).when(UNFREEZE, at).then(
        PackageUnfrozen(effective_at=moment(at), days=days, expires_on=day(expires_on))
    )


def test_a_freeze_ends_by_the_clock_with_its_last_day() -> None:
    package = given(sold(expires_on="2026-10-05"), froze("2026-10-20")).states["pkg_1"]
    assert package.status(moment("2026-10-20 23:59")) == "active"
    assert package.expiry.on(day("2026-10-20")) == day("2026-10-05")
    assert package.expiry.on(day("2026-10-21")) == day("2026-10-23")
    assert package.status(moment("2026-10-23 23:59")) == "active"
    assert package.status(moment("2026-10-24 00:00")) == "expired"


def test_unfreezing_what_the_clock_unfroze_records_just_that() -> None:
    outcome = given(sold(expires_on="2026-10-05"), froze("2026-10-20")).when(UNFREEZE, "2026-11-01 09:00")
    outcome.then(
        PackageUnfrozen(effective_at=moment("2026-10-21 00:00"), days=18, expires_on=day("2026-10-23"))
    )
    outcome.and_when(UNFREEZE, "2026-11-01 09:00").then_nothing()


@pytest.mark.parametrize("at", ["2026-10-20 23:59", "2026-10-21 00:00"])
def test_the_expiry_is_the_same_whether_the_clock_or_the_next_command_ends_the_freeze(at: str) -> None:
    world = given(sold(expires_on="2026-10-05"), froze("2026-10-20"))
    note = AddNote(package_id="pkg_1", note=because("hello"))
    before = world.states["pkg_1"].expiry.on(day("2026-11-01"))
    after = world.when(note, at).package.expiry.on(day("2026-11-01"))
    assert before == after == day("2026-10-23")


def test_any_later_fact_records_the_end_of_the_freeze_first() -> None:
    note = because("hello")
    given(sold(expires_on="2026-10-31"), froze("2026-10-05")).when(
        AddNote(package_id="pkg_1", note=note), "2026-10-09 09:00"
    ).then(
        PackageUnfrozen(effective_at=moment("2026-10-06 00:00"), days=3, expires_on=day("2026-11-03")),
        NoteAdded(effective_at=moment("2026-10-09 09:00"), note=note.ref),
    )


def test_a_new_freeze_follows_one_that_has_ended() -> None:
    outcome = given(sold(expires_on="2026-10-31"), froze("2026-10-05")).when(
        freeze("2026-10-15"), "2026-10-10 09:00"
    )
    assert [type(fact) for fact in outcome.facts["pkg_1"]] == [PackageUnfrozen, PackageFrozen]
    assert outcome.package.expiry.on(day("2026-12-01")) == day("2026-11-09")


def test_a_package_without_expiry_is_frozen_and_unfrozen_without_one() -> None:
    outcome = given(sold(), froze("2026-10-20")).when(UNFREEZE, "2026-10-10 09:00")
    outcome.then(PackageUnfrozen(effective_at=moment("2026-10-10 09:00"), days=7))


def test_an_expiry_moves_no_further_than_the_last_day_of_the_books() -> None:
    outcome = given(sold(expires_on=LAST_DAY), froze("2026-10-20")).when(UNFREEZE, "2026-10-10 09:00")
    assert outcome.package.expires_on == LAST_DAY


def test_the_same_freeze_again_is_no_fact_and_another_must_wait() -> None:
    world = given(sold(), froze("2026-10-20"))
    world.when(freeze("2026-10-20"), "2026-10-05 09:00").then_nothing()
    world.when(freeze("2026-10-25"), "2026-10-05 09:00").refused(
        PackageIsFrozen, frozen_until=day("2026-10-20")
    )


@pytest.mark.parametrize("until", ["2026-10-02", "2027-10-05"])
def test_a_freeze_lasts_from_today_to_at_most_366_days(until: str) -> None:
    assert given(sold()).when(freeze("2026-10-03")).facts
    assert given(sold()).when(freeze("2027-10-04")).facts
    given(sold()).when(freeze(until)).refused_naming(Invalid, pointer="/until", problem="out-of-range")


def test_what_has_ended_is_not_frozen() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(freeze("2026-10-20")).refused(PackageIsCancelled)
    given(sold(expires_on="2026-10-02")).when(freeze("2026-10-20")).refused(
        PackageHasExpired, expires_on=day("2026-10-02")
    )


def test_what_is_not_frozen_is_not_unfrozen() -> None:
    given(sold()).when(UNFREEZE).then_nothing()


def test_an_expiry_cut_short_during_a_freeze_binds_uses_of_before_it() -> None:
    """Frozen on the 3rd, its last day then set to the 1st: a use on the 2nd was after that last day."""
    given(sold(expires_on="2026-10-31"), froze("2026-10-20")).when(
        expire("2026-10-01"), "2026-10-04 09:00"
    ).and_when(redeem(effective_at=moment("2026-10-02 12:00")), "2026-10-05 09:00").refused(
        PackageHasExpired, expires_on=day("2026-10-01")
    )


def test_a_frozen_package_may_be_corrected_cancelled_and_voided() -> None:
    world = given(sold(units=2), froze("2026-10-20", at="2026-10-01 10:00"))
    world.when(CorrectLine(package_id="pkg_1", line=1, change=-1)).then(
        corrected(-1, remaining=1, taken=(1,))
    )
    assert world.when(CancelPackage(package_id="pkg_1", reason=because())).facts
    assert world.when(VoidPackage(package_id="pkg_1", reason=because()), "2026-10-01 11:00").facts
