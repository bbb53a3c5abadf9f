"""The tables of a history: where they are, which columns they have, and how they come about."""

from __future__ import annotations

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import ConfigInvalid, HistoryUnusable
from querynl.ledger.remainders import TABLE as REMAINDERS
from querynl.ledger.rows import Entry, Mark

TABLE = "querynl_history"
JOURNAL = "querynl_journal"
VERSION = 2

COLUMNS = Entry.__struct_fields__
ALL_COLUMNS = (*COLUMNS, "up_script", "down_script", "ledger_version")
MARK_COLUMNS = Mark.__struct_fields__
# What a column that a version added holds in the rows of those before it.
_ADDED_COLUMNS = {"noted_as": "VARCHAR(255)"}


class Tables:
    """The tables of the history that a connection names, in its session's own namespace unless it names another.

    `home` is the session's own namespace. Reading changes nothing. Raises `HistoryUnusable` for a session without one,
    ConfigInvalid for a chosen schema where the engine has none.
    """

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._quote = dialect.quote
        self._words = bookkeeping_of(dialect.name)
        self._there = False
        # Columns of this version that the table, made by an older one, has not got yet.
        self._lacking: frozenset[str] = frozenset()
        # Asked for once, at the start: a migration may point the session at another namespace.
        [(home,)] = connection.rows(self._words.home)
        if home is None:
            raise HistoryUnusable(
                "The session has no namespace of its own, where the history could be.",
                where=connection.database,
                remedy="Name a database, or a search_path whose schema exists.",
            )
        self.home = str(home)
        self._chosen = connection.history.schema
        if self._chosen is not None and self._words.make_namespace is None:
            raise ConfigInvalid(
                f"The history cannot be in the schema {self._chosen}: the engine has none.",
                where=connection.database,
                remedy="Leave out history.schema; history.name tells histories in one database apart.",
            )

    def named(self, table: str) -> str:
        """The name of one of QueryNL's own tables in this history."""
        name = self._connection.history.name
        return table if name is None else f"{table}_{name}"

    def place(self, table: str) -> str:
        """The quoted name, with its namespace, of one of QueryNL's own tables in this history."""
        return f"{self._quote(self._chosen or self.home)}.{self._quote(self.named(table))}"

    def columns(self, namespace: str, table: str) -> set[str]:
        """The columns that a table has now, none for no table."""
        return {str(row[0]) for row in self._connection.rows(self._words.columns, (namespace, table))}

    def has(self, table: str) -> bool:
        """Whether one of QueryNL's own tables is there."""
        return bool(self._own_columns(table))

    def is_there(self) -> bool:
        """Whether the history is there; raises `HistoryUnusable` where it lacks what every version had."""
        if self._there:
            return True
        columns = self._own_columns(TABLE)
        missing = [name for name in ALL_COLUMNS if name not in columns] if columns else []
        if any(name not in _ADDED_COLUMNS for name in missing):
            raise self.unusable(f"it has no {', '.join(missing)}")
        self._there, self._lacking = bool(columns), frozenset(missing)
        return self._there

    def selected(self) -> str:
        """The columns of an entry and its version, for a SELECT; what an older layout does not have is NULL."""
        return ", ".join("NULL" if name in self._lacking else name for name in (*COLUMNS, "ledger_version"))

    def unusable(self, reason: str) -> HistoryUnusable:
        """The error of a history that cannot be read."""
        return HistoryUnusable(
            f"The database's history cannot be read: {reason}.",
            where=f"{self._connection.database}, table {self.named(TABLE)}",
            remedy="Correct that row of the table by hand, or use the QueryNL that wrote it.",
        )

    def make_namespace(self) -> None:
        """Make the chosen schema unless it is there."""
        words = self._words
        if self._chosen is None or words.namespace is None or words.make_namespace is None:
            return
        # Asked for first, for whoever may not create one may use it.
        if not self._connection.rows(words.namespace, (self._chosen,)):
            self._connection.execute(words.make_namespace.format(name=self._quote(self._chosen)))

    def is_current(self) -> bool:
        """Whether there is nothing to make and nothing to bring up to date."""
        made = (JOURNAL,) if self._words.longest_text is None else (JOURNAL, REMAINDERS)
        return self.is_there() and not self._lacking and all(map(self.has, made))

    def create(self) -> None:
        """Make what is not there, and bring what an older version made up to this one."""
        self._there = False
        if self.is_there():  # another process may have been quicker
            self._upgrade()
        text, options = self._words.text, self._words.table_options
        self._connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {self.place(JOURNAL)} (
    run_number BIGINT NOT NULL,
    number BIGINT NOT NULL,
    migration_id VARCHAR(255) NOT NULL,
    direction VARCHAR(4) NOT NULL,
    statement {text} NOT NULL,
    trace VARCHAR(64),
    started_at VARCHAR(40) NOT NULL,
    finished_at VARCHAR(40),
    PRIMARY KEY (run_number, number)
) {options}"""
        )
        self._connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {self.place(TABLE)} (
    migration_id VARCHAR(255) NOT NULL PRIMARY KEY,
    run_number BIGINT NOT NULL,
    description {text} NOT NULL,
    framework VARCHAR(40) NOT NULL,
    file {text},
    direction VARCHAR(4) NOT NULL,
    status VARCHAR(20) NOT NULL,
    checksum VARCHAR(64),
    applied_by VARCHAR(255) NOT NULL,
    started_at VARCHAR(40) NOT NULL,
    applied_at VARCHAR(40),
    duration_ms BIGINT,
    statements_total BIGINT NOT NULL,
    statements_done BIGINT NOT NULL,
    error {text},
    noted_as {_ADDED_COLUMNS["noted_as"]},
    up_script {text} NOT NULL,
    down_script {text},
    ledger_version BIGINT NOT NULL
) {options}"""
        )

        if self._words.longest_text is not None:
            self._connection.execute(
                f"""CREATE TABLE IF NOT EXISTS {self.place(REMAINDERS)} (
    run_number BIGINT NOT NULL,
    way VARCHAR(4) NOT NULL,
    number BIGINT NOT NULL,
    text {text} NOT NULL,
    PRIMARY KEY (run_number, way, number)
) {options}"""
            )

    def _upgrade(self) -> None:
        for name in sorted(self._lacking):
            self._connection.execute(f"ALTER TABLE {self.place(TABLE)} ADD COLUMN {name} {_ADDED_COLUMNS[name]}")
        if self._lacking:
            self._connection.execute(f"UPDATE {self.place(TABLE)} SET ledger_version = %s", (VERSION,))
        self._lacking = frozenset()

    def _own_columns(self, table: str) -> set[str]:
        return self.columns(self._chosen or self.home, self.named(table))
