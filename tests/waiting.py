"""Waiting for what another process does, for as long as it may take and no longer than a test may."""

import subprocess
import time
from collections.abc import Callable

import pytest

_LONGEST_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


def comes_true(found: Callable[[], bool]) -> bool:
    """Whether it is so, now or within a minute."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not (there := found()) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return there


def said(process: "subprocess.Popen[str]", start: str) -> str:
    """What follows these words in a line of the process's output."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(start):
            return line.removeprefix(start).strip()
    pytest.fail(f"the process ended before it said {start!r}")
