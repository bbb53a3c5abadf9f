"""Columns as SQL: in CREATE TABLE, added, dropped, and changed in place.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.heirs import given_column, handed_down, has_identity_from_above, heirs, is_partition
from querynl.dialects.postgresql.options import COLUMN_ATTRIBUTES, parameters
from querynl.dialects.postgresql.rendering import foreign, not_null
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.rendering.owners import owner
from querynl.dialects.postgresql.rendering.sequences import change_facts, linked, set_after_largest
from querynl.dialects.postgresql.spelling import (
    collation_text,
    literal,
    named_type,
    qualified,
    quote,
    serial_sequence,
)
from querynl.dialects.postgresql.types import conversion, keeps_values
from querynl.operations import Catalog
from querynl.schema import Column, Enum, Identity, Kind, Name, Ownership, Ref, Sequence, Table, ownership_of

_SERIALS = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}

# A default in a column's definition may hold none of these outside brackets: it is a b_expr of the grammar.
_LOOSE_OPERATORS = re.compile(r"\b(?:and|or|not|in|is|like|ilike|between|at|collate|similar|isnull|notnull)\b", re.I)
_LABEL = re.compile(r"'((?:[^']|'')*)'(?:::.*)?", re.DOTALL)


def definition(column: Column) -> str:
    """The column as CREATE TABLE and ADD COLUMN want it."""
    counted = column.identity
    words = [quote(column.name), column.type]
    if counted is not None and counted.serial:
        words[1] = _SERIALS[column.type]
    if given := foreign.clause(column.options):
        words.append(given.lstrip())
    if column.collation is not None:
        words.append(f"COLLATE {collation_text(column.collation)}")
    return " ".join([*words, *_values(column)])


def typed(column: Column) -> str:
    """What a table that has its columns from a type says of one beyond that; empty where there is nothing."""
    words = list(_values(column))
    return " ".join([quote(column.name), "WITH OPTIONS", *words]) if words else ""


def _values(column: Column) -> Iterator[str]:
    """Where a column's values come from, and whether there must be one."""
    if column.generated is not None:
        kind = "STORED" if column.generated.stored else "VIRTUAL"
        yield f"GENERATED ALWAYS AS ({column.generated.expression}) {kind}"
    elif column.identity is not None and not column.identity.serial:
        yield identity_clause(column)
    elif column.default is not None:
        yield f"DEFAULT {_bracketed(column.default)}"
    if not column.nullable and not column.options.get("not_null_not_valid"):
        yield not_null.clause(column)


def _bracketed(expression: str) -> str:
    return f"({expression})" if _LOOSE_OPERATORS.search(expression) else expression


def identity_clause(column: Column) -> str:
    """GENERATED … AS IDENTITY with the options of its sequence."""
    assert column.identity is not None
    options = [f"{word} {value}" if value is not True else word for word, value in _counting_options(column).items()]
    when = "ALWAYS" if column.identity.always else "BY DEFAULT"
    return f"GENERATED {when} AS IDENTITY" + (f" ({' '.join(options)})" if options else "")


def _counting_options(column: Column) -> dict[str, object]:
    assert column.identity is not None
    words = {
        "SEQUENCE NAME": quote(str(column.options["sequence"])) if "sequence" in column.options else None,
        "START WITH": column.identity.start,
        "INCREMENT BY": column.identity.increment,
        "MINVALUE": column.options.get("minimum"),
        "MAXVALUE": column.options.get("maximum"),
        "CACHE": column.options.get("cache"),
        "CYCLE": column.options.get("cycle"),
    }
    return {word: value for word, value in words.items() if value is not None}


def override(column: Column) -> str:
    """What a new partition says otherwise than its partitioned table."""
    words = [quote(column.name)]
    if column.default is not None:
        words.append(f"DEFAULT {_bracketed(column.default)}")
    if not column.nullable and not column.options.get("not_null_not_valid"):
        words.append(not_null.clause(column))
    return " ".join(words) if len(words) > 1 else ""


