"""Statements run as the runner runs them: in the portions in which it commits them."""

from collections.abc import Sequence

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.runner.portions import segments, settings_apart


def migrate(connection: Connection, script: Sequence[Statement], dialect: Dialect) -> None:
    """Runs the statements in one transaction, as far as the engine and they allow it."""
    settings, body = settings_apart(script, dialect)
    run(connection, settings.before)
    for segment in segments(body, dialect):
        if segment.atomic and dialect.rolls_back_ddl:
            with connection.transaction():
                run(connection, segment.statements)
        else:
            run(connection, segment.statements)
    run(connection, settings.after)


def run(connection: Connection, script: Sequence[Statement]) -> None:
    """Runs the statements one by one; a question must be answered with no rows."""
    for statement in script:
        if statement.expects_no_rows:
            assert connection.rows(statement.sql) == [], statement.sql
        else:
            connection.execute(statement.sql)
