"""What makes a list of people quick to read: where a name fits what is searched for, and a colour for each of them."""

from itertools import groupby
from unicodedata import combining, normalize

from markupsafe import Markup, escape

COLOURS = ("", "a", "b", "c")
"""Classes of a face in the sheet."""


def marked(text: str, search: str) -> Markup:
    """The text with every place marked where a word of the search is in it, whatever its accents and capitals.

    marked("Kata Szabó", "sza")    Kata <mark>Sza</mark>bó
    """
    letters = [_plain(letter) for letter in text]
    plain, at = "".join(letters), [n for n, letter in enumerate(letters) for _ in letter]
    fits = set[int]()
    for word in {_plain(each) for each in search.split()} - {""}:
        begin = plain.find(word)
        while begin >= 0:
            fits.update(at[begin : begin + len(word)])
            begin = plain.find(word, begin + 1)
    parts = groupby(enumerate(text), key=lambda each: each[0] in fits)
    return Markup().join(
        Markup("<mark>{}</mark>").format(part) if is_marked else escape(part)
        for is_marked, part in ((is_marked, "".join(each for _, each in part)) for is_marked, part in parts)
    )


def _plain(text: str) -> str:
    return "".join(each for each in normalize("NFKD", text).casefold() if not combining(each))


def colour(id: str) -> str:
    """That of somebody's face: the same on every page."""
    return COLOURS[sum(id.encode()) % len(COLOURS)]
