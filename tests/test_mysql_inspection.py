"""What MySQL and MariaDB are read as, and with how many queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.schema import (
    Column,
    Dependency,
    Kind,
    Schema,
    Sequence,
    Table,
)
from tests.counting import CountingReader
from tests.engines import Database, Databases
from tests.on_mysql import create, dialect_of, load, on_both, on_mariadb, on_mysql

# Everything that both engines have, under names that need their quotes.
RICH = r"""
CREATE TABLE `au``thors` (
    `id` int unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s a \\ key',
    `e mail` varchar(200) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'it''s \\ "x"',
    `ünï.cod"e` decimal(10,2) DEFAULT 1.5,
    `flag` boolean DEFAULT TRUE,
    `wide` int(7) unsigned zerofill DEFAULT 3,
    `bits` bit(3) DEFAULT b'101',
    `kind` enum('a','b''c','d,e') DEFAULT 'b''c',
    `some` set('x','y'),
    `made` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
    `seen` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    `born` date DEFAULT (curdate() + interval 1 year),
    `body` text DEFAULT ('b'),
    `raw` varbinary(20) DEFAULT 'raw',
    `doc` json,
    `hidden` int INVISIBLE DEFAULT 7,
    `twice` int GENERATED ALWAYS AS (`flag` * 2) VIRTUAL COMMENT 'twice',
    `loud` varchar(255) AS (upper(`body`)) STORED,
    `at` point NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `by.mail` (`e mail`, `kind` DESC),
    KEY `begins` (`e mail`(5), `seen`) COMMENT 'the ''first'' five',
    FULLTEXT KEY `words` (`body`),
    SPATIAL KEY `places` (`at`),
    CONSTRAINT `pósitive` CHECK (`ünï.cod"e` > -1.5 AND `kind` <> 'é\'s')
) COMMENT='people who \\ "write"' ROW_FORMAT=COMPRESSED;
CREATE TABLE `books` (
    `isbn` char(13) NOT NULL,
    `edition` smallint NOT NULL,
    `author` int unsigned,
    `old isbn` char(13), `old edition` smallint,
    PRIMARY KEY (`isbn`, `edition`),
    KEY `old_book` (`old isbn`, `old edition`),
    CONSTRAINT `by_author` FOREIGN KEY (`author`) REFERENCES `au``thors` (`id`) ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT `earlier` FOREIGN KEY (`old isbn`, `old edition`) REFERENCES `books` (`isbn`, `edition`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `log` (`line` varchar(20)) ENGINE=MyISAM MAX_ROWS=10 CHECKSUM=1;
CREATE TABLE `sales` (`id` int, `day` date, PRIMARY KEY (`id`, `day`)) PARTITION BY RANGE COLUMNS (`day`)
    (PARTITION `p old` VALUES LESS THAN ('2020-01-01') COMMENT='it''s old', PARTITION p1 VALUES LESS THAN (MAXVALUE));
CREATE TABLE `spread` (`id` int PRIMARY KEY) PARTITION BY HASH (`id`) PARTITIONS 4;
CREATE VIEW `titles` AS SELECT `isbn` AS `the isbn`, `author` FROM `books` WHERE `author` > 1 WITH LOCAL CHECK OPTION;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `;` (`c``1`) AS SELECT `the isbn` FROM `titles`;
DELIMITER //
CREATE TRIGGER `first` BEFORE INSERT ON `books` FOR EACH ROW BEGIN SET NEW.edition = 1; SET NEW.author = NULL; END//
CREATE TRIGGER `second` BEFORE INSERT ON `books` FOR EACH ROW SET NEW.edition = NEW.edition + 1//
CREATE TRIGGER `between` BEFORE INSERT ON `books` FOR EACH ROW FOLLOWS `first` SET NEW.edition = 5//
CREATE FUNCTION `joined`(`a` int, b varchar(10)) RETURNS varchar(20) CHARSET utf8mb4 DETERMINISTIC
BEGIN RETURN concat(`a`, ';', b); END//
CREATE PROCEDURE `tidy`(IN a int, OUT `b` decimal(10,2)) MODIFIES SQL DATA SQL SECURITY INVOKER COMMENT 'it''s tidy'
BEGIN DELETE FROM `log`; SET b = a; END//
DELIMITER ;
"""


@pytest.fixture
def session(database: Database) -> Iterator[Connection]:
    with closing(connect(parse_url(database.url))) as connection:
        yield connection


def column(connection: Connection, definition: str) -> Column:
    """How a column is read back."""
    return load(connection, f"CREATE TABLE t (other int, {definition})").tables[0].columns[1]


@on_both
def test_a_rich_schema_is_read_back_as_it_was_written(engine: str, session: Connection, databases: Databases) -> None:
    before = load(session, RICH)
    assert before.unmanaged == {}
    with databases.temporary(engine) as other, closing(connect(parse_url(other.url))) as second:
        assert create(second, before) == before


@on_both
def test_a_further_table_costs_one_further_query(session: Connection) -> None:
    dialect, counted = dialect_of(session), []
    for number in range(3):
        session.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY, a int, KEY (a), CHECK (a > {number}))")
        reader = CountingReader(session)
        dialect.inspect(reader)
        counted.append(reader.queries)
    assert [counted[1] - counted[0], counted[2] - counted[1]] == [1, 1]


@on_mariadb
def test_no_other_database_of_the_server_is_looked_into(session: Connection) -> None:
    reader = CountingReader(session)
    dialect_of(session).inspect(reader)
    catalog = [query for query in reader.asked if "information_schema." in query]
    assert catalog
    for query in catalog:
        assert not [row for row in session.rows(f"EXPLAIN {query}") if "all databases" in str(row[-1])], query


@on_mariadb
def test_any_number_of_sequences_is_read_at_once(session: Connection) -> None:
    dialect, counted = dialect_of(session), []
    for number in range(2):
        session.execute(f"CREATE SEQUENCE s{number}")
        reader = CountingReader(session)
        dialect.inspect(reader)
        counted.append(reader.queries)
    assert counted[0] == counted[1]


@on_both
def test_a_table_that_has_its_databases_collation_does_not_name_it(session: Connection) -> None:
    tables = load(
        session,
        "CREATE TABLE a (t text); CREATE TABLE b (t text, u text COLLATE latin1_bin) DEFAULT CHARSET=latin1;",
    ).tables
    assert tables[0].options == {}
    assert tables[1].options == {"collation": "latin1_swedish_ci"}
    assert [c.collation for c in tables[1].columns] == [None, "latin1_bin"]


@on_both
def test_widths_that_nobody_asked_for_are_forgotten(session: Connection) -> None:
    table = load(session, "CREATE TABLE t (a int(11), b bigint(20) unsigned, c boolean, d tinyint(4), e year)").tables[
        0
    ]
    assert [c.type for c in table.columns] == ["int", "bigint unsigned", "tinyint(1)", "tinyint", "year"]


@on_both
def test_bookkeeping_tables_are_left_out(session: Connection) -> None:
    assert load(session, "CREATE TABLE querynl_history (id int); CREATE TABLE users (id int)").tables[0].name == "users"


@on_both
def test_an_event_that_starts_when_it_is_made_does_not_say_when(session: Connection) -> None:
    event = "EVENT e ON SCHEDULE EVERY {} DO SELECT 1"
    made = load(session, f"CREATE {event.format('1 DAY')}").definitions
    altered = load(session, f"ALTER {event.format('2 HOUR')}").definitions
    assert [found.definition for found in made + altered] == [
        "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1",
        "CREATE EVENT `e` ON SCHEDULE EVERY 2 HOUR ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1",
    ]


@on_both
def test_a_mode_that_changes_how_a_text_is_read_is_kept_with_it(session: Connection) -> None:
    found = load(
        session,
        "CREATE TABLE t (a int); SET SESSION sql_mode = 'PIPES_AS_CONCAT,STRICT_ALL_TABLES,ANSI_QUOTES';"
        " CREATE PROCEDURE \"p\"() SELECT 'a' || 'b';"
        " CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 'a' || 'b';"
        " CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 'a' || 'b'",
    )
    options = [
        *(routine.options for routine in found.routines),
        *(trigger.options for trigger in found.triggers),
        *(event.options for event in found.definitions),
    ]
    assert options == [{"sql_mode": "ANSI_QUOTES,PIPES_AS_CONCAT"}] * 3
    assert "DEFINER" not in found.routines[0].definition
    assert found.tables == (Table(name="t", columns=(Column(name="a", type="int"),)),)
    assert "ANSI_QUOTES" in session.rows("SELECT @@sql_mode")[0][0]


@on_mariadb
def test_a_sequence_says_only_what_is_its_own(session: Connection) -> None:
    found = load(session, "CREATE SEQUENCE a; CREATE SEQUENCE b INCREMENT BY -2; CREATE SEQUENCE c START 5 NOCACHE")
    assert found.sequences == (
        Sequence(name="a"),
        Sequence(name="b", increment=-2),
        Sequence(name="c", start=5, cache=0),
    )


@on_mariadb
def test_a_default_from_a_sequence_does_not_name_the_database(session: Connection) -> None:
    found = load(
        session,
        "CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval(s), b int DEFAULT (PREVIOUS VALUE FOR s + a),"
        " c int DEFAULT setval(s, 7), d text DEFAULT concat('nextval(`s`)', a))",
    )
    assert [column.default for column in found.tables[0].columns] == [
        "nextval(`s`)",
        "(lastval(`s`) + `a`)",
        "setval(`s`,7,1,0)",
        "concat('nextval(`s`)',`a`)",
    ]


@on_mariadb
def test_a_table_that_keeps_old_rows_is_read_with_its_period(session: Connection) -> None:
    table = load(
        session,
        "CREATE TABLE t (id int, n int WITHOUT SYSTEM VERSIONING, a timestamp(6) GENERATED ALWAYS AS ROW START,"
        " b timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING",
    ).tables[0]
    assert table.options == {"system_versioning": True, "period SYSTEM_TIME": "`a`, `b`"}
    assert table.columns[1].options == {"system_versioning": False}
    assert [column.generated and column.generated.expression for column in table.columns[2:]] == [
        "ROW START",
        "ROW END",
    ]
    assert dialect_of(session).localise(Schema(dialect="mariadb", tables=(table,))).tables == (table,)


@on_both
def test_what_a_comment_says_is_no_attribute(session: Connection) -> None:
    table = load(
        session,
        "CREATE TABLE t (a int COMMENT 'STORAGE DISK', b int, KEY k (b) COMMENT 'x) USING BTREE')"
        " COMMENT 'KEY_BLOCK_SIZE=4'",
    ).tables[0]
    assert table.options == {}
    assert table.columns[0].options == {}
    assert table.indexes[0].method is None


@on_both
def test_a_view_depends_on_what_it_reads(session: Connection) -> None:
    views = load(session, "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v")
    assert [view.depends_on for view in views.views] == [
        (Dependency(kind=Kind.TABLE, name="t"),),
        (Dependency(kind=Kind.VIEW, name="v"),),
    ]


@on_both
def test_a_view_depends_on_what_it_calls(session: Connection) -> None:
    for name in ("f", "a.b"):
        session.execute(f"CREATE FUNCTION `{name}`(a int) RETURNS int DETERMINISTIC RETURN a")
    view = load(session, "CREATE VIEW v AS SELECT f(1) AS x, `a.b`(2) AS y, abs(-1) AS z").views[0]
    assert [need.name for need in view.depends_on] == ["a.b(a int)", "f(a int)"]


@on_both
def test_a_view_does_not_name_its_database(session: Connection) -> None:
    name = session.database
    view = load(session, f"CREATE TABLE `{name}` (a int); CREATE VIEW v AS SELECT `{name}`.a FROM `{name}`").views[0]
    assert "." not in view.definition.replace(f"`{name}`.`a`", "")


@on_mysql
def test_expressions_are_read_without_the_catalogs_own_escapes(session: Connection) -> None:
    text = r"concat(`other`,_utf8mb4'é日本\'s\n\\ x')"
    generated = column(session, f"g varchar(99) CHARACTER SET utf8mb4 AS ({text})").generated
    assert generated is not None
    assert generated.expression == text


@on_mysql
def test_a_binary_default_is_read_beyond_its_zero_bytes(session: Connection) -> None:
    assert column(session, "b binary(4) DEFAULT 0x00610027").default == "0x00610027"


@on_mariadb
def test_json_is_told_from_long_text(session: Connection) -> None:
    assert column(session, "j json").type == "json"


@on_mariadb
def test_a_check_of_a_column_is_kept_with_it(session: Connection) -> None:
    assert column(session, "a int CHECK (a > 0)").options == {"check": "`a` > 0"}


@on_both
def test_texts_within_programs_keep_their_quotes(session: Connection) -> None:
    text = r"'it''s \\ \'quoted\''"
    found = load(
        session,
        f"CREATE TABLE t (a varchar(40)); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = {text};"
        f" CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW PRECEDES g SET NEW.a = {text};"
        f" CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT {text}",
    )
    assert [trigger.definition for trigger in found.triggers] == [
        f"CREATE TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW FOLLOWS `h` SET NEW.a = {text}",
        f"CREATE TRIGGER `h` BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = {text}",
    ]
    assert found.definitions[0].definition.endswith(f" DO SELECT {text}")


@on_both
def test_triggers_name_the_one_they_follow(session: Connection) -> None:
    trigger = load(
        session,
        "CREATE TABLE t (a int); CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
        "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2",
    ).triggers[0]
    assert "FOLLOWS `z`" in trigger.definition
