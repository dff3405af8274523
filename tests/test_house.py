"""The rules of the house that no linter knows; each test names the files that break its rule."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("domain", "projections", "replay", "api")
PACKAGES = (*PRODUCT, "tests")
FILES_AT_THE_TOP = (
    ".editorconfig",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
)

# Spelled so that this file does not break its own rule.
REGISTRY_HOST = re.compile(r"pypi\.(?:org|python)|pythonhosted\.org|(?:registry|www)\.npmjs|deb\.debian\b")
MACHINE_PATH = re.compile(r"(?<![\w.~\-])/(?:work|root|home|Users|tmp/scratch)/[\w.]")

STANDARD_LATER = ("compression",)
"""Modules that newer interpreters have in their standard library; older ones take another module there."""

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)", re.MULTILINE)
SENTENCE_END = re.compile(r"\S[.!?](?=\s|$)")
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)\s]*)?\)")


def modules(*packages: str) -> Iterator[Path]:
    """Every Python file of the named packages."""
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


def written_files() -> Iterator[Path]:
    """Every file of the project that is written by hand or committed, without what tools leave behind."""
    yield from (ROOT / name for name in FILES_AT_THE_TOP)
    for folder in (".ci", "docs", *PACKAGES):
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if is_written(path))


def is_written(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Module:
    """What the rules ask of a Python file."""

    docstring: str
    imported: frozenset[str]
    """The full names of the modules that it imports, wherever in it the import stands."""


@cache
def module(path: Path) -> Module:
    """Each file is parsed once for all rules."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in statements(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return Module(ast.get_docstring(tree) or "", frozenset(names))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All of a tree, without going into their expressions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield child
            yield from statements(child)


def imported_packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in module(path).imported}


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def declared(*, with_tests: bool) -> list[Requirement]:
    """What pyproject.toml asks for, extras included, with or without what only tests and checks need."""
    table = project()
    lines = list(table["dependencies"])  # type: ignore[call-overload]
    extras: dict[str, list[str]] = table["optional-dependencies"]  # type: ignore[assignment]
    for name, more in extras.items():
        lines += more if with_tests or name != "dev" else []
    return [Requirement(line) for line in lines]


def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    offenders = [
        f"{shown(path)}: {found.group()}"
        for path in written_files()
        for rule in (REGISTRY_HOST, MACHINE_PATH)
        for found in rule.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert offenders == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("see https://pypi" + ".org/simple", REGISTRY_HOST),
        ("https://files.pythonhosted" + ".org/x.whl", REGISTRY_HOST),
        ("open('/ro" + "ot/x')", MACHINE_PATH),
        ("cd /ho" + "me/ada/carnet", MACHINE_PATH),
    ],
)
def test_the_rule_on_hosts_and_paths_finds_them(text: str, rule: re.Pattern[str]) -> None:
    assert rule.search(text)


@pytest.mark.parametrize("text", ["uv run carnet work", "GET /v1/packages", "../shared/data", "~/work/books"])
def test_the_rule_on_paths_leaves_other_text_alone(text: str) -> None:
    assert not MACHINE_PATH.search(text)


def test_files_are_named_after_the_thing_they_hold() -> None:
    nameless = {"base", "common", "helper", "helpers", "manager", "managers", "util", "utils"}
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*")]
    assert [shown(path) for path in paths if path.stem in nameless] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [shown(path) for path in modules(*PACKAGES) if not docstring(path)] == []


def sentences(text: str) -> int:
    return len(SENTENCE_END.findall(text))


def test_every_folder_says_what_it_offers_and_what_may_and_may_not_be_touched() -> None:
    """Its `__init__.py` has a sentence for each; docs/reference/glossary.md shows them."""
    folders = {path.parent for path in modules(*PRODUCT)}
    short = [shown(folder) for folder in sorted(folders) if sentences(docstring(folder / "__init__.py")) < 3]
    assert short == []


def docstring(path: Path) -> str:
    """Of a module; empty where there is none, or no such file."""
    return module(path).docstring if path.is_file() else ""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("A folder", 0),
        ("`a.py` and `b`. Never `c`.", 2),
        ("One: `x`.\n\nTwo, at\nlength. Three!", 3),
    ],
)
def test_sentences_are_counted_by_their_ends(text: str, count: int) -> None:
    assert sentences(text) == count


def test_facts_and_decisions_import_only_pure_libraries() -> None:
    allowed = {"domain", "msgspec", "phonenumbers", "pydantic", "pydantic_core", *sys.stdlib_module_names}
    ledger = ROOT / "domain" / "ledger"
    offenders = {
        shown(path): sorted(imported_packages(path) - allowed)
        for path in modules("domain")
        if not path.is_relative_to(ledger) and imported_packages(path) - allowed
    }
    assert offenders == {}


def installed_by(requirements: list[Requirement]) -> set[str]:
    """The distributions that requirements name, and those their extras add (`psycopg[pool]`: psycopg-pool).

    pydantic-core counts as pydantic: each release of pydantic demands exactly one of it.
    """
    names = {"pydantic-core", *(requirement.name for requirement in requirements)}
    names |= {f"{requirement.name}-{extra}" for requirement in requirements for extra in requirement.extras}
    return {canonicalize_name(name) for name in names}


@pytest.mark.parametrize("tests_too", [False, True], ids=["product", "tests"])
def test_every_import_is_declared(tests_too: bool) -> None:
    distributions = packages_distributions()
    known = installed_by(declared(with_tests=tests_too))
    own = {*PACKAGES, *sys.stdlib_module_names, *STANDARD_LATER}
    undeclared = {
        f"{shown(path)}: {package}"
        for path in modules(*(("tests",) if tests_too else PRODUCT))
        for package in imported_packages(path) - own
        if not known & {canonicalize_name(name) for name in distributions.get(package, [])}
    }
    assert undeclared == set()


def test_the_lock_names_no_host_and_hashes_every_pin() -> None:
    text = lock_text()
    assert "://" not in text
    assert [line for line in text.splitlines() if line.startswith("-")] == []
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if PIN.match(entry)]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_satisfies_every_declared_requirement() -> None:
    pins = {canonicalize_name(pin["name"]): Version(pin["version"]) for pin in PIN.finditer(lock_text())}
    outdated = [
        str(requirement)
        for requirement in declared(with_tests=True)
        if canonicalize_name(requirement.name) not in pins
        or pins[canonicalize_name(requirement.name)] not in requirement.specifier
    ]
    assert outdated == [], "make requirements.lock again: docs/how-to/work-on-carnet.md"


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [name[:4] for name in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [name for name in decisions if f"(decisions/{name})" not in index] == []


def test_links_between_the_documents_lead_somewhere() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    dead = [
        f"{shown(page)}: {link['target']}"
        for page in pages
        for link in LINK.finditer(page.read_text(encoding="utf-8"))
        if "://" not in link["target"] and not (page.parent / link["target"]).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("store", ["embedded/sqlite", "postgres"])
def test_the_steps_of_a_store_are_numbered_one_after_another(store: str) -> None:
    numbers = sorted(int(file.name[:4]) for file in (ROOT / "domain" / "ledger" / store).glob("[0-9]*.sql"))
    assert numbers == list(range(1, len(numbers) + 1))
