"""What stands upon the tables of PostgreSQL: views, triggers, rules, policies, statistics, remarks and the like."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.laws.engines.drawing import REMARK, home, one, some
from tests.laws.sketch import Element, Place, Sketch


def view(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    queries = _queries(draw, sketch)
    if not queries:
        return None
    options = one(draw, "", "", " WITH (security_barrier=true)", " WITH (security_invoker=true)")
    text = f"CREATE VIEW «{place.key}»{options} AS {one(draw, *queries)}"
    return Element(place.key, "view", text, namespace=home(draw, sketch), provides=frozenset({"seen"}))


def materialised_view(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    queries = _queries(draw, sketch)
    if not queries:
        return None
    text = f"CREATE MATERIALIZED VIEW «{place.key}» AS {one(draw, *queries)}{one(draw, '', '', ' WITH NO DATA')}"
    return Element(place.key, "materialised view", text, namespace=home(draw, sketch), provides=frozenset({"seen"}))


def _queries(draw: st.DrawFn, sketch: Sketch) -> list[str]:
    """Queries with a column "one"."""
    found = [f'SELECT "one" FROM «{key}:seen»' for key in sketch.that_are("seen")]
    for holder in sketch.of("table", "partitioned"):
        for key in sketch.that_are("column", holder.key):
            found.append(f'SELECT «{key}» AS "one", count(*) AS "n o" FROM «{holder.key}» GROUP BY «{key}:key»')
            found.append(f'SELECT «{key}» AS "one", «{key}» FROM «{holder.key}»')
            found.append(f'SELECT a.«{key}» AS "one" FROM «{holder.key}» AS a WHERE a.«{key}» IS NOT NULL')
            found += [
                f'SELECT «{called}:of_integer»(«{key}:integer») AS "one" FROM «{holder.key}»'
                for called in sketch.that_are("of_integer")
            ]
            found += [
                f'SELECT «{called}:aggregate_of_integer»(«{key}:integer») AS "one" FROM «{holder.key}»'
                for called in sketch.that_are("aggregate_of_integer")
            ]
    return [text for text in found if sketch.has_all(Element("", "", text).needs)]


def view_index(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    unique = one(draw, "", "UNIQUE ") if "GROUP BY" in sketch.elements[place.holder or ""].sql else ""
    text = f'CREATE {unique}INDEX «{place.key}» ON «{place.holder}:seen» (("one" IS NULL))'
    return Element(place.key, "view index", text.replace("UNIQUE ", ""), holder=place.holder)


def owner(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    """A sequence that goes with a column."""
    of = sketch.elements[place.holder or ""]
    found = [e for e in sketch.of("column") if sketch.elements[e.holder or ""].namespace == of.namespace]
    # A counted column has a sequence of its own; one that counts for others as well would go with the table.
    users = [e for e in sketch.of("column") if f"«{of.key}!»" in e.sql]
    found = [e for e in found if "counted" not in e.provides and not any(user != e for user in users)]
    found = [e for e in found if ("UNLOGGED" in sketch.elements[e.holder or ""].sql) == ("UNLOGGED" in of.sql)]
    if not found:
        return None
    chosen = one(draw, *found)
    text = f"ALTER SEQUENCE «{place.holder}» OWNED BY «{chosen.holder}».«{chosen.key}»"
    return Element(place.key, "owner", text, place.holder, place=f"sequence of {chosen.key}")


def trigger(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    functions = sketch.of("trigger function")
    if not functions:
        return None
    columns = sketch.that_are("column", place.holder)
    updates = [f"UPDATE OF «{key}:column» ON «t» FOR EACH ROW" for key in columns]
    event = one(draw, "INSERT ON «t» FOR EACH ROW", "DELETE OR TRUNCATE ON «t» FOR EACH STATEMENT", *updates)
    called = f"EXECUTE FUNCTION «{one(draw, *functions).key}»({one(draw, '', sketch.literal(REMARK))})"
    texts = [f"TRIGGER «k» {one(draw, 'BEFORE', 'AFTER')} {event} {called}"]
    texts += [f"CONSTRAINT TRIGGER «k» AFTER INSERT ON «t» DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {called}"]
    texts += [
        f"TRIGGER «k» AFTER UPDATE ON «t» REFERENCING OLD TABLE AS was FOR EACH STATEMENT {called}",
        f"TRIGGER «k» AFTER UPDATE ON «t» FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) {called}",
    ]
    text = one(draw, *texts).replace("«k»", f"«{place.key}»").replace("«t»", f"«{place.holder}»")
    return Element(place.key, "trigger", f"CREATE {text}", holder=place.holder)


def view_trigger(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    functions = sketch.of("trigger function")
    if not functions:
        return None
    called = f"EXECUTE FUNCTION «{one(draw, *functions).key}»()"
    text = f"CREATE TRIGGER «{place.key}» INSTEAD OF INSERT ON «{place.holder}» FOR EACH ROW {called}"
    return Element(place.key, "view trigger", text, holder=place.holder)


def trigger_state(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    trigger = sketch.elements[place.holder or ""]
    way = one(draw, "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")
    text = f"ALTER TABLE «{trigger.holder}» {way} TRIGGER «{trigger.key}»"
    return Element(place.key, "trigger state", text, holder=place.holder)


def rule(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    texts = ["ON DELETE TO «t» DO ALSO NOTIFY \"go ne\", 'it''s'", "ON UPDATE TO «t» DO INSTEAD NOTHING"]
    for key in sketch.that_are("number", place.holder):
        texts += [
            f"ON UPDATE TO «t» WHERE NEW.«{key}:number» < -99 DO INSTEAD NOTHING",
            f"ON DELETE TO «t» WHERE OLD.«{key}:number» = 99 DO ALSO (SELECT 1; SELECT 'it''s')",
        ]
    if "seen" in sketch.elements[place.holder or ""].provides:
        texts = ["ON INSERT TO «t» DO INSTEAD NOTHING", "ON UPDATE TO «t» DO INSTEAD SELECT 1"]
    for other in sketch.that_are("number"):
        into = sketch.elements[other].holder
        if into == place.holder:
            continue  # it would call itself
        texts.append(f"ON DELETE TO «t» DO ALSO DELETE FROM «{into}» WHERE «{other}:number» = 99")
    text = one(draw, *texts).replace("«t»", f"«{place.holder}»")
    return Element(place.key, "rule", f"CREATE RULE «{place.key}» AS {text}", holder=place.holder)


def rule_state(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    of = sketch.elements[place.holder or ""]
    if "seen" in sketch.elements[of.holder or ""].provides:
        return None  # those of a view are always enabled
    way = one(draw, "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")
    return Element(place.key, "rule state", f"ALTER TABLE «{of.holder}» {way} RULE «{of.key}»", holder=place.holder)


def statistics(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    """Statistics of two columns or more, or of an expression."""
    keys = [f"«{key}:key»" for key in sketch.that_are("key", place.holder)]
    texts = [f"(lower(«{key}:text»::text))" for key in sketch.that_are("text", place.holder)]
    for called in sketch.that_are("of_integer"):
        texts += [f"(«{called}:of_integer»(«{key}:integer»))" for key in sketch.that_are("integer", place.holder)]
    kinds = one(draw, "", " (ndistinct)", " (dependencies, mcv)")
    columns = some(draw, keys, 3)
    if len(columns) > 1:
        of = f"{kinds} ON {', '.join([*columns, *some(draw, texts, 1)])}"
    elif texts:
        of = f" ON {one(draw, *texts)}"
    else:
        return None
    text = f"CREATE STATISTICS «{place.key}»{of} FROM «{place.holder}»"
    return Element(place.key, "statistics", text, holder=place.holder, namespace=home(draw, sketch))


def statistics_target(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    text = f"ALTER STATISTICS «{place.holder}» SET STATISTICS {one(draw, 10, 100)}"
    return Element(place.key, "statistics target", text, holder=place.holder)


def row_security(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    way = one(draw, "ENABLE", "ENABLE", "FORCE")
    return Element(
        place.key, "row security", f"ALTER TABLE «{place.holder}» {way} ROW LEVEL SECURITY", holder=place.holder
    )


def policy(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    conditions = [f"«{key}:number» > 0" for key in sketch.that_are("number", place.holder)]
    condition = one(draw, "true", "CURRENT_USER <> 'it''s'", *conditions)
    start = f"CREATE POLICY «{place.key}» ON «{place.holder}» AS {one(draw, 'PERMISSIVE', 'RESTRICTIVE')}"
    text = one(
        draw,
        f"USING ({condition})",
        f"FOR INSERT WITH CHECK ({condition})",
        f"FOR UPDATE TO PUBLIC USING ({condition}) WITH CHECK (true)",
        f"FOR SELECT TO CURRENT_USER USING ({condition})",
    )
    return Element(place.key, "policy", f"{start} {text}", holder=place.holder)


# What COMMENT ON calls each kind, and whether the name alone says which one is meant.
_COMMENTED = {
    "namespace": "SCHEMA «k»",
    "foreign table": "FOREIGN TABLE «k»",
    "wrapper": "FOREIGN DATA WRAPPER «k»",
    "server": "SERVER «k»",
    "publication": "PUBLICATION «k»",
    "event trigger": "EVENT TRIGGER «k»",
    "dictionary": "TEXT SEARCH DICTIONARY «k»",
    "text search configuration": "TEXT SEARCH CONFIGURATION «k»",
    "collation": "COLLATION «k»",
    "range type": "TYPE «k»",
    "aggregate": "AGGREGATE «k»(integer)",
    "enum": "TYPE «k»",
    "domain": "DOMAIN «k»",
    "composite": "TYPE «k»",
    "sequence": "SEQUENCE «k»",
    "table": "TABLE «k»",
    "partitioned": "TABLE «k»",
    "partition": "TABLE «k»",
    "column": "COLUMN «h».«k»",
    "generated": "COLUMN «h».«k»",
    "primary key": "CONSTRAINT «k» ON «h»",
    "unique": "CONSTRAINT «k» ON «h»",
    "check": "CONSTRAINT «k» ON «h»",
    "exclusion": "CONSTRAINT «k» ON «h»",
    "foreign key": "CONSTRAINT «k» ON «h»",
    "view": "VIEW «k»",
    "materialised view": "MATERIALIZED VIEW «k»",
    "trigger function": "FUNCTION «k»()",
    "trigger": "TRIGGER «k» ON «h»",
    "policy": "POLICY «k» ON «h»",
    "rule": "RULE «k» ON «h»",
    "statistics": "STATISTICS «k»",
}


def comment(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    of = one(draw, *sketch.elements.values()) if sketch.elements else None
    if of is None or of.kind not in _COMMENTED:
        return None
    what = _COMMENTED[of.kind].replace("«k»", f"«{of.key}»").replace("«h»", f"«{of.holder}»")
    text = f"COMMENT ON {what} IS {sketch.literal(one(draw, REMARK, 'a remark'))}"
    return Element(place.key, "comment", text, demands=frozenset({of.key}))
