"""Publications: what they publish of which tables is among their options.

An option whose name starts with TABLE is what is published; its value is what follows there, such as the columns.
https://www.postgresql.org/docs/current/sql-alterpublication.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.spelling import quote
from querynl.schema import Definition

_USUAL = {
    "publish": "'insert, update, delete, truncate'",
    "publish_via_partition_root": "false",
    "publish_generated_columns": "none",
}


def begun(definition: Definition) -> Definition:
    """The publication with all that its statement says."""
    published, settings = _published(definition), _settings(definition)
    statement = definition.definition
    if published:
        statement += f" FOR {', '.join(published.values())}"
    if settings:
        statement += f" WITH ({_listed(settings)})"
    return replace(definition, definition=statement)


def change(old: Definition, new: Definition) -> Iterator[str]:
    """In place, so that those who have subscribed to it go on."""
    alter = f"ALTER PUBLICATION {quote(new.name)}"
    before, after = _published(old), _published(new)
    if after and before != after:
        yield f"{alter} SET {', '.join(after.values())}"
    elif before != after:
        yield f"{alter} DROP {', '.join(before)}"
    settings = {name: _settings(new).get(name, usual) for name, usual in _USUAL.items()}
    changed = {name: value for name, value in settings.items() if _settings(old).get(name, _USUAL[name]) != value}
    if changed:
        yield f"{alter} SET ({_listed(changed)})"


def _published(publication: Definition) -> dict[str, str]:
    """What is published, by its name alone."""
    return {name: f"{name} {value}".rstrip() for name, value in publication.options.items() if name.startswith("TABLE")}


def _settings(publication: Definition) -> dict[str, str]:
    spelled = {True: "true", False: "false"}
    return {
        name: spelled[value] if isinstance(value, bool) else f"'{value}'" if name == "publish" else str(value)
        for name, value in publication.options.items()
        if name in _USUAL
    }


def _listed(settings: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
