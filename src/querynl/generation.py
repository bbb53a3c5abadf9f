"""From a comparison and a person's answers to a plan; what is still open is said, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from querynl.decisions import Undecided, undecided, with_backfills, with_conversions
from querynl.diff import Difference, Renaming, diff
from querynl.operations import Create, Drop, Operation, Rename, target
from querynl.plan import Plan, plan
from querynl.privileges import Privileges, without_privileges
from querynl.schema import PRIVILEGE_KINDS, Ref, Schema
from querynl.sources import Comparison


class Answers(Struct, frozen=True, kw_only=True):
    """What a person said: renames, values for required columns, conversions, and hazards they accept.

    `privileges`: whether owners and grants are changed (`manage`), kept and compared (`warn`), or unseen (`off`).
    """

    renamings: tuple[Renaming, ...] = ()
    backfills: Mapping[Ref, str] = field(default_factory=dict)
    conversions: Mapping[Ref, str] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    privileges: Privileges = "warn"


class Proposal(Struct, frozen=True, kw_only=True):
    """The operations that follow from a comparison and some answers, and the questions still open."""

    comparison: Comparison
    answers: Answers
    difference: Difference
    operations: tuple[Operation, ...]
    waiting: tuple[Undecided, ...]

    @property
    def after(self) -> Schema:
        """The schema that the plan leads to."""
        return self.difference.after

    @property
    def kept(self) -> list[Operation]:
        """The differences of privileges that are left as they are, where that was not asked for by saying nothing."""
        unsaid = self.comparison.unsaid
        return [kept for kept in self.difference.kept if (ref := target(kept)) is not None and ref.kind not in unsaid]

    def plan(self) -> Plan:
        """The plan of the operations. Raises ChangeUnsupported."""
        start, dialect = self.comparison.before, self.comparison.dialect
        return plan(start, self.operations, dialect, reordered=self.difference.reordered, after=self.after)


def propose(comparison: Comparison, answers: Answers) -> Proposal:
    """What the comparison comes to with these answers.

    Raises RenameInvalid or UsageInvalid for an answer that fits nothing.
    """
    dialect = comparison.dialect
    if answers.privileges == "off":
        before, after = (without_privileges(schema) for schema in (comparison.before, comparison.after))
        comparison = replace(comparison, before=before, after=after)
    keeping = comparison.unsaid if answers.privileges == "manage" else PRIVILEGE_KINDS
    difference = diff(comparison.before, comparison.after, dialect, answers.renamings, keeping=keeping)
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
        if (ref := target(operation)) is not None and ref.kind not in PRIVILEGE_KINDS
    ]
    if not named and operations:
        return "change privileges"
    names = list(dict.fromkeys(name for _, name in named))
    verb = named[0][0] if len({verb for verb, _ in named}) == 1 else "change"
    return f"{verb} {' and '.join(names)}" if 0 < len(names) <= 2 else f"{verb} {len(names)} objects"
