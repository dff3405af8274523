"""Settings: `CARNET_*` environment variables, read once, refused when wrong.

    settings = Settings.read(os.environ)

| variable | default | meaning |
|---|---|---|
| `CARNET_DATABASE` | `sqlite:///` and `carnet/carnet.db` in the user's data folder | the ledgers: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…` |
| `CARNET_VIEWS` | `<database>-views`; on PostgreSQL the schema `carnet_views` | where the read models live: another SQLite file, or another schema of the same database |
| `CARNET_PEPPER` | made with the first key: SQLite in `<database>-pepper`, PostgreSQL in `carnet/pepper` in the user's data folder | the secret that API keys are stored under; at least 16 bytes, white space around it does not count; set it when several machines serve one database. `serve` refuses one that the keys were not made under |
| `CARNET_PEPPER_PREVIOUS` | none | the pepper before this one: its keys still open, and new ones are made under `CARNET_PEPPER`. [How to change it](../how-to/back-up.md) |
| `CARNET_ERASURES` | SQLite `<database>-erasures`, PostgreSQL `carnet/erasures` in the user's data folder | the journal of erasures, a file outside of the database: what was erased is erased again after a restore. [How to erase a person](../how-to/erase-a-person.md) |
| `CARNET_BUSINESS` | the only one there is | the business that commands are for where `--business` names none: its id, which `carnet businesses` lists. The API goes by the key |
| `CARNET_HOST` | `127.0.0.1` | the address the API listens on |
| `CARNET_PORT` | `8000` | its port, 1–65535. The address that Kubernetes puts there for a Service called `carnet` (`tcp://…`) is ignored, and so are the other variables it makes for that Service |
| `CARNET_POOL` | `8` | connections to the database, and threads that use them, in each process; 1–100 |
| `CARNET_PROCESSES` | `1` | processes that serve the API; 1–64 |
| `CARNET_CACHE_BYTES` | `134217728` | bytes of memory in each process for what it keeps of packages, customers and bookings between commands, so that they need not be read again; 0–100,000,000,000. What is used least goes first |
| `CARNET_RUNNER` | `on` | whether `carnet serve` keeps the read models fresh as well: on PostgreSQL in one process of its own, on SQLite in a thread (`off`: `carnet work` does) |
| `CARNET_PAGES` | `on` | whether `carnet serve` shows pages for people beside the API, at `/desk` (`off`: the API alone) |
| `CARNET_ADDRESS` | none | the address at which people reach this server, such as `https://cards.example.org`: letters with a link to a customer's card name it, and without it none are sent |
| `CARNET_TICK_S` | `60` | seconds between two ticks of the clock, which records expiries and reminders, wherever the read models are kept fresh; up to 86,400. `0`: only `carnet tick` does |
| `CARNET_CLOCKS_APART_S` | `300` | seconds that this machine's clock may be behind what the ledger has recorded; up to 315,360,000. Within it commands are recorded as of the ledger's last moment, beyond it they are answered 503 `clock-skew`. Raise it only after a wrong clock ran ahead, until the time that it recorded has come |
| `CARNET_CORS_ORIGINS` | none | origins whose pages may call the API from a browser, with commas between: `https://till.example, http://localhost:5173`, or `*` for all |
| `CARNET_RATE` | `2000` | requests a second that one key, or one address without a key, may make over all processes; 1–1,000,000 |
| `CARNET_TRUSTED_PROXIES` | none | addresses and networks of the proxies in front, with commas between: `10.0.0.0/8, ::1`. Only of these is `Forwarded` or `X-Forwarded-For` believed: the client is the nearest hop that is none of them. Rate limits and log lines then name that client, and the limit of an address does not hold for the proxies |
| `CARNET_CONNECTIONS` | `4096` | connections that each process may have at once, 16–100,000; fewer where the system allows too few open files. When it comes near, the longest silent are closed |
| `CARNET_CONNECTIONS_PER_ADDRESS` | `256` | of them, those of one IPv4 address or IPv6 /64; the longest silent beyond it are closed. It does not hold for `CARNET_TRUSTED_PROXIES`, through which all clients come |
| `CARNET_IDLE_S` | `75` | seconds that a connection may stay open between two requests, 1–3,600; a proxy that keeps connections must close them sooner. No other wait for a client is longer: 10 for the first request, 20 for a body, 30 for an answer that is not read |
| `CARNET_SMTP_URL` | none | the mail server through which customers get e-mails: `smtps://user:password@mail.example.org`, `smtp://…` with STARTTLS, or `smtp://localhost:25?tls=off`. Without it none are sent; `none`: messages go by other channels alone, and those by e-mail are skipped. [How to send e-mails](../how-to/send-e-mails.md) |
| `CARNET_MAIL_FROM` | none | the address they come from; it is needed with `CARNET_SMTP_URL` |
| `CARNET_WEBHOOKS` | `public` | where webhooks may go: `public` addresses by HTTPS; `loopback`: also to this machine, also by HTTP, for tests; `off`: none are sent. [How to receive webhooks](../how-to/receive-webhooks.md) |
| `CARNET_LOG` | `info` | the least severe line that is logged: `debug`, `info`, `warning` or `error` |

The user's data folder is `$XDG_DATA_HOME`, or `~/.local/share`.
"""  # noqa: E501 (a table cannot be folded)

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from api.http.networks import NO_PROXIES, TrustedProxies
from domain.ledger.cache_size import CACHE_BYTES

