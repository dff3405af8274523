"""A package as it was: at every version, and as the books knew it at every moment."""

from datetime import datetime, timedelta

import pytest

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import all_recorded
from domain.moments import MILLISECOND
from domain.package.commands import RestoreUnits
from projections.models.card_columns import card_status
from projections.models.packages import card_of
from replay.as_of import PRESENT, Past, asked
from replay.package import PackageThen, history_of
from replay.timeline import package_as_it_was
from tests.replay.conftest import FIRST, ZONE, Lived, World


def package_at(recorder: LedgerRecorder, id: str, now: datetime, past: Past = PRESENT) -> PackageThen:
    """A package that there was."""
    then = package_as_it_was(recorder, id, now, past)
    assert then is not None
    return then


def test_the_state_at_a_version_is_the_fold_of_so_many_facts(lived: Lived) -> None:
    recorder = lived.world.ledger.recorder
    facts = list(all_recorded(recorder.stream("pkg_used")))
    assert len(facts) > 5

    for version in range(1, len(facts) + 1):
        then = package_at(recorder, "pkg_used", lived.world.now, Past(at_version=version))

        assert then.card == card_of(facts[:version])
        assert then.history == history_of(facts[:version])
        assert (then.version, then.position) == (version, facts[version - 1].position)
        assert then.moment == facts[version - 1].recorded_at


def test_a_restoration_tells_of_the_use_that_it_gave_back(world: World) -> None:
    world.sell("kept", "ann", 3, 3_000, None)
    world.use("kept", "other")
    world.use("kept", "twice", 2)
    world.do(RestoreUnits(redemption_id="red_twice", quantity=1, reason=world.because()))

    *_, use, restoration = package_at(world.ledger.recorder, "pkg_kept", world.now).history

    told = ("service_id", "participant_id", "redemption_id", "allocation")
    assert [restoration[name] for name in told] == [use[name] for name in told]
    assert (restoration["kind"], restoration["service_id"]) == ("restoration", "svc_1")


def test_the_past_stays_what_it_was_when_more_is_recorded(lived: Lived) -> None:
    recorder, world = lived.world.ledger.recorder, lived.world
    past = asked(ZONE, as_of=FIRST + timedelta(days=13))
    before = package_at(recorder, "pkg_used", world.now, past)

    world.on(50).use("used", "much_later")

    assert package_at(recorder, "pkg_used", world.now, past) == before


def test_what_was_recorded_at_a_moment_is_not_known_before_it(lived: Lived) -> None:
    recorder, now = lived.world.ledger.recorder, lived.world.now
    facts = list(all_recorded(recorder.stream("pkg_back")))
    reinstated = facts[-1].recorded_at

    before = package_at(recorder, "pkg_back", now, asked(ZONE, as_of=reinstated))
    after = package_at(recorder, "pkg_back", now, asked(ZONE, as_of=reinstated + MILLISECOND))

    assert (before.card["cancelled"], after.card["cancelled"]) == (True, False)
    assert after.version == before.version + 1


@pytest.mark.parametrize("past", [Past(at_version=99), asked(ZONE, as_of=FIRST - timedelta(days=1))])
def test_there_is_nothing_before_the_sale_nor_beyond_the_last_fact(lived: Lived, past: Past) -> None:
    assert package_as_it_was(lived.world.ledger.recorder, "pkg_used", lived.world.now, past) is None


@pytest.mark.parametrize("id", ["pkg_nope", "cus_ann", "svc_1"])
def test_what_is_no_package_has_no_timeline(lived: Lived, id: str) -> None:
    assert package_as_it_was(lived.world.ledger.recorder, id, lived.world.now) is None


def test_a_date_means_the_end_of_that_day_and_the_last_valid_day_is_still_valid(world: World) -> None:
    world.sell("short", "ann", 3, 3_000, FIRST + timedelta(days=2))
    world.on(10)

    days = (FIRST + timedelta(days=2), FIRST + timedelta(days=3))
    for questions in (
        [asked(ZONE, as_of=on) for on in days],
        [asked(ZONE, effective_as_of=on) for on in days],
    ):
        told = [package_at(world.ledger.recorder, "pkg_short", world.now, past) for past in questions]
        assert [card_status(then.card, then.moment) for then in told] == ["active", "expired"]
