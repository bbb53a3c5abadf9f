"""How each engine keeps QueryNL's own tables in a database, and keeps two migrating processes apart."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace


class SessionLock(Struct, frozen=True, kw_only=True):
    """A lock on one database that ends with the session that holds it, and that nobody waits for in a queue.

    `take` answers 1 or true when this session has it now. `holder` answers who has it: session, user, place
    and since when that session is there, each text or NULL where the engine does not tell.
    """

    take: str
    release: str
    holder: str


class Patience(Struct, frozen=True, kw_only=True):
    """How long a statement of a migration may wait for others' locks, and run at all.

    `locks` and `statements` make the session give up, with {seconds} and {milliseconds} in them, and {scope}: SESSION,
    or LOCAL for the transaction that is open, where the engine has that (`local`). `reset` makes the session's
    settings what they were when it began; `at_once` says that one text takes several of them. `refused` are the error
    codes of a lock that was not to be had, after which nothing of the transaction stands; `overdue` those of a
    statement that ran too long.
    """

    locks: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    local: bool = False
    at_once: bool = False
    refused: frozenset[str] = frozenset()
    overdue: frozenset[str] = frozenset()


class OwnFile(Struct, frozen=True, kw_only=True):
    """How a database that is one file serves as a store of QueryNL's own.

    `share` lets others read it while one writes. `damage` are the beginnings of the error codes of a file that is not
    usable as it is.
    """

    share: str
    damage: tuple[str, ...]


class Bookkeeping(Struct, frozen=True, kw_only=True):
    """An engine's words for QueryNL's own tables, and for its locks.

    `home` answers the namespace that unqualified tables are created in, or NULL. `columns` answers the names of
    a table's columns, none where there is no such table; its parameters are the namespace and the table.
    `namespace` answers a row where the namespace that is its parameter is there, and `make_namespace` makes the one in
    {name}; both are None where a database has no namespaces.
    `text` is a type without a limit that matters, `key` one of so many characters that compares byte by byte,
    `longest_text` how many characters of it a statement may hold, None for any number;
    `word` one for a few letters; `table_options` ends a CREATE TABLE. `milliseconds` is the server's time now, counted
    from 1970, the same in every time zone. `upserts` says that INSERT takes ON CONFLICT … DO UPDATE and RETURNING,
    where others have REPLACE; `and_further_rows` makes one statement of such an INSERT that returns its run's number
    ({insert}) and of another, of that number and further {rows} into the {columns} of a {table}; `indexes_inside` says
    that indexes stand inside CREATE TABLE, for want of CREATE INDEX IF NOT EXISTS.

    `lock` is None where a database has one writer at a time, whose transaction is the lock. Then `busy` are the
    error codes of a database that another session is writing to, and `at_once` and `patiently` make this session
    fail at once, or wait a while by itself, when it meets one. `own_file` is None where a server keeps the databases.
    """

    home: str
    columns: str
    namespace: str | None = None
    make_namespace: str | None = None
    milliseconds: str
    text: str = "TEXT"
    longest_text: int | None = None
    key: str = "VARCHAR({length})"
    word: str = "VARCHAR(40)"
    table_options: str = ""
    upserts: bool = True
    and_further_rows: str | None = None
    indexes_inside: bool = False
    lock: SessionLock | None = None
    patience: Patience = Patience()
    busy: frozenset[str] = frozenset()
    at_once: str | None = None
    patiently: str | None = None
    own_file: OwnFile | None = None


# The tables of a history, and the name that those of a further one in the same database end with.
OWN_TABLE = "querynl_(?:history|journal|lock|script|state)(?:_[a-z0-9_]+)?"


def is_own_table(name: str) -> bool:
    """Whether a table is one of QueryNL's own, which are no part of anybody's schema."""
    return re.fullmatch(OWN_TABLE, name) is not None


def bookkeeping_of(engine: str) -> Bookkeeping:
    """The words of an engine, by its dialect's name."""
    return _BOOKKEEPING[engine]


# A database's advisory locks are its own, so that one number serves them all:
# https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
_ADVISORY = "7433836, 1"
# A session whose client is gone ends while its statement runs, with its lock; not on every system, nor before 14:
# https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
_CHECKS_CLIENT = (
    "DO $$ BEGIN SET {scope} client_connection_check_interval = 2000; EXCEPTION WHEN OTHERS THEN NULL; END $$"
)
_POSTGRESQL = Bookkeeping(
    home="SELECT current_schema()",
    namespace="SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s",
    make_namespace="CREATE SCHEMA IF NOT EXISTS {name}",
    key='VARCHAR({length}) COLLATE "C"',
    columns="SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped"
    " AND c.relkind <> 'f'",  # the rows of a foreign table are none of this database's
    milliseconds="CAST(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000 AS bigint)",
    # https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
    and_further_rows="WITH run AS ({insert}) INSERT INTO {table} ({columns})"
    " SELECT run.run_number, m.* FROM run, (VALUES {rows}) AS m RETURNING run_number",
    lock=SessionLock(
        take=f"SELECT pg_catalog.pg_try_advisory_lock({_ADVISORY})",
        release=f"SELECT pg_catalog.pg_advisory_unlock({_ADVISORY})",
        # Two keys lie in classid and objid: https://www.postgresql.org/docs/current/view-pg-locks.html
        holder="SELECT l.pid::text, a.usename::text, a.client_addr::text, a.backend_start::text"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND (l.classid, l.objid, l.objsubid)"
        f" = ({_ADVISORY}, 2) AND l.database ="
        " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
    ),
    # https://www.postgresql.org/docs/current/runtime-config-client.html, …/errcodes-appendix.html
    patience=Patience(
        locks=("SET {scope} lock_timeout = {milliseconds}", _CHECKS_CLIENT),
        statements=("SET {scope} statement_timeout = {milliseconds}",),
        # A pooler's sessions begin with another encoding than ours.
        reset=("RESET ALL", "SET client_encoding = 'UTF8'"),
        local=True,
        at_once=True,
        refused=frozenset(("55P03", "40P01")),
        overdue=frozenset(("57014",)),
    ),
)

