"""Owners, grants and default privileges: what is read, kept, changed, and refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import Dialect, dialect_named
from querynl.errors import SchemaInvalid, StatementFailed
from querynl.generation import Answers, Proposal, propose
from querynl.operations import Operation
from querynl.plan import statements
from querynl.proof import prove
from querynl.schema import Column, DefaultPrivileges, Grant, Kind, Ownership, PrimaryKey, Schema, Table
from querynl.scratch.removal import new_owner
from querynl.scratch.roles import WithRoles
from querynl.scratch.server import ServerDatabases
from querynl.sources import Comparison, json_file
from querynl.validation import problems
from tests.engines import Database, Databases

pytestmark = pytest.mark.engines("postgresql")

HOSTILE_ROLE = "querynl \"test'; role"
ROLES = ("querynl_reader", "querynl_writer", "querynl_keeper", HOSTILE_ROLE)
USERS = "CREATE TABLE users (id int PRIMARY KEY, name text);"


def quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'


@pytest.fixture
def sessions(engine: str, databases: Databases) -> Iterator[tuple[Connection, Connection]]:
    """Sessions on two fresh databases of a server that has the roles; these stay, as other tests may use them."""
    with (
        databases.temporary(engine) as first,
        databases.temporary(engine) as second,
        connect(parse_url(first.url)) as one,
        connect(parse_url(second.url)) as other,
    ):
        for role in ROLES:
            with suppress(StatementFailed):
                one.execute(f"CREATE ROLE {quoted(role)}")
        yield one, other


def read(connection: Connection, script: str) -> tuple[Schema, Dialect]:
    """What a database holds after a script."""
    if script:
        connection.execute(script)
    dialect = dialect_named(connection.dialect, connection.version)
    return dialect.inspect(connection), dialect


def proposed(
    sessions: tuple[Connection, Connection], before: str, after: str, answers: Answers, *, unsaid: frozenset[Kind]
) -> Proposal:
    start, dialect = read(sessions[0], before)
    end, _ = read(sessions[1], after)
    return propose(Comparison(before=start, after=end, dialect=dialect, unsaid=unsaid), answers)


def made(
    sessions: tuple[Connection, Connection],
    before: str,
    after: str,
    *,
    unsaid: frozenset[Kind] = frozenset(),
    answers: Answers | None = None,
) -> tuple[list[str], list[Operation]]:
    """The statements between two scripts' schemas, which are run and lead where they should, and what is kept."""
    proposal = proposed(sessions, before, after, answers or Answers(), unsaid=unsaid)
    plan = proposal.plan()
    live = sessions[0]
    up = [statement.sql for statement in statements(plan.up)]
    for sql in up:
        live.execute(sql)
    again = propose(
        Comparison(before=read(live, "")[0], after=proposal.after, dialect=proposal.comparison.dialect),
        Answers(privileges="manage"),
    )
    assert again.operations == ()
    for statement in statements(plan.down):
        live.execute(statement.sql)
    assert read(live, "")[0] == proposal.comparison.before
    return up, proposal.kept


MANAGE = Answers(privileges="manage")

# ----------------------------------------------------------------------------------------- inspection


def test_only_what_differs_from_the_built_in_privileges_is_read(sessions: tuple[Connection, Connection]) -> None:
    script = f"""{USERS}
        GRANT ALL ON users TO CURRENT_USER;
        CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2';
        GRANT EXECUTE ON FUNCTION two() TO PUBLIC;
        GRANT USAGE ON SCHEMA public TO PUBLIC;"""
    schema, _ = read(sessions[0], script)
    assert (schema.owners, schema.grants, schema.default_privileges) == ((), (), ())


def test_what_was_read_is_written_to_a_file_and_read_again(sessions: tuple[Connection, Connection]) -> None:
    script = f"""{USERS}
        CREATE SCHEMA app AUTHORIZATION querynl_keeper;
        CREATE FUNCTION app.two(int, text) RETURNS int LANGUAGE sql AS 'SELECT 2';
        REVOKE EXECUTE ON FUNCTION app.two(int, text) FROM PUBLIC;
        GRANT SELECT (name) ON users TO querynl_reader;
        GRANT USAGE ON SCHEMA public TO querynl_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO querynl_reader;"""
    schema, dialect = read(sessions[0], script)
    again = dialect.localise(json_file.read(json_file.write(schema), "schema.json"))
    assert (again.owners, again.grants, again.default_privileges) == (
        schema.owners,
        schema.grants,
        schema.default_privileges,
    )


