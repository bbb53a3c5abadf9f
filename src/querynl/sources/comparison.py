"""Two sources brought into the same terms, so that what differs really differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress

from msgspec import Struct
from msgspec.structs import replace

from querynl.connections import Connection, look_into
from querynl.dialects import Dialect, dialect_named
from querynl.diff import diff
from querynl.errors import QueryNLError, SchemaInvalid, ScratchUnavailable, StatementFailed
from querynl.histories import without_histories
from querynl.naming import named, without_names
from querynl.plan import plan, statements
from querynl.schema import FIELDS, PRIVILEGE_KINDS, Kind, Namespace, Ref, Schema, canonical
from querynl.scratch import Scratch, default_collation
from querynl.sources.loading import load
from querynl.sources.migrations import Migrations, run_migrations
from querynl.sources.models import Models, create_models, namespaces_of, with_untold
from querynl.sources.reading import Declared, Live, Source, SQLTexts
from querynl.sources.renames import renames_of, with_renames
from querynl.sources.sql_file import declared_renames

OpenScratch = Callable[[], AbstractContextManager[Scratch]]


class Comparison(Struct, frozen=True, kw_only=True):
    """Two schemas in one engine's terms.

    `dialect` is at the version of the engine that spoke, if one did; `spoken_by` says which that was. `unsaid` are the
    kinds of privileges that a declared schema or models after say nothing of: it leaves them to the database.
    """

    before: Schema
    after: Schema
    dialect: Dialect
    spoken_by: str | None = None
    notes: tuple[str, ...] = ()
    unsaid: frozenset[Kind] = frozenset()


def compare(before: Source, after: Source, dialect: Dialect, open_scratch: OpenScratch) -> Comparison:
    """Both sources as schemas that equal each other where they mean the same.

    Two declared schemas need no engine. Otherwise an engine reads both: a live database is inspected, all
    else is created in a throwaway one. Where there is none, a declared schema is compared with a live one
    by its text, which the notes say.
    """
    notes = [note for source in (before, after) for note in source.notes]
    if isinstance(before, Declared) and isinstance(after, Declared):
        start = named(_localised(before, dialect), dialect)
        end = named(_localised(after, dialect), dialect, like=start)
        return Comparison(before=start, after=end, dialect=dialect, notes=tuple(notes), unsaid=_unsaid(after))
    with ExitStack() as stack:
        reader = _EngineReader(dialect, open_scratch, stack)
        if _reads_after_first(before, after):
            end = reader.read(after, like=None)
            start = reader.read(before, like=end)
        else:
            start = reader.read(before, like=None)
            end = reader.read(after, like=start)
        start, end = reader.leave_untold(start, end, before, after)
        return Comparison(
            before=start,
            after=end,
            dialect=reader.dialect,
            spoken_by=reader.spoken_by,
            notes=(*notes, *reader.notes, *_unmanaged(start, end)),
            unsaid=_unsaid(after),
        )


def _unsaid(source: Source) -> frozenset[Kind]:
    if isinstance(source, Models):
        return frozenset(PRIVILEGE_KINDS)
    if not isinstance(source, Declared):
        return frozenset()
    return frozenset(kind for kind in PRIVILEGE_KINDS if not getattr(source.schema, FIELDS[kind]))


def _reads_after_first(before: Source, after: Source) -> bool:
    """Whether the second side is read first: for what the first takes from it, or for its database's collation."""
    if isinstance(after, Live) and not isinstance(before, Live):
        return True
    return _takes_from_other(before) and not (isinstance(before, Models) and _takes_from_other(after))


def _takes_from_other(source: Source) -> bool:
    """Whether reading it needs the other side: what has no name takes it from there, and models their extensions."""
    return isinstance(source, Declared | Models)


def _unmanaged(*schemas: Schema) -> Iterator[str]:
    """A sentence about what the databases hold and no migration touches."""
    counts: dict[str, int] = {}
    for schema in schemas:
        for kind, count in schema.unmanaged.items():
            counts[kind] = max(count, counts.get(kind, 0))
    if counts:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(counts.items()))
        yield f"Not managed, and left as they are: {kinds}."


def _localised(source: Declared, dialect: Dialect) -> Schema:
    schema = source.schema
    if schema.dialect is not None and schema.dialect != dialect.name:
        raise SchemaInvalid(
            f"This schema is written for {schema.dialect}, not for {dialect.name}.",
            where=source.origin,
            remedy=f"Use --dialect {schema.dialect}, or a schema whose dialect is null.",
        )
    try:
        return dialect.localise(schema)
    except QueryNLError as error:
        error.where = f"{source.origin}, {error.where}" if error.where else source.origin
        raise


