"""The errors that a command tells in one line instead of a trace; imported only once there is one.

The line names the file or the setting, and what mends it.
"""

import errno
import os
import sqlite3
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfoNotFoundError

import click

from api.imports.file_form import UnknownLayout
from api.server.backup import CopyRefused
from api.server.pepper import WrongPepper
from api.server.port import AddressUnusable
from api.server.registration import CopyServed
from api.server.roster import NoSuchBusiness
from api.server.settings import Settings, WrongSetting
from domain.fact import UnreadableFact
from domain.ledger.errors import Contention, LedgerUnavailable, UnknownBusiness, WrongSchema
from domain.ledger.postgres import trouble
from domain.refusals import Refused
from domain.zone_rules import UnknownZone
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.freshness import ProjectionStopped
from projections.engine.outage import told_by_the_driver
from projections.engine.patience import StillRead
from projections.engine.rebuild import RebuildStopped
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.views_file import NotReadTables

TOLD = (
    AddressUnusable,
    CopyRefused,
    CopyServed,
    NoSuchBusiness,
    NotReadTables,
    ProjectionStopped,
    RebuildStopped,
    Refused,
    StillRead,
    UnknownBusiness,
    UnreadableFact,
    UnknownLayout,
    UnknownZone,
    WrongPepper,
)
"""Errors whose text says all."""
REMEDIES: Mapping[int, str] = {
    errno.EACCES: "give this user the right to it, or name another place",
    errno.EDQUOT: "make room, or raise the quota",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOENT: "make its folder, or name another place",
    errno.ENOSPC: "make room on that disk",
    errno.ENOTDIR: "name a place in a folder",
    errno.EPERM: "give this user the right to it, or name another place",
    errno.EROFS: "name a place that can be written",
}
SQLITE_REMEDIES: Mapping[int, str] = {
    sqlite3.SQLITE_CANTOPEN: "its folder must be there, and this user must be allowed to write in it",
    sqlite3.SQLITE_CORRUPT: "keep the file, and restore a backup (docs/how-to/back-up.md)",
    sqlite3.SQLITE_FULL: "make room on that disk",
    sqlite3.SQLITE_IOERR: "is the disk full, or damaged, or a limit of file sizes set?",
    sqlite3.SQLITE_NOTADB: "name the file of the ledgers",
    sqlite3.SQLITE_READONLY: "this user must be allowed to write the file, and in its folder",
}


def in_one_line(error: BaseException) -> click.ClickException | None:
    """What is told of an error; None for a fault of the program, whose trace is wanted."""
    if isinstance(error, WrongSetting):
        return click.UsageError(_joined(str(error)))
    told = _told(error)
    return None if told is None else click.ClickException(_joined(told))


def _told(error: BaseException) -> str | None:
    if (driver := told_by_the_driver(error)) is not None:
        return _of_the_views(driver[0], is_outage=driver[1])
    if (why := _why(error)) is not None:
        return _of_the_database(why, error)
    match error:
        case ProjectionMissing():
            return f"no table was made for {error}: `carnet migrate` makes it"
        case LedgerUnavailable() | Contention() | WrongSchema():
            return _of_the_database(str(error), error.__cause__)
        case HeldElsewhere():
            return f"{_views()} is being written by another process: try again when it has ended"
        case ZoneInfoNotFoundError():
            return (
                f"this machine does not know the time zone {error.args[0]!r}: install its time zones (tzdata)"
            )
        case OSError():
            return of_a_file(error)
        case MemoryError():
            return "there is not enough memory"
        case _ if isinstance(error, TOLD):
            return str(error)
        case _:
            return None


def of_a_file(error: OSError) -> str:
    """The file of an error, what happened, and the remedy."""
    named = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    remedy = REMEDIES.get(error.errno or 0)
    return f"{named}{error.strerror or error}" + ("" if remedy is None else f"; {remedy}")


def _of_the_views(said: BaseException, *, is_outage: bool) -> str | None:
    """A database of read models that cannot be used. None for a mistake in a query."""
    why = _why(said)
    if why is None and not is_outage:
        return None
    return f"CARNET_VIEWS {_views()}: {why or said}{_remedy(said)}"


def _why(error: BaseException | None) -> str | None:
    """Why a database refuses its service; None where the fault may be ours."""
    if not isinstance(error, sqlite3.Error):
        return trouble.why(error)
    if str(error).startswith(("no such table", "no such column")):
        return f"{error}; {trouble.PARTLY}"
    return str(error) if _code(error) in SQLITE_REMEDIES else None


def _of_the_database(text: str, cause: BaseException | None) -> str:
    """The text, after the name of the database unless it is in it, and before the remedy."""
    named = _database()
    start = "" if named in text else f"{named}: "
    return f"{start}{text}{_remedy(cause)}"


def _remedy(cause: BaseException | None) -> str:
    remedy = SQLITE_REMEDIES.get(_code(cause))
    return "" if remedy is None else f"; {remedy}"


def _code(error: BaseException | None) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _database() -> str:
    """The file of the ledgers, or the PostgreSQL database without user and password."""
    settings = _settings()
    if settings is None:
        return "the database"
    if settings.ledger_file is not None:
        return str(settings.ledger_file)
    url = urlsplit(settings.database)
    # What stands where a port should may be a part of a password.
    host, _, port = url.netloc.rpartition("@")[2].rpartition(":")
    place = f"{host}:{port}" if port.isdigit() else (host or port)
    return f"postgresql://{place}{url.path}"


def _views() -> str:
    settings = _settings()
    return "" if settings is None else settings.views


def _settings() -> Settings | None:
    try:
        return Settings.read(os.environ)
    except (WrongSetting, OSError):
        return None


def _joined(text: str) -> str:
    """One line of it; what a driver says in several is joined."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
