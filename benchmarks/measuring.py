"""The CPU time of whole processes: user and system, of the process and all that it starts."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Command = Sequence[str]


def querynl(*arguments: str) -> Command:
    """The command line, run as its console script runs it."""
    return (sys.executable, "-c", "from querynl.cli.main import run; run()", *arguments)


def environment(folder: Path) -> dict[str, str]:
    """The environment of a measured process: all that QueryNL and Python write goes into the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUERYNL_")}
    # Everybody's modules are compiled once, before the first measured run.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    for kind in ("CONFIG", "DATA", "CACHE"):
        kept[f"QUERYNL_{kind}_DIR"] = str(folder / "querynl" / kind.lower())
    return kept


def run(command: Command, folder: Path) -> None:
    """Run a command in the folder. Raises CalledProcessError, with what it printed, unless it succeeds."""
    subprocess.run(command, cwd=folder, env=environment(folder), check=True, capture_output=True, text=True)


def median_seconds(commands: Mapping[str, Command], folder: Path, *, rounds: int) -> dict[str, float]:
    """The median CPU seconds of each command over some rounds, in which they take turns."""
    for command in commands.values():
        run(command, folder)
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name].append(_seconds(command, folder))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _seconds(command: Command, folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
