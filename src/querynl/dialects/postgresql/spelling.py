"""How PostgreSQL spells identifiers and literals, and the names it makes by itself."""

from __future__ import annotations

import re

from querynl.schema import Definition, Name, Routine

MAX_NAME_BYTES = 63

OWN_NAMESPACE = "public"
# What the server itself says of that one.
STANDARD_COMMENT = "standard public schema"

# The words of ALTER TABLE for when a trigger or rule fires at all.
ENABLED = {"disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def words(text: str) -> frozenset[str]:
    """A set of words, written as a text."""
    return frozenset(text.split())


# Every key word but the unreserved ones: quote_ident, and so every text the catalog gives, quotes these.
# https://www.postgresql.org/docs/current/sql-keywords-appendix.html
_KEYWORDS = words(
    """all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
    json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
    not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
    primary real references returning right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
    varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable"""
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUALIFIED = re.compile(r'("(?:[^"]|"")+"|[^".\s]+)(?:\.("(?:[^"]|"")+"|[^".\s]+))?')


def quote(name: str) -> str:
    """The identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def identifier(name: str) -> str:
    """The identifier as the catalog's own functions give it: in quotes only where it needs them."""
    return name if _PLAIN.fullmatch(name) and name not in _KEYWORDS else quote(name)


def literal(text: str) -> str:
    """The text as a literal that means the same whatever `standard_conforming_strings` says."""
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


def qualified(namespace: str | None, name: str) -> str:
    """The object's name as SQL, quoted; the connection's own namespace is not named."""
    return quote(name) if namespace is None else f"{quote(namespace)}.{quote(name)}"


def routine_address(routine: Routine) -> str:
    """The routine's name as SQL, with the arguments that tell it from others of that name."""
    arguments = routine.arguments or ("*" if routine.kind == "aggregate" else "")
    return f"{qualified(routine.namespace, routine.name)}({arguments})"


def full_name(definition: Definition) -> str:
    """The object's name with its namespace, whichever that is: another of its name may be built in."""
    return qualified(definition.namespace or OWN_NAMESPACE, definition.name)


def type_text(namespace: str | None, name: str) -> str:
    """An enum's or domain's name as `format_type` gives it."""
    return identifier(name) if namespace is None else f"{identifier(namespace)}.{identifier(name)}"


def named_type(text: str) -> Name | None:
    """The name in a column's type, brackets and arguments aside; None for a type of several words."""
    match = _QUALIFIED.fullmatch(element_type(text))
    if match is None:
        return None
    first, second = (None if part is None else _unquoted(part) for part in match.groups())
    assert first is not None
    return Name(None, first) if second is None else Name(first, second)


def element_type(text: str) -> str:
    """The type of an array's elements, or the type itself."""
    while text.endswith("[]"):
        text = text[:-2]
    return text


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def collation_text(collation: str) -> str:
    """A collation's name as SQL; one that starts with a quote is SQL already."""
    return collation if collation.startswith('"') else quote(collation)


def serial_sequence(table: str, column: str) -> str:
    """The name of the sequence behind a serial or identity column."""
    return made_name(table, column, "seq")


def made_name(table: str, column: str, label: str) -> str:
    """The name of what belongs to a column, or to no one column, and was given none, as makeObjectName makes it."""
    first, second = table.encode(), column.encode()
    room = MAX_NAME_BYTES - len(f"__{label}" if column else f"_{label}")
    keep_first, keep_second = len(first), len(second)
    while keep_first + keep_second > room:
        if keep_first > keep_second:
            keep_first -= 1
        else:
            keep_second -= 1
    # A character that does not fit whole is left out.
    parts = (first[:keep_first].decode(errors="ignore"), second[:keep_second].decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)
