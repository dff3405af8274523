"""One program of a page: its Python on the lines where it stands, and its commands between."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.bench.server import free_port
from tests.pages.blocks import Block, blocks, typed
from tests.pages.shell import SERVERS

ROOT = Path(__file__).parent.parent.parent
FIRST = "before-you-begin.md"
RUN_S_MAX = 240
"""Seconds after which a page hangs: it is no measure of speed."""
TOLD_S = RUN_S_MAX - 5
"""Seconds after which a page that is still under way tells at which line."""
START = """
import faulthandler, sys
root, ports, told_s, *pages = sys.argv[1:]
faulthandler.dump_traceback_later(float(told_s), exit=False)
sys.path.append(root)
from tests.pages.shell import Terminal
sys.path.remove(root)
terminal = Terminal({int(there): int(here) for there, here in (pair.split("=") for pair in ports.split())})
try:
    for page in pages:
        file, _, script = page.partition("=")
        code = compile(open(script, encoding="utf-8").read(), file, "exec")
        exec(code, {"__name__": "__main__", "_type": terminal.type})
finally:
    terminal.close()
"""
"""Runs scripts one after another at one terminal. A traceback shows the lines of the page."""


def script(page: Path, ports: dict[int, int]) -> str:
    """What a reader does who goes through the page from top to bottom."""
    lines: list[str] = []
    for block in blocks(page):
        if block.not_run is None:
            lines += [""] * (block.line - 1 - len(lines))
            lines += steps(block, ports)
    return "\n".join(lines) + "\n"


def steps(block: Block, ports: dict[int, int]) -> list[str]:
    if block.language == "python":
        text = block.text
        for there, here in ports.items():
            text = text.replace(f"127.0.0.1:{there}", f"127.0.0.1:{here}")
        return text.splitlines()
    if block.language == "console":
        return ["; ".join(f"_type({each.command!r}, {each.prints!r})" for each in typed(block.text))]
    if block.file is not None:
        return [f"open({block.file!r}, 'w', encoding='utf-8').write({block.text!r})"]
    return []


def run(page: Path, home: Path, commands: Path, *, at: Path | None = None) -> None:
    """Go through a page in a fresh interpreter, with an empty home and nothing set but the port to serve at.

    The page that it tells to read first goes before it. `at`: the folder to be in; otherwise the home. Raises
    AssertionError with the line of the page that fails.
    """
    ports = {there: free_port() for there in SERVERS.values()}
    pages = [page.with_name(FIRST), page] if f"({FIRST})" in page.read_text(encoding="utf-8") else [page]
    scripts = [home / f".{each.stem}.py" for each in pages]
    for each, file in zip(pages, scripts, strict=True):
        file.write_text(script(each, ports), encoding="utf-8")
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            START,
            str(ROOT),
            " ".join(f"{there}={here}" for there, here in ports.items()),
            str(TOLD_S),
            *(f"{each}={file}" for each, file in zip(pages, scripts, strict=True)),
        ],
        cwd=at or home,
        env={
            "PATH": f"{commands}:{Path(sys.executable).parent}:{os.defpath}",
            "HOME": str(home),
            "CARNET_PORT": str(ports[SERVERS["carnet serve"]]),
            "LANG": "C.UTF-8",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(timeout=RUN_S_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        told = f"{process.communicate()[0]}\nThe page did not end in {RUN_S_MAX} seconds."
    assert process.returncode == 0, told
