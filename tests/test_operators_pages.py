"""The pages for operators name settings, commands and files that there are, and a unit that systemd takes."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from api.cli.main import COMMANDS
from api.imports.routes import IMPORT_BYTES_MAX
from api.server.serve import DRAIN_S
from api.server.settings import VARIABLES

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "docs" / "how-to" / f"run-{name}.md"
    for name in ("under-systemd", "in-a-container", "behind-a-proxy")
]
OF_OTHERS = {"CARNET_SERVICE_HOST"}


def block(page: Path, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, (page.name, language)
    return found[1]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "Dockerfile"], ids=lambda page: page.stem)
def test_every_setting_and_command_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"CARNET_[A-Z_]+", text)) <= VARIABLES | OF_OTHERS
    assert set(re.findall(r"\bcarnet (serve|migrate|open|keys|work|tick|status)\b", text)) <= set(COMMANDS)


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = block(PAGES[0], "ini")
    read = configparser.RawConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read_string(unit)
    assert int(read["Service"]["TimeoutStopSec"]) > DRAIN_S
    assert read["Service"]["DynamicUser"] == "yes"
    if (tool := shutil.which("systemd-analyze")) is None:
        return
    # The program need not be on this machine.
    file = tmp_path / "carnet.service"
    file.write_text(unit.replace("/opt/carnet/bin/carnet", "/bin/true"))
    told = subprocess.run(
        [tool, "verify", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    ours = [line for line in told.stderr.splitlines() if "carnet.service" in line]
    assert ours == []


def test_the_image_runs_a_command_that_there_is_as_a_user_without_rights() -> None:
    lines = (ROOT / "docs" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER carnet" in lines
    assert lines[-1] == 'CMD ["serve"]'
    assert all(shlex.split(line) for line in lines if line.startswith(("RUN", "COPY")))


def test_proxies_take_the_largest_body_that_carnet_takes() -> None:
    nginx = block(PAGES[2], "nginx")
    allowed = re.search(r"client_max_body_size (\d+)m;", nginx)
    assert allowed is not None
    assert int(allowed[1]) * 1024 * 1024 > IMPORT_BYTES_MAX
    assert nginx.count("{") == nginx.count("}")
    if (tool := shutil.which("nginx")) is not None:
        subprocess.run([tool, "-v"], check=True)
