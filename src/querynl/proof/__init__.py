"""The proof of a plan: run up and down on a throwaway database, with rows in it, before anybody is shown it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.errors import ProofFailed, StatementFailed
from querynl.operations import Operation, inverse
from querynl.plan import Plan
from querynl.proof.excerpt import excerpt
from querynl.proof.retained import imposed_on
from querynl.proof.seeding import Seeding, Sparing
from querynl.proof.trial import Trial, listed, made_there, told
from querynl.schema import Schema
from querynl.scratch import Scratch

__all__ = ["Proof", "drift", "listed", "prove"]


# More tables are counted, not named, in the line that tells of the proof.
_NAMED = 3


class Proof(Struct, frozen=True, kw_only=True):
    """What was run, on which engine, and what was found as it should be.

    `checks` are of `up`, `rows`, `replan empty` and `down`. `rows` is how many there were. `unseeded` are the
    tables that held none, as the engine refused every row that was made for them, or the migration might. `absent`
    counts what the database has that is not managed, and so was not there, whatever it needs of the tables.
    """

    engine: str
    seconds: float
    rows: int
    checks: tuple[str, ...]
    unseeded: tuple[str, ...] = ()
    absent: dict[str, int] = {}

    def __str__(self) -> str:
        checks = " ".join(f"{check} ✓" for check in self.checks)
        line = f"proved on {self.engine}: {checks} ({self.seconds:.1f} s)"
        if not self.unseeded:
            return line
        count = len(self.unseeded)
        return f"{line}, without rows in {', '.join(self.unseeded) if count <= _NAMED else f'{count} tables'}"


def prove(before: Schema, after: Schema, made: Plan, scratch: Scratch) -> Proof:
    """The proof that the plan leads from one schema to the other and back, and loses no value but those it says.

    Only what the plan touches is created, with what that needs and what needs it. Raises ProofFailed with what
    differs, and ScratchUnavailable where the engine cannot hold the schemas.
    """
    began = time.monotonic()
    operations = [operation for step in made.up for operation in step.operations]
    small = excerpt(before, after, operations)
    with scratch.database() as other:
        wanted = made_there(small.after, other, made.dialect)
    engine = scratch.origin.partition(",")[0]
    trial = Trial(plan=made, before=small.before, wanted=wanted, scratch=scratch, engine=engine)
    seeding = _tried(trial, operations)
    rows = sum(seeding.rows.values())
    unseeded = map(str, seeding.without_rows(small.before))
    reversible = ("down",) if made.down else ()
    checks = ("up", *(("rows",) if rows else ()), "replan empty", *reversible)
    seconds = round(time.monotonic() - began, 3)
    return Proof(
        engine=engine,
        seconds=seconds,
        rows=rows,
        checks=checks,
        unseeded=tuple(unseeded),
        absent=dict(before.unmanaged),
    )


def drift(live: Schema, before: Schema, made: Plan, scratch: Scratch) -> list[str]:
    """What a database has otherwise than the schema that the plan starts from, among what the plan touches.

    Each thing is told in words. Raises ScratchUnavailable where the engine cannot hold the schemas.
    """
    small = excerpt(before, live, [operation for step in made.up for operation in step.operations])
    with scratch.database() as first, scratch.database() as second:
        wanted, found = made_there(small.before, first, made.dialect), made_there(small.after, second, made.dialect)
        return list(map(told, diff(found, wanted, dialect_named(first.dialect, first.version)).operations))


def _tried(trial: Trial, operations: Sequence[Operation]) -> Seeding:
    """What rows the plan was run with on the way up. Raises ProofFailed.

    Rows that a schema refuses are no fault of the plan: it is run again with rows as plain as can be, and then without
    any, in the tables of which it asks more than they do now, or its way back does.
    """
    inverses = [undo for operation in operations if (undo := inverse(operation)) is not None]
    demanding = frozenset(imposed_on([*operations, *inverses], trial.before))
    tries = (Sparing(), Sparing(plain=demanding), Sparing(empty=demanding)) if demanding else (Sparing(),)
    seeding: Seeding | None = None
    for sparing in tries:
        try:
            outcome = trial.run(sparing)
        except ProofFailed as failure:
            if sparing is tries[-1] or not isinstance(failure.__cause__, StatementFailed):
                raise
            continue
        seeding = seeding or outcome.seeding
        if outcome.refused is None:
            break
        if sparing is tries[-1]:
            raise outcome.refused
    assert seeding is not None, "the last try returns or raises"
    return seeding
