"""Backups of the embedded database: a copy that was proved, and the way back.

    back_up(settings, Path("books.db"))
    restore(settings, Path("books.db"))

PostgreSQL has tools of its own (docs/how-to/back-up.md). The pepper is in no backup: whoever has both has every key.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from api.server.erasures import apply_again
from api.server.settings import Settings
from domain.ledger.carnet import Carnet
from domain.ledger.embedded.sqlite import backup, schema
from domain.ledger.embedded.sqlite.server_lock import is_served
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.erasure_journal import ErasureJournal
from replay.verify import Broken, Intact, verify

Progress = Callable[[int, int], None]
"""Called with the facts of one business that are verified, and those there are."""


class CopyRefused(Exception):
    """A backup was not made or not put in place; the text says why. Nothing that was there has changed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    proved: Sequence[Intact]
    kept: Path | None
    """Where the file lies that was there before."""
    erased: int = 0
    """Customers of the journal of erasures who were erased again."""


def back_up(
    settings: Settings,
    target: Path,
    *,
    force: bool = False,
    progress: Progress = lambda done, of: None,
) -> list[Intact]:
    """Copy the ledger file as it stands now, prove the copy, and put it at `target`; the head of each business.

    Raises CopyRefused, WrongSchema, LedgerUnavailable.
    """
    source = _ledger_file(settings)
    schema.require_ledger(source) if source.exists() else schema.check(source)
    _refuse_to_overwrite(source, target, force=force)
    try:
        with backup.draft_beside(target) as draft:
            backup.copy(source, draft)
            proved = _proved(draft, progress)
            backup.as_one_file(draft)
            backup.put_in_place(draft, target)
    except OSError as error:
        raise CopyRefused(f"{target} cannot be written: {error.strerror}") from error
    return proved


def restore(
    settings: Settings,
    source: Path,
    *,
    force: bool = False,
    progress: Progress = lambda done, of: None,
) -> Restored:
    """Put a backup in the place of the ledger file, once it is proved, and throw the read models away.

    With `force` also where books are; those are kept beside. Raises CopyRefused, WrongSchema, LedgerUnavailable.
    """
    place = _ledger_file(settings)
    if not source.is_file():
        raise CopyRefused(f"there is no file {source}")
    if place.exists() and os.path.samefile(source, place):
        raise CopyRefused(f"{source} is the database itself")
    schema.require_ledger(source)
    if is_served(place):
        raise CopyRefused(f"{place} is being served: stop the server first")
    if not force and schema.has_books(place):
        raise CopyRefused(f"there are books in {place}: --force keeps them beside and puts the backup there")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with backup.draft_beside(place) as draft:
            backup.copy(source, draft)
            schema.migrate(draft)
            proved = _proved(draft, progress)
            # What waits in the backup was sent long ago, and so was what its last facts asked for.
            with closing(SqliteStore(draft)) as store:
                store.outbox.switch_off()
                for webhook in store.webhooks.all():
                    store.webhooks.put(replace(webhook, place=""))
            erased = _erased_again(draft, settings)
            backup.as_one_file(draft)
            kept = _set_aside(place)
            backup.put_in_place(draft, place)
        backup.remove(Path(settings.views))
    except OSError as error:
        raise CopyRefused(f"{place} cannot be written: {error.strerror}") from error
    return Restored(proved, kept, erased)


def _erased_again(draft: Path, settings: Settings) -> int:
    """Erase whom the journal names, before anybody reads the backup."""
    journal = ErasureJournal(settings.erasures)
    if not journal.entries():
        return 0
    with closing(Carnet(f"sqlite:///{draft.absolute()}", journal=journal)) as carnet:
        return len(apply_again(carnet, journal))


def _ledger_file(settings: Settings) -> Path:
    file = settings.ledger_file
    if file is None:
        raise CopyRefused("PostgreSQL has tools of its own for this: see docs/how-to/back-up.md")
    return file.resolve()  # a symbolic link stays one


def _refuse_to_overwrite(source: Path, target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise CopyRefused(f"{target} is a folder: name a file in it")
    if not target.exists():
        return
    if not target.is_file():
        raise CopyRefused(f"{target} is no file: name one to make")
    if os.path.samefile(source, target):
        raise CopyRefused(f"{target} is the database itself")
    if not force:
        raise CopyRefused(f"there is a file {target}: --force replaces it")


def _set_aside(place: Path) -> Path | None:
    if not place.exists():
        return None
    kept = place.with_name(f"{place.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if kept.exists():
        kept = kept.with_name(f"{kept.name}-{token_hex(4)}")
    backup.set_aside(place, kept)
    return kept


def _proved(draft: Path, progress: Progress) -> list[Intact]:
    """The head of each business, its chain recomputed. A file of an older schema is proved in a copy of its own.

    Raises CopyRefused where a chain is broken.
    """
    if schema.require_ledger(draft) < schema.newest():
        with backup.draft_beside(draft) as migrated:
            backup.copy(draft, migrated)
            schema.migrate(migrated)
            return _proved(migrated, progress)
    with closing(SqliteStore(draft)) as store:
        found = [verify(store.ledger(id), progress) for id, position in store.heads() if position]
    for each in found:
        if isinstance(each, Broken):
            raise CopyRefused(
                f"{each.business_id}: BROKEN at position {each.position}: it {each.reason}; nothing was copied"
            )
    return [each for each in found if isinstance(each, Intact)]
