"""Reads migrations back: a whole folder of all three frameworks side by side, or one file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from querynl.errors import MigrationInvalid, SourceUnreadable
from querynl.formats.alembic.chain import Revision, in_order, read_revision
from querynl.formats.heading import description_of
from querynl.formats.migration import MigrationFile

_RAW = re.compile(r"(?P<id>.+)_(?P<way>up|down)\.sql")
# Repeatable migrations (R__), baselines (B) and callbacks are Flyway's own business.
_FLYWAY = re.compile(r"(?P<way>[VU])(?P<version>\d+(?:[._]\d+)*)__(?P<words>.*)\.sql")
_ID = re.compile(r"\d{14}_(?P<words>.+)")
_LEADING = re.compile(r"\d*")
_NUMBER = re.compile(r"\d+")

Version = tuple[int, ...]


def find(folder: Path) -> list[MigrationFile]:
    """The migrations in the folder, oldest first: by version, then name; Alembic's by their chain before that.

    A way down without its way up is no migration, nor is SQL that no framework's naming fits. Raises
    SourceUnreadable for a folder or file that cannot be read, MigrationInvalid for a chain without an order, and for
    a migration that stands beside the squashed one that replaces it.
    """
    paths = [path for path in _listed(folder) if path.suffix in (".sql", ".py") and path.is_file()]
    found = [
        (_version(path.name), migration.path.name, migration)
        for path in paths
        if path.suffix == ".sql" and _leads_up(path) and (migration := _sql_migration(path)) is not None
    ]
    latest: Version = ()
    for revision in in_order(_revisions(paths)):
        latest = max(latest, _version(revision.path.name))
        found.append((latest, "", alembic_migration(revision)))
    migrations = [migration for _, _, migration in sorted(found, key=lambda entry: entry[:2])]
    _refuse_replaced(migrations)
    return migrations


def _refuse_replaced(migrations: Sequence[MigrationFile]) -> None:
    by = {one.id: squashed for squashed in migrations for one in squashed.replaced if one.id != squashed.id}
    for migration in migrations:
        if migration.id in by:
            raise MigrationInvalid(
                f"{migration.path.name} is there beside {by[migration.id].path.name}, which replaces it.",
                where=str(migration.path.parent),
                remedy="If it came back, remove it. If a squash was cut off, restore the folder from version control"
                " and squash again.",
            )


def read_file(path: Path) -> MigrationFile:
    """The migration that a file belongs to, with its other half; SQL of any other name counts as raw, up only.

    Raises SourceUnreadable for a file that cannot be read or holds no migration.
    """
    if path.suffix == ".py":
        revision = read_revision(path, _text(path))
        if revision is None:
            raise SourceUnreadable(
                "The file is no Alembic revision.", where=str(path), remedy="One assigns revision and down_revision."
            )
        return alembic_migration(revision)
    text = _text(path)
    return _sql_migration(path) or MigrationFile(
        id=path.stem, framework="raw", path=path, text=text, description=description_of(text, path.stem)
    )


def names(folder: Path) -> list[str]:
    """The names of the files in a folder; of one that is not there yet, none."""
    return [path.name for path in _listed(folder)] if folder.exists() else []


def revisions(folder: Path) -> list[Revision]:
    """The Alembic revisions in a folder, in no order that means anything; of one that is not there yet, none."""
    return list(_revisions(_listed(folder))) if folder.exists() else []


def _revisions(paths: list[Path]) -> Iterator[Revision]:
    for path in paths:
        if path.suffix == ".py" and (revision := read_revision(path, _text(path))) is not None:
            yield revision


def _leads_up(path: Path) -> bool:
    """Whether a file's name is that of a way up, which its way back is found beside."""
    found = _FLYWAY.fullmatch(path.name) or _RAW.fullmatch(path.name)
    return found is not None and found["way"] in ("V", "up")


def _sql_migration(path: Path) -> MigrationFile | None:
    """The migration of a raw or Flyway file, with both ways; None for any other name, or a way down alone."""
    if match := _FLYWAY.fullmatch(path.name):
        return _pair(
            _flyway_id(match),
            "flyway",
            path,
            up=f"V{path.name[1:]}",
            down=f"U{path.name[1:]}",
        )
    if match := _RAW.fullmatch(path.name):
        return _pair(match["id"], "raw", path, up=f"{match['id']}_up.sql", down=f"{match['id']}_down.sql")
    return None


def flyway_id(name: str) -> str | None:
    """The id of the migration that a Flyway script of that name is one way of; None for any other name."""
    match = _FLYWAY.fullmatch(name)
    return _flyway_id(match) if match else None


def _flyway_id(match: re.Match[str]) -> str:
    version, words = match["version"], match["words"]
    own = len(version) == 14 and words
    return f"{version}_{words}" if own else f"V{version}__{words}"


def _pair(id: str, framework: str, path: Path, *, up: str, down: str) -> MigrationFile | None:
    up_path, down_path = path.with_name(up), path.with_name(down)
    if not up_path.exists():
        return None
    text = _text(up_path)
    words = match["words"] if (match := _ID.fullmatch(id)) else id
    back = _text(down_path) if down_path.exists() else None
    return MigrationFile(
        id=id,
        framework="flyway" if framework == "flyway" else "raw",
        path=up_path,
        text=text,
        down_path=None if back is None else down_path,
        down_text=back,
        description=description_of(text, words),
    )


def alembic_migration(revision: Revision) -> MigrationFile:
    stem = revision.path.stem
    words = match["words"] if (match := _ID.fullmatch(stem)) else stem
    return MigrationFile(
        id=stem,
        framework="alembic",
        path=revision.path,
        text=revision.text,
        description=revision.description or words.replace("_", " "),
    )


def _version(name: str) -> Version:
    """The numbers that a file's name begins with; none sort first."""
    flyway = _FLYWAY.fullmatch(name)
    text = flyway["version"] if flyway else _LEADING.match(name)[0]  # type: ignore[index]  # it matches anything
    return tuple(map(int, _NUMBER.findall(text)))


def _listed(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder))]
    except FileNotFoundError as error:
        raise SourceUnreadable(
            f"There is no folder {folder}.", remedy="Make a migration first, or name another folder."
        ) from error
    except NotADirectoryError as error:
        raise SourceUnreadable(
            f"{folder} is not a folder.", remedy="Name the folder that holds the migrations."
        ) from error
    except OSError as error:
        raise _unreadable(folder, error) from error


def _text(path: Path) -> str:
    """The file's text, its line endings as they are: they may be part of a routine's body."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SourceUnreadable(f"There is no file {path}.", remedy="Check the spelling.") from error
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"{path} is not UTF-8 text.", remedy="Save it in UTF-8.") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SourceUnreadable:
    return SourceUnreadable(f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions.")
