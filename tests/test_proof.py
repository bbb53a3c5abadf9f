"""The proof: what it lets through, what it stops, and how rows and excerpts are made for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from querynl.decisions import with_backfills
from querynl.dialects import Dialect, Statement, dialect_named
from querynl.diff import Renaming, diff
from querynl.errors import ProofFailed
from querynl.naming import named
from querynl.operations import Create, Drop, RunSQL
from querynl.plan import Plan, Step, plan
from querynl.proof import Proof, prove
from querynl.proof.excerpt import excerpt
from querynl.schema import (
    Check,
    Column,
    Enum,
    ForeignKey,
    Index,
    IndexColumn,
    Kind,
    Name,
    PrimaryKey,
    Ref,
    Routine,
    Schema,
    Table,
    View,
)
from querynl.scratch import Scratch, open_scratch
from tests.engines import Databases

ID = Column(name="id", type="integer", nullable=False)
NAME = Column(name="name", type="varchar(40)")
AGE = Column(name="age", type="integer")


def table(name: str, *columns: Column, keys: tuple[ForeignKey, ...] = ()) -> Table:
    return Table(name=name, columns=(ID, *columns), primary_key=PrimaryKey(columns=("id",)), foreign_keys=keys)


def referring(column: str, other: str) -> ForeignKey:
    return ForeignKey(columns=(column,), references=other, referenced_columns=("id",))


def schema(*tables: Table, enums: tuple[Enum, ...] = ()) -> Schema:
    return Schema(tables=tables, enums=enums)


@pytest.fixture
def dialect(engine: str) -> Dialect:
    return dialect_named(engine)


@pytest.fixture
def scratch(engine: str, databases: Databases) -> Iterator[Scratch]:
    """Throwaway databases on the engine's server of the tests."""
    with databases.temporary(engine) as fresh, open_scratch(engine, url=fresh.url) as found:
        yield found


Change = tuple[Schema, Schema, Plan]


def planned(before: Schema, after: Schema, dialect: Dialect, *renames: Renaming) -> Change:
    start = named(dialect.localise(before), dialect)
    end = named(dialect.localise(after), dialect, like=start)
    return start, end, plan(start, diff(start, end, dialect, renames).operations, dialect, after=end)


def tampered(made: Plan, sql: str, *, down: bool = False, replaces: bool = False) -> Plan:
    """The plan with one more statement at its end, or in place of all others."""
    steps = made.down if down else made.up
    step = Step((), (Statement(sql),))
    changed = (step,) if replaces else (*steps, step)
    if replaces and not down:
        changed = (replace(steps[0], statements=(Statement(sql),)), *(replace(s, statements=()) for s in steps[1:]))
    return replace(made, down=changed) if down else replace(made, up=changed)


def refused(scratch: Scratch, change: Change) -> str:
    with pytest.raises(ProofFailed) as failure:
        prove(*change, scratch)
    return failure.value.what


USERS = table("users", NAME)


def test_a_sound_plan_is_proved_with_rows(scratch: Scratch, dialect: Dialect) -> None:
    proof = prove(*planned(schema(USERS), schema(table("users", NAME, AGE)), dialect), scratch)
    assert proof.checks == ("up", "rows", "replan empty", "down")
    assert proof.rows >= 3
    assert proof.unseeded == ()


def test_a_proof_is_said_in_one_line() -> None:
    proof = Proof(engine="PostgreSQL 18.6", seconds=1.234, rows=3, checks=("up", "rows", "replan empty", "down"))
    assert str(proof) == "proved on PostgreSQL 18.6: up ✓ rows ✓ replan empty ✓ down ✓ (1.2 s)"


def test_a_rename_is_proved_to_keep_its_values(scratch: Scratch, dialect: Dialect) -> None:
    renamed = table("people", replace(NAME, name="title"))
    renames = (
        Renaming(Ref(Kind.TABLE, None, "users"), "people"),
        Renaming(Ref(Kind.COLUMN, None, "name", "users"), "title"),
    )
    assert "rows" in prove(*planned(schema(USERS), schema(renamed), dialect, *renames), scratch).checks


def test_what_is_not_managed_is_said_to_be_missing_from_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    assert prove(replace(start, unmanaged={"stars": 2}), end, made, scratch).absent == {"stars": 2}


def test_up_that_does_not_arrive_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    wrong = tampered(made, f"ALTER TABLE users ADD COLUMN {dialect.quote('height')} integer", replaces=True)
    assert "column users.age is missing" in refused(scratch, (start, end, wrong))


