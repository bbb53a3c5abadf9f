"""The least and most neutral pair of schemas whose plan fails its proof like the one at hand."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from querynl.errors import ProofFailed
from querynl.plan import Plan
from querynl.proof import prove
from querynl.proof.disguise import Disguise
from querynl.proof.excerpt import Excerpt, excerpt
from querynl.proof.reduction import reduced
from querynl.scratch import Scratch
from querynl.sources.renames import renames_of, with_renames

# The plan between two schemas; with a disguise, whatever else belongs to it is to be disguised likewise.
Planner = Callable[[Excerpt, Disguise | None], Plan]


class Failing(Struct, frozen=True, kw_only=True):
    """Two schemas, of which the one after declares what is renamed, their plan, and how it fails its proof."""

    schemas: Excerpt
    plan: Plan
    failure: ProofFailed

    def resembles(self, other: Failing) -> bool:
        """Whether both fail the same check, with something wrong that is wrong in both."""
        mine, others = self.failure, other.failure
        return mine.check == others.check and not set(mine.found).isdisjoint(others.found)


class Search(Struct, frozen=True, kw_only=True):
    """Attempts to see a failure again with other schemas."""

    planner: Planner
    scratch: Scratch

    def least(self, failing: Failing, *, seconds: float) -> Failing:
        """The failure, shown by as little of the schemas as was found in about that many seconds."""

        def again(pair: Excerpt) -> Failing | None:
            found = self._attempt(pair)
            return found if found is not None and found.resembles(failing) else None

        before, after = failing.schemas
        small = excerpt(before, after, [operation for step in failing.plan.up for operation in step.operations])
        small = Excerpt(small.before, with_renames(small.after, renames_of(after)))
        if again(small) is None:
            return failing
        return again(reduced(small, lambda pair: again(pair) is not None, seconds=seconds)) or failing

    def disguised(self, failing: Failing) -> Failing:
        """The same failure under neutral names.

        Where it needs the true ones, the schemas and the failed check alone are told.
        """
        disguise = Disguise(*failing.schemas)
        pair = Excerpt(disguise.schema(failing.schemas.before), disguise.schema(failing.schemas.after))
        check = failing.failure.check
        found = self._attempt(pair, disguise)
        if found is not None and found.failure.check == check:
            return found
        silent = ProofFailed("It fails like this with its own names, but not with these.", check=check, found=())
        return Failing(schemas=pair, plan=replace(failing.plan, up=(), down=()), failure=silent)

    def _attempt(self, pair: Excerpt, disguise: Disguise | None = None) -> Failing | None:
        """How the proof fails with these schemas; None where it does not, or they make no sense."""
        try:
            plan = self.planner(pair, disguise)
        except Exception:  # schemas with holes may be refused anywhere
            return None
        try:
            prove(pair.before, pair.after, plan, self.scratch)
        except ProofFailed as failure:
            return Failing(schemas=pair, plan=plan, failure=failure)
        except Exception:  # likewise; the first failure is what counts
            return None
        return None
