"""The address of each object and part."""

from __future__ import annotations

import re

from querynl.schema.names import Kind, Name, Ref
from querynl.schema.objects import AnyObject, Definition, Extension, Namespace, Policy, Routine, Trigger, kind_of
from querynl.schema.parts import Check, Column, Exclusion, ForeignKey, Index, Part, PrimaryKey, Unique
from querynl.schema.privileges import Grant, Ownership


def ref_of(obj: AnyObject, table: Name | None = None) -> Ref:
    """The address of an object; `table` is the one that a part belongs to."""
    match obj:
        case Namespace():
            return Ref(Kind.NAMESPACE, None, obj.name)
        case Extension():
            # An extension is one to a database, in whatever namespace its objects lie.
            return Ref(Kind.EXTENSION, None, obj.name)
        case Routine():
            return Ref(kind_of(obj), obj.namespace, f"{obj.name}({obj.arguments})")
        case Trigger() | Policy():
            return Ref(kind_of(obj), obj.namespace, obj.name, obj.table)
        case Definition():
            name = f"{obj.name}({obj.arguments})" if obj.arguments else obj.name
            # The names of rules are those of a table, all others those of a namespace.
            return Ref(obj.kind, obj.namespace, name, obj.table if obj.kind is Kind.RULE else None)
        case Grant():
            column = "" if obj.column is None else f"column {obj.column} of "
            return Ref(Kind.GRANT, obj.namespace, f"on {column}{obj.on} {obj.name} to {obj.role or 'its owner'}")
        case Ownership():
            return ownership_of(obj.object)
        case Column() | PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
            assert table is not None, "a part has a table"
            return Ref(kind_of(obj), table.namespace, part_name(obj), table.name)
        case _:
            return Ref(kind_of(obj), obj.namespace, obj.name)


def ownership_of(ref: Ref) -> Ref:
    """The address of the ownership of the object at an address."""
    return Ref(Kind.OWNERSHIP, ref.namespace, f"of {ref.kind} {ref.name}")


def part_name(part: Part) -> str:
    """The name of a part, or a text made of its structure where it has none (as on SQLite)."""
    if part.name is not None:
        return part.name
    match part:
        case PrimaryKey():
            return ""
        case Check():
            return f"({part.expression})"
        case Index():
            return f"({', '.join(key.column or key.expression or '' for key in part.columns)})"
        case Exclusion():
            return f"({', '.join(f'{key.column or key.expression} WITH {key.operator}' for key in part.elements)})"
        case ForeignKey():
            return f"({', '.join(part.columns)}) to {part.target}({', '.join(part.referenced_columns)})"
        case _:
            return f"({', '.join(part.columns)})"


_NAME_IN_TYPE = re.compile(r'(?:"((?:[^"]|"")*)"|([^".\[]+))(\.?)')


def type_name(text: str) -> Name:
    """The name that a column's type would be if it is one of the schema's own, or an array of those."""
    parts: list[str] = []
    for match in _NAME_IN_TYPE.finditer(text):
        parts.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        if not match[3]:
            break
    return Name(parts[-2] if len(parts) > 1 else None, parts[-1] if parts else "")
