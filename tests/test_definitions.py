"""PostgreSQL's objects that are known by their statements, beyond what the golden cases show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import msgspec
import pytest
from msgspec.structs import replace

from querynl.connections import Connection, connect, parse_url
from querynl.decisions import losses
from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.errors import ChangeUnsupported, SchemaInvalid
from querynl.plan import Plan, Reversibility, plan, statements
from querynl.schema import DEFINED, Definition, Kind, Schema
from querynl.sources.json_file import read
from tests.engines import Databases

DIALECT = dialect_named("postgresql")
Session = Callable[[], Connection]

EVERY_KIND = """
CREATE SCHEMA app;
CREATE LANGUAGE mine HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
CREATE COLLATION app.plain (PROVIDER = libc, LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
CREATE DEFAULT CONVERSION app.old_text FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TYPE grade;
CREATE FUNCTION grade_in(cstring) RETURNS grade LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION grade_out(grade) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE grade (INPUT = grade_in, OUTPUT = grade_out, LIKE = int4, CATEGORY = 'N');
CREATE TYPE waiting;
CREATE FUNCTION grade_lt(grade, grade) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
CREATE FUNCTION grade_le(grade, grade) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4le';
CREATE FUNCTION grade_eq(grade, grade) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION grade_ge(grade, grade) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4ge';
CREATE FUNCTION grade_gt(grade, grade) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
CREATE FUNCTION grade_cmp(grade, grade) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE OPERATOR < (FUNCTION = grade_lt, LEFTARG = grade, RIGHTARG = grade, COMMUTATOR = >, NEGATOR = >=);
CREATE OPERATOR <= (FUNCTION = grade_le, LEFTARG = grade, RIGHTARG = grade, COMMUTATOR = >=, NEGATOR = >);
CREATE OPERATOR = (FUNCTION = grade_eq, LEFTARG = grade, RIGHTARG = grade, COMMUTATOR = =, HASHES, MERGES);
CREATE OPERATOR >= (FUNCTION = grade_ge, LEFTARG = grade, RIGHTARG = grade, COMMUTATOR = <=, NEGATOR = <);
CREATE OPERATOR > (FUNCTION = grade_gt, LEFTARG = grade, RIGHTARG = grade, COMMUTATOR = <, NEGATOR = <=);
CREATE OPERATOR CLASS grade_ops DEFAULT FOR TYPE grade USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 grade_cmp(grade, grade);
CREATE OPERATOR FAMILY app.mixed USING btree;
ALTER OPERATOR FAMILY app.mixed USING btree
    ADD OPERATOR 1 < (int4, int8), FUNCTION 1 (int4, int8) btint48cmp(int4, int8);
CREATE TYPE grades AS RANGE (SUBTYPE = grade, MULTIRANGE_TYPE_NAME = many_grades);
CREATE TYPE app.words AS RANGE (SUBTYPE = text, COLLATION = app.plain);
CREATE CAST (grade AS integer) WITHOUT FUNCTION AS IMPLICIT;
CREATE TYPE app.states_that_an_invoice_of_the_whole_company_may_be_in_______ AS ENUM ('open', 'paid');
CREATE CAST (app.states_that_an_invoice_of_the_whole_company_may_be_in_______ AS text) WITH INOUT AS ASSIGNMENT;
CREATE FUNCTION wide(boolean) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1::int::bigint';
CREATE CAST (boolean AS bigint) WITH FUNCTION wide(boolean) AS ASSIGNMENT;
CREATE FUNCTION from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'jsonb_in';
CREATE TRANSFORM FOR grade LANGUAGE mine (FROM SQL WITH FUNCTION from_sql(internal));
CREATE TEXT SEARCH PARSER app.words (
    START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype
);
CREATE TEXT SEARCH TEMPLATE plain (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY short (TEMPLATE = plain, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION notes (PARSER = app.words);
ALTER TEXT SEARCH CONFIGURATION notes ADD MAPPING FOR asciiword, word WITH short, simple;
CREATE FOREIGN DATA WRAPPER elsewhere VALIDATOR postgresql_fdw_validator;
CREATE SERVER far TYPE 'shop' VERSION '1' FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'h', port '1');
CREATE USER MAPPING FOR public SERVER far OPTIONS ("user" 'reader');
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER other FOREIGN DATA WRAPPER nowhere;
CREATE TABLE t (id int PRIMARY KEY, a grade, b text COLLATE app.plain, r grades, m many_grades, w app.words[],
    v tsvector GENERATED ALWAYS AS (to_tsvector('notes', b)) STORED, CHECK (a > '3'::grade));
CREATE INDEX t_a ON t (a);
CREATE TABLE app.u (x int, y int) USING pile;
CREATE FOREIGN TABLE f (id int OPTIONS (col 'ID') NOT NULL, s text DEFAULT 'x', CHECK (id > 0))
    SERVER other OPTIONS (t 'F');
CREATE VIEW high AS SELECT f.id FROM f JOIN t USING (id) WHERE a > '2'::grade;
CREATE STATISTICS together (ndistinct) ON x, y FROM app.u;
ALTER STATISTICS together SET STATISTICS 50;
CREATE RULE no_deletes AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE PUBLICATION few FOR TABLE t (id, b) WHERE (id > 3), TABLE app.u;
CREATE PUBLICATION whole FOR TABLES IN SCHEMA app WITH (publish = 'insert');
CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER listening ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION heard();
ALTER EVENT TRIGGER listening ENABLE ALWAYS;
COMMENT ON OPERATOR > (grade, grade) IS 'above';
COMMENT ON CAST (boolean AS bigint) IS 'as a number';
COMMENT ON ACCESS METHOD pile IS 'like heap';
COMMENT ON SCHEMA public IS 'ours';
"""


@pytest.fixture
def session(databases: Databases) -> Iterator[Session]:
    """Makes sessions on fresh databases."""
    with ExitStack() as stack:

        def connected() -> Connection:
            database = stack.enter_context(databases.temporary("postgresql"))
            return stack.enter_context(connect(parse_url(database.url)))

        yield connected


def plan_between(before: Schema, after: Schema) -> Plan:
    return plan(before, diff(before, after, DIALECT).operations, DIALECT)


def run(connection: Connection, script: Plan, way: str = "up") -> None:
    for statement in statements(script.up if way == "up" else script.down):
        connection.execute(statement.sql)


def test_every_kind_is_made_from_a_schema_file_and_goes_again(session: Session) -> None:
    source, target = session(), session()
    source.execute(EVERY_KIND)
    schema = DIALECT.inspect(source)
    kinds = {definition.kind for definition in schema.definitions}
    assert kinds == DEFINED - {Kind.EVENT, Kind.SUBSCRIPTION}
    from_file = DIALECT.localise(read(msgspec.json.encode(schema), "schema.json"))
    empty = DIALECT.inspect(target)
    made = plan_between(empty, from_file)
    run(target, made)
    assert DIALECT.inspect(target) == schema
    run(target, made, "down")
    assert DIALECT.inspect(target) == empty


@contextmanager
def unsubscribed(connection: Connection) -> Iterator[None]:
    """At the end no subscription is left, with which a database cannot be dropped."""
    try:
        yield
    finally:
        for (name,) in connection.rows("SELECT subname FROM pg_subscription WHERE subname LIKE 'querynl%'"):
            connection.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
            connection.execute(f"DROP SUBSCRIPTION {name}")


SUBSCRIPTION = "CREATE SUBSCRIPTION querynl_test CONNECTION '{to}' PUBLICATION few WITH (connect = false)"


def test_a_subscription_is_made_without_connecting_and_leaves_the_slot_of_the_other_server(session: Session) -> None:
    live = session()
    with unsubscribed(live):
        empty = DIALECT.inspect(live)
        live.execute(SUBSCRIPTION.format(to="host=far"))
        subscribed = DIALECT.inspect(live)
        way = plan_between(subscribed, empty)
        assert [statement.sql for statement in statements(way.up)] == [
            'ALTER SUBSCRIPTION "querynl_test" SET (slot_name = NONE)',
            'DROP SUBSCRIPTION "querynl_test"',
        ]
        run(live, way)
        assert DIALECT.inspect(live) == empty
        run(live, way, "down")
        assert DIALECT.inspect(live) == subscribed


def test_a_subscription_that_connects_with_a_password_is_left_alone(session: Session) -> None:
    live = session()
    with unsubscribed(live):
        live.execute(SUBSCRIPTION.format(to="host=far password=hush"))
        schema = DIALECT.inspect(live)
        assert (schema.definitions, schema.unmanaged) == ((), {"subscriptions": 1})


@pytest.mark.parametrize(
    ("before", "after", "table"),
    [
        (
            "CREATE COLLATION s (LOCALE = 'C')",
            "CREATE COLLATION s (PROVIDER = builtin, LOCALE = 'C')",
            "CREATE TABLE t (a text COLLATE s)",
        ),
        (
            "CREATE COLLATION s (LOCALE = 'C')",
            "CREATE COLLATION s (PROVIDER = builtin, LOCALE = 'C')",
            "CREATE DOMAIN t AS text COLLATE s",
        ),
    ],
)
def test_what_a_column_is_made_of_is_not_made_anew(session: Session, before: str, after: str, table: str) -> None:
    old, new = session(), session()
    old.execute(f"{before}; {table}")
    new.execute(f"{after}; {table}")
    with pytest.raises(ChangeUnsupported, match=r"(t\.a|domain t) is of it"):
        plan_between(DIALECT.inspect(old), DIALECT.inspect(new))


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("CREATE COLLATION s (LOCALE = 'C')", "CREATE COLLATION s (PROVIDER = builtin, LOCALE = 'C')", "b COLLATE s"),
        (
            "CREATE FUNCTION s(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN a; END'",
            "CREATE FUNCTION s(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n; END'",
            "s(a)",
        ),
    ],
)
def test_what_a_table_is_partitioned_by_is_not_made_anew(session: Session, before: str, after: str, key: str) -> None:
    old, new = session(), session()
    old.execute(f"{before}; CREATE TABLE t (a int, b text) PARTITION BY RANGE ({key})")
    new.execute(f"{after}; CREATE TABLE t (a int, b text) PARTITION BY RANGE ({key})")
    with pytest.raises(ChangeUnsupported, match="t is partitioned by it"):
        plan_between(DIALECT.inspect(old), DIALECT.inspect(new))


def test_a_key_that_only_sounds_like_it_is_no_obstacle(session: Session) -> None:
    old, new = session(), session()
    table = "CREATE TABLE t (s int, spans int) PARTITION BY RANGE (s, abs(spans));"
    old.execute(f"{table} CREATE TYPE span AS RANGE (SUBTYPE = int); CREATE FUNCTION s() RETURNS int RETURN 1")
    new.execute(table)
    sql = [statement.sql for statement in statements(plan_between(DIALECT.inspect(old), DIALECT.inspect(new)).up)]
    assert sql == ['DROP FUNCTION "s"()', 'DROP TYPE "public"."span"']


def test_a_foreign_table_is_dropped_without_loss(session: Session) -> None:
    live = session()
    live.execute("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w")
    without = DIALECT.inspect(live)
    live.execute("CREATE FOREIGN TABLE f (a int) SERVER s")
    way = plan_between(DIALECT.inspect(live), without)
    assert way.reversibility is Reversibility.LOSSLESS
    assert list(losses(operation for step in way.up for operation in step.operations)) == []


def test_a_definition_has_no_options_where_the_engine_can_alter_nothing() -> None:
    cast = Definition(kind=Kind.CAST, name="a", arguments="b", definition="CREATE CAST …", options={"enabled": True})
    with pytest.raises(SchemaInvalid, match="A cast has no options"):
        DIALECT.localise(Schema(dialect="postgresql", definitions=(cast,)))


def test_an_operator_written_by_hand_comes_after_its_function(session: Session) -> None:
    live = session()
    live.execute(
        "CREATE FUNCTION below(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';"
        "CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = int, RIGHTARG = int)"
    )
    schema = DIALECT.inspect(live)
    by_hand = replace(schema, definitions=tuple(replace(found, depends_on=()) for found in schema.definitions))
    other = session()
    run(other, plan_between(DIALECT.inspect(other), DIALECT.localise(by_hand)))
    assert DIALECT.inspect(other) == schema
