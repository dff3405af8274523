"""The pepper of an installation: set, or in a file that only its owner can read."""

import logging
import os
from functools import lru_cache
from pathlib import Path
from secrets import token_hex

from api.server.settings import PEPPER_RULE, Settings, WrongSetting, is_long_enough

log = logging.getLogger("carnet.server")


def read_pepper(settings: Settings) -> bytes | None:
    """The pepper of the settings or of its file; None where there is none. Raises WrongSetting."""
    if settings.pepper is not None:
        return settings.pepper.encode()
    path = settings.pepper_file
    try:
        if not path.exists() and not path.is_symlink():
            return None
        mode = path.stat().st_mode
        if mode & 0o022:
            raise WrongSetting(
                f"the pepper {path} can be replaced by others than its owner: chmod 600 {path}"
            )
        if mode & 0o077:
            _warn_of_readers(path)
        found = path.read_bytes().strip()
    except OSError as error:
        raise WrongSetting(f"the pepper {path} cannot be read: {error.strerror}") from error
    if not is_long_enough(found):
        raise WrongSetting(f"the pepper {path} must have {PEPPER_RULE}; put the right one back")
    return found


@lru_cache(maxsize=8)
def _warn_of_readers(path: Path) -> None:
    """Say once in a process that others may read the pepper: keys are no safer while nothing is served."""
    log.warning("the pepper %s can be read by others than its owner: chmod 600 %s", path, path)


def make_pepper(settings: Settings) -> bytes:
    """Make a pepper and keep it in its file. Raises WrongSetting where it cannot be kept."""
    try:
        _write_pepper(settings.pepper_file)
    except OSError as error:
        told = f"the pepper cannot be kept as {settings.pepper_file}: {error.strerror}; set CARNET_PEPPER"
        raise WrongSetting(told) from error
    found = read_pepper(settings)
    assert found is not None, "it was written"
    return found


def _write_pepper(path: Path) -> None:
    """Write the whole file or nothing. Of two processes that write at once one wins, and both read that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token_hex(32))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
