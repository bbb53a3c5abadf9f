"""Processes of their own that apply migrations, for what several of them do, or one that is stopped.

They are forked, so that many can be had at the price of one's imports.
"""

import os
import select
import signal
import traceback
from dataclasses import dataclass
from typing import TextIO

import pytest

from querynl.cli.main import INTERRUPTED, TERMINATED
from querynl.dialects import Statement
from querynl.errors import QueryNLError, Terminated
from tests.migrating import Project, done

_PATIENCE_SECONDS = 100
_FAILED = 70


@dataclass
class Applier:
    """One such process, and what it says: before each statement which one it is, and at last what it came to."""

    pid: int
    _output: int
    _said: str = ""
    has_ended: bool = False

    def wait_until_it_runs(self, what: str) -> None:
        """Returns once a statement is about to run, such as `20260101000000_a 2/3`."""
        while f"running: {what}\n" not in self._said:
            if not self._read():
                pytest.fail(f"the process ended before {what}:\n{self._said}")

    def says(self, what: str, *, within: float) -> bool:
        """Whether that was said by now, or is within so many seconds."""
        if what not in self._said and not self.has_ended and select.select([self._output], [], [], within)[0]:
            self._read()
        return what in self._said

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self) -> tuple[int, str]:
        """The exit status, that of the command line, and the last line that was said."""
        while not self.has_ended:
            self._read()
        os.close(self._output)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), self._said.splitlines()[-1] if self._said else ""

    def _read(self) -> bool:
        readable, _, _ = select.select([self._output], [], [], _PATIENCE_SECONDS)
        if not readable:
            os.kill(self.pid, signal.SIGKILL)
            pytest.fail(f"nothing more came after:\n{self._said}")
        found = os.read(self._output, 1 << 16)
        self._said += found.decode()
        self.has_ended = not found
        return not self.has_ended


def applying(project: Project, *, lock_timeout: float = 60) -> Applier:
    """A process that applies the project's migrations."""
    output, inside = os.pipe()
    child = os.fork()
    if child == 0:
        status = _FAILED
        try:
            os.close(output)
            with os.fdopen(inside, "w", encoding="utf-8") as told:
                status = _applied(project, lock_timeout, told)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(inside)
    return Applier(child, output)


def _applied(project: Project, lock_timeout: float, told: TextIO) -> int:
    def progress(migration_id: str, number: int, total: int, statement: Statement) -> None:
        print(f"running: {migration_id} {number}/{total}", file=told, flush=True)

    try:
        report = project.apply(lock_timeout=lock_timeout, progress=progress)
    except QueryNLError as error:
        print(f"error: {error}", file=told, flush=True)
        return error.exit_status
    except KeyboardInterrupt as error:
        print(f"interrupted: {error}", file=told, flush=True)
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    print(f"done: {' '.join(done(report))}", file=told, flush=True)
    return 0
