"""Questions to read tables that are composed once and asked often.

    question = composed(select(table).where(table.c.id == given("id", Text())), dialect)
    (rows,) = ask(connection, question.with_(id="pkg_1"))

To compose a statement, to find it among the known ones and to type its result costs SQLAlchemy several times what the
driver takes to ask it. So SQLAlchemy composes it, and the driver asks it, inside the same transaction. PostgreSQL is
asked questions that do not depend on each other in one round trip.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Text,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

from projections.engine.definition import Row
from projections.engine.driver import driver_of, told_as_sqlalchemy_does
from projections.engine.rows import array
from projections.engine.sqlite_engine import as_json

T = TypeVar("T")
Process = Callable[[Any], Any]


class Asked(NamedTuple):
    """A question and its values, as the driver takes them."""

    question: "Question"
    values: Any


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A statement of one dialect, with values by name."""

    statement: str
    names: tuple[str, ...]
    """Of the values, in the order of the statement where the driver tells them by their places."""
    by_place: bool
    fixed: Mapping[str, Any]
    """Values that are part of the question."""
    encoders: Mapping[str, Process]
    columns: tuple[str, ...]
    decoders: tuple[tuple[int, Process], ...]

    def with_(self, **values: Any) -> Asked:
        """The question with these values; those that it does not name are left out."""
        given = dict(self.fixed)
        for name in given:
            if name in values:
                encode = self.encoders.get(name)
                value = values[name]
                given[name] = value if encode is None else encode(value)
        return Asked(self, [given[name] for name in self.names] if self.by_place else given)

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        """What the driver found, by the names of the columns."""
        if not self.decoders:
            return [dict(zip(self.columns, values, strict=True)) for values in found]
        rows = []
        for values in found:
            decoded = list(values)
            for place, decode in self.decoders:
                decoded[place] = decode(decoded[place])
            rows.append(dict(zip(self.columns, decoded, strict=True)))
        return rows


def composed(asked: Select[Any], dialect: Dialect) -> Question:
    """The question that a SELECT asks; its bound parameters with a name are the values. Keep it: this is slow."""
    compiled = asked.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    fixed = dict(compiled.params)
    binds: Mapping[str, Any] = compiled.binds
    encoders: dict[str, Process] = {}
    for name in fixed.keys() & binds.keys():  # the others are texts and numbers of a fixed list
        encode = _encoder(binds[name].type, dialect)
        if encode is not None:
            encoders[name] = encode
            fixed[name] = None if fixed[name] is None else encode(fixed[name])
    columns = tuple(asked.selected_columns)
    decoders = (_decoder(column.type, dialect) for column in columns)
    by_place = dialect.paramstyle == "qmark"
    names = tuple(compiled.positiontup or ()) if by_place else tuple(fixed)
    return Question(
        compiled.string,
        names,
        by_place,
        fixed,
        encoders,
        tuple(column.name for column in columns),
        tuple((place, decode) for place, decode in enumerate(decoders) if decode is not None),
    )


def plain(statement: str, *names: str, columns: tuple[str, ...] = ()) -> Question:
    """A statement as it is written, for a driver that takes values by name. Without `columns` nothing is read of it."""
    return Question(statement, names, False, dict.fromkeys(names), {}, columns, ())


def given(name: str, type_: TypeEngine[T]) -> BindParameter[T]:
    """A value of a question, by its name."""
    return bindparam(name, type_=type_, required=False)


def one_of(column: Column[str], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether a text is one of the value `name`, which is a sequence: one statement for any number of them."""
    if dialect.name == "postgresql":
        return column == any_(given(name, _Texts()))
    listed = func.json_each(given(name, _Texts())).table_valued("value")
    return column.in_(select(listed.c.value))


class _Texts(ARRAY[str]):
    """Texts as one value: an array of PostgreSQL, or JSON."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(Text)


def _encoder(type_: Any, dialect: Dialect) -> Process | None:
    if isinstance(type_, _Texts):
        return array if dialect.name == "postgresql" else _listed
    encode: Process | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return encode


def _listed(values: Sequence[str]) -> str:
    return as_json(list(values))


def _decoder(type_: Any, dialect: Dialect) -> Process | None:
    decode: Process | None = type_.dialect_impl(dialect).result_processor(dialect, None)
    return decode


def ask(connection: Connection, *asked: Asked) -> list[list[Row]]:
    """The rows of each question, all of the connection's transaction. Raises DBAPIError."""
    driver, statements = driver_of(connection), "; ".join(question.statement for question, _ in asked)
    with told_as_sqlalchemy_does(connection, statements):
        if connection.dialect.name != "postgresql":
            found = [driver.execute(question.statement, values).fetchall() for question, values in asked]
        elif len(asked) == 1:
            found = [_fetched(asked[0], driver.execute(asked[0].question.statement, asked[0].values or None))]
        else:
            with driver.pipeline():
                sent = [driver.execute(question.statement, values or None) for question, values in asked]
                found = [_fetched(each, cursor) for each, cursor in zip(asked, sent, strict=True)]
    return [
        question.rows(rows) if question.columns else []
        for (question, _), rows in zip(asked, found, strict=True)
    ]


def _fetched(asked: Asked, cursor: Any) -> list[Any]:
    rows: list[Any] = cursor.fetchall() if asked.question.columns else []
    return rows
