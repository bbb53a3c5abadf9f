"""A process of its own that works on throwaway databases, for the tests of what is left when it is killed.

Called with an engine, the URL of a server or `-` for a private one, and how many statements to run. It says on
standard output what it has: `owner NAME` or `folder PATH`, then `ran NUMBER` after every statement that it proves a
migration with, and goes on until it has run that many. There it waits to be killed.
"""

import signal
import sys
from collections.abc import Sequence

from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.naming import named
from querynl.plan import plan
from querynl.proof import prove
from querynl.schema import Column, Schema, Table
from querynl.scratch import Scratch, open_scratch
from querynl.scratch.removal import Owner
from querynl.scratch.session import ThrowawaySession

ID = Column(name="id", type="integer", nullable=False)
NAME = Column(name="name", type="varchar(40)")


def main(engine: str, url: str, statements: str) -> None:
    wait = int(statements)
    execute = ThrowawaySession.execute
    ran = 0

    def counted(session: ThrowawaySession, sql: str, parameters: Sequence[object] = ()) -> int:
        nonlocal ran
        affected = execute(session, sql, parameters)
        ran += 1
        _say(f"ran {ran}")
        if ran == wait:
            signal.pause()
        return affected

    with open_scratch(engine, url=None if url == "-" else url) as scratch:
        target = scratch._target  # type: ignore[attr-defined]  # what is private is looked for
        _say(f"owner {owner_of(scratch).name}")
        _say(f"folder {dict(target.options).get('unix_socket') or target.host}")
        ThrowawaySession.execute = counted  # type: ignore[method-assign, assignment]  # in this process alone
        if wait == 0:
            signal.pause()
        prove_a_dropped_column(engine, scratch)
    _say("proved")


def owner_of(scratch: Scratch) -> Owner:
    """Who owns the databases on the server."""
    owner = scratch._owner  # type: ignore[attr-defined]  # what is private is looked for
    assert isinstance(owner, Owner)
    return owner


def prove_a_dropped_column(engine: str, scratch: Scratch) -> None:
    """Prove the migration that drops a column, with rows, up and down."""
    dialect = dialect_named(engine)
    before = named(dialect.localise(Schema(tables=(Table(name="users", columns=(ID, NAME)),))), dialect)
    after = named(dialect.localise(Schema(tables=(Table(name="users", columns=(ID,)),))), dialect)
    prove(before, after, plan(before, diff(before, after, dialect).operations, dialect, after=after), scratch)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
