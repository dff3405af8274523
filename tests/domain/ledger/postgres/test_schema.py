"""The schema of the PostgreSQL store: migration, isolation and append-only, tried with SQL as each role."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import product
from typing import Any, LiteralString, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from domain.claims import Claim
from domain.decision import NewStream
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import NewFact, seal
from domain.ledger.errors import RoleNeeded, WrongSchema
from domain.ledger.numbers import number_of
from domain.ledger.postgres.binary_format import beyond
from domain.ledger.postgres.migrations import migrate, migrations
from domain.ledger.postgres.store import PostgresStore
from domain.ledger.records import Append, StoredKey, StoredMessage
from domain.ledger.report_sums import StoredSums
from domain.ledger.tables import TABLES
from domain.ledger.verification import StoredVerification
from domain.ledger.webhook import StoredWebhook
from domain.people.directory import Person, Photo, Text
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.domain.ledger.examples import (
    BUSINESS,
    CUSTOMER,
    OTHER,
    PACKAGE,
    assert_chained,
    fact,
    next_fact,
    opening,
    request,
    stored,
)
from tests.kept_rows import lay

OF_NO_BUSINESS = {
    "schema_migrations",
    "shapes",
    "peppers",
    "servers",
    "message_switch",
    "checkpoints",
    "cohorts",
    "read_tables",
    "rebuild_plans",
}
"""Tables of the installation: the application role reaches none but to see how far things have come."""
PASSWORD = "tests"
EARLIER = r"earlier build of Carnet \(other: 0001_ledgers.sql\): only that build reads"
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    """Two businesses, one row of each table for either."""
    store = PostgresStore(postgres_url)
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
        store.add_key(StoredKey(f"key_{business}", business, "desk", "staff", "stf_1", b"mac", 1))
        stored(
            store.ledger(business),
            Append(
                (fact(PACKAGE, 1),),
                {PACKAGE: 0},
                claims=(Claim("purchase/cus_1/off_1/1", PACKAGE),),
                streams=(NewStream("package", PACKAGE, CUSTOMER),),
                people=(Person(CUSTOMER, CUSTOMER, '{"search":"anna"}'),),
                texts=(Text("txt_1", CUSTOMER, b"salt", "a note"),),
                photos=(Photo("pho_1", "image/png", b"an image"),),
                request=request("key-1"),
            ),
        )
        message = StoredMessage(business, "msg_1", 1, 1, "package_purchased", "en", CUSTOMER, PACKAGE)
        store.outbox.plan(business, 1, [message])
        store.verifications.add(
            StoredVerification(business, 1, 1, bytes(32), True, None, 0, "api", "stf_1", "owner")
        )
        lay(store, StoredSums.made(business, "days", "1", "UTC", 1, bytes(32), b"sums"))
        store.webhooks.add(StoredWebhook(business, "whk_1", "https://a.example/", (), None, "here", 0, 1))
    yield store
    store.close()


def as_login(url: str, role: str) -> str:
    """The URL for a user who may log in and is a member of `role`, nothing more."""
    login = f"{role}_login"
    with psycopg.connect(url, autocommit=True) as admin:
        if admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [login]).fetchone() is None:
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
            admin.execute(create.format(sql.Identifier(login), PASSWORD, sql.Identifier(role)))
    return as_user(url, login)


def as_user(url: str, user: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture
def app_url(postgres_url: str) -> str:
    return as_login(postgres_url, "carnet_app")


@pytest.fixture
def worker_url(postgres_url: str) -> str:
    return as_login(postgres_url, "carnet_worker")


@contextmanager
def transaction(url: str, business: str | None) -> Iterator[Connection]:
    """One transaction, for that business or for none; always rolled back."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = carnet")
        if business is not None:
            connection.execute("SELECT for_business(%s)", [business])
        yield connection
        connection.rollback()


def businesses_in(connection: Connection, table: sql.Identifier) -> list[str]:
    query = sql.SQL("SELECT DISTINCT {} FROM {}").format(sql.Identifier(key_of(table)), table)
    named = {number_of(business): business for business in (BUSINESS, OTHER)}
    return sorted(str(named.get(business, business)) for (business,) in connection.execute(query))


def key_of(table: sql.Identifier) -> str:
    """The column that tells the business."""
    known = TABLES.get(table.as_string().rpartition(".")[2].strip('"'))
    return "ledger" if known is not None and known.by_number else "business_id"


# Migration


def test_migrating_twice_changes_nothing(postgres_url: str) -> None:
    assert migrate(postgres_url) == []