def test_up_that_the_engine_refuses_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    assert "refused a statement" in refused(scratch, (start, end, tampered(made, "DROP TABLE nowhere")))


def test_rows_lost_without_a_word_fail_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    assert "users has 0 of 6 rows" in refused(scratch, (start, end, tampered(made, "DELETE FROM users")))


def test_values_changed_without_a_word_fail_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    assert "users has the values" in refused(scratch, (start, end, tampered(made, "UPDATE users SET name = 'x'")))


def test_a_column_dropped_in_passing_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    wrong = tampered(made, "ALTER TABLE users DROP COLUMN name")
    assert "column users.name is missing" in refused(scratch, (start, end, wrong))


def test_what_a_second_plan_would_take_away_again_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    wrong = tampered(made, "CREATE INDEX superfluous ON users (id, name)")
    assert "index users.superfluous should not be there" in refused(scratch, (start, end, wrong))


def test_a_forgotten_index_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    indexed = replace(
        table("users", NAME, AGE), indexes=(Index(name="by_name", columns=(IndexColumn(column="name"),)),)
    )
    start, end, made = planned(schema(USERS), schema(indexed), dialect)
    at = " ON users" if dialect.name in ("mysql", "mariadb") else ""
    wrong = tampered(made, f"DROP INDEX by_name{at}")
    assert "index users.by_name is missing" in refused(scratch, (start, end, wrong))


def test_values_changed_on_the_way_to_a_wider_type_are_missed_on_the_way_back(
    scratch: Scratch, dialect: Dialect
) -> None:
    before, after = (table("users", replace(NAME, type=name)) for name in ("varchar(40)", "varchar(60)"))
    start, end, made = planned(schema(before), schema(after), dialect)
    wrong = tampered(made, "UPDATE users SET name = 'x' WHERE id > 3")
    assert "after running down, users has the values" in refused(scratch, (start, end, wrong))


def test_rows_of_a_lossless_plan_are_looked_for_under_the_new_name(scratch: Scratch, dialect: Dialect) -> None:
    rename = Renaming(Ref(Kind.TABLE, None, "users"), "people")
    start, end, made = planned(schema(USERS), schema(replace(USERS, name="people")), dialect, rename)
    assert "users has 5 of 6 rows" in refused(scratch, (start, end, tampered(made, "DELETE FROM people WHERE id = 1")))


def test_down_that_does_not_return_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(USERS, table("posts")), dialect)
    wrong = tampered(made, "CREATE TABLE left_over (id integer)", down=True)
    assert "table left_over should not be there" in refused(scratch, (start, end, wrong))


def test_down_that_loses_values_of_a_lossless_plan_fails_the_proof(scratch: Scratch, dialect: Dialect) -> None:
    start, end, made = planned(schema(USERS), schema(table("users", NAME, AGE)), dialect)
    wrong = tampered(made, "UPDATE users SET name = 'x'", down=True)
    assert "after running down, users has the values" in refused(scratch, (start, end, wrong))


def test_values_that_the_plan_says_are_lost_are_not_missed(scratch: Scratch, dialect: Dialect) -> None:
    required = replace(AGE, nullable=False)
    proof = prove(*planned(schema(table("users", NAME, required)), schema(USERS), dialect), scratch)
    assert proof.checks == ("up", "rows", "replan empty", "down")
    assert proof.unseeded == (), "though the way back cannot fill the column"


def test_backfill_is_proved_on_rows_without_a_value(scratch: Scratch, dialect: Dialect) -> None:
    start = named(dialect.localise(schema(table("users", AGE))), dialect)
    end = named(dialect.localise(schema(table("users", replace(AGE, nullable=False)))), dialect)
    filled = with_backfills(
        diff(start, end, dialect).operations, {Ref(Kind.COLUMN, None, "age", "users"): "7"}, dialect
    )
    assert any(isinstance(operation, RunSQL) for operation in filled)
    assert "rows" in prove(start, end, plan(start, filled, dialect), scratch).checks


def test_a_new_check_is_proved_with_rows_that_it_takes(scratch: Scratch, dialect: Dialect) -> None:
    strict = replace(table("users", AGE), checks=(Check(expression="age > 1000 AND age < 1002", name="odd"),))
    proof = prove(*planned(schema(table("users", AGE)), schema(strict), dialect), scratch)
    assert (proof.rows > 0, proof.unseeded) == (True, ())


