"""A schema read from PostgreSQL's catalog, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from querynl.dialects.bookkeeping import is_own_table
from querynl.dialects.postgresql.inspection import privileges, queries, tables
from querynl.dialects.postgresql.inspection.definitions import Definitions
from querynl.dialects.postgresql.inspection.lookup import (
    PG_CLASS,
    PG_CONSTRAINT,
    PG_NAMESPACE,
    PG_POLICY,
    PG_PROC,
    PG_REWRITE,
    PG_TRIGGER,
    PG_TYPE,
    Lookup,
    dependencies,
    namespace,
)
from querynl.dialects.postgresql.inspection.routines import note_routines, routines
from querynl.dialects.postgresql.inspection.session import canonical_session
from querynl.dialects.protocol import Reader
from querynl.schema import (
    Attribute,
    Check,
    CompositeType,
    Definition,
    Domain,
    Enum,
    Exclusion,
    Extension,
    Index,
    Kind,
    Name,
    Namespace,
    Policy,
    PrimaryKey,
    Ref,
    Schema,
    Table,
    Trigger,
    Unique,
    View,
    canonical,
)

Rows = Sequence[Sequence[Any]]

_RELATION_KINDS = {"r": Kind.TABLE, "p": Kind.TABLE, "f": Kind.TABLE, "v": Kind.VIEW, "m": Kind.VIEW}
_COMMANDS: dict[str, Any] = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
_ENABLED = {"D": "disabled", "R": "replica", "A": "always"}
# Versions that brought columns of the catalog which are asked for.
_VERSION_18 = 180000


def inspect(reader: Reader) -> Schema:
    """What the connected database holds, in canonical form. Objects that extensions made are left out."""
    with canonical_session(reader) as version:
        return canonical(_Inspection(reader, version).schema())


class _Inspection:
    """One reading of the catalog: first the names of everything, then the objects."""

    def __init__(self, reader: Reader, version: int) -> None:
        self._reader = reader
        self._version = version
        self._lookup = Lookup(reader.rows(queries.COMMENTS), reader.rows(queries.COLLATIONS))

    def schema(self) -> Schema:
        lookup = self._lookup
        relations = [row for row in self._reader.rows(queries.RELATIONS) if not is_own_table(row[2])]
        for oid, schema, name, kind, *_ in relations:
            lookup.relations[oid] = Ref(_RELATION_KINDS[kind], namespace(schema), name)
        columns = self._reader.rows(queries.COLUMNS)
        tables.note_columns(columns, lookup)
        tables.note_not_nulls(self._reader.rows(queries.NOT_NULLS), lookup)
        enums, domains = self._reader.rows(queries.ENUMS), self._reader.rows(queries.DOMAINS)
        for kind, rows in ((Kind.ENUM, enums), (Kind.DOMAIN, domains)):
            lookup.types.update((oid, Ref(kind, namespace(schema), name)) for oid, schema, name, *_ in rows)
        composites = self._reader.rows(queries.COMPOSITE_TYPES)
        for oid, relation, schema, name, *_ in composites:
            lookup.types[oid] = lookup.relations[relation] = Ref(Kind.COMPOSITE_TYPE, namespace(schema), name)
        definitions = Definitions(self._reader, lookup)
        routine_rows = self._reader.rows(queries.ROUTINES)
        note_routines(routine_rows, lookup)
        keys = tables.keys_by_index(self._reader.rows(queries.INDEX_KEYS))
        constraints = tables.Constraints(self._constraint_rows(), keys, lookup)
        domain_checks = self._reader.rows(queries.DOMAIN_CHECKS)
        needs = self._needs(domain_checks, definitions.members_need)
        counters = tables.Counters(self._reader.rows(queries.SEQUENCES), lookup)
        indexes = tables.indexes(self._reader.rows(queries.INDEXES), keys, lookup)
        attached = self._reader.rows(queries.ATTACHED_INDEXES)
        indexed = tables.own_parts({**constraints.indexed, **indexes}, attached, lookup)
        found_tables = tuple(self._tables(relations, columns, constraints, indexed, counters))
        return Schema(
            dialect="postgresql",
            namespaces=tuple(self._namespaces()),
            extensions=tuple(self._extensions()),
            enums=tuple(self._enums(enums)),
            domains=tuple(self._domains(domains, domain_checks, needs[PG_TYPE])),
            composite_types=tuple(self._composite_types(composites)),
            tables=found_tables,
            sequences=tuple(counters.remaining()),
            views=tuple(self._views(relations, indexed, needs[PG_CLASS])),
            routines=tuple(routines(routine_rows, self._reader.rows(queries.AGGREGATES), needs[PG_PROC], lookup)),
            triggers=tuple(self._triggers(needs[PG_TRIGGER])),
            policies=tuple(self._policies(needs[PG_POLICY])),
            definitions=(*self._rules(needs[PG_REWRITE]), *definitions.with_needs(needs)),
            **self._privileges(counters),
            unmanaged=definitions.unmanaged,
        )

    def _namespaces(self) -> Iterator[Namespace]:
        for oid, name in self._reader.rows(queries.NAMESPACES):
            yield Namespace(name=name, comment=self._lookup.comment(PG_NAMESPACE, oid))

    def _extensions(self) -> Iterator[Extension]:
        for name, schema in self._reader.rows(queries.EXTENSIONS):
            yield Extension(name=name, namespace=namespace(schema))

    def _enums(self, rows: Rows) -> Iterator[Enum]:
        for oid, schema, name, labels in rows:
            comment = self._lookup.comment(PG_TYPE, oid)
            yield Enum(name=name, namespace=namespace(schema), values=tuple(labels), comment=comment)

    def _privileges(self, counters: tables.Counters) -> dict[str, Any]:
        sequences = privileges.counters(counters.places())
        places = privileges.Places(self._lookup, self._reader.rows(queries.ALL_NAMESPACES), sequences)
        return {
            "owners": tuple(privileges.owners(self._reader.rows(queries.OWNERS), places)),
            "grants": tuple(privileges.grants(self._reader.rows(queries.GRANTS), places)),
            "default_privileges": tuple(privileges.default_privileges(self._reader.rows(queries.DEFAULT_PRIVILEGES))),
        }

    def _constraint_rows(self) -> Rows:
        newer = self._version >= _VERSION_18
        return self._reader.rows(
            queries.CONSTRAINTS.format(
                enforced="k.conenforced" if newer else "true", period="k.conperiod" if newer else "false"
            )
        )

    def _needs(self, domain_checks: Rows, members: Rows) -> Mapping[int, dict[int, set[Ref]]]:
        """What each object needs, by the OIDs of its catalog and its own; a view's needs are under PG_CLASS."""
        found: dict[int, dict[int, set[Ref]]] = defaultdict(dict)
        domain_of = {row[0]: row[1] for row in domain_checks}
        rows = (*self._reader.rows(queries.DEPENDENCIES), *members)
        for catalog, oid, needed_catalog, needed, number, row_of in rows:
            holder = domain_of.get(oid, 0) if catalog == PG_CONSTRAINT else oid
            if (needed_catalog, needed) != (PG_CLASS, holder):  # a view's rule needs the view
                refs = found[PG_TYPE if catalog == PG_CONSTRAINT else catalog].setdefault(holder, set())
                refs.update(self._lookup.needed(needed_catalog, needed, number, row_of))
        return found

    def _tables(
        self,
        relations: Rows,
        columns: Rows,
        constraints: tables.Constraints,
        indexed: Mapping[int, Mapping[type, list[Any]]],
        counters: tables.Counters,
    ) -> Iterator[Table]:
        partitions = {row[0] for row in relations if row[14] is not None}
        parents = {row[0]: row[15] for row in relations if row[15]}
        found = tables.columns(columns, self._lookup, counters, parents, partitions)
        for row in relations:
            oid = row[0]
            ref = self._lookup.relations[oid]
            if ref.kind is Kind.TABLE:
                parts = indexed.get(oid, {})
                yield Table(
                    name=ref.name,
                    namespace=ref.namespace,
                    columns=tuple(found.get(oid, ())),
                    primary_key=next(iter(parts.get(PrimaryKey, ())), None),
                    uniques=tuple(parts.get(Unique, ())),
                    foreign_keys=tuple(constraints.foreign_keys.get(oid, ())),
                    checks=tuple(constraints.checks.get(oid, ())),
                    exclusions=tuple(parts.get(Exclusion, ())),
                    indexes=tuple(parts.get(Index, ())),
                    inherits=self._parents(row[15]),
                    server=row[17],
                    of_type=row[19],
                    comment=self._lookup.comment(PG_CLASS, oid),
                    options=tables.table_options(row),
                )

    def _parents(self, oids: Iterable[int]) -> tuple[Name, ...]:
        return tuple(name for oid in oids if (name := self._lookup.table(oid)) is not None)

    def _views(
        self, relations: Rows, indexed: Mapping[int, Mapping[type, list[Any]]], needs: Mapping[int, set[Ref]]
    ) -> Iterator[View]:
        defaults: dict[int, dict[str, str]] = defaultdict(dict)
        for oid, column, default in self._reader.rows(queries.VIEW_DEFAULTS):
            defaults[oid][column] = default
        for row in relations:
            oid = row[0]
            ref = self._lookup.relations[oid]
            if ref.kind is Kind.VIEW:
                yield View(
                    name=ref.name,
                    namespace=ref.namespace,
                    definition=row[16].strip().rstrip(";"),
                    materialized=row[3] == "m",
                    options=tables.table_options(row),
                    indexes=tuple(indexed.get(oid, {}).get(Index, ())),
                    comment=self._lookup.comment(PG_CLASS, oid),
                    column_comments=self._lookup.column_comments(oid),
                    column_defaults=defaults.get(oid, {}),
                    depends_on=dependencies(needs.get(oid, ())),
                )

    def _domains(self, rows: Rows, checks: Rows, needs: Mapping[int, set[Ref]]) -> Iterator[Domain]:
        for oid, schema, name, of_type, not_null, default, collation in rows:
            yield Domain(
                name=name,
                namespace=namespace(schema),
                type=of_type,
                nullable=not not_null,
                default=default,
                collation=self._lookup.collation(collation),
                checks=tuple(
                    Check(
                        name=check,
                        expression=expression,
                        validated=valid,
                        comment=self._lookup.comment(PG_CONSTRAINT, check_oid),
                    )
                    for check_oid, domain, check, expression, valid in sorted(checks, key=lambda row: str(row[2]))
                    if domain == oid
                ),
                comment=self._lookup.comment(PG_TYPE, oid),
                depends_on=dependencies(needs.get(oid, set()) - {self._lookup.types[oid]}),
            )

    def _composite_types(self, rows: Rows) -> Iterator[CompositeType]:
        for (oid, relation), attributes in groupby(rows, key=lambda row: (row[0], row[1])):
            ref = self._lookup.types[oid]
            yield CompositeType(
                name=ref.name,
                namespace=ref.namespace,
                attributes=tuple(
                    Attribute(
                        name=name,
                        type=of_type,
                        collation=self._lookup.collation(collation),
                        comment=self._lookup.comment(PG_CLASS, relation, number),
                    )
                    for *_, number, name, of_type, collation in attributes
                    if name is not None
                ),
                comment=self._lookup.comment(PG_TYPE, oid),
            )

    def _triggers(self, needs: Mapping[int, set[Ref]]) -> Iterator[Trigger]:
        for oid, schema, table, name, definition, enabled in self._reader.rows(queries.TRIGGERS):
            yield Trigger(
                name=name,
                table=table,
                namespace=namespace(schema),
                definition=definition,
                options={"enabled": _ENABLED[enabled]} if enabled in _ENABLED else {},
                comment=self._lookup.comment(PG_TRIGGER, oid),
                depends_on=dependencies(needs.get(oid, ())),
            )

    def _rules(self, needs: Mapping[int, set[Ref]]) -> Iterator[Definition]:
        for oid, schema, table, name, definition, enabled in self._reader.rows(queries.RULES):
            yield Definition(
                kind=Kind.RULE,
                name=name,
                table=table,
                namespace=namespace(schema),
                definition=definition.rstrip(";"),
                options={"enabled": _ENABLED[enabled]} if enabled in _ENABLED else {},
                comment=self._lookup.comment(PG_REWRITE, oid),
                depends_on=dependencies(needs.get(oid, ())),
            )

    def _policies(self, needs: Mapping[int, set[Ref]]) -> Iterator[Policy]:
        for oid, schema, table, name, command, permissive, roles, using, check in self._reader.rows(queries.POLICIES):
            yield Policy(
                name=name,
                table=table,
                namespace=namespace(schema),
                command=_COMMANDS[command],
                permissive=permissive,
                roles=tuple(roles),
                using=using,
                check=check,
                comment=self._lookup.comment(PG_POLICY, oid),
                depends_on=dependencies(needs.get(oid, ())),
            )
