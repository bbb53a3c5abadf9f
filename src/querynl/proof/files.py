"""The proof of migrations that people or other tools wrote: run up, down and up again, with rows in the tables."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement, dialect_named
from querynl.diff import diff
from querynl.errors import MigrationInvalid, StatementFailed
from querynl.formats.migration import MigrationFile
from querynl.formats.running import run_down, run_up
from querynl.formats.transactions import bare, controls_transaction
from querynl.privileges import Privileges, without_privileges
from querynl.project import at_home
from querynl.proof.seeding import Sparing, seed
from querynl.proof.trial import listed, made_there, run_in_portions, told
from querynl.proof.values_kept import Holdings, held_in, kept_since, outcome
from querynl.schema import PRIVILEGE_KINDS, Schema, Table
from querynl.scratch import Scratch

_DECLARED = re.compile(r"(?:--|#)\s*querynl:\s*allow\s+(\w+(?:\s*,\s*\w+)*)", re.I)
_DIFFERENCES_SHOWN = 5


class Verdict(Struct, frozen=True, kw_only=True):
    """What a proof found of one migration.

    `checks` held, in their order. `problem` is what did not, None where all did; `where` is the place in the code or
    the statement, and `refused` whether it was the engine that refused it. `rows` is how many there were before.
    `notes` are no faults, but good to know.
    """

    file: MigrationFile
    engine: str
    seconds: float
    rows: int = 0
    checks: tuple[str, ...] = ()
    problem: str | None = None
    where: str | None = None
    refused: bool = False
    notes: tuple[str, ...] = ()


class Fault(Exception):
    """A check that did not hold; see `Verdict`."""

    def __init__(self, what: str, *, where: str | None = None, refused: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.refused = refused


def prove_files(
    files: Sequence[MigrationFile],
    scratch: Scratch,
    dialect_name: str,
    *,
    chosen: Collection[str],
    start: Schema | None = None,
    privileges: Privileges = "manage",
    allow: Collection[str] = (),
    folders: Sequence[Path] = (),
) -> Iterator[Verdict]:
    """What the proof finds of each chosen migration, and of one before them that keeps them from being tried.

    All of them are run in order on one database that holds `start` at first; `chosen` are ids. Rows are put into the
    tables before each chosen one. `privileges`: whether differences of owners and grants are faults (`manage`), noted
    (`warn`), or unseen (`off`). `allow` may hold `data`: values may change without the file saying so. `folders` are
    what revisions import from. Raises ScratchUnavailable for a database of another engine, or one that refuses `start`.
    """
    engine = scratch.origin.partition(",")[0]
    with Course(files, scratch, dialect_name, start or Schema(), folders) as course:
        for number, file in enumerate(files):
            began = time.monotonic()
            may_change = "data" in {*allow, *_declared(file)}
            proving = _Proving(course, number, may_change=may_change, privileges=privileges)
            problem: Fault | None = None
            try:
                if file.id in chosen:
                    proving.prove()
                else:
                    course.up(file)
            except Fault as fault:
                problem = fault
            if file.id in chosen or problem is not None:
                yield Verdict(
                    file=file,
                    engine=engine,
                    seconds=time.monotonic() - began,
                    rows=proving.rows,
                    checks=tuple(proving.checks),
                    problem=problem.what if problem else None,
                    where=problem.where if problem else None,
                    refused=problem is not None and problem.refused,
                    notes=tuple(proving.notes),
                )
            if problem is not None and not course.restart(number + 1):
                return


def _declared(file: MigrationFile) -> set[str]:
    """What the comments of a file allow."""
    return {word.strip().lower() for words in _DECLARED.findall(file.text) for word in words.split(",")}


class Course:
    """A throwaway database on its way through the migrations."""

    def __init__(
        self,
        files: Sequence[MigrationFile],
        scratch: Scratch,
        dialect_name: str,
        start: Schema,
        folders: Sequence[Path],
    ) -> None:
        self.files = files
        self._scratch = scratch
        self._dialect_name = dialect_name
        self._start = start
        self._folders = folders
        self._stack = ExitStack()

    def __enter__(self) -> Course:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self) -> None:
        self._stack.close()
        self.connection: Connection = self._stack.enter_context(self._scratch.database())
        made_there(self._start, self.connection, self._dialect_name)
        self.dialect: Dialect = dialect_named(self.connection.dialect, self.connection.version)

    def restart(self, count: int) -> bool:
        """Whether the first so many migrations ran again, without any rows of ours, on a new database."""
        self._open()
        try:
            for file in self.files[:count]:
                self.up(file)
        except Fault:
            return False
        return True

    def schema(self) -> Schema:
        return self.dialect.inspect(self.connection)

    def up(self, file: MigrationFile, way: str = "up") -> None:
        def run() -> bool:
            run_up(file, self.connection, self.dialect, self._run)
            return True

        self._tried(run, way)

    def down(self, file: MigrationFile) -> bool:
        """Whether there is a way down; then it was run."""
        return self._tried(lambda: run_down(file, self.connection, self.dialect, self._run), "down")

    def _run(self, statements: Sequence[Statement]) -> None:
        found = [statement for statement in statements if not controls_transaction(statement)]
        run_in_portions(self.connection, found, self.dialect)

    def _tried(self, run: Callable[[], bool], way: str) -> bool:
        try:
            with at_home(self._folders):
                return run()
        except StatementFailed as error:
            raise Fault(
                f"on the way {way} the engine refused a statement: {error.what}", where=bare(error.sql), refused=True
            ) from error
        except MigrationInvalid as error:
            raise Fault(f"on the way {way}: {error.what}", where=error.where) from error


class _Proving:
    """One migration's proof: the checks that held so far."""

    def __init__(self, course: Course, number: int, *, may_change: bool, privileges: Privileges) -> None:
        self._course = course
        self._number = number
        self._file = course.files[number]
        self._may_change = may_change
        self._privileges = privileges
        self.rows = 0
        self.checks: list[str] = []
        self.notes: list[str] = []

    def prove(self) -> None:
        """Run all checks. Raises Fault at the first that does not hold."""
        before = self._course.schema()
        was = self._seeded(before)
        self.rows = sum(len(held.rows) for held in was.values())
        if not self.rows:
            self._run_through(before, was)
            return
        try:
            self._run_through(before, was)
        except Fault as fault:
            # Rows that a migration refuses may be no fault of it; without them it has to run.
            if not fault.refused or not self._course.restart(self._number):
                raise
            self.rows, self.checks, self.notes = 0, [], []
            self._run_through(before, self._held(before.tables))
            self.notes.insert(0, f"run without rows, for with rows {fault.what}")

    def _seeded(self, schema: Schema) -> Holdings:
        """What the tables hold, once there are rows in those that held none."""
        held = self._held(schema.tables)
        filled = {name for name, found in held.items() if found.rows}
        seed(
            self._course.connection,
            schema,
            self._course.dialect,
            later=schema,
            sparing=Sparing(empty=frozenset(filled)),
        )
        return held | self._held([table for table in schema.tables if table.key not in filled])

    def _run_through(self, before: Schema, was: Holdings) -> None:
        course = self._course
        course.up(self._file)
        after = course.schema()
        self.checks.append("up")
        now = self._held(after.tables)
        self._check_rows(was, now)
        if not self._file.is_repeatable:
            if not course.down(self._file):
                self.notes.append("there is no way down")
                return
            self._compare(course.schema(), before, "down")
            if changed := kept_since(was, now, self._held(before.tables)):
                self._changed(changed, "down")
            self.checks.append("down")
        course.up(self._file, "up again")
        self._compare(course.schema(), after, "up again")
        self.checks.append("up again")

    def _held(self, tables: Iterable[Table]) -> Holdings:
        return held_in(self._course.connection, tables, self._course.dialect)

    def _check_rows(self, was: Holdings, now: Holdings) -> None:
        changed, notes = outcome(was, now)
        self.notes += notes
        if changed:
            self._changed(changed, "up")
        elif self.rows:
            self.checks.append("rows")

    def _changed(self, changed: Sequence[str], way: str) -> None:
        what = f"after running {way}, {'; '.join(changed[:_DIFFERENCES_SHOWN])}"
        if not self._may_change:
            raise Fault(f"{what}. If that is meant, say so in the file: -- querynl: allow data")
        self.notes.append(f"{what}, as allowed")

    def _compare(self, found: Schema, wanted: Schema, way: str) -> None:
        if self._privileges == "off":
            found, wanted = without_privileges(found), without_privileges(wanted)
        keeping = () if self._privileges == "manage" else PRIVILEGE_KINDS
        difference = diff(found, wanted, self._course.dialect, keeping=keeping)
        if difference.kept:
            self.notes.append(f"after running {way}, {listed(list(map(told, difference.kept)))}")
        if difference.operations:
            raise Fault(f"after running {way}, {listed(list(map(told, difference.operations)))}")
