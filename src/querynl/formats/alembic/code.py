"""Python source: calls and literals, laid out as `ruff format` and `black` lay them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

LINE_LENGTH = 88
_INDENT = "    "


class Call(Struct, frozen=True):
    """A call of a function by its dotted name."""

    function: str
    arguments: tuple[Code, ...] = ()
    keywords: dict[str, Code] = {}


class Listing(Struct, frozen=True):
    """A list."""

    items: tuple[Code, ...]


class Dictionary(Struct, frozen=True):
    """A dictionary with texts for keys."""

    items: dict[str, Code]


# A string is source text as it stands, see `literal`.
Code = str | Call | Listing | Dictionary


class Block(Struct, frozen=True):
    """Statements under a header such as `with x:`."""

    header: str
    body: tuple[Line, ...]


Line = Code | Block


def call(function: str, *arguments: Code, **keywords: Code | None) -> Call:
    """The call; keywords that are None are left out."""
    return Call(function, arguments, {key: value for key, value in keywords.items() if value is not None})


def literal(value: str | int | float | bool | None) -> str:
    """The value as Python source that evaluates to it exactly, in double quotes unless they cost more escapes."""
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_escaped(char, quote) for char in value) + quote


def long_literal(text: str) -> str:
    """The text as Python source, over several lines where it has several."""
    if "\n" not in text:
        return literal(text)
    body = "".join(char if char == "\n" else _escaped(char, "") for char in text)
    return '"""' + _without_triple_quotes(body) + '"""'


def docstring(lines: Sequence[str]) -> str:
    """The lines as a docstring, whatever they hold; blanks at the end of a line are left out."""
    text = "\n".join(line.rstrip() for line in "\n".join(lines).splitlines())
    body = "".join(char if char == "\n" else _escaped(char, "") for char in text)
    return f'"""{_without_triple_quotes(body)}\n"""'


def _without_triple_quotes(body: str) -> str:
    """The text with no three double quotes in a row, and none at its end."""
    return re.sub(r'"(?="|\Z)', r"\"", body)


def _escaped(char: str, quote: str) -> str:
    if char in ("\\", quote):
        return "\\" + char
    return char if char.isprintable() else repr(char)[1:-1]


def names_of(texts: Sequence[str]) -> Listing:
    return Listing(tuple(map(literal, texts)))


def listing(*items: Code) -> Listing:
    return Listing(items)


def dictionary(items: Mapping[str, Code]) -> Dictionary:
    return Dictionary(dict(items))


# --------------------------------------------------------------------------------------------- layout


def source(lines: Sequence[Line], depth: int = 0) -> str:
    """The statements as source text, indented by `depth` steps, with a newline at the end."""
    indent = _INDENT * depth
    pieces: list[str] = []
    for line in lines:
        if isinstance(line, Block):
            pieces.append(f"{indent}{line.header}\n{source(line.body, depth + 1)}")
        else:
            pieces.append(f"{indent}{_laid_out(line, len(indent), len(indent))}\n")
    return "".join(pieces)


def functions_called(lines: Sequence[Line]) -> Iterator[str]:
    """The dotted name of every function that the statements call, those of `with` included."""
    for line in lines:
        if isinstance(line, Block):
            yield line.header.removeprefix("with ").partition("(")[0]
            yield from functions_called(line.body)
        elif isinstance(line, Call):
            yield line.function
            yield from functions_called([*line.arguments, *line.keywords.values()])
        elif isinstance(line, Listing):
            yield from functions_called(line.items)
        elif isinstance(line, Dictionary):
            yield from functions_called(list(line.items.values()))


def _laid_out(code: Code, indent: int, start: int, after: int = 0) -> str:
    """The code on one line if that fits from column `start` with `after` characters behind it, else an item a line."""
    flat = _flat(code)
    if isinstance(code, str) or "\n" in flat or start + len(flat) + after <= LINE_LENGTH:
        return flat
    inner = indent + len(_INDENT)
    opening, items, closing = _parts(code)
    if not items:
        return flat
    lines = [
        f"{' ' * inner}{prefix}{_laid_out(item, inner, inner + len(prefix), after=1)},\n" for prefix, item in items
    ]
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def _flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    opening, items, closing = _parts(code)
    return opening + ", ".join(prefix + _flat(item) for prefix, item in items) + closing


def _parts(code: Call | Listing | Dictionary) -> tuple[str, list[tuple[str, Code]], str]:
    """What opens the code, its items with what stands before each, and what closes it."""
    match code:
        case Call(function, arguments, keywords):
            items = [("", item) for item in arguments] + [(f"{key}=", item) for key, item in keywords.items()]
            return f"{function}(", items, ")"
        case Listing(items):
            return "[", [("", item) for item in items], "]"
        case Dictionary(items):
            return "{", [(f"{literal(key)}: ", item) for key, item in items.items()], "}"
