"""The name of a migration whose author gave it none."""

import pytest

from querynl.generation import summary
from querynl.operations import Change, Create, Drop, Operation
from querynl.schema import Column, Kind, Name, Ownership, Table

TAGS, POSTS = Table(name="tags"), Table(name="posts")
OWNER = Ownership(on=Kind.TABLE, name="tags", role="keeper")
COLUMN, USERS = Column(name="bio", type="text"), Name(None, "users")


@pytest.mark.parametrize(
    ("operations", "name"),
    [
        ([Create(TAGS)], "create tags"),
        ([Drop(POSTS), Drop(TAGS)], "drop posts and tags"),
        ([Drop(COLUMN, USERS)], "change users"),
        ([Create(TAGS), Change(COLUMN, COLUMN, USERS)], "change tags and users"),
        ([Create(TAGS), Create(OWNER)], "create tags"),
        ([Create(OWNER)], "change privileges"),
        ([Create(Table(name=name)) for name in "abc"], "create 3 objects"),
    ],
)
def test_a_nameless_migration_is_named_after_its_changes(operations: list[Operation], name: str) -> None:
    assert summary(operations) == name
