"""Who depends on whom: what must be dropped and created again around a change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from querynl.operations import (
    Change,
    Create,
    Drop,
    Operation,
    Rename,
    State,
    names_in_texts,
    parts_of,
    target,
    texts_of,
)
from querynl.rules import Rules
from querynl.schema import (
    DEFINED,
    DEFINED_TYPES,
    ROUTINES,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Dependency,
    Domain,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    Name,
    Part,
    Policy,
    PrimaryKey,
    Ref,
    Routine,
    Table,
    Trigger,
    Unique,
    View,
    ref_of,
    stated_needs,
    type_name,
)

# What says itself what it needs.
_NEEDING = View | Routine | Trigger | Policy | Domain | Definition
_TYPES = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES)


class Placed(NamedTuple):
    """An object and the table it is part of, if it is part of one."""

    obj: AnyObject
    table: Name | None

    @property
    def ref(self) -> Ref:
        return ref_of(self.obj, self.table)


def stepping_aside(undone: Sequence[Operation], state: State, rules: Rules) -> list[Operation]:
    """What undoes something, with what takes all that is in its way away and brings it back.

    Only types need it, which are changed in place on the way there and made anew on the way back. `state` is the
    schema that it is undone in.
    """
    if not any(isinstance(undo, Change) and ref_of(undo.before, undo.table).kind in _TYPES for undo in undone):
        return list(undone)
    return Dependents(state, state, rules).recreated_around(undone)


class Dependents:
    """What depends on each object of a schema, looked up without a search.

    `start` is the schema before, renames done; `end` is the schema after.
    """

    def __init__(self, start: State, end: State, rules: Rules) -> None:
        self._start = start
        self._end = end
        self._rules = rules
        self._by_need: dict[Ref, list[Placed]] | None = None
        self._by_parent: dict[Name, list[Name]] | None = None

    def recreated_around(self, operations: Sequence[Operation]) -> list[Operation]:
        """The operations, and those that take what blocks them away and bring it back."""
        result: dict[tuple[type[Operation], Ref | None], Operation] = {
            (type(operation), target(operation)): operation for operation in operations
        }
        # Parts of one table may share a name where the engine lets them.
        twins = [operation for operation in operations if result[type(operation), target(operation)] is not operation]
        waiting = [operation for operation in operations if isinstance(operation, Drop | Change)]
        while waiting:
            operation = waiting.pop()
            for dependent in self.in_the_way_of(operation):
                ref = dependent.ref
                if (Drop, ref) in result or _goes_with_its_table(dependent, result):
                    continue
                changes = (Change, ref) in result and dependent.table is None
                if changes and isinstance(operation, Drop) and not self._still_needs(ref, operation):
                    continue  # it changes before
                drop = Drop(dependent.obj, dependent.table)
                result.pop((Change, ref), None)
                result[Drop, ref] = drop
                waiting.append(drop)
                if isinstance(dependent.obj, Table | View):
                    name = Name(dependent.obj.namespace, dependent.obj.name)
                    result = {key: op for key, op in result.items() if not _is_on(name, op)}
                again = self._afterwards(dependent, result.pop((Rename, ref), None))
                if again is not None:
                    result[Create, again.ref] = Create(again.obj, again.table)
        pairs = list(self._freed(result))
        freed = {target(change) for change, _ in pairs}
        kept = (op for op in result.values() if not (isinstance(op, Change) and target(op) in freed))
        return [*self._with_distant_needs(kept), *twins, *(change for pair in pairs for change in pair)]

    def in_the_way_of(self, operation: Drop | Change) -> Iterator[Placed]:
        """What must be away while the operation is made."""
        return (dependent for dependent in self._of(operation) if self._rules.blocks(operation, dependent.obj))

    def _with_distant_needs(self, operations: Iterable[Operation]) -> Iterator[Operation]:
        """The operations; what comes and goes says of types that change that it needs them by way of others."""
        every = list(operations)
        distant: dict[Ref | None, list[Dependency]] = defaultdict(list)
        for operation in every:
            if isinstance(operation, Change) and (ref := ref_of(operation.before, operation.table)).kind in _TYPES:
                for placed in self._needing_what_is_made_of(ref):
                    distant[placed.ref].append(Dependency(ref.kind, ref.name, ref.namespace))
        for operation in every:
            more = distant.get(target(operation), ())
            if more and isinstance(operation, Create | Drop) and isinstance(obj := operation.obj, _NEEDING):
                yield replace(operation, obj=replace(obj, depends_on=(*obj.depends_on, *more)))
            else:
                yield operation

    def _freed(
        self, operations: Mapping[tuple[type[Operation], Ref | None], Operation]
    ) -> Iterator[tuple[Change, Change]]:
        """Two changes for each thing that stays: the one frees it of what is made anew, the other binds it again."""
        freed: dict[Ref, tuple[Placed, AnyObject]] = {}
        for (verb, ref), drop in operations.items():
            if not isinstance(drop, Drop) or (Create, ref) not in operations or verb is not Drop:
                continue
            for dependent in self._of(drop):
                if (Drop, dependent.ref) not in operations and not _goes_with_its_table(dependent, operations):
                    free = freed[dependent.ref][1] if dependent.ref in freed else dependent.obj
                    if (freer := self._rules.freed(free, drop)) != free:
                        freed[dependent.ref] = (dependent, freer)
        for operation in operations.values():
            for dependent, free, changed_type in self._with_other_values(operation, operations):
                if self._rules.freed(dependent.obj, changed_type) != dependent.obj:
                    freed.setdefault(dependent.ref, (dependent, free))
        for ref, (dependent, free) in freed.items():
            change = operations.get((Change, ref))
            end = self._afterwards(dependent, operations.get((Rename, ref)))
            using = change.using if isinstance(change, Change) else None
            if end is not None:
                yield Change(dependent.obj, free, dependent.table), Change(free, end.obj, dependent.table, using)

    def _with_other_values(
        self, operation: Operation, operations: Mapping[tuple[type[Operation], Ref | None], Operation]
    ) -> Iterator[tuple[Placed, Column | Domain, Change]]:
        """A column or domain that says otherwise of its values while its type becomes another under the same name.

        With it comes what it says before and after, and the change of its type.
        """
        if not isinstance(operation, Change):
            return
        match operation.before, operation.after:
            case (Column() as old, Column() as new) | (Domain() as old, Domain() as new) if old.type == new.type:
                free: Column | Domain = replace(old, default=old.default if old.default == new.default else None)
                if isinstance(old, Domain) and isinstance(new, Domain):
                    free = replace(free, checks=tuple(check for check in old.checks if check in new.checks))
                for kind in _TYPES if free != old else ():
                    change = operations.get((Change, Ref(kind, *type_name(old.type))))
                    if isinstance(change, Change):
                        yield Placed(old, operation.table), free, change

    def _still_needs(self, ref: Ref, operation: Drop) -> bool:
        """Whether what is at `ref` in the schema after needs what is dropped."""
        end = self._end.get(ref)
        if isinstance(end, Table):
            return self._rules.blocks(operation, end)
        return end is not None and any(need == target(operation) for need in stated_needs(end))

    def _afterwards(self, dependent: Placed, rename: Operation | None) -> Placed | None:
        """What stands in the dependent's place in the schema after; None where it is gone with its table or name."""
        ref = dependent.ref
        if isinstance(rename, Rename):
            ref = ref._replace(name=rename.to)
        if dependent.table is None:
            obj = self._end.get(ref)
            return None if obj is None else Placed(obj, None)
        holder = self._end.table(dependent.table)
        if holder is None or self._start.table(dependent.table) is None:
            return None
        return next((found for part in parts_of(holder) if (found := Placed(part, dependent.table)).ref == ref), None)

    def _of(self, operation: Drop | Change) -> Iterator[Placed]:
        if isinstance(operation, Drop) and operation.inherited:
            return  # the column itself stays
        obj = operation.obj if isinstance(operation, Drop) else operation.before
        ref = ref_of(obj, operation.table)
        yield from self._needing(ref)
        match obj:
            case Column():
                assert operation.table is not None
                yield from self._on_column(operation.table, obj.name)
                for heir in self._heirs(operation.table):
                    yield from self._needing(Ref(Kind.COLUMN, heir.namespace, obj.name, heir.name))
                    yield from self._on_column(heir, obj.name)
            case PrimaryKey() | Unique() | Index():
                assert operation.table is not None
                yield from self._on_key(operation.table, _key_columns(obj))
                yield from self._attached_to(obj, operation.table)
            case Table():
                yield from self._foreign_keys_to(obj.key)
                if isinstance(operation, Change):
                    table = self._start.table(obj.key)
                    yield from (Placed(key, obj.key) for key in (() if table is None else table.foreign_keys))
            case Routine():
                yield from self._calling(obj.name)
            case Definition():
                yield from self._made_of(obj)
        if isinstance(operation, Change) and ref.kind in _TYPES:
            yield from self._needing_what_is_made_of(ref)

    def _needing(self, ref: Ref) -> Iterator[Placed]:
        """Views, routines, triggers and the like that name the object as something they need."""
        if self._by_need is None:
            self._by_need = defaultdict(list)
            for kind in (Kind.VIEW, *ROUTINES, Kind.TRIGGER, Kind.POLICY, Kind.DOMAIN, *sorted(DEFINED)):
                for obj in self._start.of_kind(kind):
                    for need in dict.fromkeys(stated_needs(obj)):
                        self._by_need[need].append(Placed(obj, None))
        return iter(self._by_need.get(ref, ()))

    def _needing_what_is_made_of(self, ref: Ref) -> Iterator[Placed]:
        """What names a type that is made of the one, however far."""
        waiting, seen = [ref], {ref}
        while waiting:
            found = waiting.pop()
            over = {placed.ref for placed in self._needing(found) if placed.ref.kind in (Kind.DOMAIN, *DEFINED_TYPES)}
            for composite in self._start.of_kind(Kind.COMPOSITE_TYPE):
                assert isinstance(composite, CompositeType)
                if any(type_name(each.type) == (found.namespace, found.name) for each in composite.attributes):
                    over.add(ref_of(composite))
            for other in sorted(over - seen, key=lambda other: other.order):
                yield from self._needing(other)
            waiting += over - seen
            seen |= over

    def _calling(self, routine: str) -> Iterator[Placed]:
        """Columns, checks, exclusions and indexes, and views by their defaults, that call a routine of that name."""
        for view in self._start.of_kind(Kind.VIEW):
            if any(self._rules.mentions(text, routine) for text in texts_of(view)):
                yield Placed(view, None)
        for table in self._start.of_kind(Kind.TABLE):
            assert isinstance(table, Table)
            for part in parts_of(table):
                in_default = isinstance(part, Column) and self._rules.mentions(part.default or "", routine)
                if in_default or (isinstance(part, Column | Check | Exclusion | Index) and self._uses(part, routine)):
                    yield Placed(part, table.key)

    def _made_of(self, definition: Definition) -> Iterator[Placed]:
        """Tables, parts of them and types whose texts name it."""
        names = list(names_in_texts(definition))
        holders: list[Placed] = []
        for kind in (Kind.TABLE, Kind.VIEW, Kind.DOMAIN, Kind.COMPOSITE_TYPE) if names else ():
            for obj in self._start.of_kind(kind):
                holders.append(Placed(obj, None))
                key = Name(getattr(obj, "namespace", None), obj.name)
                holders += (Placed(part, key) for part in parts_of(obj))
        for placed in holders:
            if any(name in text for text in texts_of(placed.obj) for name in names):
                yield placed

    def _on_column(self, name: Name, column: str) -> Iterator[Placed]:
        """Constraints, indexes and generated columns of the table, and foreign keys to it, that use the column."""
        for part in parts_of(self._start.table(name)):
            if (part.name != column or not isinstance(part, Column)) and self._uses(part, column):
                yield Placed(part, name)
        for placed in self._foreign_keys_to(name):
            assert isinstance(placed.obj, ForeignKey)
            if column in placed.obj.referenced_columns:
                yield placed

    def _heirs(self, name: Name) -> Iterator[Name]:
        """The tables that have their columns from the table: its partitions, those that inherit from it, and theirs."""
        if self._by_parent is None:
            self._by_parent = defaultdict(list)
            for table in self._start.of_kind(Kind.TABLE):
                assert isinstance(table, Table)
                for parent in table.inherits:
                    self._by_parent[parent].append(table.key)
        for heir in self._by_parent.get(name, ()):
            yield heir
            yield from self._heirs(heir)

    def _attached_to(self, key: PrimaryKey | Unique | Index, name: Name) -> Iterator[Placed]:
        """The parts that partitions have of an index of their table and that have names of their own."""
        for heir in self._heirs(name):
            for part in parts_of(self._start.table(heir)):
                if key.name is not None and part.options.get("attached_to") == key.name:
                    yield Placed(part, heir)

    def _on_key(self, name: Name, columns: tuple[str, ...]) -> Iterator[Placed]:
        for placed in self._foreign_keys_to(name):
            assert isinstance(placed.obj, ForeignKey)
            if set(placed.obj.referenced_columns) <= set(columns):
                yield placed

    def _uses(self, part: Part, column: str) -> bool:
        match part:
            case Column():
                return part.generated is not None and self._rules.mentions(part.generated.expression, column)
            case Check():
                return self._rules.mentions(part.expression, column)
            case Index() | Exclusion():
                keys = part.columns if isinstance(part, Index) else part.elements
                expressions = [key.expression for key in keys if key.expression] + [part.where or ""]
                named = {key.column for key in keys} | set(part.include)
                return column in named or any(self._rules.mentions(text, column) for text in expressions if text)
            case ForeignKey():
                return column in part.columns
            case PrimaryKey() | Unique():
                return column in part.columns or column in part.include

    def _foreign_keys_to(self, name: Name) -> Iterator[Placed]:
        for referrer in self._start.referrers(name):
            table = self._start.table(referrer)
            for key in () if table is None else table.foreign_keys:
                if key.target == name:
                    yield Placed(key, referrer)


def _is_on(table: Name, operation: Operation) -> bool:
    """Whether it is about a part of the table or view."""
    if isinstance(operation, Rename):
        return operation.ref.table is not None and Name(operation.ref.namespace, operation.ref.table) == table
    return isinstance(operation, Create | Drop | Change) and operation.table == table


def _goes_with_its_table(dependent: Placed, result: Mapping[tuple[type[Operation], Ref | None], Operation]) -> bool:
    holders = () if dependent.table is None else (Ref(kind, *dependent.table) for kind in (Kind.TABLE, Kind.VIEW))
    return any((Drop, holder) in result for holder in holders)


def _key_columns(key: PrimaryKey | Unique | Index) -> tuple[str, ...]:
    if isinstance(key, Index):
        return tuple(part.column for part in key.columns if part.column is not None)
    return key.columns
