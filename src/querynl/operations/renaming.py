"""What follows when an object gets another name."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from querynl.operations.parts import parts_of, with_part
from querynl.operations.rewording import reworded
from querynl.operations.rewriting import Rewriting
from querynl.operations.state import Catalog, Changed, Changes, State
from querynl.schema import (
    DEFINED,
    FIELDS,
    ROUTINES,
    Column,
    Definition,
    Dependency,
    Exclusion,
    Index,
    IndexKey,
    Kind,
    Name,
    Ownership,
    Part,
    Policy,
    Ref,
    Sequence,
    Table,
    Trigger,
    ownership_of,
    ref_of,
)


def rename(ref: Ref, to: str, catalog: State | Changed, rewriting: Rewriting) -> Changes:
    """What becomes of an object, of all that refers to it, and of what is said of who may use it."""
    return _renamed(ref, to, catalog, rewriting) | _privileges_moved(ref, to, catalog)


def _privileges_moved(ref: Ref, to: str, catalog: Catalog) -> Changes:
    """What is said of an object, or of a column, said of its new name."""
    changes: Changes = {}
    holder = Ref(Kind.TABLE, ref.namespace, ref.table) if ref.kind is Kind.COLUMN and ref.table is not None else ref
    for grant in catalog.grants_on(holder):
        if ref.kind is not Kind.COLUMN or grant.column == ref.name:
            moved = replace(grant, column=to) if ref.kind is Kind.COLUMN else replace(grant, name=to)
            changes |= {ref_of(grant): None, ref_of(moved): moved}
    owner = catalog.get(ownership_of(ref))
    if isinstance(owner, Ownership):
        changes |= {ref_of(owner): None, ownership_of(ref._replace(name=to)): replace(owner, name=to)}
    return changes


def _renamed(ref: Ref, to: str, catalog: State | Changed, rewriting: Rewriting) -> Changes:
    if ref.kind is Kind.COLUMN:
        return _rename_column(ref, to, catalog, rewriting)
    if ref.kind is Kind.TABLE:
        return _rename_table(ref, to, catalog, rewriting)
    if ref.table is not None and ref.kind not in FIELDS:
        owner = Name(ref.namespace, ref.table)
        part = _part_at(catalog, ref)
        return with_part(catalog, owner, part, replace(part, name=to))
    obj = catalog.get(ref)
    assert obj is not None, f"no {ref}"
    renamed = replace(obj, name=to)
    named_in_texts = ref.kind in (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.SEQUENCE)
    return {ref: None, ref_of(renamed): renamed} | (reworded(ref, to, catalog, rewriting) if named_in_texts else {})


def _part_at(catalog: Catalog, ref: Ref) -> Part:
    assert ref.table is not None
    table = catalog.table(Name(ref.namespace, ref.table))
    holder: Any = table or catalog.get(Ref(Kind.VIEW, ref.namespace, ref.table))
    for part in parts_of(holder):
        if ref_of(part, Name(ref.namespace, ref.table)) == ref:
            return part
    raise AssertionError(f"no {ref}")


def _rename_table(ref: Ref, to: str, catalog: State | Changed, rewriting: Rewriting) -> Changes:
    name = Name(ref.namespace, ref.name)
    table = catalog.table(name)
    assert table is not None, f"no table {name}"
    table = rewriting.with_names_kept(table, ref, catalog)
    new = Name(name.namespace, to)
    changes: Changes = {ref_of(table): None}
    for referrer_name in {name, *catalog.referrers(name)}:
        referrer = table if referrer_name == name else catalog.table(referrer_name)
        if referrer is None:
            continue
        keys = tuple(replace(key, references=to) if key.target == name else key for key in referrer.foreign_keys)
        moved = replace(referrer, foreign_keys=keys)
        if referrer_name == name:
            moved = rewriting.renamed_along(replace(moved, name=to), ref, to)
        changes[ref_of(moved)] = moved
    for heir in _heirs(name, catalog):
        current = changes.get(ref_of(heir)) or heir
        parents = tuple(new if parent == name else parent for parent in heir.inherits)
        changes[ref_of(heir)] = replace(current, inherits=parents)
    changes.update(_followers(catalog, Ref(Kind.TABLE, *name), Ref(Kind.TABLE, *new)))
    changes.update(_owned_sequences(ref, to, catalog))
    counters = (rewriting.counter_of(key, part) for key in (name, new) for part in table.columns)
    changes.update(_defaults_following(list(counters), Changed(catalog, changes), rewriting))
    return changes


def _rename_column(ref: Ref, to: str, catalog: State | Changed, rewriting: Rewriting) -> Changes:
    columns = [ref]
    for column in columns:
        heirs = _heirs(Name(column.namespace, str(column.table)), catalog)
        columns += (ref._replace(namespace=heir.namespace, table=heir.name) for heir in heirs)
    changes: Changes = {}
    for column in reversed(columns):  # what an heir is left with is told by what its parents had
        changes.update(_rename_own_column(column, to, Changed(catalog, changes), rewriting))
    return changes


def _rename_own_column(ref: Ref, to: str, catalog: State | Changed, rewriting: Rewriting) -> Changes:
    """The changes but for those of the table's heirs."""
    assert ref.table is not None
    name = Name(ref.namespace, ref.table)
    table = catalog.table(name)
    assert table is not None, f"no table {name}"
    table = rewriting.with_names_kept(table, ref, catalog)
    renamed = _table_with_column_renamed(table, ref.name, to, rewriting)
    changes: Changes = {ref_of(table): rewriting.renamed_along(renamed, ref, to)}
    for referrer_name in catalog.referrers(name):
        current = changes.get(Ref(Kind.TABLE, *referrer_name)) or catalog.table(referrer_name)
        if not isinstance(current, Table):
            continue
        keys = tuple(
            replace(key, referenced_columns=_swapped(key.referenced_columns, ref.name, to))
            if key.target == name
            else key
            for key in current.foreign_keys
        )
        changes[ref_of(current)] = replace(current, foreign_keys=keys)
    changes.update(_followers(catalog, ref, ref._replace(name=to)))
    changes.update(_owned_sequences(ref, to, catalog))
    counters = (rewriting.counter_of(name, part) for part in (*table.columns, *renamed.columns))
    changes.update(_defaults_following(list(counters), Changed(catalog, changes), rewriting))
    return changes