def attributes(table: Name, column: Column) -> Iterator[str]:
    """What a new column has beyond its definition."""
    actions = [*not_null.later(column), *_attribute_changes(None, column)]
    if actions:
        yield alter(table, actions)
    if column.comment is not None:
        yield comment_on("COLUMN", f"{qualified(*table)}.{quote(column.name)}", column.comment)


def add(table: Name, column: Column, around: Around) -> Iterator[str]:
    inherited = given_column(table, column.name, around.after)
    if inherited is not None:
        yield from change(table, inherited, column, None, around)
        return
    if _comes_with_another(table, around.after):
        return  # and so does what is said of it
    if _way_of_counting(column) == "identity" and _plain_heirs(table, around.before):
        # An identity does not come to heirs, but their rows need values as well: a serial gives them.
        counted = replace(column, identity=Identity(serial=True), options={}, comment=None)
        yield alter(table, [f"ADD COLUMN {definition(counted)}"])
        yield from change(table, counted, column, None, around)
    else:
        yield alter(table, [f"ADD COLUMN {definition(column)}"])
        yield from attributes(table, column)
        if "compression" in column.options:
            yield from _compression_of_heirs(table, column, around.after)
        for partition in filter(is_partition, heirs(table, around.after)):
            if (own := partition.column(column.name)) is not None:
                yield from change(partition.key, column, own, None, around)
    yield from linked(table, (column,), around.after)


def drop(table: Name, column: Column, around: Around) -> Iterator[str]:
    inherited = given_column(table, column.name, around.before)
    if inherited is not None and not _is_typed(table, around.before):
        yield from change(table, column, inherited, None, around)
    elif not _comes_with_another(table, around.before):
        yield from _drop_from(table, column, around)


def _drop_from(table: Name, column: Column, around: Around) -> Iterator[str]:
    """The column goes, also from those that inherit it, but for those that have it as their own as well."""
    name = quote(column.name)
    plain = _plain_heirs(table, around.before)
    only = "ONLY " if plain else ""
    if plain and _way_of_counting(column) == "serial":
        yield from _freed_from_counter(table, column, around.before)
    elif plain and column.identity is not None:
        yield from _stop_counting(table, column, None)  # an identity has to have its NOT NULL
    if plain and not column.nullable:
        # With the column goes its NOT NULL, and would leave those of the heirs inherited from nowhere.
        yield alter(table, [f"ALTER COLUMN {name} DROP NOT NULL"])
    yield f"ALTER TABLE {only}{qualified(*table)} DROP COLUMN {name}"
    for heir in plain:
        if given_column(heir.key, column.name, around.after) is not None:
            continue
        own = heir.column(column.name)
        if own is None:
            yield from _drop_from(heir.key, column, around)
        elif not own.nullable and not column.nullable:
            yield alter(heir.key, [not_null.added(own)])


def _plain_heirs(table: Name, catalog: Catalog) -> list[Table]:
    return [heir for heir in heirs(table, catalog) if not is_partition(heir)]


def _freed_from_counter(table: Name, column: Column, catalog: Catalog) -> Iterator[str]:
    """The heirs that take their numbers from the counter of a column take none any more."""
    taken = handed_down(table, column).default
    for heir in _plain_heirs(table, catalog):
        own = heir.column(column.name)
        if own is None or own.default == taken:
            yield alter(heir.key, [f"ALTER COLUMN {quote(column.name)} DROP DEFAULT"])
        yield from _freed_from_counter(heir.key, replace(column, identity=None, default=taken), catalog)


def _comes_with_another(table: Name, catalog: Catalog) -> bool:
    """Whether the columns of a table are those of its type, or of the table that it is a partition of."""
    found = catalog.table(table)
    return found is not None and (found.of_type is not None or is_partition(found))


def _is_typed(table: Name, catalog: Catalog) -> bool:
    found = catalog.table(table)
    return found is not None and found.of_type is not None


