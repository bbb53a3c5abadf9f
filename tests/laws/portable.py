"""Hypothesis strategies: portable declared schemas, and pairs of them.

Names are few and hostile, so that two schemas drawn apart have much in common, and nothing may rely on
a name being harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from msgspec.structs import replace

from querynl.dialects import Dialect
from querynl.schema import (
    Action,
    Check,
    Column,
    Enum,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexColumn,
    PrimaryKey,
    Schema,
    Table,
    Unique,
)

TABLES = ("users", "posts", "sel'ect", 'Or"der `x`')
COLUMNS = ("a", "b", "from", "c d", 'q"u`o', "ünï")
TYPES = {
    "integer": ("0", "42", "-1"),
    "bigint": ("7",),
    "smallint": ("1",),
    "varchar(20)": ("'x'", "'it''s'", "''"),
    "varchar(200)": ("'x'",),
    "decimal(10,2)": ("1.50",),
    "double": ("2.5",),
    "boolean": ("TRUE", "FALSE"),
    "date": ("'2020-01-31'",),
    "timestamptz": ("CURRENT_TIMESTAMP",),
    "text": (),
    "json": (),
    "uuid": (),
    "bytes": (),
    "mood": ("'ok'",),
}
WHOLE_NUMBERS = ("integer", "bigint", "smallint")
# Types whose columns every engine can index whole.
INDEXABLE = (*WHOLE_NUMBERS, "varchar(20)", "decimal(10,2)", "date", "timestamptz")
MOOD = Enum(name="mood", values=("sad", "ok", "it's"))


@dataclass(frozen=True)
class Pair:
    """Two declared schemas; the second one may say that things in it were renamed."""

    before: Schema
    after: Schema


def schemas(dialect: Dialect) -> st.SearchStrategy[Schema]:
    """Declared schemas that the engine takes."""
    return _schemas(dialect)


@st.composite
def pairs(draw: st.DrawFn, dialect: Dialect) -> Pair:
    """Two schemas that share names, with some of what could be a rename declared as one."""
    before, after = draw(_schemas(dialect)), draw(_schemas(dialect))
    return Pair(before, draw(_with_renames(before, after)))


@st.composite
def _schemas(draw: st.DrawFn, dialect: Dialect) -> Schema:
    tables: list[Table] = []
    for name in draw(st.lists(st.sampled_from(TABLES), unique=True, max_size=3)):
        table = draw(_tables(name, dialect))
        keys = draw(st.lists(st.sampled_from((*tables, table)), unique_by=lambda parent: parent.name, max_size=2))
        for parent in keys:
            table = draw(_referring(table, parent))
        tables.append(table)
    used = any(column.type == MOOD.name for table in tables for column in table.columns)
    return Schema(tables=tuple(tables), enums=(MOOD,) if used else ())


@st.composite
def _tables(draw: st.DrawFn, name: str, dialect: Dialect) -> Table:
    columns = [draw(_columns(column)) for column in draw(_some(COLUMNS, 4))]
    key = draw(st.sampled_from(("identity", "plain", "composite", "none")))
    numbers = [column.name for column in columns if column.type in WHOLE_NUMBERS]
    primary: PrimaryKey | None = None
    if key in ("identity", "plain") or not columns:
        identity = Identity() if key == "identity" else None
        columns.insert(0, Column(name="id", type="bigint", nullable=False, identity=identity))
        primary = PrimaryKey(columns=("id",))
    elif key == "composite" and len(numbers) > 1:
        columns = [replace(c, nullable=False) if c.name in numbers[:2] else c for c in columns]
        primary = PrimaryKey(columns=tuple(numbers[:2]))
    if draw(st.booleans()) and numbers:
        expression = f"{dialect.quote(numbers[0])} + 1"
        columns.append(Column(name="next", type="bigint", generated=Generated(expression=expression)))
    return Table(
        name=name,
        columns=tuple(columns),
        primary_key=primary,
        uniques=tuple(draw(_uniques(columns))),
        checks=tuple(Check(expression=f"{dialect.quote(n)} > -100") for n in draw(_some(numbers, 1))),
        indexes=tuple(draw(_indexes(name, columns, dialect))),
        comment=draw(_comments(dialect)),
    )


@st.composite
def _columns(draw: st.DrawFn, name: str) -> Column:
    kind = draw(st.sampled_from(sorted(TYPES)))
    default = draw(st.none() | st.sampled_from(TYPES[kind])) if TYPES[kind] else None
    return Column(name=name, type=kind, nullable=draw(st.booleans()), default=default)


def _some(names: Sequence[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=most) if names else st.just([])


def _comments(dialect: Dialect) -> st.SearchStrategy[str | None]:
    return st.none() if dialect.name == "sqlite" else st.sampled_from((None, 'it\'s -- a "comment"; `all`'))


def _indexable(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if column.type in INDEXABLE and column.generated is None]


@st.composite
def _uniques(draw: st.DrawFn, columns: Sequence[Column]) -> list[Unique]:
    names = draw(_some(_indexable(columns), 2))
    return [Unique(columns=tuple(names))] if draw(st.booleans()) and names else []


@st.composite
def _indexes(draw: st.DrawFn, table: str, columns: Sequence[Column], dialect: Dialect) -> list[Index]:
    names = draw(_some(_indexable(columns), 2))
    if not names:
        return []
    keys = tuple(IndexColumn(column=name, order=draw(st.sampled_from(("asc", "desc")))) for name in names)
    texts = [column.name for column in columns if column.type == "varchar(20)"]
    found = [Index(name=f"by {table}", columns=keys, unique=draw(st.booleans()))]
    if dialect.name in ("postgresql", "sqlite"):
        if draw(st.booleans()):
            found[0] = replace(found[0], where=f"{dialect.quote(names[0])} IS NOT NULL")
        if texts:
            key = IndexColumn(expression=f"lower({dialect.quote(texts[0])})")
            found.append(Index(name=f"lower {table}", columns=(key,)))
    return found


@st.composite
def _referring(draw: st.DrawFn, table: Table, parent: Table) -> Table:
    """The table with a column that refers to the parent's key, where that is one column."""
    if parent.primary_key is None or len(parent.primary_key.columns) != 1:
        return table
    column = Column(name=f"{parent.name} ref", type="bigint")
    actions: tuple[Action, ...] = ("no action", "cascade", "set null")
    action = draw(st.sampled_from(actions))
    key = ForeignKey(
        columns=(column.name,),
        references=parent.name,
        referenced_columns=parent.primary_key.columns,
        on_delete=action,
    )
    return replace(table, columns=(*table.columns, column), foreign_keys=(*table.foreign_keys, key))


@st.composite
def _with_renames(draw: st.DrawFn, before: Schema, after: Schema) -> Schema:
    """The schema after with some pairs of a gone and an alike new column declared as renames."""
    old_tables = {table.name: table for table in before.tables}
    tables = []
    for table in after.tables:
        old = old_tables.get(table.name)
        gone = {} if old is None else {c.name: c for c in old.columns if table.column(c.name) is None}
        columns = []
        for column in table.columns:
            alike = [name for name, c in gone.items() if c.type == column.type and c.generated is None]
            known = old is None or old.column(column.name) is not None or column.generated is not None
            if alike and not known and draw(st.booleans()):
                gone.pop(alike[0])
                columns.append(replace(column, renamed_from=alike[0]))
            else:
                columns.append(column)
        tables.append(replace(table, columns=tuple(columns)))
    return replace(after, tables=tuple(tables))
