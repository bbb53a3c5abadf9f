"""SQLite: what it holds and how to change it."""

from querynl.dialects.sqlite.dialect import SQLite

__all__ = ["SQLite"]
