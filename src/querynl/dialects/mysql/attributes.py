"""What the options of a declared column, key or index may be: none is passed over, none says more than it should."""

from __future__ import annotations

import re
from collections.abc import Mapping

from querynl.dialects.expressions import fault_of, tokens
from querynl.dialects.mysql.server import Server
from querynl.errors import ExpressionInvalid, SchemaInvalid
from querynl.schema import OptionValue

_ENGINE_ATTRIBUTES = {"engine_attribute", "secondary_engine_attribute"}
_OF_COLUMN = {
    "mysql": {"srid", "storage", "column_format", *_ENGINE_ATTRIBUTES},
    "mariadb": {"check", "compressed", "system_versioning"},
}
_OF_INDEX = {"mysql": {"parser", *_ENGINE_ATTRIBUTES}, "mariadb": {"parser", "without_overlaps"}}
_OF_KEY = {"mysql": {"method", *_ENGINE_ATTRIBUTES}, "mariadb": {"method", "without_overlaps"}}
# Of a primary key, before the name of one of its columns.
_OF_KEY_COLUMN = ("prefix of ", "order of ")
# Those whose values become words of a statement as they are.
_WORDS = {"srid", "storage", "column_format", "method"}


def check_column(options: Mapping[str, OptionValue], server: Server, where: str) -> None:
    """Raise SchemaInvalid or ExpressionInvalid for an option that the engine's columns do not have."""
    _check(options, _OF_COLUMN[server.name], "column", server, where)
    if "check" in options and (fault := fault_of(str(options["check"]), server.name)) is not None:
        raise ExpressionInvalid(
            f"{options['check']!r} is not a single expression: {fault}.",
            where=f"{where}.check",
            remedy="Write one expression.",
        )


def check_index(options: Mapping[str, OptionValue], server: Server, where: str) -> None:
    """Raise SchemaInvalid for an option that the engine's indexes do not have."""
    _check(options, _OF_INDEX[server.name], "index", server, where)


def check_key(options: Mapping[str, OptionValue], server: Server, where: str) -> None:
    """Raise SchemaInvalid for an option that the engine's primary keys do not have."""
    own = {key: value for key, value in options.items() if not key.startswith(_OF_KEY_COLUMN)}
    _check(own, _OF_KEY[server.name], "primary key", server, where)


def _check(options: Mapping[str, OptionValue], known: set[str], what: str, server: Server, where: str) -> None:
    for key, value in options.items():
        if key not in known:
            raise SchemaInvalid(f"{key!r} is no option of a {what} of {server.name}.", where=f"{where}.{key}")
        if key in _WORDS and not re.fullmatch(r"\w+", str(value)):
            raise SchemaInvalid(f"{value!r} is not one word.", where=f"{where}.{key}")


def check_clause(text: object, server: Server, where: str) -> None:
    """Raise SchemaInvalid for a text that would end the statement it is part of, or hide the rest of it."""
    if any(token.comments or token.token_type.name == "SEMICOLON" for token in tokens(str(text), server.name)):
        raise SchemaInvalid(f"{text!r} is more than one clause.", where=where, remedy="Take out what does not belong.")
