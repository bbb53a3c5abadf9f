"""How each engine makes, claims and removes throwaway databases."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class ThrowawayDatabases(Struct, frozen=True, kw_only=True):
    """An engine's words for databases that belong to one session, and go with it.

    The engine drops no database by itself, so their owner is in their names, and its session holds a lock on
    that. Who gets the lock of another owner knows that this one is gone. An owner is a number; where locks
    reach less far than databases, `prefix` answers what its digits follow, so that one is never judged from
    where its lock is not seen.

    `claim` answers 1 or true when this session has the owner's lock, as nobody else has; `release` ends that.
    `names` answers the databases whose names begin so. `create` makes one; with `collated` at its end, one
    with a default collation. `sessions` answers who is on the server: a session's number
    comes first, its database at `session_database`; `end` ends such a session. `strays` answers
    statements that drop the accounts that no new server has. `ties`, asked in a database, answers statements that
    end what keeps it from being dropped. `full` are the error codes of a server without room.
    """

    prefix: str
    claim: str
    release: str
    names: str
    create: str
    drop: str
    sessions: str
    session_database: int
    end: str
    strays: str
    full: frozenset[str]
    collated: str = ""
    ties: str | None = None


def throwaway_of(engine: str) -> ThrowawayDatabases:
    """The words of an engine that has a server, by its dialect's name."""
    return _THROWAWAY[engine]


def collation_query(engine: str) -> str | None:
    """What answers a database's default collation, in engines where new tables take it over and differ by it."""
    return "SELECT @@collation_database" if engine in ("mysql", "mariadb") else None


# A database's advisory locks are its own, but every session sees those of all:
# https://www.postgresql.org/docs/current/view-pg-locks.html
_ADVISORY = 7433837
_POSTGRESQL = ThrowawayDatabases(
    prefix="SELECT ''",
    claim=f"SELECT CASE WHEN pg_catalog.pg_try_advisory_lock({_ADVISORY}, {{owner}}) THEN"
    " (SELECT count(*) = 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory'"
    f" AND (classid, objid, objsubid) = ({_ADVISORY}, {{owner}}, 2)) END",
    release=f"SELECT pg_catalog.pg_advisory_unlock({_ADVISORY}, {{owner}})",
    names="SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, '{start}')",
    create="CREATE DATABASE {name} TEMPLATE template0",
    drop="DROP DATABASE IF EXISTS {name} WITH (FORCE)",
    sessions="SELECT pid, datname FROM pg_catalog.pg_stat_activity",
    session_database=1,
    end="SELECT pg_catalog.pg_terminate_backend({session})",
    # https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
    strays="SELECT pg_catalog.format('DROP ROLE %I', rolname) FROM pg_catalog.pg_roles WHERE oid >= 16384",
    # https://www.postgresql.org/docs/current/sql-dropsubscription.html
    ties="SELECT pg_catalog.format(statement, subname) FROM pg_catalog.pg_subscription, (VALUES"
    " (1, 'ALTER SUBSCRIPTION %I DISABLE'), (2, 'ALTER SUBSCRIPTION %I SET (slot_name = NONE)'),"
    " (3, 'DROP SUBSCRIPTION %I')) AS s(step, statement)"
    " WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    " ORDER BY subname, step",
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    full=frozenset(("53000", "53100", "53200", "53400", "58030")),
)

# Locks are a server's, databases those of its whole cluster:
# https://dev.mysql.com/doc/refman/9.5/en/locking-functions.html
_MYSQL = ThrowawayDatabases(
    prefix="SELECT CONCAT(LEFT(SHA2(CONCAT_WS(' ', @@hostname, @@port, @@datadir), 224), 8), 'x')",
    claim="SELECT GET_LOCK('querynl {owner}', 0)",
    release="SELECT RELEASE_LOCK('querynl {owner}')",
    names="SELECT schema_name FROM information_schema.schemata"
    " WHERE LEFT(schema_name, CHAR_LENGTH('{start}')) = '{start}'",
    create="CREATE DATABASE {name}",
    drop="DROP DATABASE IF EXISTS {name}",
    collated=" COLLATE '{collation}'",
    # A transaction that is still open would keep the drop waiting.
    # INFORMATION_SCHEMA's list fails while any session runs a statement with a character of four bytes, and
    # PERFORMANCE_SCHEMA's may be switched off: https://dev.mysql.com/doc/refman/9.5/en/show-processlist.html
    sessions="SHOW FULL PROCESSLIST",
    session_database=3,
    end="KILL {session}",
    strays="SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host)) FROM mysql.user"
    " WHERE user NOT IN ('root', 'mysql.sys', 'mysql.session', 'mysql.infoschema')",
    # https://dev.mysql.com/doc/mysql-errors/9.5/en/server-error-reference.html,
    # https://dev.mysql.com/doc/mysql-errors/9.5/en/global-error-reference.html
    full=frozenset(("3", "1021", "1026", "1037", "1041", "1114")),
)

# Roles are not users there: https://mariadb.com/kb/en/mysqluser-table/
_MARIADB = replace(
    _MYSQL,
    strays="SELECT IF(is_role = 'Y', CONCAT('DROP ROLE ', QUOTE(user)),"
    " CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host))) FROM mysql.user"
    " WHERE user NOT IN ('', 'root', 'PUBLIC', 'mariadb.sys')",
)

_THROWAWAY = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MARIADB}
