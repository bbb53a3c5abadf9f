"""Values of every built-in type, as SQL: plain ones, and those that tell what the type can hold.

No value is known to suit every engine that has a type of that name: whoever writes a row tries another where one is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

Plain = Callable[[int], str]

# Longer texts find nothing more.
_LONGEST = 300

_PARTS = re.compile(r"([a-z][a-z_\d ]*)\s*(?:\((.*?)\))?(.*)", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_LARGEST = {"tinyint": 127, "smallint": 2**15 - 1, "mediumint": 2**23 - 1, "int": 2**31 - 1, "integer": 2**31 - 1}
_LARGEST |= {"bigint": 2**63 - 1}


class Spelling(NamedTuple):
    """How an engine writes values: texts, and whether points and the like are those of the standard."""

    literal: Callable[[str], str]
    has_standard_shapes: bool


class Values(NamedTuple):
    """SQL of the values at the edge of a type and of the odd ones, and of a plain one for each number.

    Plain values of two numbers differ where the type has as many.
    """

    telling: Sequence[str]
    plain: Plain


class Written(NamedTuple):
    """A type as it is written: the words of its name, the numbers in its parentheses, and all of it."""

    word: str
    sizes: Sequence[int]
    text: str


def values_of(column_type: str, spelling: Spelling) -> Values | None:
    """Values of a built-in type; None for one that is not known."""
    text = " ".join(column_type.split())
    match = _PARTS.fullmatch(text.lower())
    if match is None:
        return None
    sizes = [int(size) for size in re.findall(r"\d+", match[2] or "")]
    written = Written(match[1].strip(), sizes, text)
    return next((make(written, spelling) for words, make in _MAKERS if words.search(written.word)), None)


Maker = Callable[[Written, Spelling], Values]


def chosen(labels: Sequence[str], spelling: Spelling) -> Values:
    """Every one of some labels."""
    return Values(
        list(map(spelling.literal, labels[1:])), lambda number: spelling.literal(labels[number % len(labels)])
    )


def _labels(written: Written, spelling: Spelling) -> Values:
    return chosen([label.replace("''", "'") for label in _QUOTED.findall(written.text)] or ["1"], spelling)


def _whole(written: Written, spelling: Spelling) -> Values:
    largest = _LARGEST.get(written.word.split(maxsplit=1)[0])
    if largest is None or written.sizes == [1]:  # of a tinyint(1) people think as of a boolean
        return Values([], _counted("{}"))
    least, most = (0, 2 * largest + 1) if "unsigned" in written.text.lower() else (-largest - 1, largest)
    return Values([f"'{number}'" for number in dict.fromkeys((most, least, 0))], _counted("{}"))


def _exact(written: Written, spelling: Spelling) -> Values:
    digits, scale = (*written.sizes, 0, 0)[:2]
    if not digits:
        return Values(["'12345678901234567890.0123456789'", "'-0.5'"], _counted("{}"))
    edge = "9" * (digits - scale) + ("." + "9" * scale if scale else "")
    least = ["'0." + "0" * (scale - 1) + "1'"] if scale else ["'0'"]
    # Some engine keeps more digits than a float has only as an integer.
    edges = [f"'{edge}'", f"'-{edge}'"] if digits < 19 else []
    return Values([*edges, *least], lambda number: f"'{number % 9 + 1}'" if digits > scale else f"'0.{number % 9 + 1}'")


def _float(written: Written, spelling: Spelling) -> Values:
    if written.word in ("real", "double precision"):
        return Values(["'NaN'", "'Infinity'", "'-Infinity'"], _counted("{}.5"))
    large = "1.5e38" if written.word.startswith("float") else "1.5e308"
    return Values([f"'{large}'", f"'-{large}'", "'1.5e-30'"], _counted("{}.5"))


def _text(written: Written, spelling: Spelling) -> Values:
    word, sizes = written.word, written.sizes
    longest = min(sizes[0] if sizes else 1 if word in ("char", "character", "nchar") else _LONGEST, _LONGEST)
    if word in ("character varying", "varchar") and not sizes:
        longest = 30
    odd = ("it's ünï 😀", "x" * longest, "", 'a "quoted" \\ 100 %\n')
    return Values(
        [spelling.literal(text) for text in odd if len(text) <= longest],
        lambda number: spelling.literal(str(number + 1)[:longest]),
    )


def _bytes(written: Written, spelling: Spelling) -> Values:
    if written.word == "bytea":
        return Values(["'\\x00ff27'", "''"], _counted("\\x0{}"))
    return Values(["X'00FF27'", "X''"], lambda number: f"X'0{number % 9 + 1}'")


def _bits(written: Written, spelling: Spelling) -> Values:
    width = written.sizes[0] if written.sizes else 8 if "varying" in written.word else 1
    return Values([f"B'{'1' * width}'"], lambda number: f"B'{number % 2**width:0{width}b}'")


def _fixed(*telling: str, plain: str) -> Maker:
    """These values, and the plain one with the number in the place of {}."""
    return lambda written, spelling: Values([f"'{text}'" for text in telling], _counted(plain))


def _range(written: Written, spelling: Spelling) -> Values:
    """Plain ranges do not overlap, which exclusion constraints commonly demand."""
    moments = written.word.startswith(("ts", "date"))
    form = "[2020-01-{:02d},2020-01-{:02d})" if moments else "[{},{})"
    many = "multirange" in written.word

    def plain(number: int) -> str:
        one = form.format(3 * number + 1, 3 * number + 3)
        return f"'{{{one}}}'" if many else f"'{one}'"

    return Values(["'{}'", "'{(,)}'"] if many else ["'empty'", "'(,)'"], plain)


_SHAPES = {
    "linestring": "LINESTRING(0 0, {0} 1)",
    "polygon": "POLYGON((0 0, {0} 0, 1 1, 0 0))",
    "multipoint": "MULTIPOINT(0 0, {0} 1)",
    "multilinestring": "MULTILINESTRING((0 0, {0} 1))",
    "multipolygon": "MULTIPOLYGON(((0 0, {0} 0, 1 1, 0 0)))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT({0} 1))",
    "geomcollection": "GEOMETRYCOLLECTION(POINT({0} 1))",
}
_FIGURES = {
    "point": "({0},2)",
    "line": "{{{0},2,3}}",
    "lseg": "[(0,0),({0},1)]",
    "box": "({0},1),(0,0)",
    "path": "[(0,0),({0},1)]",
    "polygon": "((0,0),({0},1),(1,0))",
    "circle": "<(0,0),{0}>",
}


def _geometry(written: Written, spelling: Spelling) -> Values:
    shape = _SHAPES.get(written.word, "POINT({0} 2)")
    figure = _FIGURES.get(written.word)
    if figure is None or spelling.has_standard_shapes:
        return Values([], lambda number: f"ST_GeomFromText('{shape.format(number + 1)}')")
    return Values([], _counted(figure))


def _vector(written: Written, spelling: Spelling) -> Values:
    parts = ",".join(["1"] * (written.sizes[0] if written.sizes else 1))
    return Values([f"VEC_FromText('[{parts}]')"], lambda number: f"STRING_TO_VECTOR('[{parts}]')")


def _counted(form: str) -> Plain:
    return lambda number: f"'{form.format(number % 9 + 1)}'"


# The first whose pattern is in the name of the type makes its values.
_MAKERS: tuple[tuple[re.Pattern[str], Maker], ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"^(enum|set)$", _labels),
        (r"range$", _range),
        (r"^interval", _fixed("-1 year 2 mons 03:04:05", "0", plain="{} days")),
        (r"^(multi)?(point|line|lseg|box|path|polygon|circle|geom)", _geometry),
        (r"^vector", _vector),
        (r"int|serial|^oid", _whole),
        (r"bool", lambda written, spelling: Values(["'1'"], lambda number: f"'{number % 2}'")),
        (r"dec|numeric|money|number|^fixed", _exact),
        (r"real|float|double", _float),
        (r"^bit", _bits),
        (r"blob|binary|bytea", _bytes),
        (r"json", _fixed('[1, "two", null]', '"ü"', plain='{{"n": {}}}')),
        (r"char|text|clob|string|^name$", _text),
        (
            r"timestamp|datetime",
            _fixed(
                "9999-12-30 23:59:59", "1970-01-02 00:00:01", "2020-02-29 12:00:00.123456", plain="2020-01-0{} 12:00:00"
            ),
        ),
        (r"^date", _fixed("9999-12-31", "1000-01-02", "2020-02-29", plain="2020-01-0{}")),
        (r"^time", _fixed("23:59:59", "00:00:00", plain="12:00:0{}")),
        (r"^year", _fixed("2155", "1901", plain="202{}")),
        (r"uuid", _fixed("ffffffff-ffff-ffff-ffff-ffffffffffff", plain="00000000-0000-0000-0000-00000000000{}")),
        (r"inet|cidr", _fixed("::1", "192.168.0.0/16", plain="10.0.0.{}")),
        (r"macaddr8", _fixed("ff:ff:ff:ff:ff:ff:ff:ff", plain="08:00:2b:01:02:03:04:0{}")),
        (r"macaddr", _fixed("ff:ff:ff:ff:ff:ff", plain="08:00:2b:01:02:0{}")),
        (r"tsvector|tsquery", _fixed("", plain="word{}")),
        (r"xml", _fixed('<n a="1">ü</n>', plain="<n>{}</n>")),
        (r"^hstore", _fixed("", plain="a=>{}")),
        (r"^ltree", _fixed("", plain="a.b{}")),
        (r"^pg_lsn", _fixed("0/0", plain="0/{}")),
    )
)
