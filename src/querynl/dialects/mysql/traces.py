"""What a statement leaves behind in the catalog, by which one is known that the server finished for a lost client.

https://dev.mysql.com/doc/refman/9.5/en/atomic-ddl.html, https://mariadb.com/kb/en/atomic-ddl/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from querynl.dialects.expressions import tokens
from querynl.dialects.mysql import split
from querynl.dialects.mysql.spelling import quote
from querynl.dialects.protocol import Reader

# https://dev.mysql.com/doc/refman/9.5/en/implicit-commit.html
_COMMITTING = frozenset((
    "ALTER", "ANALYZE", "CACHE", "CHANGE", "CHECK", "CREATE", "DROP", "FLUSH", "GRANT", "IMPORT", "INSTALL", "LOCK",
    "OPTIMIZE", "RENAME", "REPAIR", "RESET", "REVOKE", "STOP", "TRUNCATE", "UNINSTALL", "UNLOCK",
))  # fmt: skip
_ROWS = frozenset(("DELETE", "DO", "INSERT", "REPLACE", "SELECT", "TABLE", "UPDATE", "VALUES", "WITH"))
# What may be run again without harm.
_HARMLESS = frozenset(("ANALYZE", "CACHE", "CHECK", "FLUSH", "OPTIMIZE", "REPAIR"))
# What the catalog tells all of.
_CATALOGUED = frozenset((
    "EVENT", "FUNCTION", "INDEX", "PROCEDURE", "SEQUENCE", "TABLE", "TRIGGER", "VIEW",
))  # fmt: skip
# The words that may stand between the verb and the kind of object.
_BETWEEN = frozenset((
    "AGGREGATE", "ALGORITHM", "DEFINER", "FULLTEXT", "IF", "IGNORE", "INVOKER", "MERGE", "OFFLINE", "ONLINE", "OR",
    "REPLACE", "SECURITY", "SPATIAL", "SQL", "TEMPTABLE", "UNDEFINED", "UNIQUE",
))  # fmt: skip
# The engines whose rows belong to a transaction.
_TRANSACTIONAL_ENGINES = frozenset(("InnoDB", "ROCKSDB", "ndbcluster"))

_RELATIONS = """
    SELECT table_schema, table_name, table_type FROM information_schema.tables
     WHERE table_schema IN ({schemas}) AND table_name IN ({names}) ORDER BY table_schema, table_name"""
_TRIGGERS = """
    SELECT trigger_schema, trigger_name FROM information_schema.triggers
     WHERE trigger_schema IN ({schemas}) AND trigger_name IN ({names}) ORDER BY trigger_schema, trigger_name"""
_ROUTINES = """
    SELECT routine_schema, routine_type, routine_name FROM information_schema.routines
     WHERE routine_schema IN ({schemas}) AND routine_name IN ({names})
       AND routine_type IN ('FUNCTION', 'PROCEDURE') ORDER BY routine_schema, routine_type, routine_name"""
_EVENTS = """
    SELECT event_schema, event_name FROM information_schema.events
     WHERE event_schema IN ({schemas}) AND event_name IN ({names}) ORDER BY event_schema, event_name"""
_ENGINES = """
    SELECT DISTINCT engine FROM information_schema.tables
     WHERE table_schema IN ({schemas}) AND table_name IN ({names}) AND table_type = 'BASE TABLE'"""
# What other sessions change by writing rows.
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


def commits_by_itself(sql: str) -> bool:
    """Whether the statement is committed as soon as it has run, with all that its transaction did before."""
    words = _words(sql, 2)
    if words in (("CREATE", "TEMPORARY"), ("DROP", "TEMPORARY")):
        return False
    return words[:1] == ("CALL",) or words[0] in _COMMITTING if words else False


def trace(reader: Reader, sql: str) -> str | None:
    """A text that differs before and after the statement, whatever other sessions do to rows; the same text for ever
    where running it again does no harm. None where the catalog does not tell.
    """
    words = _words(sql)
    if not words or words[0] in _HARMLESS:
        return ""
    if words[0] in _ROWS:
        return "" if _are_transactional(reader, sql) else None
    kind = next((word for word in words[1:] if word not in _BETWEEN), "")
    if words[0] not in ("ALTER", "CREATE", "DROP", "RENAME") or kind not in _CATALOGUED or "TEMPORARY" in words[:4]:
        return None
    if words[0] == "DROP" and "," in sql:
        return None  # several objects, of which some may be gone
    return "\n".join(_definitions(reader, sql))


def _words(sql: str, most: int = 12) -> tuple[str, ...]:
    return tuple(word.upper() for word in islice(split.tokens(sql), most))


def _are_transactional(reader: Reader, sql: str) -> bool:
    return all(engine in _TRANSACTIONAL_ENGINES for (engine,) in _Search(reader, sql).rows(_ENGINES))


def _definitions(reader: Reader, sql: str) -> Iterator[str]:
    """How the server shows each object that bears a name of the statement."""
    search = _Search(reader, sql)
    for schema, name, kind in search.rows(_RELATIONS):
        word = {"VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}.get(kind, "TABLE")
        yield _COUNTER.sub("", _shown(reader, word, schema, name, 1))
    for schema, name in search.rows(_TRIGGERS):
        yield _shown(reader, "TRIGGER", schema, name, 2)
    for schema, kind, name in search.rows(_ROUTINES):
        yield _shown(reader, kind, schema, name, 2)
    for schema, name in search.rows(_EVENTS):
        yield _shown(reader, "EVENT", schema, name, 3)


def _shown(reader: Reader, kind: str, schema: str, name: str, column: int) -> str:
    return str(reader.rows(f"SHOW CREATE {kind} {quote(schema)}.{quote(name)}")[0][column])


class _Search:
    """Looks in the catalog for whatever a statement may name."""

    def __init__(self, reader: Reader, sql: str) -> None:
        self._reader = reader
        self._names = sorted({token.text for token in tokens(sql, "mysql") if re.search(r"\w", token.text)})
        [(database,)] = reader.rows("SELECT DATABASE()")
        self._schemas = sorted({*self._names, database} - {None})

    def rows(self, query: str) -> Sequence[tuple[str, ...]]:
        """The answer to a query with places for the names of schemas and of what is in them."""
        text = query.format(schemas=_marks(self._schemas), names=_marks(self._names))
        return self._reader.rows(text, (*self._schemas, *self._names))


def _marks(values: Iterable[str]) -> str:
    return ", ".join("%s" for _ in values)
