"""Two releases of the code on one database: this one, and a copy in which a read model and two facts are newer."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

from tests import command_process
from tests.bench.server import free_port
from tests.ready import WAIT_S_MAX, wait_until_ready

ROOT = Path(__file__).parents[3]
PACKAGES = ("api", "domain", "projections", "replay")
CROWD = Path(__file__).with_name("crowd.py")

CARDS = "projections/models/packages.py"
VERSIONS = "projections/models/versions.py"
FACTS = "domain/package/facts.py"
Patch = tuple[str, str, str]
"""File, what stands there, and what stands there in the next release."""
NEW_CARDS: tuple[Patch, ...] = (
    (VERSIONS, "    CARDS: 8,", "    CARDS: 9,"),
    (
        CARDS,
        '    Column("notes_count",',
        '    Column("last_position", BigInteger),\n    Column("notes_count",',
    ),
    (
        CARDS,
        "        return first_card(fact, recorded)\n",
        '        return {**first_card(fact, recorded), "last_position": recorded.position}\n',
    ),
    (
        CARDS,
        "    _change(card, fact)\n    return card\n",
        '    _change(card, fact)\n    card["last_position"] = recorded.position\n    return card\n',
    ),
)
NEW_FACTS: tuple[Patch, ...] = (
    # A newer version of a fact.
    (
        FACTS,
        '    stored_name: ClassVar = "package.corrected"\n',
        '    stored_name: ClassVar = "package.corrected"\n'
        "    stored_version: ClassVar[int] = 2\n"
        "    upcasters: ClassVar = {1: lambda fields: fields}\n",
    ),
    # A fact of a name that older code does not have.
    (FACTS, 'stored_name: ClassVar = "package.frozen"', 'stored_name: ClassVar = "package.frozen_anew"'),
)


def next_release(folder: Path, *patches: Patch) -> Path:
    """A copy of this code, patched."""
    for package in PACKAGES:
        copytree(ROOT / package, folder / package, ignore=ignore_patterns("__pycache__"))
    for name, before, after in patches:
        file = folder / name
        text = file.read_text()
        assert text.count(before) == 1, f"{name} no longer has {before!r}"
        file.write_text(text.replace(before, after))
    return folder


@dataclass(frozen=True)
class Release:
    """A checkout of the code, and the settings of the one database."""

    folder: Path
    settings: dict[str, str]

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return command_process.run(*arguments, environment=self._environment(), house=self.folder)

    def run(self, *arguments: str) -> str:
        """What a command that must succeed prints."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def serving(self, log: Path, **more: str) -> Iterator[str]:
        """A server of this release; its URL."""
        port = free_port()
        named = {f"CARNET_{name}": value for name, value in {"PORT": str(port), **more}.items()}
        with log.open("wb") as output:
            process = command_process.start(
                "serve",
                environment=self._environment() | named,
                stdout=output,
                stderr=output,
                house=self.folder,
            )
        try:
            wait_until_ready(process, port, log.read_text)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S_MAX)

    def _environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
        return {**others, **self.settings, "PYTHONPATH": str(self.folder)}


class Crowd:
    """Writers and readers at servers, each a process."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def add(self, role: str, url: str, *arguments: str) -> None:
        self._processes.append(
            subprocess.Popen(
                [sys.executable, "-I", str(CROWD), role, url, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def end(self) -> list[dict[str, Any]]:
        """Let them all come to their end; what each has met."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        met = []
        for process in self._processes:
            assert process.stdout is not None
            met.append(json.loads(process.stdout.read() or "{}"))
            process.wait(WAIT_S_MAX)
        self._processes = []
        return met


@contextmanager
def crowd() -> Iterator[Crowd]:
    found = Crowd()
    with ExitStack() as stack:
        stack.callback(found.end)
        yield found
