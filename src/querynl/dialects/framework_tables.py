"""The tables in which Flyway and Alembic keep what ran, as each of them makes its own on each engine."""

from __future__ import annotations

from querynl.dialects.protocol import Dialect

# Flyway's createMetaDataTable and Alembic's `version_table`, written so that each tool takes the table for its own:
# https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html,
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.environment.EnvironmentContext.configure
_INSTALLED_ON = {
    "postgresql": "TIMESTAMP NOT NULL DEFAULT now()",
    "mysql": "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "mariadb": "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "sqlite": "TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now'))",
}
# The moment of a row as seconds since 1970; PostgreSQL keeps it in the time zone of a session.
_SECONDS = {
    "postgresql": "EXTRACT(EPOCH FROM installed_on::timestamptz)",
    "mysql": "UNIX_TIMESTAMP(installed_on)",
    "mariadb": "UNIX_TIMESTAMP(installed_on)",
    "sqlite": "strftime('%s', installed_on)",
}
# A row and QueryNL's own account of it are to be one transaction.
_OPTIONS = {"mysql": " ENGINE=InnoDB", "mariadb": " ENGINE=InnoDB"}


def flyway_table(dialect: Dialect, namespace: str, name: str) -> tuple[str, ...]:
    """The statements that make Flyway's history table and its index."""
    quote = dialect.quote
    table = f"{quote(namespace)}.{quote(name)}"
    index = quote(f"{name}_s_idx")
    # SQLite alone wants the namespace with the index, where others want it with the table.
    named, on = (f"{quote(namespace)}.{index}", quote(name)) if dialect.name == "sqlite" else (index, table)
    return (
        f"""CREATE TABLE {table} (
    {quote("installed_rank")} INT NOT NULL,
    {quote("version")} VARCHAR(50),
    {quote("description")} VARCHAR(200) NOT NULL,
    {quote("type")} VARCHAR(20) NOT NULL,
    {quote("script")} VARCHAR(1000) NOT NULL,
    {quote("checksum")} INT,
    {quote("installed_by")} VARCHAR(100) NOT NULL,
    {quote("installed_on")} {_INSTALLED_ON[dialect.name]},
    {quote("execution_time")} INT NOT NULL,
    {quote("success")} BOOLEAN NOT NULL,
    CONSTRAINT {quote(f"{name}_pk")} PRIMARY KEY ({quote("installed_rank")})
){_OPTIONS.get(dialect.name, "")}""",
        f"CREATE INDEX {named} ON {on} ({quote('success')})",
    )


def flyway_seconds(dialect: Dialect) -> str:
    """The expression that says when a row of Flyway's table was written, in seconds since 1970."""
    return _SECONDS[dialect.name]


def alembic_table(dialect: Dialect, namespace: str, name: str) -> str:
    """The statement that makes Alembic's version table."""
    quote = dialect.quote
    return (
        f"CREATE TABLE {quote(namespace)}.{quote(name)} (\n    version_num VARCHAR(32) NOT NULL,\n"
        f"    CONSTRAINT {quote(f'{name}_pkc')} PRIMARY KEY (version_num)\n){_OPTIONS.get(dialect.name, '')}"
    )
