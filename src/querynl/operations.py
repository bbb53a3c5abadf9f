"""The operations a migration is made of: what each does to a schema, and what undoes it.

Five verbs say every change. An operation holds all that its inverse needs, so the way back is exact by
construction and never a second comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, assert_never

from msgspec import Struct
from msgspec.structs import replace

from querynl.schema import (
    DEFINED,
    DEFINED_TYPES,
    FIELDS,
    SECTIONS,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Dependency,
    Domain,
    Exclusion,
    ForeignKey,
    Grant,
    Index,
    IndexKey,
    Kind,
    Name,
    Ownership,
    Part,
    Policy,
    PrimaryKey,
    Ref,
    Schema,
    SchemaObject,
    Table,
    Trigger,
    Unique,
    objects,
    ownership_of,
    part_name,
    ref_of,
)


class Create(Struct, frozen=True):
    """An object comes into being; `table` is the one that a part belongs to."""

    obj: AnyObject
    table: Name | None = None


class Drop(Struct, frozen=True):
    """An object goes; the whole of it is kept, so that it can come back."""

    obj: AnyObject
    table: Name | None = None


class Change(Struct, frozen=True):
    """An object keeps its name and becomes something else.

    `using` is the expression that turns old values into new ones where a cast alone cannot.
    """

    before: AnyObject
    after: AnyObject
    table: Name | None = None
    using: str | None = None


class Rename(Struct, frozen=True):
    """An object, found at `ref`, gets another name; everything that refers to it follows."""

    ref: Ref
    to: str


class RunSQL(Struct, frozen=True):
    """Statements written by hand or for data, with their own inverse; None says there is none.

    `table` is the table whose rows they touch, where it is one. `lossless` False: the way back leaves
    values other than they were.
    """

    up: tuple[str, ...]
    down: tuple[str, ...] | None
    description: str
    table: Name | None = None
    lossless: bool = True


Operation = Create | Drop | Change | Rename | RunSQL


def inverse(operation: Operation) -> Operation | None:
    """The operation that undoes this one; None where only a person could write it."""
    match operation:
        case Create(obj, table):
            return Drop(obj, table)
        case Drop(obj, table):
            return Create(obj, table)
        case Change(before, after, table):
            return Change(after, before, table)
        case Rename(ref, to):
            return Rename(ref._replace(name=to), ref.name)
        case RunSQL(up, down, description, table, lossless):
            return None if down is None else RunSQL(down, up, f"Undo: {description}", table, lossless)
        case _:
            assert_never(operation)


def target(operation: Operation) -> Ref | None:
    """The address of what an operation is about, by the name it has before; None for RunSQL."""
    match operation:
        case Create(obj, table) | Drop(obj, table):
            return ref_of(obj, table)
        case Change(before, _, table):
            return ref_of(before, table)
        case Rename(ref, _):
            return ref
        case RunSQL():
            return None
        case _:
            assert_never(operation)


def table_of(operation: Operation) -> Name | None:
    """The table an operation alters or makes, by the name it has before; None where it is about no table."""
    if isinstance(operation, RunSQL):
        return operation.table
    ref = target(operation)
    if ref is None:
        return None
    if ref.kind is Kind.TABLE:
        return Name(ref.namespace, ref.name)
    return Name(ref.namespace, ref.table) if ref.table is not None else None


def forgets_history(operation: Operation) -> bool:
    """Whether a table stops keeping the rows that it had (`system_versioning`), which are lost with that."""
    match operation:
        case Change(Table() as before, Table() as after):
            return bool(before.options.get("system_versioning")) and not after.options.get("system_versioning")
        case _:
            return False


class Catalog(Protocol):
    """A schema that can be looked things up in, at one moment of a migration."""

    def get(self, ref: Ref) -> SchemaObject | None:
        """The object at that address, or None."""

    def table(self, name: Name) -> Table | None:
        """The table of that name, or None."""

    def of_kind(self, kind: Kind) -> Iterator[SchemaObject]:
        """Every object of one kind, in no order that means anything."""

    def referrers(self, name: Name) -> Iterable[Name]:
        """The tables that may have a foreign key to that table, itself included."""

    def grants_on(self, ref: Ref) -> list[Grant]:
        """What is granted on an object, and on the columns and counters of a table, in the order of addresses."""


class State:
    """A schema that changes as operations are applied to it."""

    def __init__(self, schema: Schema) -> None:
        self.objects: dict[Kind, dict[Ref, SchemaObject]] = {kind: {} for kind in FIELDS}
        for obj in objects(schema):
            ref = ref_of(obj)
            self.objects[ref.kind][ref] = obj
        self._referrers: dict[Name, set[Name]] | None = None
        self._grants: dict[Ref, set[Ref]] | None = None
        self._schema = schema

    def get(self, ref: Ref) -> SchemaObject | None:
        return self.objects[ref.kind].get(ref)

    def table(self, name: Name) -> Table | None:
        found = self.objects[Kind.TABLE].get(Ref(Kind.TABLE, name.namespace, name.name))
        return found if isinstance(found, Table) else None

    def of_kind(self, kind: Kind) -> Iterator[SchemaObject]:
        return iter(self.objects[kind].values())

    def referrers(self, name: Name) -> Iterable[Name]:
        if self._referrers is None:
            self._referrers = {}
            for obj in self.objects[Kind.TABLE].values():
                self._note_references(obj)
        return sorted(self._referrers.get(name, ()), key=str)

    def _note_references(self, obj: SchemaObject | None) -> None:
        if self._referrers is not None and isinstance(obj, Table):
            for key in obj.foreign_keys:
                self._referrers.setdefault(key.target, set()).add(obj.key)

    def grants_on(self, ref: Ref) -> list[Grant]:
        if self._grants is None:
            self._grants = {}
            for obj in self.objects[Kind.GRANT].values():
                self._note_grant(obj)
        found = (self.objects[Kind.GRANT].get(grant) for grant in self._grants.get(ref, ()))
        return sorted((grant for grant in found if isinstance(grant, Grant)), key=lambda grant: ref_of(grant).order)

    def _note_grant(self, obj: SchemaObject | None) -> None:
        if self._grants is not None and isinstance(obj, Grant):
            self._grants.setdefault(obj.object, set()).add(ref_of(obj))

    def update(self, changes: Changes) -> None:
        """Make the changes part of this state."""
        for ref, obj in changes.items():
            if obj is None:
                self.objects[ref.kind].pop(ref, None)
            else:
                self.objects[ref.kind][ref] = obj
                self._note_references(obj)
                self._note_grant(obj)

    def schema(self) -> Schema:
        """This state as a schema, in the order in which its objects came."""
        fields: dict[str, Any] = dict.fromkeys(SECTIONS, ())
        for kind, section in FIELDS.items():
            fields[section] += tuple(self.objects[kind].values())
        return replace(self._schema, **fields)


# What operations do to a state: the new object at each address, or None where it is gone.
Changes = dict[Ref, SchemaObject | None]


class Changed:
    """A state as it will be after some changes that have not been made yet."""

    def __init__(self, state: State, changes: Changes) -> None:
        self._state = state
        self._changes = changes

    def get(self, ref: Ref) -> SchemaObject | None:
        return self._changes[ref] if ref in self._changes else self._state.get(ref)

    def table(self, name: Name) -> Table | None:
        found = self.get(Ref(Kind.TABLE, name.namespace, name.name))
        return found if isinstance(found, Table) else None

    def of_kind(self, kind: Kind) -> Iterator[SchemaObject]:
        for ref, obj in self._state.objects[kind].items():
            if ref not in self._changes:
                yield obj
        yield from (obj for ref, obj in self._changes.items() if ref.kind is kind and obj is not None)

    def referrers(self, name: Name) -> Iterable[Name]:
        found = set(self._state.referrers(name))
        for obj in self._changes.values():
            if isinstance(obj, Table) and any(key.target == name for key in obj.foreign_keys):
                found.add(obj.key)
        return sorted(found, key=str)

    def grants_on(self, ref: Ref) -> list[Grant]:
        found = {ref_of(grant): grant for grant in self._state.grants_on(ref)}
        for at, obj in self._changes.items():
            if isinstance(obj, Grant) and obj.object == ref:
                found[at] = obj
            elif obj is None:
                found.pop(at, None)
        return [found[at] for at in sorted(found, key=lambda at: at.order)]


class Rewriting(Protocol):
    """How names are found in an engine's expressions, and follow a rename."""

    def mentions(self, expression: str, name: str) -> bool:
        """Whether an expression names an identifier."""

    def rename_in_expression(self, expression: str, before: str, after: str) -> str:
        """The expression with one identifier replaced, quoted as the engine wants it."""

    def rename_type(self, column_type: str, ref: Ref, to: str) -> str:
        """A column's type after the rename of a type of the schema: the new name where it is of that one."""

    def rename_object_in_expression(self, expression: str, ref: Ref, to: str) -> str:
        """The expression with the name of a type or sequence, and of nothing else, replaced."""

    def renamed_along(self, table: Table, ref: Ref, to: str) -> Table:
        """A table that was renamed, or a column of it, with what the engine renames by itself beside that."""

    def folded(self, kind: Kind, name: str) -> str:
        """The name as the engine compares it with others of that kind, such as without case."""

    def shares_names(self, kind: Kind) -> bool:
        """Whether no two tables of a namespace may have parts of that kind with one name."""


