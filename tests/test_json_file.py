"""The schema file: short forms, defaults and canonical text."""

import json

import pytest

from querynl.errors import SchemaInvalid, SchemaKeyUnknown, SchemaNotJSON
from querynl.schema import Identity, Index, IndexColumn, PrimaryKey
from querynl.sources import json_file

BLOG = """{
  "querynl": 1,
  "name": "blog",
  "tables": [
    {
      "name": "posts",
      "columns": [
        {"name": "id", "type": "bigint", "nullable": false, "identity": true},
        {"name": "title", "type": "varchar(200)", "default": "'ohne Titel: ü'"}
      ],
      "primary_key": ["id"],
      "indexes": [{"columns": ["title", {"expression": "lower(title)"}, {"column": "id", "order": "desc"}]}]
    }
  ]
}
"""


def test_short_forms_mean_the_long_ones() -> None:
    [posts] = json_file.read(BLOG, "blog.json").tables
    assert posts.columns[0].identity == Identity()
    assert posts.primary_key == PrimaryKey(columns=("id",))
    keys = (IndexColumn(column="title"), IndexColumn(expression="lower(title)"), IndexColumn(column="id", order="desc"))
    assert posts.indexes == (Index(columns=keys),)


def test_columns_of_a_primary_key_are_required_whatever_the_file_leaves_unsaid() -> None:
    text = '{"tables": [{"name": "t", "columns": [{"name": "id", "type": "int"}], "primary_key": ["id"]}]}'
    [table] = json_file.read(text, "t.json").tables
    assert not table.columns[0].nullable


def test_text_that_was_written_is_read_and_written_again_to_the_byte() -> None:
    assert json_file.write(json_file.read(BLOG, "blog.json")) == BLOG


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("{", 1, 2), ('{\n  "tables": [\n  ],\n}', 4, 1), ('{"a": 1} x', 1, 10), ("", 1, 1)],
)
def test_broken_json_is_found_by_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(SchemaNotJSON) as caught:
        json_file.read(text, "broken.json")
    assert caught.value.where == f"broken.json, line {line}, column {column}"


@pytest.mark.parametrize(
    ("document", "path", "remedy"),
    [
        ({"tabels": []}, "$", "Did you mean 'tables'?"),
        ({"tables": [{"name": "t", "colums": []}]}, "$.tables[0]", "Did you mean 'columns'?"),
        ({"tables": [{"primary_key": {"columns": [], "nmae": ""}}]}, "$.tables[0].primary_key", "Did you mean 'name'?"),
        ({"tables": [{"indexes": [{"columns": [{"colum": "a"}]}]}]}, "$.tables[0].indexes[0].columns[0]", "'column'"),
        ({"zzz": 1}, "$", "Known keys: "),
    ],
)
def test_unknown_key_is_named_with_the_nearest_known_one(document: object, path: str, remedy: str) -> None:
    with pytest.raises(SchemaKeyUnknown) as caught:
        json_file.read(json.dumps(document), "file.json")
    assert caught.value.where is not None
    # msgspec writes `[...]` for every place in a list.
    assert caught.value.where.replace("[...]", "[0]") == f"file.json, {path}"
    assert remedy in (caught.value.remedy or "")


def test_nul_character_is_found_by_its_path() -> None:
    text = json.dumps({"tables": [{"name": "t", "columns": [{"name": "a", "type": "text", "comment": "a\0b"}]}]})
    with pytest.raises(SchemaInvalid, match="NUL") as caught:
        json_file.read(text, "file.json")
    assert caught.value.where == "file.json, $.tables[0].columns[0].comment"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(SchemaNotJSON):
        json_file.read(text, "file.json")


@pytest.mark.parametrize("document", [None, [], 1, "text"])
def test_schema_is_an_object(document: object) -> None:
    with pytest.raises(SchemaInvalid, match="object"):
        json_file.read(json.dumps(document), "file.json")


def test_published_json_schema_knows_the_short_forms() -> None:
    definitions = json_file.json_schema()["$defs"]
    assert {"type": "boolean"} in definitions["Column"]["properties"]["identity"]["anyOf"]
    assert {"type": "array", "items": {"type": "string"}} in definitions["Table"]["properties"]["primary_key"]["anyOf"]
    assert {"type": "string"} in definitions["Index"]["properties"]["columns"]["items"]["anyOf"]
    assert definitions["Table"]["additionalProperties"] is False
