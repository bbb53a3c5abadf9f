"""A declared schema in PostgreSQL's terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from querynl.dialects.declared import check_definitions, check_texts, path_of
from querynl.dialects.postgresql.options import INDEX_ATTRIBUTES, TABLE_ATTRIBUTES, as_kept, check_options
from querynl.dialects.postgresql.privileges import canonical_default, canonical_grant, check_privileges
from querynl.dialects.postgresql.rendering.definitions import WITH_OPTIONS, WORDS
from querynl.dialects.postgresql.spelling import named_type, type_text
from querynl.dialects.postgresql.types import canonical_type, serial_type
from querynl.errors import SchemaInvalid, TypeUnknown
from querynl.operations import names_in_texts
from querynl.schema import (
    DEFINED_TYPES,
    Check,
    Column,
    CompositeType,
    Definition,
    Domain,
    Exclusion,
    ExclusionElement,
    ForeignKey,
    Identity,
    Index,
    IndexColumn,
    Kind,
    Name,
    Routine,
    Schema,
    Sequence,
    Table,
    View,
)
from querynl.types import parse_type

if TYPE_CHECKING:
    from querynl.dialects.protocol import Dialect

KeyT = TypeVar("KeyT", IndexColumn, ExclusionElement)


def localise(schema: Schema, dialect: Dialect) -> Schema:
    """The declared schema in this engine's terms, checked; see `Dialect.localise`."""
    check_texts(schema, dialect)
    check_options(schema)
    check_definitions(schema, WORDS, "PostgreSQL", with_options=WITH_OPTIONS)
    check_privileges(schema)
    _check_routines(schema.routines)
    schema = replace(schema, definitions=tuple(map(_definition, schema.definitions)))
    spelled = _Types(schema)
    keys = {table.key: table.primary_key.columns for table in schema.tables if table.primary_key is not None}

    def of_type(obj: Any, holder: CompositeType | None = None) -> str:
        field = "of_type" if isinstance(obj, Table) else "type"
        try:
            return spelled.canonical(getattr(obj, field))
        except TypeUnknown as error:
            path = path_of(obj if holder is None else holder, schema)
            part = "" if holder is None else f".attributes[{holder.attributes.index(obj)}]"
            raise TypeUnknown(error.what, where=f"{path}{part}.{field}", remedy=error.remedy) from None

    return replace(
        schema,
        dialect="postgresql",
        tables=tuple(_table(table, keys, of_type) for table in schema.tables),
        domains=tuple(_domain(domain, of_type(domain)) for domain in schema.domains),
        composite_types=tuple(
            replace(composite, attributes=tuple(replace(a, type=of_type(a, composite)) for a in composite.attributes))
            for composite in schema.composite_types
        ),
        sequences=tuple(_sequence(sequence, of_type) for sequence in schema.sequences),
        views=tuple(_view(view) for view in schema.views),
        routines=tuple(_routine(routine) for routine in schema.routines),
        grants=tuple(granted for grant in schema.grants if (granted := canonical_grant(grant)) is not None),
        default_privileges=tuple(
            said for default in schema.default_privileges if (said := canonical_default(default)) is not None
        ),
    )


class _Types:
    """The types a schema may use: PostgreSQL's own, those it declares, and those of its extensions."""

    def __init__(self, schema: Schema) -> None:
        self._portable = schema.dialect is None
        self._own = {Name(enum.namespace, enum.name) for enum in schema.enums}
        self._own |= {Name(domain.namespace, domain.name) for domain in schema.domains}
        self._own |= {Name(composite.namespace, composite.name) for composite in schema.composite_types}
        self._own |= {table.key for table in schema.tables}
        for definition in schema.definitions:
            if definition.kind in DEFINED_TYPES:
                self._own |= {Name(definition.namespace, name) for name in names_in_texts(definition)}
        self._extended = bool(schema.extensions)
        # A schema of thousands of columns has few types.
        self._found: dict[str, str] = {}

    def canonical(self, text: str) -> str:
        """The type as format_type gives it. Raises TypeUnknown."""
        if text not in self._found:
            self._found[text] = self._canonical(text)
        return self._found[text]

    def _canonical(self, text: str) -> str:
        element, brackets = text, ""
        while element.endswith("[]"):
            element, brackets = element[:-2].rstrip(), "[]"
        for name in (Name(None, element), named_type(element)):
            if name is not None and name in self._own:
                return type_text(*name) + brackets
        parse_type(text, "postgresql")
        known = canonical_type(text, portable=self._portable)
        if known is not None:
            return known
        if self._extended or "." in text:
            return text
        raise TypeUnknown(
            f"PostgreSQL has no type {text!r}, and the schema declares none of that name.",
            remedy="Check the spelling, or declare the enum, domain or extension that brings it.",
        )


