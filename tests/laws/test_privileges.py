"""The laws of migrations for owners, grants and default privileges: up reaches the target, and down returns.

Two scripts are drawn that make some of the same few objects, in one form or another, and grant and revoke at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.errors import StatementFailed
from querynl.generation import Answers, propose
from querynl.plan import from_json, statements, to_json
from querynl.privileges import Privileges
from querynl.sources import Comparison
from tests.engines import Databases
from tests.laws.test_laws import PAIRS

ROLES = ("querynl_reader", "querynl_writer", "querynl_keeper")
GRANTEES = (*ROLES, "PUBLIC", "CURRENT_USER")

# The forms of each object, what ALTER … OWNER TO and GRANT call it, and its privileges.
OBJECTS = (
    (
        (
            "CREATE TABLE t (id serial, a int)",
            "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, a bigint)",
            "CREATE TABLE t (id int NOT NULL, a int) PARTITION BY LIST (id)",
        ),
        "TABLE t",
        ("SELECT", "INSERT", "UPDATE", "SELECT (a)", "UPDATE (id)"),
    ),
    (("CREATE TABLE app.u (n serial)", "CREATE TABLE app.u (n int NOT NULL)"), "TABLE app.u", ("SELECT", "DELETE")),
    (
        ("CREATE VIEW v AS SELECT 1 AS c", "CREATE VIEW v AS SELECT 'x' AS c", "CREATE TABLE v (c int)"),
        "TABLE v",
        ("SELECT", "INSERT", "SELECT (c)"),
    ),
    (
        (
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
        ),
        "FUNCTION f(int)",
        ("EXECUTE",),
    ),
    (("CREATE TYPE e AS ENUM ('a', 'b')", "CREATE TYPE e AS ENUM ('b', 'a')"), "TYPE e", ("USAGE",)),
    (("CREATE SEQUENCE s", "CREATE SEQUENCE s INCREMENT 2"), "SEQUENCE s", ("USAGE", "SELECT")),
)
DEFAULTS = (("TABLES", "SELECT"), ("TABLES", "INSERT"), ("SEQUENCES", "USAGE"), ("FUNCTIONS", "EXECUTE"))


@st.composite
def defaults(draw: st.DrawFn) -> str:
    objects, privilege = draw(st.sampled_from((*DEFAULTS, ("TYPES", "USAGE"))))
    where = draw(st.sampled_from(("", "IN SCHEMA public ", "IN SCHEMA app ", "FOR ROLE querynl_keeper ")))
    role = draw(st.sampled_from(GRANTEES))
    change = draw(st.sampled_from((f"GRANT {privilege} ON {objects} TO", f"REVOKE {privilege} ON {objects} FROM")))
    return f"ALTER DEFAULT PRIVILEGES {where}{change} {role}"


@st.composite
def scripts(draw: st.DrawFn) -> list[str]:
    made = ["CREATE SCHEMA app", *draw(st.lists(defaults(), max_size=2))]
    for forms, name, privileges in OBJECTS:
        if draw(st.integers(0, 3)) == 0:
            continue
        made.append(draw(st.sampled_from(forms)))
        if draw(st.booleans()):
            made.append(f"ALTER {name} OWNER TO {draw(st.sampled_from(ROLES))}")
        for _ in range(draw(st.integers(0, 3))):
            privilege, role = draw(st.sampled_from(privileges)), draw(st.sampled_from(GRANTEES))
            passing = " WITH GRANT OPTION" if role != "PUBLIC" and draw(st.booleans()) else ""
            granted = f"GRANT {privilege} ON {name} TO {role}{passing}"
            made.append(draw(st.sampled_from((granted, f"REVOKE {privilege} ON {name} FROM {role}"))))
        made += draw(st.lists(defaults(), max_size=1))
    return made


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("privileges", ["manage", "warn"])
@settings(
    max_examples=max(PAIRS // 10, 1),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(before=scripts(), after=scripts())
def test_privileges_come_and_go(
    engine: str, databases: Databases, privileges: Privileges, before: list[str], after: list[str]
) -> None:
    with (
        databases.temporary(engine) as first,
        databases.temporary(engine) as second,
        connect(parse_url(first.url)) as live,
        connect(parse_url(second.url)) as other,
    ):
        for role in ROLES:
            with suppress(StatementFailed):
                live.execute(f"CREATE ROLE {role}")
        _run(live, before)
        _run(other, after)
        dialect = dialect_named(live.dialect, live.version)
        start = dialect.inspect(live)
        proposal = propose(
            Comparison(before=start, after=dialect.inspect(other), dialect=dialect), Answers(privileges=privileges)
        )
        plan = proposal.plan()
        assert from_json(to_json(plan)) == plan, "a plan survives being stored"
        _run(live, [statement.sql for statement in statements(plan.up)])
        assert diff(dialect.inspect(live), proposal.after, dialect).operations == (), "up reaches the target"
        _run(live, [statement.sql for statement in statements(plan.down)])
        assert diff(dialect.inspect(live), start, dialect).operations == (), "down returns"


def _run(connection: Connection, script: Sequence[str]) -> None:
    for sql in script:
        connection.execute(sql)
