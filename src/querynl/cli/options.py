"""The options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """One decorator that adds all of these options, in this order."""

    def with_options(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options


def framework_option(help_text: str = "The form of the files.") -> Callable[[Command], Command]:
    """Add `--framework`."""
    return click.option("--framework", type=click.Choice(("raw", "flyway", "alembic")), help=help_text)


DIALECT = click.option("--dialect", type=click.Choice(("postgresql", "mysql", "mariadb", "sqlite")), help="The engine.")
SCRATCH_URL = click.option("--scratch-url", metavar="URL", help="A server that may hold throwaway databases.")
DIRECTORY = click.option("--dir", "directory", metavar="DIR", help="The folder of the migration files.")
CONFIRM = click.option("--confirm", "-y", "--yes", "confirmed", is_flag=True, help="Do it without asking.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Print the SQL that would run, and run nothing.")
ALLOW = click.option("--allow", multiple=True, metavar="HAZARDS", help="destructive, or all: rows may be lost.")
LOCK_TIMEOUT = click.option(
    "--lock-timeout", type=click.FloatRange(min=0), default=60.0, show_default=True, metavar="SECONDS",
    help="How long to wait for another migration, and for the locks of others.",
)  # fmt: skip
STATEMENT_TIMEOUT = click.option(
    "--statement-timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="How long a statement may run.",
)  # fmt: skip
IGNORE_DRIFT = click.option(
    "--ignore-drift", is_flag=True, help="Go on though the database is not as its last migration left it."
)
