"""Prints each figure with its target; `--quick` takes fewer rounds."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.applying import IMPORTING, costs_of_applying
from benchmarks.measuring import Command, Cost, median_costs, median_seconds, querynl, run
from benchmarks.migrations import ALEMBIC, DBMATE, RAW
from benchmarks.peers import DBMATE as DBMATE_PEER
from benchmarks.peers import MIGRA, PGMIG
from benchmarks.schemas import load, write_models, write_pair
from querynl import __version__
from tests.servers import Servers

_MIGRA_FOUND_DIFFERENCES = 2
_IMPORT_CLICK: Command = (sys.executable, "-c", "import click")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="CPU time, measured side by side.")
    parser.add_argument("--quick", action="store_true", help="Fewer rounds; for trying things out.")
    quick: bool = parser.parse_args().quick
    packages = ", ".join(f"{name} {version(name)}" for name in ("click", "msgspec", "sqlglot"))
    print(f"querynl {__version__}, Python {platform.python_version()}, {packages}; {os.cpu_count()} CPUs")
    print("CPU time of whole processes, user and system; medians of rounds in which the commands take turns.\n")
    with tempfile.TemporaryDirectory(prefix="querynl-bench-") as name:
        folder = Path(name)
        for line in chain(
            _starting(folder, rounds=5 if quick else 15),
            _generating(folder, rounds=1 if quick else 3),
            _comparing(folder, rounds=1 if quick else 5),
            _beside_others(folder, rounds=1 if quick else 3),
        ):
            print(line, flush=True)


def _starting(folder: Path, *, rounds: int) -> Iterator[str]:
    """What a command costs before it does anything, and the one that scripts call most."""
    _apply_a_few_migrations(folder)
    commands = {
        "import click": _IMPORT_CLICK,
        "--help": querynl("--help"),
        "--version": querynl("--version"),
        "migrate status": querynl("migrate", "status", "-c", "sqlite:///status.db"),
    }
    taken = median_seconds(commands, folder, rounds=rounds)
    base = taken["import click"]
    yield _line("python -c 'import click'", base)
    for name, most in (("--help", 1.5), ("--version", 1.5), ("migrate status", 2.5)):
        yield _ratio(f"querynl {name}, against import click", taken[name], base, most)


def _apply_a_few_migrations(folder: Path) -> None:
    design = ("blog with posts", "blog with posts and comments", "blog with posts, comments, and tags")
    for number, text in enumerate(design):
        run(querynl("schema", "design", text, "-o", f"{number}.json"), folder)
        connection = ("-c", "sqlite:///status.db")
        run(querynl("migrate", "generate", "--to", f"{number}.json", *connection, "-m", f"step {number}"), folder)
        run(querynl("migrate", "apply", "--confirm", *connection), folder)


def _generating(folder: Path, *, rounds: int) -> Iterator[str]:
    """A migration between two large schema files, proved where there is a private server."""
    commands = {}
    for tables in (5_000, 10_000):
        before, after = write_pair(folder, tables, "postgresql")
        commands[f"{tables}"] = querynl(
            *("migrate", "generate", "--from", before.name, "--to", after.name, "--dialect", "postgresql"),
            *("--allow", "all", "--message", "bench", "--output", "generated"),
        )
    taken = median_seconds(commands, folder, rounds=rounds)
    yield _seconds("querynl migrate generate, 5,000 tables as JSON", taken["5000"], 3.0)
    yield _ratio("the same of 10,000 tables, against 5,000", taken["10000"], taken["5000"], 2.2)


def _comparing(folder: Path, *, rounds: int) -> Iterator[str]:
    """Two live databases, inspected and compared, beside the same two schemas as files."""
    files = write_pair(folder, 200, "sqlite")
    urls = [f"sqlite:///{file.stem}.db" for file in files]
    for file, url in zip(files, urls, strict=True):
        run(querynl("schema", "apply", file.name, "-c", url, "--confirm"), folder)
    commands = {
        "files": querynl("schema", "diff", *(file.name for file in files)),
        "live": querynl("schema", "diff", *urls),
    }
    taken = median_seconds(commands, folder, rounds=rounds)
    yield _ratio(
        "querynl schema diff of two SQLite databases, 200 tables, against files", taken["live"], taken["files"], 3
    )


def _beside_others(folder: Path, *, rounds: int) -> Iterator[str]:
    """On one PostgreSQL, what others do, too."""
    for peer in (PGMIG, MIGRA, DBMATE_PEER):
        peer.install()
    others = ", ".join(f"{name} {version(name)}" for name in ("alembic", "sqlalchemy"))
    yield f"\nBeside {PGMIG.version()}, {MIGRA.version()}, {DBMATE_PEER.version()}, {others}"
    servers = Servers()
    try:
        server = servers.url("postgresql")
        yield from _comparing_beside_others(server, folder, rounds=rounds)
        yield from _applying_beside_others(server, folder, rounds=rounds)
    finally:
        servers.stop()


def _comparing_beside_others(server: str, folder: Path, *, rounds: int) -> Iterator[str]:
    """Two live PostgreSQL databases, inspected and compared, by QueryNL and by others."""
    taken = _costs_of_comparing(server, folder, 1_000, rounds, with_others=True)
    ours = taken["querynl"]
    what = "querynl schema diff of two PostgreSQL databases, 1,000 tables"
    yield _line(what, ours.seconds, f"{ours.megabytes:.0f} MB")
    for name, most in (("pgmig", 1 / 3), ("alembic", 1 / 3), ("migra", 1.0)):
        yield _ratio(f"the same, against {name} ({taken[name].seconds:.2f} s)", ours.seconds, taken[name].seconds, most)
    theirs = taken["alembic"].megabytes
    ratio = ours.megabytes / theirs
    what = f"its memory, against alembic ({theirs:.0f} MB)"
    yield f"{what:<72}{ours.megabytes:>7.0f} MB   {ratio:.2f} x, at most 0.5 x: {_verdict(ratio, 0.5)}"
    more = _costs_of_comparing(server, folder, 5_000, rounds, with_others=False)["querynl"]
    yield _ratio("the same of 5,000 tables, against 1,000", more.seconds, ours.seconds, 5.5)


def _applying_beside_others(server: str, folder: Path, *, rounds: int) -> Iterator[str]:
    """200 small migrations, by QueryNL and by others; the first figure is time that passed, not CPU time."""
    taken, again = costs_of_applying(server, folder, 200, rounds)
    beyond = taken[RAW].wall_seconds - taken[IMPORTING].wall_seconds
    theirs = taken[DBMATE].wall_seconds
    what = "querynl migrate apply, 200 small migrations: its time beyond imports,"
    yield _ratio(f"{what}\n  against dbmate ({theirs:.2f} s)", beyond, theirs, 2)
    for what, costs, most in (("its CPU time", taken, 0.5), ("CPU time with nothing to do", again, 0.6)):
        theirs = costs[ALEMBIC].seconds
        yield _ratio(f"{what}, against alembic ({theirs:.2f} s)", costs[RAW].seconds, theirs, most)


def _costs_of_comparing(server: str, folder: Path, tables: int, rounds: int, *, with_others: bool) -> dict[str, Cost]:
    """What each tool takes to compare two databases of so many tables, which are gone afterwards."""
    import psycopg

    files = write_pair(folder, tables, "postgresql")
    write_models(folder, files[1])
    names = [f"querynl_bench_{side}" for side in "ab"]
    urls = [urlsplit(server)._replace(path=f"/{name}").geturl() for name in names]
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            for file, url in zip(files, urls, strict=True):
                load(file, url)
            commands = {"querynl": querynl("schema", "diff", *urls)}
            if with_others:
                commands["pgmig"] = PGMIG.command("generate", "-s", urls[0], "-t", urls[1])
                commands["migra"] = MIGRA.command("--unsafe", *urls)
                script = str(Path(__file__).resolve().with_name("autogenerate.py"))
                commands["alembic"] = (sys.executable, script, urls[0].replace("postgresql:", "postgresql+psycopg:", 1))
            return median_costs(commands, folder, rounds=rounds, statuses={"migra": _MIGRA_FOUND_DIFFERENCES})
        finally:
            for name in names:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _line(what: str, seconds: float, verdict: str = "") -> str:
    *above, last = what.split("\n")
    return "\n".join([*above, f"{last:<72}{seconds * 1000:>7.0f} ms   {verdict}".rstrip()])


def _ratio(what: str, seconds: float, base: float, most: float) -> str:
    ratio = seconds / base
    return _line(what, seconds, f"{ratio:.2f} x, at most {most:g} x: {_verdict(ratio, most)}")


def _seconds(what: str, seconds: float, most: float) -> str:
    return _line(what, seconds, f"at most {most:g} s: {_verdict(seconds, most)}")


def _verdict(measured: float, most: float) -> str:
    return "met" if measured <= most else "MISSED"


main()
