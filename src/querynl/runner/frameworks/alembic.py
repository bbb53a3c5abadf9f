"""Alembic's version table: the newest of the revisions that stand, whose ancestors all stand, too.

https://alembic.sqlalchemy.org/en/latest/branches.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.dialects.framework_tables import alembic_table
from querynl.errors import UsageInvalid
from querynl.formats import MigrationFile
from querynl.formats.folder import revisions
from querynl.ledger import Entry
from querynl.runner.frameworks.places import Place

# The table says nothing of when.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class AlembicVersions:
    """Alembic's table in one database, for the revisions of one folder.

    Reading changes nothing; what is written is the caller's to commit. `kept` are the revisions that our own
    history knows to stand: where the file of a newest one is gone, nothing else tells what stands before it.
    """

    columns = frozenset(("version_num",))

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        place: Place,
        home: str,
        *,
        folder: Path,
        kept: Iterable[str],
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self.namespace, self.name = place.namespace or home, place.table
        self._table = f"{dialect.quote(self.namespace)}.{dialect.quote(self.name)}"
        found = revisions(folder)
        self._needs = {revision.id: revision.needs for revision in found}
        self._names = {revision.path.name: revision.id for revision in found}
        self._kept = frozenset(kept)

    def create(self) -> None:
        """Make the table, which is not there."""
        self._connection.execute(alembic_table(self._dialect, self.namespace, self.name))

    def entries(self, files: Iterable[MigrationFile]) -> dict[str, Entry]:
        """What Alembic says to stand, by id; a revision without a file goes by its own name."""
        standing = self._standing(self._heads())
        found = {
            file.id: _entry(file.id, revision, file)
            for file in files
            if (revision := self._names.get(file.path.name)) in standing and revision is not None
        }
        unknown = standing.difference(self._needs)
        return found | {revision: _entry(revision, revision, None) for revision in unknown}

    def note(self, entry: Entry, file: MigrationFile | None) -> str | None:
        """Make the table say whether the migration stands; the revision it goes by there, None where it does not stand.

        Raises UsageInvalid where the table cannot say that, as it knows the newest revisions only.
        """
        revision = entry.noted_as or self._names.get(entry.file or "")
        if revision is None:
            return None
        heads = self._heads()
        before = self._standing(heads)
        if _stands(entry):
            self._refuse_gap(revision, before)
            after = before | {revision}
        else:
            self._refuse_heirs(revision, before)
            after = before - {revision}
        followed = {need for one in after for need in self._needs.get(one, ())}
        self._write(heads, after - followed)
        return revision if revision in after else None

    def _write(self, before: set[str], after: set[str]) -> None:
        for gone in sorted(before - after):
            self._connection.execute(f"DELETE FROM {self._table} WHERE version_num = %s", (gone,))
        for new in sorted(after - before):
            self._connection.execute(f"INSERT INTO {self._table} (version_num) VALUES (%s)", (new,))

    def _heads(self) -> set[str]:
        return {str(row[0]) for row in self._connection.rows(f"SELECT version_num FROM {self._table}")}

    def _standing(self, heads: set[str]) -> set[str]:
        """The revisions and all before them, as far as the files tell."""
        found: set[str] = set()
        waiting = [*heads, *(() if heads <= self._needs.keys() else self._kept)]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += (need for need in self._needs.get(one, ()) if need in self._needs)
        return found

    def _refuse_gap(self, revision: str, standing: set[str]) -> None:
        gap = [need for need in self._needs.get(revision, ()) if need in self._needs and need not in standing]
        if gap:
            raise UsageInvalid(
                f"The revision {revision} follows {', '.join(gap)}, which does not stand.",
                where=f"table {self.name}",
                remedy="Alembic takes every revision before one that stands for applied: begin with those.",
            )

    def _refuse_heirs(self, revision: str, standing: set[str]) -> None:
        heirs = sorted(one for one in standing if revision in self._needs.get(one, ()))
        if heirs:
            raise UsageInvalid(
                f"The revision {revision} is followed by {', '.join(heirs)}, which stands.",
                where=f"table {self.name}",
                remedy="Alembic takes every revision before one that stands for applied: begin with those after it.",
            )


def _stands(entry: Entry) -> bool:
    """Whether all of it stands, as far as is known; Alembic has no word for a half."""
    return entry.status == "applied" or (entry.direction == "down" and entry.status != "rolled back")


def _entry(id: str, revision: str, file: MigrationFile | None) -> Entry:
    return Entry(
        migration_id=id,
        description="" if file is None else file.description,
        framework="alembic",
        file=f"{revision}.py" if file is None else file.path.name,
        direction="up",
        status="applied",
        applied_by="Alembic",
        started_at=_LONG_AGO,
        statements_total=0,
        noted_as=revision,
    )
