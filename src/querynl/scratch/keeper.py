"""Keeps one private server running while anybody uses it, and for a while after that.

A script of its own, with the standard library alone, for it outlives the command that started it:

    keeper.py FOLDER CACHE IDLE UID:GID|- SIGNAL COMMAND...

The server is COMMAND, SIGNAL ends it, and FOLDER is its folder, which is removed at the end. CACHE/users is locked
by everybody who uses the server, with a lock that ends with its process; CACHE/server holds the name of the folder.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

USERS = "users"
ADDRESS = "server"
# The end of its log is what a server has to say that ended by itself.
LOG_BYTES = "500"

_PAUSE_SECONDS = 0.5
_STOP_SECONDS = 10.0

# Two watch each other, so that no server is left when either is killed: when the keeper ends, the guard's input
# does too. `$0` is the folder, `$1` the signal. A background process reads nothing but what is redirected to it,
# and nobody listens any more once the server has started.
_GUARD = f"""
signal=$1; shift; exec 3<&0
"$@" >"$0/server.log" 2>&1 </dev/null 3<&- & server=$!
trap '' PIPE
{{ read -r end; kill -s "$signal" "$server"; }} <&3 >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$server"
tail -c {LOG_BYTES} "$0/server.log"
kill "$watch" 2>/dev/null
rm -rf "$0"
"""


def keep(folder: Path, cache: Path, idle: float, account: str, command: list[str]) -> None:
    """Run the server until nobody has used it for `idle` seconds, until its folder or address is gone, or it ends.

    `command` is the signal that stops it and the command that starts it.
    """
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, str(folder), *command],
        stdin=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
        **_account(account),
    )
    with (cache / USERS).open("r+b") as users:
        _watch(guard, folder, cache / ADDRESS, users.fileno(), idle)
        # Still locked: whoever comes now waits until nothing is left, and then starts another.
        _end(guard)
        shutil.rmtree(folder, ignore_errors=True)


def _watch(guard: "subprocess.Popen[bytes]", folder: Path, address: Path, users: int, idle: float) -> None:
    """Return, with the users locked out if there are none, when the server is to end."""
    last_use, touched = time.monotonic(), 0.0
    while guard.poll() is None and (folder / "data").exists():
        time.sleep(_PAUSE_SECONDS)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            last_use = time.monotonic()
            continue
        # Touched by everybody who comes, for some are gone again before the lock is looked at.
        if touched != (touched := os.fstat(users).st_mtime):
            last_use = time.monotonic()
        if time.monotonic() - last_use >= (idle if _names(address, folder) else 0):
            return
        fcntl.flock(users, fcntl.LOCK_UN)


def _names(address: Path, folder: Path) -> bool:
    """Whether anybody can still find the server: its address is gone with the cache, or another has taken its place."""
    try:
        return address.read_text() == str(folder)
    except OSError:
        return False


def _end(guard: "subprocess.Popen[bytes]") -> None:
    assert guard.stdin is not None
    guard.stdin.close()
    try:
        guard.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()
    if guard.returncode < 0:
        # The guard was killed; the server is in its group, if it is there still.
        with suppress(ProcessLookupError):
            os.killpg(guard.pid, signal.SIGKILL)


def _account(account: str) -> dict[str, Any]:
    if account == "-":
        return {}
    user, group = account.split(":")
    return {"user": int(user), "group": int(group), "extra_groups": ()}


def main(arguments: list[str]) -> None:
    folder, cache, idle, account, *command = arguments
    # Not the child of the command that it outlives.
    if not os.fork():
        keep(Path(folder), Path(cache), float(idle), account, command)


if __name__ == "__main__":
    main(sys.argv[1:])
