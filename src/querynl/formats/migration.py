"""What a migration is, in files: its name, its texts, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from querynl.dialects import Dialect
from querynl.formats.checksums import checksum, is_checksum_of
from querynl.formats.heading import Replaced, replaced_in

Framework = Literal["raw", "flyway", "alembic"]


class MigrationFile(Struct, frozen=True, kw_only=True):
    """A migration found in a folder.

    `id` is `YYYYMMDDHHmmss_slug` where the file follows our names, else the file's own stem. `text` and
    `down_text` are what the files hold; Alembic keeps both ways in one file, so that `down_path` is None.
    """

    id: str
    framework: Framework
    path: Path
    text: str
    down_path: Path | None = None
    down_text: str | None = None
    description: str = ""

    def checksum(self, dialect: Dialect) -> str:
        """The checksum of the way up; see `checksums.checksum`."""
        return checksum(self.text, self.framework, dialect)

    def has(self, kept: str, dialect: Dialect) -> bool:
        """Whether a checksum is that of the way up, its layout aside."""
        return is_checksum_of(kept, self.text, self.framework, dialect)

    @property
    def replaced(self) -> tuple[Replaced, ...]:
        """The migrations that it stands for, itself as it was among them; none unless it is a squashed one."""
        return replaced_in(self.text)

    @property
    def is_repeatable(self) -> bool:
        """Whether it is one of Flyway's that are run again whenever they change."""
        return self.framework == "flyway" and self.id.startswith("R__")


class NewMigration(Struct, frozen=True, kw_only=True):
    """A migration that is to be written.

    `files` maps each path to its text, up first. `up` and `down` are the SQL scripts that the files come
    to, whatever their form; `down` is None where there is no way back.
    """

    id: str
    framework: Framework
    description: str
    files: dict[Path, str]
    up: str
    down: str | None

    @property
    def path(self) -> Path:
        return next(iter(self.files))

    def checksum(self, dialect: Dialect) -> str:
        return checksum(self.files[self.path], self.framework, dialect)
