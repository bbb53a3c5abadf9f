"""Sequences as SQL: those that are objects of their own, and their ties to columns.

https://www.postgresql.org/docs/current/sql-createsequence.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.rendering.owners import owner, owner_set
from querynl.dialects.postgresql.spelling import literal, qualified, quote, serial_sequence
from querynl.dialects.postgresql.types import LARGEST
from querynl.operations import Catalog
from querynl.schema import Column, Kind, Name, Ownership, Ref, Sequence, Table, ownership_of


def create(sequence: Sequence, around: Around) -> Iterator[str]:
    """The new sequence; its owner, where that comes later, makes the tie (see `linked`)."""
    name = qualified(sequence.namespace, sequence.name)
    if (served := _serial_served(sequence, around.before)) is not None:
        yield from change(served, sequence, around)
        return
    words = ["CREATE UNLOGGED SEQUENCE" if sequence.options.get("unlogged") else "CREATE SEQUENCE", name]
    yield " ".join([*words, *_facts(Sequence(name=sequence.name), sequence)])
    if sequence.owned_by is not None and _owner_is_there(sequence, around.after):
        yield from _tied(sequence, around)
    if sequence.comment is not None:
        yield comment_on("SEQUENCE", name, sequence.comment)


def drop(sequence: Sequence, around: Around) -> Iterator[str]:
    if (served := _serial_served(sequence, around.before)) is not None:
        yield from change(sequence, served, around)
    elif sequence.owned_by is None or _owner_is_there(sequence, around.before):
        yield f"DROP SEQUENCE {qualified(sequence.namespace, sequence.name)}"
    # Otherwise it went with its owner.


def change(old: Sequence, new: Sequence, around: Around) -> Iterator[str]:
    name = qualified(new.namespace, new.name)
    yield from change_facts(old, new)
    persistence = f"ALTER SEQUENCE {name} SET {'UNLOGGED' if new.options.get('unlogged') else 'LOGGED'}"
    if old.options != new.options:
        yield persistence
    if old.owned_by != new.owned_by:
        if new.owned_by is None:
            yield f"ALTER SEQUENCE {name} OWNED BY NONE"
            yield from _untied(old, around)
            if _is_kept_otherwise(old, new, around.before):
                yield persistence
        elif _owner_is_there(new, around.after):
            yield from _tied(new, around)
    if old.comment != new.comment:
        yield comment_on("SEQUENCE", name, new.comment)


def _is_kept_otherwise(old: Sequence, new: Sequence, before: Catalog) -> bool:
    """Whether the owner, whose sequences change with it between logged and unlogged, is not what it is to be."""
    table = before.table(Name(old.namespace, old.owned_by[0])) if old.owned_by is not None else None
    return table is not None and bool(table.options.get("unlogged")) != bool(new.options.get("unlogged"))


def change_facts(old: Sequence, new: Sequence) -> Iterator[str]:
    """The statements that change how a sequence, whomever it serves, counts.

    ALTER SEQUENCE refuses limits that the counter is not between. Where that may be so, both ranges are allowed
    first, and the counter moves to the new one if that skips numbers or none was given out; otherwise it is refused.
    """
    name = qualified(new.namespace, new.name)
    least, most = _limits(new)
    least_before, most_before = _limits(old)
    if (least > least_before or most < most_before) and not _bounds_only_ahead(old, new):
        widest = max((old.type, new.type), key=lambda of_type: LARGEST[of_type or "bigint"])
        wider = replace(old, type=widest, minimum=min(least, least_before), maximum=max(most, most_before))
        if _limits(wider) != _limits(old):
            yield _altered(name, old, wider)
            old = wider
        nearest, passed, ahead = (least, "<", most) if _rises(new) else (most, ">", least)
        yield (
            f"SELECT setval({literal(name)}, CASE WHEN is_called THEN {nearest} ELSE {_first(new)} END, false)"
            f" FROM {name} WHERE last_value {passed} {nearest} OR (NOT is_called AND {ahead} {passed} last_value)"
        )
    if list(_facts(old, new)):
        yield _altered(name, old, new)


def _bounds_only_ahead(old: Sequence, new: Sequence) -> bool:
    """Whether a counter that gave no number out, or few, is between the new limits as it is."""
    (least, most), (least_before, most_before) = _limits(new), _limits(old)
    start_stays = least <= _first(old) <= most
    return start_stays and (least <= least_before if _rises(new) else most >= most_before)


def _altered(name: str, old: Sequence, new: Sequence) -> str:
    return " ".join([f"ALTER SEQUENCE {name}", *_facts(old, new)])


def _facts(before: Sequence, new: Sequence) -> Iterator[str]:
    """The clauses in which two sequences differ."""
    if before.type != new.type:
        yield f"AS {new.type or 'bigint'}"
    if before.increment != new.increment:
        yield f"INCREMENT BY {1 if new.increment is None else new.increment}"
    for word, was, now in (("MINVALUE", before.minimum, new.minimum), ("MAXVALUE", before.maximum, new.maximum)):
        if was != now:
            # With a new type, NO MINVALUE may mean the least number of that.
            limit = _limits(new)[word == "MAXVALUE"] if now is None and before.type != new.type else now
            yield f"NO {word}" if limit is None else f"{word} {limit}"
    if _first(before) != _first(new):
        yield f"START WITH {_first(new)}"
    if before.cache != new.cache:
        yield f"CACHE {1 if new.cache is None else new.cache}"
    if before.cycle != new.cycle:
        yield "CYCLE" if new.cycle else "NO CYCLE"


def _rises(sequence: Sequence) -> bool:
    return (sequence.increment or 1) > 0


def _first(sequence: Sequence) -> int:
    """The number that the sequence starts with."""
    if sequence.start is not None:
        return sequence.start
    if _rises(sequence):
        return 1 if sequence.minimum is None else sequence.minimum
    return -1 if sequence.maximum is None else sequence.maximum


def _limits(sequence: Sequence) -> tuple[int, int]:
    """The least and the largest number that the sequence gives."""
    largest = LARGEST[sequence.type or "bigint"]
    least, most = (1, largest) if _rises(sequence) else (-largest - 1, -1)
    return (
        least if sequence.minimum is None else sequence.minimum,
        most if sequence.maximum is None else sequence.maximum,
    )


def linked(table: Name, columns: Iterable[Column], catalog: Catalog) -> Iterator[str]:
    """The ties of sequences that were there before the columns that own them."""
    names = {column.name for column in columns}
    for sequence in sorted(catalog.of_kind(Kind.SEQUENCE), key=lambda found: str(found.name)):
        assert isinstance(sequence, Sequence)
        owner = sequence.owned_by
        if owner is not None and sequence.namespace == table.namespace and owner[0] == table.name and owner[1] in names:
            yield _owned_by(sequence)


def set_after_largest(table: Name, column: Column, *, only_ahead: bool = False) -> str:
    """Counting goes on after the largest number that a row has; without rows the counter stays as it is.

    `only_ahead`: so it does where it is past that number already.
    """
    name, key = qualified(*table), quote(column.name)
    sequence = f"pg_get_serial_sequence({literal(name)}, {literal(column.name)})"
    passed = f"greatest(0, pg_sequence_last_value({sequence}::regclass))" if only_ahead else "0"
    return f"SELECT setval({sequence}, max({key})) FROM {name} HAVING max({key}) > {passed}"


def _tied(sequence: Sequence, around: Around) -> Iterator[str]:
    """The tie to a column, for which the sequence has to have the owner of the table."""
    assert sequence.owned_by is not None
    table = Ref(Kind.TABLE, sequence.namespace, sequence.owned_by[0])
    if isinstance(around.after.get(ownership_of(table)), Ownership):
        yield f"ALTER SEQUENCE {qualified(sequence.namespace, sequence.name)} OWNER TO {owner(table, around.after)}"
    yield _owned_by(sequence)


def _untied(sequence: Sequence, around: Around) -> Iterator[str]:
    """The owner that a sequence is to have which was that of its table."""
    assert sequence.owned_by is not None
    table = Ref(Kind.TABLE, sequence.namespace, sequence.owned_by[0])
    own = Ref(Kind.SEQUENCE, sequence.namespace, sequence.name)
    if owner(table, around.before) != owner(own, around.after):
        yield owner_set(own, around.after)


def _owned_by(sequence: Sequence) -> str:
    assert sequence.owned_by is not None
    table, column = sequence.owned_by
    owner = f"{qualified(sequence.namespace, table)}.{quote(column)}"
    return f"ALTER SEQUENCE {qualified(sequence.namespace, sequence.name)} OWNED BY {owner}"


def _owner(sequence: Sequence, catalog: Catalog) -> Column | None:
    assert sequence.owned_by is not None
    table = catalog.table(Name(sequence.namespace, sequence.owned_by[0]))
    return None if table is None else table.column(sequence.owned_by[1])


def _owner_is_there(sequence: Sequence, catalog: Catalog) -> bool:
    return _owner(sequence, catalog) is not None


def _serial_served(sequence: Sequence, catalog: Catalog) -> Sequence | None:
    """The sequence as SERIAL made it, where it is that of a serial column; it is then about to become an object of its
    own, or to be one no more."""
    for table in catalog.of_kind(Kind.TABLE):
        assert isinstance(table, Table)
        if table.namespace == sequence.namespace:
            for column in table.columns:
                serial = column.identity is not None and column.identity.serial
                if serial and serial_sequence(table.name, column.name) == sequence.name:
                    return Sequence(
                        name=sequence.name,
                        namespace=sequence.namespace,
                        type=None if column.type == "bigint" else column.type,
                        owned_by=(table.name, column.name),
                    )
    return None