def test_privileges_are_told_by_role_and_object(sessions: tuple[Connection, Connection]) -> None:
    hostile = quoted(HOSTILE_ROLE)
    script = f"""CREATE TABLE users (id serial PRIMARY KEY, name text);
        ALTER TABLE users OWNER TO querynl_keeper;
        REVOKE UPDATE ON users FROM querynl_keeper;
        GRANT SELECT, INSERT ON users TO {hostile} WITH GRANT OPTION;
        GRANT UPDATE (name) ON users TO querynl_reader;
        GRANT USAGE ON SEQUENCE users_id_seq TO querynl_reader;
        ALTER DEFAULT PRIVILEGES FOR ROLE querynl_keeper IN SCHEMA public GRANT SELECT ON TABLES TO {hostile};
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;"""
    schema, _ = read(sessions[0], script)
    both = ("select", "insert")
    assert schema.owners == (Ownership(on=Kind.TABLE, name="users", role="querynl_keeper"),)
    assert set(schema.grants) == {
        Grant(on=Kind.TABLE, name="users", revoked=("update",)),
        Grant(on=Kind.TABLE, name="users", role=HOSTILE_ROLE, privileges=both, with_grant_option=both),
        Grant(on=Kind.TABLE, name="users", column="name", role="querynl_reader", privileges=("update",)),
        Grant(on=Kind.SEQUENCE, name="users", column="id", role="querynl_reader", privileges=("usage",)),
    }
    assert set(schema.default_privileges) == {
        DefaultPrivileges(
            objects="tables", owner="querynl_keeper", namespace="public", role=HOSTILE_ROLE, privileges=("select",)
        ),
        DefaultPrivileges(objects="functions", role="public", revoked=("execute",)),
    }


# ------------------------------------------------------------------------------------- kept or changed

VIEW = "CREATE VIEW names AS SELECT id, name FROM users;"
WIDER = USERS.replace("int", "bigint")


def test_without_managing_a_recreated_view_keeps_what_it_had(sessions: tuple[Connection, Connection]) -> None:
    granted = "GRANT SELECT ON names TO querynl_reader; ALTER VIEW names OWNER TO querynl_keeper;"
    up, kept = made(sessions, USERS + VIEW + granted, WIDER + VIEW + "GRANT DELETE ON users TO querynl_writer;")
    assert up[-2:] == [
        'ALTER VIEW "names" OWNER TO "querynl_keeper"',
        'GRANT SELECT ON TABLE "names" TO "querynl_reader"',
    ]
    assert not any("writer" in sql for sql in up)
    assert len(kept) == 3, "the owner and the grants that differ"


def test_without_managing_a_new_table_has_what_default_privileges_give_it(
    sessions: tuple[Connection, Connection],
) -> None:
    defaults = "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO querynl_reader;"
    sequences = "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO querynl_reader;"
    new = USERS + "ALTER TABLE users ADD COLUMN n serial; CREATE TABLE posts (id serial);"
    up, _ = made(sessions, defaults + sequences + USERS, new)
    assert not any(sql.startswith(("GRANT", "REVOKE", "ALTER DEFAULT")) for sql in up)


def test_a_recreated_view_does_not_get_back_by_default_privileges_what_was_revoked(
    sessions: tuple[Connection, Connection],
) -> None:
    defaults = "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO querynl_reader;"
    revoked = "REVOKE SELECT ON names FROM querynl_reader;"
    up, _ = made(sessions, defaults + USERS + VIEW + revoked, WIDER + VIEW)
    assert up[-1] == 'REVOKE SELECT ON TABLE "names" FROM "querynl_reader"'


def test_off_does_not_look_at_privileges(sessions: tuple[Connection, Connection]) -> None:
    after = USERS + "GRANT SELECT ON users TO querynl_reader; ALTER TABLE users OWNER TO querynl_keeper;"
    proposal = proposed(sessions, USERS, after, Answers(privileges="off"), unsaid=frozenset())
    assert proposal.operations == ()
    assert proposal.kept == []


def test_a_file_that_says_nothing_of_grants_revokes_none(sessions: tuple[Connection, Connection]) -> None:
    before = USERS + "GRANT SELECT ON users TO querynl_reader;"
    up, kept = made(sessions, before, WIDER, unsaid=frozenset({Kind.GRANT}), answers=MANAGE)
    assert up == ['ALTER TABLE "users" ALTER COLUMN "id" TYPE bigint']
    assert kept == []


