"""One Alembic revision, run on a database as Alembic runs it, but without the project's env.py.

https://alembic.sqlalchemy.org/en/latest/api/runtime.html
"""

from __future__ import annotations

from querynl.connections import Connection
from querynl.connections.alchemy import as_sqlalchemy
from querynl.errors import MigrationInvalid, StatementFailed
from querynl.formats.alembic.offline import loaded
from querynl.formats.migration import MigrationFile
from querynl.project import at_home, place_of


def run(file: MigrationFile, function: str, connection: Connection) -> bool:
    """Run `upgrade` or `downgrade` on a database; False where the revision says that it has no such way.

    What its code prints goes to standard error, and the working folder is importable. Raises StatementFailed for
    what the database refused, MigrationInvalid for all else that fails in its code.
    """
    with at_home():
        module = loaded(file)
    way = getattr(module, function, None)
    if way is None:
        raise MigrationInvalid(f"The revision has no function {function}.", where=str(file.path))

    from alembic.config import Config
    from alembic.operations import Operations
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from sqlalchemy.exc import DBAPIError

    try:
        with at_home(), as_sqlalchemy(connection, mariadb_options="mariadb_" in file.text) as session:
            with EnvironmentContext(Config(), ScriptDirectory(str(file.path.parent))) as environment:
                environment.configure(connection=session)
                with environment.begin_transaction(), Operations.context(environment.get_context()):
                    way()
            if session.in_transaction():
                session.commit()
    except NotImplementedError:
        return False
    except DBAPIError as error:
        raise StatementFailed(" ".join(str(error.orig).split()), sql=error.statement or "") from error
    except (Exception, SystemExit) as error:
        raise MigrationInvalid(
            f"The revision fails: {type(error).__name__}: {error}.",
            where=place_of(error) or str(file.path),
            remedy="Correct the revision there. Nothing of the project's env.py is run.",
        ) from error
    return True
