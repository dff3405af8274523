"""Every text of a template has its translation, and no translation is left over."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import api.pages
from api.pages.speech import LANGUAGES, catalogue

PAGES = Path(api.pages.__file__).parent
TEXTS = {
    (message, context)
    for _, _, message, _, context in extract_from_dir(
        PAGES / "templates",
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"extensions": "jinja2.ext.i18n"}},
    )
}


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_all_is_translated_and_nothing_else(language: str) -> None:
    whole = catalogue(language)
    kept = {(message.id, message.context): message for message in whole if message.id}
    assert kept.keys() == TEXTS
    for (id, _), message in kept.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), id
        assert not list(message.check(whole)), f"{id} has other places for values"
