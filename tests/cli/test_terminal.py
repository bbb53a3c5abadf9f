"""On a terminal: questions are asked and answered, Ctrl-C ends what runs, and colours come where they may."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.shell import Shell, everything, schema_of, table, tables
from tests.engines import Database
from tests.test_connections import ENDLESS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

PATIENCE_SECONDS = 60
INTERRUPTED, TERMINATED, UNDECIDED = 130, 143, 7
NAME = {"name": "name", "type": "varchar(100)"}
AGE = {"name": "age", "type": "integer", "nullable": False}


class Terminal:
    """A pseudo-terminal with a command in it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self.shown = ""
        self._screen = screen

    def expect(self, text: str) -> None:
        """Waits until the text is on the screen."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.shown}"
            if not self._read():
                assert text in self.shown, f"ended without {text!r}:\n{self.shown}"

    def answer(self, question: str, text: str) -> None:
        """Waits for a question and types the answer."""
        self.expect(question)
        self.shown = self.shown.partition(question)[2]
        os.write(self._screen, f"{text}\n".encode())

    def interrupt(self, asked: signal.Signals = signal.SIGINT) -> None:
        """Presses Ctrl-C until something comes of it: one pressed just before Python waits for a line is lost on it."""
        while not select.select([self._screen], [], [], 1)[0]:
            self.process.send_signal(asked)

    def status(self) -> int:
        """The exit status, once the command has ended."""
        while self._read():
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def _read(self) -> bool:
        """Whether the command may say more."""
        readable, _, _ = select.select([self._screen], [], [], PATIENCE_SECONDS)
        assert readable, f"nothing more came after:\n{self.shown}"
        try:
            chunk = os.read(self._screen, 4096)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.shown += chunk.decode(errors="replace")
        return bool(chunk)


@contextmanager
def terminal(*words: str, **variables: str) -> Iterator[Terminal]:
    """Runs `querynl` in a pseudo-terminal; ended with the block."""
    screen, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "querynl", *words],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200", **variables},
        start_new_session=True,
    )
    os.close(inside)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


@pytest.fixture
def app(shell: Shell, database: Database) -> Database:
    """A database with a row in its table, the connection `app` to it, and a schema with a column renamed."""
    shell.write("users.json", schema_of(table("users", NAME)))
    shell.write("renamed.json", schema_of(table("users", {**NAME, "name": "full_name"})))
    shell.write("age.json", schema_of(table("users", NAME, AGE)))
    shell.done(["connect", "add", "app", "--url", database.url])
    shell.done("migrate generate --from empty --to users.json -m 'add users' -c app")
    shell.done("migrate apply --confirm -c app")
    database.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')")
    return database


def generate(after: str) -> list[str]:
    return ["migrate", "generate", "--from", "users.json", "--to", after, "-m", "more", "-c", "app"]


@pytest.mark.engines("sqlite")
def test_rename_is_asked_about_and_keeps_the_values(shell: Shell, app: Database) -> None:
    with terminal(*generate("renamed.json")) as screen:
        screen.answer("users.name is gone and users.full_name is new: was it renamed? (Rows in users: 1.) [y/N]", "y")
        assert screen.status() == 0
    with terminal("migrate", "apply", "-c", "app") as screen:
        screen.answer("Apply 1 migration to app? [y/N]", "y")
        assert screen.status() == 0
    assert app.rows("SELECT full_name FROM users") == [("Ada",)]


@pytest.mark.engines("sqlite")
def test_drop_is_asked_about_after_a_no_to_the_rename(shell: Shell, app: Database) -> None:
    before = everything(shell, app)
    with terminal(*generate("renamed.json")) as screen:
        screen.answer("was it renamed? (Rows in users: 1.) [y/N]", "n")
        screen.answer("users.name is dropped with all it holds. Go on? [y/N]", "n")
        assert screen.status() == UNDECIDED
        assert "Nothing was changed" in screen.shown
    assert everything(shell, app) == before
    with terminal(*generate("renamed.json")) as screen:
        screen.answer("was it renamed? (Rows in users: 1.) [y/N]", "n")
        screen.answer("Go on? [y/N]", "y")
        assert screen.status() == 0
    assert "DROP COLUMN" in (shell.folder / shell.migration("_more")).read_text()


@pytest.mark.engines("sqlite")
def test_value_of_a_required_column_is_asked_for(shell: Shell, app: Database) -> None:
    with terminal(*generate("age.json")) as screen:
        screen.answer("SQL expression for its value", "40 + 2")
        assert screen.status() == 0
    shell.done("migrate apply --confirm -c app")
    assert app.rows("SELECT name, age FROM users") == [("Ada", 42)]


@pytest.mark.engines("sqlite")
def test_loss_that_a_person_accepts_is_asked_about_once(shell: Shell, app: Database) -> None:
    shell.write("tags.json", schema_of(table("tags", AGE)))
    with terminal("schema", "apply", "tags.json", "-c", "app") as screen:
        screen.answer("Dropping table users deletes its rows. (Rows in users: 1.) Go on? [y/N]", "y")
        screen.answer("Make these changes in app? [y/N]", "y")
        assert screen.status() == 0
    assert tables(app) == ["tags"]


@pytest.mark.engines("sqlite")
def test_no_to_the_go_ahead_changes_nothing(shell: Shell, app: Database) -> None:
    before = everything(shell, app)
    with terminal("migrate", "rollback", "-c", "app") as screen:
        screen.answer("Roll back 1 migration on app? [y/N]", "n")
        assert screen.status() == UNDECIDED
    assert everything(shell, app) == before


@pytest.mark.engines("sqlite")
def test_nothing_is_asked_when_nobody_wants_to_be(shell: Shell, app: Database) -> None:
    with terminal(*generate("renamed.json"), "--non-interactive") as screen:
        assert screen.status() == UNDECIDED
        assert "--rename users.name:full_name" in screen.shown


@pytest.mark.engines("sqlite")
def test_ctrl_c_at_a_question_ends_the_command(shell: Shell, app: Database) -> None:
    before = everything(shell, app)
    with terminal("migrate", "rollback", "-c", "app") as screen:
        screen.expect("Roll back 1 migration on app? [y/N]: ")
        screen.interrupt()
        assert screen.status() == INTERRUPTED
        assert "Interrupted." in screen.shown
    assert everything(shell, app) == before


def test_ctrl_c_cancels_the_running_statement_and_says_what_stands(shell: Shell, app: Database) -> None:
    endless = f"CREATE TABLE tags (id integer);\n{ENDLESS[app.engine]};\n"
    shell.write("migrations/20990101000000_endless_up.sql", endless)
    with terminal("migrate", "apply", "-c", "app", "--confirm", "--verbose") as screen:
        screen.expect("number=2 of=2")
        screen.process.send_signal(signal.SIGINT)
        assert screen.status() == INTERRUPTED
        rolls_back = app.engine in ("sqlite", "postgresql")
        assert "was interrupted" in screen.shown
        assert ("Nothing of it remains" if rolls_back else "Statement 1 ran and stays") in screen.shown
    assert tables(app) == (["users"] if rolls_back else ["tags", "users"])
    *_, endless_one = shell.done("migrate status --format json -c app").document()["migrations"]
    assert endless_one["status"] == "failed"
    assert endless_one["error"] == "Interrupted."


@pytest.mark.engines("sqlite")
def test_sigterm_at_a_question_ends_the_command_as_ctrl_c_does(shell: Shell, app: Database) -> None:
    with terminal("migrate", "rollback", "-c", "app") as screen:
        screen.expect("Roll back 1 migration on app? [y/N]: ")
        screen.interrupt(signal.SIGTERM)
        assert screen.status() == TERMINATED


@pytest.mark.engines("sqlite")
def test_colours_and_frames_are_for_terminals_that_want_them(shell: Shell, app: Database) -> None:
    def shown(*words: str, **variables: str) -> str:
        with terminal(*words, **variables) as screen:
            assert screen.status() == 0
            return screen.shown

    status = ("migrate", "status", "-c", "app")
    preview = ("migrate", "preview", shell.migration("add_users"))
    escape = re.compile("\x1b\\[")
    for command in (status, preview):
        assert escape.search(shown(*command))
        assert not escape.search(shown(*command, "--no-color"))
        assert not escape.search(shown(*command, NO_COLOR="1"))
        assert not escape.search(shell.done(command).out)
    shell.write("querynl.toml", '[output]\ncolor = "always"\n')
    assert escape.search(shell.done(status).out)
