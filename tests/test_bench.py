"""The benchmarks run and fill every figure; how fast anything is belongs to no test."""

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from tests.api.pages.chromium.places import PLACES
from tests.bench import cards, filters, latency, load, pages, reads, rebuild, regulars, space, verify
from tests.bench.race import IN_TURN, UNITS, packages_for, uses
from tests.bench.redeem import (
    AS_IT_IS,
    CORE,
    CRUD,
    GROUPED,
    HTTP,
    ONE_BY_ONE,
    SERVED,
    STOCK,
    Plan,
    measure,
    table,
)

SMALLEST = Plan(
    seconds=0.05,
    rounds=1,
    writers=2,
    connections=2,
    businesses=(2,),
    warm_up=0.05,
    fastest=1_000,
    in_turn=10,
)
ENTRANTS = {(CORE, ONE_BY_ONE), (CORE, GROUPED), (CORE, STOCK), (CORE, CRUD), (HTTP, SERVED), (HTTP, CRUD)}


@pytest.mark.parametrize(
    "slower_flush",
    [pytest.param(False, marks=pytest.mark.extended), pytest.param(True, marks=pytest.mark.sweep)],
)
def test_redeem_measures_every_entrant_under_every_condition(slower_flush: bool) -> None:
    report = measure(replace(SMALLEST, slower_flush=slower_flush), lambda step: None)
    disks = {figure.disk for figure in report.figures}
    assert AS_IT_IS in disks
    assert len(disks) + len(report.skipped) == 1 + slower_flush
    measured = {(f.disk, f.businesses, f.door, f.entrant) for f in report.figures}
    assert measured == {(disk, n, *e) for disk in disks for n in SMALLEST.businesses for e in ENTRANTS}
    assert all(rate > 0 for figure in report.figures for rate in figure.rounds)
    # Two of ours beside two rivals in the process, one beside one over HTTP.
    ratios = report.to_json()["ratios"]
    assert len(ratios) == len(disks) * len(SMALLEST.businesses) * (2 * 2 + 1)
    assert all(math.isfinite(ratio["ratio"]) for ratio in ratios)
    shown = table(report)
    assert all(figure.entrant in shown and figure.disk in shown for figure in report.figures)


@pytest.mark.parametrize("writers", [1, 2, 8, 32])
def test_every_unit_is_used_once_and_no_package_by_two_writers(writers: int) -> None:
    packages = list(range(packages_for(10_000, writers)))
    queues = uses(packages, writers)
    assert sum(map(len, queues)) >= 10_000
    assert {len(queue) for queue in queues} == {len(queues[0])}
    assert Counter(package for queue in queues for package in queue) == dict.fromkeys(packages, UNITS)
    assert sum(len(set(queue)) for queue in queues) == len(packages)


def test_packages_are_used_in_turn() -> None:
    (queue,) = uses(list(range(packages_for(1, 1))), 1)
    assert queue[:IN_TURN] == queue[IN_TURN : 2 * IN_TURN] == list(range(IN_TURN))


@pytest.mark.extended
def test_pages_measures_every_page_on_both_databases() -> None:
    report = pages.measure(pages.Plan(customers=100, facts=1_000, pages=1, warm=0), lambda step: None)
    measured = Counter(figure.database for figure in report.figures)
    assert measured["SQLite"] == measured["PostgreSQL"] > 0
    assert measured.total() + len(report.left_out) == 2 * len(PLACES)
    assert all(0 < figure.p50 <= figure.p99 and figure.bytes for figure in report.figures)
    shown = pages.table(report)
    assert all(str(place) in shown for place in PLACES)