# The names of locks are the whole server's and at most 64 characters long, those of databases too:
# https://dev.mysql.com/doc/refman/9.5/en/locking-functions.html, https://mariadb.com/kb/en/get_lock/
_LOCK_NAME = "CONCAT('querynl ', SHA2(LOWER(DATABASE()), 224))"
_HOLDER = (
    f"SELECT l.session, p.user, p.host, NULL FROM (SELECT IS_USED_LOCK({_LOCK_NAME}) AS session) l"
    " LEFT JOIN {sessions} p ON p.id = l.session WHERE l.session IS NOT NULL"
)
_MYSQL_LOCK = SessionLock(
    take=f"SELECT GET_LOCK({_LOCK_NAME}, 0)",
    release=f"SELECT RELEASE_LOCK({_LOCK_NAME})",
    # INFORMATION_SCHEMA's list fails while any session runs a statement with a character of four bytes.
    holder=_HOLDER.format(sessions="performance_schema.processlist"),
)
_MYSQL = Bookkeeping(
    home="SELECT DATABASE()",
    namespace="SELECT 1 FROM information_schema.schemata WHERE schema_name = %s",
    make_namespace="CREATE DATABASE IF NOT EXISTS {name}",
    columns="SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
    # Not UNIX_TIMESTAMP, which takes the session's local time and so has one hour twice a year.
    milliseconds="TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000",
    text="LONGTEXT",
    # No statement and no value is longer than max_allowed_packet, which some servers set to 4 MB; a character takes 4:
    # https://dev.mysql.com/doc/refman/9.5/en/packet-too-large.html
    longest_text=200_000,
    table_options="ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    upserts=False,
    indexes_inside=True,
    lock=_MYSQL_LOCK,
    # https://dev.mysql.com/doc/refman/9.5/en/innodb-parameters.html#sysvar_innodb_lock_wait_timeout
    patience=Patience(
        locks=(
            "SET {scope} lock_wait_timeout = {seconds}",
            "SET {scope} innodb_lock_wait_timeout = {seconds}",
        ),
        # Of queries alone: https://dev.mysql.com/doc/refman/9.5/en/server-system-variables.html#sysvar_max_execution_time
        statements=("SET {scope} max_execution_time = {milliseconds}",),
        reset=(
            "SET SESSION lock_wait_timeout = DEFAULT",
            "SET SESSION innodb_lock_wait_timeout = DEFAULT",
            "SET SESSION max_execution_time = DEFAULT",
        ),
        refused=frozenset(("1205", "1213")),
        overdue=frozenset(("3024",)),
    ),
)
# https://mariadb.com/kb/en/server-system-variables/#max_statement_time
_MARIADB = replace(
    _MYSQL,
    lock=replace(_MYSQL_LOCK, holder=_HOLDER.format(sessions="information_schema.processlist")),
    patience=replace(
        _MYSQL.patience,
        statements=("SET {scope} max_statement_time = {seconds}",),
        reset=(*_MYSQL.patience.reset[:2], "SET SESSION max_statement_time = DEFAULT"),
        overdue=frozenset(("1969",)),
    ),
)

# How a session of SQLite begins, and what it goes back to: https://www.sqlite.org/pragma.html#pragma_busy_timeout
SQLITE_WAITS = "PRAGMA busy_timeout = 5000"
_SQLITE = Bookkeeping(
    home="SELECT 'main'",
    key="TEXT",
    word="TEXT",
    columns="SELECT c.name FROM (SELECT %s AS namespace, %s AS name) AS t, pragma_table_info(t.name, t.namespace) AS c",
    milliseconds="CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    # https://www.sqlite.org/rescode.html#busy
    busy=frozenset(("SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED")),
    at_once="PRAGMA busy_timeout = 0",
    patiently=SQLITE_WAITS,
    own_file=OwnFile(
        # https://www.sqlite.org/wal.html
        share="PRAGMA journal_mode = WAL",
        damage=tuple(f"SQLITE_{code}" for code in ("CORRUPT", "NOTADB", "CANTOPEN", "READONLY", "IOERR", "FULL")),
    ),
)

_BOOKKEEPING = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MARIADB, "sqlite": _SQLITE}
