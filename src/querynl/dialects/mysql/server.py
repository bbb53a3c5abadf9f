"""What the MySQL and MariaDB of one version can do; nothing else in this room asks for a version."""

from __future__ import annotations

from msgspec import Struct

_NEWEST = {"mysql": (9, 7), "mariadb": (12, 1)}


class Server(Struct, frozen=True):
    """One of the two engines at one version."""

    name: str
    version: tuple[int, ...]

    @classmethod
    def of(cls, name: str, version: tuple[int, ...] | None) -> Server:
        """The server, at the newest known version where none is given."""
        return cls(name, version or _NEWEST[name])

    @property
    def is_mariadb(self) -> bool:
        """Decides the spelling of defaults, checks, indexes and catalogs, in which the two parted ways."""
        return self.name == "mariadb"

    @property
    def has_uuid(self) -> bool:
        """Whether there is a type for UUIDs (https://mariadb.com/kb/en/uuid-data-type/); else they are char(36)."""
        return self.is_mariadb and self.version >= (10, 7)

    @property
    def keeps_display_widths(self) -> bool:
        """Whether `int(5)` is remembered; MySQL forgets the width since 8.0.19."""
        return self.is_mariadb

    @property
    def has_functional_indexes(self) -> bool:
        """Whether an index may hold an expression (https://dev.mysql.com/doc/refman/9.5/en/create-index.html)."""
        return not self.is_mariadb and self.version >= (8, 0, 13)

    @property
    def rewrites_expressions(self) -> bool:
        """Whether renaming a column renames it in checks and generated columns too; MySQL refuses instead."""
        return self.is_mariadb

    @property
    def names_checks_per_schema(self) -> bool:
        """Whether two tables may not have checks of one name; foreign keys may not in either engine."""
        return not self.is_mariadb

    @property
    def knows_default_character_set(self) -> bool:
        """Whether a table can be told to have its database's character set without naming it."""
        return self.is_mariadb