def _table(table: Table, keys: Mapping[Name, tuple[str, ...]], of_type: Callable[[Any], str]) -> Table:
    keyed = frozenset(table.primary_key.columns if table.primary_key is not None else ())
    return replace(
        table,
        columns=tuple(_column(column, keyed, of_type) for column in table.columns),
        of_type=None if table.of_type is None else of_type(table),
        foreign_keys=tuple(_foreign_key(key, keys) for key in table.foreign_keys),
        checks=tuple(_check(check) for check in table.checks),
        exclusions=tuple(map(_exclusion, table.exclusions)),
        indexes=tuple(map(_index, table.indexes)),
        options=as_kept(table.options, TABLE_ATTRIBUTES),
    )


def _column(column: Column, keyed: frozenset[str], of_type: Callable[[Any], str]) -> Column:
    counted = serial_type(column.type)
    identity = column.identity
    if counted is not None:
        identity = Identity(serial=True)
    elif identity is not None:
        identity = replace(
            identity,
            start=None if identity.start == 1 else identity.start,
            increment=None if identity.increment == 1 else identity.increment,
        )
    return replace(
        column,
        type=counted if counted is not None else of_type(column),
        identity=identity,
        nullable=column.nullable and identity is None and column.name not in keyed,
    )


def _foreign_key(key: ForeignKey, keys: Mapping[Name, tuple[str, ...]]) -> ForeignKey:
    return key if key.referenced_columns else replace(key, referenced_columns=keys.get(key.target, ()))


def _check(check: Check) -> Check:
    return replace(check, validated=check.validated or not check.enforced)


def _exclusion(exclusion: Exclusion) -> Exclusion:
    return replace(
        exclusion,
        elements=tuple(map(_key, exclusion.elements)),
        method=None if exclusion.method == "btree" else exclusion.method,
        options=as_kept(exclusion.options, INDEX_ATTRIBUTES),
    )


def _index(index: Index) -> Index:
    return replace(
        index,
        columns=tuple(map(_key, index.columns)),
        method=None if index.method == "btree" else index.method,
        options=as_kept(index.options, INDEX_ATTRIBUTES),
    )


def _key(key: KeyT) -> KeyT:
    usual = "first" if key.order == "desc" else "last"
    return replace(key, nulls=None if key.nulls == usual else key.nulls)


def _domain(domain: Domain, of_type: str) -> Domain:
    return replace(domain, type=of_type, checks=tuple(map(_check, domain.checks)))


def _sequence(sequence: Sequence, of_type: Callable[[Any], str]) -> Sequence:
    spelled = None if sequence.type is None else of_type(sequence)
    rising = (sequence.increment or 1) > 0
    first = sequence.minimum if rising else sequence.maximum
    usual = (1 if rising else -1) if first is None else first
    return replace(
        sequence,
        type=None if spelled == "bigint" else spelled,
        start=None if sequence.start == usual else sequence.start,
        increment=None if sequence.increment == 1 else sequence.increment,
        cache=None if sequence.cache == 1 else sequence.cache,
    )


def _view(view: View) -> View:
    definition = view.definition.strip().rstrip(";").rstrip()
    return replace(view, definition=definition, options=as_kept(view.options, TABLE_ATTRIBUTES))


def _definition(definition: Definition) -> Definition:
    text = definition.definition.strip().rstrip(";").rstrip()
    options = definition.options
    if definition.kind is Kind.RANGE_TYPE and "multirange" not in options:
        # https://www.postgresql.org/docs/current/sql-createtype.html
        name = definition.name
        options = {"multirange": name.replace("range", "multirange", 1) if "range" in name else f"{name}_multirange"}
    return replace(definition, definition=text, options=options)


def _check_routines(routines: Iterable[Routine]) -> None:
    """Raise SchemaInvalid for a procedure that has the name and arguments of a function, or the other way round."""
    known: dict[tuple[str | None, str, str], str] = {}
    for number, routine in enumerate(routines):
        other = known.setdefault((routine.namespace, routine.name, routine.arguments), routine.kind)
        if other != routine.kind:
            raise SchemaInvalid(
                f"There is already the {other} {routine.name}({routine.arguments}).",
                where=f"$.routines[{number}]",
                remedy="PostgreSQL has one of them at a time: give one another name.",
            )


def _routine(routine: Routine) -> Routine:
    return replace(routine, definition=routine.definition.strip().rstrip(";").rstrip())
