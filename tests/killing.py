"""A process that applies migrations and is killed at a chosen moment.

The moments are those before and after everything that it asks of the database's driver: each statement of a
migration, each row of the bookkeeping, each beginning and end of a transaction.
"""

import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

from querynl.connections import Connection
from querynl.runner import apply
from tests.migrating import CONNECTION, Project

_ASKED = ("rows", "execute", "begin", "commit", "rollback")
_FAILED = 70


class Doomed:
    """A connection whose process is killed at the moment of that number, counted from 1."""

    def __init__(self, connection: Connection, moment: int) -> None:
        self._connection = connection
        self._left = moment

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        return self._deadly(found) if name in _ASKED else found

    def _deadly(self, ask: Callable[..., Any]) -> Callable[..., Any]:
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


def killed_while_applying(project: Project, moment: int) -> bool:
    """Whether applying all migrations in a process of its own reached that moment, and ended there."""
    child = os.fork()
    if child == 0:
        try:
            with project.session() as (connection, dialect):
                doomed: Any = Doomed(connection, moment)
                apply(doomed, dialect, project.survey(), connection_name=CONNECTION)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(_FAILED)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the process ended with {code}"
    return code != 0
