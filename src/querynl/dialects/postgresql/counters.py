"""The sequences behind serial and identity columns, and who else takes numbers from them.

https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL
"""

from __future__ import annotations

import re

from querynl.dialects.postgresql.spelling import named_type, serial_sequence
from querynl.schema import Column, Name

_NEXT = re.compile(r"nextval\('((?:[^']|'')+)'::regclass\)")


def counter_of(table: Name, column: Column) -> Name | None:
    """The sequence of a serial or identity column."""
    if column.identity is None:
        return None
    given = column.options.get("sequence")
    return Name(table.namespace, serial_sequence(table.name, column.name) if given is None else str(given))


def counted_by(default: str) -> Name | None:
    """The sequence that the default gives the next number of."""
    found = _NEXT.search(default)
    return None if found is None else named_type(found[1].replace("''", "'"))
