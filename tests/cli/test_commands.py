"""Every command: what it does, what it prints, and that what it prints holds no secret."""

import csv
import io
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from querynl.config import config_folder, data_folder
from querynl.registry import get_migrations
from tests.cli.shell import NAME, USERS, Shell, everything, inspect, schema_of, scratch, table, tables
from tests.engines import Database
from tests.test_connections import account

MORE = schema_of(table("users", NAME), table("tags", NAME))
MOST = schema_of(table("users", NAME), table("tags", NAME), table("posts"))


@pytest.fixture
def project(shell: Shell, database: Database) -> Database:
    """A database with the connection `app`, and two migrations that wait for it: first `users`, then `tags`."""
    shell.write("users.json", USERS)
    shell.write("more.json", MORE)
    shell.done(["connect", "add", "app", "--url", database.url])
    shell.done("migrate generate --from empty --to users.json -m 'add users' -c app")
    shell.done("migrate generate --from users.json --to more.json -m 'add tags' -c app")
    return database


def statuses(shell: Shell) -> list[str]:
    listed = shell.done("migrate status --format json -c app").document()["migrations"]
    return [migration["status"] for migration in listed]


# --------------------------------------------------------------------------------------------- connect


@pytest.mark.engines("sqlite")
def test_connections_are_added_listed_shown_tested_chosen_and_removed(shell: Shell, database: Database) -> None:
    shell.done(["connect", "add", "one", "--db-type", "sqlite", "--database", database.name])
    shell.done(["connect", "add", "two", "--type", "sqlite", "--database", "two.db", "--set-default"])
    listed = shell.done("connect list --format json").document()["connections"]
    assert [(entry["name"], entry["default"]) for entry in listed] == [("one", False), ("two", True)]
    assert shell.done("connect show one --format json").document()["database"] == database.name
    assert "sqlite" in shell.done("connect test").out
    shell.done("connect use one")
    assert shell.done("query tables --format json").document()["connection"] == "one"
    shell.done("connect remove one --confirm")
    assert "one" not in shell.done("connect list").out
    assert Path(database.name).exists(), "the database itself is not touched"


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_password_from_standard_input_is_kept_encrypted_and_never_told(
    shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "hush-hush'\"\\"
    monkeypatch.setenv("QUERYNL_KEYRING_PASSWORD", "opens it")
    with account(database, secret) as target:
        assert target.port is not None
        added = [
            *("connect", "add", "app", "--db-type", database.engine, "--host", str(target.host)),
            *("--port", str(target.port), "--database", str(target.database), "--username", str(target.username)),
            "--password-stdin",
        ]
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{secret}\n"))
        results = [shell.done(added)]
        commands = ("connect list", "connect show app", "connect show app --format json", "connect test app --debug")
        results += [shell.done(command) for command in (*commands, "config show", "migrate status -c app --verbose")]
        shell.done("connect remove app --confirm")
        assert shell(["connect", "test", "app"]).status == 5
    for result in results:
        assert "hush-hush" not in result.out + result.err
    for folder in (config_folder(), data_folder()):
        for file in folder.rglob("*"):
            assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600)
            assert file.is_dir() or b"hush-hush" not in file.read_bytes()


@pytest.mark.engines("sqlite")
def test_common_options_may_stand_anywhere(shell: Shell, project: Database) -> None:
    said = shell.done("migrate status -c app --quiet")
    for command in ("-c app -q migrate status", "migrate --connection app status -q", "--quiet migrate status -c app"):
        assert shell.done(command) == said
    assert said.err == ""


@pytest.mark.engines("sqlite")
def test_sqlite_file_may_be_new_but_its_folder_may_not(shell: Shell, databases: object) -> None:
    shell.done("connect add new --db-type sqlite --database new.db")
    missing = shell("connect add other --db-type sqlite --database nowhere/new.db")
    assert missing.status == 3
    assert "folder" in missing.err
    shell.done("connect add other --db-type sqlite --database nowhere/new.db --no-test")