def test_processes_that_migrate_at_once_apply_each_file_once(empty_postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(migrate, [empty_postgres_url] * 4))
    names = [name for _, name, _ in migrations()]
    assert sorted(applied) == [[], [], [], names]
    PostgresStore(empty_postgres_url).close()


def test_an_empty_database_is_refused(empty_postgres_url: str) -> None:
    with pytest.raises(WrongSchema, match="carnet migrate"):
        PostgresStore(empty_postgres_url)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ("INSERT INTO carnet.schema_migrations (version, name) VALUES (9999, 'later')", "upgrade"),
        ("DELETE FROM carnet.schema_migrations", "carnet migrate"),
        ("UPDATE carnet.schema_migrations SET digest = '' WHERE version = 1", EARLIER),
        ("ALTER TABLE carnet.schema_migrations DROP COLUMN digest", EARLIER),
    ],
)
def test_another_version_of_the_schema_is_refused(
    postgres_url: str, change: LiteralString, advice: str
) -> None:
    with psycopg.connect(postgres_url) as admin:
        admin.execute(change)
    with pytest.raises(WrongSchema, match=advice):
        PostgresStore(postgres_url)


def test_a_schema_of_an_earlier_build_is_not_migrated(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as admin:
        admin.execute("ALTER TABLE carnet.schema_migrations DROP COLUMN digest")
        admin.execute("DELETE FROM carnet.schema_migrations WHERE version > 5")
    with pytest.raises(WrongSchema, match=EARLIER):
        migrate(postgres_url)


def test_a_newer_schema_is_not_migrated(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as admin:
        admin.execute("INSERT INTO carnet.schema_migrations (version, name) VALUES (9999, 'later')")
    with pytest.raises(WrongSchema, match="upgrade"):
        migrate(postgres_url)


@pytest.fixture
def one_user_url(empty_postgres_url: str) -> Iterator[str]:
    """An empty database whose owner may do nothing else."""
    with psycopg.connect(empty_postgres_url, autocommit=True) as admin:
        database, user = sql.Identifier(admin.info.dbname), sql.Identifier(admin.info.dbname)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, PASSWORD))
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, user))
        yield as_user(empty_postgres_url, admin.info.dbname)
        admin.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(user))
        admin.execute(sql.SQL("DROP OWNED BY {}").format(user))
        admin.execute(sql.SQL("DROP ROLE {}").format(user))


def test_one_user_without_rights_to_make_roles_is_enough(one_user_url: str) -> None:
    mine = one_user_url
    assert migrate(mine) == [name for _, name, _ in migrations()]
    store = PostgresStore(mine)
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
        stored(store.ledger(business), opening(PACKAGE))
    assert list(store.heads()) == [(BUSINESS, 1), (OTHER, 1)]
    # Even who owns the tables sees one business at a time.
    with transaction(mine, BUSINESS) as connection:
        assert businesses_in(connection, sql.Identifier("facts")) == [BUSINESS]
    store.close()


def test_a_schema_of_another_name_is_a_store_of_its_own(postgres_url: str, store: PostgresStore) -> None:
    migrate(postgres_url, schema="second")
    second = PostgresStore(postgres_url, schema="second")
    second.open_ledger(BUSINESS)
    stored(second.ledger(BUSINESS), opening("pkg_2"))
    assert [found.stream_id for found in second.ledger(BUSINESS).facts()] == ["pkg_2"]
    assert [found.stream_id for found in store.ledger(BUSINESS).facts()] == [PACKAGE]
    second.close()


# Roles and isolation


def test_the_store_works_as_the_app_role(store: PostgresStore, app_url: str) -> None:
    app = PostgresStore(app_url)
    app.open_ledger("biz_3")
    ledger = app.ledger("biz_3")
    stored(ledger, opening(CUSTOMER, "customer"))
    stored(ledger, opening(PACKAGE, customer_id=CUSTOMER))
    with ledger.locked() as held:
        stored(held, next_fact(PACKAGE, 2, "key-1"))
    assert assert_chained(ledger) == 3
    key = StoredKey("key_3", "biz_3", "desk", "staff", "stf_1", b"mac", 1)
    app.add_key(key)
    assert app.find_key("key_3") == key
    assert app.revoke_key("biz_3", "key_3", 2)
    app.close()


def test_the_app_role_learns_which_ledgers_there_are(store: PostgresStore, app_url: str) -> None:
    app = PostgresStore(app_url)
    assert [business for business, _ in app.heads()] == sorted([BUSINESS, OTHER])
    app.close()


