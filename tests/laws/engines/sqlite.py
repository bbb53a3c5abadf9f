"""What SQLite has: https://www.sqlite.org/lang.html."""

from __future__ import annotations

from collections.abc import Hashable

from hypothesis import strategies as st

from tests.laws.engines.drawing import Type, one, some
from tests.laws.sketch import LINES, Element, Place, Sketch, Stage, Vocabulary

TYPES = (
    Type("INTEGER", "number", ("0", "42", "-1", "(1 + 1)")),
    Type("INT", "number"),
    Type("REAL", "number", ("2.5", "1e3")),
    Type("TEXT", "text", ("'x'", "'it''s'", "''", '"y"', "CURRENT_TIMESTAMP", "NULL")),
    Type("BLOB", "", ("x'00ff'",)),
)
# Beyond what a STRICT table takes.
LOOSE_TYPES = (
    *TYPES,
    Type("", "", ("1",)),
    Type("VARCHAR(20)", "text", ("'x'",)),
    Type("NUMERIC(10, 2)", "number", ("1.50",)),
    Type("BOOLEAN", "number", ("TRUE", "0")),
    Type("unsigned big int", "number"),
    Type("datetime", "", ("(datetime('now'))",)),
)
_CONFLICT = ("", "", "", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE")


def table(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    strict = one(draw, "", " STRICT")
    text = f"CREATE TABLE «{place.key}» (\n  {LINES}\n){strict}"
    return Element(place.key, "table", text, provides=frozenset({"strict" if strict else "loose", "rowid"}))


def table_without_rowid(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    strict = one(draw, "", ", STRICT")
    text = f'CREATE TABLE «{place.key}» (\n  "row id" INTEGER PRIMARY KEY,\n  {LINES}\n) WITHOUT ROWID{strict}'
    return Element(place.key, "table without rowid", text, provides=frozenset({"strict" if strict else "loose"}))


def virtual_table(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    module = one(
        draw,
        'fts5(title, "body x")',
        "fts5(title, tokenize = 'porter')",
        "fts5(title, content='')",
        "rtree(id, low, high)",
        "rtree_i32(id, low, high, +label TEXT)",
    )
    return Element(place.key, "virtual table", f"CREATE VIRTUAL TABLE «{place.key}» USING {module}")


def column(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    is_strict = "strict" in sketch.elements[place.holder or ""].provides
    of = one(draw, *(TYPES if is_strict else LOOSE_TYPES))
    default = one(draw, "", *(f" DEFAULT {text}" for text in of.defaults))
    required = one(draw, "", "", f" NOT NULL{one(draw, *_CONFLICT)}")
    collation = one(draw, "", "", " COLLATE NOCASE", " COLLATE rtrim") if of.classes == "text" else ""
    # Constraints that stand with their column.
    own = one(
        draw, "", "", "", "", " UNIQUE", f" CHECK («{place.key}» IS NULL OR 1)", f" CONSTRAINT «{place.key}» NOT NULL"
    )
    if "NOT NULL" in own and required:
        own = ""
    text = f"«{place.key}» {of.sql}{required}{default}{collation}{own}"
    provides = frozenset({"column", *of.classes.split()})
    demands = frozenset() if of in TYPES else frozenset({f"{place.holder}:loose"})
    return Element(place.key, "column", text, holder=place.holder, inline=True, provides=provides, demands=demands)


def counting(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """A column that is the number of the row."""
    text = f"«{place.key}» INTEGER PRIMARY KEY{one(draw, '', ' AUTOINCREMENT', ' ON CONFLICT REPLACE')}"
    provides = frozenset({"column", "number", "referable"})
    alone = f"key of {place.holder}"
    return Element(place.key, "counting", text, place.holder, inline=True, provides=provides, place=alone)


def generated(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    numbers, texts = (sketch.that_are(of, place.holder) for of in ("number", "text"))
    if not numbers and not texts:
        return None
    way = one(draw, " STORED", " VIRTUAL", "")
    texts = [f"«{key}:number» * 2 + 1" for key in numbers] + [f"lower(«{key}:text») || 'it''s'" for key in texts]
    of, full = one(draw, "INTEGER", "TEXT"), one(draw, "", " GENERATED ALWAYS")
    line = f"«{place.key}» {of}{full} AS ({one(draw, *texts)}){way}"
    return Element(place.key, "generated", line, place.holder, inline=True, provides=frozenset({"computed"}))


# ---------------------------------------------------------------------------------------- constraints


def _columns(draw: st.DrawFn, sketch: Sketch, place: Place) -> list[str]:
    return some(draw, [f"«{key}:column»" for key in sketch.that_are("column", place.holder)], 2)


def _named(draw: st.DrawFn, place: Place) -> str:
    return one(draw, f"CONSTRAINT «{place.key}» ", "")


def primary_key(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    columns = _columns(draw, sketch, place)
    if not columns:
        return None
    columns[0] += one(draw, "", "", " COLLATE NOCASE", " DESC")
    # One that differs from that of a unique constraint on the same columns would be refused.
    text = f"{_named(draw, place)}PRIMARY KEY ({', '.join(columns)})"
    return Element(place.key, "primary key", text, place.holder, inline=True, place=f"key of {place.holder}")


def unique(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    columns = _columns(draw, sketch, place)
    if not columns:
        return None
    text = f"{_named(draw, place)}UNIQUE ({', '.join(columns)}){one(draw, *_CONFLICT)}"
    provides = frozenset({f"on {columns[0][1:-1]}"} if len(columns) == 1 and "COLLATE" not in text else ())
    return Element(place.key, "unique", text, holder=place.holder, inline=True, provides=provides)


def check(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    texts = [f"«{key}:number» > -100" for key in sketch.that_are("number", place.holder)]
    texts += [
        f"«{key}:text» <> 'it''s' AND length(«{key}:text») < 500" for key in sketch.that_are("text", place.holder)
    ]
    texts += [f"«{key}:column» IS NULL OR 1" for key in sketch.that_are("column", place.holder)]
    if not texts:
        return None
    line = f"{_named(draw, place)}CHECK ({one(draw, *texts)}){one(draw, '', '', ' ON CONFLICT ABORT')}"
    return Element(place.key, "check", line, holder=place.holder, inline=True)


def foreign_key(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    keys = [(element, f"«{element.key}:referable»", "") for element in sketch.of("counting")]
    for element in sketch.of("unique"):
        keys += [(element, f"«{offer[3:]}»", offer) for offer in sorted(element.provides) if offer.startswith("on ")]
    columns = [f"«{key}:column»" for key in sketch.that_are("column", place.holder)]
    if not keys or not columns:
        return None
    key, target, offer = draw(st.sampled_from(keys))
    actions = one(draw, "", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE", " ON DELETE RESTRICT")
    timing = one(draw, "", "", " DEFERRABLE INITIALLY DEFERRED", " NOT DEFERRABLE")
    own = f"{_named(draw, place)}FOREIGN KEY ({one(draw, *columns)})"
    line = f"{own} REFERENCES «{key.holder}» ({target}){actions}{timing}"
    demands = frozenset({f"{key.key}:{offer}"} if offer else ())
    return Element(place.key, "foreign key", line, holder=place.holder, inline=True, demands=demands)


def index(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    def on(of: str, *templates: str) -> list[str]:
        return [t.replace("{}", f"«{key}:{of}»") for key in sketch.that_are(of, place.holder) for t in templates]

    texts = on("column", "({})", "({} DESC)") + on("computed", "({})", "(abs({}) DESC, {})")
    texts += on("text", "(lower({}))", "({} COLLATE NOCASE)") + on("number", "({} + 1, {})")
    if not texts:
        return None
    where = one(draw, "", "", *on("column", " WHERE {} IS NOT NULL"), *on("number", " WHERE {} > 0"))
    start = one(draw, "INDEX", "UNIQUE INDEX")
    text = f"CREATE {start} «{place.key}» ON «{place.holder}» {one(draw, *texts)}{where}"
    return Element(place.key, "index", text, holder=place.holder)


# -------------------------------------------------------------------------------- upon the tables


def view(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    found = [f'SELECT "one" FROM «{key}:seen»' for key in sketch.that_are("seen")]
    for holder in sketch.of("table", "table without rowid"):
        for key in sketch.that_are("column", holder.key):
            found.append(f'SELECT «{key}» AS "one" FROM «{holder.key}»')
            found.append(f'SELECT a.«{key}» AS "one", count(*) FROM «{holder.key}» AS a GROUP BY 1 -- it\'s\n')
            found.append(f'WITH c AS (SELECT «{key}» AS "one" FROM «{holder.key}») SELECT "one" FROM c UNION SELECT 1')
    if not found:
        return None
    columns = one(draw, "", "", ' ("one")')
    query = one(draw, *found)
    if "count(" in query:
        columns = columns.replace(")", ', "t wo")')
    text = f"CREATE VIEW «{place.key}»{columns} AS {query}"
    return Element(place.key, "view", text, provides=frozenset({"seen"}))


def trigger(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    columns = [f"UPDATE OF «{key}:column»" for key in sketch.that_are("column", place.holder)]
    moment, event = one(draw, "BEFORE", "AFTER"), one(draw, "INSERT", "DELETE", *columns)
    when = one(draw, "", " WHEN 1 > 0")
    row = "OLD" if event == "DELETE" else "NEW"
    named = [f"SELECT {row}.«{key}:column»;" for key in sketch.that_are("column", place.holder)]
    body = one(draw, "SELECT 1;", "SELECT 'it''s; END'; SELECT 2;", *named)
    text = f"CREATE TRIGGER «{place.key}» {moment} {event} ON «{place.holder}»{when} BEGIN {body} END"
    return Element(place.key, "trigger", text, holder=place.holder)


def view_trigger(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    event = one(draw, "INSERT", "DELETE", "UPDATE", 'UPDATE OF "one"')
    text = f"CREATE TRIGGER «{place.key}» INSTEAD OF {event} ON «{place.holder}» BEGIN SELECT 1; END"
    return Element(place.key, "view trigger", text, holder=place.holder)


# ---------------------------------------------------------------------------------------------- names


def _space(element: Element, sketch: Sketch) -> Hashable:
    match element.kind:
        case "table" | "table without rowid" | "virtual table" | "view" | "index":
            return "relation"
        case "column" | "counting" | "generated":
            return ("column", element.holder)
        case "primary key" | "unique" | "check" | "foreign key":
            return ("constraint", element.holder)
        case _:
            return "trigger"


TABLES = ("table", "table without rowid")

VOCABULARY = Vocabulary(
    stages=(
        Stage("table", table, most=3),
        Stage("table without rowid", table_without_rowid),
        Stage("virtual table", virtual_table),
        Stage("column", column, most=5, least=1, per=TABLES),
        Stage("counting", counting, per=("table",)),
        Stage("generated", generated, per=TABLES),
        Stage("primary key", primary_key, per=("table",)),
        Stage("unique", unique, per=TABLES),
        Stage("check", check, most=2, per=TABLES),
        Stage("foreign key", foreign_key, most=2, per=TABLES),
        Stage("index", index, most=3, per=TABLES),
        Stage("view", view, most=3),
        Stage("trigger", trigger, most=2, per=TABLES),
        Stage("view trigger", view_trigger, per=("view",)),
    ),
    renamed=frozenset({"table", "table without rowid", "virtual table", "column", "counting", "generated"}),
    space=_space,
    folded=str.lower,
)
