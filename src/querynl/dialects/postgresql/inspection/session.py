"""Session settings under which the catalog spells every definition alike, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from querynl.dialects.postgresql.inspection import queries
from querynl.dialects.protocol import Reader
from querynl.errors import QueryNLError

# Own objects by their bare names, literals as on any server.
_SETTINGS = {
    "search_path": "public",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
}


@contextmanager
def canonical_session(reader: Reader) -> Iterator[int]:
    """The server's version number (180006 for 18.6), while the settings are in force; they are put back at the end.

    They are those of a transaction, for behind a pooler only that is one session of the server.
    """
    with nullcontext() if reader.in_transaction else reader.transaction():
        current = ", ".join(f"current_setting('{name}')" for name in _SETTINGS)
        ((version, *before),) = reader.rows(queries.SETTINGS.format(current=current))
        _set(reader, _SETTINGS)
        try:
            yield version
        except QueryNLError:
            # A transaction that failed puts its settings back by itself, and would refuse to be asked.
            raise
        else:
            _set(reader, dict(zip(_SETTINGS, before, strict=True)))


def _set(reader: Reader, settings: dict[str, str]) -> None:
    calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
    reader.rows(f"SELECT {calls}", [text for pair in settings.items() for text in pair])
