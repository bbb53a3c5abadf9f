"""What PostgreSQL can change in place, and what must step aside meanwhile.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

from msgspec.structs import replace

from querynl.dialects.expressions import mentions
from querynl.dialects.postgresql.options import INDEX_ATTRIBUTES, INDEX_ROLES, TABLE_ATTRIBUTES
from querynl.dialects.postgresql.rendering import definitions
from querynl.dialects.postgresql.rendering.columns import retyped
from querynl.dialects.postgresql.rendering.types import alters_domain, only_adds, only_extends, subtype
from querynl.dialects.postgresql.types import comparable, conversion, keeps_values
from querynl.operations import Change, Drop
from querynl.schema import (
    ROUTINES,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Domain,
    Enum,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    OptionValue,
    Part,
    Policy,
    PrimaryKey,
    Routine,
    Table,
    Trigger,
    Unique,
    View,
    ref_of,
)

_UNRENAMED = frozenset({Kind.EXTENSION, *ROUTINES, Kind.NAMESPACE})
# ALTER COLUMN … SET EXPRESSION came with this version.
_SETS_EXPRESSIONS = (17,)


def renames(kind: Kind) -> bool:
    return kind not in _UNRENAMED


def alters(before: AnyObject, after: AnyObject, version: tuple[int, ...]) -> bool:
    """Whether one becomes the other in place, both ways."""
    match before, after:
        case Column(), Column():
            return _alters_column(before, after, version)
        case Table(), Table():
            return before.server == after.server and _alters_table(before, after)
        case (PrimaryKey(), PrimaryKey()) | (Unique(), Unique()) | (Exclusion(), Exclusion()):
            return _is_same_key(before, after)
        case ForeignKey(), ForeignKey():
            timing = {"deferrable": after.deferrable, "initially_deferred": after.initially_deferred}
            return replace(before, comment=after.comment, validated=after.validated, **timing) == after
        case Check(), Check():
            return replace(before, comment=after.comment, validated=after.validated) == after
        case Index(), Index():
            fixed = INDEX_ATTRIBUTES - INDEX_ROLES
            kept = {name: value for name, value in before.options.items() if name in fixed}
            wanted = {name: value for name, value in after.options.items() if name in fixed}
            return kept == wanted and replace(before, comment=after.comment, options=after.options) == after
        case View(), View():
            of_columns = {"column_comments": after.column_comments, "column_defaults": after.column_defaults}
            said = replace(before, comment=after.comment, options=after.options, **of_columns)
            return _fixed(before) == _fixed(after) and said == after
        case Routine(), Routine():
            return _replaceable(before, after)
        case Trigger(), Trigger():
            return before.definition == after.definition
        case Definition(), Definition():
            return definitions.alters(before, after)
        case Policy(), Policy():
            # ALTER POLICY adds and replaces a condition, but takes none away.
            conditions = ((before.using, after.using), (before.check, after.check))
            same = (before.command, before.permissive) == (after.command, after.permissive)
            return same and all((old is None) == (new is None) for old, new in conditions)
        case _:
            return True


def _alters_table(before: Table, after: Table) -> bool:
    """Whether the key by which a table is partitioned, if it is, and the types of what is in it stay."""
    key = before.options.get("partition_by")
    if key is None or key != after.options.get("partition_by"):
        return key == after.options.get("partition_by")
    types = {column.name: (column.type, column.collation) for column in after.columns}
    return all(
        types.get(column.name, (column.type, column.collation)) == (column.type, column.collation)
        for column in before.columns
        if mentions(str(key), column.name, "postgresql")
    )


def _alters_column(before: Column, after: Column, version: tuple[int, ...]) -> bool:
    old, new = before.generated, after.generated
    if old is not None and new is not None:
        same = old == new or (version >= _SETS_EXPRESSIONS and old.stored == new.stored)
        return same and _casts_by_itself(before.type, after.type) and _casts_by_itself(after.type, before.type)
    # A column that is no longer computed keeps its values. One that is computed from now on is a new one, as its values
    # go; on the way back, where it was computed before, they are the same again.
    return new is None and (old is None or old.stored)


def _casts_by_itself(old: str, new: str) -> bool:
    """Whether the engine turns the one type into the other unasked: a generated column takes no USING."""
    return conversion("", old, new) is None


def _is_same_key(before: AnyObject, after: AnyObject) -> bool:
    """Whether a constraint with an index differs by its comment, and by what the index is used for, alone."""
    assert isinstance(before, PrimaryKey | Unique | Exclusion)
    assert isinstance(after, PrimaryKey | Unique | Exclusion)
    kept = {name: value for name, value in before.options.items() if name not in INDEX_ROLES}
    roles = {name: value for name, value in after.options.items() if name in INDEX_ROLES}
    return replace(before, comment=after.comment, options=kept | roles) == after


def _fixed(view: View) -> dict[str, OptionValue]:
    return {name: value for name, value in view.options.items() if name in TABLE_ATTRIBUTES}


def _replaceable(before: Routine, after: Routine) -> bool:
    """Whether CREATE OR REPLACE takes the new definition: the name, the arguments and the result stay."""
    if before.kind == "aggregate" or before.kind != after.kind:
        return before.definition == after.definition and before.kind == after.kind
    return header(before) == header(after) and _is_window(before) == _is_window(after)


def _is_window(routine: Routine) -> bool:
    return "\n WINDOW" in routine.definition.partition("\nAS ")[0]


def header(routine: Routine) -> str:
    """The definition up to where the catalog's own text names the language."""
    return routine.definition.partition("\n LANGUAGE ")[0]


