"""Text search dictionaries, whose options are what their template is told, and configurations, whose options are
the dictionaries for each type of token.

https://www.postgresql.org/docs/current/sql-altertsdictionary.html
https://www.postgresql.org/docs/current/sql-altertsconfig.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.spelling import full_name, quote
from querynl.schema import Definition


def begun(dictionary: Definition) -> Definition:
    """The dictionary with its options in its statement: a template may insist on some."""
    said = "".join(f", {name} = {value}" for name, value in dictionary.options.items())
    return replace(dictionary, definition=f"{dictionary.definition.removesuffix(')')}{said})")


def change_dictionary(old: Definition, new: Definition) -> Iterator[str]:
    # Each that is named goes to the end, so that all together come in the order asked for.
    said = [name for name in old.options if name not in new.options]
    said += [f"{name} = {value}" for name, value in new.options.items()]
    yield f"ALTER TEXT SEARCH DICTIONARY {full_name(new)} ({', '.join(said)})"


def change_configuration(old: Definition, new: Definition) -> Iterator[str]:
    """Types of token that share their dictionaries are mapped together."""
    alter = f"ALTER TEXT SEARCH CONFIGURATION {full_name(new)}"
    if gone := [token for token in old.options if token not in new.options]:
        yield f"{alter} DROP MAPPING FOR {_tokens(gone)}"
    for verb, is_old in (("ALTER", True), ("ADD", False)):
        mapped: dict[str, list[str]] = {}
        for token, dictionaries in new.options.items():
            if (token in old.options) == is_old and old.options.get(token) != dictionaries:
                mapped.setdefault(str(dictionaries), []).append(token)
        for dictionaries, tokens in mapped.items():
            yield f"{alter} {verb} MAPPING FOR {_tokens(tokens)} WITH {dictionaries}"


def _tokens(names: Iterable[str]) -> str:
    return ", ".join(map(quote, names))
