"""A process keeps the sums of reports after its answers, seldom, and where it may; the next one begins with them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.http.after_answers import AfterAnswers
from api.http.sums_of_businesses import REST_S, SumsOfBusinesses
from domain.ledger.carnet import Carnet
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.report_sums import StoredSums
from replay.all_packages import packages_then
from replay.as_of import PRESENT
from replay.reports.kept_proof import wrong_sums
from replay.reports.kept_sums import DAYS, KeptSums
from replay.reports.liability import FIGURES, liability
from tests.api.desk import Desk
from tests.domain.ledger.postgres.test_schema import as_login
from tests.kept_rows import lay
from tests.replay.conftest import BUSINESS, ZONE, World, live, open_business

pytest_plugins = ["tests.api.houses"]


class Process:
    """A process that answers reports of the books of a world, by a clock that is set by hand."""

    def __init__(self, world: World, carnet: Carnet | None = None, facts_min: int = 1) -> None:
        self.world = world
        self.carnet = carnet or world.carnet
        self.after = AfterAnswers()
        self.seconds = 0.0
        self.sums = SumsOfBusinesses(
            self.carnet, self.after, DAYS.name, KeptSums, facts_min=facts_min, clock=lambda: self.seconds
        )

    def ask(self, *, keeps: bool = True, wrong: int = 0) -> int:
        """Where the sums had come when the report began with them; 0: they were made. `wrong`: by how much it differs
        from the facts. `keeps`: whether what it leaves for later is done."""
        books = packages_then(self.carnet.ledger(BUSINESS).recorder, PRESENT, self.world.now)
        sums = self.sums.of(BUSINESS, ZONE)
        told = sums.liability(books, "EUR")
        assert told is not None
        right = liability(books, "EUR", ZONE)
        assert told.liability - right.liability == wrong
        assert wrong or vars(told) == vars(right)
        if keeps:
            self.after.finish()
        return sums.found_at


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    migrate(tmp_path / "carnet.db")
    yield from lived(World(tmp_path, f"sqlite:///{tmp_path / 'carnet.db'}"))


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[World]:
    yield from lived(World(tmp_path, postgres_url))


def lived(made: World) -> Iterator[World]:
    with closing(made.views), closing(made.carnet):
        open_business(made)
        made.on(live(made).days)
        yield made


def kept(world: World) -> StoredSums | None:
    return world.carnet.store.report_sums.find(BUSINESS, DAYS.name)


def kept_upto(world: World) -> int:
    row = kept(world)
    return 0 if row is None else row.position


def head(world: World) -> int:
    return world.ledger.recorder.head().position


def grow(world: World, facts: int) -> None:
    before = head(world)
    while head(world) - before < facts:
        world.sell(f"more_{head(world)}", "ann", 1, 100, None)


def test_the_next_process_begins_with_what_the_first_one_kept(world: World) -> None:
    assert Process(world).ask() == 0
    first = kept_upto(world)
    assert first == head(world)
    assert Process(world).ask() == first
    grow(world, 5)
    assert Process(world).ask() == first, "and brings it on"
    assert kept_upto(world) == head(world) > first


def test_sums_are_kept_again_once_they_have_grown_by_much_and_some_minutes_later(world: World) -> None:
    process = Process(world)
    process.ask()
    first = kept_upto(world)
    grow(world, 5)
    process.ask()
    assert kept_upto(world) == first
    process.seconds = REST_S
    process.ask()
    assert kept_upto(world) == first, "nothing has grown since the last report"
    grow(world, 1)
    process.ask()
    assert kept_upto(world) == head(world)
    second = kept_upto(world)
    process.seconds = 2 * REST_S
    process.ask()
    assert kept_upto(world) == second, "less than a fiftieth has come since"


def test_the_sums_of_small_books_are_not_kept(world: World) -> None:
    Process(world, facts_min=head(world) + 1).ask()
    assert kept(world) is None


# A row that is wrong, and a repair


def lay_wrong(world: World, wrong: int = 1) -> StoredSums:
    """A row that is believed, and tells more than the facts do."""
    recorder, sums = world.ledger.recorder, KeptSums(ZONE)
    books = packages_then(recorder, PRESENT, world.now)
    sums.liability(books, "EUR")
    row = DAYS.believed(recorder, ZONE, sums.stored(recorder))
    assert row is not None
    days = row.sums.clocks["recorded"].days
    days[min(days)][FIGURES.index("liability")] += wrong
    made = DAYS.stored(recorder, ZONE, sums.position, row)
    assert made is not None
    lay(world.carnet.store, made)
    return made


def test_what_a_repair_takes_away_is_believed_no_more(world: World) -> None:
    """given processes that began with a wrong row, when it is taken away, then each tells what the facts tell."""
    wrong = lay_wrong(world)
    first, second = Process(world), Process(world)
    for process in (first, second):
        assert process.ask(wrong=1) == wrong.position
    world.carnet.store.report_sums.forget(BUSINESS, DAYS.name)
    assert first.ask() == 0
    assert kept_upto(world) == head(world)
    assert second.ask() == kept_upto(world), "it goes on with what the first one made"
    assert list(wrong_sums(world.carnet.store.report_sums, world.ledger.recorder)) == []


def test_what_was_to_be_kept_before_a_repair_is_not_kept_after_it(world: World) -> None:
    lay_wrong(world)
    process = Process(world)
    process.ask(wrong=1)
    grow(world, head(world) // 50 + 1)
    process.ask(keeps=False, wrong=1)
    world.carnet.store.report_sums.forget(BUSINESS, DAYS.name)
    process.after.finish()
    assert kept(world) is None
    process.ask()


def test_sums_that_another_process_keeps_are_gone_on_with(world: World) -> None:
    first, second = Process(world), Process(world)
    first.ask(keeps=False)
    second.ask(keeps=False)
    first.after.finish()
    second.after.finish()
    assert kept_upto(world) == head(world)
    assert (first.ask(), second.ask()) == (0, kept_upto(world))
    grow(world, head(world) // 50 + 1)
    second.seconds = REST_S
    assert second.ask() < kept_upto(world) == head(world) == first.ask()


def test_a_row_that_is_not_believed_leaves_the_sums_of_a_process_as_they_are(world: World) -> None:
    """As where another release keeps its own."""
    process = Process(world)
    process.ask()
    sums = process.sums.of(BUSINESS, ZONE)
    other = StoredSums.made(BUSINESS, DAYS.name, "other", ZONE, head(world), b"", b"")
    lay(world.carnet.store, other)
    assert process.sums.of(BUSINESS, ZONE) is sums
    process.ask()
    assert kept(world) == other
    grow(world, head(world) // 50 + 1)
    process.seconds = REST_S
    process.ask()
    assert kept_upto(world) == head(world), "the last one wins"


def test_where_the_books_are_only_read_a_report_is_answered_and_nothing_kept(world: World) -> None:
    vars(world.carnet.store)["_file"].read_only = True
    process = Process(world)
    process.ask()
    assert kept(world) is None
    vars(world.carnet.store)["_file"].read_only = False
    process.seconds = REST_S
    grow(world, 1)
    process.ask()
    assert kept_upto(world) == head(world)


@pytest.mark.parametrize(("role", "keeps"), [("carnet_app", True), ("carnet_auditor", False)])
def test_a_role_that_may_not_write_begins_with_what_is_kept_and_keeps_nothing(
    on_postgres: World, postgres_url: str, role: str, keeps: bool
) -> None:
    with closing(Carnet(as_login(postgres_url, role), clock=lambda: on_postgres.now)) as carnet:
        Process(on_postgres, carnet).ask()
        assert (kept(on_postgres) is not None) == keeps
        Process(on_postgres).ask()
        assert Process(on_postgres, carnet).ask() == kept_upto(on_postgres) == head(on_postgres)


def test_reports_over_http_keep_their_sums_and_begin_with_them(either_desk: Desk) -> None:
    desk, frame = either_desk, either_desk.frame
    before = frame.sums
    offer = desk.offer(desk.service())
    for name in ("Anna", "Bea"):
        desk.sell(desk.customer(name), offer)
    store, told, position = desk.carnet.store, [], 0
    try:
        for path in ("liability", "movements", "sales"):
            frame.sums = SumsOfBusinesses(desk.carnet, frame.after_answers, DAYS.name, KeptSums, facts_min=1)
            found = desk.get(f"/v1/reports/{path}")
            frame.after_answers.finish()
            row = store.report_sums.find(desk.business_id, DAYS.name)
            assert row is not None
            position = row.position
            assert position == found["position"]
            told.append(frame.sums.of(desk.business_id, desk.get("/v1/business")["time_zone"]).found_at)
    finally:
        frame.sums = before
    assert told == [0, position, position]
