"""The sentences for operations and plans."""

from typing import get_args

import pytest
from msgspec.structs import replace

from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.english.design import design
from querynl.english.explain import effect, explain, explain_plan
from querynl.naming import named
from querynl.operations import Change, Create, Drop, Operation, Rename, RunSQL
from querynl.plan import Reversibility, plan
from querynl.rows import RowCount
from querynl.schema import (
    AnyObject,
    Check,
    Column,
    DefaultPrivileges,
    Domain,
    Enum,
    Exclusion,
    Extension,
    ForeignKey,
    Generated,
    Grant,
    Identity,
    Index,
    IndexColumn,
    Kind,
    Name,
    Namespace,
    Ownership,
    Policy,
    PrimaryKey,
    Privilege,
    Ref,
    Routine,
    Schema,
    Sequence,
    Table,
    Trigger,
    Unique,
    View,
)
from tests.english.samples import OTHERS, SAMPLES

USERS = Name(None, "users")
POSTS = Name("app", "posts")
BIO = Column(name="bio", type="text")
AGE = Column(name="age", type="integer", nullable=False, default="0")
TABLE = Table(
    name="posts",
    columns=(Column(name="id", type="bigint", nullable=False), Column(name="author_id", type="bigint"), BIO),
    primary_key=PrimaryKey(columns=("id",)),
    foreign_keys=(ForeignKey(columns=("author_id",), references="users", referenced_columns=("id",)),),
    checks=(Check(expression="id > 0"),),
    indexes=(
        Index(columns=(IndexColumn(column="author_id"),)),
        Index(columns=(IndexColumn(column="id"),)),
        Index(columns=(IndexColumn(column="bio"),), unique=True),
    ),
)
AUTHOR = ForeignKey(
    name="posts_author_id_fkey",
    columns=("author_id",),
    references="users",
    referenced_columns=("id",),
    on_delete="cascade",
    on_update="restrict",
)
INDEX = Index(
    name="recent",
    columns=(IndexColumn(column="day", order="desc"), IndexColumn(expression="lower(title)")),
    unique=True,
    where="day IS NOT NULL",
)

