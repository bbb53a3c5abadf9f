"""A process that applies or proves migrations and is killed at a chosen moment.

The moments are those before and after everything that it asks of the database's driver: each statement of a
migration, each row of the bookkeeping, each beginning and end of a transaction.
"""

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from querynl.connections import Connection
from querynl.runner import apply
from querynl.scratch import open_scratch
from tests.migrating import CONNECTION, Project
from tests.scratching import owner_of, prove_a_dropped_column

_CHANGES = ("execute", "begin", "commit", "rollback")
_ASKED = ("rows", *_CHANGES)
_FAILED = 70


class Countdown:
    """Kills this process at the moment of that number, counted from 1."""

    def __init__(self, moment: int) -> None:
        self._left = moment

    def deadly(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, with a moment before it and one after it."""

        def asked(*arguments: Any) -> Any:
            self._pass()
            answer = ask(*arguments)
            self._pass()
            return answer

        return asked

    def _pass(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Doomed:
    """A connection whose process is killed at a moment."""

    def __init__(self, connection: Connection, moment: int) -> None:
        self._connection = connection
        self._countdown = Countdown(moment)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        return self._countdown.deadly(found) if name in _ASKED else found


def killed_while_applying(project: Project, moment: int) -> bool:
    """Whether applying all migrations in a process of its own reached that moment, and ended there."""

    def apply_all() -> None:
        with project.session() as (connection, dialect):
            doomed: Any = Doomed(connection, moment)
            apply(doomed, dialect, project.survey(), connection_name=CONNECTION)

    return _killed(apply_all)


def killed_while_proving(engine: str, url: str, moment: int, sessions: type[Connection], owner: Path) -> bool:
    """Whether a proof on throwaway databases of that server, in a process of its own, reached that moment.

    The moments are those before and after all that its sessions change. The file `owner` gets the name of who owns the
    databases.
    """

    def prove_one() -> None:
        countdown = Countdown(moment)
        for name in _CHANGES:
            setattr(sessions, name, countdown.deadly(getattr(sessions, name)))
        with open_scratch(engine, url=url) as scratch:
            owner.write_text(owner_of(scratch).name)
            prove_a_dropped_column(engine, scratch)

    return _killed(prove_one)


def _killed(work: Callable[[], None]) -> bool:
    """Whether the work, in a process of its own, was killed before its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(_FAILED)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the process ended with {code}"
    return code != 0
