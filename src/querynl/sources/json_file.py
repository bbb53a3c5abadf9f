"""The schema file: JSON to a schema and back, strictly, with the path of whatever is wrong."""

from __future__ import annotations

import difflib
import inspect
import json
import re
from typing import Any

import msgspec

from querynl.errors import SchemaInvalid, SchemaKeyUnknown, SchemaNotJSON
from querynl.schema import FORMAT_VERSION, Identity, IndexColumn, PrimaryKey, Schema, Table
from querynl.validation import validate

_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.*?)`(?: - at `(.*)`)?$", re.S)
_ANY_ERROR = re.compile(r"(.*?)(?: - at `(.*)`)?$", re.S)


def read(text: str | bytes, where: str) -> Schema:
    """The declared schema that a JSON text holds; `where` is the file's name for messages.

    Raises SchemaNotJSON, SchemaKeyUnknown or SchemaInvalid, each with the JSON path.
    """
    return schema_of(decode(text, where), where)


def decode(text: str | bytes, where: str) -> Any:
    """The document that a JSON text is. Raises SchemaNotJSON."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(text, where, str(error)) from None
    except RecursionError:
        raise SchemaNotJSON("This JSON is nested too deeply.", where=where) from None
    may_hold_nul = "\\u0000" in text if isinstance(text, str) else b"\\u0000" in text
    if may_hold_nul and (path := _path_of_nul(document)) is not None:
        raise SchemaInvalid("No database keeps a NUL character.", where=f"{where}, {path}", remedy="Leave it out.")
    return document


def _path_of_nul(value: Any, path: str = "$") -> str | None:
    """The JSON path of the first text with a NUL character in it."""
    if isinstance(value, str):
        return path if "\0" in value else None
    if isinstance(value, dict):
        places = [(item, f"{path}.{key}") for key, item in value.items()]
    else:
        places = [(item, f"{path}[{number}]") for number, item in enumerate(value)] if isinstance(value, list) else []
    return next((found for item, place in places if (found := _path_of_nul(item, place)) is not None), None)


def _not_json(text: str | bytes, where: str, reason: str) -> SchemaNotJSON:
    """The error for broken JSON, with the line where the slower reader of the standard library stumbles."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        reason, where = error.msg, f"{where}, line {error.lineno}, column {error.colno}"
    except ValueError:
        pass
    return SchemaNotJSON(f"This is not JSON: {reason}.", where=where, remedy="Correct the syntax there.")


def schema_of(document: Any, where: str) -> Schema:
    """The declared schema that a JSON document holds; raises as `read` does."""
    if not isinstance(document, dict):
        raise SchemaInvalid("A schema is a JSON object.", where=where, remedy='Write one, such as {"tables": []}.')
    _check_version(document, where)
    try:
        schema = msgspec.convert(_written_out(document), Schema)
    except msgspec.ValidationError as error:
        raise _explained(error, where, document) from None
    schema = _with_key_columns_required(schema)
    try:
        validate(schema)
    except SchemaInvalid as error:
        raise SchemaInvalid(error.what, where=f"{where}, {error.where}", remedy=error.remedy) from None
    return schema


def _check_version(document: dict[str, Any], where: str) -> None:
    version = document.get("querynl", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        raise SchemaInvalid(
            f"This is format {version!r}; this program reads format {FORMAT_VERSION}.", where=f"{where}, $.querynl"
        )


def _written_out(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its short forms replaced: a list for a primary key, a text for an index column."""
    tables = document.get("tables")
    if not isinstance(tables, list):
        return document
    return {**document, "tables": [_written_out_table(table) for table in tables]}


def _written_out_table(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    changes: dict[str, Any] = {}
    if isinstance(table.get("primary_key"), list):
        changes["primary_key"] = {"columns": table["primary_key"]}
    if isinstance(table.get("columns"), list) and any(
        isinstance(column, dict) and "identity" in column for column in table["columns"]
    ):
        changes["columns"] = [_written_out_column(column) for column in table["columns"]]
    if isinstance(table.get("indexes"), list):
        changes["indexes"] = [_written_out_index(index) for index in table["indexes"]]
    return {**table, **changes} if changes else table


def _written_out_column(column: Any) -> Any:
    if isinstance(column, dict) and isinstance(column.get("identity"), bool):
        return {**column, "identity": {} if column["identity"] else None}
    return column


def _written_out_index(index: Any) -> Any:
    if not isinstance(index, dict) or not isinstance(index.get("columns"), list):
        return index
    return {**index, "columns": [{"column": key} if isinstance(key, str) else key for key in index["columns"]]}


def _with_key_columns_required(schema: Schema) -> Schema:
    """Primary key columns are never nullable, whatever a file leaves unsaid."""
    return msgspec.structs.replace(schema, tables=tuple(map(_with_required_key, schema.tables)))


def _with_required_key(table: Table) -> Table:
    keys = set(table.primary_key.columns) if table.primary_key else set()
    if not any(column.nullable and column.name in keys for column in table.columns):
        return table
    columns = tuple(
        msgspec.structs.replace(column, nullable=False) if column.name in keys else column for column in table.columns
    )
    return msgspec.structs.replace(table, columns=columns)


def _explained(error: msgspec.ValidationError, where: str, document: Any) -> SchemaInvalid | SchemaKeyUnknown:
    text = str(error)
    if match := _UNKNOWN_KEY.match(text):
        key, path = match[1], match[2] or "$"
        known = _known_keys(path)
        nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        remedy = f"Did you mean {nearest[0]!r}?" if nearest else f"Known keys: {', '.join(sorted(known))}."
        return SchemaKeyUnknown(f"There is no key {key!r}.", where=f"{where}, {path}", remedy=remedy)
    match = _ANY_ERROR.match(text)
    assert match is not None
    return SchemaInvalid(f"{match[1]}.", where=f"{where}, {match[2] or '$'}")


def _known_keys(path: str) -> list[str]:
    """The keys that the format has at a JSON path such as `$.tables[...].columns[...]`."""
    here: Any = msgspec.inspect.type_info(Schema)
    for word in re.findall(r"\.(\w+)", path):
        field = next((field for field in here.fields if field.encode_name == word), None)
        here = _struct_of(field.type) if field is not None else None
        if here is None:
            return []
    return [field.encode_name for field in here.fields]


def _struct_of(info: Any) -> Any:
    """The struct inside a tuple or an optional."""
    if isinstance(info, msgspec.inspect.StructType):
        return info
    inner = [info.item_type] if hasattr(info, "item_type") else getattr(info, "types", [])
    return next((found for item in inner if (found := _struct_of(item)) is not None), None)


# --------------------------------------------------------------------------------------------- writing


def write(schema: Schema) -> str:
    """The schema as a JSON file for people: short forms used, defaults left out, what fits on one line."""
    document: dict[str, Any] = {"querynl": FORMAT_VERSION}
    document.update(msgspec.json.decode(msgspec.json.encode(schema)))  # lists, where the model has tuples
    for table in document.get("tables", ()):
        _shorten(table)
    return _laid_out(document, "") + "\n"


_LINE_LENGTH = 110


def _laid_out(value: Any, indent: str) -> str:
    """JSON text, each object and list on one line where it fits and holds no list of objects."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value:
        return line
    items = value.values() if isinstance(value, dict) else value
    if len(indent) + len(line) <= _LINE_LENGTH and not any(_holds_objects(item) for item in items):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(deeper + part for part in parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _laid_out(item, deeper) for item in value) + f"\n{indent}]"


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _shorten(table: dict[str, Any]) -> None:
    key = table.get("primary_key")
    if key is not None and list(key) == ["columns"]:
        table["primary_key"] = key["columns"]
    for column in table.get("columns", ()):
        if column.get("identity") == {}:
            column["identity"] = True
    for index in table.get("indexes", ()):
        index["columns"] = [key["column"] if list(key) == ["column"] else key for key in index["columns"]]


def json_schema_text() -> str:
    """The published JSON Schema as text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False)


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of the schema file, made from the model."""
    document = msgspec.json.schema(Schema, schema_hook=lambda _: {})
    definitions = document["$defs"]
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
    table = definitions["Table"]["properties"]
    names = {"type": "array", "items": {"type": "string"}}
    reference = {name: {"$ref": f"#/$defs/{name}"} for name in (PrimaryKey.__name__, Identity.__name__)}
    table["primary_key"] = {"anyOf": [{"type": "null"}, names, reference["PrimaryKey"]], "default": None}
    identity = {"anyOf": [{"type": "null"}, {"type": "boolean"}, reference["Identity"]], "default": None}
    definitions["Column"]["properties"]["identity"] = identity
    key = {"anyOf": [{"type": "string"}, {"$ref": f"#/$defs/{IndexColumn.__name__}"}]}
    definitions["Index"]["properties"]["columns"] = {"type": "array", "items": key}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "QueryNL schema file",
        **document,
    }
