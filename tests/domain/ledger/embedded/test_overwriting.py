"""After an erasure no byte of the rows is left in the file or its log, however large the file is."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from json import dumps
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from domain.ledger.embedded.sqlite import overwriting
from domain.ledger.embedded.sqlite.gaps import HEADER_BYTES, Layout, UnknownFormat
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.records import Append, Stored
from domain.people.directory import Person, Photo, Text
from tests.domain.ledger.examples import BUSINESS, assert_chained, fact, request, stored

MARK = "zzqxv"
GONE, STAYS = "cus_gone", "cus_stays"
SIZES = st.integers(0, 900) | st.integers(900, 9_000)


class Told(NamedTuple):
    """One row of personal data, written after those before it."""

    kind: str
    number: int
    size: int
    owner: str

    @property
    def text(self) -> str:
        return (MARK if self.owner == GONE else "abcde") * (self.size // 5 + 1)


ROWS = st.lists(
    st.builds(
        Told,
        st.sampled_from(["person", "text", "answer", "photo"]),
        st.integers(0, 40),
        SIZES,
        st.sampled_from([GONE, STAYS, STAYS]),
    ),
    min_size=5,
    max_size=60,
)


def crowd(seed: int, rows: int = 600) -> list[Told]:
    """Rows that come in no order of their keys, so that pages are split in the middle."""
    random = Random(seed)
    kinds = ["person", "text", "answer"]
    return [
        Told(
            random.choice(kinds), random.randrange(10**6), random.randrange(700), random.choice((GONE, STAYS))
        )
        for _ in range(rows)
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    migrate(path)
    return path


@pytest.fixture
def store(file: Path) -> Iterator[SqliteStore]:
    """A store to which every file is a large one."""
    opened = SqliteStore(file, at_once_bytes_max=0)
    opened.open_ledger(BUSINESS)
    yield opened
    opened.close()


def write(store: SqliteStore, rows: Sequence[Told], version: int = 0) -> None:
    """A command for each row, some to a transaction; `version`: of the stream that they go on."""
    ledger = store.ledger(BUSINESS)
    commands = [_command(told, version + n) for n, told in enumerate(rows)]
    for at in range(0, len(commands), 20):
        assert all(isinstance(outcome, Stored) for outcome in ledger.append(commands[at : at + 20]))


def _command(told: Told, version: int) -> Append:
    id, data = f"{told.number}_{version}", dumps({"name": told.text})
    plain = Append((fact("pkg_1", version + 1),), {"pkg_1": version})
    match told.kind:
        case "person":
            person = Person(f"per_{told.owner}_{told.number}", told.owner, data, b"salt")
            return structs.replace(plain, people=(person,))
        case "photo":
            photo = Photo(f"pho_{id}", "image/png", told.text.encode())
            return structs.replace(plain, photos=(photo,), people=(Person(photo.id, told.owner, "{}"),))
        case "text":
            return structs.replace(plain, texts=(Text(f"txt_{id}", told.owner, b"salt", told.text),))
        case _:
            return structs.replace(plain, request=request(f"key_{id}", told.text, (told.owner,)))


def erase(store: SqliteStore, rows: int) -> None:
    stored(store.ledger(BUSINESS), Append((fact("pkg_1", rows + 1),), {"pkg_1": rows}, erases=(GONE,)))


def data_of(file: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(file.parent.iterdir()))


def test_sqlite_by_itself_keeps_copies_of_what_it_erased(
    file: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the overwriting is for: without it, the search of the tests below finds something."""
    monkeypatch.setattr(overwriting.Overwriting, "begin", lambda *_: None)
    rows = crowd(1)
    write(store, rows)
    erase(store, len(rows))
    store.close()
    assert MARK.encode() in data_of(file)
    with closing(SqliteStore(file)) as again:
        assert again.overwrite_copies(), "what a stopped process left is done by the next"
    assert MARK.encode() not in data_of(file)