@pytest.mark.engines("sqlite")
def test_password_in_a_url_brings_a_warning_that_does_not_repeat_it(shell: Shell, databases: object) -> None:
    result = shell(["connect", "add", "app", "--no-test", "--url", "postgresql://me:hush-hush@127.0.0.1:1/app"])
    assert "--password-stdin" in result.err
    assert "hush-hush" not in result.out + result.err


def test_settings_show_no_password(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush-hush@host/app")
    for form in ("table", "json", "csv"):
        shown = shell.done(f"config show --format {form}")
        assert "postgresql://me@host/app" in shown.out
        assert "hush-hush" not in shown.out + shown.err


@pytest.mark.engines("sqlite")
def test_sqlite_file_is_not_created_by_looking(shell: Shell, databases: object) -> None:
    shell.write("users.json", USERS)
    shell.done("migrate status -c sqlite:///new.db")
    shell.done("migrate generate --to users.json -c sqlite:///new.db --dry-run")
    shell.done("schema diff sqlite:///new.db users.json")
    assert "new.db" not in shell.files()


# --------------------------------------------------------------------------------------------- migrate


def test_status_as_json_has_the_documented_form(shell: Shell, project: Database) -> None:
    shell.done("migrate apply --count 1 --confirm -c app")
    document = shell.done("migrate status --format json -c app").document()
    assert list(document) == ["schema_version", "connection", "migrations", "totals"]
    assert (document["schema_version"], document["connection"]) == (1, "app")
    first, second = document["migrations"]
    assert list(first) == ["id", "description", "framework", "status", "applied_at", "error", "file", "next"]
    assert (first["description"], first["framework"], first["status"]) == ("add users", "raw", "applied")
    assert first["applied_at"].endswith("+00:00")
    assert first["file"] == shell.migration("add_users")
    assert (second["status"], second["applied_at"], second["error"]) == ("pending", None, None)
    assert (first["next"], second["next"]) == (None, "querynl migrate apply -c app")
    assert (document["totals"]["applied"], document["totals"]["pending"], document["totals"]["failed"]) == (1, 1, 0)


@pytest.mark.engines("sqlite")
def test_status_is_a_table_with_totals(shell: Shell, project: Database) -> None:
    shell.done("migrate apply --count 1 --confirm -c app")
    heading, _, first, second, totals = shell.done("migrate status -c app").out.splitlines()
    assert heading.split() == ["ID", "Description", "Framework", "Status", "Applied", "at"]
    assert "add users" in first
    assert " applied " in first
    assert second.endswith("pending")
    assert totals == "1 applied, 1 pending, 0 failed"


def test_dry_run_prints_the_very_sql_and_changes_nothing(shell: Shell, project: Database) -> None:
    before = everything(shell, project)
    printed = shell.done("migrate apply --dry-run -c app").out
    assert everything(shell, project) == before
    project.execute(printed)
    assert tables(project) == ["tags", "users"]
    done = inspect(project)
    project.execute("DROP TABLE tags; DROP TABLE users")
    shell.done("migrate apply --confirm -c app")
    assert inspect(project) == done
    assert "Nothing to apply" in shell.done("migrate apply --dry-run -c app").err

    before = everything(shell, project)
    printed = shell.done("migrate rollback --steps 2 --dry-run -c app").out
    assert everything(shell, project) == before
    project.execute(printed)
    assert tables(project) == []


def test_apply_stops_after_a_number_or_at_an_id(shell: Shell, project: Database) -> None:
    shell.write("most.json", MOST)
    shell.done("migrate generate --from more.json --to most.json -m 'add posts' -c app")
    shell.done("migrate apply --count 1 --confirm -c app")
    assert statuses(shell) == ["applied", "pending", "pending"]
    second = Path(shell.migration("add_tags")).name.removesuffix("_up.sql")
    shell.done(f"migrate apply --to {second} --confirm -c app")
    assert statuses(shell) == ["applied", "applied", "pending"]
    shell.done("migrate apply --confirm -c app")
    assert statuses(shell) == ["applied", "applied", "applied"]
    assert shell.done("migrate apply --confirm -c app").out == "Nothing to apply: app is up to date.\n"


def test_rollback_takes_several_steps_newest_first(shell: Shell, project: Database) -> None:
    shell.done("migrate apply --confirm -c app")
    printed = shell.done("migrate rollback --steps 2 --confirm -c app").out.splitlines()
    assert ["add_tags" in line for line in printed] == [True, False]
    assert statuses(shell) == ["pending", "pending"]
    assert tables(project) == []
    assert "Nothing to roll back" in shell.done("migrate rollback --confirm -c app").out


@pytest.mark.engines("sqlite", "postgresql")
@pytest.mark.parametrize(
    ("framework", "ending", "words"),
    [
        ("raw", "_up.sql", 'CREATE TABLE "users"'),
        ("flyway", ".sql", 'CREATE TABLE "users"'),
        ("alembic", ".py", "op.create_table("),
    ],
)
def test_files_of_every_framework_are_previewed_and_applied(
    shell: Shell, database: Database, framework: str, ending: str, words: str
) -> None:
    shell.write("users.json", USERS)
    made = ["migrate", "generate", "--from", "empty", "--to", "users.json", "-m", "add users", "-c", database.url]
    shell.done([*made, "--framework", framework])
    [file] = [name for name in shell.files() if name.endswith(ending) and not Path(name).name.startswith("U")]
    shown = shell.done(["migrate", "preview", file, "-c", database.url]).out
    for text in (words, framework, "pending", "add users", "- Creates table users with 2 columns"):
        assert text in shown
    shell.done(["migrate", "apply", "--confirm", "-c", database.url])
    assert "applied" in shell.done(["migrate", "preview", file, "-c", database.url]).out
    assert tables(database) == ["users"]
    shell.done(["migrate", "rollback", "--confirm", "-c", database.url])
    assert tables(database) == []


@pytest.mark.engines("sqlite")
def test_foreign_sql_file_is_explained_by_what_it_says(shell: Shell, databases: object) -> None:
    shell.write("by_hand.sql", "ALTER TABLE users ADD COLUMN age int;\nDROP TABLE old;\n")
    shown = shell.done("migrate preview by_hand.sql").out
    assert "not recorded" in shown
    assert "ALTER TABLE users ADD COLUMN age int;" in shown
    assert "age" in shown.partition("- ")[2]
    assert "- Drops table old" in shown


@pytest.mark.engines("sqlite")
def test_only_the_first_thousand_statements_of_a_file_are_explained(shell: Shell, databases: object) -> None:
    shell.write("rows.sql", "DELETE FROM old;\n" * 1_234)
    lines = shell.done("migrate preview rows.sql").out.splitlines()
    assert sum(line.startswith("- ") for line in lines) == 1_001
    assert lines[-1] == "- … and 234 more statements."


@pytest.mark.engines("sqlite")
def test_edited_pending_file_is_said_to_be_and_runs(shell: Shell, project: Database) -> None:
    file = shell.migration("add_tags")
    shell.write(file, (shell.folder / file).read_text().replace('"tags"', '"labels"'))
    assert "Edited since it was generated" in shell.done(["migrate", "preview", file]).out
    applied = shell.done("migrate apply --confirm -c app")
    assert "edited since it was generated" in applied.err
    assert tables(project) == ["labels", "users"]


@pytest.mark.engines("sqlite")
def test_file_that_nobody_recorded_is_adopted(shell: Shell, project: Database) -> None:
    shell.write("migrations/20990101000000_by_hand_up.sql", "CREATE TABLE by_hand (id int);\n")
    assert "adopted" in shell.done("migrate apply --confirm -c app").err
    assert statuses(shell) == ["applied", "applied", "applied"]


@pytest.mark.engines("sqlite")
def test_migrations_of_several_folders_run_oldest_first(shell: Shell, project: Database) -> None:
    shell.write("most.json", MOST)
    made = ["migrate", "generate", "--from", "more.json", "--to", "most.json", "-c", "app"]
    shell.done([*made, "-m", "add posts", "--framework", "flyway", "-o", "elsewhere"])
    shell.done(["migrate", "generate", "--from", "most.json", "--to", "more.json", "--allow", "all", "-c", "app"])
    listed = shell.done("migrate status --format json -c app").document()["migrations"]
    assert [migration["id"] for migration in listed] == sorted(migration["id"] for migration in listed)
    assert [migration["framework"] for migration in listed] == ["raw", "raw", "flyway", "raw"]
    shell.done("migrate apply --confirm -c app")
    assert tables(project) == ["tags", "users"]


@pytest.mark.engines("sqlite")
def test_first_migration_is_added_only_for_an_empty_database(shell: Shell, project: Database) -> None:
    shell.write("most.json", MOST)
    shell.done("migrate apply --confirm -c app")
    shell.done("migrate generate --from more.json --to most.json -m 'add posts' -c app")
    assert statuses(shell) == ["applied", "applied", "pending"]


def test_generate_takes_the_live_schema_for_granted(shell: Shell, project: Database) -> None:
    shell.done("migrate apply --confirm -c app")
    shell.write("most.json", MOST)
    made = shell.done(["migrate", "generate", "--to", "most.json", "-c", "app", "--format", "json", *scratch(project)])
    [migration] = made.document()["migrations"]
    assert migration["id"].endswith("_create_posts")
    shell.done("migrate apply --confirm -c app")
    assert tables(project) == ["posts", "tags", "users"]


def test_generate_says_how_many_rows_are_lost(shell: Shell, project: Database) -> None:
    shell.done("migrate apply --confirm -c app")
    project.execute("INSERT INTO tags (id, name) VALUES (1, 'a'), (2, 'b')")
    generated = shell.done("migrate generate --from more.json --to users.json --allow destructive -c app")
    assert "Drops table tags" in generated.out
    assert "2 rows" in generated.out


@pytest.mark.engines("sqlite")
def test_store_may_be_another_database(shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("querynl.toml", '[registry]\nurl = "sqlite:///store.db"\n')
    shell.write("users.json", USERS)
    shell.write("more.json", MORE)
    shell.done(["connect", "add", "app", "--url", database.url])
    shell.done("migrate generate --from users.json --to more.json -m more -c app")
    shell.done("migrate generate --from users.json --to more.json -m again -c app")
    assert statuses(shell) == ["pending", "pending", "pending"], "only the first came with a beginning"
    assert get_migrations(store="sqlite:///store.db")


# ---------------------------------------------------------------------------------------- query, config


def test_tables_are_listed_in_every_format(shell: Shell, project: Database) -> None:
    shell.done("migrate apply --confirm -c app")
    project.execute("INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Grace')")
    assert shell.done("query tables -c app").out == (
        "Table  Columns  Rows\n-----  -------  ----\ntags         2     0\nusers        2     2\n"
    )
    assert list(csv.reader(shell.done("query tables -c app --format csv").out.splitlines())) == [
        ["Table", "Columns", "Rows"],
        ["tags", "2", "0"],
        ["users", "2", "2"],
    ]
    assert shell.done("query tables -c app --format markdown").out == (
        "| Table | Columns | Rows |\n| --- | --- | --- |\n| tags | 2 | 0 |\n| users | 2 | 2 |\n"
    )
    assert shell.done("query tables -c app --format json").document() == {
        "schema_version": 1,
        "connection": "app",
        "tables": [{"name": "tags", "columns": 2, "rows": 0}, {"name": "users", "columns": 2, "rows": 2}],
    }


@pytest.mark.engines("sqlite")
def test_format_may_be_set_once_and_for_all(shell: Shell, project: Database) -> None:
    shell.write("querynl.toml", '[output]\nformat = "json"\n')
    assert shell.done("migrate status -c app").document()["connection"] == "app"
    assert shell.done("migrate status -c app --format csv").out.startswith("ID,Description")


def test_settings_are_shown_with_where_they_come_from(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("querynl.toml", '\n[migrations]\nframework = "flyway"\n')
    monkeypatch.setenv("QUERYNL_MIGRATIONS_DIRECTORY", "db")
    settings = {entry["name"]: entry for entry in shell.done("config show --format json").document()["settings"]}
    assert settings["migrations.framework"]["value"] == "flyway"
    assert settings["migrations.framework"]["origin"].endswith("querynl.toml:3")
    assert settings["migrations.directory"]["origin"] == "environment QUERYNL_MIGRATIONS_DIRECTORY"
    paths = shell.done("config path --format json").document()["paths"]
    assert paths["project"] == str(shell.folder / "querynl.toml")
    assert paths["connections"] == str(config_folder() / "connections.toml")


# ------------------------------------------------------------------------------------------- processes


def process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "querynl", *words], capture_output=True, text=True, check=False, timeout=120, **options
    )


@pytest.mark.engines("sqlite")
def test_demo_tells_the_story_and_leaves_nothing_behind(tmp_path: Path, databases: object) -> None:
    told = process("demo", cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert told.returncode == 0, told.stderr
    steps = ("generate", "preview", "status", "apply", "status", "rollback")
    commands = [line.split()[2] for line in told.stdout.splitlines() if line.startswith("$ querynl ")]
    assert commands == ["schema", "schema", "connect", "schema", *["migrate" for _ in steps], "query"]
    assert all(f"$ querynl migrate {step} " in told.stdout for step in steps)
    assert list(tmp_path.iterdir()) == []
    assert not config_folder().exists()
    assert not data_folder().exists()


HEAVY = ("sqlalchemy", "sqlglot", "rich", "keyring", "psycopg", "pymysql", "sqlite3", "msgspec", "cryptography")


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\n"
        "from querynl.cli.main import main\n"
        f"assert main({words!r}) == 0\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
    assert "querynl" in done.stdout


def test_status_imports_no_parser_and_no_decoration(shell: Shell, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from querynl.cli.main import main\n"
        "assert main(['migrate', 'status', '-c', 'sqlite:///app.db']) == 0\n"
        "heavy = ('sqlalchemy', 'sqlglot', 'rich', 'keyring', 'psycopg', 'pymysql', 'cryptography')\n"
        "print(*[name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == []


def test_help_of_every_command_is_there(shell: Shell) -> None:
    groups = {
        "connect": ("add", "list", "show", "test", "use", "remove"),
        "schema": ("design", "validate", "inspect", "diff", "apply"),
        "migrate": ("generate", "new", "preview", "apply", "status", "rollback", "repair", "baseline"),
        "query": ("tables",),
        "config": ("show", "path"),
    }
    for group, commands in groups.items():
        listed = shell.done([group, "--help"]).out
        for command in commands:
            assert f"\n  {command} " in listed
            assert "...\n" not in listed.partition("\n")[2], "no sentence is cut"
            assert shell.done([group, command, "-h"]).out.startswith(f"Usage: querynl {group} {command}")


def test_reader_that_goes_away_is_no_error(shell: Shell, tmp_path: Path) -> None:
    command = f"{sys.executable} -m querynl schema --json-schema | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_json_of_every_list_has_its_version(shell: Shell) -> None:
    for command in ("connect list", "config show", "config path", "migrate status -c sqlite:///new.db"):
        assert json.loads(shell.done(f"{command} --format json").out)["schema_version"] == 1
