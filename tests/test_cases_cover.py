"""Whether the golden cases have every kind of object, on each engine that has it: made, dropped, changed, renamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from querynl.cli.answers import renamings
from querynl.dialects import Dialect, dialect_named
from querynl.diff import diff
from querynl.errors import QueryNLError
from querynl.operations import Change, Create, Drop, Rename, parts_of, target
from querynl.schema import FIELDS, AnyObject, Kind, Schema, Table, View, kind_of
from querynl.sources.renames import with_renames
from querynl.sources.sql_file import declared_renames
from tests.engines import Databases
from tests.english.samples import SAMPLES
from tests.golden import CASES, Case
from tests.laws.rooms import Room
from tests.running import run

# An extension's version is that of its files.
UNCHANGED = {Kind.EXTENSION}

_PART_FIELDS = {
    Kind.COLUMN: "columns",
    Kind.UNIQUE: "uniques",
    Kind.FOREIGN_KEY: "foreign_keys",
    Kind.CHECK: "checks",
    Kind.EXCLUSION: "exclusions",
    Kind.INDEX: "indexes",
}


def test_every_kind_has_a_case_for_every_verb(engine: str, databases: Databases) -> None:
    with Room(engine, databases) as room:
        live = room.live
        dialect = dialect_named(live.dialect, live.version)
        found = {verb for case in CASES if engine in case.engines for verb in _verbs_of(case, room, dialect)}
    wanted = {(kind, verb) for kind in _kinds(dialect) for verb in _verbs_for(kind, dialect)}
    missing = sorted(f"{verb} a {kind}" for kind, verb in wanted - found)
    assert not missing, f"no case of {engine} would: {', '.join(missing)}"


def _kinds(dialect: Dialect) -> Iterator[Kind]:
    """The kinds that are still there in a schema of one object after it was put into the engine's terms."""
    for sample in SAMPLES:
        try:
            schema = dialect.localise(_holding(sample))
        except QueryNLError:
            continue
        held: list[AnyObject] = [obj for field in FIELDS.values() for obj in getattr(schema, field)]
        held += [part for table in schema.tables for part in parts_of(table)]
        if any(type(obj) is type(sample) for obj in held):
            yield kind_of(sample)


def _holding(sample: Any) -> Schema:
    kind = kind_of(sample)
    if kind in FIELDS:
        objects: dict[str, Any] = {FIELDS[kind]: (sample,)}
        return Schema(**objects)
    if kind is Kind.PRIMARY_KEY:
        return Schema(tables=(Table(name="owner", primary_key=sample),))
    parts: dict[str, Any] = {_PART_FIELDS[kind]: (sample,)}
    return Schema(tables=(Table(name="owner", **parts),))


def _verbs_for(kind: Kind, dialect: Dialect) -> Iterator[str]:
    yield from ("create", "drop")
    if kind not in UNCHANGED:
        yield "change"
    # Parts of a table are found again by what they are; of all else a schema must be able to say it.
    if dialect.renames(kind) and (kind not in FIELDS or _may_say_so(kind)):
        yield "rename"


def _may_say_so(kind: Kind) -> bool:
    return any(kind_of(sample) is kind and hasattr(sample, "renamed_from") for sample in SAMPLES)


def _verbs_of(case: Case, room: Room, dialect: Dialect) -> Iterator[tuple[Kind, str]]:
    if dialect.version < case.minimum(dialect.name):
        return
    sides = []
    for side, connection in (("before", room.live), ("after", room.other)):
        text = case.text(side, dialect.name)
        run(connection, dialect.split(text))
        sides.append(with_renames(dialect.inspect(connection), declared_renames(text)))
    before, after = sides
    operations = diff(before, after, dialect, renamings(case.options.get("rename", ()), before)).operations
    dropped = {target(operation) for operation in operations if isinstance(operation, Drop)}
    for operation in operations:
        match operation:
            case Create(obj) | Drop(obj):
                # The way back does the opposite.
                for part in (obj, *(parts_of(obj) if isinstance(obj, Table | View) else ())):
                    yield from ((kind_of(part), verb) for verb in ("create", "drop"))
                if isinstance(operation, Create) and target(operation) in dropped:
                    yield kind_of(obj), "change"
            case Change(_, obj):
                yield kind_of(obj), "change"
            case Rename(ref):
                yield ref.kind, "rename"
