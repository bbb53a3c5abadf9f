"""The options that answer questions, from text to addresses, with names quoted as in SQL."""

import pytest

from querynl.cli.answers import renamings, values
from querynl.decisions import spelled
from querynl.diff import Renaming
from querynl.errors import UsageInvalid
from querynl.schema import Column, Enum, Index, IndexColumn, Kind, Name, Ref, Schema, Table, View

COLUMNS = (Column(name="a", type="integer"),)
INDEXES = (Index(name="by_a", columns=(IndexColumn(column="a"),)),)
BEFORE = Schema(
    tables=(
        Table(name="users", columns=COLUMNS, indexes=INDEXES),
        Table(name="posts", namespace="app", columns=COLUMNS),
    ),
    enums=(Enum(name="mood", values=("ok",)), Enum(name="size", namespace="app", values=("s",))),
    views=(View(name="readers", definition="SELECT 1"),),
)


@pytest.mark.parametrize(
    ("text", "ref", "to"),
    [
        ("users:people", Ref(Kind.TABLE, None, "users"), "people"),
        ("users.a:b", Ref(Kind.COLUMN, None, "a", "users"), "b"),
        ("app.posts:news", Ref(Kind.TABLE, "app", "posts"), "news"),
        ("app.posts.a:b", Ref(Kind.COLUMN, "app", "a", "posts"), "b"),
        ('"my.table":"a:b"', Ref(Kind.TABLE, None, "my.table"), "a:b"),
        ('users."say ""hi""":b', Ref(Kind.COLUMN, None, 'say "hi"', "users"), "b"),
        ("mood:feeling", Ref(Kind.ENUM, None, "mood"), "feeling"),
        ("app.size:width", Ref(Kind.ENUM, "app", "size"), "width"),
        ("readers:lookers", Ref(Kind.VIEW, None, "readers"), "lookers"),
        ("users.by_a:a_idx", Ref(Kind.INDEX, None, "by_a", "users"), "a_idx"),
        ("absent:b", Ref(Kind.TABLE, None, "absent"), "b"),
        (" users : people ", Ref(Kind.TABLE, None, "users"), "people"),
    ],
)
def test_rename_names_what_is_there(text: str, ref: Ref, to: str) -> None:
    assert renamings([text], BEFORE) == [Renaming(ref, to)]


def test_rename_means_the_index_where_a_column_of_its_name_comes_from_a_parent() -> None:
    index = Index(name="a", columns=(IndexColumn(column="b"),))
    heir = Table(name="staff", columns=COLUMNS, indexes=(index,), inherits=(Name("app", "posts"),))
    schema = Schema(tables=(*BEFORE.tables, heir))
    assert renamings(["staff.a:z"], schema) == [Renaming(Ref(Kind.INDEX, None, "a", "staff"), "z")]


@pytest.mark.parametrize("text", ["", "users", "users:", ":people", "a:b:c", "a.b.c.d:e", '"users:people'])
def test_rename_that_says_nothing_clear_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageInvalid, match="not understood"):
        renamings([text], BEFORE)


def test_value_is_all_that_stands_after_the_first_equals_sign() -> None:
    found = values("--backfill", ["users.a = CASE WHEN a = 1 THEN '=' END"], BEFORE)
    assert found == {Ref(Kind.COLUMN, None, "a", "users"): "CASE WHEN a = 1 THEN '=' END"}


@pytest.mark.parametrize("text", ["users=1", "users.a", "users.a =", "=1"])
def test_value_for_no_column_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageInvalid, match="--backfill"):
        values("--backfill", [text], BEFORE)


@pytest.mark.parametrize("name", ["plain", "two words", "a.b", "a:b", 'say "hi"', "a=b", "it's", "名前"])
def test_address_that_a_question_spells_is_understood_by_the_option(name: str) -> None:
    ref = Ref(Kind.COLUMN, None, name, name)
    assert renamings([f"{spelled(ref)}:b"], BEFORE) == [Renaming(ref, "b")]
