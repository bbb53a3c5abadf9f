"""One running server: the process that keeps it, its URL, and its end."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import psycopg
import pymysql

from tests.engines import connect
from tests.servers import keeper

START_SECONDS = 120
STOP_SECONDS = 30
# Another process may take the free port before the server does.
ATTEMPTS = 3
# All servers together use a tenth of it.
MEMORY_BYTES = 4 << 30


# Some servers refuse to run as root; this account exists everywhere and owns nothing.
UNPRIVILEGED = "nobody"


class ServerUnavailable(Exception):
    """An engine's server could not be had; the message says why and what to do."""


@dataclass(frozen=True)
class Server:
    """A server in the hands of its keeper, which ends it when this process ends, however that comes about."""

    url: str
    keeper: subprocess.Popen[bytes]

    def again(self) -> "Server":
        """The same server, with what is in it, started anew after it ended by itself."""
        self.keeper.wait(STOP_SECONDS)
        command: Sequence[str] = self.keeper.args  # type: ignore[assignment]  # as `_keep` gave it
        folder = Path(command[2])
        again = Server(self.url, subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))
        if not _answers(again, folder):
            raise _failure(folder, "did not start again")
        return again

    def stop(self) -> None:
        """Ends the server, removes its folder and returns when both are gone."""
        assert self.keeper.stdin is not None
        self.keeper.stdin.close()
        self.keeper.wait(STOP_SECONDS)


@contextmanager
def server_folder(engine: str) -> Iterator[Path]:
    """A new folder for a server that is started in the block, removed at once if that fails.

    Every account may enter it, since a server may run under another account than the tests.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"querynl-{engine}-", dir=_memory()))
    try:
        folder.chmod(0o755)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _memory() -> str | None:
    """A file system in memory with room for the servers' data and leave to run programs, if there is one."""
    memory = "/dev/shm"
    if not os.access(memory, os.W_OK):
        return None
    state = os.statvfs(memory)
    fits = state.f_bavail * state.f_frsize >= MEMORY_BYTES and not state.f_flag & os.ST_NOEXEC
    return memory if fits else None


def start_server(folder: Path, url: str, command: Callable[[int], Sequence[str]], stop_signal: Signals) -> Server:
    """Starts a server in `folder`, which belongs to it from now on, and returns when it answers.

    `url` holds `{port}`, `command(port)` serves on that port in the foreground, and `stop_signal` ends it at once.
    Raises ServerUnavailable with the end of the server's log.
    """
    for _ in range(ATTEMPTS):
        port = _free_port()
        server = Server(url.format(port=port), _keep(folder, stop_signal, command(port)))
        if _answers(server, folder):
            return server
    raise _failure(folder, "ended at once")


def run(command: Sequence[str]) -> None:
    """Runs a command that prepares a server; raises ServerUnavailable with its output when it fails."""
    done = subprocess.run(
        command,
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise ServerUnavailable(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stdout[-2000:]}")


def unprivileged(command: Sequence[str]) -> Sequence[str]:
    """The command, to be run under another account than root."""
    if os.geteuid() != 0:
        return command
    account = pwd.getpwnam(UNPRIVILEGED)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *command]


def _keep(folder: Path, stop_signal: Signals, command: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, keeper.__file__, str(folder), stop_signal.name, *command]
    # A session of its own: Ctrl-C is for the tests, whose end then ends the server.
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(server: Server, folder: Path) -> bool:
    """Whether the server accepts a session before it ends; raises ServerUnavailable when it does neither in time."""
    deadline = time.monotonic() + START_SECONDS
    while server.keeper.poll() is None:
        if time.monotonic() > deadline:
            failure = _failure(folder, f"did not answer within {START_SECONDS} s")
            server.stop()
            raise failure
        try:
            connect(server.url).close()
        except (psycopg.Error, pymysql.Error):
            time.sleep(0.05)
        else:
            return True
    return False


def _failure(folder: Path, what: str) -> ServerUnavailable:
    log = (folder / keeper.LOG).read_text(errors="replace")
    return ServerUnavailable(f"The server in {folder} {what}:\n{log[-2000:]}")
