"""The laws themselves, for one drawn example.

Up reaches the target; planning again finds nothing; down returns; every value is kept whose loss is not declared;
what is made from an inspected schema inspects as that schema; JSON keeps it; equal input gives equal bytes.
"""

from __future__ import annotations

from msgspec.structs import replace

from querynl.cli.answers import renamings
from querynl.connections import Connection
from querynl.dialects import Dialect, dialect_named
from querynl.diff import diff
from querynl.errors import ChangeUnsupported, StatementFailed
from querynl.generation import Answers, propose
from querynl.naming import named
from querynl.operations import Operation
from querynl.plan import from_json, plan, statements, to_json
from querynl.proof import Proof, prove
from querynl.schema import Schema
from querynl.sources import Comparison, json_file
from querynl.sources.comparison import create
from tests.laws.rooms import Room
from tests.laws.sketch import Named, Pair
from tests.running import migrate


class SketchRefused(Exception):
    """The engine takes a statement of a sketch otherwise than the vocabulary says: a fault of the vocabulary."""


def assert_pair_migrates(pair: Pair, room: Room) -> Proof | None:
    """A migration leads from one schema to the other and back, with rows; None where it is refused with a reason."""
    live, other = room.live, room.other
    dialect = dialect_named(live.dialect, live.version)
    before, after = _made(pair.before, live, dialect), _made(pair.after, other, dialect)
    proposal = propose(
        Comparison(before=before, after=after, dialect=dialect),
        Answers(renamings=tuple(renamings(pair.renames, before))),
    )
    try:
        made = proposal.plan()
    except ChangeUnsupported:
        return None
    assert from_json(to_json(made)) == made, "a plan survives being stored"
    assert to_json(proposal.plan()) == to_json(made), "equal input gives equal bytes"

    migrate(live, statements(made.up), dialect)
    _assert_same(dialect.inspect(live), after, dialect, "up reaches the target, and planning again finds nothing")
    if made.down:
        migrate(live, statements(made.down), dialect)
        _assert_same(dialect.inspect(live), before, dialect, "down returns")
    return prove(before, after, made, room)


def assert_schema_round_trips(drawn: Named, room: Room) -> None:
    """A schema is made again from what was inspected, is the same after JSON, and can be taken down."""
    live, other = room.live, room.other
    dialect = dialect_named(live.dialect, live.version)
    schema = _made(drawn, live, dialect)
    assert dialect.inspect(live) == schema, "a second inspection finds the same"
    read = json_file.read(json_file.write(schema), "law")
    assert read == schema, "JSON keeps all of an inspected schema"
    _assert_same(named(dialect.localise(read), dialect, like=schema), schema, dialect, "a file declares what it tells")
    create(schema, other, dialect)
    made = dialect.inspect(other)
    _assert_same(made, schema, dialect, "what is made from an inspected schema differs in nothing from it")
    assert made == schema, "and inspects as that schema"
    empty = Schema(dialect=schema.dialect)
    migrate(other, statements(plan(schema, diff(schema, empty, dialect).operations, dialect).up), dialect)
    _assert_same(replace(dialect.inspect(other), unmanaged={}), empty, dialect, "everything can be dropped")


def _made(drawn: Named, connection: Connection, dialect: Dialect) -> Schema:
    for statement in drawn.script:
        try:
            connection.execute(statement)
        except StatementFailed as error:
            raise SketchRefused(f"{error.what}\n{statement}") from error
    return dialect.inspect(connection)


def _assert_same(found: Schema, wanted: Schema, dialect: Dialect, what: str) -> None:
    differences: tuple[Operation, ...] = diff(found, wanted, dialect).operations
    assert differences == (), f"{what}: {differences}"
