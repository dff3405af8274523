"""What only the ledger file of SQLite promises: its triggers, its processes and its schema."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from domain.claims import Claim
from domain.decision import NewStream
from domain.ledger.embedded.sqlite.schema import migrate, require_ledger
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.errors import Contention, LedgerUnavailable, WrongSchema
from domain.ledger.records import Append, StoredKey
from domain.ledger.schema_text import said
from domain.people.directory import Person, Text
from tests.domain.ledger.conftest import sqlite_rows
from tests.domain.ledger.examples import (
    BUSINESS,
    CUSTOMER,
    PACKAGE,
    answered,
    assert_chained,
    fact,
    next_fact,
    opening,
    request,
    stored,
)

HOUSE = Path(__file__).parents[4]
SQL_FILES = sorted((HOUSE / "domain" / "ledger" / "embedded" / "sqlite").glob("[0-9]*.sql"))


@pytest.fixture
def file_store(ledger_file: Path) -> Iterator[SqliteStore]:
    """A ledger with one row of everything."""
    store = SqliteStore(ledger_file)
    store.open_ledger(BUSINESS)
    everything = Append(
        (fact(PACKAGE, 1),),
        {PACKAGE: 0},
        claims=(Claim("source/a/1", PACKAGE),),
        streams=(NewStream("package", PACKAGE, CUSTOMER),),
        people=(Person("per_1", CUSTOMER, "{}"),),
        texts=(Text("txt_1", CUSTOMER, b"salt", "a note"),),
        request=request("key-1", people=("per_1", "per_2")),
    )
    stored(store.ledger(BUSINESS), everything)
    store.add_key(StoredKey("key_1", BUSINESS, "owner", "owner", "stf_1", b"mac", 1))
    yield store
    store.close()


def run(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, *arguments], cwd=HOUSE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("table", ["facts", "shapes", "claims", "streams", "requests", "ledgers", "api_keys"])
def test_rows_that_stay_cannot_be_deleted(file_store: SqliteStore, ledger_file: Path, table: str) -> None:
    before = sqlite_rows(ledger_file)
    with closing(sqlite3.connect(ledger_file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"DELETE FROM {table}")
    assert sqlite_rows(ledger_file) == before


@pytest.mark.parametrize("table", ["facts", "shapes", "claims", "streams", "requests", "texts"])
def test_no_column_of_what_was_recorded_can_be_updated(
    file_store: SqliteStore, ledger_file: Path, table: str
) -> None:
    before = sqlite_rows(ledger_file)
    with closing(sqlite3.connect(ledger_file)) as connection:
        found = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        columns = [name for name in found if (table, name) != ("streams", "spent")]  # the mark moves on
        for column in columns:
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(f"UPDATE {table} SET {column} = {column}")
    assert columns
    assert sqlite_rows(ledger_file) == before


@pytest.mark.parametrize("table", ["facts", "shapes", "claims", "streams", "requests", "ledgers"])
def test_a_row_that_stays_cannot_be_replaced(file_store: SqliteStore, ledger_file: Path, table: str) -> None:
    """INSERT OR REPLACE deletes without the delete trigger."""
    before = sqlite_rows(ledger_file)
    with closing(sqlite3.connect(ledger_file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert sqlite_rows(ledger_file) == before


def test_a_fact_cannot_take_the_version_of_another(file_store: SqliteStore, ledger_file: Path) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(
            "INSERT OR REPLACE INTO facts SELECT ledger, 2, stream, stream_id, version, shape, data, meta_shape,"
            " meta, recorded_at, hash FROM facts"
        )
    assert assert_chained(file_store.ledger(BUSINESS)) == 1


@pytest.mark.parametrize("change", ["position = 0", "recorded_at = 0", "secret = zeroblob(32)"])
def test_a_head_only_moves_on(file_store: SqliteStore, ledger_file: Path, change: str) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE ledgers SET {change}")


@pytest.mark.parametrize("table", ["people", "texts"])
def test_what_is_about_people_can_be_erased(file_store: SqliteStore, ledger_file: Path, table: str) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection, connection:
        connection.execute(f"DELETE FROM {table}")
    assert sqlite_rows(ledger_file)[table] == []


def test_an_erased_answer_is_remembered_without_its_body(file_store: SqliteStore, ledger_file: Path) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection, connection:
        erased = "UPDATE requests SET answered = ?, body = NULL, salt = NULL WHERE key_text = 'key-1'"
        connection.execute(erased, (bytes(16),))
    answer = answered(file_store.ledger(BUSINESS), "key-1")
    assert answer is not None
    assert (answer.first, answer.last, answer.body) == (1, 1, None)


def test_every_commit_is_flushed_and_readers_do_not_wait_for_the_writer(
    file_store: SqliteStore, ledger_file: Path
) -> None:
    ledger = file_store.ledger(BUSINESS)
    with closing(sqlite3.connect(ledger_file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with file_store.writing(BUSINESS) as transaction:
        writer = vars(transaction)["_connection"]
        assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert ledger.head().position == 1


def test_several_processes_append_without_a_gap(file_store: SqliteStore, ledger_file: Path) -> None:
    writers = [run("-m", "tests.domain.ledger.appender", ledger_file, str(name), "40") for name in range(3)]
    acknowledged = []
    for writer in writers:
        output, _ = writer.communicate()
        assert writer.returncode == 0
        acknowledged += [int(line.split()[1]) for line in output.splitlines()]
    assert sorted(acknowledged) == list(range(3, 242, 2))
    assert assert_chained(file_store.ledger(BUSINESS)) == 241


def test_an_append_by_another_process_is_news(file_store: SqliteStore, ledger_file: Path) -> None:
    while file_store.wait_for_news(0):
        pass
    with run("-m", "tests.domain.ledger.appender", ledger_file, "other", "1") as writer:
        assert file_store.wait_for_news(60)
        writer.communicate()
    assert writer.returncode == 0


def test_a_writer_that_is_killed_loses_nothing_acknowledged(
    file_store: SqliteStore, ledger_file: Path
) -> None:
    for number in range(3):
        with run("-m", "tests.domain.ledger.appender", ledger_file, f"killed-{number}", "0") as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(20 + number)]
            writer.kill()
            lines += writer.stdout.readlines()
        # The last line may be torn by the kill; its command may be stored or not.
        acknowledged = [line.split() for line in lines if line.endswith("\n")]
        with closing(SqliteStore(ledger_file)) as reopened:
            ledger = reopened.ledger(BUSINESS)
            for first, last, stream_id in acknowledged:
                found = [fact.position for fact in ledger.stream(stream_id)]
                assert found == [int(first), int(last)]
                assert answered(ledger, stream_id) is not None
            position = assert_chained(ledger)
            assert stored(ledger, next_fact(f"pkg_after_{number}", 1)).first == position + 1
    with closing(sqlite3.connect(ledger_file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


DISK_FULL = """
import resource, sys
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.records import Append
from domain.ledger.embedded.sqlite import SqliteStore
from tests.domain.ledger.examples import BUSINESS, assert_chained, fact, request, stored, answered

