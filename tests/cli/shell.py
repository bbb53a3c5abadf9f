"""The command line as tests use it: commands as typed, and all that they could have changed."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from querynl.cli.main import main
from querynl.connections import look_into, parse_url
from querynl.dialects import dialect_named
from querynl.histories import without_histories
from querynl.registry import get_migrations
from querynl.schema import Schema
from tests.engines import Database


@dataclass(frozen=True)
class Result:
    """What a command came to: its exit status, and what it printed on both streams."""

    status: int
    out: str
    err: str

    def document(self) -> Any:
        """The JSON that it printed."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A folder to type commands in. They run in this process, without a terminal."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str | Sequence[str]) -> Result:
        """Runs a command, as typed after `querynl`, or word by word."""
        words = shlex.split(command) if isinstance(command, str) else list(command)
        self.capsys.readouterr()
        status = main(words)
        printed = self.capsys.readouterr()
        return Result(status, printed.out, printed.err)

    def done(self, command: str | Sequence[str]) -> Result:
        """Runs a command that must succeed."""
        result = self(command)
        assert result.status == 0, f"querynl {command}\n{result.out}{result.err}"
        return result

    def write(self, name: str, content: object) -> str:
        """Writes a file, a text as it is and anything else as JSON; returns its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return name

    def files(self) -> dict[str, bytes]:
        """Every file in the folder, by its path there."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def migration(self, words: str, ending: str = "_up.sql") -> str:
        """The path of the one migration file whose name has these words and that ending."""
        [found] = [name for name in self.files() if words in name and name.endswith(ending)]
        return found


def inspect(database: Database) -> Schema:
    """What the database holds, QueryNL's own tables left out."""
    with look_into(parse_url(database.url)) as connection:
        return dialect_named(connection.dialect, connection.version).inspect(connection)


def tables(database: Database) -> list[str]:
    """The names of its tables, those of histories left out."""
    return [table.name for table in without_histories(inspect(database))[0].tables]


def everything(shell: Shell, database: Database) -> tuple[object, ...]:
    """All that a command may change: files, the tracking store, the database's structure and rows."""
    schema = inspect(database)
    with look_into(parse_url(database.url)) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        rows = {
            table.name: sorted(map(repr, connection.rows(f"SELECT * FROM {dialect.quote(table.name)}")))
            for table in schema.tables
        }
    return shell.files(), [record.to_dict() for record in get_migrations()], schema, rows


def table(name: str, *columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A table for a schema file, with an id as its key."""
    return {
        "name": name,
        "columns": [{"name": "id", "type": "integer", "nullable": False}, *columns],
        "primary_key": ["id"],
        **more,
    }


def schema_of(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A schema file of these tables."""
    return {"querynl": 1, "tables": list(found), **more}


def scratch(database: Database) -> list[str]:
    """The option that lets a server of the tests hold throwaway databases, quicker than a private one."""
    return [] if database.engine == "sqlite" else ["--scratch-url", database.url]


NAME = {"name": "name", "type": "varchar(100)", "nullable": False}
USERS = schema_of(table("users", NAME))
