"""What only a person can decide about a set of changes, and what their answers make of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from querynl.dialects import Dialect, quoted
from querynl.dialects.expressions import fault_of
from querynl.errors import ExpressionInvalid, UsageInvalid
from querynl.operations import Change, Create, Drop, Operation, RunSQL, forgets_history
from querynl.schema import Column, Kind, Name, Ref, Table, ref_of

# Commands that only ask what `--allow` names would wait for this import.
if TYPE_CHECKING:
    from querynl.diff import Difference, Question

# What `--allow` takes; `all` stands for every one of them.
HAZARDS = ("destructive", "data", "lock", "rewrite", "privileges")


class Undecided(Struct, frozen=True):
    """A change that waits for an answer: what it is, the table whose rows it is about, and the options that answer it.

    `question` is set where the answer may be a rename.
    """

    what: str
    table: Name
    answer: str
    question: Question | None = None


def allowed_hazards(words: Iterable[str]) -> frozenset[str]:
    """The hazards that `--allow` options name, each perhaps several between commas. Raises UsageInvalid."""
    named = {word.strip() for text in words for word in text.split(",") if word.strip()}
    if unknown := named - {*HAZARDS, "all"}:
        raise UsageInvalid(
            f"--allow does not know {', '.join(map(repr, sorted(unknown)))}.",
            remedy=f"It takes {', '.join(HAZARDS)}, or all.",
        )
    return frozenset(HAZARDS) if "all" in named else frozenset(named)


def undecided(difference: Difference, allowed: Collection[str]) -> list[Undecided]:
    """The changes that lose data or could be a rename, and are not allowed."""
    waiting: list[Undecided] = []
    if "destructive" not in allowed:
        waiting += map(_possible_rename, difference.questions)
        asked = {question.dropped for question in difference.questions}
        waiting += (_loss(drop) for drop in losses(difference.operations) if _address(drop) not in asked)
        waiting += (
            _lost_history(operation.after)
            for operation in difference.operations
            if isinstance(operation, Change) and isinstance(operation.after, Table) and forgets_history(operation)
        )
    if "data" not in allowed:
        waiting += (_missing_value(create) for create in required_columns(difference.operations))
    return waiting


def losses(operations: Iterable[Operation]) -> Iterator[Drop]:
    """The drops that take rows or values with them."""
    for operation in operations:
        match operation:
            case Drop(Table(server=None)) | Drop(Column(generated=None), inherited=False):
                yield operation


def required_columns(operations: Iterable[Operation]) -> Iterator[Create]:
    """The columns added to existing tables that need a value in every row and have none."""
    for operation in operations:
        match operation:
            case Create(Column(nullable=False, default=None, identity=None, generated=None), inherited=False):
                yield operation


def _address(drop: Drop) -> Ref:
    return ref_of(drop.obj, drop.table)


def _possible_rename(question: Question) -> Undecided:
    old, new = question.dropped, question.added
    return Undecided(
        f"{spelled(old)} is gone and {spelled(new)} is new: was it renamed?",
        Name(old.namespace, old.table or old.name),
        f"--rename {spelled(old)}:{quoted_if_needed(new.name)}, or --allow destructive to drop one and add the other",
        question,
    )


def _loss(drop: Drop) -> Undecided:
    ref = _address(drop)
    what = "its rows" if ref.kind is Kind.TABLE else "its values"
    table = Name(ref.namespace, ref.table or ref.name)
    return Undecided(f"Dropping {ref.kind} {spelled(ref)} deletes {what}.", table, "--allow destructive")


def _lost_history(table: Table) -> Undecided:
    what = f"{spelled(ref_of(table))} stops keeping old rows, and those it kept are deleted."
    return Undecided(what, table.key, "--allow destructive")


def _missing_value(create: Create) -> Undecided:
    ref = ref_of(create.obj, create.table)
    return Undecided(
        f"{spelled(ref)} must have a value in every row, and rows that are there have none.",
        Name(ref.namespace, ref.table or ""),
        f'--backfill "{spelled(ref)} = EXPRESSION", or --allow data if the table is empty',
    )


def spelled(ref: Ref) -> str:
    """The address of a table or column as `--rename` and `--backfill` take it."""
    parts = (ref.namespace, ref.table, ref.name)
    return ".".join(quoted_if_needed(part) for part in parts if part is not None)


def quoted_if_needed(name: str) -> str:
    """The name, between double quotes where it holds what has a meaning in an option."""
    plain = name and not any(character in name for character in ".:=\"' \t\n")
    return name if plain else '"' + name.replace('"', '""') + '"'


# -------------------------------------------------------------------------------------------- answers


def with_backfills(
    operations: Sequence[Operation], values: Mapping[Ref, str], dialect: Dialect
) -> tuple[Operation, ...]:
    """The operations with columns filled before they are required.

    `values` maps the address of a column to the SQL expression of its value in rows that have none. Raises
    ExpressionInvalid for what is not one expression, UsageInvalid for a column that is not being made required.
    """
    unused = dict(values)
    _check_expressions("--backfill", unused, dialect)
    result: list[Operation] = []
    for operation in operations:
        result += _filled(operation, unused, dialect)
    if unused:
        names = ", ".join(map(spelled, unused))
        raise UsageInvalid(f"--backfill names {names}, which this migration does not make required.")
    return tuple(result)


def _filled(operation: Operation, values: dict[Ref, str], dialect: Dialect) -> Iterator[Operation]:
    match operation:
        case Create(Column() as column, Name() as table) if ref_of(column, table) in values:
            value = values.pop(ref_of(column, table))
            optional = replace(column, nullable=True)
            yield Create(optional, table)
            yield _fill(column, table, value, dialect, lossless=True)
            yield Change(optional, column, table)
        case Change(Column(nullable=True), Column(nullable=False) as column, Name() as table) if (
            ref_of(column, table) in values
        ):
            yield _fill(column, table, values.pop(ref_of(column, table)), dialect, lossless=False)
            yield operation
        case _:
            yield operation


def _fill(column: Column, table: Name, value: str, dialect: Dialect, *, lossless: bool) -> RunSQL:
    name = dialect.quote(column.name)
    update = f"UPDATE {quoted(table, dialect)} SET {name} = {value} WHERE {name} IS NULL"
    description = f"Fill {column.name} of {table} with {value}"
    return RunSQL(up=(update,), down=(), description=description, table=table, lossless=lossless)


def with_conversions(
    operations: Sequence[Operation], values: Mapping[Ref, str], dialect: Dialect
) -> tuple[Operation, ...]:
    """The operations with the expressions that turn old values into values of a column's new type.

    Raises ExpressionInvalid for what is not one expression, UsageInvalid for a column that is not being changed.
    """
    unused = dict(values)
    _check_expressions("--using", unused, dialect)
    result: list[Operation] = []
    for operation in operations:
        match operation:
            case Change(Column(), Column() as column, Name() as table) if ref_of(column, table) in unused:
                result.append(replace(operation, using=unused.pop(ref_of(column, table))))
            case _:
                result.append(operation)
    if unused:
        names = ", ".join(map(spelled, unused))
        raise UsageInvalid(f"--using names {names}, which this migration does not change.")
    return tuple(result)


def _check_expressions(option: str, values: Mapping[Ref, str], dialect: Dialect) -> None:
    """Raise ExpressionInvalid for a value that would reach beyond its place in the statement it is put into."""
    for ref, value in values.items():
        fault = fault_of(value, dialect.name, may_query=True)
        if fault is not None:
            raise ExpressionInvalid(
                f"{value!r} is not a single expression: {fault}.",
                where=f"{option} {spelled(ref)}",
                remedy="Write one expression; a query goes between parentheses.",
            )