def _defaults_following(counters: list[Name | None], catalog: State | Changed, rewriting: Rewriting) -> Changes:
    """The tables with defaults that name a counter by its new name; first come the names before, then those after."""
    changes: Changes = {}
    half = len(counters) // 2
    for before, after in zip(counters[:half], counters[half:], strict=True):
        if before is not None and after is not None and before != after:
            ref = Ref(Kind.SEQUENCE, *before)
            changes.update(reworded(ref, after.name, Changed(catalog, changes), rewriting))
    return changes


def _owned_sequences(ref: Ref, to: str, catalog: Catalog) -> Changes:
    """The sequences that go with the renamed column, or with one of the renamed table."""
    changes: Changes = {}
    for sequence in catalog.of_kind(Kind.SEQUENCE):
        assert isinstance(sequence, Sequence)
        if sequence.owned_by is None or sequence.namespace != ref.namespace:
            continue
        table, column = sequence.owned_by
        if ref.kind is Kind.TABLE and table == ref.name:
            changes[ref_of(sequence)] = replace(sequence, owned_by=(to, column))
        elif (ref.table, ref.name) == (table, column):
            changes[ref_of(sequence)] = replace(sequence, owned_by=(table, to))
    return changes


def _heirs(name: Name, catalog: Catalog) -> list[Table]:
    """The tables that inherit from the table, or are its partitions."""
    return [obj for obj in catalog.of_kind(Kind.TABLE) if isinstance(obj, Table) and name in obj.inherits]


def _swapped(names: tuple[str, ...], before: str, after: str) -> tuple[str, ...]:
    return tuple(after if name == before else name for name in names)


def _table_with_column_renamed(table: Table, before: str, after: str, rewriting: Rewriting) -> Table:
    def expression(text: str | None) -> Any:
        return None if text is None else rewriting.rename_in_expression(text, before, after)

    def column(current: Column) -> Column:
        generated = current.generated
        if generated is not None:
            generated = replace(generated, expression=expression(generated.expression))
        return replace(current, name=after if current.name == before else current.name, generated=generated)

    def keys(current: tuple[IndexKey, ...]) -> tuple[Any, ...]:
        return tuple(
            replace(key, column=after if key.column == before else key.column, expression=expression(key.expression))
            for key in current
        )

    def index(current: Index) -> Index:
        include = _swapped(current.include, before, after)
        return replace(current, columns=keys(current.columns), include=include, where=expression(current.where))

    def exclusion(current: Exclusion) -> Exclusion:
        include = _swapped(current.include, before, after)
        return replace(current, elements=keys(current.elements), include=include, where=expression(current.where))

    def listed(part: Any) -> Any:
        changed = {"columns": _swapped(part.columns, before, after)}
        if hasattr(part, "include"):
            changed["include"] = _swapped(part.include, before, after)
        return replace(part, **changed)

    return replace(
        table,
        columns=tuple(map(column, table.columns)),
        primary_key=None if table.primary_key is None else listed(table.primary_key),
        uniques=tuple(map(listed, table.uniques)),
        foreign_keys=tuple(map(listed, table.foreign_keys)),
        checks=tuple(replace(check, expression=expression(check.expression)) for check in table.checks),
        exclusions=tuple(map(exclusion, table.exclusions)),
        indexes=tuple(map(index, table.indexes)),
    )


def _followers(catalog: Catalog, before: Ref, after: Ref) -> Changes:
    """Triggers, policies and rules of a renamed table, and the recorded dependencies of everything else."""
    changes: Changes = {}
    for kind in (Kind.TRIGGER, Kind.POLICY, Kind.VIEW, *ROUTINES, *sorted(DEFINED)):
        for obj in catalog.of_kind(kind):
            moved: Any = obj
            of_table = isinstance(obj, Trigger | Policy | Definition) and (obj.namespace, obj.table) == before[1:3]
            if of_table and before.kind is Kind.TABLE:
                moved = replace(moved, table=after.name)
            needs = tuple(_followed(need, before, after) for need in moved.depends_on)
            if needs != moved.depends_on:
                moved = replace(moved, depends_on=needs)
            if moved is not obj:
                changes[ref_of(obj)] = None
                changes[ref_of(moved)] = moved
    return changes


def _followed(need: Dependency, before: Ref, after: Ref) -> Dependency:
    if need.ref == before:
        return replace(need, name=after.name)
    if before.kind is Kind.TABLE and need.table == before.name and need.namespace == before.namespace:
        return replace(need, table=after.name)
    return need
