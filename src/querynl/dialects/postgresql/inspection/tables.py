"""Tables, their columns, constraints and indexes, and the sequences behind columns, as the catalog has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from querynl import schema as model
from querynl.dialects.postgresql.heirs import copy_for
from querynl.dialects.postgresql.index_names import Indexed
from querynl.dialects.postgresql.inspection.lookup import (
    PG_CLASS,
    PG_CONSTRAINT,
    Lookup,
    namespace,
    storage_options,
)
from querynl.dialects.postgresql.options import FOREIGN
from querynl.dialects.postgresql.spelling import identifier, serial_sequence, type_text
from querynl.dialects.postgresql.types import LARGEST
from querynl.schema import (
    Action,
    Check,
    Column,
    Exclusion,
    ExclusionElement,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexColumn,
    Kind,
    OptionValue,
    PrimaryKey,
    Ref,
    Table,
    Unique,
)

Rows = Iterable[Sequence[Any]]
Keys = Mapping[int, Sequence[Sequence[Any]]]

_ACTIONS: dict[str, Action] = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_STORAGE = {"p": "plain", "e": "external", "x": "extended", "m": "main"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_IDENTITY_ALWAYS = "a"
_GENERATED_STORED = "s"
_REPLICA_IDENTITIES = {"f": "full", "n": "nothing"}
_STORED = frozenset("rp")
# A sequence depends on its column automatically if it is OWNED BY it, internally if it is its identity.
_OWNED, _IDENTITY = "a", "i"


class Counters:
    """The sequences that serve columns, told apart from those that are objects of their own."""

    def __init__(self, rows: Rows, lookup: Lookup) -> None:
        self._lookup = lookup
        self._identities: dict[tuple[int, int], model.Sequence] = {}
        # By column and name: one may own several.
        self._owned: dict[tuple[int, int], dict[str, model.Sequence]] = defaultdict(dict)
        self.own: list[model.Sequence] = []
        self._by_oid: dict[int, tuple[model.Sequence, tuple[int, int] | None]] = {}
        for row in rows:
            self._note(row)

    def _note(self, row: Sequence[Any]) -> None:
        (oid, schema, name, of_type, start, increment, low, high, cache, cycle, unlogged, link, table, number) = row
        owner = self._lookup.relations.get(table)
        if table is not None and owner is None:
            return  # it serves a table that is not managed
        rising = increment > 0
        least, most = (1, LARGEST[of_type]) if rising else (-LARGEST[of_type] - 1, -1)
        counted = model.Sequence(
            name=name,
            namespace=namespace(schema),
            type=None if of_type == "bigint" else of_type,
            start=None if start == (low if rising else high) else start,
            increment=None if increment == 1 else increment,
            minimum=None if low == least else low,
            maximum=None if high == most else high,
            cache=None if cache == 1 else cache,
            cycle=cycle,
            options={"unlogged": True} if unlogged and link is None else {},
            comment=self._lookup.comment(PG_CLASS, oid),
            owned_by=(owner.name, self._lookup.columns[table, number]) if owner is not None else None,
        )
        self._by_oid[oid] = counted, (table, number) if owner is not None else None
        if link == _IDENTITY:
            self._identities[table, number] = counted
        elif link == _OWNED:
            self._owned[table, number][counted.name] = counted
        else:
            self.own.append(counted)

    def serial(self, column: tuple[int, int], of_type: str, default: str | None) -> bool:
        """Whether the column is what SERIAL makes; its sequence is then no object of its own."""
        ref = self._lookup.relations[column[0]]
        name = serial_sequence(ref.name, self._lookup.columns[column])
        if self._owned_by(column).get(name) != model.Sequence(
            name=name,
            namespace=ref.namespace,
            type=None if of_type == "bigint" else of_type,
            owned_by=(ref.name, self._lookup.columns[column]),
        ):
            return False
        text = type_text(ref.namespace, name).replace("'", "''")
        if default != f"nextval('{text}'::regclass)":
            return False
        del self._owned[column][name]
        return True

    def _owned_by(self, column: tuple[int, int] | None) -> Mapping[str, model.Sequence]:
        return self._owned.get(column, {}) if column is not None else {}

    def identity(self, column: tuple[int, int], always: bool) -> tuple[Identity, dict[str, OptionValue]]:
        """The column's identity, and what its sequence has that `Identity` does not say."""
        found = self._identities[column]
        assert found.owned_by is not None, "the sequence of an identity belongs to its column"
        ref = self._lookup.relations[column[0]]
        facts = {
            "minimum": found.minimum,
            "maximum": found.maximum,
            "cache": found.cache,
            "cycle": found.cycle or None,
            "sequence": None if found.name == serial_sequence(ref.name, found.owned_by[1]) else found.name,
        }
        options: dict[str, OptionValue] = {name: value for name, value in facts.items() if value is not None}
        return Identity(start=found.start, increment=found.increment, always=always), options

    def has_identity(self, table: int, number: int) -> bool:
        """Whether the column counts by a sequence of its own; that of a partition counts with its table's."""
        return (table, number) in self._identities

    def remaining(self) -> list[model.Sequence]:
        """The sequences that are objects of their own, once every column has been asked for."""
        return [*self.own, *(sequence for owned in self._owned.values() for sequence in owned.values())]

    def places(self) -> Iterator[tuple[int, Ref, str | None]]:
        """Each sequence by its OID; a counter as its table and the column it serves. Asked for last, as `remaining`."""
        for oid, (sequence, column) in self._by_oid.items():
            if column is None or sequence.name in self._owned_by(column):
                yield oid, Ref(Kind.SEQUENCE, sequence.namespace, sequence.name), None
            else:
                yield oid, self._lookup.relations[column[0]], self._lookup.columns[column]