if TYPE_CHECKING:
    from api.outbound.mail_server import MailServer

log = logging.getLogger("carnet.server")

PEPPER_BYTES_MIN = 16
PEPPER_DISTINCT_MIN = 8
PEPPER_RULE = f"at least {PEPPER_BYTES_MIN} bytes, {PEPPER_DISTINCT_MIN} of them different"
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")

WebhookReach = Literal["public", "loopback", "off"]
LogLevel = Literal["debug", "info", "warning", "error"]
VARIABLES = frozenset(
    f"CARNET_{name}"
    for name in (
        "DATABASE",
        "VIEWS",
        "PEPPER",
        "PEPPER_PREVIOUS",
        "HOST",
        "PORT",
        "POOL",
        "PROCESSES",
        "CACHE_BYTES",
        "RUNNER",
        "PAGES",
        "TICK_S",
        "CLOCKS_APART_S",
        "CORS_ORIGINS",
        "RATE",
        "TRUSTED_PROXIES",
        "CONNECTIONS",
        "CONNECTIONS_PER_ADDRESS",
        "IDLE_S",
        "SMTP_URL",
        "MAIL_FROM",
        "WEBHOOKS",
        "LOG",
        "ERASURES",
        "BUSINESS",
    )
)

OF_A_SERVICE = re.compile(
    r"CARNET_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT_[0-9]{1,5}_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
"""Variables that Kubernetes makes for a Service called `carnet`, or `carnet-…`. They are no settings, and ignored."""
ADDRESS_OF_A_SERVICE = re.compile(r"(?:tcp|udp|sctp)://\S+:[0-9]{1,5}")
"""What Kubernetes puts into `CARNET_PORT`, or `CARNET_…_PORT`, for such a Service."""


class WrongSetting(ValueError):
    """A setting that cannot be used. The text names the variable and what it may be, never a secret."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, each described in the docstring of the module."""

    database: str = field(repr=False)
    views: str
    pepper: str | None = field(repr=False)
    pepper_file: Path
    """The file of the pepper when it is not a setting."""
    erasures: Path
    """The journal of erasures."""
    pepper_previous: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    pool: int = 8
    processes: int = 1
    cache_bytes: int = CACHE_BYTES
    runner: bool = True
    pages: bool = True
    address: str | None = None
    """Scheme and name of the server, as people reach it."""
    tick_s: int = 60
    clocks_apart_s: int = 300
    cors_origins: tuple[str, ...] = ()
    rate: int = 2_000
    trusted_proxies: TrustedProxies = NO_PROXIES
    connections: int = 4_096
    connections_per_address: int = 256
    idle_s: int = 75
    mail: "MailServer | Literal['none'] | None" = field(default=None, repr=False)
    """`none`: messages are planned, and go by other channels than e-mail. None: no messages are planned here."""
    webhooks: WebhookReach = "public"
    log: LogLevel = "info"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises WrongSetting for an unknown `CARNET_*` variable and for a value out of bounds."""
        _refuse_strangers(environment)
        database = _database(environment)
        return cls(
            database=database,
            views=_views(environment, database),
            pepper=_pepper(environment, "CARNET_PEPPER"),
            pepper_previous=_pepper(environment, "CARNET_PEPPER_PREVIOUS"),
            pepper_file=_beside(environment, database, "pepper"),
            erasures=_erasures(environment, database),
            host=environment.get("CARNET_HOST") or "127.0.0.1",
            port=_port(environment),
            pool=_number(environment, "CARNET_POOL", 8, 1, 100),
            processes=_number(environment, "CARNET_PROCESSES", 1, 1, 64),
            cache_bytes=_number(environment, "CARNET_CACHE_BYTES", CACHE_BYTES, 0, 100_000_000_000),
            runner=_choice(environment, "CARNET_RUNNER", ("on", "off"), "on") == "on",
            pages=_choice(environment, "CARNET_PAGES", ("on", "off"), "on") == "on",
            address=_address(environment),
            tick_s=_number(environment, "CARNET_TICK_S", 60, 0, 86_400),
            clocks_apart_s=_number(environment, "CARNET_CLOCKS_APART_S", 300, 1, 315_360_000),
            cors_origins=_origins(environment),
            rate=_number(environment, "CARNET_RATE", 2_000, 1, 1_000_000),
            trusted_proxies=_proxies(environment),
            connections=_number(environment, "CARNET_CONNECTIONS", 4_096, 16, 100_000),
            connections_per_address=_number(environment, "CARNET_CONNECTIONS_PER_ADDRESS", 256, 1, 100_000),
            idle_s=_number(environment, "CARNET_IDLE_S", 75, 1, 3_600),
            mail=_mail(environment),
            webhooks=_webhooks(environment),
            log=_log_level(environment),
        )

    @property
    def mails_links(self) -> bool:
        """Whether customers get a link to their card by e-mail where they ask for one."""
        return self.pages and self.address is not None and self.mail not in (None, "none")

    @property
    def ledger_file(self) -> Path | None:
        """The file of the ledgers; None on PostgreSQL."""
        return sqlite_file(self.database) if self.database.startswith("sqlite:") else None


def is_long_enough(pepper: bytes) -> bool:
    return len(pepper) >= PEPPER_BYTES_MIN and len(set(pepper)) >= PEPPER_DISTINCT_MIN


def data_folder(environment: Mapping[str, str]) -> Path:
    """The folder of a user's own books when no setting names another place. Raises WrongSetting."""
    named = environment.get("XDG_DATA_HOME")
    if named:
        return Path(named) / "carnet"
    try:
        return Path.home() / ".local" / "share" / "carnet"
    except RuntimeError:
        raise WrongSetting(
            "HOME is not set, so there is no data folder: set it, or CARNET_DATABASE"
        ) from None


def sqlite_file(database: str) -> Path:
    return Path(database.removeprefix("sqlite:///"))


def _refuse_strangers(environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if (
            name.startswith("CARNET_")
            and name not in VARIABLES
            and not _is_of_a_service(name, environment[name])
        ):
            raise WrongSetting(f"{name} is not a setting; there are {', '.join(sorted(VARIABLES))}")
    # It would drop the lock that makes positions gapless. A tailing reader would then miss facts.
    if environment.get("POSTGRES_ENABLE_DB_FUNCTIONS", "").lower() in ("y", "yes", "t", "true", "on", "1"):
        raise WrongSetting("POSTGRES_ENABLE_DB_FUNCTIONS must not be set: with it readers can miss facts")


def _is_of_a_service(name: str, value: str) -> bool:
    """Whether Kubernetes made this variable."""
    if OF_A_SERVICE.fullmatch(name):
        return True
    return name.endswith("_PORT") and ADDRESS_OF_A_SERVICE.fullmatch(value) is not None


def _database(environment: Mapping[str, str]) -> str:
    given = environment.get("CARNET_DATABASE")
    if not given:
        return f"sqlite:///{data_folder(environment) / 'carnet.db'}"
    if given.startswith("sqlite:///") and len(given) > len("sqlite:///"):
        return given
    if given.startswith("postgres://"):
        given = f"postgresql://{given.removeprefix('postgres://')}"
    if given.startswith("postgresql://"):
        try:
            from domain.ledger.postgres.address import check_address

            check_address(given)
        except ValueError as error:
            raise WrongSetting(f"CARNET_DATABASE cannot be read: {error}") from error
        return given
    raise WrongSetting("CARNET_DATABASE must begin with sqlite:/// (and name a file) or postgresql://")


def _views(environment: Mapping[str, str], database: str) -> str:
    given = environment.get("CARNET_VIEWS")
    if database.startswith("postgresql:"):
        if given and not SCHEMA.fullmatch(given):
            raise WrongSetting(
                "CARNET_VIEWS must be a schema on PostgreSQL: up to 63 small letters, digits, underscores"
            )
        return given or "carnet_views"
    if not given:
        return f"{sqlite_file(database)}-views"
    path = given.removeprefix("sqlite:///")
    if "://" in path:
        raise WrongSetting("CARNET_VIEWS must be a file when CARNET_DATABASE is one")
    if _is_same_file(Path(path), sqlite_file(database)):
        raise WrongSetting("CARNET_VIEWS must be another file than CARNET_DATABASE")
    return path


def _is_same_file(one: Path, other: Path) -> bool:
    """By whatever way they are named: links are followed, and a file that is there is known by its inode."""
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _beside(environment: Mapping[str, str], database: str, name: str) -> Path:
    """A file beside the books, or in the data folder for books on PostgreSQL."""
    if database.startswith("sqlite:"):
        file = sqlite_file(database)
        # A symbolic link to the books has no such file of its own.
        return Path(f"{file.resolve() if file.is_symlink() else file}-{name}")
    return data_folder(environment) / name


def _erasures(environment: Mapping[str, str], database: str) -> Path:
    given = environment.get("CARNET_ERASURES")
    if not given:
        return _beside(environment, database, "erasures")
    if Path(given).is_dir():
        raise WrongSetting("CARNET_ERASURES must be a file, not a folder")
    return Path(given)


def _pepper(environment: Mapping[str, str], name: str) -> str | None:
    given = environment.get(name)
    if given is None:
        return None
    given = given.strip()  # what reads it from a file may add the end of its line
    if not is_long_enough(given.encode()):
        raise WrongSetting(f"{name} must have {PEPPER_RULE}: `openssl rand -hex 32` makes one")
    return given


def _address(environment: Mapping[str, str]) -> str | None:
    given = environment.get("CARNET_ADDRESS")
    if given and not ORIGIN.fullmatch(given):
        raise WrongSetting(
            "CARNET_ADDRESS must be the address of this server as browsers send it, in small letters and without a"
            " path: https://cards.example.org"
        )
    return given or None


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple(
        part.strip() for part in environment.get("CARNET_CORS_ORIGINS", "").split(",") if part.strip()
    )
    for origin in origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            raise WrongSetting(
                "CARNET_CORS_ORIGINS must be origins as browsers send them, in small letters and without a path:"
                " https://till.example or http://localhost:5173, with commas between; or * for all"
            )
    return origins


def _proxies(environment: Mapping[str, str]) -> TrustedProxies:
    try:
        return TrustedProxies.of(environment.get("CARNET_TRUSTED_PROXIES", ""))
    except ValueError as error:
        told = f"CARNET_TRUSTED_PROXIES must be addresses and networks with commas between: {error}"
        raise WrongSetting(told) from error


def _mail(environment: Mapping[str, str]) -> "MailServer | Literal['none'] | None":
    url, sender = environment.get("CARNET_SMTP_URL"), environment.get("CARNET_MAIL_FROM")
    if not url:
        return None
    if url == "none":
        return "none"
    if not sender:
        raise WrongSetting(
            "CARNET_MAIL_FROM must be the address that e-mails come from, with CARNET_SMTP_URL"
        )
    from api.outbound.mail_server import WrongSender, mail_server

    try:
        return mail_server(url, sender)
    except WrongSender as error:
        raise WrongSetting(f"CARNET_MAIL_FROM {error}") from None
    except ValueError as error:
        raise WrongSetting(f"CARNET_SMTP_URL {error}") from None


def _port(environment: Mapping[str, str]) -> int:
    if ADDRESS_OF_A_SERVICE.fullmatch(environment.get("CARNET_PORT", "")):
        environment = {}
    return _number(environment, "CARNET_PORT", 8000, 1, 65_535)


def _number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    given = environment.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,12}", given) or not least <= int(given) <= most:
        raise WrongSetting(f"{name} must be a whole number from {least} to {most}")
    return int(given)


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    given = environment.get(name) or default
    if given not in choices:
        raise WrongSetting(f"{name} must be one of {', '.join(choices)}")
    return given


def _webhooks(environment: Mapping[str, str]) -> WebhookReach:
    given = _choice(environment, "CARNET_WEBHOOKS", get_args(WebhookReach), "public")
    return next(reach for reach in get_args(WebhookReach) if reach == given)


def _log_level(environment: Mapping[str, str]) -> LogLevel:
    given = _choice(environment, "CARNET_LOG", get_args(LogLevel), "info")
    return next(level for level in get_args(LogLevel) if level == given)
