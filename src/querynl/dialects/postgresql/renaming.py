"""Names in types, expressions and keys, as they read after a rename."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.expressions import tokens
from querynl.dialects.postgresql.spelling import element_type, named_type, type_text
from querynl.operations import Rewriting
from querynl.schema import Kind, Name, Ref, Table

_REGCLASS = re.compile(r"'((?:[^']|'')*)'::regclass")


def renamed_in_key(table: Table, ref: Ref, to: str, rewriting: Rewriting) -> Table:
    """The table with a column's new name in what it is partitioned by."""
    if ref.kind is not Kind.COLUMN or "partition_by" not in table.options:
        return table
    strategy, _, columns = str(table.options["partition_by"]).partition(" ")
    moved = f"{strategy} {rewriting.rename_in_expression(columns, ref.name, to)}"
    return replace(table, options={**table.options, "partition_by": moved})


def rename_type(column_type: str, ref: Ref, to: str) -> str:
    """The column's type with its enum's or domain's new name."""
    if ref.kind is Kind.SEQUENCE or named_type(column_type) != Name(ref.namespace, ref.name):
        return column_type
    return type_text(ref.namespace, to) + column_type[len(element_type(column_type)) :]


def rename_object_in_expression(expression: str, ref: Ref, to: str) -> str:
    """The expression with the new name in casts to a type, or in the texts that are cast to regclass."""
    if "::" not in expression:
        return expression
    places = _sequences(expression, ref) if ref.kind is Kind.SEQUENCE else _casts(expression, ref)
    new = type_text(ref.namespace, to)
    if ref.kind is Kind.SEQUENCE:
        new = "'" + new.replace("'", "''") + "'"  # as the catalog has it, backslashes and all
    for start, end in reversed(list(places)):
        expression = expression[:start] + new + expression[end:]
    return expression


def _casts(expression: str, ref: Ref) -> Iterator[tuple[int, int]]:
    """Where the type's name, with its namespace, stands after `::`."""
    found = tokens(expression, "postgresql")
    for at, token in enumerate(found):
        if token.token_type.name != "DCOLON":
            continue
        words = found[at + 1 : at + 4]
        count = 3 if len(words) == 3 and words[1].text == "." else 1
        if words:
            start, end = words[0].start, words[:count][-1].end + 1
            if named_type(expression[start:end]) == Name(ref.namespace, ref.name):
                yield start, end


def _sequences(expression: str, ref: Ref) -> Iterator[tuple[int, int]]:
    """Where a text that is cast to regclass names the sequence."""
    for found in _REGCLASS.finditer(expression):
        if named_type(found[1].replace("''", "'")) == Name(ref.namespace, ref.name):
            yield found.start(), found.end(1) + 1