# ------------------------------------------------------------------------------------------- changes


def change(table: Name, old: Column, new: Column, using: str | None, around: Around) -> Iterator[str]:
    """The statements that turn one column into the other, in place; the values stay."""
    given = given_column(table, new.name, around.after)
    if given is not None:
        if not given.nullable:  # so it is for as long as it is given; see `_drop_from`
            old, new = replace(old, nullable=False), replace(new, nullable=False)
        if retyped(old, new) and not _is_typed(table, around.after):
            # A default of the one type may be none of the other: it goes before a parent changes the type, and comes
            # after that.
            has_type = not retyped(given, new)
            old, new = (_without_lasting_default(old, new), new) if has_type else (old, replace(new, default=None))
        if has_identity_from_above(table, new.name, around.after):
            # The change from above takes a default away with it, and brings it back.
            old, new = replace(old, default=None), replace(new, default=None)
        # Whoever gives the column gives the type.
        old = replace(old, type=new.type, collation=new.collation, generated=new.generated)
    if new.generated is not None and old.generated is None:
        yield from drop(table, old, around)
        yield from add(table, new, around)
        return
    counts_otherwise = _way_of_counting(old) != _way_of_counting(new)
    # A sequence that is an object of its own by now serves the column and stays.
    sequence = Name(table.namespace, serial_sequence(table.name, new.name))
    apart = around.before.get(Ref(Kind.SEQUENCE, *sequence)) is not None
    if counts_otherwise and old.identity is not None:
        yield from _stop_counting(table, old, None if apart else sequence)
    if old.identity and new.identity and not counts_otherwise and keeps_values(new.type, old.type):
        yield from _counter_changes(table, old, new)  # before the type is too narrow for the old limits
    found = around.after.table(table)
    has_rows = found is None or found.server is None
    actions = list(_actions(old, new, using, around.after, has_rows=has_rows))
    if retyped(old, new) and old.default is None:
        yield from _defaults_of_heirs_dropped(table, new, around.after)
    if actions:
        yield alter(table, actions)
    if old.identity and new.identity and not counts_otherwise and not keeps_values(new.type, old.type):
        yield from _counter_changes(table, old, new)
    if _differs(old, new, "compression"):
        yield from _compression_of_heirs(table, new, around.after)
    yield from _said_again(table, old, new, around)
    if counts_otherwise and new.identity is not None:
        yield from _start_counting(table, new, None if apart else sequence, around.after)
    yield from not_null.change(table, old, new)
    if old.comment != new.comment:
        yield comment_on("COLUMN", f"{qualified(*table)}.{quote(new.name)}", new.comment)


def _without_lasting_default(old: Column, new: Column) -> Column:
    """The column before, with no default unless it is to be dropped."""
    return old if new.default is None else replace(old, default=None)


def _defaults_of_heirs_dropped(table: Name, column: Column, after: Catalog) -> Iterator[str]:
    """Those of the type that the column had; where it has a default itself, they go with that."""
    for heir in heirs(table, after):
        own = heir.column(column.name)
        if own is not None and own.default is not None and retyped(own, column):
            yield alter(heir.key, [f"ALTER COLUMN {quote(column.name)} DROP DEFAULT"])
        yield from _defaults_of_heirs_dropped(heir.key, column, after)


def _said_again(table: Name, old: Column, new: Column, around: Around) -> Iterator[str]:
    """What the heirs of a table say of its column otherwise, which ALTER COLUMN has just changed with it."""
    changed = {option: new.options.get(option) for option in _CHANGED_WITH_HEIRS if _differs(old, new, option)}
    moved = retyped(old, new)
    if old.default == new.default and not changed and not moved:
        return
    for heir in heirs(table, around.after):
        own = heir.column(new.name)
        if own is not None:
            options = {option: value for option, value in (own.options | changed).items() if value is not None}
            default = own.default if old.default == new.default and not moved else new.default
            if moved and retyped(own, new):
                default = own.default  # a change of its own follows
            if _way_of_counting(new) == "identity" and is_partition(heir):
                default = own.default  # it counts, too, and can have none
            said = replace(own, default=default, options=options)
            if actions := list(_actions(said, own, None, around.after, has_rows=heir.server is None)):
                yield alter(heir.key, actions)
        yield from _said_again(heir.key, old, new, around)


