"""Indexes as SQL.

https://www.postgresql.org/docs/current/sql-createindex.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.options import INDEX_ATTRIBUTES, parameters
from querynl.dialects.postgresql.rendering import attached, roles
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.rendering.constraints import assigned, index_key, listed
from querynl.dialects.postgresql.spelling import qualified, quote
from querynl.schema import Index, Name


def create(table: Name, index: Index, around: Around) -> Iterator[str]:
    given = attached.taken_over(table, index, around)
    if given is not None:
        yield from given
    else:
        yield _create(table, index)
        yield from attached.attaching(table, index, around.after)
    yield from roles.given(table, index)
    if index.comment is not None:
        yield _comment(table, index)


def _create(table: Name, index: Index) -> str:
    words = ["CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX"]
    if index.name is not None:
        words.append(quote(index.name))
    words.append(f"ON {'ONLY ' if index.options.get('only') else ''}{qualified(*table)}")
    if index.method is not None:
        words.append(f"USING {quote(index.method)}")
    words.append(f"({', '.join(map(index_key, index.columns))})")
    if index.include:
        words.append(f"INCLUDE ({listed(index.include)})")
    if index.nulls_not_distinct:
        words.append("NULLS NOT DISTINCT")
    if settings := parameters(index.options, INDEX_ATTRIBUTES):
        words.append(f"WITH ({assigned(settings)})")
    if "tablespace" in index.options:
        words.append(f"TABLESPACE {quote(str(index.options['tablespace']))}")
    if index.where is not None:
        words.append(f"WHERE {index.where}")
    return " ".join(words)


def _address(table: Name, index: Index) -> str:
    assert index.name is not None
    return qualified(table.namespace, index.name)


def _comment(table: Name, index: Index) -> str:
    return comment_on("INDEX", _address(table, index), index.comment)


def drop(table: Name, index: Index, around: Around) -> Iterator[str]:
    left = attached.left_in_place(table, index, around)
    if isinstance(left, Index):
        yield from attached.renamed(table, index, str(left.name))
        yield from change(table, replace(index, name=left.name), left, around)
        return
    yield from roles.taken(table, index, around)
    if attached.goes_by_itself(table, index, around):
        return
    cascade = " CASCADE" if attached.has_constraints(table, index, around.before) else ""
    yield f"DROP INDEX {_address(table, index)}{cascade}"


def change(table: Name, old: Index, new: Index, around: Around) -> Iterator[str]:
    """A change in place: of storage parameters, tablespace, the index's roles and its comment."""
    address = _address(table, new)
    before, after = parameters(old.options, INDEX_ATTRIBUTES), parameters(new.options, INDEX_ATTRIBUTES)
    if gone := sorted(before.keys() - after.keys()):
        yield f"ALTER INDEX {address} RESET ({', '.join(gone)})"
    if changed := {name: value for name, value in after.items() if before.get(name) != value}:
        yield f"ALTER INDEX {address} SET ({assigned(changed)})"
    if old.options.get("tablespace") != new.options.get("tablespace"):
        yield f"ALTER INDEX {address} SET TABLESPACE {quote(str(new.options.get('tablespace', 'pg_default')))}"
    yield from roles.change(table, old, new, around)
    if old.comment != new.comment:
        yield _comment(table, new)
