"""What applying many small migrations takes, beside dbmate and Alembic, on one PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measuring import Command, Cost, median, metered, querynl
from benchmarks.migrations import ALEMBIC, DBMATE, RAW, write_migrations
from benchmarks.peers import DBMATE as PEER

IMPORTING = "imports"
_IMPORT: Command = (sys.executable, "-c", "import click, psycopg")


def costs_of_applying(server: str, folder: Path, count: int, rounds: int) -> tuple[dict[str, Cost], dict[str, Cost]]:
    """What each tool takes to apply so many, and then to find nothing to do.

    These are medians of rounds in which they take turns. Each applies them to a database of its own, which is gone
    afterwards. `IMPORTING` is a Python process that only imports what any such tool in Python needs.
    """
    write_migrations(folder / "migrations", count)
    first: dict[str, list[Cost]] = {IMPORTING: []}
    again: dict[str, list[Cost]] = {}
    for number in range(rounds + 1):  # one more, for the caches
        keep = number > 0
        first[IMPORTING] += [metered(_IMPORT, folder)][: int(keep)]
        for name in (RAW, DBMATE, ALEMBIC):
            with _database(server) as url:
                command = _command(name, url, folder / "migrations")
                costs = [metered(command, folder) for _ in range(2)]
            if keep:
                first.setdefault(name, []).append(costs[0])
                again.setdefault(name, []).append(costs[1])
    return {name: median(taken) for name, taken in first.items()}, {
        name: median(taken) for name, taken in again.items()
    }


def _command(name: str, url: str, migrations: Path) -> Command:
    if name == DBMATE:
        # Its driver asks for TLS unless it is told not to.
        return PEER.command(
            "--url", f"{url}?sslmode=disable", "--migrations-dir", str(migrations / DBMATE), "--no-dump-schema", "up"
        )
    if name == ALEMBIC:
        address = url.replace("postgresql:", "postgresql+psycopg:", 1)
        ini = str(migrations / ALEMBIC / "alembic.ini")
        return (sys.executable, "-m", "alembic", "-c", ini, "-x", f"url={address}", "upgrade", "head")
    return querynl("migrate", "apply", "--confirm", "-c", url, "--dir", str(migrations / RAW))


@contextmanager
def _database(server: str) -> Iterator[str]:
    import psycopg

    name = "querynl_bench_apply"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
