"""A watcher that removes our throwaway databases from a server if we are killed before we do it ourselves.

It is a shell that waits for the end of its input, which is ours, however that comes about; that costs next to nothing.
Only then does it start Python, for this module's `main`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress

import msgspec

from querynl.connections import Target, connect
from querynl.errors import QueryNLError
from querynl.scratch.removal import Owner, remove_if_abandoned

# The task waits in the shell and goes on through a pipe, for it may hold a password, which must not show in `ps`.
_WATCH = 'IFS= read -r task; read -r done && exit; printf "%s\n" "$task" | "$0" -m querynl.scratch.watcher'
# For as long the server may need to notice that our session is gone.
_REMOVAL_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class _Task(msgspec.Struct, frozen=True):
    target: Target
    owner: Owner


class Watcher:
    """Removes the owner's databases when this process has ended, unless it was dismissed before."""

    def __init__(self, target: Target, owner: Owner) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, sys.executable],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._shell.stdin is not None
        self._pipe = self._shell.stdin
        self._pipe.write(msgspec.json.encode(_Task(target, owner)) + b"\n")
        self._pipe.flush()

    def dismiss(self) -> None:
        """Nothing is left to remove."""
        with suppress(BrokenPipeError):  # somebody ended the watcher
            self._pipe.write(b"done\n")
            self._pipe.close()
        self._shell.wait()

    def call(self) -> None:
        """Something is left to remove, now; nobody waits for it."""
        self._pipe.close()


def main() -> None:
    """Remove the databases of the task on standard input as soon as its owner's session has ended."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=_Task)
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while time.monotonic() < deadline:
        with suppress(QueryNLError), connect(task.target) as server:
            if remove_if_abandoned(server, task.owner):
                return
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
