"""What a statement that runs outside a transaction leaves behind in the catalog.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from __future__ import annotations

from querynl.dialects.expressions import tokens
from querynl.dialects.postgresql.spelling import qualified
from querynl.dialects.postgresql.split import split
from querynl.dialects.protocol import Reader

_HARMLESS = frozenset(("ANALYZE", "CHECKPOINT", "REINDEX", "VACUUM"))

# A build that was cut off leaves an index that is not valid, which is none.
_RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind::text, pg_get_expr(c.relpartbound, c.oid),
        CASE WHEN i.indexrelid IS NOT NULL THEN pg_get_indexdef(i.indexrelid) END,
        COALESCE((SELECT string_agg(h.inhparent::regclass::text || h.inhdetachpending::text, ',' ORDER BY h.inhseqno)
            FROM pg_inherits h WHERE h.inhrelid = c.oid), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relname::text = ANY(%s) AND COALESCE(i.indisvalid, true) ORDER BY 1, 2"""
_LABELS = """
    SELECT n.nspname, t.typname, string_agg(e.enumlabel::text, ',' ORDER BY e.enumsortorder)
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typname::text = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2"""
_INVALID = """
    SELECT n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relname::text = ANY(%s)"""


def trace(reader: Reader, sql: str) -> str | None:
    """See `Dialect.trace`."""
    words = _words(sql)
    if not words or words[0] in _HARMLESS or all(statement.transactional for statement in split(sql)):
        return ""
    names = _names(sql)
    if words[1:2] in (["INDEX"], ["TABLE"]) or words[1:3] == ["UNIQUE", "INDEX"]:
        return repr(reader.rows(_RELATIONS, (names,)))
    if words[:2] == ["ALTER", "TYPE"]:
        return repr(reader.rows(_LABELS, (names,)))
    return None


def clearing(reader: Reader, sql: str) -> list[str]:
    """The statements that take away what an earlier attempt at this one left halfway."""
    words = _words(sql)
    if words[:1] != ["CREATE"] or "CONCURRENTLY" not in words:
        return []
    name = words.index("CONCURRENTLY") + 1
    if words[name : name + 3] == ["IF", "NOT", "EXISTS"]:
        name += 3
    found = tokens(sql, "postgresql")[name : name + 1]
    if not found or words[name] == "ON":
        return []
    left = reader.rows(_INVALID, ([found[0].text],))
    return [f"DROP INDEX CONCURRENTLY {qualified(*index)}" for index in left]


def _words(sql: str) -> list[str]:
    return [token.text.upper() for token in tokens(sql, "postgresql")[:12]]


def _names(sql: str) -> list[str]:
    """Every word of the statement that may be a name, as written and in lower case."""
    texts = {token.text for token in tokens(sql, "postgresql")}
    return sorted(texts | {text.lower() for text in texts})
