"""The laws of migrations, on drawn schemas and live engines; see `tests/laws/laws.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from querynl.dialects import Dialect, dialect_named
from querynl.naming import named
from querynl.schema import Schema
from querynl.sources import json_file
from querynl.sources.comparison import create
from tests.engines import Databases
from tests.laws import portable
from tests.laws.engines import VOCABULARIES
from tests.laws.laws import assert_pair_migrates, assert_schema_round_trips
from tests.laws.rooms import Room
from tests.laws.sketch import pairs, schemas

# `make soak` tries more.
PAIRS = 200

law = settings(
    max_examples=PAIRS,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    # A soak makes a failing pair small by what it is made of, in a fraction of the time.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def room(engine: str, databases: Databases) -> Iterator[Room]:
    with Room(engine, databases) as found:
        yield found


@pytest.fixture
def dialect(room: Room) -> Dialect:
    """The engine at the version under test."""
    live = room.live
    return dialect_named(live.dialect, live.version)


@law
@given(data=st.data())
def test_pairs_migrate_up_and_down_and_keep_their_rows(
    engine: str, room: Room, dialect: Dialect, data: st.DataObject
) -> None:
    assert_pair_migrates(data.draw(pairs(dialect, VOCABULARIES[engine])), room)


@settings(law, max_examples=PAIRS // 2)
@given(data=st.data())
def test_schemas_are_made_again_from_what_was_inspected(
    engine: str, room: Room, dialect: Dialect, data: st.DataObject
) -> None:
    assert_schema_round_trips(data.draw(schemas(dialect, VOCABULARIES[engine])), room)


@settings(law, max_examples=PAIRS // 4)
@given(data=st.data())
def test_a_portable_schema_is_made_as_declared(room: Room, dialect: Dialect, data: st.DataObject) -> None:
    declared: Schema = data.draw(portable.schemas(dialect))
    assert json_file.read(json_file.write(declared), "law") == declared
    live, other = room.live, room.other
    create(named(dialect.localise(declared), dialect), live, dialect)
    create(dialect.inspect(live), other, dialect)
    assert dialect.inspect(other) == dialect.inspect(live)
