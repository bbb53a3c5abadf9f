"""Names for new migrations: `YYYYMMDDHHmmss_slug`, in UTC, ASCII, never taken twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import MAXYEAR, UTC, datetime, timedelta

from querynl.errors import MigrationInvalid

SLUG_LENGTH = 60

# The slug of a message that has no ASCII letter or digit in it, such as one in Chinese.
_NAMELESS = "migration"

_VERSION = re.compile(r"[VU]?(\d{14})(?!\d)")
_FORMAT = "%Y%m%d%H%M%S"


def slug(message: str) -> str:
    """The message as lower-case ASCII words joined by underscores, at most SLUG_LENGTH characters.

    Raises MigrationInvalid for a message without anything in it.
    """
    if not message.strip():
        raise MigrationInvalid("The message is empty.", remedy="Say what the migration does: --message 'Add tags'.")
    ascii_text = unicodedata.normalize("NFKD", message.casefold()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_text)
    shortened = ""
    for word in words:
        longer = f"{shortened}_{word}" if shortened else word[:SLUG_LENGTH]
        if len(longer) > SLUG_LENGTH:
            break
        shortened = longer
    return shortened or _NAMELESS


def new_id(message: str, at: datetime, taken: Collection[str]) -> str:
    """An id for a migration made at that moment, or later: after all versions that names in `taken` begin with.

    A clock that was set back, or another's that was ahead, makes no migration that comes too early. `taken` holds ids
    or names of files. Raises MigrationInvalid for an empty message.
    """
    words = slug(message)
    moment = max([at.astimezone(UTC), *(newest + timedelta(seconds=1) for newest in _moments(taken))])
    return f"{moment.strftime(_FORMAT)}_{words}"


def _moments(taken: Collection[str]) -> Iterator[datetime]:
    """The moments that names begin with; other digits are none, nor is the last year, which numbers stand for."""
    for name in taken:
        if match := _VERSION.match(name):
            with suppress(ValueError):
                moment = datetime.strptime(match[1], _FORMAT).replace(tzinfo=UTC)
                if moment.year < MAXYEAR:
                    yield moment


def version_of(migration_id: str) -> str:
    """The 14 digits that an id begins with."""
    return migration_id.partition("_")[0]