def changes_of(operations: Iterable[Operation], state: State, rewriting: Rewriting) -> Changes:
    """What the operations, one after the other, do to a state; the state itself stays as it is."""
    changes: Changes = {}
    for operation in operations:
        changes.update(_apply(operation, Changed(state, dict(changes)), rewriting))
    return changes


def apply(operations: Iterable[Operation], schema: Schema, rewriting: Rewriting) -> Schema:
    """The schema after the operations."""
    state = State(schema)
    for operation in operations:
        state.update(_apply(operation, state, rewriting))
    return state.schema()


def _apply(operation: Operation, catalog: Catalog, rewriting: Rewriting) -> Changes:
    match operation:
        case RunSQL():
            return {}
        case Rename(ref, to):
            return _rename(ref, to, catalog, rewriting)
        case Create(obj, table):
            return _with_part(catalog, table, None, obj) if isinstance(obj, Part) else {ref_of(obj): obj}
        case Drop(obj, table):
            return _with_part(catalog, table, obj, None) if isinstance(obj, Part) else {ref_of(obj): None}
        case Change(before, after, table):
            if isinstance(after, Part):
                assert isinstance(before, Part), "a part becomes a part"
                return _with_part(catalog, table, before, after)
            if isinstance(after, Table) and isinstance(before, Table):
                # With other parents, other parts are the table's own.
                same_parents = before.inherits == after.inherits
                return {ref_of(after): _with_attributes(catalog, after) if same_parents else after}
            return {ref_of(after): after}
        case _:
            assert_never(operation)


