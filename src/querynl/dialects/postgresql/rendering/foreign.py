"""The OPTIONS of foreign data wrappers, servers, user mappings, foreign tables and their columns.

https://www.postgresql.org/docs/current/sql-alterserver.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from querynl.dialects.postgresql.options import FOREIGN
from querynl.dialects.postgresql.spelling import literal, quote
from querynl.schema import Definition, OptionValue


def clause(options: Mapping[str, OptionValue]) -> str:
    """OPTIONS for what is made, behind a space; nothing where there are none."""
    given = _foreign(options)
    listed = ", ".join(f"{quote(name)} {literal(value)}" for name, value in given.items())
    return f" OPTIONS ({listed})" if given else ""


def change(before: Mapping[str, OptionValue], after: Mapping[str, OptionValue]) -> str:
    """OPTIONS for ALTER, behind a space; nothing where none differ."""
    old, new = _foreign(before), _foreign(after)
    actions = [f"DROP {quote(name)}" for name in old if name not in new]
    for name, value in new.items():
        if old.get(name) != value:
            actions.append(f"{'SET' if name in old else 'ADD'} {quote(name)} {literal(value)}")
    return f" OPTIONS ({', '.join(actions)})" if actions else ""


def _foreign(options: Mapping[str, OptionValue]) -> dict[str, str]:
    """The options that the wrapper knows, by their own names."""
    return {name.removeprefix(FOREIGN): str(value) for name, value in options.items() if name.startswith(FOREIGN)}


def begun(definition: Definition) -> Definition:
    """The object with all that its statement may say: a wrapper may insist on options."""
    kept = {name: value for name, value in definition.options.items() if name != "version"}
    functions = _functions({}, definition.options)
    statement = f"{definition.definition}{functions}{clause(definition.options)}"
    return replace(definition, definition=statement, options=kept)


def change_wrapper(old: Definition, new: Definition) -> Iterator[str]:
    functions = _functions(old.options, new.options)
    yield f"ALTER FOREIGN DATA WRAPPER {quote(new.name)}{functions}{change(old.options, new.options)}"


def _functions(before: Mapping[str, OptionValue], after: Mapping[str, OptionValue]) -> str:
    """The clauses for the functions that differ, behind a space."""
    words = [
        f" {option.upper()} {after[option]}" if option in after else f" NO {option.upper()}"
        for option in ("handler", "validator")
        if before.get(option) != after.get(option)
    ]
    return "".join(words)


def change_server(old: Definition, new: Definition) -> Iterator[str]:
    version = ""
    if old.options.get("version") != new.options.get("version"):
        version = f" VERSION {literal(str(new.options['version'])) if 'version' in new.options else 'NULL'}"
    yield f"ALTER SERVER {quote(new.name)}{version}{change(old.options, new.options)}"


def change_user_mapping(old: Definition, new: Definition) -> Iterator[str]:
    user = "public" if new.name == "public" else quote(new.name)
    yield f"ALTER USER MAPPING FOR {user} SERVER {quote(new.arguments)}{change(old.options, new.options)}"
