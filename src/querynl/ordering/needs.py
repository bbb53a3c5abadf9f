"""What each operation makes, ends and needs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from querynl import schema as model
from querynl.operations import (
    Change,
    Create,
    Drop,
    Operation,
    Rename,
    Rewriting,
    names_in_texts,
    parts_of,
    target,
    texts_of,
)
from querynl.schema import (
    DEFINED_TYPES,
    ROUTINES,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Domain,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    Name,
    Namespace,
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

# Kinds whose names share one space in a namespace on some engine.
_RELATIONS = frozenset(
    {
        *(Kind.TABLE, Kind.VIEW, Kind.SEQUENCE, Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES),
        *(Kind.INDEX, Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.EXCLUSION),
    }
)
# Kinds whose names share one space in a table on some engine.
_CONSTRAINTS = frozenset({Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.EXCLUSION, Kind.FOREIGN_KEY, Kind.CHECK})
# What stands twice within a name between two of it.
_QUOTES = ('"', "`")
_WORD = re.compile(r"\w+")
_NAME = re.compile(r'"[^"]*"|`[^`]*`|\w+')


class Needs:
    """What each operation makes, ends and needs, found by address.

    Without `guessing`, a name in a text that nobody has taken apart counts for nothing.
    """

    def __init__(self, operations: Sequence[Operation], rewriting: Rewriting, *, guessing: bool = True) -> None:
        self._rewriting = rewriting
        self._guessing = guessing
        self.creators: dict[Ref, list[int]] = defaultdict(list)
        self.droppers: dict[Ref, list[int]] = defaultdict(list)
        self.changers: dict[Ref, list[int]] = defaultdict(list)
        # By the tables whose referrers are in the way of that.
        self.table_changers: dict[Name, list[int]] = defaultdict(list)
        self.column_creators: dict[Name, list[int]] = defaultdict(list)
        self.column_enders: dict[Name, list[int]] = defaultdict(list)
        # Names by the space they must be unique in.
        self.names_taken: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self.names_given_up: dict[tuple[str, ...], list[int]] = defaultdict(list)
        # By all that a text may have for their names.
        self._called: dict[str, set[Ref]] = defaultdict(set)
        # By one of the words of their names.
        self._spoken_of: dict[str, set[tuple[str, Ref]]] = defaultdict(set)
        # The columns that come or go with the sequence that counts for them.
        self._counted: dict[Name, list[Ref]] = defaultdict(list)
        self._moving_columns: dict[Name, set[str]] = defaultdict(set)
        for number, operation in enumerate(operations):
            self._note(number, operation)

    def _note(self, number: int, operation: Operation) -> None:
        ref = target(operation)
        if ref is not None and ref.kind is Kind.COLUMN and ref.table is not None:
            self._moving_columns[Name(ref.namespace, ref.table)].add(ref.name)
        match operation:
            case Create(obj, table):
                for ref in refs(obj, table):
                    self.creators[ref].append(number)
                self._note_names(self.names_taken, number, obj, table)
                if isinstance(obj, Column) and table is not None:
                    self.column_creators[table].append(number)
                self._note_called(obj)
                self._note_counted(obj, table)
            case Drop(obj, table):
                for ref in refs(obj, table):
                    self.droppers[ref].append(number)
                self._note_names(self.names_given_up, number, obj, table)
                if isinstance(obj, Column) and table is not None:
                    self.column_enders[table].append(number)
                self._note_called(obj)
                self._note_counted(obj, table)
            case Change(before, after, table):
                for names, part in ((self.names_given_up, before), (self.names_taken, after)):
                    self._note_counting(names, number, part, table)
                # What is in something minds what becomes of its neighbours, not of the attributes of what it is in. Nor
                # does what counts mind how: a sequence may change to go with the very column that counts by it.
                if not isinstance(after, Table | Namespace | model.Sequence):
                    self.changers[ref_of(after, table)].append(number)
                if isinstance(before, Table) and isinstance(after, Table):
                    minds = self._rewriting.minds_references(before, after)
                    self.table_changers[after.key] += [number] if minds else []
                if isinstance(before, Column) and isinstance(after, Column) and table is not None:
                    self.column_enders[table].append(number)
                    if _counts_by(before) != _counts_by(after):  # the sequence goes, or comes
                        self._note_counted(before, table)
                        self._note_counted(after, table)
            case Rename(ref, to):
                for space in self._spaces(ref):
                    self.names_given_up[space].append(number)
                for space in self._spaces(ref._replace(name=to)):
                    self.names_taken[space].append(number)

    def _note_called(self, obj: AnyObject) -> None:
        if isinstance(obj, Table | View | Routine):
            name = obj.name.lower()
            self._spoken_of[min(_words(name), default="")].add((name, ref_of(obj)))
        called: Iterable[str] = ()
        if isinstance(obj, Routine | model.Sequence):
            called = (obj.name,)
        elif isinstance(obj, Definition):
            called = names_in_texts(obj)
        for name in called:
            quoted = name.replace('"', '""')
            for spelling in (name, quoted, quoted.replace("'", "''")):  # as it is, as a name, and in a literal
                self._called[spelling].add(ref_of(obj))

    def _note_counted(self, obj: AnyObject, table: Name | None) -> None:
        if isinstance(obj, model.Sequence) and obj.owned_by is not None:  # it goes with its column
            owner, number = obj.owned_by
            self._counted[Name(obj.namespace, obj.name)].append(Ref(Kind.COLUMN, obj.namespace, number, owner))
        holder = obj.key if isinstance(obj, Table) else table
        for column in obj.columns if isinstance(obj, Table) else (obj,):
            if isinstance(column, Column) and holder is not None:
                counter = self._rewriting.counter_of(holder, column)
                if counter is not None:
                    self._counted[counter].append(ref_of(column, holder))

    def _note_names(
        self, names: dict[tuple[str, ...], list[int]], number: int, obj: AnyObject, table: Name | None
    ) -> None:
        holder = Name(obj.namespace, obj.name) if isinstance(obj, Table | View) else table
        parts = parts_of(obj) if isinstance(obj, Table | View) else ()
        for named in (obj, *parts):
            if named.name is not None:
                for space in self._spaces(ref_of(named, holder)):
                    names[space].append(number)
        if isinstance(obj, PrimaryKey) and table is not None:  # a table has one, whatever its name
            names[Kind.PRIMARY_KEY, table.namespace or "", table.name].append(number)
        self._note_counting(names, number, obj, table)

    def _note_counting(
        self, names: dict[tuple[str, ...], list[int]], number: int, obj: AnyObject, table: Name | None
    ) -> None:
        """Note a column that counts like a name where the table may have but one."""
        is_counting = isinstance(obj, Column) and obj.identity is not None
        if is_counting and table is not None and self._rewriting.counts_once():
            names["what counts", table.namespace or "", table.name].append(number)

    def _spaces(self, ref: Ref) -> Iterator[tuple[str, ...]]:
        """All that a name must be unique in, with the name."""
        name = self._rewriting.folded(ref.kind, ref.name)
        if ref.table is not None and ref.kind in _CONSTRAINTS:
            yield ("constraint", ref.namespace or "", ref.table, name)
        if ref.table is not None and not self._rewriting.shares_names(ref.kind):
            yield (ref.kind, ref.namespace or "", ref.table, name)
        elif ref.kind in _RELATIONS:
            yield (ref.namespace or "", name)
        elif ref.kind in ROUTINES:
            yield (ref.namespace or "", name.split("(")[0], "()")
        else:
            yield (ref.kind, ref.namespace or "", name)

    def of(self, obj: AnyObject, table: Name | None) -> Iterator[Ref]:
        """The addresses of what an object needs to exist."""
        namespace = table.namespace if table is not None else getattr(obj, "namespace", None)
        if namespace is not None:
            yield Ref(Kind.NAMESPACE, None, namespace)
        if table is not None:
            yield Ref(Kind.TABLE, *table)
        yield from stated_needs(obj)
        match obj:
            case Table():
                for parent in obj.inherits:
                    # It has them as they will be, with values of their later types.
                    moving = self._moving_columns.get(parent, ())
                    yield from (Ref(Kind.COLUMN, parent.namespace, name, parent.name) for name in moving)
                if obj.of_type is not None:
                    yield from self._of_type(obj.of_type)
                yield from self._of_texts(obj)
                for part in parts_of(obj):
                    yield from (ref for ref in self._of_part(part, obj.key) if ref.table != obj.name)
            case Trigger():
                yield from self._of_columns(obj.definition, Name(obj.namespace, obj.table))
            case Definition() if not obj.depends_on:  # written by hand
                yield from self._of_statement(obj)
            case View() | Routine():
                yield from self._of_texts(obj)
                if not obj.depends_on:  # written by hand, or a body that the catalog knows nothing of
                    yield from self._of_words(obj)
            case Domain():
                yield from self._of_type(obj.type)
                yield from self._of_texts(obj)
            case CompositeType():
                yield from self._of_texts(obj)
                for attribute in obj.attributes:
                    yield from self._of_type(attribute.type)
            case Column() | PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
                assert table is not None
                yield from self._of_part(obj, table)

    def _of_part(self, part: AnyObject, table: Name) -> Iterator[Ref]:
        def column(name: str, of: Name = table) -> Ref:
            return Ref(Kind.COLUMN, of.namespace, name, of.name)

        yield from self._of_texts(part)
        match part:
            case Column():
                yield from self._of_type(part.type)
                if part.default is not None and (self._counted or self._called):
                    counter = self._rewriting.counted_by(part.default)
                    if counter is not None:
                        yield Ref(Kind.SEQUENCE, *counter)
                        yield from self._counted.get(counter, ())
                if part.generated is not None:
                    yield from self._of_columns(part.generated.expression, table)
            case PrimaryKey() | Unique():
                yield from map(column, (*part.columns, *part.include))
            case ForeignKey():
                yield from map(column, part.columns)
                yield Ref(Kind.TABLE, *part.target)
                yield from (column(name, part.target) for name in part.referenced_columns)
                yield _keys(part.target)
            case Check():
                yield from self._of_columns(part.expression, table)
            case Index() | Exclusion():
                keys = part.columns if isinstance(part, Index) else part.elements
                yield from map(column, part.include)
                for key in keys:
                    if key.column is not None:
                        yield column(key.column)
                for text in (*(key.expression for key in keys), part.where):
                    yield from self._of_columns(text, table)

    def _of_columns(self, expression: str | None, table: Name) -> Iterator[Ref]:
        """The table's columns that come, change or go in this migration and that the expression names."""
        if expression:
            for name in self._moving_columns.get(table, ()):
                if self._rewriting.mentions(expression, name):
                    yield Ref(Kind.COLUMN, table.namespace, name, table.name)

    def _of_type(self, text: str) -> Iterator[Ref]:
        """An enum, domain or other type of the schema that a column's type may name."""
        name = type_name(text)
        for kind in (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES):
            yield Ref(kind, *name)

    def _of_statement(self, definition: Definition) -> Iterator[Ref]:
        """What comes or goes in this migration and is named by a word of the statement that is not its own name."""
        if not self._guessing:
            return
        for name, refs in self._called.items():
            own = name == definition.name or not name.isidentifier()
            if not own and self._rewriting.mentions(definition.definition, name):
                yield from refs

    def _of_words(self, obj: View | Routine) -> Iterator[Ref]:
        """What comes or goes in this migration and whose names the definition has: views, routines, a view's tables."""
        text = obj.definition.lower()
        words = ("", *_words(text)) if self._spoken_of and self._guessing else ()
        for word in words:
            for name, ref in self._spoken_of.get(word, ()):
                is_meant = name != obj.name.lower() and (ref.kind is not Kind.TABLE or isinstance(obj, View))
                if is_meant and _is_said(name, text):
                    yield ref

    def _of_texts(self, obj: AnyObject) -> Iterator[Ref]:
        """Routines, sequences and the like that come or go in this migration and that the object's texts name."""
        if not self._called or not self._guessing:
            return
        for text in texts_of(obj):
            for name, refs in self._called.items():
                if name in text and (not name.isidentifier() or name in _names_within(text)):
                    yield from refs