def test_a_changed_owner_of_a_counting_table_has_its_sequence(sessions: tuple[Connection, Connection]) -> None:
    table = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);"
    up, _ = made(sessions, table, table + "ALTER TABLE t OWNER TO querynl_keeper;", answers=MANAGE)
    assert up == ['ALTER TABLE "t" OWNER TO "querynl_keeper"']


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CREATE TABLE t (id int NOT NULL)", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)"),
        ("CREATE TABLE t (id serial)", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)"),
        ("CREATE TABLE t (id int)", "CREATE TABLE t (id int, n serial)"),
        ("CREATE TABLE t (id int, n serial)", "CREATE TABLE t (id int)"),
        ("CREATE TABLE t (id int) PARTITION BY RANGE (id)", "CREATE TABLE t (id int) PARTITION BY LIST (id)"),
        ("CREATE TABLE t (id int)", "CREATE VIEW t AS SELECT 1 AS id"),
        (
            "CREATE TABLE t (id int, n int)",
            "CREATE TABLE t (id int, n int GENERATED ALWAYS AS (id * 2) STORED)",
        ),
    ],
)
def test_what_is_made_anew_ends_with_the_privileges_asked_for(
    sessions: tuple[Connection, Connection], before: str, after: str
) -> None:
    defaults = """ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO querynl_reader;
        ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO querynl_reader;"""
    granted = "GRANT SELECT (id) ON t TO querynl_writer; REVOKE SELECT ON t FROM querynl_reader"
    made(sessions, f"{defaults}{before};{granted}", f"{defaults}{after};{granted}", answers=MANAGE)


def test_the_namespace_that_is_always_there_is_given_away_and_back(sessions: tuple[Connection, Connection]) -> None:
    after = """ALTER SCHEMA public OWNER TO querynl_keeper; REVOKE USAGE ON SCHEMA public FROM PUBLIC;
        GRANT CREATE ON SCHEMA public TO querynl_reader;"""
    up, _ = made(sessions, "", after, answers=MANAGE)
    assert up == [
        'ALTER SCHEMA "public" OWNER TO "querynl_keeper"',
        'REVOKE USAGE ON SCHEMA "public" FROM PUBLIC',
        'GRANT CREATE ON SCHEMA "public" TO "querynl_reader"',
    ]


def test_a_column_of_another_owners_table_begins_to_count(sessions: tuple[Connection, Connection]) -> None:
    defaults = """ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO querynl_keeper;
        ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO querynl_reader;"""
    owned = "ALTER TABLE t OWNER TO querynl_keeper;"
    counting = "CREATE TABLE t (id serial); GRANT SELECT ON SEQUENCE t_id_seq TO querynl_writer;"
    made(sessions, f"{defaults}CREATE TABLE t (id int NOT NULL);{owned}", defaults + counting + owned, answers=MANAGE)


KEPT_TABLE = "CREATE TABLE t (id int); ALTER TABLE t OWNER TO querynl_keeper;"
TIED = "CREATE SEQUENCE s; ALTER SEQUENCE s OWNER TO querynl_keeper; ALTER SEQUENCE s OWNED BY t.id;"


@pytest.mark.parametrize(
    "sequence", ["", "CREATE SEQUENCE s;", "CREATE SEQUENCE s; ALTER SEQUENCE s OWNER TO querynl_writer;"]
)
def test_a_sequence_comes_to_a_table_of_another_owner_and_goes(
    sessions: tuple[Connection, Connection], sequence: str
) -> None:
    made(sessions, KEPT_TABLE + sequence, KEPT_TABLE + TIED, answers=MANAGE)


def test_aggregates_are_granted_by_the_types_of_their_arguments(sessions: tuple[Connection, Connection]) -> None:
    aggregates = """CREATE FUNCTION one(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
        CREATE AGGREGATE many(*) (SFUNC = one, STYPE = bigint);
        CREATE AGGREGATE middle(float8 ORDER BY anyelement) (
            SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
        CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);"""
    names = ("many()", "middle(float8, anyelement)", "total(int)")
    granted = "".join(f"GRANT EXECUTE ON FUNCTION {name} TO querynl_reader;" for name in names)
    owned = """ALTER AGGREGATE middle(float8 ORDER BY anyelement) OWNER TO querynl_keeper;
        ALTER AGGREGATE many(*) OWNER TO querynl_keeper;"""
    made(sessions, aggregates, aggregates + granted + owned, answers=MANAGE)


def test_a_sequence_that_a_table_owns_has_its_owner(sessions: tuple[Connection, Connection]) -> None:
    owned = """CREATE SEQUENCE s; CREATE TABLE t (id int DEFAULT nextval('s')); ALTER SEQUENCE s OWNED BY t.id;
        ALTER TABLE t OWNER TO querynl_keeper; GRANT USAGE ON SEQUENCE s TO querynl_reader;"""
    up, _ = made(sessions, "", owned, answers=MANAGE)
    assert not any(sql.startswith("ALTER SEQUENCE") and "OWNER" in sql for sql in up)


# -------------------------------------------------------------------------------------------- declared

T = Table(name="t", columns=(Column(name="a", type="integer"),))


