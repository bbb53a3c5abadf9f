"""The real servers that the tests run on: one per engine, on loopback, on a free port, in a temporary folder.

A server one already has is used instead when its environment variable, such as QUERYNL_TEST_MYSQL_URL, holds its URL.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.servers import mariadb, mysql, postgresql
from tests.servers.server import Server, ServerUnavailable

__all__ = ["ServerUnavailable", "Servers", "variable"]

STARTERS: dict[str, Callable[[], Server]] = {
    "postgresql": postgresql.start,
    "mysql": mysql.start,
    "mariadb": mariadb.start,
}


def variable(engine: str) -> str:
    """The environment variable that holds the URL of the engine's server."""
    return f"QUERYNL_TEST_{engine.upper()}_URL"


class Servers:
    """The servers of one run: each starts when it is first asked for, all end together.

    The URL of a started server is put into its environment variable, so that child processes use the same server.
    """

    def __init__(self) -> None:
        self._started: dict[str, Server] = {}
        self._failures: dict[str, ServerUnavailable] = {}

    def url(self, engine: str) -> str:
        """The URL of the engine's server, started now if need be; raises ServerUnavailable, every time anew."""
        name = variable(engine)
        if engine in self._failures:
            raise self._failures[engine]
        if name not in os.environ:
            try:
                self._started[engine] = STARTERS[engine]()
            except ServerUnavailable as failure:
                self._failures[engine] = failure
                raise
            os.environ[name] = self._started[engine].url
        return os.environ[name]

    def urls(self, engines: Iterable[str]) -> dict[str, str]:
        """The URL of each engine's server, started side by side; raises the first ServerUnavailable."""
        wanted = [engine for engine in engines if engine in STARTERS]
        with ThreadPoolExecutor() as threads:
            return dict(zip(wanted, threads.map(self.url, wanted), strict=True))

    def stop(self) -> None:
        """Ends every server that was started here and removes its folder."""
        for engine, server in self._started.items():
            server.stop()
            del os.environ[variable(engine)]
        self._started.clear()
