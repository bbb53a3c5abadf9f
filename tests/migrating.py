"""A database, a folder of migrations and a tracking store, as the tests of the runner use them together."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from querynl import plan as planning
from querynl.connections import Connection, connect, parse_url
from querynl.dialects import Dialect, dialect_named
from querynl.diff import diff
from querynl.formats import Framework, new_migration, write
from querynl.histories import without_histories
from querynl.ledger import Entry, Ledger
from querynl.naming import named
from querynl.registry import MigrationRecord, get_migrations, save_migration_record
from querynl.runner import STANDING, Known, Progress, Report, apply, pending, rollback, survey
from querynl.schema import Schema
from tests.engines import Database

CONNECTION = "blog_db"


@dataclass(frozen=True)
class Project:
    """One database with its migrations; every call is a session of its own, as every command is."""

    database: Database
    folder: Path

    @contextmanager
    def session(self) -> Iterator[tuple[Connection, Dialect]]:
        with connect(parse_url(self.database.url)) as connection:
            yield connection, dialect_named(connection.dialect, connection.version)

    def write(self, migration_id: str, up: str, down: str | None = None) -> Path:
        """Writes, or overwrites, the files of a raw migration; the way up's path."""
        self.folder.mkdir(exist_ok=True)
        file = self.folder / f"{migration_id}_up.sql"
        file.write_text(up, encoding="utf-8")
        if down is not None:
            (self.folder / f"{migration_id}_down.sql").write_text(down, encoding="utf-8")
        return file

    def generate(self, migration_id: str, before: Schema, after: Schema, *, framework: Framework | None = None) -> None:
        """Records the migration between two schemas with its plan; with a framework, writes its files as well.

        The files' id is made of the digits that `migration_id` begins with and the rest of it.
        """
        digits, _, words = migration_id.partition("_")
        with self.session() as (_, dialect):
            old, new = (named(dialect.localise(schema), dialect) for schema in (before, after))
            plan = planning.plan(old, diff(old, new, dialect).operations, dialect)
            made = new_migration(
                plan,
                dialect=dialect,
                framework=framework or "raw",
                message=words,
                folder=self.folder,
                at=datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC),
            )
        if framework:
            write(made)
        save_migration_record(
            MigrationRecord(
                migration_id=made.id,
                connection_name=CONNECTION,
                framework=made.framework,
                sql_content=made.up,
                rollback_sql=made.down,
                plan=planning.to_json(plan).decode(),
                checksum=made.checksum(dialect) if framework else None,
                file=str(made.path) if framework else None,
            )
        )

    def survey(self, *, named: bool = False) -> list[Known]:
        with self.session() as (connection, dialect):
            return survey(Ledger(connection, dialect), connection_name=CONNECTION, folder=self.folder, named=named)

    def statuses(self) -> dict[str, str]:
        return {known.id: known.status.value for known in self.survey()}

    def apply(
        self,
        *,
        allow: Collection[str] = (),
        lock_timeout: float = 30.0,
        statement_timeout: float | None = None,
        progress: Progress | None = None,
        out_of_order: bool = False,
        ignore_missing: bool = False,
        count: int | None = None,
    ) -> Report:
        with self.session() as (connection, dialect):
            known = survey(Ledger(connection, dialect), connection_name=CONNECTION, folder=self.folder)
            standing = [one for one in known if one.status in STANDING]
            return apply(
                connection,
                dialect,
                [*standing, *pending(known)[:count]],
                connection_name=CONNECTION,
                allow=allow,
                lock_timeout=lock_timeout,
                statement_timeout=statement_timeout,
                progress=progress,
                out_of_order=out_of_order,
                ignore_missing=ignore_missing,
            )

    def rollback(self, *, steps: int = 1, allow: Collection[str] = ()) -> Report:
        with self.session() as (connection, dialect):
            return rollback(
                connection,
                dialect,
                survey(Ledger(connection, dialect), connection_name=CONNECTION, folder=self.folder),
                steps=steps,
                connection_name=CONNECTION,
                allow=allow,
            )

    def history(self) -> list[Entry]:
        with self.session() as (connection, dialect):
            return Ledger(connection, dialect).entries()

    def store(self) -> dict[str, str]:
        """The status of each record of the tracking store."""
        return {record.migration_id: record.status for record in get_migrations(CONNECTION)}

    def tables(self) -> set[str]:
        """The tables of the database, those of histories left out."""
        with self.session() as (connection, dialect):
            schema, _ = without_histories(dialect.inspect(connection))
        return {table.name for table in schema.tables}


def done(report: Report) -> list[str]:
    """The ids of what a run did."""
    return [run.id for run in report.done]
