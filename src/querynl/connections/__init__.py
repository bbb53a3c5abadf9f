"""Databases by URL or by name, and one thin protocol over psycopg, PyMySQL and sqlite3.

No driver is imported before the first connection that needs it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from querynl.connections.profiles import (
    Profile,
    Profiles,
    add_profile,
    find_profile,
    load_profiles,
    remove_profile,
    resolve,
    use_profile,
)
from querynl.connections.protocol import Connection
from querynl.connections.target import DIALECTS, MEMORY, SSL_MODES, Dialect, HistoryPlace, SSLMode, Target
from querynl.connections.urls import is_url, parse_url

__all__ = [
    "DIALECTS",
    "SSL_MODES",
    "Connection",
    "Dialect",
    "HistoryPlace",
    "Profile",
    "Profiles",
    "SSLMode",
    "Target",
    "add_profile",
    "connect",
    "find_profile",
    "is_url",
    "load_profiles",
    "look_into",
    "parse_url",
    "remove_profile",
    "resolve",
    "use_profile",
]


def connect(target: Target, *, read_only: bool = False) -> Connection:
    """An open session on the target; with `read_only`, one that the engine keeps from writing.

    A password the target does not hold is looked up as `credentials.find_password` says. A SQLite file that is
    missing is created, unless `read_only`. Raises `ConnectionFailed`, `AuthenticationFailed`, or
    `CredentialUnavailable` for a password that is somewhere but cannot be read.
    """
    connection = _opened(target, read_only=read_only)
    connection.history = target.history
    return connection


def _opened(target: Target, *, read_only: bool) -> Connection:
    if target.dialect == "sqlite":
        from querynl.connections.drivers import sqlite

        return sqlite.open_connection(target, read_only=read_only)
    if target.password is None:
        from querynl.connections.credentials import find_password

        target = msgspec.structs.replace(target, password=find_password(target))
    if target.dialect == "postgresql":
        from querynl.connections.drivers import postgresql

        return postgresql.open_connection(target, read_only=read_only)
    from querynl.connections.drivers import mysql

    return mysql.open_connection(target, read_only=read_only)


def look_into(target: Target) -> Connection:
    """A session that changes nothing; a SQLite file that is not there yet is an empty database, and is not created."""
    if target.file is not None and not Path(target.file).exists():
        target = msgspec.structs.replace(target, file=MEMORY)
    return connect(target, read_only=True)