ledger = SqliteStore(sys.argv[1]).ledger(BUSINESS)
before = ledger.head()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
big = Append((fact("pkg_big", 1, data=b"x" * 400_000),), {"pkg_big": 0}, request=request("big"))
for attempt in range(3):
    try:
        ledger.append([big])
    except LedgerUnavailable:
        assert ledger.head() == before and answered(ledger, "big") is None
    else:
        raise AssertionError("there was no room")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert stored(ledger, big).first == before.position + 1
print(assert_chained(ledger))
"""


def test_a_full_disk_refuses_the_write_and_nothing_else(file_store: SqliteStore, ledger_file: Path) -> None:
    """A limit on the size of files stands for the disk: reads go on, writes resume when there is room."""
    with run("-c", DISK_FULL, ledger_file) as process:
        assert process.stdout is not None
        assert process.stdout.read() == "2\n"
    assert process.returncode == 0
    assert assert_chained(file_store.ledger(BUSINESS)) == 2


def test_a_lock_of_another_process_that_lasts_is_contention(
    file_store: SqliteStore, ledger_file: Path
) -> None:
    with (
        closing(SqliteStore(ledger_file, lock_wait_s=0.05)) as store,
        closing(sqlite3.connect(ledger_file, isolation_level=None)) as other,
    ):
        ledger = store.ledger(BUSINESS)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Contention):
            ledger.append([next_fact(PACKAGE, 2)])
        assert ledger.head().position == 1
        other.execute("ROLLBACK")
        stored(ledger, next_fact(PACKAGE, 2))


def test_a_damaged_file_is_unavailable_not_wrong(file_store: SqliteStore, ledger_file: Path) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file_store.close()
    damaged = bytearray(ledger_file.read_bytes())
    damaged[4096:] = bytes(len(damaged) - 4096)
    ledger_file.write_bytes(damaged)
    with pytest.raises(LedgerUnavailable):
        SqliteStore(ledger_file)


@pytest.mark.parametrize("how", ["removed", "replaced", "renamed"])
def test_a_file_that_is_not_the_ledger_any_more_acknowledges_nothing(ledger_file: Path, how: str) -> None:
    store = SqliteStore(ledger_file)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    aside = ledger_file.with_name("aside")
    if how == "replaced":
        shutil.copy(ledger_file, aside)
        aside.replace(ledger_file)
    else:
        ledger_file.rename(aside)
    if how == "removed":
        aside.unlink()
    with pytest.raises(LedgerUnavailable, match="ledger file"):
        ledger.append([next_fact(PACKAGE, 2, "key-1")])
    with pytest.raises(LedgerUnavailable, match="ledger file"):
        ledger.head()
    if how == "renamed":
        aside.rename(ledger_file)
        assert ledger.head().position == 1, "it is there again, and nothing was added meanwhile"
    store.close()


def test_a_closed_store_can_be_closed_again(ledger_file: Path) -> None:
    store = SqliteStore(ledger_file)
    store.close()
    store.close()
    assert not store.wait_for_news(0)


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "ledger.db"
    assert migrate(path) == [file.name for file in SQL_FILES]
    assert migrate(str(path)) == []
    SqliteStore(str(path)).close()


def test_several_processes_migrate_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    code = "import sys; from domain.ledger.embedded.sqlite import migrate; print(*migrate(sys.argv[1]))"
    outputs = []
    for process in [run("-c", code, path) for _ in range(4)]:
        output, _ = process.communicate()
        assert process.returncode == 0
        outputs.append(output.split())
    assert sorted(outputs) == [[], [], [], [file.name for file in SQL_FILES]]
    SqliteStore(path).close()


def test_a_file_that_was_not_migrated_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with pytest.raises(WrongSchema, match="carnet migrate"):
        SqliteStore(path)
    assert not path.exists()
    path.touch()
    with pytest.raises(WrongSchema, match="carnet migrate"):
        SqliteStore(path)


def test_a_newer_file_is_refused(ledger_file: Path) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    with pytest.raises(WrongSchema, match="newer"):
        SqliteStore(ledger_file)
    with pytest.raises(WrongSchema, match="newer"):
        migrate(ledger_file)


def test_a_file_of_an_earlier_build_is_refused(ledger_file: Path) -> None:
    """Its version is the same: a step was another one then."""
    with closing(sqlite3.connect(ledger_file)) as connection:
        connection.execute("DROP TABLE claims")
        connection.execute("CREATE TABLE claims (business_id TEXT, claim TEXT, stream_id TEXT)")
    before = ledger_file.read_bytes()
    for opened in (SqliteStore, migrate, require_ledger):
        with pytest.raises(WrongSchema, match=r"earlier build of Carnet \(other: claims\): only that"):
            opened(ledger_file)
    assert ledger_file.read_bytes() == before


def test_comments_of_the_steps_do_not_tell_builds_apart(ledger_file: Path) -> None:
    assert said("CREATE TABLE a ( -- first\n  b)") == said("CREATE TABLE IF NOT EXISTS a ( b) -- last")
    with closing(sqlite3.connect(ledger_file)) as connection:
        connection.execute("CREATE TABLE of_somebody (more)")
        connection.execute("ANALYZE")
        connection.execute("VACUUM")
    SqliteStore(ledger_file).close()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    with pytest.raises(WrongSchema, match="another program"):
        SqliteStore(path)
    with pytest.raises(WrongSchema, match="another program"):
        migrate(path)
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "9999_broken.sql"
    broken.write_text("CREATE TABLE half (done);\nCREATE TABLE half (done);\n")
    path = tmp_path / "ledger.db"
    with monkeypatch.context() as patch:
        patch.setattr("domain.ledger.embedded.sqlite.schema.steps", lambda: [*SQL_FILES, broken])
        with pytest.raises(sqlite3.OperationalError):
            migrate(path)
    assert sqlite_rows(path) == {}
    assert migrate(path) == [file.name for file in SQL_FILES]


# The work of a read


def test_reading_the_people_of_a_customer_is_no_more_work_among_many(ledger_file: Path) -> None:
    """Counted in steps of SQLite's machine: a decision reads them each time, so a walk through all would grow with
    the business."""
    store = SqliteStore(ledger_file)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    everybody = tuple(Person(f"per_{n}", f"cus_{n}", "{}") for n in range(1_000))
    stored(ledger, Append((fact(CUSTOMER, 1),), {CUSTOMER: 0}, people=everybody[:1]))
    alone = steps_to_read(store, "cus_0")
    stored(ledger, Append((fact(CUSTOMER, 2),), {CUSTOMER: 1}, people=everybody[1:]))
    assert steps_to_read(store, "cus_500") <= alone + 2
    store.close()


def steps_to_read(store: SqliteStore, owner_id: str) -> int:
    """Steps to read one person's rows."""
    with store.reading(BUSINESS) as transaction:
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection = transaction._connection
        connection.set_progress_handler(step, 1)
        assert len(transaction.people_of(owner_id)) == 1
        connection.set_progress_handler(None, 1)
        return steps
