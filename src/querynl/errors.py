"""Every error a caller can meet: its class, stable code, exit status and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class QueryNLError(Exception):
    """What happened, where, and what to do about it.

    Messages are shown to people and written to logs: they never hold a secret. Each class has one
    cause, one stable `code` with a page in `docs/errors/`, and the exit status of the command line.
    """

    code: ClassVar[str] = "QN1000"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.where and f"({self.where})", self.remedy) if part)


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command in the way that Ctrl-C does."""


class UsageInvalid(QueryNLError):
    """Options or arguments that do not go together."""

    code = "QN1001"
    exit_status = 2


class ConfigInvalid(QueryNLError):
    """A configuration file or value that cannot be understood."""

    code = "QN1101"
    exit_status = 5


class ConnectionUnknown(QueryNLError):
    """A connection name that no profile has."""

    code = "QN1102"
    exit_status = 5


class SchemaNotJSON(QueryNLError):
    """A schema file that is not JSON at all."""

    code = "QN1201"
    exit_status = 5


class SchemaKeyUnknown(QueryNLError):
    """A key the schema format does not have."""

    code = "QN1202"
    exit_status = 5


class SchemaInvalid(QueryNLError):
    """A schema that contradicts itself: duplicate names, columns or tables that do not exist."""

    code = "QN1203"
    exit_status = 5


class TypeUnknown(QueryNLError):
    """A column type that no engine, or not the chosen one, knows."""

    code = "QN1204"
    exit_status = 5


class NameTooLong(QueryNLError):
    """A name longer than the engine keeps."""

    code = "QN1205"
    exit_status = 5


class ExpressionInvalid(QueryNLError):
    """A default or expression that is not one single expression."""

    code = "QN1206"
    exit_status = 5


class SourceUnreadable(QueryNLError):
    """A file or folder that is missing, unreadable, empty of migrations, or of no known kind."""

    code = "QN1207"
    exit_status = 5


class SQLFileInvalid(QueryNLError):
    """SQL of a schema file that a real engine refused."""

    code = "QN1208"
    exit_status = 5


class ModelsInvalid(QueryNLError):
    """SQLAlchemy models that cannot be imported, are none, or that a real engine refused."""

    code = "QN1209"
    exit_status = 5


class URLInvalid(QueryNLError):
    """A database URL that cannot be understood."""

    code = "QN2001"
    exit_status = 2


class ConnectionFailed(QueryNLError):
    """A server that cannot be reached."""

    code = "QN2002"
    exit_status = 3


class AuthenticationFailed(QueryNLError):
    """A server that refused the user name or password."""

    code = "QN2003"
    exit_status = 3


class CredentialUnavailable(QueryNLError):
    """A password that could not be read or stored."""

    code = "QN2004"
    exit_status = 3


class StatementFailed(QueryNLError):
    """A statement that the database refused.

    `sqlstate` is the engine's own code where it has one; `sql` is the statement.
    """

    code = "QN2101"
    exit_status = 4

    def __init__(
        self,
        what: str,
        *,
        sql: str = "",
        sqlstate: str | None = None,
        where: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.sql = sql
        self.sqlstate = sqlstate


class DecisionNeeded(QueryNLError):
    """Open questions only a person can answer; each names the option that answers it."""

    code = "QN3001"
    exit_status = 7

    def __init__(self, what: str, *, questions: Sequence[str], remedy: str | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.questions = tuple(questions)


class ChangeUnsupported(QueryNLError):
    """A change the engine cannot make, or that QueryNL will not plan."""

    code = "QN3002"
    exit_status = 7


class RenameInvalid(QueryNLError):
    """A declared rename whose old name is not there or whose new name is."""

    code = "QN3003"
    exit_status = 5


class ScratchUnavailable(QueryNLError):
    """No throwaway database could be had for a task that needs one."""

    code = "QN3101"
    exit_status = 1


class ScratchFailed(QueryNLError):
    """A throwaway database that broke down while it was used: no room was left, or its server was gone."""

    code = "QN3102"
    exit_status = 1


class ProofFailed(QueryNLError):
    """A generated migration that did not do on a throwaway database what it should.

    `check` is the one of `up`, `rows` and `down` that failed; `found` are the things that were wrong, each in words.
    """

    code = "QN3201"
    exit_status = 1

    def __init__(
        self, what: str, *, check: str, found: Sequence[str], where: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.check = check
        self.found = tuple(found)


class MigrationFailed(QueryNLError):
    """A migration that the database refused; says what ran and what did not."""

    code = "QN4001"
    exit_status = 4


class LockedOut(QueryNLError):
    """Another process holds the migration lock of the database."""

    code = "QN4002"
    exit_status = 8


class LockLost(QueryNLError):
    """The migration lock went to another process while this one stood still."""

    code = "QN4009"
    exit_status = 8


class MigrationChanged(QueryNLError):
    """A migration file that was edited after it was applied."""

    code = "QN4003"
    exit_status = 5


class MigrationOutOfOrder(QueryNLError):
    """A migration that is not applied yet, before others that are."""

    code = "QN4007"
    exit_status = 5


class MigrationMissing(QueryNLError):
    """A migration that stands in the database, and whose file is gone."""

    code = "QN4008"
    exit_status = 5


class DriftFound(QueryNLError):
    """A database that is not as its last migration left it."""

    code = "QN4101"
    exit_status = 6


class MigrationInvalid(QueryNLError):
    """A migration that cannot be recorded, read or written as given."""

    code = "QN4004"
    exit_status = 5


class MigrationIrreversible(QueryNLError):
    """A migration without a way back."""

    code = "QN4005"
    exit_status = 7


class HistoryUnusable(QueryNLError):
    """A database's history of migrations that is damaged, or newer than this program."""

    code = "QN4006"
    exit_status = 5


class RegistryUnusable(QueryNLError):
    """A tracking store that is damaged, or newer than this program."""

    code = "QN5001"
    exit_status = 5


class TextNotUnderstood(QueryNLError):
    """English that the engine could not turn into a request."""

    code = "QN6001"
    exit_status = 1