@pytest.mark.parametrize("seed", range(3))
def test_a_file_over_the_limit_is_overwritten_beside_the_work(
    file: Path, store: SqliteStore, seed: int
) -> None:
    rows = crowd(seed)
    write(store, rows)
    erase(store, len(rows))
    more = [told._replace(owner=STAYS) for told in crowd(seed + 100, 100)]
    write(store, more, len(rows) + 1)
    assert store.overwrite_copies()
    store.close()
    assert MARK.encode() not in data_of(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM copies").fetchone() == (0,)
    with closing(SqliteStore(file)) as again:
        assert assert_chained(again.ledger(BUSINESS)) == len(rows) + 1 + len(more)


@settings(max_examples=20, deadline=None)
@given(rows=ROWS, later=ROWS)
def test_no_byte_is_left_whatever_was_written_before_and_after(
    rows: Sequence[Told], later: Sequence[Told]
) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        migrate(file)
        with closing(SqliteStore(file)) as store:
            store.open_ledger(BUSINESS)
            write(store, rows)
            erase(store, len(rows))
            assert MARK.encode() not in data_of(file), "a small file is overwritten before the answer"
            write(store, [each._replace(owner=STAYS) for each in later], len(rows) + 1)
        assert MARK.encode() not in data_of(file)
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_reader_that_needs_the_log_only_delays_it(file: Path, store: SqliteStore) -> None:
    rows = crowd(5)
    write(store, rows)
    with store.reading(BUSINESS) as reader:
        erase(store, len(rows))
        assert not store._overwriting.once()
        assert reader.head().position == len(rows), "it goes on with what it saw"
    assert store.overwrite_copies()
    store.close()
    assert MARK.encode() not in data_of(file)


def test_an_erasure_meanwhile_is_not_taken_for_done(store: SqliteStore) -> None:
    """Each erasure leaves another mark, and only the one that was seen goes."""
    marks = set()
    with closing(sqlite3.connect(store._path)) as connection:
        for _ in range(3):
            with store._write() as writer:
                writer.execute("DELETE FROM copies")
            with store._overwriting._working:
                with store.writing(BUSINESS) as transaction:
                    transaction.has_erased = False
                    transaction.erase(GONE, 1)
                    transaction.has_erased = False
                marks |= {mark for (mark,) in connection.execute("SELECT mark FROM copies")}
    assert len(marks) == 3


def test_other_connections_do_not_write_back_what_they_remember(file: Path, store: SqliteStore) -> None:
    """A connection keeps pages between its transactions; a copy in one of them must not come back."""
    rows = crowd(7)
    write(store, rows)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA secure_delete = ON")
        with store._overwriting._working:  # nothing is overwritten yet
            erase(store, len(rows))
            for table in ("people", "texts", "requests"):
                other.execute(f"SELECT * FROM {table}").fetchall()
        assert store.overwrite_copies()
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE people SET data = data || 'x'")
        for n in range(100):
            other.execute(
                "INSERT INTO texts (business_id, id, owner_id, salt, text) VALUES (?, ?, 'cus_x', x'00', 'text')",
                (BUSINESS, f"txt_{n * 9_973 % 100}_x"),
            )
        other.execute("COMMIT")
    store.close()
    assert MARK.encode() not in data_of(file)


def test_pages_that_cannot_be_told_apart_are_left_alone() -> None:
    header = bytearray(b"SQLite format 3\0".ljust(HEADER_BYTES, b"\0"))
    header[16:18] = (4096).to_bytes(2, "big")
    assert Layout.of(bytes(header), 4096 * 10) == Layout(4096, 4096)
    with pytest.raises(UnknownFormat, match="pages"):
        Layout.of(bytes(header), 4096 * 2**26)
    with pytest.raises(UnknownFormat, match="no SQLite file"):
        Layout.of(b"another", 4096)
    header[52:56] = (7).to_bytes(4, "big")
    with pytest.raises(UnknownFormat, match="auto_vacuum"):
        Layout.of(bytes(header), 4096)
