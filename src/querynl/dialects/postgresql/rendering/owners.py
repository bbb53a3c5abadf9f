"""Owners as SQL.

https://www.postgresql.org/docs/current/sql-alterschema.html and its likes
"""

from __future__ import annotations

from querynl.dialects.postgresql.rendering import definitions
from querynl.dialects.postgresql.spelling import qualified, quote, routine_address
from querynl.operations import Catalog
from querynl.schema import Definition, Kind, Ownership, Ref, Routine, Sequence, View, ownership_of

PUBLIC = Ref(Kind.NAMESPACE, None, "public")

# The word between ALTER and the name, where the object does not tell.
_WORDS = {
    Kind.NAMESPACE: "SCHEMA",
    Kind.TABLE: "TABLE",
    Kind.VIEW: "VIEW",
    Kind.SEQUENCE: "SEQUENCE",
    Kind.ENUM: "TYPE",
    Kind.DOMAIN: "DOMAIN",
    Kind.COMPOSITE_TYPE: "TYPE",
}


def owner(ref: Ref, catalog: Catalog) -> str:
    """The owner that an object is to have; without a word about it, whoever runs migrations."""
    found = catalog.get(ownership_of(ref))
    if isinstance(found, Ownership):
        return quote(found.role)
    return "pg_database_owner" if ref == PUBLIC else "CURRENT_USER"


def owner_set(ref: Ref, catalog: Catalog) -> str:
    """The statement that gives an object the owner it is to have."""
    return f"ALTER {_word(ref, catalog)} {address(ref, catalog)} OWNER TO {owner(ref, catalog)}"


def has_own_owner(ref: Ref, catalog: Catalog) -> bool:
    """Whether the object is there, and its owner is not that of a table it belongs to."""
    obj = catalog.get(ref)
    return ref == PUBLIC or (obj is not None and not (isinstance(obj, Sequence) and obj.owned_by is not None))


def address(ref: Ref, catalog: Catalog) -> str:
    """The object's name as SQL, with what tells it from others of its name."""
    obj = catalog.get(ref)
    if isinstance(obj, Routine):
        return routine_address(obj)
    if isinstance(obj, Definition):
        return definitions.address(obj)
    return quote(ref.name) if ref.kind is Kind.NAMESPACE else qualified(ref.namespace, ref.name)


def _word(ref: Ref, catalog: Catalog) -> str:
    obj = catalog.get(ref)
    if isinstance(obj, Routine):
        return obj.kind.upper()
    if isinstance(obj, View) and obj.materialized:
        return "MATERIALIZED VIEW"
    if isinstance(obj, Definition):
        return definitions.WORDS[obj.kind]
    return _WORDS[ref.kind]
