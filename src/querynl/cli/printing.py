"""How results look: tables, SQL, errors; rich on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from querynl.cli.app import App, current_app
from querynl.cli.options import Command
from querynl.errors import DecisionNeeded, QueryNLError

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "json", "csv", "markdown"]
FORMATS: tuple[Format, ...] = ("table", "json", "csv", "markdown")


def format_option(*forms: str) -> Callable[[Command], Command]:
    """Add `--format`, as `form`; without it, `output.format` of the settings decides where it can."""
    choices = forms or FORMATS
    return click.option(
        "--format",
        "form",
        type=click.Choice(choices),
        callback=_configured,
        help=f"How to print it.  [default: {choices[0]}]",
    )


def _configured(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    assert isinstance(parameter.type, click.Choice)
    choices = parameter.type.choices
    wanted = value or current_app().settings.output.format
    return wanted if wanted in choices else choices[0]


# Colours of the words that tables mark.
STYLES = {
    "applied": "green",
    "pending": "yellow",
    "failed": "bold red",
    "partially applied": "bold red",
    "changed": "bold red",
    "missing": "bold red",
}


def is_colourful() -> bool:
    """Whether standard output takes colours: then it takes frames and highlighting, too."""
    return current_app().colours(sys.stdout)


def console() -> Console:
    """A rich console on standard output, for where that is colourful."""
    from rich.console import Console

    return Console(highlight=False, force_terminal=True)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under their columns, numbers to the right: a rich table on a terminal, aligned text elsewhere."""
    numbers = [bool(rows) and all(row[i].replace(",", "").isdigit() for row in rows) for i in range(len(columns))]
    if is_colourful():
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, title_justify="left", header_style="bold")
        for column, number in zip(columns, numbers, strict=True):
            table.add_column(column, overflow="fold", justify="right" if number else "left")
        for row in rows:
            table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
        console().print(table)
        return
    widths = [max(_width(line[i]) for line in (columns, *rows)) for i in range(len(columns))]
    for line in (columns, ["-" * width for width in widths], *rows):
        padded = (
            " " * (width - _width(cell)) + cell if number else cell + " " * (width - _width(cell))
            for cell, width, number in zip(line, widths, numbers, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _width(text: str) -> int:
    """The columns that the text takes on a screen: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], form: Format, title: str = "") -> None:
    """Rows as a table, CSV or Markdown; JSON documents have `print_json`."""
    match form:
        case "csv":
            import csv

            csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *rows])
        case "markdown":
            for line in (columns, ["---"] * len(columns), *rows):
                click.echo("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |")
        case _:
            print_table(title, columns, rows)


def print_json(document: dict[str, Any]) -> None:
    """A JSON document on standard output, with the version of its form."""
    import json

    click.echo(json.dumps({"schema_version": 1, **document}, indent=2, ensure_ascii=False))


# Characters that are coloured in a few seconds.
_MOST_HIGHLIGHTED = 200_000


def print_sql(text: str) -> None:
    """SQL or Python text, highlighted on a terminal unless it is very long."""
    if is_colourful() and len(text) <= _MOST_HIGHLIGHTED:
        from rich.syntax import Syntax

        lexer = "python" if "def upgrade()" in text else "sql"
        console().print(Syntax(text.rstrip(), lexer, theme="ansi_dark", word_wrap=True))
    else:
        click.echo(text.rstrip())


def print_panel(title: str, facts: dict[str, str]) -> None:
    """A few facts in a frame; one a line elsewhere."""
    width = max(map(len, facts))
    if is_colourful():
        from rich.panel import Panel
        from rich.text import Text

        text = Text("\n").join(
            Text.assemble((f"{name.ljust(width)}  ", "bold"), (value, STYLES.get(value, "")))
            for name, value in facts.items()
        )
        console().print(Panel(text, title=title, title_align="left", expand=False))
        return
    click.echo(title)
    for name, value in facts.items():
        click.echo(f"  {name.ljust(width)}  {value}".rstrip())


def print_error(error: QueryNLError, app: App) -> None:
    """An error for people: what, where, what to do; open questions one a line."""
    colours = app.colours(sys.stderr)
    label = f"Error {error.code}:"
    lines = [f"{click.style(label, fg='red', bold=True) if colours else label} {error.what}"]
    if error.where:
        lines.append(f"  at {error.where}")
    if isinstance(error, DecisionNeeded):
        lines += [f"  - {question}" for question in error.questions]
    if error.remedy:
        lines.append(f"  {error.remedy}")
    click.echo("\n".join(lines), err=True, color=colours)
