"""Routines and events of MySQL and MariaDB, and what stands upon tables: views and triggers."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.laws.engines.drawing import REMARK, one
from tests.laws.sketch import Element, Place, Sketch


def routine(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    remark = sketch.literal(REMARK)
    text = one(
        draw,
        "FUNCTION «k»(a int) RETURNS int DETERMINISTIC RETURN a + 1",
        f"FUNCTION «k»(a varchar(20)) RETURNS varchar(50) READS SQL DATA SQL SECURITY INVOKER COMMENT {remark}\n"
        "BEGIN\n  DECLARE b int DEFAULT 1; -- it's\n  RETURN concat(a, b);\nEND",
        "PROCEDURE «k»(a int) SET @x = a",
        "PROCEDURE «k»()\nBEGIN\n  SELECT 1;\n  SELECT 'it''s; $$';\nEND",
        "PROCEDURE «k»(IN a int, OUT b int) NO SQL SET b = a",
    )
    kind = text.partition(" ")[0].lower()
    provides = {kind, "adding"} if "a + 1" in text else {kind}
    sql = "CREATE " + text.replace("«k»", f"«{place.key}»")
    return Element(place.key, "routine", sql, provides=frozenset(provides))


def view(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    found = [f"SELECT `one` FROM «{key}:seen»" for key in sketch.that_are("seen")]
    for holder in sketch.of("table", "partitioned"):
        for key in sketch.that_are("column", holder.key):
            found.append(f"SELECT «{key}» AS `one` FROM «{holder.key}»")
            found.append(f"SELECT «{key}» AS `one`, «{key}» FROM «{holder.key}» WHERE «{key}» IS NOT NULL")
            found.append(f"SELECT count(*) AS `one`, max(«{key}:number») AS `m x` FROM «{holder.key}»")
            found.append(f"SELECT concat(«{key}:text», 'it''s; \\\\') AS `one` FROM «{holder.key}»")
            found.append(
                f"SELECT a.«{key}» AS `one` FROM «{holder.key}» a LEFT JOIN «{holder.key}» b ON a.«{key}» = b.«{key}»"
            )
            found += [
                f"SELECT «{f}:adding»(«{key}:number») AS `one` FROM «{holder.key}»" for f in sketch.that_are("adding")
            ]
    found += [f"SELECT `one` FROM «{key}:mixed» UNION ALL SELECT 'it''s' AS `one`" for key in sketch.that_are("mixed")]
    found = [text for text in found if sketch.has_all(Element("", "", text).needs)]
    if not found:
        return None
    query = one(draw, *found)
    options = one(draw, "", "", "ALGORITHM=MERGE ", "SQL SECURITY INVOKER ")
    checks = (" WITH LOCAL CHECK OPTION", " WITH CASCADED CHECK OPTION")
    check = one(draw, "", "", *checks) if "WHERE" in query else ""
    if "count(" in query or "seen" in query or "UNION" in query:
        options = options.replace("ALGORITHM=MERGE ", "ALGORITHM=TEMPTABLE ")
    columns = one(draw, "", " (`one`)") if query.count("AS `") == 1 and "WHERE" not in query else ""
    text = f"CREATE {options}VIEW «{place.key}»{columns} AS {query}{check}"
    # A text and a vector are of no common type.
    unmixed = {*sketch.that_are("vector"), *sketch.that_are("seen")} - {*sketch.that_are("mixed")}
    is_mixed = not any(f"«{key}»" in query or f"«{key}:seen»" in query for key in unmixed)
    return Element(place.key, "view", text, provides=frozenset({"seen", "mixed"} if is_mixed else {"seen"}))


def trigger(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    moment, event = one(draw, "BEFORE", "AFTER"), one(draw, "INSERT", "UPDATE", "DELETE")
    row = "OLD" if event == "DELETE" else "NEW"
    shown = [f"SET @x = {row}.«{key}»" for key in sketch.that_are("column", place.holder)]
    body = one(
        draw, *(shown or ["SET @x = 1"]), "SET @x = 1", "BEGIN\n  SET @x = 'it''s;'; -- it's\n  SET @y = 2;\nEND"
    )
    occasion = f"{moment}_{event}"
    others = sketch.that_are(occasion, place.holder)
    order = one(draw, "", *(f" {word} «{key}:{occasion}»" for key in others for word in ("FOLLOWS", "PRECEDES")))
    text = f"CREATE TRIGGER «{place.key}» {moment} {event} ON «{place.holder}» FOR EACH ROW{order} {body}"
    return Element(place.key, "trigger", text, place.holder, provides=frozenset({occasion}))


def event(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """https://dev.mysql.com/doc/refman/9.5/en/create-event.html; none comes up while a test runs."""
    when = one(
        draw,
        "AT '2037-01-01 00:00:00'",
        "EVERY 1 DAY STARTS '2037-01-01 00:00:00'",
        "EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01 00:00:00' ENDS '2037-06-01 00:00:00'",
    )
    options = one(draw, "", " ON COMPLETION PRESERVE", " DISABLE", f" COMMENT {sketch.literal(REMARK)}")
    body = one(draw, "SET @x = 1", "BEGIN\n  SET @x = 'it''s;'; -- it's\n  SET @y = 2;\nEND")
    return Element(place.key, "event", f"CREATE EVENT «{place.key}» ON SCHEDULE {when}{options} DO {body}")
