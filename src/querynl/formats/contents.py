"""What a folder holds, told by the names of its files: migrations, or SQL of another kind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from configparser import ConfigParser, Error
from pathlib import Path

from msgspec import Struct

from querynl.errors import MigrationInvalid, SourceUnreadable
from querynl.formats import folder as folders
from querynl.formats.alembic.chain import in_order
from querynl.formats.migration import MigrationFile

_VERSIONED = re.compile(r".+_(?:up|down)\.sql|[VU]\d+(?:[._]\d+)*__.*\.sql")
_REPEATABLE = re.compile(r"R__.*\.sql")
# https://documentation.red-gate.com/fd/baseline-migrations-273973336.html
_BASELINE = re.compile(r"B\d+(?:[._]\d+)*__.*\.sql")
# https://documentation.red-gate.com/fd/callback-events-277579034.html
_CALLBACK = re.compile(r"(?:(?:before|after)[A-Z]\w*|createSchema)(?:__.*)?\.sql")
# https://documentation.red-gate.com/fd/placeholders-275218544.html; a script's own .conf may switch them off.
_PLACEHOLDER = re.compile(r"\$\{[\w:.]+\}")
# golang-migrate's and others', which are not read yet.
_FOREIGN = re.compile(r".+\.(?:up|down)\.sql")


class Contents(Struct, frozen=True, kw_only=True):
    """The migrations of a folder in the order in which they run, or its other SQL files; never both.

    `repeatable` are Flyway's, which come last. `notes` say what of the folder is not run as its own tool would run it.
    """

    versioned: tuple[MigrationFile, ...] = ()
    repeatable: tuple[MigrationFile, ...] = ()
    plain: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    python_folders: tuple[Path, ...] = ()

    @property
    def migrations(self) -> tuple[MigrationFile, ...]:
        return (*self.versioned, *self.repeatable)


def contents(folder: Path) -> Contents:
    """The contents of a folder: of an Alembic project its revisions, else all SQL in it and in the folders below.

    A folder of migrations is one of which every `.sql` file is named as one. Raises SourceUnreadable for a mixture,
    and MigrationInvalid for revisions without an order or a beginning.
    """
    if locations := _alembic_locations(folder):
        return Contents(versioned=_revisions(locations), python_folders=(folder,))
    files = [path for path in sorted(folder.rglob("*.sql")) if not _is_hidden(path.relative_to(folder))]
    migrations = [path for path in files if _VERSIONED.fullmatch(path.name) or _REPEATABLE.fullmatch(path.name)]
    revisions = folders.revisions(folder)
    if not migrations and not revisions:
        _refuse((path for path in files if _FOREIGN.fullmatch(path.name)), "a migration of a form that is not read yet")
        return Contents(plain=tuple(files))
    baselines = [path for path in files if _BASELINE.fullmatch(path.name)]
    callbacks = [path for path in files if _CALLBACK.fullmatch(path.name)]
    known = {*migrations, *baselines, *callbacks}
    _refuse(
        (path for path in files if path not in known),
        f"no migration, while {(migrations or [revisions[0].path])[0].name} is one",
    )
    _refuse((path for path in migrations if path.parent != folder), "in a folder below, and migrations stand in one")
    if revisions:
        _revisions([folder])  # whether they have an order and a beginning
    versioned, repeatable = tuple(folders.find(folder)), tuple(_repeatable(migrations))
    if baseline := _needed(baselines, versioned):
        versioned = (baseline, *versioned)
    run = {file.path for file in versioned}
    return Contents(
        versioned=versioned,
        repeatable=repeatable,
        notes=tuple(_notes((*versioned, *repeatable), [path for path in baselines + callbacks if path not in run])),
        python_folders=(folder,),
    )


def _needed(baselines: Sequence[Path], versioned: Sequence[MigrationFile]) -> MigrationFile | None:
    """The newest of Flyway's baselines, where the migrations that it stands for are not there any more."""
    newest = max(baselines, key=_version, default=None)
    flyways = [file.path for file in versioned if file.framework == "flyway"]
    if newest is None or any(_version(path) <= _version(newest) for path in flyways):
        return None
    return _of_flyway(newest, newest.stem.partition("__")[2])


def _version(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.name.partition("__")[0])))


def _of_flyway(path: Path, words: str) -> MigrationFile:
    text = folders.read_file(path).text
    return MigrationFile(id=path.stem, framework="flyway", path=path, text=text, description=words.replace("_", " "))


def _notes(migrations: Sequence[MigrationFile], left_out: Sequence[Path]) -> Iterator[str]:
    if left_out:
        yield f"Left out, as Flyway alone runs them: {', '.join(path.name for path in left_out)}."
    for file in migrations:
        found = _PLACEHOLDER.findall(file.text) if file.framework == "flyway" else ()
        if found and not file.path.with_name(f"{file.path.name}.conf").is_file():
            yield f"{file.path.name} is run with Flyway's placeholders as they stand: {', '.join(sorted(set(found)))}."


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _refuse(files: Iterator[Path] | Sequence[Path], what: str) -> None:
    found = next(iter(files), None)
    if found is not None:
        raise SourceUnreadable(
            f"{found.name} is {what}.",
            where=str(found),
            remedy="Name a folder that holds migrations alone, or no migrations at all.",
        )


def _repeatable(files: Sequence[Path]) -> Iterator[MigrationFile]:
    """Flyway's repeatable migrations, by description:

    https://documentation.red-gate.com/fd/repeatable-migrations-273973335.html
    """
    for path in files:
        if _REPEATABLE.fullmatch(path.name):
            yield _of_flyway(path, path.stem.removeprefix("R__"))


# --------------------------------------------------------------------------------------------- Alembic


def _alembic_locations(folder: Path) -> list[Path]:
    """The folders of an Alembic project's revisions; none where the folder is no such project.

    https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file
    """
    ini = folder / "alembic.ini"
    if not ini.is_file():
        versions = folder / "versions"
        return [versions] if (folder / "env.py").is_file() and versions.is_dir() else []
    parser = ConfigParser({"here": str(folder.resolve())})
    try:
        parser.read(ini, encoding="utf-8")
        script, versions_text = (
            parser.get("alembic", name, fallback="") for name in ("script_location", "version_locations")
        )
    except Error as error:
        raise SourceUnreadable(f"This cannot be read: {error}.", where=str(ini), remedy="Correct the file.") from None
    script_folder = folder / (script or "alembic")
    named = [folder / part for part in re.split(rf"[\s,{os.pathsep}]+", versions_text) if part]
    return named or [script_folder / "versions"]


def _revisions(locations: Sequence[Path]) -> tuple[MigrationFile, ...]:
    """The revisions of all the folders, each after those it needs. Raises MigrationInvalid where one is missing."""
    found = [revision for location in locations for revision in folders.revisions(location)]
    ids = {revision.id for revision in found}
    for revision in found:
        missing = next((need for need in revision.needs if need not in ids), None)
        if missing is not None:
            raise MigrationInvalid(
                f"The revision follows {missing}, which is not there.",
                where=str(revision.path),
                remedy="Name the whole folder, or the project with its alembic.ini.",
            )
    return tuple(folders.alembic_migration(revision) for revision in in_order(found))