class _EngineReader:
    """Reads sources through engines; throwaway databases are opened once they are needed."""

    def __init__(self, dialect: Dialect, open_scratch: OpenScratch, stack: ExitStack) -> None:
        self.dialect = dialect
        self.spoken_by: str | None = None
        self.notes: list[str] = []
        self._open_scratch = open_scratch
        self._stack = stack
        self._scratch: Scratch | None = None
        self._collation: str | None = None

    def read(self, source: Source, *, like: Schema | None) -> Schema:
        """The schema as an engine tells it; `like` is what a declared one takes names from."""
        match source:
            case Live():
                with look_into(source.target) as connection:
                    self._collation = default_collation(connection)
                    there = self._inspected(connection)
                return there if source.ahead is None else self._read_ahead(there, source.ahead)
            case Declared():
                return self._read_declared(source, like)
            case _:
                return self._read_loaded(source, like)

    def leave_untold(self, start: Schema, end: Schema, before: Source, after: Source) -> tuple[Schema, Schema]:
        """Both schemas, with what models do not tell of as the other side has it."""
        told: tuple[str, ...] = ()
        if isinstance(after, Models):
            end, told = with_untold(end, start)
        elif isinstance(before, Models):
            start, told = with_untold(start, end)
        self.notes += told
        return start, end

    def _read_loaded(self, source: SQLTexts | Migrations | Models, like: Schema | None) -> Schema:
        renames: dict[Ref, str] = {}
        with self._throwaway() as connection:
            self._notice(connection)
            match source:
                case SQLTexts():
                    for text in source.texts.values():
                        renames.update(declared_renames(text))
                    if circle := load(source.texts, connection, self.dialect):
                        files = ", ".join(map(str, circle))
                        self.notes.append(
                            f"The order of statements in {files} was found by trying: they need each other."
                        )
                case Migrations():
                    run_migrations(source, connection, self.dialect)
                case Models():
                    self._prepare_for(source, connection, like)
                    create_models(source, connection)
            return with_renames(self._inspected(connection), renames)

    def _prepare_for(self, models: Models, connection: Connection, like: Schema | None) -> None:
        """Make the namespaces that models name, and the extensions of the other schema, whose types they may use."""
        extensions = () if like is None else like.extensions
        places = {extension.namespace for extension in extensions if extension.namespace is not None}
        namespaces = tuple(Namespace(name=name) for name in sorted(places | namespaces_of(models, self.dialect)))
        empty = Schema(dialect=connection.dialect)
        create(replace(empty, namespaces=namespaces), connection, self.dialect)
        for extension in extensions:
            with suppress(StatementFailed):  # the models may well do without it
                create(replace(empty, extensions=(extension,)), connection, self.dialect)

    def _read_ahead(self, there: Schema, ahead: Migrations) -> Schema:
        """What a database will have when migrations have run there."""
        with self._throwaway() as connection:
            create(replace(canonical(there), name=None), connection, self.dialect)
            run_migrations(ahead, connection, self.dialect)
            return self._inspected(connection)

    def _read_declared(self, source: Declared, like: Schema | None) -> Schema:
        schema = _localised(source, self.dialect)
        try:
            throwaway = self._throwaway()
        except ScratchUnavailable as error:
            note = f"{source.origin} was compared as text, not read by an engine. {error.remedy or ''}".strip()
            if note not in self.notes:
                self.notes.append(note)
            return named(schema, self.dialect, like=like)
        with throwaway as connection:
            whole = named(schema, self.dialect)
            create(replace(canonical(whole), name=None), connection, self.dialect)
            found = with_renames(self._inspected(connection), renames_of(whole))
        # Only now do both sides speak the engine's words, so that what has no name is found again by what it says.
        return named(without_names(found, schema, whole), self.dialect, like=like)

    def _throwaway(self) -> AbstractContextManager[Connection]:
        if self._scratch is None:
            self._scratch = self._stack.enter_context(self._open_scratch())
            self.spoken_by = self._scratch.origin
        self._scratch.collation = self._collation
        return self._scratch.database()

    def _inspected(self, connection: Connection) -> Schema:
        self._notice(connection)
        schema, histories = without_histories(self.dialect.inspect(connection))
        self.notes += [f"Left alone: {name}, in which another tool keeps its history." for name in histories]
        return schema

    def _notice(self, connection: Connection) -> None:
        """Go on in the terms of the very version that is connected to."""
        self.dialect = dialect_named(connection.dialect, connection.version)


def create(schema: Schema, connection: Connection, dialect: Dialect) -> None:
    """Make everything a localised schema holds in an empty database, under the names that it has there."""
    start = Schema(dialect=schema.dialect)
    made = plan(start, diff(start, schema, dialect).operations, dialect)
    for statement in statements(made.up):
        connection.execute(statement.sql)
    for sql in dialect.settling(connection, schema):
        connection.execute(sql)
