"""The list of all keys that a business ever had: pages of ids in the order in which they were issued, and their number.

A key that was taken out is missed, as each page has a MAC. Storing a key writes its page and the number anew, and costs
the same whatever the number of keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hmac import compare_digest
from typing import NamedTuple

Roster = Callable[[str, str], bytes]
"""(page, text) → the MAC of a page of the list."""
IDS_OF_PAGE = 128
COUNT = ""
"""The page with the number of all ids."""


def unproved(page: str, text: str) -> bytes:
    """No MAC: for keys that are stored without a pepper."""
    return b""


class Page(NamedTuple):
    page: str
    text: str
    """The ids, separated by spaces; the number of all ids."""
    mac: bytes


def page_of(number: int) -> str:
    """The page of the key that so many were issued before. Pages are in the order of their texts."""
    return f"{number // IDS_OF_PAGE:08}"


def with_key(
    read: Callable[[str], Page | None], read_all: Callable[[], Iterable[Page]], key_id: str, roster: Roster
) -> Iterator[Page]:
    """The pages that a new key changes: its own and the number of all.

    Where the MAC of one of these is not what `roster` makes of it, as under a new pepper, the whole list is written
    anew as it stands.
    """
    count = read(COUNT)
    if count is not None and _is_genuine(count, roster):
        page = page_of(int(count.text))
        last = read(page)
        if last is None or _is_genuine(last, roster):
            yield _page(page, f"{last.text} {key_id}" if last else key_id, roster)
            yield _page(COUNT, str(int(count.text) + 1), roster)
            return
    yield from _anew([*read_all()], key_id, roster)


def _is_genuine(page: Page, roster: Roster) -> bool:
    return compare_digest(page.mac, roster(page.page, page.text))


def _page(page: str, text: str, roster: Roster) -> Page:
    return Page(page, text, roster(page, text))


def _anew(known: Sequence[Page], key_id: str, roster: Roster) -> Iterator[Page]:
    ids = [*(id for each in sorted(known) if each.page != COUNT for id in each.text.split()), key_id]
    texts = {each.page: "" for each in known}
    for first in range(0, len(ids), IDS_OF_PAGE):
        texts[page_of(first)] = " ".join(ids[first : first + IDS_OF_PAGE])
    for page, text in (texts | {COUNT: str(len(ids))}).items():
        yield _page(page, text, roster)


def listed(pages: Mapping[str, str]) -> list[str]:
    """All ids, by the texts of the pages, in the order in which they were issued."""
    return [id for page in sorted(pages) if page != COUNT for id in pages[page].split()]


def flaws_of(pages: Mapping[str, str]) -> list[tuple[str, str]]:
    """(page, what is wrong with it) of pages that do not hold as many ids as were issued; empty for a whole list."""
    counted = pages.get(COUNT)
    if counted is None:
        return [(COUNT, "is missing")]
    issued = int(counted) if counted.isascii() and counted.isdigit() else 0
    wanted = {page_of(number) for number in range(0, issued, IDS_OF_PAGE)}
    there = {page for page, text in pages.items() if page != COUNT and text}
    told = [(page, "is missing") for page in sorted(wanted - there)]
    told += [(page, "was never written") for page in sorted(there - wanted)]
    if not told and len(listed(pages)) != issued:
        told.append((COUNT, "is not the number of ids"))
    return told
