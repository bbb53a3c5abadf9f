"""Schemas that are declared for PostgreSQL with types and operators of their own."""

from __future__ import annotations

import pytest

from querynl.dialects.postgresql import PostgreSQL
from querynl.errors import ExpressionInvalid, TypeUnknown
from querynl.schema import Attribute, Check, Column, CompositeType, Schema, Table

DIALECT = PostgreSQL()


def test_a_table_is_of_a_type_that_a_file_declares() -> None:
    def made(of_type: str) -> Schema:
        kind = CompositeType(name="Odd Kind", attributes=(Attribute(name="a", type="int"),))
        schema = Schema(composite_types=(kind,), tables=(Table(name="t", columns=(), of_type=of_type),))
        return DIALECT.localise(schema)

    assert made("Odd Kind").tables[0].of_type == '"Odd Kind"'
    with pytest.raises(TypeUnknown, match=r"\$\.tables\[0\]\.of_type"):
        made("kind")


@pytest.mark.parametrize(
    "expression",
    ["(a <~> 7) <> 5", "a === -1", "@#a > 1", "a<~>b", "a *-1 >=-2", "a OPERATOR(app.<~>) 7 = 1", "a <-> b"],
)
def test_an_expression_may_have_operators_that_are_made(expression: str) -> None:
    table = Table(name="t", columns=(Column(name="a", type="int"),), checks=(Check(expression=expression),))
    assert DIALECT.localise(Schema(tables=(table,))).tables[0].checks[0].expression == expression


@pytest.mark.parametrize("expression", ["a <~>", "(a <~> b) c", "a <~> b; DROP TABLE t", "a <~> b, c"])
def test_an_operator_that_is_made_hides_no_second_expression(expression: str) -> None:
    table = Table(name="t", columns=(Column(name="a", type="int"),), checks=(Check(expression=expression),))
    with pytest.raises(ExpressionInvalid):
        DIALECT.localise(Schema(tables=(table,)))
