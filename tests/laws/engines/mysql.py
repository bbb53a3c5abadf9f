"""What MySQL and MariaDB have: https://dev.mysql.com/doc/refman/9.5/en/sql-data-definition-statements.html."""

from __future__ import annotations

from collections.abc import Hashable

from hypothesis import strategies as st

from tests.laws.engines.drawing import REMARK, Type, chance, enum_values, one
from tests.laws.engines.mysql_dependents import event, routine, trigger, view
from tests.laws.engines.mysql_keys import check, foreign_key, index, primary_key, unique
from tests.laws.sketch import LINES, TAIL, Element, Place, Sketch, Stage, Vocabulary

TYPES = (
    Type("int", "int number plain key", ("0", "42", "-1")),
    Type("bigint", "bigint number key", ("7",)),
    Type("bigint unsigned", "number free"),
    Type("int(6) unsigned zerofill", "key"),
    Type("mediumint", "number free key"),
    Type("int unsigned", "unsigned number key", ("1",)),
    Type("smallint", "number free key"),
    Type("tinyint(1)", "key", ("0", "TRUE")),
    Type("decimal(10,2)", "number free plain key", ("1.50",)),
    Type("decimal(20,6) unsigned", "number free"),
    Type("float", "number free"),
    Type("double", "number free", ("2.5",)),
    Type("varchar(20)", "text key", ("'x'", "'it''s'", "''", "NULL")),
    Type("varchar(200)", "text key", ("(concat('it''s', 1))",)),
    Type("char(5)", "text key", ("'y'",)),
    Type("varchar(9) CHARACTER SET ascii COLLATE ascii_bin", "key code", ("'x'",)),
    Type("text", "text long", ("('x')",)),
    Type("longtext", "text long"),
    Type("mediumblob", ""),
    Type("varbinary(30)", "key", ("x'00FF'",)),
    Type("binary(4)", "key", ("'a'",)),
    Type("tinytext", "text long"),
    Type("blob", ""),
    Type("date", "key date", ("'2020-01-31'",)),
    Type("datetime(6)", "key", ("CURRENT_TIMESTAMP(6)", "CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)")),
    Type("timestamp", "", ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")),
    Type("timestamp(3)", "", ("CURRENT_TIMESTAMP(3)",)),
    Type("time(3)", "key"),
    Type("year", "key", ("2020",)),
    Type("json", "json", ("(json_array())",)),
    Type("bit(3)", "", ("b'101'",)),
    Type("point", "point"),
    Type("multipolygon", "point"),
)
OWN_TYPES = {
    "mysql": (Type("vector(3)", "vector"), Type("geometrycollection", "point"), Type("int COLUMN_FORMAT FIXED", "key")),
    "mariadb": (
        Type("uuid", "key", ("uuid()",)),
        Type("inet6", "key", ("'::1'",)),
        Type("varchar(300) COMPRESSED", ""),
    ),
}
_CHARACTERS = ("", "", "", " CHARACTER SET latin1", " COLLATE utf8mb4_bin", " CHARACTER SET ascii COLLATE ascii_bin")


def sequence(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """https://mariadb.com/kb/en/create-sequence/"""
    options = one(
        draw,
        "",
        " START WITH 5",
        " INCREMENT BY 2 CACHE 5",
        " MINVALUE -9 MAXVALUE 99 CYCLE NOCACHE",
        " START WITH -3 INCREMENT BY -3 MAXVALUE -3",
    )
    text = f"CREATE SEQUENCE «{place.key}»{options}"
    return Element(place.key, "sequence", text, provides=frozenset({"sequence"}))


# --------------------------------------------------------------------------------------------- tables


_OWN_OPTIONS = {
    "mysql": (" AUTOEXTEND_SIZE=4M",),
    "mariadb": (
        *(" WITH SYSTEM VERSIONING", " WITH SYSTEM VERSIONING", " PAGE_COMPRESSED=1"),
        *(" ENGINE=Aria", " ENGINE=Aria TRANSACTIONAL=0 PAGE_CHECKSUM=0"),
    ),
}


def table(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    options = one(
        draw,
        "",
        "",
        "",
        " ENGINE=MyISAM",
        " ROW_FORMAT=DYNAMIC",
        " DEFAULT CHARACTER SET latin1",
        " COLLATE utf8mb4_bin",
        " STATS_PERSISTENT=0 MAX_ROWS=1000",
        " KEY_BLOCK_SIZE=8 ROW_FORMAT=COMPRESSED",
        " DEFAULT CHARACTER SET latin1 COLLATE latin1_bin",
        " ENGINE=MyISAM CHECKSUM=1",
        " ENGINE=MyISAM PACK_KEYS=1 DELAY_KEY_WRITE=1",
        " STATS_AUTO_RECALC=0 STATS_SAMPLE_PAGES=9",
        " AVG_ROW_LENGTH=100 MIN_ROWS=5",
        *_OWN_OPTIONS[sketch.dialect.name],
    )
    remark = one(draw, "", "", f" COMMENT={sketch.literal(REMARK)}")
    provides = {"innodb"} if "ENGINE" not in options else {"spacious"}
    if "VERSIONING" in options:
        provides.add("versioned")
        options, remark = remark, options
    text = f"CREATE TABLE «{place.key}» (\n  {LINES}\n){TAIL}{options}{remark}"
    return Element(place.key, "table", text, provides=frozenset(provides))


_PARTITIONS = (
    "HASH (part) PARTITIONS 3",
    "KEY (part) PARTITIONS 2",
    "RANGE (part) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
    "RANGE (part) (PARTITION p0 VALUES LESS THAN (10) COMMENT 'it''s', PARTITION `q \"` VALUES LESS THAN (99))",
    "LIST (part) (PARTITION a VALUES IN (0, 1, 2), PARTITION b VALUES IN (3, 4, NULL))",
    "RANGE COLUMNS (part) (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (MAXVALUE))",
    "RANGE (part) SUBPARTITION BY HASH (part) SUBPARTITIONS 2 (PARTITION a VALUES LESS THAN MAXVALUE)",
    "RANGE (part) SUBPARTITION BY KEY (part) (PARTITION a VALUES LESS THAN (7) (SUBPARTITION s, SUBPARTITION `)`))",
    "LINEAR HASH (part) PARTITIONS 4",
    "LIST COLUMNS (part) (PARTITION a VALUES IN (0, 1), PARTITION b VALUES IN (NULL))",
    "LINEAR KEY ALGORITHM=1 (part) PARTITIONS 2",
    "RANGE (part DIV 2) (PARTITION `p 0` VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (8) MAX_ROWS=9)",
    "RANGE COLUMNS (area, part) (PARTITION a VALUES LESS THAN ('it''s', 5), PARTITION b VALUES LESS THAN ('x', 0))",
    "LIST COLUMNS (area, part) (PARTITION a VALUES IN (('x', 1), ('y''s', 2)), PARTITION b VALUES IN (('', 0)))",
    "KEY (area, part) PARTITIONS 2",
)
# https://mariadb.com/kb/en/system-versioned-tables/#storing-the-history-separately
_HISTORY = (
    "SYSTEM_TIME (PARTITION `o ld` HISTORY, PARTITION now CURRENT)",
    "SYSTEM_TIME LIMIT 5000 (PARTITION p0 HISTORY, PARTITION p1 HISTORY, PARTITION now CURRENT)",
)


def partitioned(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    way = one(draw, *_PARTITIONS, *(_HISTORY if sketch.dialect.name == "mariadb" else ()))
    keys = "part int NOT NULL,"
    provides = {"innodb", "by part"}
    if "area" in way:
        keys, provides = f"{keys}\n  area varchar(9) NOT NULL,", {"innodb", "by part, area"}
    versioned = " WITH SYSTEM VERSIONING" if way in _HISTORY else ""
    if versioned:
        provides.add("versioned")
    text = f"CREATE TABLE «{place.key}» (\n  {keys}\n  {LINES}\n){versioned}\nPARTITION BY {way}"
    return Element(place.key, "partitioned", text, provides=frozenset(provides))


def column(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    special = one(draw, "", "", "", "", "enum")
    if special == "enum":
        values = enum_values(draw)
        kind = one(draw, "enum", "set")
        text = f"{kind}({', '.join(map(sketch.literal, values))})"
        default = one(draw, "", f" DEFAULT {sketch.literal(values[0])}")
        return _column(draw, sketch, place, text + default, "key")
    is_plain = sketch.elements[place.holder or ""].kind == "table"
    types = (*TYPES, *OWN_TYPES[sketch.dialect.name])
    of = one(draw, *(of for of in types if of.classes != "point" or is_plain))
    counted = [f"nextval(«{key}:sequence»)" for key in sketch.that_are("sequence") if of.sql == "bigint"]
    default = one(draw, "", *(f" DEFAULT {text}" for text in (*of.defaults, *counted)))
    required = one(draw, "", "", " NOT NULL")
    if "NULL" in default and required:
        default = ""
    characters = one(draw, *_CHARACTERS) if "text" in of.classes.split() else ""
    null = " NULL" if of.sql == "timestamp" and not required else ""
    text = f"{of.sql}{characters}{required or null}{default}"
    classes = of.classes
    if not required and chance(draw):
        classes += " optional"
    return _column(draw, sketch, place, text, classes)


def located(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """A column that may have a spatial index."""
    is_innodb = "innodb" in sketch.elements[place.holder or ""].provides
    system = one(draw, "", " SRID 4326") if sketch.dialect.name == "mysql" and is_innodb else ""
    text = f"«{place.key}» point NOT NULL{system}"
    provides = frozenset({"column", "located"})
    demands = frozenset({f"{place.holder}:innodb"} if system else ())
    return Element(place.key, "located", text, place.holder, inline=True, provides=provides, demands=demands)


def _column(draw: st.DrawFn, sketch: Sketch, place: Place, text: str, classes: str) -> Element:
    remark = one(draw, "", "", "", f" COMMENT {sketch.literal(REMARK)}")
    line = f"«{place.key}» {text}{remark}"
    # A table that keeps old rows has a column that is kept in them.
    kept = [f"{key}:kept" for key in sketch.that_are("kept", place.holder)]
    is_versioned = "versioned" in sketch.elements[place.holder or ""].provides
    beside = one(draw, "", "", "", *kept[:1]) if is_versioned else ""
    if beside:
        line += " WITHOUT SYSTEM VERSIONING"
    if "free" in classes.split() and sketch.dialect.name == "mariadb":
        line += one(draw, "", "", "", f" CHECK («{place.key}» > -100)")
    provides = frozenset({"column", *classes.split(), *(() if beside else ("kept",))})
    demands = frozenset({f"{place.holder}:versioned", beside} if beside else ())
    return Element(place.key, "column", line, place.holder, inline=True, provides=provides, demands=demands)


def hidden(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """An invisible column, which a table has beside visible ones."""
    text = (
        f"«{place.key}» int DEFAULT 5 INVISIBLE" if sketch.dialect.name == "mysql" else f"«{place.key}» int INVISIBLE"
    )
    provides = frozenset({"column", "number", "free"})
    return Element(place.key, "hidden", text, holder=place.holder, inline=True, provides=provides)


def counting(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """A column that counts, with the key that it needs."""
    of = one(draw, "bigint", "int", "int unsigned")
    key = one(draw, "PRIMARY KEY", "UNIQUE KEY")
    start = one(draw, "", "", " AUTO_INCREMENT=100")
    text = f"«{place.key}» {of} NOT NULL AUTO_INCREMENT, {key} («{place.key}»)"
    if key.startswith("UNIQUE"):
        text = text.replace("UNIQUE KEY", f"UNIQUE KEY `counted by {place.key}`")
    classes = {"bigint": {"bigint"}, "int": {"int"}, "int unsigned": {"unsigned"}}[of]
    provides = frozenset({"column", "number", "key", *classes, "referable", f"on {place.key}:{next(iter(classes))}"})
    alone = f"key of {place.holder}" if key == "PRIMARY KEY" else None
    return Element(place.key, "counting", text, place.holder, inline=True, tail=start, provides=provides, place=alone)


def generated(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None:
    # What a foreign key changes may not be computed with.
    numbers, texts = (sketch.that_are(of, place.holder) for of in ("free", "text"))
    way = one(draw, "STORED", "VIRTUAL")
    if numbers and (not texts or chance(draw)):
        text = f"double GENERATED ALWAYS AS («{one(draw, *numbers)}:free» / 2 + 1) {way}"  # of which none is too large
    elif texts:
        chosen = f"«{one(draw, *texts)}:text»"
        of, value = one(draw, ("int", f"length({chosen})"), ("varchar(300)", f"concat(left({chosen}, 9), 'it''s')"))
        if sketch.dialect.name == "mariadb":
            way = "VIRTUAL"  # it does not store what depends on the session's character set or SQL mode
        text = f"{of} GENERATED ALWAYS AS ({value}) {way}"
    else:
        return None
    text += one(draw, "", "", " INVISIBLE", f" COMMENT {sketch.literal(REMARK)}")
    provides = frozenset({"computed"} if text.startswith("double") else ())
    line = f"«{place.key}» {text}"
    return Element(place.key, "generated", line, holder=place.holder, inline=True, provides=provides)


_SYSTEM_PERIOD = """\
`row since` timestamp(6) GENERATED ALWAYS AS ROW START,
  `row until` timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE,
  PERIOD FOR SYSTEM_TIME (`row since`, `row until`)"""
_PERIOD = "`valid from` date NOT NULL,\n  `valid to` date NOT NULL,\n  PERIOD FOR `vali``d` (`valid from`, `valid to`)"


def period(draw: st.DrawFn, sketch: Sketch, place: Place) -> Element:
    """The columns between which something was true: https://mariadb.com/kb/en/temporal-tables/"""
    assert place.holder is not None
    alone, demands, text = f"period of {place.holder}", frozenset[str](), _PERIOD
    if "versioned" in sketch.elements[place.holder].provides:
        demands, text = frozenset({f"{place.holder}:versioned"}), one(draw, _SYSTEM_PERIOD, _PERIOD)
    if text is _PERIOD:
        # A column that a foreign key has may be in no such key.
        key = f"UNIQUE KEY `once in {place.key}` (`wh``at`, `vali``d` WITHOUT OVERLAPS)"
        text += one(draw, "", f",\n  `wh``at` int NOT NULL,\n  {key}")
    return Element(place.key, "period", text, place.holder, inline=True, demands=demands, place=alone)


# ---------------------------------------------------------------------------------------------- names


def _space(element: Element, sketch: Sketch) -> Hashable:
    match element.kind:
        case "primary key" | "period":
            return None
        case "check" if sketch.dialect.name == "mariadb":
            return None
        case "table" | "partitioned" | "view" | "sequence":
            return "relation"
        case "routine":
            return "procedure" if "procedure" in element.provides else "function"
        case "column" | "hidden" | "counting" | "generated" | "located":
            return ("column", element.holder)
        case "foreign key" | "index" | "unique index":
            return "key"  # foreign keys make indexes of their names
        case _:
            return element.kind


TABLES = ("table", "partitioned")


def _vocabulary(*own: Stage) -> Vocabulary:
    return Vocabulary(
        stages=(
            *(stage for stage in own if not stage.per),
            Stage("routine", routine, most=2),
            Stage("table", table, most=3),
            Stage("partitioned", partitioned),
            Stage("column", column, most=4, least=1, per=TABLES),
            Stage("hidden", hidden, per=("table",)),
            Stage("located", located, per=("table",)),
            Stage("counting", counting, per=("table",)),
            Stage("generated", generated, per=TABLES),
            *(stage for stage in own if stage.per),
            Stage("primary key", primary_key, per=TABLES),
            Stage("unique index", unique, per=TABLES),
            Stage("index", index, most=2, per=TABLES),
            Stage("check", check, most=2, per=TABLES),
            Stage("foreign key", foreign_key, most=2, per=("table",)),
            Stage("view", view, most=3),
            Stage("trigger", trigger, most=2, per=TABLES),
            Stage("event", event),
        ),
        renamed=frozenset(
            {
                *("table", "partitioned", "view", "index", "unique index", "sequence"),
                *("column", "hidden", "counting", "generated", "located"),
            }
        ),
        space=_space,
        folded=str.lower,
    )


MYSQL = _vocabulary()
MARIADB = _vocabulary(Stage("sequence", sequence), Stage("period", period, per=("table",)))
