"""New data folders: made once per version, kept in the cache, and copied for every server that starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from querynl.errors import ScratchUnavailable
from querynl.scratch.account import hand_over, server_account
from querynl.scratch.programs import Program


def furnish(folder: Path, program: Program, cache: Path) -> None:
    """Put a data folder into the folder, as it is before the first start, and the programs if they must be near.

    They are copied from `cache`, or made, and then kept there: one process at a time may call this. Raises
    ScratchUnavailable where the data folder cannot be made, and OSError.
    """
    kept = cache / ("template-with-programs" if program.packages else "template")
    if not kept.exists():
        _make(folder, program)
        _keep(folder, kept)
        return
    # The files' modes and times mean nothing there, and are half the work.
    shutil.copytree(kept / "data", folder / "data", symlinks=True, copy_function=shutil.copyfile)
    if program.packages:
        shutil.copytree(kept / "packages", folder / "packages", symlinks=True, copy_function=_link)
    hand_over(folder)


def _make(folder: Path, program: Program) -> None:
    for package in program.packages:
        shutil.copytree(package, folder / "packages" / package.name, ignore=shutil.ignore_patterns("include", "*.a"))
    (folder / "data").mkdir(mode=0o700)
    hand_over(folder)
    _run(program.initialise(folder), folder)


def _keep(folder: Path, kept: Path) -> None:
    """Copy the folder to its place in the cache, whole or not at all."""
    beside = kept.with_name("unfinished")
    shutil.rmtree(beside, ignore_errors=True)  # of a process that was killed here
    shutil.copytree(folder, beside, symlinks=True)
    beside.rename(kept)


def _link(source: str, destination: str) -> None:
    """A second name for the file instead of a copy, where both are on one file system."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **server_account())
    if done.returncode:
        raise ScratchUnavailable(
            f"A private server could not be set up: {(done.stderr or done.stdout).strip()[-500:]}",
            where=Path(command[0]).name,
            remedy="Name a server that may hold throwaway databases with --scratch-url.",
        )
