"""What an operation does to the rows that are there, in one or two exact sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, assert_never

from msgspec.structs import replace

from querynl.english.attributes import index_keys, quoted
from querynl.english.wording import listed
from querynl.operations import Change, Create, Drop, Operation, Rename, RunSQL
from querynl.rows import RowCount
from querynl.schema import (
    AnyObject,
    Check,
    Column,
    CompositeType,
    Constraint,
    Domain,
    Enum,
    Exclusion,
    Extension,
    ForeignKey,
    Index,
    Kind,
    Name,
    PrimaryKey,
    Sequence,
    Table,
    Unique,
    View,
)

Way = Literal["up", "down"]

# What stops where rows do not fit, and what brings back what was taken.
_STOPS: dict[Way, str] = {"up": "The migration stops", "down": "The rollback stops"}
_UNDOING: dict[Way, str] = {"up": "rolling back", "down": "applying again"}


def effect(operation: Operation, *, widens: bool = False, rows: RowCount | None = None, way: Way = "up") -> str | None:
    """What the operation does to data; None where it touches none and asks nothing of it.

    `widens`: the engine keeps every value of a changed column as it is. `rows`: how many the table has,
    where somebody counted them. `way`: whether this is the migration itself or its undoing.
    """
    match operation:
        case Create(inherited=True) | Drop(inherited=True):
            said = iter(["The rows keep their values."])
        case Create(obj, table):
            said = _of_creation(obj, table, way)
        case Drop(obj, table):
            said = _of_drop(obj, table, rows, way)
        case Change():
            said = _of_change(operation, widens, _STOPS[way])
        case Rename(ref, _):
            said = iter(["The rows keep their values."] if ref.kind in (Kind.TABLE, Kind.COLUMN) else [])
        case RunSQL():
            said = _of_sql(operation, way)
        case _:
            assert_never(operation)
    return " ".join(said) or None


def _of_creation(obj: AnyObject, table: Name | None, way: Way) -> Iterator[str]:
    match obj:
        case Table(server=None) if way == "down":
            yield f"{obj.key} comes back without its rows."
        case Column():
            yield from _of_new_column(obj, table)
        case View(materialized=True):
            yield "Its rows are computed and stored."
        case PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
            yield from _of_constraint(obj, table, _STOPS[way])


def _of_new_column(column: Column, table: Name | None) -> Iterator[str]:
    if column.generated is None and column.identity is None and column.default is None and not column.nullable:
        yield f"{table} must have no rows: {column.name} is required and has no value for them."
        return
    if column.generated is not None:
        value = "is computed for each of them"
    elif column.identity is not None:
        value = "numbers them"
    elif column.default is not None:
        value = f"is {column.default} in all of them"
    else:
        value = "is empty in all of them"
    yield f"The rows of {table} keep their values; {column.name} {value}."


def _of_constraint(
    obj: PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index, table: Name | None, stops: str
) -> Iterator[str]:
    match obj:
        case PrimaryKey():
            yield f"{stops} if two rows of {table} have the same {listed(obj.columns)}, or one has none."
        case Unique():
            yield f"{stops} if two rows of {table} have the same {listed(obj.columns)}."
        case ForeignKey(validated=False) | Check(validated=False):
            yield f"The rows already in {table} are not checked."
        case ForeignKey():
            yield f"{stops} if a row of {table} refers to a row that {obj.target} does not have."
        case Check(enforced=True):
            yield f"{stops} if a row of {table} does not satisfy it."
        case Exclusion():
            where = f" where {obj.where}" if obj.where is not None else ""
            yield f"{stops} if two rows of {table}{where} exclude each other by {index_keys(obj.elements)}."
        case Index(unique=True):
            keys = listed([key.column or key.expression or "" for key in obj.columns])
            where = f" where {obj.where}" if obj.where is not None else ""
            yield f"{stops} if two rows of {table}{where} have the same {keys}."


def _of_drop(obj: AnyObject, table: Name | None, rows: RowCount | None, way: Way) -> Iterator[str]:
    undoing = _UNDOING[way]
    match obj:
        case Table(server=None):
            number = "every row" if rows is None else f"the {rows} {'row' if rows.rows == 1 else 'rows'}"
            yield f"Deletes {number} of {obj.key}; {undoing} brings the table back empty."
        case Column(generated=None):
            number = "" if rows is None else f" in {rows} {'row' if rows.rows == 1 else 'rows'} of {table}"
            yield f"Deletes the column {obj.name} and its values{number}; {undoing} brings the column back empty."
        case Column():
            yield f"The values of {obj.name} go; they are computed, and {undoing} computes them again."
        case View(materialized=True):
            yield f"Its stored rows go; {undoing} computes them again."
        case Sequence():
            yield f"The number that {obj.name} has come to is lost; {undoing} starts it anew."
        case Extension():
            yield f"What {obj.name} brought with it goes too."


def _of_change(change: Change, widens: bool, stops: str) -> Iterator[str]:
    before, after, table = change.before, change.after, change.table
    match before, after:
        case Column(), Column():
            yield from _of_changed_column(before, after, change, widens, stops)
        case Enum(), Enum():
            removed = [value for value in before.values if value not in after.values]
            if removed:
                yield f"{stops} if a row still has {quoted(removed)}."
        case Domain(), Domain():
            if (before.type, before.nullable, before.checks) != (after.type, after.nullable, after.checks):
                yield f"{stops} if a value of {after.name} does not fit."
        case CompositeType(), CompositeType():
            types = {attribute.name: attribute.type for attribute in after.attributes}
            if gone := [attribute.name for attribute in before.attributes if attribute.name not in types]:
                yield f"Deletes {listed(gone)} from every value of {after.name}."
            if any(types.get(attribute.name, attribute.type) != attribute.type for attribute in before.attributes):
                yield f"Existing values are converted; {stops[:1].lower()}{stops[1:]} if one does not fit."
        case _, (PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index()) if _is_more_than_comment(
            before, after
        ):
            yield from _of_constraint(after, table, stops)


def _is_more_than_comment(before: AnyObject, after: Constraint | Index) -> bool:
    """Whether rows that satisfied the old constraint may break the new one."""
    return before != replace(after, comment=getattr(before, "comment", None))


def _of_changed_column(before: Column, after: Column, change: Change, widens: bool, stops: str) -> Iterator[str]:
    if after.generated is not None and before.generated != after.generated:
        yield f"The values of {after.name} are replaced by computed ones."
        return
    if change.using is not None:
        yield f"Existing values become {change.using}; {stops[:1].lower()}{stops[1:]} if one does not fit."
    elif before.type != after.type and widens:
        yield "Existing values are kept as they are."
    elif before.type != after.type:
        yield f"Existing values are converted; {stops[:1].lower()}{stops[1:]} if one does not fit."
    if before.nullable and not after.nullable:
        yield f"{stops} if a row of {change.table} has no {after.name}."
    if before.default != after.default and before.type == after.type:
        yield "Existing values are kept; the default is for new rows."


def _of_sql(operation: RunSQL, way: Way) -> Iterator[str]:
    if operation.table is not None:
        yield f"It may change any row of {operation.table}."
    if operation.down is None and way == "up":
        yield "There is no way back from it."
