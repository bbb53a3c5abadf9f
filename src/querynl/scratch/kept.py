"""Private servers: started from programs on this machine by the first who needs one, and kept for those who follow."""

from __future__ import annotations

import fcntl
import math
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from querynl.config import cache_folder
from querynl.connections import connect
from querynl.connections.private import make_private_folder, one_writer, write_private
from querynl.errors import AuthenticationFailed, ConfigInvalid, ConnectionFailed, ScratchUnavailable
from querynl.scratch import keeper
from querynl.scratch.account import server_account
from querynl.scratch.programs import Program
from querynl.scratch.template import furnish

IDLE_VARIABLE = "QUERYNL_SCRATCH_IDLE"
_IDLE_SECONDS = 300.0
_START_SECONDS = 30.0
# The names of sockets have an end: https://man7.org/linux/man-pages/man7/unix.7.html
_SOCKET_NAME_BYTES = 103


@contextmanager
def kept_server(program: Program) -> Iterator[Path]:
    """The folder of a running server of that program, which does not end before the block does.

    It is the only one of its version with this cache folder. Its keeper ends it when nobody has used it for
    QUERYNL_SCRATCH_IDLE seconds, five minutes if the variable is not set. Raises ScratchUnavailable where it
    cannot be set up or does not start, and ConfigInvalid where the cache folder cannot be written.
    """
    cache = cache_folder() / "scratch" / program.version
    make_private_folder(cache)
    with _users(cache) as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        os.utime(users.fileno())
        yield _running(program, cache) or _started(program, cache)


def _users(cache: Path) -> IO[str]:
    try:
        return open(cache / keeper.USERS, "a")
    except OSError as error:
        raise ConfigInvalid(
            f"The cache folder cannot be written: {error.strerror}.",
            where=str(cache),
            remedy="Choose another with QUERYNL_CACHE_DIR.",
        ) from None


def _running(program: Program, cache: Path) -> Path | None:
    """The folder of the server, if it listens."""
    try:
        folder = Path((cache / keeper.ADDRESS).read_text())
    except OSError:
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(program.socket(folder)))
        except OSError:
            return None
    return folder


def _started(program: Program, cache: Path) -> Path:
    address = cache / keeper.ADDRESS
    idle = _idle_seconds()
    with one_writer(address):
        if found := _running(program, cache):  # another process was quicker
            return found
        # Of a server that was killed with its keeper, or by the end of the machine.
        if address.exists():
            shutil.rmtree(address.read_text(), ignore_errors=True)
        folder = _new_folder(program)
        # Written before anything is there, so that however we end, the next one finds what is to be removed.
        write_private(address, str(folder))
        try:
            furnish(folder, program, cache)
            _start(program, folder, cache, idle)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            # Of a folder's copy, every file that failed is told; the first says enough.
            reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
            raise ScratchUnavailable(
                f"A private server could not be set up: {reason}.",
                where=str(folder),
                remedy="Make room in the cache folder and the temporary folder, or choose others with"
                " QUERYNL_CACHE_DIR and TMPDIR.",
            ) from None
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # which ends the server, if there is one
            raise
        return folder


def _new_folder(program: Program) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="querynl-"))
    if len(os.fsencode(program.socket(folder))) > _SOCKET_NAME_BYTES:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="querynl-", dir="/tmp"))
    return folder


def _start(program: Program, folder: Path, cache: Path, idle: float) -> None:
    """Start the server in the hands of a keeper, and return when it answers."""
    account = server_account()
    started = subprocess.Popen(
        [
            sys.executable,
            *("-I", "-S", keeper.__file__),
            *(str(folder), str(cache), str(idle)),
            f"{account['user']}:{account['group']}" if account else "-",
            *(program.stop_signal, *program.serve(folder)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        start_new_session=True,
    )
    assert started.stdout is not None
    with started.stdout as said:
        started.wait()  # for the process that started the keeper, not for the keeper
        _wait(program, folder, said)


def _wait(program: Program, folder: Path, said: IO[bytes]) -> None:
    """Return when the server answers. Raises ScratchUnavailable, with the end of its log, if it ends or does not."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connect(program.target(folder)).close()
            return
        except (ConnectionFailed, AuthenticationFailed) as error:
            last_words = ""
            if select.select([said], [], [], 0.01)[0]:
                last_words = said.read().decode(errors="replace").strip() or error.what
            elif time.monotonic() > deadline:
                last_words = error.what
            if last_words:
                raise ScratchUnavailable(
                    f"A private server did not start: {last_words}",
                    where=str(folder),
                    remedy="Name a server that may hold throwaway databases with --scratch-url.",
                ) from None


def _idle_seconds() -> float:
    text = os.environ.get(IDLE_VARIABLE) or _IDLE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ConfigInvalid(
            f"{IDLE_VARIABLE} is no number of seconds: {text}", remedy="Give a number, such as 300, or 0."
        )
    return seconds
