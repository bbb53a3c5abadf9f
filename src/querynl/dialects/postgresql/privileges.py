"""What PostgreSQL lets roles do with objects: which privileges there are, and who has them without a GRANT.

https://www.postgresql.org/docs/current/ddl-priv.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from querynl.dialects.postgresql.spelling import quote
from querynl.errors import SchemaInvalid, StatementFailed
from querynl.schema import (
    ROUTINES,
    AnyObject,
    Column,
    DefaultPrivileges,
    Grant,
    Kind,
    Name,
    Ref,
    Schema,
    kind_of,
    ref_of,
)

# The privileges of a role, each with whether the role may grant it to others.
Held = dict[str, bool]

EVERYBODY = "public"

_TABLE = ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain")
COLUMN = ("select", "insert", "update", "references")
# Every privilege on a kind of object, in the order in which they are written.
PRIVILEGES: dict[Kind, tuple[str, ...]] = {
    Kind.TABLE: _TABLE,
    Kind.VIEW: _TABLE,
    Kind.SEQUENCE: ("usage", "select", "update"),
    **dict.fromkeys(ROUTINES, ("execute",)),
    Kind.ENUM: ("usage",),
    Kind.DOMAIN: ("usage",),
    Kind.COMPOSITE_TYPE: ("usage",),
    Kind.BASE_TYPE: ("usage",),
    Kind.RANGE_TYPE: ("usage",),
    Kind.LANGUAGE: ("usage",),
    Kind.FOREIGN_DATA_WRAPPER: ("usage",),
    Kind.SERVER: ("usage",),
    Kind.NAMESPACE: ("usage", "create"),
}
# What has an owner: all of these, and kinds that nobody can be granted anything on.
OWNED = (
    *PRIVILEGES,
    *(Kind.COLLATION, Kind.CONVERSION, Kind.OPERATOR, Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS),
    *(Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_CONFIGURATION, Kind.STATISTICS),
    *(Kind.PUBLICATION, Kind.SUBSCRIPTION, Kind.EVENT_TRIGGER),
)
_ORDER = [word for kind in (Kind.TABLE, Kind.SEQUENCE, Kind.NAMESPACE, Kind.ROUTINE) for word in PRIVILEGES[kind]]
# The place of a privilege among others.
RANK = _ORDER.index
_MISSING_ROLE = re.compile(r'role "(.*)" does not exist', re.DOTALL)
# undefined_object, and invalid_parameter_value of SET ROLE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_MISSING_ROLE_STATES = ("42704", "22023")
# insufficient_privilege, said of the role that is to own what only superusers may own.
_NO_SUPERUSER = ("42501", "permission denied to change owner of ")
_NEW_OWNER = re.compile(r'\bOWNER TO ("(?:[^"]|"")+"|\w+)\s*$', re.IGNORECASE)
_TYPES = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.BASE_TYPE, Kind.RANGE_TYPE)
# The kinds of object that each word of ALTER DEFAULT PRIVILEGES is about; those of one word have the same privileges.
_DEFAULTS: dict[str, tuple[Kind, ...]] = {
    "tables": (Kind.TABLE, Kind.VIEW),
    "sequences": (Kind.SEQUENCE,),
    "functions": ROUTINES,
    "types": _TYPES,
    "schemas": (Kind.NAMESPACE,),
}
_EVERYBODY_HAS = {**dict.fromkeys(ROUTINES, ("execute",)), **dict.fromkeys((*_TYPES, Kind.LANGUAGE), ("usage",))}


def built_in(kind: Kind, name: str, role: str | None) -> Held:
    """What a role may do with an object that nothing was granted on; None is its owner."""
    if role is None:
        return dict.fromkeys(PRIVILEGES.get(kind, ()), False)
    if role == EVERYBODY and (kind, name) == (Kind.NAMESPACE, "public"):
        return {"usage": False}
    return dict.fromkeys(_EVERYBODY_HAS.get(kind, ()), False) if role == EVERYBODY else {}


def without_grant(grant: Grant) -> Held:
    """What the role of a grant may do without it."""
    if grant.column is not None and grant.on is not Kind.SEQUENCE:
        return {}
    return built_in(grant.on, grant.name, grant.role)


def default_built_in(default: DefaultPrivileges) -> Held:
    """What the role of a default privilege may do with new objects without it."""
    return {} if default.namespace is not None else built_in(_DEFAULTS[default.objects][0], "", default.role)


def held(said: Grant | DefaultPrivileges, without: Held) -> Held:
    """What a role may do that could do something without what is said, and can now."""
    kept = {privilege: passes for privilege, passes in without.items() if privilege not in said.revoked}
    return kept | dict.fromkeys(said.privileges, False) | dict.fromkeys(said.with_grant_option, True)


def of_new_object(ref: Ref, defaults: Iterable[DefaultPrivileges]) -> dict[str | None, Held]:
    """What each role may do with an object right after CREATE, by the default privileges of the role that creates it.

    https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
    """
    found = {role: built_in(ref.kind, ref.name, role) for role in (None, EVERYBODY)}
    # Those of all namespaces replace what is built in; those of one come on top.
    for default in sorted(defaults, key=lambda default: default.namespace is not None):
        if ref.kind in _DEFAULTS[default.objects] and default.namespace in (None, ref.namespace or "public"):
            found[default.role] = held(default, found.get(default.role, {}))
    return found


def missing_role(failure: StatementFailed) -> str | None:
    """The statement that creates the role that is not there, or makes it a superuser; None for any other failure."""
    named = _MISSING_ROLE.fullmatch(failure.what)
    if named is not None and failure.sqlstate in _MISSING_ROLE_STATES:
        return f"CREATE ROLE {quote(named[1])}"
    state, said = _NO_SUPERUSER
    owner = _NEW_OWNER.search(failure.sql or "")
    if owner is not None and failure.sqlstate == state and failure.what.startswith(said):
        return f"ALTER ROLE {owner[1]} SUPERUSER"
    return None


def check_privileges(schema: Schema) -> None:
    """Raise SchemaInvalid for the first grant or owner of what has none, or privilege that is none there."""
    known_kinds: tuple[tuple[str, Collection[Kind]], ...] = (("owners", OWNED), ("grants", PRIVILEGES))
    for field, kinds in known_kinds:
        for number, said in enumerate(getattr(schema, field)):
            if said.on not in kinds:
                raise SchemaInvalid(
                    f"There are no {field} of a {said.on}.",
                    where=f"$.{field}[{number}].on",
                    remedy=f"One of {', '.join(kinds)}.",
                )
    for number, grant in enumerate(schema.grants):
        known = COLUMN if grant.column is not None and grant.on is not Kind.SEQUENCE else PRIVILEGES[grant.on]
        _check_words(grant, known, f"$.grants[{number}]")
    for number, default in enumerate(schema.default_privileges):
        _check_words(default, PRIVILEGES[_DEFAULTS[default.objects][0]], f"$.default_privileges[{number}]")


def _check_words(said: Grant | DefaultPrivileges, known: Sequence[str], where: str) -> None:
    for field in ("privileges", "with_grant_option", "revoked"):
        for privilege in getattr(said, field):
            if privilege not in known:
                raise SchemaInvalid(
                    f"{privilege!r} is no privilege there.",
                    where=f"{where}.{field}",
                    remedy=f"One of {', '.join(known)}.",
                )


def canonical_grant(grant: Grant) -> Grant | None:
    """The grant without what the role has, or lacks, by itself; None where nothing is left of it."""
    said = beyond(held(grant, without_grant(grant)), without_grant(grant))
    return replace(grant, **said) if any(said.values()) else None


def canonical_default(default: DefaultPrivileges) -> DefaultPrivileges | None:
    """The default privileges without what the role has, or lacks, by itself; None where nothing is left of them."""
    said = beyond(held(default, default_built_in(default)), default_built_in(default))
    return replace(default, **said) if any(said.values()) else None


def beyond(has: Held, without: Held) -> dict[str, Any]:
    """What a role has and would not have by itself, what of all it may grant, and what it lacks."""
    return {
        "privileges": tuple(sorted(has.keys() - without.keys(), key=RANK)),
        "with_grant_option": tuple(sorted((privilege for privilege, passes in has.items() if passes), key=RANK)),
        "revoked": tuple(sorted(without.keys() - has.keys(), key=RANK)),
    }


def granted_to_new(obj: AnyObject, table: Name | None, defaults: Sequence[DefaultPrivileges]) -> Iterator[Grant]:
    """What these default privileges grant on a new object, or on the counter of a column."""
    if isinstance(obj, Column) and table is not None:
        place: dict[str, Any] = {
            "on": Kind.SEQUENCE,
            "name": table.name,
            "namespace": table.namespace,
            "column": obj.name,
        }
        ref = Ref(Kind.SEQUENCE, table.namespace, "")
    elif kind_of(obj) in PRIVILEGES:
        ref = ref_of(obj)
        place = {"on": ref.kind, "name": ref.name, "namespace": ref.namespace}
    else:
        return
    for role, has in of_new_object(ref, defaults).items():
        without = built_in(ref.kind, ref.name, role)
        if has != without:
            yield Grant(**place, role=role, **beyond(has, without))
