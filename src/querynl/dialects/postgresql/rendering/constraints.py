"""Constraints as SQL.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from querynl.dialects.postgresql.heirs import whole
from querynl.dialects.postgresql.options import INDEX_ATTRIBUTES, parameters
from querynl.dialects.postgresql.rendering import attached, roles
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.spelling import collation_text, literal, qualified, quote
from querynl.operations import Catalog
from querynl.schema import Check, Constraint, Exclusion, ForeignKey, IndexKey, Name, PrimaryKey, Unique


def listed(names: Iterable[str]) -> str:
    return ", ".join(map(quote, names))


def definition(constraint: Constraint) -> str:
    """The constraint as CREATE TABLE and ADD want it; one that is not validated is for ADD only."""
    words = [] if constraint.name is None else [f"CONSTRAINT {quote(constraint.name)}"]
    match constraint:
        case PrimaryKey() | Unique():
            words += _key_words(constraint)
        case ForeignKey():
            words += _foreign_key_words(constraint)
        case Exclusion():
            words += _exclusion_words(constraint)
        case Check():
            words.append(f"CHECK ({constraint.expression})")
            if not constraint.inherited:
                words.append("NO INHERIT")
            if not constraint.enforced:
                words.append("NOT ENFORCED")
    if isinstance(constraint, PrimaryKey | Unique | ForeignKey | Exclusion):
        if constraint.deferrable:
            words.append("DEFERRABLE")
        if constraint.initially_deferred:
            words.append("INITIALLY DEFERRED")
    if constraint.options.get("not_enforced"):
        words.append("NOT ENFORCED")
    if not is_validated(constraint):
        words.append("NOT VALID")
    return " ".join(words)


def is_validated(constraint: Constraint) -> bool:
    return constraint.validated if isinstance(constraint, ForeignKey | Check) else True


def _key_words(key: PrimaryKey | Unique) -> Iterator[str]:
    yield "PRIMARY KEY" if isinstance(key, PrimaryKey) else "UNIQUE"
    if isinstance(key, Unique) and key.nulls_not_distinct:
        yield "NULLS NOT DISTINCT"
    overlaps = " WITHOUT OVERLAPS" if key.options.get("without_overlaps") else ""
    yield f"({listed(key.columns)}{overlaps})"
    yield from _index_words(key)


def _exclusion_words(exclusion: Exclusion) -> Iterator[str]:
    yield "EXCLUDE" if exclusion.method is None else f"EXCLUDE USING {quote(exclusion.method)}"
    yield f"({', '.join(f'{index_key(element)} WITH {element.operator}' for element in exclusion.elements)})"
    yield from _index_words(exclusion)
    if exclusion.where is not None:
        yield f"WHERE ({exclusion.where})"


def _index_words(part: PrimaryKey | Unique | Exclusion) -> Iterator[str]:
    """What is said of the index behind a constraint."""
    if part.include:
        yield f"INCLUDE ({listed(part.include)})"
    if settings := parameters(part.options, INDEX_ATTRIBUTES):
        yield f"WITH ({assigned(settings)})"
    if "tablespace" in part.options:
        yield f"USING INDEX TABLESPACE {quote(str(part.options['tablespace']))}"


def index_key(key: IndexKey) -> str:
    """What an index is made of, as CREATE INDEX and EXCLUDE want it."""
    words = [quote(key.column) if key.column is not None else f"({key.expression})"]
    if key.collation is not None:
        words.append(f"COLLATE {collation_text(key.collation)}")
    if key.opclass is not None:
        words.append(key.opclass)
    if key.order == "desc":
        words.append("DESC")
    if key.nulls is not None:
        words.append(f"NULLS {key.nulls.upper()}")
    return " ".join(words)


def assigned(settings: Mapping[str, str]) -> str:
    """Storage parameters as WITH and SET list them."""
    return ", ".join(f"{name} = {literal(value)}" for name, value in sorted(settings.items()))


def _foreign_key_words(key: ForeignKey) -> Iterator[str]:
    columns, referenced = list(map(quote, key.columns)), list(map(quote, key.referenced_columns))
    if key.options.get("period"):
        columns[-1], referenced[-1] = f"PERIOD {columns[-1]}", f"PERIOD {referenced[-1]}"
    target = f"({', '.join(referenced)})" if referenced else ""
    yield f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {qualified(*key.target)} {target}".rstrip()
    if key.match == "full":
        yield "MATCH FULL"
    if key.on_update != "no action":
        yield f"ON UPDATE {key.on_update.upper()}"
    if key.on_delete != "no action":
        only = key.options.get("on_delete_columns")
        names = f" ({only})" if only else ""
        yield f"ON DELETE {key.on_delete.upper()}{names}"


def add(table: Name, constraint: Constraint, around: Around) -> Iterator[str]:
    given = attached.taken_over(table, constraint, around)
    if given is not None:
        yield from given
    else:
        only = "ONLY " if constraint.options.get("only") else ""
        yield f"ALTER TABLE {only}{qualified(*table)} ADD {definition(constraint)}"
        yield from attached.attaching(table, constraint, around.after)
    yield from attributes(table, constraint)


def attributes(table: Name, constraint: Constraint) -> Iterator[str]:
    """What a new constraint has beyond its definition."""
    yield from roles.given(table, constraint)
    if constraint.comment is not None:
        yield _comment(table, constraint)


def _comment(table: Name, constraint: Constraint) -> str:
    assert constraint.name is not None
    return comment_on("CONSTRAINT", f"{quote(constraint.name)} ON {qualified(*table)}", constraint.comment)


def _timing(constraint: Constraint) -> str | None:
    """When a foreign key is checked."""
    if not isinstance(constraint, ForeignKey):
        return None
    when = "DEFERRABLE" if constraint.deferrable else "NOT DEFERRABLE"
    return f"{when} INITIALLY DEFERRED" if constraint.initially_deferred else when


def drop(table: Name, constraint: Constraint, around: Around) -> Iterator[str]:
    assert constraint.name is not None
    left = attached.left_in_place(table, constraint, around)
    if isinstance(left, PrimaryKey | Unique | Exclusion):
        yield from attached.renamed(table, replace(left, name=constraint.name), str(left.name))
        yield from change(table, replace(constraint, name=left.name), left, around)
        return
    yield from roles.taken(table, constraint, around)
    if attached.goes_by_itself(table, constraint, around):
        return
    if isinstance(constraint, Check) and has_from_parents(table, constraint, around.before):
        return  # it stays as what it is there
    yield alter(table, [f"DROP CONSTRAINT {quote(constraint.name)}"])


def has_from_parents(table: Name, check: Check, catalog: Catalog) -> bool:
    """Whether the table has a check of that name from one it inherits from."""
    found = catalog.table(table)
    parents = [whole(parent, catalog) for parent in found.inherits] if found is not None else []
    return any(known.name == check.name and known.inherited for parent in parents for known in parent.checks)


def change(table: Name, old: Constraint, new: Constraint, around: Around) -> Iterator[str]:
    """A change in place: of the comment and of what the index is used for; of a foreign key or check also of whether
    and when rows are checked."""
    assert new.name is not None
    name = quote(new.name)
    if is_validated(old) and not is_validated(new):
        yield alter(table, [f"DROP CONSTRAINT {name}", f"ADD {definition(new)}"])
        if new.comment is not None:
            yield _comment(table, new)
        return
    if _timing(old) != _timing(new):
        yield alter(table, [f"ALTER CONSTRAINT {name} {_timing(new)}"])
    if is_validated(new) and not is_validated(old):
        yield alter(table, [f"VALIDATE CONSTRAINT {name}"])
    yield from roles.change(table, old, new, around)
    if old.comment != new.comment:
        yield _comment(table, new)
