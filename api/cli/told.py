"""The errors that a command tells in one line instead of a trace; imported only once there is one."""

import click

from api.imports.day_book import UnknownLayout
from api.server.backup import CopyRefused
from api.server.installation import NoSuchBusiness
from api.server.pepper import WrongPepper
from api.server.port import AddressUnusable
from api.server.registration import CopyServed
from api.server.settings import WrongSetting
from domain.fact import UnreadableFact
from domain.ledger.errors import Contention, LedgerUnavailable, UnknownBusiness, WrongSchema
from domain.refusals import Refused
from domain.zone_rules import UnknownZone
from projections.engine.freshness import ProjectionStopped
from projections.engine.patience import StillRead
from projections.engine.rebuild import RebuildStopped
from projections.engine.tables import ProjectionMissing
from projections.engine.views_file import NotReadTables

TOLD = (
    AddressUnusable,
    Contention,
    CopyRefused,
    CopyServed,
    LedgerUnavailable,
    NoSuchBusiness,
    NotReadTables,
    ProjectionStopped,
    RebuildStopped,
    Refused,
    StillRead,
    UnknownBusiness,
    UnreadableFact,
    WrongSchema,
    UnknownLayout,
    UnknownZone,
    WrongPepper,
)
"""Errors that are told in one line instead of a trace."""


def in_one_line(error: Exception) -> click.ClickException | None:
    """What is told of an error; None for a fault of the program, whose trace is wanted."""
    match error:
        case WrongSetting():
            return click.UsageError(str(error))
        case ProjectionMissing():
            return click.ClickException(f"no table was made for {error}: `carnet migrate` makes it")
        case _ if isinstance(error, TOLD):
            return click.ClickException(str(error))
        case _:
            return None
