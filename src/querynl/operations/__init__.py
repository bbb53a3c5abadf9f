"""The operations a migration is made of: what each does to a schema, and what undoes it.

Five verbs say every change. An operation holds all that its inverse needs, so the way back is exact by
construction and never a second comparison.
"""

from __future__ import annotations

from querynl.operations.application import apply, changes_of
from querynl.operations.parts import parts_of
from querynl.operations.rewriting import Rewriting
from querynl.operations.state import Catalog, Changed, State
from querynl.operations.texts import names_in_texts, texts_of
from querynl.operations.verbs import (
    Change,
    Create,
    Drop,
    Operation,
    Rename,
    RunSQL,
    forgets_history,
    inverse,
    table_of,
    target,
)

__all__ = [
    "Catalog",
    "Change",
    "Changed",
    "Create",
    "Drop",
    "Operation",
    "Rename",
    "Rewriting",
    "RunSQL",
    "State",
    "apply",
    "changes_of",
    "forgets_history",
    "inverse",
    "names_in_texts",
    "parts_of",
    "table_of",
    "target",
    "texts_of",
]
