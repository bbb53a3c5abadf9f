"""The words of SQL text, and expressions in one spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from querynl.dialects.expressions import columns_among, tokens
from querynl.dialects.sqlite.names import NEVER_NAMES, folded, in_expression, keywords, raised

_SIGNS = ("+", "-", "~")

# Keywords that stand before a bracket without calling a function.
_BEFORE_BRACKETS = keywords(
    """IN AND OR NOT BETWEEN LIKE GLOB REGEXP MATCH IS WHEN THEN ELSE CASE AS ESCAPE WHERE FROM SELECT EXISTS OVER
    FILTER BY VALUES DISTINCT ALL UNION EXCEPT INTERSECT COLLATE"""
)


class Word(NamedTuple):
    """A word or sign of SQL, and where it stands.

    `text` is without quotes where they make it a name; `keyword` is in capitals, and empty for what is quoted.
    """

    kind: Literal["plain", "name", "string", "sign"]
    text: str
    source: str
    keyword: str
    start: int
    end: int

    @property
    def may_name(self) -> bool:
        """Whether this can be the name of a column."""
        return self.kind == "name" or (self.kind == "plain" and self.keyword not in NEVER_NAMES)


def words(sql: str) -> list[Word]:
    """The words of a text, comments left out. Raises sqlglot's TokenError where quotes are not closed."""
    return [word for token in tokens(sql, "sqlite") for word in _words_of(token, sql)]


def _words_of(token: Any, sql: str) -> Iterator[Word]:  # sqlglot's Token is compiled, and has no types
    kind: str = token.token_type.name
    start: int = token.start
    end: int = token.end + 1
    source = sql[start:end]
    if kind == "IDENTIFIER":
        yield Word("name", token.text, source, "", start, end)
    elif kind == "STRING":
        yield Word("string", token.text, source, "", start, end)
    elif source[:1].isalnum() or source[:1] in "_$" or source[:1] > "\x7f":
        # Some of the tokenizer's keywords are two words.
        for part in source.split():
            at = start + source.index(part)
            yield Word("plain", part, part, raised(part), at, at + len(part))
    else:
        yield Word("sign", source, source, source, start, end)


@lru_cache(maxsize=4096)
def spelled_alike(expression: str) -> str:
    """The expression as `bare` spells it. Raises sqlglot's TokenError where quotes are not closed."""
    return bare(words(expression))


def bare(found: Sequence[Word]) -> str:
    """An expression with spaces in the usual places and without comments or brackets around all of it."""
    while len(found) > 2 and found[0].keyword == "(" and closing(found, 0) == len(found) - 1:
        found = found[1:-1]
    return joined(found)


def spelled_in_table(expression: str, table: str, columns: Sequence[str]) -> str:
    """The expression with the table's columns named in one way: without the table, quoted where they must be."""
    spelling = {folded(column): column for column in columns}
    found = _without_qualifier(words(expression), table)
    return _renamed(expression, found, lambda name: spelling.get(folded(name)))


def renamed(expression: str, before: str, after: str) -> str:
    """The expression with another name for a column."""
    return _renamed(expression, words(expression), lambda name: after if folded(name) == folded(before) else None)


def _without_qualifier(found: Sequence[Word], table: str) -> list[Word]:
    kept: list[Word] = []
    skipped = False
    for word, following in zip(found, [*found[1:], None], strict=True):
        if skipped:
            skipped = False
        elif following is not None and following.keyword == "." and folded(word.text) == folded(table):
            skipped = True
        else:
            kept.append(word)
    return kept


def _renamed(expression: str, found: Sequence[Word], rename: Callable[[str], str | None]) -> str:
    columns = {token.start for token in columns_among(tokens(expression, "sqlite"))}
    spelled: list[Word] = []
    for word in found:
        new = rename(word.text) if word.may_name and word.start in columns else None
        spelled.append(word if new is None else word._replace(kind="name", source=in_expression(new)))
    return joined(spelled)


def joined(found: Sequence[Word]) -> str:
    """The words as text, with spaces in the usual places."""
    pieces: list[str] = []
    for number, word in enumerate(found):
        if number and _apart(found, number):
            pieces.append(" ")
        pieces.append(word.source)
    return "".join(pieces)


def _apart(found: Sequence[Word], number: int) -> bool:
    """Whether a space stands before the word of that number."""
    before, word = found[number - 1], found[number]
    if before.source in ("(", ".") or word.source in (")", ",", "."):
        return False
    if word.source == "(":
        return before.kind in ("sign", "string") or before.keyword in _BEFORE_BRACKETS
    if before.kind == "sign" and word.kind == "sign":
        return before.end != word.start or before.source in (")", ",")
    if before.source in _SIGNS and word.kind != "sign":
        return not _begins_operand(found, number - 1)
    return True


def _begins_operand(found: Sequence[Word], number: int) -> bool:
    """Whether a sign belongs to what follows alone, as in `-1`."""
    if number == 0:
        return True
    before = found[number - 1]
    if before.kind == "sign":
        return before.source != ")"
    return before.kind == "plain" and before.keyword in _BEFORE_BRACKETS


def closing(found: Sequence[Word], opening: int) -> int:
    """The number of the bracket that closes the one at `opening`."""
    depth = 0
    for number in range(opening, len(found)):
        depth += (found[number].keyword == "(") - (found[number].keyword == ")")
        if depth == 0:
            return number
    return len(found)


def split_at_commas(found: Sequence[Word]) -> list[list[Word]]:
    """The words between commas that stand in no bracket."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in found:
        depth += (word.keyword == "(") - (word.keyword == ")")
        if depth == 0 and word.keyword == ",":
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]
