"""MariaDB from Debian's package."""

import getpass
from signal import SIGKILL

from tests.servers import debian
from tests.servers.server import Server, ServerUnavailable, run, server_folder, start_server

PACKAGES = ["mariadb-server-core", "mariadb-client-core"]

# Names are not resolved, so an account for localhost is not enough.
ACCOUNTS = """\
CREATE USER IF NOT EXISTS root@'127.0.0.1';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
"""

# The character set is that of Debian's own configuration, which is not read here.
SETTINGS = [
    "--bind-address=127.0.0.1",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--innodb-buffer-pool-size=64M",
    "--innodb-doublewrite=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-log-file-size=16M",
    "--max-connections=200",
    "--skip-log-bin",
    "--skip-name-resolve",
]


def start() -> Server:
    """A new MariaDB server whose account `root` needs no password."""
    try:
        mariadbd = debian.program("mariadbd", PACKAGES)
        install = debian.program("mariadb-install-db", PACKAGES)
    except debian.PackageMissing as missing:
        raise ServerUnavailable(f"{missing}\nOr set QUERYNL_TEST_MARIADB_URL.") from missing
    with server_folder("mariadb") as folder:
        # A server removes temporary tables that others left in its temporary folder, or are using.
        common = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={folder / 'data'}", f"--tmpdir={folder}"]
        run([install, *common, "--auth-root-authentication-method=normal"])
        accounts = folder / "accounts.sql"
        accounts.write_text(ACCOUNTS)
        places = [f"--socket={folder / 'socket'}", f"--init-file={accounts}"]
        return start_server(
            folder,
            "mariadb://root@127.0.0.1:{port}/",
            lambda port: [mariadbd, *common, f"--port={port}", *places, *SETTINGS],
            stop_signal=SIGKILL,  # nothing in it is worth a tidy shutdown
        )
