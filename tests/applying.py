"""A process of its own that applies migrations, for the tests of what several of them do, or one that is stopped.

Called with a database's URL, a folder and a lock timeout; says on standard output what it is about to run, and at
last what it came to. Its exit status is that of the command line.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from querynl.cli.main import INTERRUPTED, TERMINATED
from querynl.dialects import Statement
from querynl.errors import QueryNLError, Terminated
from tests.engines import Database
from tests.migrating import Project, done


def main(url: str, folder: str, lock_timeout: str) -> int:
    project = Project(Database(urlsplit(url).scheme, url), Path(folder))
    try:
        report = project.apply(lock_timeout=float(lock_timeout), progress=_say)
    except QueryNLError as error:
        print(f"error: {error}", flush=True)  # noqa: T201
        return error.exit_status
    except KeyboardInterrupt as error:
        print(f"interrupted: {error}", flush=True)  # noqa: T201
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    print(f"done: {' '.join(done(report))}", flush=True)  # noqa: T201
    return 0


def _say(migration_id: str, number: int, total: int, statement: Statement) -> None:
    print(f"running: {migration_id} {number}/{total}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
