"""MySQL 9, unpacked privately from Debian's unstable packages by mysql9.sh."""

from pathlib import Path
from signal import SIGKILL

from tests.caches import alone, cache
from tests.servers.server import Server, ServerUnavailable, run, server_folder, start_server

SCRIPT = str(Path(__file__).with_name("mysql9.sh"))


def start() -> Server:
    """A new MySQL server whose account `root` needs no password; the first run downloads about 100 MB."""
    installation = str(cache("mysql9"))
    try:
        with alone("mysql9"):
            run([SCRIPT, "install", installation])
    except ServerUnavailable as failure:
        raise ServerUnavailable(f"{failure}\nOr set QUERYNL_TEST_MYSQL_URL.") from failure
    with server_folder("mysql") as folder:
        return start_server(
            folder,
            "mysql://root@127.0.0.1:{port}/",
            lambda port: [SCRIPT, "serve", installation, str(folder / "data"), str(port)],
            stop_signal=SIGKILL,  # nothing in it is worth a tidy shutdown
        )
