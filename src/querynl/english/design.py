"""Schemas from English, by rules: the same text gives the same schema, and what was assumed is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from querynl.english.columns import PlannedColumn, given_columns, usual_columns
from querynl.english.grammar import read_request
from querynl.english.lexicon import Lexicon, load_lexicon
from querynl.english.relations import Pair, Reference, Resolved, resolve
from querynl.english.request import Entity
from querynl.english.wording import listed, sentence, with_article
from querynl.english.words import plural, snake, table_name
from querynl.errors import TextNotUnderstood
from querynl.schema import (
    Column,
    ForeignKey,
    Identity,
    Index,
    IndexColumn,
    PrimaryKey,
    Schema,
    Table,
    Unique,
    canonical,
)

_TIMESTAMPS = ("created_at", "updated_at")


class Design(Struct, frozen=True):
    """A portable schema, what was assumed to get there, and the words of the text that had no part in it."""

    schema: Schema
    assumptions: tuple[str, ...]
    unused: tuple[str, ...] = ()


def design(text: str) -> Design:
    """The schema that a text asks for; portable, and loadable on every engine.

    Raises TextNotUnderstood for a text that names no table, neither by a known word nor by how it is built.
    """
    lexicon = load_lexicon()
    request = read_request(text)
    resolved = resolve(request, lexicon)
    if not resolved.entities:
        raise TextNotUnderstood(
            "No table could be made out in this text.",
            remedy=(
                f"Name a field of work ({', '.join(sorted(lexicon.fields))}) or things in the plural, with columns "
                'and relations as you like: "shop with products (name, price) and orders", "each user has many posts".'
            ),
        )
    return _Designer(resolved, lexicon).design(request.fields, request.unused)


class _Designer:
    """Makes the tables of one design, and notes what it assumes."""

    def __init__(self, resolved: Resolved, lexicon: Lexicon) -> None:
        self._resolved = resolved
        self._lexicon = lexicon
        self._assumptions: list[str] = list(resolved.added)
        self._references: dict[str, list[Reference]] = defaultdict(list)
        for reference in resolved.references:
            self._references[reference.child].append(reference)

    def design(self, fields: tuple[str, ...], unused: tuple[str, ...]) -> Design:
        tables = tuple(self._tables())
        self._assume("a column is required unless the text, or what is usual, makes it optional")
        name = snake(fields[0]) if fields else None
        return Design(canonical(Schema(name=name, tables=tables)), tuple(self._assumptions), unused)

    def _tables(self) -> Iterator[Table]:
        for entity in self._resolved.entities:
            yield self._entity_table(entity)
        for pair in self._resolved.pairs:
            yield self._join_table(pair)

    def _entity_table(self, entity: Entity) -> Table:
        keys = {_key_column(reference.role): reference for reference in self._references[entity.noun]}
        planned = {item.column.name: item for item in self._columns(entity, taken=("id", *keys))}
        columns = [item.column for item in planned.values()]
        columns += [_timestamp(name) for name in _TIMESTAMPS if name not in planned]
        uniques = tuple(self._uniques(entity, planned.values(), keys))
        self._assumptions += [_told(reference, column) for column, reference in keys.items()]
        return Table(
            name=table_name(entity.noun),
            columns=(
                Column(name="id", type="bigint", nullable=False, identity=Identity()),
                *(Column(name=column, type="bigint", nullable=ref.optional) for column, ref in keys.items()),
                *columns,
            ),
            primary_key=PrimaryKey(columns=("id",)),
            uniques=uniques,
            foreign_keys=tuple(_foreign_key(column, reference) for column, reference in keys.items()),
            # A foreign key that a unique constraint begins with has its index there.
            indexes=_indexes(column for column in keys if column not in {unique.columns[0] for unique in uniques}),
        )

    def _columns(self, entity: Entity, taken: tuple[str, ...]) -> list[PlannedColumn]:
        """The columns of an entity, without those whose names are taken by its keys."""
        table = table_name(entity.noun)
        if entity.attributes:
            given = [item for item in given_columns(entity, self._lexicon) if item.column.name not in taken]
            if remarks := [item.remark for item in given if item.remark is not None]:
                self._assume(f"in table {table}, {listed(remarks)}")
            return given
        usual = [item for item in usual_columns(entity, self._lexicon) if item.column.name not in taken]
        if entity.concept is None:
            self._assume(f"{plural(entity.noun)} are not known to the lexicon: table {table} gets a name")
        elif usual:
            self._assume(f"table {table} gets what is usual: {listed([item.column.name for item in usual])}")
        return usual

    def _uniques(
        self, entity: Entity, planned: Iterable[PlannedColumn], keys: dict[str, Reference]
    ) -> Iterator[Unique]:
        yield from (Unique(columns=(item.column.name,)) for item in planned if item.unique)
        yield from (Unique(columns=(column,)) for column, reference in keys.items() if reference.unique)
        known = self._lexicon.entities.get(entity.concept or "")
        if known is not None and known.unique_together and len(keys) > 1:
            yield Unique(columns=tuple(keys))

    def _join_table(self, pair: Pair) -> Table:
        name = f"{snake(pair.left)}_{table_name(pair.right)}"
        left, right = _key_column(pair.left), _key_column(pair.right)
        right = right if right != left else f"other_{right}"
        self._assume(
            f"{with_article(pair.left)} can have many {plural(pair.right)} and {with_article(pair.right)} many "
            f"{plural(pair.left)}: table {name} joins them, and deleting either deletes its rows there"
        )
        keys = {
            left: Reference(name, pair.left, pair.left, on_delete="cascade"),
            right: Reference(name, pair.right, pair.right, on_delete="cascade"),
        }
        return Table(
            name=name,
            columns=tuple(Column(name=column, type="bigint", nullable=False) for column in keys),
            primary_key=PrimaryKey(columns=(left, right)),
            foreign_keys=tuple(_foreign_key(column, reference) for column, reference in keys.items()),
            indexes=_indexes([right]),
        )

    def _assume(self, text: str) -> None:
        self._assumptions.append(sentence(text))


def _told(reference: Reference, column: str) -> str:
    """What a reference means for the rows of its two tables."""
    child, parent = reference.child, reference.parent
    ends = {
        "cascade": f"deleting {with_article(parent)} deletes its {plural(child)}",
        "set null": f"deleting {with_article(parent)} keeps its {plural(child)}",
    }
    end = ends.get(reference.on_delete, f"{with_article(parent)} that has {plural(child)} cannot be deleted")
    having = "can have" if reference.optional else "has"
    alone = f", and no other {child} the same" if reference.unique else ""
    where = f"{table_name(child)}.{column}"
    return sentence(f"each {child} {having} one {parent}{alone} ({where}); {end}")


def _key_column(role: str) -> str:
    return f"{snake(role)}_id"


def _foreign_key(column: str, reference: Reference) -> ForeignKey:
    return ForeignKey(
        columns=(column,),
        references=table_name(reference.parent),
        referenced_columns=("id",),
        on_delete=reference.on_delete,
    )


def _indexes(columns: Iterable[str]) -> tuple[Index, ...]:
    return tuple(Index(columns=(IndexColumn(column=column),)) for column in columns)


def _timestamp(name: str) -> Column:
    return Column(name=name, type="timestamptz", nullable=False, default="CURRENT_TIMESTAMP")
