"""Certificates for tests, made by `openssl`: one authority, a server's certificate from it, and another authority."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificates:
    """Files in PEM."""

    authority: Path
    stranger: Path
    """An authority that vouches for nothing here."""
    server: Path
    """Of `localhost`, from the authority."""
    server_key: Path

    @classmethod
    def made(cls, folder: Path) -> "Certificates":
        _sign(folder, "authority", "/CN=An authority")
        _sign(folder, "stranger", "/CN=A stranger")
        by = ("-addext", "subjectAltName=DNS:localhost", "-CA", "authority.pem", "-CAkey", "authority.key")
        _sign(folder, "server", "/CN=localhost", *by)
        authority, stranger, server = (folder / f"{name}.pem" for name in ("authority", "stranger", "server"))
        made = cls(authority, stranger, server, folder / "server.key")
        if os.geteuid() == 0:
            # PostgreSQL takes no key that others can read, and runs as `nobody` where we are root.
            account = pwd.getpwnam("nobody")
            os.chown(made.server_key, account.pw_uid, account.pw_gid)
            for parent in (folder, *folder.parents):
                if parent.stat().st_mode & 0o001 == 0:
                    parent.chmod(parent.stat().st_mode | 0o001)
        return made


def _sign(folder: Path, name: str, subject: str, *more: str) -> None:
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
    command = ["openssl", "req", "-x509", *KEY, *files, "-days", "2", "-subj", subject, *more]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / f"{name}.key").chmod(0o600)
