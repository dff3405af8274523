"""The clock may tick in two places at once; what fails in one place leaves the rest alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, cast

import pytest

from api.http.serving import Serving
from api.server.clock import jobs
from api.server.clock.jobs import EXPIRIES, JOBS, REMINDERS, Job
from api.server.clock.tick import LastTurns, Ticked, tick
from api.server.clock.turn import Ask
from domain.business.facts import FIRST_POLICIES
from domain.ledger.carnet import Carnet
from projections.engine.freshness import FreshReads
from projections.engine.runner import Runner
from projections.queries.due import DueKey, DuePage
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

PACKAGES = 12


def reads(desk: Desk) -> FreshReads:
    frame: Serving = cast(Any, desk.client).app.state["frame"]
    return FreshReads(desk.carnet.store, frame.views, Runner(desk.carnet.store, frame.views), patience_s=None)


def sold(desk: Desk, packages: int = PACKAGES) -> list[str]:
    offer, anna = desk.offer(desk.service(), quantity=2), desk.customer()
    return [desk.sell(anna, offer, expires_on=desk.today(days=3))["id"] for _ in range(packages)]


def named(desk: Desk, package: str, name: str) -> list[Any]:
    return [fact for fact in desk.get(f"/v1/packages/{package}/facts")["data"] if fact["name"] == name]


@pytest.mark.parametrize("days", [0, 5], ids=["reminders", "expiries"])
def test_two_clocks_at_once_record_everything_once(either_desk: Desk, days: int) -> None:
    desk, here = either_desk, Barrier(2)
    packages = sold(desk)
    desk.clock.forward(days=days)
    fresh = reads(desk)
    fresh.fresh(desk.business_id, EXPIRIES.reads)
    # Each process has caches and connections of its own.
    places = [desk.carnet, Carnet(desk.carnet.env["CARNET_DATABASE"], clock=desk.clock)]

    def ticks(carnet: Carnet) -> list[Ticked]:
        here.wait()
        return list(tick(carnet, fresh, [desk.business_id]))

    with ThreadPoolExecutor(2) as threads:
        done = [each for ticked in threads.map(ticks, places) for each in ticked]
    places[1].close()

    assert not [each for each in done if each.error]
    name = "package.expired" if days else "package.reminder_due"
    assert sum(each.recorded for each in done) == PACKAGES
    assert [len(named(desk, package, name)) for package in packages] == [1] * PACKAGES
    assert not any(desk.tick().values())


def test_a_clock_that_reads_an_old_table_finds_nothing_due_in_the_ledger(either_desk: Desk) -> None:
    """The candidate was found before the other clock, or the desk, recorded something."""
    desk = either_desk
    (package,) = sold(desk, packages=1)
    desk.clock.forward(days=5)
    with reads(desk).snapshot(desk.business_id, EXPIRIES.reads) as snapshot:
        ask = Ask(snapshot, desk.business_id, FIRST_POLICIES, desk.clock())
        page = EXPIRIES.find(ask, None)
    desk.do(f"/v1/packages/{package}/reinstatement", {"expires_on": desk.today(days=9), "reason": "Was ill"})
    stale = Job("expiries", EXPIRIES.reads, lambda _, after: page, EXPIRIES.use_case, EXPIRIES.command)
    head = desk.head
    (done,) = tick(desk.carnet, reads(desk), [desk.business_id], jobs=[stale])
    assert (done.recorded, done.error, desk.head) == (0, None, head)


def test_a_page_goes_on_where_the_one_before_ended(
    either_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = either_desk
    sold(desk)
    monkeypatch.setattr(jobs, "PAGE", 5)
    assert desk.tick() == {"renewals": 0, "expiries": 0, "reminders": PACKAGES}
    desk.clock.forward(days=5)
    assert desk.tick() == {"renewals": 0, "expiries": PACKAGES, "reminders": 0}


def test_a_job_that_fails_says_so_and_stops_no_other(desk: Desk) -> None:
    def fails(ask: Ask, after: DueKey | None) -> DuePage:
        raise OSError("the disk is full")

    broken = Job("broken", REMINDERS.reads, fails, REMINDERS.use_case, REMINDERS.command)
    sold(desk)
    businesses = ["biz_unknown", desk.business_id]
    done = list(tick(desk.carnet, reads(desk), businesses, jobs=(broken, *JOBS)))
    mine = {each.job: (each.recorded, each.error) for each in done if each.business_id == desk.business_id}
    assert mine["reminders"] == (PACKAGES, None)
    assert "the disk is full" in str(mine["broken"][1])
    assert all(each.error for each in done if each.business_id == "biz_unknown")


def test_one_business_is_left_alone_by_the_clock_of_another(desk: Desk) -> None:
    package = sold(desk, packages=1)[0]
    assert not list(tick(desk.carnet, reads(desk), []))
    assert not named(desk, package, "package.reminder_due")


def test_a_job_that_need_not_run_each_tick_waits_for_its_time(desk: Desk) -> None:
    last: LastTurns = {}

    def jobs_of_a_tick() -> set[str]:
        return {each.job for each in tick(desk.carnet, reads(desk), [desk.business_id], last=last)}

    assert jobs_of_a_tick() == {job.name for job in JOBS}
    assert jobs_of_a_tick() == {job.name for job in JOBS if job.every is None}
    desk.clock.forward(hours=1)
    assert jobs_of_a_tick() == {job.name for job in JOBS}
