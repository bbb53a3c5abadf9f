"""`make soak-kill`: random migrations are struck at random moments, on each engine; the next apply has to finish them.

Each set of migrations is drawn from the seed and its number alone. It is applied once in peace, and then again and
again in fresh databases where the process is killed, its session ended or its socket dropped, once or twice. What the
next apply leaves has to be what peace did: the same schema, the same rows, and a store that agrees.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from querynl.errors import DecisionNeeded
from querynl.ledger import lock
from tests.engines import ENGINES, Databases
from tests.killing import kinds_of, moments_of, struck_while_applying
from tests.migrating import Project
from tests.servers import variable
from tools.soaking import status_of

STRIKES_A_SET = 10
# How often a statement is one that refuses a transaction, where the engine has such.
ALONE = 0.5
# How often what recovers is struck as well.
TWICE = 0.3
SHORT_LEASE_SECONDS = 0.3
_LONGEST = 1000


@dataclass
class Outcome:
    """What became of one set of migrations: how many strikes hit, how many left a question, and what was wrong."""

    engine: str
    number: int
    strikes: int = 0
    questions: int = 0
    breaches: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0 where everything was finished, 1 where something was not, 130 after Ctrl-C."""
    options = _options(arguments)
    print(f"seed {options.seed}", flush=True)
    return status_of(lambda: not [engine for engine in options.engine if _struck(engine, options)], options.engine)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.soak_kill", description="Strike migrations at any moment.")
    parser.add_argument("--engine", type=lambda text: text.split(","), default=list(ENGINES), metavar="NAME,...")
    parser.add_argument("--kills", type=int, default=5000, help="over all engines")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--set", type=int, help="this set of migrations alone")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4))
    options = parser.parse_args(arguments)
    for engine in options.engine:
        if engine not in ENGINES:
            parser.error(f"no engine {engine!r}; there are {', '.join(ENGINES)}")
    return options


