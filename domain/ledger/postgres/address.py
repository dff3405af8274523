"""The URL of a PostgreSQL database, as the driver reads it: `postgresql://user:password@host:port/database?…`.

What has a meaning in a URL is percent-encoded in a user or a password. Where it is not, the driver takes a part of the
password for a host or a database, and would tell it in its errors.
"""

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict

SHOWN = ("host", "hostaddr", "port", "dbname")
"""Parts of a URL that may stand in an error."""
ENCODED = {"@": "%40", "/": "%2F", "?": "%3F", "#": "%23"}
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check_address(url: str) -> None:
    """Raises ValueError that says which character is to be percent-encoded, and nothing of the URL."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    credentials, signed, _ = authority.rpartition("@")
    path = rest[len(authority) :]
    if "@" in path.partition("?")[0]:
        # The first of these characters ended the part in which a user and a password may stand.
        raise ValueError(_told(next(each for each in path if each in ENCODED)))
    if not signed and ":" in authority and re.search(r"\?[^=&]*@", path):
        raise ValueError(_told("?"))
    if "@" in credentials:
        raise ValueError(_told("@"))
    if _LOOSE_PERCENT.search(credentials):
        raise ValueError("a % in its user or password is written %25")
    try:
        conninfo_to_dict(url)
    except psycopg.Error:
        # The driver's own words quote what it could not read, which may be a secret.
        raise ValueError(
            "it is no URL such as postgresql://user:password@host:5432/database?sslmode=require"
        ) from None


def discreet(told: str, url: str) -> str:
    """An error of the driver without any part of the URL but those that may be shown."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the URL cannot be read"
    for name, value in parts.items():
        if value and name not in SHOWN:
            told = told.replace(f'"{value}"', f"({name})")
            if name == "password":
                told = told.replace(str(value), "(password)")
    # The user may come from elsewhere, such as a service file.
    return re.sub(r'\b(user|role) "[^"]*"', r"its \1", told)


def _told(character: str) -> str:
    return f"a {character} in its user or password is written {ENCODED[character]}"