def test_a_declared_grant_is_brought_into_one_form() -> None:
    grants = (
        Grant(on=Kind.TABLE, name="t", role="r", with_grant_option=("update",), privileges=("select",)),
        Grant(on=Kind.TABLE, name="t", privileges=("select",)),
    )
    schema = dialect_named("postgresql").localise(Schema(tables=(T,), grants=grants))
    both = ("select", "update")
    assert schema.grants == (
        Grant(on=Kind.TABLE, name="t", role="r", privileges=both, with_grant_option=("update",)),
    ), "the owner may do everything anyway"


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (Schema(tables=(T,), grants=(Grant(on=Kind.TABLE, name="t", privileges=("fly",)),)), "$.grants[0].privileges"),
        (
            Schema(tables=(T,), grants=(Grant(on=Kind.TABLE, name="t", column="a", privileges=("delete",)),)),
            "$.grants[0].privileges",
        ),
        (Schema(tables=(T,), owners=(Ownership(on=Kind.INDEX, name="t", role="r"),)), "$.owners[0].on"),
        (Schema(grants=(Grant(on=Kind.COLLATION, name="c", role="r", privileges=("usage",)),)), "$.grants[0].on"),
        (
            Schema(default_privileges=(DefaultPrivileges(objects="types", privileges=("select",)),)),
            "$.default_privileges[0].privileges",
        ),
    ],
)
def test_what_is_no_privilege_is_refused(schema: Schema, path: str) -> None:
    with pytest.raises(SchemaInvalid) as failure:
        dialect_named("postgresql").localise(schema)
    assert failure.value.where == path


@pytest.mark.parametrize("name", ["mysql", "mariadb", "sqlite"])
def test_engines_that_keep_accounts_elsewhere_refuse_grants(name: str) -> None:
    grant = Grant(on=Kind.TABLE, name="t", role="r", privileges=("select",))
    with pytest.raises(SchemaInvalid):
        dialect_named(name).localise(Schema(tables=(T,), grants=(grant,)))


def test_a_grant_on_what_is_not_there_is_a_problem() -> None:
    said = Schema(
        tables=(T,),
        grants=(
            Grant(on=Kind.VIEW, name="t", role="r", privileges=("select",)),
            Grant(on=Kind.TABLE, name="t", column="b", role="r", privileges=("select",)),
            Grant(on=Kind.NAMESPACE, name="public", role="r", privileges=("usage",)),
        ),
        owners=(Ownership(on=Kind.ENUM, name="e", role="r"),),
    )
    assert [problem.path for problem in problems(said)] == [
        "$.owners[0].name",
        "$.grants[0].name",
        "$.grants[1].column",
    ]


# ---------------------------------------------------------------------------------------------- roles


@pytest.fixture
def missing_role(database: Database) -> Iterator[str]:
    """The name of a role that is not there, and is dropped if a test makes it."""
    role = f"{database.name} gone"
    yield role
    for objects in ("OWNED BY", "ROLE"):
        with suppress(Exception):
            database.execute(f'DROP {objects} "{role}"')


def test_a_private_server_gets_the_roles_that_statements_name(database: Database, missing_role: str) -> None:
    with connect(parse_url(database.url)) as session:
        session.execute(USERS)
        with pytest.raises(StatementFailed):
            session.execute(f'GRANT SELECT ON users TO "{missing_role}"')
        hosting = WithRoles(session)
        hosting.execute(f'GRANT SELECT ON users TO "{missing_role}"')
        assert hosting.rows("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [missing_role]) == [(False,)]


def test_a_private_server_makes_a_role_fit_to_own_what_it_is_given(database: Database, missing_role: str) -> None:
    with connect(parse_url(database.url)) as session:
        session.execute("CREATE FOREIGN DATA WRAPPER wrapper")
        hosting = WithRoles(session)
        hosting.execute(f'ALTER FOREIGN DATA WRAPPER wrapper OWNER TO "{missing_role}"')
        assert read(hosting, "")[0].owners == (
            Ownership(on=Kind.FOREIGN_DATA_WRAPPER, name="wrapper", role=missing_role),
        )


def test_a_plan_with_grants_is_proved_where_the_server_is_private(database: Database, missing_role: str) -> None:
    start = Schema(dialect="postgresql", tables=(T,))
    grant = Grant(on=Kind.TABLE, name="t", role=missing_role, privileges=("select",))
    other = Table(name="other", columns=(Column(name="a", type="integer"),), primary_key=PrimaryKey(columns=("a",)))
    end = Schema(dialect="postgresql", tables=(T, other), grants=(grant,))
    comparison = Comparison(before=start, after=end, dialect=dialect_named("postgresql"))
    proposal = propose(comparison, MANAGE)
    target = parse_url(database.url)
    with connect(target) as session:
        scratch = ServerDatabases(target, session, new_owner(session), "private", is_private=True)
        assert "down" in prove(start, proposal.after, proposal.plan(), scratch).checks