def columns(
    rows: Rows, lookup: Lookup, counters: Counters, parents: Mapping[int, Sequence[int]], partitions: Container[int]
) -> dict[int, list[Column]]:
    """The columns that each table itself declares, by the table's OID; `parents` are those whose columns it has too.

    What a table inherits is told by its parents alone, but for what differs from them.
    """
    declared = {(row[0], row[2]): row for row in rows}
    found: dict[int, list[Column]] = defaultdict(list)
    for row in rows:
        table, name, is_local = row[0], row[2], row[-1]
        if table not in lookup.relations:
            continue
        above = next((declared[parent, name] for parent in parents.get(table, ()) if (parent, name) in declared), None)
        if above is not None and (table in partitions or not is_local):
            is_local = _own_facts(above, lookup) != _own_facts(row, lookup)
        if is_local:
            found[table].append(_column(row, lookup, counters))
    return found


def _own_facts(row: Sequence[Any], lookup: Lookup) -> tuple[Any, ...]:
    """What a partition may have otherwise than its partitioned table."""
    (not_null, default), (storage, compression, statistics, parameters, foreign) = row[5:7], row[10:15]
    table, number = row[:2]
    return (
        *(not_null, lookup.not_nulls.get((table, number)), default),
        *(storage, compression, statistics, parameters, foreign, lookup.comment(PG_CLASS, table, number)),
    )


def note_columns(rows: Rows, lookup: Lookup) -> None:
    for table, number, name, _, of_type, *_ in rows:
        lookup.columns[table, number] = name
        lookup.column_types[table, number] = of_type


def note_not_nulls(rows: Rows, lookup: Lookup) -> None:
    for table, number, name, invalid, uninherited in rows:
        facts = {"not_null_name": name, "not_null_not_valid": invalid, "not_null_no_inherit": uninherited}
        lookup.not_nulls[table, number] = {option: value for option, value in facts.items() if value}


