"""A column's type is one type: portable where every engine has it, and never more than a type."""

import pytest

from querynl.errors import TypeUnknown
from querynl.types import Portable, Raw, parse_type


@pytest.mark.parametrize(
    ("text", "portable"),
    [
        ("integer", "integer"),
        ("INT", "integer"),
        ("  Double   Precision ", "double"),
        ("numeric(8, 2)", "decimal(8,2)"),
        ("character varying(20)", "varchar(20)"),
        ("timestamp with time zone", "timestamptz"),
        ("string", "text"),
    ],
)
def test_everyday_spellings_are_one_portable_type(text: str, portable: str) -> None:
    found = parse_type(text)
    assert isinstance(found, Portable)
    assert str(found) == portable
    assert parse_type(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "integer(4)",
        "post_state",
        "int unsigned",
        "enum('a','it''s','b')",
        "numeric[]",
        '"my type"',
        'app."Mood"(3)[][2]',
    ],
)
def test_other_single_types_are_kept_as_they_are(text: str) -> None:
    assert parse_type(text, "postgresql") == Raw("postgresql", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INTEGER; DROP TABLE users",
        "integer, x integer",
        "integer) ; --",
        "integer -- comment",
        "integer /* comment */",
        "integer DEFAULT 0",
        "integer NOT NULL",
        "int PRIMARY KEY",
        "int references users",
        "int auto_increment",
        "varchar(1+1)",
        "varchar((1))",
        "enum('a' 'b'); --')",
        "enum('\\');DROP TABLE users;--')",
        "integer\0",
    ],
)
def test_more_than_a_type_is_refused(text: str) -> None:
    with pytest.raises(TypeUnknown, match="is not a column type"):
        parse_type(text)