# An operation, its sentence, and what it does to data.
SENTENCES: list[tuple[Operation, str, str | None]] = [
    (
        Create(TABLE),
        "Creates table posts with 3 columns (id, author_id and bio); id is its primary key; author_id refers to users; "
        "it has 1 check constraint, 1 unique index and 2 indexes.",
        None,
    ),
    (Create(Table(name="empty")), "Creates table empty with 0 columns.", None),
    (
        Drop(Table(name="posts", namespace="app", columns=(BIO,))),
        "Drops table app.posts with 1 column (bio).",
        "Deletes every row of app.posts; rolling back brings the table back empty.",
    ),
    (
        Change(
            Table(name="t", options={"engine": "MyISAM"}), Table(name="t", options={"engine": "InnoDB"}, comment="x")
        ),
        "Changes table t: gets the comment 'x', engine from MyISAM to InnoDB.",
        None,
    ),
    (
        Create(BIO, USERS),
        "Adds column bio (text, optional) to users.",
        "The rows of users keep their values; bio is empty in all of them.",
    ),
    (
        Create(AGE, USERS),
        "Adds column age (integer, required, default 0) to users.",
        "The rows of users keep their values; age is 0 in all of them.",
    ),
    (
        Create(replace(AGE, default=None), USERS),
        "Adds column age (integer, required) to users.",
        "users must have no rows: age is required and has no value for them.",
    ),
    (
        Create(Column(name="n", type="bigint", nullable=False, identity=Identity(start=5)), USERS),
        "Adds column n (bigint, required, numbered by the database from 5) to users.",
        "The rows of users keep their values; n numbers them.",
    ),
    (
        Create(Column(name="f", type="text", generated=Generated(expression="a || b", stored=False)), USERS),
        "Adds column f (text, optional, computed as a || b and not stored) to users.",
        "The rows of users keep their values; f is computed for each of them.",
    ),
    (
        Drop(Column(name="nickname", type="text"), USERS),
        "Drops column nickname (text, optional) from users.",
        "Deletes the column nickname and its values; rolling back brings the column back empty.",
    ),
    (
        Drop(Column(name="nickname", type="text", comment="short"), USERS, inherited=True),
        "Takes its own attributes from the inherited column nickname (text, optional, comment 'short') of users.",
        "The rows keep their values.",
    ),
    (
        Create(replace(AGE, default="1"), USERS, inherited=True),
        "Gives the inherited column age (integer, required, default 1) of users attributes of its own.",
        "The rows keep their values.",
    ),
    (
        Change(AGE, replace(AGE, type="varchar(3)"), USERS),
        "Changes column age of users: type from integer to varchar(3).",
        "Existing values are converted; the migration stops if one does not fit.",
    ),
    (
        Change(AGE, replace(AGE, type="date"), USERS, using="to_date(age)"),
        "Changes column age of users: type from integer to date.",
        "Existing values become to_date(age); the migration stops if one does not fit.",
    ),
    (
        Change(BIO, replace(BIO, nullable=False), USERS),
        "Changes column bio of users: becomes required.",
        "The migration stops if a row of users has no bio.",
    ),
    (
        Change(AGE, replace(AGE, default=None, nullable=True), USERS),
        "Changes column age of users: becomes optional, loses the default 0.",
        "Existing values are kept; the default is for new rows.",
    ),
    (
        Create(PrimaryKey(columns=("a", "b"), name="k"), USERS),
        "Adds primary key k on a and b to users.",
        "The migration stops if two rows of users have the same a and b, or one has none.",
    ),
    (
        Create(Unique(columns=("email",), name="users_email_key"), USERS),
        "Adds unique constraint users_email_key on email to users.",
        "The migration stops if two rows of users have the same email.",
    ),
    (Drop(Unique(columns=("email",)), USERS), "Drops unique constraint on email from users.", None),
    (
        Create(AUTHOR, POSTS),
        "Adds foreign key posts_author_id_fkey to app.posts: author_id refers to id of users; deleting a row of users "
        "deletes the rows that refer to it; a row of users that is referred to keeps its key.",
        "The migration stops if a row of app.posts refers to a row that users does not have.",
    ),
    (
        Create(Check(expression="age > 0", name="old_enough", validated=False), USERS),
        "Adds check constraint old_enough to users: age > 0 (not checked for the rows already there).",
        "The rows already in users are not checked.",
    ),
    (
        Create(INDEX, POSTS),
        "Adds unique index recent on day (descending) and lower(title) to app.posts, for rows where day IS NOT NULL.",
        "The migration stops if two rows of app.posts where day IS NOT NULL have the same day and lower(title).",
    ),
    (
        Drop(replace(INDEX, unique=False, where=None), POSTS),
        "Drops index recent on day (descending) and lower(title) from app.posts.",
        None,
    ),
    (
        Create(Enum(name="state", values=("draft", "live"))),
        "Creates enum state with 2 values ('draft' and 'live').",
        None,
    ),
    (
        Change(Enum(name="state", values=("a", "b", "c")), Enum(name="state", values=("c", "b", "d"))),
        "Changes enum state: gets 'd', loses 'a', puts its values in the order 'c', 'b' and 'd'.",
        "The migration stops if a row still has 'a'.",
    ),
    (
        Create(Domain(name="d", type="text", nullable=False, checks=(Check(expression="value <> ''", name="k"),))),
        "Creates domain d (text, required, checks k: value <> '').",
        None,
    ),
    (
        Drop(Sequence(name="s", namespace="app", start=5, owned_by=("t", "c"), cycle=True)),
        "Drops sequence app.s (start 5, starting again at its end, owner t.c).",
        "The number that s has come to is lost; rolling back starts it anew.",
    ),
    (
        Create(View(name="v", definition="SELECT 1", materialized=True)),
        "Creates materialized view v.",
        "Its rows are computed and stored.",
    ),
    (Change(View(name="v", definition="a"), View(name="v", definition="b")), "Changes view v: its definition.", None),
    (
        Create(Routine(name="f", kind="function", arguments="a integer", definition="x")),
        "Creates function f(a integer).",
        None,
    ),
    (Drop(Trigger(name="t", table="users", definition="x")), "Drops trigger t on users.", None),
    (
        Create(Policy(name="p", table="users", using="a = 1", roles=("bob", "eve"))),
        "Creates policy p on users (roles bob and eve, rows shown a = 1).",
        None,
    ),
    (
        Drop(Extension(name="citext", version="1.6")),
        "Drops extension citext (version 1.6).",
        "What citext brought with it goes too.",
    ),
    (Create(Namespace(name="app")), "Creates schema app.", None),
    (
        Rename(Ref(Kind.COLUMN, "app", "username", "users"), "user_name"),
        "Renames column username of app.users to user_name.",
        "The rows keep their values.",
    ),
    (Rename(Ref(Kind.TABLE, None, "users"), "people"), "Renames table users to people.", "The rows keep their values."),
    (Rename(Ref(Kind.INDEX, None, "i", "users"), "j"), "Renames index i of users to j.", None),
    (
        RunSQL(("UPDATE users SET a = 1",), None, "fill a", USERS),
        "Runs 1 SQL statement: fill a.",
        "It may change any row of users. There is no way back from it.",
    ),
    (RunSQL(("SELECT 1", "SELECT 2"), ("SELECT 3",), "look"), "Runs 2 SQL statements: look.", None),
]

