"""Tables of MariaDB that keep the rows they had, and periods between two columns, as options of a table.

https://mariadb.com/kb/en/system-versioned-tables/, https://mariadb.com/kb/en/application-time-periods/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from querynl.dialects.mysql.spelling import quote
from querynl.dialects.mysql.split import setting
from querynl.operations import Change, Create, Operation
from querynl.schema import Column, OptionValue, Table

# Whether the table keeps old rows, or, False, whether a column is left out of that.
VERSIONED = "system_versioning"
# What stands for an expression where a column says since or until when a row was true.
ROW_ENDS = ("ROW START", "ROW END")
# Stands before the name of a period, in the key of the columns that it lies between.
PERIOD = "period "

_SYSTEM_TIME = f"{PERIOD}SYSTEM_TIME"

# Without it such a table refuses to be altered (error 4119).
KEEP_HISTORY = setting("SET SESSION system_versioning_alter_history = 'KEEP'")


def clauses(before: Mapping[str, OptionValue], after: Mapping[str, OptionValue]) -> Iterator[str]:
    """What changes the periods of a table, and whether it keeps old rows."""
    if before.get(VERSIONED) and not after.get(VERSIONED):
        yield "DROP SYSTEM VERSIONING"
    for key in sorted(before.keys() | after.keys()):
        if key.startswith(PERIOD) and before.get(key) != after.get(key):
            if key in before:
                yield f"DROP PERIOD {_period(key)}"
            if key in after:
                yield f"ADD PERIOD {_period(key)} ({after[key]})"
    if after.get(VERSIONED) and not before.get(VERSIONED):
        yield "ADD SYSTEM VERSIONING"


def periods(options: Mapping[str, OptionValue]) -> Iterator[str]:
    """The periods of a new table."""
    for key, columns in sorted(options.items()):
        if key.startswith(PERIOD):
            yield f"PERIOD {_period(key)} ({columns})"


def _period(key: str) -> str:
    name = key.removeprefix(PERIOD)
    return f"FOR {name}" if name == "SYSTEM_TIME" else f"FOR {quote(name)}"


def is_row_end(column: Column) -> bool:
    return column.generated is not None and column.generated.expression in ROW_ENDS


def begins(old: Table, new: Table) -> bool:
    """Whether the table will keep old rows from now on; only then may columns be left out of it (error 4124)."""
    return bool(new.options.get(VERSIONED)) and not old.options.get(VERSIONED)


def begins_anew(old: Table, new: Table) -> bool:
    """Whether a table that keeps old rows is to show since and until when each was true.

    It gets columns for that when it begins to keep them, and not later: https://jira.mariadb.org/browse/MDEV-27293
    """
    is_kept = bool(old.options.get(VERSIONED)) and bool(new.options.get(VERSIONED))
    return is_kept and _SYSTEM_TIME in new.options.keys() - old.options


def has_partitions_in_the_way(old: Table, new: Table) -> bool:
    """Whether old rows have partitions of their own, with which the table cannot give them up (error 4131)."""
    ends = bool(old.options.get(VERSIONED)) and (not new.options.get(VERSIONED) or begins_anew(old, new))
    return ends and str(old.options.get("partition_by", "")).startswith("SYSTEM_TIME")


def without(table: Table, *keys: str) -> Table:
    """The table without those options."""
    return replace(table, options={key: value for key, value in table.options.items() if key not in keys})


def changes_engine_apart(old: Table, new: Table) -> bool:
    """Whether the table gets another storage engine, which it may not while it keeps old rows (error 4119)."""
    is_apart = bool(old.options.get(VERSIONED)) != bool(new.options.get(VERSIONED))
    return is_apart and old.options.get("engine") != new.options.get("engine")


def left_out(operations: Sequence[Operation]) -> list[Column]:
    """The columns that come or change and are to be left out."""
    found = [operation.obj if isinstance(operation, Create) else operation.after for operation in _altering(operations)]
    return [column for column in found if isinstance(column, Column) and column.options.get(VERSIONED) is False]


def kept_in(operations: Sequence[Operation]) -> list[Operation]:
    """The operations with no column left out."""

    def whole(column: Column) -> Column:
        return replace(column, options={key: value for key, value in column.options.items() if key != VERSIONED})

    found: list[Operation] = []
    for operation in operations:
        match operation:
            case Create(Column() as column, table):
                found.append(Create(whole(column), table))
            case Change(before, Column() as column, table, using):
                found.append(Change(before, whole(column), table, using))
            case _:
                found.append(operation)
    return found


def _altering(operations: Sequence[Operation]) -> Iterator[Create | Change]:
    return (operation for operation in operations if isinstance(operation, Create | Change))