def widens(before: AnyObject, after: AnyObject) -> bool:
    """Whether every value of a column, a domain or a range type is kept, and comes back, by what it becomes."""
    match before, after:
        case Column(type=old), Column(type=new):
            return keeps_values(old, new)
        case Domain(type=old), Domain(type=new):
            return keeps_values(old, new)
        case Definition(kind=Kind.RANGE_TYPE), Definition():
            return keeps_values(subtype(before), subtype(after))
        case _:
            return True


# -------------------------------------------------------------------------------------------- blocks


def blocks(operation: Drop | Change, dependent: AnyObject) -> bool:
    """Whether the dependent must be away while the operation is made."""
    match operation:
        case Drop(obj):
            return _blocks_drop(obj, dependent)
        case Change(Column() as before, Column() as after):
            return _blocks_column(before, after, dependent)
        case Change():
            return _replaces(operation) and not _moves_along(dependent)


def _replaces(change: Change) -> bool:
    """Whether it makes a type anew."""
    match change.before, change.after:
        case Enum() as before, Enum() as after:
            return not only_adds(before, after)
        case Domain() as before, Domain() as after:
            return not alters_domain(before, after)
        case CompositeType() as before, CompositeType() as after:
            return not only_extends(before, after)
        case Definition(kind=Kind.RANGE_TYPE) as before, Definition() as after:
            return before.definition != after.definition
        case _:
            return False


def _moves_along(dependent: AnyObject) -> bool:
    """Whether it is replaced, or brought back, together with the type that it is made of."""
    if isinstance(dependent, Definition):
        return dependent.kind is Kind.RANGE_TYPE
    return isinstance(dependent, Table | Part | Domain | CompositeType)


def _blocks_drop(obj: AnyObject, dependent: AnyObject) -> bool:
    match dependent:
        case Table() if isinstance(obj, Definition):
            # A foreign table has no rows to lose; what else names the object only seems to be made of it.
            return obj.kind is Kind.SERVER and dependent.server == obj.name
        case Column() if isinstance(obj, Definition | Routine):
            return dependent.generated is not None
        case CompositeType():
            return False
        case Routine() if isinstance(obj, Definition):
            return True
        case Routine():
            # A body that is kept as text may name what is not there.
            return _is_parsed(dependent) or obj.name is None or mentions(header(dependent), obj.name, "postgresql")
        case ForeignKey() if isinstance(obj, PrimaryKey | Unique):
            return set(dependent.referenced_columns) == set(obj.columns)
        case ForeignKey() if isinstance(obj, Index):
            keys = {key.column for key in obj.columns}
            return obj.unique and obj.where is None and set(dependent.referenced_columns) == keys
        case Domain():
            return False
        case _:
            return True


def freed(dependent: AnyObject, operation: Drop | Change) -> AnyObject:
    """The dependent without the defaults, and the checks of a domain, that name a dropped object.

    Of a type that is replaced, a column is without its default, and a domain without its checks, too.
    """
    if isinstance(operation, Change):
        if not _replaces(operation):
            return dependent
        match dependent:
            case Column():
                return replace(dependent, default=None)
            case Domain():
                return replace(dependent, default=None, checks=())
            case _:
                return dependent
    dropped = operation.obj
    if not isinstance(dropped, Routine | Definition):
        return dependent
    match dependent:
        case Column() if definitions.is_named(dropped, dependent.default):
            return replace(dependent, default=None)
        case Domain():
            checks = tuple(check for check in dependent.checks if not definitions.is_named(dropped, check.expression))
            default = None if definitions.is_named(dropped, dependent.default) else dependent.default
            if (checks, default) == (dependent.checks, dependent.default):
                return dependent
            needs = tuple(need for need in dependent.depends_on if need.ref != ref_of(dropped))
            return replace(dependent, checks=checks, default=default, depends_on=needs)
        case _:
            return dependent


def _is_parsed(routine: Routine) -> bool:
    """Whether the server keeps the body as parsed SQL, with its dependencies."""
    return "\nBEGIN ATOMIC" in routine.definition or "\nRETURN " in routine.definition


def _blocks_column(before: Column, after: Column, dependent: AnyObject) -> bool:
    if (before.generated is None) != (after.generated is None):
        return True
    if not retyped(before, after):
        return False
    match dependent:
        case ForeignKey():
            return not comparable(before.type, after.type)
        case PrimaryKey() | Unique() | Index() | Check() | Exclusion():
            return False  # the engine builds them anew by itself
        case _:
            return True
