"""`--privileges`: what commands say and do about owners and grants."""

from contextlib import suppress

import pytest

from tests.cli.shell import Shell, inspect, schema_of, scratch, table
from tests.engines import Database

pytestmark = pytest.mark.engines("postgresql")

READER = "querynl_reader"
USERS = "CREATE TABLE users (id int PRIMARY KEY);"
GENERATE = ["migrate", "generate", "--from", "before.sql", "--to", "after.sql", "--dialect", "postgresql", "-m", "more"]


@pytest.fixture
def two_files(shell: Shell, database: Database) -> None:
    """Two schemas that differ in a column and in thirteen grants, and the role on the server."""
    with suppress(Exception):
        database.execute(f"CREATE ROLE {READER}")
    columns = [f"c{number} int" for number in range(13)]
    grants = "".join(f"GRANT SELECT (c{number}) ON users TO {READER};\n" for number in range(13))
    shell.write("before.sql", f"CREATE TABLE users (id int PRIMARY KEY, {', '.join(columns)});")
    shell.write("after.sql", f"CREATE TABLE users (id bigint PRIMARY KEY, {', '.join(columns)});\n{grants}")


@pytest.mark.usefixtures("two_files")
def test_without_an_option_differences_are_told_in_a_few_lines(shell: Shell, database: Database) -> None:
    result = shell.done([*GENERATE, *scratch(database)])
    *lines, proof = result.err.splitlines()
    assert proof.startswith("proved on")
    assert "--privileges manage" in lines[0]
    assert lines[1] == f"  - Grants select on column c0 of table users to {READER}."
    assert (len(lines), lines[-1]) == (14, "  and 1 more")
    assert "GRANT" not in shell.files()[shell.migration("more")].decode()


@pytest.mark.usefixtures("two_files")
def test_managed_they_are_planned_both_ways(shell: Shell, database: Database) -> None:
    result = shell.done([*GENERATE, "--privileges", "manage", *scratch(database)])
    assert result.err.startswith("proved on")
    assert len(result.err.splitlines()) == 1
    assert f"Grants select on column c0 of table users to {READER}." in result.out
    assert 'GRANT SELECT ("c0")' in shell.files()[shell.migration("more")].decode()
    assert 'REVOKE SELECT ("c0")' in shell.files()[shell.migration("more", "_down.sql")].decode()


@pytest.mark.usefixtures("two_files")
def test_the_setting_of_a_project_decides_where_there_is_no_option(shell: Shell, database: Database) -> None:
    shell.write("querynl.toml", '[migrations]\nprivileges = "off"\n')
    [proof] = shell.done([*GENERATE, *scratch(database)]).err.splitlines()
    assert proof.startswith("proved on")
    managed = shell.done(
        [
            "schema",
            "diff",
            "before.sql",
            "after.sql",
            "--dialect",
            "postgresql",
            "--privileges",
            "manage",
            *scratch(database),
        ]
    )
    assert f"to {READER}." in managed.out


def test_a_schema_file_is_applied_with_its_grants_only_where_they_are_managed(shell: Shell, database: Database) -> None:
    with suppress(Exception):
        database.execute(f"CREATE ROLE {READER}")
    database.execute(USERS)
    grant = {"on": "table", "name": "users", "role": READER, "privileges": ["select"]}
    shell.write("granted.json", schema_of(table("users"), dialect="postgresql", grants=[grant]))
    shell.write("silent.json", schema_of(table("users"), dialect="postgresql"))
    apply = ["schema", "apply", "-c", database.url, "--confirm", *scratch(database)]
    assert "in that state already" in shell.done([*apply, "granted.json"]).out
    assert inspect(database).grants == ()
    shell.done([*apply, "granted.json", "--privileges", "manage"])
    assert [grant.role for grant in inspect(database).grants] == [READER]
    shell.done([*apply, "silent.json", "--privileges", "manage"])
    assert [grant.role for grant in inspect(database).grants] == [READER], "what says nothing of grants revokes none"
