"""What the model knows by its statement, as the catalog has it: each kind is asked for where there is any of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from querynl.dialects.postgresql.inspection import queries
from querynl.dialects.postgresql.inspection.definition_queries import DEFINITIONS
from querynl.dialects.postgresql.inspection.lookup import CATALOGS, Lookup, dependencies, namespace
from querynl.dialects.protocol import Reader
from querynl.schema import DEFINED_TYPES, Definition, Kind, Ref, ref_of

# Kinds whose members have dependencies of their own in the catalog.
_HAVE_MEMBERS = frozenset({Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS, Kind.PUBLICATION})


class Definitions:
    """Everything but rules that is known by its statement; `unmanaged` counts what is not, by plural names."""

    def __init__(self, reader: Reader, lookup: Lookup) -> None:
        self._lookup = lookup
        self._found: dict[tuple[int, int], Definition] = {}
        self.unmanaged: dict[str, int] = {}
        for kind, count in sorted(reader.rows(queries.CENSUS)):
            rows = reader.rows(DEFINITIONS[kind]) if count and kind in DEFINITIONS else []
            for row in rows:
                self._note(Kind(kind), row)
            if count > len(rows):
                self.unmanaged[f"{kind}s"] = count - len(rows)
        having = any(definition.kind in _HAVE_MEMBERS for definition in self._found.values())
        self.members_need = reader.rows(queries.MEMBERS_NEED) if having else []

    def _note(self, kind: Kind, row: Sequence[Any]) -> None:
        (oid, schema, name, arguments, table_schema, table, definition, options) = row
        within = None if schema is None else namespace(schema)
        found = Definition(
            kind=kind,
            name=name,
            namespace=within,
            arguments=arguments,
            # A table in another namespace is told by the dependencies alone.
            table=table if table is not None and namespace(table_schema) == within else None,
            definition=definition,
            options={name: value for name, value in (options or {}).items() if value is not None},
            comment=self._lookup.comment(CATALOGS[kind], oid),
        )
        self._found[CATALOGS[kind], oid] = found
        self._lookup.definitions[CATALOGS[kind], oid] = ref_of(found)
        if kind in DEFINED_TYPES:
            self._lookup.types[oid] = ref_of(found)

    def with_needs(self, needs: Mapping[int, Mapping[int, set[Ref]]]) -> Iterator[Definition]:
        """The objects, with what each needs, by the OIDs of its catalog and its own."""
        from msgspec.structs import replace

        for (catalog, oid), found in self._found.items():
            needed = needs.get(catalog, {}).get(oid, set())
            yield replace(found, depends_on=dependencies(needed - {ref_of(found)}))