def test_the_worker_role_reads_all_heads_and_facts_and_writes_nothing(
    store: PostgresStore, worker_url: str
) -> None:
    worker = PostgresStore(worker_url)
    assert list(worker.heads()) == [(BUSINESS, 1), (OTHER, 1)]
    assert worker.ledger(OTHER).head().position == 1
    assert len(worker.ledger(OTHER).facts()) == 1
    for forbidden in (
        lambda: worker.ledger(OTHER).append([next_fact(PACKAGE, 2)]),
        lambda: worker.ledger(OTHER).people([CUSTOMER]),
        lambda: worker.ledger(OTHER).secret(),
        lambda: worker.find_key(f"key_{OTHER}"),
    ):
        with pytest.raises(RoleNeeded, match="needs the role carnet_app"):
            forbidden()
    worker.close()


def tables_of_businesses(url: str, *schemas: str) -> list[sql.Identifier]:
    """Every table that the database has in these schemas, by its catalogue, but those of no business."""
    with psycopg.connect(url) as admin:
        found = admin.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY (%s) ORDER BY 1, 2",
            [list(schemas)],
        ).fetchall()
    return [sql.Identifier(*name) for name in found if name[1] not in OF_NO_BUSINESS]


EXAMPLES = {"bigint": 1, "integer": 1, "boolean": True, "json": Jsonb([])}
"""A value of each type of a column, but of texts."""


@pytest.fixture
def folded(store: PostgresStore, postgres_url: str) -> None:
    """A row for either business in every read table."""
    with closing(ReadTables(postgres_url, READ_MODELS)) as views:
        views.create()
    with psycopg.connect(postgres_url) as admin:
        for table in tables_of_businesses(postgres_url, "carnet_views"):
            columns = admin.execute(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE format('%%I.%%I', table_schema, table_name) = %s",
                [table.as_string().replace('"', "")],
            ).fetchall()
            insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                table,
                sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
                sql.SQL(", ").join(sql.Placeholder() * len(columns)),
            )
            for business in (BUSINESS, OTHER):
                values = [
                    business if name == "business_id" else EXAMPLES.get(kind, f"of {business}")
                    for name, kind in columns
                ]
                admin.execute(insert, values)


def test_sql_as_the_app_role_sees_and_writes_one_business_in_every_table(
    folded: None, postgres_url: str, app_url: str
) -> None:
    tables = tables_of_businesses(postgres_url, "carnet", "carnet_views")
    assert len(tables) > 25
    copied = "INSERT INTO {table} SELECT (jsonb_populate_record(t, %s)).* FROM {table} t"
    for table in tables:
        with transaction(app_url, None) as connection:
            assert businesses_in(connection, table) == [], table
        with transaction(app_url, OTHER) as connection:
            assert businesses_in(connection, table) == [OTHER], table
        key, number = key_of(table), key_of(table) == "ledger"
        moved = "UPDATE {} SET " + (f"{key} = 1" if number else f"{key} = 'biz_x'")
        for own, verb in product((None, OTHER), ("DELETE FROM {}", moved)):
            with transaction(app_url, own) as connection, suppress(errors.InsufficientPrivilege):
                done = connection.execute(sql.SQL(cast(Any, verb)).format(table))
                assert done.rowcount == (own == OTHER), (table, verb)
        refused = pytest.raises((errors.InsufficientPrivilege, errors.GeneratedAlways))
        with transaction(app_url, OTHER) as connection, refused:
            changed = Jsonb({key: number_of(BUSINESS) if number else BUSINESS})
            connection.execute(sql.SQL(copied).format(table=table), [changed])


@pytest.mark.parametrize("role", ["carnet_app", "carnet_auditor"])
def test_facts_are_read_by_sql_in_one_business(store: PostgresStore, postgres_url: str, role: str) -> None:
    url, query = as_login(postgres_url, role), "SELECT business_id, name, data, meta FROM readable_facts"
    with transaction(url, OTHER) as connection:
        said = (OTHER, "package.happened", '{"units":[1]}', '{"actor":"stf_1"}')
        assert connection.execute(query).fetchall() == [said]
    for nobody in (None, "*"):
        with transaction(url, nobody) as connection:
            assert connection.execute(query).fetchall() == []