def _with_attributes(catalog: Catalog, after: Table) -> Table:
    """The table as it stands with the attributes, and only those, of another."""
    current = catalog.table(after.key)
    assert current is not None, f"no table {after.key}"
    attributes = {"comment": after.comment, "options": after.options}
    return replace(current, inherits=after.inherits, of_type=after.of_type, **attributes)


# The field of `Table` that holds each kind of part; the primary key, being one, is not a tuple.
_PART_FIELDS: dict[type[Part], str] = {
    Column: "columns",
    Unique: "uniques",
    ForeignKey: "foreign_keys",
    Check: "checks",
    Exclusion: "exclusions",
    Index: "indexes",
}


def _with_part(catalog: Catalog, name: Name | None, before: Part | None, after: Part | None) -> Changes:
    """The table with one part added (`before` None), taken out (`after` None) or replaced."""
    assert name is not None, "a part has a table"
    ref = Ref(Kind.TABLE, name.namespace, name.name)
    table = catalog.table(name)
    if table is None:
        view = catalog.get(ref._replace(kind=Kind.VIEW))
        assert view is not None, f"no table {name}"
        return {ref_of(view): replace(view, indexes=_replaced(view.indexes, before, after))}  # type: ignore[union-attr]
    part = after if after is not None else before
    if isinstance(part, PrimaryKey):
        return {ref: replace(table, primary_key=after)}
    field = _PART_FIELDS[type(part)]  # type: ignore[index]
    return {ref: replace(table, **{field: _replaced(getattr(table, field), before, after)})}


