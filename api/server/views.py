"""The read tables that the settings name, for questions that need no definition of a read model.

found = asked_of_views(settings, lambda ask: list(standings(store, ask, VERSIONS.items(), fingerprint_of)))
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from api.server.settings import Settings
from projections.engine.asking import Ask, asking, missing
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.views_file import damage_of, tells_damage
from projections.models.versions import VERSIONS

Answer = TypeVar("Answer")


def asked_of_views(settings: Settings, question: Callable[[Ask], Answer]) -> Answer:
    """The answer of all read tables of this version.

    A file that lacks tables, or is damaged, is mended first, as wherever it is opened (`installation.opened`).
    `question` may be asked twice. Raises ProjectionMissing, RoleNeeded, LedgerUnavailable.
    """
    if settings.ledger_file is None:
        with asking(settings.database, settings.views) as ask:
            if lacking := missing(ask, settings.views, VERSIONS.items()):
                raise ProjectionMissing(", ".join(lacking))
            return question(ask)
    if _is_sound(Path(settings.views)):
        try:
            with asking(settings.views, None) as ask:
                if not missing(ask, None, VERSIONS.items()):
                    return question(ask)
        except sqlite3.Error as error:
            if not tells_damage(error):
                raise
    return _asked_once_mended(settings, question)


def schema_of_views(settings: Settings) -> str | None:
    """Where they lie on PostgreSQL; None: in a file."""
    return settings.views if settings.ledger_file is None else None


def fingerprint_of(name: str) -> str:
    """The fingerprint of a read model: its definition is imported for it."""
    from projections.engine.definition import fingerprint
    from projections.models.registry import READ_MODELS

    return fingerprint(next(each for each in READ_MODELS if each.name == name))


def _is_sound(file: Path) -> bool:
    """Whether the file can be asked as it is. What SQLite keeps beside it is written also by those who read."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK) and damage_of(file) is None


def _asked_once_mended(settings: Settings, question: Callable[[Ask], Answer]) -> Answer:
    from api.server.installation import opened

    with opened(settings) as here:
        if lacking := here.views.missing():
            raise ProjectionMissing(", ".join(lacking))
        with here.views.asking() as ask:
            return question(ask)
