"""`querynl demo`: the whole story on SQLite, in a temporary folder."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from querynl.cli.app import common_options

_STORY = (
    ("Say what the blog should be, and keep the answer as a schema file.",
     'schema design "blog with posts and comments" --output schema-v1.json'),
    ("The blog grows.",
     'schema design "blog with posts, comments, and tags" --output schema-v2.json'),
    ("A database to work with: a SQLite file, brought to the first state.",
     "connect add blog_db --db-type sqlite --database blog.db"),
    ("", "schema apply schema-v1.json --connection blog_db --confirm"),
    ("Ask for the migration between the two.",
     "migrate generate --from schema-v1.json --to schema-v2.json --framework raw"
     ' --message "add_tags_table" --connection blog_db'),
    ("Read it before it runs.", "migrate preview {up}"),
    ("It waits: nothing of it has run yet.", "migrate status --connection blog_db"),
    ("Apply it, in one transaction.", "migrate apply --connection blog_db --confirm"),
    ("", "migrate status --connection blog_db"),
    ("And back again.", "migrate rollback --connection blog_db --steps 1 --confirm"),
    ("The tables of the first state, untouched.", "query tables --connection blog_db"),
)  # fmt: skip


@click.command()
@common_options
@click.pass_context
def demo(context: click.Context) -> int:
    """See the whole story on SQLite: design, generate, preview, apply, roll back.

    Everything happens in a temporary folder, which is removed at the end. Nothing is asked.
    """
    from querynl.cli.main import main

    with _temporary_folder() as folder:
        for remark, command in _STORY:
            if remark:
                click.secho(f"\n# {remark}", fg="cyan")
            up = next(folder.glob("migrations/*_up.sql"), folder).relative_to(folder)
            words = command.format(up=up)
            click.secho(f"$ querynl {words}", bold=True)
            status = main(shlex.split(words))
            if status:
                return status
    click.secho("\nThat was all of it, on a real database. Now yours: querynl connect add --help", fg="cyan")
    return 0


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder to work in, with QueryNL's own folders inside it."""
    before = Path.cwd()
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="querynl-demo-") as name:
        folder = Path(name).resolve()
        for kind in ("CONFIG", "DATA", "CACHE"):
            os.environ[f"QUERYNL_{kind}_DIR"] = str(folder / ".querynl" / kind.lower())
        for variable in ("QUERYNL_REGISTRY_URL", "QUERYNL_CONNECTION", "DATABASE_URL", "QUERYNL_ENV"):
            os.environ.pop(variable, None)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(kept)
