"""The difference of two schemas, as operations.

Both schemas are in one engine's own terms (see `Dialect.localise`), so that equal means equal. A rename
is made only where it was declared; a drop beside an alike addition is reported as a question.
"""

from __future__ import annotations

from querynl.diff.difference import Difference, diff
from querynl.diff.questions import Question
from querynl.diff.renames import Renaming

__all__ = [
    "Difference",
    "Question",
    "Renaming",
    "diff",
]
