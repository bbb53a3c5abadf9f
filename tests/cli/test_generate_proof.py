"""`migrate generate` proves what it writes, or says why it cannot."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from querynl.plan import Plan, Step
from querynl.plan import plan as planned
from querynl.scratch import Scratch, open_scratch
from tests.cli.shell import Result, Shell, schema_of, scratch, table
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
    result = shell.done([*GENERATE, "--dialect", database.engine, *scratch(database)])
    assert re.fullmatch(PROVED, result.err)
    assert shell.migration("more")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
@pytest.mark.usefixtures("two_schemas")
def test_without_an_engine_the_migration_is_written_and_it_says_which_option_provides_one(
    shell: Shell, engine: str
) -> None:
    result = shell.done([*GENERATE, "--dialect", engine])
    assert result.err.startswith(f"not proved: This needs a throwaway {engine} database")
    assert f"--scratch-url {engine}://" in result.err
    assert result.err.count("\n") == 1
    assert shell.migration("more")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
@pytest.mark.usefixtures("two_schemas")
def test_without_an_engine_nothing_is_written_where_a_proof_is_insisted_on(shell: Shell, engine: str) -> None:
    before = shell.files()
    result = shell([*GENERATE, "--verify", "--dialect", engine])
    assert result.status == 1
    assert "Error QN3101" in result.err
    assert shell.files() == before


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("two_schemas")
def test_what_is_not_to_be_proved_is_not_and_says_so(shell: Shell, engine: str) -> None:
    result = shell.done([*GENERATE, "--no-verify", "--dialect", engine, "--format", "json"])
    assert result.err == "not proved: --no-verify was given.\n"
    [migration] = result.document()["migrations"]
    assert (migration["proof"], migration["not_proved"]) == (None, "--no-verify was given.")


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("two_schemas")
def test_json_carries_the_proof(shell: Shell, engine: str) -> None:
    [migration] = shell.done([*GENERATE, "--dialect", engine, "--format", "json"]).document()["migrations"]
    proof = migration["proof"]
    assert proof["engine"].startswith("SQLite")
    assert proof["checks"] == ["up", "rows", "replan empty", "down"]
    assert proof["rows"] > 0
    assert proof["unseeded"] == []


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("two_schemas")
def test_a_dry_run_is_proved_and_a_check_is_not(shell: Shell, engine: str) -> None:
    assert re.fullmatch(PROVED, shell.done([*GENERATE, "--dialect", engine, "--dry-run"]).err)
    assert "proved" not in shell([*GENERATE, "--dialect", engine, "--check"]).err


@pytest.mark.usefixtures("two_schemas")
def test_the_migration_that_brings_an_empty_database_to_the_start_is_proved_too(
    shell: Shell, database: Database
) -> None:
    result = shell.done([*GENERATE, "-c", database.url, *scratch(database)])
    first, second = result.err.splitlines()
    assert re.fullmatch(r"proved on .*: up ✓ replan empty ✓ down ✓ \(\d+\.\d s\)", first)
    assert re.fullmatch(PROVED, second + "\n")


@pytest.mark.engines("postgresql")
def test_a_command_opens_one_throwaway_server(
    shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    shell.write("a.sql", "CREATE TABLE users (id integer PRIMARY KEY);")
    shell.write("b.sql", "CREATE TABLE users (id integer PRIMARY KEY, age integer);")

    @contextmanager
    def open_counted(name: str, *, url: str | None) -> Iterator[Scratch]:
        opened.append(name)
        with open_scratch(name, url=url) as found:
            yield found

    monkeypatch.setattr("querynl.scratch.open_scratch", open_counted)
    command = ["migrate", "generate", "--from", "a.sql", "--to", "b.sql", "--dialect", "postgresql"]
    assert "proved on" in shell.done([*command, *scratch(database)]).err
    assert opened == ["postgresql"]


@pytest.mark.usefixtures("two_schemas")
def test_a_database_that_is_not_as_the_migration_expects_it_is_noted(shell: Shell, database: Database) -> None:
    shell.write("live.json", schema_of(table("users", NAME, {"name": "nickname", "type": "text"}), table("others")))
    shell.done(["schema", "apply", "live.json", "-c", database.url, "--confirm", *scratch(database)])
    result = shell.done([*GENERATE, "-c", database.url, *scratch(database)])
    assert "is not as the migration expects it: column users.nickname should not be there." in result.err
    assert "others" not in result.err, "which the migration does not touch"


@pytest.mark.usefixtures("two_schemas")
def test_nothing_is_noted_where_the_database_is_as_expected(shell: Shell, database: Database) -> None:
    shell.done(["schema", "apply", "users.json", "-c", database.url, "--confirm", *scratch(database)])
    assert "Note" not in shell.done([*GENERATE, "-c", database.url, *scratch(database)]).err


@pytest.mark.usefixtures("two_schemas")
def test_what_is_applied_at_once_is_proved_before(shell: Shell, database: Database) -> None:
    apply = ["schema", "apply", "-c", database.url, "--confirm", *scratch(database)]
    shell.done([*apply, "users.json", "--no-verify"])
    assert re.fullmatch(PROVED, shell.done([*apply, "more.json", "--dry-run"]).err)
    assert re.fullmatch(PROVED, shell.done([*apply, "more.json", "--verify"]).err)


@pytest.mark.engines("postgresql")
@pytest.mark.usefixtures("two_schemas")
def test_nothing_is_applied_where_a_proof_is_insisted_on_and_there_is_no_engine(
    shell: Shell, database: Database
) -> None:
    apply = ["schema", "apply", "users.json", "-c", database.url, "--confirm"]
    assert shell([*apply, "--verify"]).status == 1
    assert "not proved: This needs a throwaway" in shell.done(apply).err


# ----------------------------------------------------------------------------------------- failures


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes plans whose way up forgets to make indexes."""

    def remembered(step: Step) -> Step:
        return replace(step, statements=tuple(each for each in step.statements if "INDEX" not in each.sql))

    def forgetful(*given: object, **named: object) -> Plan:
        made = planned(*given, **named)  # type: ignore[arg-type]  # passed through
        return replace(made, up=tuple(map(remembered, made.up)))

    monkeypatch.setattr("querynl.generation.plan", forgetful)


