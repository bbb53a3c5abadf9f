"""PgBouncer from Debian's package, in transaction mode before a PostgreSQL server."""

import getpass
from collections.abc import Sequence
from signal import SIGQUIT
from urllib.parse import urlsplit

from tests.servers import debian
from tests.servers.server import Server, ServerUnavailable, server_folder, start_server, unprivileged

PACKAGES = ["pgbouncer"]

# Few sessions of the server, so that they change hands all the time.
SETTINGS = """\
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 400
max_db_connections = 6
server_idle_timeout = 1
"""


def start(postgresql: str) -> Server:
    """A new PgBouncer before the server of that URL, whose every database and account needs no password."""
    try:
        pgbouncer = debian.program("pgbouncer", PACKAGES)
    except debian.PackageMissing as missing:
        raise ServerUnavailable(str(missing)) from missing
    parts = urlsplit(postgresql)
    with server_folder("pgbouncer") as folder:

        def command(port: int) -> Sequence[str]:
            settings = folder / "pgbouncer.ini"
            settings.write_text(
                SETTINGS.format(
                    host=parts.hostname,
                    port=parts.port or 5432,
                    user=parts.username or getpass.getuser(),
                    own_port=port,
                )
            )
            return unprivileged([pgbouncer, str(settings)])

        url = parts._replace(netloc=f"{parts.username}@127.0.0.1:{{port}}").geturl()
        return start_server(folder, url, command, stop_signal=SIGQUIT)
