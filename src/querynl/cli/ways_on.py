"""What to do about a migration that does not stand as it should: one command for each state that `status` shows."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from querynl.runner import Known


def way_on(known: Known, connection: str, directory: str | None) -> tuple[str, str] | None:
    """A sentence, and the command that it ends in; None for a migration that stands as it should."""
    from querynl.runner import Status

    words = _words(known)
    if words is None:
        return None
    sentence, command = words
    where = ("-c", connection, *(("--dir", directory) if directory else ()))
    if known.status is Status.FAILED and known.entry is not None and known.entry.statements_done:
        sentence = "What ran of it stays. Correct the cause; then this goes on from there:"
    return sentence, shlex.join(("querynl", "migrate", *command, *where))


def _words(known: Known) -> tuple[str, tuple[str, ...]] | None:
    from querynl.runner import Status

    halfway_back = known.entry is not None and known.entry.direction == "down"
    if known.lacking:
        return "Check out the files from before it was squashed; then:", ("apply",)
    match known.status:
        case Status.PENDING:
            return "Apply it:", ("apply",)
        case Status.OUT_OF_ORDER:
            return "Others that come after it are applied. Apply it all the same:", ("apply", "--out-of-order")
        case Status.FAILED:
            return "Correct the cause; then:", ("apply",)
        case Status.PARTIALLY_APPLIED if halfway_back:
            return "Finish rolling it back:", ("rollback",)
        case Status.PARTIALLY_APPLIED:
            return "Its process ended in the middle. Go on from there:", ("apply",)
        case Status.ELSEWHERE:
            return "To take it into QueryNL's own history now:", ("repair", known.id, "--mark-applied")
        case Status.CHANGED:
            return "Restore the file as it was, or take it as it is now:", ("repair", known.id, "--mark-applied")
        case Status.MISSING:
            return "Write its file again, from what the history kept:", ("repair", known.id, "--restore-file")
        case Status.APPLIED:
            return None
