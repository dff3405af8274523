"""`carnet demo` from its beginning to its end: fresh books, a day on them, their proof, and how to go on.

The books are kept, to go on with.
"""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from rich.console import Console

from api.cli.demo_day import Demo
from api.cli.demo_desk import Desk, Json, free_port, served

PORT = 8000
"""Where `carnet serve` answers unless it is told otherwise."""
MINUTES = 24 * 60
"""How long the links open."""


@dataclass(frozen=True, slots=True)
class Played:
    """The books of a day that was played."""

    database: str
    key: str
    """Of the owner."""
    package: str


def play(
    folder: Path, console: Console, open_business: Callable[[str], tuple[str, str]], *, stay: bool
) -> None:
    """Play the demo on a fresh database in `folder`. `stay`: then serve its books until it is interrupted.

    `open_business(database)` makes the books and returns (business id, the owner's key).
    """
    began = time.monotonic()
    console.print("A salon and a kennel open their books …")
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + sum(1 for _ in folder.glob("demo-*.db"))
    database = f"sqlite:///{folder / f'demo-{number}.db'}"
    business_id, key = open_business(database)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    environment["CARNET_DATABASE"] = database
    with served(environment, free_port()) as url:
        demo = Demo(Desk(url, key), console)
        package = demo.play()
        links = _links(Desk(url, key), demo.anna)
    verified = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "verify", "--business", business_id],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    console.print()
    console.rule("[bold]And is it all true?")
    console.print((verified.stdout + verified.stderr).strip(), soft_wrap=True, highlight=False)
    _tampered(console, folder, environment)
    facts = re.search(r"([0-9,]+) facts", verified.stdout)
    proved = "verified" if verified.returncode == 0 else "BROKEN"
    figures = f"\n{facts[1] if facts else 'no'} facts, {time.monotonic() - began:.1f} s, {proved}"
    if verified.returncode:
        console.print(figures)
        raise SystemExit(verified.returncode)
    _what_next(console, Played(database, key, package), links, stay=stay)
    console.print(figures)
    if stay:
        _serve(console, environment, links)


def _links(desk: Desk, customer: str) -> dict[str, str]:
    """Who → the path of a link that signs them in once."""
    wanted: dict[str, Json] = {
        "the desk": {"role": "owner"},
        "Anna's phone": {"customer_id": customer},
        "the auditor": {"role": "auditor"},
    }
    return {
        who: desk.post("/sign-in-links", {**body, "minutes": MINUTES})["path"] for who, body in wanted.items()
    }


def _serve(console: Console, environment: dict[str, str], links: dict[str, str]) -> None:
    """Serve the books until Ctrl-C."""
    port = free_port(PORT)
    with suppress(KeyboardInterrupt), served(environment, port) as url:
        console.print(f"\nThe books are served at {url} now. Ctrl-C ends it.", highlight=False)
        _show(console, url, links)
        Event().wait()


def _show(console: Console, url: str, links: dict[str, str]) -> None:
    for who, path in links.items():
        console.print(f"\n  {who}:", highlight=False)
        console.print(f"  {url}{path}", soft_wrap=True, highlight=False, markup=False)


def _tampered(console: Console, folder: Path, environment: dict[str, str]) -> None:
    """Change one byte of one fact in a copy of the books, and let `carnet verify` find it."""
    with TemporaryDirectory(dir=folder) as place:
        copy = Path(place) / "copy.db"
        with (
            closing(sqlite3.connect(environment["CARNET_DATABASE"].removeprefix("sqlite:///"))) as books,
            closing(sqlite3.connect(copy)) as changed,
        ):
            books.backup(changed)
            for (name,) in changed.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
            ).fetchall():
                changed.execute(f"DROP TRIGGER {name}")
            changed.execute("UPDATE facts SET data = CAST(data || ' ' AS BLOB) WHERE position = 12")
            changed.commit()
        found = subprocess.run(
            [sys.executable, "-m", "api.cli.main", "verify"],
            env={**environment, "CARNET_DATABASE": f"sqlite:///{copy}"},
            capture_output=True,
            text=True,
            check=False,
        )
    console.print("And in a copy with one byte changed:", style="italic")
    console.print((found.stdout + found.stderr).partition("\n")[0], soft_wrap=True, highlight=False)


def _what_next(console: Console, played: Played, links: dict[str, str], *, stay: bool) -> None:
    carnet = "uv run carnet" if "UV" in os.environ else "carnet"

    def line(text: str) -> None:
        console.print(f"  {text}", soft_wrap=True, highlight=False, markup=False)

    console.print()
    console.rule("[bold]Go on from here")
    console.print("The books stay where they are. Serve them:\n")
    line(f"export CARNET_DATABASE='{played.database}'")
    line(f"{carnet} serve\n")
    console.print("and ask, from another terminal, or read the API's description at /schema:\n")
    # The key in two parts: it is wider than a terminal, and a line that folds is copied with its fold.
    public, _, secret = played.key.rpartition("_")
    line(f"key={public}")
    line(f"key=${{key}}_{secret}")
    line(f"curl -s http://127.0.0.1:8000/v1/packages/{played.package} \\")
    line('  -H "Authorization: Bearer $key"\n')
    console.print("or look at the books themselves:\n")
    line(f"{carnet} history {played.package}")
    line(f"{carnet} report liability --json")
    line(f"{carnet} status")
    if not stay:
        console.print("\nor open a page that is signed in, once `carnet serve` runs (each link works once):")
        _show(console, f"http://127.0.0.1:{PORT}", links)
