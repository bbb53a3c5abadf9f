"""Scripts of PostgreSQL: taken apart and put together, and texts settled."""

from __future__ import annotations

import pytest

from querynl.dialects import Statement
from querynl.dialects.postgresql import PostgreSQL
from querynl.dialects.postgresql.rendering.arrays import with_settled_arrays
from querynl.errors import SQLFileInvalid

DIALECT = PostgreSQL()


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';', \";\", E'\\';', $$;$$, $a$;$$;$a$; SELECT 2;", 2),
        ("-- a;\nSELECT 1 /* ; /* ; */ ; */ -- ;\n;\n-- the end;", 1),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 1", 2),
        ("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3", 2),
        ("BEGIN; SELECT 1; COMMIT;", ["BEGIN", "SELECT 1", "COMMIT"]),
        (";;; SELECT 1;;", ["SELECT 1"]),
        ("SELECT E'\\\\'; SELECT 'it''s;'", 2),
        ("SELECT 1 AS é$x; SELECT $1;", 2),
        ("SELECT ((((1)))), (E'\\');'), ($$);$$), ARRAY[[1]]; SELECT 2", 2),
        ("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT f(g((1))); SELECT ';)', $$;)$$); SELECT 3", 2),
        ("/* /* /* /* /* ; */ ; */ ; */ */ ; */ SELECT 1 /* /* /* /* /* ; */ */ */ */ ; */; SELECT 2", 2),
        ("SELECT 'never closed; SELECT 2", 1),
        ("\\restrict abc\nSELECT 1;\n  \\unrestrict abc\n", ["SELECT 1"]),
        ("", []),
        ("-- nothing", []),
    ],
)
def test_a_script_is_split_as_psql_splits_it(script: str, parts: list[str] | int) -> None:
    found = [statement.sql for statement in DIALECT.split(script)]
    assert (len(found) if isinstance(parts, int) else found) == parts


@pytest.mark.parametrize("script", ["\\connect other\nSELECT 1;", "COPY t (a) FROM stdin;\n1\n\\.\n", "\\i more.sql"])
def test_what_only_psql_can_read_is_refused(script: str) -> None:
    with pytest.raises(SQLFileInvalid):
        DIALECT.split(script)


@pytest.mark.parametrize(
    ("sql", "transactional"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", False),
        ("drop index concurrently i", False),
        ("ALTER TYPE \"a b\".c ADD VALUE 'x'", False),
        ("/* why */ VACUUM t", False),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", False),
        ("CREATE INDEX concurrently_not ON t (a)", True),
        ("ALTER TYPE a RENAME VALUE 'ADD VALUE' TO 'y'", True),
        ("CREATE TABLE vacuum_me (a int)", True),
    ],
)
def test_what_refuses_a_transaction_is_told_by_its_text(sql: str, transactional: bool) -> None:
    (statement,) = DIALECT.split(sql)
    assert statement == Statement(sql, transactional=transactional)


def test_a_script_is_read_back_as_it_was_written() -> None:
    written = [
        Statement("SELECT 1 -- to the end"),
        Statement("SELECT 1 FROM t", expects_no_rows=True),
        Statement("ALTER TYPE t ADD VALUE ';'", transactional=False),
        Statement("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1; $$"),
        Statement("CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END"),
    ]
    assert DIALECT.split(DIALECT.script(written)) == written


@pytest.mark.parametrize(
    ("sql", "settled"),
    [
        (
            "(ARRAY['a'::character varying, 'b)]'::character varying])::text[]",
            "(ARRAY['a'::character varying, 'b)]'::character varying]::character varying[])::text[]",
        ),
        ("ARRAY['a'::text]", "ARRAY['a'::text]"),
        ("$$(ARRAY['a'::character varying])::text[]$$", "$$(ARRAY['a'::character varying])::text[]$$"),
        ("(ARRAY[a, b])::text[]", "(ARRAY[a, b])::text[]"),
    ],
)
def test_the_cast_of_an_array_stays_where_it_was(sql: str, settled: str) -> None:
    assert with_settled_arrays(sql) == settled
