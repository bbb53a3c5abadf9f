"""Names in expressions, as engines write them and as people do."""

import pytest

from querynl.dialects import dialect_named


@pytest.mark.parametrize(
    ("expression", "name", "renamed"),
    [
        ("cast(`date` as date) > date '2020-01-01'", "date", "cast(`new` as date) > date '2020-01-01'"),
        ("`at` + interval `day` day", "day", "`at` + interval `new` day"),
        ("timestampdiff(DAY,`day`,`at`)", "day", "timestampdiff(DAY,`new`,`at`)"),
        ("extract(day from `day`)", "day", "extract(day from `new`)"),
        ("case when `end` > 1 then 1 else `end` end", "end", "case when `new` > 1 then 1 else `new` end"),
        ("case `end` when 1 then null end", "end", "case `new` when 1 then null end"),
        ("`and` > 1 and not `and`", "and", "`new` > 1 and not `new`"),
        ("`a` not regexp `a` and `a` div `a`", "a", "`new` not regexp `new` and `new` div `new`"),
        ("`a` is not null or _utf8mb4'a' = `a`", "a", "`new` is not null or _utf8mb4'a' = `new`"),
        ("`a` member of(`b`)", "b", "`a` member of(`new`)"),
        ("RANGE (`p`) (PARTITION `p` VALUES LESS THAN (5))", "p", "RANGE (`new`) (PARTITION `p` VALUES LESS THAN (5))"),
        ("RANGE  COLUMNS(a,b)", "b", "RANGE  COLUMNS(a,`new`)"),
        ("if(`if`,1,2)", "if", "if(`new`,1,2)"),
    ],
)
def test_a_column_is_told_from_the_words_of_mysql(expression: str, name: str, renamed: str) -> None:
    assert dialect_named("mysql").rename_in_expression(expression, name, "new") == renamed


@pytest.mark.parametrize(
    ("expression", "renamed"),
    [
        ("nextval(`s`)", "nextval(`s`)"),
        ("(lastval( `db`.`s` ) + `s`)", "(lastval( `db`.`s` ) + `new`)"),
        ("setval(`s`,`t`.`s`,1,0)", "setval(`s`,`t`.`new`,1,0)"),
        ("PREVIOUS VALUE FOR s + s", "PREVIOUS VALUE FOR s + `new`"),
        ("concat('nextval(`s`)',`s`)", "concat('nextval(`s`)',`new`)"),
    ],
)
def test_a_column_is_told_from_a_sequence_of_mariadb(expression: str, renamed: str) -> None:
    assert dialect_named("mariadb").rename_in_expression(expression, "s", "new") == renamed


@pytest.mark.parametrize(
    ("expression", "name", "renamed"),
    [
        ("((date)::date > '2020-01-01'::date)", "date", "((new)::date > '2020-01-01'::date)"),
        ("(lower((text)::text) <> ''::text)", "text", "(lower((new)::text) <> ''::text)"),
        ("(status = 'a'::public.status)", "status", "(new = 'a'::public.status)"),
        ('("Status" = \'a\'::"Status")', "Status", "(new = 'a'::\"Status\")"),
        ("EXTRACT(year FROM year)", "year", "EXTRACT(year FROM new)"),
        ("(at AT TIME ZONE zone)", "zone", "(at AT TIME ZONE new)"),
        ('("C" < (b COLLATE "C"))', "C", '(new < (b COLLATE "C"))'),
        ('CASE WHEN ("end" > 1) THEN 1 ELSE "end" END', "end", "CASE WHEN (new > 1) THEN 1 ELSE new END"),
        ("((addr).street = street)", "street", "((addr).street = new)"),
        ('("Users" > users)', "Users", "(new > users)"),
        ("(name IS DISTINCT FROM (name)::name)", "name", "(new IS DISTINCT FROM (new)::name)"),
        ("(a OPERATOR(public.+) b)", "b", "(a OPERATOR(public.+) new)"),
        ("(now() > b)", "b", "(now() > new)"),
        ("TRIM(BOTH b FROM a)", "b", "TRIM(BOTH new FROM a)"),
        ("concat(VARIADIC names)", "names", "concat(VARIADIC new)"),
        ("((f()).part = part)", "part", "((f()).part = new)"),
        ("(tags[1:] = (tags)[size:size])", "size", "(tags[1:] = (tags)[new:new])"),
        ("(x = ANY (ARRAY[1, tags[x]]))", "x", "(new = ANY (ARRAY[1, tags[new]]))"),
    ],
)
def test_a_column_is_told_from_the_words_and_types_of_postgresql(expression: str, name: str, renamed: str) -> None:
    assert dialect_named("postgresql").rename_in_expression(expression, name, "new") == renamed


@pytest.mark.parametrize(
    ("expression", "name", "renamed"),
    [
        ("CAST(text AS text) <> ''", "text", "CAST(new AS text) <> ''"),
        ('CASE WHEN "end" > 1 THEN 1 ELSE 2 END', "end", "CASE WHEN new > 1 THEN 1 ELSE 2 END"),
        ("nocase = a COLLATE nocase", "nocase", "new = a COLLATE nocase"),
        ("interval > 0 AND interval IN (1) AND NOT interval", "interval", "new > 0 AND new IN (1) AND NOT new"),
        ("a IS NOT b AND a GLOB b", "b", "a IS NOT new AND a GLOB new"),
        ("t.a NOT MATCH a AND date(date) NOTNULL", "date", "t.a NOT MATCH a AND date(new) NOTNULL"),
    ],
)
def test_a_column_is_told_from_the_words_and_types_of_sqlite(expression: str, name: str, renamed: str) -> None:
    assert dialect_named("sqlite").rename_in_expression(expression, name, "new") == renamed
