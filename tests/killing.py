"""Work that is struck at a chosen moment: its process is killed, its session ended, its socket dropped.

The moments are those before and after everything that is asked of the database's driver: each statement of a
migration, each row of the bookkeeping, each beginning and end of a transaction.
"""

import os
import signal
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from querynl.connections import Connection
from querynl.errors import ConnectionFailed, LockedOut
from querynl.runner import apply
from querynl.scratch import open_scratch
from tests.migrating import CONNECTION, Project
from tests.scratching import owner_of, prove_a_dropped_column

_CHANGES = ("execute", "begin", "commit", "rollback")
_ASKED = ("rows", *_CHANGES)
_FAILED = 70


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    """Strikes at the moment of that number, counted from 1; `moments` have passed."""

    def __init__(self, moment: int, strike: Callable[[], None] = _kill) -> None:
        self.moments = 0
        self._moment = moment
        self._strike = strike

    @property
    def has_struck(self) -> bool:
        return self.moments >= self._moment

    def deadly(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, with a moment before it and one after it."""

        def asked(*arguments: Any) -> Any:
            self._pass()
            answer = ask(*arguments)
            self._pass()
            return answer

        return asked

    def _pass(self) -> None:
        self.moments += 1
        if self.moments == self._moment:
            self._strike()


class Doomed:
    """A connection of which all that is asked is counted down."""

    def __init__(self, connection: Connection, countdown: Countdown) -> None:
        self._connection = connection
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        return self._countdown.deadly(found) if name in _ASKED else found


def moments_of(project: Project) -> int:
    """How many moments applying all migrations has; they are applied."""
    counting = Countdown(0)
    with project.session() as (connection, dialect):
        doomed: Any = Doomed(connection, counting)
        apply(doomed, dialect, project.survey(), connection_name=CONNECTION)
    return counting.moments


def kinds_of(engine: str) -> tuple[str, ...]:
    """The ways in which a migration on the engine can be struck."""
    return ("process",) if engine == "sqlite" else ("process", "session", "socket")


def struck_while_applying(project: Project, kind: str, moment: int) -> bool:
    """Whether applying all migrations reached that moment; where a session was lost it may have gone on after it."""
    if kind == "process":
        return _killed(lambda: _apply(project, lambda _: Countdown(moment)))
    strikes: dict[str, Callable[[Connection], None]] = {
        "session": lambda _: project.database.end_sessions(),
        "socket": _drop_socket,
    }
    made: list[Countdown] = []

    def countdown(connection: Connection) -> Countdown:
        made.append(Countdown(moment, lambda: strikes[kind](connection)))
        return made[-1]

    with suppress(ConnectionFailed, LockedOut):
        _apply(project, countdown)
    return made[-1].has_struck


def _apply(project: Project, countdown: Callable[[Connection], Countdown]) -> None:
    with project.session() as (connection, dialect):
        doomed: Any = Doomed(connection, countdown(connection))
        apply(doomed, dialect, project.survey(), connection_name=CONNECTION, lock_timeout=30)


def _drop_socket(connection: Connection) -> None:
    driver: Any = vars(connection)["_driver"]
    number = driver.fileno() if connection.dialect == "postgresql" else vars(driver)["_sock"].fileno()
    with socket.socket(fileno=os.dup(number)) as same, suppress(OSError):
        same.shutdown(socket.SHUT_RDWR)


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
