"""What the difference of two schemas says of renames: declared, explicit, exchanged, settled, or a question."""

import pytest
from msgspec.structs import replace

from querynl.dialects import dialect_named
from querynl.diff import Difference, Question, Renaming, diff
from querynl.errors import RenameInvalid
from querynl.operations import Create, Drop, Rename, apply
from querynl.schema import Check, Column, Index, IndexColumn, Kind, Name, Ref, Schema, Table, canonical

RULES = dialect_named("postgresql")
USERS = Ref(Kind.TABLE, None, "users")


def schema(*tables: Table) -> Schema:
    return Schema(dialect="postgresql", tables=tables)


def table(name: str, *columns: str, renamed_from: str | None = None, **old_names: str) -> Table:
    """A table of integer columns; `old_names` gives columns their `renamed_from`."""
    return Table(
        name=name,
        columns=tuple(Column(name=column, type="integer", renamed_from=old_names.get(column)) for column in columns),
        renamed_from=renamed_from,
    )


def column(name: str, of: str = "users") -> Ref:
    return Ref(Kind.COLUMN, None, name, of)


def difference(before: Schema, after: Schema, *renamings: Renaming) -> Difference:
    """The difference, after making sure that its operations lead to the schema after."""
    found = diff(before, after, RULES, renamings)
    assert canonical(apply(found.operations, before, RULES)) == canonical(after)
    return found


def test_declared_rename_of_a_table_and_its_column() -> None:
    found = difference(
        schema(table("users", "id", "name")),
        schema(table("people", "id", "full_name", renamed_from="users", full_name="name")),
    )
    assert found.operations == (Rename(USERS, "people"), Rename(column("name", "people"), "full_name"))
    assert found.questions == ()


def test_explicit_rename_names_the_column_by_the_old_table() -> None:
    before, after = schema(table("users", "id", "name")), schema(table("people", "id", "full_name"))
    found = difference(before, after, Renaming(USERS, "people"), Renaming(column("name"), "full_name"))
    assert found.operations == (Rename(USERS, "people"), Rename(column("name", "people"), "full_name"))


def test_names_that_are_exchanged_wait_under_another() -> None:
    found = difference(schema(table("users", "a", "b")), schema(table("users", "b", "a", a="b", b="a")))
    assert all(isinstance(operation, Rename) for operation in found.operations)
    assert len(found.operations) == 3


def test_rename_along_a_chain_begins_at_its_free_end() -> None:
    found = difference(schema(table("users", "a", "b")), schema(table("users", "b", "c", b="a", c="b")))
    assert found.operations == (Rename(column("b"), "c"), Rename(column("a"), "b"))


def test_declared_rename_that_was_made_before_means_nothing_any_more() -> None:
    found = difference(schema(table("users", "full_name")), schema(table("users", "full_name", full_name="name")))
    assert found.operations == ()


def test_declared_rename_to_a_name_beside_which_the_old_one_stays_means_nothing() -> None:
    before = schema(table("users", "name", "full_name"))
    assert difference(before, schema(table("users", "name", "full_name", full_name="name"))).operations == ()


@pytest.mark.parametrize(
    "renaming",
    [
        Renaming(Ref(Kind.TABLE, None, "nobody"), "people"),
        Renaming(USERS, "nobody"),
        Renaming(column("nothing"), "full_name"),
    ],
)
def test_explicit_rename_of_what_is_not_there_is_refused(renaming: Renaming) -> None:
    with pytest.raises(RenameInvalid):
        diff(schema(table("users", "name")), schema(table("people", "name")), RULES, [renaming])


def test_rename_of_a_column_that_comes_from_a_parent_is_refused() -> None:
    parent = table("people", "name")
    before, after = (
        schema(parent, replace(table("staff", name), inherits=(parent.key,))) for name in ("name", "full_name")
    )
    with pytest.raises(RenameInvalid, match="comes from people"):
        diff(before, after, RULES, [Renaming(Ref(Kind.COLUMN, None, "name", "staff"), "full_name")])


def test_something_alike_that_goes_and_comes_is_a_question() -> None:
    found = difference(schema(table("users", "id", "name")), schema(table("users", "id", "full_name")))
    assert found.questions == (Question(column("name"), column("full_name")),)
    assert {type(operation) for operation in found.operations} == {Drop, Create}


def test_nearest_name_is_asked_about_first_and_nothing_twice() -> None:
    found = difference(schema(table("users", "id", "email")), schema(table("users", "id", "zip", "e_mail")))
    assert found.questions == (Question(column("email"), column("e_mail")),)


def test_table_of_much_the_same_columns_is_a_question_and_of_others_is_none() -> None:
    before = schema(table("users", "id", "name", "email"))
    assert difference(before, schema(table("people", "id", "name", "email"))).questions == (
        Question(USERS, Ref(Kind.TABLE, None, "people")),
    )
    assert difference(before, schema(table("people", "id", "street", "city"))).questions == ()


def test_constraints_and_indexes_hold_no_rows_and_are_renamed_without_a_question() -> None:
    def with_names(check: str, index: str) -> Schema:
        return schema(
            Table(
                name="users",
                columns=(Column(name="id", type="integer"),),
                checks=(Check(name=check, expression="(id > 0)"),),
                indexes=(Index(name=index, columns=(IndexColumn(column="id"),)),),
            )
        )

    found = difference(with_names("a", "b"), with_names("c", "d"))
    assert sorted(op.to for op in found.operations if isinstance(op, Rename)) == ["c", "d"]
    assert len(found.operations) == 2
    assert found.questions == ()


def test_another_order_of_columns_is_no_difference_and_is_told() -> None:
    found = diff(schema(table("users", "a", "b")), schema(table("users", "b", "a")), RULES)
    assert found.operations == ()
    assert found.reordered == (Name(None, "users"),)
