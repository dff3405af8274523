"""Who on this machine can read the books, which hold names and numbers of people."""

import logging
from pathlib import Path

log = logging.getLogger("carnet.server")
OF_OTHERS = 0o077
"""The rights of the group and of everybody."""


def warn_of_readers(books: Path) -> None:
    """Warn where others than the owner may read the file. They cannot where its folder is closed to them."""
    try:
        open_to_others = books.stat().st_mode & books.absolute().parent.stat().st_mode & OF_OTHERS
    except OSError:  # whoever opens the books says what is wrong
        return
    if open_to_others:
        log.warning("the books %s can be read by others than their owner: chmod 600 %s", books, books)