def _replaced(parts: tuple[Any, ...], before: Part | None, after: Part | None) -> tuple[Any, ...]:
    if before is None:
        return (*parts, after)
    alike = [i for i, part in enumerate(parts) if part_name(part) == part_name(before)]
    assert alike, f"no {part_name(before)!r} to take out"
    at = next((i for i in alike if parts[i] == before), alike[0])
    return (*parts[:at], *(() if after is None else (after,)), *parts[at + 1 :])


# ------------------------------------------------------------------------------------------ renaming


def _rename(ref: Ref, to: str, catalog: Catalog, rewriting: Rewriting) -> Changes:
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


def _renamed(ref: Ref, to: str, catalog: Catalog, rewriting: Rewriting) -> Changes:
    if ref.kind is Kind.COLUMN:
        return _rename_column(ref, to, catalog, rewriting)
    if ref.kind is Kind.TABLE:
        return _rename_table(ref, to, catalog, rewriting)
    if ref.table is not None and ref.kind not in FIELDS:
        owner = Name(ref.namespace, ref.table)
        part = _part_at(catalog, ref)
        return _with_part(catalog, owner, part, replace(part, name=to))
    obj = catalog.get(ref)
    assert obj is not None, f"no {ref}"
    renamed = replace(obj, name=to)
    named_in_texts = ref.kind in (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.SEQUENCE)
    return {ref: None, ref_of(renamed): renamed} | (_reworded(ref, to, catalog, rewriting) if named_in_texts else {})


def _part_at(catalog: Catalog, ref: Ref) -> Part:
    assert ref.table is not None
    table = catalog.table(Name(ref.namespace, ref.table))
    holder: Any = table or catalog.get(Ref(Kind.VIEW, ref.namespace, ref.table))
    for part in parts_of(holder):
        if ref_of(part, Name(ref.namespace, ref.table)) == ref:
            return part
    raise AssertionError(f"no {ref}")


def parts_of(obj: SchemaObject | None) -> Iterator[Part]:
    """Columns, constraints and indexes of a table, or the indexes of a view."""
    if isinstance(obj, Table):
        yield from obj.columns
        if obj.primary_key is not None:
            yield obj.primary_key
        yield from obj.uniques
        yield from obj.foreign_keys
        yield from obj.checks
        yield from obj.exclusions
    yield from getattr(obj, "indexes", ())


def texts_of(obj: AnyObject) -> Iterator[str]:
    """The texts in which a type or a part of a table, or a table itself, may name what it is made of."""
    found: list[str | None] = []
    match obj:
        case Table():
            found = [obj.server, obj.of_type, *(str(value) for value in obj.options.values())]
        case Column():
            computed = None if obj.generated is None else obj.generated.expression
            found = [obj.type, obj.collation, obj.default, computed]
        case Check():
            found = [obj.expression]
        case Index() | Exclusion():
            keys: tuple[Any, ...] = obj.columns if isinstance(obj, Index) else obj.elements
            found = [obj.method, obj.where]
            for key in keys:
                found += [key.expression, key.opclass, key.collation, getattr(key, "operator", None)]
        case Domain():
            found = [obj.type, obj.collation, obj.default, *(check.expression for check in obj.checks)]
        case CompositeType():
            found = [text for attribute in obj.attributes for text in (attribute.type, attribute.collation)]
    return (text for text in found if text)


