"""A package as it was: at every version, and as the books knew it at every moment."""

from datetime import timedelta

import pytest

from domain.ledger.mapper import all_recorded
from domain.package.commands import RestoreUnits
from domain.refusals import NotFound
from projections.models.packages import card_of
from replay.as_of import Past
from replay.package import history_of
from replay.timeline import as_of, package_at
from tests.replay.conftest import FIRST, ZONE, Lived, World


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
    past = as_of(FIRST + timedelta(days=13), ZONE)
    before = package_at(recorder, "pkg_used", world.now, past)

    world.on(50).use("used", "much_later")

    assert package_at(recorder, "pkg_used", world.now, past) == before


def test_what_was_recorded_at_a_moment_is_not_known_before_it(lived: Lived) -> None:
    recorder, now = lived.world.ledger.recorder, lived.world.now
    facts = list(all_recorded(recorder.stream("pkg_back")))
    reinstated = facts[-1].recorded_at

    before = package_at(recorder, "pkg_back", now, as_of(reinstated, ZONE))
    after = package_at(recorder, "pkg_back", now, as_of(reinstated + timedelta(milliseconds=1), ZONE))

    assert (before.card["cancelled"], after.card["cancelled"]) == (True, False)
    assert after.version == before.version + 1


@pytest.mark.parametrize("past", [Past(at_version=99), as_of(FIRST - timedelta(days=1), ZONE)])
def test_there_is_nothing_before_the_sale_nor_beyond_the_last_fact(lived: Lived, past: Past) -> None:
    with pytest.raises(NotFound):
        package_at(lived.world.ledger.recorder, "pkg_used", lived.world.now, past)


@pytest.mark.parametrize("id", ["pkg_nope", "cus_ann", "svc_1"])
def test_what_is_no_package_has_no_timeline(lived: Lived, id: str) -> None:
    with pytest.raises(NotFound):
        package_at(lived.world.ledger.recorder, id, lived.world.now)