@pytest.mark.engines("postgresql")
def test_a_narrower_type_is_proved_with_rows_that_heirs_of_the_table_keep(scratch: Scratch, dialect: Dialect) -> None:
    child = Table(name="heirs", inherits=(Name(None, "users"),))
    before, after = (schema(table("users", replace(AGE, type=name)), child) for name in ("text", "integer"))
    proof = prove(*planned(before, after, dialect), scratch)
    assert (proof.rows > 0, proof.unseeded) == (True, ())


def test_a_constraint_that_all_made_up_rows_break_is_proved_without_them(scratch: Scratch, dialect: Dialect) -> None:
    strict = replace(table("users", AGE), checks=(Check(expression="age * age = 1522756 AND id > 0", name="odd"),))
    required = replace(strict, columns=(ID, replace(AGE, nullable=False)))
    proof = prove(*planned(schema(replace(required, checks=())), schema(required), dialect), scratch)
    assert proof.unseeded == ("users",)


@pytest.mark.engines("postgresql")
def test_an_enum_that_loses_a_value_is_proved_with_rows_that_have_others(scratch: Scratch, dialect: Dialect) -> None:
    moody = table("users", Column(name="mood", type="mood"))
    before, after = (Enum(name="mood", values=values) for values in (("sad", "ok", "great"), ("sad",)))
    proof = prove(*planned(schema(moody, enums=(before,)), schema(moody, enums=(after,)), dialect), scratch)
    assert (proof.rows > 0, proof.unseeded) == (True, ())


def test_a_row_that_no_value_fits_is_left_out_and_its_table_named(scratch: Scratch, dialect: Dialect) -> None:
    never = replace(USERS, checks=(Check(expression="id < 0 AND id > 0", name="never"),))
    after = replace(never, columns=(*never.columns, AGE))
    proof = prove(*planned(schema(never), schema(after), dialect), scratch)
    assert proof.unseeded == ("users",)
    assert "rows" not in proof.checks


# -------------------------------------------------------------------------------------------- excerpt


def names(found: Schema) -> list[str]:
    return [each.name for each in found.tables]


@pytest.mark.engines("sqlite")
def test_an_excerpt_has_what_is_touched_and_its_neighbours_but_no_chain(dialect: Dialect) -> None:
    number = Column(name="up", type="integer")
    chain = [table("t0", number)]
    chain += [table(f"t{i}", number, keys=(referring("up", f"t{i - 1}"),)) for i in range(1, 9)]
    changed = [replace(each, columns=(*each.columns, AGE)) if each.name == "t4" else each for each in chain]
    before, after = schema(*chain), schema(*changed)
    small = excerpt(before, after, diff(before, after, dialect).operations)
    assert names(small.before) == names(small.after) == ["t3", "t4", "t5"]
    assert small.before.tables[0].foreign_keys == ()


@pytest.mark.engines("sqlite")
def test_an_excerpt_has_the_views_upon_what_is_touched_and_what_they_need(dialect: Dialect) -> None:
    far = View(name="far", definition="SELECT near.id FROM near")
    near = View(name="near", definition="SELECT users.id FROM users, other")
    before = Schema(tables=(USERS, table("other"), table("alone")), views=(near, far))
    after = Schema(tables=(table("users", NAME, AGE), table("other"), table("alone")), views=(near, far))
    small = excerpt(before, after, diff(before, after, dialect).operations)
    assert names(small.before) == ["other", "users"]
    assert [view.name for view in small.before.views] == ["far", "near"]


@pytest.mark.engines("postgresql")
def test_an_excerpt_has_the_tables_that_are_made_of_what_is_made_anew(dialect: Dialect) -> None:
    def routine(result: str) -> Routine:
        return Routine(name="f", kind="function", definition=f"CREATE FUNCTION f() RETURNS {result} RETURN 1")

    by_f = replace(table("by_f"), options={"partition_by": "RANGE (f())"})
    counted = table("counted", Column(name="n", type="integer", default="f()"))
    old, new = (Schema(tables=(by_f, counted, USERS), routines=(routine(result),)) for result in ("int", "bigint"))
    remade = excerpt(old, new, [Drop(old.routines[0]), Create(new.routines[0])])
    assert names(remade.before) == names(remade.after) == ["by_f", "counted"]
    assert names(excerpt(old, new, [Create(new.routines[0])]).before) == []


def test_only_what_a_change_touches_is_loaded(scratch: Scratch, dialect: Dialect) -> None:
    index = Index(name="by_name", columns=(IndexColumn(column="name"),))
    tables = [table(f"t{number}", NAME) for number in range(9)]
    change = planned(schema(*tables), schema(replace(tables[0], indexes=(index,)), *tables[1:]), dialect)
    assert prove(*change, scratch).rows < 9, "of one table"