_CHANGED_WITH_HEIRS = ("storage", "statistics")


def _compression_of_heirs(table: Name, column: Column, after: Catalog) -> Iterator[str]:
    """The compression for the heirs that say nothing of the column, to which no ALTER TABLE passes it on."""
    for heir in heirs(table, after):
        if heir.column(column.name) is None:
            method = str(column.options.get("compression", "DEFAULT"))
            yield alter(heir.key, [f"ALTER COLUMN {quote(column.name)} SET COMPRESSION {method.upper()}"])
            yield from _compression_of_heirs(heir.key, column, after)


def _differs(old: Column, new: Column, option: str) -> bool:
    return old.options.get(option) != new.options.get(option)


def _way_of_counting(column: Column) -> str | None:
    return None if column.identity is None else "serial" if column.identity.serial else "identity"


def _stop_counting(table: Name, column: Column, sequence: Name | None) -> Iterator[str]:
    assert column.identity is not None
    what = "DEFAULT" if column.identity.serial else "IDENTITY"
    yield alter(table, [f"ALTER COLUMN {quote(column.name)} DROP {what}"])
    if column.identity.serial and sequence is not None:
        yield f"DROP SEQUENCE {qualified(*sequence)}"


def _start_counting(table: Name, column: Column, sequence: Name | None, after: Catalog) -> Iterator[str]:
    """A counter that goes on after the largest number there is, and has the owner of the table."""
    assert column.identity is not None
    action = f"ALTER COLUMN {quote(column.name)}"
    if column.identity.serial:
        name = qualified(table.namespace, serial_sequence(table.name, column.name))
        owned_by = f"OWNED BY {qualified(*table)}.{quote(column.name)}"
        holder = Ref(Kind.TABLE, *table)
        if sequence is not None and isinstance(after.get(ownership_of(holder)), Ownership):
            yield f"CREATE SEQUENCE {name} AS {column.type}"
            yield f"ALTER SEQUENCE {name} OWNER TO {owner(holder, after)}"
            yield f"ALTER SEQUENCE {name} {owned_by}"
        elif sequence is not None:
            yield f"CREATE SEQUENCE {name} AS {column.type} {owned_by}"
        yield alter(table, [f"{action} SET DEFAULT nextval({literal(name)}::regclass)"])
    else:
        yield alter(table, [f"{action} ADD {identity_clause(column)}"])
    yield set_after_largest(table, column)


def _counter_changes(table: Name, old: Column, new: Column) -> Iterator[str]:
    """What becomes of the sequence of a column that keeps its way of counting."""
    assert old.identity is not None
    assert new.identity is not None
    if old.identity.always != new.identity.always:
        always = "ALWAYS" if new.identity.always else "BY DEFAULT"
        yield alter(table, [f"ALTER COLUMN {quote(new.name)} SET GENERATED {always}"])
    before, after = counter(table, old), counter(table, new)
    if before.name != after.name:
        yield f"ALTER SEQUENCE {qualified(table.namespace, before.name)} RENAME TO {quote(after.name)}"
    # ALTER COLUMN TYPE gives the sequence of an identity the type as well.
    if new.identity.serial or replace(before, type=after.type) != after:
        yield from change_facts(before, after)


def counter(table: Name, column: Column) -> Sequence:
    """The sequence behind a column."""
    assert column.identity is not None
    facts = {name: value for name, value in column.options.items() if name in ("minimum", "maximum", "cache", "cycle")}
    plain = Sequence(
        name=str(column.options.get("sequence", serial_sequence(table.name, column.name))),
        namespace=table.namespace,
        type=None if column.type == "bigint" else column.type,
        start=column.identity.start,
        increment=column.identity.increment,
    )
    return replace(plain, **facts)


