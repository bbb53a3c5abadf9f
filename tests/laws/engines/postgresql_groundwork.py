"""What tables of PostgreSQL are made of: collations, types, sequences, routines."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from tests.laws.engines.drawing import chance, enum_values, home, one, some
from tests.laws.sketch import Element, Place, Sketch


def collation(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    # One that columns are of is never made anew: mostly it stays as it is.
    options = [*["locale = 'C'"] * 5, "locale = 'POSIX'", "lc_collate = 'C', lc_ctype = 'POSIX'"]
    if sketch.dialect.version >= (17,):
        options.append("provider = builtin, locale = 'C.UTF-8'")
    text = f"CREATE COLLATION «{place.key}» ({one(draw, *options)})"
    return Element(place.key, "collation", text, namespace=home(draw, sketch), provides=frozenset({"collation"}))


def collated(draw: st.DrawFn, sketch: Sketch) -> str:
    """The clause that names a collation."""
    names = ['"C"', '"POSIX"', *(f"«{key}:collation»" for key in sketch.that_are("collation"))]
    return f"COLLATE {one(draw, *names)}"


def enum(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    values = enum_values(draw)
    listed = ", ".join(map(sketch.literal, values))
    text = f"CREATE TYPE «{place.key}» AS ENUM ({listed})"
    provides = frozenset({"type", "key", *(f"value{sketch.literal(value)}" for value in values)})
    return Element(place.key, "enum", text, namespace=home(draw, sketch), provides=provides)


def domain(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    of, checks, default = one(
        draw,
        ("integer", ("VALUE > -100", "VALUE <> 13"), "DEFAULT 5"),
        ("text", ("length(VALUE) < 99", "VALUE <> 'no'"), "DEFAULT 'x'"),
        ("numeric(8,2)", ("VALUE >= 0",), ""),
    )
    parts = [one(draw, "", default), one(draw, "", "NOT NULL"), one(draw, "", f"CHECK ({one(draw, *checks)})")]
    if of == "text":
        parts.insert(0, collated(draw, sketch) if chance(draw) else "")
    text = f"CREATE DOMAIN «{place.key}» AS {of} {' '.join(parts)}"
    return Element(
        place.key, "domain", text, namespace=home(draw, sketch), provides=frozenset({"type", "key", "composable"})
    )


def composite(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    types = ["integer", "text", f"text {collated(draw, sketch)}", "numeric(8,2)"]
    types += [f"«{key}:type»" for key in sketch.that_are("type")]
    names = some(draw, ("x", '"a b"', '"Or""der"', '"ünï"'), 3)
    attributes = ", ".join(f"{name} {one(draw, *types)}" for name in names)
    text = f"CREATE TYPE «{place.key}» AS ({attributes})"
    return Element(
        place.key, "composite", text, namespace=home(draw, sketch), provides=frozenset({"type", "composite"})
    )


def range_type(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    text = one(
        draw,
        "SUBTYPE = integer",
        "SUBTYPE = date",
        "SUBTYPE = double precision, SUBTYPE_DIFF = float8mi",
        "SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops",
        f"SUBTYPE = text, {collated(draw, sketch).replace('COLLATE', 'COLLATION =')}",
    )
    text = f"CREATE TYPE «{place.key}» AS RANGE ({text})"
    provides = frozenset({"type", "key", "range"})
    return Element(place.key, "range type", text, namespace=home(draw, sketch), provides=provides)


def sequence(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    options = [one(draw, "", "AS integer"), one(draw, "", "INCREMENT 5", "INCREMENT -1"), one(draw, "", "CYCLE")]
    options += [one(draw, "", "CACHE 20"), one(draw, "", "MINVALUE -500 MAXVALUE 500 START 7")]
    persistence = one(draw, "", "", "UNLOGGED ")
    text = f"CREATE {persistence}SEQUENCE «{place.key}» {' '.join(options)}"
    return Element(place.key, "sequence", text, namespace=home(draw, sketch))


def routine(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """A routine that needs nothing but types."""
    texts = [
        "FUNCTION «k»(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + 1'",
        "FUNCTION «k»(a integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 RETURN a + 2",
        "FUNCTION «k»(a integer DEFAULT 3) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a; END'",
        "FUNCTION «k»(a text) RETURNS text LANGUAGE sql IMMUTABLE AS $x$ SELECT a || 'it''s' $x$",
        "FUNCTION «k»(VARIADIC a integer[]) RETURNS SETOF integer LANGUAGE sql STABLE ROWS 5 AS 'SELECT 1'",
        "FUNCTION «k»(OUT a integer, OUT b text) LANGUAGE sql SECURITY DEFINER SET search_path = public"
        " AS $$SELECT 1, 'x'$$",
        "FUNCTION «k»(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b'",
        "PROCEDURE «k»(a integer, b text) LANGUAGE sql AS 'SELECT 1'",
        "PROCEDURE «k»() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$",
        "AGGREGATE «k»(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')",
    ]
    texts += [
        f"FUNCTION «k»(a «{key}:type») RETURNS integer LANGUAGE sql AS 'SELECT 1'" for key in sketch.that_are("type")
    ]
    text = one(draw, *texts)
    provides = {"routine"}
    if "IMMUTABLE" in text and "(a integer" in text:
        provides.add("of_two_integers" if "b integer" in text else "of_integer")
    provides |= {f"integer_of_{key}" for key in re.findall(r"\(a «(\w+):type»\) RETURNS integer", text)}
    text = "CREATE " + text.replace("«k»", f"«{place.key}»")
    return Element(place.key, "routine", text, namespace=home(draw, sketch), provides=frozenset(provides))


def aggregate(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    steps = ["int4pl", *(f"«{key}:of_two_integers»" for key in sketch.that_are("of_two_integers"))]
    options = [f"SFUNC = {one(draw, *steps)}", "STYPE = integer", *some(draw, ("INITCOND = '0'", "PARALLEL = SAFE"), 2)]
    finals = [f"FINALFUNC = «{key}:of_integer»" for key in sketch.that_are("of_integer")]
    options += some(draw, finals, 1)
    text = f"CREATE AGGREGATE «{place.key}»(integer) ({', '.join(options)})"
    return Element(
        place.key, "aggregate", text, namespace=home(draw, sketch), provides=frozenset({"aggregate_of_integer"})
    )


def trigger_function(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    body = one(draw, "RETURN NEW;", "-- it's\n  RETURN NEW;")
    text = f"CREATE FUNCTION «{place.key}»() RETURNS trigger LANGUAGE plpgsql AS $body$BEGIN {body} END$body$"
    return Element(place.key, "trigger function", text, namespace=home(draw, sketch))
