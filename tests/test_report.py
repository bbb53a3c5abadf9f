"""The report of a failed proof: schemas reduced to what shows the failure, and names that tell nothing."""

from __future__ import annotations

from querynl.proof.disguise import Disguise
from querynl.proof.excerpt import Excerpt
from querynl.proof.reduction import reduced
from querynl.schema import (
    Check,
    Column,
    Enum,
    ForeignKey,
    Index,
    IndexColumn,
    Kind,
    PrimaryKey,
    Ref,
    Schema,
    Table,
    View,
    canonical,
)

ID = Column(name="id", type="integer", nullable=False)


def table(name: str, *columns: Column, **more: object) -> Table:
    return Table(name=name, columns=(ID, *columns), primary_key=PrimaryKey(columns=("id",)), **more)  # type: ignore[arg-type]  # passed through


def test_what_a_failure_does_without_is_left_out() -> None:
    far = table("far", keys := Column(name="near", type="integer"))
    far = Table(name=far.name, columns=far.columns, foreign_keys=(ForeignKey(columns=(keys.name,), references="near"),))
    near = table(
        "near",
        Column(name="size", type="integer"),
        indexes=(Index(name="by_size", columns=(IndexColumn(column="size"),)),),
        checks=(Check(name="positive", expression="size > 0"),),
    )
    schema = canonical(Schema(tables=(far, near), views=(View(name="seen", definition="SELECT 1"),)))

    def has_the_check(pair: Excerpt) -> bool:
        return any(check.name == "positive" for each in pair.after.tables for check in each.checks)

    least = reduced(Excerpt(schema, schema), has_the_check, seconds=60)
    assert least.after == Schema(tables=(Table(name="near", checks=near.checks),))
    assert least.before == least.after


def test_what_cannot_be_left_out_in_time_stays() -> None:
    pair = Excerpt(Schema(tables=(table("users"),)), Schema())
    assert reduced(pair, lambda smaller: True, seconds=0) == pair


PRIVATE = Schema(
    tables=(
        table(
            "patients",
            Column(name="diagnosis", type="varchar(40)", default="'none yet'", comment="Handle with care"),
            Column(name="Blood group", type="blood"),
            checks=(Check(name="known", expression="\"Blood group\" <> 'zero' OR lower(diagnosis) = 'flu'"),),
        ),
    ),
    enums=(Enum(name="blood", values=("zero", "positive")),),
    views=(View(name="ill", definition="SELECT p.diagnosis /* secret */ FROM patients p -- hush\nWHERE id > 3"),),
)


def test_a_disguise_leaves_no_name_and_no_text() -> None:
    told = repr(Disguise(PRIVATE).schema(PRIVATE))
    words = (
        "patients",
        "diagnosis",
        "none yet",
        "care",
        "Blood",
        "blood",
        "known",
        "zero",
        "flu",
        "ill",
        "secret",
        "hush",
    )
    for word in words:
        assert word not in told


def test_a_disguise_is_the_same_everywhere() -> None:
    disguise = Disguise(PRIVATE)
    schema = disguise.schema(PRIVATE)
    [hidden], [view], [enum] = schema.tables, schema.views, schema.enums
    _, diagnosis, group = hidden.columns
    assert group.type == enum.name
    assert f"p.{diagnosis.name}" in view.definition
    assert f"FROM {hidden.name} p" in view.definition
    assert disguise.ref(Ref(Kind.COLUMN, None, "diagnosis", "patients")) == Ref(
        Kind.COLUMN, None, diagnosis.name, hidden.name
    )
    [check] = hidden.checks
    assert check.expression == f"\"{group.name}\" <> '{enum.values[0]}' OR lower({diagnosis.name}) = 'text 4'"


def test_a_disguise_leaves_what_is_the_engines_own() -> None:
    schema = Schema(tables=(table("t", Column(name="date", type="date"), Column(name="lower", type="text")),))
    disguise = Disguise(schema)
    date, lower = disguise.schema(schema).tables[0].columns[1:]
    assert (date.type, lower.type) == ("date", "text")
    assert disguise.sql("lower(lower) || date::date || 12") == f"lower({lower.name}) || {date.name}::date || 12"
