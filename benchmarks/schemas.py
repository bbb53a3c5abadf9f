"""Large synthetic schemas, and the same with a few tables changed; the same numbers give the same schema.

Each table has 12 columns, a primary key, two indexes and a foreign key to the table before it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from querynl.connections import connect, parse_url
from querynl.dialects import dialect_named
from querynl.naming import named
from querynl.sources import json_file
from querynl.sources.comparison import create

_CHANGES = ("add column", "drop column", "change type", "add index", "add table")


def write_pair(folder: Path, tables: int, dialect: str) -> tuple[Path, Path]:
    """Two schema files, the second of which has max(5, tables / 100) tables changed."""
    before, after = folder / f"{dialect}-{tables}-a.json", folder / f"{dialect}-{tables}-b.json"
    before.write_text(json.dumps(_schema(tables, {}, dialect)), encoding="utf-8")
    after.write_text(json.dumps(_schema(tables, _changed_tables(tables), dialect)), encoding="utf-8")
    return before, after


def load(schema_file: Path, url: str) -> None:
    """Create the schema of a file in an empty database, each statement in a transaction of its own."""
    dialect = dialect_named(json.loads(schema_file.read_text(encoding="utf-8"))["dialect"])
    document = json_file.decode(schema_file.read_text(encoding="utf-8"), schema_file.name)
    schema = named(dialect.localise(json_file.schema_of(document, schema_file.name)), dialect)
    with connect(parse_url(url)) as connection:
        create(schema, connection, dialect)


def write_models(folder: Path, schema_file: Path) -> None:
    """The schema of a file as SQLAlchemy's tables, in `models.py`."""
    document = json.loads(schema_file.read_text(encoding="utf-8"))
    lines = ["from sqlalchemy import *", "from sqlalchemy import Double", "metadata = MetaData()"]
    lines += [_model(table) for table in document["tables"]]
    (folder / "models.py").write_text("\n".join(lines) + "\n", encoding="utf-8")


_MODEL_TYPES = {
    "bigint": "BigInteger",
    "integer": "Integer",
    "varchar(80)": "String(80)",
    "text": "Text",
    "numeric(12,2)": "Numeric(12, 2)",
    "timestamp": "DateTime",
    "boolean": "Boolean",
    "double precision": "Double",
    "date": "Date",
}


def _model(table: dict[str, Any]) -> str:
    lines = [f"Table({table['name']!r}, metadata,"]
    for column in table["columns"]:
        default = f", server_default=text({column['default']!r})" if "default" in column else ""
        nullable = column.get("nullable", True)
        lines.append(f"    Column({column['name']!r}, {_MODEL_TYPES[column['type']]}, nullable={nullable}{default}),")
    key = table["primary_key"]
    lines.append(f"    PrimaryKeyConstraint('id', name={key['name']!r}),")
    for foreign in table["foreign_keys"]:
        target = [f"{foreign['references']}.id"]
        lines.append(f"    ForeignKeyConstraint({foreign['columns']!r}, {target!r}, name={foreign['name']!r}),")
    for index in table["indexes"]:
        columns = ", ".join(map(repr, index["columns"]))
        lines.append(f"    Index({index['name']!r}, {columns}, unique={index.get('unique', False)}),")
    return "\n".join([*lines, ")"])


def _changed_tables(tables: int) -> dict[int, str]:
    """Which tables are changed, and how: every kind of change in turn, spread evenly."""
    count = max(5, tables // 100)
    step = max(1, tables // count)
    return {(i * step + step // 2) % tables: _CHANGES[i % len(_CHANGES)] for i in range(count)}


def _schema(tables: int, changes: dict[int, str], dialect: str) -> dict[str, Any]:
    made: list[dict[str, Any]] = []
    for number in range(tables):
        name, change = f"t{number:05d}", changes.get(number)
        parent = f"t{number - 1:05d}" if number else None
        made.append(_table(name, parent or name, change))
        if change == "add table":
            made.append(_table(f"{name}_new", parent or f"{name}_new", None))
    return {"querynl": 1, "dialect": dialect, "tables": made}


def _table(name: str, parent: str, change: str | None) -> dict[str, Any]:
    columns: list[dict[str, Any]] = [
        {"name": "id", "type": "bigint", "nullable": False},
        {"name": "parent_id", "type": "bigint"},
        {"name": "code", "type": "varchar(80)", "nullable": False},
        {"name": "title", "type": "varchar(80)", "default": "'x'"},
        {"name": "body", "type": "text"},
        {"name": "amount", "type": "numeric(12,2)", "nullable": False, "default": "0"},
        {"name": "qty", "type": "bigint" if change == "change type" else "integer", "default": "1"},
        {"name": "created_at", "type": "timestamp", "nullable": False},
        {"name": "updated_at", "type": "timestamp"},
        {"name": "active", "type": "boolean", "nullable": False},
        {"name": "score", "type": "double precision"},
        {"name": "day", "type": "date"},
    ]
    if change == "add column":
        columns.append({"name": "note", "type": "varchar(80)"})
    if change == "drop column":
        columns = [column for column in columns if column["name"] != "score"]
    indexes: list[dict[str, Any]] = [
        {"name": f"ix_{name}_parent", "columns": ["parent_id"]},
        {"name": f"ix_{name}_code", "columns": ["code", "created_at"], "unique": True},
    ]
    if change == "add index":
        indexes.append({"name": f"ix_{name}_day", "columns": ["day", "qty"]})
    foreign_key = {"name": f"fk_{name}_parent", "columns": ["parent_id"], "references": parent}
    return {
        "name": name,
        "columns": columns,
        "primary_key": {"name": f"pk_{name}", "columns": ["id"]},
        "foreign_keys": [{**foreign_key, "referenced_columns": ["id"]}],
        "indexes": indexes,
    }
