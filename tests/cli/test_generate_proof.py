"""`migrate generate --verify` proves what it writes, or says why it cannot."""

import re

import pytest

from querynl.plan import Plan, Step
from querynl.plan import plan as planned
from tests.cli.shell import Shell, schema_of, scratch, table
from tests.engines import Database

NAME = {"name": "name", "type": "varchar(40)"}
GENERATE = ["migrate", "generate", "--from", "users.json", "--to", "more.json", "-m", "more"]
PROVED = r"proved on \w+ [\d.]+.*: up ✓ rows ✓ replan empty ✓ down ✓ \(\d+\.\d s\)\n"


@pytest.fixture
def two_schemas(shell: Shell) -> None:
    shell.write("users.json", schema_of(table("users", NAME)))
    shell.write("more.json", schema_of(table("users", NAME, {"name": "age", "type": "integer"})))


@pytest.mark.usefixtures("two_schemas")
def test_a_proof_is_told_in_one_line(shell: Shell, database: Database) -> None:
    result = shell.done([*GENERATE, "--verify", "--dialect", database.engine, *scratch(database)])
    assert re.fullmatch(PROVED, result.err)
    assert shell.migration("more")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
@pytest.mark.usefixtures("two_schemas")
def test_without_an_engine_the_migration_is_written_and_it_says_which_option_provides_one(
    shell: Shell, engine: str
) -> None:
    result = shell.done([*GENERATE, "--verify", "--dialect", engine])
    assert result.err.startswith(f"not proved: This needs a throwaway {engine} database")
    assert f"--scratch-url {engine}://" in result.err
    assert result.err.count("\n") == 1
    assert shell.migration("more")


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("two_schemas")
def test_nothing_is_proved_unasked(shell: Shell, engine: str) -> None:
    assert shell.done([*GENERATE, "--dialect", engine]).err == ""


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("two_schemas")
def test_a_migration_that_fails_its_proof_is_not_written(
    shell: Shell, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(*given: object, **named: object) -> Plan:
        made = planned(*given, **named)  # type: ignore[arg-type]  # passed through
        return Plan(made.dialect, made.fingerprint, tuple(Step(step.operations, ()) for step in made.up), made.down)

    monkeypatch.setattr("querynl.generation.plan", forgetful)
    before = shell.files()
    result = shell([*GENERATE, "--verify", "--dialect", engine])
    assert result.status == 1
    assert "Error QN3201" in result.err
    assert "column users.age is missing" in result.err
    assert shell.files() == before