def _counts_by(column: Column) -> str | None:
    """What a column counts by, if it does: a sequence of its own, or a default that asks one."""
    if column.identity is None:
        return None
    return "default" if column.identity.serial else "identity"


@lru_cache(maxsize=4096)
def _names_within(text: str) -> frozenset[str]:
    """All that may be a name in one word, but for what is a part of a name between quotes."""
    return frozenset(said.strip('`"') for said in _NAME.findall(text))


def _is_said(name: str, text: str) -> bool:
    """Whether the text has the name, and not only as the namespace, or table, of what comes after a dot."""
    spellings = [said for said in {name, *(name.replace(sign, sign * 2) for sign in _QUOTES)} if said in text]
    if not any(f"{said}{sign}." in text for said in spellings for sign in ("", *_QUOTES)):
        return bool(spellings)
    return any(re.search(rf"(?<!\w){re.escape(said)}(?!\w)(?![\"`]?\.)", text) for said in spellings)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _keys(table: Name) -> Ref:
    """Stands for every key of a table that a foreign key may refer to."""
    return Ref(Kind.UNIQUE, table.namespace, "", table.name)


def refs(obj: AnyObject, table: Name | None) -> Iterator[Ref]:
    """The addresses that come and go with an object."""
    yield ref_of(obj, table)
    if isinstance(obj, Table):
        for part in (*obj.columns, *obj.uniques, *obj.indexes, *((obj.primary_key,) if obj.primary_key else ())):
            yield ref_of(part, obj.key)
    elif table is not None and (isinstance(obj, PrimaryKey | Unique) or (isinstance(obj, Index) and obj.unique)):
        yield _keys(table)
    if isinstance(obj, View):
        for index in obj.indexes:
            yield ref_of(index, Name(obj.namespace, obj.name))