def report_in(result: Result) -> str:
    """The report whose file the error names."""
    found = re.search(r"A report is in (.*\.md)\.", result.err)
    assert found is not None
    return Path(found[1]).read_text(encoding="utf-8")


@pytest.fixture
def large_schemas(shell: Shell) -> list[str]:
    """The command between two schemas, of which one table of many gets an index among other changes."""
    private, secret = {"name": "salary", "type": "integer", "default": "0"}, {"name": "codename", "type": "text"}
    check = {"name": "paid", "expression": "salary > 0 AND codename <> 'Rosebud'"}
    tables = [
        table(f"staff_{n}", secret, private, checks=[check], indexes=[{"name": f"by_{n}", "columns": ["salary"]}])
        for n in range(6)
    ]
    extra = {"name": "by_codename", "columns": ["salary"]}
    changed = [{**tables[3], "indexes": [*tables[3]["indexes"], extra]}, table("newcomers", secret)]
    shell.write("users.json", schema_of(*tables))
    shell.write("more.json", schema_of(*tables[:3], *tables[4:], *changed))
    return GENERATE


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("forgetful")
def test_a_migration_that_fails_its_proof_is_not_written(shell: Shell, engine: str, large_schemas: list[str]) -> None:
    before = shell.files()
    result = shell([*large_schemas, "--dialect", engine])
    assert result.status == 1
    assert "Error QN3201" in result.err
    assert "after running up, index staff_3.by_codename is missing." in result.err
    assert shell.files().keys() == before.keys()


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("forgetful")
def test_a_report_has_as_little_as_shows_the_failure(shell: Shell, engine: str, large_schemas: list[str]) -> None:
    report = report_in(shell([*large_schemas, "--dialect", engine]))
    assert "index staff_3.by_codename is missing" in report
    before, after = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", report, re.DOTALL))
    [kept] = before["tables"]
    assert ([column["name"] for column in kept["columns"]], kept.keys() & {"checks", "indexes"}) == (["salary"], set())
    assert [index["name"] for index in after["tables"][0]["indexes"]] == ["by_codename"]
    shell.write("before.json", before)
    shell.write("after.json", after)
    again = shell(["migrate", "generate", "--from", "before.json", "--to", "after.json", "--dialect", engine])
    assert "index staff_3.by_codename is missing" in again.err, "the report is all that it takes"


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("forgetful")
def test_an_anonymous_report_has_no_names_and_texts(shell: Shell, engine: str, large_schemas: list[str]) -> None:
    report = report_in(shell([*large_schemas, "--dialect", engine, "--anonymous-report"]))
    assert re.search(r"index table_\d+\.index_\d+ is missing", report)
    for word in ("staff", "salary", "codename", "paid", "Rosebud"):
        assert word not in report


@pytest.mark.engines("sqlite")
@pytest.mark.usefixtures("forgetful")
def test_a_migration_that_would_fail_its_proof_is_written_where_none_is_wanted(
    shell: Shell, engine: str, large_schemas: list[str]
) -> None:
    shell.done([*large_schemas, "--dialect", engine, "--no-verify"])
    assert shell.migration("more")
