"""SQL expressions as text: whether one is a single expression, and which names it holds."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlglot.tokenizer_core import Token
    from sqlglot.tokens import Tokenizer

# Our names of engines, and the parser's.
PARSERS = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", None: ""}

# What PostgreSQL makes operators of; only one that has some of the latter may end in plus or minus.
_SIGNS, _DISTINCT_SIGNS = frozenset("+-*/<>=~!@#%^&|`?"), frozenset("~!@#%^&|`?")
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@lru_cache(maxsize=8192)
def tokens(text: str, dialect: str | None) -> tuple[Token, ...]:
    """The tokens of SQL text; comments are attached to their neighbours, not tokens of their own."""
    return tuple(_tokenizer(dialect).tokenize(text))


@lru_cache
def _tokenizer(dialect: str | None) -> Tokenizer:
    """The dialect's tokenizer, to which the first word of an expression or a routine's body is no command.

    sqlglot's own takes all after a leading `replace` or `show` for one text.
    """
    from sqlglot import Dialect

    known = Dialect.get_or_raise(PARSERS[dialect])
    plain: type[Tokenizer] = type("Plain", (known.tokenizer_class,), {"COMMANDS": set()})
    return plain(dialect=known)


@lru_cache(maxsize=8192)
def fault_of(text: str, dialect: str | None, *, may_query: bool = False) -> str | None:
    """Why a text is not one expression of the dialect and nothing more, to go after a colon; None if it is.

    `may_query` lets it be a query between parentheses, as the value of an UPDATE may be.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = tokens(text, dialect)
        if not found:
            return "it is empty"
        if reason := _token_fault(found):
            return reason
        if dialect == "postgresql":
            text = _with_operators_that_parse(text, found)
        parsed = sqlglot.parse(f"SELECT ({text}\n)", read=PARSERS[dialect])
    except SqlglotError as error:
        reason = str(error).splitlines()[0].split(". Line")[0].rstrip(".")
        return reason[:1].lower() + reason[1:]
    except RecursionError:
        return "it is nested too deeply"
    statement = parsed[0]
    if len(parsed) != 1 or not isinstance(statement, exp.Select) or statement.args.get("from_"):
        return "it is more than an expression"
    inner = statement.expressions[0]
    inner = inner.this if isinstance(inner, exp.Paren) else inner
    if isinstance(inner, exp.Tuple | exp.Alias) or (isinstance(inner, exp.Subquery | exp.Query) and not may_query):
        return "it is a list, an alias or a query"
    return None


def _with_operators_that_parse(text: str, found: Sequence[Token]) -> str:
    """The text with a minus in the place of each operator that PostgreSQL takes for one, and the parser for several.

    https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-OPERATORS
    """
    signs = [token for token in found if _SIGNS.issuperset(text[token.start : token.end + 1])]
    starts = {token.start for token in signs}
    ends = {token.end + 1 for token in signs}
    pieces: list[str] = []
    position = 0
    for start in sorted(starts - ends):
        end = start + 1
        while end not in ends or end in starts:
            end += 1
        while end - start > 1 and text[end - 1] in "+-" and _DISTINCT_SIGNS.isdisjoint(text[start:end]):
            end -= 1
        if len([token for token in signs if start <= token.start < end]) > 1:
            pieces += [text[position:start], " - "]
            position = end
    return "".join([*pieces, text[position:]])


def _token_fault(found: tuple[Token, ...]) -> str | None:
    """What forbids tokens in an expression: semicolons, comments, brackets that close what was not opened."""
    open_brackets: list[str] = []
    for token in found:
        kind = token.token_type.name
        if token.comments:
            return "it holds a comment"
        if kind == "SEMICOLON":
            return "it holds a semicolon"
        if kind in ("L_PAREN", "L_BRACKET", "L_BRACE"):
            open_brackets.append(token.text)
        elif kind in ("R_PAREN", "R_BRACKET", "R_BRACE") and (
            not open_brackets or open_brackets.pop() != _BRACKETS[token.text]
        ):
            return "its brackets do not match"
    return "its brackets do not match" if open_brackets else None


def _may_hold(expression: str, name: str) -> bool:
    """Whether it is worth looking for the name; quotes inside quotes are written twice."""
    return name.lower() in expression.lower().replace('""', '"').replace("``", "`")


def mentions(expression: str, name: str, dialect: str) -> bool:
    """Whether the expression has the name as an identifier, quoted or not."""
    if not _may_hold(expression, name):
        return False
    return any(_is_name(token, name, dialect) for token in tokens(expression, dialect))