PARTS = (Column, PrimaryKey, Unique, ForeignKey, Check, Exclusion, Index)


@pytest.mark.parametrize(("operation", "sentence", "result"), SENTENCES, ids=[text for _, text, _ in SENTENCES])
def test_an_operation_has_this_sentence_and_this_effect(
    operation: Operation, sentence: str, result: str | None
) -> None:
    assert explain(operation) == sentence
    assert effect(operation) == result


GRANTED = Grant(on=Kind.TABLE, name="users", role="bob", privileges=("select", "insert"), with_grant_option=("select",))
PRIVILEGES: list[tuple[Operation, str]] = [
    (
        Create(GRANTED),
        "Grants select and insert on table users to bob; lets bob grant select on table users to others.",
    ),
    (Drop(GRANTED), "Revokes select and insert on table users from bob."),
    (
        Change(GRANTED, replace(GRANTED, privileges=("select", "update"), with_grant_option=())),
        "Grants update on table users to bob; revokes insert on table users from bob;"
        " lets bob no longer grant select on table users to others.",
    ),
    (
        Create(Grant(on=Kind.ROUTINE, name="f(integer)", namespace="app", role="public", revoked=("execute",))),
        "Revokes execute on routine app.f(integer) from everybody.",
    ),
    (
        Drop(Grant(on=Kind.TABLE, name="users", column="bio", revoked=("update",))),
        "Grants update on column bio of table users to its owner.",
    ),
    (
        Create(Grant(on=Kind.SEQUENCE, name="users", column="id", role="bob", privileges=("usage",))),
        "Grants usage on the sequence behind column id of table users to bob.",
    ),
    (Create(Ownership(on=Kind.NAMESPACE, name="app", role="bob")), "Makes bob the owner of schema app."),
    (Drop(Ownership(on=Kind.VIEW, name="v", role="bob")), "Makes whoever runs migrations the owner of view v."),
    (
        Create(DefaultPrivileges(objects="tables", namespace="app", role="bob", privileges=("select",))),
        "Grants select on new tables in schema app of whoever runs migrations to bob.",
    ),
    (
        Create(DefaultPrivileges(objects="functions", owner="ann", role="public", revoked=("execute",))),
        "Revokes execute on new functions of ann from everybody.",
    ),
]


@pytest.mark.parametrize(("operation", "sentence"), PRIVILEGES, ids=[text for _, text in PRIVILEGES])
def test_privileges_have_sentences_of_their_own(operation: Operation, sentence: str) -> None:
    assert explain(operation) == sentence
    assert effect(operation) is None


def test_the_samples_cover_every_kind_of_object() -> None:
    assert {type(obj) for obj in SAMPLES} | set(get_args(Privilege)) == set(get_args(AnyObject))


@pytest.mark.parametrize("obj", SAMPLES, ids=lambda obj: type(obj).__name__)
def test_every_verb_names_every_kind_of_object_and_its_table(obj: AnyObject) -> None:
    table = Name("app", "owner") if isinstance(obj, PARTS) else None
    changed = replace(obj, comment="new")
    for operation in (Create(obj, table), Drop(obj, table), Change(obj, changed, table)):
        sentence = explain(operation)
        assert "named" in sentence
        assert sentence.endswith(".")
        if table is not None:
            assert "app.owner" in sentence
        elif isinstance(obj, Trigger | Policy):
            assert "owner" in sentence
    assert "'new'" in explain(Change(obj, changed, table))


