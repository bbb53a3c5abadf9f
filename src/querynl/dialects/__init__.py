"""One room per engine: how it spells, reads and changes a schema."""

from __future__ import annotations

from querynl.dialects.protocol import Dialect, Reader, Statement, quoted
from querynl.errors import UsageInvalid

NAMES = ("postgresql", "mysql", "mariadb", "sqlite")

__all__ = ["NAMES", "Dialect", "Reader", "Statement", "dialect_named", "parse_version", "quoted"]


def dialect_named(name: str, version: str | None = None) -> Dialect:
    """The dialect of an engine, at the server's version; the newest known where no version is given.

    Raises UsageInvalid for a name that is not one of NAMES.
    """
    numbers = None if version is None else parse_version(version)
    match name:
        case "postgresql":
            from querynl.dialects.postgresql import PostgreSQL

            return PostgreSQL(numbers)
        case "mysql" | "mariadb":
            from querynl.dialects.mysql import MySQL

            return MySQL(name, numbers)
        case "sqlite":
            from querynl.dialects.sqlite import SQLite

            return SQLite(numbers)
        case _:
            raise UsageInvalid(f"There is no dialect {name!r}.", remedy=f"Choose one of {', '.join(NAMES)}.")


def parse_version(text: str) -> tuple[int, ...]:
    """The leading numbers of a server's version, such as (10, 11, 19) of `10.11.19-MariaDB`."""
    import re

    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in match[0].split(".")) if match else ()
