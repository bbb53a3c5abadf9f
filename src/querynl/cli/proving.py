"""Proving what `migrate generate` made, and what a person is left with where it does not hold."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from querynl.cli.app import current_app
from querynl.cli.changes import open_throwaway
from querynl.cli.options import SCRATCH_URL, together
from querynl.errors import ProofFailed, ScratchUnavailable

if TYPE_CHECKING:
    from querynl.connections import Target
    from querynl.generation import Proposal
    from querynl.plan import Plan
    from querynl.proof import Proof
    from querynl.proof.disguise import Disguise
    from querynl.proof.excerpt import Excerpt
    from querynl.scratch import Scratch
    from querynl.sources import Comparison
    from querynl.sources.renames import DeclaredRenames

# A person waits for this.
_REDUCING_SECONDS = 10.0

# How a proof is made; `Wish` holds it.
proof_options = together(
    SCRATCH_URL,
    click.option(
        "--verify/--no-verify",
        default=None,
        help="Do nothing that is not proved on a throwaway database; or do not prove it.  [default: if there is one]",
    ),
    click.option("--anonymous-report", is_flag=True, help="Keep names and texts out of the report of a failed proof."),
)


class Wish(Struct, frozen=True, kw_only=True):
    """What was asked of the proof: whether it must or must not be made, where, and how a failure is reported."""

    insists: bool | None
    scratch_url: str | None
    anonymous: bool


class Evidence(Struct, frozen=True, kw_only=True):
    """The proof of a migration, or why there is none."""

    proof: Proof | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """What JSON documents say of it."""
        if self.proof is None:
            return {"proof": None, "not_proved": self.reason}
        return {"proof": msgspec.to_builtins(self.proof)}


def proved(proposal: Proposal, plan: Plan, wish: Wish) -> Evidence:
    """What the proof of the plan came to, which standard error says in a line.

    Raises ProofFailed, after a report was written, and ScratchUnavailable where there must be a proof.
    """
    from querynl.proof import prove

    app = current_app()
    if wish.insists is False:
        return _unproved("--no-verify was given.")
    comparison = proposal.comparison
    try:
        with open_throwaway(comparison.dialect.name, wish.scratch_url) as scratch:
            try:
                proof = prove(comparison.before, proposal.after, plan, scratch)
            except ProofFailed as failure:
                _report(proposal, plan, failure, scratch, anonymous=wish.anonymous)
                raise
    except ScratchUnavailable as error:
        if wish.insists:
            raise
        return _unproved(str(error))
    app.say(str(proof))
    if proof.absent:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(proof.absent.items()))
        app.say(f"Note: the proof was made without what is not managed: {kinds}.")
    for table in proof.unseeded:
        app.detail(f"{table} was proved without rows.")
    return Evidence(proof=proof)


def say_drift(plan: Plan, comparison: Comparison, target: Target, scratch_url: str | None) -> None:
    """Say on standard error how the database differs, in what the plan touches, from the schema that it starts from.

    While migrations are pending there the database is not expected to be in that state.
    """
    from querynl.connections import look_into
    from querynl.histories import without_histories
    from querynl.proof import drift, listed
    from querynl.registry import get_migrations

    app = current_app()
    records = get_migrations(target.name, store=app.settings.registry.url)
    if any(record.status != "applied" for record in records):
        return
    with look_into(target) as connection:
        live, _ = without_histories(comparison.dialect.inspect(connection))
    if live == comparison.before:
        return
    with open_throwaway(comparison.dialect.name, scratch_url) as scratch:
        found = drift(live, comparison.before, plan, scratch)
    if found:
        app.say(f"Note: {target.name} is not as the migration expects it: {listed(found)}.")


def _unproved(reason: str) -> Evidence:
    current_app().say(f"not proved: {reason}")
    return Evidence(reason=reason)


# --------------------------------------------------------------------------------------------- report


def _report(proposal: Proposal, plan: Plan, failure: ProofFailed, scratch: Scratch, *, anonymous: bool) -> None:
    """Write what a person can send to us, name the file in the failure, and print it where nobody is at a terminal."""
    from querynl.config import cache_folder
    from querynl.connections.private import write_private
    from querynl.proof.excerpt import Excerpt
    from querynl.proof.failing import Failing, Search
    from querynl.proof.report import report_on
    from querynl.sources.renames import with_renames

    app = current_app()
    app.say("The migration fails its proof. Looking for the least that shows it …")
    comparison = proposal.comparison
    declared = with_renames(proposal.after, _renames_of(proposal))
    search = Search(planner=partial(_planned, proposal), scratch=scratch)
    failing = Failing(schemas=Excerpt(comparison.before, declared), plan=plan, failure=failure)
    failing = search.least(failing, seconds=_REDUCING_SECONDS)
    if anonymous:
        failing = search.disguised(failing)
    text = report_on(failing, scratch.origin)
    file = cache_folder() / "reports" / f"proof-{hashlib.sha256(text.encode()).hexdigest()[:12]}.md"
    write_private(file, text)
    failure.remedy = f"{failure.remedy} A report is in {file}."
    if not app.interactive:  # the file may be gone with the machine
        app.say(text)


def _planned(proposal: Proposal, pair: Excerpt, disguise: Disguise | None) -> Plan:
    """The plan between other schemas, with the answers to the first ones; the schemas themselves say the renames."""
    from querynl.generation import propose

    answers = replace(proposal.answers, renamings=())
    if disguise is not None:
        backfills = {disguise.ref(ref): disguise.sql(sql) for ref, sql in answers.backfills.items()}
        conversions = {disguise.ref(ref): disguise.sql(sql) for ref, sql in answers.conversions.items()}
        answers = replace(answers, backfills=backfills, conversions=conversions)
    comparison = replace(proposal.comparison, before=pair.before, after=pair.after)
    return propose(comparison, answers).plan()


def _renames_of(proposal: Proposal) -> DeclaredRenames:
    """The renames that the schema after declares, and those that a person answered."""
    from querynl.schema import Kind
    from querynl.sources.renames import renames_of

    renames = renames_of(proposal.comparison.after)
    answered = proposal.answers.renamings
    tables = {(r.ref.namespace, r.ref.name): r.to for r in answered if r.ref.kind is Kind.TABLE}
    for ref, to in ((renaming.ref, renaming.to) for renaming in answered):
        table = None if ref.table is None else tables.get((ref.namespace, ref.table), ref.table)
        renames[ref._replace(name=to, table=table)] = ref.name
    return renames
