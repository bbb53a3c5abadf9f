"""What every command shares: the common options, the settings, and how questions are asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from querynl.cli.options import Command, together
from querynl.errors import DecisionNeeded, QueryNLError

if TYPE_CHECKING:
    from querynl.config import Settings
    from querynl.connections import Connection, Target
    from querynl.scratch import Scratch


class App:
    """One run of the command line."""

    def __init__(self) -> None:
        self.config: Path | None = None
        self.env: str | None = None
        self.connection: str | None = None
        self.quiet = False
        self.verbose = False
        self.debug = False
        self.no_color = bool(os.environ.get("NO_COLOR"))
        self.non_interactive = False
        self.scratches: dict[str, Scratch] = {}

    @cached_property
    def settings(self) -> Settings:
        """The settings of this run, flags included."""
        from querynl.config import load_settings

        return load_settings(flags={"connection": self.connection}, config_file=self.config, environment=self.env)

    @property
    def interactive(self) -> bool:
        """Whether a person is there to answer."""
        return not self.non_interactive and sys.stdin.isatty() and sys.stderr.isatty()

    def colours(self, stream: TextIO) -> bool:
        """Whether colours may be sent to that stream."""
        if self.no_color:
            return False
        try:
            wanted = self.settings.output.color
        except QueryNLError:  # which may be the very error that is to be printed
            wanted = "auto"
        return stream.isatty() if wanted == "auto" else wanted == "always"

    def target(self) -> Target:
        """The database that `--connection`, the environment or the configuration names."""
        from querynl.connections import resolve

        return resolve(self.connection, self.settings)

    def open_connection(self, *, read_only: bool = False) -> Connection:
        """A session on that database."""
        from querynl.connections import connect

        return connect(self.target(), read_only=read_only)

    def say(self, text: str = "") -> None:
        """A line for people, on standard error; silent with --quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """A line for people who want to know more, with --verbose."""
        if self.verbose:
            self.say(text)

    def log(self, event: str, **facts: object) -> None:
        """An event on a line of its own, as `key=value`, on standard error with --verbose."""
        if self.verbose and not self.quiet:
            import json
            from datetime import UTC, datetime

            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            told = (f"{key}={json.dumps(value, ensure_ascii=False, default=str)}" for key, value in facts.items())
            self.say(" ".join((f"at={at}", f"event={event}", *told)))

    def ask_go_ahead(self, question: str, *, given: bool) -> None:
        """Return if `--confirm` was given, or a person says yes.

        Raises DecisionNeeded where they say no, or where nobody can answer.
        """
        if given:
            return
        if not self.interactive:
            raise DecisionNeeded("This needs a go-ahead.", questions=[f"{question} Answer with --confirm."])
        self.ask(question)

    def ask(self, question: str) -> None:
        """Return if the person at the terminal says yes. Raises DecisionNeeded if not."""
        if not click.confirm(question, err=True):
            raise DecisionNeeded("Stopped: the answer was no. Nothing was changed.", questions=[])


def current_app() -> App:
    """The run that the current command belongs to; a fresh one outside of any."""
    context = click.get_current_context(silent=True)
    return App() if context is None else context.find_root().ensure_object(App)


def _note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep what an option says in the run, wherever on the command line it stood."""
    app = context.find_root().ensure_object(App)
    if value not in (None, False):
        setattr(app, str(parameter.name), value)


def _common(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    # Eager: what they say is known before any other option is looked at.
    return click.option(*names, callback=_note, expose_value=False, is_eager=True, **attributes)


# Every command takes these, before or after its name.
common_options = together(
    _common("--connection", "-c", metavar="NAME|URL", help="The database: a saved connection or a URL."),
    _common("--config", type=click.Path(path_type=Path), metavar="PATH", help="Another querynl.toml."),
    _common("--env", metavar="NAME", help="Use the [env.NAME] tables of querynl.toml."),
    _common("--non-interactive", is_flag=True, help="Ask nothing: exit 7 where an answer is needed."),
    _common("--quiet", "-q", is_flag=True, help="Print results and errors only."),
    _common("--verbose", is_flag=True, help="Print more about what is done."),
    _common("--no-color", is_flag=True, help="Print without colours."),
    _common("--debug", is_flag=True, help="Print a traceback on errors."),
)
