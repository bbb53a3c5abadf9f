"""The order of operations: nothing before what it needs, nothing dropped while it is needed.

Where the dependencies leave a choice, the kind of change decides, then the name: the same operations
give the same order.
"""

from __future__ import annotations

from querynl.ordering.cycles import with_cycles_split
from querynl.ordering.groups import grouped, with_privileges_joined
from querynl.ordering.order import ordered

__all__ = [
    "grouped",
    "ordered",
    "with_cycles_split",
    "with_privileges_joined",
]
