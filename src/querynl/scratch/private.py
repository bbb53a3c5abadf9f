"""Private servers: started from programs on this machine, on a socket of their own, and stopped with us.

A new data folder is made once per version and kept in the cache; each run starts on a copy of it, so
that runs never meet. Nothing in it is worth a disk's flush, so none is asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from querynl.config import cache_folder
from querynl.connections import Target, connect
from querynl.errors import AuthenticationFailed, ConnectionFailed, ScratchUnavailable
from querynl.scratch.programs import Program

_START_SECONDS = 30.0

# The server lives as long as this shell's input is open, which is as long as we live, however we end.
_KEEPER = 'cd "$0" && "$@" >server.log 2>&1 </dev/null & server=$!; cat >/dev/null; kill -9 $server; rm -rf "$0"'


@contextmanager
def private_server(program: Program) -> Iterator[Target]:
    """A running server of that program; stopped, and its data removed, at the end of the block.

    Raises ScratchUnavailable where it cannot be set up or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="querynl-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shutil.copytree(_template(program), folder, dirs_exist_ok=True, symlinks=True)
        _hand_over(folder)
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, str(folder), *program.serve(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            **_account(),
        )
        assert keeper.stdin is not None
        try:
            target = program.target(folder)
            _wait(target, folder)
            yield target
        finally:
            keeper.stdin.close()
            keeper.wait()


def _template(program: Program) -> Path:
    """A folder with the program's data folder, as it is before the first start; made once and kept."""
    kept = cache_folder() / "scratch" / program.version
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Path(tempfile.mkdtemp(prefix="querynl-"))
        try:
            for package in program.packages:
                shutil.copytree(
                    package, made / "packages" / package.name, ignore=shutil.ignore_patterns("include", "*.a")
                )
            (made / "data").mkdir(mode=0o700)
            _hand_over(made)
            _run(program.initialise(made), made)
            _keep(made, kept)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return kept


def _keep(made: Path, kept: Path) -> None:
    """Move the folder to its place; where another process was quicker, its folder serves as well."""
    beside = Path(tempfile.mkdtemp(prefix=kept.name, dir=kept.parent))
    shutil.copytree(made, beside, dirs_exist_ok=True)
    try:
        beside.rename(kept)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        if not kept.exists():
            raise


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **_account())
    if done.returncode:
        raise ScratchUnavailable(
            f"A private server could not be set up: {(done.stderr or done.stdout).strip()[-500:]}",
            where=Path(command[0]).name,
            remedy="Name a server that may hold throwaway databases with --scratch-url.",
        )


def _wait(target: Target, folder: Path) -> None:
    """Return when the server answers. Raises ScratchUnavailable with the end of its log if it does not."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connect(target).close()
            return
        except (ConnectionFailed, AuthenticationFailed) as error:
            if time.monotonic() > deadline:
                log = (folder / "server.log").read_text(errors="replace").strip()[-500:]
                raise ScratchUnavailable(f"A private server did not start: {log or error.what}") from None
        time.sleep(0.02)


# Database servers refuse to run as root; this account exists everywhere and owns nothing.
_UNPRIVILEGED = "nobody"


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _account() -> dict[str, Any]:
    """Arguments that make a subprocess run under an account that a server accepts."""
    if not _is_root():
        return {}
    import pwd

    account = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _hand_over(folder: Path) -> None:
    """Make the folder that account's own."""
    account = _account()
    if account:
        os.chown(folder, account["user"], account["group"])
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.lchown(Path(parent, name), account["user"], account["group"])
