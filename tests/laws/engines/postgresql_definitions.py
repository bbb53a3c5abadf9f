"""What PostgreSQL knows by its statement and has beside types, routines and tables."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.laws.engines.drawing import home, one, some
from tests.laws.sketch import Element, Place, Sketch


def operator(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    """An operator on two integers; its name is no word."""
    functions = sketch.that_are("of_two_integers")
    if not functions:
        return None
    within = home(draw, sketch)
    symbol = one(draw, "===", "<~>")
    name = symbol if within is None else f"«{within}».{symbol}"
    called = f"FUNCTION = «{one(draw, *functions)}:of_two_integers», LEFTARG = integer, RIGHTARG = integer"
    itself = one(draw, "", "", f", COMMUTATOR = OPERATOR({name})" if within is not None else f", COMMUTATOR = {name}")
    text = f"CREATE OPERATOR {name} ({called}{itself})"
    return Element(place.key, "operator", text, provides=frozenset({name}), place=f"operator {symbol}")


def computed(sketch: Sketch, integer: str) -> dict[str, str]:
    """Conditions on an integer, made with the operators that are there, and what each demands."""
    found = [(e.key, name) for e in sketch.of("operator") for name in e.provides]
    return {f"({integer} OPERATOR({name}) 7) <> 5": f"{key}:{name}" for key, name in found}


def cast(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    types = sketch.of("enum", "composite")
    if not types:
        return None
    of = one(draw, *types).key
    when = one(draw, "", " AS ASSIGNMENT")
    functions = [f"FUNCTION «{key}:integer_of_{of}»(«{of}:type»)" for key in sketch.that_are(f"integer_of_{of}")]
    way = one(draw, "INOUT", *functions)
    to = "text" if way == "INOUT" else "integer"
    text = f"CREATE CAST («{of}:type» AS {to}) WITH {way}{when}"
    return Element(place.key, "cast", text, place=f"cast of {of} to {to}")


# --------------------------------------------------------------------------------------- text search


def dictionary(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    said = one(
        draw,
        "TEMPLATE = simple",
        "TEMPLATE = simple, STOPWORDS = english",
        "TEMPLATE = simple, ACCEPT = false",
        "TEMPLATE = snowball, LANGUAGE = german",
    )
    text = f"CREATE TEXT SEARCH DICTIONARY «{place.key}» ({said})"
    return Element(place.key, "dictionary", text, namespace=home(draw, sketch), provides=frozenset({"dictionary"}))


def search_configuration(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    text = f"CREATE TEXT SEARCH CONFIGURATION «{place.key}» (COPY = pg_catalog.{one(draw, 'simple', 'english')})"
    provides = frozenset({"search_configuration"})
    return Element(place.key, "text search configuration", text, namespace=home(draw, sketch), provides=provides)


def mapping(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    """The dictionaries for words of some kinds, in the place of those that a configuration has from another."""
    dictionaries = [f"«{key}:dictionary»" for key in sketch.that_are("dictionary")]
    first = one(draw, "simple", *dictionaries)
    kinds = ", ".join(one(draw, ("asciiword",), ("word", "asciiword"), ("numword", "email")))
    text = f"ALTER TEXT SEARCH CONFIGURATION «{place.holder}» ALTER MAPPING FOR {kinds} WITH {first}"
    return Element(place.key, "mapping", text, holder=place.holder)


# -------------------------------------------------------------------------------------- foreign data


def wrapper(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    text = f"CREATE FOREIGN DATA WRAPPER «{place.key}»{_told(draw)}"
    return Element(place.key, "wrapper", text, provides=frozenset({"wrapper"}))


def server(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    version = one(draw, "", " VERSION '1'", " VERSION '2'")
    text = f"CREATE SERVER «{place.key}» TYPE 'any'{version} FOREIGN DATA WRAPPER «{place.holder}:wrapper»{_told(draw)}"
    return Element(place.key, "server", text, holder=place.holder, provides=frozenset({"server"}))


def user_mapping(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    text = f"CREATE USER MAPPING FOR PUBLIC SERVER «{place.holder}:server»{_told(draw)}"
    return Element(place.key, "user mapping", text, holder=place.holder)


def foreign_table(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    columns = ["a integer", "b text NOT NULL", f"c bigint{_told(draw)}", "d text COLLATE \"C\" DEFAULT 'it''s'"]
    listed = ", ".join([*some(draw, columns, 4), "CHECK (true)"])
    text = f"CREATE FOREIGN TABLE «{place.key}» ({listed}) SERVER «{place.holder}:server»{_told(draw)}"
    return Element(place.key, "foreign table", text, holder=place.holder, namespace=home(draw, sketch))


def _told(draw: st.DrawFn) -> str:
    said = some(draw, ("host 'here'", "\"c d\" 'it''s'"), 2)
    return f" OPTIONS ({', '.join(said)})" if said else ""


# ------------------------------------------------------------------------------- what follows changes


def event_function(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    body = one(draw, "NULL;", "PERFORM 1;")
    text = f"CREATE FUNCTION «{place.key}»() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$"
    return Element(place.key, "event function", text, namespace=home(draw, sketch))


def event_trigger(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    event = one(draw, "ddl_command_end", "sql_drop", "ddl_command_start WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')")
    text = f"CREATE EVENT TRIGGER «{place.key}» ON {event} EXECUTE FUNCTION «{place.holder}»()"
    return Element(place.key, "event trigger", text, holder=place.holder)


def event_state(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    way = one(draw, "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")
    return Element(place.key, "event state", f"ALTER EVENT TRIGGER «{place.holder}» {way}", holder=place.holder)


def publication(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    # What publishes updates wants a key of every table.
    options = one(draw, "publish = 'insert'", "publish = 'insert, truncate', publish_via_partition_root = true")
    texts = ["FOR ALL TABLES", *(f"FOR TABLES IN SCHEMA «{e.key}»" for e in sketch.of("namespace"))]
    for holder in sketch.that_are("permanent"):
        texts.append(f"FOR TABLE «{holder}:permanent»")
        if "partitioned" in sketch.elements[holder].provides:
            continue  # how its partitions are published would decide what else there may be
        texts += [f"FOR TABLE ONLY «{holder}:permanent» («{key}:column»)" for key in sketch.that_are("column", holder)]
        texts += [
            f"FOR TABLE «{holder}:permanent» WHERE («{key}:number» > 0)" for key in sketch.that_are("number", holder)
        ]
    text = f"CREATE PUBLICATION «{place.key}» {one(draw, *texts)} WITH ({options})"
    return Element(place.key, "publication", text)
