"""What a person's answers make of a set of changes."""

from __future__ import annotations

import pytest

from querynl.decisions import with_backfills, with_conversions
from querynl.dialects import dialect_named
from querynl.errors import ExpressionInvalid, UsageInvalid
from querynl.operations import Change, Create, RunSQL
from querynl.schema import Column, Name, Ref, ref_of

DIALECT = dialect_named("postgresql")
USERS = Name(None, "users")
SCORE = Column(name="score", type="integer", nullable=False)
ADDED = Create(SCORE, USERS)
ADDRESS: Ref = ref_of(SCORE, USERS)


def test_a_backfilled_column_is_added_filled_and_then_required() -> None:
    optional = Column(name="score", type="integer")
    create, fill, change = with_backfills([ADDED], {ADDRESS: "(SELECT 1)"}, DIALECT)
    assert create == Create(optional, USERS)
    assert isinstance(fill, RunSQL)
    assert fill.up == ('UPDATE "users" SET "score" = (SELECT 1) WHERE "score" IS NULL',)
    assert change == Change(optional, SCORE, USERS)


@pytest.mark.parametrize("value", ["0 -- every row", "0; DROP TABLE users", "0) , x = (1", "", "1, name = 'x'"])
def test_a_value_that_reaches_beyond_its_place_is_refused(value: str) -> None:
    with pytest.raises(ExpressionInvalid, match="not a single expression"):
        with_backfills([ADDED], {ADDRESS: value}, DIALECT)
    with pytest.raises(ExpressionInvalid, match="not a single expression"):
        with_conversions([Change(SCORE, SCORE, USERS)], {ADDRESS: value}, DIALECT)


def test_a_value_for_a_column_that_is_not_concerned_is_refused() -> None:
    elsewhere = ADDRESS._replace(name="age")
    with pytest.raises(UsageInvalid, match=r"users\.age"):
        with_backfills([ADDED], {elsewhere: "1"}, DIALECT)