@pytest.mark.parametrize("database", ["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.sweep)])
def test_books_that_are_kept_are_used_again(database: str, tmp_path: Path) -> None:
    # PostgreSQL's server has a user of its own, who may not pass through the folders of a test.
    folder = tmp_path if database == "SQLite" else Path(mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    plan = pages.Plan(
        customers=100, facts=600, pages=1, databases=(database,), books=f"{folder}", only="/sign-in"
    )
    try:
        (first,), (again,) = (pages.measure(plan, lambda step: None).filled for _ in range(2))
    finally:
        rmtree(folder)
    assert "appended" in first
    assert "were there" in again


@pytest.mark.extended
def test_filters_measures_every_question_on_both_databases() -> None:
    plan = filters.Plan(customers=60, facts=600, pages=2)
    report = filters.measure(plan, lambda step: None)
    measured = Counter((figure.database, figure.filters) for figure in report.figures)
    assert set(measured.values()) == {1}
    assert {database for database, _ in measured} == {"SQLite", "PostgreSQL"}
    assert len(measured) >= 2 * 30
    assert all(0 < figure.p50 <= figure.max for figure in report.figures)
    rows = {(figure.database, figure.filters): figure.rows for figure in report.figures}
    for question in {question for _, question in measured}:
        assert rows["SQLite", question] == rows["PostgreSQL", question], question
    assert rows["SQLite", "everybody"] == 50
    assert rows["SQLite", "search: nobody"] == 0
    assert all(figure.filters in filters.table(report) for figure in report.figures)


@pytest.mark.extended
def test_cards_measures_both_sizes() -> None:
    report = cards.measure(cards.Plan(packages=2, rounds=1), lambda step: None)
    assert [row.units for row in report.rows] == [10, 5_000]
    assert all(row.sale > 0 and row.page > 0 and row.first_list > 0 for row in report.rows)
    assert "20 cards" in cards.table(report)


@pytest.mark.sweep
def test_latency_measures_both_entrants_cold_and_warm() -> None:
    plan = latency.Plan(
        rates=(100,), seconds=0.1, requests_min=10, rounds=1, connections=4, pool=2, businesses=2
    )
    report = latency.measure(plan, lambda step: None)
    measured = {(figure.use, figure.entrant) for figure in report.figures}
    assert measured == {(use, entrant) for use in ("cold", "warm") for entrant in (SERVED, CRUD)}
    assert all(0 < figure.p50 <= figure.p99 for figure in report.figures)
    assert latency.table(report).count("100/s") == 2


@pytest.mark.sweep
def test_regulars_measure_every_number_of_packages() -> None:
    plan = regulars.Plan(packages=(regulars.LEFT, 7), rounds=1, uses=2)
    report = regulars.measure(plan, lambda step: None)
    assert [figure.packages for figure in report.figures] == [regulars.LEFT, 7] * 2
    assert all(figure.first > 0 and figure.booking > 0 and figure.later > 0 for figure in report.figures)
    assert "later use" in regulars.table(report)


@pytest.mark.sweep
def test_reads_measure_every_question_beside_a_ready_text() -> None:
    plan = reads.Plan(seconds=0.1, rounds=1, connections=2, pool=2, customers=1, lists=20)
    report = reads.measure(plan, lambda step: None)
    assert len(report.figures) == 2 * len(report.ratios())
    assert all(rate > 0 for figure in report.figures for rate in figure.rounds)
    assert all(asked in reads.table(report) for asked in report.ratios())


@pytest.mark.extended
def test_space_tells_every_database_and_way_of_filling_it() -> None:
    report = space.measure(space.Plan(customers=6), lambda step: None)
    assert {(f.books, f.database) for f in report.figures} == set(space.BEFORE)
    assert all(figure.facts > 10 and figure.bytes_of_a_fact > 100 for figure in report.figures)
    assert "before" in space.table(report)


def test_verify_tells_how_many_facts_a_second_proves() -> None:
    plan = verify.Plan(rows=20, times=2, rounds=1, databases=("SQLite",), read_models=False)
    report = verify.measure(plan, lambda step: None)
    (figure,) = report.figures
    assert figure.facts > 50
    assert figure.facts_per_second > 0
    assert "SQLite" in verify.table(report)


@pytest.mark.extended
def test_rebuild_measures_every_target_on_both_databases() -> None:
    plan = rebuild.Plan(times=2, rounds=1, larger=0, sales=40, together=rebuild.SINGLE, apart=False)
    told: list[str] = []
    report = rebuild.measure(plan, told.append)
    measured = {(figure.database, figure.what) for figure in report.figures}
    assert measured == {(database, what) for database in ("SQLite", "PostgreSQL") for what in rebuild.TARGETS}
    assert report.facts > 150
    assert all(figure.ours > 0 for figure in report.figures)
    assert all(figure.what in rebuild.table(report) for figure in report.figures)
    assert len(told) == len(report.figures) + 2


def test_a_rebuild_that_is_broken_off_tells_what_it_measured() -> None:
    def interrupt(step: str) -> None:
        if "cards" in step:
            raise KeyboardInterrupt

    plan = rebuild.Plan(
        times=1, rounds=1, larger=0, sales=10, databases=("SQLite",), together=(), apart=False
    )
    report = rebuild.measure(plan, interrupt)
    assert [figure.what for figure in report.figures] == ["cards"]
    assert "broken off" in rebuild.table(report)


@pytest.mark.extended
def test_load_measures_each_checkout_in_turn() -> None:
    plan = load.Plan(rounds=1, rows=20, baseline=str(load.HERE), databases=("SQLite",))
    report = load.measure(plan, lambda step: None)
    assert [(figure.database, figure.code) for figure in report.figures] == [
        ("SQLite", load.OURS),
        ("SQLite", load.BASELINE),
    ]
    assert all(made.rows == 20 and made.cpu > 0 for figure in report.figures for made in figure.loads)
    assert all(ratio > 0 for ratio in report.ratios()["SQLite"])
    assert "times the baseline" in load.table(report)