TABLE_PARTS = ("columns", "primary_key", "uniques", "foreign_keys", "checks", "exclusions", "indexes")
PAIRS = list(zip(SAMPLES, OTHERS, strict=True))


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=[type(obj).__name__ for obj in SAMPLES])
def test_no_attribute_changes_without_a_word(before: AnyObject, after: AnyObject) -> None:
    table = USERS if isinstance(before, PARTS) else None
    for field in before.__struct_fields__:
        # The parts of a table have operations of their own.
        if field != "name" and not (isinstance(before, Table) and field in TABLE_PARTS):
            new = getattr(after, field)
            assert new != getattr(before, field)
            sentence = explain(Change(before, replace(before, **{field: new}), table))
            assert not sentence.endswith(": .")


@pytest.mark.parametrize("obj", OTHERS, ids=lambda obj: type(obj).__name__)
def test_an_object_with_everything_is_explained_both_ways(obj: AnyObject) -> None:
    table = USERS if isinstance(obj, PARTS) else None
    for operation in (Create(obj, table), Drop(obj, table)):
        assert "named" in explain(operation)
        assert "olling back" not in (effect(operation, way="down") or "")


def test_rows_are_counted_where_somebody_counted_them() -> None:
    drop = Drop(Table(name="posts"))
    assert (
        effect(drop, rows=RowCount(1204))
        == "Deletes the 1,204 rows of posts; rolling back brings the table back empty."
    )
    assert (
        effect(Drop(BIO, USERS), rows=RowCount(1))
        == "Deletes the column bio and its values in 1 row of users; rolling back brings the column back empty."
    )


def test_widening_keeps_values() -> None:
    change = Change(AGE, replace(AGE, type="bigint"), USERS)
    assert effect(change, widens=True) == "Existing values are kept as they are."


def test_the_way_back_speaks_of_going_back() -> None:
    assert effect(Create(TABLE), way="down") == "posts comes back without its rows."
    assert (
        effect(Drop(BIO, USERS), way="down")
        == "Deletes the column bio and its values; applying again brings the column back empty."
    )
    assert effect(Change(BIO, replace(BIO, nullable=False), USERS), way="down") == (
        "The rollback stops if a row of users has no bio."
    )


def test_a_plan_is_explained_operation_by_operation_both_ways() -> None:
    sqlite = dialect_named("sqlite")
    before, after = (
        named(sqlite.localise(design(text).schema), sqlite)
        for text in ("blog with posts and comments", "blog with posts, comments, and tags")
    )
    made = plan(before, diff(before, after, sqlite).operations, sqlite)
    up, down = explain_plan(made), explain_plan(made, way="down")
    assert [line.sentence for line in up] == [
        "Creates table tags with 4 columns (id, name, created_at and updated_at); id is its primary key; "
        "it has 1 unique constraint.",
        "Creates table post_tags with 2 columns (post_id and tag_id); post_id and tag_id are its primary key; "
        "post_id refers to posts; tag_id refers to tags; it has 1 index.",
    ]
    assert [line.step for line in up] == [1, 2]
    assert {line.reversibility for line in up} == {Reversibility.LOSSLESS}
    assert [line.sentence.split(" with ")[0] for line in down] == ["Drops table post_tags", "Drops table tags"]
    assert down[1].effect == "Deletes every row of tags; applying again brings the table back empty."


def test_operations_that_one_step_makes_together_have_their_own_lines_and_reversibility() -> None:
    sqlite = dialect_named("sqlite")
    users = Table(
        name="users",
        columns=(Column(name="id", type="integer", nullable=False), BIO),
        primary_key=PrimaryKey(columns=("id",)),
    )
    changed = replace(
        users, columns=(users.columns[0], replace(AGE, default="0")), checks=(Check(expression="age >= 0"),)
    )
    before, after = (named(sqlite.localise(Schema(tables=(table,))), sqlite) for table in (users, changed))
    made = plan(before, diff(before, after, sqlite).operations, sqlite)
    lines = explain_plan(made, counts={USERS: RowCount(3)})
    told = {line.sentence.split(" (")[0]: line.reversibility for line in lines}
    assert told["Drops column bio"] is Reversibility.STRUCTURE_ONLY
    assert told["Adds column age"] is Reversibility.LOSSLESS
    assert any("in 3 rows of users" in (line.effect or "") for line in lines)
