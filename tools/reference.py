"""The documents that are made from the code: the reference of the commands, and the JSON Schema of schema files.

`python -m tools.reference` writes them anew; a test keeps the ones in the tree equal to these.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from querynl.cli.main import cli
from querynl.sources.json_file import json_schema_text

DOCS = Path(__file__).parent.parent / "docs"

_HEAD = """\
# The commands

Made from the program by `make docs`; not edited by hand. `querynl COMMAND --help` prints the same.

Results go to standard output, all else (questions, notes, errors) to standard error. Exit statuses are in the
[guide](../guide.md#scripts-and-exit-statuses), errors by their codes in [errors](../errors/README.md).
"""


def documents() -> dict[Path, str]:
    """The text of each generated document, by its file."""
    return {
        DOCS / "reference" / "cli.md": "\n".join(_reference()),
        DOCS / "schema.json": json_schema_text() + "\n",
    }


def _reference() -> Iterator[str]:
    root = click.Context(cli, info_name="querynl", **cli.context_settings)
    yield _HEAD
    yield from _table("## Options of every command", cli, root, common=frozenset())
    common = frozenset(parameter.name for parameter in cli.params)
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None
        yield from _command(command, root, name, common)


def _command(command: click.Command, parent: click.Context, name: str, common: frozenset[str | None]) -> Iterator[str]:
    """The section of a command, and those of the commands under it."""
    context = click.Context(command, info_name=name, parent=parent)
    yield f"## {context.command_path}\n"
    yield cleandoc(command.help or "") + "\n"
    yield f"```\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield from _table("", command, context, common)
    if isinstance(command, click.Group):
        for under in command.list_commands(context):
            found = command.get_command(context, under)
            assert found is not None
            yield from _command(found, context, under, common)


def _table(title: str, command: click.Command, context: click.Context, common: frozenset[str | None]) -> Iterator[str]:
    """The options of a command as a table, but those that every command takes."""
    listed = [option for option in command.params if isinstance(option, click.Option) and option.name not in common]
    records = [record for option in listed if (record := option.get_help_record(context)) is not None]
    if not records:
        return
    if title:
        yield f"{title}\n"
    yield "| Option | Meaning |\n|---|---|"
    for option, meaning in records:
        yield f"| `{_cell(option)}` | {_cell(meaning)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write() -> None:
    """Write every document that is not as it should be, and print its name."""
    for file, text in documents().items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"Wrote {file.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    write()
