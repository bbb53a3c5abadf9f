"""`make soak-race`: many processes apply the same migrations, round after round, on each engine.

Besides the four engines there are `pgbouncer`, PostgreSQL behind a pooler in transaction mode, and `paused`, the same
with the holder of the lock stopped for longer than it lasts, once a round.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from querynl.ledger import lock
from tests.engines import ENGINES, Database, Databases
from tests.racing import breaches, race, race_with_pauses, racetrack
from tests.servers import pgbouncer, variable
from tools.soaking import status_of

COURSES = (*ENGINES, "pgbouncer", "paused")
# Of a lease that is to be lost in a pause.
SHORT_LEASE_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0 where every statement ran once, 1 where something was not so, 130 after Ctrl-C."""
    options = _options(arguments)
    print(f"seed {options.seed}", flush=True)
    engines = {_engine(course) for course in options.engine}
    return status_of(lambda: not sum(_raced(course, options) for course in options.engine), engines)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.soak_race", description="Let many processes apply at once.")
    parser.add_argument("--engine", type=lambda text: text.split(","), default=list(COURSES), metavar="NAME,...")
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(arguments)
    for course in options.engine:
        if course not in COURSES:
            parser.error(f"no engine {course!r}; there are {', '.join(COURSES)}")
    return options


def _engine(course: str) -> str:
    return course if course in ENGINES else "postgresql"


def _raced(course: str, options: argparse.Namespace) -> int:
    """Run the rounds of one course; the number of rounds in which something was not as it must be."""
    began, broken = time.monotonic(), 0
    chosen = random.Random(f"{options.seed} {course}")
    with tempfile.TemporaryDirectory() as folder, _before(course) as reached:
        databases = Databases(lambda engine: os.environ[variable(engine)], Path(folder))
        for number in range(options.rounds):
            os.environ["QUERYNL_DATA_DIR"] = str(Path(folder, f"store{number}"))
            with databases.temporary(_engine(course)) as database:
                project = racetrack(reached(database), Path(folder, f"{number}"))
                if course == "paused":
                    lock.LEASE_SECONDS = SHORT_LEASE_SECONDS
                    results = race_with_pauses(
                        project, options.processes, seconds=2 * SHORT_LEASE_SECONDS, chosen=chosen
                    )
                else:
                    results = race(project, options.processes)
                found = breaches(project, results, paused=course == "paused")
            for breach in found:
                print(f"  {course}, round {number + 1}: {breach}", flush=True)
            broken += bool(found)
    rate = 60 * options.rounds / (time.monotonic() - began)
    rounds = f"{options.rounds} rounds of {options.processes} processes"
    print(f"{course}: {rounds}, {broken} broken, {rate:.1f} rounds a minute", flush=True)
    return broken


@contextmanager
def _before(course: str) -> Iterator[Callable[[Database], Database]]:
    """How the processes of a course reach a database: through a pooler, or directly."""
    if course in ENGINES:
        yield lambda database: database
        return
    server = pgbouncer.start(os.environ[variable("postgresql")])
    try:
        yield lambda database: Database(
            database.engine, urlsplit(server.url)._replace(path=f"/{database.name}").geturl()
        )
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
