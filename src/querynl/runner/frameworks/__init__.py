"""Flyway's and Alembic's own tables, kept in step with our history for the migrations written for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import HistoryUnusable
from querynl.formats import Framework, MigrationFile
from querynl.ledger import Entry
from querynl.runner.frameworks.alembic import AlembicVersions
from querynl.runner.frameworks.flyway import FlywayHistory
from querynl.runner.frameworks.places import alembic_place, flyway_place


class _Project(NamedTuple):
    """The folder of one framework's migrations."""

    framework: Framework
    folder: Path


class Frameworks:
    """The tables of the frameworks that a database's migrations are written for: one for each folder.

    `files` are the migrations' files, by id; `kept` what Alembic calls the revisions that our history knows to stand.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        files: Mapping[str, MigrationFile],
        *,
        kept: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._files = files
        self._kept = kept
        self._there: set[_Project] = set()

    def missing(self) -> bool:
        """Whether one of the tables is not there."""
        return not all(self._is_there(project) for project in self._tables)

    def create(self) -> None:
        """Make the tables that are not there."""
        for project, table in self._tables.items():
            if not self._is_there(project):
                table.create()

    def entries(self) -> dict[str, Entry]:
        """What the frameworks say of their migrations, by id, as our history would say it; in it `run_number` is 0.

        Only of those whose table is there. An entry without `noted_as` stands by a baseline of the framework's.
        """
        found: dict[str, Entry] = {}
        for project, table in self._tables.items():
            if self._is_there(project):
                told = table.entries(file for file in self._files.values() if _project(file) == project)
                # Another folder's migrations may be kept in the same table.
                found |= {id: entry for id, entry in told.items() if id not in self._files or self._is_of(id, project)}
        return found

    def settled(self, ours: Mapping[str, Entry]) -> dict[str, Entry]:
        """Our history as it is once both are brought in line, by id.

        What another tool applied is there as its table says it. What another tool took back is there as rolled back:
        we had noted it in that table, and it is not there any more. In a table that is gone nothing is noted, nor with
        the checksum of another layout.
        """
        theirs = self.entries()
        by_name = {(entry.framework, str(entry.noted_as)): entry for entry in theirs.values() if entry.noted_as}
        settled: dict[str, Entry] = {}
        for id, entry in ours.items():
            there = theirs.pop(id, None) or by_name.get((entry.framework, str(entry.noted_as)))
            if there is not None and there.migration_id != id:
                theirs.pop(there.migration_id, None)  # a file that is gone goes by another id there
            settled[id] = self._settled(entry, there)
        return theirs | settled

    def _settled(self, entry: Entry, there: Entry | None) -> Entry:
        if there is not None and _stands(entry) and self._has_new_layout(entry, there):
            return replace(entry, noted_as=None)
        if there is not None:
            return entry if _stands(entry) or _stands_half(entry) else there
        project = self._project_of(entry)
        if entry.noted_as is None or project is None:
            return entry
        if self._is_there(project) and _stands(entry):
            return replace(entry, direction="down", status="rolled back", noted_as=None)
        return entry if self._is_there(project) else replace(entry, noted_as=None)

    def _has_new_layout(self, entry: Entry, there: Entry) -> bool:
        """Whether the framework takes a file for another one in which only the layout has changed."""
        file = self._files.get(entry.migration_id)
        if file is None or there.checksum is None or entry.checksum is None:
            return False
        return file.has(entry.checksum, self._dialect)

    def lacks(self, entry: Entry) -> bool:
        """Whether the framework's table is to say of the migration what it does not say yet."""
        project = self._project_of(entry)
        return project is not None and entry.status == "applied" and entry.noted_as is None

    def note(self, entry: Entry) -> str | None:
        """Make the framework's table say of the migration what the entry says; what it goes by there, None for nothing.

        Raises UsageInvalid where the table cannot say that.
        """
        project = self._project_of(entry)
        if project is None or not self._is_there(project):
            return None
        return self._tables[project].note(entry, self._files.get(entry.migration_id))

    @cached_property
    def _tables(self) -> dict[_Project, FlywayHistory | AlembicVersions]:
        projects = dict.fromkeys(_project(file) for file in self._files.values() if file.framework != "raw")
        if not projects:
            return {}
        # Asked for before anything runs: a migration may point the session at another namespace.
        [(home,)] = self._connection.rows(bookkeeping_of(self._dialect.name).home)
        return {project: self._table(project, str(home)) for project in projects}

    def _table(self, project: _Project, home: str) -> FlywayHistory | AlembicVersions:
        folder = project.folder
        if project.framework == "flyway":
            return FlywayHistory(self._connection, self._dialect, flyway_place(folder), home)
        return AlembicVersions(
            self._connection, self._dialect, alembic_place(folder), home, folder=folder, kept=self._kept
        )

    def _project_of(self, entry: Entry) -> _Project | None:
        """The project of the migration's file, or of others of its framework where that is gone."""
        file = self._files.get(entry.migration_id)
        if file is not None and file.framework == entry.framework:
            return _project(file) if file.framework != "raw" else None
        return next((project for project in self._tables if project.framework == entry.framework), None)

    def _is_of(self, id: str, project: _Project) -> bool:
        return _project(self._files[id]) == project

    def _is_there(self, project: _Project) -> bool:
        if project not in self._there:
            table = self._tables[project]
            columns = bookkeeping_of(self._dialect.name).columns
            found = {str(row[0]) for row in self._connection.rows(columns, (table.namespace, table.name))}
            if found and not found.issuperset(table.columns):
                raise HistoryUnusable(
                    f"The table {table.name} is not {project.framework.title()}'s: it has no"
                    f" {', '.join(sorted(table.columns - found))}.",
                    where=f"{self._connection.database}, table {table.namespace}.{table.name}",
                    remedy=f"Restore it, or name {project.framework.title()}'s own table in its configuration.",
                )
            if found:
                self._there.add(project)
        return project in self._there


def _stands(entry: Entry) -> bool:
    untouched = entry.direction == "down" and entry.status == "failed" and entry.statements_done == 0
    return entry.status == "applied" or untouched


def _stands_half(entry: Entry) -> bool:
    return entry.status == "running" or (entry.status == "failed" and entry.statements_done > 0)


def _project(file: MigrationFile) -> _Project:
    return _Project(file.framework, file.path.parent)
