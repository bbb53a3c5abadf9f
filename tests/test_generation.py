"""The name of a migration whose author gave it none."""

import pytest

from querynl.generation import summary
from querynl.operations import Change, Create, Drop, Operation
from querynl.schema import Column, Name, Table

TAGS, POSTS = Table(name="tags"), Table(name="posts")
COLUMN, USERS = Column(name="bio", type="text"), Name(None, "users")


@pytest.mark.parametrize(
    ("operations", "name"),
    [
        ([Create(TAGS)], "create tags"),
        ([Drop(POSTS), Drop(TAGS)], "drop posts and tags"),
        ([Drop(COLUMN, USERS)], "change users"),
        ([Create(TAGS), Change(COLUMN, COLUMN, USERS)], "change tags and users"),
        ([Create(Table(name=name)) for name in "abc"], "create 3 objects"),
    ],
)
def test_a_nameless_migration_is_named_after_its_changes(operations: list[Operation], name: str) -> None:
    assert summary(operations) == name
