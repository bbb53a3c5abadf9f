"""Where a database is and how to reach it: the one form of a URL, a profile and a driver's arguments."""

from __future__ import annotations

from typing import Any, Literal, get_args
from urllib.parse import quote, urlencode

import msgspec

Dialect = Literal["postgresql", "mysql", "mariadb", "sqlite"]
SSLMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
SSL_MODES: tuple[SSLMode, ...] = get_args(SSLMode)
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
MEMORY = ":memory:"


class HistoryPlace(msgspec.Struct, frozen=True):
    """Where in a database QueryNL keeps its own tables: the schema, and the name that ends those of the tables.

    None for the session's own schema, and for `querynl_history` and the like as they are.
    """

    schema: str | None = None
    name: str | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A database that can be connected to.

    `dialect` is what was asked for; a server may turn out to be MariaDB where MySQL was said
    (`Connection.dialect` knows). SQLite has a `file` and nothing else. `options` are further query
    parameters of the URL, sorted by name. `profile` is the profile this came from, if it came from one.
    The password never shows in `repr`.
    """

    dialect: Dialect
    host: str | None = None
    port: int | None = None
    database: str | None = None
    username: str | None = None
    password: str | None = None
    file: str | None = None
    ssl_mode: SSLMode | None = None
    ssl_root_cert: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    profile: str | None = None
    password_command: str | None = None
    history: HistoryPlace = HistoryPlace()

    @property
    def name(self) -> str:
        """The name people see: the profile's, or the URL without its password."""
        return self.profile or self.url()

    def url(self, *, with_password: bool = False) -> str:
        """The URL that `parse_url` turns into this target again (without its password, unless asked for)."""
        if self.dialect == "sqlite":
            return "sqlite:///" + quote(self.file or MEMORY, safe="/:")
        user = quote(self.username or "", safe="")
        if with_password and self.password is not None:
            user += ":" + quote(self.password, safe="")
        host = self.host or ""
        host = f"[{quote(host, safe=':')}]" if ":" in host else quote(host, safe="")
        port = "" if self.port in (None, DEFAULT_PORTS[self.dialect]) else f":{self.port}"
        path = "" if self.database is None else "/" + quote(self.database, safe="")
        parameters = [("sslmode", self.ssl_mode), ("sslrootcert", self.ssl_root_cert), *self.options]
        query = urlencode([(name, value) for name, value in parameters if value is not None], quote_via=quote, safe="/")
        return f"{self.dialect}://{user and user + '@'}{host}{port}{path}{query and '?' + query}"

    def __repr__(self) -> str:
        return f"Target({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = [(name, "***" if name == "password" else getattr(self, name)) for name in self.__struct_fields__]
        return [(name, value) for name, value in shown if getattr(self, name) not in (None, (), HistoryPlace())]
