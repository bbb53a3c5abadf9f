"""Every state that `status` can show is set right by the command that `status` itself names."""

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.engines import Database
from tests.migrating import Project

A, B, C = "20260101000000_a", "20260102000000_b", "20260103000000_c"


def write(shell: Shell, name: str, up: str, down: str | None = None) -> None:
    shell.write(f"migrations/{name}_up.sql", up)
    shell.write(f"migrations/{name}_down.sql", down or f"DROP TABLE {name[-1]};")


def apply(shell: Shell, database: Database) -> None:
    shell(["migrate", "apply", "--confirm", "-c", database.url])


def pending(shell: Shell, database: Database) -> None:
    """B has not run yet."""


def failed(shell: Shell, database: Database) -> None:
    write(shell, B, "CREATE TABLE b (id integer);\nINSERT INTO nowhere VALUES (1);")
    apply(shell, database)
    write(shell, B, "CREATE TABLE b (id integer);\nINSERT INTO b VALUES (1);")


def partially_applied(shell: Shell, database: Database) -> None:
    alone = (
        "CREATE INDEX CONCURRENTLY b_id ON b (id)" if database.engine == "postgresql" else "CREATE INDEX i ON b (id)"
    )
    write(shell, B, f"CREATE TABLE b (id integer);\n{alone};\nINSERT INTO b VALUES (1);")
    killed_at_statement_3(database)


def halfway_back(shell: Shell, database: Database) -> None:
    write(shell, B, "CREATE TABLE b (id integer);\nCREATE TABLE c (id integer);", "DROP TABLE c;\nDROP TABLE nowhere;")
    apply(shell, database)
    shell(["migrate", "rollback", "--confirm", "-c", database.url])
    database.execute("CREATE TABLE nowhere (id integer)")


def changed(shell: Shell, database: Database) -> None:
    apply(shell, database)
    write(shell, B, "CREATE TABLE b (id integer, n integer);")


def missing(shell: Shell, database: Database) -> None:
    apply(shell, database)
    for path in (shell.folder / "migrations").glob(f"{B}_*"):
        path.unlink()


def out_of_order(shell: Shell, database: Database) -> None:
    (shell.folder / "migrations" / f"{B}_up.sql").rename(shell.folder / "b.sql")
    write(shell, C, "CREATE TABLE c (id integer);")
    apply(shell, database)
    (shell.folder / "b.sql").rename(shell.folder / "migrations" / f"{B}_up.sql")


def applied_by_another_tool(shell: Shell, database: Database) -> None:
    for name in (f"{B}_up.sql", f"{B}_down.sql"):
        (shell.folder / "migrations" / name).unlink()
    shell.write("migrations/V20260102000000__b.sql", "CREATE TABLE b (id integer);")
    apply(shell, database)
    # As though Flyway alone had run it.
    database.execute(f"DELETE FROM querynl_history WHERE migration_id = '{B}'")


def rolled_back(shell: Shell, database: Database) -> None:
    apply(shell, database)
    shell.done(["migrate", "rollback", "--confirm", "-c", database.url])


def killed_at_statement_3(database: Database) -> None:
    """Apply in a process of its own that ends between two statements."""

    def kill(name: str, number: int, total: int, statement: object) -> None:
        if name == B and number == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        Project(database, Path("migrations")).apply(progress=kill)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


# How each state comes about, and the command that sets it right.
STATES: dict[str, tuple[Callable[[Shell, Database], None], str]] = {
    "pending": (pending, "apply"),
    "rolled back": (rolled_back, "apply"),
    "failed": (failed, "apply"),
    "partially applied": (partially_applied, "apply"),
    "halfway back": (halfway_back, "rollback"),
    "changed": (changed, "repair"),
    "missing": (missing, "repair"),
    "out of order": (out_of_order, "apply"),
    "applied by another tool": (applied_by_another_tool, "repair"),
}
# On other engines a failure leaves nothing half done.
HALF_DONE = {"partially applied", "halfway back"}
SHOWN = {"rolled back": "pending", "halfway back": "partially applied"}


@pytest.mark.parametrize("state", sorted(STATES.keys() - HALF_DONE))
def test_the_command_that_status_names_sets_the_state_right(shell: Shell, database: Database, state: str) -> None:
    assert_the_named_command_sets_right(shell, database, state)


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed with SIGKILL")
@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_the_command_that_status_names_finishes_what_a_killed_process_began(shell: Shell, database: Database) -> None:
    assert_the_named_command_sets_right(shell, database, "partially applied")


@pytest.mark.engines("mysql", "mariadb")
def test_the_command_that_status_names_finishes_a_way_back(shell: Shell, database: Database) -> None:
    assert_the_named_command_sets_right(shell, database, "halfway back")


def assert_the_named_command_sets_right(shell: Shell, database: Database, state: str) -> None:
    """Brings the state about, reads the command out of `status`, runs it, and finds all well."""
    bring_about, verb = STATES[state]
    write(shell, A, "CREATE TABLE a (id integer);")
    shell.done(["migrate", "apply", "--confirm", "-c", database.url])
    write(shell, B, "CREATE TABLE b (id integer);")
    bring_about(shell, database)

    told = shell.done(["migrate", "status", "-c", database.url])
    assert statuses(shell, database)[B] == SHOWN.get(state, state)
    [command] = re.findall(rf"^{B}: .*`(querynl [^`]+)`", told.err, re.M)
    words = shlex.split(command)[1:]
    assert words[:2] == ["migrate", verb]
    shell.done([*words, "--confirm"])

    found = statuses(shell, database)
    assert set(found.values()) == ({"applied"} if verb != "rollback" else {"applied", "pending"}), found
    if verb != "rollback":
        assert "up to date" in shell.done(["migrate", "apply", "--confirm", "-c", database.url]).out


def statuses(shell: Shell, database: Database) -> dict[str, str]:
    document = shell.done(["migrate", "status", "--format", "json", "-c", database.url]).document()
    return {one["id"]: one["status"] for one in document["migrations"]}
