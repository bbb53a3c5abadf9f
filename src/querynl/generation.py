"""From a comparison and a person's answers to a plan; what is still open is said, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from querynl.decisions import Undecided, undecided, with_backfills, with_conversions
from querynl.diff import Difference, Renaming, diff
from querynl.operations import Create, Drop, Operation, Rename, target
from querynl.plan import Plan, plan
from querynl.schema import Ref
from querynl.sources import Comparison


class Answers(Struct, frozen=True, kw_only=True):
    """What a person said: renames, values for required columns, conversions, and hazards they accept."""

    renamings: tuple[Renaming, ...] = ()
    backfills: Mapping[Ref, str] = field(default_factory=dict)
    conversions: Mapping[Ref, str] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()


class Proposal(Struct, frozen=True, kw_only=True):
    """The operations that follow from a comparison and some answers, and the questions still open."""

    comparison: Comparison
    answers: Answers
    difference: Difference
    operations: tuple[Operation, ...]
    waiting: tuple[Undecided, ...]

    def plan(self) -> Plan:
        """The plan of the operations. Raises ChangeUnsupported."""
        start, end, dialect = self.comparison.before, self.comparison.after, self.comparison.dialect
        return plan(start, self.operations, dialect, reordered=self.difference.reordered, after=end)


def propose(comparison: Comparison, answers: Answers) -> Proposal:
    """What the comparison comes to with these answers.

    Raises RenameInvalid or UsageInvalid for an answer that fits nothing.
    """
    dialect = comparison.dialect
    difference = diff(comparison.before, comparison.after, dialect, answers.renamings)
    operations = with_backfills(difference.operations, answers.backfills, dialect)
    operations = with_conversions(operations, answers.conversions, dialect)
    waiting = undecided(replace(difference, operations=operations), answers.allowed)
    return Proposal(
        comparison=comparison, answers=answers, difference=difference, operations=operations, waiting=tuple(waiting)
    )


def summary(operations: Sequence[Operation]) -> str:
    """A short name for a migration whose author gave it none, such as `create tags and post_tags`."""
    verbs = {Create: "create", Drop: "drop", Rename: "rename"}
    named = [
        (verbs.get(type(operation), "change") if ref.table is None else "change", ref.table or ref.name)
        for operation in operations
        if (ref := target(operation)) is not None
    ]
    names = list(dict.fromkeys(name for _, name in named))
    verb = named[0][0] if len({verb for verb, _ in named}) == 1 else "change"
    return f"{verb} {' and '.join(names)}" if 0 < len(names) <= 2 else f"{verb} {len(names)} objects"
