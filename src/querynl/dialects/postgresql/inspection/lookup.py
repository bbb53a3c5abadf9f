"""The names behind the catalog's OIDs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from querynl.dialects.postgresql.spelling import OWN_NAMESPACE, qualified
from querynl.schema import Dependency, Kind, Name, OptionValue, Ref

# OIDs of catalogs; they never change.
PG_CLASS = 1259
PG_CONSTRAINT = 2606
PG_NAMESPACE = 2615
PG_POLICY = 3256
PG_PROC = 1255
PG_REWRITE = 2618
PG_TRIGGER = 2620
PG_TYPE = 1247

# Those of the kinds that are known by their statements.
CATALOGS = {
    Kind.LANGUAGE: 2612,
    Kind.ACCESS_METHOD: 2601,
    Kind.COLLATION: 3456,
    Kind.CONVERSION: 2607,
    Kind.BASE_TYPE: PG_TYPE,
    Kind.RANGE_TYPE: PG_TYPE,
    Kind.CAST: 2605,
    Kind.TRANSFORM: 3576,
    Kind.OPERATOR: 2617,
    Kind.OPERATOR_FAMILY: 2753,
    Kind.OPERATOR_CLASS: 2616,
    Kind.TEXT_SEARCH_PARSER: 3601,
    Kind.TEXT_SEARCH_TEMPLATE: 3764,
    Kind.TEXT_SEARCH_DICTIONARY: 3600,
    Kind.TEXT_SEARCH_CONFIGURATION: 3602,
    Kind.FOREIGN_DATA_WRAPPER: 2328,
    Kind.SERVER: 1417,
    Kind.USER_MAPPING: 1418,
    Kind.STATISTICS: 3381,
    Kind.PUBLICATION: 6104,
    Kind.SUBSCRIPTION: 6100,
    Kind.EVENT_TRIGGER: 3466,
}


def namespace(name: str) -> str | None:
    """The namespace as the model has it: None for the connection's own."""
    return None if name == OWN_NAMESPACE else name


class Lookup:
    """What an inspection has learnt so far, by OID."""

    def __init__(self, comments: Iterable[Sequence[Any]], collations: Iterable[Sequence[Any]]) -> None:
        self.relations: dict[int, Ref] = {}
        self.columns: dict[tuple[int, int], str] = {}
        self.column_types: dict[tuple[int, int], int] = {}
        self.not_nulls: dict[tuple[int, int], dict[str, OptionValue]] = {}
        self.types: dict[int, Ref] = {}
        self.routines: dict[int, Ref] = {}
        self.keys: dict[int, Ref] = {}
        self.definitions: dict[tuple[int, int], Ref] = {}
        self._comments: dict[tuple[int, int, int], str] = {}
        self._view_comments: dict[int, dict[str, str]] = {}
        for catalog, oid, number, text, column in comments:
            if column is None:
                self._comments[catalog, oid, number] = text
            else:
                self._view_comments.setdefault(oid, {})[column] = text
        self._collations = {oid: _collation(*names) for oid, *names in collations}

    def comment(self, catalog: int, oid: int, number: int = 0) -> str | None:
        return self._comments.get((catalog, oid, number))

    def column_comments(self, view: int) -> dict[str, str]:
        """The comments on a view's columns, by their names."""
        return dict(sorted(self._view_comments.get(view, {}).items()))

    def collation(self, oid: int | None) -> str | None:
        return None if oid is None else self._collations.get(oid)

    def table(self, oid: int) -> Name | None:
        """The name of a managed table or view."""
        ref = self.relations.get(oid)
        return None if ref is None else Name(ref.namespace, ref.name)

    def column_names(self, oid: int, numbers: Iterable[int] | None) -> tuple[str, ...]:
        return tuple(self.columns[oid, number] for number in numbers or ())

    def needed(self, catalog: int, oid: int, number: int, row_of: int | None) -> Iterable[Ref]:
        """What a dependency on that object is a dependency on, in terms of the model.

        A column stands for itself and for its type, because a type that is replaced takes its columns along.
        """
        if row_of is not None:
            catalog, oid = PG_CLASS, row_of
        if catalog == PG_CLASS and (ref := self.relations.get(oid)) is not None:
            yield ref
            if ref.kind is Kind.TABLE and number > 0 and (oid, number) in self.columns:
                yield Ref(Kind.COLUMN, ref.namespace, self.columns[oid, number], ref.name)
                if (of_type := self.types.get(self.column_types[oid, number])) is not None:
                    yield of_type
        known = {PG_TYPE: self.types, PG_PROC: self.routines, PG_CONSTRAINT: self.keys}.get(catalog, {})
        if (ref := known.get(oid) or self.definitions.get((catalog, oid))) is not None:
            yield ref


def _collation(name: str, namespace_name: str, visible: bool) -> str:
    """Its name, or where that alone does not do, its name as SQL (see `spelling.collation_text`)."""
    return name if visible and not name.startswith('"') else qualified(namespace_name, name)


def dependency(ref: Ref) -> Dependency:
    return Dependency(kind=ref.kind, name=ref.name, namespace=ref.namespace, table=ref.table)


def dependencies(refs: Iterable[Ref]) -> tuple[Dependency, ...]:
    """The dependencies in canonical order, each once."""
    return tuple(dependency(ref) for ref in sorted(set(refs), key=lambda ref: ref.order))


def storage_options(texts: Sequence[str] | None, prefix: str = "") -> dict[str, OptionValue]:
    """Storage parameters, which the catalog keeps as `name=value`, by name."""
    return {prefix + name: value for name, _, value in (text.partition("=") for text in sorted(texts or ()))}
