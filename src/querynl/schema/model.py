"""What all structs of a schema have in common."""

from __future__ import annotations

from msgspec import Struct


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Common settings: immutable, strict about keys, silent about defaults.

    No object of a schema refers back to what holds it, so none needs to be searched for cycles, which would
    take half the time that a large schema takes.
    """