def rename_column(expression: str, before: str, after: str, dialect: str, quote: Callable[[str], str]) -> str:
    """The expression with one column replaced, by what `quote` makes of its new name.

    Functions, types, collations and key words that have the name are left alone.
    """
    if not _may_hold(expression, before):
        return expression
    pieces: list[str] = []
    position = 0
    for token in columns_among(tokens(expression, dialect)):
        if _is_name(token, before, dialect):
            pieces += [expression[position : token.start], quote(after)]
            position = token.end + 1
    return "".join([*pieces, expression[position:]])


# These say that a value comes next: the first wherever they stand, the second where they follow one.
_BEFORE_VALUES = frozenset(("AND", "OR", "IN", "IS", "LIKE", "WHEN", "THEN", "ELSE", "FROM", "FOR"))
_AFTER_VALUES = frozenset(
    (
        *("XOR", "ILIKE", "RLIKE", "REGEXP", "GLOB", "MATCH", "BETWEEN", "OVERLAPS", "DIV", "MOD"),
        *("ESCAPE", "PLACING", "TO", "OF", "ZONE"),
    )
)
# Before a value, these change nothing of whether one is expected.
_BESIDE_VALUES = frozenset(
    (
        *("NOT", "CASE", "DISTINCT", "SYMMETRIC", "INTERVAL", "BINARY", "ALL", "ANY", "SOME", "VARIADIC"),
        *("BOTH", "LEADING", "TRAILING"),
    )
)
# The first argument of these is a word for a unit or a type.
_WITH_UNIT = frozenset(("EXTRACT", "TIMESTAMPADD", "TIMESTAMPDIFF", "GET_FORMAT"))
_CLOSING = frozenset(("R_PAREN", "R_BRACKET"))


def columns_among(found: Sequence[Token]) -> Iterator[Token]:
    """The tokens that name columns, if they name anything: those that stand where a value is expected.

    What follows a value is a sign or a word, as in `a::date`, `cast(a as date)`, `case … end`, `interval a day`.
    """
    is_expected = True
    for previous, token, following in zip((None, *found), found, (*found[1:], None), strict=False):
        kind, word = token.token_type.name, token.text.upper()
        next_kind = "" if following is None else following.token_type.name
        is_bare = _is_bare(token)
        if kind == "DOT" or (next_kind == "DOT" and kind not in _CLOSING):
            continue  # what is behind stands for the whole, and is a part after a value: `(a).part`
        if is_bare and word in _BESIDE_VALUES and following is not None and _begins_value(following):
            continue
        if is_bare and (word in _BEFORE_VALUES or (word in _AFTER_VALUES and not is_expected)):
            is_expected = True
        elif is_bare or kind == "IDENTIFIER":
            is_other = next_kind == "L_PAREN" or (is_bare and (next_kind == "IDENTIFIER" or _is_literal(next_kind)))
            if is_expected and not is_other:
                yield token
            is_expected = False
        else:
            is_expected = _precedes_value(kind, previous, is_expected)


def _precedes_value(kind: str, previous: Token | None, was_expected: bool) -> bool:
    """Whether a value is expected after a sign or literal."""
    if previous is not None and kind == "R_PAREN":
        # What ends without a value is the name of an operator: `a OPERATOR(public.+) b`.
        return was_expected and previous.token_type.name != "L_PAREN"
    if previous is not None and kind == "L_PAREN":
        return previous.text.upper() not in _WITH_UNIT
    return not (_is_literal(kind) or kind in _CLOSING or kind == "DCOLON")


def _begins_value(token: Token) -> bool:
    kind, word = token.token_type.name, token.text.upper()
    is_word = _is_bare(token) and word not in _BEFORE_VALUES and word not in _AFTER_VALUES
    return is_word or _is_literal(kind) or kind in ("IDENTIFIER", "L_PAREN")


def _is_bare(token: Token) -> bool:
    """Whether it is a word that is not between quotes."""
    kind, first = token.token_type.name, token.text[:1]
    return kind != "IDENTIFIER" and not _is_literal(kind) and (first.isalpha() or first == "_")


def _is_literal(kind: str) -> bool:
    return kind.endswith("STRING") or kind in ("NUMBER", "NULL", "TRUE", "FALSE")


def _is_name(token: Token, name: str, dialect: str) -> bool:
    kind = token.token_type.name
    if kind == "IDENTIFIER":
        return token.text == name if dialect == "postgresql" else token.text.lower() == name.lower()
    if _is_literal(kind):
        return False
    return token.text.lower() == (name if dialect == "postgresql" else name.lower())
