"""Options of several commands, and what the environment names."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from api.server.settings import Settings

if TYPE_CHECKING:
    from api.server.installation import Installation
    from api.server.ledgers import Ledgers
    from domain.ledger.contract import Store

BUSINESS = "CARNET_BUSINESS"
"""The setting that names a business where no option does."""
WAIT_S = 30.0
"""Seconds a command waits for a writer, a connection or an answer. Whoever sits before it can interrupt it; a request
over HTTP waits 3 s in all. A server that refuses connections is told of at once when the command begins."""


def settings() -> Settings:
    """The settings of the environment. Raises WrongSetting."""
    return Settings.read(os.environ)


@contextmanager
def store_here() -> Iterator["Store"]:
    """The store that the environment names, for commands that read no fact. Raises WrongSchema, LedgerUnavailable."""
    from domain.ledger.stores import store_at

    with closing(store_at(settings().database, pool_size=1, wait_s=WAIT_S)) as store:
        yield store


@contextmanager
def ledgers_here() -> Iterator["Ledgers"]:
    """The ledgers that the environment names, for commands that read no read model. Raises what `carnet_of` raises."""
    from api.server.ledgers import opened_ledgers

    with opened_ledgers(settings(), wait_s=WAIT_S) as ledgers:
        yield ledgers


@contextmanager
def here() -> Iterator["Installation"]:
    """The installation that the environment names. Raises what `opened` raises."""
    from api.server.installation import opened

    with opened(settings(), wait_s=WAIT_S) as installation:
        yield installation


def on_sqlite(settings: Settings, otherwise: str) -> Settings:
    """The same settings, if the database is embedded. `otherwise` says what does it on PostgreSQL.

    Raises ClickException.
    """
    if settings.ledger_file is None:
        raise click.ClickException(otherwise)
    return settings


of_business = click.option(
    "--business",
    "business_id",
    metavar="ID",
    envvar=BUSINESS,
    help="The business, or CARNET_BUSINESS; needed where there is more than one.",
)
of_one_business = click.option(
    "--business",
    "business_id",
    metavar="ID",
    envvar=BUSINESS,
    help="This business alone, or that of CARNET_BUSINESS; else all.",
)
in_json = click.option("--json", "json_", is_flag=True, help="Print JSON for a program.")
