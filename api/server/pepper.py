"""The pepper: the secret that API keys are stored under, and whether it is the one these books know.

    peppers = peppers_of(settings, store)

The database keeps a mark of each pepper that keys were made under. So a wrong or lost pepper is told at once, not by
keys that open nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.http.key_guard import mark_of
from api.http.ledger_types import KnownPepper, Store
from api.server.pepper_file import make_pepper, read_pepper
from api.server.settings import Settings
from domain.moments import from_milliseconds


class WrongPepper(Exception):
    """The pepper is not the one that the keys in the database were made under, or it is missing."""


@dataclass(frozen=True, slots=True)
class Peppers:
    """The pepper of new keys, and the one before it, whose keys still open."""

    current: bytes
    previous: bytes | None = None

    @property
    def all(self) -> tuple[bytes, ...]:
        return (self.current,) if self.previous is None else (self.current, self.previous)

    def open(self, mark: bytes | None) -> bool:
        """Whether keys made under the pepper with this mark open. None: from before marks were kept."""
        return mark is None or mark in _marks(self)


def peppers_of(settings: Settings, store: Store, *, issuing: bool = False) -> Peppers:
    """The peppers that the settings name, held against the database.

    A pepper is made where there is neither a pepper nor a key. `issuing`: a key is made next. The first pepper that
    keys are made under is noted; a new one replaces it where `CARNET_PEPPER_PREVIOUS` names the old one.

    Raises WrongPepper, WrongSetting.
    """
    known = list(store.peppers())
    has_keys = bool(known) or store.has_keys()
    current = read_pepper(settings)
    if current is None and has_keys:
        raise WrongPepper(
            f"these books have keys, and the pepper they were made under is missing: put it back as"
            f" {settings.pepper_file}, or set CARNET_PEPPER"
        )
    found = Peppers(current or make_pepper(settings), _previous(settings))
    _refuse_strange_previous(found, known)
    in_use = known[-1].mark if known else None
    mark = mark_of(found.current)
    if in_use is None and (issuing or has_keys):
        in_use = _settled(store, mark, None)
    elif found.previous is not None and in_use == mark_of(found.previous):
        in_use = _settled(store, mark, in_use)
    if in_use not in (None, mark):
        raise WrongPepper(_told(settings, mark, known))
    return found


def _settled(store: Store, mark: bytes, replacing: bytes | None) -> bytes:
    """Note a pepper; books that cannot be written here are read under it without a note."""
    return mark if store.read_only else store.settle_pepper(mark, replacing)


def peppers_to_prove(settings: Settings, known: Sequence[KnownPepper]) -> Peppers:
    """The peppers that keys are proved with; nothing is made or noted. Raises WrongPepper, WrongSetting."""
    current = read_pepper(settings)
    if current is None:
        raise WrongPepper("the pepper is missing")
    found = Peppers(current, _previous(settings))
    if known and not _marks(found) & {each.mark for each in known}:
        raise WrongPepper("the pepper is not the one that they were made under")
    return found


def _marks(peppers: Peppers) -> set[bytes]:
    return {mark_of(each) for each in (peppers.current, peppers.previous) if each is not None}


def _previous(settings: Settings) -> bytes | None:
    return None if settings.pepper_previous is None else settings.pepper_previous.encode()


def _refuse_strange_previous(found: Peppers, known: Sequence[KnownPepper]) -> None:
    marks = {each.mark for each in known}
    if found.previous is not None and marks and mark_of(found.previous) not in marks:
        raise WrongPepper("CARNET_PEPPER_PREVIOUS is no pepper that a key in these books was made under")


def _told(settings: Settings, mark: bytes, known: Sequence[KnownPepper]) -> str:
    named = "CARNET_PEPPER" if settings.pepper is not None else str(settings.pepper_file)
    if any(each.mark == mark for each in known):
        day = from_milliseconds(known[-1].since).date()
        return f"{named} is a pepper that was replaced on {day}: give the new one"
    return (
        f"{named} is not the pepper that the keys in these books were made under: give that one, or name it in"
        " CARNET_PEPPER_PREVIOUS to replace it"
    )
