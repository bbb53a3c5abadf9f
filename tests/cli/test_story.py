"""The story that the project promises, word for word, on every engine."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from querynl.registry import get_migrations
from tests.cli.shell import Shell, inspect, schema_of, scratch, table, tables
from tests.engines import Database

FIRST = ["comments", "posts", "users"]
SECOND = ["comments", "post_tags", "posts", "tags", "users"]

# `{up}` is the file that `generate` writes.
BEGINNING = (
    'schema design "blog with posts and comments" --output schema-v1.json',
    'schema design "blog with posts, comments, and tags" --output schema-v2.json',
    "migrate generate --from schema-v1.json --to schema-v2.json --framework raw"
    ' --message "add_tags_table" --connection blog_db',
    "migrate preview {up}",
    "migrate status --connection blog_db",
)
APPLY = "migrate apply --connection blog_db --confirm"
ROLLBACK = "migrate rollback --connection blog_db --steps 1 --confirm"
TABLES = "query tables --connection blog_db"


def test_commands_work_as_typed(shell: Shell, database: Database) -> None:
    shell.done(["connect", "add", "blog_db", "--url", database.url])
    printed = ""
    for command in BEGINNING:
        up = "" if "{up}" not in command else shell.migration("add_tags_table")
        printed += shell.done(command.format(up=up)).out
    assert "Creates table tags" in printed
    assert 'CREATE TABLE "tags"' in printed.replace("`", '"')
    assert tables(database) == [], "nothing runs before it is applied"
    assert [record.status for record in get_migrations("blog_db")] == ["pending", "pending"]

    shell.done(APPLY)
    assert tables(database) == SECOND
    assert [record.status for record in get_migrations("blog_db")] == ["applied", "applied"]
    assert shell.done(["schema", "diff", "schema-v2.json", "blog_db", "--check", *scratch(database)]).status == 0

    shell.done(ROLLBACK)
    assert tables(database) == FIRST
    assert [record.status for record in get_migrations("blog_db")] == ["applied", "pending"]
    assert shell.done(["schema", "diff", "schema-v1.json", "blog_db", "--check", *scratch(database)]).status == 0
    listed = shell.done(TABLES).out.splitlines()
    assert [line.split() for line in listed[2:]] == [["comments", "6", "0"], ["posts", "8", "0"], ["users", "5", "0"]]


def test_commands_work_as_processes_of_their_own(database: Database, tmp_path: Path) -> None:
    def run(command: str) -> str:
        words = [sys.executable, "-m", "querynl", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    run(f"connect add blog_db --url '{database.url}'")
    for command in BEGINNING:
        up = next(tmp_path.glob("migrations/*_add_tags_table_up.sql"), tmp_path)
        run(command.format(up=up.relative_to(tmp_path)))
    run(APPLY)
    assert tables(database) == SECOND
    run(ROLLBACK)
    assert [line.split()[0] for line in run(TABLES).splitlines()[2:]] == FIRST
    assert tables(database) == FIRST


def test_story_keeps_the_rows_that_are_there(shell: Shell, database: Database) -> None:
    shell.done(["connect", "add", "blog_db", "--url", database.url])
    for command in BEGINNING[:3]:
        shell.done(command)
    shell.done("migrate apply -c blog_db --confirm --count 1")
    database.execute("INSERT INTO users (id, name, email) VALUES (1, 'Ada', 'ada@example.org')")
    shell.done(APPLY)
    shell.done(ROLLBACK)
    assert database.rows("SELECT name FROM users") == [("Ada",)]


def test_every_name_may_hold_quotes(shell: Shell, database: Database) -> None:
    def odd(name: str) -> str:
        return name + "we\"ird `t[a]b'l%e; --"

    def key(name: str) -> dict[str, object]:
        return {"name": odd(name), "type": "bigint", "nullable": False}

    users = table(odd("users"), {"name": odd("old"), "type": "varchar(50)", "default": "'it''s'", "comment": "'\"`\\"})
    posts = table(
        odd("posts"),
        key("author"),
        foreign_keys=[
            {"name": odd("fk"), "columns": [odd("author")], "references": odd("users"), "referenced_columns": ["id"]}
        ],
        indexes=[{"name": odd("index"), "columns": [odd("author")]}],
    )
    posts["columns"][1]["type"] = "integer"
    renamed = table(odd("users"), {**users["columns"][1], "name": odd("new"), "renamed_from": odd("old")})
    shell.write("v1.json", schema_of(users, posts))
    shell.write("v2.json", schema_of(renamed, posts, table(odd("tags"))))
    connection = odd("blog")
    shell.done(["connect", "add", connection, "--url", database.url])
    message = [f"--message={odd('message')}", "-c", connection]
    shell.done(["migrate", "generate", "--from", "v1.json", "--to", "v2.json", *message])
    shell.done(["migrate", "preview", shell.migration("messagewe")])
    shell.done(["migrate", "apply", "--count", "1", "--confirm", "-c", connection])
    beginning = inspect(database)

    shell.done(["migrate", "apply", "--confirm", "-c", connection])
    assert tables(database) == sorted(map(odd, ("users", "posts", "tags")))
    shell.done(["schema", "diff", "v2.json", connection, "--check", *scratch(database)])
    assert odd("users") in shell.done(["query", "tables", "-c", connection]).out
    assert odd("message") in shell.done(["migrate", "status", "-c", connection]).out
    shell.done(["migrate", "rollback", "--confirm", "-c", connection])
    assert inspect(database) == beginning


def test_message_may_be_chinese(shell: Shell, database: Database) -> None:
    shell.write("v1.json", schema_of(table("users")))
    shell.done(["migrate", "generate", "--from", "empty", "--to", "v1.json", "-m", "添加用户表", "-c", database.url])
    assert all(name.isascii() for name in shell.files())
    shell.done(["migrate", "apply", "--confirm", "-c", database.url])
    [migration] = shell.done(["migrate", "status", "--format", "json", "-c", database.url]).document()["migrations"]
    assert (migration["description"], migration["status"]) == ("添加用户表", "applied")
    assert "添加用户表" in shell.done(["migrate", "status", "-c", database.url]).out
