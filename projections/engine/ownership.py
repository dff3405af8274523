"""Who owns the read tables on PostgreSQL, and who may read them: the roles of domain/ledger/postgres/roles.py.

Where there are roles, `carnet_worker` owns the schema and all in it, whoever of its members made it. Row-level security
shows the others one business at a time; what names no person or thing is shown to them whole: how far each table has
come. Without roles everything belongs to the user of the installation.
"""

from sqlalchemy import Connection, text

from domain.ledger.postgres.roles import APP, AUDITOR, BACKUP, MAY_ACT_AS, WORKER
from projections.engine.checkpoints import CHECKPOINTS, COHORTS, read_tables
from projections.engine.shares import rebuild_plans

WHOLE = (CHECKPOINTS.name, COHORTS.name, read_tables.name, rebuild_plans.name)
"""Tables that are shown to readers whole."""

SHARE = """
DO $$
DECLARE
    place  text := {schema};
    reader text;
    found  record;
BEGIN
    IF to_regrole({worker}) IS NULL THEN
        RETURN;
    END IF;
    FOR reader IN SELECT rolname FROM pg_roles WHERE rolname = ANY ({readers}) LOOP
        IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = place) THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %%I TO %%I', place, reader);
        END IF;
        FOR found IN SELECT tablename FROM pg_tables
                      WHERE schemaname = place AND pg_has_role(tableowner, 'USAGE')
                        AND NOT has_table_privilege(reader, format('%%I.%%I', schemaname, tablename), 'SELECT') LOOP
            EXECUTE format('GRANT SELECT ON %%I.%%I TO %%I', place, found.tablename, reader);
        END LOOP;
    END LOOP;
    FOR found IN SELECT tablename FROM pg_tables
                  WHERE schemaname = place AND pg_has_role(tableowner, 'USAGE') AND NOT rowsecurity
                    AND tablename <> ALL ({whole}) LOOP
        EXECUTE format('ALTER TABLE %%I.%%I ENABLE ROW LEVEL SECURITY', place, found.tablename);
        EXECUTE format('CREATE POLICY one_business ON %%I.%%I FOR SELECT'
                       ' USING (business_id = current_setting(''carnet.business'', true))', place, found.tablename);
    END LOOP;
END $$
"""
HAND_OVER = """
DO $$
DECLARE
    place text := {schema};
    found record;
BEGIN
    EXECUTE format('ALTER SCHEMA %%I OWNER TO {worker}', place);
    FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = place AND tableowner <> '{worker}' LOOP
        EXECUTE format('ALTER TABLE %%I.%%I OWNER TO {worker}', place, found.tablename);
    END LOOP;
END $$
"""


def own(connection: Connection, schema: str) -> None:
    """Make the schema, belonging to the worker where there are roles, and act as its owner. Within `altering()`."""
    owner = connection.scalar(
        text("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = :schema"), {"schema": schema}
    )
    if owner is None or (owner != WORKER and _may_be_worker(connection)):
        # The rights to make a schema, or of its owner until now, are the user's own.
        connection.execute(text("SET LOCAL ROLE NONE"))
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        if _may_be_worker(connection):
            connection.exec_driver_sql(HAND_OVER.format(schema=f"'{schema}'", worker=WORKER))
    be_owner(connection, schema)


def be_owner(connection: Connection, schema: str) -> None:
    """Act as the worker until the transaction ends, where the schema belongs to it."""
    connection.execute(
        text(
            "SELECT set_config('role', rolname, true) FROM pg_roles JOIN pg_namespace ON nspowner = pg_roles.oid"
            " WHERE nspname = :schema AND rolname = :worker AND " + MAY_ACT_AS.replace("oid", "pg_roles.oid")
        ),
        {"schema": schema, "worker": WORKER},
    )


def share(connection: Connection, schema: str) -> None:
    """Let those read the tables who may, where there are roles. Within `altering()`."""
    listed = {
        "schema": f"'{schema}'",
        "worker": f"'{WORKER}'",
        "readers": _array((APP, AUDITOR, BACKUP)),
        "whole": _array(WHOLE),
    }
    connection.exec_driver_sql(SHARE.format(**listed))


def _may_be_worker(connection: Connection) -> bool:
    found = connection.execute(
        text("SELECT FROM pg_roles WHERE rolname = :worker AND " + MAY_ACT_AS), {"worker": WORKER}
    )
    return found.first() is not None


def _array(names: tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(f"'{name}'" for name in names) + "]"
