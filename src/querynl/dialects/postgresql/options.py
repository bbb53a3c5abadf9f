"""The options that objects may have on PostgreSQL beyond what the model says for every engine.

Switches are True or absent. All other options are storage parameters, kept as the catalog has them: as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from querynl.dialects.declared import path_of, walk
from querynl.dialects.postgresql.spelling import words
from querynl.errors import SchemaInvalid
from querynl.schema import (
    AnyObject,
    Column,
    Definition,
    Exclusion,
    ForeignKey,
    Index,
    OptionValue,
    PrimaryKey,
    Schema,
    Sequence,
    Table,
    Trigger,
    Unique,
    View,
)

# The OPTIONS of what a foreign data wrapper serves are kept among the options, apart from the engine's own.
FOREIGN = "options."

# Attributes of a table that are no storage parameters.
TABLE_ATTRIBUTES = frozenset(
    {
        "unlogged",
        "row_security",
        "force_row_security",
        "replica_identity",
        "access_method",
        "tablespace",
        "partition_by",
        "partition_bound",
        "with_no_data",
    }
)
# `only`: not all partitions have their part of it. `attached_to`: it is a partition's part of that index.
_SAID_OF_INDEXES = frozenset(
    {"tablespace", "invalid", "replica_identity", "cluster", "without_overlaps", "only", "attached_to"}
)
# `name_kept`, while a migration is made: the engine named the part, and would call it otherwise by now.
INDEX_ATTRIBUTES = _SAID_OF_INDEXES | {"name_kept"}
NOT_NULL_ATTRIBUTES = frozenset({"not_null_name", "not_null_not_valid", "not_null_no_inherit"})
# What a table may use one of its indexes for.
INDEX_ROLES = frozenset({"replica_identity", "cluster"})
COLUMN_ATTRIBUTES = NOT_NULL_ATTRIBUTES | {
    *("storage", "compression", "statistics"),
    *("minimum", "maximum", "cache", "cycle", "sequence"),
}

# https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS
_VACUUM = words(
    """autovacuum_enabled autovacuum_vacuum_threshold autovacuum_vacuum_max_threshold autovacuum_vacuum_scale_factor
    autovacuum_vacuum_insert_threshold autovacuum_vacuum_insert_scale_factor autovacuum_vacuum_cost_delay
    autovacuum_vacuum_cost_limit autovacuum_freeze_min_age autovacuum_freeze_max_age autovacuum_freeze_table_age
    autovacuum_multixact_freeze_min_age autovacuum_multixact_freeze_max_age autovacuum_multixact_freeze_table_age
    log_autovacuum_min_duration log_autoanalyze_min_duration vacuum_index_cleanup vacuum_truncate
    vacuum_max_eager_freeze_failure_rate"""
)
_TABLE_PARAMETERS = (
    _VACUUM
    | {f"toast.{name}" for name in _VACUUM}
    | {"fillfactor", "toast_tuple_target", "parallel_workers", "user_catalog_table"}
    | {"autovacuum_analyze_threshold", "autovacuum_analyze_scale_factor"}
)
_VIEW_PARAMETERS = frozenset({"security_barrier", "security_invoker", "check_option"})
_COLUMN_PARAMETERS = frozenset({"n_distinct", "n_distinct_inherited"})

_KNOWN: dict[type[AnyObject], frozenset[str]] = {
    Table: TABLE_ATTRIBUTES - {"with_no_data"} | _TABLE_PARAMETERS,
    View: TABLE_ATTRIBUTES | _TABLE_PARAMETERS | _VIEW_PARAMETERS,
    Column: COLUMN_ATTRIBUTES | _COLUMN_PARAMETERS,
    Sequence: frozenset({"unlogged"}),
    Trigger: frozenset({"enabled"}),
    ForeignKey: frozenset({"on_delete_columns", "not_enforced", "period"}),
    PrimaryKey: _SAID_OF_INDEXES | {"fillfactor"},
    Unique: _SAID_OF_INDEXES | {"fillfactor", "deduplicate_items"},
}


def check_options(schema: Schema) -> None:
    """Raise SchemaInvalid for the first option that PostgreSQL does not have."""
    for obj in walk(schema):
        # An extension's index method may have parameters of its own, and a definition's options are clauses of SQL.
        if isinstance(obj, Index | Exclusion | Definition):
            continue
        known = _KNOWN.get(type(obj), frozenset())
        for name in getattr(obj, "options", ()):
            if name not in known and not name.startswith(FOREIGN):
                near = get_close_matches(name, known, 1)
                raise SchemaInvalid(
                    f"PostgreSQL has no option {name!r} there.",
                    where=f"{path_of(obj, schema)}.options",
                    remedy=f"Did you mean {near[0]!r}?" if near else None,
                )


def as_kept(options: Mapping[str, OptionValue], attributes: Iterable[str]) -> dict[str, OptionValue]:
    """Declared options as inspection gives them: switches that are off are absent, parameters are text."""
    kept: dict[str, OptionValue] = {}
    for name, value in options.items():
        if name in attributes:
            if value is not False:
                kept[name] = value
        else:
            kept[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return kept


def parameters(options: Mapping[str, OptionValue], attributes: Iterable[str]) -> dict[str, str]:
    """The storage parameters among the options."""
    return {
        name: str(value) for name, value in options.items() if name not in attributes and not name.startswith(FOREIGN)
    }
