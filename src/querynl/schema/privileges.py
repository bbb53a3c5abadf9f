"""Who owns what, and who may do what with it."""

from __future__ import annotations

from typing import Literal

from querynl.schema.model import Model
from querynl.schema.names import Kind, Ref


class Grant(Model, frozen=True):
    """What a role may do with an object, or with one column of it, beside what the engine lets it do by itself.

    `role` None is the object's owner, "public" everybody. `revoked` is what the engine would have let it do.
    With a column, a sequence is the one that counts for that column of the table `name`.
    """

    on: Kind
    name: str
    namespace: str | None = None
    column: str | None = None
    role: str | None = None
    privileges: tuple[str, ...] = ()
    with_grant_option: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    @property
    def object(self) -> Ref:
        """The address of what the privileges are on; a column's and its sequence's are those of the table."""
        holder = Kind.TABLE if self.column is not None and self.on is Kind.SEQUENCE else self.on
        return Ref(holder, self.namespace, self.name)


class Ownership(Model, frozen=True):
    """The role that owns an object; without one it is owned by whoever runs migrations."""

    on: Kind
    name: str
    role: str
    namespace: str | None = None

    @property
    def object(self) -> Ref:
        return Ref(self.on, self.namespace, self.name)


class DefaultPrivileges(Model, frozen=True):
    """What a role may do with every new object of a kind that `owner` creates in a namespace, or in any.

    `owner` None is whoever runs migrations, `role` None the owner. Those of one namespace are added to those of all,
    and `revoked` is for these alone.
    """

    objects: Literal["tables", "sequences", "functions", "types", "schemas"]
    owner: str | None = None
    namespace: str | None = None
    role: str | None = None
    privileges: tuple[str, ...] = ()
    with_grant_option: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the others of its namespace."""
        return f"of {self.owner or 'oneself'} on {self.objects} to {self.role or 'their owner'}"


# What is said about who may do what with other objects.
Privilege = Grant | Ownership | DefaultPrivileges
PRIVILEGE_KINDS = (Kind.GRANT, Kind.OWNERSHIP, Kind.DEFAULT_PRIVILEGES)
