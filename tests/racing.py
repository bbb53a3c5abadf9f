"""Many processes that apply the same migrations at once, and what has to be true afterwards."""

import random
import signal
import time
from pathlib import Path

from querynl.errors import LockLost
from tests.applying import Applier, applying
from tests.engines import Database
from tests.migrating import Project

MIGRATIONS = 20


def racetrack(database: Database, folder: Path) -> Project:
    """A project of migrations of which each statement is counted in a table."""
    database.execute("CREATE TABLE log (migration integer, statement integer)")
    project = Project(database, folder)
    for number in range(1, MIGRATIONS + 1):
        project.write(
            _name(number),
            f"INSERT INTO log VALUES ({number}, 1);\n"
            f"CREATE TABLE t{number} (id integer PRIMARY KEY, name varchar(20));\n"
            f"INSERT INTO log VALUES ({number}, 2);",
        )
    return project


def race(project: Project, processes: int) -> list[tuple[int, str]]:
    """What so many processes came to, each its exit status and last words."""
    return [process.end() for process in [applying(project) for _ in range(processes)]]


def race_with_pauses(
    project: Project, processes: int, *, seconds: float, chosen: random.Random
) -> list[tuple[int, str]]:
    """A race in which whoever applies is stopped for so long, once, and goes on afterwards."""
    runners = [applying(project) for _ in range(processes)]
    paused = _first_at_work(runners, f"{_name(chosen.randint(1, MIGRATIONS))} ")
    if paused is not None:
        paused.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        paused.send_signal(signal.SIGCONT)
    return [runner.end() for runner in runners]


def breaches(project: Project, results: list[tuple[int, str]], *, paused: bool = False) -> list[str]:
    """Everything that is not as it must be after a race, in words.

    Of a process that was paused for longer than its lock lasts, it is right that it lost it.
    """
    fine = {0, LockLost.exit_status} if paused else {0}
    found = [line for status, line in results if status not in fine]
    found += [line for status, line in results if status and status in fine and "was stopped" not in line]
    expected = [(number, statement) for number in range(1, MIGRATIONS + 1) for statement in (1, 2)]
    counted = project.database.rows("SELECT migration, statement FROM log ORDER BY migration, statement")
    if counted != expected:
        found.append(f"the statements that ran: {counted}")
    applied = {_name(number): "applied" for number in range(1, MIGRATIONS + 1)}
    for what, statuses in (("history", project.statuses()), ("store", project.store())):
        if statuses != applied:
            found.append(f"the {what}: {statuses}")
    done = sorted(" ".join(line.removeprefix("done:") for status, line in results if status == 0).split())
    if len(set(done)) != len(done) or (not paused and done != sorted(applied)):
        found.append(f"what was told to be done: {done}")
    return found


def _first_at_work(runners: list[Applier], what: str) -> Applier | None:
    """The process that is about to run that migration; None where all have ended before."""
    left = list(runners)
    while left:
        for runner in list(left):
            if runner.says(f"running: {what}", within=0.02):
                return runner
            if runner.has_ended:
                left.remove(runner)
    return None


def _name(number: int) -> str:
    return f"202601{number:02}000000_m"
