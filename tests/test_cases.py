"""Every golden case: the SQL is as written down, and does on a real engine what it should."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from querynl.cli.answers import renamings, values
from querynl.connections import Connection, connect, parse_url
from querynl.decisions import with_backfills, with_conversions
from querynl.dialects import Dialect, dialect_named
from querynl.diff import diff
from querynl.errors import StatementFailed
from querynl.operations import apply
from querynl.plan import Plan, Reversibility, plan, statements
from querynl.proof import prove
from querynl.schema import Name, Schema, Table
from querynl.scratch import Scratch, open_scratch
from querynl.sources.renames import with_renames
from querynl.sources.sql_file import declared_renames
from tests.engines import ENGINES, Database, Databases
from tests.golden import CASES, Case, write_expectation
from tests.running import migrate, run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        wanted = metafunc.config.getoption("--engines")
        pairs = [(case, name) for case in CASES for name in case.engines if name in wanted]
        ids = [f"{case.path.stem}-{name}" for case, name in pairs]
        metafunc.parametrize(("case", "on"), pairs, ids=ids)


@pytest.fixture
def pair(on: str, databases: Databases) -> Iterator[tuple[Connection, Connection]]:
    """Sessions on two fresh databases of the case's engine."""
    with (
        databases.temporary(on) as first,
        databases.temporary(on) as second,
        _session(first) as one,
        _session(second) as other,
    ):
        yield one, other


@pytest.fixture
def scratch(on: str, databases: Databases) -> Iterator[Scratch]:
    """Throwaway databases of the case's engine."""
    with databases.temporary(on) as server, open_scratch(on, url=server.url) as found:
        yield found


def _session(database: Database) -> Connection:
    return connect(parse_url(database.url))


def test_a_case_migrates_as_written_and_back(
    case: Case, on: str, pair: tuple[Connection, Connection], scratch: Scratch, request: pytest.FixtureRequest
) -> None:
    live, other = pair
    _create_roles(case, live)
    dialect = dialect_named(live.dialect, live.version)
    if dialect.version < case.minimum(on):
        pytest.skip(f"{case.title}: needs {case.options['minimum']}")
    before, after = _loaded(case, "before", live, dialect), _loaded(case, "after", other, dialect)
    run(live, dialect.split(case.text("rows", on)))
    made = _planned(case, before, after, dialect)

    up, down = dialect.script(statements(made.up)), dialect.script(statements(made.down))
    if request.config.getoption("--update"):
        write_expectation(case.path, on, up, down)
    else:
        assert up.strip() == case.blocks[f"{on} up"].strip()
        assert down.strip() == case.blocks[f"{on} down"].strip()

    rows = _rows(live, before, dialect)
    migrate(live, statements(made.up), dialect)
    assert not diff(dialect.inspect(live), after, dialect).operations, "up arrives, and planning again finds nothing"
    _assert_counts_kept(rows, live, before, made, dialect)
    migrate(live, statements(made.down), dialect)
    assert not diff(dialect.inspect(live), before, dialect).operations, "down returns"
    if made.reversibility is Reversibility.LOSSLESS:
        assert _rows(live, before, dialect) == rows, "what is lossless brings every value back"
    assert "up" in prove(before, after, made, scratch).checks, "and the proof has nothing against it"


def _create_roles(case: Case, connection: Connection) -> None:
    """Roles are the server's: another case may use them at the same time."""
    for role in [name for text in case.options.get("roles", []) for name in text.split(", ")]:
        with suppress(StatementFailed):
            connection.execute(f'CREATE ROLE "{role}"')


def _loaded(case: Case, side: str, connection: Connection, dialect: Dialect) -> Schema:
    text = case.text(side, connection.dialect)
    run(connection, dialect.split(text))
    return with_renames(dialect.inspect(connection), declared_renames(text))


def _planned(case: Case, before: Schema, after: Schema, dialect: Dialect) -> Plan:
    difference = diff(before, after, dialect, renamings(case.options.get("rename", ()), before))
    operations = difference.operations
    operations = with_backfills(operations, values("backfill", case.options.get("backfill", ()), after), dialect)
    operations = with_conversions(operations, values("using", case.options.get("using", ()), after), dialect)
    return plan(before, operations, dialect, reordered=difference.reordered)


Rows = dict[Name, list[tuple[Any, ...]]]


def _rows(connection: Connection, schema: Schema, dialect: Dialect) -> Rows:
    """The rows of every table in the order of their text, columns in the schema's order."""
    return {
        table.key: sorted(connection.rows(_select(table, dialect)), key=repr)
        for table in schema.tables
        if table.server is None
    }


def _select(table: Table, dialect: Dialect) -> str:
    columns = ", ".join(dialect.quote(column.name) for column in table.columns) or "1"
    name = ".".join(dialect.quote(part) for part in table.key if part is not None)
    return f"SELECT {columns} FROM {name}"


def _assert_counts_kept(rows: Rows, connection: Connection, before: Schema, made: Plan, dialect: Dialect) -> None:
    """Whatever happened to its columns, a table that is still there has as many rows as it had."""
    operations = [operation for step in made.up for operation in step.operations]
    now = {table.key: table for table in apply(operations, before, dialect).tables}
    was = {table.key: table for table in before.tables}
    heirs = {name for name in now if name not in was or now[name].inherits != was[name].inherits}
    showing = {parent for name in heirs for side in (was, now) if name in side for parent in side[name].inherits}
    for name, kept in rows.items():
        if name in now and name not in showing:  # a parent shows the rows of its heirs
            assert len(connection.rows(_select(now[name], dialect))) == len(kept), f"no row of {name} is lost"


def test_the_cases_cover_every_engine() -> None:
    for engine in ENGINES:
        assert any(engine in case.engines for case in CASES)
