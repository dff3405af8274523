r"""The one form of texts that are compared or shown as names, and the characters that none of them may hold.

    name_of_thing("  Massage\u00a0 60 ")   "Massage 60"
    name_of_thing("Massage\u200b60")       ValueError: holds U+200B (ZERO WIDTH SPACE), which nobody can see, …
    reference("Kovács-1 ")                 "Kovács-1"
    name_of_person("Anna\u200dMaria")       the same: a joiner is a letter to some
    email(" anna@example.org")             "anna@example.org"

Two texts that look the same are the same text: composed letters (NFC), no white space around, one space between
words, and no character that nobody sees. Free texts (notes, reasons, addresses) are kept as they were written.
"""

import re
import unicodedata

_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point of Unicode: what is shown as nothing. The property is stable for assigned characters;
unassigned ones are in it already."""
_BLANK = "\u2800\ufff9-\ufffb\U0001d159"
"""Other characters that show nothing: the empty Braille cell, marks of annotations, the empty note."""
_LINES = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""Control characters, ends of lines and of paragraphs, halves of surrogate pairs."""
_TURNS = "\u202a-\u202e\u2066-\u2069"
"""Marks that turn the direction of all that stands after them."""

UNSEEN = re.compile(f"[{_IGNORABLE}{_BLANK}]")
_NEVER = re.compile(f"[{_LINES}]")
_NEVER_IN_PEOPLE = re.compile(f"[{_LINES}{_TURNS}]")
_ENDS = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
"""What telephones and screens put around a name that is copied, and joiners with nothing to join."""
_AROUND = re.compile(f"^[\\s{_ENDS}]+|[\\s{_ENDS}]+$")
_WHITE = re.compile(r"[^\S\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""White space within a line."""

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_SHOWN = f"{_PICTURE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
_EMOJI = re.compile(
    "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f"  # the flag of a region
    "|[0-9#*]\ufe0f\u20e3"  # a key
    f"|{_SHOWN}(?:\u200d{_SHOWN})*"  # one picture, or several that a joiner makes into one
)
"""Pictures, which unseen characters are parts of."""


def _is_plain(text: str) -> bool:
    """Whether it is ASCII in its one form already, as most names are."""
    return text.isascii() and text.isprintable() and "  " not in text and bool(text) and text == text.strip()


def name_of_thing(text: str) -> str:
    """The name of a service, type, category, offer, location … in its one form. Raises ValueError."""
    if _is_plain(text):
        return text
    found = _one_line(text.strip())
    _refuse(found, _NEVER, "which no name may hold")
    without_emoji = _EMOJI.sub(lambda emoji: "x" * len(emoji[0]), found)
    _refuse(without_emoji, UNSEEN, "which nobody can see")
    return found


def reference(text: str) -> str:
    """The name of a thing or a person in another system, in its one form. Raises ValueError."""
    if _is_plain(text):
        return text
    found = _one_line(text.strip())
    _refuse(found, _NEVER, "which no reference may hold")
    _refuse(found, UNSEEN, "which nobody can see")
    return found


def source_and_reference(text: str) -> str:
    """`source:ref` with the reference in its one form. Raises ValueError."""
    source, colon, ref = text.partition(":")
    return f"{source.strip()}{colon}{reference(ref)}" if colon else text


def name_of_person(text: str) -> str:
    """The name of a customer, participant or member of staff. Joiners inside stay: they are letters to some.

    Raises ValueError.
    """
    if _is_plain(text):
        return text
    found = _one_line(_AROUND.sub("", text))
    _refuse(found, _NEVER_IN_PEOPLE, "which no name may hold")
    if not UNSEEN.sub("", found).strip():
        raise ValueError(_BLANK_NAME)
    return found


def email(text: str) -> str:
    """An e-mail address as it is compared but for its case. Raises ValueError."""
    found = _one_line(text.strip())
    _refuse(found, _NEVER, "which no e-mail address may hold")
    _refuse(found, UNSEEN, "which nobody can see")
    return found


def without_unseen(text: str) -> str:
    """The text as it is searched for: without the characters that nobody sees."""
    return UNSEEN.sub("", text)


_BLANK_NAME = "is blank: nothing of it can be seen"


def _one_line(text: str) -> str:
    """Raises ValueError for blank text."""
    found = _WHITE.sub(" ", unicodedata.normalize("NFC", text))
    if not found:
        raise ValueError(_BLANK_NAME)
    return found


def _refuse(text: str, characters: re.Pattern[str], why: str) -> None:
    found = characters.search(text)
    if found is not None:
        named = unicodedata.name(found[0], "a control character")
        place = found.start() + 1
        raise ValueError(f"holds U+{ord(found[0]):04X} ({named}), {why}, as character {place}")
