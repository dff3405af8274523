"""Every text of a template has its translation, and no translation is left over."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import api.pages
from api.outbound.wording import WORDING
from api.pages.speech import LANGUAGES, catalogue
from api.resources.receipts.words import LANGUAGES as LANGUAGES_OF_RECEIPTS

PAGES = Path(api.pages.__file__).parent
TEXTS = {
    message
    for _, _, message, _, _ in extract_from_dir(
        PAGES / "templates",
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"extensions": "jinja2.ext.i18n"}},
    )
}


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_all_is_translated_and_nothing_else(language: str) -> None:
    whole = catalogue(language)
    kept = {message.id: message for message in whole if message.id}
    assert kept.keys() == TEXTS
    for id, message in kept.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), id
        assert not list(message.check(whole)), f"{id} has other places for values"


NEVER = {"hu": {r"\begység": "alkalom: a unit", r"\bimport": "behozatal: an import"}}
"""Language → words that stand for an idea which another word has, as a pattern, and that other word."""


@pytest.mark.parametrize("language", NEVER)
def test_an_idea_has_one_word_on_pages_in_letters_and_on_receipts(language: str) -> None:
    strings = [repr(message.string) for message in catalogue(language)]
    said = [*strings, repr(WORDING[language]), repr([*LANGUAGES_OF_RECEIPTS[language].values()])]
    for pattern, instead in NEVER[language].items():
        assert [text for text in said if re.search(pattern, text, re.IGNORECASE)] == [], instead
