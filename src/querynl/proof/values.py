"""Values for columns of every type, as SQL: ordinary ones, and those at the edge of what the type holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_LARGEST = {"tinyint": 127, "smallint": 2**15 - 1, "mediumint": 2**23 - 1, "int": 2**31 - 1, "integer": 2**31 - 1}
_LARGEST |= {"bigint": 2**63 - 1}
# Longer texts find nothing more.
_LONGEST = 300

_PARTS = re.compile(r"([a-z][a-z_\d ]*)\s*(?:\((.*?)\))?(.*)", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^']|'')*)'")


def values(column_type: str, number: int, enums: dict[str, Sequence[str]]) -> list[str]:
    """SQL of values for the row of that number, the most telling first; none for a type that is not known.

    `enums` are the values of the enums that have names. Values of two numbers differ where the type has as many.
    """
    name = column_type.rsplit(".", maxsplit=1)[-1].strip('"')
    chosen = enums.get(column_type) or enums.get(name)
    if chosen:
        return [_quoted(chosen[number % len(chosen)].replace("'", "''"))]
    match = _PARTS.fullmatch(" ".join(column_type.lower().split()))
    if match is None:
        return []
    word, arguments, rest = match[1].strip(), match[2] or "", match[3]
    if "[" in rest or word.endswith("[]"):
        return ["'{}'"]
    if word in ("enum", "set"):
        found = _QUOTED.findall(column_type)
        return [_quoted(found[number % len(found)])] if found else []
    sizes = [int(size) for size in re.findall(r"\d+", arguments)]
    return next((make(word, sizes, number) for words, make in _MAKERS if words.search(word)), [])


def _whole(word: str, sizes: Sequence[int], number: int) -> list[str]:
    largest = _LARGEST.get(word.split(maxsplit=1)[0])
    # Of a tinyint(1) people think as of a boolean.
    edge = [f"'{largest - number}'"] if number == 1 and largest is not None and sizes != [1] else []
    return [*edge, f"'{number + 1}'"]


def _exact(word: str, sizes: Sequence[int], number: int) -> list[str]:
    digits, scale = (*sizes, 0, 0)[:2]
    if not digits:
        return [f"'{number + 1}.5'", f"'{number + 1}'"]
    edge = "9" * (digits - scale) + ("." + "9" * scale if scale else "")
    return [*([f"'{edge}'"] if number == 1 and digits < 19 else []), f"'{number + 1}'", f"'0.{number + 1}'"]


def _text(word: str, sizes: Sequence[int], number: int) -> list[str]:
    longest = min(sizes[0] if sizes else _LONGEST if "text" in word else 1 if word.startswith("char") else 30, _LONGEST)
    if word in ("character varying", "varchar") and not sizes:
        longest = 30
    plain = f"{number + 1} row"[:longest]
    fancy = [f"it's ünï {number + 1}", str(number + 1) + "x" * (longest - 1), f"{number + 1} row"][number % 3]
    address = f"row{number + 1}@example.com"
    return [_quoted(text.replace("'", "''")) for text in (fancy, plain, address) if len(text) <= longest]


def _bytes(word: str, sizes: Sequence[int], number: int) -> list[str]:
    return [f"'\\x0{number + 1}'"] if word == "bytea" else [f"X'0{number + 1}'"]


def _bits(word: str, sizes: Sequence[int], number: int) -> list[str]:
    width = sizes[0] if sizes else 1
    return [f"B'{number % 2**width:0{width}b}'"]


def _same(*texts: str) -> Callable[[str, Sequence[int], int], list[str]]:
    """Values of which each has the number in the place of {}."""
    return lambda word, sizes, number: [_quoted(text.format(number + 1)) for text in texts]


def _moment(word: str, sizes: Sequence[int], number: int) -> list[str]:
    edge = ["'2037-12-31 23:59:59'"] if number == 1 else []
    return [*edge, f"'2020-01-0{number + 1} 12:00:00'"]


def _day(word: str, sizes: Sequence[int], number: int) -> list[str]:
    return [*(["'9999-12-31'"] if number == 1 else []), f"'2020-01-0{number + 1}'"]


def _quoted(text: str) -> str:
    return f"'{text}'"


# The first whose pattern is in the name of the type makes the value.
_MAKERS: tuple[tuple[re.Pattern[str], Callable[[str, Sequence[int], int], list[str]]], ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"^(int4|int8|num|ts|tstz|date)(multi)?range", _same("empty")),
        (r"^interval", _same("{} days")),
        (r"^(point|lseg|box|path|polygon|circle|line)", _same()),
        (r"int|serial|^oid", _whole),
        (r"bool", lambda word, sizes, number: [f"'{number % 2}'"]),
        (r"dec|numeric|money|number", _exact),
        (r"real|float|double", _same("{}.5")),
        (r"^bit", _bits),
        (r"blob|binary|bytea", _bytes),
        (r"json", _same('{{"n": {}}}')),
        (r"char|text|clob|string", _text),
        (r"timestamp|datetime", _moment),
        (r"^date", _day),
        (r"^time", _same("12:00:0{}")),
        (r"^year", _same("202{}")),
        (r"uuid", _same("00000000-0000-0000-0000-00000000000{}")),
        (r"inet|cidr", _same("10.0.0.{}")),
        (r"macaddr8", _same("08:00:2b:01:02:03:04:0{}")),
        (r"macaddr", _same("08:00:2b:01:02:0{}")),
        (r"tsvector|tsquery", _same("word{}")),
        (r"xml", _same("<n>{}</n>")),
    )
)
