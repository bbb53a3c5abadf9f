"""The proof that one migration does what several did: both run on throwaway databases, schemas and rows compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from querynl.diff import diff
from querynl.errors import ProofFailed, StatementFailed
from querynl.formats.migration import MigrationFile
from querynl.privileges import Privileges, without_privileges
from querynl.proof.files import Course, Fault
from querynl.proof.seeding import Sparing, seed
from querynl.proof.trial import listed, told
from querynl.proof.values_kept import Holdings, held_in, written
from querynl.schema import Name, Schema
from querynl.scratch import Scratch

_REMEDY = "Nothing was written. Squash fewer of them with --from and --to, or keep them as they are."


class Writing(Struct, frozen=True):
    """A migration that puts rows into tables, or changes those that are there."""

    id: str
    tables: tuple[Name, ...]


class Account(Struct, frozen=True, kw_only=True):
    """What the migrations to squash do to an empty database that holds those before them.

    `before` and `after` are its schemas; `writings` are the migrations among them that write rows.
    """

    before: Schema
    after: Schema
    writings: tuple[Writing, ...]


def run_replaced(course: Course, earlier: int) -> Account:
    """Run all of a course's migrations, of which the first so many come before those to squash.

    The tables that are there before hold rows, unless those to squash refuse them. Raises ProofFailed where a migration
    cannot be run.
    """
    try:
        try:
            return _run(course, earlier, with_rows=True)
        except Fault as fault:
            if not fault.refused:
                raise
            course.restart(0)
            return _run(course, earlier, with_rows=False)
    except Fault as fault:
        raise _failed("The migrations to squash cannot be run", fault, "up") from fault


def _run(course: Course, earlier: int, *, with_rows: bool) -> Account:
    for file in course.files[:earlier]:
        course.up(file)
    before = course.schema()
    if with_rows:
        _fill(course, before)
    held, after = _held(course, before), before
    writings = []
    for file in course.files[earlier:]:
        course.up(file)
        after = course.schema()
        now = _held(course, after)
        if tables := [*written(held, now), *_filled(held, now, after)]:
            writings.append(Writing(file.id, tuple(dict.fromkeys(tables))))
        held = now
    return Account(before=before, after=after, writings=tuple(writings))


def prove_squashed(
    earlier: Sequence[MigrationFile],
    squashed: MigrationFile,
    account: Account,
    scratch: Scratch,
    dialect_name: str,
    *,
    privileges: Privileges,
    folders: Sequence[Path] = (),
) -> None:
    """Return if the squashed migration makes the same schema after the earlier ones, changes no rows, and leads back.

    Differences of owners and grants count unless `privileges` is `off`. Raises ProofFailed.
    """
    with Course([*earlier, squashed], scratch, dialect_name, Schema(), folders) as course:
        try:
            was = _run_squashed(course, account.before)
            after = course.schema()
            _compare(course, after, account.after, "up", privileges)
            if tables := written(was, _held(course, after)):
                raise ProofFailed(
                    "The squashed migration changes rows.", check="rows", found=list(map(str, tables)), remedy=_REMEDY
                )
            if course.down(squashed):
                _compare(course, course.schema(), account.before, "down", privileges)
        except Fault as fault:
            raise _failed("The squashed migration cannot be run", fault, "up") from fault


def _run_squashed(course: Course, before: Schema) -> Holdings:
    """Run all of a course, the last with rows in the tables unless it refuses them; what these held before it."""
    *earlier, squashed = course.files
    for file in earlier:
        course.up(file)
    _fill(course, before)
    was = _held(course, before)
    try:
        course.up(squashed)
    except Fault as fault:
        if not fault.refused or not course.restart(len(earlier)):
            raise
        was = _held(course, before)
        course.up(squashed)
    return was


def _fill(course: Course, schema: Schema) -> None:
    """Put rows into the tables that hold none."""
    held = _held(course, schema)
    sparing = Sparing(empty=frozenset(name for name, found in held.items() if found.rows))
    seed(course.connection, schema, course.dialect, later=schema, sparing=sparing)


def _held(course: Course, schema: Schema) -> Holdings:
    tables = [table for table in schema.tables if table.server is None]
    try:
        return held_in(course.connection, tables, course.dialect)
    except StatementFailed as error:
        raise Fault(f"the rows of a table cannot be read: {error.what}") from error


def _filled(before: Holdings, after: Holdings, schema: Schema) -> Iterator[Name]:
    """The tables with values in a new column that nothing but a statement of its own can have put there."""
    for table in schema.tables:
        was, now = before.get(table.key), after.get(table.key)
        if was is None or now is None:
            continue
        gone = [was.values([name]) for name in was.types if name not in now.types]
        bare = (c for c in table.columns if c.nullable and c.default is None and c.identity is None and not c.generated)
        new = [now.values([column.name]) for column in bare if column.name not in was.types]
        if any(values not in gone and set(values) != {"[None]"} for values in new if values):
            yield table.key


def _compare(course: Course, found: Schema, wanted: Schema, way: str, privileges: Privileges) -> None:
    if privileges == "off":
        found, wanted = without_privileges(found), without_privileges(wanted)
    if operations := diff(found, wanted, course.dialect).operations:
        differences = list(map(told, operations))
        raise ProofFailed(
            f"The squashed migration, run {way}, does not lead to the same schema: {listed(differences)}.",
            check=way,
            found=differences,
            remedy=_REMEDY,
        )


def _failed(what: str, fault: Fault, check: str) -> ProofFailed:
    return ProofFailed(f"{what}: {fault.what}", check=check, found=[fault.what], where=fault.where, remedy=_REMEDY)