def _column(row: Sequence[Any], lookup: Lookup, counters: Counters) -> Column:
    (table, number, name, of_type, _, not_null, default, identified, generated) = row[:9]
    (collation, storage, compression, statistics, parameters, foreign, _) = row[9:]
    options: dict[str, OptionValue] = {}
    identity = None
    computed = None
    if identified and counters.has_identity(table, number):
        identity, options = counters.identity((table, number), identified == _IDENTITY_ALWAYS)
    elif generated:
        computed = Generated(expression=default, stored=generated == _GENERATED_STORED)
        default = None
    elif default is not None and not_null and counters.serial((table, number), of_type, default):
        identity, default = Identity(serial=True), None
    if storage is not None:
        options["storage"] = _STORAGE[storage]
    if compression:
        options["compression"] = _COMPRESSION[compression]
    if statistics is not None:
        options["statistics"] = statistics
    options.update(lookup.not_nulls.get((table, number), {}))
    options.update(storage_options(parameters) | storage_options(foreign, FOREIGN))
    return Column(
        name=name,
        type=of_type,
        nullable=not not_null,
        default=default,
        identity=identity,
        generated=computed,
        collation=lookup.collation(collation),
        comment=lookup.comment(PG_CLASS, table, number),
        options=options,
    )


class Constraints:
    """The constraints of every table, by the table's OID."""

    def __init__(self, rows: Rows, keys: Keys, lookup: Lookup) -> None:
        self._lookup = lookup
        self._keys = keys
        self.foreign_keys: dict[int, list[ForeignKey]] = defaultdict(list)
        self.checks: dict[int, list[Check]] = defaultdict(list)
        # Those with an index, and their tables' OIDs, by the OID of the index.
        self.indexed: dict[int, tuple[int, Indexed]] = {}
        for row in rows:
            if row[1] in lookup.relations:
                self._note(row)

    def _note(self, row: Sequence[Any]) -> None:
        (oid, table, name, kind, numbers) = row[:5]
        comment = self._lookup.comment(PG_CONSTRAINT, oid)
        ref = self._lookup.relations[table]
        if kind == "f":
            self.foreign_keys[table].append(self._foreign_key(row, comment))
            return
        if kind == "c":
            (_, valid, no_inherit, enforced) = row[12:16]
            self.checks[table].append(
                Check(
                    name=name,
                    expression=row[17],
                    validated=valid or not enforced,
                    enforced=enforced,
                    inherited=not no_inherit,
                    comment=comment,
                )
            )
            return
        (deferrable, deferred) = row[11:13]
        (keys, key_count, together, parameters, tablespace, replica, clustered, only, index) = row[20:29]
        facts: dict[str, Any] = {
            "name": name,
            "deferrable": deferrable,
            "initially_deferred": deferred,
            "include": self._lookup.column_names(table, keys[key_count:]),
            "options": _index_options(parameters, tablespace, (True, replica, clustered, only))
            | ({"without_overlaps": True} if row[16] else {}),
            "comment": comment,
        }
        part: Indexed
        if kind == "x":
            part = self._exclusion(row, facts)
        elif kind == "p":
            part = PrimaryKey(**facts, columns=self._lookup.column_names(table, numbers))
            self._lookup.keys[oid] = Ref(Kind.PRIMARY_KEY, ref.namespace, name, ref.name)
        else:
            columns = self._lookup.column_names(table, numbers)
            part = Unique(**facts, columns=columns, nulls_not_distinct=together)
        self.indexed[index] = (table, part)

    def _exclusion(self, row: Sequence[Any], facts: Mapping[str, Any]) -> Exclusion:
        (index, method, where, operators) = row[28:]
        elements = (
            ExclusionElement(operator=operator, **_key_facts(key, self._lookup))
            for operator, key in zip(operators, self._keys[index], strict=False)  # included columns have no operator
        )
        return Exclusion(**facts, elements=tuple(elements), method=None if method == "btree" else method, where=where)

    def _foreign_key(self, row: Sequence[Any], comment: str | None) -> ForeignKey:
        (_, table, name, _, numbers, target, target_numbers, on_delete, on_update, match, set_columns) = row[:11]
        (deferrable, deferred, valid, _, enforced, period) = row[11:17]
        (target_schema, target_name) = row[18:20]
        options: dict[str, OptionValue] = {}
        if set_columns:
            options["on_delete_columns"] = ", ".join(map(identifier, self._lookup.column_names(table, set_columns)))
        if not enforced:
            options["not_enforced"] = True
        if period:
            options["period"] = True
        return ForeignKey(
            name=name,
            columns=self._lookup.column_names(table, numbers),
            references=target_name,
            references_namespace=namespace(target_schema),
            referenced_columns=self._lookup.column_names(target, target_numbers),
            on_delete=_ACTIONS[on_delete],
            on_update=_ACTIONS[on_update],
            match="full" if match == "f" else "simple",
            deferrable=deferrable,
            initially_deferred=deferred,
            validated=valid or not enforced,
            options=options,
            comment=comment,
        )


