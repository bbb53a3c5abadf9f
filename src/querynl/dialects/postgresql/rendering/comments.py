"""COMMENT ON, for whatever kind of object."""

from __future__ import annotations

from querynl.dialects.postgresql.spelling import literal


def comment_on(kind: str, subject: str, text: str | None) -> str:
    """The statement that gives an object, named in SQL, its comment, or takes it away."""
    return f"COMMENT ON {kind} {subject} IS {'NULL' if text is None else literal(text)}"
