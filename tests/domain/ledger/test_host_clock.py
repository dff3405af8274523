"""Hosts whose clocks differ: what one has recorded is not in the future for the other."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from domain.ledger.carnet import Carnet
from domain.ledger.errors import ClockSkew
from domain.ledger.host_clock import APART, HostClock
from domain.ledger.orders import Done
from domain.ledger.postgres.connections import our_errors
from domain.moments import MILLISECOND, to_milliseconds
from domain.package.commands import RedeemUnits, SetExpiry
from domain.values import Value
from tests.domain.ledger.salon import Process, opened

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EVENING = datetime(2026, 10, 3, 21, 59, 59, 500_000, tzinfo=UTC)
"""Half a second before midnight in Budapest."""


@dataclass
class SetClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Hosts:
    """Two hosts that serve one database, each by its own clock and with its own memory."""

    ahead: Carnet
    behind: Carnet
    clock_ahead: SetClock
    clock_behind: SetClock

    def apart(self, by: timedelta, since: datetime = NOON) -> None:
        self.clock_behind.now, self.clock_ahead.now = since, since + by


@pytest.fixture(params=["sqlite", "postgres"])
def hosts(request: pytest.FixtureRequest) -> Iterator[Hosts]:
    database: str = (
        f"sqlite:///{request.getfixturevalue('ledger_file')}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    clocks = SetClock(), SetClock()
    with ExitStack() as open_:
        ahead, behind = (open_.enter_context(closing(Carnet(database, clock=clock))) for clock in clocks)
        yield Hosts(ahead, behind, *clocks)


def ask(process: Process, command: Value, key: str) -> object:
    return process.ask(command, key)


def test_what_one_host_sold_another_takes_a_second_earlier(hosts: Hosts) -> None:
    hosts.apart(SECOND)
    opened(hosts.ahead, 10)
    other = Process(hosts.behind)

    done = [other.redeem("1"), ask(other, SetExpiry(package_id="pkg_1", expires_on=date(2027, 1, 1)), "e")]
    assert all(isinstance(each, Done) for each in done)
    facts = other.ledger.stream("pkg_1")
    assert [fact.recorded_at for fact in facts] == [hosts.clock_ahead.now] * 3
    assert {getattr(fact.fact, "effective_at", hosts.clock_ahead.now) for fact in facts} == {
        hosts.clock_ahead.now
    }


def test_a_day_that_has_ended_for_the_ledger_has_ended_for_every_host(hosts: Hosts) -> None:
    """A host on the other side of midnight does not sell yesterday what another has sold today."""
    hosts.apart(SECOND, since=EVENING)
    opened(hosts.ahead, 10)
    other = Process(hosts.behind)
    other.redeem("1")

    moments = {fact.recorded_at for fact in other.ledger.stream("pkg_1")}
    assert moments == {EVENING + SECOND}


def test_a_clock_put_back_by_a_moment_changes_nothing(hosts: Hosts) -> None:
    hosts.apart(APART)
    desk = opened(hosts.ahead, 10)
    hosts.clock_ahead.now = NOON
    assert isinstance(desk.redeem("cached"), Done)
    assert isinstance(Process(hosts.behind).redeem("read"), Done)


def test_further_apart_nothing_is_decided_and_what_was_done_is_still_answered(hosts: Hosts) -> None:
    hosts.apart(timedelta())
    desk, other = opened(hosts.ahead, 10), Process(hosts.behind)
    first = desk.redeem("1")
    hosts.apart(APART + MILLISECOND)
    second = desk.redeem("2")
    head = desk.ledger.recorder.head()

    for ask_again in (other.redeem, other.redeem_grouped):
        with pytest.raises(ClockSkew):
            ask_again("3")
        again = ask_again("1")
        assert isinstance(again, Done)
        assert isinstance(first, Done)
        assert (again.body, again.first, again.replayed) == (first.body, first.first, True)
    with pytest.raises(ClockSkew):
        other.ledger.preview(
            other.order(RedeemUnits(package_id="pkg_1", redemption_id="red_p", service_id="svc_1"), "p")
        )
    with pytest.raises(ClockSkew):
        hosts.behind.host_clock.check()
    assert isinstance(second, Done)
    assert other.ledger.recorder.head() == head

    hosts.clock_behind.now += MILLISECOND
    assert isinstance(other.redeem("3"), Done)
    hosts.behind.host_clock.check()


def test_one_ledger_that_is_ahead_keeps_no_other_waiting(hosts: Hosts) -> None:
    hosts.apart(timedelta(days=1))
    opened(hosts.ahead, 10)
    hosts.clock_ahead.now = NOON
    opened(hosts.ahead, 10, "biz_other")
    here, other = Process(hosts.behind), Process(hosts.behind, "biz_other")
    for name in ("read", "cached"):
        with pytest.raises(ClockSkew):
            here.redeem_grouped(name)
        assert isinstance(other.redeem_grouped(name), Done)


def test_after_a_clock_that_ran_ahead_an_operator_may_let_the_ledger_stand_still() -> None:
    clock = SetClock(NOON + timedelta(days=1))
    with closing(Carnet("memory://", clock=clock, clocks_apart=timedelta(days=2))) as carnet:
        desk = opened(carnet, 10)
        clock.now = NOON
        done = desk.redeem("1")
        assert isinstance(done, Done)
        assert done.recorded_at == NOON + timedelta(days=1)


def test_a_moment_is_in_whole_milliseconds_and_never_goes_back() -> None:
    clock = SetClock(NOON + timedelta(microseconds=1_999))
    host = HostClock(clock)
    assert host.moment("biz_1") == NOON + MILLISECOND
    assert host.moment("biz_1", to_milliseconds(NOON + SECOND)) == NOON + SECOND
    clock.now = NOON
    assert host.moment("biz_1") == NOON + SECOND
    assert host.moment("biz_2") == NOON


def test_the_database_does_not_believe_a_host_that_is_far_ahead(postgres_url: str) -> None:
    """Up to five minutes its moment counts, so that nothing is recorded before the moment it was decided for."""
    sql = (
        "SELECT moment_for(NULL, given), given FROM"
        " (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + %s AS given) AS host"
    )
    with psycopg.connect(postgres_url, options="-c search_path=carnet") as connection:
        for ahead_ms, counts in ((-60_000, False), (200_000, True)):
            row = connection.execute(sql, [ahead_ms]).fetchone()
            assert row is not None
            assert row[0] == (row[1] if counts else None)
        with pytest.raises(ClockSkew, match="ahead of the database's"), our_errors():
            connection.execute(sql, [400_000])