def _struck(engine: str, options: argparse.Namespace) -> bool:
    """Strike one engine's share; whether something was broken."""
    began = time.monotonic()
    share = -(-options.kills // len(options.engine))
    numbers = [options.set] if options.set is not None else list(range(-(-share // STRIKES_A_SET)))
    strikes = questions = broken = 0
    # Forked workers would share the sessions of this process.
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("spawn")) as workers:
        waiting = [workers.submit(_outcome, engine, options.seed, number) for number in numbers]
        for done in as_completed(waiting):
            outcome = done.result()
            strikes, questions = strikes + outcome.strikes, questions + outcome.questions
            broken += bool(outcome.breaches)
            for breach in outcome.breaches:
                again = f"python -m tools.soak_kill --engine {engine} --seed {options.seed} --set {outcome.number}"
                print(f"  {engine}: {breach}\n    again: {again}", flush=True)
    rate = strikes / (time.monotonic() - began)
    print(f"{engine}: {strikes} kills, {questions} left to a person, {broken} sets broken, {rate:.1f}/s", flush=True)
    return broken > 0


# --------------------------------------------------------------------------------------------- one set


def _outcome(engine: str, seed: int, number: int) -> Outcome:
    # What a killed process holds of SQLite's lock between two transactions is free so much later.
    lock.LEASE_SECONDS = SHORT_LEASE_SECONDS
    chosen = random.Random(f"{seed} {engine} {number}")
    outcome = Outcome(engine, number)
    scripts = dict(_migrations(chosen, engine))
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases(lambda name: os.environ[variable(name)], Path(folder))
        with databases.temporary(engine) as database:
            peaceful = _project(database, Path(folder, "peace"), scripts)
            moments = moments_of(peaceful)
            expected = _state(peaceful)
            for attempt in range(STRIKES_A_SET):
                databases.empty(database)
                project = _project(database, Path(folder, f"{attempt}"), scripts)
                _strike(project, moments, chosen, expected, outcome)
    return outcome


def _strike(project: Project, moments: int, chosen: random.Random, expected: dict[str, Any], outcome: Outcome) -> None:
    told = []
    try:
        for _ in range(1 + (chosen.random() < TWICE)):
            kind, moment = chosen.choice(kinds_of(project.database.engine)), chosen.randint(1, moments)
            told.append(f"{kind} at moment {moment}")
            outcome.strikes += struck_while_applying(project, kind, moment)
        project.apply()
        found = _state(project)
        wrong = [
            f"{what}: {found[what]} instead of {is_right}"
            for what, is_right in expected.items()
            if found[what] != is_right
        ]
    except DecisionNeeded as question:
        outcome.questions += 1
        wrong = [] if len(question.questions) == 1 else [str(question)]
    except Exception:
        wrong = [traceback.format_exc()]
    outcome.breaches += [f"{', '.join(told)}: {what[:_LONGEST]}" for what in wrong]


def _project(database: Any, folder: Path, scripts: dict[str, str]) -> Project:
    """The migrations, for a fresh database, with a tracking store of their own."""
    os.environ["QUERYNL_DATA_DIR"] = str(folder / "store")
    database.execute("CREATE TABLE log (entry integer)")
    project = Project(database, folder)
    for name, script in scripts.items():
        project.write(name, script)
    return project


def _state(project: Project) -> dict[str, Any]:
    """All that a migration can leave: the schema, every row, and what the history and the store say."""
    with project.session() as (connection, dialect):
        schema = dialect.inspect(connection)
        tables = sorted(table.name for table in schema.tables)
        rows = {name: sorted(connection.rows(f"SELECT * FROM {name}"), key=repr) for name in tables}
    return {"history": project.statuses(), "store": project.store(), "rows": rows, "schema": schema}


def _migrations(chosen: random.Random, engine: str) -> Iterator[tuple[str, str]]:
    """Migrations whose statements would leave something else, or fail, if one ran twice or never."""
    tables: dict[str, int] = {}
    number = 0
    for migration in range(1, chosen.randint(3, 5)):
        script = []
        for _ in range(chosen.randint(1, 6)):
            number += 1
            script.append(_statement(chosen, engine, tables, number))
        yield f"202601{migration:02}000000_m", ";\n".join(script) + ";"


def _statement(chosen: random.Random, engine: str, tables: dict[str, int], number: int) -> str:
    """A statement that the tables there allow; `tables` has how many columns were added to each."""
    kind = chosen.choice(("create", "log", "insert", "update", "add", "index", "view", "rename", "drop"))
    if kind == "log":
        return f"INSERT INTO log VALUES ({number})"
    if not tables or kind == "create":
        tables[f"t{number}"] = 0
        return f"CREATE TABLE t{number} (id integer PRIMARY KEY, n integer NOT NULL)"
    table = chosen.choice(sorted(tables))
    if kind == "insert":
        return f"INSERT INTO {table} (id, n) VALUES ({number}, 1), ({-number}, 2)"
    if kind == "update":
        return f"UPDATE {table} SET n = n + {number}"
    if kind == "index" and engine == "sqlite" and chosen.random() < ALONE:
        return "VACUUM"
    if kind == "index":
        alone = " CONCURRENTLY" if engine == "postgresql" and chosen.random() < ALONE else ""
        return f"CREATE INDEX{alone} i{number} ON {table} (n)"
    if kind == "view":
        return f"CREATE VIEW v{number} AS SELECT entry FROM log"
    if kind == "rename" and tables[table]:
        column, tables[table] = tables[table], number
        return f"ALTER TABLE {table} RENAME COLUMN c{column} TO c{number}"
    if kind == "drop":
        del tables[table]
        return f"DROP TABLE {table}"
    tables[table] = number
    return f"ALTER TABLE {table} ADD COLUMN c{number} integer"


if __name__ == "__main__":
    sys.exit(main())