def test_a_business_alone_without_its_number_shows_no_fact(store: PostgresStore, app_url: str) -> None:
    """`for_business` sets both; a function that takes a business sets the number anew."""
    counted = "SELECT count(*) FROM facts"
    with transaction(app_url, None) as connection:
        connection.execute("SELECT set_config('carnet.business', %s, true)", [BUSINESS])
        assert connection.execute(counted).fetchone() == (0,)
    with transaction(app_url, BUSINESS) as connection:
        connection.execute("SELECT set_config('carnet.ledger', %s, true)", [str(number_of(OTHER))])
        connection.execute("SELECT append(%s, NULL, '{}')", [BUSINESS])
        assert businesses_in(connection, sql.Identifier("facts")) == [BUSINESS]


@pytest.mark.parametrize("role", ["carnet_app", "carnet_worker", "carnet_auditor"])
def test_no_login_is_an_owner_or_passes_row_level_security(
    folded: None, postgres_url: str, role: str
) -> None:
    login = as_login(postgres_url, role)
    with psycopg.connect(login, autocommit=True) as connection:
        for statement in (
            "SET ROLE carnet_owner",
            "SET session_replication_role = replica",
            "ALTER TABLE carnet.facts DISABLE TRIGGER append_only",
            "DROP TRIGGER append_only ON carnet.facts",
            "DROP POLICY one_business ON carnet.requests",
            "SELECT * FROM carnet.peppers",
            "CREATE TABLE carnet.mine ()",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    with psycopg.connect(postgres_url) as admin:
        loose = admin.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'carnet' AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
        ).fetchall()
    assert {table for (table,) in loose} <= OF_NO_BUSINESS


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts SET data = ''",
        "DELETE FROM facts",
        "UPDATE shapes SET text = ''",
        "DELETE FROM shapes",
        "INSERT INTO shapes SELECT 1, 1, '', '', '%s'",
        "TRUNCATE facts",
        "INSERT INTO facts SELECT * FROM facts",
        "UPDATE ledgers SET position = 0",
        "DELETE FROM ledgers",
        "DELETE FROM streams",
        "DELETE FROM claims",
        "DELETE FROM requests",
        "UPDATE requests SET fingerprint = ''",
        "UPDATE requests SET body = ''",
        "UPDATE requests SET people = ''",
        "UPDATE requests SET body = NULL, salt = NULL",
        "UPDATE people SET data = ''",
        "UPDATE photos SET data = ''",
        "DELETE FROM api_keys",
        "UPDATE api_keys SET mac = ''",
        "ALTER TABLE facts DISABLE TRIGGER append_only",
        "ALTER TABLE facts NO FORCE ROW LEVEL SECURITY",
    ],
)
def test_sql_as_the_app_role_cannot_change_the_past(
    store: PostgresStore, app_url: str, statement: LiteralString
) -> None:
    with transaction(app_url, BUSINESS) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize("table", ["people", "texts", "photos"])
def test_sql_as_the_app_role_erases_in_one_business_only(
    store: PostgresStore, app_url: str, table: str
) -> None:
    with transaction(app_url, BUSINESS) as connection:
        done = connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        assert done.rowcount == 1


@pytest.mark.parametrize(
    "call",
    [
        "SELECT append('biz_2', NULL, '{}')",
        "SELECT lock_head('biz_2')",
        "SELECT open_ledger('biz_4', '')",
        "SELECT search_people('biz_2', '{anna}', '{ann}', '', 1)",
        "SELECT plan_messages('biz_2', 9, '[]')",
        "SELECT add_messages('biz_2', '[]')",
        "SELECT put_message('biz_2', 'msg_1', 'sent', 1, 1, 1, NULL)",
        "SELECT forget_messages('biz_2', 9, 9)",
        "SELECT erase('biz_2', 'cus_1', '', 1)",
        "SELECT load('biz_2', '{}', '{}', '{}', '{}', '{}', false, '{}', '{}', '{}', '{}')",
    ],
)
@pytest.mark.parametrize("business", [BUSINESS, None])
def test_functions_refuse_a_business_that_the_transaction_is_not_for(
    store: PostgresStore, app_url: str, call: LiteralString, business: str | None
) -> None:
    refused = pytest.raises(errors.InsufficientPrivilege, match="not for business")
    with transaction(app_url, business) as connection, refused:
        connection.execute(call)


def test_a_key_cannot_be_added_to_another_business(store: PostgresStore, app_url: str) -> None:
    with transaction(app_url, BUSINESS) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(
            "INSERT INTO api_keys (id, business_id, name, role, actor_id, mac, created_at)"
            " VALUES ('key_9', 'biz_2', '', 'owner', '', '', 1)"
        )


