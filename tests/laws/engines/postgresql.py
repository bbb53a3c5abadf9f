"""What PostgreSQL has: https://www.postgresql.org/docs/current/sql-commands.html."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import replace

from hypothesis import strategies as st

from tests.laws.engines.drawing import Type, chance, home, one, some
from tests.laws.engines.postgresql_definitions import (
    cast,
    computed,
    dictionary,
    event_function,
    event_state,
    event_trigger,
    foreign_table,
    mapping,
    operator,
    publication,
    search_configuration,
    server,
    user_mapping,
    wrapper,
)
from tests.laws.engines.postgresql_dependents import (
    comment,
    materialised_view,
    owner,
    policy,
    row_security,
    rule,
    rule_state,
    statistics,
    statistics_target,
    trigger,
    trigger_state,
    view,
    view_index,
    view_trigger,
)
from tests.laws.engines.postgresql_groundwork import (
    aggregate,
    collated,
    collation,
    composite,
    domain,
    enum,
    range_type,
    routine,
    sequence,
    trigger_function,
)
from tests.laws.sketch import LINES, Element, Place, Sketch, Stage, Vocabulary

# Classes: what may be a key, be compared with a number or a text, have a collation.
TYPES = (
    Type("integer", "integer number key", ("0", "42", "-1", "(1 + 1)")),
    Type("bigint", "bigint number key", ("7",)),
    Type("smallint", "number key", ("1",)),
    Type("numeric(10,2)", "number key", ("1.50",)),
    Type("double precision", "float", ("2.5",)),
    Type("text", "text key", ("'x'", "'it''s'", "''", "CURRENT_USER")),
    Type("varchar(20)", "text key", ("'x'", "NULL")),
    Type("varchar(200)", "text key"),
    Type("char(5)", "key", ("'y'",)),
    Type("boolean", "boolean", ("TRUE", "false")),
    Type("date", "key", ("'2020-01-31'", "CURRENT_DATE")),
    Type("timestamptz", "moment", ("now()", "'2020-01-31 12:00:00+00'")),
    Type("timestamp(3)", "moment"),
    Type("interval", "", ("'1 day'",)),
    Type("uuid", "key", ("gen_random_uuid()",)),
    Type("jsonb", "json", ("'{}'",)),
    Type("bytea", "", ("'\\x00'",)),
    Type("integer[]", "array", ("'{}'", "ARRAY[1, 2]")),
    Type("text[]", "array"),
    Type("int4range", "range", ("'[1,5)'",)),
    Type("inet", ""),
    Type("tsvector", "words"),
    Type("bit(3)", "", ("B'101'",)),
)


def namespace(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    return Element(place.key, "namespace", f"CREATE SCHEMA «{place.key}»")


def extension(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    if sketch.of("extension"):
        return None
    name = one(draw, "citext", "pg_trgm", "btree_gist")
    return Element(place.key, "extension", f"CREATE EXTENSION {name}", provides=frozenset({name}))


# --------------------------------------------------------------------------------------------- tables

PLAIN = frozenset({"plain", "keyed"})


def table(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    persistence = one(draw, "", "", "", "UNLOGGED ")
    options = one(draw, "", "", " WITH (fillfactor=70)", " WITH (autovacuum_enabled=false, toast_tuple_target=256)")
    text = f"CREATE {persistence}TABLE «{place.key}» (\n  {LINES}\n){options}"
    provides = PLAIN if persistence else PLAIN | {"permanent"}
    return Element(place.key, "table", text, namespace=home(draw, sketch), provides=provides)


def heir(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    """A table that inherits from another."""
    parents = [e for e in sketch.of("table") if "UNLOGGED" not in e.sql]
    if not parents:
        return None
    parent = one(draw, *parents)
    text = f"CREATE TABLE «{place.key}» (\n  {LINES}\n) INHERITS («{parent.key}:plain»)"
    return Element(place.key, "heir", text, namespace=home(draw, sketch), provides=frozenset({"keyed", "permanent"}))


def partitioned(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    method, of = one(draw, ("RANGE", "integer"), ("LIST", "text"), ("HASH", "bigint"))
    text = f"CREATE TABLE «{place.key}» (\n  part {of} NOT NULL,\n  {LINES}\n) PARTITION BY {method} (part)"
    return Element(
        place.key,
        "partitioned",
        text,
        namespace=home(draw, sketch),
        provides=frozenset({method, "partitioned", "permanent"}),
    )


def partition(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    """One of the few partitions of a table that do not overlap; the last of a range or list takes what is left."""
    bounds = {
        "RANGE": ("FOR VALUES FROM (MINVALUE) TO (10)", "FOR VALUES FROM (10) TO (20)", "DEFAULT"),
        "LIST": ("FOR VALUES IN ('a', 'b')", "FOR VALUES IN ('c', 'it''s', NULL)", "DEFAULT"),
        "HASH": tuple(f"FOR VALUES WITH (modulus 3, remainder {n})" for n in range(3)),
    }
    assert place.holder is not None
    method = next(name for name in bounds if name in sketch.elements[place.holder].provides)
    taken = {e.sql.partition("»\n")[2] for e in sketch.of("partition", holder=place.holder) if e.key != place.key}
    free = [text for text in bounds[method] if text not in taken]
    if not free:
        return None
    bound = one(draw, *free)
    text = f"CREATE TABLE «{place.key}» PARTITION OF «{place.holder}:{method}»\n{bound}"
    return Element(place.key, "partition", text, place.holder, place=f"{bound} of {place.holder}")


def column(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    special = one(draw, "", "", "", "", "identity", "serial", "sequence", "own type", "collation")
    if special == "identity":
        way = one(draw, "BY DEFAULT", "ALWAYS")
        options = one(draw, "", "", " (START 10 INCREMENT 5)", " (MAXVALUE 1000 CACHE 5 CYCLE)")
        of_type = one(draw, "bigint", "integer")
        return _column(place, f"{of_type} GENERATED {way} AS IDENTITY{options}", f"counted key {of_type}")
    if special == "serial":
        of_type = one(draw, "serial", "bigserial")
        return _column(place, of_type, f"counted key {'integer' if of_type == 'serial' else 'bigint'}")
    if special == "sequence" and sketch.of("sequence"):
        key = one(draw, *sketch.of("sequence")).key
        return _column(place, f"bigint DEFAULT nextval('«{key}!»')", "bigint number key")
    if special == "own type" and (sketch.that_are("type") or sketch.that_are("citext")):
        return _column_of_own_type(draw, sketch, place)
    required = one(draw, "", "", " NOT NULL")
    if special == "collation":
        return _column(place, f"text {collated(draw, sketch)}{required}", "text key")
    of = one(draw, *TYPES[:2] * 4, *TYPES[5:7] * 2, *TYPES)  # what keys and checks are made of is wanted most
    default = one(draw, "", *(f" DEFAULT {text}" for text in of.defaults))
    storage = one(draw, "", "", "", " STORAGE EXTERNAL", " COMPRESSION pglz") if of.sql in ("text", "bytea") else ""
    return _column(place, f"{of.sql}{storage}{default}{required}", of.classes)


def _column(place: Place, text: str, classes: str) -> Element:
    provides = frozenset({"column", *classes.split()})
    return Element(place.key, "column", f"«{place.key}» {text}", holder=place.holder, inline=True, provides=provides)


def _column_of_own_type(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    key = one(draw, *sketch.that_are("type"), *sketch.that_are("citext"))
    of = sketch.elements[key]
    if of.kind == "extension":
        made = _column(place, f"citext{one(draw, '', ' NOT NULL')}", "key")
        return replace(made, demands=frozenset({f"{key}:citext"}))
    defaults = [f" DEFAULT {offer.partition('value')[2]}" for offer in sorted(of.provides) if offer.startswith("value")]
    default = one(draw, "", *defaults)
    text = f"«{key}:type»{one(draw, '', '', '[]') if not default else ''}"
    classes = " ".join({"key", "range"} & of.provides) if "[]" not in text else "array"
    made = _column(place, text + default, classes)
    if not default:
        return made
    return replace(made, demands=frozenset({f"{key}:value{default.removeprefix(' DEFAULT ')}"}))


def generated(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    numbers, texts = (sketch.that_are(of, place.holder) for of in ("number", "text"))
    ways = ["STORED"] + (["VIRTUAL"] if sketch.dialect.version >= (18,) else [])
    if numbers and chance(draw):
        text = f"bigint GENERATED ALWAYS AS («{one(draw, *numbers)}:number» * 2 + 1) {one(draw, *ways)}"
    elif texts:
        text = f"text GENERATED ALWAYS AS (lower(«{one(draw, *texts)}:text»::text)) {one(draw, *ways)}"
    else:
        return None
    return Element(place.key, "generated", f"«{place.key}» {text}", holder=place.holder, inline=True)


# ---------------------------------------------------------------------------------------- constraints


def _line(place: Place, kind: str, text: str) -> Element:
    return Element(place.key, kind, f"CONSTRAINT «{place.key}» {text}", holder=place.holder, inline=True)


def _key_line(place: Place, kind: str, text: str, columns: str, provides: frozenset[str]) -> Element:
    """Of two keys on the same columns the server keeps one."""
    names = re.sub(r":\w+»", "»", columns)
    return replace(_line(place, kind, text), provides=provides, place=f"{names} of {place.holder}")


def _timing(draw: st.DrawFn) -> str:
    return one(draw, "", "", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED")


def _key(draw: st.DrawFn, sketch: Sketch, place: Place) -> tuple[str, frozenset[str]] | None:
    """Columns in parentheses, and what they let foreign keys demand."""
    numbers = [f"«{key}:{of}»" for of in ("integer", "bigint") for key in sketch.that_are(of, place.holder)]
    others = [f"«{key}:key»" for key in sketch.that_are("key", place.holder)]
    if sketch.elements[place.holder or ""].kind == "partitioned":
        return f"(part, {one(draw, *numbers)})" if numbers and chance(draw) else "(part)", frozenset()
    if numbers and chance(draw):
        chosen = one(draw, *numbers)
        return f"({chosen})", frozenset({"referable", f"on {chosen[1:-1]}"})
    columns = some(draw, others, 3)
    return (f"({', '.join(columns)})", frozenset()) if columns else None


def primary_key(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    found = _key(draw, sketch, place)
    if found is None:
        return None
    timing = _timing(draw)
    provides = frozenset() if timing else found[1]
    text = f"PRIMARY KEY {found[0]}{_include(draw, sketch, place)}{timing}"
    return _key_line(place, "primary key", text, found[0], provides)


def unique(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    found = _key(draw, sketch, place)
    if found is None:
        return None
    timing, nulls = _timing(draw), one(draw, "", "", "", " NULLS NOT DISTINCT")
    options = one(draw, "", "", " WITH (fillfactor=80)")
    text = f"UNIQUE{nulls} {found[0]}{_include(draw, sketch, place)}{options}{timing}"
    return _key_line(place, "unique", text, found[0], frozenset() if timing else found[1])


def _include(draw: st.DrawFn, sketch: Sketch, place: Place) -> str:
    others = [f"«{key}:{of}»" for of in ("float", "boolean", "moment") for key in sketch.that_are(of, place.holder)]
    return one(draw, "", "", *(f" INCLUDE ({column})" for column in others))


def check(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    texts = [f"«{key}:number» > -100" for key in sketch.that_are("number", place.holder)]
    texts += [
        f"«{key}:text» <> 'it''s' AND length(«{key}:text») < 500" for key in sketch.that_are("text", place.holder)
    ]
    texts += [f"«{key}:number» IN (1, 2, 3, 42, 7)" for key in sketch.that_are("number", place.holder)]
    for called in sketch.that_are("of_integer"):
        texts += [f"«{called}:of_integer»(«{key}:integer») > 0" for key in sketch.that_are("integer", place.holder)]
    by_operator: dict[str, str] = {}
    for key in sketch.that_are("integer", place.holder):
        by_operator |= computed(sketch, f"«{key}:integer»")
    texts += by_operator
    if not texts:
        return None
    options = ["", "", " NO INHERIT" if sketch.elements[place.holder or ""].kind != "partitioned" else ""]
    if sketch.dialect.version >= (18,):
        options.append(" NOT ENFORCED")
    chosen = one(draw, *texts)
    demands = frozenset({by_operator[chosen]} if chosen in by_operator else ())
    text = f"CHECK ({chosen})"
    if one(draw, True, True, True, False):
        return replace(_line(place, "check", text + one(draw, *options)), demands=demands)
    added = f"ALTER TABLE «{place.holder}» ADD CONSTRAINT «{place.key}» {text} NOT VALID"
    return Element(place.key, "check", added, holder=place.holder, demands=demands)


def exclusion(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    texts = [f"EXCLUDE («{key}:key» WITH =)" for key in sketch.that_are("key", place.holder)]
    texts += [f"EXCLUDE USING gist («{key}:range» WITH &&)" for key in sketch.that_are("range", place.holder)]
    texts += [f"EXCLUDE USING hash («{key}:integer» WITH =)" for key in sketch.that_are("integer", place.holder)]
    if not texts:
        return None
    where = [f" WHERE («{key}:number» > 0)" for key in sketch.that_are("number", place.holder)]
    return _line(place, "exclusion", one(draw, *texts) + one(draw, "", "", *where) + _timing(draw))


def foreign_key(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    found = []
    for key in sketch.of("primary key", "unique"):
        for offer in sorted(key.provides - {"referable"}):
            token = offer.removeprefix("on ")
            of = token.partition(":")[2]
            own = sketch.that_are(of, place.holder)
            found += [(key, offer, f"«{name}:{of}»", f"«{token}»") for name in own]
    if not found:
        return None
    referred, offer, column, token = draw(st.sampled_from(found))
    actions = one(draw, "", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE", " ON DELETE RESTRICT")
    match, valid = one(draw, "", "", " MATCH FULL"), one(draw, "", "", "", " NOT VALID")
    if sketch.dialect.version >= (18,) and valid == "":
        valid = one(draw, "", "", "", " NOT ENFORCED")
    timing = "" if valid == " NOT ENFORCED" else _timing(draw)
    text = (
        f"ALTER TABLE «{place.holder}» ADD CONSTRAINT «{place.key}» FOREIGN KEY ({column})"
        f" REFERENCES «{referred.holder}:permanent» ({token}){match}{actions}{timing}{valid}"
    )
    made = Element(place.key, "foreign key", text, holder=place.holder, demands=frozenset({f"{referred.key}:{offer}"}))
    if sketch.elements[place.holder or ""].kind != "partitioned":
        return made
    # The server takes the one for the other on partitions, and refuses where one of two is not enforced.
    return replace(made, place=f"{column} of {place.holder} to {token}")


def index(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    def on(of: str, *templates: str) -> Iterator[str]:
        for key in sketch.that_are(of, place.holder):
            yield from (template.replace("{}", f"«{key}:{of}»") for template in templates)

    orders = ("({})", "({} DESC)", "({} DESC NULLS LAST)", "({} ASC NULLS FIRST)")
    collate = f"({{}} {collated(draw, sketch)})"
    texts = [*on("key", *orders), *on("moment", "USING brin ({})"), *on("json", "USING gin ({})")]
    texts += [*on("text", "(lower({}::text))", "({} text_pattern_ops)", collate, "USING hash ({})")]
    texts += [*on("array", "USING gin ({})"), *on("range", "USING gist ({})"), *on("words", "USING gin ({})")]
    texts += on("number", "(({} + 1), {} DESC)", "USING btree ({}) WITH (fillfactor=50)")
    for key in sketch.that_are("search_configuration"):
        texts += on("text", f"USING gin (to_tsvector('«{key}:search_configuration!»', {{}}::text))")
    if not texts:
        return None
    text, where = (
        one(draw, *texts),
        one(draw, "", "", *on("number", " WHERE {} > 0"), *on("text", " WHERE {} IS NOT NULL")),
    )
    if "WITH (" not in text and "USING" not in text:
        text += _include(draw, sketch, place)
    plain = "USING" not in text and sketch.elements[place.holder or ""].kind != "partitioned"
    start = one(draw, "INDEX", "UNIQUE INDEX") if plain else "INDEX"
    return Element(
        place.key, "index", f"CREATE {start} «{place.key}» ON «{place.holder}» {text}{where}", holder=place.holder
    )


# ---------------------------------------------------------------------------------------------- names

_RELATIONS = frozenset(
    {
        *("enum", "domain", "composite", "range type", "sequence", "table", "heir", "partitioned", "partition"),
        *("foreign table", "view", "materialised view", "view index"),
        *("primary key", "unique", "exclusion", "index"),
    }
)
_ROUTINES = frozenset({"routine", "aggregate", "trigger function", "event function"})
# Those of other kinds are apart in every namespace, or in what they belong to.
_APART = frozenset({"collation", "statistics", "dictionary", "text search configuration", "server", "event trigger"})
_UNNAMED = frozenset(
    {
        *("extension", "operator", "cast", "mapping", "user mapping", "owner", "row security", "comment"),
        *("trigger state", "rule state", "event state", "statistics target"),
    }
)


def _space(element: Element, sketch: Sketch) -> Hashable:
    if element.kind in _UNNAMED:
        return None
    if element.kind in ("column", "generated"):
        return ("column", _ancestor(element.holder, sketch))
    if element.kind in ("primary key", "unique", "exclusion", "check", "foreign key"):
        # Names of constraints are kept apart from those of relations in every namespace.
        return "relation"
    if element.kind in _RELATIONS:
        return "relation"
    if element.kind == "trigger":
        return "relation"  # a constraint trigger is a constraint too
    if element.kind in _ROUTINES:
        return "routine"
    if element.kind in _APART:
        return element.kind
    return (element.kind, element.holder)


def _ancestor(table: str | None, sketch: Sketch) -> str | None:
    """The table whose columns an heir has as well, or the table itself."""
    heir = sketch.elements.get(table or "")
    parent = re.search(r"INHERITS \(«(\w+):", heir.sql) if heir is not None else None
    return parent[1] if parent else table


TABLES = ("table", "heir", "partitioned")

VOCABULARY = Vocabulary(
    stages=(
        Stage("namespace", namespace),
        Stage("extension", extension),
        Stage("collation", collation, rare=True),
        Stage("enum", enum, most=2),
        Stage("domain", domain, most=2),
        Stage("composite", composite),
        Stage("range type", range_type, rare=True),
        Stage("sequence", sequence, most=2),
        Stage("routine", routine, most=2),
        Stage("aggregate", aggregate, rare=True),
        Stage("trigger function", trigger_function),
        Stage("operator", operator, rare=True),
        Stage("cast", cast, rare=True),
        Stage("dictionary", dictionary, rare=True),
        Stage("text search configuration", search_configuration, rare=True),
        Stage("mapping", mapping, per=("text search configuration",)),
        Stage("table", table, most=2),
        Stage("heir", heir),
        Stage("partitioned", partitioned),
        Stage("wrapper", wrapper, rare=True),
        Stage("server", server, per=("wrapper",)),
        Stage("user mapping", user_mapping, per=("server",)),
        Stage("foreign table", foreign_table, per=("server",)),
        Stage("column", column, most=4, least=1, per=TABLES),
        Stage("generated", generated, per=("partitioned", "table")),
        Stage("partition", partition, most=3, per=("partitioned",)),
        Stage("primary key", primary_key, per=TABLES),
        Stage("unique", unique, per=TABLES),
        Stage("check", check, most=2, per=TABLES),
        Stage("exclusion", exclusion, per=("table",)),
        Stage("foreign key", foreign_key, most=2, per=TABLES),
        Stage("index", index, most=2, per=TABLES),
        Stage("view", view, most=2),
        Stage("materialised view", materialised_view),
        Stage("view index", view_index, per=("materialised view",)),
        Stage("owner", owner, per=("sequence",)),
        Stage("trigger", trigger, per=TABLES),
        Stage("view trigger", view_trigger, per=("view",)),
        Stage("trigger state", trigger_state, per=("trigger",)),
        Stage("rule", rule, rare=True, per=(*TABLES, "view")),
        Stage("rule state", rule_state, per=("rule",)),
        Stage("statistics", statistics, rare=True, per=TABLES),
        Stage("statistics target", statistics_target, per=("statistics",)),
        Stage("publication", publication, rare=True),
        Stage("event function", event_function, rare=True),
        Stage("event trigger", event_trigger, per=("event function",)),
        Stage("event state", event_state, per=("event trigger",)),
        Stage("row security", row_security, per=("table",)),
        Stage("policy", policy, per=("table",)),
        Stage("comment", comment, most=8),
    ),
    renamed=frozenset(
        {
            *("enum", "domain", "composite", "sequence", "table", "heir", "partitioned", "partition"),
            *("foreign table", "view", "materialised view", "column", "generated", "index"),
        }
    ),
    space=_space,
    folded=lambda name: name,
)
