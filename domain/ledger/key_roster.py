"""The list of all keys that a business ever had: pages of ids in the order in which they were issued, and their number.

A key that was taken out is missed, as each page has a MAC. Storing a key writes its page and the number anew, and costs
the same whatever the number of keys. Under another pepper the whole list is written anew once it is proved under the
one before it. A list that is not as it was written never gets MACs that fit: verification goes on to name it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hmac import compare_digest
from typing import Literal, NamedTuple, Protocol

IDS_OF_PAGE = 128
COUNT = ""
"""The page with the number of all ids."""


class Page(NamedTuple):
    page: str
    text: str
    """The ids, separated by spaces; the number of all ids."""
    mac: bytes


Verdict = Literal["genuine", "forged", "unknown"]
"""unknown: written under a pepper that is not at hand."""


class Roster(Protocol):
    """What makes the MACs of a list, and judges those it has."""

    @property
    def is_mended(self) -> bool:
        """Whether the list is to be written anew as it stands, whatever its MACs say: somebody has looked at it."""

    def mac(self, page: str, text: str) -> bytes:
        """Under the pepper in use."""

    def verdict(self, page: Page) -> Verdict: ...

    def note(self, verdict: Verdict) -> None:
        """Note that the list was written anew and could not be proved (unknown), or stays as it is (forged)."""


class Unproved:
    """No MACs: for keys that are stored without a pepper."""

    is_mended = False

    def mac(self, page: str, text: str) -> bytes:
        return b""

    def verdict(self, page: Page) -> Verdict:
        return "unknown" if page.mac else "genuine"

    def note(self, verdict: Verdict) -> None: ...


UNPROVED = Unproved()


def page_of(number: int) -> str:
    """The page of the key that so many were issued before. Pages are in the order of their texts."""
    return f"{number // IDS_OF_PAGE:08}"


def with_key(
    read: Callable[[str], Page | None], read_all: Callable[[], Iterable[Page]], key_id: str, roster: Roster
) -> Iterator[Page]:
    """The pages that a new key changes: its own and the number of all.

    Where the MAC of one of these is not that of the pepper in use, the whole list is looked at. It is written anew
    where it is whole and every page was written under a pepper at hand, or under one that is not: then that is noted.
    Where a page is not as it was written, it gets the key and keeps its MAC.
    """
    count = read(COUNT)
    if count is not None and _is_current(count, roster) and not roster.is_mended:
        page = page_of(int(count.text))
        last = read(page)
        if last is None or _is_current(last, roster):
            yield _page(page, f"{last.text} {key_id}" if last else key_id, roster)
            yield _page(COUNT, str(int(count.text) + 1), roster)
            return
    pages = {each.page: each for each in read_all()}
    verdict = "genuine" if roster.is_mended or _is_empty(pages.values()) else _verdict(pages, roster)
    if verdict != "genuine":
        roster.note(verdict)
    yield from _added(pages, key_id, roster) if verdict == "forged" else _anew(pages, key_id, roster)


def _is_empty(pages: Iterable[Page]) -> bool:
    """Whether no key was ever issued. A store may hold the place of their number before."""
    return all((each.page, each.text) == (COUNT, "0") for each in pages)


def _verdict(pages: Mapping[str, Page], roster: Roster) -> Verdict:
    """Of the whole list."""
    verdicts = {roster.verdict(each) for each in pages.values()}
    if "forged" in verdicts or flaws_of({name: each.text for name, each in pages.items()}):
        return "forged"
    return "unknown" if "unknown" in verdicts else "genuine"


def _is_current(page: Page, roster: Roster) -> bool:
    return compare_digest(page.mac, roster.mac(page.page, page.text))


def _page(page: str, text: str, roster: Roster) -> Page:
    return Page(page, text, roster.mac(page, text))


def _anew(known: Mapping[str, Page], key_id: str, roster: Roster) -> Iterator[Page]:
    ids = [*listed({name: each.text for name, each in known.items()}), key_id]
    texts = dict.fromkeys(known, "")
    for first in range(0, len(ids), IDS_OF_PAGE):
        texts[page_of(first)] = " ".join(ids[first : first + IDS_OF_PAGE])
    for page, text in (texts | {COUNT: str(len(ids))}).items():
        yield _page(page, text, roster)


def _added(known: Mapping[str, Page], key_id: str, roster: Roster) -> Iterator[Page]:
    """The key in its page, and the number of all: a page that is not as it was written keeps its MAC."""
    count = known.get(COUNT, Page(COUNT, "", b""))
    issued = (
        int(count.text)
        if count.text.isascii() and count.text.isdigit()
        else len(listed({name: each.text for name, each in known.items()}))
    )
    name = page_of(issued)
    last = known.get(name)
    changed = ((name, f"{last.text} {key_id}" if last else key_id, last), (COUNT, str(issued + 1), count))
    for page, text, before in changed:
        is_changed = before is not None and roster.verdict(before) != "genuine"
        yield Page(page, text, before.mac) if before and is_changed else _page(page, text, roster)


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
