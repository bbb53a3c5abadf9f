"""What is said about a run that did not come to its end: what failed, what stands, and what to do now."""

from __future__ import annotations

import re
from collections.abc import Sequence

from querynl.dialects import Statement
from querynl.errors import StatementFailed
from querynl.ledger import Direction

_LONGEST_ERROR = 500
_LONGEST_STATEMENT = 300
_SECRET = re.compile(
    r"(?P<before>\b(?:password|identified\s+(?:(?:with|via)\s+\S+\s+)?(?:by|as|using))\b[\s=]*)"
    r"(?P<secret>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^\s'\"(),;]+(?=[^(]*'))",
    re.IGNORECASE,
)


def statement_text(statement: Statement) -> str:
    """The statement on one line, shortened, and without the passwords it may set."""
    text = _SECRET.sub(r"\g<before>***", " ".join(statement.sql.split()))
    return text if len(text) <= _LONGEST_STATEMENT else text[: _LONGEST_STATEMENT - 1] + "…"


def error_text(error: BaseException, statement: Statement | None) -> str:
    """The server's message, shortened, and without the passwords that the statement sets."""
    text = str(error)
    if isinstance(error, StatementFailed):
        text = f"{error.what} {error.remedy or ''}"
    for match in _SECRET.finditer(statement.sql if statement else ""):
        text = text.replace(match["secret"].strip("'\""), "***")
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"


def standing(done: int, total: int, at: int, *, rolled_back: bool, how: str) -> str:
    """What of the statements 1 to `total` stands in the database, when number `at` failed, or was cancelled."""
    if done == 0:
        return "Nothing of it remains." if rolled_back else "None of its statements is done."
    said = f"{_numbers(1, done)} ran and {'stays' if done == 1 else 'stay'}"
    if done < at - 1:
        said += f", {_numbers(done + 1, at - 1, plain=True)} ran and {'was' if done + 2 == at else 'were'} rolled back"
    said += f", {at} {how}"
    if at < total:
        said += f", {_numbers(at + 1, total, plain=True)} {'was' if at + 1 == total else 'were'} not tried"
    return said + "."


def way_on(direction: Direction, done: int, later: Sequence[str]) -> str:
    """What a person can do now."""
    again = {"up": "apply it again", "down": "roll it back again"}[direction]
    said = f"Correct the cause and {again}"
    said += f": it goes on with statement {done + 1}." if done else "."
    return said + (f" Not tried: {', '.join(later)}." if later else "")


def _numbers(first: int, last: int, *, plain: bool = False) -> str:
    if first == last:
        return f"{first}" if plain else f"Statement {first}"
    return f"{first} to {last}" if plain else f"Statements {first} to {last}"
