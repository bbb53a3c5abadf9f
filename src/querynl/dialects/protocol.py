"""What every engine's room offers: its terms, its SQL, its catalog, and what it can and cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

from querynl.errors import StatementFailed
from querynl.operations import Catalog, Operation
from querynl.rules import Rules
from querynl.schema import AnyObject, Name, Schema


class Statement(Struct, frozen=True, omit_defaults=True):
    """One SQL statement, without the semicolon at its end.

    `transactional` False: the engine refuses it, or ignores it, inside a transaction.
    `expects_no_rows`: a question; any row in the answer means that the migration must not go on.
    `session`: a setting of the session, which leaves nothing in the database; it is made before a transaction
    that would ignore it, and made again whenever the migration is run again.
    """

    sql: str
    transactional: bool = True
    expects_no_rows: bool = False
    session: bool = False


class Reader(Protocol):
    """A connection that catalogs are read through."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer to a query; `%s` stands for a parameter on every engine."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction for a block, which ends with it."""


class Dialect(Rules, Protocol):
    """One engine: pure functions over the model, and a reader of its catalog.

    `name` is postgresql, mysql, mariadb or sqlite; `version` is the server's, as numbers, newest known
    where there is no server to ask.
    """

    name: str
    version: tuple[int, ...]

    # Whether a failed migration leaves nothing behind: decides how the runner journals.
    rolls_back_ddl: bool

    # Whether a foreign key may name a table that does not exist yet: decides how cycles are created.
    references_ahead: bool

    # Whether a database holds namespaces; where it does not, one that is named is another database.
    has_namespaces: bool

    # The statement that brings a session's settings back to what they were at its start, if there is one.
    session_reset: str | None

    # What begins and what ends a transaction in a script that another tool runs.
    transaction: tuple[str, str]

    # Whether `point`, `polygon` and the like are the types of the standard, whose values functions make.
    has_standard_shapes: bool

    # Whether a primary key has a name of its own.
    names_primary_keys: bool

    def fits(self, name: str) -> bool:
        """Whether the engine keeps an identifier of that length."""

    def quote(self, name: str) -> str:
        """The identifier as SQL, whatever it holds."""

    def literal(self, text: str) -> str:
        """The text as an SQL string literal."""

    def localise(self, schema: Schema) -> Schema:
        """A declared schema in this engine's terms, checked; what has no name is still without one.

        Portable types become the engine's; two schemas that mean the same compare equal as far as that
        can be told without the engine. Raises TypeUnknown, NameTooLong, ExpressionInvalid or
        SchemaInvalid with the JSON path of the culprit.
        """

    def groups(self, operation: Operation) -> bool:
        """Whether the operation is rendered together with its neighbours on the same table.

        True where the engine rebuilds the table anyway, or makes several changes in one statement.
        """

    def rebuilds_table_for(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> bool:
        """Whether a group makes its table anew and copies the rows, so that its columns may come in another order."""

    def widens(self, before: AnyObject, after: AnyObject) -> bool:
        """Whether every value is kept, and comes back unchanged, where a column or type of another type has it."""

    def render(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> list[Statement]:
        """The statements for one operation, or for a group of them on one table.

        `before` and `after` are the schema around the whole group. Raises ChangeUnsupported.
        """

    def inspect(self, reader: Reader) -> Schema:
        """What the connected database holds, in canonical form, in a fixed number of queries."""

    def settling(self, reader: Reader, schema: Schema) -> list[str]:
        """The statements that name, in a database just made from the schema, as there what the engine named itself."""

    def missing_role(self, failure: StatementFailed) -> str | None:
        """The statement that creates, or makes a superuser, the role for the lack of which one failed; else None."""

    def lacks_something(self, error: StatementFailed) -> bool:
        """Whether a statement was refused only for want of something that another statement may create."""

    def commits_by_itself(self, sql: str) -> bool:
        """Whether the engine commits the statement as soon as it has run, whatever transaction is open."""

    def trace(self, reader: Reader, sql: str) -> str | None:
        """A text that is another before a statement and after it, by which one is known that nobody saw the end of.

        It tells what the catalog holds of all that the statement names, and nothing of rows, which others write. It
        stays the same where the statement can be run again without harm; None where the catalog does not tell.
        """

    def clearing(self, reader: Reader, sql: str) -> list[str]:
        """The statements that take away what an earlier attempt at this one left halfway, before it is run again."""

    def tokens(self, script: str) -> Iterator[str]:
        """The words, literals and signs of a script, without its plain comments: what its layout does not change."""

    def split(self, script: str) -> list[Statement]:
        """The statements of a script, as the engine's own client would split it."""

    def script(self, statements: Sequence[Statement]) -> str:
        """The statements as a script that `split` and the engine's own client read back."""


def quoted(name: Name, dialect: Dialect) -> str:
    """The name of a table, after its namespace where it has one, as SQL."""
    return ".".join(dialect.quote(part) for part in name if part is not None)
