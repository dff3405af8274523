"""Finding people by a part of their name or mobile number, or by their e-mail, in any case, accents and spacing.

    search_text("Kovács-Nagy Ágnes", "+36201234567")   "kovacs nagy agnes 36201234567 06201234567"
    words("agnés KOV"), words("06 20 123")             ("agnes", "kov"), ("0620123",)
    words("Agnes@Exa")                                 the beginning of an e-mail, in wide letters

An e-mail is found by its beginning, and by what stands behind its @. Its words before the @ are found like those of a
name. It is kept in wide letters, which no other text has, so that a part of a name finds no provider's name.

A person is found when each searched word is a part of one of theirs. An index holds the grams of their words:
all parts of one, two and three letters.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from domain.people.phone import as_dialled, without_trunk_prefix
from domain.text import without_unseen

GRAM_MAX = 3
WORDS_MAX = 10
"""Words of one search; more than a name has narrow nothing further."""

_JOINED = dict.fromkeys(map(ord, "'.`\u00b4\u02bb\u02bc\u2018\u2019"))
"""Characters that people leave out when they type: O'Brien is found as obrien."""

_PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "\u0131": "i",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
    }
)
"""Letters that Unicode does not take apart, such as those with a stroke."""

_WIDER = ord("\uff01") - ord("!")
_BEGINNING = "\uff1c"

_NUMBER = re.compile(r"[\d\s+()./-]*\d[\d\s+()./-]*")
_ABROAD = re.compile(r"^(\s*(?:\+|00)[\d\s./-]+)\(\s*0\s*(?:\)|$)")
"""A country code and, in brackets, the 0 that is dialled only at home."""
_NO_DIGIT = re.compile(r"\D")


def folded(text: str) -> str:
    """Small letters and digits without accents and joiners, in words with one space between them."""
    apart = unicodedata.normalize("NFKD", without_unseen(text).translate(_JOINED)).casefold()
    bare = "".join(letter for letter in apart if not unicodedata.category(letter).startswith("M"))
    plain = unicodedata.normalize("NFKD", bare).translate(_PLAIN)
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def search_text(
    name: str, mobile: str | None, email: str | None = None, date_of_birth: date | None = None
) -> str:
    """The text a person is found by.

    The name, the digits of the number as dialled abroad and at home, the e-mail; and the date of birth, by which only
    possible duplicates are looked for.
    """
    born = [] if date_of_birth is None else [born_word(date_of_birth)]
    return " ".join(part for part in (folded(name), *_dialled(mobile), *_written(email), *born) if part)


def email_word(email: str) -> str:
    """An e-mail as one word that is only found from its beginning on."""
    return _BEGINNING + _wide(email)


def born_word(day: date) -> str:
    return _wide(f"*{day.isoformat()}")


def _written(email: str | None) -> list[str]:
    if email is None:
        return []
    return [*folded(email.partition("@")[0]).split(), email_word(email)]


def _wide(text: str) -> str:
    """The text in wide letters, without spaces: the same for texts that differ in case or compatible characters."""
    plain = unicodedata.normalize("NFKC", without_unseen(text)).casefold()
    return "".join(
        chr(ord(each) + _WIDER) if "!" <= each <= "~" else each for each in plain if not each.isspace()
    )


def _dialled(mobile: str | None) -> list[str]:
    if mobile is None:
        return []
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    written = _NO_DIGIT.sub("", mobile)
    try:
        at_home = format_number(parse(mobile), PhoneNumberFormat.NATIONAL)
    except NumberParseException:  # stored before numbers were checked
        return [written]
    national = _NO_DIGIT.sub("", at_home)
    return [written] if written.endswith(national) else [written, national]


def words(term: str) -> tuple[str, ...]:
    """The words of a search, longest first, at most WORDS_MAX; a number is one word. Empty: nothing to find."""
    number = as_dialled(term)
    if _NUMBER.fullmatch(number):
        digits = _NO_DIGIT.sub("", _ABROAD.sub(r"\1", number))
        if number.startswith("+") or digits.startswith("00"):
            return (without_trunk_prefix(digits.removeprefix("00")) or digits,)
        return (digits,)
    found = {word for part in term.split() for word in _words_of(part)}
    return tuple(sorted(found, key=lambda word: (-len(word), word))[:WORDS_MAX])


def _words_of(part: str) -> list[str]:
    """The words of a part between spaces: an e-mail or its beginning, the end of an e-mail, or words of a name."""
    name, at, _ = part.partition("@")
    if not at:
        return folded(part).split()
    return [email_word(part) if name else _wide(part)]


def matches(text: str, searched: Iterable[str]) -> bool:
    """Whether each searched word is a part of a word of the text."""
    return all(word in text for word in searched)


def grams_of_text(text: str) -> list[str]:
    """All parts of one to three letters of the words of a text, each once, in order."""
    grams = {
        word[start : start + size]
        for word in text.split()
        for size in range(1, GRAM_MAX + 1)
        for start in range(len(word) - size + 1)
    }
    return sorted(grams)


def grams_of_words(searched: Iterable[str]) -> list[str]:
    """The grams that a text must have to match: the longest ones of each word."""
    grams = {
        word[start : start + GRAM_MAX]
        for word in searched
        for start in range(max(len(word) - GRAM_MAX, 0) + 1)
    }
    return sorted(grams)
