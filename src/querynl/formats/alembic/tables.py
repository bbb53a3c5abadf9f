"""Tables and their parts as SQLAlchemy's constructs: `sa.Column`, `sa.ForeignKeyConstraint`, `op.create_index`, …"""

from __future__ import annotations

from querynl.formats.alembic.code import Call, Code, call, listing, literal, names_of
from querynl.formats.alembic.engines import Engine
from querynl.formats.alembic.engines.engine import Keywords
from querynl.formats.alembic.words import Inexpressible, constraint_name, require_only, required_name, schema_of, text
from querynl.schema import Check, Column, Constraint, ForeignKey, Index, Name, PrimaryKey, Table, Unique

# What there are words for here; an engine may have none for some of them.
_COLUMN_FIELDS = (
    *("type", "nullable", "default", "identity", "generated", "on_update"),
    *("charset", "collation", "comment", "options"),
)
_CONSTRAINT_FIELDS: dict[type[Constraint], tuple[str, ...]] = {
    PrimaryKey: ("columns", "deferrable", "initially_deferred", "include"),
    Unique: ("columns", "deferrable", "initially_deferred", "include", "nulls_not_distinct"),
    ForeignKey: (
        *("columns", "references", "referenced_columns", "references_namespace", "on_delete", "on_update"),
        *("match", "deferrable", "initially_deferred", "validated"),
    ),
    Check: ("expression", "validated"),
}
_INDEX_FIELDS = ("columns", "unique", "method", "include", "where", "nulls_not_distinct")


def create_table(table: Table, engine: Engine) -> Call:
    """The call that creates a table with its constraints, but without its indexes and what `added_later` names."""
    parts = ("columns", "primary_key", "uniques", "foreign_keys", "checks", "indexes")
    require_only(table, *parts, "namespace", "comment", "options")
    keys = [key.columns for key in (table.primary_key, *table.uniques) if key is not None]
    if len(set(keys)) < len(keys):
        raise Inexpressible("an engine may take two keys of the same columns in one CREATE TABLE for one")
    items: list[Code] = [column(part, engine, table) for part in table.columns]
    if table.primary_key is not None:
        items.append(_primary_key(table.primary_key, engine, table))
    items += [_unique(part, engine, table) for part in table.uniques]
    items += [_foreign_key(part, engine, table) for part in table.foreign_keys if part.validated]
    items += [_check(part, engine, table) for part in table.checks if part.validated]
    keywords: Keywords = dict(engine.table_keywords(table))
    if table.namespace is not None:
        keywords["schema"] = literal(table.namespace)
    if table.comment is not None:
        keywords["comment"] = literal(table.comment)
    return call("op.create_table", literal(table.name), *items, **keywords)


def added_later(table: Table) -> list[ForeignKey | Check]:
    """The constraints that are not validated: in CREATE TABLE they would be."""
    checks = [part for part in table.checks if not part.validated]
    return [*checks, *(part for part in table.foreign_keys if not part.validated)]


def column(part: Column, engine: Engine, table: Table | None = None) -> Call:
    """The column; `table` is the new one that it is part of, None where it is added to one that is there."""
    require_only(part, *_COLUMN_FIELDS)
    computed = engine.computed_of(part)
    return call(
        "sa.Column",
        literal(part.name),
        engine.type_of(part, table),
        *(() if computed is None else (computed,)),
        **engine.column_keywords(part, table),
        server_default=engine.default_of(part),
        nullable=str(engine.nullable(part, table)),
        comment=None if part.comment is None else literal(part.comment),
    )


def _primary_key(key: PrimaryKey, engine: Engine, table: Table) -> Call:
    columns = map(literal, key.columns)
    return call("sa.PrimaryKeyConstraint", *columns, name=constraint_name(key.name), **_extras(key, engine, table))


def _unique(unique: Unique, engine: Engine, table: Table) -> Call:
    columns = map(literal, unique.columns)
    return call("sa.UniqueConstraint", *columns, name=constraint_name(unique.name), **_extras(unique, engine, table))


def _foreign_key(key: ForeignKey, engine: Engine, table: Table) -> Call:
    path = [name for name in key.target if name is not None]
    return call(
        "sa.ForeignKeyConstraint",
        names_of(key.columns),
        names_of([".".join((*path, column)) for column in key.referenced_columns]),
        name=constraint_name(key.name),
        **_rules(key),
        **_extras(key, engine, table),
    )


def _check(check: Check, engine: Engine, table: Table) -> Call:
    condition = text(check.expression)
    return call("sa.CheckConstraint", condition, name=constraint_name(check.name), **_extras(check, engine, table))


def _rules(key: ForeignKey) -> Keywords:
    if not key.referenced_columns or any("." in (name or "") for name in (*key.target, *key.referenced_columns)):
        raise Inexpressible("SQLAlchemy names the target of a foreign key by table.column")
    found: Keywords = {}
    if key.on_update != "no action":
        found["onupdate"] = literal(key.on_update.upper())
    if key.on_delete != "no action":
        found["ondelete"] = literal(key.on_delete.upper())
    if key.match == "full":
        found["match"] = literal("FULL")
    return found


def _extras(part: Constraint, engine: Engine, table: Table | None) -> Keywords:
    """When the constraint is checked, and what only its engine says of it."""
    require_only(part, *_CONSTRAINT_FIELDS[type(part)])
    found: Keywords = {}
    if not isinstance(part, Check) and part.deferrable:
        found["deferrable"] = "True"
        found["initially"] = literal("DEFERRED" if part.initially_deferred else "IMMEDIATE")
    return found | engine.constraint_keywords(part, table)


# ------------------------------------------------------------------------- parts of a table that is there


def create_index(index: Index, name: Name, engine: Engine) -> Call:
    """The call that creates an index."""
    require_only(index, *_INDEX_FIELDS)
    return call(
        "op.create_index",
        required_name(index.name),
        literal(name.name),
        listing(*engine.index_keys(index)),
        unique=str(index.unique),
        schema=schema_of(name.namespace),
        **engine.index_keywords(index),
    )


def add_constraint(part: PrimaryKey | Unique | ForeignKey | Check, name: Name, engine: Engine) -> Call:
    """The call that adds a constraint to a table."""
    if not engine.adds_constraints:
        raise Inexpressible("a constraint of a table that is there")
    extras = _extras(part, engine, None)
    table, schema = literal(name.name), schema_of(name.namespace)
    match part:
        case PrimaryKey():
            title: Code = constraint_name(part.name) or "None"
            return call("op.create_primary_key", title, table, names_of(part.columns), schema=schema, **extras)
        case Unique():
            title = required_name(part.name)
            return call("op.create_unique_constraint", title, table, names_of(part.columns), schema=schema, **extras)
        case Check():
            title = required_name(part.name)
            return call("op.create_check_constraint", title, table, text(part.expression), schema=schema, **extras)
        case ForeignKey():
            return _add_foreign_key(part, name, extras)


def _add_foreign_key(key: ForeignKey, name: Name, extras: Keywords) -> Call:
    return call(
        "op.create_foreign_key",
        required_name(key.name),
        literal(name.name),
        literal(key.references),
        names_of(key.columns),
        names_of(key.referenced_columns),
        **_rules(key),
        **extras,
        source_schema=schema_of(name.namespace),
        referent_schema=schema_of(key.references_namespace),
    )
