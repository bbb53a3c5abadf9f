"""The sentences for SQL that somebody else wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querynl.dialects import NAMES
from querynl.english.explain_sql import explain_sql

# The dialect, a statement, and its sentence.
SENTENCES = [
    (
        "postgresql",
        'CREATE TABLE "Posts" (id bigint PRIMARY KEY, author_id bigint REFERENCES app.users (id), t text, '
        "FOREIGN KEY (t) REFERENCES topics (name))",
        "Creates table Posts with 3 columns (id, author_id and t); author_id refers to app.users; t refers to topics.",
    ),
    (
        "mysql",
        "CREATE TABLE IF NOT EXISTS `t` (a int, KEY k (a))",
        "Creates table t with 1 column (a), unless it is there.",
    ),
    ("sqlite", "CREATE TABLE t AS SELECT 1", "Creates table t from a query."),
    (
        "postgresql",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a DESC, lower(b)) WHERE c > 0",
        "Creates unique index i on t (a descending and LOWER(b)) for rows where c > 0.",
    ),
    ("postgresql", "CREATE OR REPLACE VIEW v AS SELECT 1", "Creates or replaces view v."),
    ("postgresql", "CREATE MATERIALIZED VIEW v AS SELECT 1", "Creates materialized view v."),
    ("postgresql", "CREATE TYPE e AS ENUM ('a')", "Creates type e."),
    (
        "postgresql",
        "ALTER TABLE app.t ADD COLUMN b int NOT NULL DEFAULT 3, DROP COLUMN c, ALTER COLUMN d TYPE text, "
        "ALTER COLUMN d SET NOT NULL, ALTER e DROP NOT NULL, ALTER f SET DEFAULT 4, ALTER f DROP DEFAULT",
        "Changes table app.t: adds column b (INT, NOT NULL, DEFAULT 3); drops column c with its values; "
        "makes column d TEXT; makes column d required; makes column e optional; gives column f the default 4; "
        "takes the default from column f.",
    ),
    (
        "mysql",
        "ALTER TABLE t MODIFY a int NOT NULL, CHANGE b c text, ADD INDEX i (a), DROP FOREIGN KEY f, DROP PRIMARY KEY",
        "Changes table t: makes column a (INT, NOT NULL); renames column b to c (TEXT); adds INDEX i (a); "
        "drops foreign key f; drops the primary key.",
    ),
    ("sqlite", "ALTER TABLE t RENAME COLUMN a TO b", "Changes table t: renames column a to b."),
    ("mariadb", "ALTER TABLE t RENAME TO u", "Changes table t: renames it to u."),
    ("postgresql", "DROP TABLE a", "Drops table a with all its rows."),
    (
        "postgresql",
        "DROP TABLE IF EXISTS a, b CASCADE",
        "Drops tables a and b with all their rows if they are there and all that depends on them.",
    ),
    ("mysql", "DROP INDEX i ON t", "Drops index i of t."),
    ("postgresql", "TRUNCATE a, b", "Deletes every row of a and b."),
    ("sqlite", "INSERT INTO a (b) VALUES (1), (2)", "Inserts 2 rows into a."),
    ("sqlite", "INSERT INTO a SELECT * FROM b", "Inserts rows that a query gives into a."),
    ("postgresql", "UPDATE a SET x = 1, y = 2 WHERE z > 3", "Sets x and y in the rows of a where z > 3."),
    ("postgresql", "DELETE FROM a", "Deletes every row of a."),
    ("postgresql", "COMMENT ON COLUMN a.b IS 'x'", "Sets the comment on column a.b."),
    ("sqlite", "-- nothing", "Holds no statement."),
]

# Statements that no sentence would be exact about.
OWN = [
    ("mysql", "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1"),
    ("postgresql", "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW EXECUTE FUNCTION f()"),
    ("postgresql", "ALTER TABLE x ENABLE ROW LEVEL SECURITY"),
    ("postgresql", "CREATE TABLE t (LIKE x)"),
    ("postgresql", "UPDATE a SET x = 1 FROM b"),
    ("mysql", "DELETE FROM a LIMIT 3"),
    ("mysql", "DELETE a FROM a JOIN b ON a.x = b.x"),
    ("mysql", "INSERT IGNORE INTO a VALUES (1)"),
    ("sqlite", "INSERT OR REPLACE INTO a VALUES (1)"),
    ("sqlite", "PRAGMA foreign_keys = OFF"),
    ("postgresql", "SELEC nonsense ("),
]


@pytest.mark.parametrize(("dialect", "sql", "sentence"), SENTENCES, ids=[sql for _, sql, _ in SENTENCES])
def test_a_statement_has_this_sentence(dialect: str, sql: str, sentence: str) -> None:
    assert explain_sql([sql], dialect) == [sentence]


@pytest.mark.parametrize(("dialect", "sql"), OWN, ids=[sql for _, sql in OWN])
def test_a_statement_without_an_exact_sentence_is_quoted(dialect: str, sql: str) -> None:
    assert explain_sql([sql], dialect) == [f"Runs a statement of its own: {sql}"]


def test_a_long_statement_is_cut() -> None:
    (sentence,) = explain_sql([f"PRAGMA {'x' * 500}"], "sqlite")
    assert sentence.endswith(" …")
    assert len(sentence) < 120


def test_statements_keep_their_order() -> None:
    assert explain_sql(["DROP TABLE b", "DROP TABLE a"], "sqlite") == [
        "Drops table b with all its rows.",
        "Drops table a with all its rows.",
    ]


def test_the_parser_warns_nobody(caplog: pytest.LogCaptureFixture) -> None:
    explain_sql(["CREATE EXTENSION citext"], "postgresql")
    assert caplog.records == []


WORDS = (
    *("CREATE", "TABLE", "INDEX", "VIEW", "ALTER", "ADD", "DROP", "COLUMN", "MODIFY", "RENAME", "TO", "UPDATE", "SET"),
    *("DELETE", "FROM", "INSERT", "INTO", "VALUES", "WHERE", "ON", "IF", "EXISTS", "CONSTRAINT", "PRIMARY", "KEY"),
    *("FOREIGN", "REFERENCES", "int", "NOT", "NULL", "DEFAULT", "COMMENT", "IS", "TRUNCATE", "USING", "AS", "SELECT"),
    *("t", "a", "b", "(", ")", ",", ";", "=", "1", "'x'"),
)


@given(st.sampled_from(NAMES), st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
def test_any_text_gives_one_sentence(dialect: str, sql: str) -> None:
    (sentence,) = explain_sql([sql], dialect)
    assert sentence
