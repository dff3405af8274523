"""Every text of a template is translated, no translation is left over, no text stands beside the catalogues."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest
from babel.messages.extract import extract_from_dir
from pydantic_core import from_json

import api.pages
import domain
from api.http.problem_kinds.example import example_of
from api.http.problem_kinds.table import KINDS
from api.http.problem_of import problem_of
from api.outbound.wording import WORDING
from api.pages.rendering import environment
from api.pages.speech import LANGUAGES, Speech, catalogue
from api.resources.receipts.words import LANGUAGES as LANGUAGES_OF_RECEIPTS
from domain.refusals import LimitReached, NotEligible, Refused
from domain.refusals.rules import LIMITS, RULES, Limit, Rule

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
A_DAY, ZONE = r"\d{4}-\d{2}-\d{2}", "Europe/Budapest"


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


def raised(refusal: str) -> set[str]:
    """The codes of the rules that this kind of refusal is raised with."""
    found = set[str]()
    for module in (domain, api):
        for file in Path(module.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == refusal:
                    assert isinstance(node.args[0], ast.Constant), f"{file}:{node.lineno}"
                    found.add(str(node.args[0].value))
    return found


@pytest.mark.parametrize(
    ("refusal", "rules", "codes"),
    [("NotEligible", RULES, get_args(Rule)), ("LimitReached", LIMITS, get_args(Limit))],
)
def test_every_rule_has_words_and_says_no_somewhere(
    refusal: str, rules: Mapping[str, str], codes: Sequence[str]
) -> None:
    assert rules.keys() == {*codes} == raised(refusal)
    assert len({*rules.values()}) == len(rules)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("rule", RULES)
def test_why_something_is_not_possible_is_said_in_the_language_of_the_page(rule: Rule) -> None:
    problem = told(NotEligible(rule, limit=3, day=date(2026, 10, 3), period=4))
    assert problem["reason"] == problem["detail"] == RULES[rule].format(limit=3, day="2026-10-03", period=4)
    said = {language: words_for(problem, language) for language in LANGUAGES}
    assert len({*said.values()}) == len(LANGUAGES)
    by_code = {**problem, "reason": problem["reason"].replace("e", "x")}
    assert {language: words_for(by_code, language) for language in LANGUAGES} == said
    for language, text in said.items():
        days = [Speech.of(language, ZONE).day(day) for day in re.findall(A_DAY, problem["reason"])]
        assert all(part in text for part in [*days, *re.findall(r"(?<![-\d])\d(?![-\d])", problem["reason"])])


@pytest.mark.parametrize("rule", LIMITS)
def test_what_there_is_a_limit_of_is_said_in_the_language_of_the_page(rule: Limit) -> None:
    problem = told(LimitReached(rule, 7))
    said = {language: words_for({**problem, "what": "?"}, language) for language in LANGUAGES}
    assert LIMITS[rule] in said["en"]
    assert LIMITS[rule] not in said["hu"]
    assert all("7" in text and "?" not in text for text in said.values())


def told(refused: Refused) -> Any:
    """The problem as it is answered."""
    return from_json(problem_of(refused).to_json("req_1"))


def words_for(problem: Any, language: str) -> str:
    module = environment(language).get_template("parts/told.html").module
    return str(module.words_for(problem, Speech.of(language, ZONE), "EUR")).strip()  # type: ignore[attr-defined]
