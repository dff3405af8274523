"""The one form of names and references: what looks the same is the same, and what nobody sees is refused."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import text
from domain.text import email, name_of_person, name_of_thing, reference, source_and_reference

FORMS: tuple[Callable[[str], str], ...] = (
    name_of_thing,
    reference,
    name_of_person,
    email,
    source_and_reference,
)
UNSEEN = {
    "soft hyphen": "\u00ad",
    "grapheme joiner": "\u034f",
    "Arabic letter mark": "\u061c",
    "Hangul filler": "\u3164",
    "Mongolian separator": "\u180e",
    "zero width space": "\u200b",
    "non-joiner": "\u200c",
    "joiner": "\u200d",
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "override": "\u202e",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "isolate": "\u2067",
    "variation selector": "\ufe0f",
    "byte order mark": "\ufeff",
    "tag": "\U000e0041",
    "selector of ideographs": "\U000e0100",
    "empty Braille cell": "\u2800",
    "note without a head": "\U0001d159",
}
WHITE = ("\u0020", "\u00a0", "\u2002", "\u2009", "\u202f", "\u205f", "\u3000")
EMOJI = (
    "💆",
    "\u2764\ufe0f",
    "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f486\U0001f3fd\u200d\u2640\ufe0f",
    "\U0001f415\u200d\U0001f9ba",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "1\ufe0f\u20e3",
    "\u2702\ufe0f",
)


@pytest.mark.parametrize("form", [name_of_thing, reference, name_of_person, email])
def test_what_looks_the_same_is_the_same(form: Callable[[str], str]) -> None:
    composed = unicodedata.normalize("NFC", "Kovács 1")
    for white in WHITE:
        for letters in (composed, unicodedata.normalize("NFD", composed)):
            assert form(f"{white}\n{letters.replace(' ', white * 2)}\t{white}") == composed


@pytest.mark.parametrize("form", [name_of_thing, reference, email])
@pytest.mark.parametrize("what", UNSEEN)
def test_what_nobody_sees_is_refused_with_its_code_and_place(form: Callable[[str], str], what: str) -> None:
    for before, after in (("Kovács", "1"), ("Kovács", ""), ("", "Kovács"), ("1", "2")):
        with pytest.raises(
            ValueError, match=rf"U\+{ord(UNSEEN[what]):04X} .*as character {len(before) + 1}$"
        ):
            form(before + UNSEEN[what] + after)


@pytest.mark.parametrize("form", [name_of_thing, reference, email, name_of_person])
@pytest.mark.parametrize("line", ["\n", "\r", "\t", "\x00", "\x1b", "\x85", "\u2028", "\u2029", "\ud800"])
def test_no_name_holds_a_line_or_a_control_character(form: Callable[[str], str], line: str) -> None:
    with pytest.raises(ValueError, match=rf"U\+{ord(line):04X}"):
        form(f"Kovács{line}Anna")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("blank", ["", " ", "\u00a0\t", "\n"])
def test_a_blank_name_is_none(form: Callable[[str], str], blank: str) -> None:
    if form is source_and_reference:
        blank = f"old:{blank}"
    with pytest.raises(ValueError, match="blank"):
        form(blank)


@pytest.mark.parametrize("emoji", EMOJI)
def test_a_name_of_a_thing_may_hold_every_emoji(emoji: str) -> None:
    for name in (emoji, f"Massage ×10 {emoji}", f"{emoji}{emoji} 60"):
        assert name_of_thing(name) == name
        assert name_of_person(name) == name


@pytest.mark.parametrize(
    "name", ["Massage\ufe0f", "1\ufe0f", "💆\u200d", "\u200d💆", "a\u200d💆", "💆\ufe0f\ufe0f"]
)
def test_the_parts_of_an_emoji_are_refused_without_it(name: str) -> None:
    with pytest.raises(ValueError, match="nobody can see"):
        name_of_thing(name)
    with pytest.raises(ValueError, match="nobody can see"):
        reference(f"{name}💆\ufe0f")


def test_a_name_of_a_person_keeps_its_joiners_inside() -> None:
    for name in (
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "\u0d28\u0d4d\u200d",
        "Anna\u00adMaria",
        "\u845b\U000e0100",
    ):
        kept = name_of_person(f"{name} 1")
        assert kept == f"{name} 1"


def test_a_name_of_a_person_loses_what_telephones_put_around_it() -> None:
    assert name_of_person("\u202a\u200eAnna Kovács\u202c ") == "Anna Kovács"
    assert name_of_person("\ufeffAnna\u200d") == "Anna"


@pytest.mark.parametrize("what", UNSEEN)
def test_a_name_of_a_person_has_something_to_see(what: str) -> None:
    with pytest.raises(ValueError, match=r"blank|nobody|may hold"):
        name_of_person(UNSEEN[what] * 3)


@pytest.mark.parametrize("turn", ["\u202a", "\u202e", "\u2066", "\u2069"])
def test_no_name_of_a_person_turns_what_stands_behind_it(turn: str) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(turn):04X}"):
        name_of_person(f"Anna{turn}Maria")


@pytest.mark.parametrize("form", FORMS)
@given(given=st.text(max_size=20))
def test_the_form_of_a_form_is_itself(form: Callable[[str], str], given: str) -> None:
    try:
        formed = form(given)
    except ValueError:
        return
    assert form(formed) == formed


@given(st.text(max_size=20))
def test_nothing_that_passes_holds_a_character_of_the_category_control(given: str) -> None:
    for form in (name_of_thing, reference, name_of_person, email):
        try:
            formed = form(given)
        except ValueError:
            continue
        assert formed == formed.strip()
        assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in formed)
        assert text.without_unseen(formed).strip()


def test_a_reference_with_its_source_is_formed_behind_the_colon() -> None:
    assert source_and_reference(" old: Kovács\u00a0 1 ") == "old:Kovács 1"
    assert source_and_reference("a:b:c") == "a:b:c"
