"""The CPU time and memory of whole processes, with all that they start and wait for."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

Command = Sequence[str]

_METER = Path(__file__).resolve().with_name("meter.py")


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


class Cost(NamedTuple):
    """What a process took: CPU seconds, its own and its children's, the most memory it held, in megabytes, and time."""

    seconds: float
    megabytes: float
    wall_seconds: float


def run(command: Command, folder: Path) -> None:
    """Run a command in the folder. Raises CalledProcessError, with what it printed, unless it succeeds."""
    subprocess.run(command, cwd=folder, env=environment(folder), check=True, capture_output=True, text=True)


def median_seconds(commands: Mapping[str, Command], folder: Path, *, rounds: int) -> dict[str, float]:
    """The median CPU seconds of each command over some rounds, in which they take turns."""
    return {name: cost.seconds for name, cost in median_costs(commands, folder, rounds=rounds).items()}


def median_costs(
    commands: Mapping[str, Command], folder: Path, *, rounds: int, statuses: Mapping[str, int] | None = None
) -> dict[str, Cost]:
    """The medians of what each command takes over some rounds, in which they take turns, after one for the caches.

    `statuses` are the exit statuses of those commands that end with another than 0.
    """
    expected = statuses or {}
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            cost = metered(command, folder, expected.get(name, 0))
            if number > 0:
                taken[name].append(cost)
    return {name: median(costs) for name, costs in taken.items()}


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


def metered(command: Command, folder: Path, expected: int = 0) -> Cost:
    """What one run of the command takes. Raises CalledProcessError unless it ends with the expected status."""
    report = folder / "cost.json"
    meter = (sys.executable, str(_METER), str(report), *command)
    done = subprocess.run(meter, cwd=folder, env=environment(folder), capture_output=True, text=True, check=True)
    found = json.loads(report.read_text(encoding="utf-8"))
    if found["status"] != expected:
        raise subprocess.CalledProcessError(found["status"], command, done.stdout + done.stderr)
    return Cost(found["seconds"], found["megabytes"], found["wall_seconds"])
