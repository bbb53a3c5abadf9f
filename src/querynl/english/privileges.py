"""Sentences about who may do what, who owns what, and what is granted on objects to come."""

from __future__ import annotations

from collections.abc import Iterator

from querynl.english.wording import listed, sentence
from querynl.schema import DefaultPrivileges, Grant, Kind, Name, Ownership, Privilege

_MIGRATING = "whoever runs migrations"


def changed_privileges(before: Privilege | None, after: Privilege | None) -> str:
    """What becomes of a grant, an owner or a default privilege, as one sentence; None is what there is without it."""
    one = after or before
    if isinstance(one, Ownership):
        role = after.role if isinstance(after, Ownership) else _MIGRATING
        return f"Makes {role} the owner of {_object(one)}."
    assert one is not None
    assert not isinstance(before, Ownership)
    assert not isinstance(after, Ownership)
    return sentence("; ".join(_granted(before, after, _place(one), _role(one))))


def privileges_of(obj: Privilege) -> str:
    """What a grant, an owner or a default privilege is about, in words."""
    match obj:
        case Ownership():
            return f"the owner of {_object(obj)}"
        case Grant() | DefaultPrivileges():
            return f"privileges on {_place(obj)}"


def _place(obj: Grant | DefaultPrivileges) -> str:
    if isinstance(obj, DefaultPrivileges):
        where = "" if obj.namespace is None else f" in schema {obj.namespace}"
        return f"new {obj.objects}{where} of {obj.owner or _MIGRATING}"
    if obj.column is None:
        return _object(obj)
    if obj.on is Kind.SEQUENCE:
        return f"the sequence behind column {obj.column} of table {Name(obj.namespace, obj.name)}"
    return f"column {obj.column} of {_object(obj)}"


def _object(obj: Grant | Ownership) -> str:
    kind = "schema" if obj.on is Kind.NAMESPACE else obj.on.value
    return f"{kind} {Name(obj.namespace, obj.name)}"


def _role(obj: Grant | DefaultPrivileges) -> str:
    if obj.role is None:
        return "its owner" if isinstance(obj, Grant) else "their owner"
    return "everybody" if obj.role == "public" else obj.role


def _granted(
    before: Grant | DefaultPrivileges | None, after: Grant | DefaultPrivileges | None, on: str, role: str
) -> Iterator[str]:
    had, has = _facts(before), _facts(after)
    given = [*_without(has[0], had[0]), *_without(had[2], has[2])]
    taken = [*_without(had[0], has[0]), *_without(has[2], had[2])]
    if given:
        yield f"grants {listed(given)} on {on} to {role}"
    if taken:
        yield f"revokes {listed(taken)} on {on} from {role}"
    if passing := _without(has[1], had[1]):
        yield f"lets {role} grant {listed(passing)} on {on} to others"
    if barred := [privilege for privilege in _without(had[1], has[1]) if privilege not in taken]:
        yield f"lets {role} no longer grant {listed(barred)} on {on} to others"


def _facts(obj: Grant | DefaultPrivileges | None) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return ((), (), ()) if obj is None else (obj.privileges, obj.with_grant_option, obj.revoked)


def _without(some: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    return [privilege for privilege in some if privilege not in others]