def _index_options(
    parameters: Sequence[str] | None, tablespace: str | None, flags: Sequence[bool]
) -> dict[str, OptionValue]:
    """The options of an index; the flags say whether it is valid, the replica identity, clustered on, not complete."""
    options = storage_options(parameters)
    if tablespace is not None:
        options["tablespace"] = tablespace
    valid, replica, clustered, only = flags
    switches = {"invalid": not valid, "replica_identity": replica, "cluster": clustered, "only": only}
    options.update((name, True) for name, is_on in switches.items() if is_on)
    return options


def keys_by_index(rows: Rows) -> Keys:
    """The keys and included columns of every index, in their order, by its OID."""
    keys: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        keys[row[0]].append(row)
    return keys


def indexes(rows: Rows, keys: Keys, lookup: Lookup) -> dict[int, tuple[int, Indexed]]:
    """The indexes that no constraint owns, with the OID of their table or materialised view, by their own."""
    found: dict[int, tuple[int, Indexed]] = {}
    for oid, table, name, method, unique, together, key_count, where, parameters, tablespace, *flags in rows:
        if table not in lookup.relations:
            continue
        found[oid] = (
            table,
            Index(
                name=name,
                columns=tuple(IndexColumn(**_key_facts(row, lookup)) for row in keys[oid][:key_count]),
                unique=unique,
                method=None if method == "btree" else method,
                include=tuple(row[2] for row in keys[oid][key_count:]),
                where=where,
                nulls_not_distinct=together,
                options=_index_options(parameters, tablespace, flags),
                comment=lookup.comment(PG_CLASS, oid),
            ),
        )
    return found


def own_parts(
    indexed: Mapping[int, tuple[int, Indexed]], attached: Rows, lookup: Lookup
) -> dict[int, dict[type, list[Any]]]:
    """What has an index, by the OID of its table and its class, without what partitions have for their table's."""
    whole: dict[int, int] = {row[0]: row[1] for row in attached}
    found: dict[int, dict[type, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for oid, (table, part) in indexed.items():
        own: Indexed | None = part
        if (above := indexed.get(whole.get(oid, 0))) is not None:
            partition = Table(name=lookup.relations[table].name)
            given = None if above[1].options.get("only") else copy_for(partition, above[1])
            own = None if part == given else replace(part, options={**part.options, "attached_to": above[1].name})
        if own is not None:
            found[table][type(own)].append(own)
    return found


def _key_facts(row: Sequence[Any], lookup: Lookup) -> dict[str, Any]:
    (_, _, column, expression, opclass, parameters, collation, option) = row
    descending, nulls_first = bool(option & 1), bool(option & 2)
    if parameters:
        opclass += f"({', '.join(parameters)})"
    return {
        "column": column,
        "expression": expression,
        "order": "desc" if descending else "asc",
        "nulls": None if nulls_first == descending else "first" if nulls_first else "last",
        "opclass": opclass,
        "collation": lookup.collation(collation),
    }


def table_options(row: Sequence[Any]) -> dict[str, OptionValue]:
    """The attributes of a table or materialised view, from its row of the relations."""
    (_, _, _, kind, unlogged, parameters, toast, secured, forced, replica, method, tablespace) = row[:12]
    (populated, partition_by, bound, _, _, _, foreign) = row[12:19]
    options = storage_options(parameters) | storage_options(toast, "toast.") | storage_options(foreign, FOREIGN)
    facts = {
        "unlogged": unlogged or None,
        "row_security": secured or None,
        "force_row_security": forced or None,
        "replica_identity": _REPLICA_IDENTITIES.get(replica) if kind in _STORED else None,
        "access_method": method,
        "tablespace": tablespace,
        "with_no_data": True if kind == "m" and not populated else None,
        "partition_by": partition_by,
        "partition_bound": bound,
    }
    options.update((name, value) for name, value in facts.items() if value is not None)
    return options
