"""The blocks of a page: its Python, its commands, and the files it says to write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\n\s*$")
STOP = "^C"
"""Typed at a terminal, it ends what runs there."""

FILE_NAME = re.compile(r"`([\w-]+\.(?:toml|csv|yaml|json))`")


@dataclass(frozen=True)
class Block:
    """`line`: of its first line on the page, from 1. `not_run`: why nobody runs it. `file`: where its text goes."""

    language: str
    text: str
    line: int
    not_run: str | None = None
    file: str | None = None


def blocks(page: Path) -> list[Block]:
    return list(_found(page.read_text(encoding="utf-8")))


def _found(text: str) -> Iterator[Block]:
    for fence in FENCE.finditer(text):
        before = text[: fence.start()]
        paragraph = before.rstrip().rpartition("\n\n")[2]
        named = FILE_NAME.findall(paragraph)
        mark = NOT_RUN.search(before)
        code = fence["language"] in {"python", "console"}
        yield Block(
            fence["language"],
            _without(fence["indent"], fence["text"]),
            text.count("\n", 0, fence.start("text")) + 1,
            mark[1] if mark else None,
            named[-1] if named and not code else None,
        )


def _without(indent: str, text: str) -> str:
    return re.sub(f"^{indent}", "", text, flags=re.MULTILINE) if indent else text


@dataclass(frozen=True)
class Typed:
    """One command of a console, and what it prints; None where the page does not show it."""

    command: str
    prints: str | None


def typed(console: str) -> list[Typed]:
    """The commands of a console block, each after `$ `. A line that ends in `\\` goes on in the next."""
    found = [Typed(STOP, None)] if console.startswith(f"{STOP}\n") else []
    for command, shown in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE):
        found.append(Typed(command, shown or None))
    return found