@pytest.mark.parametrize("table", ["facts", "streams", "claims", "requests"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET ledger = ledger", "DELETE FROM {}", "TRUNCATE {}"])
def test_not_even_a_superuser_changes_what_was_recorded(
    store: PostgresStore, postgres_url: str, table: str, verb: LiteralString
) -> None:
    refused = pytest.raises(errors.InsufficientPrivilege, match="append-only")
    with transaction(postgres_url, BUSINESS) as connection, refused:
        connection.execute(sql.SQL(verb).format(sql.Identifier(table)))


def test_the_owner_is_an_ordinary_role(postgres_url: str) -> None:
    with transaction(postgres_url, None) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcanlogin, rolbypassrls FROM pg_roles"
            " WHERE rolname LIKE 'carnet\\_%' AND rolname !~ '_login$' ORDER BY 1"
        ).fetchall()
        owners = connection.execute(
            "SELECT relowner::regrole::text FROM pg_class WHERE relnamespace = 'carnet'::regnamespace"
            " UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'carnet'::regnamespace"
        ).fetchall()
    assert rows == [
        ("carnet_app", False, False),
        ("carnet_auditor", False, False),
        ("carnet_backup", False, True),
        ("carnet_owner", False, False),
        ("carnet_worker", False, False),
    ]
    assert owners == [("carnet_owner",)]


def test_every_table_of_businesses_is_isolated_and_keyed_by_business(postgres_url: str) -> None:
    with transaction(postgres_url, None) as connection:
        rows = connection.execute(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, first.attname"
            " FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
            " JOIN pg_attribute first ON first.attrelid = c.oid AND first.attnum = i.indkey[0]"
            " WHERE c.relnamespace = 'carnet'::regnamespace AND c.relname <> ALL (%s) ORDER BY 1",
            [["message_switch", "peppers", "schema_migrations", "servers", "shapes"]],  # of no business
        ).fetchall()
    assert len(rows) > 12
    expected = [
        (table, True, "id" if table == "api_keys" else key_of(sql.Identifier(table))) for table, _, _ in rows
    ]
    assert rows == expected


def test_functions_with_the_owners_rights_have_a_path_of_their_own_and_are_not_public(
    postgres_url: str,
) -> None:
    with transaction(postgres_url, None) as connection:
        rows = connection.execute(
            "SELECT DISTINCT path, has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
            " LEFT JOIN LATERAL unnest(proconfig) AS path ON path LIKE 'search_path=%'"
            " WHERE pronamespace = 'carnet'::regnamespace AND prosecdef"
        ).fetchall()
    assert rows == [("search_path=carnet, pg_temp", False)]


# The function append computes and stores what Python means


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
FACTS = st.builds(
    NewFact,
    kind=TEXTS,
    stream_id=TEXTS,
    version=st.integers(0, 2**31 - 1),
    name=TEXTS,
    name_version=st.integers(0, 2**31 - 1),
    data=st.binary(max_size=300),
    meta=st.binary(max_size=300),
)


def test_what_is_stored_is_what_was_sent_and_sealed(store: PostgresStore) -> None:
    @given(
        business=TEXTS, facts=st.lists(FACTS, max_size=3, unique_by=lambda new: (new.stream_id, new.version))
    )
    def holds(business: str, facts: list[NewFact]) -> None:
        store.open_ledger(business)
        ledger: LedgerRecorder = store.ledger(business)
        head = ledger.head()
        taken = {(found.stream_id, found.version) for found in ledger.facts()}
        new = tuple(one for one in facts if (one.stream_id, one.version) not in taken)
        done = stored(ledger, Append(new, {}))
        found = ledger.facts(after=head.position)
        previous = head.hash
        for position, (sent, kept) in enumerate(zip(new, found, strict=True), head.position + 1):
            previous = seal(previous, business, position, sent, done.recorded_at)
            assert kept.hash == previous
            assert (kept.position, kept.recorded_at) == (position, done.recorded_at)
            assert (
                NewFact(
                    kept.kind,
                    kept.stream_id,
                    kept.version,
                    kept.name,
                    kept.name_version,
                    kept.data,
                    kept.meta,
                )
                == sent
            )

    holds()


@given(prefix=TEXTS, text=st.text(), tail=st.text())
def test_a_prefix_is_a_range(prefix: str, text: str, tail: str) -> None:
    for one in (text, prefix + tail):
        assert one.startswith(prefix) == (prefix <= one < beyond(prefix))
