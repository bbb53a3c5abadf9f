"""The least of two schemas that still shows a failure: what can be left out of both is left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from msgspec.structs import replace

from querynl.operations import parts_of
from querynl.proof.excerpt import Excerpt
from querynl.schema import DEFINED, ROUTINES, SECTIONS, Kind, Ref, Schema, Table, objects, ref_of

# Whether a pair of schemas fails in the way that is looked for.
Fails = Callable[[Excerpt], bool]

# What may need others is left out before them, so that fewer attempts are of schemas that contradict themselves.
_FIRST = (*sorted(DEFINED), Kind.POLICY, Kind.TRIGGER, Kind.VIEW, *ROUTINES, Kind.FOREIGN_KEY, Kind.TABLE)
_LAST = (Kind.COLUMN, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.ENUM, Kind.SEQUENCE, Kind.EXTENSION, Kind.NAMESPACE)

_PARTS = ("columns", "uniques", "foreign_keys", "checks", "exclusions", "indexes")


def reduced(pair: Excerpt, fails: Fails, *, seconds: float) -> Excerpt:
    """The pair without the objects, columns and constraints that the failure does without.

    Whole halves are tried first, then ever smaller parts; after that many seconds what is left is left.
    """
    deadline = time.monotonic() + seconds
    candidates = sorted({ref for schema in pair for ref in _addresses(schema)}, key=_place)
    size = max(1, len(candidates) // 2)
    while candidates:
        kept: list[Ref] = []
        for start in range(0, len(candidates), size):
            chunk = candidates[start : start + size]
            if time.monotonic() > deadline:
                return pair
            smaller = Excerpt(_without(pair.before, set(chunk)), _without(pair.after, set(chunk)))
            if smaller == pair:  # went with its table
                continue
            if fails(smaller):
                pair = smaller
            else:
                kept += chunk
        if size == 1 and len(kept) == len(candidates):
            break
        candidates, size = kept, max(1, size // 2)
    return pair


def _addresses(schema: Schema) -> list[Ref]:
    found: list[Ref] = []
    for obj in objects(schema):
        found.append(ref_of(obj))
        if isinstance(obj, Table):
            found += [ref_of(part, obj.key) for part in parts_of(obj)]
    return found


def _place(ref: Ref) -> tuple[int, tuple[str, str, str, str]]:
    order: Sequence[Kind] = (*_FIRST, *(kind for kind in Kind if kind not in (*_FIRST, *_LAST)), *_LAST)
    return (order.index(ref.kind), ref.order)


def _without(schema: Schema, gone: Collection[Ref]) -> Schema:
    changes: dict[str, Any] = {}
    for field in SECTIONS:
        left = (obj for obj in getattr(schema, field) if ref_of(obj) not in gone)
        changes[field] = tuple(_table_without(obj, gone) if isinstance(obj, Table) else obj for obj in left)
    return replace(schema, **changes)


def _table_without(table: Table, gone: Collection[Ref]) -> Table:
    changes: dict[str, Any] = {
        field: tuple(part for part in getattr(table, field) if ref_of(part, table.key) not in gone) for field in _PARTS
    }
    key = table.primary_key
    return replace(table, primary_key=None if key is None or ref_of(key, table.key) in gone else key, **changes)