# Kinds that tables and types can be made of, and name in their texts.
_NAMED_IN_TEXTS = frozenset(
    {
        *(Kind.ACCESS_METHOD, Kind.COLLATION, Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.SERVER, *DEFINED_TYPES),
        *(Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_CONFIGURATION),
    }
)


def names_in_texts(definition: Definition) -> Iterator[str]:
    """What the texts of tables and types may call it by; nothing where they cannot be made of its kind."""
    if definition.kind is Kind.CAST:
        yield f"::{definition.arguments}"
    elif definition.kind in _NAMED_IN_TEXTS:
        yield definition.name
        if "multirange" in definition.options:
            yield str(definition.options["multirange"])


def _rename_table(ref: Ref, to: str, catalog: Catalog, rewriting: Rewriting) -> Changes:
    name = Name(ref.namespace, ref.name)
    table = catalog.table(name)
    assert table is not None, f"no table {name}"
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
    return changes


def _rename_column(ref: Ref, to: str, catalog: Catalog, rewriting: Rewriting) -> Changes:
    assert ref.table is not None
    name = Name(ref.namespace, ref.table)
    table = catalog.table(name)
    assert table is not None, f"no table {name}"
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
    for heir in _heirs(name, catalog):
        changes.update(_rename_column(Ref(Kind.COLUMN, heir.namespace, ref.name, heir.name), to, catalog, rewriting))
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


# What names types of the schema in types of its own.
_TYPED = (Kind.TABLE, Kind.DOMAIN, Kind.COMPOSITE_TYPE)


def _reworded(ref: Ref, to: str, catalog: Catalog, rewriting: Rewriting) -> Changes:
    """The tables and types that have the renamed type or sequence in their types or expressions."""

    def words(text: str | None) -> Any:
        return None if text is None else rewriting.rename_object_in_expression(text, ref, to)

    def column(current: Any) -> Any:
        of_type = rewriting.rename_type(current.type, ref, to)
        return replace(current, type=of_type, default=words(current.default))

    def computed(current: Column) -> Column:
        generated = current.generated
        if generated is not None:
            generated = replace(generated, expression=words(generated.expression))
        moved: Column = column(current)
        return replace(moved, generated=generated)

    def check(current: Check) -> Check:
        return replace(current, expression=words(current.expression))

    def keys(current: tuple[IndexKey, ...]) -> tuple[Any, ...]:
        return tuple(replace(key, expression=words(key.expression)) for key in current)

    def index(current: Index) -> Index:
        return replace(current, columns=keys(current.columns), where=words(current.where))

    def exclusion(current: Exclusion) -> Exclusion:
        return replace(current, elements=keys(current.elements), where=words(current.where))

    changes: Changes = {}
    for obj in [found for kind in _TYPED for found in catalog.of_kind(kind)]:
        moved: SchemaObject = obj
        if isinstance(obj, Table):
            columns, checks = tuple(map(computed, obj.columns)), tuple(map(check, obj.checks))
            exclusions, indexes = tuple(map(exclusion, obj.exclusions)), tuple(map(index, obj.indexes))
            of_type = None if obj.of_type is None else rewriting.rename_type(obj.of_type, ref, to)
            moved = replace(
                obj, columns=columns, checks=checks, exclusions=exclusions, indexes=indexes, of_type=of_type
            )
        elif isinstance(obj, Domain) and ref_of(obj) != ref:
            moved = replace(column(obj), checks=tuple(map(check, obj.checks)))
        elif isinstance(obj, CompositeType) and ref_of(obj) != ref:
            attributes = tuple(replace(a, type=rewriting.rename_type(a.type, ref, to)) for a in obj.attributes)
            moved = replace(obj, attributes=attributes)
        if moved != obj:
            changes[ref_of(obj)] = moved
    return changes


def _followers(catalog: Catalog, before: Ref, after: Ref) -> Changes:
    """Triggers, policies and rules of a renamed table, and the recorded dependencies of everything else."""
    changes: Changes = {}
    for kind in (Kind.TRIGGER, Kind.POLICY, Kind.VIEW, Kind.ROUTINE, *sorted(DEFINED)):
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
