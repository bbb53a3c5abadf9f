"""What is said of an object beside its name: its attributes, and how they differ before and after a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from querynl.english.wording import listed
from querynl.schema import (
    AnyObject,
    Attribute,
    Check,
    Column,
    Domain,
    ExclusionElement,
    Generated,
    Identity,
    IndexColumn,
    IndexKey,
    Table,
)

# The state that each flag stands for, when it is set and when it is not.
_FLAGS = {
    "nullable": ("optional", "required"),
    "invisible": ("invisible", "visible"),
    "deferrable": ("deferrable", "not deferrable"),
    "initially_deferred": ("checked at the end of the transaction", "checked at once"),
    "nulls_not_distinct": ("without a second NULL", "with any number of NULLs"),
    "validated": ("valid for the rows already there", "not checked for the rows already there"),
    "enforced": ("enforced", "not enforced"),
    "inherited": ("inherited", "not inherited"),
    "unique": ("unique", "not unique"),
    "materialized": ("materialized", "not materialized"),
    "cycle": ("starting again at its end", "stopping at its end"),
    "permissive": ("permissive", "restrictive"),
}

# What a field is called in a sentence, where that is not its own name.
_LABELS = {
    "charset": "character set",
    "on_update": "value on update",
    "on_delete": "action on delete",
    "where": "condition",
    "minimum": "least value",
    "maximum": "greatest value",
    "owned_by": "owner",
    "references_namespace": "schema of the table referred to",
    "referenced_columns": "columns referred to",
    "include": "included columns",
    "inherits": "columns from",
    "of_type": "columns of type",
    "server": "foreign server",
    "using": "rows shown",
    "check": "rows accepted",
}
# What is a table's own changes with its parents, and is still there.
_PARTS = {"columns", "primary_key", "uniques", "foreign_keys", "checks", "exclusions", "indexes"}
# Too long for a sentence.
_OPAQUE = {"definition": "its definition", "depends_on": "what it depends on"}


def details(obj: AnyObject, *, without: tuple[str, ...] = ()) -> list[str]:
    """What there is to say of an object, beside its name and the fields that the sentence has already."""
    said = {"name", "namespace", "table", "renamed_from", *_OPAQUE, *without}
    return [
        phrase
        for field in msgspec.structs.fields(type(obj))
        if field.name not in said
        for phrase in _detail(obj, field, getattr(obj, field.name))
    ]


def _detail(obj: AnyObject, field: msgspec.structs.FieldInfo, value: Any) -> Iterator[str]:
    if isinstance(obj, Column | Domain) and field.name in ("type", "nullable"):
        yield value if field.name == "type" else _FLAGS["nullable"][not value]
    elif value == field.default or value in ((), {}):
        return
    elif isinstance(value, bool):
        yield _FLAGS[field.name][not value]
    elif isinstance(value, dict):
        yield from (_option(key, item) for key, item in value.items())
    elif isinstance(value, Identity):
        yield _identity(value)
    elif isinstance(value, Generated):
        yield _generated(value)
    else:
        yield f"{_label(field.name)} {_spelled(field.name, value)}"


def differences(before: AnyObject, after: AnyObject) -> list[str]:
    """What a change does to an object, attribute by attribute: `type from integer to bigint`."""
    return [
        phrase
        for field in msgspec.structs.fields(type(after))
        if getattr(before, field.name) != getattr(after, field.name)
        if not (isinstance(after, Table) and field.name in _PARTS)
        for phrase in _difference(field.name, getattr(before, field.name), getattr(after, field.name))
    ]


def _difference(field: str, old: Any, new: Any) -> Iterator[str]:
    if field in _OPAQUE:
        yield _OPAQUE[field]
    elif isinstance(new, bool):
        yield f"becomes {_FLAGS[field][not new]}"
    elif isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                yield _turned(key, key, old.get(key), new.get(key))
    elif field in ("identity", "generated"):
        yield f"is no longer {_state(old)}" if new is None else f"becomes {_state(new)}"
    elif field == "values":
        yield from _changed_values(old, new)
    else:
        yield _turned(_label(field), field, old, new)


def _turned(name: str, field: str, old: Any, new: Any) -> str:
    if old in (None, ()):
        return f"gets the {name} {_spelled(field, new)}".rstrip()
    if new in (None, ()):
        return f"loses the {name} {_spelled(field, old)}".rstrip()
    return f"{name} from {_spelled(field, old)} to {_spelled(field, new)}"


def _changed_values(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    added = [value for value in new if value not in old]
    removed = [value for value in old if value not in new]
    if added:
        yield f"gets {quoted(added)}"
    if removed:
        yield f"loses {quoted(removed)}"
    if [value for value in old if value in new] != [value for value in new if value in old]:
        yield f"puts its values in the order {quoted(new)}"


def _label(field: str) -> str:
    """What a field of the model is called in a sentence."""
    return _LABELS.get(field, field.replace("_", " "))


def quoted(values: tuple[str, ...] | list[str]) -> str:
    """Texts as a list, each in quotes."""
    return listed([f"'{value}'" for value in values])


def index_keys(keys: Iterable[IndexKey]) -> str:
    """The keys of an index as a list, each with what is special about it."""
    return listed([_index_key(key) for key in keys])


def _index_key(key: IndexKey) -> str:
    special = [
        "descending" if key.order == "desc" else "",
        f"nulls {key.nulls}" if key.nulls is not None else "",
        f"first {key.prefix} characters" if isinstance(key, IndexColumn) and key.prefix is not None else "",
        f"operator class {key.opclass}" if key.opclass is not None else "",
        f"collation {key.collation}" if key.collation is not None else "",
    ]
    name = key.column if key.column is not None else key.expression or ""
    found = [text for text in special if text]
    described = f"{name} ({', '.join(found)})" if found else name
    return f"{described} with {key.operator}" if isinstance(key, ExclusionElement) else described


def _state(value: Identity | Generated) -> str:
    return _identity(value) if isinstance(value, Identity) else _generated(value)


def _identity(identity: Identity) -> str:
    said = [
        "numbered by the database",
        "as a serial" if identity.serial else "",
        f"from {identity.start}" if identity.start is not None else "",
        f"by steps of {identity.increment}" if identity.increment is not None else "",
        "always" if identity.always else "",
    ]
    return " ".join(text for text in said if text)


def _generated(generated: Generated) -> str:
    return f"computed as {generated.expression} and {'' if generated.stored else 'not '}stored"


def _option(key: str, value: Any) -> str:
    """An option of an engine, which has its own names for them."""
    match value:
        case True:
            return key
        case False:
            return f"not {key}"
        case _:
            return f"{key} {value}".rstrip()


def _spelled(field: str, value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case str() if field == "comment":
            return f"'{value}'"
        case (str(), str()) if field == "owned_by":
            return ".".join(value)
        case (IndexColumn() | ExclusionElement(), *_):
            return index_keys(value)
        case tuple():
            return listed([_item(item) for item in value])
        case _:
            return str(value)


def _item(item: object) -> str:
    match item:
        case Check():
            return item.expression if item.name is None else f"{item.name}: {item.expression}"
        case Attribute():
            return f"{item.name} {item.type}"
        case _:
            return str(item)
