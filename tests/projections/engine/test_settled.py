"""Only what has grown is looked at, and nothing that has grown is missed."""

import pytest

from projections.engine import settled
from projections.engine.settled import Lookout
from tests.projections.examples import BUSINESS, OTHER, Counted, Installation, record, run_all

FACT = Counted(item="a", change=1)


def lookout(here: Installation) -> Lookout:
    return Lookout(here.store, here.views, list(here.views.projections.values()), doubtful_max=0)


def test_those_behind_are_seen_until_they_are_at_their_head(here: Installation) -> None:
    record(here.store, FACT)
    record(here.store, FACT, business_id=OTHER)
    looking = lookout(here)
    assert looking.look().behind == {BUSINESS: 1, OTHER: 1}
    assert looking.look().behind == {BUSINESS: 1, OTHER: 1}, "nothing has grown, and they are still behind"
    run_all(here)
    assert looking.look().behind == {}
    record(here.store, FACT, FACT, business_id=OTHER)
    assert looking.look().behind == {OTHER: 2}
    record(here.store, FACT, business_id="biz_3")
    assert looking.look().behind == {OTHER: 2, "biz_3": 1}
    assert looking.look().heads == {BUSINESS: 1, OTHER: 3, "biz_3": 1}


def test_all_heads_are_looked_at_now_and_then(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "WHOLE_LOOK_S", 0.0)
    record(here.store, FACT)
    looking = lookout(here)
    looking.look()
    record(here.store, FACT, business_id=OTHER)
    assert looking.look().heads == dict(here.store.heads())


def test_what_is_to_be_looked_up_again_is_behind_until_it_was(here: Installation) -> None:
    record(here.store, FACT)
    run_all(here)
    looking = lookout(here)
    assert looking.look().behind == {}
    looking.live.forget([BUSINESS])
    assert looking.look().behind == {}
    looking.live.forget()
    record(here.store, FACT)
    assert looking.look().behind == {BUSINESS: 1}
