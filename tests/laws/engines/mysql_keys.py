"""Keys, foreign keys, checks and indexes of MySQL and MariaDB."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import NamedTuple

from hypothesis import strategies as st

from tests.laws.engines.drawing import REMARK, chance, one, some
from tests.laws.sketch import Element, Place, Sketch

# Classes of columns that a foreign key may refer to, and may consist of.
REFERABLE = ("int", "bigint", "unsigned", "code", "date")


def _key(draw: st.DrawFn, sketch: Sketch, place: Place, without: str = "") -> tuple[str, frozenset[str]] | None:
    """The columns of a key, and what it provides; none of them is in the class that it is to be without."""
    left_out = sketch.that_are(without, place.holder)
    referable = [
        f"«{key}:{of}»" for of in REFERABLE for key in sketch.that_are(of, place.holder) if key not in left_out
    ]
    others = [f"«{key}:key»" for key in sketch.that_are("key", place.holder) if key not in left_out]
    if sketch.elements[place.holder or ""].kind == "partitioned":
        by = _partitioned_by(sketch, place)
        return f"({by}, {one(draw, *referable)})" if referable and chance(draw) else f"({by})", frozenset()
    if referable and chance(draw):
        chosen = some(draw, referable, 2) or referable[:1]
        return f"({', '.join(chosen)})", frozenset({"referable", f"on {' '.join(column[1:-1] for column in chosen)}"})
    texts = [f"«{key}:long»(10)" for key in sketch.that_are("long", place.holder)]
    columns = some(draw, (*others, *texts), 2)
    return (f"({', '.join(columns)})", frozenset()) if columns else None


def _partitioned_by(sketch: Sketch, place: Place) -> str:
    """The columns that every key of a partitioned table has; nothing for other tables."""
    provides = sketch.elements[place.holder or ""].provides
    return next((offer.removeprefix("by ") for offer in provides if offer.startswith("by ")), "")


def _partitioning(sketch: Sketch, place: Place) -> frozenset[str]:
    """What a key demands of a partitioned table."""
    by = _partitioned_by(sketch, place)
    return frozenset({f"{place.holder}:by {by}"} if by else ())


def primary_key(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    # What is in a primary key may not be set to null by a foreign key.
    found = _key(draw, sketch, place, without="optional")
    if found is None or any(name in found[0] for name in sketch.that_are("long", place.holder)):
        return None
    text = f"PRIMARY KEY {found[0]}"
    alone = f"key of {place.holder}"
    made = Element(place.key, "primary key", text, place.holder, inline=True, provides=found[1], place=alone)
    return replace(made, demands=_partitioning(sketch, place))


def unique(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    found = _key(draw, sketch, place)
    computed = _computed_key(sketch, place)
    if computed and chance(draw):
        text = f"UNIQUE KEY «{place.key}» ({one(draw, *computed)})"
        demands = frozenset({f"{place.holder}:innodb"})
        return Element(place.key, "unique index", text, place.holder, inline=True, demands=demands)
    if found is None:
        return None
    text = one(draw, f"UNIQUE KEY «{place.key}» {found[0]}", f"CONSTRAINT «{place.key}» UNIQUE {found[0]}")
    made = Element(place.key, "unique index", text, holder=place.holder, inline=True, provides=found[1])
    return replace(made, demands=_partitioning(sketch, place))


def _computed_key(sketch: Sketch, place: Place) -> list[str]:
    """Keys of expressions, and those that descend, which partitions and some engines do not have."""
    holder = sketch.elements[place.holder or ""]
    if holder.kind != "table" or "innodb" not in holder.provides:
        return []
    found = [f"«{key}:key» DESC" for key in sketch.that_are("key", place.holder)]
    if sketch.dialect.name == "mysql":
        found += [
            "(({} + 1)), {} DESC".replace("{}", f"«{key}:plain»") for key in sketch.that_are("plain", place.holder)
        ]
        found += [f"(left(«{key}:text», 9)) DESC" for key in sketch.that_are("text", place.holder)]
    return found


def check(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    # What a foreign key changes may not be checked.
    numbers = sketch.that_are("free", place.holder)
    texts = [f"«{key}:free» > -100" for key in numbers]
    texts += [f"«{key}:free» IN (1, 2, 3, 42, 7) OR «{key}:free» IS NULL" for key in numbers]
    texts += [
        f"«{key}:text» <> 'it''s' AND length(«{key}:text») < 500" for key in sketch.that_are("text", place.holder)
    ]
    texts += [f"coalesce(«{key}:free», «{other}:free», 5) > -100" for key, other in pairwise(numbers)]
    if not texts:
        return None
    enforced = one(draw, "", "", " NOT ENFORCED") if sketch.dialect.name == "mysql" else ""
    # On MariaDB it may not be called like a unique key, nor like a JSON column, of the same table.
    name = f"«{place.key}»" if sketch.dialect.name == "mysql" else f"`it's checked by {place.key}`"
    line = f"CONSTRAINT {name} CHECK ({one(draw, *texts)}){enforced}"
    return Element(place.key, "check", line, holder=place.holder, inline=True)


class _Link(NamedTuple):
    """What a foreign key may be made of: its columns, and the key of another table that they refer to."""

    referred: Element
    offer: str
    columns: tuple[str, ...]
    targets: tuple[str, ...]


def _links(sketch: Sketch, holder: str) -> Iterator[_Link]:
    own = {of: [e for e in sketch.that_are(of, holder) if sketch.elements[e].kind == "column"] for of in REFERABLE}
    for referred in (sketch.elements[key] for key in sketch.that_are("referable")):
        if "innodb" not in sketch.elements[referred.holder or ""].provides:
            continue
        for offer in sorted(referred.provides):
            listed = offer.removeprefix("on ")
            if listed == offer:
                continue
            targets = tuple(listed.split(" "))
            classes = [target.partition(":")[2] for target in targets]
            for names in product(*(own[of] for of in classes)):
                columns = tuple(f"{name}:{of}" for name, of in zip(names, classes, strict=True))
                if len({*columns}) == len(columns) and columns != targets:
                    yield _Link(referred, offer, columns, targets)


def foreign_key(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    assert place.holder is not None
    found = list(_links(sketch, place.holder)) if "innodb" in sketch.elements[place.holder].provides else []
    if not found:
        return None
    link = one(draw, *found)
    names = [column.partition(":")[0] for column in link.columns]
    actions = ["", " ON DELETE CASCADE", " ON DELETE RESTRICT ON UPDATE CASCADE", " ON DELETE NO ACTION"]
    if all("optional" in sketch.elements[name].provides for name in names):
        actions += [" ON DELETE SET NULL", " ON DELETE CASCADE ON UPDATE SET NULL"]
    action = one(draw, *actions)
    text = (
        f"ALTER TABLE «{place.holder}» ADD CONSTRAINT «{place.key}» FOREIGN KEY ({_listed(link.columns)})"
        f" REFERENCES «{link.referred.holder}:innodb» ({_listed(link.targets)}){action}"
    )
    demands = {f"{link.referred.key}:{link.offer}", f"{place.holder}:innodb"}
    if "NULL" in action:
        demands |= {f"{name}:optional" for name in names}
    return Element(place.key, "foreign key", text, place.holder, demands=frozenset(demands))


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"«{column}»" for column in columns)


def index(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    def on(of: str, *templates: str) -> list[str]:
        return [t.replace("{}", f"«{key}:{of}»") for key in sketch.that_are(of, place.holder) for t in templates]

    is_mysql = sketch.dialect.name == "mysql"
    is_innodb = "innodb" in sketch.elements[place.holder or ""].provides
    texts = on("key", "INDEX «k» ({})", *(["INDEX «k» ({} DESC)"] if is_innodb else []))
    texts += on("key", "INDEX «k» USING BTREE ({})")
    texts += on("long", "INDEX «k» ({}(7))", *(["INDEX «k» ({}(7) DESC)"] if is_innodb else []))
    texts += on("computed", "INDEX «k» ({})") if is_innodb else []
    if sketch.elements[place.holder or ""].kind == "table":
        texts += on(
            "long", "FULLTEXT INDEX «k» ({})", *(["FULLTEXT INDEX «k» ({}) WITH PARSER ngram"] if is_mysql else [])
        )
        texts += on("located", "SPATIAL INDEX «k» ({})")
    if is_mysql and is_innodb:
        texts += on("plain", "INDEX «k» (({} + 1) DESC, {})") + on("text", "INDEX «k» ((upper(left({}, 9))))")
        texts += on("text", "INDEX «k» ((concat(left({}, 9), 'it''s')))")
        texts += on("json", "INDEX «k» ((CAST({} AS unsigned ARRAY)))")
    if not texts:
        return None
    text = one(draw, *texts)
    demands = frozenset({f"{place.holder}:innodb"} if re.search(r"DESC|\(\(|:computed", text) else ())
    unseen = " INVISIBLE" if is_mysql else " IGNORED"
    options = [f" COMMENT {sketch.literal(REMARK)}", *([unseen] if "FULLTEXT" not in text else [])]
    line = text.replace("«k»", f"«{place.key}»") + one(draw, "", "", *options)
    return Element(place.key, "index", line, place.holder, inline=True, demands=demands)
