"""Every text of a template is translated, no translation is left over, no text stands beside the catalogues."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import api.pages
import domain
from api.http.problem_kinds.example import example_of
from api.http.problem_kinds.table import KINDS
from api.outbound.wording import WORDING
from api.pages.rendering import environment
from api.pages.speech import LANGUAGES, Speech, catalogue
from api.resources.receipts.words import LANGUAGES as LANGUAGES_OF_RECEIPTS

PAGES = Path(api.pages.__file__).parent
TEMPLATES = PAGES / "templates"
TEXTS = {
    (message, context)
    for _, _, message, _, context in extract_from_dir(
        TEMPLATES,
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"extensions": "jinja2.ext.i18n"}},
    )
}
MADE = re.compile(r"\{#.*?#\}|\{%-? *trans\b.*?endtrans *-?%\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
"""What Jinja makes: its comments, translated texts, values and statements."""
READ = ("aria-label", "title", "alt", "placeholder", "data-label", "label")
"""Attributes that people read or hear."""
WORD = re.compile(r"[^\W\d_]{2,}")
SAME = {
    "Carnet",
    "JSON",
    "CSV",
    "UTC",
    "SHA",
    "SMS",
    "WhatsApp",
    "Lines",
    "OpenAPI",
    "curl",
    "GET",
    "POST",
    "KB",
    "MB",
}
"""Words that are the same in every language."""
EXAMPLES = re.compile(r"[a-z]{3}_…|package\.redeemed|shop:4711|carnet verify")
"""What fields show of ids and names of facts, and a command."""
OF_PROGRAMS = {
    "cursor-expired",
    "headers-too-large",
    "id-taken",
    "idempotency-key-missing",
    "not-acceptable",
    "not-ready",
    "target-too-long",
    "transfer-coding-unknown",
}
"""Problems that no page brings about."""
NOT_DONE = {"en": "It was not done", "hu": "Nem történt meg"}
"""How a page begins to tell what it has no words for."""
COUNTED, A_DAY = re.compile("number|cap|len"), "2026-10-03"
"""What values of sentences are numbers, and the day that the others are."""


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_all_is_translated_and_nothing_else(language: str) -> None:
    whole = catalogue(language)
    kept = {(message.id, message.context): message for message in whole if message.id}
    assert kept.keys() == TEXTS
    for (id, _), message in kept.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), id
        assert not list(message.check(whole)), f"{id} has other places for values"


NEVER = {"hu": {r"\begység": "alkalom: a unit", r"\bbehoz|\bimport(?!ál)": "importálás: an import"}}
"""Language → words that stand for an idea which another word has, as a pattern, and that other word."""


@pytest.mark.parametrize("language", NEVER)
def test_an_idea_has_one_word_on_pages_in_letters_and_on_receipts(language: str) -> None:
    strings = [repr(message.string) for message in catalogue(language)]
    said = [*strings, repr(WORDING[language]), repr([*LANGUAGES_OF_RECEIPTS[language].values()])]
    for pattern, instead in NEVER[language].items():
        assert [text for text in said if re.search(pattern, text, re.IGNORECASE)] == [], instead


class _Words(HTMLParser):
    """The words of a template that stand in its HTML, and in attributes that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ:
                self.handle_data(value or "")

    def handle_data(self, data: str) -> None:
        self.found += [word for word in WORD.findall(EXAMPLES.sub("", data)) if word not in SAME]


def words_beside(template: str) -> Iterator[str]:
    words = _Words()
    words.feed(MADE.sub("", template))
    yield from words.found


@pytest.mark.parametrize(
    "template", ["<p>Hello</p>", '<a title="Open {{ name }}">1</a>', "{# no #}{% if x %}Anna{% endif %}"]
)
def test_a_word_outside_the_catalogues_is_found(template: str) -> None:
    assert len(list(words_beside(template))) == 1


def test_no_word_stands_outside_the_catalogues() -> None:
    files = sorted(TEMPLATES.rglob("*.html"))
    beside = {str(file.relative_to(TEMPLATES)): list(words_beside(file.read_text())) for file in files}
    assert {name: words for name, words in beside.items() if words} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_that_a_page_meets_is_told_in_words(language: str) -> None:
    told = environment(language).get_template("parts/told.html").module
    speech, without = Speech.of(language, "Europe/Budapest"), {}
    for code in KINDS:
        problem = example_of(code)
        said = str(told.words_for(problem, speech, "EUR"))  # type: ignore[attr-defined]
        if said.startswith(NOT_DONE[language]):
            without[code] = said
    assert without.keys() <= OF_PROGRAMS


def told_by(refusal: str) -> set[str]:
    """What the rules say of this kind of refusal, in English, with a number or a day where they name one."""
    said = set[str]()
    for module in (domain, api):
        for file in Path(module.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == refusal:
                    given = node.args[0] if node.args else node.keywords[0].value
                    said.add(_sentence(given))
    return said


def _sentence(given: ast.expr) -> str:
    parts = given.values if isinstance(given, ast.JoinedStr) else [given]
    return "".join(
        str(part.value)
        if isinstance(part, ast.Constant)
        else "3"
        if COUNTED.search(ast.unparse(part))
        else A_DAY
        for part in parts
    )


@pytest.mark.parametrize(
    ("refusal", "macro", "fewest"), [("NotEligible", "why_not", 30), ("LimitReached", "limited", 15)]
)
def test_what_the_rules_say_is_said_in_the_language_of_the_page(
    refusal: str, macro: str, fewest: int
) -> None:
    told = environment("hu").get_template("parts/why_not.html").module
    speech, sentences = [Speech.of("hu", "Europe/Budapest")] * (macro == "why_not"), told_by(refusal)
    assert len(sentences) >= fewest
    said = {each: str(getattr(told, macro)(each, *speech)).strip() for each in sentences}
    assert {each for each, text in said.items() if text == each} <= SAME
