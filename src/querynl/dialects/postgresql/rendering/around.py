"""The moment at which an operation is rendered."""

from __future__ import annotations

from typing import NamedTuple

from querynl.operations import Catalog


class Around(NamedTuple):
    """The schema right before an operation and right after it."""

    before: Catalog
    after: Catalog
