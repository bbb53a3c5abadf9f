"""The package's public names: there, documented, and free until used."""

import subprocess
import sys
from pathlib import Path

import pytest

import querynl


def test_every_public_name_is_there_and_documented() -> None:
    for name in querynl.__all__:
        found = getattr(querynl, name)
        assert name == "__version__" or found.__doc__, name


def test_importing_the_package_imports_no_library() -> None:
    heavy = ("click", "rich", "msgspec", "sqlglot", "psycopg", "pymysql", "keyring", "sqlalchemy")
    code = f"import querynl, sys; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_session_in_the_docstring_makes_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, columns in (("schema-v1.json", "id"), ("schema-v2.json", "id name")):
        listed = ", ".join(f'{{"name": "{column}", "type": "text"}}' for column in columns.split())
        (tmp_path / name).write_text(f'{{"tables": [{{"name": "users", "columns": [{listed}]}}]}}')
    monkeypatch.chdir(tmp_path)
    assert querynl.__doc__ is not None
    session = querynl.__doc__.partition("in short:\n")[2].partition("\n\nNames")[0]
    names: dict[str, object] = {}
    exec("\n".join(line.strip() for line in session.splitlines()), names)
    made = names["plan"]
    assert isinstance(made, querynl.Plan)
    assert [statement.sql for step in made.up for statement in step.statements] == [
        'ALTER TABLE "users" ADD COLUMN "name" text'
    ]
