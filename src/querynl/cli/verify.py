"""`querynl migrate verify`: the proof of migrations that people or other tools wrote."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from querynl.cli.app import common_options, current_app
from querynl.cli.changes import compared, dialect_of, open_throwaway, privileges_option
from querynl.cli.options import DIALECT, SCRATCH_URL, framework_option
from querynl.cli.printing import format_option, print_json
from querynl.errors import SourceUnreadable

if TYPE_CHECKING:
    from querynl.formats import MigrationFile
    from querynl.privileges import Privileges
    from querynl.proof.files import Verdict
    from querynl.schema import Schema

_DIFFERENT, _REFUSED = 1, 4


class Folder(Struct):
    """The migrations of a folder in their order, the ids of those to prove, and where revisions import from."""

    files: list[MigrationFile]
    chosen: set[str]
    imports: tuple[Path, ...] = ()


@click.command()
@click.argument("paths", metavar="FILES|FOLDER", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "before",
    multiple=True,
    metavar="SCHEMA",
    help="What the database holds at first, in place of what the migrations before them make.",
)
@DIALECT
@framework_option("Only migrations of this form.")
@privileges_option
@click.option("--allow", multiple=True, metavar="HAZARDS", help="data, or all: values of rows may change.")
@SCRATCH_URL
@format_option("table", "json")
@common_options
def verify(
    *,
    paths: tuple[Path, ...],
    before: tuple[str, ...],
    dialect: str | None,
    framework: str | None,
    privileges: Privileges | None,
    allow: tuple[str, ...],
    scratch_url: str | None,
    form: str,
) -> int:
    """Prove migrations that people or other tools wrote.

    Each of the FILES, or every migration of the FOLDER, is run up, down and up again on a throwaway database, with
    rows in its tables; those that stand before it in its folder are run first, or --from says what is there by then.
    """
    from querynl.decisions import allowed_hazards
    from querynl.proof.files import prove_files

    prove = partial(
        prove_files,
        privileges=privileges or current_app().settings.migrations.privileges,
        allow=allowed_hazards(allow),
    )
    verdicts: list[Verdict] = []
    untried: list[str] = []
    for folder in _folders(paths, framework):
        name = dialect or _engine_of(folder.files, before)
        start = _schema(before, name, scratch_url) if before else None
        files = [file for file in folder.files if not before or file.id in folder.chosen]
        with open_throwaway(name, scratch_url) as scratch:
            found = []
            for verdict in prove(files, scratch, name, chosen=folder.chosen, start=start, folders=folder.imports):
                found.append(verdict)
                if form == "table":
                    _print(verdict)
        untried += [file.id for file in folder.files if file.id in folder.chosen - {one.file.id for one in found}]
        verdicts += found
    if form == "json":
        print_json({"migrations": [_facts(verdict) for verdict in verdicts], "not_tried": untried})
    elif untried:
        click.echo(f"Not tried, for they follow one that fails: {', '.join(untried)}")
    failed = [verdict for verdict in verdicts if verdict.problem is not None]
    return 0 if not failed else _REFUSED if any(verdict.refused for verdict in failed) else _DIFFERENT


def _folders(paths: Sequence[Path], framework: str | None) -> list[Folder]:
    """The folders of the paths, each once. Raises SourceUnreadable for what is, or holds, no migration."""
    found: dict[Path, Folder] = {}
    for given in paths:
        path = given.parent if given.name == "alembic.ini" else given
        here = path if path.is_dir() else path.parent
        if here not in found:
            found[here] = _folder(here, framework)
        folder = found[here]
        ids = {file.id for file in folder.files if path in (here, file.path, file.down_path)}
        if not ids:
            raise SourceUnreadable(
                "This is no migration, or holds none.",
                where=str(path),
                remedy="Name files or a folder of raw, Flyway or Alembic migrations.",
            )
        folder.chosen |= ids
    return list(found.values())


def _folder(path: Path, framework: str | None) -> Folder:
    from querynl.formats.contents import contents

    held = contents(path)
    for note in held.notes:
        current_app().say(f"Note: {note}")
    files = [file for file in held.migrations if framework in (None, file.framework)]
    return Folder(files, set(), held.python_folders)


def _schema(sources: Sequence[str], dialect: str, scratch_url: str | None) -> Schema:
    """The schema that the sources are, in the engine's own terms."""
    return compared(["empty"], sources, dialect, scratch_url)[0].after


def _engine_of(files: Sequence[MigrationFile], before: Sequence[str]) -> str:
    """The engine that the connection is of, else that the head of a file names, or the schema before. UsageInvalid."""
    from querynl.connections import look_into
    from querynl.formats.heading import engine_of
    from querynl.sources import read_sources

    app = current_app()
    if app.connection is not None:
        with look_into(app.target()) as connection:
            return connection.dialect
    named = next((name for file in files if (name := engine_of(file.text)) is not None), None)
    return named or dialect_of(*([read_sources(before, app.settings)] if before else []))


def _print(verdict: Verdict) -> None:
    checks = " ".join(f"{check} ✓" for check in verdict.checks)
    if verdict.problem is None:
        click.echo(f"{verdict.file.id}: proved on {verdict.engine}: {checks} ({verdict.seconds:.1f} s)")
    else:
        click.echo(f"{verdict.file.id}: failed on {verdict.engine}{': ' + checks if checks else ''}")
        click.echo(f"  {verdict.problem}")
        if verdict.where:
            click.echo(f"  at {' '.join(verdict.where.split())}")
    for note in verdict.notes:
        click.echo(f"  Note: {note}.")


def _facts(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.file.id,
        "file": str(verdict.file.path),
        "framework": verdict.file.framework,
        "engine": verdict.engine,
        "proved": verdict.problem is None,
        "checks": list(verdict.checks),
        "rows": verdict.rows,
        "problem": verdict.problem,
        "where": verdict.where,
        "notes": list(verdict.notes),
        "seconds": round(verdict.seconds, 3),
    }
