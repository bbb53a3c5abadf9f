"""What a run came to, told to a person line by line, or to a program as one JSON document."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from querynl.cli.app import current_app
from querynl.cli.printing import print_json, print_sql
from querynl.errors import QueryNLError

if TYPE_CHECKING:
    from querynl.dialects import Dialect, Statement
    from querynl.runner import Report

Outcome = Literal["done", "failed", "interrupted"]


class Run:
    """One run of a command: how far it has come, which `reached` is told."""

    def __init__(self, command: str, verb: str, form: str) -> None:
        self._command = command
        self._verb = verb
        self._form = form
        self._connection: str | None = None
        self._report: Report | None = None
        self._noted: list[str] = []
        self._would: dict[str, list[str]] = {}
        self._at = datetime.now(UTC)
        self._began = time.monotonic()

    def begun(self, connection: str) -> None:
        """Note which database it is about."""
        self._connection = connection
        current_app().log("begin", command=self._command, connection=connection)

    def reached(self, report: Report) -> None:
        """Note what has been done so far."""
        before = 0 if self._report is None else len(self._report.done)
        for one in report.done[before:]:
            current_app().log("done", migration=one.id, statements=one.statements, ms=one.duration_ms)
        self._report = report

    def noted(self, migration_id: str) -> None:
        """Note a migration of which the history says something else now, and of which nothing was run."""
        self._noted.append(migration_id)
        if self._form != "json":
            click.echo(f"{self._verb}: {migration_id}")

    def says(self, sentence: str, *, beside: bool) -> None:
        """Print a sentence for people, on standard error where the result is something else."""
        if self._form != "json":
            click.echo(sentence, err=beside)

    def would(self, migration_id: str, statements: Sequence[Statement], dialect: Dialect) -> None:
        """Print what would run of a migration, or note it for the document."""
        self._would[migration_id] = [statement.sql for statement in statements]
        if self._form != "json":
            click.echo(f"-- {migration_id}")
            print_sql(dialect.script(statements))
            click.echo()

    def told(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """Print the document; for a person, the lines of what was done."""
        code = error.code if isinstance(error, QueryNLError) else None
        current_app().log("end", command=self._command, status=outcome, seconds=self._seconds(), error=code)
        if self._form == "json":
            print_json(self._document(outcome, error))
        elif self._report is not None and outcome == "done":
            _print_report(self._verb, self._report)

    def _document(self, outcome: Outcome, error: BaseException | None) -> dict[str, Any]:
        report = self._report
        done = () if report is None else report.done
        return {
            "command": self._command,
            "connection": self._connection,
            "status": outcome,
            "started_at": self._at.isoformat(timespec="milliseconds"),
            "seconds": self._seconds(),
            "migrations": [
                {
                    "id": one.id,
                    "description": one.description,
                    "statements": one.statements,
                    "seconds": one.duration_ms / 1000,
                }
                for one in done
            ],
            "noted": self._noted,
            "would_run": [{"id": name, "statements": texts} for name, texts in self._would.items()],
            "skipped": [] if report is None else list(report.skipped),
            "notes": [] if report is None else list(report.notes),
            "error": None if error is None else _facts(error),
        }

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)


@contextmanager
def reported(command: str, verb: str, form: str) -> Iterator[Run]:
    """A run whose account is printed at the end of the block, however it ends."""
    run = Run(command, verb, form)
    try:
        yield run
    except QueryNLError as error:
        run.told("failed", error)
        raise
    except KeyboardInterrupt as error:
        run.told("interrupted", error)
        raise
    run.told("done")


def _facts(error: BaseException) -> dict[str, Any]:
    if isinstance(error, QueryNLError):
        questions = getattr(error, "questions", ())
        found = {"code": error.code, "what": error.what, "where": error.where, "remedy": error.remedy}
        return {**found, "questions": list(questions)}
    return {"code": None, "what": str(error) or "Interrupted.", "where": None, "remedy": None, "questions": []}


def _print_report(verb: str, report: Report) -> None:
    """Say what a run did, a line for each migration."""
    for done in report.done:
        statements = "1 statement" if done.statements == 1 else f"{done.statements} statements"
        click.echo(f"{verb} {done.id} ({statements}, {done.duration_ms / 1000:.2f} s)")
    for migration_id in report.skipped:
        click.echo(f"Skipped {migration_id}: another process did it meanwhile.")
    for note in report.notes:
        current_app().say(f"Note: {note}")