def retyped(old: Column, new: Column) -> bool:
    return old.type != new.type or old.collation != new.collation


def _actions(old: Column, new: Column, using: str | None, after: Catalog, *, has_rows: bool) -> Iterator[str]:
    """The actions of ALTER TABLE. The engine takes away first, then retypes, then adds, whatever their order is."""
    column = f"ALTER COLUMN {quote(new.name)}"
    moved = retyped(old, new)
    if old.generated is not None and new.generated is None:
        yield f"{column} DROP EXPRESSION"
    if old.default is not None and (moved or new.default is None):
        yield f"{column} DROP DEFAULT"
    if new.nullable and not old.nullable:
        yield f"{column} DROP NOT NULL"
    if moved:
        yield f"{column} {_type_clause(old, new, using, has_rows=has_rows)}"
    if new.generated is not None and old.generated is not None and old.generated != new.generated:
        yield f"{column} SET EXPRESSION AS ({new.generated.expression})"
    if new.default is not None and (moved or new.default != old.default) and settable(new, after):
        yield f"{column} SET DEFAULT {new.default}"
    if not new.nullable and old.nullable:
        yield not_null.added(new)
    yield from _attribute_changes(old, new)


def _type_clause(old: Column, new: Column, using: str | None, *, has_rows: bool) -> str:
    expression = using if using is not None else conversion(quote(new.name), old.type, new.type)
    if not has_rows:  # a foreign table has nothing to convert, and takes no USING
        expression = None
    collation = f" COLLATE {collation_text(new.collation)}" if new.collation is not None else ""
    return f"TYPE {new.type}{collation}" + (f" USING {expression}" if expression is not None else "")


def settable(column: Column, catalog: Catalog) -> bool:
    """Whether the default is a value of the column's type already, or still.

    Where a migration changes an enum's labels and a default that names one, whichever change comes second
    sets the default.
    """
    name = named_type(column.type)
    found = None if name is None else catalog.get(Ref(Kind.ENUM, *name))
    label = _LABEL.fullmatch(column.default or "")
    if not isinstance(found, Enum) or label is None or column.type.endswith("]"):
        return True
    return label[1].replace("''", "'") in found.values


def defaults_set(table: Table, around: Around) -> Iterator[str]:
    """The defaults that name a label which an enum has by now and had not before."""
    for column in table.columns:
        if column.default is not None and settable(column, around.after) and not settable(column, around.before):
            yield alter(table.key, [f"ALTER COLUMN {quote(column.name)} SET DEFAULT {column.default}"])


def _attribute_changes(old: Column | None, new: Column) -> Iterator[str]:
    """Storage, compression, statistics, the planner's parameters, and what a foreign data wrapper is told.

    The wrapper is told about a new column by its definition.
    """
    column = f"ALTER COLUMN {quote(new.name)}"
    before = {} if old is None else old.options
    for option, word, usual in (
        ("storage", "SET STORAGE", "DEFAULT"),
        ("compression", "SET COMPRESSION", "DEFAULT"),
        ("statistics", "SET STATISTICS", "-1"),
    ):
        if before.get(option) != new.options.get(option):
            yield f"{column} {word} {str(new.options.get(option, usual)).upper()}"
    old_parameters, new_parameters = parameters(before, COLUMN_ATTRIBUTES), parameters(new.options, COLUMN_ATTRIBUTES)
    if gone := sorted(old_parameters.keys() - new_parameters.keys()):
        yield f"{column} RESET ({', '.join(gone)})"
    changed = [f"{name} = {value}" for name, value in new_parameters.items() if old_parameters.get(name) != value]
    if changed:
        yield f"{column} SET ({', '.join(changed)})"
    if old is not None and (given := foreign.change(before, new.options)):
        yield f"{column}{given}"
